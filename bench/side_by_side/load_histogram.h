#pragma once
#include <stddef.h>
#include <stdint.h>

/* Latencies counted in buckets whose width is at most 1/128 of what they hold: 1, 2, .. 255 ns each
 * on its own, then 128 buckets for every doubling, up to 2^40 ns (18 minutes); what is longer
 * counts as that. One thread, fixed size, recording never fails. Several processes' histograms are
 * merged by adding the counts: that is why load.c prints the buckets, not only percentiles. */
enum { HISTOGRAM_SUB_BITS = 7, HISTOGRAM_NS_BITS = 40 };
enum { HISTOGRAM_SUB_COUNT = 1 << HISTOGRAM_SUB_BITS };
enum { HISTOGRAM_DOUBLINGS_COUNT = HISTOGRAM_NS_BITS - HISTOGRAM_SUB_BITS };
enum { HISTOGRAM_BUCKETS_COUNT = (HISTOGRAM_DOUBLINGS_COUNT + 1) * HISTOGRAM_SUB_COUNT };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS_COUNT];
    uint64_t total_count;
    uint64_t total_ns;
    uint64_t max_ns;
};

static inline size_t histogram_index(uint64_t ns) {
    const uint64_t ns_max = ((uint64_t)1 << HISTOGRAM_NS_BITS) - 1;

    if (ns > ns_max) ns = ns_max;
    if (ns < 2 * HISTOGRAM_SUB_COUNT) return (size_t)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
    return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(ns >> shift);
}

/* The largest value that falls into the bucket. */
static inline uint64_t histogram_upper_ns(size_t index) {
    if (index < 2 * HISTOGRAM_SUB_COUNT) return index;
    unsigned shift = (unsigned)(index >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t sub = index - ((size_t)shift << HISTOGRAM_SUB_BITS);
    return ((sub + 1) << shift) - 1;
}

static inline void histogram_record(struct histogram *histogram, uint64_t ns) {
    histogram->counts[histogram_index(ns)]++;
    histogram->total_count++;
    histogram->total_ns += ns;
    if (ns > histogram->max_ns) histogram->max_ns = ns;
}

/* What the share `per_million` of all recorded values does not exceed; 0 if there are none. */
static inline uint64_t histogram_quantile_ns(const struct histogram *histogram,
                                             uint64_t per_million) {
    uint64_t rank = (histogram->total_count * per_million + 999999) / 1000000;
    uint64_t seen_count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS_COUNT; i++) {
        seen_count += histogram->counts[i];
        if (seen_count >= rank && seen_count > 0) {
            uint64_t upper_ns = histogram_upper_ns(i);
            return upper_ns < histogram->max_ns ? upper_ns : histogram->max_ns;
        }
    }
    return 0;
}
