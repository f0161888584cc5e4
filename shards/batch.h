#pragma once
/* The commands of one round: parsed from all connections that have input, routed, prefetched,
 * then run in order. Batching is what hides memory latency (many look-ups in flight) and what
 * makes tokens cheap (taken once per round). Passes and reasons: batch.c. */
#include "shards/shard.h"

enum { BATCH_ENTRIES_MAX = 128, BATCH_ARGS_MAX = 1024, BATCH_CLIENTS_MAX = 192 };

enum route {
    ROUTE_ERROR, /* unknown command or wrong number of arguments: the reply is an error */
    ROUTE_CONN, /* here, no slots */
    ROUTE_SHARD, /* all slots belong to one shard */
    ROUTE_SEVERAL, /* several shards: all at once, or a transaction */
};

struct batch_entry { /* two cache lines: each is gone through several times */
    struct client *client;
    const struct cmd *cmd; /* NULL: unknown */
    const struct slice *args;
    uint32_t args_count;
    uint8_t route;
    uint8_t shard_index; /* ROUTE_SHARD */
    bool has_many_keys;
    bool is_inline; /* unquoted in place: the parser keeps the result until it is consumed */
    struct key key_first;
    uint64_t shards_mask;
    char *start, *end; /* the command's bytes in the client's input, */
    char *input_end; /* and where that ends */
    /* its reply waits for its turn: in the batch's scratch; has_rest: and what did not fit there
     * in reply_rests */
    bool is_run;
    bool has_rest;
    uint32_t reply_offset, reply_len;
    uint64_t duration_ns;
};
_Static_assert(sizeof(struct batch_entry) <= 128, "struct batch_entry");

struct batch {
    size_t count, args_used, clients_count;
    struct client *clients[BATCH_CLIENTS_MAX]; /* looked at in this round */
    struct batch_entry entries[BATCH_ENTRIES_MAX];
    /* of a run of plain entries: those of one shard stand together */
    uint8_t order[BATCH_ENTRIES_MAX];
    struct outbuf scratch; /* one chunk, kept: replies of plain commands until their turn comes */
    struct outbuf_chunk *scratch_chunk;
    struct outbuf reply_rests[BATCH_ENTRIES_MAX];
    struct slice args[BATCH_ARGS_MAX];
    struct slice *args_big; /* of one command with more arguments than that, alone in its batch */
};

/* The scratch, empty again: all replies in it have been moved on. */
void batch_scratch_reset(struct batch *batch);
struct batch *batch_new(void);
void batch_free(struct batch *batch);
/* Works on the shard's ready clients, one batch: true when some are still ready afterwards. */
bool batch_run(struct shard *shard);

/* Runs, forwards, or puts off one entry (dispatch.c). False: the command was not consumed, its
 * client waits. The tokens that it can use are held. */
bool dispatch(struct shard *shard, const struct batch_entry *entry);
/* May the entry run out of turn, its reply kept until then? One key, nothing to refuse, nothing
 * to wait for. */
bool dispatch_is_plain(const struct shard *shard, const struct batch_entry *entry);
/* A plain entry, its shard's token held: runs it, the reply is kept. False: its slot is
 * reserved, nothing was done. */
bool dispatch_run_plain(struct shard *shard, struct batch_entry *entry);
/* In its turn: the reply of an entry that was run goes to its client; one that was not is
 * forwarded. */
void dispatch_finish_plain(struct shard *shard, struct batch_entry *entry);
