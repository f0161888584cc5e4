#include "shards/expire.h"

#include "core/hash.h"
#include "core/hash_expire.h"
#include "core/keyspace.h"
#include "shards/messages.h"

enum {
    EXPIRE_KEYS_PER_STEP = 256,
    EXPIRE_BATCH = 32,
    EXPIRE_FIELDS_BATCH = 128,
    RESERVED_RETRY_MS = 2
};

static uint64_t later(uint64_t now_unix_ms, uint64_t deadline_unix_ms, uint64_t lag_max) {
    uint64_t lag_ms = now_unix_ms > deadline_unix_ms ? now_unix_ms - deadline_unix_ms : 0;
    return lag_ms > lag_max ? lag_ms : lag_max;
}

/* Keys that are due go; of those that only have something due inside, a hash's fields, that
 * goes. Returns how many keys and fields. */
static size_t delete_expired(struct shard *shard, struct entry **entries, const unsigned *dbs,
                             size_t count) {
    struct cmd_ctx ctx = {
        .keyspace = shard->keyspace,
        .now_unix_ms = shard->now_unix_ms,
        .settings = &shard->settings,
        .counters = &shard->stats.commands,
        .waiters = block_changes(shard->node, &shard->block),
    };
    uint64_t lag_max = stat_read(&shard->stats.expire_lag_ms_max);
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        struct key key = key_make(shard->node->store, entry_key(entries[i]));
        uint64_t deadline_unix_ms = entry_expire_at_unix_ms(entries[i]);

        if (deadline_unix_ms != EXPIRE_NONE && deadline_unix_ms <= shard->now_unix_ms) {
            lag_max = later(shard->now_unix_ms, deadline_unix_ms, lag_max);
            cmd_expire_key(&ctx, dbs[i], &key, entries[i]);
            total++;
        } else { /* what is over the batch stays due, and so does the slot */
            lag_max = later(shard->now_unix_ms, hash_deadline_unix_ms(hash_of(entries[i])),
                            lag_max);
            total += hash_reclaim(&ctx, dbs[i], &key, entries[i], EXPIRE_FIELDS_BATCH);
        }
    }
    atomic_store_explicit(&shard->stats.expire_lag_ms_max, lag_max, memory_order_relaxed);
    return total;
}

/* One slot that is due. Returns how many keys and fields went. */
static size_t expire_slot(struct shard *shard, unsigned slot, size_t count_max) {
    struct entry *entries[EXPIRE_BATCH];
    unsigned dbs[EXPIRE_BATCH];
    size_t total = 0, found;

    do {
        found = keyspace_slot_expired(shard->keyspace, slot, shard->now_unix_ms, entries, dbs,
                                      EXPIRE_BATCH);
        total += delete_expired(shard, entries, dbs, found);
    } while (found == EXPIRE_BATCH && total < count_max);
    alarms_set(&shard->alarms, slot,
               found == EXPIRE_BATCH ? shard->now_unix_ms
                                     : store_slot_deadline_unix_ms(shard->node->store, slot));
    return total;
}

bool expire_step(struct shard *shard) {
    size_t done = 0, slots_count = 0;

    if (!atomic_load_explicit(&shard->node->active_expire, memory_order_relaxed)) return false;
    /* Only a hint without the token; wake_at is kept up to date by whoever moves an alarm. */
    if (atomic_load_explicit(&shard->wake_at_unix_ms, memory_order_relaxed) > shard->now_unix_ms &&
        shard->node->shards_count > 1) {
        return false;
    }
    if (!token_acquire(shard, shard)) return true;
    while (alarms_next_unix_ms(&shard->alarms) <= shard->now_unix_ms &&
           done < EXPIRE_KEYS_PER_STEP && slots_count++ < EXPIRE_KEYS_PER_STEP) {
        unsigned slot = alarms_first_slot(&shard->alarms);
        if (store_slot_owner_data(shard->node->store, slot) != NULL) { /* a transaction has it */
            alarms_set(&shard->alarms, slot, shard->now_unix_ms + RESERVED_RETRY_MS);
            continue;
        }
        done += expire_slot(shard, slot, EXPIRE_KEYS_PER_STEP);
    }
    if (block_has_ready(&shard->block)) block_serve(shard);
    bool is_more = alarms_next_unix_ms(&shard->alarms) <= shard->now_unix_ms;
    token_release(shard, shard);
    return is_more;
}

void expire_deadline_sooner(void *owner, unsigned slot, uint64_t deadline_unix_ms) {
    struct shard *thread = owner;
    struct shard *shard = thread->node->shards[thread->node->slot_shard[slot]];

    /* A transaction's runner need not hold the token: the release of the slot sets the alarm
     * then (tx.c). */
    if (token_is_held(thread, shard->index))
        expire_set_alarm(thread, shard, slot, deadline_unix_ms);
}

void expire_set_alarm(struct shard *thread, struct shard *shard, unsigned slot,
                      uint64_t deadline_unix_ms) {
    alarms_set(&shard->alarms, slot, deadline_unix_ms);
    if (shard == thread) return; /* it reads its alarms before it sleeps */
    if (deadline_unix_ms < atomic_load_explicit(&shard->wake_at_unix_ms, memory_order_relaxed)) {
        atomic_store_explicit(&shard->wake_at_unix_ms, deadline_unix_ms, memory_order_relaxed);
        shard_wake(thread, shard);
    }
}
