/* cmd_list_move.c - taking from one of several lists, or from one to another, now or when there is
 * something: LMOVE, RPOPLPUSH, LMPOP, BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP.
 *
 * What a log or a replica gets of a blocking command is its plain form: by then the elements are
 * there. */
#include "core/cmd_families.h"
#include "core/cmd_list_priv.h"
#include "core/mem.h"
#include "core/number.h"

static bool arg_end(struct cmd_ctx *ctx, size_t index, enum list_end *end) {
    if (cmd_arg_is(ctx, index, "left")) {
        *end = LIST_HEAD;
    } else if (cmd_arg_is(ctx, index, "right")) {
        *end = LIST_TAIL;
    } else {
        reply_syntax_error(ctx->reply);
        return false;
    }
    return true;
}

static struct slice end_name(enum list_end end) {
    return end == LIST_HEAD ? SLICE_LITERAL("LEFT") : SLICE_LITERAL("RIGHT");
}

/* ---- From one list to another ---- */

/* The element at one end of a list to an end of the same list. */
static void rotate(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                   struct list *list, enum list_end from, enum list_end to) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    char scratch[LISTPACK_SCRATCH_BYTES];
    struct slice text;

    bool is_there = list_at(list, from == LIST_HEAD ? 0 : -1, &text, scratch);
    SL_ASSERT(is_there);
    if (quicklist_is_large(&rules, text.len)) {
        /* In a node of its own wherever it stands: what may fail comes first. */
        list_grow(list, &rules, text.len, 1);
        list_keep(entry, list);
        if (from != to) {
            if (!list_push(list, &rules, to, text)) {
                reply_no_memory(ctx->reply);
                return;
            }
            list_remove_end(list, &rules, from);
        }
    } else { /* taken out first, as in Redis: it may be what makes room in a node */
        char *copy = mem_must(text.len + 1);
        memcpy(copy, text.data, text.len);
        list_remove_end(list, &rules, from);
        list_grow(list, &rules, text.len, 1);
        bool is_pushed = list_push(list, &rules, to, slice_of(copy, text.len));
        SL_ASSERT(is_pushed);
        mem_free(copy);
    }
    list_keep(entry, list);
    list_reply_at(list, ctx->reply, to == LIST_HEAD ? 0 : -1);
    cmd_changed(ctx, EVENT_LIST, to == LIST_HEAD ? "lpush" : "rpush", ctx->db, key->name);
    list_popped(ctx, key, entry, list, from, 0);
}

/* The source is there. False: an error is written, nothing is changed. */
static bool move_element(struct cmd_ctx *ctx, const struct key *source, struct entry *entry,
                         struct list *list, enum list_end from, enum list_end to) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct key target = cmd_key(ctx, 2);
    struct entry *entry_to;
    char scratch[LISTPACK_SCRATCH_BYTES];
    struct slice text;

    if (!cmd_find_write_as(ctx, &target, VALUE_LIST, &entry_to)) return false;
    if (entry_to == entry) {
        rotate(ctx, source, entry, list, from, to);
        return ctx->is_changed;
    }
    bool is_there = list_at(list, from == LIST_HEAD ? 0 : -1, &text, scratch);
    SL_ASSERT(is_there);
    if (list_push_all(ctx, &target, entry_to, to, &text, 1) == 0) return false;
    entry = keyspace_find(ctx->keyspace, ctx->db, source); /* a new key may have moved it */
    SL_ASSERT(entry != NULL);
    list_reply_at(list, ctx->reply, from == LIST_HEAD ? 0 : -1);
    list_remove_end(list, &rules, from);
    list_popped(ctx, source, entry, list, from, 0);
    return true;
}

