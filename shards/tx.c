/* tx.c - several slots, one command.
 *
 *    thread 0 ──append──►  ┌────┬────┬────┬────┬────┐   every shard reads the log at its own pace and, for the
 *    thread 2 ──append──►  │ t7 │ t8 │ t9 │    │    │   entries that concern it, queues one wait per slot:
 *                          └────┴────┴────┴────┴────┘      slot 91:  t7 (holds) ◄ GET ◄ t9 ◄ SET
 *
 * The thread whose grant was the last one a transaction lacked runs it at once, on all the
 * slots, then releases them: by its own hand where it holds the shard's token, else by a message
 * to the shard.
 *
 * I1  The order of the log is the order of every slot queue, so two transactions never wait for
 *     each other.
 * I2  A slot with an empty queue belongs to its shard; with a transaction first in its queue it
 *     belongs to that transaction, from the grant to the release. Requests wait in the queue,
 *     never hold it.
 * I3  A transaction runs when all its parts are granted; shards_left counts those that are not,
 *     and its last decrement (acquire-release) hands all slots over to the runner.
 * I4  Two-phase: no slot is released before the command has run. Hence strict serializability: a
 *     command's place in the order is between its grant and its release, both between its call
 *     and its reply.
 * I5  The log's entry may be overwritten when every shard's cursor is past it: appenders look at
 *     the cursors, nudge those who lag, and wait with their transaction (not with their thread)
 *     when there is no room.
 * I6  A reader stops at a ticket that is given out but not yet published; then nobody has nudged
 *     for what is behind it. So an appender that finds later tickets after publishing its own
 *     nudges all shards (all of this seq_cst).
 * I7  A command whose slots all belong to one shard does not go through the log: with the
 *     shard's token it joins all its queues at once, which keeps it in order with what its
 *     connection asked for before and after.
 *
 * When all tokens concerned can be had and no slot is reserved, none of this is needed: dispatch
 * runs the command straight away. */
#include "shards/tx.h"

#include "core/mem.h"
#include "shards/block.h"
#include "shards/exec.h"
#include "shards/expire.h"
#include "shards/messages.h"

struct tx {
    struct request *request;
    struct tx *list_next;
    uint64_t shards_mask;
    _Atomic uint32_t shards_left; /* I3 */
    _Atomic uint32_t parts_left; /* not released yet; the last one frees */
    uint32_t parts_count;
    struct tx_part *parts;
    struct slot_wait *waits;
};

/* ---- Which slots ---- */

static void slots_add_world(struct tx_slots *slots, const struct node *node) {
    slots->slots = mem_must(SLOTS_COUNT * sizeof *slots->slots);
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) slots->slots[slot] = (uint16_t)slot;
    slots->count = SLOTS_COUNT;
    slots->is_world = true;
    slots->shards_mask = node->shards_count == 64 ? UINT64_MAX
                                                  : (UINT64_C(1) << node->shards_count) - 1;
}

