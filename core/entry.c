/* entry.c - building, overwriting and reading one entry. The layout and its invariants: entry.h. */
#include "core/entry.h"

#include "core/mem.h"
#include "core/number.h"
#include "core/object.h"

/* A word in the table, and its share of the places kept free: table.c's load factor of about 0.76.
 * */
enum { TABLE_BYTES_PER_KEY = 11, TABLE_BYTES_PER_DEADLINE = 5, ENTRY_STEP_BYTES = 16 };

static size_t round_up_step(size_t bytes) {
    return (bytes + (ENTRY_STEP_BYTES - 1)) & ~(size_t)(ENTRY_STEP_BYTES - 1);
}

static size_t value_bytes(const struct entry_value *value) {
    switch (value->storage) {
    case STORAGE_INT: return sizeof(int64_t);
    case STORAGE_BLOB:
    case STORAGE_OBJECT: return sizeof(void *);
    case STORAGE_EMBSTR:
    case STORAGE_RAW: return value->len;
    }
    assert_fail("a storage that exists", __FILE__, __LINE__);
}

size_t entry_bytes_for(size_t key_len, bool expires, const struct entry_value *value) {
    size_t long_bytes = key_len > ENTRY_SHORT_KEY_MAX ? 8 : 0;
    return sizeof(struct entry) + (expires ? 8 : 0) + long_bytes + key_len + value_bytes(value);
}

size_t entry_bytes(const struct entry *entry) {
    bool here = entry->storage == STORAGE_EMBSTR || entry->storage == STORAGE_RAW;
    return sizeof *entry + entry_key_at(entry) + entry_key_len(entry) +
           (here ? entry->value_len : sizeof(uint64_t));
}

bool entry_room_suits(const struct entry *entry, size_t bytes) {
    size_t room_bytes = round_up_step(bytes);
    size_t room_now_bytes = round_up_step(entry_bytes(entry));

    if (entry->storage != STORAGE_RAW) {
        if (room_bytes == room_now_bytes) return true; /* E1: no need to ask */
        /* Up to 128 bytes the allocator's steps are 16 bytes, too. */
        if (room_now_bytes <= 128) return false;
    }
    size_t usable_bytes = mem_usable_bytes(entry);
    if (bytes > usable_bytes) return false;
    size_t slack_bytes = usable_bytes - bytes;
    return slack_bytes < ENTRY_STEP_BYTES ||
           (usable_bytes > 128 && slack_bytes <= usable_bytes / 4);
}

/* Everything but the key's bytes, which are in place already. */
static void fill_value(struct entry *entry, enum value_type type, const struct entry_value *value,
                       uint32_t access) {
    entry->access = access & 0xffffff;
    entry->type = (uint32_t)type & 15;
    entry->storage = (uint32_t)value->storage & 15;
    entry->value_len = 0;
    char *at = entry_value_at(entry);
    switch (value->storage) {
    case STORAGE_INT: memcpy(at, &value->integer, sizeof value->integer); break;
    case STORAGE_BLOB: memcpy(at, &value->blob, sizeof(struct blob *)); break;
    case STORAGE_OBJECT:
        memcpy(at, &value->object, sizeof(void *));
        entry->value_len = (uint16_t)value->encoding;
        break;
    case STORAGE_EMBSTR:
    case STORAGE_RAW:
        SL_ASSERT(value->len <= ENTRY_INLINE_MAX);
        entry->value_len = (uint16_t)value->len;
        if (value->len > 0) memcpy(at, value->data, value->len);
        break;
    }
}

