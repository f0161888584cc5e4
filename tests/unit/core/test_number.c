#include "core/number.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool int64_is(const char *text, int64_t expected) {
    int64_t value = 77;
    return number_parse_int64(slice_from_cstr(text), &value) && value == expected;
}

static bool int64_refused(const char *text) {
    int64_t value = 77;
    return !number_parse_int64(slice_from_cstr(text), &value) && value == 77;
}

Test(number, integers_parse_at_their_edges) {
    cr_assert(int64_is("0", 0));
    cr_assert(int64_is("-1", -1));
    cr_assert(int64_is("10", 10));
    cr_assert(int64_is("9223372036854775807", INT64_MAX));
    cr_assert(int64_is("-9223372036854775808", INT64_MIN));
}

Test(number, integers_that_would_not_print_back_the_same_are_refused) {
    const char *refused[] = {"",
                             "-",
                             "-0",
                             "00",
                             "01",
                             "+1",
                             " 1",
                             "1 ",
                             "1.0",
                             "1a",
                             "0x1",
                             "--1",
                             "-01",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "18446744073709551616",
                             "99999999999999999999",
                             "111111111111111111111"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_assert(int64_refused(refused[i]), "'%s'", refused[i]);
    }
    int64_t value = 77;
    cr_assert(not(number_parse_int64(slice_of("1\0", 2), &value)));
    cr_assert(not(number_parse_int64((struct slice){NULL, 0}, &value)));
}

Test(number, integers_print_as_the_c_library_prints_them) {
    int64_t power = 1;
    for (int digits = 0; digits < 19; digits++, power = digits < 19 ? power * 10 : power) {
        int64_t values[] = {power - 1, power, power + 1, -power, -power + 1, -power - 1};
        for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
            char expected[32], printed[NUMBER_INT64_BYTES_MAX];
            int len = snprintf(expected, sizeof expected, "%" PRId64, values[i]);
            cr_assert(eq(sz, number_print_int64(printed, values[i]), (size_t)len));
            cr_assert(memcmp(printed, expected, (size_t)len) == 0, "%s", expected);
            cr_assert(eq(uint, number_int64_bytes(values[i]), (unsigned)len));
            cr_assert(int64_is(expected, values[i]));
        }
    }
    char printed[NUMBER_INT64_BYTES_MAX];
    cr_assert(eq(sz, number_print_int64(printed, INT64_MIN), 20));
    cr_assert(memcmp(printed, "-9223372036854775808", 20) == 0);
    cr_assert(eq(sz, number_print_uint64(printed, UINT64_MAX), 20));
    cr_assert(memcmp(printed, "18446744073709551615", 20) == 0);
}

static bool double_refused(const char *text) {
    double value = 77;
    return !number_parse_double(slice_from_cstr(text), &value) && value == 77;
}

Test(number, doubles_are_the_whole_text_or_nothing) {
    const char *refused[] = {"",  " 1", "1 ",  "1x",    "nan",    "-nan",   ".",  "-",   "1e",
                             "+", "e5", "1..", "1e999", "-1e999", "1e-999", "0x", "\t1", "1,5"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_assert(double_refused(refused[i]), "'%s'", refused[i]);
    }
    double value = 0;
    cr_assert(not(number_parse_double(slice_of("1\0", 2), &value)));
    const char *accepted[] = {"0",
                              "-0",
                              "1",
                              "+1",
                              "1.",
                              ".5",
                              "-.5",
                              "00012",
                              "3.1",
                              "inf",
                              "-inf",
                              "+inf",
                              "INF",
                              "Infinity",
                              "1e5",
                              "0x1p3",
                              "5e-324",
                              "1.7976931348623157e308",
                              "123456789012345",
                              "1234567890123456",
                              "0.1234567890123456789",
                              "-0.3",
                              "1e22"};
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        cr_assert(number_parse_double(slice_from_cstr(accepted[i]), &value), "'%s'", accepted[i]);
        double expected = strtod(accepted[i], NULL);
        cr_assert(memcmp(&value, &expected, sizeof value) == 0, "'%s'", accepted[i]);
    }
}

Test(number, the_short_way_to_a_double_gives_the_same_bits) {
    unsigned seed = 4711;
    for (int round = 0; round < 200000; round++) {
        char text[20];
        size_t len = 0, digits = 1 + (size_t)rand_r(&seed) % 16;
        size_t point = (size_t)rand_r(&seed) % 20;
        if (rand_r(&seed) % 2) text[len++] = '-';
        for (size_t i = 0; i < digits; i++) {
            if (i == point) text[len++] = '.';
            text[len++] = (char)('0' + rand_r(&seed) % 10);
        }
        text[len] = '\0';
        double value = 0, expected = strtod(text, NULL);
        cr_assert(number_parse_double(slice_of(text, len), &value));
        cr_assert(memcmp(&value, &expected, sizeof value) == 0, "'%s'", text);
    }
}

Test(number, a_double_may_have_hundreds_of_digits) {
    char text[4000];
    double value = 0;
    memset(text, '0', sizeof text);
    memcpy(text, "1.5", 3);
    cr_assert(number_parse_double(slice_of(text, sizeof text), &value));
    cr_assert(eq(dbl, value, 1.5));
    text[sizeof text - 1] = 'x';
    cr_assert(not(number_parse_double(slice_of(text, sizeof text), &value)));
}

