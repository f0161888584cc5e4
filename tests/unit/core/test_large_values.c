/* Large values of every type: what they take is what MEMORY USAGE says, and however they go,
 * they are freed in slices. */
#include "core/mem.h"
#include "tests/unit/core/cmd_world.h"

enum { ITEMS_COUNT = 20000, BATCH = 20, BUDGET = 100 };

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.list_max_listpack_size = 8;
    world->settings.hash_max_listpack_entries = world->settings.hash_max_listpack_value = 64;
    world->settings.set_max_intset_entries = 512;
    world->settings.set_max_listpack_entries = world->settings.set_max_listpack_value = 64;
    world->settings.zset_max_listpack_entries = world->settings.zset_max_listpack_value = 64;
    world->settings.stream_node_max_bytes = 4096;
    world->settings.stream_node_max_entries = 10;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(large_values, .init = set_up, .fini = tear_down, .timeout = 60);

static const char *const kinds[] = {"list", "hash", "set", "zset", "stream", "string"};

/* `value_bytes`: of each item, at least its number. */
static void make(const char *kind, const char *key, size_t items_count, int value_bytes) {
    char texts[BATCH][2][512];

    if (strcmp(kind, "string") == 0) {
        char end[32];
        sprintf(end, "%zu", items_count * (size_t)value_bytes);
        RUN("SETRANGE", key, end, "x");
        return;
    }
    for (size_t i = 0; i < items_count; i += BATCH) {
        struct slice args[4 + 2 * BATCH];
        size_t count = 0;

        if (strcmp(kind, "stream") == 0) {
            for (size_t j = i; j < i + BATCH && j < items_count; j++) {
                sprintf(texts[0][0], "%0*zu", value_bytes, j);
                RUN("XADD", key, "*", "f", texts[0][0]);
            }
            continue;
        }
        args[count++] = slice_from_cstr(strcmp(kind, "list") == 0   ? "RPUSH"
                                        : strcmp(kind, "hash") == 0 ? "HSET"
                                        : strcmp(kind, "set") == 0  ? "SADD"
                                                                    : "ZADD");
        args[count++] = slice_from_cstr(key);
        for (size_t j = i; j < i + BATCH && j < items_count; j++) {
            sprintf(texts[j - i][0], "%zu", j);
            sprintf(texts[j - i][1], "m%0*zu", value_bytes, j);
            if (strcmp(kind, "hash") == 0 || strcmp(kind, "zset") == 0)
                args[count++] = slice_from_cstr(texts[j - i][0]);
            args[count++] = slice_from_cstr(texts[j - i][1]);
        }
        world_run_slices(world, args, count);
        cr_assert(ne(chr, world->reply[0], '-'), "%s", world->reply);
    }
}

/* Takes the garbage away slice by slice, each of about BUDGET allocations. */
static void expect_slices(const char *kind, const char *how, size_t bytes_before) {
    bool is_string = strcmp(kind, "string") == 0;
    size_t used_bytes = mem_used_bytes(), slices_count = 0;

    cr_expect(gt(sz, keyspace_garbage_count(world->keyspace), 0), "%s by %s", kind, how);
    /* The command itself has freed next to nothing. */
    cr_expect(gt(sz, used_bytes + 200000, bytes_before), "%s by %s: %zu of %zu left", kind, how,
              used_bytes, bytes_before);
    for (bool is_more = true; is_more; slices_count++) {
        is_more = keyspace_garbage_step(world->keyspace, BUDGET);
        size_t now_bytes = mem_used_bytes();
        if (!is_string) /* one allocation is at most a tree's node or a listpack */
            cr_expect(lt(sz, used_bytes - now_bytes, (size_t)BUDGET * 16384 + 600000),
                      "%s by %s: %zu bytes in a slice", kind, how, used_bytes - now_bytes);
        used_bytes = now_bytes;
    }
    if (!is_string)
        cr_expect(gt(sz, slices_count, 5), "%s by %s: %zu slices", kind, how, slices_count);
    cr_expect(eq(sz, keyspace_garbage_count(world->keyspace), 0), "%s by %s", kind, how);
}

