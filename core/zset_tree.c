/* zset_tree.c - a B+tree that counts.
 *
 *     inner        [ 31 items from (1.0, "b") | 62 from (4.5, "a") | 40 from (9.0, "x") ]
 *                         |                       |                     |
 *     leaves   <-> [ 1.0 b, 2.0 c, ... ] <-> [ 4.5 a, 4.5 d, ... ] <-> [ 9.0 x, ... ] <->
 *
 * Scores lie side by side and apart from the items: a search within a node touches three or four
 * cache lines, and no item unless scores are equal. A rank is the sum of the counts to the left
 * of the way down. A leaf is 1016 bytes, an inner node 2024: both fill their size class of the
 * allocator.
 *
 * T1  Items are in order of score, then of name (bytes, the shorter first), over all leaves;
 *     next and prev link the leaves in that order.
 * T2  An inner node knows of each child how many items are below it, and the first of them
 *     (score and item), exactly: no separator outlives its item.
 * T3  No node is empty. Two neighbours under one parent have more items (children) than fit into
 *     one, less some slack, after a removal that left one of them less than a third full.
 *
 * A full leaf first gives half of a neighbour's room what it can, and splits only between full
 * neighbours: leaves stay some 80 % full under random insertion, where splitting at once leaves
 * 69 %. At either end of the tree it does not split but starts a new leaf, so that ascending and
 * descending insertion (what loading a file does) leave full leaves behind. */
#include "core/zset_tree.h"

#include "core/mem.h"

enum {
    INNER_CHILDREN = 72,
    TREE_LEVELS_MAX = 16, /* nodes of a third: 24^7 * 20 items are more than 2^32 */
    LEAF_MIN = ZSET_LEAF_ITEMS / 3,
    INNER_MIN = INNER_CHILDREN / 3,
    MERGE_SLACK = 6, /* a merged node is not split by the next insertion */
    GIVE_ROOM_MIN = 8, /* a neighbour with less room is not worth moving things */
};

struct inner {
    uint32_t count;
    uint32_t totals[INNER_CHILDREN];
    double scores[INNER_CHILDREN]; /* of the first item below */
    struct entry *items[INNER_CHILDREN]; /* the first item below */
    void *children[INNER_CHILDREN];
};
_Static_assert(sizeof(struct zset_leaf) <= 1024, "one size class");
_Static_assert(sizeof(struct inner) <= 2048, "one size class");

/* The way from the root to a leaf. */
struct path {
    struct inner *inners[TREE_LEVELS_MAX];
    uint32_t ats[TREE_LEVELS_MAX]; /* which child */
    struct zset_leaf *leaf;
    uint32_t at; /* which item; its count: behind the last */
};

/* A child as its parent sees it. */
struct child {
    double score;
    struct entry *item;
    void *node;
    uint32_t total;
};

void zset_tree_init(struct zset_tree *tree) {
    *tree = (struct zset_tree){0};
}

/* ---- Searching ---- */

