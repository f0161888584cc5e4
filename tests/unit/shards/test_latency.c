#include "shards/latency.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static struct latency_events events, others; /* zeroed per test: each runs in its own process */

Test(latency, samples_of_one_second_become_the_worst_of_them) {
    latency_events_add(&events, "command", 100, 5);
    latency_events_add(&events, "command", 100, 9);
    latency_events_add(&events, "command", 100, 7);
    struct latency_event *event = latency_events_find(&events, SLICE_LITERAL("COMMAND"));
    cr_assert(event != NULL);
    cr_assert(eq(sz, event->count, 1));
    cr_assert(eq(u64, latency_event_sample(event, 0)->ms, 9));
    cr_assert(eq(u64, event->ms_max, 9));
}

Test(latency, the_ring_keeps_the_newest_and_the_maximum_of_all) {
    latency_events_add(&events, "command", 1, 1000);
    for (uint64_t second = 2; second < 300; second++)
        latency_events_add(&events, "command", second, second);
    struct latency_event *event = latency_events_find(&events, SLICE_LITERAL("command"));
    cr_assert(eq(sz, event->count, LATENCY_SAMPLES_MAX));
    cr_assert(eq(u64, latency_event_sample(event, 0)->unix_seconds, 300 - LATENCY_SAMPLES_MAX));
    cr_assert(eq(u64, latency_event_sample(event, LATENCY_SAMPLES_MAX - 1)->unix_seconds, 299));
    cr_assert(eq(u64, event->ms_max, 1000));
}

Test(latency, merging_keeps_the_order_of_time) {
    latency_events_add(&events, "command", 10, 1);
    latency_events_add(&events, "command", 30, 3);
    latency_events_add(&others, "command", 20, 2);
    latency_events_add(&others, "command", 30, 8);
    latency_events_add(&others, "fast-command", 5, 4);
    latency_events_merge(&events, &others);
    struct latency_event *event = latency_events_find(&events, SLICE_LITERAL("command"));
    cr_assert(eq(sz, event->count, 3));
    cr_assert(eq(u64, latency_event_sample(event, 1)->unix_seconds, 20));
    cr_assert(eq(u64, latency_event_sample(event, 2)->ms, 8));
    cr_assert(latency_events_find(&events, SLICE_LITERAL("fast-command")) != NULL);
}

Test(latency, reset_forgets_the_named_events_only) {
    struct slice names[] = {SLICE_LITERAL("Command"), SLICE_LITERAL("nosuch")};
    latency_events_add(&events, "command", 10, 1);
    latency_events_add(&events, "fork", 10, 1);
    cr_assert(eq(sz, latency_events_reset(&events, names, 2), 1));
    cr_assert(latency_events_find(&events, SLICE_LITERAL("command")) == NULL);
    cr_assert(latency_events_find(&events, SLICE_LITERAL("fork")) != NULL);
    cr_assert(eq(sz, latency_events_reset(&events, NULL, 0), 1));
}

Test(latency, one_event_too_many_is_refused) {
    for (unsigned i = 0; i < LATENCY_EVENTS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "event%u", i);
        cr_assert(latency_events_add(&events, name, 1, 1));
    }
    cr_assert(not(latency_events_add(&events, "another", 1, 1)));
}
