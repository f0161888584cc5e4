/* keyspace.c - the store, a thread's handle on it, and every change to one key.
 *
 *     store ─► slot 0      [owner_data | table of database 0 | other tables | deadline]  64 bytes
 *              slot 1                       │
 *              ...                          └─► buckets ─► entry
 *              slot 16383
 *
 * A look-up touches three cache lines: the slot, a bucket, the entry. With 2 million keys of 16
 * bytes and values of 32 a key takes 64 + 10.7 + 0.5 bytes: its entry, its word with the free ones,
 * its share of the slots.
 *
 * An entry's place among the deadlines is that of entry_due_at(): its own, or the earliest
 * inside its object. Both are counted as keys that expire.
 *
 * K1  A slot's deadline_min is at most every deadline in its tables (but for keys that
 *     keyspace_slot_expired() has handed out to be deleted). Only that call and a flush raise it.
 *     When it falls, deadline_sooner is called.
 * K2  A database other than 0 has a table in a slot only while it has keys there.
 * K3  What a handle counts is what went through it: one writer, and sums over handles are right. */
#include "core/keyspace_priv.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/object.h"

enum { STRING_DOUBLING_BYTES_MAX = 1024 * 1024, CELLS_BEFORE_START = 2 };

/* ---- The store ---- */

struct store *store_new(unsigned databases_count, uint64_t hash_seed, uint64_t now_unix_ms) {
    struct store *store = mem_must_aligned(sizeof *store, 64);

    SL_ASSERT(databases_count >= 1);
    SL_ASSERT(databases_count <= DATABASES_MAX);
    memset(store, 0, sizeof *store);
    store->hash = (struct table_hash){.seed = hash_seed, .mask = UINT64_MAX};
    uint64_t before_ms = CELLS_BEFORE_START * DEADLINE_CELL_MS;
    store->base_unix_ms = now_unix_ms > before_ms ? now_unix_ms - before_ms : 0;
    store->databases_count = databases_count;
    for (size_t i = 0; i < SLOTS_COUNT; i++) {
        table_init(&store->slots[i].table, 0);
        store->slots[i].deadline_min = DEADLINE_MIN_NONE;
    }
    return store;
}

void store_weaken_hash(struct store *store, uint64_t mask) {
    for (size_t i = 0; i < SLOTS_COUNT; i++) SL_ASSERT(store->slots[i].table.info.keys_count == 0);
    store->hash.mask = mask;
}

void store_free(struct store *store) {
    struct garbage garbage;

    if (store == NULL) return;
    garbage_init(&garbage);
    for (size_t i = 0; i < SLOTS_COUNT; i++) {
        struct slot *slot = &store->slots[i];
        garbage_add_table(&garbage, &slot->table);
        for (uint32_t j = 0; j < slot->tables_count; j++)
            garbage_add_table(&garbage, &slot->tables[j]);
        while (garbage_step(&garbage, SIZE_MAX)) {}
        mem_free(slot->tables);
    }
    mem_free(store);
}

unsigned store_databases_count(const struct store *store) {
    return store->databases_count;
}

void store_prefetch_slot(const struct store *store, unsigned slot) {
    __builtin_prefetch(store_slot(store, slot));
}

void *store_slot_owner_data(const struct store *store, unsigned slot) {
    return store_slot(store, slot)->owner_data;
}

void store_slot_set_owner_data(struct store *store, unsigned slot, void *owner_data) {
    store_slot(store, slot)->owner_data = owner_data;
}

void *store_slot_blocked_data(const struct store *store, unsigned slot) {
    return store_slot(store, slot)->blocked_data;
}

void store_slot_set_blocked_data(struct store *store, unsigned slot, void *blocked_data) {
    store_slot(store, slot)->blocked_data = blocked_data;
}

uint64_t store_slot_deadline_unix_ms(const struct store *store, unsigned slot) {
    return store_cell_unix_ms(store, store_slot(store, slot)->deadline_min);
}

size_t store_slot_keys_count(const struct store *store, unsigned slot, unsigned db) {
    SL_ASSERT(db < store->databases_count);
    const struct table *table = slot_table(store_slot(store, slot), db);
    return table == NULL ? 0 : table->info.keys_count;
}

