#pragma once
/* An array of buckets: where the words of up to some 850 keys lie, and how they are found with one
 * cache miss. Private to table*.c; the essay, picture and invariants are in segment.c.
 * A segment's whole description is one word, its ref, so that whoever points at it also knows its
 * size: the look-up goes from the ref straight to the bucket. */
#include "core/entry.h"

enum {
    BUCKET_WORDS = 8,
    BUCKET_BYTES = 64,
    TAG_BITS = 20,
    LEVEL_BITS = 8, /* bits of the hash that one directory decides */
    SEGMENT_DEPTH_MAX = LEVEL_BITS,
    SEGMENT_BUCKETS_MAX = 128, /* then it splits; 1024 words move in about 3 µs */
    SEGMENT_BUCKETS_LIMIT = 65535, /* of one that cannot split: S6 */
};

#define WORD_SPILLED (UINT64_C(1) << 47)
#define WORD_ENTRY_MASK UINT64_C(0x00007ffffffffff0)
#define WORD_TAG_MASK UINT64_C(0xffff00000000000f)

/* Deadlines in the side array: cells of 16 ms since some base, rounded up. */
enum { DEADLINE_CELL_MS = 16 };
#define DEADLINE_NONE UINT32_C(0)
#define DEADLINE_FAR (UINT32_MAX - 1) /* and everything later: 2.2 years after the start */
#define DEADLINE_MIN_NONE UINT32_MAX

/* The cell in which a deadline is surely over: rounded up. */
static inline uint32_t deadline_cell(uint64_t base_unix_ms, uint64_t expire_at_unix_ms) {
    if (expire_at_unix_ms == EXPIRE_NONE) return DEADLINE_NONE;
    if (expire_at_unix_ms <= base_unix_ms + DEADLINE_CELL_MS) return 1;
    uint64_t cell = (expire_at_unix_ms - base_unix_ms - 1) / DEADLINE_CELL_MS + 1;
    return cell < DEADLINE_FAR ? (uint32_t)cell : DEADLINE_FAR;
}

static inline uint64_t deadline_cell_unix_ms(uint64_t base_unix_ms, uint32_t cell) {
    return base_unix_ms + (uint64_t)cell * DEADLINE_CELL_MS;
}

/* ref: | buckets_count 16 | address 42, in 64-byte units | directory 1 | deadlines 1 | depth 4 | */
#define REF_DIRECTORY UINT64_C(0x20)
#define REF_DEADLINES UINT64_C(0x10)
#define REF_DEPTH_MASK UINT64_C(0x0f)
#define REF_ADDRESS_MASK UINT64_C(0x0000ffffffffffc0)

struct segment {
    uint64_t *words; /* buckets_count * 8; NULL: no buckets */
    uint32_t *deadlines; /* one per word, or NULL: no key here has one */
    uint32_t buckets_count;
    uint32_t depth; /* bits of this level's hash that all keys here share */
};

static inline void *ref_address(uint64_t ref) {
    return (void *)(uintptr_t)(ref & REF_ADDRESS_MASK);
}

static inline struct segment segment_of_ref(uint64_t ref) {
    struct segment segment = {.words = ref_address(ref),
                              .buckets_count = (uint32_t)(ref >> 48),
                              .depth = (uint32_t)(ref & REF_DEPTH_MASK)};
    if (ref & REF_DEADLINES) {
        segment.deadlines = (uint32_t *)(void *)(segment.words +
                                                 segment.buckets_count * BUCKET_WORDS);
    }
    return segment;
}

static inline uint64_t segment_ref(struct segment segment) {
    return ((uint64_t)segment.buckets_count << 48) | (uint64_t)(uintptr_t)segment.words |
           (segment.deadlines != NULL ? REF_DEADLINES : 0) | segment.depth;
}

/* The tag of a hash whose bits above the level are shifted out. */
static inline uint32_t hash_tag(uint64_t hash_level) {
    return (uint32_t)(hash_level >> (64 - TAG_BITS));
}

static inline uint64_t word_of_tag(uint32_t tag) {
    return ((uint64_t)(tag >> 4) << 48) | (tag & 15);
}

