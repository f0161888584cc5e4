/* The commands of streams: what they say to others. Judged against Redis by tests/diff/run.py;
 * here is what that cannot see: effects, which must come to the same on a replica whatever its
 * clock and its nodes are like, and ids that the clock chooses. */
#include "tests/unit/core/cmd_world.h"

#define NOW "1700000000000" /* WORLD_START_UNIX_MS */
#define LONG_AGO "1600000000000"
#define ENTRY(id) "*2\r\n$3\r\n" id "\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.stream_node_max_bytes = 4096;
    world->settings.stream_node_max_entries = 3;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_stream, .init = set_up, .fini = tear_down);

static void add(const char *id) {
    RUN("XADD", "s", id, "f", "v");
    cr_assert(eq(chr, world->reply[0], '$'));
}

/* A stream 1-1, 2-1, 3-1 with a group that has read nothing. */
static void make_group(void) {
    add("1-1");
    add("2-1");
    add("3-1");
    EXPECT("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0");
}

/* ---- XADD, XTRIM ---- */

Test(cmd_stream, the_effect_of_xadd_has_the_id) {
    EXPECT("$15\r\n" NOW "-0\r\n", "XADD", "s", "*", "f", "v");
    EXPECT_EFFECTS("XADD s " NOW "-0 f v;");
    EXPECT_EVENTS("new:s xadd:s");
    EXPECT("$15\r\n" NOW "-1\r\n", "XADD", "s", "NOMKSTREAM", "*", "f", "v");
    EXPECT_EFFECTS("XADD s NOMKSTREAM " NOW "-1 f v;");
    EXPECT("$15\r\n" NOW "-2\r\n", "XADD", "s", NOW "-*", "f", "v");
    EXPECT_EFFECTS("XADD s " NOW "-2 f v;");
    world->now_unix_ms--; /* a clock that goes back does not take the ids along */
    EXPECT("$15\r\n" NOW "-3\r\n", "XADD", "s", "*", "f", "v");
    EXPECT_EFFECTS("XADD s " NOW "-3 f v;");
}

Test(cmd_stream, an_xadd_that_adds_nothing_has_no_effect) {
    EXPECT("$-1\r\n", "XADD", "s", "NOMKSTREAM", "*", "f", "v");
    EXPECT_EFFECTS("");
    add("5-5");
    RUN("XADD", "s", "5-5", "f", "v");
    cr_expect(eq(chr, world->reply[0], '-'));
    EXPECT_EFFECTS("");
    EXPECT_EVENTS("");
}

Test(cmd_stream, the_effect_of_an_approximate_trim_is_exact) {
    const char *ids[] = {"1-1", "2-1", "3-1", "4-1", "5-1"};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) add(ids[i]);

    /* Nodes of three: the first goes, since three are left without it. */
    EXPECT("$3\r\n6-1\r\n", "XADD", "s", "MAXLEN", "~", "2", "6-1", "f", "v");
    EXPECT_EFFECTS("XADD s MAXLEN = 3 6-1 f v;");
    EXPECT_EVENTS("xadd:s xtrim:s");
    EXPECT("$3\r\n7-1\r\n", "XADD", "s", "MINID", "~", "5-1", "LIMIT", "100", "7-1", "f", "v");
    EXPECT_EFFECTS("XADD s MINID = 4-1 7-1 f v;");
    EXPECT(":3\r\n", "XTRIM", "s", "MAXLEN", "~", "1", "LIMIT", "0");
    EXPECT_EFFECTS("XTRIM s MAXLEN = 1;");
    EXPECT(":0\r\n", "XTRIM", "s", "MAXLEN", "~", "1");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "XTRIM", "s", "MAXLEN", "0");
    EXPECT_EFFECTS("XTRIM s MAXLEN 0;");
    EXPECT_EVENTS("xtrim:s");
}

/* ---- XREADGROUP ---- */

