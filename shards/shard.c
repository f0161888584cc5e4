/* shard.c - one thread's life: turn after turn.
 *
 *      ┌─► wait in the kernel (token free for others) ─► what came: bytes, messages ─┐
 *      └── send replies, ring others ◄── jobs, timers, expiry ◄── batches of commands ◄┘
 *
 * Before it sleeps a thread says so (is_sleeping) and looks at its inboxes once more: see
 * messages.c for the other half. */
#include "shards/shard.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "core/mem.h"
#include "shards/acceptor.h"
#include "shards/batch.h"
#include "shards/config_apply.h"
#include "shards/cron.h"
#include "shards/exec.h"
#include "shards/expire.h"
#include "shards/messages.h"
#include "shards/runtime.h"
#include "shards/slowlog.h"
#include "shards/tx.h"

enum {
    RECEIVE_BUFFER_BYTES = 64 * 1024,
    RECEIVE_BUFFERS_COUNT = 64,
    BATCHES_PER_TURN_MAX = 64, /* then the sockets get their turn again */
    GARBAGE_PER_TURN = 256,
    SLEEP_MS_MAX = 100,
};

struct job {
    struct job *next;
    bool (*step)(struct shard *shard, void *arg);
    void *arg;
};

/* ---- What the loop reports ---- */

static void on_accepted(void *owner, struct loop_listener *listener, int fd) {
    acceptor_accepted(owner, listener, fd);
}

static struct client *client_of(struct loop_sock *sock) {
    return CONTAINER_OF(sock, struct client, sock);
}

static void on_received(void *owner, struct loop_sock *sock, struct loop_buf *buf, char *data,
                        size_t len) {
    (void)owner;
    client_received(client_of(sock), buf, data, len);
}

static void on_hung_up(void *owner, struct loop_sock *sock, int error) {
    (void)owner;
    client_hung_up(client_of(sock), error);
}

static void on_sent(void *owner, struct loop_sock *sock, int error) {
    (void)owner;
    client_sent(client_of(sock), error);
}

static void on_closed(void *owner, struct loop_sock *sock) {
    (void)owner;
    client_sock_closed(client_of(sock));
}

static void on_rung(void *owner) {
    (void)owner; /* being awake is all: the inboxes are looked at in every turn */
}

static const struct loop_handlers handlers = {
    .accepted = on_accepted,
    .received = on_received,
    .hung_up = on_hung_up,
    .sent = on_sent,
    .closed = on_closed,
    .rung = on_rung,
};

/* ---- Making and freeing ---- */

struct shard *shard_new(struct node *node, unsigned index) {
    struct shard *shard = mem_must_aligned(sizeof *shard, 64);

    memset(shard, 0, sizeof *shard);
    shard->node = node;
    shard->index = index;
    shard->config = atomic_load_explicit(&node->config, memory_order_relaxed);
    shard->slot_queues = mem_must_aligned(node->shards_count * sizeof *shard->slot_queues, 64);
    shard->home_queues = mem_must_aligned(node->shards_count * sizeof *shard->home_queues, 64);
    for (unsigned i = 0; i < node->shards_count; i++) {
        spsc_init(&shard->slot_queues[i]);
        spsc_init(&shard->home_queues[i]);
    }
    atomic_store_explicit(&shard->wake_at_unix_ms, UINT64_MAX, memory_order_relaxed);
    alarms_init(&shard->alarms);
    block_thread_init(shard);
    shard->random_state = node->started_mono_ns * 2654435761u + index + 1;
    shard->batch = batch_new();
    shard->slowlog = slowlog_new();
    shard->latency_events = latency_events_new();
    shard_stats_init(&shard->stats, cmd_table_count(node->cmds));
    shard->thread_processor = -1;
    if (node->shards_count == 1) { /* alone: the token is ours for good */
        atomic_store_explicit(&shard->token, 1, memory_order_relaxed);
        shard->tokens_held = 1;
    }
    return shard;
}

void shard_free(struct shard *shard) {
    while (shard->requests_free != NULL) {
        struct request *next = shard->requests_free->client_next;
        mem_free(shard->requests_free);
        shard->requests_free = next;
    }
    if (shard->loop != NULL) loop_free(shard->loop);
    if (shard->keyspace != NULL) keyspace_free(shard->keyspace);
    batch_free(shard->batch);
    slowlog_free(shard->slowlog);
    latency_events_free(shard->latency_events);
    shard_stats_deinit(&shard->stats);
    alarms_deinit(&shard->alarms);
    block_thread_deinit(shard);
    mem_free(shard->slot_queues);
    mem_free(shard->home_queues);
    mem_free(shard);
}

static void pin_thread(struct shard *shard) {
    int processor = topology_processor(shard->index);
    cpu_set_t mask;

    if (!shard->config->pin_shards || processor < 0) return;
    CPU_ZERO(&mask);
    CPU_SET((size_t)processor, &mask);
    if (pthread_setaffinity_np(pthread_self(), sizeof mask, &mask) == 0)
        shard->thread_processor = processor;
}

