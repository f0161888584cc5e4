/* loop_uring_bufs.c - the receive buffers that the kernel has.
 *
 * The kernel takes buffers from a ring in shared memory, first in first out. All free buffers in
 * that ring would mean that every one is used in turn, and that a request always lands on memory
 * that has left the cache. So the kernel is lent only `lent_target` of them, and what comes back
 * goes out again first (loop_bufs.c, I3). When they do not suffice (a receive fails with ENOBUFS
 * and is armed again, which is cheap but not free) the target doubles.
 *
 * With incremental buffers (Linux 6.12) the kernel fills a buffer by several receives and says with
 * each whether it is done with it; without, each receive uses one buffer up. */
#include "core/mem.h"
#include "net/loop_uring_priv.h"

enum { LENT_TARGET_FIRST = 8, LENT_TARGET_FIRST_WHOLE = 64, RING_ALIGNMENT = 4096 };

static int register_ring(struct uring *uring, bool incremental) {
    struct io_uring_buf_reg reg = {
        .ring_addr = (uint64_t)(uintptr_t)uring->buf_ring,
        .ring_entries = (uint32_t)uring->base.bufs.bufs_count,
        .bgid = 0,
        .pad = incremental ? IOU_PBUF_RING_INC : 0, /* newer headers call it `flags` */
    };
    return io_uring_register_buf_ring(&uring->ring, &reg, 0);
}

int uring_bufs_init(struct uring *uring) {
    size_t count = uring->base.bufs.bufs_count;
    size_t bytes = count * sizeof(struct io_uring_buf);

    bytes = (bytes + RING_ALIGNMENT - 1) / RING_ALIGNMENT * RING_ALIGNMENT;
    uring->buf_ring = mem_must_aligned(bytes, RING_ALIGNMENT);
    memset(uring->buf_ring, 0, bytes);
    uring->buf_ring_mask = (uint32_t)count - 1;
    uring->has_incremental = !loop_test_knobs.no_incremental && register_ring(uring, true) == 0;
    if (!uring->has_incremental) {
        int err = register_ring(uring, false);
        if (err < 0) return err;
    }
    uint32_t target = uring->has_incremental ? LENT_TARGET_FIRST : LENT_TARGET_FIRST_WHOLE;
    uring->lent_target = target < count ? target : (uint32_t)count;
    uring_bufs_lend(uring);
    return 0;
}

void uring_bufs_deinit(struct uring *uring) {
    mem_free(uring->buf_ring);
}

void uring_bufs_lend(struct uring *uring) {
    struct loop_buf *buf = NULL;

    if (uring->lent_count >= uring->lent_target) return;
    while (uring->lent_count < uring->lent_target &&
           (buf = loop_bufs_pop(&uring->base.bufs)) != NULL) {
        struct io_uring_buf *slot =
            &uring->buf_ring->bufs[uring->buf_ring_tail++ & uring->buf_ring_mask];
        slot->addr = (uint64_t)(uintptr_t)buf->data;
        slot->len = (uint32_t)uring->base.bufs.buf_bytes;
        slot->bid = buf->id;
        uring->lent_count++;
    }
    __atomic_store_n(&uring->buf_ring->tail, (uint16_t)uring->buf_ring_tail, __ATOMIC_RELEASE);
}

void uring_bufs_exhausted(struct uring *uring) {
    loop_count(&uring->base.stats.receive_buffers_exhausted_count, 1);
    /* Lent again since, so the target has grown for this already; or all are held, and lending more
     * is not what is missing. */
    if (uring->lent_count > 0 || uring->base.bufs.free_count == 0) return;
    uint32_t count = (uint32_t)uring->base.bufs.bufs_count;
    uring->lent_target = uring->lent_target * 2 < count ? uring->lent_target * 2 : count;
    uring_bufs_lend(uring);
}
