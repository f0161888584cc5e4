/* bench_keyspace.c - what a look-up, a write and a key cost. One thread, one store of 16384 slots.
 *     bench_keyspace            the figures below (2 GiB of memory, two minutes)
 *     bench_keyspace --tiny     the same code with few keys: a test
 * Prints ns per operation (median of 5 rounds over random keys), the slowest single put while a
 * store grows, and bytes per key by the allocator's count and by RSS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/keyspace.h"
#include "core/mem.h"

enum { ROUNDS_COUNT = 5, BATCH = 16, KEY_BYTES = 32, VALUE_BYTES = 32 };

static const uint64_t START_UNIX_MS = 1700000000000;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t rss_bytes(void) {
    unsigned long pages_total = 0;
    unsigned long pages_resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%lu %lu", &pages_total, &pages_resident) != 2) pages_resident = 0;
    fclose(file);
    return pages_resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* "key:%012d", without printf in the way. */
static struct slice name_of(char *buffer, const char *prefix, size_t number) {
    size_t prefix_len = strlen(prefix);
    memcpy(buffer, prefix, prefix_len);
    for (size_t i = 12; i-- > 0; number /= 10) buffer[prefix_len + i] = (char)('0' + number % 10);
    return slice_of(buffer, prefix_len + 12);
}

struct bench {
    struct store *store;
    struct keyspace *keyspace;
    const char *prefix;
    size_t keys_count;
    uint64_t expire_at_unix_ms; /* EXPIRE_NONE, or the first; the others later */
};

static void put(struct bench *bench, size_t number, struct entry *entry_old,
                const struct key *key) {
    static const char value[VALUE_BYTES + 1] = "0123456789abcdef0123456789abcdef";
    uint64_t expire_at = bench->expire_at_unix_ms;
    if (expire_at != EXPIRE_NONE) expire_at += number % 100000;
    if (keyspace_put_string(bench->keyspace, 0, key, entry_old, slice_of(value, VALUE_BYTES),
                            STRING_ENCODED, expire_at, 0) == NULL)
        abort();
}

static struct bench bench_new(const char *prefix, uint64_t expire_at_unix_ms) {
    struct bench bench = {.store = store_new(16, 12345, START_UNIX_MS),
                          .prefix = prefix,
                          .expire_at_unix_ms = expire_at_unix_ms};
    bench.keyspace = keyspace_new(bench.store, NULL);
    return bench;
}

static void bench_free(struct bench *bench) {
    keyspace_free(bench->keyspace);
    store_free(bench->store);
}

static void grow(struct bench *bench, size_t keys_count) {
    char buffer[KEY_BYTES];
    for (; bench->keys_count < keys_count; bench->keys_count++) {
        struct key key = key_make(bench->store, name_of(buffer, bench->prefix, bench->keys_count));
        put(bench, bench->keys_count, NULL, &key);
    }
}

enum work { WORK_HASH, WORK_FIND, WORK_FIND_BATCH, WORK_MISS, WORK_PUT, WORK_PUT_BATCH };
static const char *const work_names[] = {"name and hash alone", "find",
                                         "find, batches of 16", "find, missing",
                                         "overwrite",           "overwrite, batches of 16"};

static void run_batch(struct bench *bench, enum work work, uint64_t *random, size_t *found_count) {
    char buffers[BATCH][KEY_BYTES];
    struct key keys[BATCH];
    const char *prefix = work == WORK_MISS ? "kez:" : bench->prefix;

    for (size_t i = 0; i < BATCH; i++) {
        size_t number = (size_t)(((random_next(random) >> 32) * bench->keys_count) >> 32);
        keys[i] = key_make(bench->store, name_of(buffers[i], prefix, number));
        if (work == WORK_HASH) {
            *found_count += keys[i].hash & 1;
        } else if (work != WORK_FIND_BATCH && work != WORK_PUT_BATCH) {
            struct entry *entry = keyspace_find(bench->keyspace, 0, &keys[i]);
            if (work == WORK_PUT) put(bench, 0, entry, &keys[i]);
            *found_count += entry != NULL;
        }
    }
    if (work != WORK_FIND_BATCH && work != WORK_PUT_BATCH) return;
    for (size_t i = 0; i < BATCH; i++) keyspace_prefetch_bucket(bench->keyspace, 0, &keys[i]);
    for (size_t i = 0; i < BATCH; i++) keyspace_prefetch_entry(bench->keyspace, 0, &keys[i]);
    for (size_t i = 0; i < BATCH; i++) {
        struct entry *entry = keyspace_find(bench->keyspace, 0, &keys[i]);
        if (work == WORK_PUT_BATCH) put(bench, 0, entry, &keys[i]);
        *found_count += entry != NULL;
    }
}

