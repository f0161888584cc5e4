#include "net/listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct listener_options options = {.backlog = 16};

static int int_option(int fd, int level, int option) {
    int value = -1;
    socklen_t bytes = sizeof value;
    getsockopt(fd, level, option, &value, &bytes);
    return value;
}

static int accept_soon(int fd) {
    int conn = -1;
    while ((conn = accept(fd, NULL, NULL)) < 0 && errno == EAGAIN) {}
    return conn;
}

Test(listener, a_connection_shows_both_ends_and_takes_the_settings) {
    char error[LISTENER_ERROR_BYTES], text[LISTENER_ADDRESS_BYTES], want[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = listener_tcp("127.0.0.1", 0, &options, error, sizeof error);
    cr_assert(ge(int, fd, 0));
    address.sin_port = htons(listener_port(fd));
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, connect(peer, (struct sockaddr *)&address, sizeof address), 0));
    int conn = accept_soon(fd);

    snprintf(want, sizeof want, "127.0.0.1:%u", (unsigned)listener_port(peer));
    listener_peer_format(conn, text, sizeof text);
    cr_assert(eq(str, text, want));
    snprintf(want, sizeof want, "127.0.0.1:%u", (unsigned)listener_port(fd));
    listener_local_format(conn, text, sizeof text);
    cr_assert(eq(str, text, want));
    cr_assert(listener_peer_is_local(conn));

    cr_assert(eq(int, listener_conn_no_delay(conn), 0));
    cr_assert(ne(int, int_option(conn, IPPROTO_TCP, TCP_NODELAY), 0));
    cr_assert(eq(int, listener_conn_keep_alive(conn, 300), 0));
    cr_assert(eq(int, int_option(conn, SOL_SOCKET, SO_KEEPALIVE), 1));
    cr_assert(eq(int, int_option(conn, IPPROTO_TCP, TCP_KEEPIDLE), 300));
    cr_assert(eq(int, int_option(conn, IPPROTO_TCP, TCP_KEEPINTVL), 100));
    cr_assert(eq(int, int_option(conn, IPPROTO_TCP, TCP_KEEPCNT), 3));
    close(conn);
    close(peer);
    close(fd);
    listener_peer_format(fd, text, sizeof text);
    cr_assert(eq(str, text, "?:0"));
}

Test(listener, ip6_addresses_stand_in_brackets) {
    char error[LISTENER_ERROR_BYTES], text[LISTENER_ADDRESS_BYTES], want[64];
    int fd = listener_tcp("-::1", 0, &options, error, sizeof error);
    if (fd < 0) cr_skip_test("no IPv6 here: %s", error);
    snprintf(want, sizeof want, "[::1]:%u", (unsigned)listener_port(fd));
    listener_local_format(fd, text, sizeof text);
    cr_assert(eq(str, text, want));
    close(fd);
}

Test(listener, both_families_share_a_port) {
    char error[LISTENER_ERROR_BYTES];
    int v4 = listener_tcp("*", 0, &options, error, sizeof error);
    cr_assert(ge(int, v4, 0));
    int v6 = listener_tcp("::*", listener_port(v4), &options, error, sizeof error);
    cr_assert(v6 >= 0 || listener_may_skip("::*", v6));
    close(v4);
    if (v6 >= 0) close(v6);
}

Test(listener, a_taken_port_is_refused_with_redis_words) {
    char error[LISTENER_ERROR_BYTES];
    int first = listener_tcp("127.0.0.1", 0, &options, error, sizeof error);
    int second = listener_tcp("127.0.0.1", listener_port(first), &options, error, sizeof error);
    cr_assert(eq(int, second, -EADDRINUSE));
    cr_assert(eq(str, error, "bind: Address already in use"));
    cr_assert(not(listener_may_skip("-127.0.0.1", second)));
    close(first);
}

Test(listener, shards_share_a_port_when_asked) {
    struct listener_options shared = {.backlog = 16, .reuse_port = true};
    char error[LISTENER_ERROR_BYTES];
    int first = listener_tcp("127.0.0.1", 0, &shared, error, sizeof error);
    int second = listener_tcp("127.0.0.1", listener_port(first), &shared, error, sizeof error);
    cr_assert(ge(int, second, 0));
    close(first);
    close(second);
}

Test(listener, a_foreign_address_may_be_skipped_when_optional) {
    char error[LISTENER_ERROR_BYTES];
    int fd = listener_tcp("-192.0.2.1", 0, &options, error, sizeof error);
    cr_assert(eq(int, fd, -EADDRNOTAVAIL));
    cr_assert(eq(str, error, "bind: Cannot assign requested address"));
    cr_assert(listener_may_skip("-192.0.2.1", fd));
    cr_assert(not(listener_may_skip("192.0.2.1", fd)));
    cr_assert(lt(int, listener_tcp("not an address", 0, &options, error, sizeof error), 0));
}

Test(listener, a_unix_socket_has_its_mode_and_replaces_the_last) {
    struct listener_options unix_options = {.backlog = 16, .unix_perm = 0700};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/test-listener-XXXXXX", path[64], want[80];
    char error[LISTENER_ERROR_BYTES], text[LISTENER_ADDRESS_BYTES];
    struct stat status;
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    snprintf(path, sizeof path, "%s/s", folder);
    int first = listener_unix(path, &unix_options, error, sizeof error);
    cr_assert(ge(int, first, 0));
    close(first); /* the file stays, as after a crash */
    int fd = listener_unix(path, &unix_options, error, sizeof error);
    cr_assert(ge(int, fd, 0));
    stat(path, &status);
    cr_assert(eq(int, status.st_mode & 0777, 0700));
    strcpy(address.sun_path, path);
    int peer = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(eq(int, connect(peer, (struct sockaddr *)&address, sizeof address), 0));
    int conn = accept_soon(fd);
    snprintf(want, sizeof want, "%s:0", path);
    listener_peer_format(conn, text, sizeof text);
    cr_assert(eq(str, text, want));
    cr_assert(listener_peer_is_local(conn));
    cr_assert(eq(int, listener_conn_no_delay(conn), 0));
    cr_assert(eq(int, listener_conn_keep_alive(conn, 60), 0));
    close(conn);
    close(peer);
    close(fd);
    unlink(path);

    FILE *file = fopen(path, "w"); /* no socket: not ours to remove */
    fclose(file);
    cr_assert(eq(int, listener_unix(path, &unix_options, error, sizeof error), -EADDRINUSE));
    cr_assert(eq(int, access(path, F_OK), 0));
    unlink(path);
    rmdir(folder);
    char too_long[200];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    cr_assert(eq(int, listener_unix(too_long, &unix_options, error, sizeof error), -ENAMETOOLONG));
}
