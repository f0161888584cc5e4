/* reply.c - answers in RESP2 and RESP3.
 * Everything short is one outbuf_reserve() and a few stores; the tables of the protocol are in the
 * code. */
#include "core/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/number.h"

/* Type byte, a 64-bit number, CR LF. */
enum { HEADER_BYTES_MAX = 1 + NUMBER_INT64_BYTES_MAX + 2 };
/* A bulk string up to this length is written in one piece with its header. */
enum { BULK_DIRECT_MAX = OUTBUF_RESERVE_MAX - HEADER_BYTES_MAX - 2 };
enum { ERROR_BYTES_MAX = 4096 };

static inline char *put_crlf(char *at) {
    at[0] = '\r';
    at[1] = '\n';
    return at + 2;
}

static inline char *put_header(char *at, char type, uint64_t number) {
    *at++ = type;
    if (SL_LIKELY(number < 10)) {
        *at++ = (char)('0' + number);
    } else if (SL_LIKELY(number < 100)) {
        *at++ = (char)('0' + number / 10);
        *at++ = (char)('0' + number % 10);
    } else {
        at += number_print_uint64(at, number);
    }
    return put_crlf(at);
}

static void append_header(struct outbuf *out, char type, uint64_t number) {
    char *start = outbuf_reserve(out, HEADER_BYTES_MAX);

    outbuf_commit(out, (size_t)(put_header(start, type, number) - start));
}

/* Only with literals: the copy is a few stores. */
static inline __attribute__((always_inline)) void append_literal(struct outbuf *out,
                                                                 const char *text, size_t len) {
    char *at = outbuf_reserve(out, len);

    memcpy(at, text, len);
    outbuf_commit(out, len);
}
#define APPEND_LITERAL(out, text) append_literal((out), (text), sizeof(text) - 1)

static inline bool is_resp3(const struct reply *reply) {
    return reply->resp >= 3;
}

void reply_ok(struct reply *reply) {
    APPEND_LITERAL(reply->out, "+OK\r\n");
}

void reply_status(struct reply *reply, const char *text) {
    outbuf_append(reply->out, "+", 1);
    outbuf_append(reply->out, text, strlen(text));
    APPEND_LITERAL(reply->out, "\r\n");
}

void reply_int(struct reply *reply, int64_t value) {
    struct outbuf *out = reply->out;
    char *start = outbuf_reserve(out, HEADER_BYTES_MAX), *at = start;

    if (SL_LIKELY(value >= 0)) {
        at = put_header(at, ':', (uint64_t)value);
    } else {
        *at++ = ':';
        at += number_print_int64(at, value);
        at = put_crlf(at);
    }
    outbuf_commit(out, (size_t)(at - start));
}

void reply_bool(struct reply *reply, bool value) {
    if (!is_resp3(reply))
        reply_int(reply, value);
    else if (value)
        APPEND_LITERAL(reply->out, "#t\r\n");
    else
        APPEND_LITERAL(reply->out, "#f\r\n");
}

void reply_bulk(struct reply *reply, struct slice bytes) {
    struct outbuf *out = reply->out;

    if (SL_LIKELY(bytes.len <= BULK_DIRECT_MAX)) {
        char *start = outbuf_reserve(out, bytes.len + HEADER_BYTES_MAX + 2);
        char *at = put_header(start, '$', bytes.len);

        if (bytes.len > 0) memcpy(at, bytes.data, bytes.len);
        at = put_crlf(at + bytes.len);
        outbuf_commit(out, (size_t)(at - start));
        return;
    }
    append_header(out, '$', bytes.len);
    outbuf_append(out, bytes.data, bytes.len);
    APPEND_LITERAL(out, "\r\n");
}

void reply_bulk_cstr(struct reply *reply, const char *text) {
    reply_bulk(reply, slice_from_cstr(text));
}

void reply_bulk_int(struct reply *reply, int64_t value) {
    char text[NUMBER_INT64_BYTES_MAX];

    reply_bulk(reply, slice_of(text, number_print_int64(text, value)));
}

void reply_bulk_blob(struct reply *reply, struct blob *blob, size_t offset, size_t len) {
    SL_ASSERT(offset <= blob->len);
    SL_ASSERT(len <= blob->len - offset);
    if (len <= REPLY_BLOB_COPY_MAX) {
        reply_bulk(reply, slice_of(blob->data + offset, len));
        return;
    }
    append_header(reply->out, '$', len);
    outbuf_append_blob(reply->out, blob, offset, len);
    APPEND_LITERAL(reply->out, "\r\n");
}

void reply_verbatim(struct reply *reply, const char *format3, struct slice text) {
    SL_ASSERT(strlen(format3) == 3);
    if (!is_resp3(reply)) {
        reply_bulk(reply, text);
        return;
    }
    append_header(reply->out, '=', text.len + 4);
    outbuf_append(reply->out, format3, 3);
    outbuf_append(reply->out, ":", 1);
    outbuf_append(reply->out, text.data, text.len);
    APPEND_LITERAL(reply->out, "\r\n");
}