Test(cmd_stream, a_delivery_is_a_claim_at_a_time_on_replicas) {
    make_group();
    EXPECT("*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY("1-1") ENTRY("2-1"), "XREADGROUP", "GROUP", "g",
           "c", "COUNT", "2", "STREAMS", "s", ">");
    EXPECT_EFFECTS("XGROUP CREATECONSUMER s g c;"
                   "XCLAIM s g c 0 1-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 1-1;"
                   "XCLAIM s g c 0 2-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 2-1;"
                   "XGROUP SETID s g 2-1 ENTRIESREAD 2;");
    EXPECT_EVENTS("xgroup-createconsumer:s");
    EXPECT("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" ENTRY("3-1"), "XREADGROUP", "GROUP", "g", "c", "NOACK",
           "STREAMS", "s", ">");
    EXPECT_EFFECTS("XGROUP SETID s g 3-1 ENTRIESREAD 3;");
    EXPECT("*-1\r\n", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    EXPECT("*-1\r\n", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s",
           "18446744073709551615-18446744073709551615");
    EXPECT_EFFECTS("");
}

Test(cmd_stream, a_reader_who_gets_nothing_is_known_to_replicas) {
    EXPECT("+OK\r\n", "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    EXPECT("*-1\r\n", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    EXPECT_EFFECTS("XGROUP CREATECONSUMER s g c;");
}

/* ---- XCLAIM, XAUTOCLAIM ---- */

Test(cmd_stream, the_effects_of_xclaim_name_what_was_claimed) {
    make_group();
    RUN("XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "s", ">");
    world->now_unix_ms += 5;
    EXPECT("*0\r\n", "XCLAIM", "s", "g", "c", "1000", "1-1"); /* too fresh */
    EXPECT_EFFECTS("");
    EXPECT("*1\r\n" ENTRY("1-1"), "XCLAIM", "s", "g", "d", "5", "1-1", "3-1");
    EXPECT_EFFECTS("XGROUP CREATECONSUMER s g d;"
                   "XCLAIM s g d 0 1-1 TIME 1700000000005 RETRYCOUNT 2 FORCE JUSTID LASTID 2-1;");
    /* IDLE is a time on the replica; JUSTID counts no delivery; LASTID moves the group. */
    EXPECT("*1\r\n$3\r\n2-1\r\n", "XCLAIM", "s", "g", "d", "0", "2-1", "IDLE", "5", "JUSTID",
           "LASTID", "3-1");
    EXPECT_EFFECTS("XGROUP SETID s g 3-1 ENTRIESREAD 2;"
                   "XCLAIM s g d 0 2-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 3-1;");
    EXPECT("*1\r\n" ENTRY("3-1"), "XCLAIM", "s", "g", "d", "0", "3-1", "FORCE", "TIME", LONG_AGO,
           "RETRYCOUNT", "7");
    EXPECT_EFFECTS("XCLAIM s g d 0 3-1 TIME " LONG_AGO " RETRYCOUNT 7 FORCE JUSTID LASTID 3-1;");
}

Test(cmd_stream, claiming_what_was_deleted_drops_it_everywhere) {
    make_group();
    RUN("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    EXPECT(":2\r\n", "XDEL", "s", "1-1", "2-1");
    EXPECT("*0\r\n", "XCLAIM", "s", "g", "c", "0", "1-1");
    EXPECT_EFFECTS("XCLAIM s g c 0 1-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 3-1;");
    EXPECT("*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n3-1\r\n*1\r\n$3\r\n2-1\r\n", "XAUTOCLAIM", "s", "g", "d",
           "0", "-", "JUSTID");
    EXPECT_EFFECTS("XGROUP CREATECONSUMER s g d;"
                   "XCLAIM s g c 0 2-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 3-1;"
                   "XCLAIM s g d 0 3-1 TIME " NOW " RETRYCOUNT 1 FORCE JUSTID LASTID 3-1;");
}

Test(cmd_stream, the_effects_of_xautoclaim_name_what_was_claimed) {
    make_group();
    RUN("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    world->now_unix_ms += 5;
    EXPECT("*3\r\n$3\r\n2-1\r\n*1\r\n" ENTRY("1-1") "*0\r\n", "XAUTOCLAIM", "s", "g", "c", "5", "0",
           "COUNT", "1");
    EXPECT_EFFECTS("XCLAIM s g c 0 1-1 TIME 1700000000005 RETRYCOUNT 2 FORCE JUSTID LASTID 3-1;");
    EXPECT("*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n", "XAUTOCLAIM", "s", "g", "c", "6", "0");
    EXPECT_EFFECTS("");
}

/* What a replica is like after the effects: the same group, to the last number. */
Test(cmd_stream, the_effects_of_a_delivery_make_the_same_group) {
    static char effects[WORLD_TEXT_BYTES], expected[WORLD_TEXT_BYTES];

    make_group();
    EXPECT(":1\r\n", "XDEL", "s", "1-1");
    RUN("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    strcpy(effects, world->effects);
    strcpy(expected, RUN("XINFO", "STREAM", "s", "FULL"));
    EXPECT(":1\r\n", "XGROUP", "DESTROY", "s", "g");
    EXPECT("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0");
    for (char *rest = effects, *line; (line = strsep(&rest, ";")) != NULL && *line != '\0';) {
        struct slice args[WORLD_ARGS_MAX];
        size_t count = 0;
        for (char *word; (word = strsep(&line, " ")) != NULL;)
            args[count++] = slice_from_cstr(word);
        world_run_slices(world, args, count);
        cr_expect(ne(chr, world->reply[0], '-'));
    }
    EXPECT(expected, "XINFO", "STREAM", "s", "FULL");
}

/* ---- How far a group has read ---- */

static void expect_of_group(const char *part) {
    const char *reply = RUN("XINFO", "GROUPS", "s");
    cr_expect(strstr(reply, part) != NULL, "%s is not in %s", part, reply);
}

Test(cmd_stream, a_made_up_count_does_not_survive_the_first_entry) {
    EXPECT("+OK\r\n", "XGROUP", "CREATE", "s", "g", "0", "MKSTREAM", "ENTRIESREAD", "3");
    RUN("XADD", "s", "3-1", "f", "v");
    RUN("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    expect_of_group("$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:0\r\n");
}

Test(cmd_stream, entries_that_were_trimmed_unread_count_as_read) {
    RUN("XADD", "s", "1-1", "f", "v");
    RUN("XGROUP", "CREATE", "s", "g", "0");
    RUN("XADD", "s", "MAXLEN", "1", "2-1", "f", "v");
    expect_of_group("$3\r\nlag\r\n:1\r\n");
    RUN("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">");
    expect_of_group("$12\r\nentries-read\r\n:2\r\n$3\r\nlag\r\n:0\r\n");
}

Test(cmd_stream, a_deleted_entry_ahead_makes_the_lag_unknown) {
    RUN("XADD", "s", "1-1", "f", "v");
    RUN("XADD", "s", "2-1", "f", "v");
    RUN("XADD", "s", "3-1", "f", "v");
    RUN("XGROUP", "CREATE", "s", "g", "0");
    RUN("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "s", ">");
    expect_of_group("$3\r\nlag\r\n:2\r\n");
    RUN("XDEL", "s", "2-1");
    expect_of_group("$3\r\nlag\r\n$-1\r\n");
}

Test(cmd_stream, xgroup_takes_so_many_arguments) {
    const char *create = "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try "
                         "XGROUP HELP.\r\n";
    EXPECT(create, "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM", "ENTRIESREAD", "3", "MKSTREAM");
    EXPECT("+OK\r\n", "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM", "MKSTREAM", "MKSTREAM");
    EXPECT("-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.\r\n",
           "XGROUP", "SETID", "s", "g", "0", "ENTRIESREAD", "3", "ENTRIESREAD", "4");
}
