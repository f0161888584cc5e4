/* block.c - a command that waits for a key, and the change that wakes it.
 *
 *    BLPOP a b                        slot of a:  a ─► [BLPOP a b] ─► [BLMOVE a c]      the order of arrival
 *      runs, finds nothing,           slot of b:  b ─► [BLPOP a b]
 *      cmd_block() ─► struct waiter ───────┴────────────┘
 *
 *    LPUSH a x y   runs; its last act, before any other command of that slot: for each waiter of a, in order,
 *                  claim ─► run the waiter's command again, here ─► the reply goes to the client's home
 *
 *                     ┌──── blocked again ────┐
 *                     ▼                       │
 *                 WAITING ──── claim ────► CLAIMED ──── replied ────► DONE
 *                     │                       │  ▲                     ▲
 *                     │             another key of it changed          │
 *                     │                       ▼  │                     │
 *                     │                     MISSED ──── replied ───────┤
 *                     └── time is up, CLIENT UNBLOCK, connection gone ─┘
 *
 * I1  A queue of waiters belongs to the owner of its slot (token or reservation), like the keys
 *     in it. So a command that finds its keys empty and joins their queues does it in one piece,
 *     and no change comes between.
 * I2  Who sets DONE gives the answer, and nobody else: exactly once. Claiming is one
 *     compare-and-swap out of WAITING.
 * I3  Nobody in a key's queue is passed by. Who meets a waiter that another thread has claimed
 *     (by another of its keys) waits for a moment; then it notes MISSED and leaves the rest of
 *     the queue. The claimer sees MISSED when it is done and sends word to the waiter's other
 *     keys, which are looked at again.
 * I4  The client's side sets `end`, then tries WAITING -> DONE. A claimer that goes back to
 *     WAITING looks at `end` afterwards. One of the two sees the other (seq_cst): a wait that is
 *     to be ended is.
 * I5  A node is unlinked by the owner of its slot only. What is DONE but still linked is skipped
 *     and unlinked by who meets it; otherwise a task does it, which goes through the slot's
 *     queue like any request.
 * I6  A waiter lives as long as something refers to it: its linked nodes, messages, its request.
 * I7  Serving starts no transaction and drains no queue by itself: nothing else runs on the
 *     slots until it is through. A waiter that needs other shards' slots (BLMOVE) keeps its
 *     claim and goes on as a transaction; its key's later waiters wait for the end of that.
 *
 * Whom a change of a database wakes is found by a walk over all slots: its command has them all. */
#include "shards/block.h"

#include "core/mem.h"
#include "shards/exec.h"
#include "shards/messages.h"
#include "shards/tx.h"

enum { CLAIM_SPINS = 200 };

/* ---- Birth and death ---- */

void waiter_unref(struct waiter *waiter) {
    if (atomic_fetch_sub_explicit(&waiter->refs_count, 1, memory_order_acq_rel) == 1)
        mem_free(waiter);
}

static void waiter_ref(struct waiter *waiter) {
    atomic_fetch_add_explicit(&waiter->refs_count, 1, memory_order_relaxed);
}

/* One allocation: the waiter, its nodes, the arguments, their bytes. NULL: no memory. */
static struct waiter *waiter_new(const struct cmd_block *block, const struct slice *args,
                                 size_t args_count) {
    size_t head_bytes = sizeof(struct waiter) + block->keys_count * sizeof(struct block_node);
    size_t bytes = head_bytes + args_count * sizeof(struct slice);
    for (size_t i = 0; i < args_count; i++) bytes += args[i].len;

    struct waiter *waiter = mem_try(bytes);
    if (waiter == NULL) return NULL;
    memset(waiter, 0, head_bytes);
    struct slice *copies = (struct slice *)(void *)((char *)waiter + head_bytes);
    char *at = (char *)(copies + args_count);
    for (size_t i = 0; i < args_count; i++) {
        if (args[i].len > 0) memcpy(at, args[i].data, args[i].len);
        copies[i] = slice_of(at, args[i].len);
        at += args[i].len;
    }
    waiter->args = copies;
    waiter->args_count = (uint32_t)args_count;
    waiter->home_msg.kind = MSG_BLOCKED;
    waiter->needs_all_keys = block->needs_all_keys;
    waiter->timeout_reply = (uint8_t)block->timeout_reply;
    waiter->deadline_unix_ms = block->deadline_unix_ms;
    return waiter;
}

/* Into the queues of all its keys; a key that stands there twice counts once. False: no memory,
 * it is in none. */
