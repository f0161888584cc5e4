/* load.c - offers load to a RESP server and says how long the answers took, as JSON on stdout.
 *
 * Closed loop (no --rate): every connection sends --pipeline commands, waits for all the replies,
 * sends the next ones. That finds the most a server can do, and it flatters the tail: while the
 * server stalls nobody asks, so a pause counts once per connection.
 *
 * Open loop (--rate R): command i is due at start + i/R, on connection i modulo --connections,
 * whatever became of those before it. Its latency counts from the moment it was *due*, not from the
 * moment it could be sent: a pause of 10 ms at 100,000/s counts as 1,000 slow commands, as it would
 * with users who do not wait for each other.
 *
 * I1  The stamps of a connection's unanswered commands stand in its ring in the order they were
 *     sent; RESP replies come in that order, so the oldest stamp belongs to the next reply.
 * I2  No stamp is dropped: done_count + all rings' counts == issued_count.
 * I3  `worst` says for each of the slowest commands how late *this program* was in sending it:
 *     what the generator or the scheduler did to it is not taken for the server's doing.
 *
 * One thread; several processes are started for more. Keys are <prefix>%012d, as redis-benchmark's.
 * SIGTERM and SIGINT end the run early: no more is sent, what is out is waited for, all is printed.
 * Built by run.py: cc -O2 -I <root> load.c. Its reply scanner knows RESP2's types only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/side_by_side/load_histogram.h"

enum {
    CONNECTIONS_COUNT_MAX = 20000,
    KEY_DIGITS_COUNT = 12,
    KEY_PREFIX_BYTES_MAX = 64,
    MGET_KEYS_COUNT_MAX = 1000,
    VALUE_BYTES_MAX = 16 << 20,
    IN_BYTES_MIN = 64 << 10,
    EVENTS_COUNT_MAX = 256,
    WORST_COUNT_MAX = 16,
    ERROR_BYTES_MAX = 128,
};
static const uint64_t DRAIN_NS_MAX = 60 * UINT64_C(1000000000);
static const uint64_t OUTSTANDING_COUNT_MAX = 4 << 20; /* an open loop stops piling up here */

static volatile sig_atomic_t stop_asked; /* a signal handler has nothing else to write to */

struct options {
    const char *host;
    int port;
    unsigned connections_count, pipeline;
    uint64_t requests_count_max; /* 0: until the time is over */
    double seconds; /* 0: until the requests are done */
    uint64_t keys_count, keys_first;
    bool keys_sequential;
    const char *key_prefix;
    unsigned weight_get, weight_set, weight_mget;
    unsigned mget_keys_count;
    size_t value_bytes;
    unsigned expire_s;
    uint64_t rate_per_s; /* 0: closed loop */
    uint64_t seed;
    bool realtime;
};

struct stamp {
    uint64_t due_ns, sent_ns;
};

struct conn {
    int fd;
    bool writable_wanted;
    struct stamp *stamps; /* a ring; stamps_cap = 2^n */
    uint64_t stamps_head, stamps_tail, stamps_cap;
    char *out;
    size_t out_begin, out_end, out_cap;
    char *in;
    size_t in_len, in_cap;
};

struct slow {
    uint64_t latency_ns, due_since_start_ns, sent_late_ns;
};

struct load {
    const struct options *options;
    int epoll_fd;
    struct conn *conns;
    char *value;
    uint64_t random_state;
    uint64_t key_next;
    uint64_t start_ns, end_ns, last_reply_ns;
    uint64_t issued_count, done_count, errors_count, missing_count, bytes_in;
    uint64_t sent_late_ns_max;
    struct histogram histogram;
    struct slow worst[WORST_COUNT_MAX];
    char first_error[ERROR_BYTES_MAX];
};

struct reply {
    uint64_t nulls_count;
    bool is_error;
};

