/* cmd_list_range.c - elements inside a list: LINDEX, LSET, LINSERT, LRANGE, LREM, LTRIM, LPOS. */
#include "core/cmd_families.h"
#include "core/cmd_list_priv.h"

static void lindex(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct list list;
    int64_t index;

    if (!list_find_read(ctx, &key, &list)) return;
    if (list.object == NULL) {
        reply_null(ctx->reply);
        return;
    }
    if (!cmd_arg_int64(ctx, 2, &index, NULL)) return;
    int64_t count = (int64_t)list_count(&list);
    if (index >= count || index < -count)
        reply_null(ctx->reply);
    else
        list_reply_at(&list, ctx->reply, index);
}

static void lset(struct cmd_ctx *ctx) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct key key = cmd_key(ctx, 1);
    struct list_iter iter;
    struct entry *entry;
    struct list list;
    int64_t index;

    if (!list_find_write(ctx, &key, &entry, &list)) return;
    if (entry == NULL) {
        reply_error(ctx->reply, "no such key");
        return;
    }
    if (!cmd_arg_int64(ctx, 2, &index, NULL)) return;
    list_grow(&list, &rules, ctx->args[3].len, 1); /* even when there is no such index: as Redis */
    list_keep(entry, &list);
    list_iter_init_at(&iter, &list, LIST_HEAD, index);
    if (!list_iter_step(&iter)) {
        reply_error(ctx->reply, "index out of range");
        return;
    }
    if (!list_replace(&list, &rules, &iter, ctx->args[3])) {
        reply_no_memory(ctx->reply);
        return;
    }
    list_shrink(&list, &rules);
    list_keep(entry, &list);
    reply_ok(ctx->reply);
    cmd_changed(ctx, EVENT_LIST, "lset", ctx->db, key.name);
}

static void linsert(struct cmd_ctx *ctx) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct key key = cmd_key(ctx, 1);
    bool is_after = cmd_arg_is(ctx, 2, "after");
    struct list_iter iter;
    struct entry *entry;
    struct list list;

    if (!is_after && !cmd_arg_is(ctx, 2, "before")) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (!list_find_write(ctx, &key, &entry, &list)) return;
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    list_grow(&list, &rules, ctx->args[4].len, 1); /* whether the pivot is there or not: as Redis */
    list_keep(entry, &list);
    list_iter_init(&iter, &list, LIST_HEAD);
    do {
        if (!list_iter_step(&iter)) {
            reply_int(ctx->reply, -1);
            return;
        }
    } while (!list_iter_equals(&iter, ctx->args[3]));
    if (!list_insert(&list, &rules, &iter, is_after, ctx->args[4])) {
        reply_no_memory(ctx->reply);
        return;
    }
    list_keep(entry, &list);
    reply_int(ctx->reply, (int64_t)list_count(&list));
    cmd_changed(ctx, EVENT_LIST, "linsert", ctx->db, key.name);
}

/* Negative indexes count from the end. False: nothing is in the range. */
static bool range_clamp(size_t list_count, int64_t *start, int64_t *stop) {
    int64_t count = (int64_t)list_count;

    if (*start < 0) *start += count;
    if (*stop < 0) *stop += count;
    if (*start < 0) *start = 0;
    if (*start > *stop || *start >= count) return false;
    if (*stop >= count) *stop = count - 1;
    return true;
}

static void lrange(struct cmd_ctx *ctx) {
    struct key key;
    struct list list;
    int64_t start, stop;

    if (!cmd_arg_int64(ctx, 2, &start, NULL) || !cmd_arg_int64(ctx, 3, &stop, NULL)) return;
    key = cmd_key(ctx, 1);
    if (!list_find_read(ctx, &key, &list)) return;
    if (list.object == NULL || !range_clamp(list_count(&list), &start, &stop)) {
        reply_array(ctx->reply, 0);
        return;
    }
    size_t count = (size_t)(stop - start + 1);
    reply_array(ctx->reply, count);
    list_reply_range(&list, ctx->reply, (size_t)start, count, false);
}

