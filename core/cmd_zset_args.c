/* cmd_zset_args.c - what the commands of sorted sets have in common: ranges as arguments, replies,
 * results. */
#include <math.h>
#include <stdlib.h>

#include "core/cmd_zset_priv.h"
#include "core/number.h"

enum { BOUND_BYTES_MAX = 256 };

/* As Redis reads an end of a range: more than a score may be. Empty is 0, spaces may stand
 * before it, and what overflows is infinite. */
static bool parse_bound(struct slice text, double *value, bool *is_open) {
    char copy[BOUND_BYTES_MAX], *end;

    *is_open = text.len > 0 && text.data[0] == '(';
    if (*is_open) text = slice_of(text.data + 1, text.len - 1);
    if (number_parse_double(text, value)) return true;
    if (text.len >= sizeof copy) return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *value = strtod(copy, &end);
    return end == copy + text.len && !isnan(*value);
}

bool zset_arg_scores(struct cmd_ctx *ctx, size_t min_index, size_t max_index,
                     struct zset_score_range *range) {
    if (parse_bound(ctx->args[min_index], &range->min, &range->min_is_open) &&
        parse_bound(ctx->args[max_index], &range->max, &range->max_is_open))
        return true;
    reply_error(ctx->reply, "min or max is not a float");
    return false;
}

static bool parse_lex_bound(struct slice text, enum zset_lex_bound *bound, struct slice *name) {
    if (text.len == 0) return false;
    *name = slice_of(text.data + 1, text.len - 1);
    switch (text.data[0]) {
    case '-': *bound = ZSET_LEX_LOWEST; return text.len == 1;
    case '+': *bound = ZSET_LEX_HIGHEST; return text.len == 1;
    case '[': *bound = ZSET_LEX_CLOSED; return true;
    case '(': *bound = ZSET_LEX_OPEN; return true;
    default: return false;
    }
}

bool zset_arg_names(struct cmd_ctx *ctx, size_t min_index, size_t max_index,
                    struct zset_lex_range *range) {
    if (parse_lex_bound(ctx->args[min_index], &range->min_bound, &range->min) &&
        parse_lex_bound(ctx->args[max_index], &range->max_bound, &range->max))
        return true;
    reply_error(ctx->reply, "min or max not valid string range item");
    return false;
}

void zset_reply_begin(struct reply *reply, size_t count, bool with_scores) {
    reply_array(reply, with_scores && reply->resp < 3 ? count * 2 : count);
}

void zset_reply_item(struct reply *reply, const struct zset_item *item, bool with_scores) {
    if (with_scores && reply->resp >= 3) reply_array(reply, 2);
    reply_bulk(reply, item->member);
    if (with_scores) reply_double(reply, item->score);
}

void zset_store(struct cmd_ctx *ctx, const struct key *key, struct zset *zset, const char *event) {
    size_t count = zset_count(zset);

    if (count > 0) {
        if (!cmd_store_object(ctx, key, VALUE_ZSET, zset->encoding, zset->object)) return;
        cmd_changed(ctx, EVENT_ZSET, event, ctx->db, key->name);
        reply_int(ctx->reply, (int64_t)count);
        return;
    }
    zset_free(zset);
    struct entry *entry = cmd_find_write(ctx, key);
    if (entry != NULL) {
        cmd_delete(ctx, ctx->db, key, entry);
        cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
    }
    reply_int(ctx->reply, 0);
}

void zset_removed(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                  const struct zset *zset, const char *event, size_t removed_count) {
    bool is_empty = zset_count(zset) == 0;

    zset_keep(entry, zset);
    cmd_changed(ctx, EVENT_ZSET, event, ctx->db, key->name);
    if (removed_count > 1) cmd_changed_more(ctx, removed_count - 1);
    if (is_empty) cmd_delete_empty(ctx, key, entry);
}
