/* cmd_zset.c - sorted sets, member by member: ZADD, ZINCRBY, ZREM, ZSCORE, ZRANK and their like. */
#include "core/cmd_families.h"
#include "core/cmd_zset_priv.h"
#include "core/mem.h"

/* ---- ZADD, ZINCRBY ---- */

enum { SCORES_ON_STACK = 64 };

struct add {
    unsigned flags;
    bool counts_updated; /* CH */
    size_t first; /* of the pairs score, member */
    size_t count;
    double *scores;
    struct zset_rules rules;
    size_t added_count, updated_count;
    bool was_skipped; /* the last one */
    double score; /* the last one's */
};

/* False: the error is written. */
static bool add_parse(struct cmd_ctx *ctx, struct add *add) {
    unsigned flags = add->flags;
    size_t i = 2;

    for (; i < ctx->args_count; i++) {
        if (SL_LIKELY(ctx->args[i].len != 2 && ctx->args[i].len != 4)) break; /* a score */
        if (cmd_arg_is(ctx, i, "nx"))
            flags |= ZSET_ADD_NX;
        else if (cmd_arg_is(ctx, i, "xx"))
            flags |= ZSET_ADD_XX;
        else if (cmd_arg_is(ctx, i, "ch"))
            add->counts_updated = true;
        else if (cmd_arg_is(ctx, i, "incr"))
            flags |= ZSET_ADD_INCR;
        else if (cmd_arg_is(ctx, i, "gt"))
            flags |= ZSET_ADD_GT;
        else if (cmd_arg_is(ctx, i, "lt"))
            flags |= ZSET_ADD_LT;
        else
            break;
    }
    add->flags = flags;
    add->first = i;
    add->count = (ctx->args_count - i) / 2;
    if (add->count == 0 || (ctx->args_count - i) % 2 != 0) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    bool nx = flags & ZSET_ADD_NX, xx = flags & ZSET_ADD_XX;
    bool gt = flags & ZSET_ADD_GT, lt = flags & ZSET_ADD_LT;
    if (nx && xx) {
        reply_error(ctx->reply, "XX and NX options at the same time are not compatible");
        return false;
    }
    if ((gt && nx) || (lt && nx) || (gt && lt)) {
        reply_error(ctx->reply, "GT, LT, and/or NX options at the same time are not compatible");
        return false;
    }
    if ((flags & ZSET_ADD_INCR) && add->count > 1) {
        reply_error(ctx->reply, "INCR option supports a single increment-element pair");
        return false;
    }
    return true;
}

/* False: the error is written, some may have been added. */
static bool add_all(struct cmd_ctx *ctx, struct add *add, struct zset *zset) {
    for (size_t i = 0; i < add->count; i++) {
        add->score = add->scores[i];
        enum zset_add_result result = zset_add(zset, &add->rules, ctx->args[add->first + 2 * i + 1],
                                               &add->score, add->flags);
        add->was_skipped = result == ZSET_SKIPPED;
        switch (result) {
        case ZSET_NO_MEMORY: reply_no_memory(ctx->reply); return false;
        case ZSET_NAN:
            reply_error(ctx->reply, "resulting score is not a number (NaN)");
            return false;
        case ZSET_ADDED: add->added_count++; break;
        case ZSET_UPDATED: add->updated_count++; break;
        case ZSET_SKIPPED:
        case ZSET_SAME: break;
        }
    }
    return true;
}

static bool add_to_key(struct cmd_ctx *ctx, struct add *add, const struct key *key) {
    struct entry *entry;

    if (!cmd_find_write_as(ctx, key, VALUE_ZSET, &entry)) return false;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        bool is_fine = add_all(ctx, add, &zset);
        /* Always: an index may lie where the listpack lay before it moved. */
        zset_keep(entry, &zset);
        return is_fine;
    }
    add->was_skipped = true;
    if (add->flags & ZSET_ADD_XX) return true;
    struct zset zset = zset_new(&add->rules, 0, ctx->args[add->first + 1].len);
    if (add_all(ctx, add, &zset) &&
        cmd_add_object(ctx, key, VALUE_ZSET, zset.encoding, zset.object) != NULL)
        return true;
    add->added_count = add->updated_count = 0;
    zset_free(&zset);
    return false;
}

