/* Intsets against a plain array. */
#include "core/intset.h"

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

static bool model_has(const int64_t *model, size_t count, int64_t value) {
    for (size_t i = 0; i < count; i++) {
        if (model[i] == value) return true;
    }
    return false;
}

Test(intset, holds_what_a_plain_array_holds) {
    uint64_t random = 31337;
    static int64_t model[2000];

    printf("seed %lu\n", (unsigned long)random);
    for (unsigned bits = 4; bits <= 64; bits += 6) {
        struct intset *intset = intset_new();
        size_t count = 0;
        for (size_t i = 0; i < 1500; i++) {
            unsigned width = i < 500 ? 4 : bits; /* small ones first: it widens later */
            int64_t value = (int64_t)random_next(&random) >> (64 - width);
            bool was_there = model_has(model, count, value), done;
            if (random_next(&random) % 3 != 0) {
                intset = intset_add(intset, value, &done);
                cr_assert(done == !was_there);
                if (done) model[count++] = value;
            } else {
                intset = intset_remove(intset, value, &done);
                cr_assert(done == was_there);
                for (size_t j = 0; done && j < count; j++) {
                    if (model[j] == value) model[j] = model[--count];
                }
            }
            cr_assert(intset_count(intset) == count);
            cr_assert(intset_contains(intset, value) == model_has(model, count, value));
        }
        for (size_t i = 0; i < count; i++) {
            cr_assert(model_has(model, count, intset_at(intset, i)));
            cr_assert(i == 0 || intset_at(intset, i - 1) < intset_at(intset, i));
        }
        struct slice bytes = slice_of((const char *)intset, intset_bytes(intset));
        struct intset *again = intset_try_from_bytes(bytes);
        cr_assert(again != NULL && intset_count(again) == count);
        intset_free(again);
        intset_free(intset);
    }
}

Test(intset, refuses_bytes_that_are_none) {
    bool added;
    struct intset *intset = intset_new();

    for (int64_t i = 0; i < 5; i++) intset = intset_add(intset, i * 100, &added);
    char bytes[64];
    size_t len = intset_bytes(intset);
    memcpy(bytes, intset, len);
    cr_assert(intset_try_from_bytes(slice_of(bytes, len - 1)) == NULL);
    cr_assert(intset_try_from_bytes(slice_of(bytes, 7)) == NULL);
    bytes[8] = 101; /* not ascending */
    cr_assert(intset_try_from_bytes(slice_of(bytes, len)) == NULL);
    bytes[8] = 0;
    bytes[0] = 3; /* no such width */
    cr_assert(intset_try_from_bytes(slice_of(bytes, len)) == NULL);
    bytes[0] = 2;
    bytes[7] = (char)0xff; /* more than there are */
    cr_assert(intset_try_from_bytes(slice_of(bytes, len)) == NULL);
    intset_free(intset);
}
