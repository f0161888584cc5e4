/* cmd_zset_pop.c - the lowest or the highest members, taken out: ZPOPMIN, ZPOPMAX, ZMPOP, and
 * BZPOPMIN, BZPOPMAX, BZMPOP, which wait for one. */
#include "core/cmd_families.h"
#include "core/cmd_zset_priv.h"
#include "core/mem.h"
#include "core/number.h"

enum { KEYS_ON_STACK = 32 };

struct pop {
    bool is_max;
    bool is_nested; /* members and scores as pairs, and as an array of their own behind the key */
    bool with_key;
    bool has_count; /* its effect names one */
    int64_t count;
    size_t key_first, keys_count; /* among the arguments */
    uint64_t deadline_unix_ms; /* of those that wait */
};

/* The entry has at least one member. */
static void pop_from(struct cmd_ctx *ctx, const struct pop *pop, const struct key *key,
                     struct entry *entry) {
    struct zset zset = zset_of(entry);
    size_t size = zset_count(&zset);
    size_t count = (uint64_t)pop->count < size ? (size_t)pop->count : size;
    struct zset_span span = {pop->is_max ? size - count : 0, count};
    struct zset_cursor cursor;
    struct zset_item item;

    if (pop->with_key) reply_array(ctx->reply, pop->is_nested ? 2 : 1 + 2 * count);
    if (pop->with_key) reply_bulk(ctx->reply, key->name);
    if (pop->is_nested || !pop->with_key)
        reply_array(ctx->reply, pop->is_nested ? count : 2 * count);
    zset_walk(&cursor, &zset, span, pop->is_max);
    while (zset_walk_next(&cursor, &item)) {
        if (pop->is_nested) reply_array(ctx->reply, 2);
        reply_bulk(ctx->reply, item.member);
        reply_double(ctx->reply, item.score);
    }
    zset_remove_span(&zset, span);
    zset_removed(ctx, key, entry, &zset, pop->is_max ? "zpopmax" : "zpopmin", count);
    if (pop->with_key) { /* the command as it came names keys that had nothing, or waits */
        char text[NUMBER_INT64_BYTES_MAX];
        struct slice effect[3] = {pop->is_max ? SLICE_LITERAL("ZPOPMAX") : SLICE_LITERAL("ZPOPMIN"),
                                  key->name,
                                  slice_of(text, number_print_int64(text, (int64_t)count))};
        cmd_effect(ctx, effect, pop->has_count ? 3 : 2);
    }
}

/* The first key that is there. False: there is none, nothing is answered yet. */
static bool pop_first(struct cmd_ctx *ctx, const struct pop *pop) {
    for (size_t i = 0; i < pop->keys_count; i++) {
        struct key key = cmd_key(ctx, pop->key_first + i);
        struct entry *entry;
        if (!cmd_find_write_as(ctx, &key, VALUE_ZSET, &entry)) return true;
        if (entry == NULL) continue;
        pop_from(ctx, pop, &key, entry);
        return true;
    }
    return false;
}

/* ---- At once ---- */

static void pop_one_key(struct cmd_ctx *ctx, bool is_max) {
    struct pop pop = {.is_max = is_max, .count = 1, .key_first = 1, .keys_count = 1};

    if (ctx->args_count > 3) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (ctx->args_count == 3) {
        if (!cmd_arg_int64_range(ctx, 2, 0, INT64_MAX, &pop.count,
                                 "value is out of range, must be positive"))
            return;
        pop.is_nested = ctx->reply->resp >= 3;
    }
    if (pop.count == 0) {
        struct key key = cmd_key(ctx, 1);
        struct entry *entry;
        if (!cmd_find_write_as(ctx, &key, VALUE_ZSET, &entry)) return;
        reply_array(ctx->reply, 0);
        return;
    }
    if (!pop_first(ctx, &pop)) reply_array(ctx->reply, 0);
}

static void zpopmin(struct cmd_ctx *ctx) {
    pop_one_key(ctx, false);
}

static void zpopmax(struct cmd_ctx *ctx) {
    pop_one_key(ctx, true);
}

