/* block_home.c - a blocked client, seen from its own thread: it is known to wait, for how long,
 * and what ends its wait other than a change of a key. See block.c for the other side. */
#include "core/mem.h"
#include "shards/block.h"
#include "shards/exec.h"
#include "shards/messages.h"

/* The arguments lie in the waiter now: a blocked client holds no receive memory. */
static void unpin(struct shard *home, struct request *request, const struct waiter *waiter) {
    if (request->pin_buf != NULL) loop_buf_release(home->loop, request->pin_buf);
    if (request->pin_inbuf != NULL) inbuf_release(request->pin_inbuf);
    request->pin_buf = NULL;
    request->pin_inbuf = NULL;
    if (request->args != request->args_inline) mem_free((void *)request->args);
    request->args = waiter->args;
    request->args_count = waiter->args_count;
}

void block_home_blocked(struct shard *home, struct waiter *waiter) {
    if (!waiter->is_over) {
        struct client *client = waiter->request->client;

        SL_ASSERT(waiter->request->home == home);
        SL_ASSERT(client->pending_head == waiter->request);
        SL_ASSERT(client->waiter == NULL);
        unpin(home, waiter->request, waiter);
        client->waiter = waiter;
        client->block = CLIENT_WAITS_BLOCKED;
        if (waiter->deadline_unix_ms != 0)
            block_timers_arm(&home->block.timers, &waiter->timer, waiter->deadline_unix_ms);
        if ((client->flags & CLIENT_CLOSING) != 0)
            block_home_end(home, waiter, BLOCK_END_CLOSED);
        else if ((client->flags & CLIENT_HUNG_UP) != 0)
            client_close(client);
    }
    waiter_unref(waiter);
}

/* What it is told instead of what it waited for. */
static void write_end(struct shard *home, struct request *request, const struct waiter *waiter) {
    struct reply reply = {.out = &request->reply.out, .resp = request->resp};
    struct cmd_stats *stats = &home->stats.cmds[request->cmd->index];

    switch ((enum block_end)atomic_load(&waiter->end)) {
    case BLOCK_END_TIMEOUT:
        if (waiter->timeout_reply == BLOCK_TIMEOUT_NULL)
            reply_null(&reply);
        else
            reply_null_array(&reply);
        break;
    case BLOCK_END_ERROR:
        reply_error(&reply, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
        stat_add(&stats->failed, 1);
        shard_stats_error(&home->stats, reply.error_code);
        break;
    case BLOCK_END_CLOSED:
    case BLOCK_END_NONE: break;
    }
    stat_add(&stats->calls, 1);
    stat_add(&home->stats.commands_processed, 1);
}

void block_home_finished(struct shard *home, struct request *request) {
    struct waiter *waiter = request->waiter;
    struct client *client = request->client;

    SL_ASSERT(atomic_load(&waiter->state) == WAITER_DONE);
    waiter->is_over = true;
    block_timers_disarm(&home->block.timers, &waiter->timer);
    if (client->waiter == waiter) client->waiter = NULL;
    if (waiter->is_ended) write_end(home, request, waiter);
}

bool block_home_try_end(struct shard *home, struct waiter *waiter, enum block_end end) {
    uint8_t state = WAITER_WAITING;

    if (!atomic_compare_exchange_strong(&waiter->state, &state, WAITER_DONE)) return false;
    atomic_store(&waiter->end, (uint8_t)end);
    waiter->is_ended = true;
    atomic_fetch_sub_explicit(&home->node->blocked_count, 1, memory_order_relaxed);
    waiter_leave_all(home, waiter, NULL, false);
    exec_request_completed(home, waiter->request);
    return true;
}

void block_home_end(struct shard *home, struct waiter *waiter, enum block_end end) {
    atomic_store(&waiter->end, (uint8_t)end); /* for whoever has claimed it (I4) */
    block_home_try_end(home, waiter, end);
}

void block_home_timeouts(struct shard *home) {
    struct block_timer *timer;

    while ((timer = block_timers_take_due(&home->block.timers, home->now_unix_ms)) != NULL)
        block_home_end(home, CONTAINER_OF(timer, struct waiter, timer), BLOCK_END_TIMEOUT);
}
