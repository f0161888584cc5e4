#pragma once
/* What the files of the bitmap commands share. For cmd_bitmap*.c alone. */
#include "core/cmd.h"

/* The argument is a bit's position, within proto-max-bulk-len. `unit_bits` > 0: "#n" means n
 * times so many bits. False: the error is written. */
bool bitmap_arg_offset(struct cmd_ctx *ctx, size_t index, unsigned unit_bits, uint64_t *offset);
/* The string under the key to write into, made where there was none, with at least len bytes.
 * *is_grown: it is new or longer than before. NULL: the error is written and nothing has changed. */
char *bitmap_writable(struct cmd_ctx *ctx, const struct key *key, size_t len, bool *is_grown);
