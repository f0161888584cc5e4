#pragma once
/* What the two backends of the event loop share: the table of backend functions, the receive
 * buffers, sends of several pieces, counters. For loop*.c, their tests and benchmark alone. */
#include "net/loop.h"

#include <sys/socket.h>
#include <sys/uio.h>

enum {
    LOOP_MAGIC = 0x10095a17,
    LOOP_FEATURES_BYTES = 160,
    LOOP_ACCEPT_PAUSE_MS = 100, /* after EMFILE and its like */
};

/* loop_sock.flags. Each backend uses those it needs. */
enum loop_sock_flags {
    LOOP_SOCK_WANTS = 1 << 0, /* the owner wants to receive: open, not paused, not hung up */
    LOOP_SOCK_ARMED = 1 << 1, /* uring: a receive is under way */
    LOOP_SOCK_STARVED = 1 << 2, /* waits for a receive buffer */
    LOOP_SOCK_SENDING = 1 << 3, /* between loop_sock_send() and sent() */
    LOOP_SOCK_LAZY = 1 << 4, /* ... and the send under way is a lazy one */
    LOOP_SOCK_CLOSING = 1 << 5, /* loop_sock_close() was called */
    LOOP_SOCK_FIXED = 1 << 6, /* uring: `index` is a registered file */
    LOOP_SOCK_COPIES = 1 << 7, /* zero copy was refused here before */
    LOOP_SOCK_HUNG_UP = 1 << 8, /* hung_up() was called */
    LOOP_SOCK_WAITS_OUT = 1 << 9, /* epoll: EPOLLOUT is asked for */
    LOOP_SOCK_READY = 1 << 10, /* epoll: on the list of sockets with more to read */
    LOOP_SOCK_CANCELLING = 1 << 11, /* uring: the receive's cancellation is under way */
    LOOP_SOCK_ENDING = 1 << 12, /* epoll: the peer has closed or reset; read to the end */
};

struct loop_ops {
    void (*free)(struct loop *loop);
    void (*listen)(struct loop *loop, struct loop_listener *listener, int fd);
    void (*unlisten)(struct loop *loop, struct loop_listener *listener);
    void (*sock_open)(struct loop *loop, struct loop_sock *sock);
    void (*sock_pause)(struct loop *loop, struct loop_sock *sock);
    void (*sock_resume)(struct loop *loop, struct loop_sock *sock);
    void (*sock_send)(struct loop *loop, struct loop_sock *sock, unsigned flags);
    void (*sock_close)(struct loop *loop, struct loop_sock *sock);
    size_t (*turn)(struct loop *loop, int64_t timeout_ns);
    void (*flush)(struct loop *loop);
    void (*doorbell)(struct loop *from, struct loop *target);
};

/* A growing list of sockets, in no particular order. */
struct loop_list {
    struct loop_sock **socks;
    size_t count, space;
};
void loop_list_add(struct loop_list *list, struct loop_sock *sock);
void loop_list_remove(struct loop_list *list, const struct loop_sock *sock); /* O(count) */
void loop_list_deinit(struct loop_list *list);

/* The receive buffers: invariants in loop_bufs.c. */
struct loop_buf {
    char *data;
    uint32_t refs_count; /* held by receivers */
    uint32_t fill_bytes; /* the next byte goes here, where several receives share one buffer */
    uint16_t id;
    bool is_filling; /* the kernel's (or epoll's current one): not free even with no reference */
};
struct loop_bufs {
    struct loop_buf *bufs;
    char *memory;
    size_t buf_bytes, bufs_count;
    uint16_t *free_ids; /* a stack: the buffer used last is warm in the cache */
    size_t free_count;
};
void loop_bufs_init(struct loop_bufs *bufs, size_t buf_bytes, size_t bufs_count);
void loop_bufs_deinit(struct loop_bufs *bufs);
/* Takes the buffer that came back last, to be filled. NULL: all are held. */
static inline struct loop_buf *loop_bufs_pop(struct loop_bufs *bufs) {
    if (bufs->free_count == 0) return NULL;
    struct loop_buf *buf = &bufs->bufs[bufs->free_ids[--bufs->free_count]];
    SL_DEBUG_ASSERT(buf->refs_count == 0 && !buf->is_filling);
    buf->fill_bytes = 0;
    buf->is_filling = true;
    return buf;
}
static inline void loop_bufs_push(struct loop_bufs *bufs, const struct loop_buf *buf) {
    SL_DEBUG_ASSERT(buf->refs_count == 0 && !buf->is_filling);
    SL_ASSERT(bufs->free_count < bufs->bufs_count);
    bufs->free_ids[bufs->free_count++] = buf->id;
}
/* Nothing more will be put into it. */
static inline void loop_bufs_filled(struct loop_bufs *bufs, struct loop_buf *buf) {
    SL_DEBUG_ASSERT(buf->is_filling);
    buf->is_filling = false;
    if (buf->refs_count == 0) loop_bufs_push(bufs, buf);
}

