/* Four shards on four threads, clients on each, no sleep and no socket: what must hold of any
 * interleaving. The same under ThreadSanitizer is what shows that slots are handed over and
 * never shared. */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/shards/node_world.h"

enum { SHARDS_COUNT = 4, CLIENTS_PER_SHARD = 3, ROUNDS_COUNT = 1500 };

struct storm {
    struct world world;
    bool has_flushes;
    uint32_t seed;
    _Atomic unsigned done_count; /* threads whose clients are through */
    _Atomic uint64_t increments_count;
};

enum round_kind {
    ROUND_SET_ALL, /* one value to a key of each shard, at once */
    ROUND_GET_ALL, /* sees one value */
    ROUND_OWN, /* sees its own write of one key */
    ROUND_OWN_MANY, /* sees its own write of two keys of one shard, of which others reserve one */
    ROUND_INCREMENT,
    ROUND_DELETE, /* several keys over several shards, with singles around it */
    ROUND_FLUSH,
    ROUND_KINDS_COUNT,
};

struct storm_client {
    struct client *client;
    enum round_kind kind;
    unsigned rounds_left, number;
    uint32_t value;
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

static void send_round(struct storm_thread *thread, struct storm_client *client) {
    struct storm *storm = thread->storm;
    char(*keys)[WORLD_KEYS_COUNT][WORLD_KEY_BYTES] = storm->world.keys;
    uint32_t random = random_next(&thread->seed),
             value = random_next(&thread->seed) % 900000 + 100000;
    unsigned shard_index = random / 64 % SHARDS_COUNT;

    client->value = value;
    client->kind = random % ROUND_FLUSH;
    if (storm->has_flushes && random_next(&thread->seed) % 40 == 0) client->kind = ROUND_FLUSH;
    switch (client->kind) {
    case ROUND_SET_ALL:
        world_sendf(client->client, "MSET %s %u %s %u %s %u %s %u", keys[0][0], value, keys[1][0],
                    value, keys[2][0], value, keys[3][0], value);
        break;
    case ROUND_GET_ALL:
        world_sendf(client->client, "MGET %s %s %s %s", keys[2][0], keys[0][0], keys[3][0],
                    keys[1][0]);
        break;
    case ROUND_OWN: /* on any shard: the name decides */
        world_sendf(client->client, "SET own%u:%u %u\nGET own%u:%u", client->number, shard_index,
                    value, client->number, shard_index);
        break;
    case ROUND_OWN_MANY: {
        const char *shared = keys[shard_index][1], *tag = keys[shard_index][2];
        world_sendf(client->client, "MSET %s %u {%s}%u %u\nGET {%s}%u", shared, value, tag,
                    client->number, value, tag, client->number);
        break;
    }
    case ROUND_INCREMENT:
        world_sendf(client->client, "INCR %s\nINCR %s", keys[shard_index][3],
                    keys[(shard_index + 1) % SHARDS_COUNT][3]);
        break;
    case ROUND_DELETE:
        world_sendf(client->client, "SET %s x\nDEL %s %s %s\nPING", keys[shard_index][4],
                    keys[0][1], keys[1][1], keys[shard_index][4]);
        break;
    case ROUND_FLUSH: world_send(client->client, "FLUSHALL"); break;
    case ROUND_KINDS_COUNT: break;
    }
}

static void check_round(struct storm_thread *thread, struct storm_client *client) {
    struct storm *storm = thread->storm;
    const char *replies = world_replies(client->client, thread->text);
    char expected[256] = "";
    bool is_good = true;

    switch (client->kind) {
    case ROUND_SET_ALL:
    case ROUND_FLUSH: is_good = strcmp(replies, "+OK\r\n") == 0; break;
    case ROUND_GET_ALL: {
        unsigned values[SHARDS_COUNT];
        is_good = strcmp(replies, "*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n") == 0 ||
                  (sscanf(replies, "*4\r\n$6\r\n%u\r\n$6\r\n%u\r\n$6\r\n%u\r\n$6\r\n%u\r\n",
                          &values[0], &values[1], &values[2], &values[3]) == 4 &&
                   values[0] == values[1] && values[1] == values[2] && values[2] == values[3]);
        break;
    }
    case ROUND_OWN:
    case ROUND_OWN_MANY:
        (void)snprintf(expected, sizeof expected, "+OK\r\n$6\r\n%u\r\n", client->value);
        is_good = strcmp(replies, expected) == 0 ||
                  (storm->has_flushes && strcmp(replies, "+OK\r\n$-1\r\n") == 0);
        break;
    case ROUND_INCREMENT: {
        unsigned first, second;
        is_good = sscanf(replies, ":%u\r\n:%u\r\n", &first, &second) == 2;
        atomic_fetch_add(&storm->increments_count, 2);
        break;
    }
    case ROUND_DELETE: {
        unsigned count = 9;
        is_good = sscanf(replies, "+OK\r\n:%u\r\n+PONG\r\n", &count) == 1 && count <= 3;
        break;
    }
    case ROUND_KINDS_COUNT: break;
    }
    if (!is_good)
        cr_fatal("seed %u, client %u, kind %d: \"%s\"", storm->seed, client->number, client->kind,
                 replies);
}

static void *run_thread(void *arg) {
    struct storm_thread *thread = arg;
    struct storm *storm = thread->storm;
    struct shard *shard = storm->world.shards[thread->index];
    struct storm_client clients[CLIENTS_PER_SHARD];
    unsigned busy_count = CLIENTS_PER_SHARD;

    for (unsigned i = 0; i < CLIENTS_PER_SHARD; i++) {
        clients[i] = (struct storm_client){.client = world_client(shard),
                                           .rounds_left = ROUNDS_COUNT,
                                           .number = thread->index * CLIENTS_PER_SHARD + i};
        send_round(thread, &clients[i]);
    }
    while (atomic_load(&storm->done_count) < SHARDS_COUNT) { /* the others need us to the end */
        world_turn(shard);
        for (unsigned i = 0; i < CLIENTS_PER_SHARD; i++) {
            struct storm_client *client = &clients[i];
            bool is_answered = client->client->pending_head == NULL &&
                               client->client->in_len == 0 && !client_is_waiting(client->client);
            if (client->rounds_left == 0 || !is_answered) continue;
            check_round(thread, client);
            if (--client->rounds_left > 0) {
                send_round(thread, client);
            } else if (--busy_count == 0) {
                atomic_fetch_add(&storm->done_count, 1);
            }
        }
        sched_yield();
    }
    for (unsigned i = 0; i < CLIENTS_PER_SHARD; i++) world_client_free(clients[i].client);
    return NULL;
}

static void storm_run(bool may_lend, bool has_flushes, uint32_t seed) {
    struct storm *storm = mem_must_zero(sizeof *storm);
    struct storm_thread *threads = mem_must_zero(SHARDS_COUNT * sizeof *threads);
    uint64_t counted = 0;

    storm->has_flushes = has_flushes;
    storm->seed = seed;
    world_init(&storm->world, SHARDS_COUNT, may_lend);
    for (unsigned i = 0; i < SHARDS_COUNT; i++) {
        threads[i].storm = storm;
        threads[i].index = i;
        threads[i].seed = seed + i;
        cr_assert(eq(int, pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]), 0));
    }
    for (unsigned i = 0; i < SHARDS_COUNT; i++) pthread_join(threads[i].thread, NULL);
    world_settle(&storm->world);
    struct client *client = world_client(storm->world.shards[0]);
    for (unsigned i = 0; i < SHARDS_COUNT && !has_flushes; i++) {
        unsigned count = 0, len = 0;
        const char *reply = world_ask(&storm->world, client, threads[0].text, "GET %s",
                                      storm->world.keys[i][3]);
        cr_assert(sscanf(reply, "$%u\r\n%u\r\n", &len, &count) == 2);
        counted += count;
    }
    if (!has_flushes)
        cr_assert(eq(u64, counted, atomic_load(&storm->increments_count)), "seed %u", seed);
    world_client_free(client);
    world_deinit(&storm->world);
    mem_free(threads);
    mem_free(storm);
}

Test(tx_threads, many_keys_are_seen_as_one_and_nothing_is_lost, .timeout = 200) {
    storm_run(true, false, 1);
}

Test(tx_threads, the_same_without_lending, .timeout = 200) {
    storm_run(false, false, 2);
}

Test(tx_threads, a_flush_leaves_no_half_of_anything, .timeout = 200) {
    storm_run(true, true, 3);
}

Test(tx_threads, a_flush_leaves_no_half_of_anything_without_lending, .timeout = 200) {
    storm_run(false, true, 4);
}
