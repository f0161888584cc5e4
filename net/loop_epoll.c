/* loop_epoll.c - the event loop where io_uring is refused. What a caller sees is the same.
 *
 * Sockets are registered once, edge-triggered: pausing and resuming cost no system call. A receive
 * that leaves room in the buffer has drained the socket (what comes later is a new edge), so a
 * request costs one epoll_wait (shared by all that are ready), one recv and one send. EPOLLOUT is
 * asked for only while a socket is full.
 *
 *     sends queued -> tried at once -> epoll_wait -> sent() -> sockets with more to read -> events
 *                                                                      -> rung() -> closed()
 *
 * I1  A socket that may have unread bytes without a coming edge is on the `ready` list, or paused,
 *     or starved. Resuming puts it on the list, whatever had arrived before.
 * I2  Receives share the current buffer, one behind the other, until little room is left.
 * I3  A closed socket's struct lives until closed(), at the end of the turn: events of it that were
 *     fetched earlier in the turn find the flag CLOSING. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/mem.h"
#include "net/loop_priv.h"

enum { EVENTS_COUNT_MAX = 512, READS_COUNT_MAX = 8, ACCEPTS_COUNT_MAX = 128 };

/* epoll_event.data: a pointer, and in its low two bits what it is. */
enum tag { TAG_SOCK, TAG_LISTENER, TAG_DOORBELL, TAG_TIMER, TAG_MASK = 3 };

struct epoll_listener {
    struct loop_listener *listener; /* NULL: unlistened, freed at the end of the turn */
    int fd;
    bool is_paused;
    struct epoll_listener *next;
};

struct epoll {
    struct loop base; /* first: a loop is an epoll */
    int epoll_fd, timer_fd;
    bool lacks_pwait2, has_dead_listeners;
    struct loop_buf *current; /* receives go here */
    struct loop_list sending; /* loop_sock_send() since the last turn */
    struct loop_list sent, sent_reporting; /* sent() is due, with send_result */
    struct loop_list ready, ready_reading;
    bool is_sent_awaited; /* one of `sent` is not lazy */
    struct epoll_listener *listeners;
    struct epoll_event events[EVENTS_COUNT_MAX];
};

static uint64_t event_data(const void *ptr, enum tag tag) {
    SL_DEBUG_ASSERT(((uintptr_t)ptr & TAG_MASK) == 0);
    return (uint64_t)(uintptr_t)ptr | (uint64_t)tag;
}

static int control(struct epoll *epoll, int op, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    loop_count(&epoll->base.stats.syscalls_count, 1);
    return epoll_ctl(epoll->epoll_fd, op, fd, &event) < 0 ? -errno : 0;
}

/* ---- receiving ---- */

static void ready_add(struct epoll *epoll, struct loop_sock *sock) {
    if ((sock->flags & LOOP_SOCK_READY) != 0) return;
    sock->flags |= LOOP_SOCK_READY;
    loop_list_add(&epoll->ready, sock);
}

/* The buffer that the next receive goes into. NULL: all are held. */
static struct loop_buf *current_buf(struct epoll *epoll) {
    struct loop_bufs *bufs = &epoll->base.bufs;
    if (epoll->current != NULL &&
        bufs->buf_bytes - epoll->current->fill_bytes < bufs->buf_bytes / 16) {
        loop_bufs_filled(bufs, epoll->current);
        epoll->current = NULL;
    }
    if (epoll->current == NULL) epoll->current = loop_bufs_pop(bufs);
    return epoll->current;
}

static void hang_up(struct epoll *epoll, struct loop_sock *sock, int error) {
    SL_ASSERT((sock->flags & LOOP_SOCK_HUNG_UP) == 0);
    sock->flags = (uint16_t)((sock->flags & ~LOOP_SOCK_WANTS) | LOOP_SOCK_HUNG_UP);
    epoll->base.handlers->hung_up(epoll->base.owner, sock, error);
}

