/* Listpacks against a plain array of texts; what comes from outside; Redis' own bytes. */
#include "core/listpack.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

enum { TEXTS_MAX = 400 };

struct model {
    size_t count;
    char *texts[TEXTS_MAX];
    size_t lens[TEXTS_MAX];
};

static struct slice model_at(const struct model *model, size_t index) {
    return slice_of(model->texts[index], model->lens[index]);
}

static void model_insert(struct model *model, size_t index, struct slice text) {
    memmove(model->texts + index + 1, model->texts + index,
            (model->count - index) * sizeof *model->texts);
    memmove(model->lens + index + 1, model->lens + index,
            (model->count - index) * sizeof *model->lens);
    model->texts[index] = malloc(text.len + 1);
    memcpy(model->texts[index], text.data, text.len);
    model->lens[index] = text.len;
    model->count++;
}

static void model_remove(struct model *model, size_t index) {
    free(model->texts[index]);
    model->count--;
    memmove(model->texts + index, model->texts + index + 1,
            (model->count - index) * sizeof *model->texts);
    memmove(model->lens + index, model->lens + index + 1,
            (model->count - index) * sizeof *model->lens);
}

static void check(const unsigned char *listpack, const struct model *model) {
    char scratch[LISTPACK_SCRATCH_BYTES];
    unsigned char *element = listpack_first(listpack);

    cr_assert(listpack_is_valid(listpack, listpack_bytes(listpack)));
    cr_assert(listpack_count(listpack) == model->count);
    for (size_t i = 0; i < model->count; i++) {
        cr_assert(element != NULL);
        cr_assert(slice_equal(listpack_get(element, scratch), model_at(model, i)));
        cr_assert(listpack_equals(element, model_at(model, i)));
        cr_assert(listpack_at(listpack, (int64_t)i) == element);
        cr_assert(listpack_at(listpack, (int64_t)i - (int64_t)model->count) == element);
        element = listpack_next(listpack, element);
    }
    cr_assert(element == NULL);
    element = listpack_last(listpack);
    for (size_t i = model->count; i-- > 0; element = listpack_prev(listpack, element))
        cr_assert(slice_equal(listpack_get(element, scratch), model_at(model, i)));
    cr_assert(element == NULL);
    cr_assert(listpack_at(listpack, (int64_t)model->count) == NULL);
    cr_assert(listpack_at(listpack, -(int64_t)model->count - 1) == NULL);
}

/* Numbers around every width, texts around every length, and texts that nearly are numbers. */
static struct slice random_text(uint64_t *random, char *buffer) {
    static const int64_t edges[] = {
        0,          127,        128,       -1,        4095,      4096,       -4096,    -4097,
        32767,      32768,      -32768,    -32769,    8388607,   8388608,    -8388608, -8388609,
        2147483647, 2147483648, INT32_MIN, INT64_MAX, INT64_MIN, 10000000000};
    static const char *const nearly[] = {
        "", "-", "-0", "007", " 1", "1 ", "+1", "9223372036854775808", "1.0"};
    static const size_t lens[] = {1, 62, 63, 64, 65, 126, 127, 128, 4094, 4095, 4096, 5000};
    switch (random_next(random) % 4) {
    case 0:
        return slice_of(
            buffer, (size_t)sprintf(buffer, "%lld",
                                    (long long)edges[random_next(random) % ARRAY_COUNT(edges)]));
    case 1: return slice_from_cstr(nearly[random_next(random) % ARRAY_COUNT(nearly)]);
    case 2:
        return slice_of(buffer, (size_t)sprintf(buffer, "%d", (int)(random_next(random) % 300)));
    default: break;
    }
    size_t len = random_next(random) % 3 == 0 ? lens[random_next(random) % ARRAY_COUNT(lens)]
                                              : random_next(random) % 20;
    memset(buffer, 'a' + (int)(random_next(random) % 26), len);
    return slice_of(buffer, len);
}

static unsigned char *one_change(unsigned char *listpack, struct model *model, uint64_t *random) {
    static char buffer[8192];
    struct slice text = random_text(random, buffer);
    uint64_t dice = random_next(random) % 10;
    unsigned char *element;

    if (model->count == 0 || (dice < 4 && model->count < TEXTS_MAX - 1)) {
        size_t index = random_next(random) % (model->count + 1);
        element = listpack_at(listpack, (int64_t)index);
        listpack = listpack_insert(listpack, element, text, &element);
        cr_assert(listpack_equals(element, text));
        model_insert(model, index, text);
    } else if (dice < 6) {
        size_t index = random_next(random) % model->count;
        element = listpack_at(listpack, (int64_t)index);
        listpack = listpack_replace(listpack, &element, text);
        cr_assert(listpack_equals(element, text));
        model_remove(model, index);
        model_insert(model, index, text);
    } else if (dice < 9) {
        size_t index = random_next(random) % model->count;
        size_t count = 1 + random_next(random) % 3;
        element = listpack_at(listpack, (int64_t)index);
        listpack = listpack_remove(listpack, &element, count);
        for (size_t i = 0; i < count && index < model->count; i++) model_remove(model, index);
        cr_assert(element == listpack_at(listpack, (int64_t)index));
    } else {
        struct slice wanted = model_at(model, random_next(random) % model->count);
        size_t first = 0;
        while (!slice_equal(model_at(model, first), wanted)) first++;
        cr_assert(listpack_find(listpack, listpack_first(listpack), wanted, 0) ==
                  listpack_at(listpack, (int64_t)first));
    }
    return listpack;
}

