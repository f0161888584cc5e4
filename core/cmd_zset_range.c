/* cmd_zset_range.c - ranges of a sorted set: by rank, by score, by name; given, stored, counted,
 * removed. Each is a span of ranks first (core/zset.h). */
#include "core/cmd_families.h"
#include "core/cmd_zset_priv.h"

enum range_kind { RANGE_ANY, RANGE_RANKS, RANGE_SCORES, RANGE_NAMES };
enum range_way { WAY_ANY, WAY_FORWARD, WAY_BACKWARD };

struct range {
    enum range_kind kind;
    enum range_way way;
    bool with_scores, is_stored;
    int64_t offset, limit; /* LIMIT; a limit below 0: all */
    int64_t start, stop;
    struct zset_score_range scores;
    struct zset_lex_range names;
};

/* The options behind the two ends. False: the error is written. */
static bool parse_options(struct cmd_ctx *ctx, size_t first, struct range *range) {
    for (size_t i = first; i < ctx->args_count; i++) {
        if (!range->is_stored && cmd_arg_is(ctx, i, "withscores")) {
            range->with_scores = true;
        } else if (i + 2 < ctx->args_count && cmd_arg_is(ctx, i, "limit")) {
            if (!cmd_arg_int64(ctx, i + 1, &range->offset, NULL) ||
                !cmd_arg_int64(ctx, i + 2, &range->limit, NULL))
                return false;
            i += 2;
        } else if (range->way == WAY_ANY && cmd_arg_is(ctx, i, "rev")) {
            range->way = WAY_BACKWARD;
        } else if (range->kind == RANGE_ANY && cmd_arg_is(ctx, i, "bylex")) {
            range->kind = RANGE_NAMES;
        } else if (range->kind == RANGE_ANY && cmd_arg_is(ctx, i, "byscore")) {
            range->kind = RANGE_SCORES;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    if (range->way == WAY_ANY) range->way = WAY_FORWARD;
    if (range->kind == RANGE_ANY) range->kind = RANGE_RANKS;
    if (range->limit != -1 && range->kind == RANGE_RANKS) {
        reply_error(ctx->reply, "syntax error, LIMIT is only supported in combination with either "
                                "BYSCORE or BYLEX");
        return false;
    }
    if (range->with_scores && range->kind == RANGE_NAMES) {
        reply_error(ctx->reply, "syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return true;
}

static bool parse_ends(struct cmd_ctx *ctx, size_t min, size_t max, struct range *range) {
    switch (range->kind) {
    case RANGE_SCORES: return zset_arg_scores(ctx, min, max, &range->scores);
    case RANGE_NAMES: return zset_arg_names(ctx, min, max, &range->names);
    case RANGE_ANY:
    case RANGE_RANKS: break;
    }
    return cmd_arg_int64(ctx, min, &range->start, NULL) &&
           cmd_arg_int64(ctx, max, &range->stop, NULL);
}

/* Of the span, what LIMIT leaves. */
static struct zset_span limit_span(struct zset_span span, const struct range *range) {
    size_t count = span.count;

    if (range->offset < 0 || (uint64_t)range->offset >= span.count) return (struct zset_span){0, 0};
    count -= (size_t)range->offset;
    if (range->limit >= 0 && (uint64_t)range->limit < count) count = (size_t)range->limit;
    if (range->way == WAY_FORWARD)
        return (struct zset_span){span.first + (size_t)range->offset, count};
    return (struct zset_span){span.first + span.count - (size_t)range->offset - count, count};
}

static struct zset_span find_span(const struct zset *zset, const struct range *range) {
    switch (range->kind) {
    case RANGE_SCORES: return limit_span(zset_span_of_scores(zset, &range->scores), range);
    case RANGE_NAMES: return limit_span(zset_span_of_names(zset, &range->names), range);
    case RANGE_ANY:
    case RANGE_RANKS: break;
    }
    struct zset_span span = zset_span_of_ranks(zset, range->start, range->stop);
    if (range->way == WAY_BACKWARD && span.count > 0)
        span.first = zset_count(zset) - span.first - span.count;
    return span;
}

/* What the key holds within the range goes into a new sorted set. False: no memory, the error is
 * written. */
static bool collect(struct cmd_ctx *ctx, const struct entry *entry, const struct range *range,
                    struct zset *result) {
    struct zset_rules rules = zset_rules_of(ctx->settings, ctx->keyspace);
    struct zset_cursor cursor;
    struct zset_item item;

    if (entry == NULL) {
        *result = zset_new(&rules, 0, 0);
        return true;
    }
    struct zset zset = zset_of(entry);
    struct zset_span span = find_span(&zset, range);
    *result = zset_new(&rules, span.count, 0);
    zset_walk(&cursor, &zset, span, false);
    while (zset_walk_next(&cursor, &item)) {
        if (zset_add(result, &rules, item.member, &item.score, 0) != ZSET_NO_MEMORY) continue;
        zset_free(result);
        reply_no_memory(ctx->reply);
        return false;
    }
    return true;
}

static void reply_range(struct cmd_ctx *ctx, const struct entry *entry, const struct range *range) {
    struct zset_cursor cursor;
    struct zset_item item;

    if (entry == NULL) {
        reply_array(ctx->reply, 0);
        return;
    }
    struct zset zset = zset_of(entry);
    struct zset_span span = find_span(&zset, range);
    zset_reply_begin(ctx->reply, span.count, range->with_scores);
    zset_walk(&cursor, &zset, span, range->way == WAY_BACKWARD);
    while (zset_walk_next(&cursor, &item)) zset_reply_item(ctx->reply, &item, range->with_scores);
}

static void run_range(struct cmd_ctx *ctx, enum range_kind kind, enum range_way way,
                      bool is_stored) {
    struct range range = {.kind = kind, .way = way, .is_stored = is_stored, .limit = -1};
    size_t key_index = is_stored ? 2 : 1;
    struct key key = cmd_key(ctx, key_index);
    struct entry *entry;

    if (!parse_options(ctx, key_index + 3, &range)) return;
    bool is_swapped = range.way == WAY_BACKWARD && range.kind != RANGE_RANKS;
    if (!parse_ends(ctx, key_index + (is_swapped ? 2 : 1), key_index + (is_swapped ? 1 : 2),
                    &range))
        return;
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (!is_stored) {
        reply_range(ctx, entry, &range);
        return;
    }
    struct zset result;
    struct key key_to = cmd_key(ctx, 1);
    if (collect(ctx, entry, &range, &result)) zset_store(ctx, &key_to, &result, "zrangestore");
}

static void zrange(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_ANY, WAY_ANY, false);
}

static void zrangestore(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_ANY, WAY_ANY, true);
}

static void zrevrange(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_RANKS, WAY_BACKWARD, false);
}

static void zrangebyscore(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_SCORES, WAY_FORWARD, false);
}

