#include "shards/acceptor.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/mem.h"
#include "net/listener.h"
#include "shards/runtime.h"
#include "shards/shard.h"

enum { LISTENERS_MAX = CONFIG_ADDRESSES_MAX + 1 };

struct listening {
    struct loop_listener listener;
    int fd; /* ours; the loop forgets its copy */
    bool is_unix;
};

struct acceptor {
    size_t count;
    struct listening listenings[LISTENERS_MAX];
};

static void close_all(struct acceptor *acceptor) {
    for (size_t i = 0; i < acceptor->count; i++) close(acceptor->listenings[i].fd);
    acceptor->count = 0;
}

static void add(struct acceptor *acceptor, int fd, bool is_unix) {
    SL_ASSERT(acceptor->count < LISTENERS_MAX);
    struct listening *listening = &acceptor->listenings[acceptor->count++];
    *listening = (struct listening){.listener = {.fd = -1}, .fd = fd, .is_unix = is_unix};
}

static int open_addresses(struct shard *shard, struct acceptor *acceptor, bool reuse_port) {
    const struct config *config = shard->config;
    struct listener_options options = {.backlog = (int)config->tcp_backlog,
                                       .reuse_port = reuse_port};
    char error[LISTENER_ERROR_BYTES];

    if (config->port == 0) return 0;
    for (size_t i = 0; i < config->bind.count; i++) {
        const char *address = config->bind.items[i];
        int fd = listener_tcp(address, (uint16_t)config->port, &options, error, sizeof error);
        if (fd >= 0) {
            add(acceptor, fd, false);
            continue;
        }
        if (listener_may_skip(address, fd)) continue;
        log_write(shard->node->logger, LOG_LEVEL_WARNING,
                  "Could not create server TCP listening socket %s:%d: %s", address,
                  (int)config->port, error);
        return fd;
    }
    if (config->bind.count > 0 && acceptor->count == 0) {
        log_write(shard->node->logger, LOG_LEVEL_WARNING,
                  "Could not listen on any address of bind");
        return -EADDRNOTAVAIL;
    }
    return 0;
}

static int open_unix(struct shard *shard, struct acceptor *acceptor) {
    const struct config *config = shard->config;
    struct listener_options options = {.backlog = (int)config->tcp_backlog,
                                       .unix_perm = (unsigned)config->unixsocketperm};
    char error[LISTENER_ERROR_BYTES];

    /* one is enough: connections are handed on */
    if (config->unixsocket.len == 0 || shard->index != 0) return 0;
    int fd = listener_unix(config->unixsocket.data, &options, error, sizeof error);
    if (fd < 0) {
        log_write(shard->node->logger, LOG_LEVEL_WARNING, "Failed opening Unix socket: %s", error);
        return fd;
    }
    add(acceptor, fd, true);
    return 0;
}

int acceptor_probe(struct shard *shard) {
    struct acceptor probe = {0};
    int err = open_addresses(shard, &probe, false);
    close_all(&probe);
    return err;
}

int acceptor_open(struct shard *shard) {
    struct acceptor *acceptor = mem_must_zero(sizeof *acceptor);
    int err = open_addresses(shard, acceptor, true);

    if (err == 0) err = open_unix(shard, acceptor);
    if (err < 0) {
        close_all(acceptor);
        mem_free(acceptor);
        return err;
    }
    shard->acceptor = acceptor;
    return 0;
}

void acceptor_start(struct shard *shard) {
    for (size_t i = 0; i < shard->acceptor->count; i++) {
        struct listening *listening = &shard->acceptor->listenings[i];
        listening->listener.owner_data = listening;
        loop_listen(shard->loop, &listening->listener, listening->fd);
    }
}

void acceptor_stop(struct shard *shard) {
    if (shard->acceptor == NULL) return;
    for (size_t i = 0; i < shard->acceptor->count; i++)
        loop_unlisten(shard->loop, &shard->acceptor->listenings[i].listener);
    for (size_t i = 0; i < shard->acceptor->count; i++) {
        if (shard->acceptor->listenings[i].is_unix) unlink(shard->config->unixsocket.data);
    }
    close_all(shard->acceptor);
    mem_free(shard->acceptor);
    shard->acceptor = NULL;
}

