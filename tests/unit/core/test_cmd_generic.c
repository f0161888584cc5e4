/* Commands on keys of any kind: replies, effects, events, deadlines, age. */
#include "tests/unit/core/cmd_world.h"

#include "core/cmd_object.h"
#include "core/cmd_scan_args.h"

static struct world *world;
static void set_up(void) {
    world = world_new();
}
static void tear_down(void) {
    world_free(world);
}
TestSuite(cmd_generic, .init = set_up, .fini = tear_down);

#define OK "+OK\r\n"
#define SAME "-ERR source and destination objects are the same\r\n"

Test(cmd_generic, del_counts_what_was_there_and_tells_each) {
    RUN("MSET", "a", "1", "b", "2");
    EXPECT(":2\r\n", "DEL", "a", "no", "b", "a");
    EXPECT_EFFECTS("DEL a no b a;");
    EXPECT_EVENTS("del:a del:b");
    EXPECT(":0\r\n", "UNLINK", "a");
    cr_expect(not(world->is_changed));
}

Test(cmd_generic, only_keys_are_looked_ahead_at) {
    const struct slice args[] = {SLICE_LITERAL("MSETEX"), SLICE_LITERAL("2"), SLICE_LITERAL("a"),
                                 SLICE_LITERAL("1"),      SLICE_LITERAL("b"), SLICE_LITERAL("2"),
                                 SLICE_LITERAL("EX"),     SLICE_LITERAL("9")};
    const struct cmd_ctx ctx = {
        .args = args, .args_count = ARRAY_COUNT(args), .keyspace = world->keyspace};
    struct key keys[CMD_KEYS_BATCH];

    cr_assert(eq(sz, cmd_keys_load(&ctx, 2, 6, 2, keys), 2)); /* not EX, whose slot is another's */
    cr_expect(slice_equal(keys[0].name, args[2]));
    cr_expect(slice_equal(keys[1].name, args[4]));
}

Test(cmd_generic, exists_counts_repeats_and_does_not_refresh) {
    RUN("SET", "a", "1");
    world->now_unix_ms += 5000;
    EXPECT(":2\r\n", "EXISTS", "a", "b", "a");
    EXPECT(":-1\r\n", "TTL", "a");
    EXPECT("+string\r\n", "TYPE", "a");
    EXPECT(":5\r\n", "OBJECT", "IDLETIME", "a");
    EXPECT("+none\r\n", "TYPE", "b");
    world->no_touch = true;
    RUN("GET", "a");
    EXPECT(":5\r\n", "OBJECT", "IDLETIME", "a");
    EXPECT(":1\r\n", "TOUCH", "a", "b"); /* CLIENT NO-TOUCH is for the other commands */
    EXPECT(":0\r\n", "OBJECT", "IDLETIME", "a");
}

Test(cmd_generic, hits_and_misses_are_counted_for_reads_alone) {
    RUN("SET", "a", "1");
    RUN("GET", "a");
    RUN("GET", "b");
    RUN("INCR", "a");
    RUN("EXISTS", "a", "b");
    RUN("OBJECT", "ENCODING", "a");
    cr_expect(eq(u64, world->counters.keyspace_hits, 2));
    cr_expect(eq(u64, world->counters.keyspace_misses, 2));
}

Test(cmd_generic, a_deadline_is_logged_as_an_absolute_time) {
    RUN("SET", "k", "v");
    EXPECT(":1\r\n", "EXPIRE", "k", "100");
    EXPECT_EFFECTS("PEXPIREAT k 1700000100000;");
    EXPECT_EVENTS("expire:k");
    EXPECT(":100\r\n", "TTL", "k");
    EXPECT(":100000\r\n", "PTTL", "k");
    EXPECT(":1700000100\r\n", "EXPIRETIME", "k");
    EXPECT(":1700000100000\r\n", "PEXPIRETIME", "k");
    EXPECT(":1\r\n", "PEXPIRE", "k", "1499");
    EXPECT(":1\r\n", "TTL", "k");
    EXPECT(":1\r\n", "PEXPIREAT", "k", "1700000001500");
    EXPECT(":2\r\n", "TTL", "k");
    EXPECT(":1\r\n", "PERSIST", "k");
    EXPECT_EFFECTS("PERSIST k;");
    EXPECT(":0\r\n", "PERSIST", "k");
    EXPECT(":-1\r\n", "TTL", "k");
    EXPECT(":-2\r\n", "TTL", "no");
    EXPECT(":-2\r\n", "PEXPIRETIME", "no");
    EXPECT(":0\r\n", "EXPIRE", "no", "10");
    cr_expect(not(world->is_changed));
}

