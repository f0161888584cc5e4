/* table.c - a database's keys in one slot: one segment, or a tree of them.
 *
 *     ref ──► segment                     up to some 850 keys: all of a store with 13 million
 *
 *     ref ──► directory ──► segment        by the top 1..8 bits of the hash
 *               bits 2  ├─► segment        (a shallow segment has several refs that are equal)
 *                       ├─► segment
 *                       └─► directory ──► segment ...      the next 8 bits, and so on, 4 levels
 *
 * A full segment splits in two by the next bit of the hash; when its directory has no place for
 * that, the directory doubles. A directory stops at 256 refs (100,000 keys below it): doubling one
 * without end would be the very pause that segments avoid. Then a full segment becomes a directory
 * of its own, and its words take their tags from eight bits further down: the one time that keys
 * are read again, for 850 keys. Deletes merge two halves that together fill less than half a
 * segment, halve directories, and take away those with one segment left.
 *
 * T1  A segment of depth d below a directory of level l and b bits holds exactly the keys whose
 *     hash bits from 8 l on begin with the d upper bits of its index; 2^(b-d) equal refs point to
 *     it, d <= b <= 8. A sub-directory has depth 8.
 * T2  Tags in a segment are the 20 bits of the hash from 8 l on (l = 0 for a root segment).
 * T3  A directory's info stands at the first of the equal refs, and is the sum (minimum) of all
 *     below. The root's is in the table.
 * T4  depth_counts[bits] > 0, or the directory would be halved.
 * T5  Without keys there is no memory.
 *
 * The longest single steps: a segment of 1024 words moves (3 µs), a directory of 6 KiB doubles (1
 * µs), 850 keys are read for new tags (30 µs, at most once in 100,000 inserts into one slot). */
#include "core/table.h"

#include "core/mem.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    MERGE_KEYS_MAX = SEGMENT_BUCKETS_MAX * 53 / 16, /* half of what splits */
    RETAG_BATCH = 16,
};

/* A segment and the way to it. */
struct place {
    /* The root's, then one per directory; the last is ours. */
    struct segment_info *infos[LEVELS_MAX + 1];
    struct directory *directories[LEVELS_MAX];
    unsigned firsts[LEVELS_MAX]; /* the first of the equal refs in each directory */
    unsigned directories_count;
    struct segment segment;
    uint32_t tag;
};

uint64_t table_hash_key(struct table_hash how, struct slice name) {
    return XXH3_64bits_withSeed(name.data, name.len, how.seed) & how.mask;
}

void table_init(struct table *table, unsigned db) {
    *table = (struct table){.info = {.deadline_min = DEADLINE_MIN_NONE, .db = db}};
}

static unsigned refs_equal_count(const struct directory *directory, uint64_t ref) {
    return 1u << (directory->bits - (ref & REF_DEPTH_MASK));
}

static struct place place_of(struct table *table, uint64_t hash) {
    struct place place;
    uint64_t ref = table->ref;
    uint64_t hash_level = hash;

    place.infos[0] = &table->info;
    place.directories_count = 0;
    while (ref & REF_DIRECTORY) {
        unsigned level = place.directories_count++;
        SL_ASSERT(level < LEVELS_MAX);
        if (level > 0) hash_level <<= LEVEL_BITS;
        struct directory *directory = ref_address(ref);
        unsigned index = directory_index(directory, hash_level);
        ref = directory->refs[index];
        place.directories[level] = directory;
        place.firsts[level] = index & ~(refs_equal_count(directory, ref) - 1);
        place.infos[level + 1] = directory_infos(directory) + place.firsts[level];
    }
    place.segment = segment_of_ref(ref);
    place.tag = hash_tag(hash_level);
    return place;
}

static struct segment_info *place_info(const struct place *place) {
    return place->infos[place->directories_count];
}

static unsigned place_level(const struct place *place) {
    return place->directories_count == 0 ? 0 : place->directories_count - 1;
}

static void refs_fill(struct directory *directory, unsigned first, uint64_t ref) {
    unsigned count = refs_equal_count(directory, ref);
    for (unsigned i = 0; i < count; i++) directory->refs[first + i] = ref;
}

/* Puts another ref where the place's was. */
static void place_set_ref(struct table *table, const struct place *place, uint64_t ref) {
    if (place->directories_count == 0) {
        table->ref = ref;
        return;
    }
    unsigned level = place->directories_count - 1;
    refs_fill(place->directories[level], place->firsts[level], ref);
}

