/* segment.c - one array of buckets.
 *
 *      bucket 0                bucket 1                n buckets    if any key has a deadline:
 *     +----+----+-- --+----+  +----+----+-- --+----+                8 n deadlines of 4 bytes
 *     | w0 | w1 |     | w7 |  | w0 | w1 |     | w7 |  ...           | d0 | d1 | ...
 *     +----+----+-- --+----+  +----+----+-- --+----+
 *      one cache line
 *
 *     word:  63          48 47 46                         4 3    0
 *           | tag, upper 16 | S | the entry's address / 16  | tag 4 |      0: empty
 *
 * A look-up compares the tags of one cache line at once and reads an entry only when 20 bits of its
 * hash agree. When a bucket is full, a word goes to the next one that is not, and every bucket it
 * passes is marked (S, in word 0): only a marked bucket makes a look-up go on. The tag also says
 * where the word belongs, so growing, shrinking and deleting never read a key.
 *
 * S1  A word stands in its home bucket or in a later one (cyclically); all buckets from its home up
 *     to the one before it are marked.
 * S2  home = (tag without the `depth` bits that all keys here share) * n / 2^20: order in the hash
 *     is order in the array, for any n. A scan's position therefore survives growth.
 * S3  A marked bucket is full. (So "empty" is the word 0, exactly.) A delete from a marked bucket
 *     pulls a spilled word back, or takes the mark away: marks do not pile up under churn, which
 *     otherwise, at this load, would make misses walk the whole segment.
 * S4  deadlines[i] belongs to words[i] and moves along; 0 for none and for empty words.
 * S5  There is always an empty word, except in a segment of one bucket.
 * S6  Beyond SEGMENT_BUCKETS_MAX grows only a segment whose keys share 32 bits of hash: never, with
 *     a secret seed, but then slower and still right.
 *
 * Growth is by an eighth and up to the allocator's next size: 0.70 to 0.83 of the words are in use,
 * 10.5 bytes a key. Doubling would be half as much work and 12 bytes. Figures:
 * bench/micro/bench_keyspace.c. */
#include "core/segment.h"

#include "core/mem.h"

/* mimalloc's sizes that are multiples of 64 lie on multiples of 64 anyway; asking it for alignment
 * costs 63 bytes more and mostly the next larger size. Other allocators are asked. */
static void *alloc_lines(size_t bytes) {
    void *ptr = mem_must(bytes);
    if (SL_LIKELY(((uintptr_t)ptr & (BUCKET_BYTES - 1)) == 0)) return ptr;
    mem_free(ptr);
    return mem_must_aligned(bytes, BUCKET_BYTES);
}

struct segment segment_new(size_t keys_count, bool has_deadlines, uint32_t depth) {
    struct segment segment = {.depth = depth};
    size_t bytes_each = BUCKET_BYTES + (has_deadlines ? BUCKET_WORDS * sizeof(uint32_t) : 0);

    if (keys_count == 0) return segment;
    size_t count = keys_count <= BUCKET_WORDS ? 1 : (keys_count * 8 + 52) / 53;
    if (count > SEGMENT_BUCKETS_LIMIT) count = SEGMENT_BUCKETS_LIMIT;
    segment.words = alloc_lines((count * bytes_each + BUCKET_BYTES - 1) &
                                ~(size_t)(BUCKET_BYTES - 1));
    size_t count_usable = mem_usable_bytes(segment.words) / bytes_each;
    /* More only as far as a rehash stays short. */
    if (count < SEGMENT_BUCKETS_MAX && count_usable > count) {
        count = count_usable < SEGMENT_BUCKETS_MAX ? count_usable : SEGMENT_BUCKETS_MAX;
    }
    memset(segment.words, 0, count * bytes_each);
    segment.buckets_count = (uint32_t)count;
    if (has_deadlines)
        segment.deadlines = (uint32_t *)(void *)(segment.words + count * BUCKET_WORDS);
    SL_ASSERT(segment_keys_max(segment.buckets_count) >= keys_count ||
              count == SEGMENT_BUCKETS_LIMIT);
    return segment;
}

void segment_free(struct segment segment) {
    mem_free(segment.words);
}

/* While a segment is being filled, word 7 of a bucket that is not full counts its words: they are
 * less than 8, and a real word is not. */
void segment_pour_word(struct segment to, uint64_t word, uint32_t deadline) {
    uint32_t bucket = tag_home(word_tag(word), to.depth, to.buckets_count);
    uint64_t *words = to.words + (size_t)bucket * BUCKET_WORDS;

    while (words[BUCKET_WORDS - 1] >= BUCKET_WORDS) {
        words[0] |= WORD_SPILLED;
        words += BUCKET_WORDS;
        if (++bucket == to.buckets_count) {
            bucket = 0;
            words = to.words;
        }
    }
    uint64_t index = words[BUCKET_WORDS - 1];
    words[BUCKET_WORDS - 1] = index + 1;
    words[index] = word & ~WORD_SPILLED;
    if (deadline != DEADLINE_NONE) to.deadlines[bucket * BUCKET_WORDS + index] = deadline;
}

