/* The hash commands: what they answer, what they tell replicas and listeners, how fields end. */
#include "tests/unit/core/cmd_world.h"

#include "core/hash.h"
#include "core/hash_expire.h"
#include "core/mem.h"

static struct world *hash_world(void) {
    struct world *world = world_new();
    world->settings.hash_max_listpack_entries = 4;
    world->settings.hash_max_listpack_value = 16;
    return world;
}

static struct entry *find(struct world *world, const char *name) {
    struct key key = key_make(world->store, slice_from_cstr(name));
    return keyspace_find(world->keyspace, world->db, &key);
}

static void check_slots(struct world *world, const char *name) {
    keyspace_slot_check(world->keyspace, key_slot(slice_from_cstr(name)));
}

/* What the background does when the slot's alarm goes off. Returns how many keys and fields went. */
static size_t expire_slot(struct world *world, const char *name, size_t fields_max) {
    static struct effect_sink effects;
    struct event_sink events = {world_notify, world};
    struct entry *entries[8];
    unsigned dbs[8];
    unsigned slot = key_slot(slice_from_cstr(name));
    struct cmd_ctx ctx = {.keyspace = world->keyspace,
                          .now_unix_ms = world->now_unix_ms,
                          .settings = &world->settings,
                          .counters = &world->counters,
                          .effects = &effects,
                          .events = &events};
    size_t total = 0;

    effects = (struct effect_sink){world_emit, world};
    world->effects[0] = world->events[0] = '\0';
    size_t count = keyspace_slot_expired(world->keyspace, slot, world->now_unix_ms, entries, dbs,
                                         8);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_make(world->store, entry_key(entries[i]));
        uint64_t at = entry_expire_at_unix_ms(entries[i]);
        if (at != EXPIRE_NONE && at <= world->now_unix_ms) {
            cmd_expire_key(&ctx, dbs[i], &key, entries[i]);
            total++;
        } else {
            total += hash_reclaim(&ctx, dbs[i], &key, entries[i], fields_max);
        }
    }
    keyspace_slot_check(world->keyspace, slot);
    return total;
}

Test(cmd_hash, fields_are_set_read_and_taken_out) {
    struct world *world = hash_world();
    EXPECT(":2\r\n", "HSET", "h", "a", "1", "b", "x");
    EXPECT_EVENTS("new:h hset:h");
    EXPECT(":0\r\n", "HSET", "h", "a", "2");
    EXPECT_EFFECTS("HSET h a 2;");
    EXPECT_EVENTS("hset:h");
    EXPECT("+OK\r\n", "HMSET", "h", "a", "3");
    EXPECT(":0\r\n", "HSETNX", "h", "a", "4");
    EXPECT_EFFECTS("");
    EXPECT("$1\r\n3\r\n", "HGET", "h", "a");
    EXPECT("*3\r\n$1\r\nx\r\n$-1\r\n$1\r\n3\r\n", "HMGET", "h", "b", "no", "a");
    EXPECT("*4\r\n$1\r\na\r\n$1\r\n3\r\n$1\r\nb\r\n$1\r\nx\r\n", "HGETALL", "h");
    EXPECT(":1\r\n", "HEXISTS", "h", "a");
    EXPECT(":1\r\n", "HSTRLEN", "h", "b");
    EXPECT(":1\r\n", "HDEL", "h", "a", "no");
    EXPECT_EVENTS("hdel:h");
    EXPECT(":1\r\n", "HDEL", "h", "b", "b");
    EXPECT_EVENTS("hdel:h del:h");
    EXPECT(":0\r\n", "HLEN", "h");
    cr_expect(find(world, "h") == NULL);
    world_free(world);
}

