#pragma once
/* Commands over several shards, atomic and isolated: they reserve their slots in one global
 * order, run when all are granted, and release them. A reserved slot queues its other requests;
 * all other slots go on; no thread waits. Algorithm and invariants: tx.c. */
#include "shards/request.h"
#include "shards/shard.h"

struct tx_part { /* what one transaction wants of one shard */
    struct msg release_msg;
    struct tx *tx;
    uint16_t shard_index;
    uint32_t ungranted_count; /* token holder's */
    struct slot_wait *waits;
    uint32_t waits_count;
};

/* Which distinct slots some arguments touch, sorted; world: all of them. */
struct tx_slots {
    uint16_t *slots; /* inline_slots or the heap */
    size_t count;
    uint64_t shards_mask;
    bool is_world;
    uint16_t inline_slots[16];
};
void tx_slots_init(struct tx_slots *slots, const struct node *node, const struct cmd *cmd,
                   const struct slice *args, size_t args_count);
void tx_slots_deinit(struct tx_slots *slots);
/* All tokens of the mask are held: is none of the slots reserved? */
bool tx_slots_are_free(const struct tx_slots *slots, const struct shard *thread);

/* Enters the request into the global order. It runs on some thread, then comes back to its home
 * as any request. */
void tx_start(struct shard *thread, struct request *request, const struct tx_slots *slots);
/* The same, but nothing else is run on the way: it may be entered only in the next turn. */
void tx_start_later(struct shard *thread, struct request *request, const struct tx_slots *slots);
/* Token held: takes note of the transactions that came into the log since. */
void tx_log_advance(struct shard *thread, struct shard *shard);
void tx_release_part(struct shard *thread, struct tx_part *part); /* token held */
/* Runs what has been granted all its slots by this thread's doing. Tokens may be held or not. */
void tx_run_granted(struct shard *thread);
/* Tries again to enter what did not fit into the log. True: some are still waiting. */
bool tx_retry_deferred(struct shard *thread);

/* Token held: the request must wait behind a reservation of its slot? Then it has been queued. */
bool slot_queue_join(struct shard *shard, struct store *store, struct request *request);
/* the same */
bool slot_queue_join_task(struct shard *shard, struct store *store, struct block_task *task);
