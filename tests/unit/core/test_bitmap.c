/* Rows of bits against the plainest code that does the same, bit by bit. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bitmap.h"

enum { LEN_MAX = 9000, SOURCES_MAX = 20, ROUNDS = 400 };

static unsigned dice_seed(void) {
    const char *text = getenv("SEED");
    unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 20261121;

    printf("SEED=%u\n", seed);
    return seed;
}

static size_t some_len(void) {
    static const size_t lens[] = {1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 100, 4095, 4096, 4097, 8999};

    return rand() % 3 == 0 ? 1 + (size_t)rand() % 300 : lens[(size_t)rand() % ARRAY_COUNT(lens)];
}

/* All zeros, all ones, dense, or with a few odd bits. */
static void fill(char *data, size_t len) {
    int kind = rand() % 4;

    memset(data, kind == 1 ? 0xff : 0, len);
    for (size_t i = 0; kind == 2 && i < len; i++) data[i] = (char)rand();
    for (int i = 0; kind != 2 && i < rand() % 4 && len > 0; i++) {
        size_t at = (size_t)rand() % (len * 8);
        bitmap_set(data, at, !bitmap_get(data, at));
    }
}

Test(bitmap, counts_and_finds_what_looking_at_each_bit_does) {
    static char data[LEN_MAX];

    srand(dice_seed());
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = some_len();
        fill(data, len);
        uint64_t first = (uint64_t)rand() % (len * 8), last = (uint64_t)rand() % (len * 8);
        if (rand() % 3 == 0) first = 0, last = len * 8 - 1;
        if (first > last) first = last;
        uint64_t count = 0, found[2] = {BITMAP_NOT_FOUND, BITMAP_NOT_FOUND};
        for (uint64_t at = last + 1; at-- > first;) {
            bool bit = bitmap_get(data, at);
            count += bit;
            found[bit] = at;
        }
        cr_assert(eq(u64, bitmap_count_range(data, first, last), count));
        cr_assert(eq(u64, bitmap_find(data, first, last, false), found[0]));
        cr_assert(eq(u64, bitmap_find(data, first, last, true), found[1]));
        if (first == 0 && last == len * 8 - 1) cr_assert(eq(u64, bitmap_count(data, len), count));
    }
    cr_assert(eq(u64, bitmap_count("", 0), 0));
}

Test(bitmap, a_field_is_what_was_written_and_its_neighbours_stay) {
    enum { FIELDS_LEN = 64 };
    char data[FIELDS_LEN], expected[FIELDS_LEN];

    srand(dice_seed());
    for (int round = 0; round < ROUNDS * 20; round++) {
        for (size_t i = 0; i < FIELDS_LEN; i++) data[i] = expected[i] = (char)rand();
        unsigned bits = 1 + (unsigned)rand() % 64;
        uint64_t at = (uint64_t)rand() % (FIELDS_LEN * 8 - bits + 1);
        uint64_t value = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
        for (unsigned i = 0; i < bits; i++)
            bitmap_set(expected, at + i, value >> (bits - 1 - i) & 1);
        bitmap_field_set(data, at, bits, value);
        cr_assert(eq(int, memcmp(data, expected, FIELDS_LEN), 0));
        uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        cr_assert(eq(u64, bitmap_field_get(data, FIELDS_LEN, at, bits), value & mask));
    }
}

Test(bitmap, a_field_beyond_the_end_reads_as_zeros) {
    cr_assert(eq(u64, bitmap_field_get("\xff", 1, 4, 8), 0xf0));
    cr_assert(eq(u64, bitmap_field_get("\xff", 1, 8, 64), 0));
    cr_assert(eq(u64, bitmap_field_get("\xff", 1, UINT64_C(1) << 40, 63), 0));
    cr_assert(eq(u64, bitmap_field_get("", 0, 0, 1), 0));
    cr_assert(
        eq(u64, bitmap_field_get("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, 7, 64), UINT64_MAX));
}

/* What one bit of the result is, from how many sources have it. */
static bool expected_bit(enum bitmap_op op, bool first, size_t others, size_t count) {
    size_t all = others + first;

    switch (op) {
    case BITMAP_AND: return all == count;
    case BITMAP_OR: return all > 0;
    case BITMAP_XOR: return all % 2 == 1;
    case BITMAP_NOT: return !first;
    case BITMAP_DIFF: return first && others == 0;
    case BITMAP_DIFF1: return !first && others > 0;
    case BITMAP_ANDOR: return first && others > 0;
    case BITMAP_ONE: return all == 1;
    }
    return false;
}

static void check_combine(enum bitmap_op op, size_t count) {
    static char data[SOURCES_MAX][LEN_MAX], dst[LEN_MAX];
    struct slice sources[SOURCES_MAX];
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        size_t source_len = rand() % 8 == 0 ? 0 : some_len();
        fill(data[i], source_len);
        sources[i] = slice_of(data[i], source_len);
        if (source_len > len) len = source_len;
    }
    bitmap_combine(op, dst, len, sources, count);
    for (uint64_t at = 0; at < len * 8; at++) {
        bool first = at / 8 < sources[0].len && bitmap_get(data[0], at);
        size_t others = 0;
        for (size_t i = 1; i < count; i++)
            others += at / 8 < sources[i].len && bitmap_get(data[i], at);
        cr_assert(bitmap_get(dst, at) == expected_bit(op, first, others, count),
                  "op %d, %zu sources, bit %zu of %zu bytes", op, count, (size_t)at, len);
    }
}

Test(bitmap, combining_is_what_its_name_says_for_sources_of_any_length) {
    srand(dice_seed());
    for (int round = 0; round < 60; round++) {
        for (enum bitmap_op op = BITMAP_AND; op <= BITMAP_ONE; op++) {
            size_t count = 2 + (size_t)rand() % (SOURCES_MAX - 1);
            if (op == BITMAP_NOT) count = 1;
            if (count > 5 && rand() % 2 == 0) count = 2 + count % 3;
            check_combine(op, count);
        }
    }
}