static bool waiter_join_all(struct node *node, struct waiter *waiter, unsigned db,
                            const struct cmd_block *block) {
    for (size_t i = 0; i < block->keys_count; i++) {
        struct key key = key_make(node->store, waiter->args[block->keys[i]]);
        if (block_keys_is_last(node->store, db, &key, waiter)) continue;

        struct block_node *waiting = &waiter->nodes[waiter->nodes_count];
        *waiting = (struct block_node){
            .waiter = waiter, .arg = block->keys[i], .wakes_without_key = block->wakes_without_key};
        if (!block_keys_join(node, db, &key, waiting)) {
            while (waiter->nodes_count > 0)
                block_keys_leave(node, &waiter->nodes[--waiter->nodes_count]);
            return false;
        }
        waiter->nodes_count++;
    }
    return true;
}

/* ---- A command blocks ---- */

static void first_run_blocks(struct block_run *run, struct cmd_ctx *ctx,
                             const struct cmd_block *block) {
    const struct exec_call *call = run->call;
    struct shard *thread = run->thread;
    const struct slice *args = block->args != NULL ? block->args : ctx->args;
    size_t args_count = block->args != NULL ? block->args_count : ctx->args_count;
    struct waiter *waiter = waiter_new(block, args, args_count);

    if (waiter == NULL || !waiter_join_all(thread->node, waiter, ctx->db, block)) {
        mem_free(waiter);
        reply_no_memory(ctx->reply);
        return;
    }
    if (run->request == NULL)
        run->request = request_new(thread, call->client, call->cmd, call->args, call->args_count,
                                   &call->key_first);
    waiter->request = run->request;
    run->request->waiter = waiter;
    /* The nodes, the request, and the news of it on its way home. */
    atomic_store_explicit(&waiter->refs_count, waiter->nodes_count + 2, memory_order_relaxed);
    atomic_fetch_add_explicit(&thread->node->blocked_count, 1, memory_order_relaxed);
    run->is_blocked = true;
}

static void sink_block(void *owner, struct cmd_ctx *ctx, const struct cmd_block *block) {
    struct block_run *run = owner;

    SL_ASSERT(!run->is_blocked);
    SL_DEBUG_ASSERT(ctx->reply->errors_count == 0);
    if (run->waiter != NULL)
        run->is_blocked = true; /* it keeps its place and its deadline */
    else
        first_run_blocks(run, ctx, block);
}

void block_run_init(struct block_run *run, struct shard *thread, const struct exec_call *call,
                    struct request *request) {
    *run = (struct block_run){
        .sink = {.block = sink_block}, .thread = thread, .call = call, .request = request};
    run->sink.owner = run;
}

/* ---- A key changes ---- */

static void mark_ready(struct block_thread *block, struct block_key *key) {
    if (key->is_busy) return; /* in the list already, or being served: to the end of its queue */
    key->is_busy = true;
    key->ready_next = NULL;
    if (block->ready_tail != NULL)
        block->ready_tail->ready_next = key;
    else
        block->ready_head = key;
    block->ready_tail = key;
}

static void sink_changed(void *owner, struct cmd_ctx *ctx, unsigned db, struct slice name) {
    struct shard *thread = owner;
    struct store *store = thread->node->store;
    bool is_first = name.data == ctx->key_first.name.data && name.len == ctx->key_first.name.len &&
                    name.data != NULL;
    struct key key = is_first ? ctx->key_first : key_make(store, name);
    struct block_key *waited_for = block_keys_find(store, db, &key);

    if (waited_for != NULL) mark_ready(&thread->block, waited_for);
}

static void sink_database_changed(void *owner, struct cmd_ctx *ctx, unsigned db) {
    struct shard *thread = owner;

    SL_ASSERT(ctx->cmd->def->scope == SCOPE_WORLD);
    thread->block.has_databases = true;
    thread->block.databases[db / 64] |= UINT64_C(1) << (db % 64);
}

static void mark_if_database_changed(void *owner, struct block_key *key) {
    struct block_thread *block = owner;

    if ((block->databases[key->db / 64] >> (key->db % 64) & 1) != 0) mark_ready(block, key);
}

static void mark_databases(struct shard *thread) {
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++)
        block_keys_each(thread->node->store, slot, mark_if_database_changed, &thread->block);
    memset(thread->block.databases, 0, sizeof thread->block.databases);
    thread->block.has_databases = false;
}

void block_thread_init(struct shard *thread) {
    thread->block.changes = (struct block_sink){
        .changed = sink_changed, .database_changed = sink_database_changed, .owner = thread};
    block_timers_init(&thread->block.timers);
}

void block_thread_deinit(struct shard *thread) {
    block_timers_deinit(&thread->block.timers);
}

/* ---- Claiming, and what comes after ---- */

enum claim { CLAIM_OURS, CLAIM_BUSY, CLAIM_DONE };

static enum claim waiter_claim(struct waiter *waiter) {
    unsigned spins = waiter->needs_all_keys ? 0 : CLAIM_SPINS; /* a transaction may take its time */

