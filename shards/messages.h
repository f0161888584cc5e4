#pragma once
/* What shards tell each other, and the token by which one acts as another.
 *
 * Slot queues carry work on a shard's slots; whoever holds the shard's token reads them: its
 * home thread, or another thread that found the token free (the home thread is in the kernel:
 * asleep, or busy with its sockets). Home queues carry what only the home thread can do: replies
 * to its connections, calls. Picture and invariants: token.c. */
#include "shards/shard.h"

enum msg_kind {
    /* slot queue: struct request, run it; home queue: the same, but only the home thread may */
    MSG_REQUEST = 1,
    MSG_TX_RELEASE, /* slot queue: struct tx_part, the transaction is done with these slots */
    MSG_REPLY, /* home queue: struct request, answered */
    MSG_CALL, /* home queue: struct call */
    MSG_BLOCKED, /* home queue: struct waiter, a request of yours is blocked */
    MSG_BLOCK_TASK, /* slot queue: struct block_task */
};

struct call {
    struct msg msg;
    void (*run)(struct shard *shard, void *arg);
    void *arg;
};

/* Puts a message into the chain for a receiver; messages_flush() sends it on its way. */
void messages_to_slots(struct shard *thread, unsigned shard_index, struct msg *msg);
void messages_to_home(struct shard *thread, unsigned shard_index, struct msg *msg);
/* Pushes all chains and sees to it that somebody looks at them: takes the free token and does
 * the work, or rings a sleeper. */
void messages_flush(struct shard *thread);
/* Handles what came for this thread. True: there was something. */
bool messages_drain_home(struct shard *thread);
/* Wakes a shard's thread if it sleeps. */
void shard_wake(struct shard *from, struct shard *target);

/* Acts as the shard from now on, if its token is free or becomes free within a few microseconds;
 * no other token may be held. On success what waits in its slot queues is done first. */
bool token_acquire(struct shard *thread, struct shard *shard);
/* The same without waiting. */
bool token_try(struct shard *thread, struct shard *shard);
/* Ends that. Work that came meanwhile is done before. */
void token_release(struct shard *thread, struct shard *shard);
void token_release_all(struct shard *thread);
static inline bool token_is_held(const struct shard *thread, unsigned shard_index) {
    return (thread->tokens_held >> shard_index & 1) != 0;
}