/* With is_blocking a source that is not there is waited for. */
static void move(struct cmd_ctx *ctx, enum list_end from, enum list_end to, bool is_blocking,
                 uint64_t deadline_unix_ms) {
    struct key source = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &source);

    if (entry != NULL && entry_type(entry) != VALUE_LIST && ctx->wake_arg == 0) {
        reply_wrong_type(ctx->reply);
        return;
    }
    if (entry == NULL || entry_type(entry) != VALUE_LIST) {
        static const uint32_t keys[] = {1};
        struct cmd_block block = {.keys = keys,
                                  .keys_count = 1,
                                  .deadline_unix_ms = deadline_unix_ms,
                                  .needs_all_keys = true,
                                  .timeout_reply = BLOCK_TIMEOUT_NULL_ARRAY};
        /* Not waiting at all is another null than waiting in vain: as Redis has it. */
        if (is_blocking && ctx->blocking != NULL)
            cmd_block(ctx, &block);
        else
            reply_null(ctx->reply);
        return;
    }
    struct list list = list_of(entry);
    if (!move_element(ctx, &source, entry, &list, from, to) || !is_blocking) return;
    struct slice effect[] = {SLICE_LITERAL("LMOVE"), ctx->args[1], ctx->args[2], end_name(from),
                             end_name(to)};
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
}

static void lmove(struct cmd_ctx *ctx) {
    enum list_end from, to;

    if (arg_end(ctx, 3, &from) && arg_end(ctx, 4, &to)) move(ctx, from, to, false, 0);
}

static void rpoplpush(struct cmd_ctx *ctx) {
    move(ctx, LIST_TAIL, LIST_HEAD, false, 0);
}

static void blmove(struct cmd_ctx *ctx) {
    enum list_end from, to;
    uint64_t deadline_unix_ms;

    if (arg_end(ctx, 3, &from) && arg_end(ctx, 4, &to) &&
        cmd_arg_timeout_seconds(ctx, 5, &deadline_unix_ms))
        move(ctx, from, to, true, deadline_unix_ms);
}

static void brpoplpush(struct cmd_ctx *ctx) {
    uint64_t deadline_unix_ms;

    if (cmd_arg_timeout_seconds(ctx, 3, &deadline_unix_ms))
        move(ctx, LIST_TAIL, LIST_HEAD, true, deadline_unix_ms);
}

/* ---- From the first of several lists ---- */

struct multi_pop {
    size_t keys_first, keys_count; /* among the arguments */
    enum list_end end;
    int64_t count; /* -1: one, as a pair with its key: BLPOP */
};

static void pop_from(struct cmd_ctx *ctx, const struct multi_pop *multi, const struct key *key,
                     struct entry *entry) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct list list = list_of(entry);
    char text[NUMBER_INT64_BYTES_MAX];
    struct slice effect[3] = {
        multi->end == LIST_HEAD ? SLICE_LITERAL("LPOP") : SLICE_LITERAL("RPOP"), key->name};

    reply_array(ctx->reply, 2);
    reply_bulk(ctx->reply, key->name);
    if (multi->count == -1) {
        list_reply_at(&list, ctx->reply, multi->end == LIST_HEAD ? 0 : -1);
        list_remove_end(&list, &rules, multi->end);
        list_popped(ctx, key, entry, &list, multi->end, 1);
        cmd_effect(ctx, effect, 2);
        return;
    }
    size_t count = list_pop_array(ctx, key, entry, &list, multi->end, multi->count);
    effect[2] = slice_of(text, number_print_int64(text, (int64_t)count));
    cmd_effect(ctx, effect, 3);
}

/* False: there was nothing to take, nothing is written. */
static bool multi_pop(struct cmd_ctx *ctx, const struct multi_pop *multi) {
    size_t first = multi->keys_first, end = first + multi->keys_count;

    if (ctx->wake_arg != 0) { /* its slot may be the only one at hand */
        SL_ASSERT(ctx->wake_arg >= first && ctx->wake_arg < end);
        first = ctx->wake_arg;
        end = first + 1;
    }
    for (size_t i = first; i < end; i++) {
        struct key key = cmd_key(ctx, i);
        struct entry *entry = cmd_find_write(ctx, &key);
        if (entry == NULL) continue;
        if (entry_type(entry) == VALUE_LIST) {
            pop_from(ctx, multi, &key, entry);
            return true;
        }
        if (ctx->wake_arg != 0) return false;
        reply_wrong_type(ctx->reply);
        return true;
    }
    return false;
}

