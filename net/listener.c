#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

static const char *without_dash(const char *address) {
    return address[0] == '-' ? address + 1 : address;
}

/* Writes "what: reason" and passes the error on. */
static int failed(const char *what, int err, char *error, size_t error_bytes) {
    snprintf(error, error_bytes, "%s: %s", what, strerror(err));
    return -err;
}

static int set_flag(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static int listen_on(const struct addrinfo *info, const struct listener_options *options,
                     char *error, size_t error_bytes) {
    int err = 0;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    info->ai_protocol);
    if (fd < 0) return failed("socket", errno, error, error_bytes);

    if (info->ai_family == AF_INET6 && set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) {
        err = failed("setsockopt", errno, error, error_bytes);
    } else if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) {
        err = failed("setsockopt SO_REUSEADDR", errno, error, error_bytes);
    } else if (options->reuse_port && set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) {
        err = failed("setsockopt SO_REUSEPORT", errno, error, error_bytes);
    } else if (bind(fd, info->ai_addr, info->ai_addrlen) < 0) {
        err = failed("bind", errno, error, error_bytes);
    } else if (listen(fd, options->backlog) < 0) {
        err = failed("listen", errno, error, error_bytes);
    }
    if (err == 0) return fd;
    close(fd);
    return err;
}

/* The resolver's errors have no errno of their own; only some need telling apart. */
static int resolver_errno(int code) {
    switch (code) {
    case EAI_SYSTEM: return -errno;
    case EAI_FAMILY:
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return -EAFNOSUPPORT;
    case EAI_MEMORY: return -ENOMEM;
    default: return -EINVAL;
    }
}

int listener_tcp(const char *address, uint16_t port, const struct listener_options *options,
                 char *error, size_t error_bytes) {
    const char *host = without_dash(address);
    bool is_v6 = strchr(host, ':') != NULL;
    struct addrinfo hints = {
        .ai_family = is_v6 ? AF_INET6 : AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE, /* for those without a host */
    };
    struct addrinfo *found = NULL;
    char service[8];

    if (strcmp(host, "*") == 0 || strcmp(host, "::*") == 0) host = NULL;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0) {
        int err = resolver_errno(code);
        snprintf(error, error_bytes, "%s", gai_strerror(code));
        return err;
    }
    int result = -EADDRNOTAVAIL;
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        result = listen_on(info, options, error, error_bytes);
        if (result != -EAFNOSUPPORT) break; /* the first that there is a protocol for */
    }
    freeaddrinfo(found);
    return result;
}

bool listener_may_skip(const char *address, int err) {
    switch (err) {
    case -EADDRNOTAVAIL: return address[0] == '-';
    case -ENOPROTOOPT:
    case -EPROTONOSUPPORT:
    case -ESOCKTNOSUPPORT:
    case -EPFNOSUPPORT:
    case -EAFNOSUPPORT: return true;
    default: return false;
    }
}

int listener_unix(const char *path, const struct listener_options *options, char *error,
                  size_t error_bytes) {
    union address address = {.un = {.sun_family = AF_UNIX}};
    struct stat status;
    int err = 0;

    size_t path_bytes = strlen(path) + 1;
    if (path_bytes > sizeof address.un.sun_path) {
        snprintf(error, error_bytes, "unix socket path too long (%zu), must be under %zu",
                 path_bytes - 1, sizeof address.un.sun_path);
        return -ENAMETOOLONG;
    }
    memcpy(address.un.sun_path, path, path_bytes);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("creating socket", errno, error, error_bytes);

    /* Nothing but a socket is ever removed: a wrong path must not cost a file. */
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path);
    if (bind(fd, &address.any, sizeof address.un) < 0) {
        err = failed("bind", errno, error, error_bytes);
    } else if (options->unix_perm != 0 && chmod(path, (mode_t)options->unix_perm) < 0) {
        err = failed("chmod", errno, error, error_bytes);
    } else if (listen(fd, options->backlog) < 0) {
        err = failed("listen", errno, error, error_bytes);
    }
    if (err == 0) return fd;
    close(fd);
    return err;
}

uint16_t listener_port(int fd) {
    union address address;
    socklen_t bytes = sizeof address;

    if (getsockname(fd, &address.any, &bytes) < 0) return 0;
    if (address.any.sa_family == AF_INET) return ntohs(address.v4.sin_port);
    if (address.any.sa_family == AF_INET6) return ntohs(address.v6.sin6_port);
    return 0;
}

static bool is_tcp(int fd) {
    int domain = 0;
    socklen_t bytes = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain != AF_UNIX;
}

int listener_conn_no_delay(int fd) {
    return is_tcp(fd) ? set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) : 0;
}

int listener_conn_keep_alive(int fd, int interval_s) {
    if (interval_s <= 0 || !is_tcp(fd)) return 0;
    int between_s = interval_s / 3 > 0 ? interval_s / 3 : 1;
    int err = set_flag(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (err == 0) err = set_flag(fd, IPPROTO_TCP, TCP_KEEPIDLE, interval_s);
    if (err == 0) err = set_flag(fd, IPPROTO_TCP, TCP_KEEPINTVL, between_s);
    if (err == 0) err = set_flag(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    return err;
}

static void format(const union address *address, socklen_t bytes, char *text, size_t text_bytes) {
    char ip[INET6_ADDRSTRLEN] = "";

    switch (address->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->v4.sin_addr, ip, sizeof ip);
        snprintf(text, text_bytes, "%s:%u", ip, (unsigned)ntohs(address->v4.sin_port));
        return;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->v6.sin6_addr, ip, sizeof ip);
        snprintf(text, text_bytes, "[%s]:%u", ip, (unsigned)ntohs(address->v6.sin6_port));
        return;
    case AF_UNIX:
        if (bytes > (socklen_t)offsetof(struct sockaddr_un, sun_path)) {
            size_t path_bytes = bytes - offsetof(struct sockaddr_un, sun_path);
            snprintf(text, text_bytes, "%.*s:0", (int)path_bytes, address->un.sun_path);
            return;
        }
        break;
    default: break;
    }
    snprintf(text, text_bytes, "?:0");
}

void listener_local_format(int fd, char *text, size_t text_bytes) {
    union address address = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t bytes = sizeof address;

    if (getsockname(fd, &address.any, &bytes) < 0) address.any.sa_family = AF_UNSPEC;
    format(&address, bytes, text, text_bytes);
}

void listener_peer_format(int fd, char *text, size_t text_bytes) {
    union address address = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t bytes = sizeof address;

    if (getpeername(fd, &address.any, &bytes) < 0) address.any.sa_family = AF_UNSPEC;
    if (address.any.sa_family == AF_UNIX) {
        listener_local_format(fd, text, text_bytes); /* a client's end has no name */
    } else {
        format(&address, bytes, text, text_bytes);
    }
}

bool listener_peer_is_local(int fd) {
    union address address = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t bytes = sizeof address;

    if (getpeername(fd, &address.any, &bytes) < 0) return false;
    switch (address.any.sa_family) {
    case AF_UNIX: return true;
    case AF_INET: return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6: return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
    default: return false;
    }
}
