/* The event loop: every test runs on both backends. The peer is a plain blocking or non-blocking
 * socket on the other end of a socketpair or a loopback connection, driven by the test itself. */
#include "net/loop.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/loop_priv.h"

enum { BUF_BYTES = 4096, BUFS_COUNT = 16, HELD_COUNT_MAX = 64 };
static const int64_t tick_ns = 20 * 1000 * 1000;

struct conn {
    struct loop_sock sock;
    char text[1 << 16]; /* the first that came */
    size_t received_bytes;
    uint64_t checksum;
    unsigned hung_up_count, sent_count, closed_count;
    int hung_up_error, sent_error;
    bool echoes, closes_on_receive, pauses_on_receive;
};

struct rig {
    struct loop *loop;
    unsigned rung_count, accepted_count;
    int accepted_fd, accept_error;
    bool holds_bufs;
    struct loop_buf *held[HELD_COUNT_MAX];
    size_t held_count;
};

static void on_accepted(void *owner, struct loop_listener *listener, int fd) {
    struct rig *rig = owner;
    (void)listener;
    if (fd < 0) {
        rig->accept_error = -fd;
    } else {
        rig->accepted_count++;
        rig->accepted_fd = fd;
    }
}

static uint64_t mix(uint64_t sum, const char *data, size_t len) {
    for (size_t i = 0; i < len; i++) sum = (sum ^ (unsigned char)data[i]) * 1099511628211u;
    return sum;
}

static void on_received(void *owner, struct loop_sock *sock, struct loop_buf *buf, char *data,
                        size_t len) {
    struct rig *rig = owner;
    struct conn *conn = CONTAINER_OF(sock, struct conn, sock);
    cr_assert(gt(sz, len, 0));
    cr_assert(eq(int, conn->closed_count, 0));
    cr_assert(eq(int, conn->hung_up_count, 0));
    if (conn->received_bytes + len <= sizeof conn->text) {
        memcpy(conn->text + conn->received_bytes, data, len);
    }
    conn->received_bytes += len;
    conn->checksum = mix(conn->checksum, data, len);
    if (rig->holds_bufs && rig->held_count < HELD_COUNT_MAX) {
        rig->held[rig->held_count++] = buf;
    } else {
        loop_buf_release(rig->loop, buf);
    }
    if (conn->echoes) {
        struct iovec iov = {conn->text + conn->received_bytes - len, len};
        loop_sock_send(rig->loop, sock, &iov, 1, LOOP_SEND_LAZY);
    }
    if (conn->pauses_on_receive) loop_sock_pause(rig->loop, sock);
    if (conn->closes_on_receive) loop_sock_close(rig->loop, sock);
}

static void on_hung_up(void *owner, struct loop_sock *sock, int error) {
    (void)owner;
    struct conn *conn = CONTAINER_OF(sock, struct conn, sock);
    conn->hung_up_count++;
    conn->hung_up_error = error;
}

static void on_sent(void *owner, struct loop_sock *sock, int error) {
    (void)owner;
    struct conn *conn = CONTAINER_OF(sock, struct conn, sock);
    cr_assert(eq(int, conn->closed_count, 0));
    conn->sent_count++;
    conn->sent_error = error;
}

static void on_closed(void *owner, struct loop_sock *sock) {
    (void)owner;
    CONTAINER_OF(sock, struct conn, sock)->closed_count++;
}

static void on_rung(void *owner) {
    ((struct rig *)owner)->rung_count++;
}

static const struct loop_handlers handlers = {on_accepted, on_received, on_hung_up,
                                              on_sent,     on_closed,   on_rung};

static struct loop *loop_make(enum loop_backend backend, struct rig *rig) {
    struct loop_options options = {backend, BUF_BYTES, BUFS_COUNT, 2048};
    char reason[200];
    struct loop *loop = loop_new(&options, &handlers, rig, reason, sizeof reason);
    if (loop == NULL && backend == LOOP_BACKEND_URING) cr_skip_test("io_uring: %s", reason);
    cr_assert(ne(ptr, loop, NULL));
    cr_assert(eq(int, loop_backend(loop), backend));
    return loop;
}