static void multi_block(struct cmd_ctx *ctx, const struct multi_pop *multi,
                        uint64_t deadline_unix_ms) {
    uint32_t *keys = mem_must(multi->keys_count * sizeof *keys);
    struct cmd_block block = {.keys = keys,
                              .keys_count = multi->keys_count,
                              .deadline_unix_ms = deadline_unix_ms,
                              .timeout_reply = BLOCK_TIMEOUT_NULL_ARRAY};

    for (size_t i = 0; i < multi->keys_count; i++) keys[i] = (uint32_t)(multi->keys_first + i);
    cmd_block(ctx, &block);
    mem_free(keys);
}

static void bpop(struct cmd_ctx *ctx, enum list_end end) {
    struct multi_pop multi = {
        .keys_first = 1, .keys_count = ctx->args_count - 2, .end = end, .count = -1};
    uint64_t deadline_unix_ms;

    if (!cmd_arg_timeout_seconds(ctx, ctx->args_count - 1, &deadline_unix_ms)) return;
    if (!multi_pop(ctx, &multi)) multi_block(ctx, &multi, deadline_unix_ms);
}

static void blpop(struct cmd_ctx *ctx) {
    bpop(ctx, LIST_HEAD);
}

static void brpop(struct cmd_ctx *ctx) {
    bpop(ctx, LIST_TAIL);
}

/* numkeys key ... LEFT|RIGHT [COUNT count], from the argument `index` on. False: an error is written. */
static bool multi_pop_parse(struct cmd_ctx *ctx, size_t index, struct multi_pop *multi) {
    bool has_count = false;
    int64_t keys_count;

    if (!cmd_arg_int64_range(ctx, index, 1, INT64_MAX, &keys_count,
                             "numkeys should be greater than 0"))
        return false;
    if ((uint64_t)keys_count >= ctx->args_count - index - 1) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    *multi = (struct multi_pop){
        .keys_first = index + 1, .keys_count = (size_t)keys_count, .count = 1};
    size_t at = multi->keys_first + multi->keys_count;
    if (!arg_end(ctx, at, &multi->end)) return false;
    for (at++; at < ctx->args_count; at += 2) {
        if (has_count || at + 1 >= ctx->args_count || !cmd_arg_is(ctx, at, "count")) {
            reply_syntax_error(ctx->reply);
            return false;
        }
        if (!cmd_arg_int64_range(ctx, at + 1, 1, INT64_MAX, &multi->count,
                                 "count should be greater than 0"))
            return false;
        has_count = true;
    }
    return true;
}

static void lmpop(struct cmd_ctx *ctx) {
    struct multi_pop multi;

    if (!multi_pop_parse(ctx, 1, &multi)) return;
    if (!multi_pop(ctx, &multi)) reply_null_array(ctx->reply);
}

static void blmpop(struct cmd_ctx *ctx) {
    struct multi_pop multi;
    uint64_t deadline_unix_ms;

    if (!multi_pop_parse(ctx, 2, &multi)) return;
    if (!cmd_arg_timeout_seconds(ctx, 1, &deadline_unix_ms)) return;
    if (!multi_pop(ctx, &multi)) multi_block(ctx, &multi, deadline_unix_ms);
}

/* ---- Rows ---- */
/* clang-format off */

#define KEYS_MOVE {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE, .begin_index = 1, .step = 1}, \
                   {.flags = CMD_KEY_RW | CMD_KEY_INSERT, .begin_index = 2, .step = 1}}, .keys_count = 2
#define KEYS_COUNTED(index) {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE, .begin_index = (index), \
                              .is_keynum = true, .keynum_index = 0, .keynum_first = 1, .step = 1}}, .keys_count = 1
#define KEYS_BUT_LAST {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE, .begin_index = 1, .last = -2, .step = 1}}, .keys_count = 1