struct table *slot_table_make(struct slot *slot, unsigned db) {
    struct table *table = slot_table(slot, db);
    if (SL_LIKELY(table != NULL)) return table;

    size_t count = slot->tables_count;
    slot->tables = mem_must_realloc(slot->tables, (count + 1) * sizeof *slot->tables);
    size_t at = count;
    for (; at > 0 && slot->tables[at - 1].info.db > db; at--)
        slot->tables[at] = slot->tables[at - 1];
    table_init(&slot->tables[at], db);
    slot->tables_count++;
    return &slot->tables[at];
}

/* K2. */
void slot_table_drop_empty(struct slot *slot, unsigned db) {
    struct table *table = slot_table(slot, db);
    if (db == 0 || table == NULL || table->info.keys_count > 0) return;
    size_t after_count = slot->tables_count - (size_t)(table - slot->tables) - 1;
    memmove(table, table + 1, after_count * sizeof *table);
    if (--slot->tables_count > 0) return;
    mem_free(slot->tables);
    slot->tables = NULL;
}

/* ---- A thread's handle ---- */

struct keyspace *keyspace_new(struct store *store, const struct keyspace_hooks *hooks) {
    size_t counts_bytes = store->databases_count * sizeof(struct keyspace_counts);
    struct keyspace *keyspace = mem_must_zero(sizeof *keyspace + counts_bytes);

    keyspace->store = store;
    if (hooks != NULL) keyspace->hooks = *hooks;
    garbage_init(&keyspace->garbage);
    return keyspace;
}

void keyspace_free(struct keyspace *keyspace) {
    if (keyspace == NULL) return;
    while (garbage_step(&keyspace->garbage, SIZE_MAX)) {}
    mem_free(keyspace);
}

struct store *keyspace_store(const struct keyspace *keyspace) {
    return keyspace->store;
}

int64_t keyspace_keys_count(const struct keyspace *keyspace, unsigned db) {
    SL_ASSERT(db < keyspace->store->databases_count);
    return atomic_load_explicit(&keyspace->counts[db].keys, memory_order_relaxed);
}

int64_t keyspace_expires_count(const struct keyspace *keyspace, unsigned db) {
    SL_ASSERT(db < keyspace->store->databases_count);
    return atomic_load_explicit(&keyspace->counts[db].expires, memory_order_relaxed);
}

static void add_relaxed(_Atomic int64_t *counter, int64_t delta) {
    if (delta == 0) return;
    int64_t value = atomic_load_explicit(counter,
                                         memory_order_relaxed); /* K3: nobody else writes */
    atomic_store_explicit(counter, value + delta, memory_order_relaxed);
}

void keyspace_count(struct keyspace *keyspace, unsigned db, int64_t keys_delta,
                    int64_t expires_delta) {
    SL_DEBUG_ASSERT(db < keyspace->store->databases_count);
    add_relaxed(&keyspace->counts[db].keys, keys_delta);
    add_relaxed(&keyspace->counts[db].expires, expires_delta);
}

/* ---- Look-up ---- */

struct key key_make(const struct store *store, struct slice name) {
    return (struct key){name, table_hash_key(store->hash, name), key_slot(name)};
}

void keyspace_prefetch_bucket(const struct keyspace *keyspace, unsigned db, const struct key *key) {
    const struct table *table = slot_table(store_slot(keyspace->store, key->slot), db);
    if (table == NULL) return;
    uint64_t hash_level = key->hash;
    struct segment segment = table_segment(table, &hash_level);
    if (segment.words == NULL) return;
    uint32_t bucket = tag_home(hash_tag(hash_level), segment.depth, segment.buckets_count);
    __builtin_prefetch(segment.words + (size_t)bucket * BUCKET_WORDS);
}

void keyspace_prefetch_entry(const struct keyspace *keyspace, unsigned db, const struct key *key) {
    const struct table *table = slot_table(store_slot(keyspace->store, key->slot), db);
    if (table == NULL) return;
    uint64_t hash_level = key->hash;
    struct segment segment = table_segment(table, &hash_level);
    if (segment.words == NULL) return;
    uint32_t tag = hash_tag(hash_level);
    uint32_t bucket = tag_home(tag, segment.depth, segment.buckets_count);
    const uint64_t *words = segment.words + (size_t)bucket * BUCKET_WORDS;
    unsigned mask = bucket_match(words, word_of_tag(tag));
    for (; mask != 0; mask &= mask - 1) {
        const char *entry = (const char *)word_entry(words[__builtin_ctz(mask)]);
        __builtin_prefetch(entry);
    }
}