static void both(void (*test)(struct rig *rig)) {
    static const enum loop_backend backends[] = {LOOP_BACKEND_EPOLL, LOOP_BACKEND_URING};
    for (size_t i = 0; i < ARRAY_COUNT(backends); i++) {
        struct rig rig = {.accepted_fd = -1};
        rig.loop = loop_make(backends[i], &rig);
        test(&rig);
        loop_free(rig.loop);
    }
    struct loop_test_knobs variants[] = {
        {.no_incremental = true, .no_lazy = true},
        {.no_defer_taskrun = true, .no_fixed_files = true, .no_msg_ring = true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(variants); i++) {
        loop_test_knobs = variants[i];
        struct rig rig = {.accepted_fd = -1};
        rig.loop = loop_make(LOOP_BACKEND_URING, &rig);
        test(&rig);
        loop_free(rig.loop);
    }
    loop_test_knobs = (struct loop_test_knobs){0};
}

/* A few turns more than anything needs; returns early when `until` holds. */
static bool turns(struct rig *rig, const unsigned *count, unsigned until) {
    for (unsigned i = 0; i < 200 && *count < until; i++) loop_turn(rig->loop, tick_ns);
    return *count >= until;
}
static void quiet(struct rig *rig) {
    for (unsigned i = 0; i < 5; i++) loop_turn(rig->loop, 2 * 1000 * 1000);
}
static bool turns_bytes(struct rig *rig, const struct conn *conn, size_t bytes) {
    for (unsigned i = 0; i < 500 && conn->received_bytes < bytes; i++) {
        loop_turn(rig->loop, tick_ns);
    }
    return conn->received_bytes == bytes;
}

static struct conn *conn_new(struct rig *rig, int fd) {
    struct conn *conn = calloc(1, sizeof *conn);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    loop_sock_open(rig->loop, &conn->sock, fd);
    return conn;
}
static void conn_end(struct rig *rig, struct conn *conn) {
    if (conn->closed_count == 0) loop_sock_close(rig->loop, &conn->sock);
    cr_assert(turns(rig, &conn->closed_count, 1));
    quiet(rig);
    cr_assert(eq(int, conn->closed_count, 1));
    free(conn);
}

static void pair(int fds[2]) {
    cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0));
}

/* fds[0] is the server's end. */
static void tcp_pair(int fds[2]) {
    struct listener_options options = {.backlog = 16};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char error[200];
    int fd = listener_tcp("127.0.0.1", 0, &options, error, sizeof error);
    cr_assert(ge(int, fd, 0));
    address.sin_port = htons(listener_port(fd));
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, connect(fds[1], (struct sockaddr *)&address, sizeof address), 0));
    fds[0] = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
    cr_assert(ge(int, fds[0], 0));
    close(fd);
}

static void echo(struct rig *rig) {
    int fds[2];
    char answer[16];
    tcp_pair(fds);
    struct conn *conn = conn_new(rig, fds[0]);
    conn->echoes = true;
    for (unsigned i = 1; i <= 100; i++) {
        cr_assert(eq(int, (int)write(fds[1], "PING", 4), 4));
        while (recv(fds[1], answer, sizeof answer, MSG_DONTWAIT) != 4) {
            loop_turn(rig->loop, tick_ns);
        }
        cr_assert(eq(int, memcmp(answer, "PING", 4), 0));
    }
    cr_assert(turns(rig, &conn->sent_count, 100));
    cr_assert(eq(int, conn->sent_error, 0));
    struct loop_stats stats;
    loop_stats_read(rig->loop, &stats);
    cr_assert(eq(u64, stats.bytes_received, 400));
    cr_assert(eq(u64, stats.bytes_sent, 400));
    cr_assert(eq(u64, stats.sends_count, 100));
    conn_end(rig, conn);
    close(fds[1]);
}
Test(loop, what_comes_in_can_be_sent_back) {
    both(echo);
}

struct reader {
    int fd;
    size_t bytes;
    useconds_t delay_us;
    uint64_t checksum;
};
static void *read_slowly(void *arg) {
    struct reader *reader = arg;
    static _Thread_local char data[50000];
    ssize_t got;
    while (reader->bytes > 0 && (got = read(reader->fd, data, sizeof data)) > 0) {
        reader->checksum = mix(reader->checksum, data, (size_t)got);
        reader->bytes -= (size_t)got;
        if (reader->delay_us > 0) usleep(reader->delay_us);
    }
    return NULL;
}

