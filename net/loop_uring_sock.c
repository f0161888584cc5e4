/* loop_uring_sock.c - one socket's operations: a multishot receive, at most one send, the end.
 *
 * Sending has three forms.
 *   plain  A completion says how far it came; what is missing is sent again.
 *   lazy   SEND with MSG_DONTWAIT and no completion on success: it is over, one way or the other,
 *          when io_uring_enter has taken it. Only a failure or a full socket posts a completion,
 *          and then the rest goes the plain way. A small reply, the common case, so costs no
 *          completion, and the wait in the same system call waits for requests instead of waking
 *          up for our own sends.
 *   zero copy  Two completions: the result, and the notification that the pages are free again.
 *
 * I1  inflight_count counts operations that will still post a completion for this socket, and the
 *     lazy send until it is reported. closed() comes only when it is 0.
 * I2  ARMED: the receive is under way. It ends with a completion without IORING_CQE_F_MORE.
 * I3  Cancellations name operations by user_data, never by descriptor: a descriptor may be
 *     another's by the time the kernel looks. */
#include <unistd.h>

#include "net/loop_uring_priv.h"

enum { SEND_BYTES_MAX = 1 << 30 }; /* one operation's; the rest follows */

static void target(struct io_uring_sqe *sqe, const struct loop_sock *sock) {
    if ((sock->flags & LOOP_SOCK_FIXED) != 0) {
        sqe->fd = (int)sock->index;
        sqe->flags |= IOSQE_FIXED_FILE;
    } else {
        sqe->fd = sock->fd;
    }
}

static void arm(struct uring *uring, struct loop_sock *sock, unsigned flags) {
    SL_DEBUG_ASSERT((sock->flags & LOOP_SOCK_ARMED) == 0);
    struct io_uring_sqe *sqe = uring_sqe(uring);
    *sqe = (struct io_uring_sqe){
        .opcode = IORING_OP_RECV,
        .flags = IOSQE_BUFFER_SELECT,
        .ioprio = (uint16_t)(IORING_RECV_MULTISHOT | flags),
        .user_data = uring_data(sock, URING_TAG_RECV),
    };
    target(sqe, sock);
    sock->flags |= LOOP_SOCK_ARMED;
    sock->inflight_count++;
}

static void cancel(struct uring *uring, struct loop_sock *sock, enum uring_tag tag,
                   uint64_t user_data) {
    struct io_uring_sqe *sqe = uring_sqe(uring);
    *sqe = (struct io_uring_sqe){
        .opcode = IORING_OP_ASYNC_CANCEL,
        .flags = IOSQE_CQE_SKIP_SUCCESS,
        .fd = -1,
        .addr = uring_data(sock, tag),
        .user_data = user_data,
    };
}

void uring_sock_open(struct loop *loop, struct loop_sock *sock) {
    struct uring *uring = (struct uring *)loop;

    if (uring->slots_free_count > 0) {
        uint32_t slot = uring->slots_free[uring->slots_free_count - 1];
        loop_count(&loop->stats.syscalls_count, 1);
        if (io_uring_register_files_update(&uring->ring, slot, &sock->fd, 1) == 1) {
            uring->slots_free_count--;
            sock->index = slot;
            sock->flags |= LOOP_SOCK_FIXED;
        }
    }
    arm(uring, sock, IORING_RECVSEND_POLL_FIRST);
}

void uring_sock_pause(struct loop *loop, struct loop_sock *sock) {
    struct uring *uring = (struct uring *)loop;

    if ((sock->flags & LOOP_SOCK_STARVED) != 0) {
        loop_list_remove(&loop->starved, sock);
        sock->flags &= (uint16_t)~LOOP_SOCK_STARVED;
    }
    if ((sock->flags & LOOP_SOCK_ARMED) != 0 && (sock->flags & LOOP_SOCK_CANCELLING) == 0) {
        sock->flags |= LOOP_SOCK_CANCELLING;
        cancel(uring, sock, URING_TAG_RECV, URING_DATA_IGNORED);
    }
}

