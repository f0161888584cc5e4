#pragma once
/* One thread's event loop: sockets, their bytes, doorbells from other loops. Two backends behind
 * one interface: io_uring (loop_uring.c) and epoll (loop_epoll.c), equal in everything a caller can
 * see.
 *
 * A loop belongs to the thread that made it; only loop_doorbell_from_thread() and, as a target,
 * loop_doorbell() may be used from another one. Nothing here blocks but loop_turn(). Handlers are
 * called from loop_turn() only, never from inside another function, so a caller needs no
 * re-entrancy.
 *
 * Time: a turn submits what was queued since the last one (one system call), waits, and calls the
 * handlers for everything that has happened. */
#include "core/base.h"

struct iovec;
struct loop;
struct loop_send;
struct loop_sock;

enum loop_backend { LOOP_BACKEND_AUTO, LOOP_BACKEND_URING, LOOP_BACKEND_EPOLL };

/* A piece of receive memory. It belongs to the loop; whoever got bytes in it holds one reference
 * per `received` call and gives it back with loop_buf_release() on the loop's thread, as soon as
 * may be: sockets stop receiving when all buffers are held (and go on by themselves when some come
 * back). */
struct loop_buf;

/* Embedded by the owner in its connection. All fields are the loop's own but `owner_data`. */
struct loop_sock {
    int fd; /* -1: not open */
    uint32_t index; /* the backend's own: registered file slot */
    uint16_t flags;
    uint8_t inflight_count; /* kernel operations that still refer to this struct */
    int32_t send_result;
    struct loop_sock *next; /* the backend's own list */
    struct loop_send *send_state; /* several pieces, or zero copy; NULL for one plain piece: */
    const char *send_data;
    size_t send_bytes;
    void *owner_data;
};

struct loop_listener {
    int fd;
    uint8_t flags;
    struct loop_listener *next; /* the loop's own */
    void *owner_data;
};

struct loop_handlers {
    /* A connection came in: a non-blocking, close-on-exec socket that is the callee's now. A
     * negative fd is -errno (EMFILE, ...): accepting goes on by itself after a pause. */
    void (*accepted)(void *owner, struct loop_listener *listener, int fd);
    /* Bytes came. `data` lies in `buf`; the callee now holds one reference on `buf`. data is
     * writable by the callee. */
    void (*received)(void *owner, struct loop_sock *sock, struct loop_buf *buf, char *data,
                     size_t len);
    /* The peer closed its side (error 0) or the connection broke (error is the errno > 0). Once per
     * socket; no received() after it. */
    void (*hung_up)(void *owner, struct loop_sock *sock, int error);
    /* The send is finished: all bytes (error 0), or the connection broke. Its memory is the
     * caller's again (with zero copy: really). */
    void (*sent)(void *owner, struct loop_sock *sock, int error);
    /* After loop_sock_close(): nothing in the kernel refers to the socket any more, its struct may
     * be freed. Always called, later than loop_sock_close() itself. */
    void (*closed)(void *owner, struct loop_sock *sock);
    /* A doorbell rang; several rings may arrive as one. */
    void (*rung)(void *owner);
};

struct loop_options {
    enum loop_backend backend;
    size_t buf_bytes; /* one receive buffer */
    size_t bufs_count; /* power of two */
    size_t socks_count_max; /* sockets open at once: sizes tables, not a limit on listeners */
};

/* Makes a loop for the calling thread. AUTO tries io_uring, falls back to epoll, and then `reason`
 * says why ("io_uring_setup: Operation not permitted (kernel.io_uring_disabled = 2)", ...);
 * otherwise it is set to "". With URING a refusal is an error: NULL, reason set. */
struct loop *loop_new(const struct loop_options *options, const struct loop_handlers *handlers,
                      void *owner, char *reason, size_t reason_bytes);
void loop_free(
    /* all sockets closed by the caller and reported closed(), or abandoned at exit */
    struct loop *loop);
enum loop_backend loop_backend(const struct loop *loop);
/* What this kernel offers and the loop uses: "io_uring: multishot-recv bundles incremental-buffers
 * send-zc ..." for the log and INFO. */
const char *loop_features(const struct loop *loop);

void loop_listen(struct loop *loop, struct loop_listener *listener,
                 int fd); /* fd stays the caller's */
void loop_unlisten(struct loop *loop, struct loop_listener *listener);

/* Starts receiving from a connected non-blocking socket, which the loop owns from now on. */
void loop_sock_open(struct loop *loop, struct loop_sock *sock, int fd);
/* Stops calling received() for this socket (the kernel's buffer fills up and the peer slows down),
 * and goes on. A few received() calls may still come after the pause for what had arrived. */
void loop_sock_pause(struct loop *loop, struct loop_sock *sock);
void loop_sock_resume(struct loop *loop, struct loop_sock *sock);
/* Sends all of iov, in order; one send at a time per socket; finished when sent() says so. Queued
 * until the next turn. The iovec array itself is copied (at most LOOP_IOV_MAX entries, at least one
 * byte in all); the bytes stay the caller's and must live until sent(). Flags:
 * ZERO_COPY asks for sending from the caller's pages: worth it from some 16 KiB on.
 * LAZY says that nobody waits for sent(): it comes with the next event of any kind, or when the
 * turn's timeout ends, so that a small reply costs neither a completion nor a turn of its own. Not
 * for a send behind which more data or a close is waiting. Errors and full sockets are dealt with
 * all the same. */
enum { LOOP_IOV_MAX = 64 };
enum loop_send_flags { LOOP_SEND_ZERO_COPY = 1 << 0, LOOP_SEND_LAZY = 1 << 1 };
void loop_sock_send(struct loop *loop, struct loop_sock *sock, const struct iovec *iov,
                    size_t iov_count, unsigned flags);
/* Cancels what is under way and closes the fd. closed() follows in a later turn; sent() and
 * hung_up() do not come any more. */
void loop_sock_close(struct loop *loop, struct loop_sock *sock);

void loop_buf_retain(struct loop_buf *buf); /* the loop's thread only, as release */
void loop_buf_release(struct loop *loop, struct loop_buf *buf);

/* One turn: submits, waits at most timeout_ns (0: only looks; -1: for ever), handles. Returns the
 * number of events handled. */
size_t loop_turn(struct loop *loop, int64_t timeout_ns);
/* Submits what is queued without waiting or handling anything; for long work between turns. */
void loop_flush(struct loop *loop);

/* Wakes `target`'s turn: rung() is called there. From another loop's thread; queued until that
 * loop's next turn or flush (io_uring: IORING_OP_MSG_RING; epoll: eventfd write at once). The
 * backends may differ only if all loops of a process use one backend, which they do. */
void loop_doorbell(struct loop *from, struct loop *target);
/* The same from a thread without a loop (a signal thread, a test). */
void loop_doorbell_from_thread(struct loop *target);

/* Counters for INFO, monotonic; read from any thread. */
struct loop_stats {
    uint64_t turns_count, syscalls_count, events_count;
    uint64_t bytes_received, bytes_sent, sends_count, zero_copy_sends_count;
    uint64_t receive_buffers_exhausted_count;
};
void loop_stats_read(const struct loop *loop, struct loop_stats *stats);
