#pragma once
/* Commands that took long: each thread keeps its own ring of them; SLOWLOG GET merges. Ids are
 * the node's. */
#include "core/cmd.h"

struct shard;
struct slowlog;
struct slowlog_entry {
    uint64_t id, unix_seconds, duration_us;
    struct slice *args; /* cut as Redis does: at most 32 arguments of 128 bytes */
    size_t args_count;
    char client_address[128];
    char client_name[128];
};
struct slowlog *slowlog_new(void);
void slowlog_free(struct slowlog *slowlog);
/* After a command (hot path does the threshold comparison itself). client may be NULL. */
struct client;
void slowlog_record(struct shard *shard, const struct client *client, const struct slice *args,
                    size_t args_count, uint64_t duration_ns);
void slowlog_reset(struct slowlog *slowlog);

struct latency_events;
struct latency_events *latency_events_new(void);
void latency_events_free(struct latency_events *events);
/* LATENCY HISTORY's event classes ("command", "fast-command", "expire-cycle", ...): recorded
 * when over latency-monitor-threshold (ms). */
void latency_event_record(struct shard *shard, const char *event, uint64_t duration_ms);
