/* zset.c - a sorted set in either form. A listpack holds member, score, member, score ... in
 * order. A score that is an integer is stored as one (and -0 as 0), any other as the text that
 * Redis prints. */
#include "core/zset.h"

#include "core/cmd.h"
#include "core/number.h"

struct zset_rules zset_rules_of(const struct cmd_settings *settings,
                                const struct keyspace *keyspace) {
    return (struct zset_rules){.listpack_entries_max = settings->zset_max_listpack_entries,
                               .listpack_value_max = settings->zset_max_listpack_value,
                               .dict_origin = keyspace_dict_origin(keyspace)};
}

static bool is_listpack(const struct zset *zset) {
    SL_DEBUG_ASSERT(zset->encoding == ENCODING_LISTPACK || zset->encoding == ENCODING_SKIPLIST);
    return zset->encoding == ENCODING_LISTPACK;
}

struct zset zset_new(const struct zset_rules *rules, size_t count_expected,
                     size_t member_bytes_expected) {
    if (rules->listpack_entries_max == 0 || count_expected > rules->listpack_entries_max ||
        member_bytes_expected > rules->listpack_value_max)
        return (struct zset){ENCODING_SKIPLIST, zset_index_new(rules->dict_origin)};
    return (struct zset){ENCODING_LISTPACK, listpack_new(0)};
}

void zset_free(struct zset *zset) {
    object_kind_of(zset->encoding)->free(zset->object);
    zset->object = NULL;
}

struct zset zset_of(const struct entry *entry) {
    SL_ASSERT(entry_type(entry) == VALUE_ZSET);
    return (struct zset){entry_encoding(entry), entry_object(entry)};
}

void zset_keep(struct entry *entry, const struct zset *zset) {
    entry_set_object(entry, zset->encoding, zset->object);
}

size_t zset_count(const struct zset *zset) {
    if (is_listpack(zset)) return listpack_count(zset->object) / 2;
    return zset_index_count(zset->object);
}

/* ---- Listpacks ---- */

static double score_at(const unsigned char *element) {
    int64_t integer;
    struct slice text;
    double score;

    if (listpack_get_integer(element, &integer, &text)) return (double)integer;
    return number_parse_double(text, &score) ? score : 0; /* no text of ours */
}

/* Is it exactly an integer, and well within its range? */
static bool score_is_integer(double score, int64_t *integer) {
    static const double limit = (double)(INT64_MAX / 2);

    if (!(score >= -limit && score <= limit)) return false;
    *integer = (int64_t)score;
    return (double)*integer == score;
}

static unsigned char *find_element(const struct zset *zset, struct slice member) {
    unsigned char *first = listpack_first(zset->object);
    return first == NULL ? NULL : listpack_find(zset->object, first, member, 1);
}

