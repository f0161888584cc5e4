/* cmd_zset_scan.c - ZRANDMEMBER: some members by chance; ZSCAN: all of them, by and by. */
#include "core/cmd_families.h"
#include "core/cmd_scan_args.h"
#include "core/cmd_zset_priv.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/random_bits.h"

/* ---- ZRANDMEMBER ---- */

/* More than this is refused: the reply would not fit anywhere. */
enum { RANDOM_COUNT_MAX = 1 << 28 };
/* From this share of the set on (1 / n), unique members are chosen while walking over all of it. */
enum { RANDOM_WALK_SHARE = 3 };

static void reply_rank(struct cmd_ctx *ctx, const struct zset *zset, size_t rank,
                       bool with_scores) {
    struct zset_cursor cursor;
    struct zset_item item;

    zset_walk(&cursor, zset, (struct zset_span){rank, 1}, false);
    bool is_there = zset_walk_next(&cursor, &item);
    SL_ASSERT(is_there);
    zset_reply_item(ctx->reply, &item, with_scores);
}

/* Each member is taken with the chance that leaves the right count in the end. */
static void reply_by_walking(struct cmd_ctx *ctx, const struct zset *zset, size_t count,
                             bool with_scores, uint64_t *state) {
    size_t left_count = zset_count(zset);
    struct zset_cursor cursor;
    struct zset_item item;

    zset_walk(&cursor, zset, zset_span_all(zset), false);
    for (; count > 0 && zset_walk_next(&cursor, &item); left_count--) {
        if (random_bits_below(state, left_count) >= count) continue;
        zset_reply_item(ctx->reply, &item, with_scores);
        count--;
    }
}

/* Puts it into a table of 2^n places, where 0 is none. False: it was there. */
static bool choose(uint64_t *chosen, size_t places_mask, uint64_t rank) {
    size_t at = (size_t)(rank * 0x9e3779b97f4a7c15u >> 20) & places_mask;

    for (; chosen[at] != 0; at = (at + 1) & places_mask)
        if (chosen[at] == rank + 1) return false;
    chosen[at] = rank + 1;
    return true;
}

/* Few out of many, by Floyd's way: each round has one candidate more, and takes it if chance
 * falls on one taken before. */
static void reply_few(struct cmd_ctx *ctx, const struct zset *zset, size_t count, bool with_scores,
                      uint64_t *state) {
    size_t size = zset_count(zset), places_count = 16;

    while (places_count < 2 * count) places_count *= 2;
    uint64_t *chosen = mem_try(places_count * sizeof *chosen);
    if (chosen == NULL) {
        reply_no_memory(ctx->reply);
        return;
    }
    memset(chosen, 0, places_count * sizeof *chosen);
    zset_reply_begin(ctx->reply, count, with_scores);
    for (size_t i = size - count; i < size; i++) {
        size_t rank = random_bits_below(state, i + 1);
        if (!choose(chosen, places_count - 1, rank)) {
            rank = i;
            choose(chosen, places_count - 1, rank);
        }
        reply_rank(ctx, zset, rank, with_scores);
    }
    mem_free(chosen);
}

static void reply_random(struct cmd_ctx *ctx, const struct zset *zset, int64_t wanted,
                         bool with_scores) {
    size_t size = zset_count(zset);
    uint64_t state = ctx->random_bits;

    if (wanted >= 0) {
        size_t count = (uint64_t)wanted < size ? (size_t)wanted : size;
        if (count < size / RANDOM_WALK_SHARE && zset->encoding != ENCODING_LISTPACK) {
            reply_few(ctx, zset, count, with_scores, &state);
            return;
        }
        zset_reply_begin(ctx->reply, count, with_scores);
        reply_by_walking(ctx, zset, count, with_scores, &state);
        return;
    }
    if (-wanted > RANDOM_COUNT_MAX) {
        reply_no_memory(ctx->reply);
        return;
    }
    zset_reply_begin(ctx->reply, (size_t)-wanted, with_scores);
    for (int64_t i = wanted; i < 0; i++)
        reply_rank(ctx, zset, random_bits_below(&state, size), with_scores);
}

