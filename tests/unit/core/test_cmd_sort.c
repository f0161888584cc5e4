/* SORT: what it stores and says to others, how far LIMIT reaches, what patterns find. */
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.list_max_listpack_size = 8;
    RUN("RPUSH", "l", "3", "1", "2");
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_sort, .init = set_up, .fini = tear_down);

Test(cmd_sort, a_stored_result_is_a_list_and_an_empty_one_no_key) {
    EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "SORT", "l");
    EXPECT_EFFECTS("");
    EXPECT(":3\r\n", "SORT", "l", "STORE", "d");
    EXPECT_EFFECTS("SORT l STORE d;");
    EXPECT_EVENTS("new:d sortstore:d");
    EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "LRANGE", "d", "0", "-1");
    EXPECT(":0\r\n", "SORT", "none", "STORE", "d");
    EXPECT_EFFECTS("SORT none STORE d;");
    EXPECT_EVENTS("keymiss:none del:d");
    EXPECT(":0\r\n", "EXISTS", "d");
    EXPECT(":0\r\n", "SORT", "none", "STORE", "d");
    EXPECT_EFFECTS("");
    EXPECT_EVENTS("keymiss:none");
    EXPECT(":3\r\n", "SORT", "l", "STORE", "l");
    EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "LRANGE", "l", "0", "-1");
}

Test(cmd_sort, limits_are_clipped_at_both_ends) {
    EXPECT("*1\r\n$1\r\n3\r\n", "SORT", "l", "LIMIT", "2", "9223372036854775807");
    EXPECT("*0\r\n", "SORT", "l", "LIMIT", "9223372036854775807", "9223372036854775807");
    EXPECT("*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n", "SORT", "l", "LIMIT", "-9223372036854775808",
           "-1");
    EXPECT("*0\r\n", "SORT", "l", "LIMIT", "0", "0");
    EXPECT("*1\r\n$1\r\n1\r\n", "SORT", "l", "LIMIT", "-5", "1");
}

Test(cmd_sort, a_sorted_set_unsorted_keeps_its_own_order) {
    world->settings.zset_max_listpack_entries = 2;
    world->settings.zset_max_listpack_value = 64;
    EXPECT(":3\r\n", "ZADD", "z", "3", "c", "1", "a", "2", "b");
    EXPECT("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", "SORT", "z", "BY", "nosort");
    EXPECT("*2\r\n$1\r\nc\r\n$1\r\nb\r\n", "SORT", "z", "BY", "nosort", "DESC", "LIMIT", "0", "2");
    EXPECT("-ERR One or more scores can't be converted into double\r\n", "SORT", "z");
    EXPECT("-ERR One or more scores can't be converted into double\r\n", "SORT", "z", "STORE", "l");
    EXPECT_EFFECTS("");
}

Test(cmd_sort, patterns_name_keys_and_fields) {
    world->settings.hash_max_listpack_entries = world->settings.hash_max_listpack_value = 64;
    RUN("MSET", "w1", "9", "w2", "8", "w3", "7");
    RUN("HSET", "h1", "f", "one");
    EXPECT("*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n", "SORT", "l", "BY", "w*");
    EXPECT("*6\r\n$1\r\n1\r\n$3\r\none\r\n$1\r\n2\r\n$-1\r\n$1\r\n3\r\n$-1\r\n", "SORT", "l", "GET",
           "#", "GET", "h*->f");
    EXPECT(":3\r\n", "SORT", "l", "GET", "h*->f", "STORE", "d"); /* a missing one is empty */
    EXPECT("*3\r\n$3\r\none\r\n$0\r\n\r\n$0\r\n\r\n", "LRANGE", "d", "0", "-1");
}
