/* cmd_zset_combine.c - several sorted sets made into one: ZUNION, ZINTER, ZDIFF, what they
 * store, and ZINTERCARD. An input may be a plain set: its members have the score 1. */
#include <math.h>

#include "core/cmd_families.h"
#include "core/cmd_zset_priv.h"
#include "core/mem.h"
#include "core/set.h"

enum { SOURCES_ON_STACK = 16 };
enum combine_kind { COMBINE_UNION, COMBINE_INTER, COMBINE_DIFF };
enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX };

struct source {
    const struct entry *entry; /* NULL: there is none */
    bool is_set; /* a plain one */
    struct zset zset;
    struct set set;
    size_t count;
    double weight;
};

struct combine {
    enum combine_kind kind;
    enum aggregate aggregate;
    bool is_stored, with_scores, counts_only;
    int64_t limit; /* ZINTERCARD's; 0: none */
    struct source *sources;
    size_t sources_count;
    struct zset_rules rules;
    struct zset result;
};

/* ---- A source ---- */

static bool source_score(const struct source *source, struct slice member, double *score) {
    if (source->entry == NULL) return false;
    if (!source->is_set) return zset_score(&source->zset, member, score);
    *score = 1;
    return set_contains(&source->set, member);
}

struct source_walk {
    const struct source *source;
    struct zset_cursor cursor;
    struct set_iter set_iter;
};

static void source_walk_init(struct source_walk *walk, const struct source *source) {
    walk->source = source;
    if (source->entry == NULL) return;
    if (source->is_set)
        set_iter_init(&walk->set_iter, &source->set);
    else
        zset_walk(&walk->cursor, &source->zset, zset_span_all(&source->zset), false);
}

static bool source_walk_next(struct source_walk *walk, struct zset_item *item) {
    if (walk->source->entry == NULL) return false;
    if (!walk->source->is_set) return zset_walk_next(&walk->cursor, item);
    item->score = 1;
    return set_iter_next(&walk->set_iter, &item->member);
}

/* False: WRONGTYPE is written. */
static bool source_find(struct cmd_ctx *ctx, size_t index, struct source *source) {
    struct key key = cmd_key(ctx, index);
    struct entry *entry = cmd_find_read(ctx, &key);

    *source = (struct source){.entry = entry, .weight = 1};
    if (entry == NULL) return true;
    if (entry_type(entry) == VALUE_ZSET) {
        source->zset = zset_of(entry);
        source->count = zset_count(&source->zset);
        return true;
    }
    if (entry_type(entry) == VALUE_SET) {
        source->is_set = true;
        source->set = set_of(entry);
        source->count = set_count(&source->set);
        return true;
    }
    reply_wrong_type(ctx->reply);
    return false;
}

/* The smallest first; those of one size as they came. */
static void sort_sources(struct source *sources, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct source source = sources[i];
        size_t at = i;
        for (; at > 0 && sources[at - 1].count > source.count; at--) sources[at] = sources[at - 1];
        sources[at] = source;
    }
}

/* ---- Combining ---- */

static double weigh(const struct source *source, double score) {
    double weighed = source->weight * score;
    return isnan(weighed) ? 0 : weighed; /* inf * 0 */
}

static double aggregate(enum aggregate how, double score, double other) {
    if (how == AGGREGATE_MIN) return other < score ? other : score;
    if (how == AGGREGATE_MAX) return other > score ? other : score;
    double sum = score + other;
    return isnan(sum) ? 0 : sum; /* inf - inf */
}

/* False: no memory. */
static bool add_to_result(struct combine *combine, struct slice member, double score) {
    return zset_add(&combine->result, &combine->rules, member, &score, 0) != ZSET_NO_MEMORY;
}

static bool combine_union(struct combine *combine) {
    for (size_t i = 0; i < combine->sources_count; i++) {
        struct source_walk walk;
        struct zset_item item;

        source_walk_init(&walk, &combine->sources[i]);
        while (source_walk_next(&walk, &item)) {
            double score = weigh(&combine->sources[i], item.score), known = score;
            enum zset_add_result result = zset_add(&combine->result, &combine->rules, item.member,
                                                   &known, ZSET_ADD_NX);
            if (result == ZSET_NO_MEMORY) return false;
            if (result == ZSET_ADDED) continue;
            score = aggregate(combine->aggregate, known, score);
            if (score != known && !add_to_result(combine, item.member, score)) return false;
        }
    }
    return true;
}