/* Keys in any number, slots sorted and unique, by way of a bitmap. */
static void slots_collect(struct tx_slots *slots, const struct node *node, const struct slice *args,
                          const struct cmd_key_pos *positions, size_t positions_count) {
    uint64_t bitmap[SLOTS_COUNT / 64] = {0};

    for (size_t i = 0; i < positions_count; i++) {
        unsigned slot = key_slot(args[positions[i].index]);
        uint64_t bit = UINT64_C(1) << (slot % 64);
        if ((bitmap[slot / 64] & bit) == 0) slots->count++;
        bitmap[slot / 64] |= bit;
        slots->shards_mask |= UINT64_C(1) << node->slot_shard[slot];
    }
    slots->slots = slots->count <= ARRAY_COUNT(slots->inline_slots)
                       ? slots->inline_slots
                       : mem_must(slots->count * sizeof *slots->slots);
    size_t filled_count = 0;
    for (unsigned word = 0; word < SLOTS_COUNT / 64; word++) {
        for (uint64_t bits = bitmap[word]; bits != 0; bits &= bits - 1) {
            slots->slots[filled_count++] = (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
        }
    }
    SL_ASSERT(filled_count == slots->count);
}

void tx_slots_init(struct tx_slots *slots, const struct node *node, const struct cmd *cmd,
                   const struct slice *args, size_t args_count) {
    struct cmd_key_pos positions_inline[32], *positions = positions_inline;

    slots->count = 0;
    slots->shards_mask = 0;
    slots->is_world = false;
    slots->slots = slots->inline_slots;
    if (cmd_is_world(cmd, args, args_count)) {
        slots_add_world(slots, node);
        return;
    }
    int count = cmd_keys(cmd, args, args_count, positions, ARRAY_COUNT(positions_inline));
    if (count > (int)ARRAY_COUNT(positions_inline)) {
        positions = mem_must((size_t)count * sizeof *positions);
        count = cmd_keys(cmd, args, args_count, positions, (size_t)count);
    }
    if (count > 0) slots_collect(slots, node, args, positions, (size_t)count);
    if (positions != positions_inline) mem_free(positions);
}

void tx_slots_deinit(struct tx_slots *slots) {
    if (slots->slots != slots->inline_slots) mem_free(slots->slots);
    slots->slots = slots->inline_slots;
}

bool tx_slots_are_free(const struct tx_slots *slots, const struct shard *thread) {
    const struct node *node = thread->node;
    uint32_t reserved_count = 0;

    for (uint64_t mask = slots->shards_mask; mask != 0; mask &= mask - 1) {
        reserved_count += node->shards[__builtin_ctzll(mask)]->reserved_slots_count;
    }
    if (SL_LIKELY(reserved_count == 0)) return true;
    for (size_t i = 0; i < slots->count; i++) {
        if (store_slot_owner_data(node->store, slots->slots[i]) != NULL) return false;
    }
    return true;
}

/* ---- The slot queues (token held) ---- */

/* True: the queue was empty, the slot is granted (I2). */
static bool queue_join(struct shard *shard, struct store *store, struct slot_wait *wait) {
    struct slot_wait *last = store_slot_owner_data(store, wait->slot);

    SL_DEBUG_ASSERT(shard->node->slot_shard[wait->slot] == shard->index);
    if (last == NULL) {
        wait->next = wait;
        shard->reserved_slots_count++;
    } else {
        wait->next = last->next;
        last->next = wait;
    }
    store_slot_set_owner_data(store, wait->slot, wait);
    return last == NULL;
}

static struct slot_wait *queue_first(struct store *store, unsigned slot) {
    struct slot_wait *last = store_slot_owner_data(store, slot);
    return last == NULL ? NULL : last->next;
}

static void queue_pop(struct shard *shard, struct store *store, unsigned slot) {
    struct slot_wait *last = store_slot_owner_data(store, slot), *first = last->next;

    if (first == last) {
        store_slot_set_owner_data(store, slot, NULL);
        shard->reserved_slots_count--;
    } else {
        last->next = first->next;
    }
}

bool slot_queue_join(struct shard *shard, struct store *store, struct request *request) {
    if (SL_LIKELY(store_slot_owner_data(store, request->key_first.slot) == NULL)) return false;
    request->wait = (struct slot_wait){.request = request, .slot = request->key_first.slot};
    queue_join(shard, store, &request->wait);
    return true;
}

bool slot_queue_join_task(struct shard *shard, struct store *store, struct block_task *task) {
    unsigned slot = task->node->slot;

    if (SL_LIKELY(store_slot_owner_data(store, slot) == NULL)) return false;
    task->wait = (struct slot_wait){.task = task, .slot = (uint16_t)slot};
    queue_join(shard, store, &task->wait);
    return true;
}

/* ---- Grants ---- */

static void part_granted(struct shard *thread, struct tx *tx) {
    if (atomic_fetch_sub_explicit(&tx->shards_left, 1, memory_order_acq_rel) != 1) return;
    /* order among these does not matter: they share no slot */
    tx->list_next = thread->tx_granted_head;
    thread->tx_granted_head = tx;
}

static void part_reserve(struct shard *thread, struct shard *shard, struct tx *tx) {
    struct store *store = thread->node->store;
    struct tx_part *part = tx->parts;

    while (part->shard_index != shard->index) part++;
    part->ungranted_count = 0;
    for (uint32_t i = 0; i < part->waits_count; i++) {
        if (!queue_join(shard, store, &part->waits[i])) part->ungranted_count++;
    }
    if (part->ungranted_count == 0) part_granted(thread, tx);
}

void tx_log_advance(struct shard *thread, struct shard *shard) {
    struct tx_log *log = &thread->node->tx_log;
    uint64_t cursor = atomic_load_explicit(&shard->tx_cursor, memory_order_relaxed);

    for (;; cursor++) {
        struct tx_log_slot *entry = &log->slots[cursor % TX_LOG_SLOTS_COUNT];
        /* I6 */
        if (atomic_load_explicit(&entry->ticket, memory_order_seq_cst) != cursor + 1) break;
        if ((entry->shards_mask >> shard->index & 1) != 0) part_reserve(thread, shard, entry->tx);
        /* The appender of a later one may reuse the entry from here on (I5). */
        atomic_store_explicit(&shard->tx_cursor, cursor + 1, memory_order_release);
    }
}

/* What waits in a slot after its first was taken away: requests run until a transaction comes
 * first. */
static void queue_go_on(struct shard *thread, struct shard *shard, unsigned slot) {
    struct store *store = thread->node->store;
    struct slot_wait *first;

    while ((first = queue_first(store, slot)) != NULL) {
        if (first->tx != NULL) {
            struct tx_part *part = first->tx->parts;
            while (part->shard_index != shard->index) part++;
            if (--part->ungranted_count == 0) part_granted(thread, first->tx);
            return;
        }
        struct request *request = first->request;
        struct block_task *task = first->task;
        queue_pop(shard, store, slot);
        if (task != NULL) {
            block_task_run(thread, task);
        } else {
            exec_request_now(thread, request);
        }
    }
}

void tx_release_part(struct shard *thread, struct tx_part *part) {
    struct tx *tx = part->tx;
    struct shard *shard = thread->node->shards[part->shard_index];
    struct store *store = thread->node->store;

    SL_ASSERT(token_is_held(thread, shard->index));
    for (uint32_t i = 0; i < part->waits_count; i++) {
        unsigned slot = part->waits[i].slot;
        SL_ASSERT(queue_first(store, slot) == &part->waits[i]);
        queue_pop(shard, store, slot);
        /* the runner could not */
        expire_set_alarm(thread, shard, slot, store_slot_deadline_unix_ms(store, slot));
        queue_go_on(thread, shard, slot);
    }
    if (atomic_fetch_sub_explicit(&tx->parts_left, 1, memory_order_acq_rel) == 1) mem_free(tx);
}

void tx_run_granted(struct shard *thread) {
    struct tx *tx;

    while ((tx = thread->tx_granted_head) != NULL) {
        thread->tx_granted_head = tx->list_next;
        exec_request_now(thread, tx->request);
        /* The release of the last part frees the transaction; parts sent away are still in our
         * own chains. */
        uint32_t parts_count = tx->parts_count;
        struct tx_part *parts = tx->parts;
        for (uint32_t i = 0; i < parts_count; i++) {
            if (!token_is_held(thread, parts[i].shard_index)) {
                parts[i].release_msg.kind = MSG_TX_RELEASE;
                messages_to_slots(thread, parts[i].shard_index, &parts[i].release_msg);
            }
        }
        uint64_t held = thread->tokens_held;
        bool is_last = false;
        for (uint32_t i = 0; i < parts_count && !is_last; i++) {
            if ((held >> parts[i].shard_index & 1) == 0) continue;
            is_last = atomic_load_explicit(&tx->parts_left, memory_order_relaxed) == 1;
            tx_release_part(thread, &parts[i]);
        }
    }
}

/* ---- The log ---- */

static uint64_t log_cursor_min(const struct node *node) {
    uint64_t cursor_min = UINT64_MAX;
    for (unsigned i = 0; i < node->shards_count; i++) {
        uint64_t cursor = atomic_load_explicit(&node->shards[i]->tx_cursor, memory_order_acquire);
        if (cursor < cursor_min) cursor_min = cursor;
    }
    return cursor_min;
}

/* Somebody must look at the log for this shard: we, if its token is free; its holder, when it
 * frees it; or its sleeping thread. */
static void log_nudge(struct shard *thread, struct shard *shard) {
    atomic_store_explicit(&shard->tx_attention, true, memory_order_seq_cst);
    if (token_is_held(thread, shard->index)) return; /* our release will see it */
    if (token_try(thread, shard)) {
        token_release(thread, shard);
    } else {
        shard_wake(thread, shard);
    }
}

static bool log_append(struct shard *thread, struct tx *tx) {
    enum { MARGIN = 2 * SHARDS_MAX }; /* appenders that look at the same time */
    struct node *node = thread->node;
    struct tx_log *log = &node->tx_log;
    uint64_t cursor_min = log_cursor_min(node); /* first: a cursor never passes the tail */
    uint64_t tail = atomic_load_explicit(&log->tail, memory_order_acquire);
    uint64_t lag = tail - cursor_min;

    if (SL_UNLIKELY(lag > TX_LOG_SLOTS_COUNT / 2)) {
        for (unsigned i = 0; i < node->shards_count; i++) {
            uint64_t cursor = atomic_load_explicit(&node->shards[i]->tx_cursor,
                                                   memory_order_relaxed);
            if (tail - cursor > TX_LOG_SLOTS_COUNT / 4) log_nudge(thread, node->shards[i]);
        }
        cursor_min = log_cursor_min(node);
        tail = atomic_load_explicit(&log->tail, memory_order_acquire);
        if (tail - cursor_min > TX_LOG_SLOTS_COUNT - MARGIN) return false;
    }
    uint64_t shards_mask = tx->shards_mask; /* once published the transaction may run and be gone */
    uint64_t ticket = atomic_fetch_add_explicit(&log->tail, 1, memory_order_seq_cst);
    struct tx_log_slot *entry = &log->slots[ticket % TX_LOG_SLOTS_COUNT];
    entry->tx = tx;
    entry->shards_mask = shards_mask;
    atomic_store_explicit(&entry->ticket, ticket + 1, memory_order_seq_cst);
    /* I6: whoever came to a later ticket meanwhile has stopped at ours. */
    if (SL_UNLIKELY(atomic_load_explicit(&log->tail, memory_order_seq_cst) != ticket + 1)) {
        shards_mask = node->shards_count == 64 ? UINT64_MAX
                                               : (UINT64_C(1) << node->shards_count) - 1;
    }
    for (; shards_mask != 0; shards_mask &= shards_mask - 1) {
        log_nudge(thread, node->shards[__builtin_ctzll(shards_mask)]);
    }
    return true;
}

static struct tx *tx_new(struct shard *thread, struct request *request,
                         const struct tx_slots *slots) {
    const struct node *node = thread->node;
    unsigned parts_count = (unsigned)__builtin_popcountll(slots->shards_mask);
    size_t parts_bytes = parts_count * sizeof(struct tx_part);
    struct tx *tx = mem_must(sizeof *tx + parts_bytes + slots->count * sizeof(struct slot_wait));

    SL_ASSERT(slots->count > 0 && parts_count > 0);
    *tx = (struct tx){.request = request,
                      .shards_mask = slots->shards_mask,
                      .shards_left = parts_count,
                      .parts_left = parts_count,
                      .parts_count = parts_count};
    tx->parts = (struct tx_part *)(tx + 1);
    tx->waits = (struct slot_wait *)(tx->parts + parts_count);
    stat_add(&thread->stats.tx_reserved, 1);

    struct slot_wait *wait = tx->waits;
    unsigned part_index = 0;
    for (uint64_t mask = slots->shards_mask; mask != 0; mask &= mask - 1, part_index++) {
        struct tx_part *part = &tx->parts[part_index];
        *part = (struct tx_part){
            .tx = tx, .shard_index = (uint16_t)__builtin_ctzll(mask), .waits = wait};
        for (size_t i = 0; i < slots->count; i++) {
            if (node->slot_shard[slots->slots[i]] != part->shard_index) continue;
            *wait++ = (struct slot_wait){.tx = tx, .slot = slots->slots[i]};
            part->waits_count++;
        }
    }
    return tx;
}

/* One shard, whose token is held: joins the queues of its slots at once (I7). */
static bool enter_directly(struct shard *thread, struct tx *tx) {
    unsigned shard_index = tx->parts[0].shard_index;

    if (tx->parts_count != 1 || !token_is_held(thread, shard_index)) return false;
    part_reserve(thread, thread->node->shards[shard_index], tx);
    return true;
}

static void defer(struct shard *thread, struct tx *tx) {
    tx->list_next = NULL;
    if (thread->tx_deferred_head == NULL) {
        thread->tx_deferred_head = tx;
    } else {
        thread->tx_deferred_tail->list_next = tx;
    }
    thread->tx_deferred_tail = tx;
}

void tx_start(struct shard *thread, struct request *request, const struct tx_slots *slots) {
    struct tx *tx = tx_new(thread, request, slots);

    if (enter_directly(thread, tx)) return;
    if (thread->tx_deferred_head == NULL && log_append(thread, tx)) return;
    defer(thread, tx);
}

void tx_start_later(struct shard *thread, struct request *request, const struct tx_slots *slots) {
    /* Through the log even with one shard: joining a slot's queue here could come in the middle
     * of queue_go_on(), which takes whom it finds first for one that is not granted yet. */
    defer(thread, tx_new(thread, request, slots));
}

bool tx_retry_deferred(struct shard *thread) {
    struct tx *tx;
    while ((tx = thread->tx_deferred_head) != NULL) {
        /* Off the list first: appending can do other work, which may defer more. */
        thread->tx_deferred_head = tx->list_next;
        if (log_append(thread, tx)) continue;
        tx->list_next = thread->tx_deferred_head;
        if (tx->list_next == NULL) thread->tx_deferred_tail = tx;
        thread->tx_deferred_head = tx;
        return true;
    }
    return false;
}