static void place_count(const struct place *place, int keys_delta, int expires_delta) {
    for (unsigned i = 0; i <= place->directories_count; i++) {
        place->infos[i]->keys_count += (uint32_t)keys_delta;
        place->infos[i]->expires_count += (uint32_t)expires_delta;
        if (place->infos[i]->expires_count == 0) place->infos[i]->deadline_min = DEADLINE_MIN_NONE;
    }
}

static void place_note_deadline(const struct place *place, uint32_t deadline) {
    for (unsigned i = 0; i <= place->directories_count; i++) {
        struct segment_info *info = place->infos[i];
        if (deadline < info->deadline_min) info->deadline_min = deadline;
    }
}

/* The place's segment again in another size: T2 and the depth stay. */
static void place_rebuild(struct table *table, struct place *place, size_t keys_count,
                          bool has_deadlines) {
    struct segment segment = segment_new(keys_count, has_deadlines, place->segment.depth);

    if (segment.words != NULL) {
        segment_pour(place->segment, segment, POUR_ALL, 0);
        segment_settle(segment);
    }
    segment_free(place->segment);
    place->segment = segment;
    place_set_ref(table, place, segment_ref(segment));
}

static struct segment_info info_of_segment(struct segment segment) {
    struct segment_info info = {.deadline_min = segment_deadline_min(segment)};
    size_t words_count = (size_t)segment.buckets_count * BUCKET_WORDS;

    for (size_t i = 0; i < words_count; i++) {
        info.keys_count += segment.words[i] != 0;
        info.expires_count += segment.deadlines != NULL && segment.deadlines[i] != DEADLINE_NONE;
    }
    return info;
}

/* ---- Directories ---- */

static struct directory *directory_new(unsigned bits, unsigned level) {
    size_t count = (size_t)1 << bits;
    struct directory *directory = mem_must_aligned(
        sizeof *directory + count * (sizeof(uint64_t) + sizeof(struct segment_info)), 64);

    memset(directory, 0, sizeof *directory);
    directory->bits = (uint8_t)bits;
    directory->level = (uint8_t)level;
    return directory;
}

static uint64_t directory_ref(const struct directory *directory) {
    return (uint64_t)(uintptr_t)directory | REF_DIRECTORY | (directory->level > 0 ? LEVEL_BITS : 0);
}

/* The directory with one bit more or less, in its parent's place. */
static void directory_resize(struct table *table, const struct place *place, unsigned bits) {
    struct directory *directory = place->directories[place->directories_count - 1];
    struct directory *resized = directory_new(bits, directory->level);
    struct place parent = *place;

    memcpy(resized->depth_counts, directory->depth_counts, sizeof resized->depth_counts);
    for (unsigned i = 0; i < 1u << bits; i++) {
        unsigned from = bits > directory->bits ? i >> 1 : i << 1;
        resized->refs[i] = directory->refs[from];
        directory_infos(resized)[i] = directory_infos(directory)[from];
    }
    parent.directories_count--;
    place_set_ref(table, &parent, directory_ref(resized));
    mem_free(directory);
}

/* ---- Growing ---- */

/* The words of `from` with the tags of another level: reads every key. */
static struct segment retag(struct table_hash how, struct segment from, unsigned level,
                            uint32_t depth) {
    size_t words_count = (size_t)from.buckets_count * BUCKET_WORDS;
    size_t keys_count = 0;

    for (size_t i = 0; i < words_count; i++) keys_count += from.words[i] != 0;
    struct segment to = segment_new(keys_count, from.deadlines != NULL, depth);
    for (size_t i = 0; i < words_count; i++) {
        if (i + RETAG_BATCH < words_count)
            __builtin_prefetch(word_entry(from.words[i + RETAG_BATCH]));
        struct entry *entry = word_entry(from.words[i]);
        if (entry == NULL) continue;
        uint64_t hash = table_hash_key(how, entry_name(entry));
        uint64_t word = word_of_tag(hash_tag(hash << (LEVEL_BITS * level)));
        segment_pour_word(to, word | (uint64_t)(uintptr_t)entry,
                          from.deadlines != NULL ? from.deadlines[i] : DEADLINE_NONE);
    }
    segment_settle(to);
    segment_free(from);
    return to;
}