struct entry *entry_try_new(struct slice name, uint64_t expire_at_unix_ms, enum value_type type,
                            const struct entry_value *value, uint32_t access, size_t room_bytes) {
    bool expires = expire_at_unix_ms != EXPIRE_NONE;
    bool is_long = name.len > ENTRY_SHORT_KEY_MAX;
    size_t bytes = entry_bytes_for(name.len, expires, value);

    if (bytes < room_bytes) bytes = room_bytes;
    struct entry *entry = mem_try(round_up_step(bytes));
    if (entry == NULL) return NULL;
    SL_ASSERT(((uintptr_t)entry & 15) == 0);
    entry->flags = (uint8_t)((expires ? ENTRY_EXPIRES : 0) | (is_long ? ENTRY_LONG_KEY : 0));
    entry->key_len = is_long ? 0 : (uint8_t)name.len;
    if (expires) memcpy(entry->body, &expire_at_unix_ms, sizeof expire_at_unix_ms);
    if (is_long) {
        uint64_t len = name.len;
        memcpy(entry->body + (expires ? 8 : 0), &len, sizeof len);
    }
    if (name.len > 0) memcpy(entry->body + entry_key_at(entry), name.data, name.len);
    fill_value(entry, type, value, access);
    return entry;
}

/* Moves the key (with `more_bytes` behind it) to make or take away the place of the deadline. */
static void shift_for_expire(struct entry *entry, uint64_t expire_at_unix_ms, size_t more_bytes) {
    bool expires = expire_at_unix_ms != EXPIRE_NONE;
    bool did_expire = (entry->flags & ENTRY_EXPIRES) != 0;
    size_t long_bytes = entry->flags & ENTRY_LONG_KEY ? 8 : 0;

    if (expires != did_expire) {
        size_t bytes = long_bytes + entry_key_len(entry) + more_bytes;
        memmove(entry->body + (expires ? 8 : 0), entry->body + (did_expire ? 8 : 0), bytes);
        entry->flags ^= ENTRY_EXPIRES;
    }
    if (expires) memcpy(entry->body, &expire_at_unix_ms, sizeof expire_at_unix_ms);
}

void entry_overwrite(struct entry *entry, uint64_t expire_at_unix_ms, enum value_type type,
                     const struct entry_value *value, uint32_t access) {
    shift_for_expire(entry, expire_at_unix_ms, 0);
    fill_value(entry, type, value, access);
}

void entry_overwrite_expire(struct entry *entry, uint64_t expire_at_unix_ms) {
    size_t bytes = entry_bytes(entry) - sizeof *entry - entry_key_at(entry) - entry_key_len(entry);
    shift_for_expire(entry, expire_at_unix_ms, bytes);
}

struct entry_value entry_value_of(const struct entry *entry) {
    struct entry_value value = {.storage = (enum entry_storage)entry->storage};
    const char *at = entry->body + entry_key_at(entry) + entry_key_len(entry);

    switch (value.storage) {
    case STORAGE_INT: memcpy(&value.integer, at, sizeof value.integer); break;
    case STORAGE_BLOB: memcpy(&value.blob, at, sizeof(struct blob *)); break;
    case STORAGE_OBJECT:
        memcpy(&value.object, at, sizeof(void *));
        value.encoding = (enum value_encoding)entry->value_len;
        break;
    case STORAGE_EMBSTR:
    case STORAGE_RAW:
        value.data = at;
        value.len = entry->value_len;
        break;
    }
    return value;
}

void entry_set_blob(struct entry *entry, struct blob *blob) {
    SL_ASSERT(entry->storage == STORAGE_BLOB);
    SL_ASSERT(blob != NULL);
    memcpy(entry_value_at(entry), &blob, sizeof(struct blob *));
}

void entry_free(struct entry *entry) {
    if (entry->storage == STORAGE_BLOB) blob_release(entry_blob(entry));
    if (entry->storage == STORAGE_OBJECT)
        object_kind_of(entry_encoding(entry))->free(entry_object(entry));
    mem_free(entry);
}

uint64_t entry_due_at(const struct entry *entry) {
    uint64_t expire_at_unix_ms = entry_expire_at(entry);
    if (SL_LIKELY(entry->storage != STORAGE_OBJECT)) return expire_at_unix_ms;
    const struct object_kind *kind = object_kind_of(entry_encoding(entry));
    if (kind->deadline_unix_ms == NULL) return expire_at_unix_ms;
    uint64_t inside_unix_ms = kind->deadline_unix_ms(entry_object(entry));
    if (inside_unix_ms == EXPIRE_NONE) return expire_at_unix_ms;
    if (expire_at_unix_ms == EXPIRE_NONE) return inside_unix_ms;
    return inside_unix_ms < expire_at_unix_ms ? inside_unix_ms : expire_at_unix_ms;
}

