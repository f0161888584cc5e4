/* The commands of lists: what they say to others, how they wait, what is left when there is no
 * memory. Their replies are judged against Redis by tests/diff/run.py. */
#include "core/mem.h"
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->can_block = true;
    world->settings.list_max_listpack_size = 4;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_list, .init = set_up, .fini = tear_down);

/* ---- Where nodes are cut ---- */

Test(cmd_list, a_large_element_between_two_leaves_the_halves_apart) {
    char large[8194];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    RUN("RPUSH", "l", "1", "2", "3", "4", "5"); /* nodes of four */
    EXPECT(":6\r\n", "LINSERT", "l", "BEFORE", "4", large);
    RUN("LPOP", "l", "4");
    EXPECT("$9\r\nquicklist\r\n", "OBJECT", "ENCODING", "l");
    RUN("LPOP", "l");
    EXPECT("$8\r\nlistpack\r\n", "OBJECT", "ENCODING", "l");
}

/* ---- What a log gets of a blocking command ---- */

Test(cmd_list, a_blocking_pop_is_logged_as_a_plain_one) {
    EXPECT(":3\r\n", "RPUSH", "l", "a", "b", "c");
    EXPECT("*2\r\n$1\r\nl\r\n$1\r\na\r\n", "BLPOP", "none", "l", "0");
    EXPECT_EFFECTS("LPOP l;");
    EXPECT_EVENTS("lpop:l");
    EXPECT("*2\r\n$1\r\nl\r\n$1\r\nc\r\n", "BRPOP", "l", "0");
    EXPECT_EFFECTS("RPOP l;");
    EXPECT("*2\r\n$1\r\nl\r\n$1\r\nb\r\n", "BRPOP", "l", "0");
    EXPECT_EVENTS("rpop:l del:l");
    EXPECT_EFFECTS("RPOP l;");
    EXPECT_BLOCKED("");
}

Test(cmd_list, a_pop_of_many_is_logged_with_what_it_took) {
    EXPECT(":3\r\n", "RPUSH", "l", "a", "b", "c");
    EXPECT("*2\r\n$1\r\nl\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", "LMPOP", "2", "none", "l", "LEFT",
           "COUNT", "2");
    EXPECT_EFFECTS("LPOP l 2;");
    EXPECT("*2\r\n$1\r\nl\r\n*1\r\n$1\r\nc\r\n", "BLMPOP", "0", "1", "l", "RIGHT", "COUNT", "9");
    EXPECT_EFFECTS("RPOP l 1;");
    EXPECT_EVENTS("rpop:l del:l");
    EXPECT("*-1\r\n", "LMPOP", "1", "l", "LEFT");
    EXPECT_EFFECTS("");
    cr_expect(not(world->is_changed));
}

Test(cmd_list, a_blocking_move_is_logged_as_a_plain_one) {
    EXPECT(":2\r\n", "RPUSH", "{l}s", "a", "b");
    EXPECT("$1\r\nb\r\n", "BRPOPLPUSH", "{l}s", "{l}d", "0");
    EXPECT_EFFECTS("LMOVE {l}s {l}d RIGHT LEFT;");
    EXPECT_EVENTS("new:{l}d lpush:{l}d rpop:{l}s");
    EXPECT("$1\r\na\r\n", "BLMOVE", "{l}s", "{l}d", "left", "right", "0");
    EXPECT_EFFECTS("LMOVE {l}s {l}d LEFT RIGHT;");
    EXPECT_EVENTS("rpush:{l}d lpop:{l}s del:{l}s");
    EXPECT("$1\r\nb\r\n", "LMOVE", "{l}d", "{l}d", "LEFT", "RIGHT");
    EXPECT_EFFECTS("LMOVE {l}d {l}d LEFT RIGHT;");
    EXPECT_EVENTS("rpush:{l}d lpop:{l}d");
    EXPECT("$1\r\nb\r\n", "RPOPLPUSH", "{l}d", "{l}s");
    EXPECT_EFFECTS("RPOPLPUSH {l}d {l}s;");
    EXPECT_EVENTS("new:{l}s lpush:{l}s rpop:{l}d");
}

