#pragma once
/* What the shards of one process have in common: the store, the command table, the published
 * configuration, the order of transactions. Made by main() before any shard thread runs; what
 * changes later is atomic. A test may make two nodes in one process. */
#include <stdalign.h>
#include <stdatomic.h>

#include "core/cmd.h"
#include "net/loop.h"
#include "shards/clock.h"
#include "shards/config.h"
#include "shards/log.h"
#include "shards/sampler.h"
#include "shards/tx_log.h"

struct shard;

enum { SHARDS_MAX = 64, RUN_ID_BYTES = 40 };

struct node {
    /* fixed after the start */
    struct store *store;
    struct cmd_table *cmds;
    struct logger *logger;
    struct shard *shards[SHARDS_MAX];
    unsigned shards_count;
    uint8_t slot_shard[SLOTS_COUNT]; /* which shard owns a slot */
    enum loop_backend backend;
    char backend_reason[256]; /* why not io_uring; "" */
    char run_id[RUN_ID_BYTES + 1];
    char executable[4096];
    uint64_t started_unix_ms, started_mono_ns;
    int pid;
    void (*stopped)(void); /* called by node_stop(), on any thread; may be NULL */

    /* the configuration in force: an immutable snapshot. A shard reads its own pointer
     * (shard->config), which is moved on by a message. */
    const struct config *_Atomic config;
    _Atomic bool config_is_changing; /* one CONFIG SET at a time */

    alignas(64) _Atomic uint64_t client_id_next;
    _Atomic uint64_t slowlog_id_next;
    alignas(64) _Atomic uint32_t clients_count; /* over all shards */
    _Atomic uint64_t clients_rejected_count;
    /* CLIENT PAUSE: until when (unix ms; 0: not), and whether only writes */
    alignas(64) _Atomic uint64_t pause_until_unix_ms;
    _Atomic bool pause_is_writes_only;
    /* waiters in the queues of keys; read by every command */
    alignas(64) _Atomic uint32_t blocked_count;
    /* keys with waiters; with some that a missing key wakes */
    alignas(64) _Atomic uint32_t blocking_keys_count, blocking_keys_on_nokey_count;
    _Atomic uint32_t monitors_count; /* clients in MONITOR, over all shards */
    _Atomic bool active_expire; /* DEBUG SET-ACTIVE-EXPIRE */
    _Atomic size_t list_plain_min_bytes; /* DEBUG QUICKLIST-PACKED-THRESHOLD */
    _Atomic int stop_state; /* enum node_stop */

    struct sampler sampler; /* rates for INFO */

    struct tx_log tx_log;
};

enum node_stop { NODE_RUNNING, NODE_STOPPING };

/* Makes the node and its shards (not their threads) for a checked configuration, which it takes.
 * The backend is decided by the first shard's loop. Never NULL. */
struct node *node_new(struct config *config, struct logger *logger, const char *executable);
void node_free(struct node *node); /* after all threads have ended */
/* Applies rename-command, before any thread runs. 0, or a negative errno, logged. */
int node_rename_commands(struct node *node);
/* Asks every shard to finish; returns at once. Any thread. */
void node_stop(struct node *node);
/* How many shards `shards auto` makes: processors of the affinity mask, fewer under a cgroup CPU
 * quota, at most SHARDS_MAX. */
unsigned topology_shards_auto(void);
/* The n-th processor of the affinity mask, or -1. */
int topology_processor(unsigned index);
