/* listpack_reply.c - elements as bulk strings. Short strings, the bulk of what lists hold, are
 * written without a call for each: the header is one store, the text is copied in whole words
 * wherever both sides have room for more than its length. */
#include "core/listpack_reply.h"

#include "core/listpack.h"
#include "core/number.h"

enum {
    SHORT_MAX = 63, /* longest string whose encoding is one byte */
    BLOCK = 16,
    SHORT_ROOM = 5 + SHORT_MAX + BLOCK +
                 2, /* header, text, what the last block writes too much, CR LF */
    INTEGER_ROOM = 5 + NUMBER_INT64_BYTES_MAX + 2,
};
_Static_assert(SHORT_ROOM <= (int)OUTBUF_RESERVE_MAX, "one piece");
_Static_assert(INTEGER_ROOM <= SHORT_ROOM, "the same check serves both");

static inline char *put_header(char *at, size_t len) {
    SL_DEBUG_ASSERT(len < 100);
    *at++ = '$';
    if (len >= 10) *at++ = (char)('0' + len / 10);
    *at++ = (char)('0' + len % 10);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static inline char *put_crlf(char *at) {
    at[0] = '\r';
    at[1] = '\n';
    return at + 2;
}

static inline char *put_integer(char *at, int64_t value) {
    if (value >= 0 && value < 10) {
        memcpy(at, "$1\r\n", 4);
        at[4] = (char)('0' + value);
        return put_crlf(at + 5);
    }
    char text[NUMBER_INT64_BYTES_MAX];
    size_t len = number_print_int64(text, value);
    at = put_header(at, len);
    memcpy(at, text, len);
    return put_crlf(at + len);
}

void listpack_reply(const unsigned char *element, struct reply *reply) {
    struct slice text;
    int64_t value;

    if (listpack_get_integer(element, &value, &text))
        reply_bulk_int(reply, value);
    else
        reply_bulk(reply, text);
}

void listpack_reply_run(const unsigned char *listpack, const unsigned char *element,
                        struct reply *reply, size_t count, bool is_backward) {
    struct outbuf *out = reply->out;
    const unsigned char *end = listpack + listpack_bytes(listpack);

    if (is_backward) {
        for (; count > 0; count--) {
            listpack_reply(element, reply);
            if (count > 1) element = listpack_prev(listpack, element);
        }
        return;
    }
    while (count > 0) {
        char *start = outbuf_reserve(out, SHORT_ROOM), *at = start;
        const char *stop = out->tail->data + out->tail->capacity - SHORT_ROOM;
        /* As many as this piece of the buffer surely holds. */
        for (; count > 0 && at <= stop; count--) {
            unsigned char first = *element;
            if (SL_LIKELY((first & 0xc0) == 0x80)) {
                size_t len = first & SHORT_MAX;
                const unsigned char *text = element + 1;
                at = put_header(at, len);
                if (SL_LIKELY((size_t)(end - text) >= SHORT_MAX + BLOCK)) {
                    size_t copied = 0;
                    /* the last block may read and write past the text, inside of both buffers */
                    do {
                        memcpy(at + copied, text + copied, BLOCK);
                        copied += BLOCK;
                    } while (copied < len);
                } else {
                    memcpy(at, text, len);
                }
                at = put_crlf(at + len);
                element = text + len + 1;
            } else if (first < 0x80) {
                at = put_integer(at, first);
                element += 2;
            } else {
                break;
            }
        }
        outbuf_commit(out, (size_t)(at - start));
        if (count == 0 || at > stop) continue;
        /* A wide integer or a longer string. */
        struct slice text;
        int64_t value;
        if (listpack_get_integer(element, &value, &text)) {
            at = start = outbuf_reserve(out, INTEGER_ROOM);
            at = put_integer(at, value);
            outbuf_commit(out, (size_t)(at - start));
        } else {
            reply_bulk(reply, text);
        }
        if (--count > 0) element = listpack_next(listpack, element);
    }
}