    for (;;) {
        uint8_t state = WAITER_WAITING;
        if (atomic_compare_exchange_strong(&waiter->state, &state, WAITER_CLAIMED))
            return CLAIM_OURS;
        if (state == WAITER_DONE) return CLAIM_DONE;
        if (spins > 0) {
            spins--;
            cpu_relax();
            continue;
        }
        if (state == WAITER_MISSED) return CLAIM_BUSY;
        if (state == WAITER_CLAIMED &&
            atomic_compare_exchange_strong(&waiter->state, &state, WAITER_MISSED))
            return CLAIM_BUSY; /* I3 */
    }
}

static bool slot_is_ours(const struct shard *thread, unsigned slot) {
    return token_is_held(thread, thread->node->slot_shard[slot]) &&
           store_slot_owner_data(thread->node->store, slot) == NULL;
}

static void task_send(struct shard *thread, struct waiter *waiter, struct block_node *waiting) {
    struct block_task *task = mem_must(sizeof *task);

    waiter_ref(waiter);
    *task = (struct block_task){.msg = {.kind = MSG_BLOCK_TASK}, .waiter = waiter, .node = waiting};
    messages_to_slots(thread, thread->node->slot_shard[waiting->slot], &task->msg);
}

void waiter_leave_all(struct shard *thread, struct waiter *waiter, const struct block_node *own,
                      bool has_missed) {
    waiter_ref(waiter); /* the nodes may hold the last ones */
    for (uint32_t i = 0; i < waiter->nodes_count; i++) {
        struct block_node *waiting = &waiter->nodes[i];
        if (waiting != own && !slot_is_ours(thread, waiting->slot)) {
            task_send(thread, waiter, waiting);
        } else if (waiting->is_linked) {
            if (has_missed && waiting != own) mark_ready(&thread->block, waiting->key);
            block_keys_leave(thread->node, waiting);
            waiter_unref(waiter);
        }
    }
    waiter_unref(waiter);
}

/* Out of the queues, and the request goes home with its answer, or to get one there. */
static void waiter_done(struct shard *thread, struct waiter *waiter, const struct block_node *own,
                        bool has_missed) {
    struct request *request = waiter->request;

    atomic_fetch_sub_explicit(&thread->node->blocked_count, 1, memory_order_relaxed);
    waiter_leave_all(thread, waiter, own, has_missed);
    request->msg.kind = MSG_REPLY;
    messages_to_home(thread, request->home->index, &request->msg);
}

/* The claim is given back: it waits on. `own` is still linked, so the waiter is there whoever
 * claims it next. */
static void waiter_unclaim(struct shard *thread, struct waiter *waiter, struct block_node *own) {
    uint8_t state = WAITER_CLAIMED;
    bool has_missed = false;

    if (!atomic_compare_exchange_strong(&waiter->state, &state, WAITER_WAITING)) {
        SL_ASSERT(state == WAITER_MISSED);
        has_missed = true;
        atomic_store(&waiter->state, WAITER_WAITING);
    }
    state = WAITER_WAITING;
    if (atomic_load(&waiter->end) != BLOCK_END_NONE && /* I4 */
        atomic_compare_exchange_strong(&waiter->state, &state, WAITER_DONE)) {
        waiter->is_ended = true;
        waiter_done(thread, waiter, own, has_missed);
        return;
    }
    for (uint32_t i = 0; has_missed && i < waiter->nodes_count; i++) {
        struct block_node *waiting = &waiter->nodes[i];
        if (waiting == own) continue;
        if (!slot_is_ours(thread, waiting->slot))
            task_send(thread, waiter, waiting);
        else if (waiting->is_linked)
            mark_ready(&thread->block, waiting->key);
    }
}

/* ---- Serving ---- */

/* Runs a claimed one's command again, about the key of this node. What it touches is this thread's. */
static void waiter_run(struct shard *thread, struct block_node *waiting) {
    struct waiter *waiter = waiting->waiter;
    struct request *request = waiter->request;
    struct exec_call call = {
        .cmd = request->cmd,
        .args = waiter->args,
        .args_count = waiter->args_count,
        .db = request->db,
        .resp = request->resp,
        .no_touch = request->no_touch,
        .key_first = waiting->key->key,
        .out = &request->reply.out,
        .wake_arg = waiting->arg,
    };
    struct block_run run;

    SL_ASSERT(atomic_load(&waiter->state) == WAITER_CLAIMED ||
              atomic_load(&waiter->state) == WAITER_MISSED);
    call.key_first.name = waiter->args[waiting->arg];
    if (atomic_load(&waiter->end) != BLOCK_END_NONE) { /* nobody is there to take it */
        waiter_unclaim(thread, waiter, waiting);
        return;
    }
    block_run_init(&run, thread, &call, request);
    run.waiter = waiter;
    call.blocking = &run;
    uint64_t duration_ns = exec_call(thread, &call);
    if (run.is_blocked) {
        waiter_unclaim(thread, waiter, waiting);
        return;
    }
    request->duration_ns = duration_ns;
    bool has_missed = atomic_exchange(&waiter->state, WAITER_DONE) == WAITER_MISSED;
    waiter_done(thread, waiter, waiting, has_missed);
}

