/* loop_uring.c - the event loop on io_uring: one turn.
 *
 *   queued by the owner: sends, arms, cancels, bells --+
 *                                                      v
 *     lend buffers -> feed starved -> io_uring_enter(submit, wait, run task work)
 *                                                      |
 *     lazy sends' failures noted <---------------------+
 *     lazy sends reported: sent()
 *     completions: received(), hung_up(), accepted(), sent()
 *     rung(), closed()
 *
 * I1  One system call a turn; a second one only when the submission queue is full.
 * I2  When io_uring_enter has taken every entry, each lazy send has succeeded or has posted its
 *     failure (loop_uring_sock.c). So failures are looked for before successes are reported, and
 *     nothing is reported as long as entries are left.
 * I3  sent() of a turn comes before received() of the same turn: whoever gets a request can answer.
 */
#include <unistd.h>

#include "core/mem.h"
#include "net/loop_uring_priv.h"

enum { SUBMIT_TRIES_MAX = 1000, SIGSET_BYTES = 8 /* the kernel's, not glibc's */ };

/* Submits all that is queued; waits for min_complete completions if that is not 0. */
static void enter(struct uring *uring, unsigned min_complete, int64_t timeout_ns) {
    struct io_uring_sq *sq = &uring->ring.sq;
    struct __kernel_timespec ts;
    struct io_uring_getevents_arg arg = {0};
    unsigned flags = uring->enter_flags;
    void *arg_ptr = NULL;
    size_t arg_bytes = SIGSET_BYTES;

    uring->bells_count = 0;
    __atomic_store_n(sq->ktail, sq->sqe_tail, __ATOMIC_RELEASE);
    if (min_complete > 0 && timeout_ns > 0) {
        ts.tv_sec = timeout_ns / 1000000000;
        ts.tv_nsec = timeout_ns % 1000000000;
        arg.ts = (uint64_t)(uintptr_t)&ts;
        flags |= IORING_ENTER_EXT_ARG;
        arg_ptr = &arg;
        arg_bytes = sizeof arg;
    }
    loop_count(&uring->base.stats.syscalls_count, 1);
    unsigned to_submit = sq->sqe_tail - __atomic_load_n(sq->khead, __ATOMIC_RELAXED);
    int ret = io_uring_enter2((unsigned)uring->ring.enter_ring_fd, to_submit, min_complete, flags,
                              arg_ptr, arg_bytes);
    SL_ASSERT(ret >= 0 || ret == -ETIME || ret == -EINTR || ret == -EAGAIN || ret == -EBUSY);
}

static bool is_all_submitted(const struct uring *uring) {
    const struct io_uring_sq *sq = &uring->ring.sq;
    return __atomic_load_n(sq->khead, __ATOMIC_ACQUIRE) == sq->sqe_tail;
}

void uring_submit_now(struct uring *uring) {
    for (unsigned i = 0; !is_all_submitted(uring); i++) {
        SL_ASSERT(i < SUBMIT_TRIES_MAX);
        enter(uring, 0, 0);
    }
}

static void flush(struct loop *loop) {
    uring_submit_now((struct uring *)loop);
}

static void note_lazy_failures(struct uring *uring, unsigned head, unsigned tail) {
    const struct io_uring_cq *cq = &uring->ring.cq;

    for (unsigned at = head; at != tail; at++) {
        const struct io_uring_cqe *cqe = &cq->cqes[at & cq->ring_mask];
        if (SL_LIKELY((cqe->user_data & URING_TAG_MASK) != URING_TAG_LAZY)) continue;
        struct loop_sock *sock = (void *)(uintptr_t)(cqe->user_data - URING_TAG_LAZY);
        sock->send_result = cqe->res;
    }
}

static size_t report_lazy(struct uring *uring) {
    struct loop_list list = uring->lazy;

    uring->lazy = uring->lazy_reporting; /* empty: for what sent() queues */
    uring->lazy_reporting = (struct loop_list){0};
    for (size_t i = 0; i < list.count; i++) {
        if (i + 2 < list.count) __builtin_prefetch(list.socks[i + 2]);
        uring_sock_on_lazy(uring, list.socks[i]);
    }
    size_t count = list.count;
    list.count = 0;
    uring->lazy_reporting = list;
    return count;
}

/* One multishot poll on the eventfd, for rings from threads without a ring of their own. */
static void watch_eventfd(struct uring *uring) {
    *uring_sqe(uring) = (struct io_uring_sqe){
        .opcode = IORING_OP_POLL_ADD,
        .fd = uring->base.doorbell_fd,
        .len = IORING_POLL_ADD_MULTI,
        .poll32_events = 0x0001, /* POLLIN */
        .user_data = URING_DATA_EVENTFD,
    };
}

static void on_plain(struct uring *uring, uint64_t user_data, int res, unsigned cqe_flags) {
    switch (user_data) {
    case URING_DATA_EVENTFD:
        if ((cqe_flags & IORING_CQE_F_MORE) == 0 && res != -ECANCELED) watch_eventfd(uring);
        uring->is_rung = true;
        break;
    case URING_DATA_RUNG: uring->is_rung = true; break;
    case URING_DATA_IGNORED: break;
    default: assert_fail("a completion of unknown kind", __FILE__, __LINE__);
    }
}