static void send_big(struct rig *rig, unsigned flags, size_t pieces_count, bool is_tcp) {
    enum { TOTAL_BYTES = 8 << 20 };
    static char *memory;
    if (memory == NULL) memory = malloc(TOTAL_BYTES);
    for (size_t i = 0; i < TOTAL_BYTES; i++) memory[i] = (char)(i * 31 >> 3);
    int fds[2];
    if (is_tcp) {
        tcp_pair(fds);
    } else {
        pair(fds);
    }
    struct conn *conn = conn_new(rig, fds[0]);
    struct reader reader = {fds[1], TOTAL_BYTES, 200, 0};
    pthread_t thread;
    pthread_create(&thread, NULL, read_slowly, &reader);
    struct iovec iov[LOOP_IOV_MAX];
    size_t piece_bytes = TOTAL_BYTES / pieces_count;
    for (size_t i = 0; i < pieces_count; i++) {
        iov[i] = (struct iovec){memory + i * piece_bytes, piece_bytes};
    }
    loop_sock_send(rig->loop, &conn->sock, iov, pieces_count, flags);
    cr_assert(turns(rig, &conn->sent_count, 1));
    cr_assert(eq(int, conn->sent_error, 0));
    pthread_join(thread, NULL);
    cr_assert(eq(sz, reader.bytes, 0));
    cr_assert(eq(u64, reader.checksum, mix(0, memory, TOTAL_BYTES)));
    conn_end(rig, conn);
    close(fds[1]);
}
static void big_plain(struct rig *rig) {
    send_big(rig, 0, 1, true);
}
static void big_lazy(struct rig *rig) {
    send_big(rig, LOOP_SEND_LAZY, 1, true);
}
static void big_pieces(struct rig *rig) {
    send_big(rig, 0, 64, true);
}
static void big_lazy_pieces(struct rig *rig) {
    send_big(rig, LOOP_SEND_LAZY, 64, false);
}
static void big_zero_copy(struct rig *rig) {
    send_big(rig, LOOP_SEND_ZERO_COPY, 1, true);
}
static void big_zero_copy_pieces(struct rig *rig) {
    send_big(rig, LOOP_SEND_ZERO_COPY, 32, true);
}
static void big_zero_copy_unix(struct rig *rig) {
    send_big(rig, LOOP_SEND_ZERO_COPY, 4, false);
}
Test(loop, a_slow_reader_gets_all_of_one_piece) {
    both(big_plain);
}
Test(loop, a_slow_reader_gets_all_of_a_lazy_send) {
    both(big_lazy);
}
Test(loop, a_slow_reader_gets_all_of_many_pieces) {
    both(big_pieces);
}
Test(loop, a_slow_reader_gets_all_of_many_lazy_pieces) {
    both(big_lazy_pieces);
}
Test(loop, zero_copy_sends_everything) {
    both(big_zero_copy);
}
Test(loop, zero_copy_sends_every_piece) {
    both(big_zero_copy_pieces);
}
Test(loop, zero_copy_falls_back_where_a_socket_cannot) {
    both(big_zero_copy_unix);
}

static void receive_big(struct rig *rig) {
    enum { TOTAL_BYTES = 4 << 20 };
    int fds[2];
    char *memory = malloc(TOTAL_BYTES);
    for (size_t i = 0; i < TOTAL_BYTES; i++) memory[i] = (char)(i * 17 >> 2);
    tcp_pair(fds);
    struct conn *conn = conn_new(rig, fds[0]);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    for (size_t at = 0; conn->received_bytes < TOTAL_BYTES;) {
        ssize_t put = at < TOTAL_BYTES ? write(fds[1], memory + at, TOTAL_BYTES - at) : 0;
        if (put > 0) at += (size_t)put;
        loop_turn(rig->loop, tick_ns);
    }
    cr_assert(eq(u64, conn->checksum, mix(0, memory, TOTAL_BYTES)));
    conn_end(rig, conn);
    close(fds[1]);
    free(memory);
}
Test(loop, a_big_request_arrives_whole_and_in_order) {
    both(receive_big);
}