static void zrandmember(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    bool with_scores = ctx->args_count == 4;
    struct entry *entry;
    int64_t count = 0;

    if (ctx->args_count > 2) {
        if (!cmd_arg_int64_range(ctx, 2, -INT64_MAX, INT64_MAX, &count, NULL)) return;
        if (ctx->args_count > 4 || (with_scores && !cmd_arg_is(ctx, 3, "withscores"))) {
            reply_syntax_error(ctx->reply);
            return;
        }
        if (with_scores && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
            reply_error(ctx->reply, "value is out of range");
            return;
        }
    }
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry == NULL) {
        if (ctx->args_count > 2)
            reply_array(ctx->reply, 0);
        else
            reply_null(ctx->reply);
        return;
    }
    struct zset zset = zset_of(entry);
    if (ctx->args_count > 2) {
        reply_random(ctx, &zset, count, with_scores);
        return;
    }
    uint64_t state = ctx->random_bits;
    reply_rank(ctx, &zset, random_bits_below(&state, zset_count(&zset)), false);
}

/* ---- ZSCAN ---- */

struct zscan {
    struct scan_args args;
    struct outbuf out; /* the members: the cursor that stands before them is known after them */
    struct reply reply;
    bool is_index;
    size_t replied_count;
};

static void zscan_item(void *owner, const struct zset_item *item) {
    struct zscan *scan = owner;
    char text[NUMBER_DOUBLE_BYTES_MAX];

    if (!scan_args_match_name(&scan->args, item->member)) return;
    /* Redis prints the scores of large sets with 17 digits here, and here alone. */
    size_t len = scan->is_index ? number_print_double_17(text, item->score)
                                : number_print_double(text, item->score);
    reply_bulk(&scan->reply, item->member);
    reply_bulk(&scan->reply, slice_of(text, len));
    scan->replied_count += 2;
}

static void zscan(struct cmd_ctx *ctx) {
    struct zscan scan = {.reply = {.resp = ctx->reply->resp}};
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (!scan_cursor_parse(ctx, 2, &scan.args)) return;
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry == NULL) {
        scan_reply_empty(ctx->reply);
        return;
    }
    if (!scan_options_parse(ctx, 3, SCAN_OF_MEMBERS, &scan.args)) return;
    struct zset zset = zset_of(entry);
    scan.is_index = zset.encoding == ENCODING_SKIPLIST;
    if (scan.is_index && !scan_cursor_is_ours(&scan.args)) {
        scan_reply_empty(ctx->reply);
        return;
    }
    uint32_t position = (uint32_t)scan.args.cursor;
    outbuf_init(&scan.out);
    scan.reply.out = &scan.out;
    zset_scan(&zset, &position, (size_t)scan.args.count, zscan_item, &scan);
    scan_reply_items(ctx->reply, position, scan.replied_count, &scan.out);
}

/* ---- Rows ---- */
/* clang-format off */

#define READ_ROW .flags = CMD_READONLY, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), \
    .categories = CATEGORY_SORTEDSET, .group = "sorted-set"

static const char *const random_tips[] = {"nondeterministic_output", NULL};
static const struct cmd_arg zrandmember_options[] = {
    {.name = "count", .type = ARG_INTEGER},
    {.name = "withscores", .type = ARG_PURE_TOKEN, .token = "WITHSCORES", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg zrandmember_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "options", .type = ARG_BLOCK, .flags = ARG_OPTIONAL, .args = zrandmember_options,
     .args_count = ARRAY_COUNT(zrandmember_options)},
};
static const struct cmd_arg zscan_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "cursor", .type = ARG_INTEGER},
    {.name = "pattern", .type = ARG_PATTERN, .token = "MATCH", .flags = ARG_OPTIONAL},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};

static const struct cmd_def scan_cmds[] = {
    {.name = "zrandmember", .run = zrandmember, .arity = -2, READ_ROW, .since = "6.2.0",
     .complexity = "O(N*log(M)) where N is the count of members given and M the size of the sorted set.",
     .summary = "Gives members by chance.", .tips = random_tips, CMD_SYNTAX(zrandmember_syntax)},
    {.name = "zscan", .run = zscan, .arity = -3, READ_ROW, .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for all calls of one iteration, where N is the size of the sorted set.",
     .summary = "Walks over the members and scores of a sorted set, some with each call.", .tips = random_tips,
     CMD_SYNTAX(zscan_syntax)},
};
const struct cmd_family cmd_family_zset_scan = {"sorted-set", scan_cmds, ARRAY_COUNT(scan_cmds)};
