#pragma once
/* The keys of one node. Two objects:
 *
 *   struct store     all 16384 slots of the process, each a self-contained value: its tables (one per
 *                    database, made on first use), their deadlines, their counts. One per process
 *                    (or per test).
 *   struct keyspace  one thread's handle on a store: its counters, its garbage, its hooks. Every
 *                    call names the handle of the thread that makes it.
 *
 * Who may touch which slot at a time is the caller's business (the shard runtime's tokens and
 * reservations); two threads never touch one slot at once, and a hand-over is a happens-before.
 * Nothing here has a clock, locks or does I/O.
 *
 * A key's slot is CRC16 mod 16384 of the key or of its hash tag; inside the slot an in-memory hash
 * with a secret seed places it. Layout, invariants and figures: entry.h, segment.c, table.c,
 * keyspace.c. */
#include "core/base.h"
#include "core/blob.h"

struct store;
struct keyspace;
struct entry;

enum { SLOTS_COUNT = 16384, DATABASES_MAX = 1024 };

enum value_type {
    VALUE_STRING = 0,
    VALUE_LIST = 1,
    VALUE_SET = 2,
    VALUE_ZSET = 3,
    VALUE_HASH = 4,
    VALUE_STREAM = 6, /* Redis' own numbers */
};

/* What OBJECT ENCODING answers. From ENCODING_LISTPACK on the value is an object: something with an
 * address of its own, of which the keyspace knows what core/object.h says. */
enum value_encoding {
    ENCODING_RAW,
    ENCODING_INT,
    ENCODING_EMBSTR,
    ENCODING_LISTPACK, /* core/listpack.h: small lists, hashes, sets, sorted sets */
    ENCODING_INTSET, /* core/intset.h */
    ENCODING_HASHTABLE, /* core/dict.h: sets and hashes */
    ENCODING_QUICKLIST, /* core/quicklist.h */
    ENCODING_SKIPLIST, /* core/zset.h: what Redis calls so */
    ENCODING_STREAM, /* core/stream.h */
};
#define ENCODINGS_COUNT ((size_t)ENCODING_STREAM + 1)

#define EXPIRE_NONE UINT64_C(0)

/* A key with everything that finding it needs: computed once per command, used by routing and
 * look-up. */
struct key {
    struct slice name;
    uint64_t hash;
    uint16_t slot;
};
/* CRC16 (XMODEM), {hash tag} honoured: the Redis Cluster rule. */
uint16_t key_slot(struct slice name);
struct key key_make(const struct store *store, struct slice name);

/* ---- The store ---- */
/* databases_count of 1..DATABASES_MAX. now_unix_ms: deadlines are counted from a little before it.
 * The caller owns it. */
struct store *store_new(unsigned databases_count, uint64_t hash_seed, uint64_t now_unix_ms);
/* For tests, before the first key: only these bits of the hash count, so that keys collide. */
void store_weaken_hash(struct store *store, uint64_t mask);
void store_free(struct store *store); /* all values with it; no handle may be in use any more */
unsigned store_databases_count(const struct store *store);
/* The slot's word for the runtime: who reserved it, who waits. NULL at first. */
void *store_slot_owner_data(const struct store *store, unsigned slot);
void store_slot_set_owner_data(struct store *store, unsigned slot, void *owner_data);
/* The slot's other word for the runtime: who is blocked on its keys. NULL at first. Beside what a
 * look-up reads anyway. */
void *store_slot_blocked_data(const struct store *store, unsigned slot);
void store_slot_set_blocked_data(struct store *store, unsigned slot, void *blocked_data);
/* When to call keyspace_slot_expired() next, in ms since the epoch: at or up to 16 ms after the
 * slot's earliest deadline (one call then finds all keys of those 16 ms), or earlier when that key
 * is gone by now. UINT64_MAX: never. O(1). */
uint64_t store_slot_deadline_unix_ms(const struct store *store, unsigned slot);
size_t store_slot_keys_count(const struct store *store, unsigned slot, unsigned db);

/* ---- A thread's handle ---- */
struct keyspace_hooks {
    /* A slot's earliest deadline came nearer; the runtime moves its alarm. May be NULL. */
    void (*deadline_sooner)(void *owner, unsigned slot, uint64_t deadline_unix_ms);
    void *owner;
};
struct keyspace *keyspace_new(struct store *store, const struct keyspace_hooks *hooks);
void keyspace_free(struct keyspace *keyspace);
struct store *keyspace_store(const struct keyspace *keyspace);
/* What this handle added less what it removed: the sum over all handles is the count, one handle's
 * may be negative. Any thread may read. */