static void add(struct cmd_ctx *ctx, unsigned flags) {
    double scores[SCORES_ON_STACK];
    struct add add = {.flags = flags, .scores = scores};
    struct key key = cmd_key(ctx, 1);

    if (!add_parse(ctx, &add)) return;
    if (add.count > SCORES_ON_STACK) {
        add.scores = mem_try(add.count * sizeof(double));
        if (add.scores == NULL) {
            reply_no_memory(ctx->reply);
            return;
        }
    }
    bool is_fine = true;
    for (size_t i = 0; i < add.count && is_fine; i++)
        is_fine = cmd_arg_double(ctx, add.first + 2 * i, &add.scores[i], NULL);
    if (is_fine) {
        add.rules = zset_rules_of(ctx->settings, ctx->keyspace);
        is_fine = add_to_key(ctx, &add, &key);
        if (add.added_count + add.updated_count > 0)
            cmd_changed(ctx, EVENT_ZSET, (add.flags & ZSET_ADD_INCR) ? "zincr" : "zadd", ctx->db,
                        key.name);
        if (add.added_count + add.updated_count > 1)
            cmd_changed_more(ctx, add.added_count + add.updated_count - 1);
    }
    if (is_fine) {
        if (!(add.flags & ZSET_ADD_INCR))
            reply_int(ctx->reply,
                      (int64_t)(add.added_count + (add.counts_updated ? add.updated_count : 0)));
        else if (add.was_skipped)
            reply_null(ctx->reply);
        else
            reply_double(ctx->reply, add.score);
    }
    if (add.scores != scores) mem_free(add.scores);
}

static void zadd(struct cmd_ctx *ctx) {
    add(ctx, 0);
}

static void zincrby(struct cmd_ctx *ctx) {
    add(ctx, ZSET_ADD_INCR);
}

/* ---- The others ---- */

static void zrem(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    int64_t removed_count = 0;

    if (!cmd_find_write_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        for (size_t i = 2; i < ctx->args_count && zset_count(&zset) > 0; i++)
            removed_count += zset_remove(&zset, ctx->args[i]);
        if (removed_count > 0) zset_removed(ctx, &key, entry, &zset, "zrem", (size_t)removed_count);
    }
    reply_int(ctx->reply, removed_count);
}

static void zcard(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    int64_t count = 0;

    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        count = (int64_t)zset_count(&zset);
    }
    reply_int(ctx->reply, count);
}

static void reply_score_of(struct cmd_ctx *ctx, const struct entry *entry, struct slice member) {
    double score;

    if (entry != NULL) {
        struct zset zset = zset_of(entry);
        if (zset_score(&zset, member, &score)) {
            reply_double(ctx->reply, score);
            return;
        }
    }
    reply_null(ctx->reply);
}

static void zscore(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) reply_score_of(ctx, entry, ctx->args[2]);
}

static void zmscore(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++) reply_score_of(ctx, entry, ctx->args[i]);
}

static void rank(struct cmd_ctx *ctx, bool is_from_top) {
    struct key key = cmd_key(ctx, 1);
    bool with_score = ctx->args_count > 3;
    struct entry *entry;
    size_t position;
    double score;

    if (ctx->args_count > 4) {
        cmd_reply_arity_error(ctx);
        return;
    }
    if (with_score && !cmd_arg_is(ctx, 3, "withscore")) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    struct zset zset = entry != NULL ? zset_of(entry) : (struct zset){0};
    if (entry == NULL || !zset_rank(&zset, ctx->args[2], &position, &score)) {
        if (with_score)
            reply_null_array(ctx->reply);
        else
            reply_null(ctx->reply);
        return;
    }
    if (is_from_top) position = zset_count(&zset) - 1 - position;
    if (with_score) reply_array(ctx->reply, 2);
    reply_int(ctx->reply, (int64_t)position);
    if (with_score) reply_double(ctx->reply, score);
}

static void zrank(struct cmd_ctx *ctx) {
    rank(ctx, false);
}

static void zrevrank(struct cmd_ctx *ctx) {
    rank(ctx, true);
}

/* ---- Rows ---- */
/* clang-format off */

#define KEY_ARG {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
#define ZSET_ROW .categories = CATEGORY_SORTEDSET, .group = "sorted-set"
#define READ_KEY .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS)

