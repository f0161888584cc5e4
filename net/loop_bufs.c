/* loop_bufs.c - the memory that sockets receive into.
 *
 *     free_ids: a stack --pop--> being filled (the kernel's ring, or epoll's current buffer)
 *          ^                          | every receive: one reference for the receiver
 *          +----- last reference given back, and no longer being filled
 *
 * I1  A buffer is on the stack exactly when it has no reference and is not being filled.
 * I2  Several receives share a buffer, one after the other, where the backend can do that: a small
 *     request takes its own bytes of cache, not a whole buffer.
 * I3  The stack gives the buffer that came back last. The kernel is lent a few at a time, so that
 *     the memory in use stays small enough for the cache however large the pool is.
 * Buffers lie one cache line further apart than their size: starts at a power of two would all fall
 * into the same cache sets. */
#include "core/mem.h"
#include "net/loop_priv.h"

enum { CACHE_LINE_BYTES = 64, PAGE_ALIGNMENT = 4096 };

void loop_bufs_init(struct loop_bufs *bufs, size_t buf_bytes, size_t bufs_count) {
    SL_ASSERT(buf_bytes >= 64 && buf_bytes <= UINT32_MAX);
    SL_ASSERT(bufs_count > 0 && bufs_count <= 32768 && (bufs_count & (bufs_count - 1)) == 0);
    size_t stride = (buf_bytes + 2 * CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;

    *bufs = (struct loop_bufs){
        .bufs = mem_must_zero(bufs_count * sizeof *bufs->bufs),
        .memory = mem_must_aligned(bufs_count * stride, PAGE_ALIGNMENT),
        .free_ids = mem_must(bufs_count * sizeof *bufs->free_ids),
        .buf_bytes = buf_bytes,
        .bufs_count = bufs_count,
    };
    for (size_t i = bufs_count; i-- > 0;) {
        bufs->bufs[i].data = bufs->memory + i * stride;
        bufs->bufs[i].id = (uint16_t)i;
        loop_bufs_push(bufs, &bufs->bufs[i]);
    }
}

void loop_bufs_deinit(struct loop_bufs *bufs) {
    mem_free(bufs->bufs);
    mem_free(bufs->memory);
    mem_free(bufs->free_ids);
    *bufs = (struct loop_bufs){0};
}

void loop_buf_retain(struct loop_buf *buf) {
    SL_ASSERT(buf->refs_count > 0);
    buf->refs_count++;
}

void loop_buf_release(struct loop *loop, struct loop_buf *buf) {
    SL_ASSERT(buf->refs_count > 0);
    if (--buf->refs_count == 0 && !buf->is_filling) loop_bufs_push(&loop->bufs, buf);
}
