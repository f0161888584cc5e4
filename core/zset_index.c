/* zset_index.c - a dict and a tree over its items.
 * I1  An item of the dict is in the tree with the score that its word says, and nothing else is.
 * I2  It leaves the tree before it leaves the dict: the tree compares names. */
#include "core/zset_index.h"

#include "core/mem.h"

struct zset_index {
    struct dict *dict;
    struct zset_tree tree;
    struct dict_origin origin;
};

static uint64_t word_of_score(double score) {
    uint64_t word;
    memcpy(&word, &score, sizeof word);
    return word;
}

double zset_index_score(const struct entry *item) {
    uint64_t word = dict_item_word(item);
    double score;
    memcpy(&score, &word, sizeof score);
    return score;
}

struct zset_index *zset_index_new(struct dict_origin origin) {
    struct zset_index *index = mem_must(sizeof *index);

    *index = (struct zset_index){.dict = dict_new(origin), .origin = origin};
    zset_tree_init(&index->tree);
    return index;
}

void zset_index_free(struct zset_index *index) {
    size_t budget_count = SIZE_MAX;

    if (index == NULL) return;
    while (zset_tree_free_step(&index->tree, &budget_count)) continue;
    dict_free(index->dict);
    mem_free(index);
}

size_t zset_index_count(const struct zset_index *index) {
    return index->tree.count;
}

struct key zset_index_key(const struct zset_index *index, struct slice member) {
    return dict_key(index->dict, member);
}

struct entry *zset_index_find(const struct zset_index *index, const struct key *key) {
    return dict_find(index->dict, key);
}

void zset_index_prefetch(const struct zset_index *index, const struct key *key) {
    dict_prefetch(index->dict, key);
}

struct entry *zset_index_try_add(struct zset_index *index, const struct key *key, double score) {
    struct entry *item = dict_try_add_word(index->dict, key, word_of_score(score));

    if (item != NULL) zset_tree_insert(&index->tree, score, item);
    return item;
}

void zset_index_set_score(struct zset_index *index, struct entry *item, double score) {
    zset_tree_set_score(&index->tree, zset_index_score(item), score, item);
    dict_item_set_word(item, word_of_score(score));
}

void zset_index_remove(struct zset_index *index, const struct key *key, struct entry *item) {
    zset_tree_remove(&index->tree, zset_index_score(item), item); /* I2 */
    dict_remove(index->dict, key, item);
}

void zset_index_remove_span(struct zset_index *index, size_t first, size_t count) {
    struct entry *removed[ZSET_LEAF_ITEMS];

    SL_ASSERT(first <= index->tree.count && count <= index->tree.count - first);
    while (count > 0) {
        size_t some = zset_tree_remove_some(&index->tree, first, count, removed);
        for (size_t i = 0; i < some; i++) {
            struct key key = dict_key(index->dict, dict_item_name(removed[i]));
            dict_remove(index->dict, &key, removed[i]);
        }
        count -= some;
    }
}

const struct zset_tree *zset_index_tree(const struct zset_index *index) {
    return &index->tree;
}

bool zset_index_scan(const struct zset_index *index, uint32_t *position, size_t budget_count,
                     void (*each)(void *owner, struct entry *item), void *owner) {
    return dict_scan(index->dict, position, budget_count, each, owner);
}

struct zset_index *zset_index_try_copy(const struct zset_index *index) {
    struct zset_index *copy = zset_index_new(index->origin);

    for (struct zset_place place = zset_tree_at(&index->tree, 0); place.leaf != NULL;
         zset_place_next(&place)) {
        struct key key = dict_key(copy->dict, dict_item_name(place.leaf->items[place.at]));
        double score = place.leaf->scores[place.at];
        struct entry *item = dict_try_add_word(copy->dict, &key, word_of_score(score));
        if (item == NULL) {
            zset_index_free(copy);
            return NULL;
        }
        zset_tree_append(&copy->tree, score, item);
    }
    return copy;
}

void zset_index_check(const struct zset_index *index) {
    dict_check(index->dict);
    zset_tree_check(&index->tree);
    SL_ASSERT(dict_count(index->dict) == index->tree.count);
    for (struct zset_place place = zset_tree_at(&index->tree, 0); place.leaf != NULL;
         zset_place_next(&place)) {
        const struct entry *item = place.leaf->items[place.at];
        struct key key = dict_key(index->dict, dict_item_name(item));
        SL_ASSERT(dict_find(index->dict, &key) == item);
        SL_ASSERT(zset_index_score(item) == place.leaf->scores[place.at]);
    }
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    const struct zset_index *index = object;
    return index->tree.count;
}

static void kind_free(void *object) {
    zset_index_free(object);
}

static bool kind_free_step(void *object, size_t *budget_count) {
    struct zset_index *index = object;

    if (zset_tree_free_step(&index->tree, budget_count)) return true;
    SL_ASSERT(dict_count(index->dict) == 0); /* take_table took them */
    dict_free(index->dict);
    mem_free(index);
    if (*budget_count > 0) (*budget_count)--;
    return false;
}

static bool kind_take_table(void *object, struct table *table) {
    struct zset_index *index = object;
    return dict_object_kind.take_table(index->dict, table);
}

static void *kind_try_copy(const void *object) {
    return zset_index_try_copy(object);
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    const struct zset_index *index = object;
    return mem_usable_bytes(index) + zset_tree_memory_bytes(&index->tree) +
           dict_memory_bytes(index->dict, samples_count);
}

const struct object_kind zset_index_object_kind = {
    .weight = kind_weight,
    .free = kind_free,
    .free_step = kind_free_step,
    .take_table = kind_take_table,
    .try_copy = kind_try_copy,
    .memory_bytes = kind_memory_bytes,
};