void uring_sock_resume(struct loop *loop, struct loop_sock *sock) {
    if ((sock->flags & LOOP_SOCK_ARMED) == 0) arm((struct uring *)loop, sock, 0);
}

static void send_lazy(struct uring *uring, struct loop_sock *sock) {
    struct io_uring_sqe *sqe = uring_sqe(uring);
    struct loop_send *send = sock->send_state;

    *sqe = (struct io_uring_sqe){
        .opcode = send == NULL ? IORING_OP_SEND : IORING_OP_SENDMSG,
        .flags = IOSQE_CQE_SKIP_SUCCESS,
        .addr = (uint64_t)(uintptr_t)(send == NULL ? (const void *)sock->send_data : &send->msg),
        .len = send == NULL ? (uint32_t)sock->send_bytes : 1,
        .msg_flags = MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT,
        .user_data = uring_data(sock, URING_TAG_LAZY),
    };
    target(sqe, sock);
    sock->flags |= LOOP_SOCK_LAZY;
    sock->send_result = INT32_MAX; /* unless a completion says otherwise */
    sock->inflight_count++;
    loop_list_add(&uring->lazy, sock);
}

static void send_plain(struct uring *uring, struct loop_sock *sock) {
    struct io_uring_sqe *sqe = uring_sqe(uring);
    struct loop_send *send = sock->send_state;

    *sqe = (struct io_uring_sqe){
        .msg_flags = MSG_NOSIGNAL | MSG_WAITALL,
        .user_data = uring_data(sock, URING_TAG_SEND),
    };
    target(sqe, sock);
    sock->inflight_count++;
    if (send == NULL || send->msg.msg_iovlen == 1) {
        const char *data = send == NULL ? sock->send_data : send->msg.msg_iov->iov_base;
        size_t bytes = send == NULL ? sock->send_bytes : send->msg.msg_iov->iov_len;
        sqe->opcode = send != NULL && send->zero_copy ? IORING_OP_SEND_ZC : IORING_OP_SEND;
        sqe->addr = (uint64_t)(uintptr_t)data;
        sqe->len = bytes < SEND_BYTES_MAX ? (uint32_t)bytes : SEND_BYTES_MAX;
    } else {
        sqe->opcode = send->zero_copy ? IORING_OP_SENDMSG_ZC : IORING_OP_SENDMSG;
        sqe->addr = (uint64_t)(uintptr_t)&send->msg;
        sqe->len = 1;
    }
}

void uring_sock_send(struct loop *loop, struct loop_sock *sock, unsigned flags) {
    struct uring *uring = (struct uring *)loop;
    struct loop_send *send = sock->send_state;

    if (send != NULL && send->zero_copy) {
        if ((sock->flags & LOOP_SOCK_COPIES) != 0 ||
            (send->msg.msg_iovlen > 1 && !uring->has_sendmsg_zc)) {
            send->zero_copy = false;
        } else {
            loop_count(&loop->stats.zero_copy_sends_count, 1);
        }
    }
    bool is_small = send == NULL ? sock->send_bytes < SEND_BYTES_MAX : !send->zero_copy;
    if ((flags & LOOP_SEND_LAZY) != 0 && uring->has_lazy && is_small) {
        send_lazy(uring, sock);
    } else {
        send_plain(uring, sock);
    }
}

