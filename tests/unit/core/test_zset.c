/* Sorted sets against a plain sorted array: both forms, every way to change them, ranks and
 * ranges; and what the index of a large one is to the keyspace: freed in slices, copied. */
#include "core/zset.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

enum { MODEL_MAX = 20000, NAME_BYTES = 32 };

struct model_pair {
    double score;
    char name[NAME_BYTES];
};
struct model {
    struct model_pair *pairs; /* in order */
    size_t count;
};

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static const struct zset_rules SMALL = {
    .listpack_entries_max = 128, .listpack_value_max = 64, .dict_origin = {.hash_seed = 7}};
static const struct zset_rules INDEX_ONLY = {.dict_origin = {.hash_seed = 7}};

static int model_compare(const struct model_pair *a, double score, const char *name) {
    if (a->score != score) return a->score < score ? -1 : 1;
    return strcmp(a->name, name);
}

static size_t model_place(const struct model *model, double score, const char *name) {
    size_t low = 0, high = model->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (model_compare(&model->pairs[middle], score, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void model_cut(struct model *model, size_t at, size_t count) {
    memmove(model->pairs + at, model->pairs + at + count,
            (model->count - at - count) * sizeof *model->pairs);
    model->count -= count;
}

static void model_insert(struct model *model, double score, const char *name) {
    size_t at = model_place(model, score, name);
    cr_assert(model->count < MODEL_MAX);
    memmove(model->pairs + at + 1, model->pairs + at, (model->count - at) * sizeof *model->pairs);
    model->pairs[at].score = score;
    strcpy(model->pairs[at].name, name);
    model->count++;
}

static void check_zset(const struct zset *zset) {
    if (zset->encoding == ENCODING_SKIPLIST)
        zset_index_check(zset->object);
    else
        cr_assert(listpack_is_valid(zset->object, listpack_bytes(zset->object)));
}

static void check_walk(const struct zset *zset, const struct model *model, struct zset_span span,
                       bool is_backward) {
    struct zset_cursor cursor;
    struct zset_item item;
    size_t seen = 0;

    zset_walk(&cursor, zset, span, is_backward);
    while (zset_walk_next(&cursor, &item)) {
        size_t at = is_backward ? span.first + span.count - 1 - seen : span.first + seen;
        cr_assert(slice_equal(item.member, slice_from_cstr(model->pairs[at].name)));
        cr_assert(item.score == model->pairs[at].score);
        seen++;
    }
    cr_assert(seen == span.count);
}

static void check_all(const struct zset *zset, const struct model *model) {
    check_zset(zset);
    cr_assert(zset_count(zset) == model->count);
    check_walk(zset, model, zset_span_all(zset), false);
    check_walk(zset, model, zset_span_all(zset), true);
}

static void check_ranks(const struct zset *zset, const struct model *model, uint64_t *state) {
    for (int i = 0; i < 20 && model->count > 0; i++) {
        size_t rank, at = random_next(state) % model->count;
        double score;
        cr_assert(zset_rank(zset, slice_from_cstr(model->pairs[at].name), &rank, &score));
        cr_assert(rank == at && score == model->pairs[at].score);
    }
    for (int i = 0; i < 20; i++) {
        struct zset_score_range range = {.min_is_open = random_next(state) & 1,
                                         .max_is_open = random_next(state) & 1};
        size_t first = 0, end = 0;
        range.min = (double)(random_next(state) % 60) - 15;
        range.max = (double)(random_next(state) % 60) - 15;
        if (random_next(state) % 10 == 0) range.min = -INFINITY;
        if (random_next(state) % 10 == 0) range.max = INFINITY;
        while (first < model->count && (range.min_is_open ? model->pairs[first].score <= range.min
                                                          : model->pairs[first].score < range.min))
            first++;
        while (end < model->count && (range.max_is_open ? model->pairs[end].score < range.max
                                                        : model->pairs[end].score <= range.max))
            end++;
        struct zset_span span = zset_span_of_scores(zset, &range);
        cr_assert(span.count == (end > first ? end - first : 0));
        cr_assert(span.count == 0 || span.first == first);
        if (i < 3) check_walk(zset, model, span, i & 1);
    }
}

static double random_score(uint64_t *state, unsigned scores_count) {
    static const double odd[] = {INFINITY, -INFINITY, 0.5, -0.25, 1e300, 1e-300, 3.1, 0};
    uint64_t bits = random_next(state);
    if (scores_count == 0) return (double)(int64_t)bits * 1e-3; /* hardly two the same */
    if (bits % 37 == 0) return odd[bits / 37 % ARRAY_COUNT(odd)];
    return (double)(bits / 64 % scores_count) - 10;
}

static void one_operation(struct zset *zset, struct model *model, const struct zset_rules *rules,
                          uint64_t *state, unsigned names_count, unsigned scores_count,
                          unsigned removals_of_10) {
    char name[NAME_BYTES];
    double score, score_old, wanted;

    sprintf(name, random_next(state) % 2 ? "%u" : "m%u",
            (unsigned)(random_next(state) % names_count));
    struct slice member = slice_from_cstr(name);
    bool is_there = zset_score(zset, member, &score_old);
    size_t at = is_there ? model_place(model, score_old, name) : 0;
    if (is_there) cr_assert(model_compare(&model->pairs[at], score_old, name) == 0);
    if (random_next(state) % 10 < removals_of_10) {
        cr_assert(zset_remove(zset, member) == is_there);
        if (is_there) model_cut(model, at, 1);
        return;
    }
    static const unsigned flags_some[] = {0,
                                          0,
                                          0,
                                          0,
                                          ZSET_ADD_NX,
                                          ZSET_ADD_XX,
                                          ZSET_ADD_GT,
                                          ZSET_ADD_LT | ZSET_ADD_XX,
                                          ZSET_ADD_INCR};
    unsigned flags = flags_some[random_next(state) % ARRAY_COUNT(flags_some)];
    wanted = score = random_score(state, scores_count);
    if (is_there && flags == ZSET_ADD_INCR) wanted += score_old;
    enum zset_add_result result = zset_add(zset, rules, member, &score, flags);
    if (!is_there) {
        cr_assert(result == ((flags & ZSET_ADD_XX) ? ZSET_SKIPPED : ZSET_ADDED));
        if (result == ZSET_ADDED) model_insert(model, wanted, name);
    } else if (isnan(wanted)) {
        cr_assert(result == ZSET_NAN);
    } else if ((flags & ZSET_ADD_NX) || ((flags & ZSET_ADD_GT) && wanted <= score_old) ||
               ((flags & ZSET_ADD_LT) && wanted >= score_old)) {
        cr_assert(result == ZSET_SKIPPED && score == score_old);
    } else {
        cr_assert(result == (wanted == score_old ? ZSET_SAME : ZSET_UPDATED));
        cr_assert(score == wanted);
        model_cut(model, at, 1);
        model_insert(model, wanted, name);
    }
}

static void campaign(const struct zset_rules *rules, uint64_t seed, size_t operations_count,
                     unsigned names_count, unsigned scores_count) {
    struct model model = {.pairs = malloc(MODEL_MAX * sizeof(struct model_pair))};
    struct zset zset = zset_new(rules, 0, 0);
    uint64_t state = seed;

    fprintf(stderr, "seed %llu names %u scores %u\n", (unsigned long long)seed, names_count,
            scores_count);
    for (size_t i = 0; i < operations_count; i++) {
        unsigned removals_of_10 = i / 3000 % 3 == 2 ? 8 : 2; /* it shrinks at times */
        one_operation(&zset, &model, rules, &state, names_count, scores_count, removals_of_10);
        if (random_next(&state) % 400 == 0 && model.count > 0) {
            size_t first = random_next(&state) % model.count;
            size_t count = random_next(&state) % (model.count - first + 1);
            if (random_next(&state) % 4 != 0) count = count < 90 ? count : 90;
            zset_remove_span(&zset, (struct zset_span){first, count});
            model_cut(&model, first, count);
            check_all(&zset, &model);
        }
        if (i % 701 == 0) {
            check_all(&zset, &model);
            check_ranks(&zset, &model, &state);
        }
    }
    check_all(&zset, &model);
    zset_remove_span(&zset, zset_span_all(&zset));
    cr_assert(zset_count(&zset) == 0);
    check_zset(&zset);
    zset_free(&zset);
    free(model.pairs);
}

Test(zset, small_ones_agree_with_a_sorted_array) {
    for (uint64_t seed = 1; seed <= 6; seed++) campaign(&SMALL, seed, 4000, 70, seed % 2 ? 5 : 0);
}

Test(zset, those_that_outgrow_the_listpack_agree_with_a_sorted_array) {
    for (uint64_t seed = 10; seed <= 14; seed++) campaign(&SMALL, seed, 3000, 200, 30);
}

Test(zset, an_index_of_any_size_agrees_with_a_sorted_array) {
    campaign(&INDEX_ONLY, 20, 6000, 100, 30);
    campaign(&INDEX_ONLY, 21, 30000, 3000, 40);
    campaign(&INDEX_ONLY, 22, 30000, 3000, 0);
    campaign(&INDEX_ONLY, 23, 60000, 20000, 1);
    campaign(&INDEX_ONLY, 24, 60000, 20000, 0);
}

static struct zset ordered_zset(size_t count, int step) {
    struct zset zset = zset_new(&INDEX_ONLY, 0, 0);
    for (size_t i = 0; i < count; i++) {
        char name[NAME_BYTES];
        double score = (double)i * step;
        sprintf(name, "%zu", i);
        cr_assert(zset_add(&zset, &INDEX_ONLY, slice_from_cstr(name), &score, 0) == ZSET_ADDED);
    }
    return zset;
}

Test(zset, ascending_and_descending_insertion_leave_full_leaves) {
    for (int step = -1; step <= 1; step += 2) {
        struct zset zset = ordered_zset(30000, step);
        const struct zset_tree *tree = zset_index_tree(zset.object);
        check_zset(&zset);
        cr_assert(tree->leaves_count <= 30000 / ZSET_LEAF_ITEMS + 1);
        cr_assert(tree->inners_count <= tree->leaves_count / 72 + 3);
        zset_free(&zset);
    }
}

Test(zset, random_insertion_leaves_leaves_three_quarters_full) {
    struct zset zset = zset_new(&INDEX_ONLY, 0, 0);
    uint64_t state = 5;
    for (size_t i = 0; i < 30000; i++) {
        char name[NAME_BYTES];
        double score = (double)random_next(&state);
        sprintf(name, "%zu", i);
        zset_add(&zset, &INDEX_ONLY, slice_from_cstr(name), &score, 0);
    }
    cr_assert(zset_index_tree(zset.object)->leaves_count < 30000 / (ZSET_LEAF_ITEMS * 3 / 4));
    zset_free(&zset);
}

Test(zset, draining_from_either_end_or_the_middle_leaves_nothing) {
    for (unsigned way = 0; way < 3; way++) {
        struct zset zset = ordered_zset(10000, 1);
        for (size_t left = 10000; left > 0; left--) {
            size_t rank = way == 0 ? 0 : way == 1 ? left - 1 : left / 2;
            zset_remove_span(&zset, (struct zset_span){rank, 1});
            if (left % 487 == 0) check_zset(&zset);
        }
        const struct zset_tree *tree = zset_index_tree(zset.object);
        cr_assert(tree->root == NULL && tree->leaves_count == 0 && tree->inners_count == 0);
        zset_free(&zset);
    }
}

Test(zset, ranges_of_names_end_where_they_say) {
    for (unsigned form = 0; form < 2; form++) {
        const struct zset_rules *rules = form == 0 ? &SMALL : &INDEX_ONLY;
        struct zset zset = zset_new(rules, 0, 0);
        static const char *const names[] = {"", "a", "aa", "b", "c"};
        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
            double score = 3;
            zset_add(&zset, rules, slice_from_cstr(names[i]), &score, 0);
        }
        struct slice a = SLICE_LITERAL("a"), b = SLICE_LITERAL("b");
        static const struct {
            enum zset_lex_bound min, max;
            size_t first, count;
        } cases[] = {
            {ZSET_LEX_LOWEST, ZSET_LEX_HIGHEST, 0, 5}, {ZSET_LEX_CLOSED, ZSET_LEX_CLOSED, 1, 3},
            {ZSET_LEX_OPEN, ZSET_LEX_OPEN, 2, 1},      {ZSET_LEX_OPEN, ZSET_LEX_CLOSED, 2, 2},
            {ZSET_LEX_CLOSED, ZSET_LEX_OPEN, 1, 2},    {ZSET_LEX_LOWEST, ZSET_LEX_OPEN, 0, 3},
            {ZSET_LEX_OPEN, ZSET_LEX_HIGHEST, 2, 3},   {ZSET_LEX_HIGHEST, ZSET_LEX_HIGHEST, 0, 0},
            {ZSET_LEX_LOWEST, ZSET_LEX_LOWEST, 0, 0},  {ZSET_LEX_HIGHEST, ZSET_LEX_LOWEST, 0, 0},
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
            struct zset_lex_range range = {cases[i].min, cases[i].max, a, b};
            struct zset_span span = zset_span_of_names(&zset, &range);
            cr_assert(span.first == cases[i].first && span.count == cases[i].count, "case %zu", i);
        }
        struct zset_lex_range backward = {ZSET_LEX_CLOSED, ZSET_LEX_CLOSED, b, a};
        cr_assert(zset_span_of_names(&zset, &backward).count == 0);
        zset_free(&zset);
    }
}

Test(zset, a_negative_zero_is_a_zero) {
    for (unsigned form = 0; form < 2; form++) {
        const struct zset_rules *rules = form == 0 ? &SMALL : &INDEX_ONLY;
        struct zset zset = zset_new(rules, 0, 0);
        double score = -0.0;
        cr_assert(zset_add(&zset, rules, SLICE_LITERAL("b"), &score, 0) == ZSET_ADDED);
        score = 0;
        cr_assert(zset_add(&zset, rules, SLICE_LITERAL("a"), &score, 0) == ZSET_ADDED);
        score = 0;
        cr_assert(zset_add(&zset, rules, SLICE_LITERAL("b"), &score, 0) == ZSET_SAME);
        size_t rank;
        cr_assert(zset_rank(&zset, SLICE_LITERAL("b"), &rank, &score) && rank == 1);
        zset_free(&zset);
    }
}

Test(zset, a_listpack_passes_into_an_index_at_either_threshold) {
    struct zset_rules rules = {.listpack_entries_max = 3, .listpack_value_max = 4};
    struct zset zset = zset_new(&rules, 3, 4);
    static const char *const names[] = {"a", "b", "c", "d"};
    double score = 1;

    for (size_t i = 0; i < 4; i++) {
        zset_add(&zset, &rules, slice_from_cstr(names[i]), &score, 0);
        cr_assert(zset.encoding == (i < 3 ? ENCODING_LISTPACK : ENCODING_SKIPLIST));
    }
    zset_free(&zset);
    zset = zset_new(&rules, 0, 0);
    zset_add(&zset, &rules, SLICE_LITERAL("1234"), &score, 0);
    cr_assert(zset.encoding == ENCODING_LISTPACK);
    zset_add(&zset, &rules, SLICE_LITERAL("12345"), &score, 0);
    cr_assert(zset.encoding == ENCODING_SKIPLIST && zset_count(&zset) == 2);
    zset_free(&zset);
    cr_assert(zset_new(&rules, 4, 0).encoding == ENCODING_SKIPLIST);
    cr_assert(zset_new(&rules, 0, 5).encoding == ENCODING_SKIPLIST);
}

Test(zset, what_a_file_brought_is_made_to_fit) {
    struct zset zset = zset_new(&SMALL, 0, 0);
    struct zset_rules narrow = {.listpack_entries_max = 2, .listpack_value_max = 64};
    struct zset_rules shorter = {.listpack_entries_max = 128, .listpack_value_max = 2};
    static const char *const names[] = {"a", "bbb", "c"};
    for (size_t i = 0; i < 3; i++) {
        double score = (double)i + 0.5;
        zset_add(&zset, &SMALL, slice_from_cstr(names[i]), &score, 0);
    }
    cr_assert(zset_try_fit(&zset, &SMALL) && zset.encoding == ENCODING_LISTPACK);
    struct zset copy = {ENCODING_LISTPACK, listpack_try_copy(zset.object)};
    cr_assert(zset_try_fit(&zset, &narrow) && zset.encoding == ENCODING_SKIPLIST);
    cr_assert(zset_try_fit(&copy, &shorter) && copy.encoding == ENCODING_SKIPLIST);
    cr_assert(zset_count(&zset) == 3 && zset_count(&copy) == 3);
    zset_free(&zset);
    zset_free(&copy);
}

Test(zset, a_copy_is_equal_and_apart) {
    struct zset zset = ordered_zset(5000, 1);
    struct zset_index *copy = zset_index_object_kind.try_copy(zset.object);
    struct zset copied = {ENCODING_SKIPLIST, copy};
    struct zset_cursor cursor, cursor_copy;
    struct zset_item item, item_copy;

    check_zset(&copied);
    zset_walk(&cursor, &zset, zset_span_all(&zset), false);
    zset_walk(&cursor_copy, &copied, zset_span_all(&copied), false);
    while (zset_walk_next(&cursor, &item)) {
        cr_assert(zset_walk_next(&cursor_copy, &item_copy));
        cr_assert(slice_equal(item.member, item_copy.member) && item.score == item_copy.score);
    }
    zset_remove(&copied, SLICE_LITERAL("17"));
    cr_assert(zset_count(&zset) == 5000 && zset_count(&copied) == 4999);
    cr_assert(zset_index_object_kind.memory_bytes(zset.object, 5) > 5000 * 40);
    zset_free(&zset);
    zset_free(&copied);
}

Test(zset, an_index_is_freed_in_slices) {
    struct zset zset = ordered_zset(20000, 1);
    struct store *store = store_new(1, 7, 1000);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    struct key key = key_make(store, SLICE_LITERAL("z"));
    struct entry *entry = keyspace_put_object(keyspace, 0, &key, NULL, VALUE_ZSET, zset.encoding,
                                              zset.object, EXPIRE_NONE, 0);
    cr_assert(zset_count(&(struct zset){entry_encoding(entry), entry_object(entry)}) == 20000);
    keyspace_delete(keyspace, 0, &key, entry);
    size_t steps = 0;
    while (keyspace_garbage_step(keyspace, 100)) steps++;
    cr_assert(steps > 100);
    cr_assert(keyspace_garbage_count(keyspace) == 0);
    keyspace_free(keyspace);
    store_free(store);
}

#ifdef SLIPRING_DEBUG
Test(zset, without_memory_nothing_changes) {
    struct zset_rules rules = {.listpack_entries_max = 20, .listpack_value_max = 64};
    struct zset zset = zset_new(&rules, 0, 0);
    double score = 1;
    for (int i = 0; i < 20; i++) {
        char name[NAME_BYTES];
        sprintf(name, "%d", i);
        zset_add(&zset, &rules, slice_from_cstr(name), &score, 0);
    }
    for (uint64_t nth = 1; nth <= 21; nth++) { /* the 21 items of the index to be */
        mem_try_fail_at(nth);
        cr_assert(zset_add(&zset, &rules, SLICE_LITERAL("x"), &score, 0) == ZSET_NO_MEMORY);
        cr_assert(zset_count(&zset) == 20);
        if (zset.encoding == ENCODING_SKIPLIST) break;
    }
    mem_try_fail_at(0);
    cr_assert(zset_add(&zset, &rules, SLICE_LITERAL("x"), &score, 0) == ZSET_ADDED);
    check_zset(&zset);
    for (uint64_t nth = 1; nth <= 21; nth++) {
        mem_try_fail_at(nth);
        cr_assert(zset_index_try_copy(zset.object) == NULL);
    }
    mem_try_fail_at(0);
    zset_free(&zset);
}
#endif