static void sock_read(struct epoll *epoll, struct loop_sock *sock) {
    struct loop *loop = &epoll->base;

    for (unsigned i = 0; (sock->flags & LOOP_SOCK_WANTS) != 0; i++) {
        if (i == READS_COUNT_MAX) {
            ready_add(epoll, sock); /* the others' turn */
            return;
        }
        struct loop_buf *buf = current_buf(epoll);
        if (buf == NULL) {
            loop_count(&loop->stats.receive_buffers_exhausted_count, 1);
            if ((sock->flags & LOOP_SOCK_STARVED) == 0) {
                sock->flags |= LOOP_SOCK_STARVED;
                loop_list_add(&loop->starved, sock);
            }
            return;
        }
        size_t room = loop->bufs.buf_bytes - buf->fill_bytes;
        char *data = buf->data + buf->fill_bytes;
        loop_count(&loop->stats.syscalls_count, 1);
        ssize_t got = recv(sock->fd, data, room, MSG_DONTWAIT);
        if (got > 0) {
            bool is_drained = (size_t)got < room && (sock->flags & LOOP_SOCK_ENDING) == 0;
            buf->fill_bytes += (uint32_t)got;
            loop_deliver(loop, sock, buf, data, (size_t)got);
            if (is_drained) return;
        } else if (got == 0) {
            hang_up(epoll, sock, 0);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            hang_up(epoll, sock, errno);
        }
    }
}

static void sock_open(struct loop *loop, struct loop_sock *sock) {
    struct epoll *epoll = (struct epoll *)loop;
    int err = control(epoll, EPOLL_CTL_ADD, sock->fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
                      event_data(sock, TAG_SOCK));
    if (err < 0) ready_add(epoll, sock); /* no memory, no watches: one try, then it stays silent */
}

static void sock_pause(struct loop *loop, struct loop_sock *sock) {
    if ((sock->flags & LOOP_SOCK_STARVED) == 0) return;
    loop_list_remove(&loop->starved, sock);
    sock->flags &= (uint16_t)~LOOP_SOCK_STARVED;
}

static void sock_resume(struct loop *loop, struct loop_sock *sock) {
    ready_add((struct epoll *)loop, sock);
}

/* ---- sending ---- */

static void send_done(struct epoll *epoll, struct loop_sock *sock, int error) {
    if ((sock->flags & LOOP_SOCK_WAITS_OUT) != 0) {
        sock->flags &= (uint16_t)~LOOP_SOCK_WAITS_OUT;
        (void)control(epoll, EPOLL_CTL_MOD, sock->fd, EPOLLIN | EPOLLRDHUP | EPOLLET,
                      event_data(sock, TAG_SOCK));
    }
    sock->send_result = error;
    if ((sock->flags & LOOP_SOCK_LAZY) == 0) epoll->is_sent_awaited = true;
    loop_list_add(&epoll->sent, sock);
}

static void sock_try_send(struct epoll *epoll, struct loop_sock *sock) {
    struct loop *loop = &epoll->base;

    for (;;) {
        struct loop_send *send_state = sock->send_state;
        int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
        loop_count(&loop->stats.syscalls_count, 1);
        ssize_t put = send_state == NULL ? send(sock->fd, sock->send_data, sock->send_bytes, flags)
                                         : sendmsg(sock->fd, &send_state->msg, flags);
        if (put >= 0) {
            loop_count(&loop->stats.bytes_sent, (uint64_t)put);
            if (!loop_send_advance(sock, (size_t)put)) continue;
            send_done(epoll, sock, 0);
            return;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            send_done(epoll, sock, errno);
            return;
        }
        if ((sock->flags & LOOP_SOCK_WAITS_OUT) != 0) return;
        sock->flags |= LOOP_SOCK_WAITS_OUT;
        int err = control(epoll, EPOLL_CTL_MOD, sock->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                          event_data(sock, TAG_SOCK));
        if (err < 0) {
            sock->flags &= (uint16_t)~LOOP_SOCK_WAITS_OUT;
            send_done(epoll, sock, -err);
        }
        return;
    }
}

