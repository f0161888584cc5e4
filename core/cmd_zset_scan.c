/* cmd_zset_scan.c - ZRANDMEMBER: some members by chance; ZSCAN: all of them, by and by. */
#include "core/cmd_families.h"
#include "core/cmd_scan_args.h"
#include "core/cmd_zset_priv.h"
#include "core/mem.h"
#include "core/number.h"

/* ---- ZRANDMEMBER ---- */

/* More than this is refused: the reply would not fit anywhere. */
enum { RANDOM_COUNT_MAX = 1 << 28 };
/* From this share of the set on (1 / n), unique members are chosen while walking over all of it. */
enum { RANDOM_WALK_SHARE = 3 };

static size_t random_below(uint64_t *state, size_t end) {
    return (size_t)(((unsigned __int128)zset_random_next(state) * end) >> 64);
}

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
        if (random_below(state, left_count) >= count) continue;
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

/* Few out of many, by Floyd's way: each round has one candidate more, and takes it if chance falls on
 * one taken before. */
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
        size_t rank = random_below(state, i + 1);
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
        reply_rank(ctx, zset, random_below(&state, size), with_scores);
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
    reply_rank(ctx, &zset, random_below(&state, zset_count(&zset)), false);
}

/* ---- ZSCAN ---- */

struct scan_reply {
    struct reply *reply;
    const struct scan_args *scan;
    bool is_index;
    size_t count; /* of elements in the reply */
};

static void scan_each(void *owner, const struct zset_item *item) {
    struct scan_reply *scan = owner;
    char text[NUMBER_DOUBLE_BYTES_MAX];

    if (!scan_args_match_name(scan->scan, item->member)) return;
    /* Redis prints the scores of large sets with 17 digits here, and here alone. */
    size_t len = scan->is_index ? number_print_double_17(text, item->score)
                                : number_print_double(text, item->score);
    reply_bulk(scan->reply, item->member);
    reply_bulk(scan->reply, slice_of(text, len));
    scan->count += 2;
}

static void zscan(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct scan_args args;
    struct entry *entry;
    char text[NUMBER_INT64_BYTES_MAX];

    if (!scan_cursor_parse(ctx, 2, &args)) return;
    if (!cmd_find_read_as(ctx, &key, VALUE_ZSET, &entry)) return;
    if (entry == NULL) {
        scan_reply_empty(ctx->reply);
        return;
    }
    if (!scan_options_parse(ctx, 3, SCAN_OF_MEMBERS, &args)) return;

    struct zset zset = zset_of(entry);
    struct scan_reply scan = {.reply = ctx->reply,
                              .scan = &args,
                              .is_index = zset.encoding == ENCODING_SKIPLIST};
    uint32_t position = (uint32_t)args.cursor;
    reply_array(ctx->reply, 2);
    struct reply_deferred cursor = reply_defer(ctx->reply);
    (void)cursor;
    (void)text;
    (void)position;
    (void)scan;
}
