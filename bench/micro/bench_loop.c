/* bench_loop.c - what an echo costs the server's core, on each backend.
 *
 *     bench_loop [--tiny] [connections [seconds [client's core]]]
 *
 * The server is one loop in one thread on core 0: a small request comes in, a small reply goes out,
 * one send per connection and turn. The client is a thread on core 1 (where there is one; with core
 * 0 the two take turns, every turn is full, and the figures spread less): it writes to all
 * connections, then reads all answers, so that the server sees many ready at once, as under a load
 * of many clients. Printed: CPU time of the server's thread per echo, how many echoes a turn and a
 * system call had, for io_uring with each feature left out in turn, and for epoll. --tiny runs as a
 * test. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/loop.h"
#include "net/loop_priv.h"

enum { CONNS_COUNT_MAX = 1000, REQUEST_BYTES = 36, REPLY_BYTES = 39 };

struct server {
    struct loop *loop;
    struct loop_sock socks[CONNS_COUNT_MAX];
    size_t accepted_count;
    uint64_t echoes_count;
    unsigned send_flags;
};

struct client {
    uint16_t port;
    size_t conns_count;
    double seconds;
    int core;
    struct loop *server_loop;
    bool is_done; /* atomic */
};

static const char reply[REPLY_BYTES] = "$32\r\n01234567890123456789012345678901\r";

static void on_accepted(void *owner, struct loop_listener *listener, int fd) {
    struct server *server = owner;
    (void)listener;
    if (fd < 0) abort();
    listener_conn_no_delay(fd);
    loop_sock_open(server->loop, &server->socks[server->accepted_count++], fd);
}

static void on_received(void *owner, struct loop_sock *sock, struct loop_buf *buf, char *data,
                        size_t len) {
    struct server *server = owner;
    size_t *got_bytes = (size_t *)&sock->owner_data;
    (void)data;
    loop_buf_release(server->loop, buf);
    *got_bytes += len;
    if (*got_bytes < REQUEST_BYTES) return; /* cut by the end of a buffer */
    *got_bytes -= REQUEST_BYTES;
    struct iovec iov = {(void *)reply, sizeof reply};
    loop_sock_send(server->loop, sock, &iov, 1, server->send_flags);
    server->echoes_count++;
}

static void on_hung_up(void *owner, struct loop_sock *sock, int error) {
    (void)error;
    loop_sock_close(((struct server *)owner)->loop, sock);
}
static void on_sent(void *owner, struct loop_sock *sock, int error) {
    (void)owner, (void)sock, (void)error;
}
static void on_closed(void *owner, struct loop_sock *sock) {
    (void)owner, (void)sock;
}
static void on_rung(void *owner) {
    (void)owner;
}
static const struct loop_handlers handlers = {on_accepted, on_received, on_hung_up,
                                              on_sent,     on_closed,   on_rung};

static double now_s(clockid_t clock) {
    struct timespec ts;
    clock_gettime(clock, &ts); /* tidy: allow */
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* one core only: then it stays where it is */
}

/* Each connection has one request under way; each answer is followed by the next request. */
static void *run_client(void *arg) {
    struct client *client = arg;
    static int fds[CONNS_COUNT_MAX];
    static size_t got[CONNS_COUNT_MAX];
    struct epoll_event events[CONNS_COUNT_MAX];
    char data[512], request[REQUEST_BYTES];

    pin(client->core);
    memset(request, 'x', sizeof request);
    int epoll_fd = epoll_create1(0);
    for (size_t i = 0; i < client->conns_count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(client->port),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = i}};
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fds[i], (struct sockaddr *)&address, sizeof address) < 0) abort();
        listener_conn_no_delay(fds[i]);
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &event);
        got[i] = 0;
        if (write(fds[i], request, sizeof request) != sizeof request) abort();
    }
    double end_s = now_s(CLOCK_MONOTONIC) + client->seconds;
    while (now_s(CLOCK_MONOTONIC) < end_s) {
        int count = epoll_wait(epoll_fd, events, (int)client->conns_count, -1);
        for (int i = 0; i < count; i++) {
            size_t conn = (size_t)events[i].data.u64;
            ssize_t len = read(fds[conn], data, sizeof data);
            if (len <= 0) abort();
            got[conn] += (size_t)len;
            if (got[conn] < REPLY_BYTES) continue;
            got[conn] -= REPLY_BYTES;
            if (write(fds[conn], request, sizeof request) != sizeof request) abort();
        }
    }
    __atomic_store_n(&client->is_done, true, __ATOMIC_RELEASE);
    loop_doorbell_from_thread(client->server_loop);
    for (size_t i = 0; i < client->conns_count; i++) close(fds[i]);
    close(epoll_fd);
    return NULL;
}

