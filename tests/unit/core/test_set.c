/* Sets against a plain array, around the sizes at which they change their form. */
#include "core/set.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

enum { NAMES_COUNT = 60 };

static const struct set_rules RULES = {.intset_entries_max = 12,
                                       .listpack_entries_max = 8,
                                       .listpack_value_max = 10,
                                       .dict_origin = {.hash_seed = 77, .base_unix_ms = 1}};

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Two in three are integers, some texts are longer than a listpack takes. */
static struct slice name_of(char *buffer, size_t number) {
    const char *format = number % 3 < 2 ? "%zu" : number % 9 == 2 ? "a long text %zu" : "t%zu";
    return slice_of(buffer, (size_t)sprintf(buffer, format, number));
}

static struct slice text(const char *cstr) {
    return slice_from_cstr(cstr);
}

static void add_all(struct set *set, size_t from, size_t count) {
    char buffer[32];

    for (size_t i = from; i < from + count; i++) {
        struct slice member = slice_of(buffer, (size_t)sprintf(buffer, "%zu", i));
        cr_assert(set_add(set, &RULES, member) == SET_ADDED);
    }
}

struct seen {
    size_t count;
    bool names[NAMES_COUNT];
};

static void see(void *owner, struct slice member) {
    struct seen *seen = owner;
    char buffer[32];

    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (slice_equal(name_of(buffer, i), member)) seen->names[i] = true;
    }
    seen->count++;
}

static void check(const struct set *set, const bool *model) {
    struct seen iterated = {0}, scanned = {0};
    struct set_iter iter;
    struct slice member;
    uint32_t position = 0;
    size_t count = 0;
    char buffer[32];

    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) see(&iterated, member);
    while (set_scan(set, &position, 5, see, &scanned)) continue;
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        cr_assert(set_contains(set, name_of(buffer, i)) == model[i]);
        cr_assert(iterated.names[i] == model[i] && scanned.names[i] == model[i]);
        count += model[i];
    }
    cr_assert(set_count(set) == count && iterated.count == count && scanned.count >= count);
    if (set->encoding == ENCODING_INTSET) cr_assert(count <= RULES.intset_entries_max);
    if (set->encoding == ENCODING_LISTPACK) cr_assert(count <= RULES.listpack_entries_max);
}

Test(set, holds_what_a_plain_array_holds) {
    uint64_t random = 4711;
    size_t forms_seen[ENCODINGS_COUNT] = {0};

    printf("seed %lu\n", (unsigned long)random);
    for (size_t round = 0; round < 120; round++) {
        size_t names_count = 4 + random_next(&random) % (NAMES_COUNT - 4);
        bool model[NAMES_COUNT] = {false};
        char buffer[32];
        struct set set = set_new(&RULES, name_of(buffer, random_next(&random) % names_count), 1);

        for (size_t step = 0; step < 200; step++) {
            size_t number = random_next(&random) % names_count;
            if (round % 2 == 0 && number % 3 == 2) number--; /* integers alone */
            struct slice name = name_of(buffer, number);
            if (random_next(&random) % 5 < 3) {
                enum set_add_result expected = model[number] ? SET_SAME : SET_ADDED;
                cr_assert(set_add(&set, &RULES, name) == expected);
                model[number] = true;
            } else {
                cr_assert(set_remove(&set, name) == model[number]);
                model[number] = false;
            }
            forms_seen[set.encoding]++;
            if (step % 16 == 0) check(&set, model);
        }
        struct set copy = set_try_copy(&set);
        check(&copy, model);
        cr_assert(set_try_fit(&copy, &RULES));
        check(&copy, model);
        set_free(&copy);
        set_free(&set);
    }
    cr_assert(forms_seen[ENCODING_INTSET] > 100 && forms_seen[ENCODING_LISTPACK] > 100 &&
              forms_seen[ENCODING_HASHTABLE] > 100);
}

Test(set, changes_its_form_where_redis_does) {
    struct set set = set_new(&RULES, text("1"), 1);

    cr_assert(set.encoding == ENCODING_INTSET);
    add_all(&set, 0, 12);
    cr_assert(set.encoding == ENCODING_INTSET);
    cr_assert(set_add(&set, &RULES, text("5")) == SET_SAME);
    cr_assert(set.encoding == ENCODING_INTSET);
    add_all(&set, 12, 1); /* too many integers: no listpack in between */
    cr_assert(set.encoding == ENCODING_HASHTABLE && set_count(&set) == 13);
    set_free(&set);

    set = set_new(&RULES, text("1"), 1);
    add_all(&set, 0, 7);
    cr_assert(set_add(&set, &RULES, text("text")) == SET_ADDED);
    cr_assert(set.encoding == ENCODING_LISTPACK && set_count(&set) == 8);
    cr_assert(set_add(&set, &RULES, text("other")) == SET_ADDED);
    cr_assert(set.encoding == ENCODING_HASHTABLE && set_count(&set) == 9);
    cr_assert(set_remove(&set, text("other")));
    cr_assert(set.encoding == ENCODING_HASHTABLE); /* never back by itself */
    set_free(&set);

    set = set_new(&RULES, text("1"), 1);
    add_all(&set, 0, 8); /* as many as a listpack may hold already */
    cr_assert(set_add(&set, &RULES, text("text")) == SET_ADDED);
    cr_assert(set.encoding == ENCODING_HASHTABLE);
    set_free(&set);

    set = set_new(&RULES, text("12345678901"), 1); /* an integer too long for a listpack's text */
    cr_assert(set_add(&set, &RULES, text("12345678901")) == SET_ADDED);
    cr_assert(set_add(&set, &RULES, text("text")) == SET_ADDED);
    cr_assert(set.encoding == ENCODING_HASHTABLE);
    set_free(&set);

    set = set_new(&RULES, text("text"), 1);
    cr_assert(set.encoding == ENCODING_LISTPACK);
    cr_assert(set_add(&set, &RULES, text("1234567890x")) == SET_ADDED);
    cr_assert(set.encoding == ENCODING_HASHTABLE);
    set_free(&set);
}