static bool combine_inter(struct combine *combine, size_t *count) {
    struct source *sources = combine->sources;
    struct source_walk walk;
    struct zset_item item;

    *count = 0;
    if (sources[0].count == 0) return true;
    source_walk_init(&walk, &sources[0]);
    while (source_walk_next(&walk, &item)) {
        double score = weigh(&sources[0], item.score), other;
        size_t i = 1;

        for (; i < combine->sources_count; i++) {
            if (!source_score(&sources[i], item.member, &other)) break;
            score = aggregate(combine->aggregate, score, other * sources[i].weight);
        }
        if (i < combine->sources_count) continue;
        (*count)++;
        if (!combine->counts_only) {
            if (!add_to_result(combine, item.member, score)) return false;
        } else if (combine->limit > 0 && *count >= (uint64_t)combine->limit) {
            break;
        }
    }
    return true;
}

static bool combine_diff(struct combine *combine) {
    struct source_walk walk;
    struct zset_item item;

    source_walk_init(&walk, &combine->sources[0]);
    while (source_walk_next(&walk, &item)) {
        size_t i = 1;
        double other;

        while (i < combine->sources_count &&
               !source_score(&combine->sources[i], item.member, &other))
            i++;
        if (i < combine->sources_count) continue;
        if (!add_to_result(combine, item.member, item.score)) return false;
    }
    return true;
}

/* ---- The command ---- */

static bool parse_aggregate(struct cmd_ctx *ctx, size_t index, enum aggregate *aggregate) {
    if (cmd_arg_is(ctx, index, "sum"))
        *aggregate = AGGREGATE_SUM;
    else if (cmd_arg_is(ctx, index, "min"))
        *aggregate = AGGREGATE_MIN;
    else if (cmd_arg_is(ctx, index, "max"))
        *aggregate = AGGREGATE_MAX;
    else
        return false;
    return true;
}