Test(cmd_hash, a_sum_of_floats_is_told_as_the_sum_and_keeps_the_deadline) {
    struct world *world = hash_world();
    EXPECT("$3\r\n1.5\r\n", "HINCRBYFLOAT", "h", "a", "1.5");
    EXPECT_EFFECTS("HSET h a 1.5;");
    EXPECT("*1\r\n:1\r\n", "HEXPIRE", "h", "100", "FIELDS", "1", "a");
    EXPECT_EFFECTS("HPEXPIREAT h 1700000100000 FIELDS 1 a;");
    EXPECT("$1\r\n3\r\n", "HINCRBYFLOAT", "h", "a", "1.5");
    EXPECT_EFFECTS("HSETEX h KEEPTTL FIELDS 1 a 3;");
    EXPECT(":4\r\n", "HINCRBY", "h", "a", "1");
    EXPECT("*1\r\n:100\r\n", "HTTL", "h", "FIELDS", "1", "a");
    EXPECT(":0\r\n", "HSET", "h", "a", "1");
    EXPECT("*1\r\n:-1\r\n", "HTTL", "h", "FIELDS", "1", "a");
    check_slots(world, "h");
    world_free(world);
}

Test(cmd_hash, a_due_field_is_not_there_for_anybody) {
    struct world *world = hash_world();
    RUN("HSET", "h", "a", "1", "b", "2", "c", "3");
    RUN("HPEXPIRE", "h", "1000", "FIELDS", "2", "a", "b");
    world->now_unix_ms += 1000;
    EXPECT("$-1\r\n", "HGET", "h", "a");
    EXPECT("*2\r\n$1\r\nc\r\n$1\r\n3\r\n", "HGETALL", "h");
    EXPECT("*1\r\n$1\r\nc\r\n", "HKEYS", "h");
    EXPECT("*1\r\n$1\r\n3\r\n", "HVALS", "h");
    EXPECT(":0\r\n", "HEXISTS", "h", "a");
    EXPECT(":0\r\n", "HSTRLEN", "h", "a");
    EXPECT("*3\r\n$-1\r\n$-1\r\n$1\r\n3\r\n", "HMGET", "h", "a", "b", "c");
    EXPECT("$1\r\nc\r\n", "HRANDFIELD", "h");
    EXPECT("*1\r\n$1\r\nc\r\n", "HRANDFIELD", "h", "5");
    EXPECT("*2\r\n$1\r\nc\r\n$1\r\nc\r\n", "HRANDFIELD", "h", "-2");
    EXPECT("*2\r\n$1\r\n0\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n", "HSCAN", "h", "0");
    EXPECT("*2\r\n:-2\r\n:-1\r\n", "HTTL", "h", "FIELDS", "2", "a", "c");
    EXPECT("*1\r\n:-2\r\n", "HPERSIST", "h", "FIELDS", "1", "a");
    EXPECT("*1\r\n:-2\r\n", "HEXPIRE", "h", "10", "FIELDS", "1", "a");
    EXPECT("*1\r\n$-1\r\n", "HGETEX", "h", "EX", "10", "FIELDS", "1", "a");
    EXPECT("*1\r\n$-1\r\n", "HGETDEL", "h", "FIELDS", "1", "a");
    EXPECT(":0\r\n", "HSETEX", "h", "FXX", "FIELDS", "1", "a", "9");
    EXPECT_EFFECTS("");
    EXPECT(":5\r\n", "HINCRBY", "h", "a", "5"); /* a new life, without a deadline */
    EXPECT_EFFECTS("HDEL h a;HINCRBY h a 5;");
    EXPECT_EVENTS("hexpired:h hincrby:h");
    EXPECT("*1\r\n:-1\r\n", "HTTL", "h", "FIELDS", "1", "a");
    EXPECT(":0\r\n", "HDEL", "h", "b");
    EXPECT_EFFECTS("HDEL h b;");
    EXPECT_EVENTS("hexpired:h");
    EXPECT(":2\r\n", "HLEN", "h");
    cr_expect(eq(u64, world->counters.expired_subkeys, 2));
    check_slots(world, "h");
    world_free(world);
}

