#pragma once
/* The arguments of SCAN and its kind: SCAN cursor [MATCH pattern] [COUNT count] [TYPE type], and
 * HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]. */
#include "core/cmd.h"

enum { SCAN_COUNT_DEFAULT = 10 };
struct scan_args {
    uint64_t cursor;
    int64_t count; /* at least 1 */
    struct slice pattern; /* has_pattern: and it is not just "*" */
    struct slice type; /* has_type: as the client wrote it; an unknown one matches no key */
    bool has_pattern, has_type, no_values;
};

/* Reads the cursor at cursor_arg and the options behind it. False: Redis' error is written. */
bool scan_args_parse(struct cmd_ctx *ctx, size_t cursor_arg, bool allow_type,
                     struct scan_args *scan);
/* The same in two steps, as HSCAN, SSCAN and ZSCAN do it: a key that is not there is answered
 * before the options are looked at. The first initialises *scan. */
enum scan_options_of { SCAN_OF_KEYS, SCAN_OF_FIELDS, SCAN_OF_MEMBERS };
bool scan_cursor_parse(struct cmd_ctx *ctx, size_t cursor_arg, struct scan_args *scan);
bool scan_options_parse(struct cmd_ctx *ctx, size_t arg_first, enum scan_options_of of,
                        struct scan_args *scan);
/* Cursor 0 and an empty array. */
void scan_reply_empty(struct reply *reply);
/* Positions in a dict have 32 bits: a larger cursor is none that we gave, and nothing is left
 * behind it. */
static inline bool scan_cursor_is_ours(const struct scan_args *scan) {
    return scan->cursor <= UINT32_MAX;
}
/* Where to go on (0: all seen), then the items, which were written apart because they are known
 * before it. */
void scan_reply_items(struct reply *reply, uint32_t cursor, size_t items_count,
                      struct outbuf *items);
/* Does MATCH let this field or member through? */
bool scan_args_match_name(const struct scan_args *scan, struct slice name);
/* Is this key one to answer? */
bool scan_args_match(const struct scan_args *scan, struct slice name, enum value_type type);
