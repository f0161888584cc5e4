/* outbuf.c - bytes on their way to a client.
 *
 *     head                                   tail
 *      v                                      v
 *     [copied bytes]->[a blob's bytes]->[copied bytes| room ]
 *
 * A small reply is written straight into the room at the tail. A large value is not copied: its
 * blob hangs in the chain with a reference of its own.
 *
 * I1  tail is reached from head; both are NULL, or neither.
 * I2  A blob's chunk has capacity 0 and len 0, so nothing is ever written behind it.
 * I3  bytes is the sum of len and blob_len over the chain, memory_bytes that of chunk_memory().
 * I4  A chunk may be empty (after outbuf_truncate): the reader skips it. */
#include "core/outbuf.h"

#include <limits.h>
#include <sys/uio.h>

#include "core/mem.h"

/* A long copied reply goes into fewer, larger chunks; none is larger than this. */
enum { CHUNK_BYTES_MAX = 256 * 1024 };

static size_t chunk_memory(const struct outbuf_chunk *chunk) {
    return sizeof *chunk + chunk->capacity + (chunk->blob != NULL ? chunk->blob->capacity : 0);
}

static struct outbuf_chunk *chunk_new(size_t capacity) {
    struct outbuf_chunk *chunk;

    SL_ASSERT(capacity <= UINT_MAX);
    chunk = mem_must(sizeof *chunk + capacity);
    *chunk = (struct outbuf_chunk){.capacity = (uint32_t)capacity};
    return chunk;
}

static void chunk_free(struct outbuf_chunk *chunk) {
    if (chunk->blob != NULL) blob_release(chunk->blob);
    mem_free(chunk);
}

/* Puts a chunk behind `after`; NULL: at the head. */
static void link_after(struct outbuf *out, struct outbuf_chunk *after, struct outbuf_chunk *chunk) {
    struct outbuf_chunk **link = after != NULL ? &after->next : &out->head;

    chunk->next = *link;
    *link = chunk;
    if (out->tail == after) out->tail = chunk;
    out->memory_bytes += chunk_memory(chunk);
}

static void chain_free(struct outbuf_chunk *chunk) {
    while (chunk != NULL) {
        struct outbuf_chunk *next = chunk->next;
        chunk_free(chunk);
        chunk = next;
    }
}

void outbuf_clear(struct outbuf *out) {
    chain_free(out->head);
    outbuf_init(out);
}

char *outbuf_reserve_slow(struct outbuf *out, size_t bytes) {
    struct outbuf_chunk *chunk;

    SL_ASSERT(bytes <= OUTBUF_RESERVE_MAX);
    chunk = chunk_new(out->tail == NULL ? OUTBUF_CHUNK_FIRST : OUTBUF_CHUNK_NEXT);
    link_after(out, out->tail, chunk);
    return chunk->data;
}

void outbuf_append(struct outbuf *out, const char *data, size_t len) {
    while (len > 0) {
        size_t room = out->tail != NULL ? out->tail->capacity - out->tail->len : 0;

        if (room == 0) {
            size_t capacity = out->tail == NULL ? OUTBUF_CHUNK_FIRST : OUTBUF_CHUNK_NEXT;
            if (len > capacity) capacity = len < CHUNK_BYTES_MAX ? len : CHUNK_BYTES_MAX;
            link_after(out, out->tail, chunk_new(capacity));
            room = out->tail->capacity;
        }
        if (room > len) room = len;
        memcpy(out->tail->data + out->tail->len, data, room);
        outbuf_commit(out, room);
        data += room;
        len -= room;
    }
}

void outbuf_append_blob(struct outbuf *out, struct blob *blob, size_t offset, size_t len) {
    struct outbuf_chunk *chunk;

    SL_ASSERT(offset <= blob->len);
    SL_ASSERT(len <= blob->len - offset);
    if (len == 0) return;
    chunk = chunk_new(0);
    chunk->blob = blob_retain(blob);
    chunk->blob_offset = offset;
    chunk->blob_len = len;
    link_after(out, out->tail, chunk);
    out->bytes += len;
}

