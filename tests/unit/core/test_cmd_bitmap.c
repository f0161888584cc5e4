/* The bitmap commands: what they announce, what they refuse, and what no judge at hand knows.
 * Their replies are compared with Redis' in tests/diff (gen_bitmap.py). */
#include "tests/unit/core/cmd_world.h"

#include "core/mem.h"

static struct world *world;

static void begin(void) {
    world = world_new();
}

static void end(void) {
    world_free(world);
}

TestSuite(cmd_bitmap, .init = begin, .fini = end);

Test(cmd_bitmap, setbit_says_nothing_when_nothing_changes) {
    EXPECT(":0\r\n", "SETBIT", "k", "7", "1");
    EXPECT_EVENTS("new:k setbit:k");
    EXPECT_EFFECTS("SETBIT k 7 1;");
    EXPECT(":1\r\n", "SETBIT", "k", "7", "1");
    EXPECT_EVENTS("");
    EXPECT_EFFECTS("");
    EXPECT(":0\r\n", "SETBIT", "k", "100", "0"); /* it grew, which is a change */
    EXPECT_EVENTS("setbit:k");
    EXPECT(":13\r\n", "STRLEN", "k");
}

Test(cmd_bitmap, a_position_beyond_proto_max_bulk_len_is_refused) {
    world->settings.proto_max_bulk_len = 100;
    EXPECT(":0\r\n", "SETBIT", "k", "799", "1");
    EXPECT("-ERR bit offset is not an integer or out of range\r\n", "SETBIT", "k", "800", "1");
    EXPECT("-ERR bit offset is not an integer or out of range\r\n", "GETBIT", "k", "800");
    EXPECT("-ERR bit offset is not an integer or out of range\r\n", "BITFIELD", "k", "SET", "u8",
           "#100", "1");
}

Test(cmd_bitmap, a_counted_position_that_overflows_is_refused_not_wrapped) {
    EXPECT("-ERR bit offset is not an integer or out of range\r\n", "BITFIELD", "k", "SET", "u4",
           "#4611686018427387905", "1"); /* (2^62 + 1) * 4 is 4 in 64 bits */
    EXPECT(":0\r\n", "EXISTS", "k");
}

Test(cmd_bitmap, bitop_of_redis_8_2) {
    RUN("SET", "x", "\x0f\xf0\x01");
    RUN("SET", "y", "\x03");
    RUN("SET", "z", "\x05\x10");
    EXPECT(":3\r\n", "BITOP", "DIFF", "to", "x", "y", "z");
    EXPECT("$3\r\n\x08\xe0\x01\r\n", "GET", "to");
    EXPECT(":3\r\n", "BITOP", "ANDOR", "to", "x", "y", "z", "absent");
    EXPECT(":4\r\n", "BITCOUNT", "to"); /* 07 10 00 */
    EXPECT(":3\r\n", "BITOP", "ONE", "to", "x", "y", "z");
    EXPECT("$3\r\n\x08\xe0\x01\r\n", "GET", "to");
    EXPECT(":3\r\n", "BITOP", "diff1", "to", "y", "x");
    EXPECT("$3\r\n\x0c\xf0\x01\r\n", "GET", "to");
    EXPECT("-ERR BITOP DIFF must be called with at least two source keys.\r\n", "BITOP", "diff",
           "to", "x");
    EXPECT("-ERR BITOP ANDOR must be called with at least two source keys.\r\n", "BITOP", "ANDOR",
           "to", "x");
    EXPECT(":3\r\n", "BITOP", "ONE", "to", "x");
}

Test(cmd_bitmap, bitop_may_write_over_one_of_its_sources) {
    RUN("SETBIT", "k", "80000", "1"); /* large enough to lie outside its entry */
    RUN("SET", "y", "\xff");
    EXPECT(":10001\r\n", "BITOP", "OR", "k", "k", "y", "k");
    EXPECT_EVENTS("set:k");
    EXPECT(":9\r\n", "BITCOUNT", "k");
    EXPECT(":10001\r\n", "BITOP", "XOR", "k", "k", "k");
    EXPECT(":0\r\n", "BITCOUNT", "k");
}