/* numkeys key [key ...] MIN|MAX [COUNT count]. False: the error is written. */
static bool mpop_parse(struct cmd_ctx *ctx, size_t numkeys_index, struct pop *pop) {
    int64_t keys_count;

    *pop = (struct pop){.is_nested = true, .with_key = true, .has_count = true, .count = 1};
    if (!cmd_arg_int64_range(ctx, numkeys_index, 1, INT64_MAX, &keys_count,
                             "numkeys should be greater than 0"))
        return false;
    pop->key_first = numkeys_index + 1;
    if ((uint64_t)keys_count >= ctx->args_count - pop->key_first) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    pop->keys_count = (size_t)keys_count;
    size_t at = pop->key_first + pop->keys_count;
    pop->is_max = cmd_arg_is(ctx, at, "max");
    if (!pop->is_max && !cmd_arg_is(ctx, at, "min")) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    bool was_counted = false;
    for (at++; at < ctx->args_count; at += 2) {
        if (was_counted || at + 1 >= ctx->args_count || !cmd_arg_is(ctx, at, "count")) {
            reply_syntax_error(ctx->reply);
            return false;
        }
        was_counted = true;
        if (!cmd_arg_int64_range(ctx, at + 1, 1, INT64_MAX, &pop->count,
                                 "count should be greater than 0"))
            return false;
    }
    return true;
}

static void zmpop(struct cmd_ctx *ctx) {
    struct pop pop;

    if (!mpop_parse(ctx, 1, &pop)) return;
    if (!pop_first(ctx, &pop)) reply_null_array(ctx->reply);
}

/* ---- Waiting ---- */

static void wait_for_keys(struct cmd_ctx *ctx, const struct pop *pop) {
    uint32_t positions[KEYS_ON_STACK], *keys = positions;

    if (pop->keys_count > KEYS_ON_STACK) {
        keys = mem_try(pop->keys_count * sizeof *keys);
        if (keys == NULL) {
            reply_no_memory(ctx->reply);
            return;
        }
    }
    for (size_t i = 0; i < pop->keys_count; i++) keys[i] = (uint32_t)(pop->key_first + i);
    struct cmd_block block = {.keys = keys,
                              .keys_count = pop->keys_count,
                              .deadline_unix_ms = pop->deadline_unix_ms,
                              .timeout_reply = BLOCK_TIMEOUT_NULL_ARRAY};
    cmd_block(ctx, &block);
    if (keys != positions) mem_free(keys);
}

static void pop_or_wait(struct cmd_ctx *ctx, const struct pop *pop) {
    if (ctx->wake_arg == 0) {
        if (!pop_first(ctx, pop)) wait_for_keys(ctx, pop);
        return;
    }
    struct key key = cmd_key(ctx, ctx->wake_arg);
    struct entry *entry = cmd_find_write(ctx, &key);
    if (entry != NULL && entry_type(entry) == VALUE_ZSET)
        pop_from(ctx, pop, &key, entry);
    else
        wait_for_keys(ctx, pop);
}

static void bzpop(struct cmd_ctx *ctx, bool is_max) {
    struct pop pop = {.is_max = is_max,
                      .with_key = true,
                      .count = 1,
                      .key_first = 1,
                      .keys_count = ctx->args_count - 2};

    if (cmd_arg_timeout_seconds(ctx, ctx->args_count - 1, &pop.deadline_unix_ms))
        pop_or_wait(ctx, &pop);
}

static void bzpopmin(struct cmd_ctx *ctx) {
    bzpop(ctx, false);
}

static void bzpopmax(struct cmd_ctx *ctx) {
    bzpop(ctx, true);
}

static void bzmpop(struct cmd_ctx *ctx) {
    struct pop pop;

    if (!mpop_parse(ctx, 2, &pop)) return;
    if (cmd_arg_timeout_seconds(ctx, 1, &pop.deadline_unix_ms)) pop_or_wait(ctx, &pop);
}

/* ---- Rows ---- */
/* clang-format off */

