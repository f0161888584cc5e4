/* The commands of sets: what they answer, change and say to others. Judged against Redis by
 * tests/diff/run.py; here is what that cannot see: effects, events, members that come by chance,
 * whole scans, no memory. */
#include "core/mem.h"
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.set_max_intset_entries = 16;
    world->settings.set_max_listpack_entries = 10;
    world->settings.set_max_listpack_value = 20;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_set, .init = set_up, .fini = tear_down);

/* SADD key prefix0 prefix1 ... */
static void add_many(const char *key, const char *prefix, size_t from, size_t count) {
    char member[64];

    for (size_t i = from; i < from + count; i++) {
        sprintf(member, "%s%zu", prefix, i);
        EXPECT(":1\r\n", "SADD", key, member);
    }
}

static bool is_member(const char *key, struct slice member) {
    struct slice args[3] = {SLICE_LITERAL("SISMEMBER"), slice_from_cstr(key), member};
    return strcmp(world_run_slices(world, args, 3), ":1\r\n") == 0;
}

enum { LIST_MAX = 2000, LIST_TEXT_BYTES = 40 };
struct list {
    size_t count;
    char texts[LIST_MAX][LIST_TEXT_BYTES];
};
static struct list list;

/* The bulk strings of the last reply, whatever is around them. */
static void list_reply(void) {
    static char copy[WORLD_TEXT_BYTES];

    strcpy(copy, world->reply);
    list.count = 0;
    for (char *at = copy; (at = strchr(at, '$')) != NULL;) {
        size_t len = (size_t)strtol(at + 1, &at, 10);
        cr_assert(lt(sz, len, (size_t)LIST_TEXT_BYTES));
        cr_assert(lt(sz, list.count, (size_t)LIST_MAX));
        at += 2;
        memcpy(list.texts[list.count], at, len);
        list.texts[list.count++][len] = '\0';
        at += len;
    }
}

static bool list_is_distinct(void) {
    for (size_t i = 0; i < list.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(list.texts[i], list.texts[j]) == 0) return false;
        }
    }
    return true;
}

/* ---- One set ---- */

Test(cmd_set, sadd_counts_what_is_new_and_says_it_once) {
    EXPECT(":2\r\n", "SADD", "s", "a", "b", "a");
    EXPECT_EVENTS("new:s sadd:s");
    EXPECT_EFFECTS("SADD s a b a;");
    EXPECT(":0\r\n", "SADD", "s", "a");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "SADD", "s", "a", "c");
    EXPECT_EVENTS("sadd:s");
    EXPECT(":3\r\n", "SCARD", "s");
    EXPECT("+OK\r\n", "SET", "k", "v");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "SADD", "k",
           "a");
}

Test(cmd_set, the_last_member_takes_the_key_along) {
    EXPECT(":3\r\n", "SADD", "s", "1", "2", "x");
    EXPECT(":1\r\n", "SREM", "s", "1", "nope", "1");
    EXPECT_EVENTS("srem:s");
    EXPECT(":0\r\n", "SREM", "s", "1");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":2\r\n", "SREM", "s", "2", "x", "y");
    EXPECT_EVENTS("srem:s del:s");
    EXPECT(":0\r\n", "EXISTS", "s");
    EXPECT(":0\r\n", "SREM", "s", "2");
    EXPECT("*0\r\n", "SMEMBERS", "s");
    EXPECT("*2\r\n:0\r\n:0\r\n", "SMISMEMBER", "s", "2", "x");
}

Test(cmd_set, members_come_as_a_set) {
    EXPECT(":3\r\n", "SADD", "s", "3", "1", "2");
    EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "SMEMBERS", "s");
    world->resp = 3;
    EXPECT("~3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "SMEMBERS", "s");
    EXPECT("~0\r\n", "SMEMBERS", "nope");
}

Test(cmd_set, smove_changes_two_sets_or_none) {
    EXPECT(":2\r\n", "SADD", "{s}1", "a", "b");
    EXPECT(":0\r\n", "SMOVE", "{s}1", "{s}2", "c");
    EXPECT_EVENTS("");
    EXPECT(":1\r\n", "SMOVE", "{s}1", "{s}1", "a");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "SMOVE", "{s}1", "{s}2", "a");
    EXPECT_EVENTS("srem:{s}1 new:{s}2 sadd:{s}2"); /* it leaves before the target is there */
    EXPECT_EFFECTS("SMOVE {s}1 {s}2 a;");
    EXPECT(":1\r\n", "SADD", "{s}2", "b");
    EXPECT(":1\r\n", "SMOVE", "{s}1", "{s}2", "b"); /* there already */
    EXPECT_EVENTS("srem:{s}1 del:{s}1");
    EXPECT(":0\r\n", "EXISTS", "{s}1");
    EXPECT(":1\r\n", "SADD", "{s}3", "c");
    EXPECT(":1\r\n", "SMOVE", "{s}3", "{s}4", "c");
    EXPECT_EVENTS("srem:{s}3 del:{s}3 new:{s}4 sadd:{s}4");
    EXPECT(":0\r\n", "SMOVE", "{s}1", "{s}2", "b");
    EXPECT("+OK\r\n", "SET", "{s}k", "v");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "SMOVE",
           "{s}2", "{s}k", "a");
    EXPECT(":0\r\n", "SMOVE", "{s}nope", "{s}k",
           "a"); /* nothing to move: the target is not looked at */
    EXPECT(":1\r\n", "SISMEMBER", "{s}2", "a");
}