Test(cmd_hash, a_deadline_in_the_past_takes_fields_out_at_once) {
    struct world *world = hash_world();
    RUN("HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5");
    EXPECT("*3\r\n:2\r\n:-2\r\n:-2\r\n", "HPEXPIREAT", "h", "1", "FIELDS", "3", "a", "a", "no");
    EXPECT_EFFECTS("HDEL h a;");
    EXPECT_EVENTS("hdel:h");
    EXPECT("*1\r\n$1\r\n2\r\n", "HGETEX", "h", "PXAT", "1", "FIELDS", "1", "b");
    EXPECT_EFFECTS("HDEL h b;");
    EXPECT(":1\r\n", "HSETEX", "h", "PXAT", "1", "FIELDS", "2", "c", "9", "new", "9");
    EXPECT_EFFECTS("HDEL h c;");
    EXPECT_EVENTS("hset:h hdel:h");
    EXPECT(":1\r\n", "HSETEX", "nokey", "PXAT", "1", "FIELDS", "1", "c", "9");
    EXPECT_EFFECTS("");
    EXPECT("*2\r\n$1\r\n4\r\n$1\r\n5\r\n", "HGETDEL", "h", "FIELDS", "2", "d", "e");
    EXPECT_EVENTS("hdel:h del:h");
    EXPECT_EFFECTS("HDEL h d e;");
    cr_expect(find(world, "h") == NULL);
    world_free(world);
}

Test(cmd_hash, effects_name_the_deadline_and_the_fields_it_was_set_for) {
    struct world *world = hash_world();
    EXPECT(":1\r\n", "HSETEX", "h", "FNX", "EX", "10", "FIELDS", "2", "a", "1", "b", "2");
    EXPECT_EFFECTS("HSETEX h PXAT 1700000010000 FIELDS 2 a 1 b 2;");
    EXPECT_EVENTS("new:h hset:h hexpire:h");
    EXPECT("*3\r\n:0\r\n:-2\r\n:0\r\n", "HEXPIRE", "h", "5", "GT", "FIELDS", "3", "a", "no", "b");
    EXPECT_EFFECTS("");
    EXPECT("*3\r\n:1\r\n:-2\r\n:1\r\n", "HEXPIRE", "h", "5", "LT", "FIELDS", "3", "a", "no", "b");
    EXPECT_EFFECTS("HPEXPIREAT h 1700000005000 FIELDS 2 a b;");
    EXPECT("*2\r\n:1\r\n:-2\r\n", "HPERSIST", "h", "FIELDS", "2", "a", "no");
    EXPECT_EFFECTS("HPERSIST h FIELDS 1 a;");
    EXPECT("*1\r\n$1\r\n2\r\n", "HGETEX", "h", "PERSIST", "FIELDS", "1", "b");
    EXPECT_EFFECTS("HPERSIST h FIELDS 1 b;");
    EXPECT("*1\r\n$1\r\n2\r\n", "HGETEX", "h", "PX", "7", "FIELDS", "1", "b");
    EXPECT_EFFECTS("HPEXPIREAT h 1700000000007 FIELDS 1 b;");
    EXPECT(":1\r\n", "HSETEX", "h", "KEEPTTL", "FIELDS", "2", "a", "8", "b", "9");
    EXPECT_EFFECTS("HSETEX h KEEPTTL FIELDS 2 a 8 b 9;");
    EXPECT("*2\r\n:-1\r\n:7\r\n", "HPTTL", "h", "FIELDS", "2", "a", "b");
    check_slots(world, "h");
    world_free(world);
}