/* A send of several pieces or with zero copy. (One plain piece lives in the socket itself.) */
struct loop_send {
    struct msghdr msg;
    struct iovec iov[LOOP_IOV_MAX];
    size_t bytes_left;
    uint32_t notifications_count; /* zero copy: the kernel still holds pages */
    int error;
    bool zero_copy;
    struct loop_send *next_free;
};

struct loop {
    uint32_t magic;
    const struct loop_ops *ops;
    const struct loop_handlers *handlers;
    void *owner;
    enum loop_backend backend;
    struct loop_bufs bufs;
    struct loop_list starved; /* wait for a receive buffer */
    struct loop_send *sends_free;
    struct loop_sock *closed_head; /* closed() is due */
    int doorbell_fd; /* eventfd: rings from threads, and where MSG_RING does not do */
    bool is_rung; /* rung() is due: it rang itself */
    struct loop_stats stats; /* stored by the loop's thread, read from any */
    char features[LOOP_FEATURES_BYTES];
};

/* The backends. On a refusal: NULL, and the reason. */
struct loop *loop_uring_new(const struct loop_options *options, char *reason, size_t reason_bytes);
struct loop *loop_epoll_new(const struct loop_options *options, char *reason, size_t reason_bytes);

/* What both do at birth and at the end. Returns 0 or a negative errno. */
int loop_base_init(struct loop *loop, const struct loop_ops *ops,
                   const struct loop_options *options);
void loop_base_deinit(struct loop *loop);

/* The socket's present send, in the form that sendmsg and send take; and how far it has come. */
void loop_send_begin(struct loop *loop, struct loop_sock *sock, const struct iovec *iov,
                     size_t iov_count, bool zero_copy);
/* So many bytes are out. Returns whether all are. */
bool loop_send_advance(struct loop_sock *sock, size_t bytes);
/* Gives the memory back and says sent(), unless the socket is being closed. */
void loop_send_finish(struct loop *loop, struct loop_sock *sock, int error);
void loop_send_drop(struct loop *loop, struct loop_sock *sock);

/* closed() is due for the socket, at the end of the turn. */
static inline void loop_closed_add(struct loop *loop, struct loop_sock *sock) {
    sock->next = loop->closed_head;
    loop->closed_head = sock;
}
size_t loop_closed_report(struct loop *loop);

/* Only the loop's thread stores, so load and store may be two steps; others read at any time. */
static inline void loop_count(uint64_t *counter, uint64_t more) {
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* Hands bytes to the owner, with a reference. */
static inline void loop_deliver(struct loop *loop, struct loop_sock *sock, struct loop_buf *buf,
                                char *data, size_t bytes) {
    buf->refs_count++;
    loop_count(&loop->stats.bytes_received, bytes);
    loop->handlers->received(loop->owner, sock, buf, data, bytes);
}

/* Tests only: what the next loop_new() calls of this process do. */
struct loop_test_knobs {
    int uring_setup_error; /* errno that io_uring_setup appears to fail with; 0: none */
    bool no_defer_taskrun, no_fixed_files, no_incremental, no_msg_ring, no_lazy;
};
extern struct loop_test_knobs loop_test_knobs;