/* ---- By chance ---- */

static void pop_all_by(const char *prefix, size_t members_count, const char *count) {
    size_t left = members_count;

    add_many("s", prefix, 0, members_count);
    while (left > 0) {
        struct list before = {0};
        RUN("SMEMBERS", "s");
        list_reply();
        before = list;
        RUN("SPOP", "s", count);
        list_reply();
        size_t wanted = (size_t)atoi(count);
        cr_assert(eq(sz, list.count, wanted < left ? wanted : left));
        cr_assert(list_is_distinct());
        if (list.count < left) { /* the effect takes out the same ones */
            cr_assert(strncmp(world->effects, "SREM s ", 7) == 0, "%s", world->effects);
            for (size_t i = 0; i < list.count; i++)
                cr_assert(strstr(world->effects, list.texts[i]) != NULL);
            EXPECT_EVENTS("spop:s");
        } else {
            EXPECT_EFFECTS("DEL s;");
            EXPECT_EVENTS("spop:s del:s");
        }
        for (size_t i = 0; i < list.count; i++) {
            bool was_member = false;
            for (size_t j = 0; j < before.count; j++)
                was_member = was_member || strcmp(before.texts[j], list.texts[i]) == 0;
            cr_assert(was_member);
        }
        left -= list.count;
        char expected[32];
        sprintf(expected, ":%zu\r\n", left);
        struct list popped = list;
        EXPECT(expected, "SCARD", "s");
        for (size_t i = 0; i < popped.count; i++)
            cr_assert(not(is_member("s", slice_from_cstr(popped.texts[i]))));
    }
    EXPECT(":0\r\n", "EXISTS", "s");
}

Test(cmd_set, spop_takes_so_many_members_and_says_which) {
    static const char *const counts[] = {"1", "3", "7", "9", "200", "290"};
    static const struct {
        const char *prefix;
        size_t count;
    } sets[] = {{"", 16}, {"m", 10}, {"m", 300}, {"", 300}};

    for (size_t i = 0; i < ARRAY_COUNT(sets); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(counts); j++)
            pop_all_by(sets[i].prefix, sets[i].count, counts[j]);
    }
}

Test(cmd_set, spop_of_most_of_a_large_set_leaves_a_small_form) {
    add_many("s", "m", 0, 100);
    EXPECT("$9\r\nhashtable\r\n", "OBJECT", "ENCODING", "s");
    RUN("SPOP", "s", "95");
    EXPECT("$8\r\nlistpack\r\n", "OBJECT", "ENCODING", "s");
    EXPECT(":5\r\n", "SCARD", "s");
}

Test(cmd_set, spop_without_a_count_answers_one) {
    EXPECT(":1\r\n", "SADD", "s", "only");
    EXPECT("$4\r\nonly\r\n", "SPOP", "s");
    EXPECT_EFFECTS("SREM s only;");
    EXPECT_EVENTS("spop:s del:s");
    EXPECT("$-1\r\n", "SPOP", "s");
    EXPECT("*0\r\n", "SPOP", "s", "3");
    EXPECT("-ERR value is out of range, must be positive\r\n", "SPOP", "s", "-1");
    EXPECT("-ERR value is out of range, must be positive\r\n", "SPOP", "s", "abc");
    EXPECT("-ERR syntax error\r\n", "SPOP", "s", "1", "2");
    EXPECT(":1\r\n", "SADD", "s", "12");
    EXPECT("*0\r\n", "SPOP", "s", "0");
    EXPECT_EVENTS("");
    EXPECT("$2\r\n12\r\n", "SPOP", "s");
}