static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...) {
    va_list args;

    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static uint64_t mono_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *grow(void *old, size_t bytes) {
    void *fresh = realloc(old, bytes);

    if (fresh == NULL) die("out of memory (%zu bytes)", bytes);
    return fresh;
}

static uint64_t random_next(struct load *load) { /* splitmix64 */
    uint64_t z = load->random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* --- what is sent --- */

static void out_reserve(struct conn *conn, size_t bytes) {
    if (conn->out_begin == conn->out_end) conn->out_begin = conn->out_end = 0;
    if (conn->out_end + bytes <= conn->out_cap) return;
    conn->out_cap = (conn->out_end + bytes) * 2;
    conn->out = grow(conn->out, conn->out_cap);
}

static void out_put(struct conn *conn, const char *bytes, size_t len) {
    out_reserve(conn, len);
    memcpy(conn->out + conn->out_end, bytes, len);
    conn->out_end += len;
}

static __attribute__((format(printf, 2, 3))) void out_format(struct conn *conn, const char *format,
                                                             ...) {
    char text[128];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    out_put(conn, text, (size_t)len);
}

static void out_key(struct load *load, struct conn *conn) {
    const struct options *options = load->options;
    size_t prefix_len = strlen(options->key_prefix);
    char text[KEY_PREFIX_BYTES_MAX + KEY_DIGITS_COUNT + 2];
    uint64_t number = options->keys_sequential ? load->key_next++ % options->keys_count
                                               : random_next(load) % options->keys_count;

    number += options->keys_first;
    memcpy(text, options->key_prefix, prefix_len);
    for (size_t i = KEY_DIGITS_COUNT; i-- > 0; number /= 10) {
        text[prefix_len + i] = (char)('0' + number % 10);
    }
    memcpy(text + prefix_len + KEY_DIGITS_COUNT, "\r\n", 2);
    out_format(conn, "$%zu\r\n", prefix_len + KEY_DIGITS_COUNT);
    out_put(conn, text, prefix_len + KEY_DIGITS_COUNT + 2);
}

static void out_set(struct load *load, struct conn *conn) {
    const struct options *options = load->options;

    out_format(conn, "*%d\r\n$3\r\nSET\r\n", options->expire_s > 0 ? 5 : 3);
    out_key(load, conn);
    out_format(conn, "$%zu\r\n", options->value_bytes);
    out_put(conn, load->value, options->value_bytes);
    out_put(conn, "\r\n", 2);
    if (options->expire_s > 0) {
        char digits[16];
        int len = snprintf(digits, sizeof digits, "%u", options->expire_s);
        out_format(conn, "$2\r\nEX\r\n$%d\r\n%s\r\n", len, digits);
    }
}

static void out_command(struct load *load, struct conn *conn) {
    const struct options *options = load->options;
    unsigned weights = options->weight_get + options->weight_set + options->weight_mget;
    unsigned dice = weights == 1 ? 0 : (unsigned)(random_next(load) % weights);

    if (dice < options->weight_get) {
        out_put(conn, "*2\r\n$3\r\nGET\r\n", 13);
        out_key(load, conn);
    } else if (dice < options->weight_get + options->weight_set) {
        out_set(load, conn);
    } else {
        out_format(conn, "*%u\r\n$4\r\nMGET\r\n", options->mget_keys_count + 1);
        for (unsigned i = 0; i < options->mget_keys_count; i++) out_key(load, conn);
    }
}

static void stamp_push(struct conn *conn, struct stamp stamp) {
    if (conn->stamps_tail - conn->stamps_head == conn->stamps_cap) {
        uint64_t cap = conn->stamps_cap > 0 ? conn->stamps_cap * 2 : 64;
        struct stamp *stamps = grow(NULL, cap * sizeof *stamps);
        for (uint64_t i = conn->stamps_head; i < conn->stamps_tail; i++) {
            stamps[i & (cap - 1)] = conn->stamps[i & (conn->stamps_cap - 1)];
        }
        free(conn->stamps);
        conn->stamps = stamps;
        conn->stamps_cap = cap;
    }
    conn->stamps[conn->stamps_tail++ & (conn->stamps_cap - 1)] = stamp;
}

static void issue(struct load *load, struct conn *conn, uint64_t due_ns, uint64_t now_ns) {
    uint64_t late_ns = now_ns - due_ns;

    if (late_ns > load->sent_late_ns_max) load->sent_late_ns_max = late_ns;
    out_command(load, conn);
    stamp_push(conn, (struct stamp){.due_ns = due_ns, .sent_ns = now_ns});
    load->issued_count++;
}

static bool issuing_over(const struct load *load, uint64_t now_ns) {
    uint64_t max = load->options->requests_count_max;

    return stop_asked || (max > 0 && load->issued_count >= max) ||
           (load->end_ns > 0 && now_ns >= load->end_ns);
}

static void watch(struct load *load, struct conn *conn, int operation, bool writable) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

    if (writable) event.events |= EPOLLOUT;
    if (epoll_ctl(load->epoll_fd, operation, conn->fd, &event) < 0) {
        die("epoll_ctl: %s", strerror(errno));
    }
    conn->writable_wanted = writable;
}

static void flush(struct load *load, struct conn *conn) {
    while (conn->out_begin < conn->out_end) {
        ssize_t len = send(conn->fd, conn->out + conn->out_begin, conn->out_end - conn->out_begin,
                           MSG_NOSIGNAL);
        if (len >= 0) {
            conn->out_begin += (size_t)len;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            die("send: %s", strerror(errno));
        }
    }
    bool blocked = conn->out_begin < conn->out_end;
    if (blocked != conn->writable_wanted) watch(load, conn, EPOLL_CTL_MOD, blocked);
}

/* The next batch of a connection that has all its answers: closed loop only. */
static void issue_batch(struct load *load, struct conn *conn, uint64_t now_ns) {
    for (unsigned i = 0; i < load->options->pipeline && !issuing_over(load, now_ns); i++) {
        issue(load, conn, now_ns, now_ns);
    }
    flush(load, conn);
}

static uint64_t due_ns(const struct load *load, uint64_t index) {
    uint64_t rate = load->options->rate_per_s;

    return load->start_ns + index / rate * 1000000000u + index % rate * 1000000000u / rate;
}

/* Sends all that is due by now. Open loop only. */
static void issue_due(struct load *load, uint64_t now_ns) {
    unsigned conns_count = load->options->connections_count;
    uint64_t first = load->issued_count;

    while (load->issued_count - load->done_count < OUTSTANDING_COUNT_MAX) {
        uint64_t due = due_ns(load, load->issued_count);
        if (due > now_ns || issuing_over(load, due)) break;
        issue(load, &load->conns[load->issued_count % conns_count], due, now_ns);
    }
    uint64_t touched = load->issued_count - first;
    if (touched > conns_count) touched = conns_count;
    for (uint64_t i = 0; i < touched; i++) flush(load, &load->conns[(first + i) % conns_count]);
}

/* --- what comes back --- */

/* The length of the first reply in `in`, 0 if it is not all there yet. */
static size_t reply_scan(const char *in, size_t len, struct reply *reply) {
    size_t pos = 0;

    *reply = (struct reply){0};
    for (uint64_t left = 1; left > 0; left--) {
        const char *end = pos < len ? memchr(in + pos, '\r', len - pos) : NULL;
        if (end == NULL || end + 1 >= in + len) return 0;
        long long count = in[pos] == '$' || in[pos] == '*' ? strtoll(in + pos + 1, NULL, 10) : 0;
        char type = in[pos];
        pos = (size_t)(end - in) + 2;
        if (count < 0) {
            reply->nulls_count++;
            continue;
        }
        switch (type) {
        case '+':
        case ':': break;
        case '-': reply->is_error = true; break;
        case '$': pos += (size_t)count + 2; break;
        case '*': left += (uint64_t)count; break;
        default: die("not a RESP2 reply: byte 0x%02x", (unsigned char)type);
        }
        if (pos > len) return 0;
    }
    return pos;
}

static void worst_note(struct load *load, struct stamp stamp, uint64_t latency_ns) {
    struct slow *least = &load->worst[0];

    for (size_t i = 1; i < WORST_COUNT_MAX; i++) {
        if (load->worst[i].latency_ns < least->latency_ns) least = &load->worst[i];
    }
    if (latency_ns <= least->latency_ns) return;
    *least = (struct slow){.latency_ns = latency_ns,
                           .due_since_start_ns = stamp.due_ns - load->start_ns,
                           .sent_late_ns = stamp.sent_ns - stamp.due_ns};
}

static void reply_count(struct load *load, struct conn *conn, const struct reply *reply,
                        const char *text, size_t len, uint64_t now_ns) {
    if (conn->stamps_head == conn->stamps_tail) die("a reply that nobody asked for");
    struct stamp stamp = conn->stamps[conn->stamps_head++ & (conn->stamps_cap - 1)];
    uint64_t latency_ns = now_ns - stamp.due_ns;

    load->done_count++;
    load->missing_count += reply->nulls_count;
    histogram_record(&load->histogram, latency_ns);
    worst_note(load, stamp, latency_ns);
    if (!reply->is_error) return;
    if (load->errors_count++ > 0) return;
    for (size_t i = 0; i < len && i < ERROR_BYTES_MAX - 1 && text[i] >= ' '; i++) {
        load->first_error[i] = text[i] == '"' || text[i] == '\\' ? '\'' : text[i];
    }
}

static void receive(struct load *load, struct conn *conn) {
    if (conn->in_cap - conn->in_len < IN_BYTES_MIN / 2) {
        conn->in_cap = conn->in_cap > 0 ? conn->in_cap * 2 : IN_BYTES_MIN;
        conn->in = grow(conn->in, conn->in_cap);
    }
    ssize_t got = recv(conn->fd, conn->in + conn->in_len, conn->in_cap - conn->in_len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) die("recv: %s", strerror(errno));
    if (got == 0) die("the server closed a connection");

    uint64_t now_ns = mono_ns();
    size_t pos = 0;
    struct reply reply;
    conn->in_len += (size_t)got;
    load->bytes_in += (uint64_t)got;
    while (pos < conn->in_len) {
        size_t len = reply_scan(conn->in + pos, conn->in_len - pos, &reply);
        if (len == 0) break;
        reply_count(load, conn, &reply, conn->in + pos, len, now_ns);
        pos += len;
    }
    memmove(conn->in, conn->in + pos, conn->in_len - pos);
    conn->in_len -= pos;
    load->last_reply_ns = now_ns;
    if (load->options->rate_per_s == 0 && conn->stamps_head == conn->stamps_tail) {
        issue_batch(load, conn, mono_ns());
    }
}

/* --- the run --- */

static void ask_stop(int signal_number) {
    (void)signal_number;
    stop_asked = 1;
}

static void conn_open(struct load *load, struct conn *conn) {
    const struct options *options = load->options;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options->port)};
    int one = 1;

    if (inet_pton(AF_INET, options->host, &address.sin_addr) != 1) die("bad --host");
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0) die("socket: %s", strerror(errno));
    if (connect(conn->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        die("connect to %s:%d: %s", options->host, options->port, strerror(errno));
    }
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fcntl(conn->fd, F_SETFL, O_NONBLOCK) < 0) die("fcntl: %s", strerror(errno));
    watch(load, conn, EPOLL_CTL_ADD, false);
}

