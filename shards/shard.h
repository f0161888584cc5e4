#pragma once
/* One shard: a thread with its event loop, its connections, and the slots it owns. Two kinds of
 * state live here:
 *   - the thread's own (loop, clients, statistics): touched by that thread alone;
 *   - the slots' (alarms, reservations): touched by whoever holds the shard's token (token.h).
 * Other threads reach it through the queues. */
#include <stdalign.h>
#include <stdatomic.h>

#include "core/cmd.h"
#include "net/loop.h"
#include "shards/alarms.h"
#include "shards/block.h"
#include "shards/client.h"
#include "shards/node.h"
#include "shards/request.h"
#include "shards/spsc.h"
#include "shards/stats.h"

struct acceptor;
struct slowlog;
struct latency_events;

/* A chain of messages under construction, for one receiver. */
struct msg_chain {
    struct msg *head, *tail;
};

struct shard {
    /* ---- read and written by other threads ---- */
    /* 0: free; else 1 + index of the thread that acts as this shard */
    alignas(64) _Atomic uint32_t token;
    alignas(64) _Atomic uint64_t slot_inbox; /* bit i: thread i pushed to slot_queues[i] */
    _Atomic bool tx_attention; /* the transaction log has something for us */
    alignas(64) _Atomic bool is_sleeping; /* in the kernel, waiting: needs a doorbell */
    _Atomic uint64_t home_inbox; /* bit i: thread i pushed to home_queues[i] */
    _Atomic uint64_t wake_at_unix_ms; /* when the sleeper will wake by itself */
    _Atomic uint32_t clients_count;
    /* [shards_count]: work on our slots; read by the token's holder */
    alignas(64) struct spsc *slot_queues;
    /* [shards_count]: replies and calls; read by our thread */
    struct spsc *home_queues;
    struct node *node;
    unsigned index;

    /* ---- the token holder's ---- */
    alignas(64) struct alarms alarms; /* the slots by their earliest deadline */
    /* next ticket of the transaction log to look at; others read it to see who lags */
    _Atomic uint64_t tx_cursor;
    uint32_t reserved_slots_count; /* slots with a queue */

    /* ---- our thread's ---- */
    alignas(64) struct loop *loop;
    const struct config *config;
    struct cmd_settings settings;
    struct keyspace *keyspace; /* this thread's handle */
    struct shard_stats stats;
    uint64_t tokens_held; /* bit i: we act as shard i now */
    uint64_t tokens_waited_in_vain; /* bit i: and it has not been free since */
    uint64_t now_unix_ms; /* read once per batch */
    uint64_t ticks; /* clock_ticks() at the end of the last command */
    uint64_t random_state;
    struct client *clients; /* all of them */
    struct client *ready_head, *ready_tail;
    struct client *dirty_head, *dirty_tail;
    struct client *paused_head;
    struct msg_chain slot_out[SHARDS_MAX], home_out[SHARDS_MAX]; /* not pushed yet */
    uint64_t slot_out_mask, home_out_mask;
    struct request *requests_free;
    struct block_thread block; /* blocked clients: of ours, and on keys we own now */
    struct tx *tx_granted_head; /* to be run by us before we go on */
    struct tx *tx_deferred_head, *tx_deferred_tail; /* did not fit into the log: again next turn */
    struct batch *batch;
    struct job *jobs_head, *jobs_tail; /* long work in slices, one slice a turn (jobs.h) */
    struct slowlog *slowlog;
    struct latency_events *latency_events;
    struct acceptor *acceptor;
    uint64_t cron_next_unix_ms, cron_hour;
    struct client *cron_client; /* where the round of all clients goes on */
    bool is_stopping;
    int thread_processor; /* -1: not pinned */
};

struct shard *shard_new(struct node *node, unsigned index);
/* Makes the event loop; on the shard's own thread, before any shard runs. 0, or non-zero with
 * the reason logged. */
int shard_open_loop(struct shard *shard);
/* until node_stop(); on the shard's own thread, after all loops are made */
void shard_run(struct shard *shard);
void shard_free(struct shard *shard); /* after all threads have ended */

/* xorshift64*: for choices, not for secrets */
static inline uint64_t shard_random(struct shard *shard) {
    uint64_t x = shard->random_state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    shard->random_state = x;
    return x * UINT64_C(2685821657736338717);
}

/* What ctx->session points at for handlers of the upper rooms. */
struct session {
    struct shard *shard; /* the thread that runs the command */
    struct client *client; /* NULL when the command runs for another thread's connection */
};
static inline struct session *session_of(const struct cmd_ctx *ctx) {
    return ctx->session;
}
