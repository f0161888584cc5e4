#pragma once
/* For keyspace*.c alone: what a store and a handle are made of. */
#include <stdatomic.h>

#include "core/garbage.h"
#include "core/keyspace.h"
#include "core/table.h"

enum { BLOB_GARBAGE_BYTES = 64 * 1024 };

/* Database 0 lies in the slot, the others in an array by number, those only that have keys. */
struct slot {
    _Alignas(64) void *owner_data;
    struct table table; /* database 0 */
    struct table *tables; /* the others, sorted by info.db */
    uint32_t tables_count;
    uint32_t deadline_min; /* over all tables, in cells, a lower bound */
    void *blocked_data;
};
_Static_assert(sizeof(struct slot) == 64, "a look-up reads one line of the slot");

struct store {
    struct table_hash hash;
    uint64_t base_unix_ms; /* where cell 0 begins: a little before the start */
    unsigned databases_count;
    struct slot slots[SLOTS_COUNT];
};

struct keyspace_counts {
    _Atomic int64_t keys;
    _Atomic int64_t expires;
};

struct keyspace {
    struct store *store;
    struct keyspace_hooks hooks;
    struct garbage garbage;
    struct keyspace_counts counts[]; /* one per database; written by this handle's thread only */
};

/* NULL: the database has no keys here and no table either. */
static inline struct table *slot_table(struct slot *slot, unsigned db) {
    if (SL_LIKELY(db == 0)) return &slot->table;
    uint32_t low = 0;
    uint32_t high = slot->tables_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (slot->tables[middle].info.db < db)
            low = middle + 1;
        else
            high = middle;
    }
    return low < slot->tables_count && slot->tables[low].info.db == db ? &slot->tables[low] : NULL;
}

static inline struct slot *store_slot(const struct store *store, unsigned slot) {
    SL_ASSERT(slot < SLOTS_COUNT);
    return (struct slot *)(uintptr_t)&store->slots[slot];
}

static inline uint32_t store_deadline_cell(const struct store *store, uint64_t expire_at_unix_ms) {
    return deadline_cell(store->base_unix_ms, expire_at_unix_ms);
}

static inline uint64_t store_cell_unix_ms(const struct store *store, uint32_t cell) {
    if (cell == DEADLINE_MIN_NONE) return UINT64_MAX;
    return deadline_cell_unix_ms(store->base_unix_ms, cell);
}

/* keyspace.c */
struct table *slot_table_make(struct slot *slot, unsigned db);
void slot_table_drop_empty(struct slot *slot, unsigned db);
void keyspace_count(struct keyspace *keyspace, unsigned db, int64_t keys_delta,
                    int64_t expires_delta);
