/* rdb_encode_stream.c - nodes as they are, then what the stream and its groups remember. The
 * version says how much of that: when a consumer was last active came with Redis 7.2. */
#include "core/rdb_encode_priv.h"
#include "core/stream_group.h"

static void write_id_bytes(struct rdb_writer *writer, struct stream_id id) {
    char bytes[16];

    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (char)(id.ms >> (56 - 8 * i)); /* big-endian: as the ids are ordered */
        bytes[8 + i] = (char)(id.seq >> (56 - 8 * i));
    }
    rdb_write_bytes(writer, slice_of(bytes, sizeof bytes));
}

static void write_id(struct rdb_writer *writer, struct stream_id id) {
    rdb_write_len(writer, id.ms);
    rdb_write_len(writer, id.seq);
}

static void write_nodes(struct rdb_writer *writer, const struct stream *stream) {
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *node;

    rdb_write_len(writer, stream->nodes.items_count);
    for (; (node = stream_index_at(&stream->nodes, pos)) != NULL;
         pos = stream_index_next(&stream->nodes, pos)) {
        rdb_write_len(writer, 16);
        write_id_bytes(writer, node->id);
        rdb_encode_listpack(writer, node->value);
    }
}

/* A consumer's are only named: the group's say the rest. */
static void write_pending(struct rdb_writer *writer, const struct stream_index *index,
                          bool is_group) {
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *item;

    rdb_write_len(writer, index->items_count);
    for (; (item = stream_index_at(index, pos)) != NULL; pos = stream_index_next(index, pos)) {
        const struct stream_pending *pending = item->value;

        write_id_bytes(writer, item->id);
        if (!is_group) continue;
        rdb_write_uint64(writer, pending->delivered_at_unix_ms);
        rdb_write_len(writer, pending->deliveries_count);
    }
}

static void write_group(struct rdb_writer *writer, const struct stream_group *group) {
    rdb_write_string(writer, stream_group_name(group));
    write_id(writer, group->last_id);
    rdb_write_len(writer, (uint64_t)group->entries_read);
    write_pending(writer, &group->pending, true);
    rdb_write_len(writer, group->consumers_count);
    for (size_t i = 0; i < group->consumers_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];

        rdb_write_string(writer, stream_consumer_name(consumer));
        rdb_write_uint64(writer, (uint64_t)consumer->seen_at_unix_ms);
        if (writer->version >= RDB_VERSION_7_2)
            rdb_write_uint64(writer, (uint64_t)consumer->active_at_unix_ms);
        write_pending(writer, &consumer->pending, false);
    }
}

void rdb_encode_stream(struct rdb_writer *writer, const struct entry *entry) {
    const struct stream *stream = entry_object(entry);

    rdb_write_byte(writer, writer->version >= RDB_VERSION_7_2 ? RDB_TYPE_STREAM_LISTPACKS_3
                                                              : RDB_TYPE_STREAM_LISTPACKS_2);
    write_nodes(writer, stream);
    rdb_write_len(writer, stream->length);
    write_id(writer, stream->last_id);
    write_id(writer, stream->first_id);
    write_id(writer, stream->max_deleted_id);
    rdb_write_len(writer, stream->entries_added);
    rdb_write_len(writer, stream->groups_count);
    for (size_t i = 0; i < stream->groups_count; i++) write_group(writer, stream->groups[i]);
}
