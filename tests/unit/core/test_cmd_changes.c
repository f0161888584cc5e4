/* How many changes a command counts: rdb_changes_since_last_save in INFO, by which `save` goes.
 * Elements count, as in Redis, and a move is one change. */
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.list_max_listpack_size = -2;
    world->settings.set_max_intset_entries = 16;
    world->settings.set_max_listpack_entries = 10;
    world->settings.set_max_listpack_value = 20;
    world->settings.zset_max_listpack_entries = 10;
    world->settings.zset_max_listpack_value = 20;
    world->settings.hash_max_listpack_entries = 10;
    world->settings.hash_max_listpack_value = 20;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(cmd_changes, .init = set_up, .fini = tear_down);

/* Words are separated by blanks. */
static uint64_t changes_of(const char *line) {
    struct slice args[WORLD_ARGS_MAX];
    char copy[256], *rest = NULL;
    size_t args_count = 0;
    uint64_t before = world->counters.dirty;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        args[args_count++] = slice_from_cstr(word);
    cr_assert(ne(chr, world_run_slices(world, args, args_count)[0], '-'), "%s: %s", line,
              world->reply);
    return world->counters.dirty - before;
}

struct expected {
    const char *line;
    uint64_t changes_count;
};

static void expect_all(const struct expected *expected, size_t count) {
    for (size_t i = 0; i < count; i++)
        cr_expect(eq(u64, changes_of(expected[i].line), expected[i].changes_count), "%s",
                  expected[i].line);
}

Test(cmd_changes, each_element_of_a_list_counts) {
    static const struct expected expected[] = {{"RPUSH l 1 2 3 4 5 6", 6},
                                               {"LPOP l", 1},
                                               {"LPOP l 2", 2},
                                               {"LTRIM l 0 0", 2},
                                               {"LREM l 0 no", 0},
                                               {"RPUSH l 4 4", 2},
                                               {"LREM l 0 4", 3},
                                               {"LPUSH l 3 2 1", 3},
                                               {"LMPOP 1 l LEFT COUNT 2", 2},
                                               {"RPOP l 9", 1},
                                               {"LPUSH l 3 2 1", 3},
                                               {"SORT l STORE sorted", 3}};

    expect_all(expected, ARRAY_COUNT(expected));
}

Test(cmd_changes, a_move_between_lists_is_one_change) {
    static const struct expected expected[] = {{"RPUSH a 1 2", 2},
                                               {"LMOVE a a LEFT RIGHT", 1},
                                               {"LMOVE a b LEFT RIGHT", 1},
                                               {"RPOPLPUSH a b", 1},
                                               {"BLMOVE b a LEFT LEFT 0", 1}};

    expect_all(expected, ARRAY_COUNT(expected));
    cr_expect(eq(str, world->events, "new:a lpush:a lpop:b"));
    EXPECT("*1\r\n$1\r\n1\r\n", "LRANGE", "a", "0", "-1");
}

Test(cmd_changes, each_member_of_a_set_counts) {
    static const struct expected expected[] = {{"SADD s 1 2 3 4 5 1", 5},
                                               {"SADD s 1", 0},
                                               {"SREM s 1 2 9", 2},
                                               {"SPOP s 2", 2},
                                               {"SADD t 9", 1},
                                               {"SMOVE t s 9", 2},
                                               {"ZADD z 1 a 2 b 3 c", 3},
                                               {"ZADD z 2 a", 1},
                                               {"ZREM z a b no", 2},
                                               {"ZADD z 1 a 2 b 4 d", 3},
                                               {"ZREMRANGEBYRANK z 0 1", 2},
                                               {"ZPOPMAX z 5", 2},
                                               {"ZADD z 1 a 2 b", 2},
                                               {"ZMPOP 1 z MIN COUNT 9", 2},
                                               {"GEOADD g 1 1 x 2 2 y", 2}};

    expect_all(expected, ARRAY_COUNT(expected));
}

Test(cmd_changes, each_pair_of_a_hash_and_each_key_of_a_flush_counts) {
    static const struct expected expected[] = {{"HSET h a 1 b 2", 2},   {"HDEL h a b", 2},
                                               {"MSET a 1 b 2 c 3", 3}, {"FLUSHDB", 3},
                                               {"MSET a 1 b 2", 2},     {"FLUSHALL", 2}};

    expect_all(expected, ARRAY_COUNT(expected));
}
