/* bitmap.c - rows of bits.
 * Combining goes block by block: a block of the result stays in the first-level cache while each
 * source streams past it once, so that any number of sources costs one reading of each and one
 * writing of the result. The inner loops are plain enough for the compiler to make vectors of. */
#include "core/bitmap.h"

enum { BLOCK_BYTES = 4096 };

static inline uint64_t load64(const char *data) {
    uint64_t word;

    memcpy(&word, data, sizeof word);
    return word;
}

/* ---- Counting ---- */

static inline uint64_t count_words(const char *data, size_t len) {
    uint64_t counts[4] = {0};
    size_t at = 0;

    for (; len - at >= 32; at += 32) {
        for (size_t i = 0; i < 4; i++)
            counts[i] += (uint64_t)__builtin_popcountll(load64(data + at + 8 * i));
    }
    for (; len - at >= 8; at += 8) counts[0] += (uint64_t)__builtin_popcountll(load64(data + at));
    uint64_t tail = 0;
    if (at < len) memcpy(&tail, data + at, len - at);
    return counts[0] + counts[1] + counts[2] + counts[3] + (uint64_t)__builtin_popcountll(tail);
}

#if defined(__x86_64__)
/* The same code with the machine's own instruction: ten times as fast. Not every machine that runs
 * the program has it. */
__attribute__((target("popcnt"))) static uint64_t count_popcnt(const char *data, size_t len) {
    uint64_t counts[4] = {0};
    size_t at = 0;

    for (; len - at >= 32; at += 32) {
        for (size_t i = 0; i < 4; i++)
            counts[i] += (uint64_t)__builtin_popcountll(load64(data + at + 8 * i));
    }
    for (; at < len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, data + at, len - at < 8 ? len - at : 8);
        counts[0] += (uint64_t)__builtin_popcountll(word);
    }
    return counts[0] + counts[1] + counts[2] + counts[3];
}
#endif

uint64_t bitmap_count(const char *data, size_t len) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) return count_popcnt(data, len);
#endif
    return count_words(data, len);
}

uint64_t bitmap_count_range(const char *data, uint64_t first, uint64_t last) {
    size_t byte_first = (size_t)(first >> 3), byte_last = (size_t)(last >> 3);
    unsigned before = 0xffU & ~(0xffU >> (first & 7)), after = 0x7fU >> (last & 7);

    SL_ASSERT(first <= last);
    uint64_t count = bitmap_count(data + byte_first, byte_last - byte_first + 1);
    count -= (uint64_t)__builtin_popcount((unsigned char)data[byte_first] & before);
    return count - (uint64_t)__builtin_popcount((unsigned char)data[byte_last] & after);
}

/* ---- Searching ---- */

uint64_t bitmap_find(const char *data, uint64_t first, uint64_t last, bool bit) {
    size_t at = (size_t)(first >> 3), end = (size_t)(last >> 3) + 1;
    unsigned flip = bit ? 0 : 0xff;

    SL_ASSERT(first <= last);
    /* From here on set bits are looked for. What lies before the first byte's first bit is taken
     * out; what is found behind the last bit does not count. */
    unsigned byte = ((unsigned char)data[at] ^ flip) & (0xffU >> (first & 7));
    if (byte == 0) {
        uint64_t skip = bit ? 0 : UINT64_MAX;

        at++;
        while (end - at >= 32 && at < end) {
            uint64_t difference = 0;
            for (size_t i = 0; i < 4; i++) difference |= load64(data + at + 8 * i) ^ skip;
            if (difference != 0) break;
            at += 32;
        }
        while (end - at >= 8 && at < end && load64(data + at) == skip) at += 8;
        while (at < end && ((unsigned char)data[at] ^ flip) == 0) at++;
        if (at == end) return BITMAP_NOT_FOUND;
        byte = (unsigned char)data[at] ^ flip;
    }
    uint64_t found = (uint64_t)at * 8 + (unsigned)__builtin_clz(byte << 24);
    return found <= last ? found : BITMAP_NOT_FOUND;
}

/* ---- Fields ---- */

uint64_t bitmap_field_get(const char *data, size_t len, uint64_t at, unsigned bits) {
    size_t byte = (size_t)(at >> 3);
    unsigned shift = at & 7;
    unsigned char window[9] = {0}; /* 64 bits that begin inside a byte end in the ninth */
    uint64_t word;

    SL_ASSERT(bits >= 1 && bits <= BITMAP_FIELD_BITS_MAX);
    if (byte < len) memcpy(window, data + byte, len - byte < 9 ? len - byte : 9);
    memcpy(&word, window, sizeof word);
    word = __builtin_bswap64(word) << shift;
    if (shift > 0) word |= (uint64_t)window[8] >> (8 - shift);
    return word >> (64 - bits);
}