Test(cmd_generic, a_deadline_in_the_past_is_a_delete) {
    RUN("MSET", "a", "1", "b", "1", "c", "1");
    EXPECT(":1\r\n", "EXPIRE", "a", "-1");
    EXPECT_EFFECTS("DEL a;");
    EXPECT_EVENTS("del:a");
    EXPECT(":1\r\n", "PEXPIREAT", "b", "1700000000000");
    EXPECT_EFFECTS("DEL b;");
    EXPECT(":1\r\n", "EXPIRE", "c", "0");
    EXPECT(":0\r\n", "EXISTS", "a", "b", "c");
}

Test(cmd_generic, a_key_without_a_deadline_lives_longest) {
    RUN("SET", "k", "v");
    EXPECT(":0\r\n", "EXPIRE", "k", "100", "XX");
    EXPECT(":0\r\n", "EXPIRE", "k", "100", "GT");
    EXPECT(":1\r\n", "EXPIRE", "k", "100", "LT");
    EXPECT(":0\r\n", "EXPIRE", "k", "100", "NX");
    EXPECT(":0\r\n", "EXPIRE", "k", "100", "GT");
    EXPECT(":0\r\n", "EXPIRE", "k", "100", "LT");
    EXPECT(":1\r\n", "EXPIRE", "k", "101", "GT", "xx");
    EXPECT(":1\r\n", "EXPIRE", "k", "99", "LT");
    EXPECT(":99\r\n", "TTL", "k");
    EXPECT("-ERR NX and XX, GT or LT options at the same time are not compatible\r\n", "EXPIRE",
           "k", "1", "NX", "XX");
    EXPECT("-ERR GT and LT options at the same time are not compatible\r\n", "EXPIRE", "k", "1",
           "GT", "LT");
    EXPECT("-ERR Unsupported option foo\r\n", "EXPIRE", "k", "abc", "foo");
}

Test(cmd_generic, a_time_that_does_not_fit_is_refused) {
    RUN("SET", "k", "v");
    EXPECT("-ERR invalid expire time in 'expire' command\r\n", "EXPIRE", "k",
           "9223372036854775807");
    EXPECT("-ERR invalid expire time in 'expire' command\r\n", "EXPIRE", "k",
           "-9223372036854775808");
    EXPECT("-ERR invalid expire time in 'pexpire' command\r\n", "PEXPIRE", "k",
           "9223372036854775807");
    EXPECT("-ERR value is not an integer or out of range\r\n", "EXPIREAT", "k", "1e3");
    EXPECT(":-1\r\n", "TTL", "k");
    EXPECT(":1\r\n", "PEXPIREAT", "k", "9223372036854775807");
    EXPECT(":9223372036854775807\r\n", "PEXPIRETIME", "k");
}

Test(cmd_generic, rename_takes_value_and_deadline_along) {
    RUN("SET", "a", "1", "EX", "50");
    RUN("SET", "b", "old");
    EXPECT(OK, "RENAME", "a", "b");
    EXPECT_EFFECTS("RENAME a b;");
    EXPECT_EVENTS("new:b rename_from:a rename_to:b");
    EXPECT("$1\r\n1\r\n", "GET", "b");
    EXPECT(":50\r\n", "TTL", "b");
    EXPECT(":0\r\n", "EXISTS", "a");
    EXPECT(OK, "RENAME", "b", "b");
    cr_expect(not(world->is_changed));
    EXPECT(":0\r\n", "RENAMENX", "b", "b");
    EXPECT("-ERR no such key\r\n", "RENAME", "a", "a");
    EXPECT("-ERR no such key\r\n", "RENAMENX", "a", "b");
    RUN("SET", "a", "2");
    EXPECT(":0\r\n", "RENAMENX", "a", "b");
    EXPECT(":1\r\n", "RENAMENX", "a", "c");
}

Test(cmd_generic, rename_onto_an_expired_key_finds_it_free) {
    RUN("SET", "a", "1");
    RUN("SET", "b", "2", "PX", "10");
    world->now_unix_ms += 10;
    EXPECT(":1\r\n", "RENAMENX", "a", "b");
    EXPECT_EFFECTS("DEL b;RENAMENX a b;");
}