static int compare_names(struct slice a, struct slice b) {
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_element(const unsigned char *element, struct slice name) {
    char scratch[LISTPACK_SCRATCH_BYTES];
    return compare_names(listpack_get(element, scratch), name);
}

/* Does the pair at this element come before such a member? */
static bool pair_is_before(const unsigned char *element, double pair_score, double score,
                           struct slice member) {
    if (pair_score != score) return pair_score < score;
    return compare_element(element, member) < 0;
}

/* The pair before which such a member belongs; NULL: at the end. */
static unsigned char *place_for(unsigned char *listpack, double score, struct slice member) {
    unsigned char *element = listpack_last(listpack);

    if (element == NULL || score_at(element) < score) return NULL; /* ascending insertion */
    for (element = listpack_first(listpack); element != NULL;) {
        unsigned char *score_element = listpack_next(listpack, element);
        if (!pair_is_before(element, score_at(score_element), score, member)) return element;
        element = listpack_next(listpack, score_element);
    }
    return NULL;
}

static unsigned char *insert_score(unsigned char *listpack, unsigned char *before, double score) {
    char text[NUMBER_DOUBLE_BYTES_MAX];
    int64_t integer;

    if (score_is_integer(score, &integer))
        return listpack_insert_integer(listpack, before, integer, NULL);
    return listpack_insert(listpack, before, slice_of(text, number_print_double(text, score)),
                           NULL);
}

static void insert_pair(struct zset *zset, double score, struct slice member) {
    unsigned char *listpack = zset->object;
    unsigned char *inserted;

    listpack = listpack_insert(listpack, place_for(listpack, score, member), member, &inserted);
    zset->object = insert_score(listpack, listpack_next(listpack, inserted), score);
}

static void replace_score(struct zset *zset, unsigned char *score_element, double score) {
    char text[NUMBER_DOUBLE_BYTES_MAX];
    int64_t integer;

    if (score_is_integer(score, &integer)) {
        zset->object = listpack_replace_integer(zset->object, &score_element, integer);
    } else {
        struct slice printed = slice_of(text, number_print_double(text, score));
        zset->object = listpack_replace(zset->object, &score_element, printed);
    }
}

/* Another score for the pair, which may have to move. */
static void move_pair(struct zset *zset, unsigned char *element, double score,
                      struct slice member) {
    unsigned char *listpack = zset->object;
    unsigned char *score_element = listpack_next(listpack, element);
    unsigned char *next = listpack_next(listpack, score_element);
    unsigned char *prev_score = listpack_prev(listpack, element);
    bool stays = (next == NULL ||
                  !pair_is_before(next, score_at(listpack_next(listpack, next)), score, member)) &&
                 (prev_score == NULL || pair_is_before(listpack_prev(listpack, prev_score),
                                                       score_at(prev_score), score, member));

    if (stays) {
        replace_score(zset, score_element, score);
        return;
    }
    zset->object = listpack_remove(listpack, &element, 2);
    insert_pair(zset, score, member);
}

/* False: no memory, nothing changed. */
static bool try_become_index(struct zset *zset, const struct zset_rules *rules) {
    struct zset_index *index = zset_index_new(rules->dict_origin);
    unsigned char *listpack = zset->object;
    char scratch[LISTPACK_SCRATCH_BYTES];

    for (unsigned char *element = listpack_first(listpack); element != NULL;) {
        unsigned char *score_element = listpack_next(listpack, element);
        struct key key = zset_index_key(index, listpack_get(element, scratch));
        if (zset_index_try_add(index, &key, score_at(score_element)) == NULL) {
            zset_index_free(index);
            return false;
        }
        element = listpack_next(listpack, score_element);
    }
    listpack_free(listpack);
    *zset = (struct zset){ENCODING_SKIPLIST, index};
    return true;
}

bool zset_try_fit(struct zset *zset, const struct zset_rules *rules) {
    unsigned char *listpack = zset->object;
    bool fits = true;

    if (!is_listpack(zset)) return true;
    if (zset_count(zset) > rules->listpack_entries_max) return try_become_index(zset, rules);
    for (unsigned char *element = listpack_first(listpack); element != NULL && fits;) {
        char scratch[LISTPACK_SCRATCH_BYTES];
        fits = listpack_get(element, scratch).len <= rules->listpack_value_max;
        element = listpack_next(listpack, listpack_next(listpack, element));
    }
    return fits || try_become_index(zset, rules);
}

/* ---- One member ---- */

bool zset_score(const struct zset *zset, struct slice member, double *score) {
    if (is_listpack(zset)) {
        unsigned char *element = find_element(zset, member);
        if (element == NULL) return false;
        *score = score_at(listpack_next(zset->object, element));
        return true;
    }
    struct key key = zset_index_key(zset->object, member);
    struct entry *item = zset_index_find(zset->object, &key);
    if (item == NULL) return false;
    *score = zset_index_score(item);
    return true;
}

bool zset_rank(const struct zset *zset, struct slice member, size_t *rank, double *score) {
    if (!zset_score(zset, member, score)) return false;
    if (is_listpack(zset)) {
        unsigned char *listpack = zset->object;
        unsigned char *element = listpack_first(listpack);
        for (*rank = 0; !listpack_equals(element, member); (*rank)++)
            element = listpack_next(listpack, listpack_next(listpack, element));
        return true;
    }
    struct zset_bound bound = {.score = *score, .tie = ZSET_TIE_NAME, .name = member};
    *rank = zset_tree_rank(zset_index_tree(zset->object), &bound);
    return true;
}

/* What the flags make of a member that is there: ZSET_UPDATED: *score is to be stored. */
static enum zset_add_result judge(double score_old, double *score, unsigned flags) {
    double wanted = *score;

    if (flags & ZSET_ADD_NX) {
        *score = score_old;
        return ZSET_SKIPPED;
    }
    if (flags & ZSET_ADD_INCR) {
        wanted += score_old;
        if (wanted != wanted) return ZSET_NAN;
    }
    if (((flags & ZSET_ADD_LT) && wanted >= score_old) ||
        ((flags & ZSET_ADD_GT) && wanted <= score_old)) {
        *score = score_old;
        return ZSET_SKIPPED;
    }
    *score = wanted;
    return wanted != score_old ? ZSET_UPDATED : ZSET_SAME;
}

static enum zset_add_result add_to_index(struct zset *zset, struct slice member, double *score,
                                         unsigned flags) {
    struct key key = zset_index_key(zset->object, member);
    struct entry *item = zset_index_find(zset->object, &key);

    if (item == NULL) {
        if (flags & ZSET_ADD_XX) return ZSET_SKIPPED;
        item = zset_index_try_add(zset->object, &key, *score);
        return item == NULL ? ZSET_NO_MEMORY : ZSET_ADDED;
    }
    enum zset_add_result result = judge(zset_index_score(item), score, flags);
    if (result == ZSET_UPDATED) zset_index_set_score(zset->object, item, *score);
    return result;
}

enum zset_add_result zset_add(struct zset *zset, const struct zset_rules *rules,
                              struct slice member, double *score, unsigned flags) {
    SL_ASSERT(*score == *score);
    if (!is_listpack(zset)) return add_to_index(zset, member, score, flags);

    unsigned char *element = find_element(zset, member);
    if (element != NULL) {
        double score_old = score_at(listpack_next(zset->object, element));
        enum zset_add_result result = judge(score_old, score, flags);
        if (result == ZSET_UPDATED) move_pair(zset, element, *score, member);
        return result;
    }
    if (flags & ZSET_ADD_XX) return ZSET_SKIPPED;
    if (zset_count(zset) + 1 > rules->listpack_entries_max ||
        member.len > rules->listpack_value_max ||
        listpack_bytes(zset->object) + member.len > LISTPACK_BYTES_MAX) {
        if (!try_become_index(zset, rules)) return ZSET_NO_MEMORY;
        return add_to_index(zset, member, score, flags);
    }
    insert_pair(zset, *score, member);
    return ZSET_ADDED;
}

bool zset_remove(struct zset *zset, struct slice member) {
    if (is_listpack(zset)) {
        unsigned char *element = find_element(zset, member);
        if (element == NULL) return false;
        zset->object = listpack_remove(zset->object, &element, 2);
        return true;
    }
    struct key key = zset_index_key(zset->object, member);
    struct entry *item = zset_index_find(zset->object, &key);
    if (item == NULL) return false;
    zset_index_remove(zset->object, &key, item);
    return true;
}

/* ---- Ranges ---- */

static bool is_before_min(double score, const struct zset_score_range *range) {
    return range->min_is_open ? score <= range->min : score < range->min;
}

static bool is_behind_max(double score, const struct zset_score_range *range) {
    return range->max_is_open ? score >= range->max : score > range->max;
}

static struct zset_span span_between(size_t first, size_t end) {
    return end > first ? (struct zset_span){first, end - first} : (struct zset_span){0, 0};
}

struct zset_span zset_span_of_scores(const struct zset *zset,
                                     const struct zset_score_range *range) {
    if (!is_listpack(zset)) {
        const struct zset_tree *tree = zset_index_tree(zset->object);
        struct zset_bound min = {.score = range->min,
                                 .tie = range->min_is_open ? ZSET_TIE_ABOVE : ZSET_TIE_BELOW};
        struct zset_bound max = {.score = range->max,
                                 .tie = range->max_is_open ? ZSET_TIE_BELOW : ZSET_TIE_ABOVE};
        return span_between(zset_tree_rank(tree, &min), zset_tree_rank(tree, &max));
    }
    size_t first = 0, end = 0;
    unsigned char *listpack = zset->object;
    for (unsigned char *element = listpack_first(listpack); element != NULL; end++) {
        unsigned char *score_element = listpack_next(listpack, element);
        double score = score_at(score_element);
        if (is_behind_max(score, range)) break;
        if (is_before_min(score, range)) first = end + 1;
        element = listpack_next(listpack, score_element);
    }
    return span_between(first, end);
}

static bool name_is_before_min(int order, enum zset_lex_bound bound) {
    return bound == ZSET_LEX_CLOSED ? order < 0 : order <= 0;
}

static size_t names_before(const struct zset *zset, enum zset_lex_bound bound, struct slice name,
                           bool is_min) {
    struct zset_bound tree_bound = {.any_score = true, .name = name};

    if (bound == ZSET_LEX_LOWEST) return 0;
    if (bound == ZSET_LEX_HIGHEST) return zset_index_count(zset->object);
    tree_bound.tie = (bound == ZSET_LEX_OPEN) == is_min ? ZSET_TIE_NAME_UP_TO : ZSET_TIE_NAME;
    return zset_tree_rank(zset_index_tree(zset->object), &tree_bound);
}

struct zset_span zset_span_of_names(const struct zset *zset, const struct zset_lex_range *range) {
    if (range->min_bound == ZSET_LEX_HIGHEST || range->max_bound == ZSET_LEX_LOWEST)
        return (struct zset_span){0, 0};
    if (!is_listpack(zset))
        return span_between(names_before(zset, range->min_bound, range->min, true),
                            names_before(zset, range->max_bound, range->max, false));
    size_t first = 0, end = 0;
    unsigned char *listpack = zset->object;
    bool is_within = range->min_bound == ZSET_LEX_LOWEST;
    for (unsigned char *element = listpack_first(listpack); element != NULL; end++) {
        if (!is_within) {
            is_within = !name_is_before_min(compare_element(element, range->min), range->min_bound);
            if (!is_within) first = end + 1;
        }
        if (is_within && range->max_bound != ZSET_LEX_HIGHEST) {
            int order = compare_element(element, range->max);
            if (range->max_bound == ZSET_LEX_OPEN ? order >= 0 : order > 0) break;
        }
        element = listpack_next(listpack, listpack_next(listpack, element));
    }
    return span_between(first, end);
}

struct zset_span zset_span_of_ranks(const struct zset *zset, int64_t start, int64_t stop) {
    int64_t count = (int64_t)zset_count(zset);

    if (start < 0) start += count;
    if (stop < 0) stop += count;
    if (start < 0) start = 0;
    if (stop >= count) stop = count - 1;
    if (start > stop || start >= count) return (struct zset_span){0, 0};
    return (struct zset_span){(size_t)start, (size_t)(stop - start) + 1};
}

void zset_remove_span(struct zset *zset, struct zset_span span) {
    if (span.count == 0) return;
    if (is_listpack(zset)) {
        zset->object = listpack_remove_range(zset->object, (int64_t)span.first * 2, span.count * 2);
    } else {
        zset_index_remove_span(zset->object, span.first, span.count);
    }
}

/* ---- Walking ---- */

void zset_walk(struct zset_cursor *cursor, const struct zset *zset, struct zset_span span,
               bool is_backward) {
    size_t start = is_backward ? span.first + span.count - 1 : span.first;

    cursor->is_index = !is_listpack(zset);
    cursor->is_backward = is_backward;
    cursor->left_count = span.count;
    if (span.count == 0) return;
    if (!cursor->is_index) {
        cursor->listpack = zset->object;
        cursor->element = listpack_at(cursor->listpack, (int64_t)start * 2);
        return;
    }
    const struct zset_tree *tree = zset_index_tree(zset->object);
    if (start == 0)
        cursor->place = (struct zset_place){tree->first, 0};
    else if (start + 1 == tree->count)
        cursor->place = (struct zset_place){tree->last, tree->last->count - 1};
    else
        cursor->place = zset_tree_at(tree, start);
}

bool zset_walk_next(struct zset_cursor *cursor, struct zset_item *item) {
    if (cursor->left_count == 0) return false;
    cursor->left_count--;
    if (cursor->is_index) {
        struct zset_place *place = &cursor->place;
        item->member = dict_item_name(place->leaf->items[place->at]);
        item->score = place->leaf->scores[place->at];
        if (cursor->is_backward)
            zset_place_prev(place);
        else
            zset_place_next(place);
        return true;
    }
    const unsigned char *score_element = listpack_next(cursor->listpack, cursor->element);
    item->member = listpack_get(cursor->element, cursor->scratch);
    item->score = score_at(score_element);
    if (!cursor->is_backward) {
        cursor->element = listpack_next(cursor->listpack, score_element);
    } else if (cursor->left_count > 0) {
        score_element = listpack_prev(cursor->listpack, cursor->element);
        cursor->element = listpack_prev(cursor->listpack, score_element);
    }
    return true;
}

struct scan {
    void (*each)(void *owner, const struct zset_item *item);
    void *owner;
};

static void scan_each(void *owner, struct entry *dict_item) {
    struct scan *scan = owner;
    struct zset_item item = {dict_item_name(dict_item), zset_index_score(dict_item)};
    scan->each(scan->owner, &item);
}

bool zset_scan(const struct zset *zset, uint32_t *position, size_t budget_count,
               void (*each)(void *owner, const struct zset_item *item), void *owner) {
    struct scan scan = {each, owner};
    struct zset_cursor cursor;
    struct zset_item item;

    if (!is_listpack(zset))
        return zset_index_scan(zset->object, position, budget_count, scan_each, &scan);
    zset_walk(&cursor, zset, zset_span_all(zset), false);
    while (zset_walk_next(&cursor, &item)) each(owner, &item);
    *position = 0;
    return false;
}
