/* stats.c - what one thread counts, and how long its commands took.
 *
 * A histogram is log-linear: the first 16 buckets hold one value each, then every power of two
 * is cut into 16 equal parts.
 *     value   0 1 .. 15 | 16 17 .. 31 | 32-33 34-35 .. 62-63 | 64-67 ..
 *     bucket  0 1 .. 15 | 16 17 .. 31 | 32    33    .. 47    | 48    ..
 * H1  histogram_bucket_upper_ns() is strictly increasing; a value lies in the first bucket whose
 *     upper end is not below it.
 * H2  What is beyond the last bucket counts as the last bucket.
 * S1  One thread writes; counters are never taken back but by that thread (shard_stats_reset). */
#include "shards/stats.h"

#include "core/mem.h"

enum { SUB_BITS = 4, SUBS_COUNT = 1 << SUB_BITS };
_Static_assert(HISTOGRAM_BUCKETS == SUBS_COUNT + 30 * SUBS_COUNT, "30 powers of two");

static unsigned bucket_of(uint64_t ns) {
    if (ns < SUBS_COUNT) return (unsigned)ns;
    unsigned power = 63 - (unsigned)__builtin_clzll(ns);
    unsigned bucket = (power - SUB_BITS + 1) * SUBS_COUNT +
                      (unsigned)((ns >> (power - SUB_BITS)) & (SUBS_COUNT - 1));

    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

void histogram_record(struct histogram *histogram, uint64_t ns) {
    _Atomic uint32_t *count = &histogram->counts[bucket_of(ns)];

    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

uint64_t histogram_bucket_upper_ns(unsigned bucket) {
    SL_ASSERT(bucket < HISTOGRAM_BUCKETS);
    if (bucket < SUBS_COUNT) return bucket;
    unsigned shift = bucket / SUBS_COUNT - 1;
    uint64_t upper = SUBS_COUNT + bucket % SUBS_COUNT + 1;

    return (upper << shift) - 1;
}

void histogram_add(uint64_t sum[HISTOGRAM_BUCKETS], const struct histogram *from) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum[i] += atomic_load_explicit(&from->counts[i], memory_order_relaxed);
}

uint64_t histogram_percentile_ns(const uint64_t sum[HISTOGRAM_BUCKETS], double percentile) {
    uint64_t total = 0, seen = 0, wanted;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) total += sum[i];
    if (total == 0) return 0;
    double rank = percentile / 100 * (double)total + 0.5;
    wanted = rank < 1 ? 1 : (uint64_t)rank;
    if (wanted > total) wanted = total;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += sum[i];
        if (seen >= wanted) return histogram_bucket_upper_ns(i);
    }
    SL_ASSERT(!"the buckets hold the total");
    return 0;
}

/* ---- One thread's counters ---- */

static void set(_Atomic uint64_t *counter, uint64_t value) {
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

void shard_stats_init(struct shard_stats *stats, size_t cmds_count) {
    *stats = (struct shard_stats){0};
    stats->cmds = mem_must_zero((cmds_count + 1) * sizeof *stats->cmds);
    stats->cmds_count = cmds_count;
}

void shard_stats_deinit(struct shard_stats *stats) {
    for (size_t i = 0; stats->cmds != NULL && i < stats->cmds_count; i++)
        mem_free(atomic_load_explicit(&stats->cmds[i].histogram, memory_order_relaxed));
    mem_free(stats->cmds);
    stats->cmds = NULL;
}

static void cmd_stats_reset(struct cmd_stats *cmd) {
    struct histogram *histogram = atomic_load_explicit(&cmd->histogram, memory_order_relaxed);

    set(&cmd->calls, 0);
    set(&cmd->ns, 0);
    set(&cmd->rejected, 0);
    set(&cmd->failed, 0);
    if (histogram == NULL) return; /* others may be reading it: emptied, never freed */
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        atomic_store_explicit(&histogram->counts[i], 0, memory_order_relaxed);
}

void shard_stats_reset(struct shard_stats *stats, size_t cmds_count) {
    _Atomic uint64_t *counters[] = {
        &stats->commands.keyspace_hits,
        &stats->commands.keyspace_misses,
        &stats->commands.expired_keys,
        &stats->commands.expired_subkeys,
        &stats->requests_local,
        &stats->requests_lent,
        &stats->requests_messaged,
        &stats->tx_direct,
        &stats->tx_reserved,
        &stats->token_waits,
        &stats->connections_accepted,
        &stats->commands_processed,
        &stats->errors_replied,
        &stats->client_query_buffer_limit_disconnections,
        &stats->client_output_buffer_limit_disconnections,
        &stats->expire_lag_ms_max,
    }; /* not commands.dirty: it tells what a snapshot would have to save */

    SL_ASSERT(cmds_count <= stats->cmds_count);
    for (size_t i = 0; i < ARRAY_COUNT(counters); i++) set(counters[i], 0);
    for (size_t i = 0; i < cmds_count; i++) cmd_stats_reset(&stats->cmds[i]);
    /* The codes stay in their places, so that a reader never sees one change under it. */
    for (size_t i = 0; i < ERROR_CODES_MAX; i++) set(&stats->errors[i].count, 0);
}

void shard_stats_error(struct shard_stats *stats, const char *code) {
    uint32_t count = atomic_load_explicit(&stats->errors_count, memory_order_relaxed);
    size_t len = strnlen(code, sizeof stats->errors[0].code - 1);

    stat_add(&stats->errors_replied, 1);
    for (uint32_t i = 0; i < count; i++) {
        struct error_stats *error = &stats->errors[i];

        if (strncmp(error->code, code, len) != 0 || error->code[len] != '\0') continue;
        stat_add(&error->count, 1);
        return;
    }
    if (count == ERROR_CODES_MAX)
        return; /* only scripts make up codes: they count in the sum alone */
    memcpy(stats->errors[count].code, code, len);
    stats->errors[count].code[len] = '\0';
    set(&stats->errors[count].count, 1);
    atomic_store_explicit(&stats->errors_count, count + 1, memory_order_release);
}
