/* PFADD, PFCOUNT, PFMERGE, PFDEBUG: what they announce and what they do without memory. Replies and
 * bytes are compared with Redis' in tests/diff (gen_hyperloglog.py). */
#include "tests/unit/core/cmd_world.h"

#include "core/mem.h"

static struct world *world;
static void set_up(void) {
    world = world_new();
    world->settings.hll_sparse_max_bytes = 3000;
}
static void tear_down(void) {
    world_free(world);
}
TestSuite(cmd_hyperloglog, .init = set_up, .fini = tear_down);

#define BROKEN "-INVALIDOBJ Corrupted HLL object detected\r\n"

static void add_many(const char *key, int first, int count) {
    char text[16];

    for (int i = first; i < first + count; i++) {
        sprintf(text, "e%d", i);
        RUN("PFADD", key, text);
    }
}

Test(cmd_hyperloglog, pfadd_announces_what_it_learned_and_nothing_else) {
    EXPECT(":1\r\n", "PFADD", "k");
    EXPECT_EVENTS("new:k pfadd:k");
    EXPECT(":1\r\n", "PFADD", "k", "a", "b", "a");
    EXPECT_EVENTS("pfadd:k");
    EXPECT_EFFECTS("PFADD k a b a;");
    cr_expect(eq(u64, world->counters.dirty, 3));
    EXPECT(":0\r\n", "PFADD", "k", "b");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT("$3\r\nraw\r\n", "OBJECT", "ENCODING", "k");
}

Test(cmd_hyperloglog, pfcount_keeps_its_estimate_once) {
    RUN("PFADD", "k", "a", "b", "c");
    EXPECT(":3\r\n", "PFCOUNT", "k");
    EXPECT_EFFECTS("PFCOUNT k;");
    EXPECT_EVENTS("");
    EXPECT(":3\r\n", "PFCOUNT", "k");
    EXPECT_EFFECTS("");
    EXPECT(":3\r\n", "PFCOUNT", "k", "absent");
    EXPECT_EFFECTS("");
}

Test(cmd_hyperloglog,
     a_copy_keeps_its_own_estimate) { /* their bytes are shared until one is written */
    add_many("k", 0, 3000);
    RUN("COPY", "k", "copy");
    RUN("PFCOUNT", "k");
    RUN("PFADD", "copy", "one more", "and more", "and so on", "and on");
    RUN("PFCOUNT", "k");
    EXPECT_EFFECTS("");
    RUN("PFCOUNT", "copy");
    EXPECT_EFFECTS("PFCOUNT copy;");
}

Test(cmd_hyperloglog, it_becomes_dense_when_sparse_takes_too_much_and_keeps_its_deadline) {
    RUN("PFADD", "k");
    RUN("PEXPIRE", "k", "5000");
    world->settings.hll_sparse_max_bytes = 40;
    EXPECT("+sparse\r\n", "PFDEBUG", "ENCODING", "k");
    add_many("k", 0, 30);
    EXPECT("+dense\r\n", "PFDEBUG", "ENCODING", "k");
    EXPECT(":12304\r\n", "STRLEN", "k");
    EXPECT(":5000\r\n", "PTTL", "k");
    EXPECT(":30\r\n", "PFCOUNT", "k");
}

Test(cmd_hyperloglog, pfmerge_into_a_new_key_is_a_pfadd_event) {
    RUN("PFADD", "a", "1", "2");
    RUN("PFADD", "b", "2", "3");
    EXPECT("+OK\r\n", "PFMERGE", "to", "a", "b", "absent");
    EXPECT_EVENTS("keymiss:to keymiss:absent new:to pfadd:to");
    EXPECT_EFFECTS("PFMERGE to a b absent;");
    EXPECT(":3\r\n", "PFCOUNT", "to");
    EXPECT("+sparse\r\n", "PFDEBUG", "ENCODING", "to");
    RUN("PFDEBUG", "TODENSE", "a");
    EXPECT_EFFECTS("PFDEBUG TODENSE a;");
    EXPECT("+OK\r\n", "PFMERGE", "to", "a");
    EXPECT("+dense\r\n", "PFDEBUG", "ENCODING", "to");
    EXPECT(":3\r\n", "PFCOUNT", "to");
}

Test(cmd_hyperloglog, what_is_broken_is_refused_and_left_alone) {
    struct slice set[3] = {SLICE_LITERAL("SET"), SLICE_LITERAL("k"),
                           SLICE_LITERAL("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x7f\xfe")};

    world_run_slices(world, set, 3);
    EXPECT(BROKEN, "PFCOUNT", "k");
    EXPECT(BROKEN, "PFCOUNT", "k", "other");
    EXPECT(BROKEN, "PFMERGE", "to", "k");
    EXPECT(":0\r\n", "EXISTS", "to");
    EXPECT(BROKEN, "PFMERGE", "k");
    EXPECT(BROKEN, "PFDEBUG", "TODENSE", "k");
    EXPECT("$7\r\nZ:16383\r\n", "PFDEBUG", "DECODE", "k");
    EXPECT(":18\r\n", "STRLEN", "k");
    RUN("SET", "k", "123");
    EXPECT("-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n", "PFADD", "k", "a");
}

Test(cmd_hyperloglog, pfdebug_names_the_whole_of_a_subcommand_that_it_does_not_know) {
    char word[201], expected[256];
    memset(word, 'L', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    snprintf(expected, sizeof expected, "-ERR Unknown PFDEBUG subcommand '%s'\r\n", word);
    RUN("PFADD", "k", "a");
    EXPECT(expected, "PFDEBUG", word, "k");
}

Test(cmd_hyperloglog, the_self_test_passes) {
    EXPECT("+OK\r\n", "PFSELFTEST");
}

#ifdef SLIPRING_DEBUG
Test(cmd_hyperloglog, without_memory_a_value_stays_whole) {
    static const char *const lines[][4] = {
        {"PFADD", "k", "x", "y"}, {"PFADD", "new", "x", "y"},  {"PFMERGE", "k", "dense"},
        {"PFMERGE", "new", "k"},  {"PFMERGE", "new", "dense"}, {"PFDEBUG", "TODENSE", "k"},
        {"PFCOUNT", "k"}};

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        bool is_refused = true;
        for (uint64_t nth = 1; is_refused; nth++) {
            struct slice args[4];
            size_t count = 0;

            RUN("FLUSHALL");
            RUN("PFADD", "dense", "p", "q");
            RUN("PFDEBUG", "TODENSE", "dense");
            add_many("k", 0, 200);
            RUN("COPY", "k", "shared");
            for (; count < 4 && lines[i][count] != NULL; count++)
                args[count] = slice_from_cstr(lines[i][count]);
            mem_try_fail_at(nth);
            const char *reply = world_run_slices(world, args, count);
            is_refused = reply[0] == '-';
            mem_try_fail_at(0);
            cr_assert(world->is_changed || is_refused || i == 6);
            RUN("PFCOUNT", "k", "new", "dense", "shared"); /* refused if one were broken */
            cr_expect(eq(chr, world->reply[0], ':'));
            cr_assert(lt(u64, nth, 50));
        }
    }
}
#endif