/* The options behind the keys. False: the error is written. */
static bool parse_options(struct cmd_ctx *ctx, size_t first, struct combine *combine) {
    bool has_weights = combine->kind != COMBINE_DIFF && !combine->counts_only;

    for (size_t i = first; i < ctx->args_count;) {
        size_t left_count = ctx->args_count - i;

        if (has_weights && left_count > combine->sources_count && cmd_arg_is(ctx, i, "weights")) {
            i++;
            for (size_t at = 0; at < combine->sources_count; at++, i++) {
                if (!cmd_arg_double(ctx, i, &combine->sources[at].weight,
                                    "weight value is not a float"))
                    return false;
            }
        } else if (has_weights && left_count >= 2 && cmd_arg_is(ctx, i, "aggregate") &&
                   parse_aggregate(ctx, i + 1, &combine->aggregate)) {
            i += 2;
        } else if (!combine->is_stored && !combine->counts_only &&
                   cmd_arg_is(ctx, i, "withscores")) {
            combine->with_scores = true;
            i++;
        } else if (combine->counts_only && left_count >= 2 && cmd_arg_is(ctx, i, "limit")) {
            if (!cmd_arg_int64_range(ctx, i + 1, 0, INT64_MAX, &combine->limit,
                                     "LIMIT can't be negative"))
                return false;
            i += 2;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

static const char *store_event(enum combine_kind kind) {
    if (kind == COMBINE_UNION) return "zunionstore";
    return kind == COMBINE_INTER ? "zinterstore" : "zdiffstore";
}

static void reply_result(struct cmd_ctx *ctx, const struct combine *combine) {
    struct zset_cursor cursor;
    struct zset_item item;

    zset_reply_begin(ctx->reply, zset_count(&combine->result), combine->with_scores);
    zset_walk(&cursor, &combine->result, zset_span_all(&combine->result), false);
    while (zset_walk_next(&cursor, &item)) zset_reply_item(ctx->reply, &item, combine->with_scores);
}

/* The sources are known: combines them and answers. */
static void combine_sources(struct cmd_ctx *ctx, struct combine *combine) {
    size_t count_expected = 0, count = 0;
    bool is_fine = false;

    if (combine->kind != COMBINE_DIFF) sort_sources(combine->sources, combine->sources_count);
    if (combine->kind == COMBINE_UNION)
        count_expected = combine->sources[combine->sources_count - 1].count;
    combine->rules = zset_rules_of(ctx->settings, ctx->keyspace);
    combine->result = zset_new(&combine->rules, count_expected, 0);
    switch (combine->kind) {
    case COMBINE_UNION: is_fine = combine_union(combine); break;
    case COMBINE_INTER: is_fine = combine_inter(combine, &count); break;
    case COMBINE_DIFF: is_fine = combine_diff(combine); break;
    }
    if (is_fine && combine->is_stored) {
        struct key key_to = cmd_key(ctx, 1);
        zset_store(ctx, &key_to, &combine->result, store_event(combine->kind));
        return;
    }
    if (!is_fine)
        reply_no_memory(ctx->reply);
    else if (combine->counts_only)
        reply_int(ctx->reply, (int64_t)count);
    else
        reply_result(ctx, combine);
    zset_free(&combine->result);
}

static void run_combine(struct cmd_ctx *ctx, enum combine_kind kind, bool is_stored,
                        bool counts_only) {
    struct source sources[SOURCES_ON_STACK];
    struct combine combine = {
        .kind = kind, .is_stored = is_stored, .counts_only = counts_only, .sources = sources};
    size_t numkeys_index = is_stored ? 2 : 1;
    int64_t numkeys;

    if (!cmd_arg_int64(ctx, numkeys_index, &numkeys, NULL)) return;
    if (numkeys < 1) {
        reply_error_format(ctx->reply, "at least 1 input key is needed for '%s' command",
                           ctx->cmd->fullname);
        return;
    }
    if ((uint64_t)numkeys > ctx->args_count - numkeys_index - 1) {
        reply_syntax_error(ctx->reply);
        return;
    }
    combine.sources_count = (size_t)numkeys;
    if (combine.sources_count > SOURCES_ON_STACK) {
        combine.sources = mem_try(combine.sources_count * sizeof *sources);
        if (combine.sources == NULL) {
            reply_no_memory(ctx->reply);
            return;
        }
    }
    size_t first = numkeys_index + 1, i = 0;
    while (i < combine.sources_count && source_find(ctx, first + i, &combine.sources[i])) i++;
    if (i == combine.sources_count && parse_options(ctx, first + i, &combine))
        combine_sources(ctx, &combine);
    if (combine.sources != sources) mem_free(combine.sources);
}

static void zunion(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_UNION, false, false);
}

static void zinter(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_INTER, false, false);
}

static void zdiff(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_DIFF, false, false);
}

static void zunionstore(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_UNION, true, false);
}

static void zinterstore(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_INTER, true, false);
}

static void zdiffstore(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_DIFF, true, false);
}

static void zintercard(struct cmd_ctx *ctx) {
    run_combine(ctx, COMBINE_INTER, false, true);
}

/* ---- Rows ---- */
/* clang-format off */

#define COMBINE_ROW .categories = CATEGORY_SORTEDSET, .group = "sorted-set"
#define READ_FLAGS .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION
#define STORE_FLAGS .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION
#define SOURCE_KEYS(index) {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = (index), .is_keynum = true, \
                            .keynum_first = 1, .step = 1}
#define READ_KEYS .keys = {SOURCE_KEYS(1)}, .keys_count = 1
#define STORE_KEYS .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 1, .step = 1}, SOURCE_KEYS(2)}, \
                   .keys_count = 2
#define UNION_COST .complexity = "O(N)+O(M*log(M)) where N is the sum of the inputs' sizes and M the result's size."
#define INTER_COST .complexity = "O(N*K)+O(M*log(M)) where N is the size of the smallest input, K the count of inputs and M the result's size."
#define DIFF_COST .complexity = "O(N*K)+O(M*log(M)) where N is the size of the first input, K the count of inputs and M the result's size."
#define NUMKEYS_ARG {.name = "numkeys", .type = ARG_INTEGER}
#define KEYS_ARG(spec) {.name = "key", .type = ARG_KEY, .key_spec_plus_one = (spec), .flags = ARG_MULTIPLE}
#define DESTINATION_ARG {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 1}
#define WEIGHTS_ARGS {.name = "weight", .type = ARG_INTEGER, .token = "WEIGHTS", .flags = ARG_OPTIONAL | ARG_MULTIPLE}, \
    {.name = "aggregate", .type = ARG_ONEOF, .token = "AGGREGATE", .flags = ARG_OPTIONAL, \
     .args = aggregate_args, .args_count = ARRAY_COUNT(aggregate_args)}