Test(cmd_generic, copy_leaves_two_independent_keys) {
    RUN("SET", "a", "1", "EX", "50");
    EXPECT(":1\r\n", "COPY", "a", "b");
    EXPECT_EVENTS("new:b copy_to:b");
    RUN("APPEND", "a", "x");
    EXPECT("$1\r\n1\r\n", "GET", "b");
    EXPECT(":50\r\n", "TTL", "b");
    EXPECT(":0\r\n", "COPY", "a", "b");
    EXPECT(":1\r\n", "COPY", "a", "b", "REPLACE");
    EXPECT("$2\r\n1x\r\n", "GET", "b");
    EXPECT(":0\r\n", "COPY", "no", "b", "REPLACE");
    EXPECT(SAME, "COPY", "a", "a");
    EXPECT(":1\r\n", "COPY", "a", "a", "DB", "3");
    EXPECT_EVENTS("new:a@3 copy_to:a@3");
    EXPECT("-ERR DB index is out of range\r\n", "COPY", "a", "b", "DB", "16");
    EXPECT("-ERR value is not an integer or out of range\r\n", "COPY", "a", "b", "DB", "x");
    EXPECT("-ERR value is out of range, value must between -2147483648 and 2147483647\r\n", "COPY",
           "a", "b", "DB", "99999999999");
    EXPECT("-ERR syntax error\r\n", "COPY", "a", "b", "DB");
}

Test(cmd_generic, move_goes_only_where_the_name_is_free) {
    RUN("SET", "a", "1");
    EXPECT(":1\r\n", "MOVE", "a", "1");
    EXPECT_EVENTS("new:a@1 move_from:a move_to:a@1");
    EXPECT(":0\r\n", "MOVE", "a", "1");
    RUN("SET", "a", "2");
    EXPECT(":0\r\n", "MOVE", "a", "1");
    EXPECT(SAME, "MOVE", "a", "0");
    EXPECT("-ERR DB index is out of range\r\n", "MOVE", "a", "-1");
    world->db = 1;
    EXPECT("$1\r\n1\r\n", "GET", "a");
}

Test(cmd_generic, object_asks_without_touching) {
    RUN("SET", "a", "100");
    world->now_unix_ms += 3000;
    EXPECT(":2147483647\r\n", "OBJECT", "REFCOUNT", "a");
    EXPECT(":3\r\n", "OBJECT", "IDLETIME", "a");
    EXPECT("$-1\r\n", "OBJECT", "ENCODING", "no");
    EXPECT(
        "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.\r\n",
        "OBJECT", "FREQ", "a");
    cr_expect(eq(int, strncmp(RUN("OBJECT", "HELP"), "*15\r\n+OBJECT <subcommand> [<arg>", 31), 0));
}

Test(cmd_generic, an_lfu_counter_grows_with_use_and_decays_with_time) {
    world->settings.lfu_policy = true;
    world->settings.lfu_log_factor = 0; /* each use counts */
    RUN("SET", "a", "1");
    EXPECT(":5\r\n", "OBJECT", "FREQ", "a");
    for (int i = 0; i < 10; i++) RUN("GET", "a");
    EXPECT(":15\r\n", "OBJECT", "FREQ", "a");
    RUN("SET", "a", "2"); /* the value is new, the key is not */
    EXPECT(":16\r\n", "OBJECT", "FREQ", "a");
    world->now_unix_ms += 6 * 60000;
    EXPECT(":10\r\n", "OBJECT", "FREQ", "a");
    world->now_unix_ms += 600 * 60000;
    EXPECT(":0\r\n", "OBJECT", "FREQ", "a");
    cr_expect(eq(int, strncmp(RUN("OBJECT", "IDLETIME", "a"), "-ERR An LFU", 11), 0));
}