static void sock_send(struct loop *loop, struct loop_sock *sock, unsigned flags) {
    struct epoll *epoll = (struct epoll *)loop;
    if ((flags & LOOP_SEND_LAZY) != 0) sock->flags |= LOOP_SOCK_LAZY;
    sock->inflight_count = 1; /* it is on one of our lists */
    loop_list_add(&epoll->sending, sock);
}

/* Tries what was queued, but not what is queued meanwhile. */
static void send_queued(struct epoll *epoll) {
    for (size_t i = 0; i < epoll->sending.count; i++) {
        struct loop_sock *sock = epoll->sending.socks[i];
        if ((sock->flags & LOOP_SOCK_CLOSING) == 0) sock_try_send(epoll, sock);
    }
    epoll->sending.count = 0;
}

static size_t report_sent(struct epoll *epoll) {
    struct loop_list list = epoll->sent;

    epoll->is_sent_awaited = false;
    epoll->sent = epoll->sent_reporting; /* empty: for what comes meanwhile */
    epoll->sent_reporting = (struct loop_list){0};
    for (size_t i = 0; i < list.count; i++) {
        struct loop_sock *sock = list.socks[i];
        if ((sock->flags & LOOP_SOCK_CLOSING) != 0) continue;
        sock->inflight_count = 0;
        loop_send_finish(&epoll->base, sock, sock->send_result);
    }
    size_t count = list.count;
    list.count = 0;
    epoll->sent_reporting = list;
    return count;
}

static void sock_close(struct loop *loop, struct loop_sock *sock) {
    struct epoll *epoll = (struct epoll *)loop;

    close(sock->fd); /* leaves the epoll set with it: nobody has a second descriptor */
    sock->fd = -1;
    if ((sock->flags & LOOP_SOCK_READY) != 0) loop_list_remove(&epoll->ready, sock);
    if ((sock->flags & LOOP_SOCK_SENDING) != 0) {
        loop_list_remove(&epoll->sending, sock);
        loop_list_remove(&epoll->sent, sock);
        loop_send_finish(loop, sock, 0);
    }
    sock->inflight_count = 0;
    loop_closed_add(loop, sock);
}

/* ---- accepting ---- */

static void pause_listener(struct epoll *epoll, struct epoll_listener *node) {
    struct itimerspec when = {.it_value = {.tv_nsec = LOOP_ACCEPT_PAUSE_MS * 1000000L}};

    node->is_paused = true;
    (void)control(epoll, EPOLL_CTL_MOD, node->fd, 0, event_data(node, TAG_LISTENER));
    int rc = timerfd_settime(epoll->timer_fd, 0, &when, NULL);
    SL_ASSERT(rc == 0);
}

static void listeners_wake(struct epoll *epoll) {
    uint64_t fired_count = 0;
    (void)!read(epoll->timer_fd, &fired_count, sizeof fired_count);
    for (struct epoll_listener *node = epoll->listeners; node != NULL; node = node->next) {
        if (!node->is_paused || node->listener == NULL) continue;
        node->is_paused = false;
        (void)control(epoll, EPOLL_CTL_MOD, node->fd, EPOLLIN, event_data(node, TAG_LISTENER));
    }
}

static void listener_accept(struct epoll *epoll, struct epoll_listener *node) {
    struct loop *loop = &epoll->base;

    for (unsigned i = 0; i < ACCEPTS_COUNT_MAX && node->listener != NULL; i++) {
        loop_count(&loop->stats.syscalls_count, 1);
        int fd = accept4(node->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int err = errno;
        if (fd >= 0) {
            loop->handlers->accepted(loop->owner, node->listener, fd);
        } else if (err == EAGAIN) {
            return;
        } else if (err != EINTR && err != ECONNABORTED && err != EPROTO) {
            pause_listener(epoll, node);
            loop->handlers->accepted(loop->owner, node->listener, -err);
            return;
        }
    }
}

static void epoll_listen(struct loop *loop, struct loop_listener *listener, int fd) {
    struct epoll *epoll = (struct epoll *)loop;
    struct epoll_listener *node = mem_must_zero(sizeof *node);

    node->listener = listener;
    node->fd = fd;
    node->next = epoll->listeners;
    epoll->listeners = node;
    int err = control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, event_data(node, TAG_LISTENER));
    SL_ASSERT(err == 0);
}

