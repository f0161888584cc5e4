#include "core/reply.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

static char text[1 << 20];
static struct outbuf out;

static struct reply reply_of(uint8_t resp) {
    outbuf_init(&out);
    return (struct reply){.out = &out, .resp = resp};
}

static char *drain(void) {
    struct iovec iov[256];
    size_t bytes, len = 0, count = outbuf_iov(&out, iov, 256, &bytes);

    for (size_t i = 0; i < count; i++) {
        memcpy(text + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    text[len] = '\0';
    outbuf_clear(&out);
    return text;
}

/* Runs a call in RESP2 and in RESP3. */
#define IN_BOTH(expected2, expected3, call) \
    do { \
        struct reply both = reply_of(2), *reply = &both; \
        call; \
        cr_expect(eq(str, drain(), expected2)); \
        both = reply_of(3); \
        call; \
        cr_expect(eq(str, drain(), expected3)); \
    } while (0)

Test(reply, simple_replies_have_the_form_of_their_protocol) {
    IN_BOTH("+OK\r\n", "+OK\r\n", reply_ok(reply));
    IN_BOTH("+PONG\r\n", "+PONG\r\n", reply_status(reply, "PONG"));
    IN_BOTH(":1\r\n", "#t\r\n", reply_bool(reply, true));
    IN_BOTH(":0\r\n", "#f\r\n", reply_bool(reply, false));
    IN_BOTH("$-1\r\n", "_\r\n", reply_null(reply));
    IN_BOTH("*-1\r\n", "_\r\n", reply_null_array(reply));
    IN_BOTH("$3\r\nabc\r\n", "$3\r\nabc\r\n", reply_bulk_cstr(reply, "abc"));
    IN_BOTH("$2\r\n-7\r\n", "$2\r\n-7\r\n", reply_bulk_int(reply, -7));
    IN_BOTH("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n", reply_verbatim(reply, "txt", SLICE_LITERAL("hi")));
    IN_BOTH("$4\r\n3.25\r\n", ",3.25\r\n", reply_double(reply, 3.25));
    IN_BOTH("$4\r\n-inf\r\n", ",-inf\r\n", reply_double(reply, -__builtin_inf()));
    IN_BOTH("$4\r\n5200\r\n", "$4\r\n5200\r\n", reply_human_double(reply, 5.2e3L));
}

Test(reply, integers_of_every_length_are_exact) {
    int64_t values[] = {0, 9, 10, 99, 100, 12345678901, INT64_MAX, -1, -10, INT64_MIN};

    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct reply reply = reply_of(2);
        char expected[32];

        reply_int(&reply, values[i]);
        snprintf(expected, sizeof expected, ":%lld\r\n", (long long)values[i]);
        cr_expect(eq(str, drain(), expected));
    }
}

Test(reply, a_bulk_string_of_any_length_has_its_length_and_its_bytes) {
    static char data[70000];
    static const size_t lens[] = {0,    1,    9,    10,   44,   99,   100,   998,   999,   1000,
                                  1001, 1023, 1024, 1025, 4031, 4032, 16383, 16384, 16385, 70000};

    memset(data, 'q', sizeof data);
    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        struct reply reply = reply_of(2);
        char header[32];
        size_t header_len = (size_t)snprintf(header, sizeof header, "$%zu\r\n", lens[i]);

        reply_bulk(&reply, slice_of(data, lens[i]));
        cr_assert(eq(sz, out.bytes, header_len + lens[i] + 2));
        drain();
        cr_assert(memcmp(text, header, header_len) == 0);
        cr_assert(memcmp(text + header_len, data, lens[i]) == 0);
        cr_assert(memcmp(text + header_len + lens[i], "\r\n", 2) == 0);
    }
}

Test(reply, a_small_blob_is_copied_and_a_large_one_is_not) {
    struct blob *blob = blob_try_new(REPLY_BLOB_COPY_MAX + 1, REPLY_BLOB_COPY_MAX + 1);
    struct reply reply = reply_of(2);

    memset(blob->data, 'b', blob->len);
    reply_bulk_blob(&reply, blob, 1, REPLY_BLOB_COPY_MAX);
    cr_assert(not(blob_is_shared(blob)));
    outbuf_clear(&out);
    reply_bulk_blob(&reply, blob, 0, REPLY_BLOB_COPY_MAX + 1);
    cr_assert(blob_is_shared(blob));
    cr_assert(memcmp(drain(), "$16385\r\nbbb", 11) == 0);
    cr_assert(not(blob_is_shared(blob)));
    blob_release(blob);
}

Test(reply, aggregates_announce_themselves_as_their_protocol_knows_them) {
    IN_BOTH("*3\r\n", "*3\r\n", reply_array(reply, 3));
    IN_BOTH("*4\r\n", "%2\r\n", reply_map(reply, 2));
    IN_BOTH("*2\r\n", "~2\r\n", reply_set(reply, 2));
    IN_BOTH("*2\r\n", ">2\r\n", reply_push(reply, 2));
    IN_BOTH("*100\r\n", "*100\r\n", reply_array(reply, 100));
}

Test(reply, a_deferred_length_stands_before_what_it_counts) {
    struct reply reply = reply_of(3);

    reply_array(&reply, 2);
    struct reply_deferred outer = reply_defer(&reply);
    reply_int(&reply, 1);
    struct reply_deferred inner = reply_defer(&reply);
    reply_int(&reply, 2);
    reply_defer_set(&reply, inner, 1);
    reply_defer_map(&reply, outer, 1);
    reply_ok(&reply);
    cr_assert(eq(str, drain(), "*2\r\n%1\r\n:1\r\n~1\r\n:2\r\n+OK\r\n"));
}

Test(reply, an_error_has_a_code_and_no_line_break) {
    struct reply reply = reply_of(2);

    reply_error(&reply, "syntax error");
    cr_expect(eq(str, drain(), "-ERR syntax error\r\n"));
    cr_expect(eq(str, reply.error_code, "ERR"));
    reply_error(&reply, "-NOAUTH Authentication required.");
    cr_expect(eq(str, drain(), "-NOAUTH Authentication required.\r\n"));
    cr_expect(eq(str, reply.error_code, "NOAUTH"));
    reply_error_format(&reply, "bad '%s'", "a\r\nb\n\r\n");
    cr_expect(eq(str, drain(), "-ERR bad 'a  b   '\r\n"));
    reply_error(&reply, "ends\r\n");
    cr_expect(eq(str, drain(), "-ERR ends\r\n"));
    reply_wrong_type(&reply);
    cr_expect(
        eq(str, drain(), "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"));
    cr_expect(eq(str, reply.error_code, "WRONGTYPE"));
    cr_expect(eq(u32, reply.errors_count, 5));
}

Test(reply, an_error_code_longer_than_its_field_is_cut) {
    struct reply reply = reply_of(2);

    reply_error(&reply, "-ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN text");
    cr_expect(eq(sz, strlen(reply.error_code), sizeof reply.error_code - 1));
    outbuf_clear(&out);
}