struct entry *keyspace_find(const struct keyspace *keyspace, unsigned db, const struct key *key) {
    SL_DEBUG_ASSERT(db < keyspace->store->databases_count);
    const struct table *table = slot_table(store_slot(keyspace->store, key->slot), db);
    return SL_UNLIKELY(table == NULL) ? NULL : table_find(table, key);
}

/* ---- Change ---- */

/* K1. */
static void note_deadline(struct keyspace *keyspace, unsigned slot_number, uint32_t cell) {
    struct slot *slot = store_slot(keyspace->store, slot_number);
    if (cell == DEADLINE_NONE || cell >= slot->deadline_min) return;
    slot->deadline_min = cell;
    if (keyspace->hooks.deadline_sooner == NULL) return;
    keyspace->hooks.deadline_sooner(keyspace->hooks.owner, slot_number,
                                    store_cell_unix_ms(keyspace->store, cell));
}

static void drop_blob(struct keyspace *keyspace, struct blob *blob) {
    if (blob == NULL) return;
    if (blob->capacity >= BLOB_GARBAGE_BYTES)
        garbage_add_blob(&keyspace->garbage, blob);
    else
        blob_release(blob);
}

/* What an entry held; integers and short strings are nothing to drop. */
static void drop_value(struct keyspace *keyspace, const struct entry_value *value) {
    if (value->storage == STORAGE_BLOB) drop_blob(keyspace, value->blob);
    if (value->storage == STORAGE_OBJECT)
        garbage_add_object(&keyspace->garbage, value->encoding, value->object);
}

/* The entry is out of its table. */
static void drop_entry(struct keyspace *keyspace, struct entry *entry) {
    struct entry_value value = entry_value_of(entry);
    drop_value(keyspace, &value);
    mem_free(entry);
}

/* A key that was not there. */
static bool insert(struct keyspace *keyspace, unsigned db, const struct key *key,
                   struct entry *entry) {
    struct slot *slot = store_slot(keyspace->store, key->slot);
    uint32_t cell = store_deadline_cell(keyspace->store, entry_due_at(entry));

    SL_ASSERT(db < keyspace->store->databases_count);
    if (!table_insert(slot_table_make(slot, db), keyspace->store->hash, key->hash, entry, cell))
        return false;
    keyspace_count(keyspace, db, 1, cell != DEADLINE_NONE);
    note_deadline(keyspace, key->slot, cell);
    return true;
}

/* The key has another entry from now on, or the same with another deadline. The old one is not
 * freed. */
static void replace(struct keyspace *keyspace, unsigned db, const struct key *key,
                    const struct entry *entry_old, uint64_t due_at_old_unix_ms,
                    struct entry *entry) {
    uint32_t cell_old = store_deadline_cell(keyspace->store, due_at_old_unix_ms);
    uint32_t cell = store_deadline_cell(keyspace->store, entry_due_at(entry));

    if (entry == entry_old && cell == cell_old) return;
    struct table *table = slot_table(store_slot(keyspace->store, key->slot), db);
    SL_ASSERT(table != NULL);
    int64_t expires_before = table->info.expires_count;
    table_replace(table, key->hash, entry_old, entry, cell);
    keyspace_count(keyspace, db, 0, table->info.expires_count - expires_before);
    note_deadline(keyspace, key->slot, cell);
}