Test(large_values, go_in_slices_however_they_go) {
    static const char *const ways[] = {"DEL",         "UNLINK", "SET",    "RENAME",
                                       "SUNIONSTORE", "COPY",   "EXPIRE", "FLUSHALL"};

    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
        const char *kind = kinds[k];
        for (size_t w = 0; w < ARRAY_COUNT(ways); w++) {
            const char *how = ways[w];
            RUN("SET", "{k}v", "v");
            RUN("DEL", "{k}s");
            RUN("SADD", "{k}s", "a");
            make(kind, "{k}", ITEMS_COUNT, 32);
            size_t bytes = mem_used_bytes();
            if (strcmp(how, "DEL") == 0 || strcmp(how, "UNLINK") == 0) {
                EXPECT(":1\r\n", how, "{k}");
            } else if (strcmp(how, "SET") == 0) {
                EXPECT("+OK\r\n", "SET", "{k}", "v");
            } else if (strcmp(how, "RENAME") == 0) {
                EXPECT("+OK\r\n", "RENAME", "{k}v", "{k}");
            } else if (strcmp(how, "COPY") == 0) {
                EXPECT(":1\r\n", "COPY", "{k}v", "{k}", "REPLACE");
            } else if (strcmp(how, "SUNIONSTORE") == 0) {
                EXPECT(":1\r\n", "SUNIONSTORE", "{k}", "{k}s");
            } else if (strcmp(how, "EXPIRE") == 0) { /* what the active cycle does */
                struct entry *entry;
                unsigned db;
                unsigned slot = key_slot(SLICE_LITERAL("{k}"));
                EXPECT(":1\r\n", "PEXPIRE", "{k}", "100");
                size_t found = keyspace_slot_expired(world->keyspace, slot,
                                                     world->now_unix_ms + 1000, &entry, &db, 1);
                cr_assert(eq(sz, found, 1));
                struct key key = key_make(world->store, SLICE_LITERAL("{k}"));
                keyspace_delete(world->keyspace, db, &key, entry);
                EXPECT(":0\r\n", "EXISTS", "{k}");
            } else {
                EXPECT("+OK\r\n", "FLUSHALL");
            }
            expect_slices(kind, how, bytes);
            RUN("DEL", "{k}");
        }
    }
}

Test(large_values, an_expired_one_goes_in_slices_when_it_is_looked_at) {
    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
        make(kinds[k], "k", ITEMS_COUNT, 32);
        EXPECT(":1\r\n", "PEXPIRE", "k", "100");
        size_t bytes = mem_used_bytes();
        world->now_unix_ms += 200;
        EXPECT("$-1\r\n", "GET", "k");
        EXPECT_EVENTS("expired:k keymiss:k");
        EXPECT_EFFECTS("DEL k;");
        expect_slices(kinds[k], "GET", bytes);
    }
}

Test(large_values, an_overwritten_target_of_a_store_goes_in_slices) {
    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
        static const char *const stores[][5] = {
            {"SINTERSTORE", "{k}", "{k}s", "{k}s", NULL},
            {"ZUNIONSTORE", "{k}", "1", "{k}s", NULL},
            {"SORT", "{k}s", "STORE", "{k}", NULL},
            {"BITOP", "NOT", "{k}", "{k}v", NULL},
            {"SINTERSTORE", "{k}", "{k}none", NULL, NULL},
        };
        for (size_t s = 0; s < ARRAY_COUNT(stores); s++) {
            RUN("SADD", "{k}s", "1");
            RUN("SET", "{k}v", "abc");
            make(kinds[k], "{k}", ITEMS_COUNT, 32);
            size_t bytes = mem_used_bytes();
            const char *const *args = stores[s];
            world_run_text(world, args[0], args[1], args[2], args[3], args[3] ? args[4] : NULL,
                           NULL);
            cr_expect(ne(chr, world->reply[0], '-'), "%s: %s", args[0], world->reply);
            expect_slices(kinds[k], args[0], bytes);
            RUN("DEL", "{k}");
        }
    }
}

/* ---- What a value takes ---- */

static size_t usage(const char *name, size_t samples_count) {
    struct key key = key_make(world->store, slice_from_cstr(name));
    struct entry *entry = keyspace_find(world->keyspace, 0, &key);

    cr_assert(entry != NULL);
    return entry_memory_bytes(entry, samples_count);
}

Test(large_values, memory_usage_is_about_what_they_take) {
    static const size_t counts[] = {10, 60, 70, 200, 1000, 5000, 20000};
    static const int bytes[] = {6, 40, 200};

    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
        for (size_t b = 0; b < ARRAY_COUNT(bytes); b++) {
            size_t usage_before = 0;
            for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
                RUN("SET", "k", "v"); /* the slot's own table is there already */
                size_t used_before = mem_used_bytes();
                make(kinds[k], "{k}1", counts[c], bytes[b]);
                size_t used = mem_used_bytes() - used_before;
                size_t all = usage("{k}1", 0), sampled = usage("{k}1", 5);
                cr_expect(ge(sz, all * 10 + 640, used * 7), "%s of %zu, %d bytes: %zu of %zu",
                          kinds[k], counts[c], bytes[b], all, used);
                cr_expect(le(sz, all * 10, used * 13 + 640), "%s of %zu, %d bytes: %zu of %zu",
                          kinds[k], counts[c], bytes[b], all, used);
                cr_expect(ge(sz, sampled * 10 + 640, used * 7),
                          "%s of %zu, %d bytes, sampled: %zu of %zu", kinds[k], counts[c], bytes[b],
                          sampled, used);
                cr_expect(le(sz, sampled * 10, used * 13 + 640),
                          "%s of %zu, %d bytes, sampled: %zu of %zu", kinds[k], counts[c], bytes[b],
                          sampled, used);
                cr_expect(gt(sz, all, usage_before));
                usage_before = all;
                RUN("DEL", "{k}1");
                while (keyspace_garbage_step(world->keyspace, 1000)) continue;
            }
        }
    }
}