Test(cmd_bitmap, bitop_of_nothing_deletes_the_target) {
    RUN("SET", "k", "v");
    EXPECT(":0\r\n", "BITOP", "AND", "k", "absent", "neither");
    EXPECT_EVENTS("keymiss:absent keymiss:neither del:k");
    EXPECT_EFFECTS("BITOP AND k absent neither;");
    EXPECT(":0\r\n", "BITOP", "AND", "k", "absent");
    EXPECT_EVENTS("keymiss:absent");
    cr_expect(not(world->is_changed));
}

Test(cmd_bitmap, bitop_takes_a_deadline_away) {
    RUN("SET", "k", "v", "PX", "1000");
    RUN("BITOP", "NOT", "k", "k");
    EXPECT(":-1\r\n", "PTTL", "k");
}

Test(cmd_bitmap, bitfield_saturates_where_redis_does_however_low_the_value) {
    EXPECT("*2\r\n:0\r\n:127\r\n", "BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", "0",
           "-9223372036854775808", "GET", "i8", "0");
    EXPECT("*2\r\n:127\r\n:-128\r\n", "BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", "0", "-500",
           "GET", "i8", "0");
    EXPECT("*1\r\n:-128\r\n", "BITFIELD", "k", "OVERFLOW", "SAT", "INCRBY", "i8", "0",
           "-9223372036854775808");
}

Test(cmd_bitmap, bitfield_changes_nothing_when_an_argument_is_wrong) {
    EXPECT("-ERR Invalid OVERFLOW type specified\r\n", "BITFIELD", "k", "SET", "u8", "0", "1",
           "OVERFLOW", "NO");
    EXPECT(":0\r\n", "EXISTS", "k");
    EXPECT("-ERR BITFIELD_RO only supports the GET subcommand\r\n", "BITFIELD_RO", "k", "GET", "u8",
           "0", "SET", "u8", "0", "1");
}

Test(cmd_bitmap, bitfield_is_one_event_and_as_many_changes_as_fields) {
    EXPECT("*2\r\n:0\r\n:3\r\n", "BITFIELD", "k", "SET", "u8", "0", "1", "INCRBY", "u8", "8", "3");
    EXPECT_EVENTS("new:k setbit:k");
    cr_expect(eq(u64, world->counters.dirty, 2));
    EXPECT("*1\r\n:1\r\n", "BITFIELD", "k", "GET", "u8", "0");
    EXPECT_EFFECTS("");
    EXPECT("*1\r\n$-1\r\n", "BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u8", "0", "255");
    EXPECT_EFFECTS("");
    EXPECT_EVENTS("");
}

Test(cmd_bitmap, a_string_that_only_grew_is_told_to_replicas) {
    EXPECT("*1\r\n$-1\r\n", "BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "u8", "800", "256");
    EXPECT_EFFECTS("BITFIELD k OVERFLOW FAIL SET u8 800 256;");
    EXPECT(":101\r\n", "STRLEN", "k");
}

#ifdef SLIPRING_DEBUG
Test(cmd_bitmap, without_memory_nothing_has_changed) {
    static const char *const lines[][6] = {
        {"SETBIT", "new", "80000", "1"},    {"SETBIT", "small", "80000", "1"},
        {"SETBIT", "number", "1", "1"},     {"BITOP", "OR", "new", "large", "small"},
        {"BITOP", "NOT", "small", "large"}, {"BITFIELD", "new", "SET", "u8", "#20000", "1"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        bool is_refused = true;
        for (uint64_t nth = 1; is_refused; nth++) {
            struct slice args[6];
            size_t count = 0;

            RUN("FLUSHALL");
            RUN("SET", "small", "abc");
            RUN("SET", "number", "12345");
            RUN("SETBIT", "large", "90000", "1");
            for (; count < 6 && lines[i][count] != NULL; count++)
                args[count] = slice_from_cstr(lines[i][count]);
            mem_try_fail_at(nth);
            const char *reply = world_run_slices(world, args, count);
            mem_try_fail_at(0);
            is_refused = reply[0] == '-';
            if (!is_refused) break;
            cr_expect(not(world->is_changed));
            EXPECT(":0\r\n", "EXISTS", "new");
            EXPECT("$3\r\nabc\r\n", "GET", "small");
            EXPECT("$5\r\n12345\r\n", "GET", "number");
            EXPECT(":1\r\n", "BITCOUNT", "large");
        }
    }
}
#endif