/* Where a shard shares its core (with the clients of a small machine, say), being woken must not
 * push the one who is sending off the core: it goes on to send, and the shard then finds several
 * requests instead of one. Saves a quarter of the CPU per request there, makes no difference on
 * a core of its own (bench/results). */
static void schedule_as_batch(void) {
    struct sched_param param = {.sched_priority = 0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &param); /* refused: no harm */
}

static enum loop_backend wanted_backend(const struct shard *shard) {
    if (shard->index > 0) return shard->node->backend; /* all as the first */
    switch ((enum config_io_backend)shard->config->io_backend) {
    case CONFIG_IO_BACKEND_AUTO: return LOOP_BACKEND_AUTO;
    case CONFIG_IO_BACKEND_IO_URING: return LOOP_BACKEND_URING;
    case CONFIG_IO_BACKEND_EPOLL: return LOOP_BACKEND_EPOLL;
    }
    return LOOP_BACKEND_AUTO;
}

int shard_open_loop(struct shard *shard) {
    struct node *node = shard->node;
    struct loop_options options = {
        .backend = wanted_backend(shard),
        .buf_bytes = RECEIVE_BUFFER_BYTES,
        .bufs_count = RECEIVE_BUFFERS_COUNT,
        .socks_count_max = (size_t)shard->config->maxclients + 64,
    };
    char reason[sizeof node->backend_reason];
    char name[16];

    snprintf(name, sizeof name, "shard-%u", shard->index);
    pthread_setname_np(pthread_self(), name);
    pin_thread(shard);
    schedule_as_batch();
    struct keyspace_hooks hooks = {.deadline_sooner = expire_deadline_sooner, .owner = shard};
    shard->keyspace = keyspace_new(node->store, &hooks);
    shard_settings_from_config(shard);
    shard->now_unix_ms = clock_unix_ms();
    shard->loop = loop_new(&options, &handlers, shard, reason, sizeof reason);
    if (shard->loop == NULL) {
        log_write(node->logger, LOG_LEVEL_WARNING, "Shard %u has no event loop: %s", shard->index,
                  reason);
        return -1;
    }
    if (shard->index == 0) {
        node->backend = loop_backend(shard->loop);
        snprintf(node->backend_reason, sizeof node->backend_reason, "%s", reason);
        if (reason[0] != '\0') {
            log_write(node->logger, LOG_LEVEL_WARNING,
                      "io_uring cannot be used, going on with epoll: %s", reason);
        }
        log_write(node->logger, LOG_LEVEL_NOTICE, "Event loop: %s", loop_features(shard->loop));
    }
    return 0;
}

/* ---- Services for the rest of the room ---- */

void shard_job_add(struct shard *shard, bool (*step)(struct shard *shard, void *arg), void *arg) {
    struct job *job = mem_must(sizeof *job);

    *job = (struct job){.step = step, .arg = arg};
    if (shard->jobs_tail == NULL) {
        shard->jobs_head = job;
    } else {
        shard->jobs_tail->next = job;
    }
    shard->jobs_tail = job;
}

struct client *shard_client_find(struct shard *shard, uint64_t client_id) {
    for (struct client *client = shard->clients; client != NULL; client = client->next) {
        if (client->id == client_id && (client->flags & CLIENT_CLOSING) == 0) return client;
    }
    return NULL;
}

/* ---- The turn ---- */

static void run_jobs(struct shard *shard) {
    struct job *job = shard->jobs_head;

    shard->jobs_head = shard->jobs_tail = NULL; /* what they add comes next turn */
    while (job != NULL) {
        struct job *next = job->next;
        if (job->step(shard, job->arg)) shard_job_add(shard, job->step, job->arg);
        mem_free(job);
        job = next;
    }
}

static void end_pause(struct shard *shard) {
    uint64_t until_unix_ms = atomic_load_explicit(&shard->node->pause_until_unix_ms,
                                                  memory_order_relaxed);

    if (until_unix_ms > shard->now_unix_ms) return;
    while (shard->paused_head != NULL) {
        struct client *client = shard->paused_head;
        shard->paused_head = client->paused_next;
        client->flags &= ~(uint32_t)CLIENT_IS_PAUSED;
        if ((client->flags & CLIENT_CLOSING) != 0) {
            client_listed_no_more(client, CLIENT_IS_PAUSED);
        } else {
            client_make_ready(client);
        }
    }
}

static void flush_clients(struct shard *shard) {
    while (shard->dirty_head != NULL) {
        struct client *client = shard->dirty_head;
        shard->dirty_head = client->dirty_next;
        if (shard->dirty_head == NULL) shard->dirty_tail = NULL;
        client->flags &= ~(uint32_t)CLIENT_IS_DIRTY;
        if ((client->flags & CLIENT_CLOSING) != 0) {
            client_listed_no_more(client, CLIENT_IS_DIRTY);
        } else {
            client_flush(client);
        }
    }
}

