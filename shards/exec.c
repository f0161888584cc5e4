#include "shards/exec.h"

#include <stdio.h>

#include "core/mem.h"
#include "shards/block.h"
#include "shards/clock.h"
#include "shards/messages.h"
#include "shards/slowlog.h"
#include "shards/tx.h"

static void count_call(struct shard *thread, const struct cmd *cmd, const struct reply *reply,
                       uint64_t duration_ns) {
    struct cmd_stats *stats = &thread->stats.cmds[cmd->index];

    stat_add(&stats->calls, 1);
    stat_add(&stats->ns, duration_ns);
    stat_add(&thread->stats.commands_processed, 1);
    if (SL_UNLIKELY(reply->errors_count > 0)) {
        stat_add(&stats->failed, 1);
        shard_stats_error(&thread->stats, reply->error_code);
    }
    if (thread->config->latency_tracking) {
        struct histogram *histogram = atomic_load_explicit(&stats->histogram, memory_order_relaxed);
        if (SL_UNLIKELY(histogram == NULL)) {
            histogram = mem_must_zero(sizeof *histogram);
            atomic_store_explicit(&stats->histogram, histogram, memory_order_release);
        }
        histogram_record(histogram, duration_ns);
    }
}

void exec_clock_start(struct shard *thread) {
    thread->ticks = clock_ticks();
}

uint64_t exec_call(struct shard *thread, const struct exec_call *call) {
    struct reply reply = {.out = call->out, .resp = call->resp};
    struct session session = {.shard = thread, .client = call->client};
    struct cmd_ctx ctx = {
        .cmd = call->cmd,
        .args = call->args,
        .args_count = call->args_count,
        .keyspace = thread->keyspace,
        .db = call->db,
        .now_unix_ms = thread->now_unix_ms,
        .reply = &reply,
        .settings = &thread->settings,
        .counters = &thread->stats.commands,
        .random_bits = shard_random(thread),
        .key_first = call->key_first,
        .no_touch = call->no_touch,
        .waiters = block_changes(thread->node, &thread->block),
        .blocking = call->blocking != NULL ? &call->blocking->sink : NULL,
        .wake_arg = call->wake_arg,
        .session = &session,
    };
    call->cmd->def->run(&ctx);
    uint64_t ticks = clock_ticks();
    uint64_t duration_ns = clock_ticks_to_ns(ticks - thread->ticks);
    thread->ticks = ticks;

    /* What blocks is counted when it is answered. */
    if (SL_LIKELY(call->blocking == NULL || !call->blocking->is_blocked))
        count_call(thread, call->cmd, &reply, duration_ns);
    if (SL_UNLIKELY(ctx.waiters != NULL) && block_has_ready(&thread->block) &&
        !thread->block.is_serving)
        block_serve(thread);
    return duration_ns;
}

/* ---- Requests ---- */

