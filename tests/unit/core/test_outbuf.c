#include "core/outbuf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <sys/uio.h>

/* The chain as one text, and what an outbuf says of itself. */
static char *drain(struct outbuf *out) {
    static char text[1 << 21];
    struct iovec iov[512];
    size_t bytes, len = 0, count = outbuf_iov(out, iov, 512, &bytes);

    cr_assert(eq(sz, bytes, out->bytes));
    for (size_t i = 0; i < count; i++) {
        cr_assert(gt(sz, iov[i].iov_len, 0));
        memcpy(text + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    text[len] = '\0';
    return text;
}

static struct blob *blob_of(const char *text) {
    struct blob *blob = blob_try_new(strlen(text), strlen(text));

    memcpy(blob->data, text, strlen(text));
    return blob;
}

Test(outbuf, what_is_appended_comes_out_in_order_whatever_the_sizes) {
    static char data[1000003];
    struct outbuf out;
    size_t at = 0;

    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)('a' + i % 23);
    outbuf_init(&out);
    for (size_t len = 0; at + len <= 900000; at += len, len = len * 3 / 2 + 1)
        outbuf_append(&out, data + at, len);
    cr_assert(eq(sz, out.bytes, at));
    cr_assert(memcmp(drain(&out), data, at) == 0);
    cr_assert(ge(sz, out.memory_bytes, at));
    outbuf_clear(&out);
    cr_assert(eq(sz, out.bytes, 0));
    cr_assert(eq(sz, out.memory_bytes, 0));
}

Test(outbuf, a_reservation_is_one_piece_also_when_the_tail_is_nearly_full) {
    struct outbuf out;

    outbuf_init(&out);
    for (size_t i = 0; i < 100; i++) {
        char *at = outbuf_reserve(&out, OUTBUF_RESERVE_MAX);
        memset(at, 'a' + (int)(i % 26), OUTBUF_RESERVE_MAX);
        outbuf_commit(&out, 700);
    }
    cr_assert(eq(sz, out.bytes, 70000));
    const char *text = drain(&out);
    for (size_t i = 0; i < 70000; i++) cr_assert(text[i] == (char)('a' + i / 700 % 26));
    outbuf_clear(&out);
}

Test(outbuf, a_blob_is_sent_from_where_it_lies_and_let_go_in_the_end) {
    struct blob *blob = blob_of("0123456789");
    struct outbuf out;
    struct iovec iov[8];
    size_t bytes;

    outbuf_init(&out);
    outbuf_append(&out, "<", 1);
    outbuf_append_blob(&out, blob, 2, 5);
    outbuf_append_blob(&out, blob, 0, 0);
    outbuf_append(&out, ">", 1);
    cr_assert(eq(str, drain(&out), "<23456>"));
    cr_assert(eq(sz, outbuf_iov(&out, iov, 8, &bytes), 3));
    cr_assert(iov[1].iov_base == blob->data + 2);
    cr_assert(blob_is_shared(blob));
    outbuf_clear(&out);
    cr_assert(not(blob_is_shared(blob)));
    blob_release(blob);
}

Test(outbuf, iov_stops_where_the_caller_has_no_more_room) {
    struct blob *blob = blob_of("xyz");
    struct outbuf out;
    struct iovec iov[2];
    size_t bytes;

    outbuf_init(&out);
    for (int i = 0; i < 5; i++) outbuf_append_blob(&out, blob, 0, 3);
    cr_assert(eq(sz, outbuf_iov(&out, iov, 2, &bytes), 2));
    cr_assert(eq(sz, bytes, 6));
    outbuf_clear(&out);
    blob_release(blob);
}

Test(outbuf, a_chain_moves_whole_and_leaves_its_source_empty) {
    struct blob *blob = blob_of("blob");
    static char large[5000];
    struct outbuf out, from;

    memset(large, 'L', sizeof large);
    outbuf_init(&out);
    outbuf_init(&from);
    outbuf_append(&out, "a", 1);
    outbuf_append(&from, "b", 1);
    outbuf_append_blob(&from, blob, 0, 4);
    outbuf_append(&from, large, sizeof large);
    outbuf_append_chain(&out, &from);
    outbuf_append(&out, "!", 1);
    cr_assert(eq(sz, from.bytes, 0));
    cr_assert(zero(ptr, from.head));
    cr_assert(eq(sz, out.bytes, 1 + 1 + 4 + sizeof large + 1));
    char *text = drain(&out);
    cr_assert(memcmp(text, "abblobLLL", 9) == 0);
    cr_assert(text[out.bytes - 1] == '!');
    outbuf_append_chain(&from, &out);
    cr_assert(eq(sz, from.bytes, 5007));
    outbuf_clear(&from);
    cr_assert(not(blob_is_shared(blob)));
    blob_release(blob);
}

Test(outbuf, truncating_takes_back_all_that_came_after_the_mark) {
    struct blob *blob = blob_of("blob");
    static char large[40000];
    struct outbuf out;

    memset(large, 'x', sizeof large);
    outbuf_init(&out);
    struct outbuf_mark start = outbuf_mark(&out);
    outbuf_append(&out, "kept", 4);
    size_t memory_bytes = out.memory_bytes;
    struct outbuf_mark mark = outbuf_mark(&out);
    outbuf_append(&out, large, sizeof large);
    outbuf_append_blob(&out, blob, 0, 4);
    outbuf_truncate(&out, mark);
    cr_assert(eq(str, drain(&out), "kept"));
    cr_assert(eq(sz, out.memory_bytes, memory_bytes));
    cr_assert(not(blob_is_shared(blob)));
    outbuf_append(&out, "!", 1);
    cr_assert(eq(str, drain(&out), "kept!"));
    outbuf_truncate(&out, start);
    cr_assert(zero(ptr, out.head));
    cr_assert(eq(sz, out.memory_bytes, 0));
    blob_release(blob);
}

/* Fills the first chunk up to `fill`, marks, appends `behind` bytes, inserts: the text must be as
 * if written in order. */
static void insert_at(size_t fill, size_t behind, bool blob_before) {
    static char expected[1 << 20];
    struct blob *blob = blob_of("B");
    struct outbuf out;
    size_t len = 0;

    outbuf_init(&out);
    for (size_t i = 0; i < fill; i++) outbuf_append(&out, "a", 1);
    memset(expected, 'a', fill);
    len += fill;
    if (blob_before) {
        outbuf_append_blob(&out, blob, 0, 1);
        expected[len++] = 'B';
    }
    struct outbuf_mark mark = outbuf_mark(&out);
    for (size_t i = 0; i < behind; i++) outbuf_append(&out, "z", 1);
    outbuf_insert(&out, mark, "*123\r\n", 6);
    memcpy(expected + len, "*123\r\n", 6);
    memset(expected + len + 6, 'z', behind);
    len += 6 + behind;
    outbuf_append(&out, "end", 3);
    memcpy(expected + len, "end", 4);
    cr_assert(eq(str, drain(&out), expected), "fill %zu, behind %zu, blob %d", fill, behind,
              blob_before);
    outbuf_clear(&out);
    blob_release(blob);
}

Test(outbuf, an_insertion_lands_at_its_mark_whatever_the_room_there) {
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   4000,
                                   OUTBUF_CHUNK_FIRST - 7,
                                   OUTBUF_CHUNK_FIRST - 6,
                                   OUTBUF_CHUNK_FIRST - 5,
                                   OUTBUF_CHUNK_FIRST,
                                   5000,
                                   30000};

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(sizes); j++) {
            insert_at(sizes[i], sizes[j], false);
            insert_at(sizes[i], sizes[j], true);
        }
    }
}

Test(outbuf, nested_insertions_are_made_from_the_inside_out) {
    struct outbuf out;

    outbuf_init(&out);
    struct outbuf_mark outer = outbuf_mark(&out);
    struct outbuf_mark inner = outbuf_mark(&out);
    outbuf_append(&out, "x", 1);
    outbuf_insert(&out, inner, "[", 1);
    outbuf_insert(&out, outer, "{", 1);
    cr_assert(eq(str, drain(&out), "{[x"));
    outbuf_clear(&out);
}