/* ---- Events ---- */

Test(cmd_list, each_change_has_its_event) {
    EXPECT(":0\r\n", "LPUSHX", "l", "a");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":2\r\n", "LPUSH", "l", "b", "a");
    EXPECT_EVENTS("new:l lpush:l");
    EXPECT(":3\r\n", "RPUSHX", "l", "c");
    EXPECT_EVENTS("rpush:l");
    EXPECT(":4\r\n", "LINSERT", "l", "BEFORE", "b", "x");
    EXPECT_EVENTS("linsert:l");
    EXPECT(":-1\r\n", "LINSERT", "l", "AFTER", "nope", "x");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT("+OK\r\n", "LSET", "l", "-1", "x");
    EXPECT_EVENTS("lset:l");
    EXPECT(":2\r\n", "LREM", "l", "0", "x");
    EXPECT_EVENTS("lrem:l");
    EXPECT(":0\r\n", "LREM", "l", "0", "x");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT("+OK\r\n", "LTRIM", "l", "0", "0");
    EXPECT_EVENTS("ltrim:l");
    EXPECT("+OK\r\n", "LTRIM", "l", "5", "9");
    EXPECT_EVENTS("ltrim:l del:l");
    EXPECT(":1\r\n", "RPUSH", "l", "a");
    EXPECT(":1\r\n", "LREM", "l", "1", "a");
    EXPECT_EVENTS("lrem:l del:l");
    EXPECT(":1\r\n", "RPUSH", "l", "a");
    EXPECT("*0\r\n", "LPOP", "l", "0");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT("*1\r\n$1\r\na\r\n", "LPOP", "l", "7");
    EXPECT_EVENTS("lpop:l del:l");
}

/* ---- Waiting ---- */

Test(cmd_list, who_finds_nothing_waits_for_all_his_keys) {
    EXPECT("", "BLPOP", "a", "b", "1.5");
    EXPECT_BLOCKED("1 2 @1500");
    EXPECT_EFFECTS("");
    EXPECT("", "BLMPOP", "0", "2", "a", "b", "LEFT");
    EXPECT_BLOCKED("3 4");
    EXPECT("", "BLMOVE", "{l}s", "{l}d", "LEFT", "LEFT", "2");
    EXPECT_BLOCKED("1 all @2000");
    EXPECT("", "BRPOPLPUSH", "{l}s", "{l}d", "0");
    EXPECT_BLOCKED("1 all");
    world->can_block = false;
    EXPECT("*-1\r\n", "BRPOP", "a", "b", "0");
    EXPECT("$-1\r\n", "BLMOVE", "{l}s", "{l}d", "LEFT", "LEFT", "2");
    EXPECT_BLOCKED("");
}

Test(cmd_list, a_wrong_type_is_an_error_at_first_and_nothing_later) {
    EXPECT("+OK\r\n", "SET", "s", "v");
    EXPECT(":1\r\n", "RPUSH", "l", "a");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "BLPOP", "s",
           "l", "0");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "BRPOPLPUSH",
           "s", "l", "0");
    world->wake_arg = 1;
    EXPECT("", "BLPOP", "s", "l", "0");
    EXPECT_BLOCKED("1 2");
    EXPECT("", "BRPOPLPUSH", "s", "{s}d", "0");
    EXPECT_BLOCKED("1 all");
    world->wake_arg = 3;
    EXPECT("", "BLMPOP", "0", "2", "s", "l", "LEFT");
    EXPECT_BLOCKED("3 4");
}

Test(cmd_list, who_is_woken_looks_at_that_key_alone) {
    EXPECT(":1\r\n", "RPUSH", "a", "1");
    EXPECT(":1\r\n", "RPUSH", "b", "2");
    world->wake_arg = 2;
    EXPECT("*2\r\n$1\r\nb\r\n$1\r\n2\r\n", "BLPOP", "a", "b", "0");
    EXPECT_EFFECTS("LPOP b;");
    EXPECT("", "BLPOP", "a", "b", "0"); /* a is there, but it was not a that woke it */
    EXPECT_BLOCKED("1 2");
    world->wake_arg = 4;
    EXPECT("", "BLMPOP", "0", "2", "a", "b", "LEFT");
    EXPECT_BLOCKED("3 4");
    world->wake_arg = 1;
    EXPECT("$1\r\n1\r\n", "BLMOVE", "a", "b", "LEFT", "LEFT", "0");
    EXPECT_EFFECTS("LMOVE a b LEFT LEFT;");
    EXPECT("", "BLMOVE", "a", "b", "LEFT", "LEFT", "0");
    EXPECT_BLOCKED("1 all");
}