static void on_cqe(struct uring *uring, uint64_t user_data, int res, unsigned cqe_flags) {
    void *ptr = (void *)(uintptr_t)(user_data & ~URING_TAG_MASK);

    switch ((enum uring_tag)(user_data & URING_TAG_MASK)) {
    case URING_TAG_RECV: uring_sock_on_recv(uring, ptr, res, cqe_flags); break;
    case URING_TAG_SEND: uring_sock_on_send(uring, ptr, res, cqe_flags); break;
    case URING_TAG_LAZY: break; /* noted before */
    case URING_TAG_ACCEPT: uring_listener_on_accept(uring, ptr, res, cqe_flags); break;
    case URING_TAG_PAUSE: uring_listener_on_pause(uring, ptr); break;
    case URING_TAG_BELL: loop_doorbell_from_thread(ptr); break;
    case URING_TAG_PLAIN: on_plain(uring, user_data, res, cqe_flags); break;
    default: assert_fail("a completion of unknown kind", __FILE__, __LINE__);
    }
}

static size_t handle_completions(struct uring *uring) {
    struct io_uring_cq *cq = &uring->ring.cq;
    unsigned head = *cq->khead;
    unsigned tail = __atomic_load_n(cq->ktail, __ATOMIC_ACQUIRE);
    size_t lazy_count = 0;

    if (uring->lazy.count > 0) {
        note_lazy_failures(uring, head, tail);
        if (is_all_submitted(uring)) lazy_count = report_lazy(uring);
    }
    for (unsigned at = head; at != tail; at++) {
        const struct io_uring_cqe *cqe = &cq->cqes[at & cq->ring_mask];
        if (at + 1 != tail) {
            uint64_t next = cq->cqes[(at + 1) & cq->ring_mask].user_data;
            __builtin_prefetch((void *)(uintptr_t)(next & ~URING_TAG_MASK));
        }
        on_cqe(uring, cqe->user_data, cqe->res, cqe->flags);
    }
    __atomic_store_n(cq->khead, tail, __ATOMIC_RELEASE);
    return lazy_count + (tail - head);
}

static size_t turn(struct loop *loop, int64_t timeout_ns) {
    struct uring *uring = (struct uring *)loop;

    uring_bufs_lend(uring);
    if (SL_UNLIKELY(loop->starved.count > 0) && uring->lent_count > 0) uring_socks_feed(uring);
    bool is_due = loop->closed_head != NULL || loop->is_rung;
    enter(uring, timeout_ns != 0 && !is_due, timeout_ns);
    /* The slots' close operations are through: they may be used again. */
    if (SL_UNLIKELY(uring->slots_closing_count > 0) && is_all_submitted(uring)) {
        while (uring->slots_closing_count > 0) {
            uring->slots_free[uring->slots_free_count++] =
                uring->slots_closing[--uring->slots_closing_count];
        }
    }
    size_t count = handle_completions(uring);
    if (uring->is_rung || loop->is_rung) {
        uring->is_rung = loop->is_rung = false;
        loop->handlers->rung(loop->owner);
    }
    if (SL_UNLIKELY(loop->closed_head != NULL)) count += loop_closed_report(loop);
    loop_count(&loop->stats.turns_count, 1);
    loop_count(&loop->stats.events_count, count);
    return count;
}

static void doorbell(struct loop *from, struct loop *target) {
    struct uring *uring = (struct uring *)from;

    SL_ASSERT(target->backend == LOOP_BACKEND_URING);
    if (!uring->has_msg_ring) {
        loop_doorbell_from_thread(target);
        return;
    }
    for (size_t i = 0; i < uring->bells_count; i++) {
        if (uring->bells[i] == target) return;
    }
    *uring_sqe(uring) = (struct io_uring_sqe){
        .opcode = IORING_OP_MSG_RING,
        .flags = IOSQE_CQE_SKIP_SUCCESS,
        .fd = ((struct uring *)target)->ring.ring_fd,
        .off = URING_DATA_RUNG,
        .user_data = uring_data(target, URING_TAG_BELL),
    };
    if (uring->bells_count < URING_BELLS_COUNT_MAX) uring->bells[uring->bells_count++] = target;
}

static void uring_free(struct loop *loop) {
    struct uring *uring = (struct uring *)loop;

    uring_submit_now(uring); /* closes that are queued */
    uring_teardown(uring);
    loop_base_deinit(loop);
    mem_free(uring);
}

static const struct loop_ops uring_ops = {
    .free = uring_free,
    .listen = uring_listen,
    .unlisten = uring_unlisten,
    .sock_open = uring_sock_open,
    .sock_pause = uring_sock_pause,
    .sock_resume = uring_sock_resume,
    .sock_send = uring_sock_send,
    .sock_close = uring_sock_close,
    .turn = turn,
    .flush = flush,
    .doorbell = doorbell,
};

struct loop *loop_uring_new(const struct loop_options *options, char *reason, size_t reason_bytes) {
    struct uring *uring = mem_must_zero(sizeof *uring);

    uring->ring.ring_fd = -1;
    int err = loop_base_init(&uring->base, &uring_ops, options);
    if (err < 0) {
        snprintf(reason, reason_bytes, "eventfd: %s", strerror(-err));
    } else {
        err = uring_setup(uring, options, reason, reason_bytes);
    }
    if (err < 0) {
        uring_teardown(uring);
        loop_base_deinit(&uring->base);
        mem_free(uring);
        return NULL;
    }
    watch_eventfd(uring);
    return &uring->base;
}
