#pragma once
/* One connection: its socket, its input, its place in the protocol, its output. It belongs to
 * its home shard's thread for life; other threads know it by id only. */
#include "core/cmd.h"
#include "core/outbuf.h"
#include "net/loop.h"
#include "net/resp_parse.h"

struct shard;
struct request;
struct gather;
struct waiter;

/* Input that outgrew its receive buffer: a command in pieces. Reference counted (home thread
 * only): requests under way pin it; with more than one reference it is not moved. */
struct inbuf {
    uint32_t refs_count;
    size_t len, capacity;
    char data[];
};
void inbuf_release(struct inbuf *inbuf);

enum client_flag {
    CLIENT_AUTHENTICATED = 1 << 0,
    CLIENT_CLOSE_AFTER_REPLY = 1 << 1,
    CLIENT_CLOSING = 1 << 2, /* socket given back; waits for what still refers to it */
    CLIENT_REPLY_OFF = 1 << 3,
    CLIENT_REPLY_SKIP_NEXT = 1 << 4,
    CLIENT_REPLY_SKIP = 1 << 5,
    CLIENT_MONITOR = 1 << 6,
    CLIENT_NO_EVICT = 1 << 7,
    CLIENT_NO_TOUCH = 1 << 8,
    CLIENT_UNIX_SOCKET = 1 << 9,
    CLIENT_IS_READY = 1 << 10, /* in the shard's ready list */
    CLIENT_IS_DIRTY = 1 << 11, /* in the shard's list of clients with output to send */
    CLIENT_IS_SENDING = 1 << 12,
    CLIENT_IS_PAUSED = 1 << 13, /* in the shard's list of clients held by CLIENT PAUSE */
    CLIENT_HUNG_UP = 1 << 14,
    CLIENT_SOCK_CLOSED = 1 << 15, /* the loop is done with the socket */
};

/* Why the next command must wait. */
enum client_block {
    CLIENT_RUNNING,
    /* for all replies it is owed: of earlier commands, or of its own transaction */
    CLIENT_WAITS_REPLIES,
    CLIENT_WAITS_GATHER, /* other shards are being asked on its behalf */
    /* for a key: its request, the only reply it is owed, is in that key's queue */
    CLIENT_WAITS_BLOCKED,
};

struct client {
    struct loop_sock sock; /* first: the loop hands it back */
    struct shard *home;
    uint64_t id;
    uint32_t flags;
    enum client_block block;
    uint8_t resp;
    uint16_t db;
    bool is_in_batch; /* looked at in the round under way */
    bool is_remote; /* not over loopback or a unix socket: zero-copy sends pay */

    /* input: a span of receive memory with a reference on it, or an inbuf of its own, never both */
    char *in_data;
    size_t in_len; /* unparsed bytes at in_data */
    struct loop_buf *in_buf;
    struct inbuf *inbuf;
    struct resp_parser parser;

    /* output */
    struct outbuf out, sending;
    struct request *pending_head, *pending_tail; /* replies owed, in order */
    uint32_t pending_count;
    uint32_t refs_count; /* requests, gathers under way that will come back to it */
    struct waiter *waiter; /* CLIENT_WAITS_BLOCKED: what it waits with */
    uint64_t soft_limit_since_unix_ms;

    /* lists of the home shard */
    struct client *prev, *next; /* all clients */
    struct client *ready_next, *dirty_next, *paused_next;

    /* what CLIENT LIST tells */
    uint64_t created_unix_ms, active_unix_ms;
    struct config_text_owned {
        char *data;
        size_t len;
    } name, lib_name, lib_version;
    char address_peer[64 + 108], address_local[64 + 108];
    const struct cmd *last_cmd;
    uint64_t commands_count, bytes_in, bytes_out;
    const char *user; /* "default" */
};

/* A connection that was accepted, on its home thread. */
struct client *client_new(struct shard *shard, int fd, bool is_unix_socket);
/* Bytes, hang-ups, sent: what the loop reports (shard.c wires it). */
void client_received(struct client *client, struct loop_buf *buf, char *data, size_t len);
void client_hung_up(struct client *client, int error);
void client_sent(struct client *client, int error);
void client_sock_closed(struct client *client);

/* No command of it may run now. */
static inline bool client_is_waiting(const struct client *client) {
    return client->block != CLIENT_RUNNING ||
           (client->flags & (CLIENT_CLOSING | CLIENT_CLOSE_AFTER_REPLY | CLIENT_IS_PAUSED)) != 0;
}
/* After a round: gives back receive memory that is not needed any more; a command in pieces
 * moves to an inbuf. May free a closed client. */
void client_settle(struct client *client);

/* Closes: at once, what is unsent is lost. The struct lives on until nothing refers to it. */
void client_close(struct client *client);
/* Closes once the output so far is sent. */
void client_close_after_reply(struct client *client);
/* There is input to parse or a block has ended: look at it in this turn. */
void client_make_ready(struct client *client);
/* Output was written: send it at the end of the turn, check the output limit. */
void client_make_dirty(struct client *client);
/* The shard's list that list_flag stands for has let go of it; may free it. */
void client_listed_no_more(struct client *client, uint32_t list_flag);
/* Where a reply for this client goes now: its output, or behind the last owed reply. */
struct outbuf *client_out(struct client *client);
/* Sends what is ready (end of turn). */
void client_flush(struct client *client);
/* Completed requests at the head of the FIFO are moved to the output; unblocks the client when
 * nothing is owed any more. */
void client_pending_advance(struct client *client);
void client_unref(struct client *client); /* may free it */
/* Back to the state of a new connection (RESET), but for what RESET keeps. */
void client_reset(struct client *client);
/* copies; false: characters not allowed */
bool client_set_text(struct config_text_owned *text, struct slice value);
/* A line of CLIENT LIST / CLIENT INFO, without the newline. Returns its length. Home thread only. */
size_t client_describe(const struct client *client, uint64_t now_unix_ms, char *dst,
                       size_t dst_bytes);
size_t client_memory_bytes(const struct client *client);
/* RESP's "-MSG" at protocol level: the error, then the connection closes. */
void client_protocol_error(struct client *client, const char *text);
