/* The geo commands: events, effects, refusals, memory. Replies are compared with Redis' in
 * tests/diff (gen_geo.py). */
#include "tests/unit/core/cmd_world.h"

#include "core/mem.h"

static struct world *world;
static void set_up(void) {
    world = world_new();
    world->settings.zset_max_listpack_entries = 4;
    world->settings.zset_max_listpack_value = 64;
    RUN("GEOADD", "Sicily", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669",
        "Catania");
}
static void tear_down(void) {
    world_free(world);
}
TestSuite(cmd_geo, .init = set_up, .fini = tear_down);

Test(cmd_geo, geoadd_is_a_zadd_event) {
    EXPECT(":1\r\n", "GEOADD", "k", "1", "2", "a");
    EXPECT_EVENTS("new:k zadd:k");
    EXPECT_EFFECTS("GEOADD k 1 2 a;");
    EXPECT(":0\r\n", "GEOADD", "k", "1", "2", "a");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":1\r\n", "GEOADD", "k", "CH", "1", "3", "a");
    EXPECT_EVENTS("zadd:k");
    EXPECT(":0\r\n", "GEOADD", "absent", "XX", "1", "3", "a");
    EXPECT(":0\r\n", "EXISTS", "absent");
}

Test(cmd_geo, a_wrong_place_adds_nothing) {
    EXPECT("-ERR invalid longitude,latitude pair 181.000000,2.000000\r\n", "GEOADD", "k", "1", "2",
           "a", "181", "2", "b");
    EXPECT("-ERR value is not a valid float\r\n", "GEOADD", "k", "1", "2", "a", "x", "2", "b");
    EXPECT("-ERR syntax error\r\n", "GEOADD", "k", "NX", "XX", "1", "2", "a");
    EXPECT(":0\r\n", "EXISTS", "k");
}

Test(cmd_geo, distances_have_four_digits) {
    EXPECT("$11\r\n166274.1516\r\n", "GEODIST", "Sicily", "Palermo", "Catania");
    EXPECT("$8\r\n166.2742\r\n", "GEODIST", "Sicily", "Palermo", "Catania", "km");
    EXPECT("$6\r\n0.0000\r\n", "GEODIST", "Sicily", "Palermo", "Palermo");
    EXPECT("$-1\r\n", "GEODIST", "Sicily", "Palermo", "Nowhere");
}

Test(cmd_geo, a_stored_search_replaces_its_target_and_nothing_found_deletes_it) {
    RUN("SET", "to", "v", "PX", "5000");
    EXPECT(":2\r\n", "GEOSEARCHSTORE", "to", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "200",
           "km");
    EXPECT_EVENTS("geosearchstore:to");
    EXPECT_EFFECTS("GEOSEARCHSTORE to Sicily FROMLONLAT 15 37 BYRADIUS 200 km;");
    EXPECT(":-1\r\n", "PTTL", "to");
    EXPECT(":1\r\n", "GEORADIUS", "Sicily", "15", "37", "100", "km", "STOREDIST", "to");
    EXPECT_EVENTS("georadiusstore:to");
    EXPECT(":0\r\n", "GEORADIUS", "Sicily", "0", "0", "1", "km", "STORE", "to");
    EXPECT_EVENTS("del:to");
    EXPECT(":0\r\n", "EXISTS", "to");
    EXPECT(":2\r\n", "GEORADIUSBYMEMBER", "Sicily", "Palermo", "200", "km", "STORE", "Sicily");
}

Test(cmd_geo, of_several_stores_the_last_is_the_one_that_is_a_key) {
    const struct cmd *cmd = cmd_table_find(world->table, SLICE_LITERAL("georadius"));
    const struct slice args[] = {
        SLICE_LITERAL("GEORADIUS"), SLICE_LITERAL("Sicily"), SLICE_LITERAL("15"),
        SLICE_LITERAL("37"),        SLICE_LITERAL("200"),    SLICE_LITERAL("km"),
        SLICE_LITERAL("STORE"),     SLICE_LITERAL("a"),      SLICE_LITERAL("STORE"),
        SLICE_LITERAL("b"),
    };
    struct cmd_key_pos positions[4];

    cr_assert(eq(int, cmd_keys(cmd, args, ARRAY_COUNT(args), positions, 4), 2));
    cr_assert(eq(u32, positions[0].index, 1));
    cr_assert(eq(u32, positions[1].index, 9));
    EXPECT(":2\r\n", "GEORADIUS", "Sicily", "15", "37", "200", "km", "STORE", "a", "STORE", "b");
    EXPECT(":0\r\n", "EXISTS", "a");
    EXPECT(":1\r\n", "EXISTS", "b");
}

#ifdef SLIPRING_DEBUG
Test(cmd_geo, without_memory_the_target_stays) {
    static const char *const lines[][9] = {
        {"GEOADD", "new", "1", "2", "a"},
        {"GEOSEARCH", "Sicily", "FROMLONLAT", "15", "37", "BYRADIUS", "200", "km"},
        {"GEORADIUS", "Sicily", "15", "37", "200", "km", "STORE", "new"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        bool is_refused = true;
        for (uint64_t nth = 1; is_refused; nth++) {
            struct slice args[9];
            size_t count = 0;

            RUN("DEL", "new");
            for (; count < 9 && lines[i][count] != NULL; count++)
                args[count] = slice_from_cstr(lines[i][count]);
            mem_try_fail_at(nth);
            const char *reply = world_run_slices(world, args, count);
            mem_try_fail_at(0);
            is_refused = reply[0] == '-';
            if (!is_refused) break;
            cr_expect(not(world->is_changed));
            EXPECT(":0\r\n", "EXISTS", "new");
            cr_assert(lt(u64, nth, 50));
        }
    }
}
#endif
