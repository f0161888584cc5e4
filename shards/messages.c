#include "shards/messages.h"

#include "core/mem.h"
#include "shards/block.h"
#include "shards/exec.h"
#include "shards/runtime.h"

static void chain_add(struct msg_chain *chain, struct msg *msg) {
    msg->next = NULL;
    if (chain->head == NULL) {
        chain->head = msg;
    } else {
        chain->tail->next = msg;
    }
    chain->tail = msg;
}

void messages_to_slots(struct shard *thread, unsigned shard_index, struct msg *msg) {
    chain_add(&thread->slot_out[shard_index], msg);
    thread->slot_out_mask |= UINT64_C(1) << shard_index;
}

void messages_to_home(struct shard *thread, unsigned shard_index, struct msg *msg) {
    chain_add(&thread->home_out[shard_index], msg);
    thread->home_out_mask |= UINT64_C(1) << shard_index;
}

/* A sleeper sets is_sleeping and then looks at its inboxes; we have filled the inbox and then
 * look at is_sleeping: one sees the other (all seq_cst). */
static void ring_if_sleeping(struct shard *from, struct shard *target) {
    if (atomic_load_explicit(&target->is_sleeping, memory_order_seq_cst) &&
        atomic_exchange_explicit(&target->is_sleeping, false, memory_order_seq_cst)) {
        loop_doorbell(from->loop, target->loop);
    }
}

void shard_wake(struct shard *from, struct shard *target) {
    if (from == target) return;
    atomic_fetch_or_explicit(&target->home_inbox, UINT64_C(1) << from->index, memory_order_seq_cst);
    ring_if_sleeping(from, target);
}

static void flush_slots(struct shard *thread, unsigned index) {
    struct shard *target = thread->node->shards[index];
    struct msg_chain *chain = &thread->slot_out[index];

    if (!spsc_push(&target->slot_queues[thread->index], chain->head)) return; /* full: next turn */
    *chain = (struct msg_chain){0};
    thread->slot_out_mask &= ~(UINT64_C(1) << index);
    atomic_fetch_or_explicit(&target->slot_inbox, UINT64_C(1) << thread->index,
                             memory_order_seq_cst);
    if (target == thread || thread->config->lend_sleeping_shards) {
        /* Free meanwhile? Then nobody will look but us. Taken: the holder will (token.c, I1). */
        if (token_try(thread, target)) token_release(thread, target);
    } else {
        ring_if_sleeping(thread, target);
    }
}

static void flush_home(struct shard *thread, unsigned index) {
    struct shard *target = thread->node->shards[index];
    struct msg_chain *chain = &thread->home_out[index];

    if (!spsc_push(&target->home_queues[thread->index], chain->head)) return;
    *chain = (struct msg_chain){0};
    thread->home_out_mask &= ~(UINT64_C(1) << index);
    atomic_fetch_or_explicit(&target->home_inbox, UINT64_C(1) << thread->index,
                             memory_order_seq_cst);
    if (target != thread) ring_if_sleeping(thread, target);
}

void messages_flush(struct shard *thread) {
    /* Doing work for others can make new messages; a queue that stays full keeps its bit: hence
     * the rounds. */
    for (unsigned round = 0; round < 4 && (thread->slot_out_mask | thread->home_out_mask) != 0;
         round++) {
        for (uint64_t mask = thread->slot_out_mask; mask != 0; mask &= mask - 1) {
            flush_slots(thread, (unsigned)__builtin_ctzll(mask));
        }
        for (uint64_t mask = thread->home_out_mask; mask != 0; mask &= mask - 1) {
            flush_home(thread, (unsigned)__builtin_ctzll(mask));
        }
    }
}

static void handle_home(struct shard *thread, struct msg *msg) {
    switch ((enum msg_kind)msg->kind) {
    case MSG_REPLY: exec_request_completed(thread, CONTAINER_OF(msg, struct request, msg)); break;
    case MSG_REQUEST: {
        /* Slow by nature: ours to run, with our own token. A borrower has it: next turn, in
         * order behind what came since. */
        if (!token_acquire(thread, thread)) {
            messages_to_home(thread, thread->index, msg);
            break;
        }
        exec_request(thread, CONTAINER_OF(msg, struct request, msg));
        token_release(thread, thread);
        break;
    }
    case MSG_CALL: {
        struct call *call = CONTAINER_OF(msg, struct call, msg);
        void (*run)(struct shard * shard, void *arg) = call->run;
        void *arg = call->arg;
        mem_free(call);
        run(thread, arg);
        break;
    }
    case MSG_BLOCKED: block_home_blocked(thread, CONTAINER_OF(msg, struct waiter, home_msg)); break;
    case MSG_TX_RELEASE:
    case MSG_BLOCK_TASK: SL_ASSERT(!"that never comes to a home queue"); break;
    }
}

bool messages_drain_home(struct shard *thread) {
    uint64_t senders = atomic_exchange_explicit(&thread->home_inbox, 0, memory_order_seq_cst);
    bool had_some = senders != 0;

    while (senders != 0) {
        unsigned sender = (unsigned)__builtin_ctzll(senders);
        senders &= senders - 1;
        struct msg *chain;
        while ((chain = spsc_pop(&thread->home_queues[sender])) != NULL) {
            while (chain != NULL) {
                struct msg *next = chain->next;
                /* like follows like, mostly; a wrong guess harms nobody */
                if (next != NULL && chain->kind == MSG_REPLY)
                    request_prefetch(CONTAINER_OF(next, struct request, msg));
                handle_home(thread, chain);
                chain = next;
            }
        }
    }
    return had_some;
}

void shard_call(struct shard *from, unsigned to_index, void (*run)(struct shard *shard, void *arg),
                void *arg) {
    struct call *call = mem_must(sizeof *call);
    *call = (struct call){.msg = {.kind = MSG_CALL}, .run = run, .arg = arg};
    messages_to_home(from, to_index, &call->msg);
}
