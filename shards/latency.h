#pragma once
/* The samples behind LATENCY LATEST, HISTORY, GRAPH and DOCTOR: per event the last 160 seconds
 * that were slow. Each thread has its own; the commands merge them. latency_event_record()
 * (slowlog.h) fills them. */
#include "core/base.h"

enum { LATENCY_SAMPLES_MAX = 160, LATENCY_EVENTS_MAX = 32, LATENCY_NAME_BYTES_MAX = 32 };

struct latency_sample {
    uint64_t unix_seconds, ms; /* the worst of that second */
};
struct latency_event {
    char name[LATENCY_NAME_BYTES_MAX]; /* "": a free place */
    uint64_t ms_max;
    size_t next, count; /* the ring's */
    struct latency_sample samples[LATENCY_SAMPLES_MAX];
};
struct latency_events {
    struct latency_event events[LATENCY_EVENTS_MAX];
};

/* False: no place for one more event. */
bool latency_events_add(struct latency_events *events, const char *name, uint64_t unix_seconds,
                        uint64_t ms);
/* Adds all samples of one set to another, in the order of time. */
void latency_events_merge(struct latency_events *to, const struct latency_events *from);
struct latency_event *latency_events_find(struct latency_events *events,
                                          struct slice name); /* or NULL */
/* The i-th sample, oldest first. */
const struct latency_sample *latency_event_sample(const struct latency_event *event, size_t index);
/* Forgets the events of these names, any case; no name: all. Returns how many there were. */
size_t latency_events_reset(struct latency_events *events, const struct slice *names, size_t count);