int64_t keyspace_keys_count(const struct keyspace *keyspace, unsigned db);
int64_t keyspace_expires_count(const struct keyspace *keyspace, unsigned db);

/* ---- Look-up ---- */
/* Batch look-ups hide memory latency: call _bucket for all keys of a batch, then _entry for all,
 * then find. No side effects. */
void store_prefetch_slot(const struct store *store,
                         unsigned slot); /* even before that; any thread, reads nothing */
void keyspace_prefetch_bucket(const struct keyspace *keyspace, unsigned db, const struct key *key);
void keyspace_prefetch_entry(const struct keyspace *keyspace, unsigned db, const struct key *key);
/* NULL when there is none. Does not look at the deadline: that is cmd_find()'s (core/cmd.h). */
struct entry *keyspace_find(const struct keyspace *keyspace, unsigned db, const struct key *key);

/* ---- Change. An entry pointer is good until the next change to the same key. ---- */
enum string_form {
    STRING_ENCODED, /* as SET stores it: int if it is one exactly, else as STRING_PLAIN */
    STRING_PLAIN, /* embstr up to 44 bytes, else raw, never int: INCRBYFLOAT's result */
    STRING_RAW, /* raw whatever its length: what APPEND and SETRANGE leave */
};
/* Puts a string under the key in place of whatever was there (any type). `expire_at_unix_ms`
 * EXPIRE_NONE: none. The access clock field is set to `access`. Returns NULL when there is no
 * memory: then nothing has changed. `entry_old`: what keyspace_find just gave for this key, or NULL
 * when it gave NULL (saves the second look-up). value may not point into the old entry: copy first. */
struct entry *keyspace_put_string(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry_old, struct slice value,
                                  enum string_form form, uint64_t expire_at_unix_ms,
                                  uint32_t access);
struct entry *keyspace_put_integer(struct keyspace *keyspace, unsigned db, const struct key *key,
                                   struct entry *entry_old, int64_t value,
                                   uint64_t expire_at_unix_ms, uint32_t access);
/* The same with a raw string that was made in a blob of its own (one reference, taken over).
 * NULL: no memory; nothing has changed, the blob is still the caller's. */
struct entry *keyspace_put_blob(struct keyspace *keyspace, unsigned db, const struct key *key,
                                struct entry *entry_old, struct blob *blob,
                                uint64_t expire_at_unix_ms, uint32_t access);
/* Puts an object under the key in place of whatever was there (any type), and owns it from then on.
 * NULL: no memory; nothing has changed, the object is still the caller's. */
struct entry *keyspace_put_object(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry_old, enum value_type type,
                                  enum value_encoding encoding, void *object,
                                  uint64_t expire_at_unix_ms, uint32_t access);
/* To be called when the earliest deadline inside the object (of a hash's fields) may have become
 * another: the slot's alarm follows it as it follows the key's own. */
void keyspace_object_deadline_changed(struct keyspace *keyspace, unsigned db, const struct key *key,
                                      struct entry *entry);
/* What a dict of this keyspace is made with (core/dict.h). */
struct dict_origin {
    uint64_t hash_seed;
    uint64_t base_unix_ms;
};
struct dict_origin keyspace_dict_origin(const struct keyspace *keyspace);
/* Makes the string at least len bytes, zero-filled beyond its old end, raw from now on, and gives
 * back where it lies for the caller to write; room ahead is reserved as Redis does (doubling up to
 * 1 MiB, then 1 MiB more). A shared blob is copied first. NULL: no memory, nothing changed. *entry
 * is updated: it may move. */
char *keyspace_string_reserve(struct keyspace *keyspace, unsigned db, const struct key *key,
                              struct entry **entry, size_t len);
/* Cuts off the end of a string that keyspace_string_reserve() has just made writable. */
void keyspace_string_truncate(struct entry *entry, size_t len);
/* Sets or clears (EXPIRE_NONE) the deadline. The entry may move: the new one comes back. NULL: no
 * memory, nothing changed; never when a deadline was there already. */
struct entry *keyspace_set_expire(struct keyspace *keyspace, unsigned db, const struct key *key,
                                  struct entry *entry, uint64_t expire_at_unix_ms);
/* Takes the key out and frees it (large things go to the handle's garbage). The entry must be the
 * key's. */
void keyspace_delete(struct keyspace *keyspace, unsigned db, const struct key *key,
                     struct entry *entry);
