#include "core/rdb_encode.h"

#include "core/hash.h"
#include "core/list.h"
#include "core/listpack.h"
#include "core/rdb_encode_priv.h"
#include "core/set.h"
#include "core/zset.h"

uint16_t rdb_encode_version(const struct entry *entry, uint16_t version) {
    if (entry_type(entry) == VALUE_HASH && version < RDB_VERSION_8_0 &&
        hash_expires_count(hash_of(entry)) > 0)
        return RDB_VERSION_8_0;
    return version;
}

static void encode_string(struct rdb_writer *writer, const struct entry *entry) {
    char scratch[ENTRY_SCRATCH_BYTES];
    int64_t value;

    rdb_write_byte(writer, RDB_TYPE_STRING);
    if (entry_integer(entry, &value))
        rdb_write_integer(writer, value);
    else
        rdb_write_string(writer, entry_string(entry, scratch));
}

void rdb_encode_listpack(struct rdb_writer *writer, const unsigned char *listpack) {
    rdb_write_string(writer, slice_of((const char *)listpack, listpack_bytes(listpack)));
}

/* Node by node; a small list is the one node of a longer one. */
static void encode_list(struct rdb_writer *writer, const struct entry *entry) {
    struct quicklist_node *node = NULL;
    struct list list = list_of(entry);
    struct slice bytes;
    bool is_plain;

    rdb_write_byte(writer, RDB_TYPE_LIST_QUICKLIST_2);
    if (list.encoding == ENCODING_LISTPACK) {
        rdb_write_len(writer, 1);
        rdb_write_len(writer, RDB_NODE_PACKED);
        rdb_encode_listpack(writer, list.object);
        return;
    }
    rdb_write_len(writer, quicklist_nodes_count(list.object));
    while (quicklist_next_node(list.object, &node, &bytes, &is_plain)) {
        rdb_write_len(writer, is_plain ? RDB_NODE_PLAIN : RDB_NODE_PACKED);
        rdb_write_string(writer, bytes);
    }
}

static void encode_set(struct rdb_writer *writer, const struct entry *entry) {
    struct set set = set_of(entry);
    struct set_iter iter;
    struct slice member;

    if (set.encoding == ENCODING_INTSET) {
        rdb_write_byte(writer, RDB_TYPE_SET_INTSET);
        rdb_write_string(writer, slice_of(set.object, intset_bytes(set.object)));
        return;
    }
    if (set.encoding == ENCODING_LISTPACK && writer->version >= RDB_VERSION_7_2) {
        rdb_write_byte(writer, RDB_TYPE_SET_LISTPACK);
        rdb_encode_listpack(writer, set.object);
        return;
    }
    rdb_write_byte(writer, RDB_TYPE_SET);
    rdb_write_len(writer, set_count(&set));
    set_iter_init(&iter, &set);
    while (set_iter_next(&iter, &member)) rdb_write_string(writer, member);
}

/* Highest first, as Redis does: each then goes to the front of the list it is read into. */
static void encode_zset(struct rdb_writer *writer, const struct entry *entry) {
    struct zset zset = zset_of(entry);
    struct zset_cursor cursor;
    struct zset_item item;

    if (zset.encoding == ENCODING_LISTPACK) {
        rdb_write_byte(writer, RDB_TYPE_ZSET_LISTPACK);
        rdb_encode_listpack(writer, zset.object);
        return;
    }
    rdb_write_byte(writer, RDB_TYPE_ZSET_2);
    rdb_write_len(writer, zset_count(&zset));
    zset_walk(&cursor, &zset, zset_span_all(&zset), true);
    while (zset_walk_next(&cursor, &item)) {
        rdb_write_string(writer, item.member);
        rdb_write_double(writer, item.score);
    }
}

static uint64_t earliest_deadline(struct hash hash) {
    uint64_t earliest = UINT64_MAX;
    struct hash_field field;
    struct hash_iter iter;

    hash_iter_init(&iter, hash, 0);
    while (hash_iter_next(&iter, &field)) {
        if (field.expire_at_unix_ms != EXPIRE_NONE && field.expire_at_unix_ms < earliest)
            earliest = field.expire_at_unix_ms;
    }
    return earliest;
}

static void encode_hash(struct rdb_writer *writer, const struct entry *entry) {
    struct hash hash = hash_of(entry);
    bool has_deadlines = hash_expires_count(hash) > 0;
    struct hash_field field;
    struct hash_iter iter;
    uint64_t earliest = 0;

    if (hash.encoding == ENCODING_LISTPACK) {
        rdb_write_byte(writer, RDB_TYPE_HASH_LISTPACK);
        rdb_encode_listpack(writer, hash.object);
        return;
    }
    rdb_write_byte(writer, has_deadlines ? RDB_TYPE_HASH_DEADLINES : RDB_TYPE_HASH);
    if (has_deadlines) {
        earliest = earliest_deadline(hash);
        rdb_write_uint64(writer, earliest);
    }
    rdb_write_len(writer, hash_count(hash));
    hash_iter_init(&iter, hash, 0);
    while (hash_iter_next(&iter, &field)) {
        uint64_t deadline = field.expire_at_unix_ms;

        if (has_deadlines)
            rdb_write_len(writer, deadline == EXPIRE_NONE ? 0 : deadline - earliest + 1);
        rdb_write_string(writer, field.name);
        rdb_write_string(writer, field.value);
    }
}

void rdb_encode_value(struct rdb_writer *writer, const struct entry *entry) {
    switch (entry_type(entry)) {
    case VALUE_STRING: encode_string(writer, entry); break;
    case VALUE_LIST: encode_list(writer, entry); break;
    case VALUE_SET: encode_set(writer, entry); break;
    case VALUE_ZSET: encode_zset(writer, entry); break;
    case VALUE_HASH: encode_hash(writer, entry); break;
    case VALUE_STREAM: rdb_encode_stream(writer, entry); break;
    }
}

uint64_t rdb_encode_bytes(const struct entry *entry, uint16_t version) {
    struct rdb_writer writer = {.version = version, .compresses = true, .drain = rdb_drain_nowhere};

    rdb_encode_value(&writer, entry);
    uint64_t bytes = writer.drained_bytes + writer.len - 1;
    rdb_writer_deinit(&writer);
    return bytes;
}
