#include "shards/spsc.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct numbered {
    struct msg msg;
    uint64_t number;
};

static struct spsc *queue_new(void) {
    struct spsc *queue = aligned_alloc(64, sizeof *queue);
    spsc_init(queue);
    return queue;
}

Test(spsc, what_goes_in_first_comes_out_first) {
    struct spsc *queue = queue_new();
    struct numbered messages[SPSC_SLOTS_COUNT];

    cr_assert(spsc_pop(queue) == NULL);
    for (size_t i = 0; i < 100; i++) cr_assert(spsc_push(queue, &messages[i].msg));
    for (size_t i = 0; i < 100; i++) cr_assert(spsc_pop(queue) == &messages[i].msg);
    cr_assert(spsc_pop(queue) == NULL);
    free(queue);
}

Test(spsc, a_full_queue_refuses_and_loses_nothing) {
    struct spsc *queue = queue_new();
    struct numbered messages[SPSC_SLOTS_COUNT], extra;

    for (size_t i = 0; i < SPSC_SLOTS_COUNT; i++) cr_assert(spsc_push(queue, &messages[i].msg));
    cr_assert(not(spsc_push(queue, &extra.msg)));
    cr_assert(not(spsc_push(queue, &extra.msg)));
    cr_assert(spsc_pop(queue) == &messages[0].msg);
    cr_assert(spsc_push(queue, &extra.msg)); /* room for exactly one */
    cr_assert(not(spsc_push(queue, &messages[0].msg)));
    for (size_t i = 1; i < SPSC_SLOTS_COUNT; i++) cr_assert(spsc_pop(queue) == &messages[i].msg);
    cr_assert(spsc_pop(queue) == &extra.msg);
    cr_assert(spsc_pop(queue) == NULL);
    free(queue);
}

/* they are 32 bits and only grow: some days of a busy queue */
Test(spsc, indexes_may_wrap_around) {
    struct spsc *queue = queue_new();
    struct numbered messages[SPSC_SLOTS_COUNT];
    const uint32_t start = UINT32_MAX - 100;

    atomic_store(&queue->head, start);
    atomic_store(&queue->tail, start);
    queue->head_seen = queue->tail_seen = start;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < SPSC_SLOTS_COUNT; i++) cr_assert(spsc_push(queue, &messages[i].msg));
        cr_assert(not(spsc_push(queue, &messages[0].msg)));
        for (size_t i = 0; i < SPSC_SLOTS_COUNT; i++)
            cr_assert(spsc_pop(queue) == &messages[i].msg);
        cr_assert(spsc_pop(queue) == NULL);
    }
    free(queue);
}

Test(spsc, a_chain_is_one_push_and_arrives_whole) {
    struct spsc *queue = queue_new();
    struct numbered messages[3] = {{.msg = {.next = &messages[1].msg, .kind = 1}, .number = 0},
                                   {.msg = {.next = &messages[2].msg, .kind = 2}, .number = 1},
                                   {.msg = {.next = NULL, .kind = 3}, .number = 2}};
    struct numbered single = {.msg = {.kind = 9}};

    cr_assert(spsc_push(queue, &messages[0].msg));
    cr_assert(spsc_push(queue, &single.msg));
    struct msg *chain = spsc_pop(queue);
    for (size_t i = 0; i < 3; i++, chain = chain->next) {
        cr_assert(chain == &messages[i].msg);
        cr_assert(eq(u8, chain->kind, (uint8_t)(i + 1)));
    }
    cr_assert(chain == NULL);
    cr_assert(spsc_pop(queue) == &single.msg);
    cr_assert(spsc_pop(queue) == NULL);
    free(queue);
}

/* Against a plain array, pushes and pops mixed by a fixed seed. */
Test(spsc, any_mix_of_pushes_and_pops_behaves_as_a_list) {
    struct spsc *queue = queue_new();
    static struct numbered messages[4096];
    size_t pushed = 0, popped = 0;
    uint32_t seed = 20;

    for (int step = 0; step < 1000000; step++) {
        seed = seed * 1664525u + 1013904223u;
        bool tends_to_fill = step / 5000 % 2 == 0;
        if ((seed >> 24) < (tends_to_fill ? 150u : 106u)) {
            bool was_taken = spsc_push(queue, &messages[pushed % ARRAY_COUNT(messages)].msg);
            cr_assert(was_taken == (pushed - popped < SPSC_SLOTS_COUNT));
            pushed += was_taken;
        } else {
            struct msg *msg = spsc_pop(queue);
            cr_assert(msg ==
                      (pushed == popped ? NULL : &messages[popped % ARRAY_COUNT(messages)].msg));
            popped += msg != NULL;
        }
    }
    cr_assert(pushed > 100000);
    free(queue);
}

/* ---- Two threads ---- */

/* the ring is larger than what can be under way */
enum { MESSAGES_COUNT = 1000000, RING_COUNT = 1024 };

struct race {
    struct spsc *queue;
    struct numbered *ring;
    _Atomic uint64_t taken_count; /* the writer may use again what the reader has done with */
};

/* Chains of one to four messages, numbered. */
static void *write_all(void *arg) {
    struct race *race = arg;
    uint64_t number = 0;

    while (number < MESSAGES_COUNT) {
        uint64_t count = 1 + number % 4, first = number;
        if (count > MESSAGES_COUNT - number) count = MESSAGES_COUNT - number;
        while (first + count - atomic_load_explicit(&race->taken_count, memory_order_acquire) >
               RING_COUNT)
            sched_yield();
        for (uint64_t i = 0; i < count; i++) {
            struct numbered *message = &race->ring[(first + i) % RING_COUNT];
            message->number = first + i;
            message->msg.kind = (uint8_t)(first + i);
            message->msg.next = i + 1 < count ? &race->ring[(first + i + 1) % RING_COUNT].msg
                                              : NULL;
        }
        while (!spsc_push(race->queue, &race->ring[first % RING_COUNT].msg)) sched_yield();
        number += count;
    }
    return NULL;
}

Test(spsc, a_million_messages_cross_two_threads_whole_and_in_order) {
    struct race race = {.queue = queue_new(), .ring = calloc(RING_COUNT, sizeof *race.ring)};
    pthread_t writer;
    uint64_t expected = 0;

    cr_assert(eq(int, pthread_create(&writer, NULL, write_all, &race), 0));
    while (expected < MESSAGES_COUNT) {
        struct msg *chain = spsc_pop(race.queue);
        if (chain == NULL) {
            sched_yield();
            continue;
        }
        for (struct msg *next; chain != NULL; chain = next) {
            struct numbered *message = CONTAINER_OF(chain, struct numbered, msg);
            next = chain->next;
            if (message->number != expected || chain->kind != (uint8_t)expected) {
                cr_fatal("message %lu came as number %lu", (unsigned long)message->number,
                         (unsigned long)expected);
            }
            expected++;
        }
        atomic_store_explicit(&race.taken_count, expected, memory_order_release);
    }
    pthread_join(writer, NULL);
    cr_assert(spsc_pop(race.queue) == NULL);
    free(race.ring);
    free(race.queue);
}