/* Until when epoll may sleep: the next due command, the end of the run, the end of patience. */
static uint64_t wake_ns(const struct load *load, uint64_t now_ns) {
    uint64_t wake = load->last_reply_ns + DRAIN_NS_MAX;

    if (issuing_over(load, now_ns)) return wake;
    if (load->end_ns > 0 && load->end_ns < wake) wake = load->end_ns;
    if (load->options->rate_per_s > 0 &&
        load->issued_count - load->done_count < OUTSTANDING_COUNT_MAX) {
        uint64_t due = due_ns(load, load->issued_count);
        if (due < wake) wake = due;
    }
    return wake;
}

static void run(struct load *load) {
    const struct options *options = load->options;
    struct epoll_event events[EVENTS_COUNT_MAX];

    load->start_ns = load->last_reply_ns = mono_ns();
    if (options->seconds > 0) load->end_ns = load->start_ns + (uint64_t)(options->seconds * 1e9);
    if (options->rate_per_s == 0) {
        for (unsigned i = 0; i < options->connections_count; i++) {
            issue_batch(load, &load->conns[i], mono_ns());
        }
    }
    for (;;) {
        uint64_t now_ns = mono_ns();
        if (options->rate_per_s > 0) issue_due(load, now_ns);
        bool over = issuing_over(load, options->rate_per_s > 0 ? due_ns(load, load->issued_count)
                                                               : now_ns);
        if (over && load->done_count == load->issued_count) return;
        if (now_ns > load->last_reply_ns + DRAIN_NS_MAX) die("no reply for 60 seconds");

        uint64_t wake = wake_ns(load, now_ns);
        uint64_t sleep_ns = wake > now_ns ? wake - now_ns : 0;
        struct timespec timeout = {.tv_sec = (time_t)(sleep_ns / 1000000000u),
                                   .tv_nsec = (long)(sleep_ns % 1000000000u)};
        int count = epoll_pwait2(load->epoll_fd, events, EVENTS_COUNT_MAX, &timeout, NULL);
        if (count < 0 && errno != EINTR) die("epoll_pwait2: %s", strerror(errno));
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0) flush(load, conn);
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) receive(load, conn);
        }
    }
}