void bitmap_field_set(char *data, uint64_t at, unsigned bits, uint64_t value) {
    SL_ASSERT(bits >= 1 && bits <= BITMAP_FIELD_BITS_MAX);
    while (bits > 0) { /* from the end: the low bits of the value, those of one byte at a time */
        uint64_t last = at + bits - 1;
        unsigned in_byte = (unsigned)(last & 7) + 1 < bits ? (unsigned)(last & 7) + 1 : bits;
        unsigned shift = 7 - (unsigned)(last & 7);
        unsigned mask = (0xffU >> (8 - in_byte)) << shift;
        unsigned byte = (unsigned char)data[last >> 3];

        byte = (byte & ~mask) | ((unsigned)(value << shift) & mask);
        data[last >> 3] = (char)(unsigned char)byte;
        value = in_byte < 64 ? value >> in_byte : 0;
        bits -= in_byte;
    }
}

/* ---- Combining ---- */

/* What a source has inside a block; the rest of the block reads as zeros. */
static struct slice piece(struct slice source, size_t at, size_t len) {
    if (source.len <= at) return (struct slice){NULL, 0};
    return slice_of(source.data + at, source.len - at < len ? source.len - at : len);
}

static void copy_into(char *restrict dst, struct slice from, size_t len) {
    if (from.len > 0) memcpy(dst, from.data, from.len);
    memset(dst + from.len, 0, len - from.len);
}

/* The block of OR of all the sources. */
static void or_all(char *restrict dst, const struct slice *sources, size_t count, size_t at,
                   size_t len) {
    copy_into(dst, piece(sources[0], at, len), len);
    for (size_t i = 1; i < count; i++) {
        struct slice from = piece(sources[i], at, len);
        for (size_t j = 0; j < from.len; j++) dst[j] = (char)(dst[j] | from.data[j]);
    }
}

static void and_all(char *restrict dst, const struct slice *sources, size_t count, size_t at,
                    size_t len) {
    copy_into(dst, piece(sources[0], at, len), len);
    for (size_t i = 1; i < count; i++) {
        struct slice from = piece(sources[i], at, len);
        for (size_t j = 0; j < from.len; j++) dst[j] = (char)(dst[j] & from.data[j]);
        memset(dst + from.len, 0, len - from.len);
    }
}

static void xor_all(char *restrict dst, const struct slice *sources, size_t count, size_t at,
                    size_t len) {
    copy_into(dst, piece(sources[0], at, len), len);
    for (size_t i = 1; i < count; i++) {
        struct slice from = piece(sources[i], at, len);
        for (size_t j = 0; j < from.len; j++) dst[j] = (char)(dst[j] ^ from.data[j]);
    }
}

/* What was seen once stays only while it is not seen again. */
static void one_of_all(char *restrict dst, const struct slice *sources, size_t count, size_t at,
                       size_t len) {
    char more[BLOCK_BYTES] = {0};

    copy_into(dst, piece(sources[0], at, len), len);
    for (size_t i = 1; i < count; i++) {
        struct slice from = piece(sources[i], at, len);
        for (size_t j = 0; j < from.len; j++) {
            more[j] = (char)(more[j] | (dst[j] & from.data[j]));
            dst[j] = (char)(dst[j] | from.data[j]);
        }
    }
    for (size_t j = 0; j < len; j++) dst[j] = (char)(dst[j] & ~more[j]);
}

/* DIFF, DIFF1 and ANDOR: the first source against the OR of the others. */
static void first_against_others(enum bitmap_op op, char *restrict dst, struct slice first,
                                 size_t len) {
    switch (op) {
    case BITMAP_DIFF:
        for (size_t j = 0; j < first.len; j++) dst[j] = (char)(first.data[j] & ~dst[j]);
        break;
    case BITMAP_ANDOR:
        for (size_t j = 0; j < first.len; j++) dst[j] = (char)(first.data[j] & dst[j]);
        break;
    case BITMAP_DIFF1:
        for (size_t j = 0; j < first.len; j++) dst[j] = (char)(dst[j] & ~first.data[j]);
        return; /* what is behind the end of the first stays */
    case BITMAP_AND:
    case BITMAP_OR:
    case BITMAP_XOR:
    case BITMAP_NOT:
    case BITMAP_ONE: SL_ASSERT(false);
    }
    memset(dst + first.len, 0, len - first.len);
}

void bitmap_combine(enum bitmap_op op, char *dst, size_t len, const struct slice *sources,
                    size_t sources_count) {
    SL_ASSERT(sources_count > 0);
    for (size_t at = 0; at < len; at += BLOCK_BYTES) {
        size_t block_len = len - at < BLOCK_BYTES ? len - at : BLOCK_BYTES;
        char *block = dst + at;

        switch (op) {
        case BITMAP_AND: and_all(block, sources, sources_count, at, block_len); break;
        case BITMAP_OR: or_all(block, sources, sources_count, at, block_len); break;
        case BITMAP_XOR: xor_all(block, sources, sources_count, at, block_len); break;
        case BITMAP_ONE: one_of_all(block, sources, sources_count, at, block_len); break;
        case BITMAP_NOT:
            copy_into(block, piece(sources[0], at, block_len), block_len);
            for (size_t j = 0; j < block_len; j++) block[j] = (char)~block[j];
            break;
        case BITMAP_DIFF:
        case BITMAP_DIFF1:
        case BITMAP_ANDOR:
            SL_ASSERT(sources_count > 1);
            or_all(block, sources + 1, sources_count - 1, at, block_len);
            first_against_others(op, block, piece(sources[0], at, block_len), block_len);
            break;
        }
    }
}
