/* loop_uring_accept.c - listening sockets: one multishot accept each. After EMFILE and its like the
 * connection stays in the backlog; accepting goes on after a pause, which is a timeout of the
 * kernel's: this file needs no clock. */
#include <unistd.h>

#include "core/mem.h"
#include "net/loop_uring_priv.h"

static void arm(struct uring *uring, struct uring_listener *node) {
    struct io_uring_sqe *sqe = uring_sqe(uring);
    *sqe = (struct io_uring_sqe){
        .opcode = IORING_OP_ACCEPT,
        .fd = node->fd,
        .ioprio = IORING_ACCEPT_MULTISHOT,
        .accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC,
        .user_data = uring_data(node, URING_TAG_ACCEPT),
    };
    node->inflight_count++;
}

static void pause_then_arm(struct uring *uring, struct uring_listener *node) {
    struct io_uring_sqe *sqe = uring_sqe(uring);
    node->pause.tv_sec = 0;
    node->pause.tv_nsec = LOOP_ACCEPT_PAUSE_MS * 1000000LL;
    *sqe = (struct io_uring_sqe){
        .opcode = IORING_OP_TIMEOUT,
        .addr = (uint64_t)(uintptr_t)&node->pause,
        .len = 1,
        .user_data = uring_data(node, URING_TAG_PAUSE),
    };
    node->inflight_count++;
}

static void node_free(struct uring *uring, struct uring_listener *node) {
    struct uring_listener **at = &uring->listeners;
    while (*at != node) at = &(*at)->next;
    *at = node->next;
    mem_free(node);
}

void uring_listen(struct loop *loop, struct loop_listener *listener, int fd) {
    struct uring *uring = (struct uring *)loop;
    struct uring_listener *node = mem_must_zero(sizeof *node);

    node->listener = listener;
    node->fd = fd;
    node->next = uring->listeners;
    uring->listeners = node;
    arm(uring, node);
}

void uring_unlisten(struct loop *loop, struct loop_listener *listener) {
    struct uring *uring = (struct uring *)loop;

    for (struct uring_listener *node = uring->listeners; node != NULL; node = node->next) {
        if (node->listener != listener) continue;
        node->listener = NULL;
        struct io_uring_sqe *sqe = uring_sqe(uring);
        *sqe = (struct io_uring_sqe){
            .opcode = IORING_OP_ASYNC_CANCEL,
            .flags = IOSQE_CQE_SKIP_SUCCESS,
            .fd = -1,
            .addr = uring_data(node, URING_TAG_ACCEPT),
            .user_data = URING_DATA_IGNORED,
        };
        uring_submit_now(uring); /* so that the caller's close() frees the address */
        return;
    }
}

void uring_listener_on_accept(struct uring *uring, struct uring_listener *node, int res,
                              unsigned cqe_flags) {
    struct loop *loop = &uring->base;
    bool is_more = (cqe_flags & IORING_CQE_F_MORE) != 0;

    if (!is_more) node->inflight_count--;
    if (node->listener == NULL) {
        if (res >= 0) close(res);
        if (node->inflight_count == 0) node_free(uring, node);
        return;
    }
    if (res >= 0) {
        if (!is_more) arm(uring, node);
        loop->handlers->accepted(loop->owner, node->listener, res);
    } else if (res == -ECONNABORTED || res == -EINTR || res == -EAGAIN || res == -EPROTO) {
        if (!is_more) arm(uring, node);
    } else {
        if (!is_more) pause_then_arm(uring, node);
        loop->handlers->accepted(loop->owner, node->listener, res);
    }
}

void uring_listener_on_pause(struct uring *uring, struct uring_listener *node) {
    node->inflight_count--;
    if (node->listener != NULL) {
        arm(uring, node);
    } else if (node->inflight_count == 0) {
        node_free(uring, node);
    }
}

void uring_listeners_free(struct uring *uring) {
    while (uring->listeners != NULL) node_free(uring, uring->listeners);
}