static int compare_double(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_work(struct bench *bench, enum work work, size_t operations_count) {
    double ns[ROUNDS_COUNT];
    uint64_t random = 1;
    size_t found_count = 0;

    for (size_t round = 0; round < ROUNDS_COUNT; round++) {
        uint64_t start_ns = now_ns();
        for (size_t i = 0; i < operations_count; i += BATCH)
            run_batch(bench, work, &random, &found_count);
        ns[round] = (double)(now_ns() - start_ns) / (double)operations_count;
    }
    if (work == WORK_MISS ? found_count != 0 : found_count == 0) abort();
    qsort(ns, ROUNDS_COUNT, sizeof ns[0], compare_double);
    printf("%10zu keys  %-26s %7.1f ns  (%.1f..%.1f)\n", bench->keys_count, work_names[work],
           ns[ROUNDS_COUNT / 2], ns[0], ns[ROUNDS_COUNT - 1]);
}

static void time_all(size_t keys_count, size_t operations_count) {
    struct bench bench = bench_new("key:", EXPIRE_NONE);
    grow(&bench, keys_count);
    for (enum work work = WORK_HASH; work <= WORK_PUT_BATCH; work++)
        time_work(&bench, work, operations_count);
    bench_free(&bench);
}

/* The slowest puts from nothing to keys_count keys, three times over. What is slow in one run only
 * was the kernel's doing (it ran somebody else, cleared a page): of each put the fastest of the
 * runs counts as ours. */
static void time_growth(const char *what, const char *prefix, size_t keys_count) {
    enum { RUNS_COUNT = 3, TOP = 5, LONG_NS = 10000, VERY_LONG_NS = 100000 };
    uint32_t *took_ns = mem_must(keys_count * sizeof *took_ns);
    uint32_t any_ns_max = 0;
    uint64_t sum_ns = 0;
    char buffer[KEY_BYTES];

    for (size_t run = 0; run < RUNS_COUNT; run++) {
        struct bench bench = bench_new(prefix, EXPIRE_NONE);
        for (size_t i = 0; i < keys_count; i++) {
            struct key key = key_make(bench.store, name_of(buffer, prefix, i));
            uint64_t start_ns = now_ns();
            put(&bench, i, NULL, &key);
            uint32_t ns = (uint32_t)(now_ns() - start_ns);
            if (ns > any_ns_max) any_ns_max = ns;
            if (run == 0 || ns < took_ns[i]) took_ns[i] = ns;
            sum_ns += ns;
        }
        bench_free(&bench);
    }
    size_t long_count = 0;
    size_t very_long_count = 0;
    uint32_t top_ns[TOP] = {0};
    for (size_t i = 0; i < keys_count; i++) {
        uint32_t ns = took_ns[i];
        long_count += ns > LONG_NS;
        very_long_count += ns > VERY_LONG_NS;
        for (size_t j = 0; j < TOP; j++) {
            if (ns <= top_ns[j]) continue;
            uint32_t next_ns = top_ns[j];
            top_ns[j] = ns;
            ns = next_ns;
        }
    }
    printf("%10zu keys  growing, %s: %.0f ns a put, slowest", keys_count, what,
           (double)sum_ns / (double)keys_count / RUNS_COUNT);
    for (size_t j = 0; j < TOP; j++) printf(" %.1f", top_ns[j] / 1000.0);
    printf(" us; over 10 us: %zu, over 100 us: %zu (in any run: %.1f us)\n", long_count,
           very_long_count, any_ns_max / 1000.0);
    mem_free(took_ns);
}

static void measure_memory(const char *what, size_t keys_count, uint64_t expire_at_unix_ms) {
    struct bench bench = bench_new("key:", expire_at_unix_ms);
    size_t used_before_bytes = mem_used_bytes();
    size_t rss_before_bytes = rss_bytes();

    grow(&bench, keys_count);
    printf("%10zu keys  bytes a key, %s: %.1f used, %.1f RSS\n", keys_count, what,
           (double)(mem_used_bytes() - used_before_bytes) / (double)keys_count,
           (double)(rss_bytes() - rss_before_bytes) / (double)keys_count);
    bench_free(&bench);
}

int main(int argc, char **argv) {
    bool tiny = argc > 1 && strcmp(argv[1], "--tiny") == 0;
    size_t divisor = tiny ? 1000 : 1;
    size_t operations_count = tiny ? 1600 : 1600000;
    const char *only = argc > 1 && !tiny ? argv[1] : "";

    if (*only == '\0' || strcmp(only, "memory") == 0)
        measure_memory("no deadlines", 2000000 / divisor, EXPIRE_NONE);
    if (strcmp(only, "memory-expire") == 0 || tiny) {
        measure_memory("all with deadlines", 2000000 / divisor, START_UNIX_MS + 3600000);
    }
    if (*only == '\0' || strcmp(only, "time") == 0) {
        time_all(1000, operations_count);
        time_all(1000000 / divisor, operations_count);
        time_all(10000000 / divisor, operations_count);
    }
    if (*only == '\0' || strcmp(only, "growth") == 0) {
        time_growth("all slots", "key:", 10000000 / divisor);
        time_growth("one slot", "{tag}:", 10000000 / divisor);
    }
    return 0;
}
