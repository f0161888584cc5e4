/* String commands one at a time: replies, effects, events, deadlines, encodings. Replies of random
 * sequences are compared with redis-server in tests/diff. */
#include "tests/unit/core/cmd_world.h"

static struct world *world;
static void set_up(void) {
    world = world_new();
}
static void tear_down(void) {
    world_free(world);
}
TestSuite(cmd_string, .init = set_up, .fini = tear_down);

#define OK "+OK\r\n"
#define NIL "$-1\r\n"
#define SYNTAX "-ERR syntax error\r\n"
#define NOT_INT "-ERR value is not an integer or out of range\r\n"

Test(cmd_string, set_without_options_is_its_own_effect) {
    EXPECT(OK, "SET", "k", "v");
    cr_expect(not(world->is_effect_emitted));
    EXPECT_EFFECTS("SET k v;");
    EXPECT_EVENTS("new:k set:k");
    EXPECT(OK, "SET", "k", "w");
    EXPECT_EVENTS("set:k");
    EXPECT("$1\r\nw\r\n", "GET", "k");
    cr_expect(not(world->is_changed));
    EXPECT_EFFECTS("");
    EXPECT(NIL, "GET", "missing");
    EXPECT_EVENTS("keymiss:missing");
    world->resp = 3;
    EXPECT("_\r\n", "GET", "missing");
}

Test(cmd_string, a_relative_deadline_becomes_an_absolute_effect) {
    EXPECT(OK, "SET", "k", "v", "EX", "10");
    EXPECT_EFFECTS("SET k v PXAT 1700000010000;");
    EXPECT_EVENTS("new:k set:k expire:k");
    EXPECT(OK, "SETEX", "k", "2", "v");
    EXPECT_EFFECTS("SET k v PXAT 1700000002000;");
    EXPECT(OK, "PSETEX", "k", "2", "v");
    EXPECT_EFFECTS("SET k v PXAT 1700000000002;");
    EXPECT(OK, "SET", "k", "w", "KEEPTTL");
    EXPECT_EFFECTS("SET k w KEEPTTL;");
    EXPECT(":2\r\n", "PTTL", "k");
    EXPECT(OK, "SET", "k", "x");
    EXPECT(":-1\r\n", "PTTL", "k");
}

Test(cmd_string, a_key_is_there_until_its_deadline_and_gone_at_it) {
    RUN("SET", "k", "v", "PX", "100");
    world->now_unix_ms += 99;
    EXPECT("$1\r\nv\r\n", "GET", "k");
    world->now_unix_ms += 1;
    EXPECT(NIL, "GET", "k");
    EXPECT_EFFECTS("DEL k;");
    EXPECT_EVENTS("expired:k keymiss:k");
    cr_expect(not(world->is_changed));
    cr_expect(eq(u64, world->counters.expired_keys, 1));
    EXPECT(NIL, "GET", "k");
    EXPECT_EFFECTS("");
}

Test(cmd_string, a_write_over_an_expired_key_logs_its_end_first) {
    RUN("SET", "k", "7", "PX", "100");
    world->now_unix_ms += 500;
    EXPECT(":1\r\n", "INCR", "k");
    EXPECT_EFFECTS("DEL k;INCR k;");
    EXPECT_EVENTS("expired:k new:k incrby:k");
    EXPECT(":-1\r\n", "TTL", "k");
}

