/* bench_garbage.c - what the end of a huge value costs: taking it out, and freeing it slice by
 * slice.
 *     bench_garbage             a set of 10,000,000 members (some 600 MB, half a minute)
 *     bench_garbage --tiny      the same code with few members: a test
 * Prints CPU time of the thread: of the delete, and of the slices as the shards take them (256
 * items a turn of the loop), their mean and the slowest. */
#include <stdio.h>
#include <time.h>

#include "core/dict.h"
#include "core/keyspace.h"

enum { ITEMS_PER_SLICE = 256 };

static const uint64_t START_UNIX_MS = 1700000000000;

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct dict *members(const struct keyspace *keyspace, size_t count) {
    struct dict *dict = dict_new(keyspace_dict_origin(keyspace));
    char name[32];

    for (size_t i = 0; i < count; i++) {
        int len = snprintf(name, sizeof name, "member:%010zu", i);
        struct key key = dict_key(dict, slice_of(name, (size_t)len));
        SL_ASSERT(dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE) != NULL);
    }
    return dict;
}

int main(int argc, char **argv) {
    bool tiny = argc > 1 && strcmp(argv[1], "--tiny") == 0;
    size_t count = tiny ? 10000 : 10000000;
    struct store *store = store_new(1, 9, START_UNIX_MS);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    struct key key = key_make(store, SLICE_LITERAL("set"));
    struct entry *entry = keyspace_put_object(keyspace, 0, &key, NULL, VALUE_SET,
                                              ENCODING_HASHTABLE, members(keyspace, count),
                                              EXPIRE_NONE, 0);
    uint64_t from_ns = cpu_ns(), slowest_ns = 0, sum_ns = 0;
    size_t slices_count = 0;

    SL_ASSERT(entry != NULL);
    keyspace_delete(keyspace, 0, &key, entry);
    printf("a set of %zu members: delete %lu ns", count, (unsigned long)(cpu_ns() - from_ns));
    for (bool is_more = true; is_more; slices_count++) {
        from_ns = cpu_ns();
        is_more = keyspace_garbage_step(keyspace, ITEMS_PER_SLICE);
        uint64_t took_ns = cpu_ns() - from_ns;
        sum_ns += took_ns;
        if (took_ns > slowest_ns) slowest_ns = took_ns;
    }
    printf(", then %zu slices, mean %lu ns, slowest %lu ns\n", slices_count,
           (unsigned long)(sum_ns / slices_count), (unsigned long)slowest_ns);
    keyspace_free(keyspace);
    store_free(store);
    return 0;
}
