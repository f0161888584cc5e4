/* hash_expire.c - reclaiming due fields. */
#include "core/hash_expire.h"

#include "core/hash.h"

enum { RECLAIM_BATCH = 32 };

void hash_count_expired(struct cmd_ctx *ctx, size_t fields_count) {
    _Atomic uint64_t *counter = &ctx->counters->expired_subkeys;
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + fields_count, memory_order_relaxed); /* one writer */
}

/* One effect for a batch, said while the names are still there. */
static void say_deleted(struct cmd_ctx *ctx, unsigned db, const struct key *key,
                        struct entry *const *items, size_t count) {
    struct slice args[2 + RECLAIM_BATCH] = {SLICE_LITERAL("HDEL"), key->name};

    if (ctx->effects == NULL) return;
    for (size_t i = 0; i < count; i++) args[2 + i] = dict_item_name(items[i]);
    ctx->effects->emit(ctx->effects->owner, db, args, 2 + count);
}

size_t hash_reclaim(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry,
                    size_t fields_max) {
    struct hash hash = hash_of(entry);
    struct entry *items[RECLAIM_BATCH];
    size_t total = 0, found = 0, asked = 0;

    SL_ASSERT(entry_type(entry) == VALUE_HASH);
    if (hash.encoding != ENCODING_HASHTABLE) return 0;
    while (total < fields_max && found == asked) {
        asked = fields_max - total < RECLAIM_BATCH ? fields_max - total : RECLAIM_BATCH;
        found = dict_due(hash.object, ctx->now_unix_ms, items, asked);
        if (found > 0) say_deleted(ctx, db, key, items, found);
        for (size_t i = 0; i < found; i++) {
            struct key field = dict_key(hash.object, dict_item_name(items[i]));
            dict_remove(hash.object, &field, items[i]);
        }
        total += found;
    }
    /* Even when nothing was found: the dict knows better now when the next is due. */
    keyspace_object_deadline_changed(ctx->keyspace, db, key, entry);
    if (total == 0) return 0;
    hash_count_expired(ctx, total);
    cmd_event(ctx, EVENT_HASH, "hexpired", db, key->name);
    if (hash_count(hash) > 0) return total;
    cmd_event(ctx, EVENT_GENERIC, "del", db, key->name); /* the name may be the entry's own */
    keyspace_delete(ctx->keyspace, db, key, entry);
    return total;
}
