/* loop.c - the event loop's interface: which backend, and what both have in common.
 *
 * AUTO means io_uring where the kernel lets us, epoll where it does not. Refusals are common
 * (container runtimes forbid io_uring, so does kernel.io_uring_disabled, old kernels lack what we
 * need), and whoever reads the log wants to know which it was: the backend writes the reason, we
 * pass it on. */
#include "net/loop.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/mem.h"
#include "net/loop_priv.h"

struct loop_test_knobs loop_test_knobs;

int loop_base_init(struct loop *loop, const struct loop_ops *ops,
                   const struct loop_options *options) {
    loop->magic = LOOP_MAGIC;
    loop->ops = ops;
    loop->doorbell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->doorbell_fd < 0) return -errno;
    loop_bufs_init(&loop->bufs, options->buf_bytes, options->bufs_count);
    return 0;
}

void loop_base_deinit(struct loop *loop) {
    if (loop->doorbell_fd >= 0) close(loop->doorbell_fd);
    while (loop->sends_free != NULL) {
        struct loop_send *send = loop->sends_free;
        loop->sends_free = send->next_free;
        mem_free(send);
    }
    loop_list_deinit(&loop->starved);
    loop_bufs_deinit(&loop->bufs);
    loop->magic = 0;
}

struct loop *loop_new(const struct loop_options *options, const struct loop_handlers *handlers,
                      void *owner, char *reason, size_t reason_bytes) {
    struct loop *loop = NULL;

    SL_ASSERT(options != NULL && handlers != NULL);
    SL_ASSERT(reason != NULL && reason_bytes > 0);
    reason[0] = '\0';
    enum loop_backend backend = LOOP_BACKEND_URING;
    if (options->backend != LOOP_BACKEND_EPOLL) {
        loop = loop_uring_new(options, reason, reason_bytes);
    }
    if (loop == NULL && options->backend != LOOP_BACKEND_URING) {
        char epoll_reason[128] = "";
        backend = LOOP_BACKEND_EPOLL;
        loop = loop_epoll_new(options, epoll_reason, sizeof epoll_reason);
        if (loop == NULL) snprintf(reason, reason_bytes, "%s", epoll_reason);
    }
    if (loop == NULL) return NULL;
    loop->backend = backend;
    loop->handlers = handlers;
    loop->owner = owner;
    return loop;
}

void loop_free(struct loop *loop) {
    if (loop == NULL) return;
    SL_ASSERT(loop->magic == LOOP_MAGIC);
    loop->ops->free(loop);
}

enum loop_backend loop_backend(const struct loop *loop) {
    return loop->backend;
}
const char *loop_features(const struct loop *loop) {
    return loop->features;
}

void loop_listen(struct loop *loop, struct loop_listener *listener, int fd) {
    SL_ASSERT(fd >= 0);
    listener->fd = fd;
    loop->ops->listen(loop, listener, fd);
}

void loop_unlisten(struct loop *loop, struct loop_listener *listener) {
    loop->ops->unlisten(loop, listener);
    listener->fd = -1;
}

void loop_sock_open(struct loop *loop, struct loop_sock *sock, int fd) {
    SL_ASSERT(fd >= 0);
    sock->fd = fd;
    sock->index = 0;
    sock->flags = LOOP_SOCK_WANTS;
    sock->inflight_count = 0;
    sock->next = NULL;
    sock->send_state = NULL;
    loop->ops->sock_open(loop, sock);
}

void loop_sock_pause(struct loop *loop, struct loop_sock *sock) {
    SL_ASSERT(sock->fd >= 0 && (sock->flags & LOOP_SOCK_CLOSING) == 0);
    if ((sock->flags & LOOP_SOCK_WANTS) == 0) return;
    sock->flags &= (uint16_t)~LOOP_SOCK_WANTS;
    loop->ops->sock_pause(loop, sock);
}

