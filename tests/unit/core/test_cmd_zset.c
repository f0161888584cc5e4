/* Commands of sorted sets: what they say to the log of effects and to listeners, and replies that
 * the differential test cannot judge. */
#include "tests/unit/core/cmd_world.h"

static struct world *zset_world(size_t listpack_entries_max) {
    struct world *world = world_new();
    world->settings.zset_max_listpack_entries = listpack_entries_max;
    world->settings.zset_max_listpack_value = 64;
    return world;
}

Test(cmd_zset, zadd_tells_what_it_changed) {
    struct world *world = zset_world(128);
    EXPECT(":2\r\n", "ZADD", "z", "1", "a", "2", "b");
    EXPECT_EVENTS("new:z zadd:z");
    EXPECT_EFFECTS("ZADD z 1 a 2 b;");
    EXPECT(":0\r\n", "ZADD", "z", "1", "a");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "ZADD", "z", "CH", "5", "a");
    EXPECT("$1\r\n7\r\n", "ZINCRBY", "z", "2", "a");
    EXPECT_EVENTS("zincr:z");
    EXPECT("$-1\r\n", "ZADD", "z", "NX", "INCR", "1", "a");
    EXPECT_EFFECTS("");
    EXPECT(":0\r\n", "ZADD", "none", "XX", "1", "a");
    EXPECT(":0\r\n", "EXISTS", "none");
    world_free(world);
}

Test(cmd_zset, a_bad_score_changes_nothing) {
    struct world *world = zset_world(128);
    EXPECT("-ERR value is not a valid float\r\n", "ZADD", "z", "1", "a", "x", "b");
    EXPECT(":0\r\n", "EXISTS", "z");
    RUN("ZADD", "z", "inf", "a");
    EXPECT("-ERR resulting score is not a number (NaN)\r\n", "ZINCRBY", "z", "-inf", "a");
    EXPECT("$3\r\ninf\r\n", "ZSCORE", "z", "a");
    world_free(world);
}

Test(cmd_zset, the_last_member_takes_the_key_with_it) {
    for (size_t entries_max = 0; entries_max <= 128; entries_max += 128) {
        struct world *world = zset_world(entries_max);
        RUN("ZADD", "z", "1", "a", "2", "b");
        EXPECT(":1\r\n", "ZREM", "z", "a", "x");
        EXPECT_EVENTS("zrem:z");
        EXPECT(":1\r\n", "ZREMRANGEBYSCORE", "z", "-inf", "+inf");
        EXPECT_EVENTS("zremrangebyscore:z del:z");
        EXPECT(":0\r\n", "EXISTS", "z");
        world_free(world);
    }
}

Test(cmd_zset, what_pops_from_one_of_several_keys_says_from_which) {
    struct world *world = zset_world(128);
    RUN("ZADD", "z", "1", "a", "2", "b", "3", "c");
    EXPECT("*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n",
           "ZMPOP", "2", "y", "z", "MIN", "COUNT", "2");
    EXPECT_EFFECTS("ZPOPMIN z 2;");
    EXPECT_EVENTS("zpopmin:z");
    EXPECT("*3\r\n$1\r\nz\r\n$1\r\nc\r\n$1\r\n3\r\n", "BZPOPMAX", "y", "z", "0");
    EXPECT_EFFECTS("ZPOPMAX z;");
    EXPECT_EVENTS("zpopmax:z del:z");
    EXPECT("*-1\r\n", "BZPOPMIN", "y", "z", "0"); /* nobody who could wait */
    EXPECT("*-1\r\n", "BZMPOP", "0", "1", "z", "MAX");
    EXPECT_EFFECTS("");
    world_free(world);
}

Test(cmd_zset, pairs_are_nested_in_resp3) {
    struct world *world = zset_world(128);
    world->resp = 3;
    RUN("ZADD", "z", "1.5", "a");
    EXPECT("*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n", "ZRANGE", "z", "0", "-1", "WITHSCORES");
    EXPECT("*2\r\n:0\r\n,1.5\r\n", "ZRANK", "z", "a", "WITHSCORE");
    EXPECT("_\r\n", "ZREVRANK", "z", "x", "WITHSCORE");
    EXPECT("*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n", "ZPOPMIN", "z", "1");
    world_free(world);
}