Test(cmd_set, srandmember_gives_members_and_keeps_them) {
    static const size_t sizes[] = {16, 10, 300, 300};
    static const char *const prefixes[] = {"", "m", "m", ""};

    for (size_t form = 0; form < ARRAY_COUNT(sizes); form++) {
        char key[8], text[32];
        sprintf(key, "s%zu", form);
        add_many(key, prefixes[form], 0, sizes[form]);
        for (int count = -400; count <= 400; count += 7) {
            sprintf(text, "%d", count);
            RUN("SRANDMEMBER", key, text);
            EXPECT_EFFECTS("");
            list_reply();
            size_t expected = (size_t)abs(count);
            if (count > 0 && expected > sizes[form]) expected = sizes[form];
            cr_assert(eq(sz, list.count, expected));
            if (count > 0) cr_assert(list_is_distinct());
            struct list drawn = list;
            for (size_t i = 0; i < drawn.count; i += 17)
                cr_assert(is_member(key, slice_from_cstr(drawn.texts[i])));
        }
        sprintf(text, ":%zu\r\n", sizes[form]);
        EXPECT(text, "SCARD", key);
    }
    EXPECT("$-1\r\n", "SRANDMEMBER", "nope");
    EXPECT("*0\r\n", "SRANDMEMBER", "nope", "-5");
    EXPECT("-ERR value is out of range\r\n", "SRANDMEMBER", "s0", "-9223372036854775807");
    EXPECT("-ERR value is not an integer or out of range\r\n", "SRANDMEMBER", "s0", "x");
}

/* ---- Several sets ---- */

Test(cmd_set, stored_results_replace_whatever_is_there) {
    EXPECT(":3\r\n", "SADD", "{s}a", "1", "2", "3");
    EXPECT(":3\r\n", "SADD", "{s}b", "2", "3", "x");
    EXPECT("+OK\r\n", "SET", "{s}to", "text", "EX", "100");
    EXPECT(":2\r\n", "SINTERSTORE", "{s}to", "{s}a", "{s}b");
    EXPECT_EVENTS("sinterstore:{s}to");
    EXPECT_EFFECTS("SINTERSTORE {s}to {s}a {s}b;");
    EXPECT(":-1\r\n", "TTL", "{s}to");
    EXPECT("$6\r\nintset\r\n", "OBJECT", "ENCODING", "{s}to"); /* though one source is a listpack */
    EXPECT(":4\r\n", "SUNIONSTORE", "{s}new", "{s}a", "{s}b");
    EXPECT_EVENTS("new:{s}new sunionstore:{s}new");
    EXPECT(":1\r\n", "SDIFFSTORE", "{s}a", "{s}a", "{s}b"); /* its own source */
    EXPECT("*1\r\n$1\r\n1\r\n", "SMEMBERS", "{s}a");
    EXPECT(":0\r\n", "SDIFFSTORE", "{s}to", "{s}nope", "{s}b");
    EXPECT_EVENTS("keymiss:{s}nope del:{s}to");
    EXPECT(":0\r\n", "SINTERSTORE", "{s}to", "{s}a", "{s}nope");
    EXPECT_EVENTS("keymiss:{s}nope");
    EXPECT_EFFECTS("");
    EXPECT("+OK\r\n", "SET", "{s}k", "v");
    EXPECT("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "SINTERSTORE",
           "{s}a", "{s}nope", "{s}k");
    EXPECT(":1\r\n", "SCARD", "{s}a");
}

Test(cmd_set, sintercard_stops_at_its_limit) {
    EXPECT(":5\r\n", "SADD", "{s}a", "1", "2", "3", "4", "5");
    EXPECT(":5\r\n", "SADD", "{s}b", "3", "4", "5", "6", "7");
    EXPECT(":3\r\n", "SINTERCARD", "2", "{s}a", "{s}b");
    EXPECT(":3\r\n", "SINTERCARD", "2", "{s}a", "{s}b", "LIMIT", "0");
    EXPECT(":2\r\n", "SINTERCARD", "2", "{s}a", "{s}b", "limit", "2");
    EXPECT("-ERR LIMIT can't be negative\r\n", "SINTERCARD", "2", "{s}a", "{s}b", "LIMIT", "-1");
    EXPECT("-ERR numkeys should be greater than 0\r\n", "SINTERCARD", "0", "{s}a");
    EXPECT("-ERR Number of keys can't be greater than number of args\r\n", "SINTERCARD", "3",
           "{s}a", "{s}b");
}

/* ---- Scans ---- */

static bool reply_has_all(size_t count, const bool *seen) {
    for (size_t i = 0; i < count; i++) {
        if (!seen[i]) return false;
    }
    return true;
}