static int compare_names(struct slice a, struct slice b) {
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_name_before(const struct entry *item, const struct zset_bound *bound) {
    int order = compare_names(dict_item_name(item), bound->name);
    return bound->tie == ZSET_TIE_NAME_UP_TO ? order <= 0 : order < 0;
}

/* How many of these ascending scores are less. Without a branch that depends on them. */
static uint32_t count_less(const double *scores, uint32_t count, double score) {
    const double *at = scores;

    if (count == 0) return 0;
    while (count > 1) {
        uint32_t half = count / 2;
        at += at[half - 1] < score ? half : 0;
        count -= half;
    }
    return (uint32_t)(at - scores) + (*at < score);
}

static uint32_t count_up_to(const double *scores, uint32_t count, double score) {
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (scores[middle] <= score)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many of these come before the bound. */
static uint32_t count_before(const double *scores, struct entry *const *items, uint32_t count,
                             const struct zset_bound *bound) {
    uint32_t low = 0, high = count;

    if (SL_LIKELY(!bound->any_score)) {
        low = count_less(scores, count, bound->score);
        if (low == count || scores[low] != bound->score || bound->tie == ZSET_TIE_BELOW) return low;
        high = low + 1;
        if (high < count && scores[high] == bound->score)
            high += count_up_to(scores + high, count - high, bound->score);
        if (bound->tie == ZSET_TIE_ABOVE) return high;
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (is_name_before(items[middle], bound))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The child whose items the bound is among or behind: the last one that starts before it. */
static uint32_t child_for(const struct inner *inner, const struct zset_bound *bound) {
    return count_before(inner->scores + 1, inner->items + 1, inner->count - 1, bound);
}

static void descend(const struct zset_tree *tree, const struct zset_bound *bound,
                    struct path *path) {
    void *node = tree->root;

    for (uint32_t level = 0; level < tree->levels_count; level++) {
        struct inner *inner = node;
        uint32_t at = child_for(inner, bound);
        path->inners[level] = inner;
        path->ats[level] = at;
        node = inner->children[at];
        if (level + 1 == tree->levels_count)
            __builtin_prefetch(&((struct zset_leaf *)node)->scores[ZSET_LEAF_ITEMS / 2]);
    }
    path->leaf = node;
    path->at = count_before(path->leaf->scores, path->leaf->items, path->leaf->count, bound);
}

/* rank < count. */
static void descend_to_rank(const struct zset_tree *tree, size_t rank, struct path *path) {
    void *node = tree->root;

    SL_ASSERT(rank < tree->count);
    for (uint32_t level = 0; level < tree->levels_count; level++) {
        struct inner *inner = node;
        uint32_t at = 0;
        while (rank >= inner->totals[at]) rank -= inner->totals[at++];
        path->inners[level] = inner;
        path->ats[level] = at;
        node = inner->children[at];
    }
    path->leaf = node;
    path->at = (uint32_t)rank;
}

static void descend_to_item(const struct zset_tree *tree, double score, struct entry *item,
                            struct path *path) {
    struct zset_bound bound = {
        .score = score, .tie = ZSET_TIE_NAME_UP_TO, .name = dict_item_name(item)};

    SL_ASSERT(tree->root != NULL);
    descend(tree, &bound, path);
    SL_ASSERT(path->at > 0);
    path->at--;
    SL_ASSERT(path->leaf->items[path->at] == item);
}

size_t zset_tree_rank(const struct zset_tree *tree, const struct zset_bound *bound) {
    size_t rank = 0;
    const void *node = tree->root;

    if (node == NULL) return 0;
    for (uint32_t level = 0; level < tree->levels_count; level++) {
        const struct inner *inner = node;
        uint32_t at = child_for(inner, bound);
        for (uint32_t i = 0; i < at; i++) rank += inner->totals[i];
        node = inner->children[at];
    }
    const struct zset_leaf *leaf = node;
    return rank + count_before(leaf->scores, leaf->items, leaf->count, bound);
}

struct zset_place zset_tree_at(const struct zset_tree *tree, size_t rank) {
    struct path path;

    if (rank >= tree->count) return (struct zset_place){0};
    descend_to_rank(tree, rank, &path);
    return (struct zset_place){path.leaf, path.at};
}

/* ---- Nodes ---- */

static struct zset_leaf *leaf_new(struct zset_tree *tree, struct zset_leaf *prev,
                                  struct zset_leaf *next) {
    struct zset_leaf *leaf = mem_must(sizeof *leaf);

    leaf->prev = prev;
    leaf->next = next;
    leaf->count = 0;
    *(prev != NULL ? &prev->next : &tree->first) = leaf;
    *(next != NULL ? &next->prev : &tree->last) = leaf;
    tree->leaves_count++;
    return leaf;
}

static void leaf_free(struct zset_tree *tree, struct zset_leaf *leaf) {
    *(leaf->prev != NULL ? &leaf->prev->next : &tree->first) = leaf->next;
    *(leaf->next != NULL ? &leaf->next->prev : &tree->last) = leaf->prev;
    tree->leaves_count--;
    mem_free(leaf);
}

static void leaf_insert(struct zset_leaf *leaf, uint32_t at, double score, struct entry *item) {
    size_t behind_bytes = (leaf->count - at) * sizeof(double);

    SL_DEBUG_ASSERT(leaf->count < ZSET_LEAF_ITEMS && at <= leaf->count);
    memmove(leaf->scores + at + 1, leaf->scores + at, behind_bytes);
    memmove(leaf->items + at + 1, leaf->items + at, behind_bytes);
    leaf->scores[at] = score;
    leaf->items[at] = item;
    leaf->count++;
}

static void leaf_cut(struct zset_leaf *leaf, uint32_t at, uint32_t count) {
    size_t behind_bytes = (leaf->count - at - count) * sizeof(double);

    memmove(leaf->scores + at, leaf->scores + at + count, behind_bytes);
    memmove(leaf->items + at, leaf->items + at + count, behind_bytes);
    leaf->count -= count;
}

/* Items of `from`, `count` from `at` on, come to stand at to_at in `to`; they are not cut there. */
static void leaf_copy(struct zset_leaf *to, uint32_t to_at, const struct zset_leaf *from,
                      uint32_t at, uint32_t count) {
    size_t behind_bytes = (to->count - to_at) * sizeof(double);

    SL_DEBUG_ASSERT(to->count + count <= ZSET_LEAF_ITEMS);
    memmove(to->scores + to_at + count, to->scores + to_at, behind_bytes);
    memmove(to->items + to_at + count, to->items + to_at, behind_bytes);
    memcpy(to->scores + to_at, from->scores + at, count * sizeof(double));
    memcpy(to->items + to_at, from->items + at, count * sizeof(struct entry *));
    to->count += count;
}

static struct child leaf_as_child(struct zset_leaf *leaf) {
    return (struct child){leaf->scores[0], leaf->items[0], leaf, leaf->count};
}

static struct inner *inner_new(struct zset_tree *tree) {
    struct inner *inner = mem_must(sizeof *inner);

    inner->count = 0;
    tree->inners_count++;
    return inner;
}

static void inner_free(struct zset_tree *tree, struct inner *inner) {
    tree->inners_count--;
    mem_free(inner);
}

/* Moves the children from `at` on to `to`: a gap, or one closed. */
static void inner_shift(struct inner *inner, uint32_t at, uint32_t to) {
    size_t count = inner->count - at;

    memmove(inner->totals + to, inner->totals + at, count * sizeof inner->totals[0]);
    memmove(inner->scores + to, inner->scores + at, count * sizeof inner->scores[0]);
    memmove(inner->items + to, inner->items + at, count * sizeof inner->items[0]);
    memmove(inner->children + to, inner->children + at, count * sizeof inner->children[0]);
    inner->count = inner->count - at + to;
}

static void inner_insert(struct inner *inner, uint32_t at, const struct child *child) {
    SL_DEBUG_ASSERT(inner->count < INNER_CHILDREN && at <= inner->count);
    inner_shift(inner, at, at + 1);
    inner->totals[at] = child->total;
    inner->scores[at] = child->score;
    inner->items[at] = child->item;
    inner->children[at] = child->node;
}

/* Appends the children of `from`, from `at` on; they are not cut there. */
static void inner_append(struct inner *to, const struct inner *from, uint32_t at) {
    uint32_t count = from->count - at;

    SL_DEBUG_ASSERT(to->count + count <= INNER_CHILDREN);
    memcpy(to->totals + to->count, from->totals + at, count * sizeof to->totals[0]);
    memcpy(to->scores + to->count, from->scores + at, count * sizeof to->scores[0]);
    memcpy(to->items + to->count, from->items + at, count * sizeof to->items[0]);
    memcpy(to->children + to->count, from->children + at, count * sizeof to->children[0]);
    to->count += count;
}

static uint32_t inner_total(const struct inner *inner) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < inner->count; i++) total += inner->totals[i];
    return total;
}

static struct child inner_as_child(struct inner *inner) {
    return (struct child){inner->scores[0], inner->items[0], inner, inner_total(inner)};
}

/* The first item below the path's node under `level` is another now (T2). */
static void first_changed(struct path *path, uint32_t levels_count, double score,
                          struct entry *item) {
    for (uint32_t level = levels_count; level-- > 0;) {
        path->inners[level]->scores[path->ats[level]] = score;
        path->inners[level]->items[path->ats[level]] = item;
        if (path->ats[level] != 0) break;
    }
}

/* ---- Inserting ---- */

static bool is_last_on_level(const struct path *path, uint32_t level) {
    for (uint32_t i = 0; i < level; i++)
        if (path->ats[i] + 1 != path->inners[i]->count) return false;
    return true;
}

static void add_root(struct zset_tree *tree, struct child left, struct child right) {
    struct inner *root = inner_new(tree);

    SL_ASSERT(tree->levels_count < TREE_LEVELS_MAX);
    inner_insert(root, 0, &left);
    inner_insert(root, 1, &right);
    tree->root = root;
    tree->levels_count++;
}

/* A new node beside `old`, which is the path's under level - 1 and has changed; is_before: on
 * its left, which happens at the tree's left end alone. Splits what is full on the way up. */
static void add_child(struct zset_tree *tree, struct path *path, struct child old,
                      struct child child, bool is_before) {
    for (uint32_t level = tree->levels_count; level-- > 0;) {
        struct inner *inner = path->inners[level];
        uint32_t at = path->ats[level] + (is_before ? 0 : 1);

        inner->totals[path->ats[level]] = old.total;
        inner->scores[path->ats[level]] = old.score;
        inner->items[path->ats[level]] = old.item;
        if (inner->count < INNER_CHILDREN) {
            inner_insert(inner, at, &child);
            if (at == 0) first_changed(path, level, child.score, child.item);
            return;
        }
        struct inner *beside = inner_new(tree);
        if (is_before) {
            SL_ASSERT(at == 0);
            inner_insert(beside, 0, &child);
        } else if (at == inner->count && is_last_on_level(path, level)) {
            inner_insert(beside, 0, &child);
        } else {
            uint32_t half = INNER_CHILDREN / 2;
            inner_append(beside, inner, half);
            inner->count = half;
            if (at <= half)
                inner_insert(inner, at, &child);
            else
                inner_insert(beside, at - half, &child);
        }
        old = inner_as_child(inner);
        child = inner_as_child(beside);
    }
    if (is_before)
        add_root(tree, child, old);
    else
        add_root(tree, old, child);
}

/* A full leaf gives some of its items to a neighbour under the same parent, which has room, and
 * the new item comes into one of the two. False: neither has. */
static bool give_and_insert(struct path *path, uint32_t levels_count, double score,
                            struct entry *item) {
    if (levels_count == 0) return false;
    struct zset_leaf *leaf = path->leaf;
    struct inner *parent = path->inners[levels_count - 1];
    uint32_t at = path->ats[levels_count - 1];

    if (at + 1 < parent->count && leaf->next->count + GIVE_ROOM_MIN <= ZSET_LEAF_ITEMS) {
        struct zset_leaf *next = leaf->next;
        uint32_t count = (ZSET_LEAF_ITEMS - next->count) / 2;
        leaf_copy(next, 0, leaf, leaf->count - count, count);
        leaf->count -= count;
        if (path->at <= leaf->count)
            leaf_insert(leaf, path->at, score, item);
        else
            leaf_insert(next, path->at - leaf->count, score, item);
        parent->totals[at + 1] = next->count;
        parent->scores[at + 1] = next->scores[0];
        parent->items[at + 1] = next->items[0];
        parent->totals[at] = leaf->count;
        return true;
    }
    if (at > 0 && leaf->prev->count + GIVE_ROOM_MIN <= ZSET_LEAF_ITEMS) {
        struct zset_leaf *prev = leaf->prev;
        uint32_t count = (ZSET_LEAF_ITEMS - prev->count) / 2;
        leaf_copy(prev, prev->count, leaf, 0, count);
        leaf_cut(leaf, 0, count);
        if (path->at <= count)
            leaf_insert(prev, prev->count - count + path->at, score, item);
        else
            leaf_insert(leaf, path->at - count, score, item);
        parent->totals[at - 1] = prev->count;
        parent->scores[at] = leaf->scores[0];
        parent->items[at] = leaf->items[0];
        parent->totals[at] = leaf->count;
        return true;
    }
    return false;
}

static void split_and_insert(struct zset_tree *tree, struct path *path, double score,
                             struct entry *item) {
    struct zset_leaf *leaf = path->leaf, *beside;
    bool is_before = path->at == 0 && leaf->prev == NULL;

    if (is_before) {
        beside = leaf_new(tree, NULL, leaf);
        leaf_insert(beside, 0, score, item);
    } else {
        beside = leaf_new(tree, leaf, leaf->next);
        if (path->at == leaf->count && beside->next == NULL) {
            leaf_insert(beside, 0, score, item);
        } else {
            uint32_t half = ZSET_LEAF_ITEMS / 2;
            leaf_copy(beside, 0, leaf, half, leaf->count - half);
            leaf->count = half;
            if (path->at <= half)
                leaf_insert(leaf, path->at, score, item);
            else
                leaf_insert(beside, path->at - half, score, item);
        }
    }
    add_child(tree, path, leaf_as_child(leaf), leaf_as_child(beside), is_before);
}

static void insert_at(struct zset_tree *tree, struct path *path, double score, struct entry *item) {
    struct zset_leaf *leaf = path->leaf;

    tree->count++;
    for (uint32_t level = 0; level < tree->levels_count; level++)
        path->inners[level]->totals[path->ats[level]]++;
    if (SL_LIKELY(leaf->count < ZSET_LEAF_ITEMS)) {
        leaf_insert(leaf, path->at, score, item);
        if (path->at == 0) first_changed(path, tree->levels_count, score, item);
        return;
    }
    bool is_end = (path->at == 0 && leaf->prev == NULL) ||
                  (path->at == leaf->count && leaf->next == NULL);
    if (!is_end && give_and_insert(path, tree->levels_count, score, item)) return;
    split_and_insert(tree, path, score, item);
}

static void insert_first(struct zset_tree *tree, double score, struct entry *item) {
    struct zset_leaf *leaf = leaf_new(tree, NULL, NULL);

    leaf_insert(leaf, 0, score, item);
    tree->root = leaf;
    tree->count = 1;
}

void zset_tree_insert(struct zset_tree *tree, double score, struct entry *item) {
    struct zset_bound bound = {
        .score = score, .tie = ZSET_TIE_NAME_UP_TO, .name = dict_item_name(item)};
    struct path path;

    SL_ASSERT(score == score);
    SL_ASSERT(tree->count < UINT32_MAX);
    if (tree->root == NULL) {
        insert_first(tree, score, item);
        return;
    }
    descend(tree, &bound, &path);
    insert_at(tree, &path, score, item);
}

void zset_tree_append(struct zset_tree *tree, double score, struct entry *item) {
    struct path path;

    SL_ASSERT(tree->count < UINT32_MAX);
    if (tree->root == NULL) {
        insert_first(tree, score, item);
        return;
    }
    descend_to_rank(tree, tree->count - 1, &path);
    path.at++;
    insert_at(tree, &path, score, item);
}

/* ---- Removing ---- */

/* Two nodes of a level, the second goes into the first. Inner nodes above leaf_level, else leaves. */
static void merge_into(struct zset_tree *tree, bool are_leaves, void *left, void *right) {
    if (are_leaves) {
        struct zset_leaf *leaf = right;
        leaf_copy(left, ((struct zset_leaf *)left)->count, leaf, 0, leaf->count);
        leaf_free(tree, leaf);
    } else {
        inner_append(left, right, 0);
        inner_free(tree, right);
    }
}

static uint32_t node_count(bool is_leaf, const void *node) {
    return is_leaf ? ((const struct zset_leaf *)node)->count : ((const struct inner *)node)->count;
}

/* The child `at` of `parent` became small: it goes, or joins a neighbour. False: it stays (T3). */
static bool join_child(struct zset_tree *tree, struct inner *parent, uint32_t at, bool are_leaves) {
    uint32_t count_max = (are_leaves ? ZSET_LEAF_ITEMS : INNER_CHILDREN) - MERGE_SLACK;
    uint32_t count = node_count(are_leaves, parent->children[at]);

    if (count == 0) {
        if (are_leaves)
            leaf_free(tree, parent->children[at]);
        else
            inner_free(tree, parent->children[at]);
        inner_shift(parent, at + 1, at);
        return true;
    }
    if (count >= (are_leaves ? LEAF_MIN : INNER_MIN)) return false;
    if (at + 1 == parent->count ||
        count + node_count(are_leaves, parent->children[at + 1]) > count_max) {
        if (at == 0 || count + node_count(are_leaves, parent->children[at - 1]) > count_max)
            return false;
        at--;
    }
    merge_into(tree, are_leaves, parent->children[at], parent->children[at + 1]);
    parent->totals[at] += parent->totals[at + 1];
    inner_shift(parent, at + 2, at + 1);
    return true;
}

static void lower_root(struct zset_tree *tree) {
    while (tree->levels_count > 0) {
        struct inner *root = tree->root;
        if (root->count > 1) return;
        tree->root = root->count == 1 ? root->children[0] : NULL;
        tree->levels_count = root->count == 1 ? tree->levels_count - 1 : 0;
        inner_free(tree, root);
    }
    struct zset_leaf *leaf = tree->root;
    if (leaf == NULL || leaf->count > 0) return;
    leaf_free(tree, leaf);
    tree->root = NULL;
}

/* Takes out `count` items, all in the path's leaf, from its place on. */
static void remove_at(struct zset_tree *tree, struct path *path, uint32_t count) {
    struct zset_leaf *leaf = path->leaf;
    bool is_leaf = true;

    SL_ASSERT(count > 0 && path->at + count <= leaf->count);
    tree->count -= count;
    for (uint32_t level = 0; level < tree->levels_count; level++)
        path->inners[level]->totals[path->ats[level]] -= count;
    leaf_cut(leaf, path->at, count);
    if (path->at == 0 && leaf->count > 0)
        first_changed(path, tree->levels_count, leaf->scores[0], leaf->items[0]);
    for (uint32_t level = tree->levels_count; level-- > 0; is_leaf = false) {
        struct inner *parent = path->inners[level];
        if (!join_child(tree, parent, path->ats[level], is_leaf)) break;
        if (parent->count > 0) first_changed(path, level, parent->scores[0], parent->items[0]);
    }
    lower_root(tree);
}

void zset_tree_remove(struct zset_tree *tree, double score, struct entry *item) {
    struct path path;

    descend_to_item(tree, score, item, &path);
    remove_at(tree, &path, 1);
}

size_t zset_tree_remove_some(struct zset_tree *tree, size_t rank, size_t count_max,
                             struct entry **removed) {
    struct path path;

    SL_ASSERT(count_max > 0);
    descend_to_rank(tree, rank, &path);
    uint32_t count = path.leaf->count - path.at;
    if (count > count_max) count = (uint32_t)count_max;
    memcpy(removed, path.leaf->items + path.at, count * sizeof *removed);
    remove_at(tree, &path, count);
    return count;
}

/* Does it keep its place with this score? */
static bool stays(const struct path *path, double score, struct slice name) {
    struct zset_bound bound = {.score = score, .tie = ZSET_TIE_NAME, .name = name};
    struct zset_place place = {path->leaf, path->at};

    zset_place_prev(&place);
    if (place.leaf != NULL &&
        count_before(place.leaf->scores + place.at, place.leaf->items + place.at, 1, &bound) == 0)
        return false;
    place = (struct zset_place){path->leaf, path->at};
    zset_place_next(&place);
    return place.leaf == NULL || count_before(place.leaf->scores + place.at,
                                              place.leaf->items + place.at, 1, &bound) == 0;
}

void zset_tree_set_score(struct zset_tree *tree, double score_old, double score,
                         struct entry *item) {
    struct path path;

    SL_ASSERT(score == score);
    descend_to_item(tree, score_old, item, &path);
    if (stays(&path, score, dict_item_name(item))) {
        path.leaf->scores[path.at] = score;
        if (path.at == 0) first_changed(&path, tree->levels_count, score, item);
        return;
    }
    remove_at(tree, &path, 1);
    zset_tree_insert(tree, score, item);
}

bool zset_tree_free_step(struct zset_tree *tree, size_t *budget_count) {
    for (; tree->root != NULL && *budget_count > 0; (*budget_count)--) {
        struct inner *parent = NULL;
        void *node = tree->root;
        uint32_t level = 0;

        while (level < tree->levels_count && ((struct inner *)node)->count > 0) {
            parent = node;
            node = parent->children[parent->count - 1];
            level++;
        }
        mem_free(node);
        if (parent != NULL)
            parent->count--;
        else
            tree->root = NULL;
    }
    if (tree->root != NULL) return true;
    zset_tree_init(tree);
    return false;
}

size_t zset_tree_memory_bytes(const struct zset_tree *tree) {
    return tree->leaves_count * sizeof(struct zset_leaf) +
           tree->inners_count * sizeof(struct inner);
}

/* ---- Checking ---- */

static void check_order(double score_a, const struct entry *a, double score_b,
                        const struct entry *b) {
    SL_ASSERT(score_a <= score_b);
    if (score_a == score_b) SL_ASSERT(compare_names(dict_item_name(a), dict_item_name(b)) < 0);
}

/* Every inner node on the way to the leaf that starts at this rank. */
static void check_way(const struct zset_tree *tree, size_t rank, const struct zset_leaf *leaf) {
    struct path path;
    uint32_t total = tree->count;

    descend_to_rank(tree, rank, &path);
    SL_ASSERT(path.leaf == leaf && path.at == 0);
    for (uint32_t level = 0; level < tree->levels_count; level++) {
        const struct inner *inner = path.inners[level];
        SL_ASSERT(inner->count > 0 && inner->count <= INNER_CHILDREN);
        SL_ASSERT(inner_total(inner) == total);
        for (uint32_t i = 1; i < inner->count; i++)
            check_order(inner->scores[i - 1], inner->items[i - 1], inner->scores[i],
                        inner->items[i]);
        total = inner->totals[path.ats[level]];
    }
    SL_ASSERT(total == leaf->count);
    bool is_first = true;
    for (uint32_t level = tree->levels_count; level-- > 0 && is_first;) {
        SL_ASSERT(path.inners[level]->items[path.ats[level]] == leaf->items[0]);
        SL_ASSERT(path.inners[level]->scores[path.ats[level]] == leaf->scores[0]);
        is_first = path.ats[level] == 0;
    }
}

void zset_tree_check(const struct zset_tree *tree) {
    const struct zset_leaf *prev = NULL;
    size_t rank = 0, leaves_count = 0;

    SL_ASSERT((tree->root == NULL) == (tree->count == 0));
    SL_ASSERT(tree->root != NULL || (tree->levels_count == 0 && tree->inners_count == 0));
    SL_ASSERT(tree->levels_count == 0 || ((const struct inner *)tree->root)->count > 1);
    for (const struct zset_leaf *leaf = tree->first; leaf != NULL; leaf = leaf->next) {
        SL_ASSERT(leaf->prev == prev);
        SL_ASSERT(leaf->count > 0 && leaf->count <= ZSET_LEAF_ITEMS);
        check_way(tree, rank, leaf);
        if (prev != NULL)
            check_order(prev->scores[prev->count - 1], prev->items[prev->count - 1],
                        leaf->scores[0], leaf->items[0]);
        for (uint32_t i = 1; i < leaf->count; i++)
            check_order(leaf->scores[i - 1], leaf->items[i - 1], leaf->scores[i], leaf->items[i]);
        rank += leaf->count;
        leaves_count++;
        prev = leaf;
    }
    SL_ASSERT(tree->last == prev);
    SL_ASSERT(rank == tree->count);
    SL_ASSERT(leaves_count == tree->leaves_count);
}