/* The value is taken over (its blob's reference or its object with it) unless NULL comes back. */
static struct entry *put(struct keyspace *keyspace, unsigned db, const struct key *key,
                         struct entry *entry_old, enum value_type type,
                         const struct entry_value *value, uint64_t expire_at_unix_ms,
                         uint32_t access) {
    size_t bytes = entry_bytes_for(key->name.len, expire_at_unix_ms != EXPIRE_NONE, value);

    if (entry_old != NULL && entry_room_suits(entry_old, bytes)) {
        uint64_t due_at_old_unix_ms = entry_due_at(entry_old);
        struct entry_value value_old = entry_value_of(entry_old);
        entry_overwrite(entry_old, expire_at_unix_ms, type, value, access);
        drop_value(keyspace, &value_old);
        replace(keyspace, db, key, entry_old, due_at_old_unix_ms, entry_old);
        return entry_old;
    }
    struct entry *entry = entry_try_new(key->name, expire_at_unix_ms, type, value, access, 0);
    if (entry == NULL) return NULL;
    if (entry_old != NULL) {
        replace(keyspace, db, key, entry_old, entry_due_at(entry_old), entry);
        drop_entry(keyspace, entry_old);
    } else if (!insert(keyspace, db, key, entry)) {
        mem_free(entry); /* not the blob: it is the caller's */
        return NULL;
    }
    return entry;
}

struct entry *keyspace_put_string(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry_old, struct slice text, enum string_form form,
                                  uint64_t expire_at_unix_ms, uint32_t access) {
    struct entry_value value = {.storage = STORAGE_RAW, .data = text.data, .len = text.len};

    if (form == STRING_ENCODED && text.len <= NUMBER_INT64_BYTES_MAX &&
        number_parse_int64(text, &value.integer)) {
        value.storage = STORAGE_INT;
    } else if (form != STRING_RAW && text.len <= ENTRY_EMBSTR_MAX) {
        value.storage = STORAGE_EMBSTR;
    } else if (text.len > ENTRY_INLINE_MAX) {
        value.storage = STORAGE_BLOB;
        value.blob = blob_try_new(text.len, text.len);
        if (value.blob == NULL) return NULL;
        memcpy(value.blob->data, text.data, text.len);
    }
    struct entry *entry = put(keyspace, db, key, entry_old, VALUE_STRING, &value, expire_at_unix_ms,
                              access);
    if (entry == NULL && value.blob != NULL) blob_release(value.blob);
    return entry;
}

struct entry *keyspace_put_integer(struct keyspace *keyspace, unsigned db, const struct key *key,
                                   struct entry *entry_old, int64_t integer,
                                   uint64_t expire_at_unix_ms, uint32_t access) {
    struct entry_value value = {.storage = STORAGE_INT, .integer = integer};
    return put(keyspace, db, key, entry_old, VALUE_STRING, &value, expire_at_unix_ms, access);
}

struct entry *keyspace_put_blob(struct keyspace *keyspace, unsigned db, const struct key *key,
                                struct entry *entry_old, struct blob *blob,
                                uint64_t expire_at_unix_ms, uint32_t access) {
    struct entry_value value = {.storage = STORAGE_BLOB, .blob = blob};

    SL_ASSERT(!blob_is_shared(blob));
    if (blob->len <= ENTRY_INLINE_MAX) {
        value = (struct entry_value){.storage = STORAGE_RAW, .data = blob->data, .len = blob->len};
    } else {
        blob->data[blob->len] = '\0';
    }
    struct entry *entry = put(keyspace, db, key, entry_old, VALUE_STRING, &value, expire_at_unix_ms,
                              access);
    if (entry != NULL && value.storage != STORAGE_BLOB) blob_release(blob);
    return entry;
}

struct entry *keyspace_put_object(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry_old, enum value_type type,
                                  enum value_encoding encoding, void *object,
                                  uint64_t expire_at_unix_ms, uint32_t access) {
    struct entry_value value = {.storage = STORAGE_OBJECT, .object = object, .encoding = encoding};

    SL_ASSERT(type != VALUE_STRING);
    SL_ASSERT(encoding >= ENCODING_LISTPACK && object != NULL);
    return put(keyspace, db, key, entry_old, type, &value, expire_at_unix_ms, access);
}

void keyspace_object_deadline_changed(struct keyspace *keyspace, unsigned db, const struct key *key,
                                      struct entry *entry) {
    struct table *table = slot_table(store_slot(keyspace->store, key->slot), db);
    uint32_t cell = store_deadline_cell(keyspace->store, entry_due_at(entry));

    SL_ASSERT(table != NULL);
    int64_t expires_before = table->info.expires_count;
    table_replace(table, key->hash, entry, entry, cell);
    keyspace_count(keyspace, db, 0, table->info.expires_count - expires_before);
    note_deadline(keyspace, key->slot, cell);
}