Test(set, many_expected_members_decide_the_form) {
    struct set set = set_new(&RULES, text("1"), 12);
    cr_assert(set.encoding == ENCODING_INTSET);
    cr_assert(set_try_expect(&set, &RULES, 12) && set.encoding == ENCODING_INTSET);
    cr_assert(set_try_expect(&set, &RULES, 13) && set.encoding == ENCODING_HASHTABLE);
    set_free(&set);
    set = set_new(&RULES, text("1"), 13);
    cr_assert(set.encoding == ENCODING_HASHTABLE);
    set_free(&set);
    set = set_new(&RULES, text("text"), 8);
    cr_assert(set.encoding == ENCODING_LISTPACK);
    cr_assert(set_try_expect(&set, &RULES, 9) && set.encoding == ENCODING_HASHTABLE);
    set_free(&set);
}

Test(set, becomes_an_intset_only_if_all_are_integers_and_few) {
    struct set set = {ENCODING_LISTPACK, listpack_new(0)};

    add_all(&set, 3, 5);
    set_to_intset(&set, &RULES);
    cr_assert(set.encoding == ENCODING_INTSET && set_count(&set) == 5);
    cr_assert(set_contains(&set, text("7")) && !set_contains(&set, text("8")));
    cr_assert(set_add(&set, &RULES, text("07")) == SET_ADDED); /* a text */
    set_to_intset(&set, &RULES);
    cr_assert(set.encoding == ENCODING_LISTPACK && set_count(&set) == 6);
    set_free(&set);
    set = (struct set){ENCODING_HASHTABLE, dict_new(RULES.dict_origin)};
    add_all(&set, 0, 13);
    set_to_intset(&set, &RULES);
    cr_assert(set.encoding == ENCODING_HASHTABLE);
    set_free(&set);
}

Test(set, gives_any_member_evenly) {
    static const size_t counts[] = {5, 12, 40}; /* one of each form, with a text in the first */
    uint64_t random = 99;

    printf("seed %lu\n", (unsigned long)random);
    for (size_t form = 0; form < ARRAY_COUNT(counts); form++) {
        struct set set = set_new(&RULES, text("0"), 1);
        size_t hits[64] = {0}, draws = 2000 * counts[form];
        char scratch[LISTPACK_SCRATCH_BYTES];

        add_all(&set, 0, counts[form]);
        if (form == 0) {
            cr_assert(set_add(&set, &RULES, text("x")) == SET_ADDED);
            cr_assert(set_remove(&set, text("x")) && set.encoding == ENCODING_LISTPACK);
        }
        for (size_t i = 0; i < draws; i++) {
            struct slice member = set_random(&set, random_next(&random), scratch);
            size_t number = 0;
            for (size_t j = 0; j < member.len; j++)
                number = number * 10 + (size_t)(member.data[j] - '0');
            cr_assert(number < counts[form]);
            hits[number]++;
        }
        for (size_t i = 0; i < counts[form]; i++)
            cr_assert(hits[i] > 1500 && hits[i] < 2500, "%zu was drawn %zu times", i, hits[i]);
        set_free(&set);
    }
}

#ifdef SLIPRING_DEBUG
Test(set, without_memory_nothing_changes) {
    for (uint64_t nth = 1;; nth++) {
        struct set set = set_new(&RULES, text("1"), 1);
        add_all(&set, 0, 12);
        mem_try_fail_at(nth);
        enum set_add_result result = set_add(&set, &RULES, text("text"));
        mem_try_fail_at(0);
        cr_assert(set_contains(&set, text("text")) == (result == SET_ADDED));
        cr_assert(set_count(&set) == (result == SET_ADDED ? 13 : 12));
        for (size_t i = 0; i < 12; i++) {
            char buffer[32];
            cr_assert(set_contains(&set, slice_of(buffer, (size_t)sprintf(buffer, "%zu", i))));
        }
        set_free(&set);
        if (result == SET_ADDED) {
            cr_assert(nth > 12); /* the dict was made of as many items */
            return;
        }
        cr_assert(result == SET_NO_MEMORY);
    }
}
#endif
