#pragma once
/* DEBUG's sub-commands that look at keys: cmd_debug_keys.c, cmd_debug_digest.c, cmd_debug_reload.c. */
#include "core/cmd.h"

void debug_object(struct cmd_ctx *ctx);
void debug_populate(struct cmd_ctx *ctx);
void debug_digest(struct cmd_ctx *ctx);
void debug_digest_value(struct cmd_ctx *ctx);
void debug_reload(struct cmd_ctx *ctx);
