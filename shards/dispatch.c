/* dispatch.c - what happens to one command: refused, run here, sent to another shard, entered as
 * a transaction, or put off. */
#include <ctype.h>
#include <stdio.h>

#include "core/mem.h"
#include "shards/batch.h"
#include "shards/exec.h"
#include "shards/messages.h"
#include "shards/monitor.h"
#include "shards/tx.h"

/* ---- Refusals ---- */

/* An error reply under way; it is kept to itself after CLIENT REPLY OFF or SKIP. */
struct refusal {
    struct reply reply;
    struct outbuf_mark mark;
};

static struct refusal refusal_begin(struct client *client) {
    struct outbuf *out = client_out(client);
    return (struct refusal){.reply = {.out = out, .resp = client->resp}, .mark = outbuf_mark(out)};
}

static void refusal_end(struct shard *shard, struct client *client, const struct cmd *cmd,
                        const struct refusal *refusal) {
    if (cmd != NULL) stat_add(&shard->stats.cmds[cmd->index].rejected, 1);
    shard_stats_error(&shard->stats, refusal->reply.error_code);
    if ((client->flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0)
        outbuf_truncate(refusal->reply.out, refusal->mark);
    client_make_dirty(client);
}

/* A browser that was made to send a request here: its first line is POST, or one of its headers
 * is Host. True: cut off. */
static bool cut_off_http(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;

    if (!slice_equal_cstr_nocase(entry->args[0], "post") &&
        !slice_equal_cstr_nocase(entry->args[0], "host:"))
        return false;
    log_write(shard->node->logger, LOG_LEVEL_WARNING,
              "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
              "commands to Redis. This is "
              "likely due to an attacker attempting to use Cross Protocol Scripting to compromise "
              "your Redis instance. "
              "Connection from %s aborted.",
              client->address_peer);
    client_close(client);
    return true;
}

static void refuse_unknown(struct shard *shard, const struct batch_entry *entry) {
    enum { SHOWN_BYTES_MAX = 128 };
    if (cut_off_http(shard, entry)) return;
    struct refusal refusal = refusal_begin(entry->client);
    const struct slice *args = entry->args;
    const struct cmd *parent;
    char shown[SHOWN_BYTES_MAX + 8 + SHOWN_BYTES_MAX];
    size_t shown_len = 0;

    cmd_table_resolve(shard->node->cmds, args, entry->args_count, &parent);
    if (parent != NULL) {
        char container[64];
        size_t len = args[0].len < sizeof container - 1 ? args[0].len : sizeof container - 1;
        for (size_t i = 0; i < len; i++)
            container[i] = (char)toupper((unsigned char)parent->fullname[i]);
        container[len] = '\0';
        int sub_len = args[1].len < 128 ? (int)args[1].len : 128;
        reply_error_format(&refusal.reply, "unknown subcommand '%.*s'. Try %s HELP.", sub_len,
                           args[1].data, container);
    } else {
        for (size_t i = 1; i < entry->args_count && shown_len < SHOWN_BYTES_MAX; i++) {
            int room = (int)(SHOWN_BYTES_MAX - shown_len);
            int len = args[i].len < (size_t)room ? (int)args[i].len : room;
            int written = snprintf(shown + shown_len, sizeof shown - shown_len, "'%.*s' ", len,
                                   args[i].data);
            shown_len += (size_t)written;
        }
        shown[shown_len] = '\0';
        int name_len = args[0].len < 128 ? (int)args[0].len : 128;
        reply_error_format(&refusal.reply, "unknown command '%.*s', with args beginning with: %s",
                           name_len, args[0].data, shown);
    }
    refusal_end(shard, entry->client, NULL, &refusal);
}

static void refuse_arity(struct shard *shard, const struct batch_entry *entry) {
    struct refusal refusal = refusal_begin(entry->client);
    reply_error_format(&refusal.reply, "wrong number of arguments for '%s' command",
                       entry->cmd->fullname);
    refusal_end(shard, entry->client, entry->cmd, &refusal);
}

/* True: refused. */
static bool refuse_stranger(struct shard *shard, const struct batch_entry *entry) {
    if (SL_LIKELY((entry->client->flags & CLIENT_AUTHENTICATED) != 0)) return false;
    if ((entry->cmd->def->flags & CMD_NO_AUTH) != 0) return false;
    struct refusal refusal = refusal_begin(entry->client);
    reply_error(&refusal.reply, "-NOAUTH Authentication required.");
    refusal_end(shard, entry->client, entry->cmd, &refusal);
    return true;
}

/* CLIENT PAUSE: the command is put off until the pause is over. */
static bool put_off_by_pause(struct shard *shard, const struct batch_entry *entry) {
    struct node *node = shard->node;
    uint64_t until_unix_ms = atomic_load_explicit(&node->pause_until_unix_ms, memory_order_relaxed);

    if (SL_LIKELY(until_unix_ms == 0) || until_unix_ms <= shard->now_unix_ms) return false;
    if (atomic_load_explicit(&node->pause_is_writes_only, memory_order_relaxed) &&
        (entry->cmd->def->flags & (CMD_WRITE | CMD_MAY_REPLICATE)) == 0) {
        return false;
    }
    struct client *client = entry->client;
    client->flags |= CLIENT_IS_PAUSED;
    client->paused_next = shard->paused_head;
    shard->paused_head = client;
    return true;
}

/* ---- Running here ---- */

static void run_here(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;
    struct outbuf *out = client_out(client);
    bool is_discarded = (client->flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0;
    struct outbuf_mark mark = {0};
    struct exec_call call = {
        .cmd = entry->cmd,
        .args = entry->args,
        .args_count = entry->args_count,
        .db = client->db,
        .resp = client->resp,
        .no_touch = (client->flags & CLIENT_NO_TOUCH) != 0,
        .key_first = entry->key_first,
        .client = client,
        .out = out,
    };

    struct block_run run;
    if (SL_UNLIKELY((entry->cmd->def->flags & CMD_BLOCKING) != 0)) {
        block_run_init(&run, shard, &call, NULL);
        call.blocking = &run;
    }
    if (SL_UNLIKELY(is_discarded)) mark = outbuf_mark(out);
    uint64_t duration_ns = exec_call(shard, &call);
    if (SL_UNLIKELY(call.blocking != NULL) && run.is_blocked) {
        block_home_blocked(shard, run.request->waiter);
        return;
    }
    /* CLIENT REPLY ON is answered even so. */
    if (SL_UNLIKELY(is_discarded) && (client->flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) != 0)
        outbuf_truncate(out, mark);
    client_make_dirty(client);
    exec_finished(shard, client, entry->cmd, entry->args, entry->args_count, duration_ns);
}

/* ---- Elsewhere, or later ---- */

/* Then it comes behind all that the client asked for before, and before all that it asks for later. */
static bool may_block(const struct batch_entry *entry) {
    return (entry->cmd->def->flags & CMD_BLOCKING) != 0;
}

static void forward(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;
    struct request *request = request_new(shard, client, entry->cmd, entry->args, entry->args_count,
                                          &entry->key_first);

    request->shard_index = entry->shard_index;
    request->has_many_keys = entry->has_many_keys;
    stat_add(&shard->stats.requests_messaged, 1);
    if ((entry->cmd->def->flags & CMD_SLOW_EXECUTION) != 0) {
        messages_to_home(shard, entry->shard_index, &request->msg);
        client->block = CLIENT_WAITS_REPLIES; /* it may be overtaken by what comes behind it */
    } else {
        messages_to_slots(shard, entry->shard_index, &request->msg);
        /* until it is known whether it does */
        if (may_block(entry)) client->block = CLIENT_WAITS_REPLIES;
    }
}

static void start_tx(struct shard *shard, const struct batch_entry *entry,
                     const struct tx_slots *slots) {
    struct request *request = request_new(shard, entry->client, entry->cmd, entry->args,
                                          entry->args_count, &entry->key_first);

    request->shard_index = (uint16_t)__builtin_ctzll(slots->shards_mask);
    entry->client->block = CLIENT_WAITS_REPLIES;
    tx_start(shard, request, slots);
}

static bool dispatch_one_shard(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;
    bool is_held = token_is_held(shard, entry->shard_index);

    /* SCOPE_SLOT: it sees more than its slot. */
    if ((entry->cmd->def->scope == SCOPE_SLOT || may_block(entry)) &&
        client->pending_head != NULL) {
        client->block = CLIENT_WAITS_REPLIES;
        return false;
    }
    bool is_remote = entry->shard_index != shard->index;

    if (SL_UNLIKELY(!is_held ||
                    (is_remote && (entry->cmd->def->flags & CMD_SLOW_EXECUTION) != 0))) {
        if ((entry->cmd->def->flags & CMD_SLOW_EXECUTION) != 0 && client->pending_head != NULL) {
            client->block = CLIENT_WAITS_REPLIES;
            return false;
        }
        forward(shard, entry);
        return true;
    }
    const struct shard *owner = shard->node->shards[entry->shard_index];
    if (SL_UNLIKELY(owner->reserved_slots_count > 0)) {
        if (entry->has_many_keys) {
            struct tx_slots slots;
            tx_slots_init(&slots, shard->node, entry->cmd, entry->args, entry->args_count);
            bool are_free = tx_slots_are_free(&slots, shard),
                 is_put_off = !are_free && client->pending_head != NULL;
            if (is_put_off) {
                client->block = CLIENT_WAITS_REPLIES;
            } else if (!are_free) {
                start_tx(shard, entry, &slots);
            }
            tx_slots_deinit(&slots);
            if (is_put_off) return false;
            if (!are_free) return true;
        } else if (store_slot_owner_data(shard->node->store, entry->key_first.slot) != NULL) {
            struct request *request = request_new(shard, client, entry->cmd, entry->args,
                                                  entry->args_count, &entry->key_first);
            request->shard_index = entry->shard_index;
            bool is_queued = slot_queue_join(shard->node->shards[entry->shard_index],
                                             shard->node->store, request);
            SL_ASSERT(is_queued);
            if (may_block(entry)) client->block = CLIENT_WAITS_REPLIES;
            return true;
        }
    }
    stat_add(is_remote ? &shard->stats.requests_lent : &shard->stats.requests_local, 1);
    run_here(shard, entry);
    return true;
}

static bool dispatch_several_shards(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;

    if (client->pending_head != NULL) {
        client->block = CLIENT_WAITS_REPLIES;
        return false;
    }
    bool are_held = (entry->shards_mask & ~shard->tokens_held) == 0;
    uint32_t reserved_count = 0;
    for (uint64_t mask = are_held ? entry->shards_mask : 0; mask != 0; mask &= mask - 1) {
        reserved_count += shard->node->shards[__builtin_ctzll(mask)]->reserved_slots_count;
    }
    if (are_held && reserved_count == 0) {
        stat_add(&shard->stats.tx_direct, 1);
        run_here(shard, entry);
        return true;
    }
    struct tx_slots slots;
    tx_slots_init(&slots, shard->node, entry->cmd, entry->args, entry->args_count);
    if (are_held && tx_slots_are_free(&slots, shard)) {
        stat_add(&shard->stats.tx_direct, 1);
        run_here(shard, entry);
    } else {
        start_tx(shard, entry, &slots);
    }
    tx_slots_deinit(&slots);
    return true;
}

static bool dispatch_known(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;

    switch ((enum route)entry->route) {
    case ROUTE_SHARD: return dispatch_one_shard(shard, entry);
    case ROUTE_SEVERAL: return dispatch_several_shards(shard, entry);
    case ROUTE_CONN:
        if (client->pending_head != NULL) {
            client->block = CLIENT_WAITS_REPLIES;
            return false;
        }
        run_here(shard, entry);
        return true;
    case ROUTE_ERROR: break;
    }
    SL_ASSERT(!"a route");
    return true;
}

/* ---- Plain entries, run shard by shard ---- */

bool dispatch_is_plain(const struct shard *shard, const struct batch_entry *entry) {
    const uint32_t odd_flags = CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT;

    if (entry->route != ROUTE_SHARD || entry->has_many_keys || entry->key_first.name.data == NULL)
        return false;
    if ((entry->cmd->def->flags & (CMD_SLOW_EXECUTION | CMD_BLOCKING)) != 0) return false;
    if ((entry->client->flags & (CLIENT_AUTHENTICATED | odd_flags)) != CLIENT_AUTHENTICATED)
        return false;
    return atomic_load_explicit(&shard->node->pause_until_unix_ms, memory_order_relaxed) == 0;
}

/* Runs the call with its reply into the scratch, or, when that is nearly full, into memory of
 * its own. */
static uint64_t run_into_scratch(struct shard *shard, struct batch_entry *entry,
                                 struct exec_call *call) {
    struct batch *batch = shard->batch;
    struct outbuf *scratch = &batch->scratch, *rest = &batch->reply_rests[entry - batch->entries];
    struct outbuf_chunk *chunk = batch->scratch_chunk;

    entry->reply_offset = chunk->len;
    entry->has_rest = chunk->capacity - chunk->len < OUTBUF_RESERVE_MAX;
    if (SL_UNLIKELY(entry->has_rest)) outbuf_init(rest);
    call->out = SL_UNLIKELY(entry->has_rest) ? rest : scratch;
    uint64_t duration_ns = exec_call(shard, call);
    entry->reply_len = chunk->len - entry->reply_offset;
    /* more than the scratch holds: those chunks are this reply's */
    if (SL_UNLIKELY(chunk->next != NULL)) {
        outbuf_init(rest);
        scratch->head = chunk->next;
        scratch->bytes -= chunk->len;
        outbuf_append_chain(rest, scratch);
        entry->has_rest = true;
        chunk->next = NULL;
        *scratch = (struct outbuf){.head = chunk, .tail = chunk, .bytes = chunk->len};
    }
    return duration_ns;
}

bool dispatch_run_plain(struct shard *shard, struct batch_entry *entry) {
    const struct shard *owner = shard->node->shards[entry->shard_index];
    struct client *client = entry->client;

    if (SL_UNLIKELY(owner->reserved_slots_count > 0) &&
        store_slot_owner_data(shard->node->store, entry->key_first.slot) != NULL) {
        return false;
    }
    struct exec_call call = {
        .cmd = entry->cmd,
        .args = entry->args,
        .args_count = entry->args_count,
        .db = client->db,
        .resp = client->resp,
        .no_touch = (client->flags & CLIENT_NO_TOUCH) != 0,
        .key_first = entry->key_first,
        .client = client,
    };
    stat_add(owner != shard ? &shard->stats.requests_lent : &shard->stats.requests_local, 1);
    entry->duration_ns = run_into_scratch(shard, entry, &call);
    entry->is_run = true;
    return true;
}

static void feed_monitors(struct shard *shard, const struct batch_entry *entry) {
    if (SL_LIKELY(atomic_load_explicit(&shard->node->monitors_count, memory_order_relaxed) == 0))
        return;
    monitor_feed(shard, entry->client, entry->cmd, entry->args, entry->args_count);
}

static void move_reply(struct shard *shard, struct batch_entry *entry, struct outbuf *to) {
    enum { SHORT_BYTES = 64 };
    struct batch *batch = shard->batch;
    const char *data = batch->scratch_chunk->data + entry->reply_offset;
    size_t len = entry->reply_len;

    if (SL_LIKELY(len <= SHORT_BYTES &&
                  batch->scratch_chunk->capacity - entry->reply_offset >= SHORT_BYTES)) {
        /* a few moves, whatever its length */
        memcpy(outbuf_reserve(to, SHORT_BYTES), data, SHORT_BYTES);
        outbuf_commit(to, len);
    } else {
        outbuf_append(to, data, len);
    }
    if (SL_UNLIKELY(entry->has_rest))
        outbuf_append_chain(to, &batch->reply_rests[entry - batch->entries]);
}

void dispatch_finish_plain(struct shard *shard, struct batch_entry *entry) {
    struct client *client = entry->client;

    client->active_unix_ms = shard->now_unix_ms;
    client->last_cmd = entry->cmd;
    client->commands_count++;
    if (SL_LIKELY(entry->is_run)) {
        move_reply(shard, entry, client_out(client));
        client_make_dirty(client);
        exec_finished(shard, client, entry->cmd, entry->args, entry->args_count,
                      entry->duration_ns);
    } else {
        forward(shard, entry);
    }
    feed_monitors(shard, entry);
}

/* ---- Everything, in its turn ---- */

bool dispatch(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;
    bool is_consumed = true;

    client->active_unix_ms = shard->now_unix_ms;
    if (SL_UNLIKELY(entry->cmd == NULL)) {
        refuse_unknown(shard, entry);
    } else if (SL_UNLIKELY(entry->route == ROUTE_ERROR)) {
        refuse_arity(shard, entry);
    } else if (!refuse_stranger(shard, entry)) {
        if (put_off_by_pause(shard, entry)) return false;
        client->last_cmd = entry->cmd;
        is_consumed = dispatch_known(shard, entry);
        if (is_consumed) feed_monitors(shard, entry);
    }
    if (!is_consumed) return false;
    client->commands_count++;
    if (SL_UNLIKELY((client->flags & (CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT)) != 0)) {
        bool is_next = (client->flags & CLIENT_REPLY_SKIP_NEXT) != 0;
        client->flags &= ~(uint32_t)(CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT);
        if (is_next) client->flags |= CLIENT_REPLY_SKIP;
    }
    return true;
}
