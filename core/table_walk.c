/* table_walk.c - everything that goes through a whole table: scan, choosing by rank, what is due,
 * and the check of all invariants (numbered in segment.c and table.c).
 *
 * A scan's position is the first 32 bits of a hash: all keys whose hash is smaller have been
 * visited if they were there. Segments and buckets stand in hash order (S2, T1), so the position
 * means the same whatever the table looks like at the next step; it falls at worst inside a bucket,
 * which is then visited whole. */
#include "core/table.h"

enum { POSITION_SHIFT = 32 };

/* The segment that a hash leads to, its level, and how many bits all hashes in it share. */
static struct segment segment_at(const struct table *table, uint64_t hash, unsigned *level) {
    uint64_t ref = table->ref;

    *level = 0;
    for (unsigned count = 0; ref & REF_DIRECTORY; count++) {
        const struct directory *directory = ref_address(ref);
        *level = count;
        ref = directory->refs[directory_index(directory, hash << (LEVEL_BITS * count))];
    }
    return segment_of_ref(ref);
}

/* The keys that belong into the bucket, wherever they stand. */
static size_t visit_bucket(struct segment segment, uint32_t bucket,
                           void (*each)(void *owner, struct entry *entry), void *owner) {
    size_t visited_count = 0;
    uint32_t at = bucket;

    for (uint32_t step = 0; step < segment.buckets_count; step++) {
        const uint64_t *words = segment.words + (size_t)at * BUCKET_WORDS;
        for (size_t i = 0; i < BUCKET_WORDS; i++) {
            if (words[i] == 0) continue;
            if (tag_home(word_tag(words[i]), segment.depth, segment.buckets_count) != bucket)
                continue;
            each(owner, word_entry(words[i]));
            visited_count++;
        }
        if (!(words[0] & WORD_SPILLED)) break;
        if (++at == segment.buckets_count) at = 0;
    }
    return visited_count;
}

/* The least hash that belongs into the bucket or a later one; bucket > 0. `start`: the segment's.
 * */
static uint64_t bucket_start(struct segment segment, uint32_t bucket, uint64_t start,
                             unsigned bits) {
    uint64_t tag = (((uint64_t)bucket << TAG_BITS) + segment.buckets_count - 1) /
                   segment.buckets_count;
    uint64_t step =
        UINT64_C(1) << segment.depth; /* finer a tag is not, once its depth is shifted out */

    tag = (tag + step - 1) & ~(step - 1);
    return start + (tag << (64 - TAG_BITS - bits));
}

bool table_scan(const struct table *table, uint32_t *position, size_t budget_count,
                void (*each)(void *owner, struct entry *entry), void *owner) {
    uint64_t hash = (uint64_t)*position << POSITION_SHIFT;
    size_t visited_count = 0;

    if (table->info.keys_count == 0) return *position = 0, false;
    for (;;) {
        unsigned level;
        struct segment segment = segment_at(table, hash, &level);
        unsigned bits = LEVEL_BITS * level + segment.depth;
        uint64_t start = bits == 0 ? 0 : hash & (UINT64_MAX << (64 - bits));
        uint64_t end = bits == 0 ? 0 : start + (UINT64_C(1) << (64 - bits)); /* 0: of all */
        uint32_t bucket = tag_home(hash_tag(hash << (LEVEL_BITS * level)), segment.depth,
                                   segment.buckets_count);
        for (; bucket < segment.buckets_count; bucket++) {
            visited_count += visit_bucket(segment, bucket, each, owner);
            if (visited_count < budget_count || bucket + 1 == segment.buckets_count) continue;
            uint64_t next = bucket_start(segment, bucket + 1, start, bits);
            /* Buckets may be finer than positions: go on until the position has moved. Past the end
             * there is nothing. */
            if (end != 0 ? next >= end : next < start) break;
            if (next >> POSITION_SHIFT == *position) continue;
            *position = (uint32_t)(next >> POSITION_SHIFT);
            return true;
        }
        if (end == 0) return *position = 0, false;
        hash = end;
        if (visited_count < budget_count) continue;
        *position = (uint32_t)(end >> POSITION_SHIFT);
        return true;
    }
}

