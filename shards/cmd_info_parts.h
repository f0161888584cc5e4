#pragma once
/* What the files of INFO share: each section is a function that prints its lines. */
#include <sys/time.h>

#include "shards/shard.h"
#include "shards/text.h"

/* What only a shard's own thread can tell. */
struct info_part {
    size_t clients_bytes; /* memory of its connections */
    size_t input_bytes_max, output_bytes_max;
    size_t timeouts_count; /* blocked clients that wait for so long only */
    uint64_t user_us, system_us; /* the thread's processor time */
};

struct info {
    const struct node *node;
    const struct config *config;
    const struct info_part *parts; /* [node->shards_count] */
    uint64_t now_unix_ms, now_mono_ns;
    unsigned db;
    struct text *text;
};

/* Sum of a counter over all threads; offset of an _Atomic uint64_t in struct shard_stats. */
uint64_t info_sum(const struct node *node, size_t offset);
size_t info_clients_bytes(const struct info *info);
size_t info_resident_bytes(void);
size_t info_overhead_bytes(const struct info *info); /* memory that is not keys and values */
int64_t info_keys_count(const struct node *node, unsigned db);
int64_t info_expires_count(const struct node *node, unsigned db);

void info_server(const struct info *info);
void info_clients(const struct info *info);
void info_memory(const struct info *info);
void info_persistence(const struct info *info);
void info_replication(const struct info *info);
void info_cpu(const struct info *info);
void info_modules(const struct info *info);
void info_cluster(const struct info *info);
void info_keyspace(const struct info *info);
void info_stats(const struct info *info);
void info_shards(const struct info *info);
void info_commandstats(const struct info *info);
void info_errorstats(const struct info *info);
void info_latencystats(const struct info *info);