/* The place's segment becomes the one child of a directory of its own. */
static void place_add_directory(struct table *table, struct table_hash how, struct place *place) {
    unsigned level = place->directories_count;
    struct directory *directory = directory_new(0, level);
    struct segment segment = place->segment;

    SL_ASSERT(level < LEVELS_MAX);
    SL_ASSERT(segment.depth == (level == 0 ? 0 : SEGMENT_DEPTH_MAX));
    if (level > 0) segment = retag(how, segment, level, 0);
    directory->depth_counts[0] = 1;
    directory->refs[0] = segment_ref(segment);
    *directory_infos(directory) = *place_info(place);
    place_set_ref(table, place, directory_ref(directory));
}

static void place_split(struct place *place) {
    struct segment from = place->segment;
    unsigned level = place->directories_count - 1;
    struct directory *directory = place->directories[level];
    int bit = (int)(TAG_BITS - 1 - from.depth);
    unsigned first = place->firsts[level];

    SL_ASSERT(from.depth < directory->bits);
    size_t counts[2] = {0, 0};
    for (size_t i = 0; i < (size_t)from.buckets_count * BUCKET_WORDS; i++) {
        if (from.words[i] != 0) counts[(word_tag(from.words[i]) >> bit) & 1]++;
    }
    for (uint32_t side = 0; side < 2; side++) {
        /* Room for an eighth more, or the next insert would rebuild at once. */
        size_t room_count = counts[side] == 0 ? 0 : counts[side] + counts[side] / 8;
        struct segment half = segment_new(room_count, from.deadlines != NULL, from.depth + 1);
        if (half.words != NULL) {
            segment_pour(from, half, bit, side);
            segment_settle(half);
        }
        refs_fill(directory, first, segment_ref(half));
        directory_infos(directory)[first] = info_of_segment(half);
        first += refs_equal_count(directory, segment_ref(half));
    }
    directory->depth_counts[from.depth]--;
    directory->depth_counts[from.depth + 1] = (uint16_t)(directory->depth_counts[from.depth + 1] +
                                                         2);
    segment_free(from);
}

/* One step towards room for one more key. False: no way. The place is void afterwards. */
static bool place_grow(struct table *table, struct table_hash how, struct place *place) {
    uint32_t buckets_count = place->segment.buckets_count;
    unsigned level = place_level(place);
    bool has_deadlines = place_info(place)->expires_count > 0;

    if (buckets_count < SEGMENT_BUCKETS_MAX) {
        uint32_t buckets_next = buckets_count + buckets_count / 8 + 1;
        if (buckets_next > SEGMENT_BUCKETS_MAX) buckets_next = SEGMENT_BUCKETS_MAX;
        place_rebuild(table, place, buckets_count == 0 ? 1 : segment_keys_max(buckets_next),
                      has_deadlines);
    } else if (place->directories_count == 0) {
        place_add_directory(table, how, place);
    } else if (place->segment.depth < place->directories[level]->bits) {
        place_split(place);
    } else if (place->directories[level]->bits < LEVEL_BITS) {
        directory_resize(table, place, place->directories[level]->bits + 1u);
    } else if (place->directories_count < LEVELS_MAX) {
        place_add_directory(table, how, place);
    } else if (buckets_count < SEGMENT_BUCKETS_LIMIT) { /* S6 */
        size_t keys_count = segment_keys_max(buckets_count);
        place_rebuild(table, place, keys_count + keys_count / 2, has_deadlines);
    } else {
        return false;
    }
    return true;
}

bool table_insert(struct table *table, struct table_hash how, uint64_t hash, struct entry *entry,
                  uint32_t deadline) {
    struct place place = place_of(table, hash);

    while (place.segment.words == NULL ||
           place_info(&place)->keys_count >= segment_keys_max(place.segment.buckets_count)) {
        if (!place_grow(table, how, &place)) return false;
        place = place_of(table, hash);
    }
    if (deadline != DEADLINE_NONE && place.segment.deadlines == NULL) {
        place_rebuild(table, &place, place_info(&place)->keys_count + 1, true);
    }
    segment_put(place.segment, word_of_tag(place.tag) | (uint64_t)(uintptr_t)entry, deadline);
    place_count(&place, 1, deadline != DEADLINE_NONE);
    if (deadline != DEADLINE_NONE) place_note_deadline(&place, deadline);
    return true;
}

