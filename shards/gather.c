/* gather.c - asking all shards. One call message to each thread; a part that is not ready yet
 * stays as a job there; the last part's return message lets the origin answer. */
#include "shards/gather.h"

#include "core/mem.h"
#include "shards/messages.h"
#include "shards/runtime.h"

struct gather_run {
    struct gather public;
    const struct gather_ops *ops;
    struct client *client; /* referenced: the struct stays until we are back */
    const struct cmd *cmd;
    unsigned parts_left; /* origin's thread only */
    bool is_discarded;
    struct slice *args_copy;
};

static struct gather_run *run_of(struct gather *gather) {
    return CONTAINER_OF(gather, struct gather_run, public);
}

void *gather_part(struct gather *gather, unsigned shard_index) {
    const struct gather_ops *ops = run_of(gather)->ops;
    return (char *)gather->state + ops->state_bytes + shard_index * ops->state_bytes_per_shard;
}

static struct slice *args_copy(const struct slice *args, size_t count) {
    size_t bytes = count * sizeof(struct slice);
    for (size_t i = 0; i < count; i++) bytes += args[i].len;
    struct slice *copy = mem_must(bytes);
    char *at = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        if (args[i].len > 0) memcpy(at, args[i].data, args[i].len);
        copy[i] = slice_of(at, args[i].len);
        at += args[i].len;
    }
    return copy;
}

struct gather *gather_prepare(struct cmd_ctx *ctx, const struct gather_ops *ops) {
    struct session *session = session_of(ctx);
    struct client *client = session->client;
    struct node *node = session->shard->node;
    struct gather_run *run = mem_must_zero(sizeof *run);

    SL_ASSERT(client != NULL);
    SL_ASSERT(client->block == CLIENT_RUNNING);
    run->ops = ops;
    run->client = client;
    run->cmd = ctx->cmd;
    run->parts_left = node->shards_count;
    run->is_discarded = (client->flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0;
    run->args_copy = args_copy(ctx->args, ctx->args_count);
    run->public = (struct gather){
        .state = mem_must_zero(ops->state_bytes + node->shards_count * ops->state_bytes_per_shard +
                               1),
        .args = run->args_copy,
        .args_count = ctx->args_count,
        .shards_count = node->shards_count,
        .db = client->db,
        .client_id = client->id,
        .origin = session->shard,
    };
    client->refs_count++;
    client->block = CLIENT_WAITS_GATHER;
    return &run->public;
}

static void answer(struct shard *shard, struct gather_run *run) {
    struct client *client = run->client;
    struct outbuf discarded;
    bool is_gone = (client->flags & CLIENT_CLOSING) != 0;

    outbuf_init(&discarded);
    client->block = CLIENT_RUNNING;
    struct reply reply = {.out = is_gone || run->is_discarded ? &discarded : client_out(client),
                          .resp = client->resp};
    struct session session = {.shard = shard, .client = client};
    struct cmd_ctx ctx = {
        .cmd = run->cmd,
        .args = run->public.args,
        .args_count = run->public.args_count,
        .keyspace = shard->keyspace,
        .db = run->public.db,
        .now_unix_ms = shard->now_unix_ms,
        .reply = &reply,
        .settings = &shard->settings,
        .counters = &shard->stats.commands,
        .random_bits = shard_random(shard),
        .session = &session,
    };
    run->ops->done(&run->public, &ctx);
    if (reply.errors_count > 0) shard_stats_error(&shard->stats, reply.error_code);
    outbuf_clear(&discarded);
    if (!is_gone) {
        client_make_dirty(client);
        client_make_ready(client);
    }
}

static void part_returned(struct shard *shard, void *arg) {
    struct gather_run *run = arg;

    SL_ASSERT(shard == run->public.origin);
    if (--run->parts_left > 0) return;
    answer(shard, run);
    client_unref(run->client);
    if (run->ops->free_state != NULL) run->ops->free_state(&run->public);
    mem_free(run->public.state);
    mem_free(run->args_copy);
    mem_free(run);
}

/* True: again next turn. */
static bool part_step(struct shard *shard, void *arg) {
    struct gather_run *run = arg;

    if (run->ops->needs_token) {
        if (!token_acquire(shard, shard)) return true;
        bool is_more = run->ops->each(&run->public, shard);
        token_release(shard, shard);
        if (is_more) return true;
    } else if (run->ops->each(&run->public, shard)) {
        return true;
    }
    shard_call(shard, run->public.origin->index, part_returned, run);
    return false;
}

static void part_start(struct shard *shard, void *arg) {
    if (part_step(shard, arg)) shard_job_add(shard, part_step, arg);
}

void gather_go(struct gather *gather) {
    for (unsigned i = 0; i < gather->shards_count; i++)
        shard_call(gather->origin, i, part_start, run_of(gather));
}

void gather_start(struct cmd_ctx *ctx, const struct gather_ops *ops) {
    gather_go(gather_prepare(ctx, ops));
}