static void pause_resume(struct rig *rig) {
    int fds[2];
    pair(fds);
    struct conn *conn = conn_new(rig, fds[0]);
    loop_sock_pause(rig->loop, &conn->sock);
    quiet(rig);
    cr_assert(eq(int, (int)write(fds[1], "late", 4), 4));
    quiet(rig);
    cr_assert(eq(sz, conn->received_bytes, 0));
    loop_sock_resume(rig->loop, &conn->sock);
    cr_assert(turns_bytes(rig, conn, 4));
    loop_sock_pause(rig->loop, &conn->sock); /* and at once back: nothing may get lost */
    loop_sock_resume(rig->loop, &conn->sock);
    cr_assert(eq(int, (int)write(fds[1], "more", 4), 4));
    cr_assert(turns_bytes(rig, conn, 8));
    conn->pauses_on_receive = true;
    for (size_t i = 1; i <= 50; i++) {
        cr_assert(eq(int, (int)write(fds[1], "x", 1), 1));
        cr_assert(turns_bytes(rig, conn, 8 + i));
        loop_sock_resume(rig->loop, &conn->sock);
    }
    loop_sock_pause(rig->loop, &conn->sock);
    quiet(rig);
    close(fds[1]);
    quiet(rig);
    cr_assert(eq(int, conn->hung_up_count, 0));
    loop_sock_resume(rig->loop, &conn->sock);
    cr_assert(turns(rig, &conn->hung_up_count, 1));
    conn_end(rig, conn);
}
Test(loop, a_paused_socket_receives_nothing_and_loses_nothing) {
    both(pause_resume);
}

static void hang_ups(struct rig *rig) {
    int fds[2];
    tcp_pair(fds);
    struct conn *conn = conn_new(rig, fds[0]);
    cr_assert(eq(int, (int)write(fds[1], "bye", 3), 3));
    shutdown(fds[1], SHUT_WR);
    cr_assert(turns(rig, &conn->hung_up_count, 1));
    cr_assert(eq(int, conn->hung_up_error, 0));
    cr_assert(eq(sz, conn->received_bytes, 3));
    struct iovec iov = {"still there", 11}; /* half-open: our side still speaks */
    loop_sock_send(rig->loop, &conn->sock, &iov, 1, 0);
    cr_assert(turns(rig, &conn->sent_count, 1));
    cr_assert(eq(int, conn->sent_error, 0));
    char text[16];
    cr_assert(eq(int, (int)read(fds[1], text, sizeof text), 11));
    conn_end(rig, conn);
    cr_assert(eq(int, (int)read(fds[1], text, sizeof text), 0)); /* and then closes */
    close(fds[1]);

    tcp_pair(fds);
    conn = conn_new(rig, fds[0]);
    quiet(rig);
    struct linger none = {1, 0};
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fds[1]);
    cr_assert(turns(rig, &conn->hung_up_count, 1));
    cr_assert(eq(int, conn->hung_up_error, ECONNRESET));
    loop_sock_send(rig->loop, &conn->sock, &iov, 1, LOOP_SEND_LAZY);
    cr_assert(turns(rig, &conn->sent_count, 1));
    cr_assert(ne(int, conn->sent_error, 0));
    quiet(rig);
    cr_assert(eq(int, conn->hung_up_count, 1));
    conn_end(rig, conn);
}
Test(loop, hang_ups_and_resets_are_told_once) {
    both(hang_ups);
}

static void close_busy(struct rig *rig) {
    static char memory[32 << 20]; /* more than the buffers of both ends take, however they grow */
    static const unsigned flags[] = {0, LOOP_SEND_LAZY, LOOP_SEND_ZERO_COPY};
    for (size_t i = 0; i < 2 * ARRAY_COUNT(flags); i++) {
        int fds[2];
        tcp_pair(fds);
        struct conn *conn = conn_new(rig, fds[0]);
        struct iovec iov[2] = {{memory, sizeof memory / 2}, {memory, sizeof memory / 2}};
        loop_sock_send(rig->loop, &conn->sock, iov, 2, flags[i / 2]);
        if (i % 2 == 0) quiet(rig); /* or close what has not even been submitted */
        cr_assert(eq(int, conn->sent_count, 0));
        conn_end(rig, conn); /* although nobody reads */
        close(fds[1]);
    }
    int fds[2];
    pair(fds);
    struct conn *conn = conn_new(rig, fds[0]);
    conn->closes_on_receive = conn->echoes = true;
    cr_assert(eq(int, (int)write(fds[1], "x", 1), 1));
    cr_assert(turns(rig, &conn->closed_count, 1));
    cr_assert(eq(int, conn->sent_count, 0));
    conn_end(rig, conn);
    close(fds[1]);
}
Test(loop, a_socket_closes_with_operations_under_way) {
    both(close_busy);
}