static void zrevrangebyscore(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_SCORES, WAY_BACKWARD, false);
}

static void zrangebylex(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_NAMES, WAY_FORWARD, false);
}

static void zrevrangebylex(struct cmd_ctx *ctx) {
    run_range(ctx, RANGE_NAMES, WAY_BACKWARD, false);
}

/* ---- Counting, removing ---- */

static void count_range(struct cmd_ctx *ctx, enum range_kind kind) {
    struct range range = {.kind = kind, .way = WAY_FORWARD, .limit = -1};
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    size_t count = 0;

    if (!parse_ends(ctx, 2, 3, &range)) return;
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        count = find_span(&zset, &range).count;
    }
    reply_int(ctx->reply, (int64_t)count);
}

static void zcount(struct cmd_ctx *ctx) {
    count_range(ctx, RANGE_SCORES);
}

static void zlexcount(struct cmd_ctx *ctx) {
    count_range(ctx, RANGE_NAMES);
}

static void remove_range(struct cmd_ctx *ctx, enum range_kind kind, const char *event) {
    struct range range = {.kind = kind, .way = WAY_FORWARD, .limit = -1};
    struct key key = cmd_key(ctx, 1);
    struct zset_span span = {0, 0};
    struct entry *entry;

    if (!parse_ends(ctx, 2, 3, &range)) return;
    if (!cmd_find_write_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        span = find_span(&zset, &range);
        zset_remove_span(&zset, span);
        if (span.count > 0) zset_removed(ctx, &key, entry, &zset, event, span.count);
    }
    reply_int(ctx->reply, (int64_t)span.count);
}

static void zremrangebyrank(struct cmd_ctx *ctx) {
    remove_range(ctx, RANGE_RANKS, "zremrangebyrank");
}

static void zremrangebyscore(struct cmd_ctx *ctx) {
    remove_range(ctx, RANGE_SCORES, "zremrangebyscore");
}

static void zremrangebylex(struct cmd_ctx *ctx) {
    remove_range(ctx, RANGE_NAMES, "zremrangebylex");
}

/* ---- Rows ---- */
/* clang-format off */

