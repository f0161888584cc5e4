#pragma once
/* The io_uring backend's own state. For loop_uring*.c alone. */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>

#include "net/loop_priv.h"

/* Newer than Debian 12's headers: supplied here, asked for at run time. */
#ifndef IORING_FEAT_REG_REG_RING
#define IORING_FEAT_REG_REG_RING (1U << 13) /* Linux 6.3: MSG_RING wakes a DEFER_TASKRUN ring */
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif
#ifndef IOU_PBUF_RING_INC
#define IOU_PBUF_RING_INC 2U /* Linux 6.12: several receives, one after the other, in one buffer */
#endif
#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1U << 4)
#endif

/* user_data: a pointer, and in its low three bits what it is. */
enum uring_tag {
    URING_TAG_RECV, /* struct loop_sock */
    URING_TAG_SEND, /* struct loop_sock */
    URING_TAG_LAZY, /* struct loop_sock: a send that completes only when it fails */
    URING_TAG_ACCEPT, /* struct uring_listener */
    URING_TAG_PAUSE, /* struct uring_listener: accept again */
    URING_TAG_BELL, /* struct loop: it refused our ring message */
    URING_TAG_PLAIN, /* no pointer: one of the next three */
};
#define URING_TAG_MASK ((uint64_t)7)
#define URING_DATA_IGNORED ((uint64_t)0 << 3 | URING_TAG_PLAIN)
#define URING_DATA_RUNG ((uint64_t)1 << 3 | URING_TAG_PLAIN)
#define URING_DATA_EVENTFD ((uint64_t)2 << 3 | URING_TAG_PLAIN)

/* A listening socket. Not the caller's struct: accepts may complete after loop_unlisten(). */
struct uring_listener {
    struct loop_listener *listener; /* NULL: unlistened */
    int fd;
    unsigned inflight_count;
    struct __kernel_timespec pause;
    struct uring_listener *next;
};

enum { URING_BELLS_COUNT_MAX = 64 };

struct uring {
    struct loop base; /* first: a loop is a uring */
    struct io_uring ring;
    unsigned enter_flags;
    bool has_msg_ring, has_fixed_files, has_incremental, has_lazy, has_sendmsg_zc;

    struct io_uring_buf_ring *buf_ring; /* what the kernel fills */
    uint32_t buf_ring_tail, buf_ring_mask;
    uint32_t lent_count; /* buffers in it */
    uint32_t lent_target; /* how many it should have: grows when they did not suffice */

    struct loop_list lazy, lazy_reporting;
    uint32_t *slots_free, *slots_closing; /* registered files; closing: until the next submit */
    size_t slots_free_count, slots_closing_count;
    struct uring_listener *listeners;
    struct loop *bells[URING_BELLS_COUNT_MAX]; /* rung since the last submit */
    size_t bells_count;
    bool is_rung;
};

/* loop_uring_setup.c */
int uring_setup(struct uring *uring, const struct loop_options *options, char *reason,
                size_t reason_bytes);
void uring_teardown(struct uring *uring);

/* loop_uring.c */
void uring_submit_now(struct uring *uring);

static inline uint64_t uring_data(const void *ptr, enum uring_tag tag) {
    SL_DEBUG_ASSERT(((uintptr_t)ptr & URING_TAG_MASK) == 0);
    return (uint64_t)(uintptr_t)ptr | (uint64_t)tag;
}

/* The next submission entry; the caller writes all of it. A full queue is submitted first. */
static inline struct io_uring_sqe *uring_sqe(struct uring *uring) {
    struct io_uring_sq *sq = &uring->ring.sq;
    if (SL_UNLIKELY(sq->sqe_tail - __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE) ==
                    sq->ring_entries)) {
        uring_submit_now(uring);
    }
    return &sq->sqes[sq->sqe_tail++ & sq->ring_mask];
}

/* loop_uring_sock.c: one socket */
void uring_sock_open(struct loop *loop, struct loop_sock *sock);
void uring_sock_pause(struct loop *loop, struct loop_sock *sock);
void uring_sock_resume(struct loop *loop, struct loop_sock *sock);
void uring_sock_send(struct loop *loop, struct loop_sock *sock, unsigned flags);
void uring_sock_close(struct loop *loop, struct loop_sock *sock);
void uring_sock_on_recv(struct uring *uring, struct loop_sock *sock, int res, unsigned cqe_flags);
void uring_sock_on_send(struct uring *uring, struct loop_sock *sock, int res, unsigned cqe_flags);
void uring_sock_on_lazy(struct uring *uring, struct loop_sock *sock);
void uring_socks_feed(struct uring *uring); /* starved ones receive again */

/* loop_uring_accept.c */
void uring_listen(struct loop *loop, struct loop_listener *listener, int fd);
void uring_unlisten(struct loop *loop, struct loop_listener *listener);
void uring_listener_on_accept(struct uring *uring, struct uring_listener *node, int res,
                              unsigned cqe_flags);
void uring_listener_on_pause(struct uring *uring, struct uring_listener *node);
void uring_listeners_free(struct uring *uring);

/* loop_uring_bufs.c: the ring of buffers that the kernel fills */
int uring_bufs_init(struct uring *uring);
void uring_bufs_deinit(struct uring *uring);
void uring_bufs_lend(struct uring *uring); /* tops the kernel's ring up */
void uring_bufs_exhausted(struct uring *uring);

/* The buffer of a completion, and where in it `bytes` begin. A reference is not taken yet. */
static inline struct loop_buf *uring_bufs_take(struct uring *uring, size_t bytes,
                                               unsigned cqe_flags, char **data) {
    size_t id = cqe_flags >> IORING_CQE_BUFFER_SHIFT;
    SL_ASSERT(id < uring->base.bufs.bufs_count);
    struct loop_buf *buf = &uring->base.bufs.bufs[id];
    SL_ASSERT(buf->is_filling);
    SL_ASSERT(bytes <= uring->base.bufs.buf_bytes - buf->fill_bytes);
    *data = buf->data + buf->fill_bytes;
    buf->fill_bytes += (uint32_t)bytes;
    return buf;
}
static inline bool uring_bufs_is_more(const struct uring *uring, unsigned cqe_flags) {
    return uring->has_incremental && (cqe_flags & IORING_CQE_F_BUF_MORE) != 0;
}