static void hold_all(struct rig *rig) {
    enum { TOTAL_BYTES = 3 * BUF_BYTES * BUFS_COUNT };
    static char memory[TOTAL_BYTES];
    int fds[2], others[2];
    pair(fds);
    pair(others);
    struct conn *conn = conn_new(rig, fds[0]), *other = conn_new(rig, others[0]);
    rig->holds_bufs = true;
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    size_t at = 0;
    for (unsigned i = 0; i < 100; i++) {
        ssize_t put = write(fds[1], memory, TOTAL_BYTES - at);
        if (put > 0) at += (size_t)put;
        loop_turn(rig->loop, 100 * 1000);
    }
    cr_assert(le(sz, conn->received_bytes, BUF_BYTES * BUFS_COUNT));
    cr_assert(ge(sz, conn->received_bytes, BUF_BYTES * BUFS_COUNT / 2));
    cr_assert(eq(int, (int)write(others[1], "hungry", 6), 6));
    quiet(rig);
    cr_assert(eq(sz, other->received_bytes, 0));
    rig->holds_bufs = false;
    for (size_t i = 0; i < rig->held_count; i++) {
        loop_buf_retain(rig->held[i]); /* a second reference keeps it */
        loop_buf_release(rig->loop, rig->held[i]);
        loop_buf_release(rig->loop, rig->held[i]);
    }
    rig->held_count = 0;
    while (at < TOTAL_BYTES) {
        ssize_t put = write(fds[1], memory, TOTAL_BYTES - at);
        if (put > 0) at += (size_t)put;
        loop_turn(rig->loop, tick_ns);
    }
    cr_assert(turns_bytes(rig, conn, TOTAL_BYTES));
    cr_assert(turns_bytes(rig, other, 6));
    struct loop_stats stats;
    loop_stats_read(rig->loop, &stats);
    cr_assert(gt(u64, stats.receive_buffers_exhausted_count, 0));
    conn_end(rig, conn);
    conn_end(rig, other);
    close(fds[1]);
    close(others[1]);
}
Test(loop, sockets_wait_for_buffers_and_go_on) {
    both(hold_all);
}

static void many(struct rig *rig) {
    enum { COUNT = 1000 };
    static struct conn *conns[COUNT];
    static int peers[COUNT];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < COUNT; i++) {
        int fds[2];
        pair(fds);
        conns[i] = conn_new(rig, fds[0]);
        conns[i]->echoes = true;
        peers[i] = fds[1];
    }
    for (unsigned round = 1; round <= 3; round++) {
        for (size_t i = 0; i < COUNT; i++) cr_assert(eq(int, (int)write(peers[i], "abcd", 4), 4));
        for (size_t i = 0; i < COUNT; i++) {
            cr_assert(turns(rig, &conns[i]->sent_count, round));
            char text[8];
            cr_assert(eq(int, (int)read(peers[i], text, sizeof text), 4));
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 2 == 0) close(peers[i]);
        loop_sock_close(rig->loop, &conns[i]->sock);
    }
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(turns(rig, &conns[i]->closed_count, 1));
        if (i % 2 != 0) close(peers[i]);
        free(conns[i]);
    }
}
Test(loop, a_thousand_sockets_are_served) {
    both(many);
}