void segment_pour(struct segment from, struct segment to, int bit, uint32_t side) {
    size_t words_count = (size_t)from.buckets_count * BUCKET_WORDS;

    for (size_t i = 0; i < words_count; i++) {
        uint64_t word = from.words[i];
        if (word == 0) continue;
        if (bit != POUR_ALL && ((word_tag(word) >> bit) & 1) != side) continue;
        segment_pour_word(to, word, from.deadlines != NULL ? from.deadlines[i] : DEADLINE_NONE);
    }
}

void segment_settle(struct segment to) {
    for (size_t i = 0; i < to.buckets_count; i++) {
        uint64_t *last = to.words + i * BUCKET_WORDS + BUCKET_WORDS - 1;
        if (*last < BUCKET_WORDS) *last = 0;
    }
}

size_t segment_locate(struct segment segment, uint32_t tag, const struct entry *entry) {
    uint32_t bucket = tag_home(tag, segment.depth, segment.buckets_count);

    for (uint32_t step = 0; step < segment.buckets_count; step++) {
        const uint64_t *words = segment.words + (size_t)bucket * BUCKET_WORDS;
        for (size_t i = 0; i < BUCKET_WORDS; i++) {
            if (word_entry(words[i]) == entry) return bucket * BUCKET_WORDS + i;
        }
        SL_ASSERT(words[0] & WORD_SPILLED);
        if (++bucket == segment.buckets_count) bucket = 0;
    }
    assert_fail("the entry is in the table", __FILE__, __LINE__);
}

void segment_put(struct segment segment, uint64_t word, uint32_t deadline) {
    uint32_t bucket = tag_home(word_tag(word), segment.depth, segment.buckets_count);

    SL_ASSERT(deadline == DEADLINE_NONE || segment.deadlines != NULL);
    for (uint32_t step = 0; step < segment.buckets_count; step++) {
        uint64_t *words = segment.words + (size_t)bucket * BUCKET_WORDS;
        for (size_t i = 0; i < BUCKET_WORDS; i++) {
            if (words[i] != 0) continue;
            words[i] = word;
            if (segment.deadlines != NULL) segment.deadlines[bucket * BUCKET_WORDS + i] = deadline;
            return;
        }
        words[0] |= WORD_SPILLED;
        if (++bucket == segment.buckets_count) bucket = 0;
    }
    assert_fail("the segment has room", __FILE__, __LINE__);
}

static uint32_t buckets_between(struct segment segment, uint32_t from, uint32_t to) {
    return to >= from ? to - from : to + segment.buckets_count - from;
}

/* A word beyond the marked `bucket` that belongs at or before it: SIZE_MAX if there is none. */
static size_t find_spilled(struct segment segment, uint32_t bucket) {
    for (uint32_t distance = 1; distance < segment.buckets_count; distance++) {
        uint32_t at = bucket + distance;
        if (at >= segment.buckets_count) at -= segment.buckets_count;
        const uint64_t *words = segment.words + (size_t)at * BUCKET_WORDS;
        for (size_t i = 0; i < BUCKET_WORDS; i++) {
            if (words[i] == 0) continue;
            uint32_t home = tag_home(word_tag(words[i]), segment.depth, segment.buckets_count);
            if (buckets_between(segment, home, at) >= distance) return at * BUCKET_WORDS + i;
        }
        if (!(words[0] & WORD_SPILLED)) break;
    }
    return SIZE_MAX;
}

void segment_remove(struct segment segment, size_t at) {
    for (;;) { /* each turn brings a word nearer to its home: it ends */
        uint32_t bucket = (uint32_t)(at / BUCKET_WORDS);
        uint64_t *mark = segment.words + (size_t)bucket * BUCKET_WORDS;
        size_t spilled_at = *mark & WORD_SPILLED ? find_spilled(segment, bucket) : SIZE_MAX;

        if (spilled_at == SIZE_MAX) {
            *mark &= ~WORD_SPILLED;
            segment.words[at] = 0;
            if (segment.deadlines != NULL) segment.deadlines[at] = DEADLINE_NONE;
            return;
        }
        segment.words[at] = segment.words[spilled_at] & ~WORD_SPILLED;
        *mark |= WORD_SPILLED;
        if (segment.deadlines != NULL) segment.deadlines[at] = segment.deadlines[spilled_at];
        at = spilled_at;
    }
}

uint32_t segment_deadline_min(struct segment segment) {
    uint32_t min = DEADLINE_MIN_NONE; /* of deadline - 1, so that "none" wraps to the top */
    size_t words_count = segment.deadlines == NULL ? 0
                                                   : (size_t)segment.buckets_count * BUCKET_WORDS;

    for (size_t i = 0; i < words_count; i++) {
        uint32_t less_one = segment.deadlines[i] - 1;
        min = less_one < min ? less_one : min;
    }
    return min == DEADLINE_MIN_NONE ? DEADLINE_MIN_NONE : min + 1;
}
