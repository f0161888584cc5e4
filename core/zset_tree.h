#pragma once
/* The order of a large sorted set: items of its dict by score and then by name, each with its
 * rank. A B+tree whose inner nodes know how many items each child has: picture, invariants and
 * figures are in zset_tree.c. It borrows the items: they must stay where they are, and live
 * until they are removed. The owner of the key's slot calls. */
#include "core/dict.h"

enum { ZSET_LEAF_ITEMS = 62 };

struct zset_leaf {
    struct zset_leaf *prev, *next; /* in order, over the whole tree */
    uint32_t count;
    double scores[ZSET_LEAF_ITEMS];
    struct entry *items[ZSET_LEAF_ITEMS];
};

struct zset_tree {
    void *root; /* a leaf if levels_count is 0, else an inner node; NULL: empty */
    struct zset_leaf *first, *last;
    uint32_t count;
    uint32_t levels_count; /* of inner nodes */
    uint32_t leaves_count, inners_count;
};

/* What ranks are asked for: how many items come before this one? Of those with the same score */
enum zset_tie {
    ZSET_TIE_BELOW, /* none */
    ZSET_TIE_ABOVE, /* all */
    ZSET_TIE_NAME, /* those with a lesser name */
    ZSET_TIE_NAME_UP_TO, /* those with a lesser name or this one */
};
struct zset_bound {
    double score;
    enum zset_tie tie;
    bool any_score; /* all scores are taken for equal: ranges of names */
    struct slice name;
};

void zset_tree_init(struct zset_tree *tree);
/* It is not there yet. */
void zset_tree_insert(struct zset_tree *tree, double score, struct entry *item);
void zset_tree_append(struct zset_tree *tree, double score, struct entry *item); /* behind all */
/* It is there, with this score. */
void zset_tree_remove(struct zset_tree *tree, double score, struct entry *item);
void zset_tree_set_score(struct zset_tree *tree, double score_old, double score,
                         struct entry *item);
/* The first of the items from that rank on go, as many as lie side by side, at most count_max:
 * they come back in `removed`, which holds ZSET_LEAF_ITEMS. Returns how many. */
size_t zset_tree_remove_some(struct zset_tree *tree, size_t rank, size_t count_max,
                             struct entry **removed);
/* Frees about *budget_count nodes, whatever they point at; false: all are gone. */
bool zset_tree_free_step(struct zset_tree *tree, size_t *budget_count);

/* How many items come before the bound. O(log n). */
size_t zset_tree_rank(const struct zset_tree *tree, const struct zset_bound *bound);

/* ---- Walking ---- */
struct zset_place { /* of one item; leaf NULL: past either end */
    struct zset_leaf *leaf;
    uint32_t at;
};
struct zset_place zset_tree_at(const struct zset_tree *tree, size_t rank); /* O(log n) */

enum { ZSET_PREFETCH_ITEMS = 6 };

static inline void zset_place_next(struct zset_place *place) {
    if (++place->at >= place->leaf->count) {
        place->leaf = place->leaf->next;
        place->at = 0;
    } else if (place->at + ZSET_PREFETCH_ITEMS < place->leaf->count) {
        __builtin_prefetch(place->leaf->items[place->at + ZSET_PREFETCH_ITEMS]);
    }
}

static inline void zset_place_prev(struct zset_place *place) {
    if (place->at == 0) {
        place->leaf = place->leaf->prev;
        if (place->leaf != NULL) place->at = place->leaf->count - 1;
    } else if (--place->at >= ZSET_PREFETCH_ITEMS) {
        __builtin_prefetch(place->leaf->items[place->at - ZSET_PREFETCH_ITEMS]);
    }
}

size_t zset_tree_memory_bytes(const struct zset_tree *tree);
void zset_tree_check(const struct zset_tree *tree); /* asserts all invariants; slow */