static double us(uint64_t ns) {
    return (double)ns / 1e3;
}

static void print_result(const struct load *load, bool is_realtime) {
    const struct histogram *histogram = &load->histogram;
    struct rusage usage;
    double seconds = (double)(load->last_reply_ns - load->start_ns) / 1e9;
    const char *comma = "";

    getrusage(RUSAGE_SELF, &usage);
    printf("{\"requests\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"first_error\": \"%s\", "
           "\"missing\": %" PRIu64 ", \"seconds\": %.6f, \"bytes_in\": %" PRIu64
           ", \"realtime\": %s, \"client_cpu_s\": %.6f,\n",
           load->done_count, load->errors_count, load->first_error, load->missing_count, seconds,
           load->bytes_in, is_realtime ? "true" : "false",
           (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
               (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6);
    printf(
        " \"p50_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": %.3f, \"p9999_us\": %.3f, "
        "\"max_us\": %.3f, \"sent_late_max_us\": %.3f,\n \"worst\": [",
        us(histogram_quantile_ns(histogram, 500000)), us(histogram_quantile_ns(histogram, 990000)),
        us(histogram_quantile_ns(histogram, 999000)), us(histogram_quantile_ns(histogram, 999900)),
        us(histogram->max_ns), us(load->sent_late_ns_max));
    for (size_t i = 0; i < WORST_COUNT_MAX; i++) {
        const struct slow *slow = &load->worst[i];
        if (slow->latency_ns == 0) continue;
        printf("%s{\"us\": %.3f, \"at_s\": %.6f, \"sent_late_us\": %.3f}", comma,
               us(slow->latency_ns), (double)slow->due_since_start_ns / 1e9,
               us(slow->sent_late_ns));
        comma = ", ";
    }
    printf("],\n \"histogram_ns\": [");
    comma = "";
    for (size_t i = 0; i < HISTOGRAM_BUCKETS_COUNT; i++) {
        if (histogram->counts[i] == 0) continue;
        printf("%s[%" PRIu64 ", %" PRIu64 "]", comma, histogram_upper_ns(i), histogram->counts[i]);
        comma = ", ";
    }
    printf("]}\n");
}

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max) {
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || value < min || value > max) {
        die("--%s must be a number from %" PRIu64 " to %" PRIu64, name, min, max);
    }
    return value;
}