/* The child with the key of that rank, and its rank there. */
static uint64_t child_of_rank(struct directory *directory, size_t *rank) {
    const struct segment_info *infos = directory_infos(directory);
    unsigned i = 0;

    while (*rank >= infos[i].keys_count) {
        *rank -= infos[i].keys_count;
        i += 1u << (directory->bits - (directory->refs[i] & REF_DEPTH_MASK));
        SL_ASSERT(i < 1u << directory->bits);
    }
    return directory->refs[i];
}

struct entry *table_nth(const struct table *table, size_t rank) {
    uint64_t ref = table->ref;

    SL_ASSERT(rank < table->info.keys_count);
    while (ref & REF_DIRECTORY) ref = child_of_rank(ref_address(ref), &rank);
    struct segment segment = segment_of_ref(ref);
    size_t words_count = (size_t)segment.buckets_count * BUCKET_WORDS;
    for (size_t i = 0; i < words_count; i++) {
        if (segment.words[i] != 0 && rank-- == 0) return word_entry(segment.words[i]);
    }
    assert_fail("there are as many keys as counted", __FILE__, __LINE__);
}

struct entry *table_random(const struct table *table, uint64_t random) {
    uint64_t ref = table->ref;

    SL_ASSERT(table->info.keys_count > 0);
    __extension__ unsigned __int128 product = (unsigned __int128)random * table->info.keys_count;
    size_t rank = (size_t)(product >> 64);
    while (ref & REF_DIRECTORY) ref = child_of_rank(ref_address(ref), &rank);
    struct segment segment = segment_of_ref(ref);
    uint64_t words_count = (uint64_t)segment.buckets_count * BUCKET_WORDS;
    for (uint64_t bits = random;;) { /* more than one word in three is taken */
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t word = segment.words[((bits >> 32) * words_count) >> 32];
        if (word != 0) return word_entry(word);
    }
}

void table_iter_init(struct table_iter *iter, const struct table *table) {
    *iter = (struct table_iter){.refs = {table->ref}};
}

struct entry *table_iter_next(struct table_iter *iter) {
    for (;;) {
        uint64_t ref = iter->refs[iter->level];
        if (ref & REF_DIRECTORY) {
            const struct directory *directory = ref_address(ref);
            uint32_t *at = &iter->ats[iter->level];
            if (*at < 1u << directory->bits) {
                uint64_t child = directory->refs[*at];
                *at += 1u << (directory->bits - (child & REF_DEPTH_MASK));
                iter->level++;
                iter->refs[iter->level] = child;
                iter->ats[iter->level] = 0;
                continue;
            }
        } else {
            struct segment segment = segment_of_ref(ref);
            uint32_t *at = &iter->ats[iter->level];
            while (*at < segment.buckets_count * BUCKET_WORDS) {
                struct entry *entry = word_entry(segment.words[(*at)++]);
                if (entry != NULL) return entry;
            }
        }
        if (iter->level == 0) return NULL;
        iter->level--;
    }
}

/* ---- What is due ---- */