/* True: here and now. Else it has been entered as a transaction, the claim kept. */
static bool has_all_slots(struct shard *thread, struct block_node *waiting) {
    struct waiter *waiter = waiting->waiter;
    struct tx_slots slots;
    bool are_ours = true;

    if (!waiter->needs_all_keys) return true;
    tx_slots_init(&slots, thread->node, waiter->request->cmd, waiter->args, waiter->args_count);
    for (size_t i = 0; i < slots.count && are_ours; i++)
        are_ours = slot_is_ours(thread, slots.slots[i]);
    if (!are_ours) {
        waiter->tx_node = (uint32_t)(waiting - waiter->nodes);
        tx_start_later(thread, waiter->request, &slots);
    }
    tx_slots_deinit(&slots);
    return are_ours;
}

static bool key_is_there(const struct shard *thread, const struct block_key *key) {
    const struct entry *entry = keyspace_find(thread->keyspace, key->db, &key->key);
    uint64_t expire_at_unix_ms = entry == NULL ? EXPIRE_NONE : entry_expire_at_unix_ms(entry);

    return entry != NULL &&
           (expire_at_unix_ms == EXPIRE_NONE || expire_at_unix_ms > thread->now_unix_ms);
}

/* A key's waiters from this one on, in order. */
static void serve_from(struct shard *thread, struct block_key *key, struct block_node *waiting) {
    SL_ASSERT(key->is_busy);
    while (waiting != NULL) {
        struct block_node *next = waiting->next;
        bool is_there = key_is_there(thread, key);
        if (!is_there && key->without_key_count == 0) return;

        if (is_there || waiting->wakes_without_key) {
            struct waiter *waiter = waiting->waiter;
            switch (waiter_claim(waiter)) {
            case CLAIM_OURS:
                if (!has_all_slots(thread, waiting)) return; /* I7 */
                waiter_run(thread, waiting);
                break;
            case CLAIM_BUSY: return; /* I3 */
            case CLAIM_DONE:
                block_keys_leave(thread->node, waiting);
                waiter_unref(waiter);
                break;
            }
        }
        waiting = next;
    }
}

void block_serve(struct shard *thread) {
    struct block_thread *block = &thread->block;

    SL_ASSERT(!block->is_serving);
    block->is_serving = true;
    exec_clock_start(thread);
    if (SL_UNLIKELY(block->has_databases)) mark_databases(thread);
    for (struct block_key *key; (key = block->ready_head) != NULL;) {
        block->ready_head = key->ready_next;
        if (block->ready_head == NULL) block->ready_tail = NULL;
        serve_from(thread, key, key->head);
        block_keys_let_go(thread->node, key);
    }
    block->is_serving = false;
}

void block_run_granted(struct shard *thread, struct request *request) {
    struct waiter *waiter = request->waiter;
    struct block_node *waiting = &waiter->nodes[waiter->tx_node], *next = waiting->next;
    struct block_key *key = waiting->key;

    SL_ASSERT(waiting->is_linked);
    SL_ASSERT(!thread->block.is_serving && !key->is_busy);
    thread->block.is_serving = true;
    key->is_busy = true;
    exec_clock_start(thread);
    waiter_run(thread, waiting);
    serve_from(thread, key, next);
    block_keys_let_go(thread->node, key);
    thread->block.is_serving = false;
    if (block_has_ready(&thread->block)) block_serve(thread);
}

static void forget_key(void *owner, struct block_key *key) {
    struct node *node = owner;

    key->is_busy = true; /* the walk is not to lose it under its feet */
    while (key->head != NULL) {
        struct waiter *waiter = key->head->waiter;
        block_keys_leave(node, key->head);
        waiter_unref(waiter);
    }
}

void block_forget_all(struct node *node) {
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) {
        block_keys_each(node->store, slot, forget_key, node);
        block_keys_drop_slot(node, slot);
    }
}

void block_task_run(struct shard *thread, struct block_task *task) {
    struct waiter *waiter = task->waiter;
    struct block_node *waiting = task->node;

    mem_free(task);
    if (waiting->is_linked) {
        mark_ready(&thread->block, waiting->key);
        if (atomic_load(&waiter->state) == WAITER_DONE) {
            block_keys_leave(thread->node, waiting);
            waiter_unref(waiter);
        }
        block_serve(thread);
    }
    waiter_unref(waiter);
}