#define ZSET_ROW .categories = CATEGORY_SORTEDSET, .group = "sorted-set"
#define POP_KEY_FLAGS (CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE)
#define POP_COST .complexity = "O(log(N)*M) where N is the size of the sorted set and M the count of members taken."
#define WAIT_COST .complexity = "O(log(N)) where N is the size of the sorted set."
#define MPOP_COST .complexity = "O(K) + O(M*log(N)) where K is the count of keys, N the size of the sorted set and M the count of members taken."
#define MPOP_ARGS \
    {.name = "numkeys", .type = ARG_INTEGER}, \
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE}, \
    {.name = "where", .type = ARG_ONEOF, .args = where_args, .args_count = ARRAY_COUNT(where_args)}, \
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL}

static const struct cmd_arg pop_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg wait_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "timeout", .type = ARG_DOUBLE},
};
static const char *const wait_history[] = {"6.0.0", "`timeout` may be a fraction.", NULL};
static const struct cmd_arg where_args[] = {
    {.name = "min", .type = ARG_PURE_TOKEN, .token = "MIN"},
    {.name = "max", .type = ARG_PURE_TOKEN, .token = "MAX"},
};
static const struct cmd_arg zmpop_syntax[] = {MPOP_ARGS};
static const struct cmd_arg bzmpop_syntax[] = {{.name = "timeout", .type = ARG_DOUBLE}, MPOP_ARGS};

static const struct cmd_def pop_cmds[] = {
    {.name = "zpopmin", .run = zpopmin, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .keys = CMD_KEYS_ONE(POP_KEY_FLAGS), ZSET_ROW, .since = "5.0.0", POP_COST,
     .summary = "Takes out the members with the lowest scores and gives them.", CMD_SYNTAX(pop_syntax)},
    {.name = "zpopmax", .run = zpopmax, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .keys = CMD_KEYS_ONE(POP_KEY_FLAGS), ZSET_ROW, .since = "5.0.0", POP_COST,
     .summary = "Takes out the members with the highest scores and gives them.", CMD_SYNTAX(pop_syntax)},
    {.name = "zmpop", .run = zmpop, .arity = -4, .flags = CMD_WRITE | CMD_MOVABLEKEYS,
     .keys = {{.flags = POP_KEY_FLAGS, .begin_index = 1, .is_keynum = true, .keynum_first = 1, .step = 1}},
     .keys_count = 1, ZSET_ROW, .since = "7.0.0", MPOP_COST,
     .summary = "Takes members off one end of the first sorted set that is there.", CMD_SYNTAX(zmpop_syntax)},
    {.name = "bzpopmin", .run = bzpopmin, .arity = -3, .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
     .keys = {{.flags = POP_KEY_FLAGS, .begin_index = 1, .last = -2, .step = 1}},
     .keys_count = 1, ZSET_ROW, .since = "5.0.0", WAIT_COST,
     .summary = "Takes the member with the lowest score, or waits until there is one.",
     .history = wait_history, CMD_SYNTAX(wait_syntax)},
    {.name = "bzpopmax", .run = bzpopmax, .arity = -3, .flags = CMD_WRITE | CMD_NOSCRIPT | CMD_BLOCKING | CMD_FAST,
     .keys = {{.flags = POP_KEY_FLAGS, .begin_index = 1, .last = -2, .step = 1}},
     .keys_count = 1, ZSET_ROW, .since = "5.0.0", WAIT_COST,
     .summary = "Takes the member with the highest score, or waits until there is one.",
     .history = wait_history, CMD_SYNTAX(wait_syntax)},
    {.name = "bzmpop", .run = bzmpop, .arity = -5, .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLEKEYS,
     .keys = {{.flags = POP_KEY_FLAGS, .begin_index = 2, .is_keynum = true, .keynum_first = 1, .step = 1}},
     .keys_count = 1, ZSET_ROW, .since = "7.0.0", MPOP_COST,
     .summary = "As ZMPOP, or waits until one of the sorted sets is there.", CMD_SYNTAX(bzmpop_syntax)},
};
const struct cmd_family cmd_family_zset_pop = {"sorted-set", pop_cmds, ARRAY_COUNT(pop_cmds)};
