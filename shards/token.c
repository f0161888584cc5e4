/* token.c - a shard lends itself to whoever has work for it.
 *
 *            token = 0                       token = 1 + j                  token = 1 + i
 *     FREE: thread i is in the    --CAS-->  thread j acts as shard i  or   thread i works on its
 *     kernel (asleep or sending)  <-store-  (runs, drains, gives back)     own slots
 *
 * A shard's slots are touched only by the thread whose number is in its token. The home thread
 * holds it while it executes commands, and leaves it free around everything else: system calls,
 * parsing, sending. Most of a busy thread's time is the kernel's, so work for another shard
 * usually finds the token free: one compare-and-swap, no message, no wake-up.
 *
 * When the token is taken, the work goes into the slot queue, and then:
 * I1  A sender pushes, sets its bit in slot_inbox (seq_cst), then looks at the token. A holder
 *     frees the token, then looks at slot_inbox (both seq_cst). So one of the two sees the
 *     other: no work is left behind with nobody to do it.
 * I2  Whoever waits for a token holds none, and waits for some microseconds at most (its holder
 *     may have been preempted); after that the work goes by queue. So there is no dead-lock.
 * I3  Whoever takes a token drains the slot queues first: what was asked before is done before.
 * I4  With lend-sleeping-shards off nobody but the home thread takes the token; senders ring the
 *     doorbell instead.
 * Figures: bench/results. */
#include "shards/messages.h"

#include "core/mem.h"
#include "shards/block.h"
#include "shards/clock.h"
#include "shards/exec.h"
#include "shards/tx.h"

enum {
    WAIT_NS = 25000,
    GLANCE_NS = 2000,
    RELAXES_PER_LOOK = 4,
    BORROWED_ROUNDS_MAX = 4,
    PREFETCH_MAX = 64
};

static bool token_cas(struct shard *thread, struct shard *shard) {
    uint32_t expected = 0;
    if (atomic_load_explicit(&shard->token, memory_order_seq_cst) != 0) return false; /* I1 */
    if (!atomic_compare_exchange_strong_explicit(&shard->token, &expected, 1 + thread->index,
                                                 memory_order_seq_cst, memory_order_seq_cst)) {
        return false;
    }
    thread->tokens_held |= UINT64_C(1) << shard->index;
    thread->tokens_waited_in_vain &= ~thread->tokens_held;
    return true;
}

static inline bool has_slot_work(const struct shard *shard) {
    return atomic_load_explicit(&shard->slot_inbox, memory_order_seq_cst) != 0 ||
           atomic_load_explicit(&shard->tx_attention, memory_order_seq_cst);
}

/* Asks for the memory of all look-ups of a chain at once, as a batch does: slots, then buckets,
 * then entries. */
static void prefetch_chain(struct shard *thread, const struct msg *chain) {
    const struct request *requests[PREFETCH_MAX];
    const struct store *store = thread->node->store;
    size_t count = 0;

    if (chain->next == NULL) return;
    for (const struct msg *msg = chain; msg != NULL && count < PREFETCH_MAX; msg = msg->next) {
        if (msg->kind != MSG_REQUEST) continue;
        const struct request *request = CONTAINER_OF(msg, struct request, msg);
        if (msg->next != NULL) request_prefetch(CONTAINER_OF(msg->next, struct request, msg));
        if (request->key_first.name.data == NULL) continue;
        store_prefetch_slot(store, request->key_first.slot);
        __builtin_prefetch(request->key_first.name.data);
        requests[count++] = request;
    }
    size_t free_count = 0;
    for (size_t i = 0; i < count; i++) {
        /* somebody else's now */
        if (store_slot_owner_data(store, requests[i]->key_first.slot) != NULL) continue;
        keyspace_prefetch_bucket(thread->keyspace, requests[i]->db, &requests[i]->key_first);
        requests[free_count++] = requests[i];
    }
    for (size_t i = 0; i < free_count; i++) {
        keyspace_prefetch_entry(thread->keyspace, requests[i]->db, &requests[i]->key_first);
    }
}

