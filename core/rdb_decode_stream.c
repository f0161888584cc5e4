#include "core/listpack.h"
#include "core/rdb_decode_priv.h"
#include "core/stream_group.h"

enum { ID_BYTES = 16, PENDING_BYTES_MIN = ID_BYTES + 8 + 1 };

static struct stream_id id_from_bytes(struct slice bytes) {
    struct stream_id id = {0, 0};

    for (size_t i = 0; i < 8; i++) {
        id.ms = id.ms << 8 | (unsigned char)bytes.data[i];
        id.seq = id.seq << 8 | (unsigned char)bytes.data[8 + i];
    }
    return id;
}

static bool read_id(struct rdb_reader *reader, struct stream_id *id) {
    return rdb_read_len(reader, &id->ms) && rdb_read_len(reader, &id->seq);
}

static bool read_id_bytes(struct rdb_reader *reader, struct stream_id *id) {
    struct slice bytes;

    if (!rdb_read_bytes(reader, ID_BYTES, &bytes)) return false;
    *id = id_from_bytes(bytes);
    return true;
}

static enum rdb_result load_node(struct stream *stream, struct slice id_bytes, struct slice bytes) {
    const unsigned char *listpack = (const unsigned char *)bytes.data;

    if (id_bytes.len != ID_BYTES || !listpack_is_valid(listpack, bytes.len)) return RDB_BAD;
    unsigned char *copy = listpack_try_copy(listpack);
    if (copy == NULL) return RDB_NO_MEMORY;
    if (!stream_load_node(stream, id_from_bytes(id_bytes), copy)) {
        listpack_free(copy);
        return RDB_BAD;
    }
    return RDB_OK;
}

static enum rdb_result read_nodes(struct rdb_reader *reader, struct stream *stream) {
    enum rdb_result result = RDB_OK;
    struct rdb_string id_bytes, bytes;
    uint64_t count;

    if (!rdb_read_count(reader, 2, &count)) return RDB_BAD;
    for (uint64_t i = 0; i < count && result == RDB_OK; i++) {
        if (!rdb_read_string(reader, &id_bytes)) return rdb_bad(reader);
        if (!rdb_read_string(reader, &bytes)) {
            rdb_string_deinit(&id_bytes);
            return rdb_bad(reader);
        }
        result = load_node(stream, id_bytes.text, bytes.text);
        rdb_string_deinit(&id_bytes);
        rdb_string_deinit(&bytes);
    }
    return result;
}

/* What Redis before 7.0 did not remember is made up as it does. */
static bool read_counts(struct rdb_reader *reader, uint8_t type, struct stream *stream) {
    if (!rdb_read_len(reader, &stream->length) || !read_id(reader, &stream->last_id)) return false;
    if (type == RDB_TYPE_STREAM_LISTPACKS) {
        stream->entries_added = stream->length;
    } else if (!read_id(reader, &stream->first_id) || !read_id(reader, &stream->max_deleted_id) ||
               !rdb_read_len(reader, &stream->entries_added)) {
        return false;
    }
    return stream_is_consistent(stream);
}

static bool read_group_pending(struct rdb_reader *reader, struct stream_group *group) {
    uint64_t count, delivered_at_unix_ms, deliveries_count;
    struct stream_id id;

    if (!rdb_read_count(reader, PENDING_BYTES_MIN, &count)) return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!read_id_bytes(reader, &id) || !rdb_read_uint64(reader, &delivered_at_unix_ms) ||
            !rdb_read_len(reader, &deliveries_count))
            return false;
        if (stream_pending_find(group, id) != NULL) return false;
        stream_pending_add(group, id, NULL, delivered_at_unix_ms, deliveries_count);
    }
    return true;
}

static bool read_consumer_pending(struct rdb_reader *reader, struct stream_group *group,
                                  struct stream_consumer *consumer) {
    struct stream_id id;
    uint64_t count;

    if (!rdb_read_count(reader, ID_BYTES, &count)) return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!read_id_bytes(reader, &id)) return false;
        struct stream_pending *pending = stream_pending_find(group, id);
        if (pending == NULL || pending->consumer != NULL) return false;
        stream_pending_assign(pending, id, consumer);
    }
    return true;
}

static bool read_consumer(struct rdb_reader *reader, uint8_t type, struct stream_group *group) {
    struct stream_consumer *consumer;
    struct rdb_string name;
    uint64_t seen_at, active_at;

    if (!rdb_read_string(reader, &name)) return false;
    consumer = stream_consumer_find(group, name.text) == NULL
                   ? stream_consumer_add(group, name.text, 0)
                   : NULL;
    rdb_string_deinit(&name);
    if (consumer == NULL || !rdb_read_uint64(reader, &seen_at)) return false;
    active_at = seen_at; /* the best guess, where it is not said */
    if (type == RDB_TYPE_STREAM_LISTPACKS_3 && !rdb_read_uint64(reader, &active_at)) return false;
    consumer->seen_at_unix_ms = (int64_t)seen_at;
    consumer->active_at_unix_ms = (int64_t)active_at;
    return read_consumer_pending(reader, group, consumer);
}

static bool read_group(struct rdb_reader *reader, uint8_t type, struct stream *stream) {
    struct stream_group *group;
    struct stream_id last_id;
    struct rdb_string name;
    uint64_t entries_read, count;

    if (!rdb_read_string(reader, &name)) return false;
    bool is_read = read_id(reader, &last_id);
    if (is_read && type == RDB_TYPE_STREAM_LISTPACKS)
        entries_read = (uint64_t)stream_entries_read_estimate(stream, last_id);
    else
        is_read = is_read && rdb_read_len(reader, &entries_read);
    group = is_read && stream_group_find(stream, name.text) == NULL
                ? stream_group_add(stream, name.text, last_id, (int64_t)entries_read)
                : NULL;
    rdb_string_deinit(&name);
    if (group == NULL || !read_group_pending(reader, group)) return false;
    if (!rdb_read_count(reader, 1 + 8 + 1, &count)) return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!read_consumer(reader, type, group)) return false;
    }
    return stream_group_is_consistent(group);
}

static enum rdb_result decode(struct rdb_reader *reader, uint8_t type, struct stream *stream) {
    uint64_t count;
    enum rdb_result result = read_nodes(reader, stream);

    if (result != RDB_OK) return result;
    if (!read_counts(reader, type, stream) || !rdb_read_count(reader, 5, &count))
        return rdb_bad(reader);
    for (uint64_t i = 0; i < count; i++) {
        if (!read_group(reader, type, stream)) return rdb_bad(reader);
    }
    return RDB_OK;
}

enum rdb_result rdb_decode_stream(struct rdb_reader *reader, uint8_t type,
                                  const struct rdb_decode_env *env, struct rdb_value *value) {
    struct stream *stream = stream_new();
    enum rdb_result result = decode(reader, type, stream);

    (void)env;
    if (result != RDB_OK) {
        stream_free(stream);
        return result;
    }
    value->type = VALUE_STREAM;
    value->encoding = ENCODING_STREAM;
    value->object = stream;
    return RDB_OK;
}