static void churn(struct rig *rig) {
    enum { ROUNDS = 40, COUNT = 100 }; /* more than there are registered files */
    int before = dup(0);
    close(before);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct conn *conns[COUNT];
        int peers[COUNT], fds[2];
        char text[8];
        for (size_t i = 0; i < COUNT; i++) {
            pair(fds);
            conns[i] = conn_new(rig, fds[0]);
            conns[i]->echoes = true;
            peers[i] = fds[1];
            cr_assert(eq(int, (int)write(peers[i], "abcd", 4), 4));
        }
        for (size_t i = 0; i < COUNT; i++) {
            cr_assert(turns(rig, &conns[i]->sent_count, 1));
            cr_assert(eq(int, (int)read(peers[i], text, sizeof text), 4));
            loop_sock_close(rig->loop, &conns[i]->sock);
            loop_flush(rig->loop);
        }
        for (size_t i = 0; i < COUNT; i++) {
            cr_assert(turns(rig, &conns[i]->closed_count, 1));
            loop_flush(rig->loop);
            cr_assert(eq(int, (int)read(peers[i], text, sizeof text), 0));
            close(peers[i]);
            free(conns[i]);
        }
    }
    quiet(rig);
    int after = dup(0);
    close(after);
    cr_assert(eq(int, after, before));
}
Test(loop, closed_sockets_leave_nothing_behind) {
    both(churn);
}

static int connect_to(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(fd, (struct sockaddr *)&address, sizeof address);
    return fd;
}

static void accepts(struct rig *rig) {
    struct listener_options options = {.backlog = 16};
    struct loop_listener listener = {0};
    char error[200];
    int fd = listener_tcp("127.0.0.1", 0, &options, error, sizeof error);
    uint16_t port = listener_port(fd);
    loop_listen(rig->loop, &listener, fd);
    for (unsigned i = 1; i <= 5; i++) {
        int peer = connect_to(port);
        cr_assert(turns(rig, &rig->accepted_count, i));
        cr_assert(ne(int, fcntl(rig->accepted_fd, F_GETFL) & O_NONBLOCK, 0));
        cr_assert(ne(int, fcntl(rig->accepted_fd, F_GETFD) & FD_CLOEXEC, 0));
        close(rig->accepted_fd);
        close(peer);
    }
    struct rlimit limit, before;
    loop_unlisten(rig->loop, &listener); /* a ring's accept keeps the limit of when it was armed */
    quiet(rig);
    int peer = connect_to(port), next_fd = dup(0); /* no descriptor left */
    close(next_fd);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)next_fd;
    setrlimit(RLIMIT_NOFILE, &limit);
    loop_listen(rig->loop, &listener, fd);
    for (unsigned i = 0; i < 100 && rig->accept_error == 0; i++) loop_turn(rig->loop, tick_ns);
    setrlimit(RLIMIT_NOFILE, &before);
    cr_assert(eq(int, rig->accept_error, EMFILE));
    cr_assert(turns(rig, &rig->accepted_count, 6)); /* by itself */
    close(rig->accepted_fd);
    close(peer);

    loop_unlisten(rig->loop, &listener);
    close(fd);
    quiet(rig);
    peer = connect_to(port);
    quiet(rig);
    cr_assert(eq(int, rig->accepted_count, 6));
    close(peer);
}
Test(loop, connections_are_accepted_also_after_the_descriptors_ran_out) {
    both(accepts);
}

/* ---- doorbells ---- */

enum { PINGS_COUNT = 100000 };
struct player {
    struct rig rig;
    enum loop_backend backend;
    struct player *other;
    unsigned wanted_count; /* atomic: what the other has asked for */
    pthread_barrier_t *start;
    bool begins;
};

static void *play(void *arg) {
    struct player *player = arg;
    player->rig.loop = loop_make(player->backend, &player->rig);
    pthread_barrier_wait(player->start);
    for (unsigned round = 1; round <= PINGS_COUNT; round++) {
        if (player->begins) {
            __atomic_store_n(&player->other->wanted_count, round, __ATOMIC_RELEASE);
            loop_doorbell(player->rig.loop, player->other->rig.loop);
        }
        while (__atomic_load_n(&player->wanted_count, __ATOMIC_ACQUIRE) < round) {
            loop_turn(player->rig.loop,
                      -1); /* a lost wake-up hangs, and the test's time-out tells */
        }
        if (!player->begins) {
            __atomic_store_n(&player->other->wanted_count, round, __ATOMIC_RELEASE);
            loop_doorbell(player->rig.loop, player->other->rig.loop);
        }
    }
    loop_flush(player->rig.loop);
    pthread_barrier_wait(player->start);
    loop_free(player->rig.loop);
    return NULL;
}

