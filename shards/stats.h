#pragma once
/* What one thread counts. Written by that thread alone (relaxed stores), read by any (INFO sums
 * over the shards): no cache line is written by two threads. */
#include <stdalign.h>
#include <stdatomic.h>

#include "core/cmd.h"

/* Durations in a log-linear histogram: 16 sub-buckets per power of two, 1 ns .. some 17 s; error
 * at most 1/16. */
enum { HISTOGRAM_BUCKETS = 16 + 30 * 16 };
struct histogram {
    _Atomic uint32_t counts[HISTOGRAM_BUCKETS];
};
void histogram_record(struct histogram *histogram, uint64_t ns);
uint64_t histogram_bucket_upper_ns(unsigned bucket); /* the highest value that falls into it */
/* Adds from to sum (plain counts). */
void histogram_add(uint64_t sum[HISTOGRAM_BUCKETS], const struct histogram *from);
uint64_t histogram_percentile_ns(const uint64_t sum[HISTOGRAM_BUCKETS], double percentile);

struct cmd_stats {
    _Atomic uint64_t calls, ns, rejected, failed;
    struct histogram *_Atomic histogram; /* made at the first call when latency-tracking is on */
};

enum { ERROR_CODES_MAX = 128 };
struct error_stats {
    char code[32];
    _Atomic uint64_t count;
};

struct shard_stats {
    struct cmd_counters commands; /* hits, misses, expired, dirty */
    _Atomic uint64_t requests_local, requests_lent, requests_messaged;
    /* multi-shard commands: all tokens at once; by reservation */
    _Atomic uint64_t tx_direct, tx_reserved;
    _Atomic uint64_t token_waits; /* our own token was lent when we wanted it */
    _Atomic uint64_t connections_accepted, commands_processed, errors_replied;
    _Atomic uint64_t client_query_buffer_limit_disconnections,
        client_output_buffer_limit_disconnections;
    _Atomic uint64_t expire_lag_ms_max; /* how late active expiry ever was */
    struct cmd_stats *cmds; /* [cmd_table_count] */
    size_t cmds_count;
    struct error_stats errors[ERROR_CODES_MAX];
    _Atomic uint32_t errors_count; /* codes seen */
};

static inline void stat_add(_Atomic uint64_t *counter, uint64_t n) { /* single writer */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline uint64_t stat_read(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void shard_stats_init(struct shard_stats *stats, size_t cmds_count);
void shard_stats_deinit(struct shard_stats *stats);
/* CONFIG RESETSTAT, on the writing thread */
void shard_stats_reset(struct shard_stats *stats, size_t cmds_count);
void shard_stats_error(struct shard_stats *stats, const char *code);