static uint32_t min_cell(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Whole buckets at a time: nearly all have nothing due, and eight are compared at once. */
static uint32_t due_in_segment(struct segment segment, struct segment_info *info,
                               struct table_due *due) {
    uint32_t min_left = DEADLINE_MIN_NONE; /* of those not handed out */
    uint32_t min_taken = DEADLINE_MIN_NONE;

    for (size_t i = 0; i < segment.buckets_count; i++) {
        const uint32_t *deadlines = segment.deadlines + i * BUCKET_WORDS;
        uint32_t min = UINT32_MAX; /* less one, so that "none" wraps to the top */
        for (size_t j = 0; j < BUCKET_WORDS; j++) min = min_cell(min, deadlines[j] - 1);
        if (min >= due->now_cell) {
            if (min != UINT32_MAX) min_left = min_cell(min_left, min + 1);
            continue;
        }
        for (size_t j = 0; j < BUCKET_WORDS; j++) {
            if (deadlines[j] == DEADLINE_NONE) continue;
            struct entry *entry = word_entry(segment.words[i * BUCKET_WORDS + j]);
            /* The cell says due, the entry may know better: only if it is far. */
            if (deadlines[j] > due->now_cell || entry_due_at(entry) > due->now_unix_ms) {
                min_left = min_cell(min_left, deadlines[j]);
                continue;
            }
            if (due->count == due->count_max) return min_left;
            due->entries[due->count++] = entry;
            min_taken = min_cell(min_taken, deadlines[j]);
        }
    }
    /* Still true if the caller keeps what it was handed. */
    info->deadline_min = min_cell(min_left, min_taken);
    return min_left;
}

/* At most LEVELS_MAX deep. */
static uint32_t due_below(uint64_t ref, struct segment_info *info, struct table_due *due) {
    if (info->deadline_min > due->now_cell) return info->deadline_min;
    if (!(ref & REF_DIRECTORY)) return due_in_segment(segment_of_ref(ref), info, due);

    struct directory *directory = ref_address(ref);
    struct segment_info *infos = directory_infos(directory);
    uint32_t min_left = DEADLINE_MIN_NONE;
    uint32_t min_all = DEADLINE_MIN_NONE;
    for (unsigned i = 0; i < 1u << directory->bits;) {
        if (infos[i].expires_count > 0) {
            min_left = min_cell(min_left, due_below(directory->refs[i], &infos[i], due));
            if (due->count == due->count_max) return min_left;
            min_all = min_cell(min_all, infos[i].deadline_min);
        }
        i += 1u << (directory->bits - (directory->refs[i] & REF_DEPTH_MASK));
    }
    info->deadline_min = min_all;
    return min_left;
}

uint32_t table_due(struct table *table, struct table_due *due) {
    if (table->info.expires_count == 0) return DEADLINE_MIN_NONE;
    return due_below(table->ref, &table->info, due);
}

/* ---- The check ---- */

struct check {
    const struct table *table;
    struct table_hash how;
    unsigned slot;
    uint32_t (*deadline_of)(const void *owner, const struct entry *entry);
    const void *owner;
};

static void check_word(const struct check *check, struct segment segment, size_t at, unsigned level,
                       uint64_t prefix) {
    struct entry *entry = word_entry(segment.words[at]);
    SL_ASSERT(((uintptr_t)entry & 15) == 0);
    struct key key = {.name = entry_name(entry), .slot = (uint16_t)check->slot};
    key.hash = table_hash_key(check->how, key.name);
    unsigned bits = LEVEL_BITS * level + segment.depth;

    SL_ASSERT(check->slot == TABLE_NO_SLOT || key_slot(key.name) == check->slot);
    SL_ASSERT(word_tag(segment.words[at]) == hash_tag(key.hash << (LEVEL_BITS * level))); /* T2 */
    SL_ASSERT(bits == 0 || (key.hash >> (64 - bits)) == (prefix >> (64 - bits))); /* T1 */
    SL_ASSERT(table_find(check->table, &key) == entry); /* found, and only once */
    uint32_t deadline = check->deadline_of(check->owner, entry);
    SL_ASSERT((segment.deadlines == NULL ? DEADLINE_NONE : segment.deadlines[at]) ==
              deadline); /* S4 */

    uint32_t bucket = tag_home(word_tag(segment.words[at]), segment.depth, segment.buckets_count);
    while (bucket != at / BUCKET_WORDS) { /* S1 */
        SL_ASSERT(segment.words[(size_t)bucket * BUCKET_WORDS] & WORD_SPILLED);
        if (++bucket == segment.buckets_count) bucket = 0;
    }
}

static struct segment_info check_segment(const struct check *check, struct segment segment,
                                         unsigned level, uint64_t prefix) {
    struct segment_info sum = {.deadline_min = segment_deadline_min(segment)};

    SL_ASSERT(((uintptr_t)segment.words & (BUCKET_BYTES - 1)) == 0);
    SL_ASSERT((segment.words == NULL) == (segment.buckets_count == 0));
    for (size_t at = 0; at < (size_t)segment.buckets_count * BUCKET_WORDS; at++) {
        uint64_t mark = segment.words[at & ~(size_t)(BUCKET_WORDS - 1)] & WORD_SPILLED;
        SL_ASSERT(!mark || segment.words[at] != 0); /* S3 */
        if (segment.words[at] == 0) {
            SL_ASSERT(segment.deadlines == NULL || segment.deadlines[at] == DEADLINE_NONE);
            continue;
        }
        SL_ASSERT(segment.words[at] & WORD_ENTRY_MASK);
        SL_ASSERT(at % BUCKET_WORDS == 0 || !(segment.words[at] & WORD_SPILLED));
        check_word(check, segment, at, level, prefix);
        sum.keys_count++;
        sum.expires_count += segment.deadlines != NULL && segment.deadlines[at] != DEADLINE_NONE;
    }
    SL_ASSERT(segment.words == NULL || sum.keys_count > 0);
    SL_ASSERT(segment.words == NULL || sum.keys_count <= segment_keys_max(segment.buckets_count));
    return sum;
}

/* At most LEVELS_MAX deep. */
static void check_below(const struct check *check, uint64_t ref, const struct segment_info *info,
                        unsigned directories_count, uint64_t prefix) {
    struct segment_info sum = {.deadline_min = DEADLINE_MIN_NONE};

    if (!(ref & REF_DIRECTORY)) {
        unsigned level = directories_count == 0 ? 0 : directories_count - 1;
        sum = check_segment(check, segment_of_ref(ref), level, prefix);
    } else {
        struct directory *directory = ref_address(ref);
        const struct segment_info *infos = directory_infos(directory);
        uint16_t depth_counts[LEVEL_BITS + 1] = {0};
        SL_ASSERT(directory->level == directories_count);
        SL_ASSERT(directory->bits <= LEVEL_BITS);
        for (unsigned i = 0; i < 1u << directory->bits;) {
            uint64_t child = directory->refs[i];
            unsigned depth = (unsigned)(child & REF_DEPTH_MASK);
            SL_ASSERT(depth <= directory->bits);
            unsigned span = 1u << (directory->bits - depth);
            SL_ASSERT(i % span == 0);
            for (unsigned j = 1; j < span; j++) SL_ASSERT(directory->refs[i + j] == child); /* T1 */
            SL_ASSERT(!(child & REF_DIRECTORY) || depth == SEGMENT_DEPTH_MAX);
            unsigned bits = LEVEL_BITS * directories_count + directory->bits;
            uint64_t below = bits == 0 ? prefix : prefix | (uint64_t)i << (64 - bits);
            check_below(check, child, &infos[i], directories_count + 1, below);
            depth_counts[depth]++;
            sum.keys_count += infos[i].keys_count;
            sum.expires_count += infos[i].expires_count;
            sum.deadline_min = min_cell(sum.deadline_min, infos[i].deadline_min);
            i += span;
        }
        SL_ASSERT(memcmp(depth_counts, directory->depth_counts, sizeof depth_counts) == 0);
        SL_ASSERT(depth_counts[directory->bits] > 0); /* T4 */
    }
    SL_ASSERT(sum.keys_count == info->keys_count); /* T3 */
    SL_ASSERT(sum.expires_count == info->expires_count);
    SL_ASSERT(info->deadline_min <= sum.deadline_min);
    SL_ASSERT(info->expires_count > 0 || info->deadline_min == DEADLINE_MIN_NONE);
}

void table_check(const struct table *table, struct table_hash how, unsigned slot,
                 uint32_t (*deadline_of)(const void *owner, const struct entry *entry),
                 const void *owner) {
    struct check check = {table, how, slot, deadline_of, owner};

    check_below(&check, table->ref, &table->info, 0, 0);
    SL_ASSERT(table->info.keys_count > 0 || table->ref == 0); /* T5 */
}