#define KEY_ARG {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
#define ZSET_ROW .categories = CATEGORY_SORTEDSET, .group = "sorted-set"
#define READ_KEY .flags = CMD_READONLY, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS)
#define RANGE_COST .complexity = "O(log(N)+M) where N is the size of the sorted set and M the count of members given."
#define REMOVE_COST .complexity = "O(log(N)+M) where N is the size of the sorted set and M the count of members removed."
#define LIMIT_ARG {.name = "limit", .type = ARG_BLOCK, .token = "LIMIT", .flags = ARG_OPTIONAL, \
    .args = limit_args, .args_count = ARRAY_COUNT(limit_args)}
#define SORTBY_ARG(version) {.name = "sortby", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .since = version, \
    .args = sortby_args, .args_count = ARRAY_COUNT(sortby_args)}
#define WITHSCORES_ARG {.name = "withscores", .type = ARG_PURE_TOKEN, .token = "WITHSCORES", .flags = ARG_OPTIONAL}

static const struct cmd_arg limit_args[] = {
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "count", .type = ARG_INTEGER},
};
static const struct cmd_arg sortby_args[] = {
    {.name = "byscore", .type = ARG_PURE_TOKEN, .token = "BYSCORE"},
    {.name = "bylex", .type = ARG_PURE_TOKEN, .token = "BYLEX"},
};
static const struct cmd_arg zrange_syntax[] = {
    KEY_ARG,
    {.name = "start", .type = ARG_STRING},
    {.name = "stop", .type = ARG_STRING},
    SORTBY_ARG("6.2.0"),
    {.name = "rev", .type = ARG_PURE_TOKEN, .token = "REV", .flags = ARG_OPTIONAL, .since = "6.2.0"},
    {.name = "limit", .type = ARG_BLOCK, .token = "LIMIT", .flags = ARG_OPTIONAL, .since = "6.2.0",
     .args = limit_args, .args_count = ARRAY_COUNT(limit_args)},
    WITHSCORES_ARG,
};
static const char *const zrange_history[] = {"6.2.0", "`REV`, `BYSCORE`, `BYLEX` and `LIMIT`.", NULL};
static const struct cmd_arg zrangestore_syntax[] = {
    {.name = "dst", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "src", .type = ARG_KEY, .key_spec_plus_one = 2},
    {.name = "min", .type = ARG_STRING},
    {.name = "max", .type = ARG_STRING},
    SORTBY_ARG(NULL),
    {.name = "rev", .type = ARG_PURE_TOKEN, .token = "REV", .flags = ARG_OPTIONAL},
    LIMIT_ARG,
};
static const struct cmd_arg zrevrange_syntax[] = {
    KEY_ARG,
    {.name = "start", .type = ARG_INTEGER},
    {.name = "stop", .type = ARG_INTEGER},
    WITHSCORES_ARG,
};
static const struct cmd_arg zrangebyscore_syntax[] = {
    KEY_ARG,
    {.name = "min", .type = ARG_DOUBLE},
    {.name = "max", .type = ARG_DOUBLE},
    {.name = "withscores", .type = ARG_PURE_TOKEN, .token = "WITHSCORES", .flags = ARG_OPTIONAL, .since = "2.0.0"},
    LIMIT_ARG,
};
static const char *const zrangebyscore_history[] = {"2.0.0", "`WITHSCORES`.", NULL};
static const struct cmd_arg zrevrangebyscore_syntax[] = {
    KEY_ARG,
    {.name = "max", .type = ARG_DOUBLE},
    {.name = "min", .type = ARG_DOUBLE},
    WITHSCORES_ARG,
    LIMIT_ARG,
};
static const char *const zrevrangebyscore_history[] = {"2.1.6", "Either end may be left out of the range.", NULL};
static const struct cmd_arg zrangebylex_syntax[] = {
    KEY_ARG,
    {.name = "min", .type = ARG_STRING},
    {.name = "max", .type = ARG_STRING},
    LIMIT_ARG,
};
static const struct cmd_arg zrevrangebylex_syntax[] = {
    KEY_ARG,
    {.name = "max", .type = ARG_STRING},
    {.name = "min", .type = ARG_STRING},
    LIMIT_ARG,
};
static const struct cmd_arg scores_syntax[] = {
    KEY_ARG, {.name = "min", .type = ARG_DOUBLE}, {.name = "max", .type = ARG_DOUBLE}};
static const struct cmd_arg names_syntax[] = {
    KEY_ARG, {.name = "min", .type = ARG_STRING}, {.name = "max", .type = ARG_STRING}};