int acceptor_reconfigure(struct shard *shard) {
    struct acceptor *old = shard->acceptor;
    struct acceptor *acceptor = mem_must_zero(sizeof *acceptor);
    /* beside the old ones, perhaps on the same port */
    int err = open_addresses(shard, acceptor, true);

    if (err < 0) {
        close_all(acceptor);
        mem_free(acceptor);
        return err;
    }
    /* The unix socket cannot be changed at run time: it moves over. */
    for (size_t i = 0; i < old->count; i++) {
        loop_unlisten(shard->loop, &old->listenings[i].listener);
        if (old->listenings[i].is_unix) {
            add(acceptor, old->listenings[i].fd, true);
        } else {
            close(old->listenings[i].fd);
        }
    }
    mem_free(old);
    shard->acceptor = acceptor;
    acceptor_start(shard);
    return 0;
}

/* ---- New connections ---- */

static void refuse(int fd, const char *text) {
    ssize_t ignored = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored;
    close(fd);
}

static bool is_refused(struct shard *shard, int fd, bool is_local) {
    static const char protected_text[] =
        "-DENIED Redis is running in protected mode because protected mode is enabled and no "
        "password is set for the "
        "default user. In this mode connections are only accepted from the loopback interface. If "
        "you want to connect "
        "from external computers to Redis you may adopt one of the following solutions: 1) Just "
        "disable protected mode "
        "sending the command 'CONFIG SET protected-mode no' from the loopback interface by "
        "connecting to Redis from the "
        "same host the server is running, however MAKE SURE Redis is not publicly accessible from "
        "internet if you do so. "
        "Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
        "the protected mode by "
        "editing the Redis configuration file, and setting the protected mode option to 'no', and "
        "then restarting the "
        "server. 3) If you started the server manually just for testing, restart it with the "
        "'--protected-mode no' "
        "option. 4) Set up an authentication password for the default user. NOTE: You only need to "
        "do one of the above "
        "things in order for the server to start accepting connections from the outside.\r\n";
    struct node *node = shard->node;
    uint32_t count = atomic_fetch_add_explicit(&node->clients_count, 1, memory_order_relaxed);

    if (count >= (uint64_t)shard->config->maxclients) {
        refuse(fd, "-ERR max number of clients reached\r\n");
        atomic_fetch_add_explicit(&node->clients_rejected_count, 1, memory_order_relaxed);
    } else if (shard->config->protected_mode && shard->config->requirepass.len == 0 && !is_local) {
        refuse(fd, protected_text);
    } else {
        return false;
    }
    atomic_fetch_sub_explicit(&node->clients_count, 1, memory_order_relaxed);
    return true;
}

struct handover {
    int fd;
    bool is_unix, is_local;
};

static void adopt(struct shard *shard, void *arg) {
    struct handover *handover = arg;
    struct client *client = client_new(shard, handover->fd, handover->is_unix);

    client->is_remote = !handover->is_local;
    stat_add(&shard->stats.connections_accepted, 1);
    mem_free(handover);
}

/* The shard with the fewest connections; ours if it is one of them. */
static struct shard *least_loaded(struct shard *shard) {
    struct node *node = shard->node;
    struct shard *best = shard;
    uint32_t fewest = atomic_load_explicit(&shard->clients_count, memory_order_relaxed);

    for (unsigned i = 0; i < node->shards_count; i++) {
        uint32_t count = atomic_load_explicit(&node->shards[i]->clients_count,
                                              memory_order_relaxed);
        if (count < fewest) {
            fewest = count;
            best = node->shards[i];
        }
    }
    return best;
}

void acceptor_accepted(struct shard *shard, struct loop_listener *listener, int fd) {
    const struct listening *listening = listener->owner_data;

    if (fd < 0) {
        log_write(shard->node->logger, LOG_LEVEL_WARNING, "Error accepting a client connection: %s",
                  strerror(-fd));
        return;
    }
    bool is_local = listening->is_unix || listener_peer_is_local(fd);
    if (is_refused(shard, fd, is_local)) return;
    if (!listening->is_unix) {
        listener_conn_no_delay(fd);
        if (shard->config->tcp_keepalive > 0)
            listener_conn_keep_alive(fd, (int)shard->config->tcp_keepalive);
    }
    struct handover *handover = mem_must(sizeof *handover);
    *handover = (struct handover){.fd = fd, .is_unix = listening->is_unix, .is_local = is_local};
    struct shard *target = least_loaded(shard);
    atomic_fetch_add_explicit(&target->clients_count, 1, memory_order_relaxed);
    if (target == shard) {
        adopt(shard, handover);
    } else {
        shard_call(shard, target->index, adopt, handover);
    }
}
