#pragma once
/* Asking every shard's thread something, and answering a client with what came back (INFO,
 * CLIENT LIST, KEYS, CONFIG SET ...). No slot is reserved: each part sees its own shard at its
 * own moment.
 *
 * The asker's client is blocked meanwhile. `each` runs once per turn on each thread until it
 * returns false (long work is thus sliced), `done` once on the asker's thread after all of them.
 * `state` is zeroed memory shared by all parts: each part writes only to what is its own (index
 * by shard->index). */
#include "core/cmd.h"
#include "shards/shard.h"

struct gather {
    void *state;
    const struct slice *args; /* a copy of the command's, for `each` and `done` */
    size_t args_count;
    unsigned shards_count;
    uint16_t db; /* the client's at the start */
    uint64_t client_id;
    struct shard *origin;
};

struct gather_ops {
    /* True: not ready yet, call again in the next turn. */
    bool (*each)(struct gather *gather, struct shard *shard);
    /* Writes the reply; ctx is a fresh context with args, reply and session of the asking client
     * (which may have gone: then the reply goes nowhere). */
    void (*done)(struct gather *gather, struct cmd_ctx *ctx);
    void (*free_state)(struct gather *gather); /* frees what state's fields own; may be NULL */
    size_t state_bytes; /* fixed part */
    size_t state_bytes_per_shard;
    /* `each` needs the shard's token (it looks at slots). */
    bool needs_token;
};

/* From a SCOPE_CONN handler, as its last act: the reply is written by ops->done. */
void gather_start(struct cmd_ctx *ctx, const struct gather_ops *ops);
/* The same, but lets the caller fill the state first: returns it; then gather_go(). */
struct gather *gather_prepare(struct cmd_ctx *ctx, const struct gather_ops *ops);
void gather_go(struct gather *gather);
/* Memory of this part: state + state_bytes + index * state_bytes_per_shard. */
void *gather_part(struct gather *gather, unsigned shard_index);