Test(cmd_string, set_refuses_what_contradicts_itself) {
    EXPECT(SYNTAX, "SET", "k", "v", "NX", "XX");
    EXPECT(SYNTAX, "SET", "k", "v", "EX");
    EXPECT(SYNTAX, "SET", "k", "v", "EX", "1", "PX", "1");
    EXPECT(SYNTAX, "SET", "k", "v", "EX", "1", "KEEPTTL");
    EXPECT(SYNTAX, "SET", "k", "v", "PERSIST");
    EXPECT(SYNTAX, "SET", "k", "v", "IFEQ");
    EXPECT(SYNTAX, "SET", "k", "v", "IFEQ", "a", "NX");
    EXPECT("-ERR invalid expire time in 'set' command\r\n", "SET", "k", "v", "EX", "0");
    EXPECT("-ERR invalid expire time in 'set' command\r\n", "SET", "k", "v", "EX",
           "9223372036854775807");
    EXPECT("-ERR invalid expire time in 'set' command\r\n", "SET", "k", "v", "PX",
           "9223372036854775807");
    EXPECT(NOT_INT, "SET", "k", "v", "EX", "1.5");
    EXPECT(":0\r\n", "EXISTS", "k");
    EXPECT(OK, "SET", "k", "v", "ex", "5", "EX", "6", "nx", "NX");
    EXPECT(":6\r\n", "TTL", "k");
}

Test(cmd_string, set_get_answers_the_old_value_whatever_the_condition) {
    EXPECT(NIL, "SET", "k", "a", "GET");
    EXPECT("$1\r\na\r\n", "SET", "k", "b", "GET");
    EXPECT_EFFECTS("SET k b;");
    EXPECT("$1\r\nb\r\n", "SET", "k", "c", "NX", "GET");
    EXPECT_EFFECTS("");
    EXPECT("$1\r\nb\r\n", "GET", "k");
    EXPECT(NIL, "SET", "n", "c", "XX", "GET");
    EXPECT(":0\r\n", "EXISTS", "n");
    EXPECT(NIL, "SET", "n", "c", "NX", "GET");
    EXPECT("$1\r\nc\r\n", "GET", "n");
}

Test(cmd_string, set_compares_with_the_value_or_its_digest) {
    EXPECT(NIL, "SET", "k", "a", "IFEQ", "x");
    EXPECT(NIL, "SET", "k", "a", "IFDEQ", "0000000000000000");
    EXPECT(":0\r\n", "EXISTS", "k");
    EXPECT(OK, "SET", "k", "Hello world", "IFNE", "x");
    EXPECT("$16\r\nb6acb9d84a38ff74\r\n", "DIGEST", "k");
    EXPECT(NIL, "SET", "k", "b", "IFNE", "Hello world");
    EXPECT(NIL, "SET", "k", "b", "IFDNE", "b6acb9d84a38ff74");
    EXPECT(OK, "SET", "k", "Hello world", "IFDEQ", "B6ACB9D84A38FF74", "EX", "5");
    EXPECT_EFFECTS("SET k Hello world PXAT 1700000005000;");
    EXPECT("$11\r\nHello world\r\n", "SET", "k", "b", "IFEQ", "Hello world", "GET", "KEEPTTL");
    EXPECT_EFFECTS("SET k b KEEPTTL;");
    EXPECT(":5\r\n", "TTL", "k");
    EXPECT("$1\r\nb\r\n", "SET", "k", "c", "IFEQ", "no", "GET");
    EXPECT("-ERR The digest must be exactly 16 hexadecimal characters\r\n", "SET", "k", "c",
           "IFDEQ", "12");
    EXPECT(NIL, "DIGEST", "missing");
    cr_expect(not(world->is_changed));
}

Test(cmd_string, a_conditional_delete_deletes_only_when_it_holds) {
    RUN("SET", "k", "v");
    EXPECT(":0\r\n", "DELIFEQ", "k", "x");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "DELIFEQ", "k", "v");
    EXPECT_EFFECTS("DEL k;");
    EXPECT_EVENTS("del:k");
    EXPECT(":0\r\n", "DELIFEQ", "k", "v");
    RUN("SET", "k", "12");
    EXPECT(":0\r\n", "DELEX", "k", "IFNE", "12");
    EXPECT(":0\r\n", "DELEX", "k", "IFDEQ", "0000000000000000");
    EXPECT(SYNTAX, "DELEX", "k", "NX", "XX");
    EXPECT(SYNTAX, "DELEX", "k", "EX", "5");
    EXPECT("-ERR wrong number of arguments for 'delex' command\r\n", "DELEX", "k", "IFEQ");
    EXPECT(":1\r\n", "DELEX", "k", "ifeq", "12");
    EXPECT(":0\r\n", "DELEX", "k");
}