/* What is left to do for a socket being closed, whenever one of its operations has ended. */
static void close_step(struct uring *uring, struct loop_sock *sock) {
    struct loop_send *send = sock->send_state;
    uint32_t notifications = send != NULL ? send->notifications_count : 0;

    SL_DEBUG_ASSERT((sock->flags & LOOP_SOCK_CLOSING) != 0);
    if (sock->inflight_count > notifications) return;
    if (sock->fd >= 0) {
        /* Unsent pages of ours would be held for as long as the peer likes: break the connection.
         */
        struct linger none = {.l_onoff = 1, .l_linger = 0};
        if (notifications > 0) {
            (void)setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        }
        if ((sock->flags & LOOP_SOCK_FIXED) != 0) {
            *uring_sqe(uring) = (struct io_uring_sqe){
                .opcode = IORING_OP_CLOSE,
                .flags = IOSQE_CQE_SKIP_SUCCESS,
                .file_index = sock->index + 1,
                .user_data = URING_DATA_IGNORED,
            };
            uring->slots_closing[uring->slots_closing_count++] = sock->index;
        }
        *uring_sqe(uring) = (struct io_uring_sqe){
            .opcode = IORING_OP_CLOSE,
            .flags = IOSQE_CQE_SKIP_SUCCESS,
            .fd = sock->fd,
            .user_data = URING_DATA_IGNORED,
        };
        sock->fd = -1;
    }
    if (sock->inflight_count > 0) return;
    if ((sock->flags & LOOP_SOCK_SENDING) != 0) loop_send_finish(&uring->base, sock, 0);
    loop_closed_add(&uring->base, sock);
}

void uring_sock_close(struct loop *loop, struct loop_sock *sock) {
    struct uring *uring = (struct uring *)loop;

    if ((sock->flags & LOOP_SOCK_ARMED) != 0 && (sock->flags & LOOP_SOCK_CANCELLING) == 0) {
        cancel(uring, sock, URING_TAG_RECV, URING_DATA_IGNORED);
    }
    if ((sock->flags & (LOOP_SOCK_SENDING | LOOP_SOCK_LAZY)) == LOOP_SOCK_SENDING) {
        cancel(uring, sock, URING_TAG_SEND, URING_DATA_IGNORED);
    }
    close_step(uring, sock);
}

static void starve(struct uring *uring, struct loop_sock *sock) {
    uring_bufs_exhausted(uring);
    sock->flags |= LOOP_SOCK_STARVED;
    loop_list_add(&uring->base.starved, sock);
}

void uring_socks_feed(struct uring *uring) {
    struct loop_list *starved = &uring->base.starved;

    for (size_t i = 0; i < starved->count; i++) {
        starved->socks[i]->flags &= (uint16_t)~LOOP_SOCK_STARVED;
        arm(uring, starved->socks[i], 0);
    }
    starved->count = 0;
}

/* The receive has ended with `res`: over, or armed again. */
static void recv_ended(struct uring *uring, struct loop_sock *sock, int res) {
    struct loop *loop = &uring->base;
    bool wants = (sock->flags & LOOP_SOCK_WANTS) != 0;

    switch (res) {
    case -ENOBUFS:
        if (wants) starve(uring, sock);
        return;
    case -ECANCELED:
    case -EINTR:
    case -EAGAIN:
        if (wants) arm(uring, sock, 0);
        return;
    default: break;
    }
    if (res > 0) {
        if (wants) arm(uring, sock, 0);
        return;
    }
    sock->flags = (uint16_t)((sock->flags & ~LOOP_SOCK_WANTS) | LOOP_SOCK_HUNG_UP);
    loop->handlers->hung_up(loop->owner, sock, -res);
}

