/* cmd_debug_reload.c - DEBUG RELOAD: every value through its RDB form and back, in its place, as
 * if the server had been saved and started again; what cannot be read back is said. Keys stay
 * where they are, and so do their deadlines and access clocks: there is no file. */
#include "core/mem.h"
#include "core/object.h"
#include "core/rdb_decode.h"
#include "core/rdb_encode.h"
#include "shards/cmd_debug_priv.h"
#include "shards/cmd_walk_keys.h"
#include "shards/gather.h"

enum { RELOAD_ENTRIES_PER_TURN = 200, RELOAD_SLOTS_PER_TURN = 1024 };

struct reload_part {
    unsigned db, slot;
    uint32_t position;
    size_t failures_count;
};
struct reload_owner {
    struct reload_part *part;
    struct shard *shard;
};

static bool read_back(struct shard *shard, struct entry *entry, struct slice bytes) {
    struct rdb_decode_env env = {.settings = &shard->settings,
                                 .origin = keyspace_dict_origin(shard->keyspace),
                                 .version = RDB_VERSION_8_0};
    struct rdb_reader reader = rdb_reader_of(bytes);
    struct rdb_value value;
    uint8_t type;

    if (!rdb_read_byte(&reader, &type) || rdb_decode_value(&reader, type, &env, &value) != RDB_OK)
        return false;
    if (value.type != entry_type(entry) || rdb_reader_left(&reader) > 0) {
        rdb_value_deinit(&value);
        return false;
    }
    if (value.type == VALUE_STRING) {
        char scratch[ENTRY_SCRATCH_BYTES];
        bool is_same = slice_equal(value.string.text, entry_string(entry, scratch));

        rdb_value_deinit(&value);
        return is_same;
    }
    enum value_encoding encoding_old = entry_encoding(entry);
    void *object_old = entry_object(entry);
    entry_set_object(entry, value.encoding, value.object);
    object_kind_of(encoding_old)->free(object_old);
    return true;
}

static void reload_entry(void *arg, struct entry *entry) {
    struct reload_owner *owner = arg;
    struct rdb_writer writer = {.version = RDB_VERSION_8_0, .compresses = true};

    rdb_encode_value(&writer, entry);
    if (writer.is_failed || !read_back(owner->shard, entry, slice_of(writer.data, writer.len)))
        owner->part->failures_count++;
    rdb_writer_deinit(&writer);
}

static bool reload_each(struct gather *gather, struct shard *shard) {
    struct reload_part *part = gather_part(gather, shard->index);
    struct reload_owner owner = {part, shard};
    const struct node *node = shard->node;
    unsigned dbs_count = store_databases_count(node->store), looked = 0;
    size_t entries_count = 0;

    for (; part->db < dbs_count; part->db++, part->slot = 0) {
        if (walk_keys_count(node, part->db) <= 0) continue;
        for (; part->slot < SLOTS_COUNT; part->slot++, part->position = 0) {
            if (node->slot_shard[part->slot] != shard->index) continue;
            if (++looked > RELOAD_SLOTS_PER_TURN || entries_count >= RELOAD_ENTRIES_PER_TURN)
                return true;
            if (store_slot_owner_data(node->store, part->slot) != NULL) return true;
            size_t keys_count = store_slot_keys_count(node->store, part->slot, part->db);
            if (keys_count == 0) continue;
            if (keyspace_slot_scan(shard->keyspace, part->slot, part->db, &part->position,
                                   RELOAD_ENTRIES_PER_TURN, reload_entry, &owner))
                return true;
            entries_count += keys_count;
        }
    }
    return false;
}

static void reload_done(struct gather *gather, struct cmd_ctx *ctx) {
    size_t failures_count = 0;

    for (unsigned i = 0; i < gather->shards_count; i++)
        failures_count += ((struct reload_part *)gather_part(gather, i))->failures_count;
    if (failures_count > 0)
        reply_error_format(ctx->reply, "%zu values did not come back from their RDB form",
                           failures_count);
    else
        reply_ok(ctx->reply);
}

/* DEBUG RELOAD */
void debug_reload(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = reload_each,
                                          .done = reload_done,
                                          .state_bytes_per_shard = sizeof(struct reload_part),
                                          .needs_token = true};

    gather_start(ctx, &ops);
}