static const struct cmd_arg zadd_condition[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX"},
};
static const struct cmd_arg zadd_comparison[] = {
    {.name = "gt", .type = ARG_PURE_TOKEN, .token = "GT"},
    {.name = "lt", .type = ARG_PURE_TOKEN, .token = "LT"},
};
static const struct cmd_arg zadd_pair[] = {
    {.name = "score", .type = ARG_DOUBLE},
    {.name = "member", .type = ARG_STRING},
};
static const struct cmd_arg zadd_syntax[] = {
    KEY_ARG,
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .since = "3.0.2",
     .args = zadd_condition, .args_count = ARRAY_COUNT(zadd_condition)},
    {.name = "comparison", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .since = "6.2.0",
     .args = zadd_comparison, .args_count = ARRAY_COUNT(zadd_comparison)},
    {.name = "change", .type = ARG_PURE_TOKEN, .token = "CH", .flags = ARG_OPTIONAL, .since = "3.0.2"},
    {.name = "increment", .type = ARG_PURE_TOKEN, .token = "INCR", .flags = ARG_OPTIONAL, .since = "3.0.2"},
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = zadd_pair,
     .args_count = ARRAY_COUNT(zadd_pair)},
};
static const char *const zadd_history[] = {
    "2.4.0", "Takes several members.",
    "3.0.2", "`XX`, `NX`, `CH` and `INCR`.",
    "6.2.0", "`GT` and `LT`.", NULL};
static const char *const zrem_history[] = {"2.4.0", "Takes several members.", NULL};
static const char *const zrank_history[] = {"7.2.0", "`WITHSCORE`.", NULL};
static const struct cmd_arg zincrby_syntax[] = {
    KEY_ARG,
    {.name = "increment", .type = ARG_INTEGER},
    {.name = "member", .type = ARG_STRING},
};
static const struct cmd_arg key_syntax[] = {KEY_ARG};
static const struct cmd_arg member_syntax[] = {KEY_ARG, {.name = "member", .type = ARG_STRING}};
static const struct cmd_arg members_syntax[] = {
    KEY_ARG, {.name = "member", .type = ARG_STRING, .flags = ARG_MULTIPLE}};
static const struct cmd_arg rank_syntax[] = {
    KEY_ARG,
    {.name = "member", .type = ARG_STRING},
    {.name = "withscore", .type = ARG_PURE_TOKEN, .token = "WITHSCORE", .flags = ARG_OPTIONAL},
};

static const struct cmd_def zset_cmds[] = {
    {.name = "zadd", .run = zadd, .arity = -4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE), ZSET_ROW, .since = "1.2.0",
     .complexity = "O(log(N)) for each member, where N is the size of the sorted set.",
     .summary = "Gives members of a sorted set their scores; those that are new come in.",
     .history = zadd_history, CMD_SYNTAX(zadd_syntax)},
    {.name = "zincrby", .run = zincrby, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE), ZSET_ROW, .since = "1.2.0",
     .complexity = "O(log(N)) where N is the size of the sorted set.",
     .summary = "Adds to the score of a member; a missing one counts as 0.", CMD_SYNTAX(zincrby_syntax)},
    {.name = "zrem", .run = zrem, .arity = -3, .flags = CMD_WRITE | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), ZSET_ROW, .since = "1.2.0",
     .complexity = "O(M*log(N)) where N is the size of the sorted set and M the count of members named.",
     .summary = "Takes members out of a sorted set.", .history = zrem_history, CMD_SYNTAX(members_syntax)},
    {.name = "zcard", .run = zcard, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO), ZSET_ROW, .since = "1.2.0", .complexity = "O(1)",
     .summary = "Counts the members of a sorted set.", CMD_SYNTAX(key_syntax)},
    {.name = "zscore", .run = zscore, .arity = 3, .flags = CMD_READONLY | CMD_FAST,
     READ_KEY, ZSET_ROW, .since = "1.2.0", .complexity = "O(1)",
     .summary = "Tells the score of a member.", CMD_SYNTAX(member_syntax)},
    {.name = "zmscore", .run = zmscore, .arity = -3, .flags = CMD_READONLY | CMD_FAST,
     READ_KEY, ZSET_ROW, .since = "6.2.0", .complexity = "O(N) where N is the count of members named.",
     .summary = "Tells the scores of several members.", CMD_SYNTAX(members_syntax)},
    {.name = "zrank", .run = zrank, .arity = -3, .flags = CMD_READONLY | CMD_FAST,
     READ_KEY, ZSET_ROW, .since = "2.0.0", .complexity = "O(log(N))",
     .summary = "Tells how many members stand below this one.", .history = zrank_history,
     CMD_SYNTAX(rank_syntax)},
    {.name = "zrevrank", .run = zrevrank, .arity = -3, .flags = CMD_READONLY | CMD_FAST,
     READ_KEY, ZSET_ROW, .since = "2.0.0", .complexity = "O(log(N))",
     .summary = "Tells how many members stand above this one.", .history = zrank_history,
     CMD_SYNTAX(rank_syntax)},
};
const struct cmd_family cmd_family_zset = {"sorted-set", zset_cmds, ARRAY_COUNT(zset_cmds)};