Test(cmd_string, the_older_setters_answer_as_ever) {
    EXPECT(":1\r\n", "SETNX", "k", "a");
    EXPECT(":0\r\n", "SETNX", "k", "b");
    cr_expect(not(world->is_changed));
    EXPECT("$1\r\na\r\n", "GETSET", "k", "c");
    EXPECT_EFFECTS("SET k c;");
    EXPECT(NIL, "GETSET", "n", "c");
    EXPECT("-ERR invalid expire time in 'setex' command\r\n", "SETEX", "k", "0", "v");
    EXPECT("-ERR invalid expire time in 'psetex' command\r\n", "PSETEX", "k", "-1", "v");
}

Test(cmd_string, getex_reads_and_changes_the_deadline_only_when_asked) {
    EXPECT(NIL, "GETEX", "k", "EX", "0"); /* no key, no look at the time */
    RUN("SET", "k", "v");
    EXPECT("$1\r\nv\r\n", "GETEX", "k");
    cr_expect(not(world->is_changed));
    EXPECT("$1\r\nv\r\n", "GETEX", "k", "PERSIST");
    cr_expect(not(world->is_changed));
    EXPECT("$1\r\nv\r\n", "GETEX", "k", "EX", "10");
    EXPECT_EFFECTS("PEXPIREAT k 1700000010000;");
    EXPECT_EVENTS("expire:k");
    EXPECT("$1\r\nv\r\n", "GETEX", "k", "PERSIST");
    EXPECT_EFFECTS("PERSIST k;");
    EXPECT_EVENTS("persist:k");
    EXPECT(SYNTAX, "GETEX", "k", "PERSIST", "EX", "1");
    EXPECT(SYNTAX, "GETEX", "k", "EX", "1", "PERSIST");
    EXPECT(SYNTAX, "GETEX", "k", "KEEPTTL");
    EXPECT("-ERR invalid expire time in 'getex' command\r\n", "GETEX", "k", "EX", "0");
    EXPECT("$1\r\nv\r\n", "GETEX", "k", "EXAT", "1");
    EXPECT_EFFECTS("DEL k;");
    EXPECT_EVENTS("del:k");
    EXPECT(":0\r\n", "EXISTS", "k");
}

Test(cmd_string, getdel_leaves_nothing) {
    RUN("SET", "k", "v");
    EXPECT("$1\r\nv\r\n", "GETDEL", "k");
    EXPECT_EFFECTS("DEL k;");
    EXPECT(NIL, "GETDEL", "k");
    EXPECT_EFFECTS("");
}

Test(cmd_string, encodings_are_those_that_redis_shows) {
    char text[64];

    RUN("SET", "k", "123");
    EXPECT("$3\r\nint\r\n", "OBJECT", "ENCODING", "k");
    RUN("APPEND", "k", "4");
    EXPECT("$3\r\nraw\r\n", "OBJECT", "ENCODING", "k");
    EXPECT(":1235\r\n", "INCR", "k");
    EXPECT("$3\r\nint\r\n", "OBJECT", "ENCODING", "k");
    RUN("INCRBYFLOAT", "k", "1");
    EXPECT("$6\r\nembstr\r\n", "OBJECT", "ENCODING", "k");
    memset(text, 'x', 45);
    text[44] = '\0';
    RUN("SET", "k", text);
    EXPECT("$6\r\nembstr\r\n", "OBJECT", "ENCODING", "k");
    text[44] = 'x';
    text[45] = '\0';
    RUN("SET", "k", text);
    EXPECT("$3\r\nraw\r\n", "OBJECT", "ENCODING", "k");
    RUN("SETRANGE", "n", "0", "12");
    EXPECT("$3\r\nraw\r\n", "OBJECT", "ENCODING", "n");
    RUN("APPEND", "m", "12");
    EXPECT("$3\r\nint\r\n", "OBJECT", "ENCODING", "m");
    RUN("APPEND", "m", "");
    EXPECT("$3\r\nraw\r\n", "OBJECT", "ENCODING", "m");
}