static void ping_pong(enum loop_backend backend) {
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    struct player players[2] = {{.backend = backend, .start = &start, .begins = true},
                                {.backend = backend, .start = &start}};
    players[0].other = &players[1];
    players[1].other = &players[0];
    pthread_t thread;
    pthread_create(&thread, NULL, play, &players[1]);
    play(&players[0]);
    pthread_join(thread, NULL);
    cr_assert(gt(int, players[0].rig.rung_count, 0));
}
Test(loop, no_wake_up_is_lost_between_epoll_loops, .timeout = 60) {
    ping_pong(LOOP_BACKEND_EPOLL);
}
Test(loop, no_wake_up_is_lost_between_rings, .timeout = 60) {
    ping_pong(LOOP_BACKEND_URING);
}
Test(loop, no_wake_up_is_lost_between_rings_without_messages, .timeout = 60) {
    loop_test_knobs.no_msg_ring = true;
    ping_pong(LOOP_BACKEND_URING);
}

static void *ring_often(void *arg) {
    for (unsigned i = 0; i < 1000; i++) loop_doorbell_from_thread(arg);
    return NULL;
}
static void ring_from_thread(struct rig *rig) {
    pthread_t thread;
    for (unsigned i = 0; i < 20; i++) {
        rig->rung_count = 0;
        pthread_create(&thread, NULL, ring_often, rig->loop);
        while (rig->rung_count == 0) loop_turn(rig->loop, -1);
        pthread_join(thread, NULL);
        quiet(rig);
        rig->rung_count = 0;
        loop_turn(rig->loop, 0);
        cr_assert(eq(int, rig->rung_count, 0)); /* a ring is told once */
    }
    loop_doorbell(rig->loop, rig->loop);
    loop_turn(rig->loop, -1);
    cr_assert(eq(int, rig->rung_count, 1));
}
Test(loop, a_thread_without_a_loop_can_ring) {
    both(ring_from_thread);
}

/* ---- refusals ---- */

static void expect_refusal(int error, const char *text) {
    struct loop_options options = {LOOP_BACKEND_AUTO, BUF_BYTES, BUFS_COUNT, 64};
    struct rig rig = {0};
    char reason[200];
    loop_test_knobs.uring_setup_error = error;
    struct loop *loop = loop_new(&options, &handlers, &rig, reason, sizeof reason);
    cr_assert(ne(ptr, loop, NULL));
    cr_assert(eq(int, loop_backend(loop), LOOP_BACKEND_EPOLL));
    cr_assert(ne(ptr, strstr(reason, text), NULL), "%s", reason);
    loop_free(loop);
    options.backend = LOOP_BACKEND_URING;
    cr_assert(eq(ptr, loop_new(&options, &handlers, &rig, reason, sizeof reason), NULL));
    cr_assert(ne(ptr, strstr(reason, text), NULL), "%s", reason);
    options.backend = LOOP_BACKEND_EPOLL;
    loop = loop_new(&options, &handlers, &rig, reason, sizeof reason);
    cr_assert(eq(str, reason, ""));
    loop_free(loop);
    loop_test_knobs.uring_setup_error = 0;
}
Test(loop, a_refusal_is_explained_and_epoll_takes_over) {
    expect_refusal(EPERM, "io_uring_setup: Operation not permitted (");
    expect_refusal(ENOSYS, "io_uring_setup: Function not implemented (");
    expect_refusal(ENOMEM, "RLIMIT_MEMLOCK");
    expect_refusal(EINVAL, "Linux 6.0");
}

Test(loop, a_container_that_forbids_io_uring_gets_epoll) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_COUNT(filter), filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    cr_assert(eq(int, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0));
    struct loop_options options = {LOOP_BACKEND_AUTO, BUF_BYTES, BUFS_COUNT, 64};
    struct rig rig = {0};
    char reason[200];
    rig.loop = loop_new(&options, &handlers, &rig, reason, sizeof reason);
    cr_assert(eq(int, loop_backend(rig.loop), LOOP_BACKEND_EPOLL));
    cr_assert(ne(ptr, strstr(reason, "Operation not permitted"), NULL), "%s", reason);
    echo(&rig);
    loop_free(rig.loop);
}