void uring_sock_on_recv(struct uring *uring, struct loop_sock *sock, int res, unsigned cqe_flags) {
    bool is_more = (cqe_flags & IORING_CQE_F_MORE) != 0;
    bool is_closing = (sock->flags & LOOP_SOCK_CLOSING) != 0;
    struct loop_buf *buf = NULL;
    char *data = NULL;

    SL_DEBUG_ASSERT((sock->flags & LOOP_SOCK_ARMED) != 0);
    if (SL_UNLIKELY(!is_more)) {
        sock->flags &= (uint16_t) ~(LOOP_SOCK_ARMED | LOOP_SOCK_CANCELLING);
        sock->inflight_count--;
    }
    if (SL_LIKELY((cqe_flags & IORING_CQE_F_BUFFER) != 0)) {
        bool is_filled = !uring_bufs_is_more(uring, cqe_flags);
        bool is_delivered = res > 0 && !is_closing;
        buf = uring_bufs_take(uring, res > 0 ? (size_t)res : 0, cqe_flags, &data);
        buf->refs_count += is_delivered;
        if (is_filled) {
            uring->lent_count--;
            loop_bufs_filled(&uring->base.bufs, buf);
        }
        if (is_delivered) {
            if (!is_more) recv_ended(uring, sock, res); /* first: the handler may close it */
            loop_count(&uring->base.stats.bytes_received, (uint64_t)res);
            uring->base.handlers->received(uring->base.owner, sock, buf, data, (size_t)res);
            return;
        }
    }
    if (is_more) return;
    if (is_closing) {
        close_step(uring, sock);
    } else {
        recv_ended(uring, sock, res);
    }
}

/* A result: so many bytes, or a negative errno. What is left goes the plain way. */
static void send_went(struct uring *uring, struct loop_sock *sock, int res) {
    struct loop_send *send = sock->send_state;
    bool is_done = false;

    if (res >= 0) {
        loop_count(&uring->base.stats.bytes_sent, (uint64_t)res);
        is_done = loop_send_advance(sock, (size_t)res);
    } else if (res == -EOPNOTSUPP && send != NULL && send->zero_copy) {
        send->zero_copy = false;
        sock->flags |= LOOP_SOCK_COPIES;
    } else if (res != -EAGAIN && res != -EINTR) {
        if (send != NULL) {
            send->error = -res;
            if (send->notifications_count > 0) return; /* told when the last page is back */
        }
        loop_send_finish(&uring->base, sock, -res);
        return;
    }
    if (!is_done) {
        send_plain(uring, sock);
    } else if (send == NULL || send->notifications_count == 0) {
        loop_send_finish(&uring->base, sock, 0);
    }
}

void uring_sock_on_send(struct uring *uring, struct loop_sock *sock, int res, unsigned cqe_flags) {
    struct loop_send *send = sock->send_state;

    SL_DEBUG_ASSERT((sock->flags & LOOP_SOCK_SENDING) != 0);
    if ((cqe_flags & IORING_CQE_F_NOTIF) != 0) {
        SL_ASSERT(send != NULL && send->notifications_count > 0);
        send->notifications_count--;
        sock->inflight_count--;
        if ((sock->flags & LOOP_SOCK_CLOSING) != 0) {
            close_step(uring, sock);
        } else if (send->notifications_count == 0 &&
                   sock->inflight_count <= ((sock->flags & LOOP_SOCK_ARMED) != 0 ? 1 : 0)) {
            loop_send_finish(&uring->base, sock, send->error);
        }
        return;
    }
    if ((cqe_flags & IORING_CQE_F_MORE) != 0) {
        SL_ASSERT(send != NULL);
        send->notifications_count++; /* stays in flight */
    } else {
        sock->inflight_count--;
    }
    if ((sock->flags & LOOP_SOCK_CLOSING) != 0) {
        close_step(uring, sock);
    } else {
        send_went(uring, sock, res);
    }
}

void uring_sock_on_lazy(struct uring *uring, struct loop_sock *sock) {
    SL_DEBUG_ASSERT((sock->flags & LOOP_SOCK_LAZY) != 0);
    sock->inflight_count--;
    sock->flags &= (uint16_t)~LOOP_SOCK_LAZY;
    if (SL_UNLIKELY((sock->flags & LOOP_SOCK_CLOSING) != 0)) {
        close_step(uring, sock);
        return;
    }
    if (SL_LIKELY(sock->send_result == INT32_MAX)) {
        const struct loop_send *send = sock->send_state;
        loop_count(&uring->base.stats.bytes_sent,
                   send == NULL ? sock->send_bytes : send->bytes_left);
        loop_send_finish(&uring->base, sock, 0);
    } else {
        send_went(uring, sock, sock->send_result);
    }
}