Test(cmd_string, counters_stop_at_the_ends_of_their_range) {
    EXPECT(":-1\r\n", "DECR", "k");
    EXPECT_EVENTS("new:k incrby:k");
    EXPECT_EFFECTS("DECR k;");
    RUN("SET", "k", "9223372036854775806", "EX", "9");
    EXPECT(":9223372036854775807\r\n", "INCR", "k");
    EXPECT("-ERR increment or decrement would overflow\r\n", "INCR", "k");
    cr_expect(not(world->is_changed));
    EXPECT(":9\r\n", "TTL", "k");
    EXPECT("-ERR decrement would overflow\r\n", "DECRBY", "k", "-9223372036854775808");
    EXPECT(NOT_INT, "INCRBY", "k", "1.5");
    RUN("SET", "k", " 1");
    EXPECT(NOT_INT, "INCR", "k");
}

Test(cmd_string, a_float_is_logged_as_its_sum) {
    RUN("SET", "k", "5.0e3", "EX", "9");
    EXPECT("$4\r\n5200\r\n", "INCRBYFLOAT", "k", "200");
    EXPECT_EFFECTS("SET k 5200 KEEPTTL;");
    EXPECT_EVENTS("incrbyfloat:k");
    EXPECT(":9\r\n", "TTL", "k");
    EXPECT("-ERR value is not a valid float\r\n", "INCRBYFLOAT", "k", "abc");
    RUN("SET", "k", "inf");
    EXPECT("-ERR increment would produce NaN or Infinity\r\n", "INCRBYFLOAT", "k", "1");
}

Test(cmd_string, increx_counts_within_bounds_and_says_what_it_added) {
    EXPECT("*2\r\n:1\r\n:1\r\n", "INCREX", "k");
    EXPECT_EFFECTS("SET k 1 KEEPTTL;");
    EXPECT("*2\r\n:1\r\n:0\r\n", "INCREX", "k", "BYINT", "5", "UBOUND", "3");
    cr_expect(not(world->is_changed));
    EXPECT("*2\r\n:3\r\n:2\r\n", "INCREX", "k", "BYINT", "5", "UBOUND", "3", "SATURATE");
    EXPECT("*2\r\n:0\r\n:0\r\n", "INCREX", "n", "UBOUND", "0");
    EXPECT(":0\r\n", "EXISTS", "n");
    RUN("SET", "k", "9223372036854775800");
    EXPECT("*2\r\n:9223372036854775800\r\n:0\r\n", "INCREX", "k", "BYINT", "100");
    EXPECT("*2\r\n:9223372036854775807\r\n:7\r\n", "INCREX", "k", "BYINT", "100", "SATURATE");
    EXPECT("-ERR increment or decrement would overflow\r\n", "INCREX", "k", "BYINT", "-1", "UBOUND",
           "-9223372036854775808", "SATURATE");
    EXPECT("-ERR LBOUND can't be greater than UBOUND\r\n", "INCREX", "k", "LBOUND", "2", "UBOUND",
           "1");
    EXPECT(SYNTAX, "INCREX", "k", "BYINT", "1", "BYFLOAT", "1");
    EXPECT(SYNTAX, "INCREX", "k", "ENX");
    EXPECT(SYNTAX, "INCREX", "k", "PERSIST", "EX", "1");
    RUN("SET", "k", "1.5");
    EXPECT(NOT_INT, "INCREX", "k");
    EXPECT("*2\r\n$4\r\n1.75\r\n$4\r\n0.25\r\n", "INCREX", "k", "BYFLOAT", "0.25");
    world->resp = 3;
    EXPECT("*2\r\n,2\r\n,0.25\r\n", "INCREX", "k", "BYFLOAT", "1", "UBOUND", "2", "SATURATE");
}

