#pragma once
/* The commands of one round: parsed from all connections that have input, routed, prefetched, then run in order. Batching is what hides memory
 * latency (many look-ups in flight) and what makes tokens cheap (taken once per round). Passes and reasons: batch.c. */
#include "shards/shard.h"

enum { BATCH_ENTRIES_MAX = 64, BATCH_ARGS_MAX = 1024, BATCH_CLIENTS_MAX = 128 };

enum route {
    ROUTE_ERROR,   /* unknown command or wrong number of arguments: the reply is an error */
    ROUTE_CONN,    /* here, no slots */
    ROUTE_SHARD,   /* all slots belong to one shard */
    ROUTE_SEVERAL, /* several shards: all at once, or a transaction */
};

struct batch_entry {
    struct client *client;
    const struct cmd *cmd; /* NULL: unknown */
    const struct cmd *parent;
    const struct slice *args;
    uint32_t args_count;
    uint8_t route;
    bool has_many_keys;
    uint8_t shard_index;   /* ROUTE_SHARD */
    struct key key_first;
    uint64_t shards_mask;
    char *start;           /* the command's bytes in the client's input, */
    size_t start_len;      /* and how many there were from there on */
    char *end;
    size_t end_len;
};

struct batch {
    size_t count, args_used, clients_count;
    struct client *clients[BATCH_CLIENTS_MAX]; /* looked at in this round */
    struct batch_entry entries[BATCH_ENTRIES_MAX];
    struct slice args[BATCH_ARGS_MAX];
    struct slice *args_big; /* of one command with more arguments than that, alone in its batch */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch);
/* Works on the shard's ready clients, one batch: true when some are still ready afterwards. */
bool batch_run(struct shard *shard);

/* Runs, forwards, or puts off one entry (dispatch.c). False: the command was not consumed, its client waits. */
bool dispatch(struct shard *shard, const struct batch_entry *entry);
