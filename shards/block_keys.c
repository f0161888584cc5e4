#include "shards/block_keys.h"

#include "core/mem.h"
#include "shards/node.h"

enum { BUCKETS_MIN = 4 };

/* The table of one slot: chained buckets, never more keys than buckets. */
struct slot_table {
    uint32_t keys_count, buckets_count; /* a power of two */
    struct block_key *buckets[];
};

static struct slot_table *table_of(const struct store *store, unsigned slot) {
    return store_slot_blocked_data(store, slot);
}

static struct block_key **bucket_of(struct slot_table *table, uint64_t hash) {
    return &table->buckets[hash & (table->buckets_count - 1)];
}

static struct block_key *table_find(struct slot_table *table, unsigned db, const struct key *key) {
    struct block_key *found = *bucket_of(table, key->hash);

    while (found != NULL && (found->key.hash != key->hash || found->db != db ||
                             !slice_equal(found->key.name, key->name)))
        found = found->bucket_next;
    return found;
}

struct block_key *block_keys_find(const struct store *store, unsigned db, const struct key *key) {
    struct slot_table *table = table_of(store, key->slot);

    return SL_LIKELY(table == NULL) ? NULL : table_find(table, db, key);
}

/* Room for one key more. NULL: no memory. */
static struct slot_table *table_make_room(struct store *store, unsigned slot) {
    struct slot_table *table = table_of(store, slot), *larger;

    if (table != NULL && table->keys_count < table->buckets_count) return table;
    uint32_t buckets_count = table == NULL ? BUCKETS_MIN : table->buckets_count * 2;
    size_t bytes = sizeof *larger + buckets_count * sizeof(struct block_key *);
    larger = mem_try(bytes);
    if (larger == NULL) return NULL;
    memset(larger, 0, bytes);
    larger->buckets_count = buckets_count;
    for (uint32_t i = 0; table != NULL && i < table->buckets_count; i++) {
        struct block_key *key = table->buckets[i];
        while (key != NULL) {
            struct block_key *next = key->bucket_next, **bucket = bucket_of(larger, key->key.hash);
            key->bucket_next = *bucket;
            *bucket = key;
            larger->keys_count++;
            key = next;
        }
    }
    mem_free(table);
    store_slot_set_blocked_data(store, slot, larger);
    return larger;
}

static void table_drop_empty(struct store *store, unsigned slot) {
    struct slot_table *table = table_of(store, slot);

    if (table == NULL || table->keys_count > 0) return;
    mem_free(table);
    store_slot_set_blocked_data(store, slot, NULL);
}

static struct block_key *key_add(struct node *node, unsigned db, const struct key *key) {
    struct slot_table *table = table_make_room(node->store, key->slot);
    struct block_key *added = table == NULL ? NULL : mem_try(sizeof *added + key->name.len);

    if (added == NULL) {
        table_drop_empty(node->store, key->slot);
        return NULL;
    }
    char *name = (char *)(added + 1);
    if (key->name.len > 0) memcpy(name, key->name.data, key->name.len);
    *added = (struct block_key){.key = *key, .db = (uint16_t)db};
    added->key.name = slice_of(name, key->name.len);
    struct block_key **bucket = bucket_of(table, key->hash);
    added->bucket_next = *bucket;
    *bucket = added;
    table->keys_count++;
    atomic_fetch_add_explicit(&node->blocking_keys_count, 1, memory_order_relaxed);
    return added;
}

bool block_keys_join(struct node *node, unsigned db, const struct key *key,
                     struct block_node *waiting) {
    struct block_key *joined = block_keys_find(node->store, db, key);

    SL_ASSERT(!waiting->is_linked);
    if (joined == NULL) joined = key_add(node, db, key);
    if (joined == NULL) return false;
    waiting->key = joined;
    waiting->slot = key->slot;
    waiting->is_linked = true;
    waiting->next = NULL;
    waiting->prev = joined->tail;
    if (joined->tail != NULL)
        joined->tail->next = waiting;
    else
        joined->head = waiting;
    joined->tail = waiting;
    if (waiting->wakes_without_key && joined->without_key_count++ == 0)
        atomic_fetch_add_explicit(&node->blocking_keys_on_nokey_count, 1, memory_order_relaxed);
    return true;
}

bool block_keys_is_last(const struct store *store, unsigned db, const struct key *key,
                        const struct waiter *waiter) {
    const struct block_key *found = block_keys_find(store, db, key);

    return found != NULL && found->tail != NULL && found->tail->waiter == waiter;
}

void block_keys_leave(struct node *node, struct block_node *waiting) {
    struct block_key *key = waiting->key;

    SL_ASSERT(waiting->is_linked);
    if (waiting->prev != NULL)
        waiting->prev->next = waiting->next;
    else
        key->head = waiting->next;
    if (waiting->next != NULL)
        waiting->next->prev = waiting->prev;
    else
        key->tail = waiting->prev;
    waiting->is_linked = false;
    waiting->key = NULL;
    if (waiting->wakes_without_key && --key->without_key_count == 0)
        atomic_fetch_sub_explicit(&node->blocking_keys_on_nokey_count, 1, memory_order_relaxed);
    if (!key->is_busy) block_keys_let_go(node, key);
}

void block_keys_let_go(struct node *node, struct block_key *key) {
    struct slot_table *table = table_of(node->store, key->key.slot);

    SL_ASSERT(table != NULL);
    key->is_busy = false;
    if (key->head != NULL) return;
    struct block_key **at = bucket_of(table, key->key.hash);
    while (*at != key) at = &(*at)->bucket_next;
    *at = key->bucket_next;
    table->keys_count--;
    table_drop_empty(node->store, key->key.slot);
    atomic_fetch_sub_explicit(&node->blocking_keys_count, 1, memory_order_relaxed);
    mem_free(key);
}

void block_keys_each(const struct store *store, unsigned slot,
                     void (*each)(void *owner, struct block_key *key), void *owner) {
    struct slot_table *table = table_of(store, slot);

    for (uint32_t i = 0; table != NULL && i < table->buckets_count; i++) {
        for (struct block_key *key = table->buckets[i]; key != NULL; key = key->bucket_next)
            each(owner, key);
    }
}

void block_keys_drop_slot(struct node *node, unsigned slot) {
    struct slot_table *table;

    while ((table = table_of(node->store, slot)) != NULL) {
        uint32_t bucket = 0;
        /* there is one: an empty table is no table */
        while (table->buckets[bucket] == NULL) bucket++;
        block_keys_let_go(node, table->buckets[bucket]); /* the last one takes the table with it */
    }
}