static void epoll_unlisten(struct loop *loop, struct loop_listener *listener) {
    struct epoll *epoll = (struct epoll *)loop;

    for (struct epoll_listener *node = epoll->listeners; node != NULL; node = node->next) {
        if (node->listener != listener) continue;
        (void)control(epoll, EPOLL_CTL_DEL, node->fd, 0, 0);
        node->listener = NULL;
        epoll->has_dead_listeners = true;
    }
}

static void listeners_sweep(struct epoll *epoll) {
    struct epoll_listener **at = &epoll->listeners;

    epoll->has_dead_listeners = false;
    while (*at != NULL) {
        struct epoll_listener *node = *at;
        if (node->listener != NULL) {
            at = &node->next;
        } else {
            *at = node->next;
            mem_free(node);
        }
    }
}

/* ---- the turn ---- */

static int wait_events(struct epoll *epoll, int64_t timeout_ns) {
    loop_count(&epoll->base.stats.syscalls_count, 1);
    if (timeout_ns > 0 && !epoll->lacks_pwait2) {
        struct timespec ts = {timeout_ns / 1000000000, timeout_ns % 1000000000};
        int count = epoll_pwait2(epoll->epoll_fd, epoll->events, EVENTS_COUNT_MAX, &ts, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        epoll->lacks_pwait2 = true; /* Linux before 5.11, or an old seccomp profile */
    }
    int64_t timeout_ms = timeout_ns <= 0 ? timeout_ns : (timeout_ns - 1) / 1000000 + 1;
    if (timeout_ms > INT32_MAX) timeout_ms = INT32_MAX;
    return epoll_wait(epoll->epoll_fd, epoll->events, EVENTS_COUNT_MAX, (int)timeout_ms);
}

static void on_sock(struct epoll *epoll, struct loop_sock *sock, uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) sock->flags |= LOOP_SOCK_ENDING;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 &&
        (sock->flags & (LOOP_SOCK_WAITS_OUT | LOOP_SOCK_CLOSING)) == LOOP_SOCK_WAITS_OUT) {
        sock_try_send(epoll, sock);
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 &&
        (sock->flags & (LOOP_SOCK_STARVED | LOOP_SOCK_READY)) == 0) {
        sock_read(epoll, sock);
    }
}

static bool on_event(struct epoll *epoll, const struct epoll_event *event) {
    void *ptr = (void *)(uintptr_t)(event->data.u64 & ~(uint64_t)TAG_MASK);

    switch ((enum tag)(event->data.u64 & TAG_MASK)) {
    case TAG_SOCK: {
        struct loop_sock *sock = ptr;
        if ((sock->flags & LOOP_SOCK_CLOSING) == 0) on_sock(epoll, sock, event->events);
        break;
    }
    case TAG_LISTENER: listener_accept(epoll, ptr); break;
    case TAG_DOORBELL: return true;
    case TAG_TIMER:
    default: listeners_wake(epoll); break;
    }
    return false;
}

static size_t read_ready(struct epoll *epoll) {
    struct loop_list list = epoll->ready;

    epoll->ready = epoll->ready_reading;
    epoll->ready_reading = (struct loop_list){0};
    for (size_t i = 0; i < list.count; i++) list.socks[i]->flags &= (uint16_t)~LOOP_SOCK_READY;
    for (size_t i = 0; i < list.count;
         i++) { /* a closed one has no WANTS, and lives until closed() */
        if ((list.socks[i]->flags & LOOP_SOCK_READY) == 0) sock_read(epoll, list.socks[i]);
    }
    size_t count = list.count;
    list.count = 0;
    epoll->ready_reading = list;
    return count;
}

static void feed_starved(struct epoll *epoll) {
    struct loop_list *starved = &epoll->base.starved;
    for (size_t i = 0; i < starved->count; i++) {
        starved->socks[i]->flags &= (uint16_t)~LOOP_SOCK_STARVED;
        ready_add(epoll, starved->socks[i]);
    }
    starved->count = 0;
}