Test(number, long_doubles_parse_up_to_their_length_limit) {
    static char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    long double value = 77;
    memset(text, '0', sizeof text);
    cr_assert(number_parse_long_double(slice_of(text, sizeof text - 1), &value));
    cr_assert(value == 0.0L);
    cr_assert(not(number_parse_long_double(slice_of(text, sizeof text), &value)));
    cr_assert(not(number_parse_long_double(SLICE_LITERAL("nan"), &value)));
    cr_assert(not(number_parse_long_double(SLICE_LITERAL(" 1"), &value)));
    cr_assert(not(number_parse_long_double(SLICE_LITERAL("1e5000"), &value)));
    cr_assert(number_parse_long_double(SLICE_LITERAL("1e4000"), &value));
    cr_assert(number_parse_long_double(SLICE_LITERAL("-inf"), &value));
    cr_assert(isinf(value) != 0);
}

static const char *printed(size_t (*print)(char *, double), double value) {
    static char text[NUMBER_DOUBLE_BYTES_MAX + 1];
    text[print(text, value)] = '\0';
    return text;
}

Test(number, doubles_with_17_digits_print_as_redis_70_did) {
    cr_assert_str_eq(printed(number_print_double_17, 3.1), "3.1000000000000001");
    cr_assert_str_eq(printed(number_print_double_17, 1e25), "1.0000000000000001e+25");
    cr_assert_str_eq(printed(number_print_double_17, -0.0), "-0");
    cr_assert_str_eq(printed(number_print_double_17, INFINITY), "inf");
    cr_assert_str_eq(printed(number_print_double_17, -INFINITY), "-inf");
    cr_assert_str_eq(printed(number_print_double_17, NAN), "nan");
    cr_assert_str_eq(printed(number_print_double_17, -DBL_MAX), "-1.7976931348623157e+308");
}

Test(number, doubles_print_short_as_redis_72_does) { /* the texts are redis-server 8's replies */
    const struct {
        double value;
        const char *text;
    } cases[] = {
        {3.1, "3.1"},
        {0.1, "0.1"},
        {100, "100"},
        {-0.0, "-0"},
        {1e18, "1000000000000000000"},
        {1e19, "1e+19"},
        {1e25, "1e+25"},
        {1.5e300, "1.5e+300"},
        {1e-7, "1e-7"},
        {0.000001, "0.000001"},
        {1.5e-9, "1.5e-9"},
        {123456.789, "123456.789"},
        {5e-324, "5e-324"},
        {0.30000000000000004, "0.30000000000000004"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {-2.5, "-2.5"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0.00123, "0.00123"},
        {1.0 / 3, "0.3333333333333333"},
        {4611686018427387904.0, "4611686018427387904"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        cr_assert_str_eq(printed(number_print_double, cases[i].value), cases[i].text);
    }
}

Test(number, every_printed_double_reads_back_as_itself) {
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 200000; round++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double value, back = 0;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value)) continue;
        char text[NUMBER_DOUBLE_BYTES_MAX];
        size_t len = number_print_double(text, value);
        cr_assert(len <= 25, "%.17g %.*s", value, (int)len, text);
        cr_assert(number_parse_double(slice_of(text, len), &back));
        cr_assert(memcmp(&value, &back, sizeof value) == 0, "%.17g '%.*s'", value, (int)len, text);
    }
}

static bool long_double_is(long double value, const char *expected) {
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    size_t len = number_print_long_double(text, value);
    return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

Test(number, long_doubles_print_for_people) {
    cr_assert(long_double_is(3.0L, "3"));
    cr_assert(long_double_is(10.6L, "10.6"));
    cr_assert(long_double_is(5.0e3L, "5000"));
    cr_assert(long_double_is(-0.0L, "0"));
    cr_assert(long_double_is(-1e-18L, "0"));
    cr_assert(long_double_is(0.1L, "0.1"));
    cr_assert(long_double_is(100.0L, "100"));
    cr_assert(long_double_is((long double)INFINITY, "inf"));
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    cr_assert(eq(sz, number_print_long_double(text, -LDBL_MAX), 4934));
}

static bool memory_is(const char *text, uint64_t expected) {
    uint64_t bytes = 77;
    return number_parse_memory(slice_from_cstr(text), &bytes) && bytes == expected;
}

Test(number, memory_units_are_decimal_without_the_b_and_binary_with_it) {
    cr_assert(memory_is("1", 1));
    cr_assert(memory_is("1b", 1));
    cr_assert(memory_is("1k", 1000));
    cr_assert(memory_is("1kB", 1024));
    cr_assert(memory_is("1M", 1000000));
    cr_assert(memory_is("1mb", 1048576));
    cr_assert(memory_is("1g", 1000000000));
    cr_assert(memory_is("1Gb", 1073741824));
    cr_assert(memory_is("007", 7));
    cr_assert(memory_is("18446744073709551615", UINT64_MAX));
    cr_assert(memory_is("", 0));
    cr_assert(memory_is("kb", 0));
}

Test(number, bad_amounts_of_memory_are_refused) {
    const char *refused[] = {
        "-1", "1t", "1 mb", "1.5gb", "1kbb", "x", "18446744073709551616", "17179869184gb",
        " 1", "+1"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        uint64_t bytes = 77;
        cr_assert(not(number_parse_memory(slice_from_cstr(refused[i]), &bytes)), "'%s'",
                  refused[i]);
        cr_assert(eq(u64, bytes, 77));
    }
}