Test(cmd_hash, due_fields_are_reclaimed_in_batches_and_with_the_last_the_key) {
    struct world *world = hash_world();
    char name[16];

    for (int i = 0; i < 100; i++) {
        sprintf(name, "f%d", i);
        RUN("HSETEX", "h", "PX", i < 90 ? "1000" : "5000", "FIELDS", "1", name, "v");
    }
    unsigned slot = key_slot(SLICE_LITERAL("h"));
    cr_expect(eq(int, keyspace_expires_count(world->keyspace, 0), 1));
    cr_expect(eq(sz, expire_slot(world, "h", 50), 0));
    world->now_unix_ms += 1100;
    cr_expect(eq(sz, expire_slot(world, "h", 50), 50));
    EXPECT_EVENTS("hexpired:h");
    cr_expect(store_slot_deadline_unix_ms(world->store, slot) <= world->now_unix_ms);
    cr_expect(eq(sz, expire_slot(world, "h", 50), 40));
    cr_expect(eq(sz, expire_slot(world, "h", 50), 0));
    EXPECT(":10\r\n", "HLEN", "h");
    uint64_t deadline = store_slot_deadline_unix_ms(world->store, slot);
    cr_expect(deadline > world->now_unix_ms && deadline <= WORLD_START_UNIX_MS + 5016);
    world->now_unix_ms = WORLD_START_UNIX_MS + 5100;
    cr_expect(eq(sz, expire_slot(world, "h", 50), 10));
    EXPECT_EVENTS("hexpired:h del:h");
    cr_expect(strncmp(world->effects, "HDEL h ", 7) == 0);
    cr_expect(find(world, "h") == NULL);
    cr_expect(store_slot_deadline_unix_ms(world->store, slot) == UINT64_MAX);
    cr_expect(eq(int, keyspace_expires_count(world->keyspace, 0), 0));
    world_free(world);
}

Test(cmd_hash, deadlines_of_fields_go_with_the_key) {
    struct world *world = hash_world();
    RUN("HSET", "h", "a", "1", "b", "2");
    RUN("HEXPIRE", "h", "10", "FIELDS", "1", "a");
    RUN("COPY", "h", "copy");
    RUN("RENAME", "h", "moved");
    RUN("MOVE", "moved", "3");
    EXPECT("*2\r\n:10\r\n:-1\r\n", "HTTL", "copy", "FIELDS", "2", "a", "b");
    world->db = 3;
    EXPECT("*2\r\n:10\r\n:-1\r\n", "HTTL", "moved", "FIELDS", "2", "a", "b");
    world->now_unix_ms += 10100;
    cr_expect(eq(sz, expire_slot(world, "moved", 50), 1));
    world->db = 0;
    cr_expect(eq(sz, expire_slot(world, "copy", 50), 1));
    EXPECT(":1\r\n", "HLEN", "copy");
    RUN("HEXPIRE", "copy", "10", "FIELDS", "1", "b");
    RUN("PEXPIRE", "copy", "5");
    world->now_unix_ms += 30; /* the key's own deadline comes first */
    cr_expect(eq(sz, expire_slot(world, "copy", 50), 1));
    EXPECT_EFFECTS("DEL copy;");
    RUN("SET", "h", "x");
    check_slots(world, "h");
    world_free(world);
}

Test(cmd_hash, random_commands_and_a_moving_clock_leave_deadlines_in_order) {
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct world *world = hash_world();
        char name[16], number[16];

        cr_log_info("seed %u", seed);
        srand(seed);
        for (int i = 0; i < 3000; i++) {
            sprintf(name, "f%d", rand() % 12);
            sprintf(number, "%d", 1 + rand() % 300);
            world->now_unix_ms += (uint64_t)(rand() % 9);
            switch (rand() % 9) {
            case 0: RUN("HSET", "h", name, number); break;
            case 1: RUN("HDEL", "h", name); break;
            case 2: RUN("HPEXPIRE", "h", number, "FIELDS", "1", name); break;
            case 3: RUN("HSETEX", "h", "PX", number, "FIELDS", "2", name, "v", "z", "w"); break;
            case 4: RUN("HPERSIST", "h", "FIELDS", "1", name); break;
            case 5: RUN("HINCRBY", "h", name, number); break;
            case 6: RUN("HGETDEL", "h", "FIELDS", "1", name); break;
            case 7: RUN("HSETNX", "h", name, number); break;
            default: {
                /* Nothing stays behind its time for long. */
                while (expire_slot(world, "h", 2) > 0) continue;
                struct entry *entry = find(world, "h");
                if (entry == NULL) break;
                struct hash_iter iter;
                struct hash_field field;
                hash_iter_init(&iter, hash_of(entry), 0);
                while (hash_iter_next(&iter, &field)) {
                    cr_assert(field.expire_at_unix_ms == EXPIRE_NONE ||
                              field.expire_at_unix_ms + 16 > world->now_unix_ms);
                }
                cr_assert(hash_count(hash_of(entry)) > 0);
            }
            }
            check_slots(world, "h");
        }
        world_free(world);
    }
}

