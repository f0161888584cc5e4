/* DUMP and RESTORE: options, errors, and what a log gets of them. */
#include "core/mem.h"
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.hash_max_listpack_entries = world->settings.hash_max_listpack_value = 64;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_dump, .init = set_up, .fini = tear_down);

static char payload[256];
static size_t payload_len;

static void dump(const char *key) {
    const char *reply = RUN("DUMP", key);
    char *end;

    cr_assert(eq(chr, reply[0], '$'));
    payload_len = strtoull(reply + 1, &end, 10);
    cr_assert(lt(sz, payload_len, sizeof payload));
    memcpy(payload, end + 2, payload_len);
}

/* RESTORE key ttl payload option option option, the options up to the first NULL. */
static const char *restore(const char *key, const char *ttl, const char *one, const char *two,
                           const char *three) {
    const char *const options[] = {one, two, three};
    struct slice args[7] = {SLICE_LITERAL("RESTORE"), slice_from_cstr(key), slice_from_cstr(ttl),
                            slice_of(payload, payload_len)};
    size_t count = 4;

    for (size_t i = 0; i < 3 && options[i] != NULL; i++)
        args[count++] = slice_from_cstr(options[i]);
    return world_run_slices(world, args, count);
}
#define EXPECT_RESTORE(expected, ...) cr_expect(eq(str, (char *)restore(__VA_ARGS__), expected))

Test(cmd_dump, a_taken_key_is_busy_unless_it_is_replaced) {
    EXPECT("+OK\r\n", "SET", "k", "7");
    dump("k");
    EXPECT_RESTORE("-BUSYKEY Target key name already exists.\r\n", "k", "0", NULL, NULL, NULL);
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT_RESTORE("+OK\r\n", "k", "0", "replace", NULL, NULL);
    EXPECT_EVENTS("new:k restore:k");
    cr_expect(world->is_changed);
    EXPECT_RESTORE("+OK\r\n", "l", "0", NULL, NULL, NULL);
    EXPECT("$1\r\n7\r\n", "GET", "l");
    EXPECT(":-1\r\n", "PTTL", "l");
}

Test(cmd_dump, a_deadline_is_logged_as_a_time_of_day) {
    EXPECT("+OK\r\n", "SET", "k", "7");
    dump("k");
    EXPECT_RESTORE("+OK\r\n", "l", "5000", NULL, NULL, NULL);
    cr_expect(strstr(world->effects, "RESTORE l 1700000005000 ") == world->effects);
    EXPECT(":5000\r\n", "PTTL", "l");
    EXPECT_RESTORE("+OK\r\n", "l", "1700000001000", "ABSTTL", "REPLACE", NULL);
    cr_expect(strstr(world->effects, "RESTORE l 1700000001000 ") == world->effects);
    EXPECT(":1000\r\n", "PTTL", "l");
    /* Past already: what was there is deleted, and that is what is logged. */
    EXPECT_RESTORE("+OK\r\n", "l", "1", "ABSTTL", "REPLACE", NULL);
    EXPECT_EFFECTS("DEL l;");
    EXPECT_EVENTS("del:l");
    EXPECT_RESTORE("+OK\r\n", "l", "1", "ABSTTL", NULL, NULL);
    EXPECT_EFFECTS("");
    EXPECT(":0\r\n", "EXISTS", "l");
}

Test(cmd_dump, what_makes_no_sense_is_refused) {
    EXPECT("+OK\r\n", "SET", "k", "7");
    dump("k");
    EXPECT_RESTORE("-ERR Invalid TTL value, must be >= 0\r\n", "l", "-1", NULL, NULL, NULL);
    EXPECT_RESTORE("-ERR value is not an integer or out of range\r\n", "l", "x", NULL, NULL, NULL);
    EXPECT_RESTORE("-ERR syntax error\r\n", "l", "0", "NOPE", NULL, NULL);
    EXPECT_RESTORE("-ERR syntax error\r\n", "l", "0", "IDLETIME", NULL, NULL);
    EXPECT_RESTORE("-ERR Invalid IDLETIME value, must be >= 0\r\n", "l", "0", "IDLETIME", "-1",
                   NULL);
    EXPECT_RESTORE("-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n", "l", "0", "FREQ", "256",
                   NULL);
    for (size_t i = 0; i < payload_len; i++) {
        payload[i] ^= 1;
        EXPECT_RESTORE("-ERR DUMP payload version or checksum are wrong\r\n", "l", "0", NULL, NULL,
                       NULL);
        payload[i] ^= 1;
    }
    for (size_t len = payload_len; payload_len-- > 0;) {
        EXPECT_RESTORE("-ERR DUMP payload version or checksum are wrong\r\n", "l", "0", NULL, NULL,
                       NULL);
        if (payload_len == 0) {
            payload_len = len;
            break;
        }
    }
    EXPECT(":0\r\n", "EXISTS", "l");
    EXPECT_RESTORE("+OK\r\n", "l", "0", "IDLETIME", "100", NULL);
    EXPECT(":100\r\n", "OBJECT", "IDLETIME", "l");
}

#ifdef SLIPRING_DEBUG
Test(cmd_dump, without_memory_what_was_there_stays) {
    EXPECT(":2\r\n", "HSET", "h", "f", "v", "g", "w");
    dump("h");
    bool is_restored = false;
    for (uint64_t nth = 1; nth < 50 && !is_restored; nth++) {
        RUN("SET", "k", "old");
        mem_try_fail_at(nth);
        is_restored = strcmp(restore("k", "100", "REPLACE", NULL, NULL), "+OK\r\n") == 0;
        mem_try_fail_at(0);
        keyspace_slot_check(world->keyspace, key_slot(SLICE_LITERAL("k")));
        if (is_restored) break;
        cr_expect(eq(chr, world->reply[1], 'O'), "%s", world->reply);
        EXPECT_EFFECTS("");
        EXPECT("$3\r\nold\r\n", "GET", "k");
    }
    cr_expect(is_restored);
    EXPECT("$1\r\nw\r\n", "HGET", "k", "g");
}
#endif
