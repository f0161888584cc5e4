#include "shards/latency.h"

#include "core/mem.h"
#include "shards/shard.h"
#include "shards/slowlog.h"

struct latency_events *latency_events_new(void) {
    return mem_must_zero(sizeof(struct latency_events));
}

void latency_events_free(struct latency_events *events) {
    mem_free(events);
}

struct latency_event *latency_events_find(struct latency_events *events, struct slice name) {
    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        struct latency_event *event = &events->events[i];

        if (event->name[0] != '\0' && slice_equal_cstr_nocase(name, event->name)) return event;
    }
    return NULL;
}

static struct latency_event *find_or_add(struct latency_events *events, const char *name) {
    struct slice text = slice_from_cstr(name);
    struct latency_event *event = latency_events_find(events, text);

    SL_ASSERT(text.len > 0);
    SL_ASSERT(text.len < LATENCY_NAME_BYTES_MAX);
    if (event != NULL) return event;
    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        event = &events->events[i];
        if (event->name[0] != '\0') continue;
        *event = (struct latency_event){0};
        memcpy(event->name, name, text.len);
        return event;
    }
    return NULL;
}

const struct latency_sample *latency_event_sample(const struct latency_event *event, size_t index) {
    SL_ASSERT(index < event->count);
    return &event->samples[(event->next + LATENCY_SAMPLES_MAX - event->count + index) %
                           LATENCY_SAMPLES_MAX];
}

bool latency_events_add(struct latency_events *events, const char *name, uint64_t unix_seconds,
                        uint64_t ms) {
    struct latency_event *event = find_or_add(events, name);

    if (event == NULL) return false;
    if (ms > event->ms_max) event->ms_max = ms;
    if (event->count > 0) {
        size_t last = (event->next + LATENCY_SAMPLES_MAX - 1) % LATENCY_SAMPLES_MAX;
        struct latency_sample *sample = &event->samples[last];

        if (sample->unix_seconds == unix_seconds) {
            if (ms > sample->ms) sample->ms = ms;
            return true;
        }
    }
    event->samples[event->next] = (struct latency_sample){unix_seconds, ms};
    event->next = (event->next + 1) % LATENCY_SAMPLES_MAX;
    if (event->count < LATENCY_SAMPLES_MAX) event->count++;
    return true;
}

void latency_events_merge(struct latency_events *to, const struct latency_events *from) {
    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        const struct latency_event *event = &from->events[i];
        if (event->name[0] == '\0') continue;
        struct latency_event *target = find_or_add(to, event->name);
        if (target == NULL) return;
        struct latency_event before = *target;
        size_t a = 0, b = 0;

        target->next = target->count = 0;
        while (a < before.count || b < event->count) {
            const struct latency_sample *one = a < before.count ? latency_event_sample(&before, a)
                                                                : NULL;
            const struct latency_sample *two = b < event->count ? latency_event_sample(event, b)
                                                                : NULL;
            bool is_one = two == NULL || (one != NULL && one->unix_seconds <= two->unix_seconds);
            const struct latency_sample *next = is_one ? one : two;

            if (is_one)
                a++;
            else
                b++;
            latency_events_add(to, target->name, next->unix_seconds, next->ms);
        }
        if (event->ms_max > target->ms_max) target->ms_max = event->ms_max;
    }
}

size_t latency_events_reset(struct latency_events *events, const struct slice *names,
                            size_t count) {
    size_t found = 0;

    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        struct latency_event *event = &events->events[i];
        bool is_named = count == 0;

        if (event->name[0] == '\0') continue;
        for (size_t j = 0; j < count; j++)
            is_named |= slice_equal_cstr_nocase(names[j], event->name);
        if (!is_named) continue;
        event->name[0] = '\0';
        found++;
    }
    return found;
}

void latency_event_record(struct shard *shard, const char *event, uint64_t duration_ms) {
    int64_t threshold_ms = shard->config->latency_monitor_threshold;

    if (threshold_ms <= 0 || duration_ms < (uint64_t)threshold_ms) return;
    latency_events_add(shard->latency_events, event, shard->now_unix_ms / 1000, duration_ms);
}
