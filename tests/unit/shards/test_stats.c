#include "shards/stats.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

Test(stats, bucket_ends_only_grow) {
    for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++)
        cr_assert(gt(u64, histogram_bucket_upper_ns(i), histogram_bucket_upper_ns(i - 1)));
}

static unsigned bucket_hit(uint64_t ns) {
    struct histogram histogram = {0};
    uint64_t sum[HISTOGRAM_BUCKETS] = {0};

    histogram_record(&histogram, ns);
    histogram_add(sum, &histogram);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (sum[i] == 1) return i;
    }
    cr_assert(false, "no bucket was hit");
    return 0;
}

Test(stats, a_value_lies_in_the_first_bucket_that_reaches_it) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        cr_assert(eq(uint, bucket_hit(histogram_bucket_upper_ns(i)), i));
        if (i + 1 < HISTOGRAM_BUCKETS)
            cr_assert(eq(uint, bucket_hit(histogram_bucket_upper_ns(i) + 1), i + 1));
    }
}

Test(stats, what_is_longer_than_all_buckets_counts_in_the_last) {
    cr_assert(eq(uint, bucket_hit(UINT64_MAX), HISTOGRAM_BUCKETS - 1));
    cr_assert(gt(u64, histogram_bucket_upper_ns(HISTOGRAM_BUCKETS - 1), UINT64_C(17000000000)));
}

Test(stats, a_bucket_is_no_wider_than_a_sixteenth_of_its_values) {
    for (unsigned i = 16; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_upper_ns(i - 1) + 1;
        cr_assert(le(u64, (histogram_bucket_upper_ns(i) - low) * 16, low));
    }
}

Test(stats, percentiles_of_one_to_a_hundred_microseconds) {
    struct histogram histogram = {0};
    uint64_t sum[HISTOGRAM_BUCKETS] = {0};

    cr_assert(eq(u64, histogram_percentile_ns(sum, 99), 0));
    for (uint64_t us = 1; us <= 100; us++) histogram_record(&histogram, us * 1000);
    histogram_add(sum, &histogram);
    uint64_t p50 = histogram_percentile_ns(sum, 50), p99 = histogram_percentile_ns(sum, 99);
    cr_assert(p50 >= 50000 && p50 <= 50000 + 50000 / 16);
    cr_assert(p99 >= 99000 && p99 <= 99000 + 99000 / 16);
    cr_assert(histogram_percentile_ns(sum, 100) >= 100000);
    cr_assert(histogram_percentile_ns(sum, 0) >= 1000);
}

Test(stats, errors_count_by_code) {
    struct shard_stats stats;
    shard_stats_init(&stats, 4);
    shard_stats_error(&stats, "ERR");
    shard_stats_error(&stats, "WRONGTYPE");
    shard_stats_error(&stats, "ERR");
    shard_stats_error(&stats, "ER");
    cr_assert(eq(u32, stats.errors_count, 3));
    cr_assert(eq(str, stats.errors[0].code, "ERR"));
    cr_assert(eq(u64, stat_read(&stats.errors[0].count), 2));
    cr_assert(eq(u64, stat_read(&stats.errors[2].count), 1));
    cr_assert(eq(u64, stat_read(&stats.errors_replied), 4));
    shard_stats_deinit(&stats);
}

Test(stats, more_codes_than_places_still_count_in_the_sum) {
    struct shard_stats stats;
    shard_stats_init(&stats, 1);
    for (unsigned i = 0; i < ERROR_CODES_MAX + 10; i++) {
        char code[32];
        snprintf(code, sizeof code, "CODE%u", i);
        shard_stats_error(&stats, code);
    }
    cr_assert(eq(u32, stats.errors_count, ERROR_CODES_MAX));
    cr_assert(eq(u64, stat_read(&stats.errors_replied), ERROR_CODES_MAX + 10));
    shard_stats_deinit(&stats);
}

Test(stats, a_reset_leaves_the_dirty_count_and_the_places_of_the_codes) {
    struct shard_stats stats;
    shard_stats_init(&stats, 2);
    stat_add(&stats.commands.dirty, 7);
    stat_add(&stats.commands.keyspace_hits, 7);
    stat_add(&stats.cmds[1].calls, 3);
    shard_stats_error(&stats, "ERR");
    shard_stats_reset(&stats, 2);
    cr_assert(eq(u64, stat_read(&stats.commands.dirty), 7));
    cr_assert(eq(u64, stat_read(&stats.commands.keyspace_hits), 0));
    cr_assert(eq(u64, stat_read(&stats.cmds[1].calls), 0));
    cr_assert(eq(u64, stat_read(&stats.errors[0].count), 0));
    shard_stats_error(&stats, "ERR");
    cr_assert(eq(u32, stats.errors_count, 1));
    shard_stats_deinit(&stats);
}
