#pragma once
/* Strings as rows of bits, the first one being the most significant of the first byte: counting,
 * searching, combining, and integers of any width at any position. Pure functions on bytes; any
 * thread. Counting and combining run at the speed of memory. */
#include "core/base.h"

/* How many bits are set. */
uint64_t bitmap_count(const char *data, size_t len);
/* The same of the bits first ... last, both counted in; last lies inside the data. */
uint64_t bitmap_count_range(const char *data, uint64_t first, uint64_t last);
/* Where the first bit of that value is among first ... last; BITMAP_NOT_FOUND: there is none. */
#define BITMAP_NOT_FOUND UINT64_MAX
uint64_t bitmap_find(const char *data, uint64_t first, uint64_t last, bool bit);

static inline bool bitmap_get(const char *data, uint64_t at) {
    return (unsigned char)data[at >> 3] >> (7 - (at & 7)) & 1;
}

static inline void bitmap_set(char *data, uint64_t at, bool bit) {
    unsigned mask = 1U << (7 - (at & 7)), byte = (unsigned char)data[at >> 3];

    data[at >> 3] = (char)(unsigned char)(bit ? byte | mask : byte & ~mask);
}

enum { BITMAP_FIELD_BITS_MAX = 64 };
/* The unsigned integer in `bits` bits from bit `at` on, 1 <= bits <= 64. What is beyond len
 * reads as zero. */
uint64_t bitmap_field_get(const char *data, size_t len, uint64_t at, unsigned bits);
/* Writes the low bits of the value; all of them must lie inside the data. */
void bitmap_field_set(char *data, uint64_t at, unsigned bits, uint64_t value);

enum bitmap_op {
    BITMAP_AND,
    BITMAP_OR,
    BITMAP_XOR,
    BITMAP_NOT, /* of one source */
    BITMAP_DIFF, /* in the first source and in none of the others */
    BITMAP_DIFF1, /* in one of the others and not in the first */
    BITMAP_ANDOR, /* in the first and in one of the others */
    BITMAP_ONE, /* in exactly one */
};
/* dst[0 .. len) from one or more sources; where a source has ended, it reads as zeros. No source is
 * longer than len, and dst overlaps none. */
void bitmap_combine(enum bitmap_op op, char *dst, size_t len, const struct slice *sources,
                    size_t sources_count);