struct request *request_new(struct shard *thread, struct client *client, const struct cmd *cmd,
                            const struct slice *args, size_t args_count,
                            const struct key *key_first) {
    struct request *request = thread->requests_free;

    if (request != NULL) {
        thread->requests_free = request->client_next;
        if (request->client_next != NULL) request_prefetch(request->client_next);
    } else {
        request = mem_must(sizeof *request);
    }
    request->msg = (struct msg){.kind = MSG_REQUEST};
    request->is_done = false;
    request->resp = client->resp;
    request->no_touch = (client->flags & CLIENT_NO_TOUCH) != 0;
    request->has_many_keys = false;
    request->is_discarded = (client->flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0;
    request->db = client->db;
    request->client = client;
    request->home = thread;
    request->cmd = cmd;
    request->args_count = (uint32_t)args_count;
    request->key_first = *key_first;
    request->duration_ns = 0;
    request->waiter = NULL;
    struct slice *copy = args_count <= REQUEST_ARGS_INLINE ? request->args_inline
                                                           : mem_must(args_count * sizeof *copy);
    memcpy(copy, args, args_count * sizeof *copy);
    request->args = copy;

    reply_slot_init(&request->reply);
    reply_slot_init(&request->after);

    request->pin_buf = client->in_buf;
    request->pin_inbuf = client->inbuf;
    if (request->pin_buf != NULL) loop_buf_retain(request->pin_buf);
    if (request->pin_inbuf != NULL) request->pin_inbuf->refs_count++;

    request->client_next = NULL;
    if (client->pending_head == NULL) {
        client->pending_head = request;
    } else {
        client->pending_tail->client_next = request;
    }
    client->pending_tail = request;
    client->pending_count++;
    client->refs_count++;
    return request;
}

void request_free(struct shard *thread, struct request *request) {
    SL_DEBUG_ASSERT(request->home == thread);
    if (request->pin_buf != NULL) loop_buf_release(thread->loop, request->pin_buf);
    if (request->pin_inbuf != NULL) inbuf_release(request->pin_inbuf);
    bool is_waiters = request->waiter != NULL && request->args == request->waiter->args;
    if (request->args != request->args_inline && !is_waiters) mem_free((void *)request->args);
    if (request->waiter != NULL) waiter_unref(request->waiter);
    request->client_next = thread->requests_free;
    thread->requests_free = request;
}

void exec_request_now(struct shard *thread, struct request *request) {
    if (SL_UNLIKELY(request->waiter != NULL)) { /* its own transaction, to run it again */
        block_run_granted(thread, request);
        return;
    }
    struct exec_call call = {
        .cmd = request->cmd,
        .args = request->args,
        .args_count = request->args_count,
        .db = request->db,
        .resp = request->resp,
        .no_touch = request->no_touch,
        .key_first = request->key_first,
        .out = &request->reply.out,
    };
    struct block_run run;
    if (SL_UNLIKELY((request->cmd->def->flags & CMD_BLOCKING) != 0)) {
        block_run_init(&run, thread, &call, request);
        call.blocking = &run;
    }
    exec_clock_start(thread);
    request->duration_ns = exec_call(thread, &call);
    if (SL_UNLIKELY(call.blocking != NULL) && run.is_blocked) {
        messages_to_home(thread, request->home->index, &request->waiter->home_msg);
        return;
    }
    request->msg.kind = MSG_REPLY;
    messages_to_home(thread, request->home->index, &request->msg);
}

void exec_request(struct shard *thread, struct request *request) {
    struct store *store = thread->node->store;
    struct shard *shard = thread->node->shards[request->shard_index];

    SL_DEBUG_ASSERT(token_is_held(thread, shard->index));
    if (request->has_many_keys) {
        struct tx_slots slots;
        tx_slots_init(&slots, thread->node, request->cmd, request->args, request->args_count);
        bool are_free = tx_slots_are_free(&slots, thread);
        if (!are_free) tx_start(thread, request, &slots);
        tx_slots_deinit(&slots);
        if (!are_free) return;
    } else if (slot_queue_join(shard, store, request)) {
        return;
    }
    exec_request_now(thread, request);
}

void exec_request_completed(struct shard *thread, struct request *request) {
    struct client *client = request->client;

    SL_ASSERT(request->home == thread);
    if (SL_UNLIKELY(request->waiter != NULL)) block_home_finished(thread, request);
    request->is_done = true;
    client_pending_advance(client);
}

void exec_finished_slowly(struct shard *thread, struct client *client, const struct cmd *cmd,
                          const struct slice *args, size_t args_count, uint64_t duration_ns) {
    const struct config *config = thread->config;

    if (SL_UNLIKELY(config->slowlog_log_slower_than >= 0 &&
                    duration_ns / 1000 >= (uint64_t)config->slowlog_log_slower_than &&
                    (cmd->def->flags & CMD_SKIP_SLOWLOG) == 0)) {
        slowlog_record(thread, client, args, args_count, duration_ns);
    }
    if (SL_UNLIKELY(config->latency_monitor_threshold > 0 &&
                    duration_ns / 1000000 >= (uint64_t)config->latency_monitor_threshold)) {
        latency_event_record(thread, (cmd->def->flags & CMD_FAST) != 0 ? "fast-command" : "command",
                             duration_ns / 1000000);
    }
}
