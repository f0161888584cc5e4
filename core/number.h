#pragma once
/* Numbers to text and back, exactly as Redis reads and prints them: clients store what we print,
 * and the encodings depend on what we accept. Any thread; nothing here depends on a locale that the
 * program sets (it sets none). Texts are slices; printed texts are not NUL-terminated. */
#include "core/base.h"

enum {
    NUMBER_INT64_BYTES_MAX = 20, /* "-9223372036854775808", "18446744073709551615" */
    NUMBER_DOUBLE_BYTES_MAX = 32,
    NUMBER_LONG_DOUBLE_BYTES_MAX = 5 *
                                   1024, /* the longest in plain notation, and the longest read */
};

/* The strict integer: no sign but '-', no space, no leading zero, no "-0"; so that printing the
 * value gives the same text back. False: `value` is untouched. */
bool number_parse_int64(struct slice text, int64_t *value);

/* The whole text is one double: decimal or hexadecimal, exponents, "inf" and "infinity" in any
 * case. Refused: the empty text, spaces, NaN, what overflows, what underflows to zero. May allocate
 * for texts over 255 bytes, and refuses when there is no memory. False: `value` is untouched. */
bool number_parse_double(struct slice text, double *value);
/* As above, of fewer than NUMBER_LONG_DOUBLE_BYTES_MAX bytes. */
bool number_parse_long_double(struct slice text, long double *value);

/* An amount of memory: digits and an optional unit in any case: b, k (1000), kb (1024), m, mb, g,
 * gb. As in Redis a unit without digits is zero, and so is the empty text. Unlike there, an amount
 * that does not fit into 64 bits is refused, it does not wrap. False: `bytes` is untouched. */
bool number_parse_memory(struct slice text, uint64_t *bytes);

/* Each returns the count of bytes written. */
size_t number_print_int64(char dst[static NUMBER_INT64_BYTES_MAX], int64_t value);
size_t number_print_uint64(char dst[static NUMBER_INT64_BYTES_MAX], uint64_t value);
unsigned number_int64_bytes(int64_t value); /* how many number_print_int64() would write */

/* Redis 7.0's reply of a double: 17 significant digits ("3.1000000000000001"), inf, -inf, nan. */
size_t number_print_double_17(char dst[static NUMBER_DOUBLE_BYTES_MAX], double value);
/* Redis 7.2's and later: the shortest text that reads back as the same double ("3.1", "1e+25"). */
size_t number_print_double(char dst[static NUMBER_DOUBLE_BYTES_MAX], double value);
/* INCRBYFLOAT's and HINCRBYFLOAT's: 17 decimals, never an exponent, trailing zeros cut, no "-0". */
size_t number_print_long_double(char dst[static NUMBER_LONG_DOUBLE_BYTES_MAX], long double value);