/* As in Redis: whatever is written, also to a field that is there. */
Test(cmd_hash, a_write_notices_that_the_limit_fell_below_the_hash) {
    struct world *world = world_new();
    world->settings.hash_max_listpack_entries = 8;
    world->settings.hash_max_listpack_value = 64;
    RUN("HSET", "h", "a", "1", "b", "2", "c", "3");
    world->settings.hash_max_listpack_entries = 2;
    RUN("HSETNX", "h", "a", "x");
    EXPECT("$8\r\nlistpack\r\n", "OBJECT", "ENCODING", "h");
    RUN("HINCRBY", "h", "a", "1");
    EXPECT("$9\r\nhashtable\r\n", "OBJECT", "ENCODING", "h");
    EXPECT("$1\r\n2\r\n", "HGET", "h", "a");
    EXPECT(":3\r\n", "HLEN", "h");
    world_free(world);
}

#ifdef SLIPRING_DEBUG /* only then can an allocation be told to fail */
Test(cmd_hash, without_memory_a_command_says_so_and_what_is_there_stays_whole) {
    static const char *const commands[][9] = {
        {"HSET", "h", "new", "1", "other", "2"},
        {"HSET", "n", "new", "1"},
        {"HSET", "l", "e", "1"}, /* too many for a listpack */
        {"HSETNX", "h", "new", "1"},
        {"HINCRBY", "h", "new", "1"},
        {"HINCRBYFLOAT", "n", "new", "1"},
        {"HEXPIRE", "l", "10", "FIELDS", "2", "a", "b"},
        {"HEXPIRE", "h", "10", "FIELDS", "1", "a"},
        {"HGETEX", "h", "EX", "10", "FIELDS", "2", "a", "b"},
        {"HPERSIST", "h", "FIELDS", "2", "d", "e"},
        {"HSETEX", "h", "EX", "5", "FIELDS", "1", "x", "y"},
        {"HSETEX", "n", "EX", "5", "FIELDS", "1", "x", "y"},
        {"HRANDFIELD", "big", "2"},
    };
    for (size_t c = 0; c < ARRAY_COUNT(commands); c++) {
        bool failed = true;
        for (uint64_t nth = 1; failed; nth++) {
            struct world *world = hash_world();
            struct slice args[9];
            size_t count = 0;

            RUN("HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5");
            RUN("HEXPIRE", "h", "10", "FIELDS", "2", "d", "e");
            RUN("HSET", "l", "a", "1", "b", "2", "c", "3", "d", "4");
            for (int i = 0; i < 30; i++) {
                char name[16];
                sprintf(name, "f%d", i);
                RUN("HSET", "big", name, "v");
            }
            while (count < 9 && commands[c][count] != NULL) {
                args[count] = slice_from_cstr(commands[c][count]);
                count++;
            }
            mem_try_fail_at(nth);
            world_run_slices(world, args, count);
            mem_try_fail_at(0);
            failed = strncmp(world->reply, "-OOM", 4) == 0;
            cr_assert(failed || world->reply[0] != '-', "%s", world->reply);
            EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "HMGET", "h", "a", "b", "c");
            EXPECT("$1\r\n4\r\n", "HGET", "l", "d");
            struct entry *entry = find(world, "n");
            cr_assert(entry == NULL || hash_count(hash_of(entry)) > 0);
            world_free(world);
            if (nth > 40) break; /* what failed was made up for: HRANDFIELD goes another way */
            if (!failed && nth < 4) failed = true;
        }
    }
}
#endif
