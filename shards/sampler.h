#pragma once
/* Rates for INFO (instantaneous_ops_per_sec and its kind), and what must be looked at regularly:
 * memory's peak. Shard 0's cron calls sampler_tick() every 100 ms; any thread reads. */
#include <stdatomic.h>
#include <stdint.h>

struct node;

enum { SAMPLER_TICKS = 16 }; /* a rate is the mean over so many ticks */
struct sampler_rate {
    uint64_t last_total;
    uint64_t per_second[SAMPLER_TICKS];
    _Atomic uint64_t mean;
};
struct sampler {
    uint64_t last_mono_ns; /* 0: no tick yet */
    unsigned tick;
    struct sampler_rate commands, bytes_in, bytes_out;
    _Atomic uint64_t startup_bytes; /* memory at the first tick */
    /* What CONFIG RESETSTAT takes off the loops' counters, which only grow. */
    _Atomic uint64_t base_bytes_in, base_bytes_out, base_rejected;
};
void sampler_tick(struct node *node);
/* CONFIG RESETSTAT. Any thread. */
void sampler_reset(struct node *node);
/* Sums over all shards, less the base. Any thread. */
uint64_t sampler_bytes_in(const struct node *node);
uint64_t sampler_bytes_out(const struct node *node);