/* Keeps the list that elements were taken from, or deletes its key when it is empty. */
static void removed(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                    struct list *list, const char *event, size_t removed_count) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    bool is_empty = list_count(list) == 0;

    if (!is_empty) list_shrink(list, &rules);
    list_keep(entry, list);
    cmd_changed(ctx, EVENT_LIST, event, ctx->db, key->name);
    if (removed_count > 1) cmd_changed_more(ctx, removed_count - 1);
    if (is_empty) cmd_delete_empty(ctx, key, entry);
}

static void ltrim(struct cmd_ctx *ctx) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct entry *entry;
    struct list list;
    struct key key;
    int64_t start, stop;

    if (!cmd_arg_int64(ctx, 2, &start, NULL) || !cmd_arg_int64(ctx, 3, &stop, NULL)) return;
    key = cmd_key(ctx, 1);
    if (!list_find_write(ctx, &key, &entry, &list)) return;
    if (entry != NULL) {
        size_t count = list_count(&list);
        if (!range_clamp(count, &start, &stop)) {
            start = (int64_t)count;
            stop = (int64_t)count - 1;
        }
        size_t behind_count = count - 1 - (size_t)stop;
        list_remove_range(&list, &rules, 0, (size_t)start);
        list_remove_range(&list, &rules, -(int64_t)behind_count, behind_count);
        removed(ctx, &key, entry, &list, "ltrim", (size_t)start + behind_count);
    }
    reply_ok(ctx->reply);
}

static void lrem(struct cmd_ctx *ctx) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct entry *entry;
    struct list_iter iter;
    struct list list;
    struct key key;
    int64_t count;
    uint64_t removed_count = 0;

    if (!cmd_arg_int64(ctx, 2, &count, NULL)) return;
    key = cmd_key(ctx, 1);
    if (!list_find_write(ctx, &key, &entry, &list)) return;
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    uint64_t wanted_count = count < 0 ? -(uint64_t)count : (uint64_t)count;
    list_iter_init(&iter, &list, count < 0 ? LIST_TAIL : LIST_HEAD);
    while (list_iter_step(&iter)) {
        if (!list_iter_equals(&iter, ctx->args[3])) continue;
        list_remove(&list, &rules, &iter);
        removed_count++;
        if (removed_count == wanted_count) break;
    }
    reply_int(ctx->reply, (int64_t)removed_count);
    if (removed_count > 0) removed(ctx, &key, entry, &list, "lrem", removed_count);
}

/* ---- LPOS ---- */

struct lpos_options {
    int64_t rank, count, len_max; /* count -1: not given */
};