struct dict_origin keyspace_dict_origin(const struct keyspace *keyspace) {
    return (struct dict_origin){.hash_seed = keyspace->store->hash.seed,
                                .base_unix_ms = keyspace->store->base_unix_ms};
}

/* ---- A string to write into ---- */

static size_t room_ahead(size_t len) {
    if (len < STRING_DOUBLING_BYTES_MAX) return len * 2;
    return len < SIZE_MAX - STRING_DOUBLING_BYTES_MAX ? len + STRING_DOUBLING_BYTES_MAX : len;
}

/* The entry's blob with room for len bytes and not shared. NULL: no memory. */
static struct blob *blob_make_writable(struct keyspace *keyspace, struct entry *entry, size_t len) {
    struct blob *blob = entry_blob(entry);

    if (blob_is_shared(blob)) {
        struct blob *copy = len == blob->len ? NULL : blob_try_new(blob->len, room_ahead(len));
        if (copy == NULL) copy = blob_try_new(blob->len, len);
        if (copy == NULL) return NULL;
        memcpy(copy->data, blob->data, blob->len);
        entry_set_blob(entry, copy);
        drop_blob(keyspace, blob);
        return copy;
    }
    if (len <= blob->capacity) return blob;
    struct blob *grown = blob_try_grow(blob, room_ahead(len));
    if (grown == NULL) grown = blob_try_grow(blob, len);
    if (grown == NULL) return NULL;
    entry_set_blob(entry, grown);
    return grown;
}

/* From anything short to a blob with `text` at its beginning. NULL: no memory. */
static struct entry *move_to_blob(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry, struct slice text, size_t len) {
    struct blob *blob = blob_try_new(text.len, room_ahead(len));
    if (blob == NULL) blob = blob_try_new(text.len, len);
    if (blob == NULL) return NULL;
    if (text.len > 0) memcpy(blob->data, text.data, text.len);
    struct entry_value value = {.storage = STORAGE_BLOB, .blob = blob};
    struct entry *moved = put(keyspace, db, key, entry, VALUE_STRING, &value,
                              entry_expire_at(entry), entry->access);
    if (moved == NULL) blob_release(blob);
    return moved;
}

char *keyspace_string_reserve(struct keyspace *keyspace, unsigned db, const struct key *key,
                              struct entry **entry_at, size_t len) {
    char scratch[ENTRY_SCRATCH_BYTES];
    struct entry *entry = *entry_at;
    struct slice text = entry_string(entry, scratch);
    size_t len_old = text.len;
    if (len < len_old) len = len_old;

    if (entry->storage != STORAGE_BLOB && len > ENTRY_INLINE_MAX) {
        entry = move_to_blob(keyspace, db, key, entry, text, len);
        if (entry == NULL) return NULL;
        *entry_at = entry;
    }
    if (entry->storage == STORAGE_BLOB) {
        struct blob *blob = blob_make_writable(keyspace, entry, len);
        if (blob == NULL) return NULL;
        memset(blob->data + len_old, 0, len - len_old);
        blob->len = len;
        blob->data[len] = '\0';
        return blob->data;
    }
    struct entry_value value = {.storage = STORAGE_RAW, .data = text.data, .len = len_old};
    size_t fixed_bytes = entry_bytes_for(key->name.len, entry->flags & ENTRY_EXPIRES, &value) -
                         len_old;
    if (entry->storage == STORAGE_INT || mem_usable_bytes(entry) < fixed_bytes + len) {
        size_t room = len == len_old ? len : room_ahead(len);
        if (room > ENTRY_INLINE_MAX) room = ENTRY_INLINE_MAX;
        struct entry *moved = entry_try_new(key->name, entry_expire_at(entry), VALUE_STRING, &value,
                                            entry->access, fixed_bytes + room);
        if (moved == NULL) return NULL;
        replace(keyspace, db, key, entry, entry_due_at(entry), moved);
        mem_free(entry);
        *entry_at = entry = moved;
    }
    entry->storage = STORAGE_RAW;
    entry->value_len = (uint16_t)len;
    char *data = entry_value_at(entry);
    memset(data + len_old, 0, len - len_old);
    return data;
}

