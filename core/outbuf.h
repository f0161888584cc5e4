#pragma once
/* Bytes on their way to a client: a chain of chunks, filled at the tail and sent from the head.
 * Large values hang in the chain by reference (struct blob) and are never copied. One thread at
 * a time; chunks may be freed on another thread. */
#include "core/base.h"
#include "core/blob.h"

struct iovec;

struct outbuf_chunk {
    struct outbuf_chunk *next;
    /* not NULL: the bytes are the blob's [blob_offset, +len), one reference held */
    struct blob *blob;
    size_t blob_offset;
    /* capacity 0 for a blob's chunk; len of a blob's chunk is in blob_len */
    uint32_t len, capacity;
    size_t blob_len;
    char data[];
};

struct outbuf {
    struct outbuf_chunk *head, *tail;
    size_t bytes; /* in all chunks */
    /* what the chunks take, blobs counted whole: client-output-buffer-limit's figure */
    size_t memory_bytes;
};

/* Where an outbuf ends, to come back to with outbuf_truncate(). */
struct outbuf_mark {
    struct outbuf_chunk *tail;
    uint32_t tail_len;
    size_t bytes, memory_bytes;
};

static inline void outbuf_init(struct outbuf *out) {
    *out = (struct outbuf){0};
}
void outbuf_clear(struct outbuf *out); /* frees all chunks, drops the blobs */
/* Room for `bytes` (at most OUTBUF_RESERVE_MAX) in one piece at the tail; write there, then
 * outbuf_commit(). Never NULL. */
enum { OUTBUF_RESERVE_MAX = 1024, OUTBUF_CHUNK_FIRST = 4096 - 64, OUTBUF_CHUNK_NEXT = 16384 - 64 };
char *outbuf_reserve_slow(struct outbuf *out, size_t bytes);
static inline char *outbuf_reserve(struct outbuf *out, size_t bytes) {
    struct outbuf_chunk *tail = out->tail;
    if (SL_LIKELY(tail != NULL && tail->capacity - tail->len >= bytes))
        return tail->data + tail->len;
    return outbuf_reserve_slow(out, bytes);
}
static inline void outbuf_commit(struct outbuf *out, size_t bytes) {
    out->tail->len += (uint32_t)bytes;
    out->bytes += bytes;
}
/* copies, whatever its length */
void outbuf_append(struct outbuf *out, const char *data, size_t len);
/* takes a reference of its own */
void outbuf_append_blob(struct outbuf *out, struct blob *blob, size_t offset, size_t len);
/* moves all of from's chunks to out's end (small ones are copied); from is empty then */
void outbuf_append_chain(struct outbuf *out, struct outbuf *from);
/* Moves the chunks from the head up to and including `last` to the (empty) other one. */
void outbuf_split(struct outbuf *out, struct outbuf_chunk *last, struct outbuf *head_part);
struct outbuf_mark outbuf_mark(const struct outbuf *out);
void outbuf_truncate(struct outbuf *out, struct outbuf_mark mark);
/* Inserts bytes at a mark made earlier (deferred array lengths). */
void outbuf_insert(struct outbuf *out, struct outbuf_mark mark, const char *data, size_t len);
/* Fills iov from the head; returns the entries used; *bytes the sum. */
size_t outbuf_iov(const struct outbuf *out, struct iovec *iov, size_t iov_max, size_t *bytes);
