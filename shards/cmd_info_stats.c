/* cmd_info_stats.c - INFO: what was counted, summed over the threads; by command, by error, by
 * shard. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shards/cmd_info_parts.h"

struct counter {
    const char *field;
    size_t offset;
};
#define COUNTER(field, member) \
    { field, offsetof(struct shard_stats, member) }

static void print_counters(const struct info *info, const struct counter *counters, size_t count) {
    for (size_t i = 0; i < count; i++)
        text_print(info->text, "%s:%" PRIu64 "\r\n", counters[i].field,
                   info_sum(info->node, counters[i].offset));
}

static double kilobytes(const _Atomic uint64_t *bytes) {
    return (double)atomic_load(bytes) / 1024;
}

void info_stats(const struct info *info) {
    const struct node *node = info->node;
    const struct sampler *sampler = &node->sampler;
    struct text *text = info->text;
    uint64_t lag_ms_max = 0, sends = 0, turns = 0;
    static const struct counter first[] = {
        COUNTER("total_connections_received", connections_accepted),
        COUNTER("total_commands_processed", commands_processed),
    };
    static const struct counter keys[] = {
        COUNTER("expired_keys", commands.expired_keys),
        COUNTER("expired_subkeys", commands.expired_subkeys),
    };
    static const struct counter hits[] = {
        COUNTER("keyspace_hits", commands.keyspace_hits),
        COUNTER("keyspace_misses", commands.keyspace_misses),
    };
    static const struct counter last[] = {
        COUNTER("total_error_replies", errors_replied),
        COUNTER("client_query_buffer_limit_disconnections",
                client_query_buffer_limit_disconnections),
        COUNTER("client_output_buffer_limit_disconnections",
                client_output_buffer_limit_disconnections),
        COUNTER("requests_local", requests_local),
        COUNTER("requests_lent", requests_lent),
        COUNTER("requests_messaged", requests_messaged),
        COUNTER("tx_direct", tx_direct),
        COUNTER("tx_reserved", tx_reserved),
        COUNTER("token_waits", token_waits),
    };

    for (unsigned i = 0; i < node->shards_count; i++) {
        const struct shard *shard = node->shards[i];
        uint64_t lag_ms = stat_read(&shard->stats.expire_lag_ms_max);
        struct loop_stats loop = {0};

        if (lag_ms > lag_ms_max) lag_ms_max = lag_ms;
        if (shard->loop != NULL) loop_stats_read(shard->loop, &loop);
        sends += loop.sends_count;
        turns += loop.turns_count;
    }
    print_counters(info, first, ARRAY_COUNT(first));
    text_print(text,
               "instantaneous_ops_per_sec:%" PRIu64 "\r\ntotal_net_input_bytes:%" PRIu64
               "\r\ntotal_net_output_bytes:%" PRIu64
               "\r\ntotal_net_repl_input_bytes:0\r\ntotal_net_repl_output_bytes:0\r\n"
               "instantaneous_input_kbps:%.2f\r\ninstantaneous_output_kbps:%.2f\r\n"
               "instantaneous_input_repl_kbps:0.00\r\ninstantaneous_output_repl_kbps:0.00\r\n"
               "rejected_connections:%" PRIu64 "\r\nsync_full:0\r\nsync_partial_ok:0\r\n"
               "sync_partial_err:0\r\n",
               stat_read(&sampler->commands.mean), sampler_bytes_in(node), sampler_bytes_out(node),
               kilobytes(&sampler->bytes_in.mean), kilobytes(&sampler->bytes_out.mean),
               stat_read(&node->clients_rejected_count) - stat_read(&sampler->base_rejected));
    print_counters(info, keys, ARRAY_COUNT(keys));
    text_print(text,
               "expired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\n"
               "expire_cycle_cpu_milliseconds:0\r\nexpire_lag_ms_max:%" PRIu64
               "\r\nevicted_keys:0\r\nevicted_clients:0\r\ntotal_eviction_exceeded_time:0\r\n"
               "current_eviction_exceeded_time:0\r\n",
               lag_ms_max);
    print_counters(info, hits, ARRAY_COUNT(hits));
    text_print(text,
               "pubsub_channels:0\r\npubsub_patterns:0\r\npubsubshard_channels:0\r\n"
               "latest_fork_usec:0\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\n"
               "slave_expires_tracked_keys:0\r\nactive_defrag_hits:0\r\nactive_defrag_misses:0\r\n"
               "active_defrag_key_hits:0\r\nactive_defrag_key_misses:0\r\n"
               "total_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n"
               "tracking_total_keys:0\r\ntracking_total_items:0\r\ntracking_total_prefixes:0\r\n"
               "unexpected_error_replies:0\r\ndump_payload_sanitizations:0\r\n"
               "total_writes_processed:%" PRIu64
               "\r\nio_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\n"
               "reply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\neventloop_cycles:%" PRIu64
               "\r\n",
               sends, turns);
    print_counters(info, last, ARRAY_COUNT(last));
}

/* Shard by shard: who is busy, who works for whom. */
void info_shards(const struct info *info) {
    for (unsigned i = 0; i < info->node->shards_count; i++) {
        const struct shard *shard = info->node->shards[i];
        const struct shard_stats *stats = &shard->stats;
        const struct info_part *part = &info->parts[i];
        struct loop_stats loop = {0};

        if (shard->loop != NULL) loop_stats_read(shard->loop, &loop);
        text_print(info->text,
                   "shard%u:processor=%d,clients=%u,commands=%" PRIu64 ",local=%" PRIu64
                   ",lent=%" PRIu64 ",messaged=%" PRIu64 ",token_waits=%" PRIu64 ",turns=%" PRIu64
                   ",syscalls=%" PRIu64 ",user_usec=%" PRIu64 ",sys_usec=%" PRIu64 "\r\n",
                   i, shard->thread_processor, atomic_load(&shard->clients_count),
                   stat_read(&stats->commands_processed), stat_read(&stats->requests_local),
                   stat_read(&stats->requests_lent), stat_read(&stats->requests_messaged),
                   stat_read(&stats->token_waits), loop.turns_count, loop.syscalls_count,
                   part->user_us, part->system_us);
    }
}

