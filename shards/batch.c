/* batch.c - one round of work.
 *
 *   ready clients ─► collect ─► shard by shard: token, prefetch, run, release ─► replies in order
 *                    parse,     (what is not a plain single-key command
 *                    hash,       runs alone, in its turn)
 *                    route
 *
 * I1  A client's in_data stands behind the last command that was dispatched. Collecting looks
 *     ahead with a cursor of its own; when a command makes its client wait, the later ones of
 *     that client are dropped from the batch and parsed again when the wait is over.
 * I2  Parsing again must find the same bytes. Inline commands are unquoted in place: each comes
 *     first of its client's in a batch, with no reply owed, and the parser keeps what it found
 *     until the command is consumed.
 * I3  Memory of a slot is looked at, also for prefetching, only with the token of its shard and
 *     when it is not reserved. */
#include "shards/batch.h"

#include "core/mem.h"
#include "shards/clock.h"
#include "shards/exec.h"
#include "shards/messages.h"

enum { SCRATCH_BYTES = 32 * 1024, TURN_ENTRIES = 32 };
_Static_assert(BATCH_ENTRIES_MAX <= UINT8_MAX, "batch.order");

struct batch *batch_new(void) {
    struct batch *batch = mem_must_zero(sizeof *batch);

    batch->scratch_chunk = mem_must(sizeof *batch->scratch_chunk + SCRATCH_BYTES);
    return batch;
}

void batch_scratch_reset(struct batch *batch) {
    *batch->scratch_chunk = (struct outbuf_chunk){.capacity = SCRATCH_BYTES};
    batch->scratch = (struct outbuf){.head = batch->scratch_chunk, .tail = batch->scratch_chunk};
}

void batch_free(struct batch *batch) {
    if (batch == NULL) return;
    mem_free(batch->args_big);
    mem_free(batch->scratch_chunk);
    mem_free(batch);
}

/* ---- Routing ---- */

static void route_keys(const struct node *node, struct batch_entry *entry) {
    const struct cmd *cmd = entry->cmd;
    struct cmd_key_pos positions_inline[32], *positions = positions_inline;

    int count = cmd_keys(cmd, entry->args, entry->args_count, positions,
                         ARRAY_COUNT(positions_inline));
    if (count <= 0) { /* no keys here, or arguments that make no sense: the handler tells */
        entry->route = ROUTE_CONN;
        return;
    }
    if (count > (int)ARRAY_COUNT(positions_inline)) {
        positions = mem_must((size_t)count * sizeof *positions);
        count = cmd_keys(cmd, entry->args, entry->args_count, positions, (size_t)count);
    }
    entry->key_first = key_make(node->store, entry->args[positions[0].index]);
    entry->shard_index = node->slot_shard[entry->key_first.slot];
    entry->shards_mask = UINT64_C(1) << entry->shard_index;
    entry->has_many_keys = count > 1;
    for (int i = 1; i < count; i++) {
        entry->shards_mask |= UINT64_C(1)
                              << node->slot_shard[key_slot(entry->args[positions[i].index])];
    }
    entry->route = (entry->shards_mask & (entry->shards_mask - 1)) == 0 ? ROUTE_SHARD
                                                                        : ROUTE_SEVERAL;
    if (positions != positions_inline) mem_free(positions);
}

static void route(const struct node *node, struct batch_entry *entry) {
    const struct cmd *parent,
        *cmd = cmd_table_resolve(node->cmds, entry->args, entry->args_count, &parent);

    entry->cmd = cmd;
    entry->key_first = (struct key){0};
    entry->shards_mask = 0;
    entry->has_many_keys = false;
    if (SL_UNLIKELY(cmd == NULL || !cmd_arity_is_ok(cmd, entry->args_count))) {
        entry->route = ROUTE_ERROR;
        return;
    }
    switch (SL_UNLIKELY(cmd->def->needs_world != NULL) &&
                    cmd_is_world(cmd, entry->args, entry->args_count)
                ? SCOPE_WORLD
                : cmd->def->scope) {
    case SCOPE_KEYS:
        if (SL_LIKELY(cmd->keys_are_simple && cmd->key_first > 0 &&
                      cmd->key_last == cmd->key_first)) {
            entry->key_first = key_make(node->store, entry->args[cmd->key_first]);
            store_prefetch_slot(node->store, entry->key_first.slot);
            entry->shard_index = node->slot_shard[entry->key_first.slot];
            entry->shards_mask = UINT64_C(1) << entry->shard_index;
            entry->route = ROUTE_SHARD;
        } else {
            route_keys(node, entry);
        }
        break;
    case SCOPE_SLOT: {
        int slot = cmd->def->route_slot(entry->args, entry->args_count);
        if (slot < 0) {
            entry->route = ROUTE_CONN;
            break;
        }
        entry->key_first.slot = (uint16_t)slot;
        entry->shard_index = node->slot_shard[slot];
        entry->shards_mask = UINT64_C(1) << entry->shard_index;
        entry->route = ROUTE_SHARD;
        break;
    }
    case SCOPE_WORLD:
        entry->shards_mask = node->shards_count == 64 ? UINT64_MAX
                                                      : (UINT64_C(1) << node->shards_count) - 1;
        entry->has_many_keys = true;
        entry->route = ROUTE_SEVERAL;
        break;
    case SCOPE_CONN: entry->route = ROUTE_CONN; break;
    }
}