Test(cmd_zset, a_result_takes_the_place_of_what_was_there) {
    struct world *world = zset_world(128);
    RUN("ZADD", "z", "1", "a", "2", "b");
    RUN("SET", "to", "text");
    EXPECT(":1\r\n", "ZRANGESTORE", "to", "z", "1", "-1");
    EXPECT_EVENTS("zrangestore:to");
    EXPECT(":2\r\n", "ZUNIONSTORE", "to", "2", "to", "z", "WEIGHTS", "10", "1");
    EXPECT_EVENTS("zunionstore:to");
    EXPECT("$2\r\n22\r\n", "ZSCORE", "to", "b");
    EXPECT(":0\r\n", "ZINTERSTORE", "to", "2", "z", "none");
    EXPECT_EVENTS("keymiss:none del:to");
    EXPECT(":0\r\n", "ZDIFFSTORE", "to", "1", "none");
    EXPECT_EVENTS("keymiss:none");
    EXPECT_EFFECTS("");
    world_free(world);
}

Test(cmd_zset, infinities_that_cancel_out_are_zero) {
    struct world *world = zset_world(128);
    RUN("ZADD", "y", "inf", "a");
    RUN("ZADD", "z", "-inf", "a");
    EXPECT("*2\r\n$1\r\na\r\n$1\r\n0\r\n", "ZUNION", "2", "y", "z", "WITHSCORES");
    EXPECT("*2\r\n$1\r\na\r\n$1\r\n0\r\n", "ZINTER", "1", "y", "WEIGHTS", "0", "WITHSCORES");
    world_free(world);
}

Test(cmd_zset, random_members_are_unique_when_asked_for) {
    for (size_t entries_max = 0; entries_max <= 128; entries_max += 128) {
        struct world *world = zset_world(entries_max);
        RUN("ZADD", "z", "1", "a", "2", "b", "3", "c", "4", "d", "5", "e", "6", "f", "7", "g", "8",
            "h");
        for (int count = 1; count <= 8; count++) {
            char text[12], letters[256] = {0};
            sprintf(text, "%d", count);
            const char *reply = RUN("ZRANDMEMBER", "z", text);
            int seen = 0;
            for (const char *at = reply; *at != '\0'; at++) {
                if (*at < 'a' || *at > 'h') continue;
                cr_assert(letters[(unsigned char)*at] == 0);
                letters[(unsigned char)*at] = 1;
                seen++;
            }
            cr_assert(eq(int, seen, count));
        }
        EXPECT("*0\r\n", "ZRANDMEMBER", "z", "0");
        cr_assert(eq(int, strncmp(RUN("ZRANDMEMBER", "z", "-20"), "*20\r\n", 5), 0));
        world_free(world);
    }
}

Test(cmd_zset, a_scan_of_a_large_set_ends_and_sees_all) {
    struct world *world = zset_world(0);
    char name[16], cursor[32] = "0";
    size_t seen = 0;
    for (int i = 0; i < 500; i++) {
        sprintf(name, "m%d", i);
        RUN("ZADD", "z", "3.1", name);
    }
    do {
        const char *reply = RUN("ZSCAN", "z", cursor, "COUNT", "20");
        const char *at = strstr(reply, "\r\n") + 2;
        at = strstr(at, "\r\n") + 2; /* behind the cursor's length */
        cr_assert(eq(int, sscanf(at, "%31[0-9]", cursor), 1));
        while ((at = strstr(at, "\r\n3.1000000000000001\r\n")) != NULL) {
            at += 4;
            seen++;
        }
    } while (strcmp(cursor, "0") != 0);
    cr_assert(ge(sz, seen, 500));
    world_free(world);
}

/* The listpack moves, then an index is made where it lay before: the address alone says nothing. */
Test(cmd_zset, one_zadd_that_moves_the_listpack_and_then_makes_an_index_is_kept) {
    struct world *world = zset_world(4);
    char first[64], second[64];

    for (size_t len = 1; len <= 60; len++) {
        memset(first, 'a', len);
        memset(second, 'b', len);
        first[len] = second[len] = '\0';
        RUN("DEL", "z");
        RUN("ZADD", "z", "1", first);
        RUN("ZADD", "z", "2", second, "3", "c", "4", "d", "5", "e", "6", "f");
        EXPECT(":6\r\n", "ZCARD", "z");
        EXPECT("$1\r\n6\r\n", "ZSCORE", "z", "f");
        EXPECT("$8\r\nskiplist\r\n", "OBJECT", "ENCODING", "z");
    }
    world_free(world);
}
