#pragma once
/* One key with its value: how it lies in memory. Private to the keyspace (table, segment, entry.c,
 * keyspace*.c); everybody else reads entries through core/keyspace.h.
 *
 *     0        4     5       6          8
 *     +--------+-----+-------+----------+------------+-----------+---------+-------------------+
 *     | access |flags|key_len| value_len| expire_at? | long len? | key ... | value ...         |
 *     | type   |     |       |          | 8 bytes    | 8 bytes   |         | bytes, int64, ptr |
 *     | storage|     |       |          |            |           |         |                   |
 *     +--------+-----+-------+----------+------------+-----------+---------+-------------------+
 *
 * A key of 16 bytes with a value of 32 and a deadline is 8 + 8 + 16 + 32 = 64 bytes: one cache
 * line. The key comes before the value: comparing it touches the first line whatever the value's
 * size, and overwriting or appending never moves it.
 *
 * E1  One allocation, 16-aligned, asked for in multiples of 16: up to the next multiple of 16 all
 *     bytes are ours without asking the allocator.
 * E2  STORAGE_BLOB: the value is a pointer, and the entry holds one reference. STORAGE_OBJECT: the
 *     value is a pointer, and the entry owns what it points at.
 * E3  Nothing behind the key is aligned: integers and pointers are copied in and out.
 * E4  An entry's address changes only through the table that points at it. */
#include "core/blob.h"
#include "core/keyspace.h"

enum entry_storage {
    STORAGE_INT = 0, /* int64 */
    STORAGE_EMBSTR = 1, /* bytes, here */
    STORAGE_RAW = 2, /* bytes, here; OBJECT ENCODING says raw; there may be room behind them */
    STORAGE_BLOB = 3, /* bytes, elsewhere */
    STORAGE_OBJECT = 4, /* an object, elsewhere; value_len says its encoding */
};
enum {
    ENTRY_EXPIRES = 1,
    ENTRY_LONG_KEY = 2,
    ENTRY_SHORT_KEY_MAX = 255,
    ENTRY_EMBSTR_MAX = 44, /* Redis' own limit: OBJECT ENCODING shows it */
    /* Up to here a value lies in its entry. Beyond, sending it from where it lies is worth a second
     * cache miss and 40 bytes. */
    ENTRY_INLINE_MAX = 1024,
};

struct entry {
    uint32_t access : 24;
    uint32_t type : 4;
    uint32_t storage : 4;
    uint8_t flags;
    uint8_t key_len; /* 0 for a long key */
    uint16_t value_len; /* of bytes here; an object's encoding; 0 for int and blob */
    char body[];
};
_Static_assert(sizeof(struct entry) == 8, "the header is one word");

/* A value on its way into an entry. */
struct entry_value {
    enum entry_storage storage;
    const char *data; /* EMBSTR, RAW: not inside the entry that is overwritten */
    size_t len;
    int64_t integer;
    struct blob *blob; /* BLOB: the entry takes the reference */
    void *object; /* OBJECT: the entry takes it */
    enum value_encoding encoding; /* OBJECT */
};

static inline size_t entry_key_at(const struct entry *entry) {
    return ((entry->flags & ENTRY_EXPIRES) ? 8u : 0u) + ((entry->flags & ENTRY_LONG_KEY) ? 8u : 0u);
}

static inline size_t entry_key_len(const struct entry *entry) {
    if (SL_LIKELY(!(entry->flags & ENTRY_LONG_KEY))) return entry->key_len;
    uint64_t len;
    memcpy(&len, entry->body + ((entry->flags & ENTRY_EXPIRES) ? 8 : 0), sizeof len);
    return len;
}

static inline struct slice entry_name(const struct entry *entry) {
    return slice_of(entry->body + entry_key_at(entry), entry_key_len(entry));
}

static inline bool entry_key_is(const struct entry *entry, struct slice name) {
    if (entry_key_len(entry) != name.len) return false;
    return memcmp(entry->body + entry_key_at(entry), name.data, name.len) == 0;
}

static inline char *entry_value_at(struct entry *entry) {
    return entry->body + entry_key_at(entry) + entry_key_len(entry);
}

static inline uint64_t entry_expire_at(const struct entry *entry) {
    uint64_t expire_at_unix_ms = EXPIRE_NONE;
    if (entry->flags & ENTRY_EXPIRES) memcpy(&expire_at_unix_ms, entry->body, sizeof(uint64_t));
    return expire_at_unix_ms;
}

/* When something about the entry is due: its own deadline or the earliest inside its object. */
uint64_t entry_due_at(const struct entry *entry);

/* Bytes an entry with such a key and value takes, room behind not counted. */
size_t entry_bytes_for(size_t key_len, bool expires, const struct entry_value *value);
size_t entry_bytes(const struct entry *entry);
/* May `entry` be overwritten by something of that many bytes, without running over and without
 * leaving more room than a fresh allocation would by much? */
bool entry_room_suits(const struct entry *entry, size_t bytes);

/* `room_bytes`: at least so many bytes in all (0: what it needs). NULL: no memory; the blob is
 * still the caller's then. */
struct entry *entry_try_new(struct slice name, uint64_t expire_at_unix_ms, enum value_type type,
                            const struct entry_value *value, uint32_t access, size_t room_bytes);
/* Overwrites everything but the key, in place. The old blob or object is the caller's now. */
void entry_overwrite(struct entry *entry, uint64_t expire_at_unix_ms, enum value_type type,
                     const struct entry_value *value, uint32_t access);
/* Sets or clears the deadline in place: entry_room_suits(), or it is cleared, or was there. */
void entry_overwrite_expire(struct entry *entry, uint64_t expire_at_unix_ms);
/* What the entry holds, as a value for another one: nothing is copied or retained. */
struct entry_value entry_value_of(const struct entry *entry);
void entry_set_blob(struct entry *entry, struct blob *blob); /* STORAGE_BLOB; takes the reference */
/* Frees the entry and what it refers to, all at once. */
void entry_free(struct entry *entry);