void keyspace_string_truncate(struct entry *entry, size_t len) {
    SL_ASSERT(entry->storage == STORAGE_RAW || entry->storage == STORAGE_BLOB);
    SL_ASSERT(len <= entry_string_len(entry));
    if (entry->storage == STORAGE_RAW) {
        entry->value_len = (uint16_t)len;
        return;
    }
    struct blob *blob = entry_blob(entry);
    SL_ASSERT(!blob_is_shared(blob));
    blob->len = len;
    blob->data[len] = '\0';
}

/* ---- Deadline, delete, rename, copy ---- */

struct entry *keyspace_set_expire(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry, uint64_t expire_at_unix_ms) {
    uint64_t due_at_old_unix_ms = entry_due_at(entry);
    bool expires = expire_at_unix_ms != EXPIRE_NONE;
    bool did_expire = entry_expire_at(entry) != EXPIRE_NONE;
    struct entry_value value = entry_value_of(entry);
    size_t bytes = entry_bytes_for(key->name.len, expires, &value);

    if (expires == did_expire || entry_room_suits(entry, bytes)) {
        if (expires || did_expire) entry_overwrite_expire(entry, expire_at_unix_ms);
        replace(keyspace, db, key, entry, due_at_old_unix_ms, entry);
        return entry;
    }
    struct entry *moved = entry_try_new(key->name, expire_at_unix_ms, entry_type(entry), &value,
                                        entry->access, 0);
    if (moved == NULL && !expires) { /* too large for what it is, that is all */
        entry_overwrite_expire(entry, EXPIRE_NONE);
        replace(keyspace, db, key, entry, due_at_old_unix_ms, entry);
        return entry;
    }
    if (moved == NULL) return NULL;
    replace(keyspace, db, key, entry, due_at_old_unix_ms, moved);
    mem_free(entry); /* its blob or object has moved along */
    return moved;
}

/* Out of its table; the entry itself stays. */
static void take_out(struct keyspace *keyspace, unsigned db, const struct key *key,
                     const struct entry *entry) {
    struct slot *slot = store_slot(keyspace->store, key->slot);
    struct table *table = slot_table(slot, db);

    SL_ASSERT(table != NULL);
    int64_t expires_before = table->info.expires_count;
    table_remove(table, keyspace->store->hash, key->hash, entry);
    keyspace_count(keyspace, db, -1, table->info.expires_count - expires_before);
    if (db != 0) slot_table_drop_empty(slot, db);
}

void keyspace_delete(struct keyspace *keyspace, unsigned db, const struct key *key,
                     struct entry *entry) {
    take_out(keyspace, db, key, entry);
    drop_entry(keyspace, entry);
}

struct entry *keyspace_rename(struct keyspace *keyspace, unsigned db, const struct key *key,
                              struct entry *entry, unsigned db_to, const struct key *key_to) {
    struct entry_value value = entry_value_of(entry);
    struct entry *moved = entry_try_new(key_to->name, entry_expire_at(entry), entry_type(entry),
                                        &value, entry->access, 0);

    if (moved == NULL) return NULL;
    if (!insert(keyspace, db_to, key_to, moved)) {
        mem_free(moved);
        return NULL;
    }
    take_out(keyspace, db, key, entry);
    mem_free(entry); /* its blob or object has moved along */
    return moved;
}

struct entry *keyspace_copy(struct keyspace *keyspace, struct entry *entry, unsigned db_to,
                            const struct key *key_to) {
    struct entry_value value = entry_value_of(entry);

    if (value.storage == STORAGE_OBJECT) {
        value.object = object_kind_of(value.encoding)->try_copy(value.object);
        if (value.object == NULL) return NULL;
    }
    struct entry *copy = entry_try_new(key_to->name, entry_expire_at(entry), entry_type(entry),
                                       &value, entry->access, 0);
    if (copy != NULL && !insert(keyspace, db_to, key_to, copy)) {
        mem_free(copy);
        copy = NULL;
    }
    if (copy == NULL) {
        if (value.storage == STORAGE_OBJECT) drop_value(keyspace, &value);
        return NULL;
    }
    /* A blob is shared until somebody writes: keyspace_string_reserve() copies then. */
    if (value.storage == STORAGE_BLOB) blob_retain(value.blob);
    return copy;
}