static bool lpos_options_parse(struct cmd_ctx *ctx, struct lpos_options *options) {
    *options = (struct lpos_options){.rank = 1, .count = -1};
    for (size_t i = 3; i < ctx->args_count; i += 2) {
        bool has_value = i + 1 < ctx->args_count;
        if (has_value && cmd_arg_is(ctx, i, "rank")) {
            if (!cmd_arg_int64_range(ctx, i + 1, -INT64_MAX, INT64_MAX, &options->rank, NULL))
                return false;
            if (options->rank == 0) {
                reply_error(ctx->reply,
                            "RANK can't be zero: use 1 to start from the first match, 2 from the "
                            "second ... or use negative to start from the end of the list");
                return false;
            }
        } else if (has_value && cmd_arg_is(ctx, i, "count")) {
            if (!cmd_arg_int64_range(ctx, i + 1, 0, INT64_MAX, &options->count,
                                     "COUNT can't be negative"))
                return false;
        } else if (has_value && cmd_arg_is(ctx, i, "maxlen")) {
            if (!cmd_arg_int64_range(ctx, i + 1, 0, INT64_MAX, &options->len_max,
                                     "MAXLEN can't be negative"))
                return false;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

static void lpos(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct lpos_options options;
    struct reply_deferred deferred = {0};
    struct list_iter iter;
    struct list list;
    size_t found_count = 0;

    if (!lpos_options_parse(ctx, &options)) return;
    if (!list_find_read(ctx, &key, &list)) return;
    bool has_count = options.count != -1;
    if (list.object == NULL) {
        if (has_count)
            reply_array(ctx->reply, 0);
        else
            reply_null(ctx->reply);
        return;
    }
    bool is_backward = options.rank < 0;
    int64_t skip_count = (is_backward ? -options.rank : options.rank) - 1;
    int64_t list_len = (int64_t)list_count(&list);
    if (has_count) deferred = reply_defer(ctx->reply);
    list_iter_init(&iter, &list, is_backward ? LIST_TAIL : LIST_HEAD);
    for (int64_t i = 0; (options.len_max == 0 || i < options.len_max) && list_iter_step(&iter);
         i++) {
        if (!list_iter_equals(&iter, ctx->args[2]) || skip_count-- > 0) continue;
        skip_count = 0;
        reply_int(ctx->reply, is_backward ? list_len - 1 - i : i);
        found_count++;
        if (!has_count || (int64_t)found_count == options.count) break;
    }
    if (has_count)
        reply_defer_array(ctx->reply, deferred, found_count);
    else if (found_count == 0)
        reply_null(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg lindex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "index", .type = ARG_INTEGER},
};
static const struct cmd_arg lset_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "index", .type = ARG_INTEGER},
    {.name = "element", .type = ARG_STRING},
};
static const struct cmd_arg linsert_where[] = {
    {.name = "before", .type = ARG_PURE_TOKEN, .token = "BEFORE"},
    {.name = "after", .type = ARG_PURE_TOKEN, .token = "AFTER"},
};
static const struct cmd_arg linsert_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "where", .type = ARG_ONEOF, .args = linsert_where, .args_count = 2},
    {.name = "pivot", .type = ARG_STRING},
    {.name = "element", .type = ARG_STRING},
};
static const struct cmd_arg range_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "start", .type = ARG_INTEGER},
    {.name = "stop", .type = ARG_INTEGER},
};
static const struct cmd_arg lrem_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER},
    {.name = "element", .type = ARG_STRING},
};
static const struct cmd_arg lpos_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "element", .type = ARG_STRING},
    {.name = "rank", .type = ARG_INTEGER, .token = "RANK", .flags = ARG_OPTIONAL},
    {.name = "num-matches", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "len", .type = ARG_INTEGER, .token = "MAXLEN", .flags = ARG_OPTIONAL},
};

static const struct cmd_def range_cmds[] = {
    {.name = "lindex", .run = lindex, .arity = 3, .flags = CMD_READONLY,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "list", .since = "1.0.0",
     .complexity = "O(N), N being the nodes between the element and the nearer end; O(1) at the ends.",
     .summary = "Gives back the element at an index.", CMD_SYNTAX(lindex_syntax)},
    {.name = "lset", .run = lset, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "list", .since = "1.0.0",
     .complexity = "O(N), N being the nodes between the element and the nearer end; O(1) at the ends.",
     .summary = "Replaces the element at an index.", CMD_SYNTAX(lset_syntax)},
    {.name = "linsert", .run = linsert, .arity = 5, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "list", .since = "2.2.0",
     .complexity = "O(N), N being the elements from the head to the pivot.",
     .summary = "Puts an element before or behind the first one that equals a pivot.",
     CMD_SYNTAX(linsert_syntax)},
    {.name = "lrange", .run = lrange, .arity = 4, .flags = CMD_READONLY,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "list", .since = "1.0.0",
     .complexity = "O(S+N), S being the nodes between the range and the nearer end, N the elements in it.",
     .summary = "Lists the elements in a range of indexes.", CMD_SYNTAX(range_syntax)},
    {.name = "lrem", .run = lrem, .arity = 4, .flags = CMD_WRITE,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "list", .since = "1.0.0", .complexity = "O(N), N being the elements of the list.",
     .summary = "Takes out elements that equal a value, from the head or the tail on.",
     CMD_SYNTAX(lrem_syntax)},
    {.name = "ltrim", .run = ltrim, .arity = 4, .flags = CMD_WRITE,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "list", .since = "1.0.0", .complexity = "O(N), N being the elements taken out.",
     .summary = "Keeps a range of indexes and takes out everything else.",
     CMD_SYNTAX(range_syntax)},
    {.name = "lpos", .run = lpos, .arity = -3, .flags = CMD_READONLY,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "list", .since = "6.0.6",
     .complexity = "O(N), N being the elements that are compared; MAXLEN bounds it.",
     .summary = "Says at which indexes elements equal a value.", CMD_SYNTAX(lpos_syntax)},
};
const struct cmd_family cmd_family_list_range = {"list", range_cmds, ARRAY_COUNT(range_cmds)};
/* clang-format on */
