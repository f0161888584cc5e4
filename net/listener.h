#pragma once
/* Listening sockets, and what is set on or asked of the connections that come in. Any thread;
 * nothing is kept here. Errors are texts as Redis logs them ("bind: Address already in use"), and a
 * negative errno. */
#include "core/base.h"

enum {
    LISTENER_ERROR_BYTES = 256,
    LISTENER_ADDRESS_BYTES = 128, /* "[ip6]:port", or a unix path and ":0" */
};

struct listener_options {
    int backlog;
    bool reuse_port; /* several sockets on one address, one per shard */
    unsigned unix_perm; /* 0: as the umask has it */
};

/* A non-blocking listening socket on one address of the `bind` directive: an IPv4 or IPv6 address
 * or a name, `*` (all IPv4), `::*` (all IPv6); a leading `-` is passed over. Port 0 takes a free
 * one. May block on the resolver for a name. Returns the descriptor, or a negative errno with
 * `error` written. */
int listener_tcp(const char *address, uint16_t port, const struct listener_options *options,
                 char *error, size_t error_bytes);
/* May the start go on without this address? As Redis: an optional one (`-`) that this machine does
 * not have, and any of a protocol that this machine does not speak. */
bool listener_may_skip(const char *address, int err);

/* The same on a unix socket; an old socket file of that name is removed first. */
int listener_unix(const char *path, const struct listener_options *options, char *error,
                  size_t error_bytes);

uint16_t listener_port(int fd); /* 0: not TCP */

/* No delay for small packets; keep-alive probes after interval_s seconds, as Redis sets them: three
 * probes, a third of the interval apart. 0: none. Does nothing to a unix socket. 0 or -errno. */
int listener_conn_no_delay(int fd);
int listener_conn_keep_alive(int fd, int interval_s);

/* The connection's other end, or ours, as CLIENT LIST shows it: "1.2.3.4:5", "[::1]:5", "/path:0"
 * (both ends of a unix connection have the server's path); "?:0" if it is gone. */
void listener_peer_format(int fd, char *text, size_t text_bytes);
void listener_local_format(int fd, char *text, size_t text_bytes);
/* Does the connection come from this very machine: loopback, or a unix socket? (protected mode) */
bool listener_peer_is_local(int fd);