/* ---- Collecting ---- */

enum collected { COLLECTED_ALL, COLLECTED_MORE_LATER };

/* The arguments as slices, in the batch's memory. False: no room; the command waits for the next
 * batch. */
static bool entry_args(struct batch *batch, struct batch_entry *entry,
                       const struct resp_parser *parser, const char *base) {
    struct slice *args;

    if (SL_LIKELY(parser->args_count <= BATCH_ARGS_MAX - batch->args_used)) {
        args = &batch->args[batch->args_used];
        batch->args_used += parser->args_count;
    } else {
        if (batch->count > 0) return false;
        SL_ASSERT(batch->args_big == NULL);
        args = batch->args_big = mem_must(parser->args_count * sizeof *args);
        batch->args_used = BATCH_ARGS_MAX;
    }
    for (uint32_t i = 0; i < parser->args_count; i++) {
        args[i] = slice_of(base + parser->args[i].offset, parser->args[i].len);
    }
    entry->args = args;
    entry->args_count = parser->args_count;
    return true;
}

static enum collected collect_client(struct shard *shard, struct batch *batch,
                                     struct client *client) {
    char *cursor = client->in_data;
    size_t len = client->in_len, entries_first = batch->count;
    struct resp_parser *parser = &client->parser;
    struct resp_limits limits = {.bulk_len_max = (size_t)shard->config->proto_max_bulk_len,
                                 .is_authenticated = (client->flags & CLIENT_AUTHENTICATED) != 0};
    char error[128];

    while (len > 0) {
        bool is_first = batch->count == entries_first;
        if (batch->count == BATCH_ENTRIES_MAX) return COLLECTED_MORE_LATER;
        if (!is_first && !limits.is_authenticated) return COLLECTED_MORE_LATER;
        if (*cursor != '*' || parser->is_whole) { /* I2 */
            if (!is_first) return COLLECTED_MORE_LATER;
            if (client->pending_head != NULL) {
                client->block = CLIENT_WAITS_REPLIES;
                return COLLECTED_ALL;
            }
        }
        switch (resp_parse(parser, cursor, len, &limits, error, sizeof error)) {
        case RESP_MORE: return COLLECTED_ALL;
        case RESP_NOTHING:
            cursor += parser->pos;
            len -= parser->pos;
            resp_parser_next(parser);
            if (is_first) {
                client->in_data = cursor;
                client->in_len = len;
            } else {
                batch->entries[batch->count - 1].end = cursor;
            }
            continue;
        case RESP_ERROR:
            resp_parser_next(parser);
            if (!is_first) return COLLECTED_MORE_LATER;
            if (client->pending_head != NULL) {
                client->block = CLIENT_WAITS_REPLIES;
            } else {
                client_protocol_error(client, error);
            }
            return COLLECTED_ALL;
        case RESP_COMMAND: break;
        }
        struct batch_entry *entry = &batch->entries[batch->count];
        if (SL_UNLIKELY(!entry_args(batch, entry, parser, cursor))) {
            if (!parser->is_whole) resp_parser_next(parser);
            return COLLECTED_MORE_LATER;
        }
        entry->client = client;
        entry->is_inline = parser->is_whole;
        entry->start = cursor;
        entry->input_end = cursor + len;
        cursor += parser->pos;
        len -= parser->pos;
        entry->end = cursor;
        route(shard->node, entry);
        batch->count++;
        if (entry->is_inline) return len > 0 ? COLLECTED_MORE_LATER : COLLECTED_ALL;
        resp_parser_next(parser);
    }
    return COLLECTED_ALL;
}

/* ---- The round ---- */

