#pragma once
/* The arguments of SCAN and its kind: SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. */
#include "core/cmd.h"

enum { SCAN_COUNT_DEFAULT = 10 };
struct scan_args {
    uint64_t cursor;
    int64_t count; /* at least 1 */
    struct slice pattern; /* has_pattern: and it is not just "*" */
    struct slice type; /* has_type: as the client wrote it; an unknown one matches no key */
    bool has_pattern, has_type;
};

/* Reads the cursor at cursor_arg and the options behind it. False: Redis' error is written. */
bool scan_args_parse(struct cmd_ctx *ctx, size_t cursor_arg, bool allow_type,
                     struct scan_args *scan);
/* Is this key one to answer? */
bool scan_args_match(const struct scan_args *scan, struct slice name, enum value_type type);