static size_t turn(struct loop *loop, int64_t timeout_ns) {
    struct epoll *epoll = (struct epoll *)loop;
    bool is_rung = false;

    send_queued(epoll);
    if (SL_UNLIKELY(loop->starved.count > 0) && current_buf(epoll) != NULL) feed_starved(epoll);
    bool is_due = loop->closed_head != NULL || loop->is_rung || epoll->is_sent_awaited ||
                  epoll->ready.count > 0;
    int events_count = wait_events(epoll, is_due ? 0 : timeout_ns);
    SL_ASSERT(events_count >= 0 || errno == EINTR);
    size_t count = report_sent(epoll);
    if (SL_UNLIKELY(epoll->ready.count > 0)) count += read_ready(epoll);
    for (int i = 0; i < events_count; i++) {
        is_rung |= on_event(epoll, &epoll->events[i]);
        count++;
    }
    if (is_rung || loop->is_rung) {
        loop->is_rung = false;
        loop->handlers->rung(loop->owner);
    }
    if (SL_UNLIKELY(loop->closed_head != NULL)) count += loop_closed_report(loop);
    if (SL_UNLIKELY(epoll->has_dead_listeners)) listeners_sweep(epoll);
    loop_count(&loop->stats.turns_count, 1);
    loop_count(&loop->stats.events_count, count);
    return count;
}

static void flush(struct loop *loop) {
    send_queued((struct epoll *)loop);
}

static void doorbell(struct loop *from, struct loop *target) {
    loop_count(&from->stats.syscalls_count, 1);
    loop_doorbell_from_thread(target);
}

static void epoll_free(struct loop *loop) {
    struct epoll *epoll = (struct epoll *)loop;

    while (epoll->listeners != NULL) {
        epoll->listeners->listener = NULL;
        listeners_sweep(epoll);
    }
    if (epoll->epoll_fd >= 0) close(epoll->epoll_fd);
    if (epoll->timer_fd >= 0) close(epoll->timer_fd);
    loop_list_deinit(&epoll->sending);
    loop_list_deinit(&epoll->sent);
    loop_list_deinit(&epoll->sent_reporting);
    loop_list_deinit(&epoll->ready);
    loop_list_deinit(&epoll->ready_reading);
    loop_base_deinit(loop);
    mem_free(epoll);
}

static const struct loop_ops epoll_ops = {
    .free = epoll_free,
    .listen = epoll_listen,
    .unlisten = epoll_unlisten,
    .sock_open = sock_open,
    .sock_pause = sock_pause,
    .sock_resume = sock_resume,
    .sock_send = sock_send,
    .sock_close = sock_close,
    .turn = turn,
    .flush = flush,
    .doorbell = doorbell,
};

static int setup(struct epoll *epoll, const struct loop_options *options, const char **what) {
    *what = "eventfd";
    int err = loop_base_init(&epoll->base, &epoll_ops, options);
    if (err < 0) return err;
    *what = "epoll_create1";
    epoll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->epoll_fd < 0) return -errno;
    *what = "timerfd_create";
    epoll->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll->timer_fd < 0) return -errno;
    *what = "epoll_ctl";
    err = control(epoll, EPOLL_CTL_ADD, epoll->timer_fd, EPOLLIN, event_data(NULL, TAG_TIMER));
    if (err < 0) return err;
    return control(epoll, EPOLL_CTL_ADD, epoll->base.doorbell_fd, EPOLLIN | EPOLLET,
                   event_data(NULL, TAG_DOORBELL));
}

struct loop *loop_epoll_new(const struct loop_options *options, char *reason, size_t reason_bytes) {
    struct epoll *epoll = mem_must_zero(sizeof *epoll);
    const char *what = NULL;

    epoll->epoll_fd = epoll->timer_fd = -1;
    int err = setup(epoll, options, &what);
    if (err < 0) {
        snprintf(reason, reason_bytes, "%s: %s", what, strerror(-err));
        epoll_free(&epoll->base);
        return NULL;
    }
    snprintf(epoll->base.features, sizeof epoll->base.features, "epoll: edge-triggered");
    return &epoll->base;
}