static bool may_prefetch(const struct shard *shard, const struct batch_entry *entry) {
    return entry->route == ROUTE_SHARD && entry->key_first.name.data != NULL &&
           token_is_held(shard, entry->shard_index) &&
           store_slot_owner_data(shard->node->store, entry->key_first.slot) == NULL; /* I3 */
}

static void prefetch(struct shard *shard, const uint8_t *order, size_t count) {
    const struct batch_entry *entries = shard->batch->entries;
    uint8_t may[BATCH_ENTRIES_MAX];
    size_t may_count = 0;

    if (count < 2) return;
    for (size_t i = 0; i < count; i++) {
        const struct batch_entry *entry = &entries[order[i]];
        if (!may_prefetch(shard, entry)) continue;
        keyspace_prefetch_bucket(shard->keyspace, entry->client->db, &entry->key_first);
        may[may_count++] = order[i];
    }
    for (size_t i = 0; i < may_count; i++) {
        const struct batch_entry *entry = &entries[may[i]];
        keyspace_prefetch_entry(shard->keyspace, entry->client->db, &entry->key_first);
    }
}

static void before_entry(const struct batch_entry *entry) {
    entry->client->in_data = entry->start;
    entry->client->in_len = (size_t)(entry->input_end - entry->start);
}

/* The command is consumed. */
static void after_entry(const struct batch_entry *entry) {
    entry->client->in_data = entry->end;
    entry->client->in_len = (size_t)(entry->input_end - entry->end);
    if (entry->is_inline) resp_parser_next(&entry->client->parser);
}

/* One entry in its turn. */
static void run_entry(struct shard *shard, const struct batch_entry *entry) {
    struct client *client = entry->client;

    if (client_is_waiting(client)) return;
    before_entry(entry);
    if (dispatch(shard, entry)) {
        after_entry(entry);
    } else if (entry->is_inline) {
        return;
    }
    /* What was parsed ahead of a client that waits now is parsed again later (I1). */
    if (client_is_waiting(client)) resp_parser_next(&client->parser);
}

/* With all tokens it could use: it may be a transaction that can then run at once. */
static void run_alone(struct shard *shard, const struct batch_entry *entry) {
    uint64_t wanted = entry->shards_mask & ~shard->tokens_held;

    /* Our own first: it is the only one we may wait for, and we hold nothing else yet. */
    if ((wanted >> shard->index & 1) != 0) token_acquire(shard, shard);
    for (uint64_t mask = wanted & ~(UINT64_C(1) << shard->index); mask != 0; mask &= mask - 1) {
        token_try(shard, shard->node->shards[__builtin_ctzll(mask)]);
    }
    exec_clock_start(shard);
    run_entry(shard, entry);
    token_release_all(shard);
}

/* What a shard has in a run of plain entries: order[next .. end). */
struct share {
    uint8_t next, end;
};

/* The entries first .. end by shard, each shard's in their order. Returns which shards have some. */
static uint64_t sort_by_shard(struct batch *batch, size_t first, size_t end,
                              struct share shares[SHARDS_MAX]) {
    uint8_t counts[SHARDS_MAX] = {0}, place = 0;
    uint64_t wanted = 0;

    for (size_t i = first; i < end; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        counts[entry->shard_index]++;
        wanted |= entry->shards_mask;
    }
    for (uint64_t mask = wanted; mask != 0; mask &= mask - 1) {
        unsigned index = (unsigned)__builtin_ctzll(mask);
        shares[index] = (struct share){place, place};
        place = (uint8_t)(place + counts[index]);
    }
    for (size_t i = first; i < end; i++) {
        batch->entries[i].is_run = false;
        batch->order[shares[batch->entries[i].shard_index].end++] = (uint8_t)i;
    }
    return wanted;
}

/* The next few of a shard's share, its token held. True: that was the last of it. When a slot is
 * reserved, all the rest is gone through at once: with the token given back in between, the
 * reservation could end, and a later command for the slot would overtake the one that was put off. */
static bool run_shard_turn(struct shard *shard, struct share *share) {
    struct batch *batch = shard->batch;
    size_t left = share->end - share->next, count = left < TURN_ENTRIES ? left : TURN_ENTRIES;
    const uint8_t *order = &batch->order[share->next];

    prefetch(shard, order, count);
    exec_clock_start(shard);
    for (size_t i = 0; i < count; i++) {
        struct batch_entry *entry = &batch->entries[order[i]];
        if (client_is_waiting(entry->client)) continue;
        if (SL_UNLIKELY(!dispatch_run_plain(shard, entry))) count = left;
    }
    share->next = (uint8_t)(share->next + count);
    return count == left;
}

