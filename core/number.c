/* number.c - the exact text of numbers.
 * The C library does the hard part (correctly rounded strtod and printf); what stands here is which
 * texts are numbers at all, the fast paths that counters and scores take nearly always, and Redis'
 * layout of digits. A fast path gives the same result as the slow one, bit for bit: the tests
 * compare. */
#include "core/number.h"
#include "core/mem.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Two digits per division: "00" "01" ... "99". */
static const char digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* --- integers --- */

bool number_parse_int64(struct slice text, int64_t *value) {
    if (text.len == 0 || text.len > NUMBER_INT64_BYTES_MAX) return false;
    const char *at = text.data;
    const char *end = text.data + text.len;
    if (text.len == 1 && *at == '0') {
        *value = 0;
        return true;
    }
    bool negative = *at == '-';
    if (negative && ++at == end) return false;
    if (*at < '1' || *at > '9') return false; /* so neither "-0" nor "007" */

    uint64_t sum = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9) return false;
        if (__builtin_mul_overflow(sum, (uint64_t)10, &sum)) return false;
        if (__builtin_add_overflow(sum, (uint64_t)digit, &sum)) return false;
    }
    if (sum > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return false;
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

static unsigned digits_count(uint64_t value) {
    unsigned count = 1;
    for (;;) {
        if (value < 10) return count;
        if (value < 100) return count + 1;
        if (value < 1000) return count + 2;
        if (value < 10000) return count + 3;
        value /= 10000;
        count += 4;
    }
}

size_t number_print_uint64(char dst[static NUMBER_INT64_BYTES_MAX], uint64_t value) {
    unsigned len = digits_count(value);
    char *at = dst + len;

    SL_DEBUG_ASSERT(len <= NUMBER_INT64_BYTES_MAX);
    while (value >= 100) {
        at -= 2;
        memcpy(at, digit_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        memcpy(at - 2, digit_pairs + value * 2, 2);
    } else {
        at[-1] = (char)('0' + value);
    }
    return len;
}

size_t number_print_int64(char dst[static NUMBER_INT64_BYTES_MAX], int64_t value) {
    if (value >= 0) return number_print_uint64(dst, (uint64_t)value);
    char digits[NUMBER_INT64_BYTES_MAX]; /* the smallest takes 19 digits: with the sign it just fits
                                          */
    size_t len = number_print_uint64(digits, 0 - (uint64_t)value);
    SL_ASSERT(len < NUMBER_INT64_BYTES_MAX);
    dst[0] = '-';
    memcpy(dst + 1, digits, len);
    return len + 1;
}

unsigned number_int64_bytes(int64_t value) {
    return value >= 0 ? digits_count((uint64_t)value) : digits_count(0 - (uint64_t)value) + 1;
}

/* --- texts to doubles --- */

/* [-]digits[.digits] with at most 15 digits: both the digits and the power of ten are exact
 * doubles, so that one division rounds correctly. Most scores are of this kind. */
static bool parse_short_decimal(struct slice text, double *value) {
    static const double powers_of_ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *at = text.data;
    const char *end = text.data + text.len;
    uint64_t sum = 0;
    unsigned digits = 0;
    unsigned decimals = 0;
    bool point = false;

    if (text.len > 17) return false;
    bool negative = at < end && *at == '-';
    if (negative) at++;
    for (; at < end; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9 || ++digits > 15) return false;
        sum = sum * 10 + digit;
        decimals += point;
    }
    if (digits == 0) return false;
    double magnitude = (double)sum / powers_of_ten[decimals];
    *value = negative ? -magnitude : magnitude;
    return true;
}

static bool is_space(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool parse_terminated_double(const char *text, size_t len, double *value) {
    char *end = NULL;

    errno = 0;
    double parsed = strtod(text, &end);
    if ((size_t)(end - text) != len || isnan(parsed)) return false;
    if (errno == ERANGE && (isinf(parsed) || parsed == 0)) return false;
    *value = parsed;
    return true;
}

bool number_parse_double(struct slice text, double *value) {
    char stack_copy[256];
    char *copy = stack_copy;

    if (text.len == 0 || is_space(text.data[0])) return false;
    if (parse_short_decimal(text, value)) return true;
    if (text.len >= sizeof stack_copy) copy = mem_try(text.len + 1);
    if (copy == NULL) return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    bool parsed = parse_terminated_double(copy, text.len, value);
    if (copy != stack_copy) mem_free(copy);
    return parsed;
}

bool number_parse_long_double(struct slice text, long double *value) {
    char copy[NUMBER_LONG_DOUBLE_BYTES_MAX];
    char *end = NULL;

    if (text.len == 0 || text.len >= sizeof copy || is_space(text.data[0])) return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    errno = 0;
    long double parsed = strtold(copy, &end);
    if ((size_t)(end - copy) != text.len || isnan(parsed)) return false;
    if (errno == ERANGE && (isinf(parsed) || parsed == 0)) return false;
    *value = parsed;
    return true;
}

bool number_parse_memory(struct slice text, uint64_t *bytes) {
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
                 {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30}};
    uint64_t sum = 0;
    size_t at = 0;

    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        if (__builtin_mul_overflow(sum, (uint64_t)10, &sum)) return false;
        if (__builtin_add_overflow(sum, (uint64_t)(text.data[at] - '0'), &sum)) return false;
    }
    struct slice unit = at < text.len ? slice_of(text.data + at, text.len - at) : slice_of("", 0);
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (!slice_equal_cstr_nocase(unit, units[i].name)) continue;
        if (__builtin_mul_overflow(sum, units[i].bytes, &sum)) return false;
        *bytes = sum;
        return true;
    }
    return false;
}