Test(cmd_generic, flushing_empties_one_database_or_all) {
    for (unsigned db = 0; db < 3; db++) {
        world->db = db;
        for (int i = 0; i < 50; i++) {
            char name[16];
            snprintf(name, sizeof name, "k%d", i);
            RUN("SET", name, "v");
        }
    }
    EXPECT(OK, "FLUSHDB", "ASYNC"); /* database 2 */
    EXPECT_EFFECTS("FLUSHDB ASYNC;");
    EXPECT_EVENTS("flushdb:");
    EXPECT(":0\r\n", "EXISTS", "k1");
    world->db = 1;
    EXPECT(":1\r\n", "EXISTS", "k1");
    EXPECT("-ERR syntax error\r\n", "FLUSHALL", "SYNC", "ASYNC");
    EXPECT("-ERR syntax error\r\n", "FLUSHDB", "now");
    EXPECT(OK, "FLUSHALL");
    EXPECT(":0\r\n", "EXISTS", "k1");
    EXPECT(OK, "FLUSHALL", "sync"); /* nothing there: said and logged all the same */
    EXPECT_EFFECTS("FLUSHALL sync;");
    cr_expect(eq(i64, keyspace_keys_count(world->keyspace, 0), 0));
}

Test(cmd_generic, swapdb_lets_two_databases_change_places) {
    RUN("SET", "a", "zero");
    EXPECT(OK, "SWAPDB", "0", "7");
    EXPECT_EFFECTS("SWAPDB 0 7;");
    EXPECT_EVENTS("swapdb: swapdb:@7");
    EXPECT(":0\r\n", "EXISTS", "a");
    EXPECT(OK, "SWAPDB", "0", "0");
    EXPECT("-ERR invalid first DB index\r\n", "SWAPDB", "x", "99");
    EXPECT("-ERR invalid second DB index\r\n", "SWAPDB", "99", "x");
    EXPECT("-ERR DB index is out of range\r\n", "SWAPDB", "0", "16");
    world->db = 7;
    EXPECT("$4\r\nzero\r\n", "GET", "a");
}

/* SCAN's arguments: the parser alone, under the row of a command that takes any. */
static const char *scan(struct scan_args *scan_args, bool allow_type, const char *line) {
    static char error[256];
    static char words[256]; /* scan_args points into it */
    char *save;
    struct slice args[16] = {SLICE_LITERAL("SCAN")};
    size_t count = 1;
    struct outbuf out;
    struct reply reply = {.out = &out, .resp = 2};

    strcpy(words, line);
    for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        args[count++] = slice_from_cstr(word);
    outbuf_init(&out);
    struct cmd_ctx ctx = {
        .args = args, .args_count = count, .reply = &reply, .settings = &world->settings};
    bool is_fine = scan_args_parse(&ctx, 1, allow_type, scan_args);
    world_drain(&out, error, sizeof error);
    cr_expect(eq(int, is_fine, error[0] == '\0'));
    return error;
}

Test(cmd_generic, scan_arguments_are_read_as_redis_reads_them) {
    struct scan_args args;

    cr_expect(zero(str, (char *)scan(&args, true, "0")));
    cr_expect(eq(i64, args.count, 10));
    cr_expect(not(args.has_pattern));
    cr_expect(
        zero(str, (char *)scan(&args, true, "18446744073709551615 MATCH * count 7 type STRING")));
    cr_expect(eq(u64, args.cursor, UINT64_MAX));
    cr_expect(eq(i64, args.count, 7));
    cr_expect(not(args.has_pattern));
    cr_expect(scan_args_match(&args, SLICE_LITERAL("k"), VALUE_STRING));
    cr_expect(not(scan_args_match(&args, SLICE_LITERAL("k"), VALUE_LIST)));
    cr_expect(zero(str, (char *)scan(&args, true, "1 match k* match j*")));
    cr_expect(scan_args_match(&args, SLICE_LITERAL("j1"), VALUE_STRING));
    cr_expect(not(scan_args_match(&args, SLICE_LITERAL("k1"), VALUE_STRING)));
    cr_expect(
        eq(str, (char *)scan(&args, true, "18446744073709551616"), "-ERR invalid cursor\r\n"));
    cr_expect(eq(str, (char *)scan(&args, true, "1x"), "-ERR invalid cursor\r\n"));
    cr_expect(eq(str, (char *)scan(&args, true, "0 count 0"), "-ERR syntax error\r\n"));
    cr_expect(eq(str, (char *)scan(&args, true, "0 count x"),
                 "-ERR value is not an integer or out of range\r\n"));
    cr_expect(eq(str, (char *)scan(&args, true, "0 match"), "-ERR syntax error\r\n"));
    cr_expect(eq(str, (char *)scan(&args, false, "0 type string"), "-ERR syntax error\r\n"));
}
