#pragma once
/* One database of one slot, or the members of one large collection: the tree of segments.
 * Private to the keyspace and to dict.c. Not thread-safe: the slot's owner calls. Picture and
 * invariants: table.c. A table that is all zero but for info.deadline_min (DEADLINE_MIN_NONE) is
 * empty and owns no memory. */
#include "core/segment.h"

enum { LEVELS_MAX = 4 }; /* a directory per 8 bits of hash; 32 bits in all */

/* What is below some ref. */
struct segment_info {
    uint32_t keys_count;
    uint32_t expires_count;
    uint32_t deadline_min; /* in cells; a lower bound: deletes do not raise it */
    uint32_t db; /* the root's alone: which database this table is */
};

struct table {
    uint64_t ref;
    struct segment_info info;
};

struct directory {
    uint8_t bits; /* it has 2^bits refs */
    uint8_t level; /* it decides by hash bits 8 * level and on, from the top */
    uint16_t depth_counts[LEVEL_BITS + 1]; /* how many children have which depth */
    uint32_t unused;
    uint64_t refs[]; /* then as many struct segment_info */
};
_Static_assert(sizeof(struct directory) == 24, "refs follow at once");

static inline struct segment_info *directory_infos(struct directory *directory) {
    return (struct segment_info *)(void *)(directory->refs + ((size_t)1 << directory->bits));
}

static inline unsigned directory_index(const struct directory *directory, uint64_t hash_level) {
    return directory->bits == 0 ? 0 : (unsigned)(hash_level >> (64 - directory->bits));
}

/* How to hash a key again; see keyspace_priv.h. */
struct table_hash {
    uint64_t seed;
    uint64_t mask;
};
uint64_t table_hash_key(struct table_hash how, struct slice name);

/* The segment that a hash leads to, and the hash with the bits above it shifted out. */
static inline struct segment table_segment(const struct table *table, uint64_t *hash_level) {
    uint64_t ref = table->ref;
    if (SL_UNLIKELY(ref & REF_DIRECTORY)) {
        for (;;) {
            const struct directory *directory = ref_address(ref);
            ref = directory->refs[directory_index(directory, *hash_level)];
            if (!(ref & REF_DIRECTORY)) break;
            *hash_level <<= LEVEL_BITS;
        }
    }
    return segment_of_ref(ref);
}

static inline struct entry *table_find(const struct table *table, const struct key *key) {
    uint64_t hash_level = key->hash;
    struct segment segment = table_segment(table, &hash_level);
    return segment_find(segment, hash_level, key->name);
}

void table_init(struct table *table, unsigned db);
/* The key must not be there. False: 100,000s of keys share 32 bits of hash; nothing has changed. */
bool table_insert(struct table *table, struct table_hash how, uint64_t hash, struct entry *entry,
                  uint32_t deadline);
/* The entry that is there becomes another (or the same) with another (or the same) deadline. */
void table_replace(struct table *table, uint64_t hash, const struct entry *entry,
                   struct entry *entry_new, uint32_t deadline);
void table_remove(struct table *table, struct table_hash how, uint64_t hash,
                  const struct entry *entry);

/* ---- table_walk.c ---- */
/* As keyspace_slot_scan(); visits whole buckets. */
bool table_scan(const struct table *table, uint32_t *position, size_t budget_count,
                void (*each)(void *owner, struct entry *entry), void *owner);
/* The entry of that rank in hash order, roughly; rank < keys_count. */
struct entry *table_nth(const struct table *table, size_t rank);

/* Any of them, evenly chosen by 64 random bits; there must be one. */
struct entry *table_random(const struct table *table, uint64_t random);

/* All entries in no particular order, for as long as nothing is added or removed. */
struct table_iter {
    uint64_t refs[LEVELS_MAX + 1];
    uint32_t ats[LEVELS_MAX + 1];
    unsigned level;
};
void table_iter_init(struct table_iter *iter, const struct table *table);
struct entry *table_iter_next(struct table_iter *iter); /* NULL: no more */

struct table_due {
    uint64_t now_unix_ms;
    uint32_t now_cell;
    struct entry **entries;
    size_t count;
    size_t count_max;
};
/* Adds due entries until count_max. Returns the least deadline of all others (in cells, a lower
 * bound); when count_max was reached it means nothing. */
uint32_t table_due(struct table *table, struct table_due *due);
/* deadline_of: what cell an entry's deadline must be in. Asserts everything. `slot`: that of all
 * keys, or TABLE_NO_SLOT. */
enum { TABLE_NO_SLOT = SLOTS_COUNT };
void table_check(const struct table *table, struct table_hash how, unsigned slot,
                 uint32_t (*deadline_of)(const void *owner, const struct entry *entry),
                 const void *owner);