#define WITHSCORES_ARG {.name = "withscores", .type = ARG_PURE_TOKEN, .token = "WITHSCORES", .flags = ARG_OPTIONAL}

static const struct cmd_arg aggregate_args[] = {
    {.name = "sum", .type = ARG_PURE_TOKEN, .token = "SUM"},
    {.name = "min", .type = ARG_PURE_TOKEN, .token = "MIN"},
    {.name = "max", .type = ARG_PURE_TOKEN, .token = "MAX"},
};
static const struct cmd_arg combine_syntax[] = {NUMKEYS_ARG, KEYS_ARG(1), WEIGHTS_ARGS, WITHSCORES_ARG};
static const struct cmd_arg diff_syntax[] = {NUMKEYS_ARG, KEYS_ARG(1), WITHSCORES_ARG};
static const struct cmd_arg combine_store_syntax[] = {DESTINATION_ARG, NUMKEYS_ARG, KEYS_ARG(2), WEIGHTS_ARGS};
static const struct cmd_arg diff_store_syntax[] = {DESTINATION_ARG, NUMKEYS_ARG, KEYS_ARG(2)};
static const struct cmd_arg intercard_syntax[] = {
    NUMKEYS_ARG, KEYS_ARG(1), {.name = "limit", .type = ARG_INTEGER, .token = "LIMIT", .flags = ARG_OPTIONAL}};

static const struct cmd_def combine_cmds[] = {
    {.name = "zunion", .run = zunion, .arity = -3, READ_FLAGS, READ_KEYS, COMBINE_ROW, .since = "6.2.0", UNION_COST,
     .summary = "Gives the members that are in any of several sorted sets.", CMD_SYNTAX(combine_syntax)},
    {.name = "zinter", .run = zinter, .arity = -3, READ_FLAGS, READ_KEYS, COMBINE_ROW, .since = "6.2.0", INTER_COST,
     .summary = "Gives the members that are in all of several sorted sets.", CMD_SYNTAX(combine_syntax)},
    {.name = "zdiff", .run = zdiff, .arity = -3, READ_FLAGS, READ_KEYS, COMBINE_ROW, .since = "6.2.0", DIFF_COST,
     .summary = "Gives the members of the first sorted set that are in none of the others.", CMD_SYNTAX(diff_syntax)},
    {.name = "zunionstore", .run = zunionstore, .arity = -4, STORE_FLAGS, STORE_KEYS, COMBINE_ROW, .since = "2.0.0",
     UNION_COST, .summary = "Stores the members that are in any of several sorted sets.",
     CMD_SYNTAX(combine_store_syntax)},
    {.name = "zinterstore", .run = zinterstore, .arity = -4, STORE_FLAGS, STORE_KEYS, COMBINE_ROW, .since = "2.0.0",
     INTER_COST, .summary = "Stores the members that are in all of several sorted sets.",
     CMD_SYNTAX(combine_store_syntax)},
    {.name = "zdiffstore", .run = zdiffstore, .arity = -4, STORE_FLAGS, STORE_KEYS, COMBINE_ROW, .since = "6.2.0",
     DIFF_COST, .summary = "Stores the members of the first sorted set that are in none of the others.",
     CMD_SYNTAX(diff_store_syntax)},
    {.name = "zintercard", .run = zintercard, .arity = -3, READ_FLAGS, READ_KEYS, COMBINE_ROW, .since = "7.0.0",
     .complexity = "O(N*K) where N is the size of the smallest input and K the count of inputs.",
     .summary = "Counts the members that are in all of several sorted sets.", CMD_SYNTAX(intercard_syntax)},
};
const struct cmd_family cmd_family_zset_combine = {"sorted-set", combine_cmds, ARRAY_COUNT(combine_cmds)};