static uint64_t cmd_sum(const struct node *node, size_t cmd_index, size_t offset) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < node->shards_count; i++) {
        const char *cmd = (const char *)&node->shards[i]->stats.cmds[cmd_index];
        sum += stat_read((const _Atomic uint64_t *)(const void *)(cmd + offset));
    }
    return sum;
}

void info_commandstats(const struct info *info) {
    const struct cmd_table *table = info->node->cmds;

    for (size_t i = 0; i < cmd_table_count(table); i++) {
        uint64_t calls = cmd_sum(info->node, i, offsetof(struct cmd_stats, calls));
        uint64_t us = cmd_sum(info->node, i, offsetof(struct cmd_stats, ns)) / 1000;
        uint64_t rejected = cmd_sum(info->node, i, offsetof(struct cmd_stats, rejected));
        uint64_t failed = cmd_sum(info->node, i, offsetof(struct cmd_stats, failed));

        if (calls + rejected + failed == 0) continue;
        text_print(info->text,
                   "cmdstat_%s:calls=%" PRIu64 ",usec=%" PRIu64
                   ",usec_per_call=%.2f,rejected_calls=%" PRIu64 ",failed_calls=%" PRIu64 "\r\n",
                   cmd_table_at(table, i)->fullname, calls, us,
                   calls > 0 ? (double)us / (double)calls : 0, rejected, failed);
    }
}

/* ---- Errors: each thread has its own list of codes ---- */

struct error_sum {
    const char *code;
    uint64_t count;
};

static int compare_codes(const void *a, const void *b) {
    return strcmp(((const struct error_sum *)a)->code, ((const struct error_sum *)b)->code);
}

void info_errorstats(const struct info *info) {
    const struct node *node = info->node;
    struct error_sum sums[ERROR_CODES_MAX];
    size_t sums_count = 0;

    for (unsigned i = 0; i < node->shards_count; i++) {
        const struct shard_stats *stats = &node->shards[i]->stats;
        uint32_t count = atomic_load_explicit(&stats->errors_count, memory_order_acquire);

        for (uint32_t j = 0; j < count; j++) {
            const struct error_stats *error = &stats->errors[j];
            size_t at = 0;

            while (at < sums_count && strcmp(sums[at].code, error->code) != 0) at++;
            if (at == ERROR_CODES_MAX) continue;
            if (at == sums_count) sums[sums_count++] = (struct error_sum){error->code, 0};
            sums[at].count += stat_read(&error->count);
        }
    }
    qsort(sums, sums_count, sizeof sums[0], compare_codes);
    for (size_t i = 0; i < sums_count; i++) {
        if (sums[i].count > 0)
            text_print(info->text, "errorstat_%s:count=%" PRIu64 "\r\n", sums[i].code,
                       sums[i].count);
    }
}

/* ---- Percentiles ---- */

void info_latencystats(const struct info *info) {
    const struct config_percentiles *percentiles = &info->config->latency_tracking_info_percentiles;
    const struct cmd_table *table = info->node->cmds;

    if (!info->config->latency_tracking) return;
    for (size_t i = 0; i < cmd_table_count(table); i++) {
        uint64_t sum[HISTOGRAM_BUCKETS] = {0}, total = 0;

        for (unsigned j = 0; j < info->node->shards_count; j++) {
            const struct histogram *histogram = atomic_load(
                &info->node->shards[j]->stats.cmds[i].histogram);
            if (histogram != NULL) histogram_add(sum, histogram);
        }
        for (unsigned j = 0; j < HISTOGRAM_BUCKETS; j++) total += sum[j];
        if (total == 0) continue;
        text_print(info->text, "latency_percentiles_usec_%s:", cmd_table_at(table, i)->fullname);
        for (size_t j = 0; j < percentiles->count; j++) {
            double percentile = percentiles->items[j];
            text_print(info->text, "%sp%.10g=%.3f", j > 0 ? "," : "", percentile,
                       (double)histogram_percentile_ns(sum, percentile) / 1000);
        }
        text_append(info->text, "\r\n", 2);
    }
}