static inline uint32_t word_tag(uint64_t word) {
    return (uint32_t)(word >> 48) << 4 | (uint32_t)(word & 15);
}

static inline struct entry *word_entry(uint64_t word) {
    return (struct entry *)(uintptr_t)(word & WORD_ENTRY_MASK);
}

/* S2: multiply-shift of what the tag says beyond the depth. */
static inline uint32_t tag_home(uint32_t tag, uint32_t depth, uint32_t buckets_count) {
    return (uint32_t)(((uint64_t)((tag << depth) & ((1u << TAG_BITS) - 1)) * buckets_count) >>
                      TAG_BITS);
}

/* Which of the bucket's eight words may carry the tag: bit i for word i. Exact in the tag's upper
 * 16 bits only. */
#ifdef __SSE2__
#include <emmintrin.h>
static inline unsigned bucket_match(const uint64_t *bucket, uint64_t needle) {
    const __m128 *lines = (const __m128 *)(const void *)bucket;
    __m128i low = _mm_castps_si128(_mm_shuffle_ps(lines[0], lines[1], 0xdd)); /* the upper halves */
    __m128i high = _mm_castps_si128(_mm_shuffle_ps(lines[2], lines[3], 0xdd));
    __m128i tags = _mm_packs_epi32(_mm_srai_epi32(low, 16), _mm_srai_epi32(high, 16));
    __m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)(needle >> 48)));
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
}
#else
static inline unsigned bucket_match(const uint64_t *bucket, uint64_t needle) {
    unsigned mask = 0;
    for (unsigned i = 0; i < BUCKET_WORDS; i++) {
        mask |= (unsigned)((bucket[i] & WORD_TAG_MASK) == needle) << i;
    }
    return mask;
}
#endif

/* `hash_level` as in hash_tag(). */
static inline struct entry *segment_find(struct segment segment, uint64_t hash_level,
                                         struct slice name) {
    if (SL_UNLIKELY(segment.words == NULL)) return NULL;
    uint32_t tag = hash_tag(hash_level);
    uint64_t needle = word_of_tag(tag);
    uint32_t bucket = tag_home(tag, segment.depth, segment.buckets_count);

    for (uint32_t step = 0; step < segment.buckets_count; step++) {
        const uint64_t *words = segment.words + (size_t)bucket * BUCKET_WORDS;
        for (unsigned mask = bucket_match(words, needle); mask != 0; mask &= mask - 1) {
            uint64_t word = words[__builtin_ctz(mask)];
            struct entry *entry = word_entry(word);
            if ((word & WORD_TAG_MASK) != needle || entry == NULL) continue;
            if (SL_LIKELY(entry_key_is(entry, name))) return entry;
        }
        if (SL_LIKELY(!(words[0] & WORD_SPILLED))) return NULL;
        if (++bucket == segment.buckets_count) bucket = 0;
    }
    return NULL;
}

/* How many keys it holds before it must grow. */
static inline uint32_t segment_keys_max(uint32_t buckets_count) {
    return buckets_count == 1 ? BUCKET_WORDS : buckets_count * 53 / 8; /* a load of 0.83 */
}

/* A zeroed segment for keys_count keys or more, as many buckets as the allocation has room for;
 * keys_count 0: none at all. */
struct segment segment_new(size_t keys_count, bool has_deadlines, uint32_t depth);
void segment_free(struct segment segment); /* not the entries */

/* Fills a new segment from others: any number of pours, then settle. Words of `from` whose tag has
 * bit `bit` (0 lowest) equal to `side` are taken; bit POUR_ALL: all. */
enum { POUR_ALL = -1 };
void segment_pour(struct segment from, struct segment to, int bit, uint32_t side);
void segment_pour_word(struct segment to, uint64_t word, uint32_t deadline);
void segment_settle(struct segment to);

/* Where the entry's word is: it must be there. */
size_t segment_locate(struct segment segment, uint32_t tag, const struct entry *entry);
/* There must be a place free. */
void segment_put(struct segment segment, uint64_t word, uint32_t deadline);
void segment_remove(struct segment segment, size_t at);
/* The least deadline or DEADLINE_MIN_NONE. */
uint32_t segment_deadline_min(struct segment segment);