void reply_double(struct reply *reply, double value) {
    char text[NUMBER_DOUBLE_BYTES_MAX];
    size_t len = number_print_double(text, value);

    if (!is_resp3(reply)) {
        reply_bulk(reply, slice_of(text, len));
        return;
    }
    outbuf_append(reply->out, ",", 1);
    outbuf_append(reply->out, text, len);
    APPEND_LITERAL(reply->out, "\r\n");
}

void reply_human_double(struct reply *reply, long double value) {
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];

    reply_bulk(reply, slice_of(text, number_print_long_double(text, value)));
}

void reply_long_double(struct reply *reply, long double value) {
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];

    if (!is_resp3(reply)) {
        reply_human_double(reply, value);
        return;
    }
    outbuf_append(reply->out, ",", 1);
    outbuf_append(reply->out, text, number_print_long_double(text, value));
    APPEND_LITERAL(reply->out, "\r\n");
}

void reply_null(struct reply *reply) {
    if (is_resp3(reply))
        APPEND_LITERAL(reply->out, "_\r\n");
    else
        APPEND_LITERAL(reply->out, "$-1\r\n");
}

void reply_null_array(struct reply *reply) {
    if (is_resp3(reply))
        APPEND_LITERAL(reply->out, "_\r\n");
    else
        APPEND_LITERAL(reply->out, "*-1\r\n");
}

/* ---- Aggregates ---- */

void reply_array(struct reply *reply, size_t count) {
    append_header(reply->out, '*', count);
}

void reply_map(struct reply *reply, size_t pairs_count) {
    if (is_resp3(reply))
        append_header(reply->out, '%', pairs_count);
    else
        append_header(reply->out, '*', pairs_count * 2);
}

void reply_set(struct reply *reply, size_t count) {
    append_header(reply->out, is_resp3(reply) ? '~' : '*', count);
}

void reply_push(struct reply *reply, size_t count) {
    append_header(reply->out, is_resp3(reply) ? '>' : '*', count);
}

void reply_attribute(struct reply *reply, size_t pairs_count) {
    SL_ASSERT(is_resp3(reply));
    append_header(reply->out, '|', pairs_count);
}

struct reply_deferred reply_defer(struct reply *reply) {
    return (struct reply_deferred){outbuf_mark(reply->out)};
}

static void defer_end(struct reply *reply, struct reply_deferred deferred, char type,
                      size_t number) {
    char text[HEADER_BYTES_MAX];

    outbuf_insert(reply->out, deferred.mark, text, (size_t)(put_header(text, type, number) - text));
}

void reply_defer_array(struct reply *reply, struct reply_deferred deferred, size_t count) {
    defer_end(reply, deferred, '*', count);
}

void reply_defer_map(struct reply *reply, struct reply_deferred deferred, size_t pairs_count) {
    if (is_resp3(reply))
        defer_end(reply, deferred, '%', pairs_count);
    else
        defer_end(reply, deferred, '*', pairs_count * 2);
}

void reply_defer_set(struct reply *reply, struct reply_deferred deferred, size_t count) {
    defer_end(reply, deferred, is_resp3(reply) ? '~' : '*', count);
}

/* ---- Errors ---- */

/* The first word, without the '-', for INFO errorstats. */
static void note_error(struct reply *reply, const char *line, size_t len) {
    size_t end = 0;

    while (end < len && end < sizeof reply->error_code - 1 && line[end] != ' ') end++;
    memcpy(reply->error_code, line, end);
    reply->error_code[end] = '\0';
    reply->errors_count++;
}

void reply_error_slice(struct reply *reply, struct slice text) {
    static const char prefix[] = "-ERR ";
    struct outbuf *out = reply->out;
    bool has_code = text.len > 0 && text.data[0] == '-';

    /* What Redis does: line ends at the tail are cut, those inside become spaces. */
    while (text.len > 0 && (text.data[text.len - 1] == '\r' || text.data[text.len - 1] == '\n'))
        text.len--;
    if (has_code) {
        note_error(reply, text.data + 1, text.len - 1);
    } else {
        note_error(reply, "ERR", 3);
        outbuf_append(out, prefix, sizeof prefix - 1);
    }
    for (size_t i = 0; i < text.len;) {
        size_t start = i;

        while (i < text.len && text.data[i] != '\r' && text.data[i] != '\n') i++;
        outbuf_append(out, text.data + start, i - start);
        if (i < text.len) {
            outbuf_append(out, " ", 1);
            i++;
        }
    }
    APPEND_LITERAL(out, "\r\n");
}

void reply_error(struct reply *reply, const char *text) {
    reply_error_slice(reply, slice_from_cstr(text));
}

void reply_error_format(struct reply *reply, const char *format, ...) {
    char text[ERROR_BYTES_MAX];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    SL_ASSERT(len >= 0);
    if ((size_t)len >= sizeof text) len = (int)sizeof text - 1;
    reply_error_slice(reply, slice_of(text, (size_t)len));
}

void reply_wrong_type(struct reply *reply) {
    reply_error(reply, "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

void reply_syntax_error(struct reply *reply) {
    reply_error(reply, "syntax error");
}

void reply_no_memory(struct reply *reply) {
    reply_error(reply, "-OOM command not allowed when used memory > 'maxmemory'.");
}