/* Moves an entry whole to another name and/or database, value, deadline and encoding untouched;
 * nothing may be under the target. Both slots are the caller's. NULL: no memory, nothing changed. */
struct entry *keyspace_rename(struct keyspace *keyspace, unsigned db, const struct key *key,
                              struct entry *entry, unsigned db_to, const struct key *key_to);
/* A copy (a large string is shared until one of the two is written) under another name and/or
 * database (nothing may be there); same rules. */
struct entry *keyspace_copy(struct keyspace *keyspace, struct entry *entry, unsigned db_to,
                            const struct key *key_to);

/* ---- Whole slots ---- */
/* Empties one database of a slot in O(1): its tables go to the handle's garbage. Returns how many
 * keys there were. */
size_t keyspace_slot_flush(struct keyspace *keyspace, unsigned slot, unsigned db);
void keyspace_slot_swap_databases(struct keyspace *keyspace, unsigned slot, unsigned db_a,
                                  unsigned db_b);
/* Frees up to budget_count things of the handle's garbage. True: more is left. */
bool keyspace_garbage_step(struct keyspace *keyspace, size_t budget_count);
/* Things pending: INFO lazyfree_pending_objects. Any thread. */
size_t keyspace_garbage_count(const struct keyspace *keyspace);

/* Visits the slot's keys of one database in hash order from *position (0: start) until at least
 * budget_count entries were visited or the end. *position is where to go on; it stays right
 * whatever grows, shrinks, is added or deleted in between: a key that is there all the time is
 * visited at least once. True: more is left. `each` must not change the keyspace. */
bool keyspace_slot_scan(const struct keyspace *keyspace, unsigned slot, unsigned db,
                        uint32_t *position, size_t budget_count,
                        void (*each)(void *owner, struct entry *entry), void *owner);
/* Some entry of the slot, evenly chosen by `random` (64 random bits), or NULL. */
struct entry *keyspace_slot_random(const struct keyspace *keyspace, unsigned slot, unsigned db,
                                   uint64_t random);
/* Finds up to entries_max entries whose deadline, or the earliest inside their object, is <=
 * now_unix_ms, in any database of the slot; fills entries and dbs. The caller deletes them, or
 * takes what is due out of the object and calls keyspace_object_deadline_changed(), and calls
 * again until it returns fewer than entries_max; after that store_slot_deadline_unix_ms() is
 * about the keys that are left. A key whose deadline is less than 16 ms ago may be left for the
 * next call, as store_slot_deadline_unix_ms() then says. Nothing due: O(1). */
size_t keyspace_slot_expired(struct keyspace *keyspace, unsigned slot, uint64_t now_unix_ms,
                             struct entry **entries, unsigned *dbs, size_t entries_max);
/* Asserts every invariant of the slot; slow. For tests. */
void keyspace_slot_check(const struct keyspace *keyspace, unsigned slot);

/* ---- One entry ---- */
struct slice entry_key(const struct entry *entry);
enum value_type entry_type(const struct entry *entry);
enum value_encoding entry_encoding(const struct entry *entry);
uint64_t entry_expire_at_unix_ms(const struct entry *entry); /* EXPIRE_NONE: no deadline */
/* 24 bits for LRU clock or LFU counter; what they mean is the caller's. */
uint32_t entry_access(const struct entry *entry);
void entry_set_access(struct entry *entry, uint32_t access);
/* Strings. An integer is printed into scratch (ENTRY_SCRATCH_BYTES); the slice lives as long as the
 * entry is unchanged. */
enum { ENTRY_SCRATCH_BYTES = 24 };
struct slice entry_string(const struct entry *entry, char *scratch);
size_t entry_string_len(const struct entry *entry);
bool entry_integer(const struct entry *entry, int64_t *value); /* true for ENCODING_INT */
void entry_set_integer(struct entry *entry, int64_t value); /* in place; ENCODING_INT only */
/* The blob of a large string (not retained), or NULL for a small one. */
struct blob *entry_blob(const struct entry *entry);
/* Objects. The address changes (and the encoding, when it becomes another) with entry_set_object(),
 * in place; what was there before is the caller's. */
void *entry_object(const struct entry *entry);
void entry_set_object(struct entry *entry, enum value_encoding encoding, void *object);
/* Bytes this key takes: entry, value and its share of the table. Of a large object only
 * samples_count parts are looked at (0: all). MEMORY USAGE. */
size_t entry_memory_bytes(const struct entry *entry, size_t samples_count);