void outbuf_append_chain(struct outbuf *out, struct outbuf *from) {
    struct outbuf_chunk *chunk = from->head;

    SL_ASSERT(out != from);
    while (chunk != NULL) {
        struct outbuf_chunk *next = chunk->next;

        if (chunk->blob == NULL && chunk->len <= OUTBUF_RESERVE_MAX) {
            outbuf_append(out, chunk->data, chunk->len);
            chunk_free(chunk);
        } else {
            link_after(out, out->tail, chunk);
            out->bytes += chunk->len + chunk->blob_len;
        }
        chunk = next;
    }
    outbuf_init(from);
}

struct outbuf_mark outbuf_mark(const struct outbuf *out) {
    return (struct outbuf_mark){.tail = out->tail,
                                .tail_len = out->tail != NULL ? out->tail->len : 0,
                                .bytes = out->bytes,
                                .memory_bytes = out->memory_bytes};
}

void outbuf_truncate(struct outbuf *out, struct outbuf_mark mark) {
    SL_ASSERT(mark.bytes <= out->bytes);
    if (mark.tail == NULL) {
        outbuf_clear(out);
        return;
    }
    SL_ASSERT(mark.tail_len <= mark.tail->len);
    chain_free(mark.tail->next);
    mark.tail->next = NULL;
    mark.tail->len = mark.tail_len;
    out->tail = mark.tail;
    out->bytes = mark.bytes;
    out->memory_bytes = mark.memory_bytes;
}

void outbuf_insert(struct outbuf *out, struct outbuf_mark mark, const char *data, size_t len) {
    /* With no tail at the mark the bytes go before everything: into the first chunk, at 0. */
    struct outbuf_chunk *chunk = mark.tail != NULL ? mark.tail : out->head;
    uint32_t at = mark.tail_len;

    SL_ASSERT(len <= OUTBUF_RESERVE_MAX);
    if (chunk == NULL) {
        outbuf_append(out, data, len);
        return;
    }
    SL_ASSERT(at <= chunk->len);
    if (chunk->capacity - chunk->len >= len) {
        memmove(chunk->data + at + len, chunk->data + at, chunk->len - at);
        memcpy(chunk->data + at, data, len);
        chunk->len += (uint32_t)len;
    } else if (mark.tail == NULL) {
        struct outbuf_chunk *before = chunk_new(len);
        memcpy(before->data, data, len);
        before->len = (uint32_t)len;
        link_after(out, NULL, before);
    } else { /* no room: what stands behind the mark moves on into a chunk of its own */
        size_t rest = chunk->len - at;
        struct outbuf_chunk *behind = chunk_new(len + rest);
        memcpy(behind->data, data, len);
        memcpy(behind->data + len, chunk->data + at, rest);
        behind->len = (uint32_t)(len + rest);
        chunk->len = at;
        link_after(out, chunk, behind);
    }
    out->bytes += len;
}

size_t outbuf_iov(const struct outbuf *out, struct iovec *iov, size_t iov_max, size_t *bytes) {
    size_t used = 0, sum = 0;

    for (struct outbuf_chunk *chunk = out->head; chunk != NULL && used < iov_max;
         chunk = chunk->next) {
        char *base = chunk->blob != NULL ? chunk->blob->data + chunk->blob_offset : chunk->data;
        size_t len = chunk->blob != NULL ? chunk->blob_len : chunk->len;

        if (len == 0) continue;
        iov[used++] = (struct iovec){.iov_base = base, .iov_len = len};
        sum += len;
    }
    *bytes = sum;
    return used;
}

void outbuf_split(struct outbuf *out, struct outbuf_chunk *last, struct outbuf *head_part) {
    SL_ASSERT(head_part->head == NULL);
    head_part->head = out->head;
    head_part->tail = last;
    out->head = last->next;
    if (out->head == NULL) out->tail = NULL;
    last->next = NULL;
    for (const struct outbuf_chunk *chunk = head_part->head; chunk != NULL; chunk = chunk->next) {
        head_part->bytes += chunk->len + chunk->blob_len;
        head_part->memory_bytes += chunk_memory(chunk);
    }
    out->bytes -= head_part->bytes;
    out->memory_bytes -= head_part->memory_bytes;
}
