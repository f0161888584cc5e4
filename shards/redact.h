#pragma once
/* Which arguments are secrets: the slow log and MONITOR show "(redacted)" in their place. */
#include "core/base.h"

#define REDACTED SLICE_LITERAL("(redacted)")
bool redact_arg(const struct slice *args, size_t args_count, size_t index);