static const struct cmd_arg ranks_syntax[] = {
    KEY_ARG, {.name = "start", .type = ARG_INTEGER}, {.name = "stop", .type = ARG_INTEGER}};

static const struct cmd_def range_cmds[] = {
    {.name = "zrange", .run = zrange, .arity = -4, READ_KEY, ZSET_ROW, .since = "1.2.0", RANGE_COST,
     .summary = "Gives members by rank, score or name, from either end.", .history = zrange_history,
     CMD_SYNTAX(zrange_syntax)},
    {.name = "zrangestore", .run = zrangestore, .arity = -5, .flags = CMD_WRITE | CMD_DENYOOM,
     .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 1, .step = 1},
              {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .step = 1}},
     .keys_count = 2, ZSET_ROW, .since = "6.2.0",
     .complexity = "O(log(N)+M) where N is the size of the sorted set and M the count of members stored.",
     .summary = "Stores a range of a sorted set under another key.", CMD_SYNTAX(zrangestore_syntax)},
    {.name = "zrevrange", .run = zrevrange, .arity = -4, READ_KEY, ZSET_ROW, .since = "1.2.0", RANGE_COST,
     .summary = "Gives members by rank from the highest score down.", .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with `REV`", CMD_SYNTAX(zrevrange_syntax)},
    {.name = "zrangebyscore", .run = zrangebyscore, .arity = -4, READ_KEY, ZSET_ROW, .since = "1.0.5", RANGE_COST,
     .summary = "Gives the members whose scores are in a range.", .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with `BYSCORE`", .history = zrangebyscore_history, CMD_SYNTAX(zrangebyscore_syntax)},
    {.name = "zrevrangebyscore", .run = zrevrangebyscore, .arity = -4, READ_KEY, ZSET_ROW, .since = "2.2.0", RANGE_COST,
     .summary = "Gives the members whose scores are in a range, the highest first.", .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with `REV` and `BYSCORE`", .history = zrevrangebyscore_history,
     CMD_SYNTAX(zrevrangebyscore_syntax)},
    {.name = "zrangebylex", .run = zrangebylex, .arity = -4, READ_KEY, ZSET_ROW, .since = "2.8.9", RANGE_COST,
     .summary = "Gives the members whose names are in a range, where all scores are equal.",
     .deprecated_since = "6.2.0", .replaced_by = "`ZRANGE` with `BYLEX`", CMD_SYNTAX(zrangebylex_syntax)},
    {.name = "zrevrangebylex", .run = zrevrangebylex, .arity = -4, READ_KEY, ZSET_ROW, .since = "2.8.9", RANGE_COST,
     .summary = "Gives the members whose names are in a range, the last first, where all scores are equal.",
     .deprecated_since = "6.2.0", .replaced_by = "`ZRANGE` with `REV` and `BYLEX`", CMD_SYNTAX(zrevrangebylex_syntax)},
    {.name = "zcount", .run = zcount, .arity = 4, .flags = CMD_READONLY | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), ZSET_ROW, .since = "2.0.0",
     .complexity = "O(log(N)) where N is the size of the sorted set.",
     .summary = "Counts the members whose scores are in a range.", CMD_SYNTAX(scores_syntax)},
    {.name = "zlexcount", .run = zlexcount, .arity = 4, .flags = CMD_READONLY | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), ZSET_ROW, .since = "2.8.9",
     .complexity = "O(log(N)) where N is the size of the sorted set.",
     .summary = "Counts the members whose names are in a range, where all scores are equal.",
     CMD_SYNTAX(names_syntax)},
    {.name = "zremrangebyrank", .run = zremrangebyrank, .arity = 4, .flags = CMD_WRITE,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), ZSET_ROW, .since = "2.0.0", REMOVE_COST,
     .summary = "Takes out the members of a range of ranks.", CMD_SYNTAX(ranks_syntax)},
    {.name = "zremrangebyscore", .run = zremrangebyscore, .arity = 4, .flags = CMD_WRITE,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), ZSET_ROW, .since = "1.2.0", REMOVE_COST,
     .summary = "Takes out the members whose scores are in a range.", CMD_SYNTAX(scores_syntax)},
    {.name = "zremrangebylex", .run = zremrangebylex, .arity = 4, .flags = CMD_WRITE,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), ZSET_ROW, .since = "2.8.9", REMOVE_COST,
     .summary = "Takes out the members whose names are in a range, where all scores are equal.",
     CMD_SYNTAX(names_syntax)},
};
const struct cmd_family cmd_family_zset_range = {"sorted-set", range_cmds, ARRAY_COUNT(range_cmds)};