Test(cmd_string, increx_opens_a_window_once) {
    EXPECT("*2\r\n:1\r\n:1\r\n", "INCREX", "k", "EX", "60", "ENX", "UBOUND", "2");
    EXPECT_EFFECTS("SET k 1 PXAT 1700000060000;");
    EXPECT_EVENTS("new:k incrby:k expire:k");
    world->now_unix_ms += 1000;
    EXPECT("*2\r\n:2\r\n:1\r\n", "INCREX", "k", "EX", "60", "ENX", "UBOUND", "2");
    EXPECT_EFFECTS("SET k 2 KEEPTTL;");
    EXPECT("*2\r\n:2\r\n:0\r\n", "INCREX", "k", "EX", "60", "ENX", "UBOUND", "2");
    EXPECT(":59\r\n", "TTL", "k");
    EXPECT("*2\r\n:3\r\n:1\r\n", "INCREX", "k", "PERSIST");
    EXPECT_EFFECTS("SET k 3;");
    EXPECT(":-1\r\n", "TTL", "k");
    EXPECT("*2\r\n:4\r\n:1\r\n", "INCREX", "k", "EXAT", "1");
    EXPECT_EFFECTS("DEL k;");
    EXPECT(":0\r\n", "EXISTS", "k");
}

Test(cmd_string, pieces_are_cut_and_written_as_redis_does) {
    RUN("SET", "k", "Hello World");
    EXPECT("$5\r\nWorld\r\n", "GETRANGE", "k", "-5", "-1");
    EXPECT("$0\r\n\r\n", "GETRANGE", "k", "5", "3");
    EXPECT("$0\r\n\r\n", "GETRANGE", "k", "-1", "-5");
    EXPECT("$1\r\nH\r\n", "SUBSTR", "k", "-9223372036854775808", "0");
    EXPECT(":11\r\n", "SETRANGE", "k", "6", "Redis");
    EXPECT_EVENTS("setrange:k");
    EXPECT(":13\r\n", "APPEND", "k", "!!");
    EXPECT("$13\r\nHello Redis!!\r\n", "GET", "k");
    EXPECT(":13\r\n", "STRLEN", "k");
    EXPECT(":0\r\n", "SETRANGE", "n", "5", "");
    EXPECT(":0\r\n", "EXISTS", "n");
    cr_expect(not(world->is_changed));
    EXPECT("-ERR offset is out of range\r\n", "SETRANGE", "k", "-1", "x");
    EXPECT("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", "SETRANGE", "n",
           "536870912", "x");
    world->settings.proto_max_bulk_len = 14;
    EXPECT("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", "APPEND", "k",
           "ab");
    EXPECT(":14\r\n", "APPEND", "k", "a");
}

Test(cmd_string, many_keys_are_set_and_read_in_their_order) {
    struct slice args[61] = {SLICE_LITERAL("MSET")};
    char names[60][8];

    for (size_t i = 0; i < 60; i++) { /* more than one batch, keys and values alike */
        snprintf(names[i], sizeof names[i], "%c%zu", i % 2 == 0 ? 'k' : 'v', i / 2);
        args[i + 1] = slice_from_cstr(names[i]);
    }
    cr_expect(eq(str, (char *)world_run_slices(world, args, 61), OK));
    cr_expect(not(world->is_effect_emitted));
    cr_expect(eq(u64, world->counters.dirty, 30));
    for (size_t i = 0; i < 30; i++) args[i + 1] = args[2 * i + 1];
    args[0] = SLICE_LITERAL("MGET");
    const char *at = world_run_slices(world, args, 31);
    cr_expect(eq(int, strncmp(at, "*30\r\n$2\r\nv0\r\n", 13), 0));
    cr_expect(eq(str, (char *)at + strlen(at) - 9, "$3\r\nv29\r\n"));
    EXPECT("*3\r\n$2\r\nv0\r\n$-1\r\n$2\r\nv0\r\n", "MGET", "k0", "no", "k0");
    EXPECT("-ERR wrong number of arguments for 'mset' command\r\n", "MSET", "a", "1", "b");
    EXPECT(OK, "MSET", "a", "1", "a", "2");
    EXPECT_EVENTS("new:a set:a set:a");
    EXPECT("$1\r\n2\r\n", "GET", "a");
}