Test(listpack, holds_what_a_plain_array_holds) {
    uint64_t random = 4711;
    unsigned char *listpack = listpack_new(0);
    static struct model model;

    printf("seed %lu\n", (unsigned long)random);
    for (size_t i = 0; i < 6000; i++) {
        listpack = one_change(listpack, &model, &random);
        if (i % 7 == 0) check(listpack, &model);
    }
    check(listpack, &model);
    unsigned char *copy = listpack_try_copy(listpack);
    check(copy, &model);
    copy = listpack_shrink(copy);
    check(copy, &model);
    listpack_free(copy);
    listpack_free(listpack);
}

Test(listpack, bytes_are_those_of_redis) {
    static const unsigned char wanted[] = {0x1e,     0,    0,    0,   7, 0, /* header */
                                           0x01,     1, /* 1 */
                                           0xc0,     0x80, 2, /* 128 */
                                           0xdf,     0xff, 2, /* -1 */
                                           0x83,     'a',  'b',  'c', 4, /* abc */
                                           0xf1,     0x00, 0x10, 3, /* 4096 */
                                           0x80,     1, /* the empty text */
                                           0x80 | 2, '0',  '0',  3, /* 00 */
                                           0xff};
    unsigned char *listpack = listpack_new(0);
    listpack = listpack_append(listpack, SLICE_LITERAL("1"));
    listpack = listpack_append_integer(listpack, 128);
    listpack = listpack_append(listpack, SLICE_LITERAL("-1"));
    listpack = listpack_append(listpack, SLICE_LITERAL("abc"));
    listpack = listpack_append(listpack, SLICE_LITERAL("4096"));
    listpack = listpack_append(listpack, SLICE_LITERAL(""));
    listpack = listpack_append(listpack, SLICE_LITERAL("00"));
    cr_assert(listpack_bytes(listpack) == sizeof wanted, "%zu", listpack_bytes(listpack));
    cr_assert(memcmp(listpack, wanted, sizeof wanted) == 0);
    listpack_free(listpack);
}

Test(listpack, counts_more_than_its_header_can_say) {
    unsigned char *listpack = listpack_new(0), *other = listpack_new(0);

    for (size_t i = 0; i < 70000; i++)
        listpack = listpack_append_integer(listpack, (int64_t)i % 100);
    cr_assert(listpack_count(listpack) == 70000);
    cr_assert(listpack_is_valid(listpack, listpack_bytes(listpack)));
    other = listpack_append(other, SLICE_LITERAL("x"));
    other = listpack_append_all(other, listpack);
    cr_assert(listpack_count(other) == 70001);
    listpack = listpack_remove_range(listpack, 10, 69980);
    cr_assert(listpack_count(listpack) == 20);
    listpack_free(listpack);
    listpack_free(other);
}

Test(listpack, a_find_that_skips_looks_at_fields_only) {
    unsigned char *listpack = listpack_new(0);

    listpack = listpack_append(listpack, SLICE_LITERAL("a"));
    listpack = listpack_append(listpack, SLICE_LITERAL("b"));
    listpack = listpack_append(listpack, SLICE_LITERAL("b"));
    listpack = listpack_append(listpack, SLICE_LITERAL("c"));
    cr_assert(listpack_find(listpack, listpack_first(listpack), SLICE_LITERAL("b"), 1) ==
              listpack_at(listpack, 2));
    cr_assert(listpack_find(listpack, listpack_first(listpack), SLICE_LITERAL("c"), 1) == NULL);
    cr_assert(listpack_find(listpack, NULL, SLICE_LITERAL("c"), 1) == NULL);
    listpack_free(listpack);
}

Test(listpack, a_mutation_is_refused_or_harmless) {
    uint64_t random = 99;
    static char buffer[8192];
    char scratch[LISTPACK_SCRATCH_BYTES];

    printf("seed %lu\n", (unsigned long)random);
    for (size_t round = 0; round < 3000; round++) {
        unsigned char *listpack = listpack_new(0);
        size_t count = random_next(&random) % 12;
        for (size_t i = 0; i < count; i++)
            listpack = listpack_append(listpack, random_text(&random, buffer));
        size_t len = listpack_bytes(listpack);
        unsigned char *bytes = malloc(len); /* exactly: the sanitizer sees a byte too far */
        memcpy(bytes, listpack, len);
        for (size_t i = 0; i < 1 + round % 3; i++)
            bytes[random_next(&random) % len] = (unsigned char)random_next(&random);
        size_t cut = round % 5 == 0 ? random_next(&random) % len : len;
        if (listpack_is_valid(bytes, cut)) {
            for (unsigned char *at = listpack_first(bytes); at != NULL;
                 at = listpack_next(bytes, at))
                (void)listpack_get(at, scratch);
            for (unsigned char *at = listpack_last(bytes); at != NULL;
                 at = listpack_prev(bytes, at))
                (void)listpack_get(at, scratch);
        }
        free(bytes);
        listpack_free(listpack);
    }
}