/* A run of plain entries, shard by shard: one token at a time, each for a few entries and then
 * given back, so that two threads with work for each other's shards take turns instead of
 * waiting. Then the replies in the order of the commands. */
static void run_plain(struct shard *shard, size_t first, size_t end) {
    struct batch *batch = shard->batch;
    struct node *node = shard->node;
    struct share shares[SHARDS_MAX];

    uint64_t wanted = sort_by_shard(batch, first, end, shares);
    batch_scratch_reset(batch);
    while (wanted != 0) {
        bool is_stuck = true;
        /* Those that are free, our own before the others. */
        for (unsigned nth = 0; nth < node->shards_count; nth++) {
            unsigned index = (shard->index + nth) % node->shards_count;
            if ((wanted >> index & 1) == 0 || !token_try(shard, node->shards[index])) continue;
            if (run_shard_turn(shard, &shares[index])) wanted &= ~(UINT64_C(1) << index);
            token_release(shard, node->shards[index]);
            is_stuck = false;
        }
        if (!is_stuck) continue;
        /* None is: one is worth waiting for. What is left then is forwarded. */
        unsigned index = (wanted >> shard->index & 1) != 0 ? shard->index
                                                           : (unsigned)__builtin_ctzll(wanted);
        bool is_held = token_acquire(shard, node->shards[index]);
        if (!is_held || run_shard_turn(shard, &shares[index])) wanted &= ~(UINT64_C(1) << index);
        if (is_held) token_release(shard, node->shards[index]);
    }
    for (size_t i = first; i < end; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (client_is_waiting(entry->client)) continue;
        dispatch_finish_plain(shard, entry);
        after_entry(entry);
    }
}

static void run(struct shard *shard, struct batch *batch) {
    if (shard->node->shards_count == 1) { /* the token is always ours: straight through */
        for (size_t i = 0; i < batch->count; i++) batch->order[i] = (uint8_t)i;
        prefetch(shard, batch->order, batch->count);
        exec_clock_start(shard);
        for (size_t i = 0; i < batch->count; i++) run_entry(shard, &batch->entries[i]);
        return;
    }
    for (size_t i = 0; i < batch->count;) {
        size_t end = i;
        while (end < batch->count && dispatch_is_plain(shard, &batch->entries[end])) end++;
        if (end > i) {
            run_plain(shard, i, end);
        } else {
            run_alone(shard, &batch->entries[end++]);
        }
        i = end;
    }
}

/* Takes clients off the ready list until the batch is full. Those with more to come go to the
 * end of the list, but not before the round is over: what they have in this batch is not
 * consumed yet. */
static void collect(struct shard *shard, struct batch *batch) {
    struct client *again_head = NULL, **again_end = &again_head, *again_last = NULL;

    while (shard->ready_head != NULL && batch->count < BATCH_ENTRIES_MAX &&
           batch->args_used < BATCH_ARGS_MAX && batch->clients_count < BATCH_CLIENTS_MAX) {
        struct client *client = shard->ready_head;
        shard->ready_head = client->ready_next;
        if (shard->ready_head == NULL) shard->ready_tail = NULL;
        client->flags &= ~(uint32_t)CLIENT_IS_READY;
        if (client_is_waiting(client)) {
            client_settle(client);
            continue;
        }
        batch->clients[batch->clients_count++] = client;
        client->is_in_batch = true;
        if (collect_client(shard, batch, client) == COLLECTED_MORE_LATER) {
            client->flags |= CLIENT_IS_READY;
            client->ready_next = NULL;
            *again_end = client;
            again_end = &client->ready_next;
            again_last = client;
        }
    }
    if (again_head == NULL) return;
    if (shard->ready_tail == NULL) {
        shard->ready_head = again_head;
    } else {
        shard->ready_tail->ready_next = again_head;
    }
    shard->ready_tail = again_last;
}

bool batch_run(struct shard *shard) {
    struct batch *batch = shard->batch;

    batch->count = 0;
    batch->args_used = 0;
    batch->clients_count = 0;
    collect(shard, batch);
    if (batch->count > 0) {
        shard->now_unix_ms = clock_unix_ms();
        run(shard, batch);
        mem_free(batch->args_big);
        batch->args_big = NULL;
    }
    for (size_t i = 0; i < batch->clients_count; i++) client_settle(batch->clients[i]);
    return shard->ready_head != NULL;
}