void table_replace(struct table *table, uint64_t hash, const struct entry *entry,
                   struct entry *entry_new, uint32_t deadline) {
    struct place place = place_of(table, hash);

    SL_ASSERT(entry_new != NULL);
    if (deadline != DEADLINE_NONE && place.segment.deadlines == NULL) {
        place_rebuild(table, &place, place_info(&place)->keys_count, true);
    }
    size_t at = segment_locate(place.segment, place.tag, entry);
    uint64_t *word = place.segment.words + at;
    *word = (*word & ~WORD_ENTRY_MASK) | (uint64_t)(uintptr_t)entry_new;
    if (place.segment.deadlines == NULL) return;
    uint32_t deadline_old = place.segment.deadlines[at];
    place.segment.deadlines[at] = deadline;
    place_count(&place, 0, (deadline != DEADLINE_NONE) - (deadline_old != DEADLINE_NONE));
    if (deadline != DEADLINE_NONE) place_note_deadline(&place, deadline);
}

/* ---- Shrinking ---- */

/* Two halves become one if that leaves it half empty. The place is void afterwards. */
static bool place_merge(struct place *place) {
    struct segment ours = place->segment;
    unsigned level = place->directories_count - 1;
    struct directory *directory = place->directories[level];

    if (ours.depth == 0) return false;
    unsigned span = 1u << (directory->bits - ours.depth);
    unsigned first = place->firsts[level];
    unsigned other_first = first ^ span;
    uint64_t other_ref = directory->refs[other_first];
    struct segment_info *infos = directory_infos(directory);
    size_t keys_count = (size_t)infos[first].keys_count + infos[other_first].keys_count;
    if ((other_ref & REF_DIRECTORY) || (other_ref & REF_DEPTH_MASK) != ours.depth) return false;
    if (keys_count > MERGE_KEYS_MAX) return false;

    struct segment other = segment_of_ref(other_ref);
    bool has_deadlines = infos[first].expires_count + infos[other_first].expires_count > 0;
    struct segment merged = segment_new(keys_count, has_deadlines, ours.depth - 1);
    if (merged.words != NULL) {
        segment_pour(ours, merged, POUR_ALL, 0);
        segment_pour(other, merged, POUR_ALL, 0);
        segment_settle(merged);
    }
    unsigned merged_first = first & ~span;
    refs_fill(directory, merged_first, segment_ref(merged));
    infos[merged_first] = info_of_segment(merged);
    directory->depth_counts[ours.depth] = (uint16_t)(directory->depth_counts[ours.depth] - 2);
    directory->depth_counts[ours.depth - 1]++;
    segment_free(ours);
    segment_free(other);
    return true;
}

/* A directory that is larger than its deepest child needs is halved; one with a single segment left
 * goes. The place is void afterwards. */
static bool place_fold(struct table *table, struct table_hash how, struct place *place) {
    unsigned level = place->directories_count - 1;
    struct directory *directory = place->directories[level];

    if (directory->bits > 0) {
        if (directory->depth_counts[directory->bits] > 0) return false; /* T4 */
        directory_resize(table, place, directory->bits - 1u);
        return true;
    }
    struct segment segment = place->segment;
    if (level > 0) segment = retag(how, segment, level - 1, SEGMENT_DEPTH_MAX);
    place->directories_count--;
    place_set_ref(table, place, segment_ref(segment));
    mem_free(directory);
    return true;
}

void table_remove(struct table *table, struct table_hash how, uint64_t hash,
                  const struct entry *entry) {
    struct place place = place_of(table, hash);
    size_t at = segment_locate(place.segment, place.tag, entry);
    bool did_expire = place.segment.deadlines != NULL &&
                      place.segment.deadlines[at] != DEADLINE_NONE;

    segment_remove(place.segment, at);
    place_count(&place, -1, did_expire ? -1 : 0);
    size_t keys_count = place_info(&place)->keys_count;
    uint32_t buckets_count = place.segment.buckets_count;
    if (keys_count == 0 ||
        (buckets_count > 1 && keys_count < segment_keys_max(buckets_count) / 5 * 2)) {
        place_rebuild(table, &place, keys_count + keys_count / 4,
                      place_info(&place)->expires_count > 0);
    }
    /* At most a merge per bit: it ends. Mostly there is no directory at all. */
    while (place.directories_count > 0 && (place_merge(&place) || place_fold(table, how, &place))) {
        place = place_of(table, hash);
    }
    SL_ASSERT(table->info.keys_count > 0 || table->ref == 0);
}
