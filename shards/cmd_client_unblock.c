/* cmd_client_unblock.c - CLIENT UNBLOCK: the shard whose client it is ends its wait. */
#include "shards/block.h"
#include "shards/cmd_client_priv.h"
#include "shards/gather.h"
#include "shards/runtime.h"

struct unblock_state {
    int64_t id;
    enum block_end end;
    bool is_unblocked; /* written by the client's own shard */
};

/* Its command is under way: in a moment it is known whether it blocks. */
static bool may_block_soon(const struct client *client) {
    const struct request *request = client->pending_head;

    return client->block == CLIENT_WAITS_REPLIES && request != NULL &&
           (request->cmd->def->flags & CMD_BLOCKING) != 0;
}

static bool unblock_each(struct gather *gather, struct shard *shard) {
    struct unblock_state *state = gather->state;
    struct client *client = shard_client_find(shard, (uint64_t)state->id);

    if (client == NULL) return false;
    if (client->waiter == NULL) return may_block_soon(client);
    /* Run at this very moment: served, or ended after that? Looked at again in the next turn. */
    uint8_t waiting = atomic_load(&client->waiter->state);
    if (waiting == WAITER_DONE) return false;
    state->is_unblocked = block_home_try_end(shard, client->waiter, state->end);
    return !state->is_unblocked;
}

static void unblock_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct unblock_state *state = gather->state;

    reply_int(ctx->reply, state->is_unblocked);
}

static const struct gather_ops unblock_ops = {
    .each = unblock_each, .done = unblock_done, .state_bytes = sizeof(struct unblock_state)};

/* CLIENT UNBLOCK id [TIMEOUT|ERROR] */
void client_unblock(struct cmd_ctx *ctx) {
    enum block_end end = BLOCK_END_TIMEOUT;
    int64_t id;

    if (ctx->args_count > 4) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (ctx->args_count == 4) {
        if (cmd_arg_is(ctx, 3, "error")) {
            end = BLOCK_END_ERROR;
        } else if (!cmd_arg_is(ctx, 3, "timeout")) {
            reply_error(ctx->reply, "CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
            return;
        }
    }
    if (!cmd_arg_int64(ctx, 2, &id, NULL)) return;
    struct gather *gather = gather_prepare(ctx, &unblock_ops);
    struct unblock_state *state = gather->state;
    state->id = id;
    state->end = end;
    gather_go(gather);
}
