#pragma once
/* What a key is made of, for commands that the rooms above declare. */
#include "core/cmd.h"

/* MEMORY USAGE key [SAMPLES count] -> bytes, or null. The row "memory|usage" belongs to the MEMORY
 * container. */
void memory_usage_reply(struct cmd_ctx *ctx);
const char *object_encoding_name(enum value_encoding encoding); /* as OBJECT ENCODING says it */