/* "get=10,set=1": what is not named has no weight. */
static void parse_mix(struct options *options, char *text) {
    options->weight_get = options->weight_set = options->weight_mget = 0;
    for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
        char *equals = strchr(part, '=');
        unsigned weight = equals != NULL ? (unsigned)number("mix", equals + 1, 0, 1000) : 1;
        if (equals != NULL) *equals = '\0';
        if (strcmp(part, "get") == 0)
            options->weight_get = weight;
        else if (strcmp(part, "set") == 0)
            options->weight_set = weight;
        else if (strcmp(part, "mget") == 0)
            options->weight_mget = weight;
        else
            die("--mix knows get, set and mget");
    }
    if (options->weight_get + options->weight_set + options->weight_mget == 0) {
        die("--mix is empty");
    }
}

static void parse_options(struct options *options, int argc, char **argv) {
    static const struct option names[] = {
        {"host", 1, NULL, 'h'},        {"port", 1, NULL, 'p'},       {"connections", 1, NULL, 'c'},
        {"pipeline", 1, NULL, 'P'},    {"requests", 1, NULL, 'n'},   {"seconds", 1, NULL, 't'},
        {"keys", 1, NULL, 'r'},        {"keys-first", 1, NULL, 'f'}, {"sequential", 0, NULL, 'q'},
        {"key-prefix", 1, NULL, 'k'},  {"mix", 1, NULL, 'm'},        {"mget-keys", 1, NULL, 'g'},
        {"value-bytes", 1, NULL, 'd'}, {"expire", 1, NULL, 'e'},     {"rate", 1, NULL, 'R'},
        {"seed", 1, NULL, 's'},        {"realtime", 0, NULL, 'T'},   {NULL, 0, NULL, 0},
    };
    int index = 0;

    for (int c; (c = getopt_long(argc, argv, "", names, &index)) != -1;) {
        const char *name = c == '?' ? "" : names[index].name;
        switch (c) {
        case 'h': options->host = optarg; break;
        case 'p': options->port = (int)number(name, optarg, 1, 65535); break;
        case 'c':
            options->connections_count = (unsigned)number(name, optarg, 1, CONNECTIONS_COUNT_MAX);
            break;
        case 'P': options->pipeline = (unsigned)number(name, optarg, 1, 100000); break;
        case 'n': options->requests_count_max = number(name, optarg, 1, UINT64_MAX / 2); break;
        case 't': options->seconds = strtod(optarg, NULL); break;
        case 'r': options->keys_count = number(name, optarg, 1, UINT64_C(1000000000000)); break;
        case 'f': options->keys_first = number(name, optarg, 0, UINT64_C(999999999999)); break;
        case 'q': options->keys_sequential = true; break;
        case 'k': options->key_prefix = optarg; break;
        case 'm': parse_mix(options, optarg); break;
        case 'g':
            options->mget_keys_count = (unsigned)number(name, optarg, 1, MGET_KEYS_COUNT_MAX);
            break;
        case 'd': options->value_bytes = number(name, optarg, 0, VALUE_BYTES_MAX); break;
        case 'e': options->expire_s = (unsigned)number(name, optarg, 0, 1000000000); break;
        case 'R': options->rate_per_s = number(name, optarg, 0, 100000000); break;
        case 's': options->seed = number(name, optarg, 0, UINT64_MAX); break;
        case 'T': options->realtime = true; break;
        default: die("see bench/README.md");
        }
    }
    if (strlen(options->key_prefix) > KEY_PREFIX_BYTES_MAX) die("--key-prefix is too long");
    if (options->port == 0) die("--port is missing");
    if (options->requests_count_max == 0 && options->seconds <= 0) {
        die("--requests or --seconds is missing");
    }
}