Test(cmd_string, msetnx_sets_all_or_nothing) {
    EXPECT(":1\r\n", "MSETNX", "a", "1", "b", "2");
    EXPECT(":0\r\n", "MSETNX", "c", "1", "b", "3");
    EXPECT(":0\r\n", "EXISTS", "c");
    cr_expect(not(world->is_changed));
}

Test(cmd_string, msetex_gives_all_keys_one_deadline) {
    EXPECT(":1\r\n", "MSETEX", "2", "a", "1", "b", "2", "EX", "10", "NX");
    EXPECT_EFFECTS("SET a 1 PXAT 1700000010000;SET b 2 PXAT 1700000010000;");
    EXPECT(":0\r\n", "MSETEX", "2", "a", "1", "c", "2", "NX");
    EXPECT(":0\r\n", "MSETEX", "2", "a", "1", "c", "2", "XX");
    EXPECT(":1\r\n", "MSETEX", "1", "a", "9", "XX", "KEEPTTL");
    EXPECT_EFFECTS("SET a 9 KEEPTTL;");
    EXPECT(":10\r\n", "TTL", "a");
    EXPECT("-ERR invalid numkeys value or out of range\r\n", "MSETEX", "0", "a", "b");
    EXPECT(SYNTAX, "MSETEX", "2", "a", "b");
    EXPECT(SYNTAX, "MSETEX", "1", "a", "b", "GET");
    EXPECT("-ERR invalid expire time in 'msetex' command\r\n", "MSETEX", "1", "a", "b", "PX", "0");
}

Test(cmd_string, lcs_finds_what_redis_finds) {
    RUN("MSET", "a", "ohmytext", "b", "mynewtext");
    EXPECT("$6\r\nmytext\r\n", "LCS", "a", "b");
    EXPECT(":6\r\n", "LCS", "a", "b", "LEN");
    EXPECT("*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$"
           "3\r\nlen\r\n:6\r\n",
           "LCS", "a", "b", "IDX", "MINMATCHLEN", "4", "WITHMATCHLEN");
    world->resp = 3;
    EXPECT("%2\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:"
           "2\r\n:3\r\n"
           "*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n",
           "LCS", "a", "b", "IDX");
    EXPECT("$0\r\n\r\n", "LCS", "a", "missing");
    EXPECT(SYNTAX, "LCS", "a", "b", "MINMATCHLEN");
    EXPECT("-ERR If you want both the length and indexes, please just use IDX.\r\n", "LCS", "a",
           "b", "IDX", "LEN");
    world->settings.proto_max_bulk_len = 9 * 10 * 4 - 1;
    EXPECT("-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
           "LCS", "a", "b", "LEN");
    world->settings.proto_max_bulk_len++;
    EXPECT(":6\r\n", "LCS", "a", "b", "LEN");
}

Test(cmd_string, a_value_answered_by_reference_outlives_its_key) {
    static char large[40001];
    struct outbuf out;
    struct reply reply = {.out = &out, .resp = 2};
    struct slice args[2] = {SLICE_LITERAL("GETDEL"), SLICE_LITERAL("k")};
    static char text[WORLD_TEXT_BYTES];

    memset(large, 'x', sizeof large - 1);
    RUN("SET", "k", large);
    outbuf_init(&out);
    struct cmd_ctx ctx = {.cmd = cmd_table_find(world->table, args[0]),
                          .args = args,
                          .args_count = 2,
                          .keyspace = world->keyspace,
                          .now_unix_ms = world->now_unix_ms,
                          .reply = &reply,
                          .settings = &world->settings,
                          .counters = &world->counters};
    ctx.cmd->def->run(&ctx);
    EXPECT(":0\r\n", "EXISTS", "k");
    while (keyspace_garbage_step(world->keyspace, 100)) continue;
    cr_expect(eq(sz, world_drain(&out, text, sizeof text), 8 + 40000 + 2));
    cr_expect(eq(int, strncmp(text, "$40000\r\nxxx", 11), 0));
}
