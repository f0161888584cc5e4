/* cmd_debug_keys.c - DEBUG OBJECT and DEBUG POPULATE: whoever owns the slot of a key does the work. */
#include <inttypes.h>
#include <stdio.h>

#include "core/cmd_object.h"
#include "core/mem.h"
#include "core/rdb_encode.h"
#include "shards/cmd_debug_priv.h"
#include "shards/gather.h"

enum {
    POPULATE_PER_TURN = 2000,
    POPULATE_COUNT_MAX = 1 << 30,
    NAME_BYTES_MAX = 512,
    VALUE_BYTES_MAX = 1 << 20
};

/* What core's helpers need beside the keyspace. */
static struct cmd_ctx context(struct shard *shard) {
    return (struct cmd_ctx){.keyspace = shard->keyspace,
                            .now_unix_ms = shard->now_unix_ms,
                            .settings = &shard->settings,
                            .counters = &shard->stats.commands};
}

/* ---- OBJECT ---- */

struct object_state { /* the owner of the slot writes */
    bool is_found;
    enum value_encoding encoding;
    uint64_t address;
    uint64_t serialized_bytes;
    uint32_t access;
    uint64_t idle_seconds;
};

static bool object_each(struct gather *gather, struct shard *shard) {
    struct object_state *state = gather->state;
    struct key key = key_make(shard->node->store, gather->args[2]);
    struct cmd_ctx ctx = context(shard);

    if (shard->node->slot_shard[key.slot] != shard->index) return false;
    if (store_slot_owner_data(shard->node->store, key.slot) != NULL) return true;
    struct entry *entry = cmd_find_quiet(&ctx, gather->db, &key);
    if (entry == NULL) return false;
    *state = (struct object_state){
        .is_found = true,
        .encoding = entry_encoding(entry),
        .address = (uint64_t)(uintptr_t)entry,
        .serialized_bytes = rdb_encode_bytes(entry, RDB_VERSION_7_2),
        .access = entry_access(entry),
        .idle_seconds = cmd_access_idle_seconds(&ctx, entry_access(entry))};
    return false;
}

static void object_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct object_state *state = gather->state;
    char text[256];

    if (!state->is_found) {
        reply_error(ctx->reply, "no such key");
        return;
    }
    snprintf(text, sizeof text,
             "Value at:0x%" PRIx64 " refcount:1 encoding:%s serializedlength:%" PRIu64
             " lru:%" PRIu32 " lru_seconds_idle:%" PRIu64,
             state->address, object_encoding_name(state->encoding), state->serialized_bytes,
             state->access, state->idle_seconds);
    reply_status(ctx->reply, text);
}

/* DEBUG OBJECT key [FAST] */
void debug_object(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = object_each,
                                          .done = object_done,
                                          .state_bytes = sizeof(struct object_state),
                                          .needs_token = true};

    if (ctx->args_count == 4 && !cmd_arg_is(ctx, 3, "fast"))
        cmd_reply_subcommand_error(ctx);
    else
        gather_start(ctx, &ops);
}

/* ---- POPULATE ---- */

struct populate_state {
    int64_t count, value_bytes; /* 0: as long as the text is */
};
struct populate_part {
    int64_t next;
};

/* Every shard goes over all names and makes those that are its own. */
static bool populate_each(struct gather *gather, struct shard *shard) {
    const struct populate_state *state = gather->state;
    struct populate_part *part = gather_part(gather, shard->index);
    struct cmd_ctx ctx = context(shard);
    struct slice prefix = gather->args_count > 3 ? gather->args[3] : SLICE_LITERAL("key");
    size_t value_bytes_max = state->value_bytes > 0 ? (size_t)state->value_bytes : 64;
    char name[NAME_BYTES_MAX + 32], *value = mem_must_zero(value_bytes_max + 32);
    int64_t end = part->next + POPULATE_PER_TURN;

    if (end > state->count) end = state->count;
    for (; part->next < end; part->next++) {
        int name_len = snprintf(name, sizeof name, "%.*s:%" PRId64, (int)prefix.len, prefix.data,
                                part->next);
        struct key key = key_make(shard->node->store, slice_of(name, (size_t)name_len));

        if (shard->node->slot_shard[key.slot] != shard->index) continue;
        if (store_slot_owner_data(shard->node->store, key.slot) != NULL) break; /* next turn */
        if (keyspace_find(shard->keyspace, gather->db, &key) != NULL) continue;
        int len = snprintf(value, 32, "value:%" PRId64, part->next);
        size_t value_len = state->value_bytes > 0 ? (size_t)state->value_bytes : (size_t)len;
        if (keyspace_put_string(shard->keyspace, gather->db, &key, NULL, slice_of(value, value_len),
                                STRING_PLAIN, EXPIRE_NONE, cmd_access_now(&ctx)) == NULL)
            break;
    }
    mem_free(value);
    return part->next < state->count;
}

static void populate_done(struct gather *gather, struct cmd_ctx *ctx) {
    (void)gather;
    reply_ok(ctx->reply);
}

/* DEBUG POPULATE count [prefix] [size] */
void debug_populate(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = populate_each,
                                          .done = populate_done,
                                          .state_bytes = sizeof(struct populate_state),
                                          .state_bytes_per_shard = sizeof(struct populate_part),
                                          .needs_token = true};
    struct populate_state state = {0};

    if (!cmd_arg_int64_range(ctx, 2, 0, POPULATE_COUNT_MAX, &state.count,
                             "value is out of range, must be positive"))
        return;
    if (ctx->args_count > 3 && ctx->args[3].len > NAME_BYTES_MAX) {
        reply_error(ctx->reply, "the prefix is too long");
        return;
    }
    if (ctx->args_count > 4 && !cmd_arg_int64_range(ctx, 4, 0, VALUE_BYTES_MAX, &state.value_bytes,
                                                    "value is out of range, must be positive"))
        return;
    struct gather *gather = gather_prepare(ctx, &ops);
    memcpy(gather->state, &state, sizeof state);
    gather_go(gather);
}