static void run(const char *name, enum loop_backend backend, unsigned send_flags,
                size_t conns_count, double seconds, int client_core) {
    struct loop_options options = {backend, 16384, 1024, 1024};
    struct listener_options listening = {.backlog = 1024};
    struct loop_listener listener = {0};
    struct server *server = calloc(1, sizeof *server);
    struct loop_stats stats;
    pthread_t thread;
    char text[256];

    server->send_flags = send_flags;
    server->loop = loop_new(&options, &handlers, server, text, sizeof text);
    if (server->loop == NULL) {
        printf("%-28s not here: %s\n", name, text);
        free(server);
        return;
    }
    int fd = listener_tcp("127.0.0.1", 0, &listening, text, sizeof text);
    if (fd < 0) abort();
    loop_listen(server->loop, &listener, fd);
    struct client client = {listener_port(fd), conns_count,  seconds,
                            client_core,       server->loop, false};
    pthread_create(&thread, NULL, run_client, &client);
    double begin_s = now_s(CLOCK_THREAD_CPUTIME_ID);
    while (!__atomic_load_n(&client.is_done, __ATOMIC_ACQUIRE)) {
        loop_turn(server->loop, 100 * 1000 * 1000);
    }
    double used_s = now_s(CLOCK_THREAD_CPUTIME_ID) - begin_s;
    pthread_join(thread, NULL);
    loop_stats_read(server->loop, &stats);
    printf(
        "%-28s %7.0f ns CPU/echo %9.0f echoes/s %6.1f echoes/turn %6.2f syscalls/echo %6lu dry\n",
        name, used_s * 1e9 / (double)server->echoes_count, (double)server->echoes_count / seconds,
        (double)server->echoes_count / (double)stats.turns_count,
        (double)stats.syscalls_count / (double)server->echoes_count,
        (unsigned long)stats.receive_buffers_exhausted_count);
    fflush(stdout);
    close(fd);
    loop_free(server->loop);
    free(server);
}

int main(int argc, char **argv) {
    bool tiny = argc > 1 && strcmp(argv[1], "--tiny") == 0;
    int first = tiny ? 2 : 1;
    size_t conns_count = argc > first ? strtoul(argv[first], NULL, 10) : 50;
    double seconds = argc > first + 1 ? strtod(argv[first + 1], NULL) : tiny ? 0.02 : 2;
    int client_core = argc > first + 2 ? atoi(argv[first + 2]) : 1;
    static const struct {
        const char *name;
        struct loop_test_knobs knobs;
        unsigned send_flags;
    } variants[] = {
        {"io_uring", {0}, LOOP_SEND_LAZY},
        {"io_uring, sends awaited", {0}, 0},
        {"io_uring, no fixed files", {.no_fixed_files = true}, LOOP_SEND_LAZY},
        {"io_uring, whole buffers", {.no_incremental = true}, LOOP_SEND_LAZY},
        {"io_uring, no defer-taskrun", {.no_defer_taskrun = true}, LOOP_SEND_LAZY},
    };

    if (conns_count == 0 || conns_count > CONNS_COUNT_MAX) return 1;
    pin(0);
    for (size_t i = 0; i < ARRAY_COUNT(variants); i++) {
        loop_test_knobs = variants[i].knobs;
        run(variants[i].name, LOOP_BACKEND_URING, variants[i].send_flags, conns_count, seconds,
            client_core);
    }
    loop_test_knobs = (struct loop_test_knobs){0};
    run("epoll", LOOP_BACKEND_EPOLL, LOOP_SEND_LAZY, conns_count, seconds, client_core);
    return 0;
}