Test(cmd_list, a_wrong_target_is_an_error_and_takes_nothing) {
    EXPECT(":1\r\n", "RPUSH", "{l}s", "a");
    EXPECT("+OK\r\n", "SET", "{l}d", "v");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "BLMOVE",
           "{l}s", "{l}d", "LEFT", "LEFT", "0");
    EXPECT_EFFECTS("");
    EXPECT_EVENTS("");
    EXPECT("*1\r\n$1\r\na\r\n", "LRANGE", "{l}s", "0", "-1");
}

#ifdef SLIPRING_DEBUG
/* ---- No memory ---- */

static char large[5000];

static void fill(size_t count) {
    char text[32];

    RUN("FLUSHDB");
    for (size_t i = 0; i < count; i++) {
        sprintf(text, "e%zu", i);
        RUN("RPUSH", "{l}s", text);
    }
}

/* Whatever allocation fails: a whole list is left, and an error changed nothing. */
static void fail_each(size_t elements_count, const char *const *texts, size_t count) {
    enum { FAILURES_MAX = 24 };
    struct slice args[8];
    static char before[WORLD_TEXT_BYTES];

    for (size_t i = 0; i < count; i++) args[i] = slice_from_cstr(texts[i]);
    for (uint64_t nth = 1; nth <= FAILURES_MAX; nth++) {
        fill(elements_count);
        strcpy(before, RUN("LRANGE", "{l}s", "0", "-1"));
        mem_try_fail_at(nth);
        world_run_slices(world, args, count);
        mem_try_fail_at(0);
        bool is_refused = strncmp(world->reply, "-OOM", 4) == 0;
        if (is_refused) cr_expect(eq(str, world->effects, ""), "%s, %d", texts[0], (int)nth);
        keyspace_slot_check(world->keyspace, key_slot(SLICE_LITERAL("{l}s")));
        const char *after = RUN("LRANGE", "{l}s", "0", "-1");
        if (is_refused && strcmp(texts[0], "RPUSH") != 0)
            cr_expect(eq(str, (char *)after, before), "%s, %d", texts[0], (int)nth);
    }
}
#define FAIL_EACH(count, ...) \
    fail_each(count, (const char *const[]){__VA_ARGS__}, \
              ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

Test(cmd_list, without_memory_a_list_stays_whole) {
    memset(large, 'x', sizeof large - 1);
    world->settings.list_max_listpack_size = -1;
    world->settings.list_plain_min_bytes = 1000;
    for (size_t count = 0; count <= 9; count += 3) {
        FAIL_EACH(count, "RPUSH", "{l}s", large);
        FAIL_EACH(count, "LPUSH", "{l}s", large);
        FAIL_EACH(count, "LSET", "{l}s", "1", large);
        FAIL_EACH(count, "LINSERT", "{l}s", "BEFORE", "e1", large);
        FAIL_EACH(count, "LMOVE", "{l}s", "{l}d", "LEFT", "RIGHT");
        FAIL_EACH(count, "LMOVE", "{l}s", "{l}s", "LEFT", "RIGHT");
        FAIL_EACH(count, "COPY", "{l}s", "{l}d");
        FAIL_EACH(count, "LREM", "{l}s", "0", "e1");
    }
    world->settings.list_max_listpack_size = 2;
    FAIL_EACH(9, "RPUSH", "{l}s", "a", "b", "c", large, "d");
    FAIL_EACH(9, "LINSERT", "{l}s", "AFTER", "e4", "x");
    FAIL_EACH(9, "LSET", "{l}s", "4", large);
}
#endif