void loop_sock_resume(struct loop *loop, struct loop_sock *sock) {
    SL_ASSERT(sock->fd >= 0 && (sock->flags & LOOP_SOCK_CLOSING) == 0);
    if ((sock->flags & (LOOP_SOCK_WANTS | LOOP_SOCK_HUNG_UP)) != 0) return;
    sock->flags |= LOOP_SOCK_WANTS;
    loop->ops->sock_resume(loop, sock);
}

void loop_sock_send(struct loop *loop, struct loop_sock *sock, const struct iovec *iov,
                    size_t iov_count, unsigned flags) {
    SL_ASSERT(sock->fd >= 0);
    SL_ASSERT((sock->flags & (LOOP_SOCK_SENDING | LOOP_SOCK_CLOSING)) == 0);
    sock->flags |= LOOP_SOCK_SENDING;
    loop_send_begin(loop, sock, iov, iov_count, (flags & LOOP_SEND_ZERO_COPY) != 0);
    loop_count(&loop->stats.sends_count, 1);
    loop->ops->sock_send(loop, sock, flags);
}

void loop_sock_close(struct loop *loop, struct loop_sock *sock) {
    SL_ASSERT(sock->fd >= 0 && (sock->flags & LOOP_SOCK_CLOSING) == 0);
    sock->flags |= LOOP_SOCK_CLOSING;
    sock->flags &= (uint16_t)~LOOP_SOCK_WANTS;
    if ((sock->flags & LOOP_SOCK_STARVED) != 0) {
        loop_list_remove(&loop->starved, sock);
        sock->flags &= (uint16_t)~LOOP_SOCK_STARVED;
    }
    loop->ops->sock_close(loop, sock);
}

size_t loop_turn(struct loop *loop, int64_t timeout_ns) {
    SL_DEBUG_ASSERT(loop->magic == LOOP_MAGIC);
    return loop->ops->turn(loop, timeout_ns);
}

void loop_flush(struct loop *loop) {
    loop->ops->flush(loop);
}

void loop_doorbell(struct loop *from, struct loop *target) {
    SL_ASSERT(target->magic == LOOP_MAGIC);
    if (from == target) {
        from->is_rung = true;
        return;
    }
    from->ops->doorbell(from, target);
}

void loop_doorbell_from_thread(struct loop *target) {
    uint64_t one = 1;

    SL_ASSERT(target->magic == LOOP_MAGIC);
    /* Nobody reads the eventfd: each write wakes (edge-triggered, multishot). It would take
     * centuries to fill the counter. */
    ssize_t written = write(target->doorbell_fd, &one, sizeof one);
    SL_ASSERT(written == (ssize_t)sizeof one);
}

size_t loop_closed_report(struct loop *loop) {
    struct loop_sock *sock = loop->closed_head;
    size_t count = 0;

    loop->closed_head = NULL; /* closed() may close others: they are next turn's */
    while (sock != NULL) {
        struct loop_sock *next = sock->next;
        SL_ASSERT(sock->inflight_count == 0);
        sock->next = NULL;
        loop->handlers->closed(loop->owner, sock);
        sock = next;
        count++;
    }
    return count;
}

void loop_stats_read(const struct loop *loop, struct loop_stats *stats) {
    const uint64_t *from = (const uint64_t *)&loop->stats;
    uint64_t *to = (uint64_t *)stats;

    _Static_assert(sizeof *stats % sizeof *to == 0, "only counters");
    for (size_t i = 0; i < sizeof *stats / sizeof *to; i++) {
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    }
}

void loop_list_add(struct loop_list *list, struct loop_sock *sock) {
    if (list->count == list->space) {
        list->space = list->space == 0 ? 64 : 2 * list->space;
        list->socks = mem_must_realloc(list->socks, list->space * sizeof(*list->socks));
    }
    list->socks[list->count++] = sock;
}

void loop_list_remove(struct loop_list *list, const struct loop_sock *sock) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->socks[i] != sock) continue;
        list->socks[i] = list->socks[--list->count];
        return;
    }
}

void loop_list_deinit(struct loop_list *list) {
    mem_free(list->socks);
    *list = (struct loop_list){0};
}
