/* keyspace_slot.c - what concerns a slot as a whole: emptying and swapping its databases, scanning
 * it, choosing from it, finding what is due. The invariants K1-K3 are in keyspace.c. */
#include "core/keyspace_priv.h"
#include "core/mem.h"

static void renew_deadline(struct slot *slot) {
    slot->deadline_min = slot->table.info.deadline_min;
    for (uint32_t i = 0; i < slot->tables_count; i++) {
        uint32_t min = slot->tables[i].info.deadline_min;
        if (min < slot->deadline_min) slot->deadline_min = min;
    }
}

size_t keyspace_slot_flush(struct keyspace *keyspace, unsigned slot_number, unsigned db) {
    SL_ASSERT(db < keyspace->store->databases_count);
    struct slot *slot = store_slot(keyspace->store, slot_number);
    struct table *table = slot_table(slot, db);
    if (table == NULL || table->info.keys_count == 0) return 0;

    size_t keys_count = table->info.keys_count;
    keyspace_count(keyspace, db, -(int64_t)keys_count, -(int64_t)table->info.expires_count);
    garbage_add_table(&keyspace->garbage, table);
    table_init(table, db);
    slot_table_drop_empty(slot, db);
    renew_deadline(slot);
    return keys_count;
}

void keyspace_slot_swap_databases(struct keyspace *keyspace, unsigned slot_number, unsigned db_a,
                                  unsigned db_b) {
    SL_ASSERT(db_a < keyspace->store->databases_count);
    SL_ASSERT(db_b < keyspace->store->databases_count);
    struct slot *slot = store_slot(keyspace->store, slot_number);
    if (db_a == db_b) return;
    if (slot_table(slot, db_a) == NULL && slot_table(slot, db_b) == NULL) return;

    (void)slot_table_make(slot, db_a); /* the second may move the first */
    struct table *b = slot_table_make(slot, db_b);
    struct table *a = slot_table(slot, db_a);
    int64_t keys_delta = (int64_t)b->info.keys_count - a->info.keys_count;
    int64_t expires_delta = (int64_t)b->info.expires_count - a->info.expires_count;
    keyspace_count(keyspace, db_a, keys_delta, expires_delta);
    keyspace_count(keyspace, db_b, -keys_delta, -expires_delta);
    struct table swapped = *a;
    *a = *b;
    *b = swapped;
    a->info.db = db_a;
    b->info.db = db_b;
    slot_table_drop_empty(slot, db_a);
    slot_table_drop_empty(slot, db_b);
}

bool keyspace_garbage_step(struct keyspace *keyspace, size_t budget_count) {
    return garbage_step(&keyspace->garbage, budget_count);
}

size_t keyspace_garbage_count(const struct keyspace *keyspace) {
    return garbage_count(&keyspace->garbage);
}

bool keyspace_slot_scan(const struct keyspace *keyspace, unsigned slot_number, unsigned db,
                        uint32_t *position, size_t budget_count,
                        void (*each)(void *owner, struct entry *entry), void *owner) {
    const struct table *table = slot_table(store_slot(keyspace->store, slot_number), db);
    if (table == NULL) return *position = 0, false;
    return table_scan(table, position, budget_count, each, owner);
}

struct entry *keyspace_slot_random(const struct keyspace *keyspace, unsigned slot_number,
                                   unsigned db, uint64_t random) {
    const struct table *table = slot_table(store_slot(keyspace->store, slot_number), db);
    if (table == NULL || table->info.keys_count == 0) return NULL;
    __extension__ unsigned __int128 product = (unsigned __int128)random * table->info.keys_count;
    return table_nth(table, (size_t)(product >> 64));
}

static uint32_t now_cell(const struct store *store, uint64_t now_unix_ms) {
    if (now_unix_ms < store->base_unix_ms) return 0;
    uint64_t cell = (now_unix_ms - store->base_unix_ms) / DEADLINE_CELL_MS;
    return cell < DEADLINE_FAR ? (uint32_t)cell : DEADLINE_FAR;
}

size_t keyspace_slot_expired(struct keyspace *keyspace, unsigned slot_number, uint64_t now_unix_ms,
                             struct entry **entries, unsigned *dbs, size_t entries_max) {
    struct slot *slot = store_slot(keyspace->store, slot_number);
    struct table_due due = {.now_unix_ms = now_unix_ms,
                            .now_cell = now_cell(keyspace->store, now_unix_ms),
                            .entries = entries,
                            .count_max = entries_max};
    if (slot->deadline_min > due.now_cell) return 0;

    uint32_t min_left = DEADLINE_MIN_NONE;
    for (uint32_t i = 0; i <= slot->tables_count; i++) {
        struct table *table = i == 0 ? &slot->table : &slot->tables[i - 1];
        size_t count_before = due.count;
        uint32_t min = table_due(table, &due);
        if (min < min_left) min_left = min;
        for (size_t j = count_before; j < due.count; j++) dbs[j] = table->info.db;
        if (due.count == entries_max) return due.count; /* maybe more: the alarm stays due */
    }
    /* Those handed out are as good as deleted. */
    slot->deadline_min = min_left;
    return due.count;
}

struct cell_check {
    const struct store *store;
    const struct slot *slot;
};

static uint32_t cell_of(const void *owner, const struct entry *entry) {
    const struct cell_check *check = owner;
    uint32_t cell = store_deadline_cell(check->store, entry_due_at(entry));
    SL_ASSERT(cell == DEADLINE_NONE || check->slot->deadline_min <= cell); /* K1 */
    return cell;
}

void keyspace_slot_check(const struct keyspace *keyspace, unsigned slot_number) {
    const struct store *store = keyspace->store;
    const struct slot *slot = store_slot(store, slot_number);
    struct cell_check check = {store, slot};

    for (uint32_t i = 0; i <= slot->tables_count; i++) {
        const struct table *table = i == 0 ? &slot->table : &slot->tables[i - 1];
        table_check(table, store->hash, slot_number, cell_of, &check);
        if (i == 0) continue;
        SL_ASSERT(table->info.keys_count > 0); /* K2 */
        SL_ASSERT(table->info.db > (i == 1 ? 0 : slot->tables[i - 2].info.db));
        SL_ASSERT(table->info.db < store->databases_count);
    }
}