static bool has_inbox(const struct shard *shard) {
    return atomic_load_explicit(&shard->home_inbox, memory_order_seq_cst) != 0 ||
           atomic_load_explicit(&shard->slot_inbox, memory_order_seq_cst) != 0 ||
           atomic_load_explicit(&shard->tx_attention, memory_order_seq_cst);
}

/* What waits in our own slot queues while the token is free: with lending off nobody else does it. */
static void work_on_slots(struct shard *shard) {
    if (atomic_load_explicit(&shard->slot_inbox, memory_order_relaxed) == 0 &&
        !atomic_load_explicit(&shard->tx_attention, memory_order_relaxed)) {
        return;
    }
    if (token_acquire(shard, shard)) token_release(shard, shard);
}

static int64_t sleep_ns(const struct shard *shard) {
    if (shard->ready_head != NULL || shard->jobs_head != NULL || shard->dirty_head != NULL)
        return 0;
    if ((shard->slot_out_mask | shard->home_out_mask) != 0 || shard->tx_deferred_head != NULL)
        return 0;
    if (keyspace_garbage_count(shard->keyspace) > 0) return 0;
    uint64_t until_unix_ms = shard->cron_next_unix_ms;
    if (atomic_load_explicit(&shard->node->active_expire, memory_order_relaxed)) {
        uint64_t wake_at_unix_ms = shard->node->shards_count == 1
                                       ? alarms_next_unix_ms(
                                             &shard->alarms) /* the token is always ours */
                                       : atomic_load_explicit(&shard->wake_at_unix_ms,
                                                              memory_order_relaxed);
        if (wake_at_unix_ms < until_unix_ms) until_unix_ms = wake_at_unix_ms;
    }
    if (shard->paused_head != NULL) {
        uint64_t pause_unix_ms = atomic_load_explicit(&shard->node->pause_until_unix_ms,
                                                      memory_order_relaxed);
        if (pause_unix_ms < until_unix_ms) until_unix_ms = pause_unix_ms;
    }
    uint64_t timeout_unix_ms = block_timers_next_unix_ms(&shard->block.timers);
    if (timeout_unix_ms < until_unix_ms) until_unix_ms = timeout_unix_ms;
    uint64_t now_unix_ms = clock_unix_ms();
    if (until_unix_ms <= now_unix_ms) return 0;
    uint64_t ms = until_unix_ms - now_unix_ms;
    return (int64_t)(ms < SLEEP_MS_MAX ? ms : SLEEP_MS_MAX) * 1000000;
}

static void wait_and_handle(struct shard *shard) {
    int64_t timeout_ns = sleep_ns(shard);

    if (timeout_ns > 0) {
        atomic_store_explicit(&shard->is_sleeping, true, memory_order_seq_cst);
        if (has_inbox(shard)) timeout_ns = 0;
    }
    loop_turn(shard->loop, timeout_ns);
    atomic_store_explicit(&shard->is_sleeping, false, memory_order_relaxed);
}

static void turn(struct shard *shard) {
    wait_and_handle(shard);
    shard->now_unix_ms = clock_unix_ms();
    messages_drain_home(shard);
    work_on_slots(shard);
    if (shard->tx_deferred_head != NULL) tx_retry_deferred(shard);
    for (unsigned i = 0; i < BATCHES_PER_TURN_MAX && batch_run(shard); i++) {
        if ((shard->slot_out_mask | shard->home_out_mask) != 0) messages_flush(shard);
    }
    if (shard->jobs_head != NULL) run_jobs(shard);
    expire_step(shard);
    if (shard->block.timers.count > 0) block_home_timeouts(shard);
    if (keyspace_garbage_count(shard->keyspace) > 0)
        keyspace_garbage_step(shard->keyspace, GARBAGE_PER_TURN);
    if (shard->paused_head != NULL) end_pause(shard);
    bool is_clock_set_back = shard->cron_next_unix_ms > shard->now_unix_ms + 2 * CRON_PERIOD_MS;
    if (shard->now_unix_ms >= shard->cron_next_unix_ms || is_clock_set_back) {
        cron_run(shard);
        shard->cron_next_unix_ms = shard->now_unix_ms + CRON_PERIOD_MS;
    }
    messages_flush(shard);
    flush_clients(shard);
}

void shard_run(struct shard *shard) {
    shard->now_unix_ms = clock_unix_ms();
    shard->cron_next_unix_ms = shard->now_unix_ms;
    acceptor_start(shard);
    while (atomic_load_explicit(&shard->node->stop_state, memory_order_relaxed) == NODE_RUNNING)
        turn(shard);
    flush_clients(shard); /* what is answered gets a chance to be sent */
    loop_turn(shard->loop, 0);
    acceptor_stop(shard);
}
