/* Four shards on four threads, clients that push, pop, move, give up and are unblocked, all at
 * once: each element goes to exactly one of them, and nobody is left waiting for a key that has
 * some. The same under ThreadSanitizer. */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/shards/block_world.h"

enum { SHARDS_COUNT = 4, POPPERS_PER_SHARD = 4, ROUNDS_COUNT = 2500, HOT_KEYS_COUNT = 3 };

struct storm {
    struct world world;
    uint32_t seed;
    _Atomic unsigned pushing_count; /* threads that still push */
    _Atomic unsigned draining_count; /* threads with clients that are not through */
    _Atomic uint64_t pushed, popped, timeouts, unblocked, moved;
};

struct storm_thread {
    struct storm *storm;
    unsigned index;
    uint32_t seed;
    pthread_t thread;
    char text[WORLD_TEXT_BYTES];
};

static uint32_t random_next(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static const char *random_key(struct storm_thread *thread) {
    uint32_t random = random_next(&thread->seed);
    return thread->storm->world.keys[random % SHARDS_COUNT][random / SHARDS_COUNT % HOT_KEYS_COUNT];
}

static void send_pop(struct storm_thread *thread, struct client *client) {
    uint32_t random = random_next(&thread->seed);
    unsigned long long deadline = 0;

    if (random % 8 == 0) deadline = clock_unix_ms() + random / 8 % 4;
    switch (random / 64 % 4) {
    case 0: world_sendf(client, "tpop %s %llu", random_key(thread), deadline); break;
    case 1:
        world_sendf(client, "tpop %s %s %s %llu", random_key(thread), random_key(thread),
                    random_key(thread), deadline);
        break;
    case 2:
        world_sendf(client, "tpop %s %s %llu", random_key(thread), random_key(thread), deadline);
        break;
    case 3:
        world_sendf(client, "tmove %s %s %llu", random_key(thread), random_key(thread), deadline);
        break;
    }
}

static void count_reply(struct storm_thread *thread, struct client *client) {
    struct storm *storm = thread->storm;
    const char *reply = world_replies(client, thread->text);

    if (strncmp(reply, "*2\r\n", 4) == 0) {
        atomic_fetch_add(&storm->popped, 1);
    } else if (strcmp(reply, "$1\r\nx\r\n") == 0) {
        atomic_fetch_add(&storm->moved, 1);
    } else if (strcmp(reply, "*-1\r\n") == 0 || strcmp(reply, "$-1\r\n") == 0) {
        atomic_fetch_add(&storm->timeouts, 1);
    } else if (strncmp(reply, "-UNBLOCKED", 10) == 0) {
        atomic_fetch_add(&storm->unblocked, 1);
    } else {
        cr_fatal("seed %u: \"%s\"", storm->seed, reply);
    }
}

static bool is_answered(const struct client *client) {
    return client->pending_head == NULL && client->in_len == 0 && !client_is_waiting(client);
}

static void *run_thread(void *arg) {
    struct storm_thread *thread = arg;
    struct storm *storm = thread->storm;
    struct shard *shard = storm->world.shards[thread->index];
    struct client *pusher = world_client(shard), *poppers[POPPERS_PER_SHARD];
    unsigned pushes_left = ROUNDS_COUNT;
    bool is_drained = false;

    for (unsigned i = 0; i < POPPERS_PER_SHARD; i++) {
        poppers[i] = world_client(shard);
        send_pop(thread, poppers[i]);
    }
    while (atomic_load(&storm->draining_count) > 0) { /* the others need us to the end */
        world_turn(shard);
        block_home_timeouts(shard);
        bool are_pushing = atomic_load(&storm->pushing_count) > 0, is_any_busy = false;
        for (unsigned i = 0; i < POPPERS_PER_SHARD; i++) {
            struct client *client = poppers[i];
            bool is_unlucky = client->waiter != NULL &&
                              (!are_pushing || random_next(&thread->seed) % 512 == 0);
            if (is_unlucky) block_home_try_end(shard, client->waiter, BLOCK_END_ERROR);
            if (!is_answered(client)) {
                is_any_busy = true;
            } else if (client->out.bytes > 0) {
                count_reply(thread, client);
                if (are_pushing) send_pop(thread, client);
            }
        }
        if (pushes_left > 0 && is_answered(pusher)) {
            (void)world_replies(pusher, thread->text);
            uint32_t count = 1 + random_next(&thread->seed) % 3;
            world_sendf(pusher, "tpush %s %.*s", random_key(thread), (int)count, "xxx");
            atomic_fetch_add(&storm->pushed, count);
            if (--pushes_left == 0) atomic_fetch_sub(&storm->pushing_count, 1);
        }
        bool is_through = pushes_left == 0 && !are_pushing && !is_any_busy && is_answered(pusher);
        if (is_through && !is_drained) {
            is_drained = true;
            atomic_fetch_sub(&storm->draining_count, 1);
        }
        sched_yield();
    }
    world_turn(shard); /* who was answered last is still in the ready list */
    (void)world_replies(pusher, thread->text);
    world_client_free(pusher);
    for (unsigned i = 0; i < POPPERS_PER_SHARD; i++) world_client_free(poppers[i]);
    return NULL;
}

static void storm_run(bool may_lend, uint32_t seed) {
    struct storm *storm = mem_must_zero(sizeof *storm);
    struct storm_thread *threads = mem_must_zero(SHARDS_COUNT * sizeof *threads);
    uint64_t left = 0;

    storm->seed = seed;
    block_world_init(&storm->world, SHARDS_COUNT, may_lend);
    atomic_store(&storm->pushing_count, SHARDS_COUNT);
    atomic_store(&storm->draining_count, SHARDS_COUNT);
    for (unsigned i = 0; i < SHARDS_COUNT; i++) {
        threads[i].storm = storm;
        threads[i].index = i;
        threads[i].seed = seed + i;
        cr_assert(eq(int, pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]), 0));
    }
    for (unsigned i = 0; i < SHARDS_COUNT; i++) pthread_join(threads[i].thread, NULL);
    world_settle(&storm->world);
    struct client *client = world_client(storm->world.shards[0]);
    for (unsigned i = 0; i < SHARDS_COUNT * HOT_KEYS_COUNT; i++) {
        unsigned len = 0;
        const char *reply = world_ask(&storm->world, client, threads[0].text, "STRLEN %s",
                                      storm->world.keys[i % SHARDS_COUNT][i / SHARDS_COUNT]);
        cr_assert(sscanf(reply, ":%u\r\n", &len) == 1);
        left += len;
    }
    cr_assert(eq(u64, atomic_load(&storm->popped) + left, atomic_load(&storm->pushed)),
              "seed %u, %llu left", seed, (unsigned long long)left);
    cr_assert(atomic_load(&storm->moved) > 0 && atomic_load(&storm->timeouts) > 0 &&
              atomic_load(&storm->unblocked) > 0);
    world_client_free(client);
    block_world_deinit(&storm->world);
    mem_free(threads);
    mem_free(storm);
}

Test(block_threads, each_element_goes_to_one_client, .timeout = 200) {
    storm_run(true, 1);
}

Test(block_threads, the_same_without_lending, .timeout = 200) {
    storm_run(false, 2);
}
