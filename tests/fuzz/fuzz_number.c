/* Whatever is accepted must print back: integers to the same text, doubles to the same bits. */
#include "core/number.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_double(double value) {
    char text[NUMBER_DOUBLE_BYTES_MAX];
    double back = 0;

    SL_ASSERT(!isnan(value));
    size_t len = number_print_double(text, value);
    SL_ASSERT(number_parse_double(slice_of(text, len), &back));
    SL_ASSERT(memcmp(&back, &value, sizeof value) == 0);
    len = number_print_double_17(text, value);
    SL_ASSERT(number_parse_double(slice_of(text, len), &back));
    SL_ASSERT(memcmp(&back, &value, sizeof value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char human[NUMBER_LONG_DOUBLE_BYTES_MAX];
    struct slice text = slice_of((const char *)data, size);
    int64_t integer = 0;
    uint64_t bytes = 0;
    double value = 0;
    long double long_value = 0;

    if (number_parse_int64(text, &integer)) {
        char printed[NUMBER_INT64_BYTES_MAX];
        size_t len = number_print_int64(printed, integer);
        SL_ASSERT(slice_equal(slice_of(printed, len), text));
        SL_ASSERT(number_int64_bytes(integer) == len);
        SL_ASSERT(number_parse_double(text, &value));
    }
    if (number_parse_double(text, &value)) check_double(value);
    if (number_parse_long_double(text, &long_value)) {
        size_t len = number_print_long_double(human, long_value);
        SL_ASSERT(number_parse_long_double(slice_of(human, len), &long_value));
    }
    (void)number_parse_memory(text, &bytes);
    return 0;
}
