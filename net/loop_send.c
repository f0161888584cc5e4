/* loop_send.c - what one socket is sending, for both backends.
 *
 * A plain piece, the common case, stands in the socket itself (send_data, send_bytes) and costs no
 * memory. Several pieces, or zero copy, take a loop_send from the loop's own free list. Either form
 * always describes what is still to be sent. */
#include "core/mem.h"
#include "net/loop_priv.h"

static struct loop_send *send_take(struct loop *loop) {
    struct loop_send *send = loop->sends_free;
    if (send != NULL) {
        loop->sends_free = send->next_free;
    } else {
        send = mem_must(sizeof *send);
    }
    send->msg = (struct msghdr){.msg_iov = send->iov};
    send->bytes_left = 0;
    send->notifications_count = 0;
    send->error = 0;
    send->next_free = NULL;
    return send;
}

void loop_send_begin(struct loop *loop, struct loop_sock *sock, const struct iovec *iov,
                     size_t iov_count, bool zero_copy) {
    SL_ASSERT(iov_count > 0 && iov_count <= LOOP_IOV_MAX);
    SL_ASSERT(sock->send_state == NULL);
    if (iov_count == 1 && !zero_copy) {
        sock->send_data = iov[0].iov_base;
        sock->send_bytes = iov[0].iov_len;
        SL_ASSERT(sock->send_bytes > 0);
        return;
    }
    struct loop_send *send = send_take(loop);
    size_t pieces_count = 0;
    for (size_t i = 0; i < iov_count; i++) {
        if (iov[i].iov_len == 0) continue; /* or advancing could not tell it from one that is out */
        send->iov[pieces_count++] = iov[i];
        send->bytes_left += iov[i].iov_len;
    }
    SL_ASSERT(send->bytes_left > 0);
    send->msg.msg_iovlen = pieces_count;
    send->zero_copy = zero_copy;
    sock->send_state = send;
}

bool loop_send_advance(struct loop_sock *sock, size_t bytes) {
    struct loop_send *send = sock->send_state;
    if (send == NULL) {
        SL_ASSERT(bytes <= sock->send_bytes);
        sock->send_data += bytes;
        sock->send_bytes -= bytes;
        return sock->send_bytes == 0;
    }
    SL_ASSERT(bytes <= send->bytes_left);
    send->bytes_left -= bytes;
    if (send->bytes_left == 0) return true;
    struct msghdr *msg = &send->msg;
    while (bytes >= msg->msg_iov->iov_len) {
        bytes -= msg->msg_iov->iov_len;
        msg->msg_iov++;
        msg->msg_iovlen--;
    }
    msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + bytes;
    msg->msg_iov->iov_len -= bytes;
    return false;
}

void loop_send_drop(struct loop *loop, struct loop_sock *sock) {
    struct loop_send *send = sock->send_state;
    if (send == NULL) return;
    SL_ASSERT(send->notifications_count == 0);
    sock->send_state = NULL;
    send->next_free = loop->sends_free;
    loop->sends_free = send;
}

void loop_send_finish(struct loop *loop, struct loop_sock *sock, int error) {
    SL_ASSERT((sock->flags & LOOP_SOCK_SENDING) != 0);
    sock->flags &= (uint16_t) ~(LOOP_SOCK_SENDING | LOOP_SOCK_LAZY);
    loop_send_drop(loop, sock);
    if ((sock->flags & LOOP_SOCK_CLOSING) == 0) loop->handlers->sent(loop->owner, sock, error);
}