static const struct cmd_arg ends[] = {
    {.name = "left", .type = ARG_PURE_TOKEN, .token = "LEFT"},
    {.name = "right", .type = ARG_PURE_TOKEN, .token = "RIGHT"},
};
static const struct cmd_arg move_syntax[] = {
    {.name = "source", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 2},
    {.name = "wherefrom", .type = ARG_ONEOF, .args = ends, .args_count = 2},
    {.name = "whereto", .type = ARG_ONEOF, .args = ends, .args_count = 2},
    {.name = "timeout", .type = ARG_DOUBLE},
};
static const struct cmd_arg rpoplpush_syntax[] = {
    {.name = "source", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 2},
    {.name = "timeout", .type = ARG_DOUBLE},
};
static const struct cmd_arg bpop_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "timeout", .type = ARG_DOUBLE},
};
static const struct cmd_arg mpop_syntax[] = {
    {.name = "timeout", .type = ARG_DOUBLE},
    {.name = "numkeys", .type = ARG_INTEGER},
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "where", .type = ARG_ONEOF, .args = ends, .args_count = 2},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};
static const char *const timeout_history[] = {"6.0.0", "`timeout` may have a fraction.", NULL};

static const struct cmd_def move_cmds[] = {
    {.name = "lmove", .run = lmove, .arity = 5, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_LIST, .keys = KEYS_MOVE, .group = "list", .since = "6.2.0",
     .complexity = "O(1)", .summary = "Moves an element from an end of one list to an end of another.",
     .syntax = move_syntax, .syntax_count = 4},
    {.name = "rpoplpush", .run = rpoplpush, .arity = 3, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_LIST, .keys = KEYS_MOVE, .group = "list", .since = "1.2.0",
     .complexity = "O(1)", .summary = "Moves the tail of one list before the head of another.",
     .deprecated_since = "6.2.0", .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
     .syntax = rpoplpush_syntax, .syntax_count = 2},
    {.name = "lmpop", .run = lmpop, .arity = -4, .flags = CMD_WRITE | CMD_MOVABLEKEYS,
     .categories = CATEGORY_LIST, .keys = KEYS_COUNTED(1), .group = "list", .since = "7.0.0",
     .complexity = "O(N+M), N being the keys and M the elements taken.",
     .summary = "Takes elements from the first list that is there.",
     .syntax = mpop_syntax + 1, .syntax_count = 4},
    {.name = "blpop", .run = blpop, .arity = -3, .flags = CMD_WRITE | CMD_BLOCKING,
     .categories = CATEGORY_LIST, .keys = KEYS_BUT_LAST, .group = "list", .since = "2.0.0",
     .complexity = "O(N), N being the keys.",
     .summary = "Takes the head of the first list that is there, or waits for one.",
     .history = timeout_history, CMD_SYNTAX(bpop_syntax)},
    {.name = "brpop", .run = brpop, .arity = -3, .flags = CMD_WRITE | CMD_BLOCKING,
     .categories = CATEGORY_LIST, .keys = KEYS_BUT_LAST, .group = "list", .since = "2.0.0",
     .complexity = "O(N), N being the keys.",
     .summary = "Takes the tail of the first list that is there, or waits for one.",
     .history = timeout_history, CMD_SYNTAX(bpop_syntax)},
    {.name = "blmove", .run = blmove, .arity = 6, .flags = CMD_WRITE | CMD_DENYOOM | CMD_BLOCKING,
     .categories = CATEGORY_LIST, .keys = KEYS_MOVE, .group = "list", .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another, or waits for one.",
     CMD_SYNTAX(move_syntax)},
    {.name = "brpoplpush", .run = brpoplpush, .arity = 4,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_BLOCKING,
     .categories = CATEGORY_LIST, .keys = KEYS_MOVE, .group = "list", .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Moves the tail of one list before the head of another, or waits for one.",
     .deprecated_since = "6.2.0", .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
     .history = timeout_history, CMD_SYNTAX(rpoplpush_syntax)},
    {.name = "blmpop", .run = blmpop, .arity = -5,
     .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLEKEYS,
     .categories = CATEGORY_LIST, .keys = KEYS_COUNTED(2), .group = "list", .since = "7.0.0",
     .complexity = "O(N+M), N being the keys and M the elements taken.",
     .summary = "Takes elements from the first list that is there, or waits for one.",
     CMD_SYNTAX(mpop_syntax)},
};
const struct cmd_family cmd_family_list_move = {"list", move_cmds, ARRAY_COUNT(move_cmds)};
/* clang-format on */