Test(cmd_set, a_scan_meets_all_members_that_stay_and_few_at_a_time) {
    enum { COUNT = 1000 };
    char cursor[LIST_TEXT_BYTES] = "0", member[32];
    bool seen[COUNT] = {false};
    size_t calls_count = 0;

    add_many("s", "m", 0, COUNT);
    do {
        RUN("SSCAN", "s", cursor, "COUNT", "10");
        list_reply();
        cr_assert(list.count > 0 && list.count < 60, "%zu members at once", list.count);
        strcpy(cursor, list.texts[0]);
        for (size_t i = 1; i < list.count; i++) {
            size_t number = (size_t)atoi(list.texts[i] + 1);
            if (list.texts[i][0] == 'm') seen[number] = true;
        }
        for (size_t i = 0; i < 5; i++, calls_count++) { /* it grows meanwhile */
            sprintf(member, "n%zu", calls_count);
            EXPECT(":1\r\n", "SADD", "s", member);
        }
    } while (strcmp(cursor, "0") != 0);
    cr_assert(reply_has_all(COUNT, seen));
    cr_assert(gt(sz, calls_count, 50));
}

Test(cmd_set, small_sets_come_whole) {
    EXPECT(":3\r\n", "SADD", "s", "1", "2", "3");
    EXPECT("*2\r\n$1\r\n0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "SSCAN", "s", "0", "COUNT",
           "1");
    EXPECT("*2\r\n$1\r\n0\r\n*1\r\n$1\r\n2\r\n", "SSCAN", "s", "77", "MATCH", "2*");
    EXPECT("*2\r\n$1\r\n0\r\n*0\r\n", "SSCAN", "nope", "0", "COUNT", "bad");
    EXPECT("-ERR syntax error\r\n", "SSCAN", "s", "0", "COUNT", "0");
    EXPECT("-ERR invalid cursor\r\n", "SSCAN", "s", "x");
}

/* ---- No memory ---- */
#ifdef SLIPRING_DEBUG

Test(cmd_set, without_memory_what_came_in_is_said_and_no_more) {
    size_t failures_count = 0;

    for (uint64_t nth = 1;; nth++) {
        add_many("s", "m", 0, 20); /* a dict */
        mem_try_fail_at(nth);
        RUN("SADD", "s", "m3", "x1", "x2", "x3");
        mem_try_fail_at(0);
        bool failed = world->reply[0] == '-';
        failures_count += failed;
        char expected[64] = "", effects[64];
        strcpy(effects, world->effects);
        if (is_member("s", slice_from_cstr("x1"))) strcpy(expected, "SADD s m3 x1;");
        if (is_member("s", slice_from_cstr("x2"))) strcpy(expected, "SADD s m3 x1 x2;");
        bool is_whole = is_member("s", slice_from_cstr("x3"));
        cr_assert(is_whole == !failed);
        if (is_whole) strcpy(expected, "SADD s m3 x1 x2 x3;");
        cr_assert(eq(str, effects, expected));
        EXPECT(":1\r\n", "DEL", "s");
        if (!failed) break;
    }
    cr_assert(ge(sz, failures_count, 3));
}

Test(cmd_set, a_result_without_memory_leaves_the_target_alone) {
    size_t failures_count = 0;

    add_many("{s}a", "m", 0, 30);
    add_many("{s}b", "n", 0, 30);
    EXPECT(":1\r\n", "SADD", "{s}to", "old");
    for (uint64_t nth = 1;; nth++) {
        mem_try_fail_at(nth);
        RUN("SUNIONSTORE", "{s}to", "{s}a", "{s}b");
        mem_try_fail_at(0);
        if (world->reply[0] != '-') break;
        EXPECT_EFFECTS("");
        EXPECT_EVENTS("");
        EXPECT("*1\r\n$3\r\nold\r\n", "SMEMBERS", "{s}to");
        failures_count++;
    }
    EXPECT(":60\r\n", "SCARD", "{s}to");
    cr_assert(ge(sz, failures_count, 30));
    for (uint64_t nth = 1;; nth++) {
        mem_try_fail_at(nth);
        RUN("SUNION", "{s}a", "{s}b");
        mem_try_fail_at(0);
        if (world->reply[0] != '-') break;
        cr_assert(strchr(world->reply, '$') == NULL); /* the error alone */
    }
}

Test(cmd_set, spop_without_memory_for_a_small_set_pops_all_the_same) {
    for (uint64_t nth = 1; nth < 4; nth++) {
        add_many("s", "m", 0, 300);
        mem_try_fail_at(nth);
        RUN("SPOP", "s", "270"); /* 30 stay: a dict made anew */
        mem_try_fail_at(0);
        list_reply();
        cr_assert(list.count == 270 && list_is_distinct());
        EXPECT(":30\r\n", "SCARD", "s");
        EXPECT(":1\r\n", "DEL", "s");
    }
}
#endif

/* 2^32 is no position: to begin anew there would be a loop without an end. */
Test(cmd_set, a_scan_with_a_cursor_that_nobody_gave_ends) {
    world->settings.set_max_listpack_entries = world->settings.set_max_intset_entries = 0;
    RUN("SADD", "s", "a", "b", "c");
    EXPECT("*2\r\n$1\r\n0\r\n*0\r\n", "SSCAN", "s", "4294967296");
}
