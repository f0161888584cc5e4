#pragma once
/* Blocked clients: who waits for which keys, who is served when a key changes, who gives up.
 * Picture and invariants: block.c.
 *
 * Two sides. The slots' side (block.c) runs on whatever thread owns the slots: a command blocks,
 * a change serves. The client's side (block_home.c) runs on the client's own thread: the time is
 * up, CLIENT UNBLOCK, the connection goes. They meet in the waiter's atomic state: whoever moves
 * it out of WAITING decides. */
#include <stdatomic.h>

#include "core/cmd.h"
#include "shards/block_keys.h"
#include "shards/block_timers.h"
#include "shards/node.h"
#include "shards/request.h"

struct exec_call;
struct shard;

enum waiter_state {
    WAITER_WAITING,
    WAITER_CLAIMED, /* some thread runs its command, or a transaction that will */
    WAITER_MISSED, /* the same, and meanwhile another of its keys was changed */
    WAITER_DONE, /* answered, or about to be, by the one who set this */
};
enum block_end { BLOCK_END_NONE, BLOCK_END_TIMEOUT, BLOCK_END_ERROR, BLOCK_END_CLOSED };

struct waiter {
    struct msg home_msg; /* MSG_BLOCKED */
    _Atomic uint32_t refs_count; /* its linked nodes, messages under way, its request */
    _Atomic uint8_t state; /* enum waiter_state */
    /* enum block_end: the client's side wants it ended. Who finds it WAITING does it */
    _Atomic uint8_t end;
    bool needs_all_keys;
    uint8_t timeout_reply; /* enum cmd_block_timeout */
    bool is_ended; /* by `end`, not by a reply; written by who set DONE */
    uint32_t tx_node; /* CLAIMED for a transaction: whose change it is about */
    /* whoever has claimed it may use it, and the home thread what is the home's */
    struct request *request;
    const struct slice *args; /* copies, behind the nodes */
    uint32_t args_count, nodes_count;
    /* the home thread's */
    struct block_timer timer;
    uint64_t deadline_unix_ms; /* 0: none */
    bool is_over; /* the reply came home: before the word that it blocked, perhaps */
    struct block_node nodes[]; /* one per key */
};

/* A thread's part; its own, but used while it owns the slots concerned. */
struct block_thread {
    struct block_sink changes; /* what ctx->waiters points at */
    struct block_key *ready_head, *ready_tail; /* changed by the command under way */
    bool is_serving;
    bool has_databases; /* of `databases` */
    uint64_t databases[DATABASES_MAX / 64]; /* changed as a whole */
    struct block_timers timers; /* of its clients */
};
void block_thread_init(struct shard *thread);
void block_thread_deinit(struct shard *thread);

/* at the end of the process: empties all queues; no thread runs any more */
void block_forget_all(struct node *node);

/* ctx->waiters of a command that runs on this thread: one relaxed load when nobody is blocked.
 * (Who blocked owned the slot before whoever runs on it now; so what the latter reads counts the
 * former.) */
static inline const struct block_sink *block_changes(const struct node *node,
                                                     const struct block_thread *block) {
    bool is_anybody = atomic_load_explicit(&node->blocked_count, memory_order_relaxed) != 0;
    return SL_LIKELY(!is_anybody) ? NULL : &block->changes;
}
/* Serves who waits for what the last command changed; its slots are still this thread's.
 * exec_call() does it. */
void block_serve(struct shard *thread);
static inline bool block_has_ready(const struct block_thread *block) {
    return block->ready_head != NULL || block->has_databases;
}

/* ctx->blocking of one run. */
struct block_run {
    struct block_sink sink;
    struct shard *thread;
    struct waiter *waiter; /* it is run again; NULL: the first run */
    const struct exec_call *call;
    /* the first run: what is to wait; NULL: made when it blocks, of the call's client */
    struct request *request;
    bool is_blocked; /* it has no reply yet */
};
void block_run_init(struct block_run *run, struct shard *thread, const struct exec_call *call,
                    struct request *request);

/* A transaction over all slots of the request, which is a blocked one's, has been granted: runs
 * its command again. */
void block_run_granted(struct shard *thread, struct request *request);

/* Something to be done about one node by the owner of its slot: it may have to go, its key to be
 * looked at again. */
struct block_task {
    struct msg msg; /* MSG_BLOCK_TASK */
    struct slot_wait wait;
    struct waiter *waiter;
    struct block_node *node;
};
void block_task_run(struct shard *thread, struct block_task *task); /* frees it */

void waiter_unref(struct waiter *waiter);
/* For block_home.c: out of all queues, by this thread's hand or by messages; the state is DONE.
 * `own`: a node whose slot is known to be this thread's, or NULL. */
void waiter_leave_all(struct shard *thread, struct waiter *waiter, const struct block_node *own,
                      bool has_missed);

/* ---- The client's side; block_home.c ---- */
/* The news that a request of ours is blocked. */
void block_home_blocked(struct shard *home, struct waiter *waiter);
/* A request that was blocked is answered, or ended: writes the reply if it was ended. */
void block_home_finished(struct shard *home, struct request *request);
/* Ends a client's wait, at once or, if its command is being run this very moment and has no
 * reply, after that. */
void block_home_end(struct shard *home, struct waiter *waiter, enum block_end end);
/* At once or not at all: false, it is being run or is answered already. */
bool block_home_try_end(struct shard *home, struct waiter *waiter, enum block_end end);
void block_home_timeouts(struct shard *home);
