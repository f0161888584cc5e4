/* HyperLogLogs: both forms against an array of registers, estimates against the truth. That the
 * bytes are Redis' own is compared in tests/diff (gen_hyperloglog.py). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/hyperloglog.h"

enum { SPARSE_MAX = 3000 };

static unsigned dice_seed(void) {
    const char *text = getenv("SEED");
    unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20261121;

    printf("SEED=%u\n", seed);
    return seed;
}

static struct slice element(uint64_t *number) {
    return slice_of((const char *)number, sizeof *number);
}

Test(hyperloglog, an_element_always_says_the_same) { /* the hash is part of the format */
    struct hll_hit a = hll_hit_of(SLICE_LITERAL("")), b = hll_hit_of(SLICE_LITERAL("hello world"));

    cr_assert(eq(uint, a.reg, hll_hit_of(SLICE_LITERAL("")).reg));
    cr_assert(lt(uint, b.reg, HLL_REGISTERS_COUNT));
    cr_assert(ge(uint, b.value, 1));
    cr_assert(le(uint, b.value, 51));
}

Test(hyperloglog, a_new_one_is_sparse_and_counts_nothing) {
    char value[HLL_NEW_BYTES];
    uint64_t count = 1;

    hll_init(value);
    cr_assert(hll_is_one(slice_of(value, sizeof value)));
    cr_assert(not(hll_is_dense(value)));
    cr_assert(hll_count(slice_of(value, sizeof value), &count));
    cr_assert(eq(u64, count, 0));
    cr_assert(hll_cached(value, &count));
    cr_assert(eq(u64, count, 0));
}

Test(hyperloglog, sparse_keeps_what_an_array_of_registers_keeps) {
    uint8_t expected[HLL_REGISTERS_COUNT], have[HLL_REGISTERS_COUNT];
    char value[SPARSE_MAX + HLL_SPARSE_GROWTH_BYTES];

    srand(dice_seed());
    for (int round = 0; round < 40; round++) {
        size_t len = HLL_NEW_BYTES, len_max = 20 + (size_t)rand() % (SPARSE_MAX - 20);
        unsigned regs = 1 + (unsigned)rand() % (round % 2 == 0 ? 40 : HLL_REGISTERS_COUNT);
        hll_init(value);
        memset(expected, 0, sizeof expected);
        for (int i = 0; i < 2000; i++) {
            struct hll_hit hit = {.reg = (unsigned)rand() % regs,
                                  .value = 1 + (unsigned)rand() % (rand() % 50 == 0 ? 51 : 5)};
            enum hll_set set = hll_sparse_set(value, &len, len_max, hit);
            cr_assert(le(sz, len, len_max));
            if (set == HLL_TOO_LARGE) continue;
            cr_assert(eq(int, set, hit.value > expected[hit.reg] ? HLL_CHANGED : HLL_UNCHANGED));
            if (hit.value > expected[hit.reg]) expected[hit.reg] = (uint8_t)hit.value;
        }
        memset(have, 0, sizeof have);
        cr_assert(hll_merge(have, slice_of(value, len)));
        cr_assert(eq(int, memcmp(have, expected, sizeof have), 0));
        uint64_t count = 0;
        cr_assert(hll_count(slice_of(value, len), &count));
        cr_assert(eq(u64, count, hll_count_registers(expected)));
    }
}

Test(hyperloglog, dense_keeps_what_an_array_of_registers_keeps) {
    uint8_t expected[HLL_REGISTERS_COUNT] = {0}, have[HLL_REGISTERS_COUNT] = {0};
    static char value[HLL_DENSE_BYTES];

    srand(dice_seed());
    hll_init(value);
    hll_dense_write(value, expected);
    cr_assert(hll_is_one(slice_of(value, sizeof value)));
    for (int i = 0; i < 100000; i++) {
        struct hll_hit hit = {.reg = (unsigned)rand() % HLL_REGISTERS_COUNT,
                              .value = 1 + (unsigned)rand() % 51};
        cr_assert(hll_dense_set(value, hit) == (hit.value > expected[hit.reg]));
        if (hit.value > expected[hit.reg]) expected[hit.reg] = (uint8_t)hit.value;
        cr_assert(eq(uint, hll_dense_get(value, hit.reg), expected[hit.reg]));
    }
    cr_assert(hll_merge(have, slice_of(value, sizeof value)));
    cr_assert(eq(int, memcmp(have, expected, sizeof have), 0));
}

Test(hyperloglog, the_estimate_is_near_the_truth_and_equal_in_both_forms) {
    static char dense[HLL_DENSE_BYTES];
    uint8_t zeros[HLL_REGISTERS_COUNT] = {0};
    char sparse[SPARSE_MAX + HLL_SPARSE_GROWTH_BYTES];
    size_t len = HLL_NEW_BYTES;

    hll_init(dense);
    hll_dense_write(dense, zeros);
    hll_init(sparse);
    for (uint64_t i = 1; i <= 300000; i++) {
        struct hll_hit hit = hll_hit_of(element(&i));
        uint64_t count = 0, count_sparse = 0;

        hll_dense_set(dense, hit);
        if (len > 0 && hll_sparse_set(sparse, &len, SPARSE_MAX, hit) == HLL_TOO_LARGE) len = 0;
        if (i % 1000 != 0 && i > 100) continue;
        cr_assert(hll_count(slice_of(dense, sizeof dense), &count));
        cr_assert(lt(dbl, (double)count, (double)i * 1.04 + 1));
        cr_assert(gt(dbl, (double)count, (double)i * 0.96 - 1));
        if (len == 0) continue;
        cr_assert(hll_count(slice_of(sparse, len), &count_sparse));
        cr_assert(eq(u64, count_sparse, count));
    }
}

Test(hyperloglog, what_is_broken_is_said_to_be) {
    static const struct slice broken[] = {
        SLICE_LITERAL("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80"), /* no registers at all */
        SLICE_LITERAL("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x7f\xfe"), /* one too few */
        SLICE_LITERAL("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff\x80"), /* one too many */
        SLICE_LITERAL("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x3f\x7f"), /* half a run */
    };
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    uint64_t count;

    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        cr_assert(hll_is_one(broken[i]));
        cr_assert(not(hll_count(broken[i], &count)));
        cr_assert(not(hll_merge(registers, broken[i])));
    }
    cr_assert(not(hll_is_one(SLICE_LITERAL("HYLL\1"))));
    cr_assert(not(hll_is_one(SLICE_LITERAL("HYLL\2\0\0\0\0\0\0\0\0\0\0\0"))));
    cr_assert(not(hll_is_one(SLICE_LITERAL("HYLL\0\0\0\0\0\0\0\0\0\0\0\0"))));
}
