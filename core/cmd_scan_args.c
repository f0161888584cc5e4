/* cmd_scan_args.c - what SCAN was asked. */
#include "core/cmd_scan_args.h"

#include "core/glob.h"

/* An unsigned number as Redis reads a cursor: a sign may stand before it ('-' counts from 2^64
 * down), and the empty text is 0. False: no number, or too large. */
static bool cursor_parse(struct slice text, uint64_t *cursor) {
    bool is_negative = text.len > 0 && text.data[0] == '-';
    size_t i = is_negative || (text.len > 0 && text.data[0] == '+') ? 1 : 0;
    uint64_t value = 0;

    if (i == text.len && i > 0) return false; /* a sign alone */
    for (; i < text.len; i++) {
        char c = text.data[i];

        if (c < '0' || c > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
            return false;
    }
    *cursor = is_negative ? -value : value;
    return true;
}

bool scan_cursor_parse(struct cmd_ctx *ctx, size_t cursor_arg, struct scan_args *scan) {
    SL_ASSERT(cursor_arg < ctx->args_count);
    *scan = (struct scan_args){.count = SCAN_COUNT_DEFAULT};
    if (cursor_parse(ctx->args[cursor_arg], &scan->cursor)) return true;
    reply_error(ctx->reply, "invalid cursor");
    return false;
}

bool scan_options_parse(struct cmd_ctx *ctx, size_t arg_first, enum scan_options_of of,
                        struct scan_args *scan) {
    for (size_t i = arg_first; i < ctx->args_count; i++) {
        bool has_value = i + 1 < ctx->args_count;

        if (has_value && cmd_arg_is(ctx, i, "count")) {
            if (!cmd_arg_int64(ctx, ++i, &scan->count, NULL)) return false;
            if (scan->count >= 1) continue;
        } else if (has_value && cmd_arg_is(ctx, i, "match")) {
            scan->pattern = ctx->args[++i];
            scan->has_pattern = !slice_equal(scan->pattern, SLICE_LITERAL("*"));
            continue;
        } else if (has_value && of == SCAN_OF_KEYS && cmd_arg_is(ctx, i, "type")) {
            scan->type = ctx->args[++i];
            scan->has_type = true;
            continue;
        } else if (of == SCAN_OF_FIELDS && cmd_arg_is(ctx, i, "novalues")) {
            scan->no_values = true;
            continue;
        }
        reply_syntax_error(ctx->reply);
        return false;
    }
    return true;
}

bool scan_args_parse(struct cmd_ctx *ctx, size_t cursor_arg, bool allow_type,
                     struct scan_args *scan) {
    return scan_cursor_parse(ctx, cursor_arg, scan) &&
           scan_options_parse(ctx, cursor_arg + 1, allow_type ? SCAN_OF_KEYS : SCAN_OF_MEMBERS,
                              scan);
}

void scan_reply_empty(struct reply *reply) {
    reply_array(reply, 2);
    reply_bulk_cstr(reply, "0");
    reply_array(reply, 0);
}

void scan_reply_items(struct reply *reply, uint32_t cursor, size_t items_count,
                      struct outbuf *items) {
    reply_array(reply, 2);
    reply_bulk_int(reply, cursor);
    reply_array(reply, items_count);
    outbuf_append_chain(reply->out, items);
}

bool scan_args_match_name(const struct scan_args *scan, struct slice name) {
    return !scan->has_pattern || glob_match(scan->pattern, name, false);
}

bool scan_args_match(const struct scan_args *scan, struct slice name, enum value_type type) {
    if (scan->has_type && !slice_equal_cstr_nocase(scan->type, cmd_type_name(type))) return false;
    return scan_args_match_name(scan, name);
}
