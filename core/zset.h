#pragma once
/* A sorted set: members, each with a score, in order of score and then of name. Small ones are a
 * listpack (member, score, member, score ... in order), large ones an index (core/zset_index.h); a
 * set passes from the one to the other as it grows past the rules, never back by itself.
 *
 * The handle is a value: what an entry holds, on the caller's stack. A change may move the
 * object and change the encoding: zset_keep() puts it back into the entry.
 *
 * Ranks count from 0 at the lowest. Every range (of ranks, scores, names) is a span of ranks, and
 * finding it costs O(log n); so does one member. A score is never NaN. The owner of the key's slot
 * calls. */
#include "core/dict.h"
#include "core/keyspace.h"
#include "core/listpack.h"
#include "core/zset_index.h"

struct cmd_settings;

struct zset {
    enum value_encoding encoding; /* ENCODING_LISTPACK, ENCODING_SKIPLIST */
    void *object;
};

/* Up to where a set is a listpack, and what the index of a larger one is made with. */
struct zset_rules {
    size_t listpack_entries_max, listpack_value_max;
    struct dict_origin dict_origin;
};
struct zset_rules zset_rules_of(const struct cmd_settings *settings,
                                const struct keyspace *keyspace);

/* Empty, in the form that suits so many members of up to so many bytes; 0, 0: a listpack. */
struct zset zset_new(const struct zset_rules *rules, size_t count_expected,
                     size_t member_bytes_expected);
void zset_free(struct zset *zset); /* at once */
struct zset zset_of(const struct entry *entry); /* its value must be a sorted set */
void zset_keep(struct entry *entry, const struct zset *zset); /* after a change */
/* A listpack beyond the rules becomes an index: what RDB files and DUMP payloads bring. False:
 * no memory, nothing changed. */
bool zset_try_fit(struct zset *zset, const struct zset_rules *rules);

size_t zset_count(const struct zset *zset);
bool zset_score(const struct zset *zset, struct slice member, double *score); /* is it there? */
/* Is it there? Then its rank and its score. */
bool zset_rank(const struct zset *zset, struct slice member, size_t *rank, double *score);

/* ---- Changes ---- */
/* ZADD's */
enum zset_add_flag {
    ZSET_ADD_NX = 1 << 0,
    ZSET_ADD_XX = 1 << 1,
    ZSET_ADD_GT = 1 << 2,
    ZSET_ADD_LT = 1 << 3,
    ZSET_ADD_INCR = 1 << 4, /* score is what to add to the member's */
};
enum zset_add_result {
    ZSET_NO_MEMORY, /* nothing changed */
    ZSET_NAN, /* inf - inf; nothing changed */
    ZSET_SKIPPED, /* the flags forbid it */
    ZSET_SAME, /* it had this score */
    ZSET_UPDATED,
    ZSET_ADDED,
};
/* *score: the member's own afterwards, when it is there. The member may not lie inside the set. */
enum zset_add_result zset_add(struct zset *zset, const struct zset_rules *rules,
                              struct slice member, double *score, unsigned flags);
bool zset_remove(struct zset *zset, struct slice member); /* was it there? */

/* ---- Ranges ---- */
struct zset_span {
    size_t first, count; /* within the set; count 0: none */
};
struct zset_score_range {
    double min, max;
    bool min_is_open, max_is_open;
};
enum zset_lex_bound { ZSET_LEX_LOWEST, ZSET_LEX_CLOSED, ZSET_LEX_OPEN, ZSET_LEX_HIGHEST };
struct zset_lex_range {
    enum zset_lex_bound min_bound, max_bound; /* -  [  (  + */
    struct slice min, max; /* of CLOSED and OPEN */
};
struct zset_span zset_span_of_scores(const struct zset *zset, const struct zset_score_range *range);
/* Means something only when all scores are equal, as Redis says. */
struct zset_span zset_span_of_names(const struct zset *zset, const struct zset_lex_range *range);
/* Redis' inclusive indexes, negative from the end. */
struct zset_span zset_span_of_ranks(const struct zset *zset, int64_t start, int64_t stop);
void zset_remove_span(struct zset *zset, struct zset_span span);

/* ---- Walking ---- */
struct zset_item {
    struct slice member; /* until the next step or change */
    double score;
};
struct zset_cursor {
    bool is_index, is_backward;
    size_t left_count;
    const unsigned char *listpack, *element;
    struct zset_place place;
    char scratch[LISTPACK_SCRATCH_BYTES];
};
/* The span's items from its lowest, or backward from its highest. Good until the next change. */
void zset_walk(struct zset_cursor *cursor, const struct zset *zset, struct zset_span span,
               bool is_backward);
bool zset_walk_next(struct zset_cursor *cursor, struct zset_item *item); /* false: no more */
static inline struct zset_span zset_span_all(const struct zset *zset) {
    return (struct zset_span){0, zset_count(zset)};
}

/* As keyspace_slot_scan(): ZSCAN. A listpack is given whole. */
bool zset_scan(const struct zset *zset, uint32_t *position, size_t budget_count,
               void (*each)(void *owner, const struct zset_item *item), void *owner);