/* With the token: does what waits in the slot queues, then the transaction log. */
static void drain_slots(struct shard *thread, struct shard *shard) {
    for (unsigned round = 0; has_slot_work(shard); round++) {
        if (shard != thread && round == BORROWED_ROUNDS_MAX) return; /* one is enough for I3 */
        uint64_t senders = atomic_exchange_explicit(&shard->slot_inbox, 0, memory_order_seq_cst);
        while (senders != 0) {
            unsigned sender = (unsigned)__builtin_ctzll(senders);
            senders &= senders - 1;
            struct msg *chain;
            while ((chain = spsc_pop(&shard->slot_queues[sender])) != NULL) {
                prefetch_chain(thread, chain);
                while (chain != NULL) {
                    struct msg *next = chain->next;
                    if (chain->kind == MSG_REQUEST) {
                        exec_request(thread, CONTAINER_OF(chain, struct request, msg));
                    } else if (chain->kind == MSG_BLOCK_TASK) {
                        struct block_task *task = CONTAINER_OF(chain, struct block_task, msg);
                        if (!slot_queue_join_task(shard, thread->node->store, task))
                            block_task_run(thread, task);
                    } else {
                        SL_ASSERT(chain->kind == MSG_TX_RELEASE);
                        tx_release_part(thread, CONTAINER_OF(chain, struct tx_part, release_msg));
                    }
                    chain = next;
                }
            }
        }
        if (atomic_exchange_explicit(&shard->tx_attention, false, memory_order_seq_cst)) {
            tx_log_advance(thread, shard);
        }
        tx_run_granted(thread);
    }
}

/* Waits for whoever has it to give it back: as long as a holder that runs needs for its few
 * entries. One that was waited for in vain was preempted, perhaps for milliseconds: it gets only
 * a glance until it has been seen to give the token back. */
static bool token_wait(struct shard *thread, struct shard *shard) {
    uint64_t bit = UINT64_C(1) << shard->index, start = clock_ticks();
    uint64_t wait_ns = (thread->tokens_waited_in_vain & bit) != 0 ? GLANCE_NS : WAIT_NS;

    stat_add(&thread->stats.token_waits, 1);
    do {
        for (unsigned i = 0; i < RELAXES_PER_LOOK; i++) cpu_relax();
        if (token_cas(thread, shard)) return true;
    } while (clock_ticks_to_ns(clock_ticks() - start) < wait_ns);
    thread->tokens_waited_in_vain |= bit;
    return false;
}

/* With the token: what this thread asked for earlier, and has not pushed yet, comes before what
 * it asks for now (I3). */
static void drain_own_chain(struct shard *thread, struct shard *shard) {
    uint64_t bit = UINT64_C(1) << shard->index;

    while (SL_UNLIKELY((thread->slot_out_mask & bit) != 0)) {
        if (spsc_push(&shard->slot_queues[thread->index], thread->slot_out[shard->index].head)) {
            thread->slot_out[shard->index] = (struct msg_chain){0};
            thread->slot_out_mask &= ~bit;
        }
        atomic_fetch_or_explicit(&shard->slot_inbox, UINT64_C(1) << thread->index,
                                 memory_order_seq_cst);
        drain_slots(thread, shard); /* full before: now there is room */
    }
}

static bool acquire(struct shard *thread, struct shard *shard, bool may_wait) {
    if (token_is_held(thread, shard->index)) return true;
    if (shard != thread && !thread->config->lend_sleeping_shards) return false;
    if (!token_cas(thread, shard) && (!may_wait || !token_wait(thread, shard))) return false;
    drain_slots(thread, shard);
    drain_own_chain(thread, shard);
    return true;
}

bool token_acquire(struct shard *thread, struct shard *shard) {
    return acquire(thread, shard, true);
}

bool token_try(struct shard *thread, struct shard *shard) {
    return acquire(thread, shard, false);
}

void token_release(struct shard *thread, struct shard *shard) {
    uint64_t bit = UINT64_C(1) << shard->index;

    SL_DEBUG_ASSERT(token_is_held(thread, shard->index));
    if (SL_UNLIKELY(thread->tx_granted_head != NULL)) tx_run_granted(thread);
    if (thread->node->shards_count == 1) return; /* nobody else is there: ours for ever */
    for (unsigned round = 0;; round++) {
        if (shard == thread) {
            uint64_t next_unix_ms = alarms_next_unix_ms(&shard->alarms);
            atomic_store_explicit(&shard->wake_at_unix_ms, next_unix_ms, memory_order_relaxed);
        }
        thread->tokens_held &= ~bit;
        atomic_store_explicit(&shard->token, 0, memory_order_seq_cst);
        /* I1: somebody may have pushed while we held it. */
        if (SL_LIKELY(!has_slot_work(shard))) return;
        /* a borrower is not to become the shard's servant */
        if (shard != thread && round == BORROWED_ROUNDS_MAX) {
            shard_wake(thread, shard);
            return;
        }
        if (!token_cas(thread, shard)) return;
        drain_slots(thread, shard);
    }
}

void token_release_all(struct shard *thread) {
    uint64_t held = thread->tokens_held;
    if (thread->node->shards_count == 1) return;
    while (held != 0) {
        unsigned index = (unsigned)__builtin_ctzll(held);
        held &= held - 1;
        token_release(thread, thread->node->shards[index]);
    }
}