/* ---- What core/keyspace.h shows of an entry ---- */

struct slice entry_key(const struct entry *entry) {
    return entry_name(entry);
}

enum value_type entry_type(const struct entry *entry) {
    return (enum value_type)entry->type;
}

enum value_encoding entry_encoding(const struct entry *entry) {
    switch ((enum entry_storage)entry->storage) {
    case STORAGE_INT: return ENCODING_INT;
    case STORAGE_EMBSTR: return ENCODING_EMBSTR;
    case STORAGE_OBJECT: return (enum value_encoding)entry->value_len;
    case STORAGE_RAW:
    case STORAGE_BLOB: break;
    }
    return ENCODING_RAW;
}

uint64_t entry_expire_at_unix_ms(const struct entry *entry) {
    return entry_expire_at(entry);
}

uint32_t entry_access(const struct entry *entry) {
    return entry->access;
}

void entry_set_access(struct entry *entry, uint32_t access) {
    entry->access = access & 0xffffff;
}

struct slice entry_string(const struct entry *entry, char *scratch) {
    SL_ASSERT(entry->type == VALUE_STRING);
    struct entry_value value = entry_value_of(entry);
    switch (value.storage) {
    case STORAGE_INT: return slice_of(scratch, number_print_int64(scratch, value.integer));
    case STORAGE_BLOB: return slice_of(value.blob->data, value.blob->len);
    case STORAGE_OBJECT: SL_ASSERT(false); break;
    case STORAGE_EMBSTR:
    case STORAGE_RAW: break;
    }
    return slice_of(value.data, value.len);
}

size_t entry_string_len(const struct entry *entry) {
    SL_ASSERT(entry->type == VALUE_STRING);
    struct entry_value value = entry_value_of(entry);
    switch (value.storage) {
    case STORAGE_INT: return number_int64_bytes(value.integer);
    case STORAGE_BLOB: return value.blob->len;
    case STORAGE_OBJECT: SL_ASSERT(false); break;
    case STORAGE_EMBSTR:
    case STORAGE_RAW: break;
    }
    return value.len;
}

bool entry_integer(const struct entry *entry, int64_t *value) {
    if (entry->storage != STORAGE_INT) return false;
    *value = entry_value_of(entry).integer;
    return true;
}

void entry_set_integer(struct entry *entry, int64_t value) {
    SL_ASSERT(entry->storage == STORAGE_INT);
    memcpy(entry_value_at(entry), &value, sizeof value);
}

struct blob *entry_blob(const struct entry *entry) {
    return entry->storage == STORAGE_BLOB ? entry_value_of(entry).blob : NULL;
}

void *entry_object(const struct entry *entry) {
    SL_ASSERT(entry->storage == STORAGE_OBJECT);
    return entry_value_of(entry).object;
}

void entry_set_object(struct entry *entry, enum value_encoding encoding, void *object) {
    SL_ASSERT(entry->storage == STORAGE_OBJECT);
    SL_ASSERT(encoding >= ENCODING_LISTPACK && object != NULL);
    entry->value_len = (uint16_t)encoding;
    memcpy(entry_value_at(entry), &object, sizeof(void *));
}

size_t entry_memory_bytes(const struct entry *entry, size_t samples_count) {
    size_t bytes = mem_usable_bytes(entry) + TABLE_BYTES_PER_KEY;
    if (entry->flags & ENTRY_EXPIRES) bytes += TABLE_BYTES_PER_DEADLINE;
    if (entry->storage == STORAGE_BLOB) bytes += mem_usable_bytes(entry_blob(entry));
    if (entry->storage == STORAGE_OBJECT) {
        bytes +=
            object_kind_of(entry_encoding(entry))->memory_bytes(entry_object(entry), samples_count);
    }
    return bytes;
}