/* --- doubles to texts --- */

static size_t print_literal(char *dst, const char *text) {
    size_t len = strlen(text);
    memcpy(dst, text, len);
    return len;
}

/* "inf", "-inf", "nan" whatever the C library would say; 0: it is an ordinary number. */
static size_t print_special(char *dst, bool is_nan, bool is_infinite, bool is_negative) {
    if (is_nan) return print_literal(dst, "nan");
    if (is_infinite) return print_literal(dst, is_negative ? "-inf" : "inf");
    return 0;
}

size_t number_print_double_17(char dst[static NUMBER_DOUBLE_BYTES_MAX], double value) {
    size_t len = print_special(dst, isnan(value), isinf(value), value < 0);
    if (len > 0) return len;
    int printed = snprintf(dst, NUMBER_DOUBLE_BYTES_MAX, "%.17g", value);
    SL_ASSERT(printed > 0 && printed < NUMBER_DOUBLE_BYTES_MAX);
    return (size_t)printed;
}

/* The shortest run of digits that reads back as `value` (finite, positive), and the power of ten of
 * its last digit. 15 digits always survive the way through a double, 17 always bring one back. */
static unsigned shortest_digits(double value, char digits[static 18], int *exponent_last) {
    char text[NUMBER_DOUBLE_BYTES_MAX]; /* d.dddde+xxx */
    unsigned count = 0;

    /* Denormals have fewer bits than their 15 digits would say: those start from one digit. */
    for (int precision = value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        int printed = snprintf(text, sizeof text, "%.*e", precision, value);
        SL_ASSERT(printed > 0 && (size_t)printed < sizeof text);
        if (precision == 16 || strtod(text, NULL) == value) break;
    }
    char *at = text;
    for (; *at != 'e'; at++) {
        if (*at != '.') digits[count++] = *at;
    }
    int exponent_first = (int)strtol(at + 1, NULL, 10);
    while (count > 1 && digits[count - 1] == '0') count--;
    SL_ASSERT(count >= 1 && count <= 17);
    *exponent_last = exponent_first - (int)count + 1;
    return count;
}

/* Lays digits out as Redis does: plain while that adds few zeros, else with an exponent. */
static size_t print_digits(char *dst, const char *digits, unsigned count, int exponent_last) {
    int exponent_first = exponent_last + (int)count - 1;
    int magnitude = exponent_first < 0 ? -exponent_first : exponent_first;

    if (exponent_last >= 0 && magnitude < (int)count + 7) {
        memcpy(dst, digits, count);
        memset(dst + count, '0', (size_t)exponent_last);
        return count + (size_t)exponent_last;
    }
    if (exponent_last < 0 && (exponent_last > -7 || magnitude < 4)) {
        int before_point = (int)count + exponent_last;
        if (before_point <= 0) {
            size_t zeros = (size_t)-before_point;
            memcpy(dst, "0.", 2);
            memset(dst + 2, '0', zeros);
            memcpy(dst + 2 + zeros, digits, count);
            return 2 + zeros + count;
        }
        memcpy(dst, digits, (size_t)before_point);
        dst[before_point] = '.';
        memcpy(dst + before_point + 1, digits + before_point, count - (size_t)before_point);
        return count + 1;
    }
    size_t len = 0;
    dst[len++] = digits[0];
    if (count > 1) {
        dst[len++] = '.';
        memcpy(dst + len, digits + 1, count - 1);
        len += count - 1;
    }
    dst[len++] = 'e';
    dst[len++] = exponent_first < 0 ? '-' : '+';
    return len + number_print_uint64(dst + len, (uint64_t)magnitude);
}

size_t number_print_double(char dst[static NUMBER_DOUBLE_BYTES_MAX], double value) {
    size_t len = print_special(dst, isnan(value), isinf(value), value < 0);
    if (len > 0) return len;
    if (value == 0) return print_literal(dst, signbit(value) ? "-0" : "0");
    if (value >= -0x1p62 && value <= 0x1p62 && value == (double)(int64_t)value) {
        return number_print_int64(dst, (int64_t)value);
    }
    char digits[18];
    int exponent_last = 0;
    unsigned count = shortest_digits(fabs(value), digits, &exponent_last);
    if (value < 0) dst[len++] = '-';
    return len + print_digits(dst + len, digits, count, exponent_last);
}

size_t number_print_long_double(char dst[static NUMBER_LONG_DOUBLE_BYTES_MAX], long double value) {
    size_t len = print_special(dst, isnan(value), isinf(value), value < 0);
    if (len > 0) return len;
    int printed = snprintf(dst, NUMBER_LONG_DOUBLE_BYTES_MAX, "%.17Lf", value);
    SL_ASSERT(printed > 0 && printed < NUMBER_LONG_DOUBLE_BYTES_MAX);
    len = (size_t)printed;
    while (dst[len - 1] == '0') len--; /* stops at the point at the latest */
    if (dst[len - 1] == '.') len--;
    if (len == 2 && dst[0] == '-' && dst[1] == '0') {
        dst[0] = '0';
        len = 1;
    }
    return len;
}