int main(int argc, char **argv) {
    static struct load load; /* the histogram is too large for a stack */
    struct options options = {.host = "127.0.0.1",
                              .connections_count = 50,
                              .pipeline = 1,
                              .keys_count = 1000000,
                              .key_prefix = "key:",
                              .weight_get = 1,
                              .mget_keys_count = 10,
                              .value_bytes = 32,
                              .seed = 1};
    const struct sched_param first_in_line = {.sched_priority = 1};
    const struct sigaction stop = {.sa_handler = ask_stop};

    parse_options(&options, argc, argv);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    prctl(PR_SET_TIMERSLACK, 1UL); /* the default, 50 us, would be in every open-loop latency */
    bool is_realtime = options.realtime && sched_setscheduler(0, SCHED_FIFO, &first_in_line) == 0;

    load.options = &options;
    load.random_state = options.seed;
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (load.epoll_fd < 0) die("epoll_create1: %s", strerror(errno));
    load.value = grow(NULL, options.value_bytes + 1);
    memset(load.value, 'x', options.value_bytes);
    load.conns = calloc(options.connections_count, sizeof *load.conns);
    if (load.conns == NULL) die("out of memory");
    for (unsigned i = 0; i < options.connections_count; i++) conn_open(&load, &load.conns[i]);
    run(&load);
    print_result(&load, is_realtime);
    return 0;
}
