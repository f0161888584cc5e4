/* client.c - the life of a connection.
 *
 *     accept ─► client_new ─► … ─► client_close ─► loop: closed ─► freed
 *
 * I1  A client is freed when the loop is done with its socket, no request or gather under way
 *     refers to it (refs_count) and it stands in no list of its shard but the list of all
 *     clients.
 * I2  Input in_data[0..in_len) lies in in_buf (a reference is held) or in inbuf, or is empty.
 * I3  Replies go out in the order of the commands: behind the last owed reply (pending_tail),
 *     else straight to out. */
#include "shards/client.h"

#include <sys/uio.h>

#include "core/mem.h"
#include "net/listener.h"
#include "shards/block.h"
#include "shards/exec.h"
#include "shards/monitor.h"
#include "shards/shard.h"

enum {
    INBUF_BYTES_MIN = 4096,
    /* an emptied one larger than this goes back to the allocator */
    INBUF_BYTES_KEPT_MAX = 64 * 1024,
    ZERO_COPY_BYTES_MIN = 32 * 1024,
    LAZY_BYTES_MAX = 16 * 1024, /* what a socket takes at once, as a rule */
};

/* ---- Birth and death ---- */

struct client *client_new(struct shard *shard, int fd, bool is_unix_socket) {
    struct client *client = mem_must_zero(sizeof *client);
    struct node *node = shard->node;

    client->home = shard;
    client->id = atomic_fetch_add_explicit(&node->client_id_next, 1, memory_order_relaxed);
    client->flags = is_unix_socket ? CLIENT_UNIX_SOCKET : 0;
    if (shard->config->requirepass.len == 0) client->flags |= CLIENT_AUTHENTICATED;
    client->resp = 2;
    client->user = "default";
    client->created_unix_ms = client->active_unix_ms = shard->now_unix_ms;
    resp_parser_init(&client->parser);
    listener_peer_format(fd, client->address_peer, sizeof client->address_peer);
    listener_local_format(fd, client->address_local, sizeof client->address_local);

    client->next = shard->clients;
    if (client->next != NULL) client->next->prev = client;
    shard->clients = client;
    loop_sock_open(shard->loop, &client->sock, fd);
    return client;
}

static void drop_pending_output(struct client *client) {
    outbuf_clear(&client->out);
}

static void drop_input(struct client *client) {
    if (client->in_buf != NULL) loop_buf_release(client->home->loop, client->in_buf);
    if (client->inbuf != NULL) inbuf_release(client->inbuf);
    client->in_buf = NULL;
    client->inbuf = NULL;
    client->in_data = NULL;
    client->in_len = 0;
    resp_parser_next(&client->parser);
}

static void free_if_possible(struct client *client) {
    const uint32_t listed = CLIENT_IS_READY | CLIENT_IS_DIRTY | CLIENT_IS_PAUSED;
    struct shard *shard = client->home;

    if ((client->flags & CLIENT_SOCK_CLOSED) == 0 || client->refs_count > 0 ||
        (client->flags & listed) != 0)
        return;
    if (client->is_in_batch) return;
    SL_ASSERT(client->pending_head == NULL);
    if (shard->cron_client == client) shard->cron_client = client->next;
    if (client->prev != NULL) {
        client->prev->next = client->next;
    } else {
        shard->clients = client->next;
    }
    if (client->next != NULL) client->next->prev = client->prev;
    drop_input(client);
    outbuf_clear(&client->out);
    outbuf_clear(&client->sending);
    resp_parser_deinit(&client->parser);
    mem_free(client->name.data);
    mem_free(client->lib_name.data);
    mem_free(client->lib_version.data);
    mem_free(client);
}

void client_close(struct client *client) {
    struct shard *shard = client->home;

    if ((client->flags & CLIENT_CLOSING) != 0) return;
    client->flags |= CLIENT_CLOSING;
    if ((client->flags & CLIENT_MONITOR) != 0) monitor_leave(client);
    if (client->waiter != NULL) block_home_end(shard, client->waiter, BLOCK_END_CLOSED);
    atomic_fetch_sub_explicit(&shard->clients_count, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&shard->node->clients_count, 1, memory_order_relaxed);
    loop_sock_close(shard->loop, &client->sock);
}

void client_close_after_reply(struct client *client) {
    client->flags |= CLIENT_CLOSE_AFTER_REPLY;
    client_make_dirty(client);
}

void client_sock_closed(struct client *client) {
    client->flags |= CLIENT_SOCK_CLOSED;
    client->flags &= ~(uint32_t)CLIENT_IS_SENDING;
    outbuf_clear(&client->sending);
    drop_pending_output(client);
    free_if_possible(client);
}

void client_unref(struct client *client) {
    SL_ASSERT(client->refs_count > 0);
    client->refs_count--;
    free_if_possible(client);
}

/* The peer has sent all it will. What it has sent is still done and answered (it may have closed
 * one direction only). */
void client_hung_up(struct client *client, int error) {
    client->flags |= CLIENT_HUNG_UP;
    if (error != 0 || client->block == CLIENT_WAITS_BLOCKED) { /* nobody to serve */
        client_close(client);
    } else if (client->in_len == 0 && client->pending_head == NULL &&
               client->block == CLIENT_RUNNING) {
        client_close_after_reply(client);
    } else if (!client_is_waiting(client)) {
        client_make_ready(client); /* client_settle() closes it once nothing is left to do */
    }
}

/* ---- Lists ---- */

void client_make_ready(struct client *client) {
    struct shard *shard = client->home;

    if ((client->flags & (CLIENT_IS_READY | CLIENT_CLOSING)) != 0) return;
    client->flags |= CLIENT_IS_READY;
    client->ready_next = NULL;
    if (shard->ready_tail == NULL) {
        shard->ready_head = client;
    } else {
        shard->ready_tail->ready_next = client;
    }
    shard->ready_tail = client;
}

void client_make_dirty(struct client *client) {
    struct shard *shard = client->home;

    if ((client->flags & (CLIENT_IS_DIRTY | CLIENT_CLOSING)) != 0) return;
    client->flags |= CLIENT_IS_DIRTY;
    client->dirty_next = NULL;
    if (shard->dirty_tail == NULL) {
        shard->dirty_head = client;
    } else {
        shard->dirty_tail->dirty_next = client;
    }
    shard->dirty_tail = client;
}

void client_listed_no_more(struct client *client, uint32_t list_flag) {
    client->flags &= ~list_flag;
    free_if_possible(client);
}

/* ---- Input ---- */

void inbuf_release(struct inbuf *inbuf) {
    SL_ASSERT(inbuf->refs_count > 0);
    if (--inbuf->refs_count == 0) mem_free(inbuf);
}

/* Moves the unparsed bytes into an inbuf with room for `more` behind them. False: no memory. */
static bool input_make_room(struct client *client, size_t more) {
    struct inbuf *inbuf = client->inbuf;
    size_t needed = client->in_len + more;

    if (inbuf != NULL && inbuf->capacity - inbuf->len >= more) return true;
    if (inbuf != NULL && inbuf->refs_count == 1 && inbuf->capacity >= needed &&
        client->in_data != inbuf->data) {
        memmove(inbuf->data, client->in_data, client->in_len);
        inbuf->len = client->in_len;
        client->in_data = inbuf->data;
        return true;
    }
    /* An argument whose length is known gets its room at once; otherwise doubling. */
    size_t known = resp_parser_bytes_needed(&client->parser);
    size_t capacity = needed * 2;
    if (capacity > known && needed <= known && known > INBUF_BYTES_KEPT_MAX) capacity = known;
    if (capacity < known) capacity = known;
    if (capacity < INBUF_BYTES_MIN) capacity = INBUF_BYTES_MIN;
    struct inbuf *larger;
    if (inbuf != NULL && inbuf->refs_count == 1 && client->in_data == inbuf->data) {
        larger = mem_try_realloc(inbuf, sizeof *larger + capacity);
        if (larger == NULL) return false;
        client->inbuf = NULL;
    } else {
        larger = mem_try(sizeof *larger + capacity);
        if (larger == NULL) return false;
        if (client->in_len > 0) memcpy(larger->data, client->in_data, client->in_len);
    }
    if (client->inbuf != NULL) inbuf_release(client->inbuf);
    if (client->in_buf != NULL) loop_buf_release(client->home->loop, client->in_buf);
    client->in_buf = NULL;
    larger->refs_count = 1;
    larger->len = client->in_len;
    larger->capacity = capacity;
    client->inbuf = larger;
    client->in_data = larger->data;
    return true;
}

static void close_for_input(struct client *client, const char *why) {
    char line[512];

    client_describe(client, client->home->now_unix_ms, line, sizeof line);
    log_write(client->home->node->logger, LOG_LEVEL_WARNING, "Closing client that %s: %s", why,
              line);
    client_close(client);
}

void client_received(struct client *client, struct loop_buf *buf, char *data, size_t len) {
    struct shard *shard = client->home;

    client->bytes_in += len;
    if ((client->flags & (CLIENT_CLOSING | CLIENT_CLOSE_AFTER_REPLY)) != 0) {
        loop_buf_release(shard->loop, buf);
        return;
    }
    if (client->in_len == 0 && !client_is_waiting(client)) { /* the usual case: nothing left over */
        drop_input(client);
        client->in_data = data;
        client->in_len = len;
        client->in_buf = buf;
        /* right behind what we have */
    } else if (client->in_buf == buf && client->in_data + client->in_len == data) {
        client->in_len += len;
        loop_buf_release(shard->loop, buf);
    } else {
        bool has_room = input_make_room(client, len) &&
                        (client->in_buf == NULL || input_make_room(client, len));
        if (has_room) {
            memcpy(client->inbuf->data + client->inbuf->len, data, len);
            client->inbuf->len += len;
            client->in_len += len;
        }
        loop_buf_release(shard->loop, buf);
        if (!has_room) {
            close_for_input(client, "sent more than there is memory for");
            return;
        }
        if (client->in_len > (uint64_t)shard->config->client_query_buffer_limit) {
            stat_add(&shard->stats.client_query_buffer_limit_disconnections, 1);
            close_for_input(client, "reached max query buffer length");
            return;
        }
    }
    if (!client_is_waiting(client)) client_make_ready(client);
}

void client_settle(struct client *client) {
    client->is_in_batch = false;
    if ((client->flags & CLIENT_CLOSING) != 0) {
        drop_input(client);
        free_if_possible(client);
        return;
    }
    if ((client->flags & CLIENT_CLOSE_AFTER_REPLY) != 0) {
        drop_input(client);
        return;
    }
    bool is_over = (client->flags & (CLIENT_HUNG_UP | CLIENT_IS_READY)) == CLIENT_HUNG_UP &&
                   !client_is_waiting(client) && client->pending_head == NULL;
    if (is_over) { /* what is left is half a command, and the other half will not come */
        client_close_after_reply(client);
        return;
    }
    if (client->in_len == 0) {
        if (client->inbuf != NULL && client->inbuf->refs_count == 1 &&
            client->inbuf->capacity <= INBUF_BYTES_KEPT_MAX && client->in_buf == NULL) {
            client->inbuf->len = 0;
            client->in_data = client->inbuf->data;
        } else {
            drop_input(client);
        }
        return;
    }
    /* A command in pieces, or one that is put off, must not hold receive memory that others need. */
    if (client->in_buf != NULL && (client->flags & CLIENT_IS_READY) == 0 &&
        !input_make_room(client, 0)) {
        close_for_input(client, "sent more than there is memory for");
    }
}

/* ---- Output ---- */

struct outbuf *client_out(struct client *client) {
    return client->pending_tail != NULL ? &client->pending_tail->after.out : &client->out;
}

void client_pending_advance(struct client *client) {
    struct shard *shard = client->home;
    bool is_dead = (client->flags & CLIENT_CLOSING) != 0;
    struct request *request;

    while ((request = client->pending_head) != NULL && request->is_done) {
        client->pending_head = request->client_next;
        if (client->pending_head == NULL) client->pending_tail = NULL;
        client->pending_count--;
        if (is_dead || request->is_discarded) {
            reply_slot_discard(&request->reply);
        } else {
            reply_slot_move(&request->reply, &client->out);
        }
        if (is_dead) {
            reply_slot_discard(&request->after);
        } else {
            reply_slot_move(&request->after, &client->out);
            exec_finished(shard, client, request->cmd, request->args, request->args_count,
                          request->duration_ns);
        }
        request_free(shard, request);
        client->refs_count--;
    }
    if (is_dead) {
        free_if_possible(client);
        return;
    }
    client_make_dirty(client);
    if (client->pending_head != NULL) return;
    if (client->block == CLIENT_WAITS_REPLIES || client->block == CLIENT_WAITS_BLOCKED) {
        client->block = CLIENT_RUNNING;
        client_make_ready(client);
    } else if ((client->flags & CLIENT_HUNG_UP) != 0) {
        client_make_ready(client);
    }
}

/* client-output-buffer-limit of the normal class. True: over it, the client is being closed. */
static bool enforce_output_limit(struct client *client) {
    struct shard *shard = client->home;
    const struct config_output_limit *limit =
        &shard->config->client_output_buffer_limit[CONFIG_CLIENT_NORMAL];
    size_t bytes = client->out.memory_bytes + client->sending.memory_bytes;
    bool is_over = limit->hard_bytes > 0 && bytes > limit->hard_bytes;

    if (limit->soft_bytes > 0 && bytes > limit->soft_bytes) {
        if (client->soft_limit_since_unix_ms == 0) {
            client->soft_limit_since_unix_ms = shard->now_unix_ms;
        } else if (shard->now_unix_ms >
                   client->soft_limit_since_unix_ms + (uint64_t)limit->soft_seconds * 1000) {
            is_over = true;
        }
    } else {
        client->soft_limit_since_unix_ms = 0;
    }
    if (SL_LIKELY(!is_over)) return false;
    char line[512];
    client_describe(client, shard->now_unix_ms, line, sizeof line);
    log_write(shard->node->logger, LOG_LEVEL_WARNING,
              "Client %s scheduled to be closed ASAP for overcoming of output buffer limits.",
              line);
    stat_add(&shard->stats.client_output_buffer_limit_disconnections, 1);
    client_close(client);
    return true;
}

/* Moves at most LOOP_IOV_MAX chunks from out to sending. */
static void take_for_sending(struct client *client) {
    size_t count = 1;
    struct outbuf_chunk *last = client->out.head;

    while (last->next != NULL && count < LOOP_IOV_MAX) {
        last = last->next;
        count++;
    }
    if (last->next == NULL) {
        client->sending = client->out;
        outbuf_init(&client->out);
        return;
    }
    outbuf_split(&client->out, last, &client->sending);
}

void client_flush(struct client *client) {
    struct iovec iov[LOOP_IOV_MAX];
    size_t bytes = 0;

    if ((client->flags & (CLIENT_CLOSING | CLIENT_IS_SENDING)) != 0) {
        if ((client->flags & CLIENT_CLOSING) == 0) enforce_output_limit(client);
        return;
    }
    if (client->out.bytes == 0) {
        outbuf_clear(&client->out);
        if ((client->flags & CLIENT_CLOSE_AFTER_REPLY) != 0 && client->pending_head == NULL)
            client_close(client);
        return;
    }
    take_for_sending(client);
    size_t iov_count = outbuf_iov(&client->sending, iov, LOOP_IOV_MAX, &bytes);
    unsigned flags = 0;
    if (bytes >= ZERO_COPY_BYTES_MIN && client->is_remote) flags |= LOOP_SEND_ZERO_COPY;
    /* Nothing waits for the end of this send: it need not wake us. */
    if (client->out.bytes == 0 && bytes <= LAZY_BYTES_MAX &&
        (client->flags & CLIENT_CLOSE_AFTER_REPLY) == 0) {
        flags |= LOOP_SEND_LAZY;
    }
    client->flags |= CLIENT_IS_SENDING;
    client->bytes_out += bytes;
    loop_sock_send(client->home->loop, &client->sock, iov, iov_count, flags);
    if (client->out.bytes > 0) enforce_output_limit(client);
}

void client_sent(struct client *client, int error) {
    client->flags &= ~(uint32_t)CLIENT_IS_SENDING;
    outbuf_clear(&client->sending);
    if (error != 0) {
        client_close(client);
        return;
    }
    if (client->out.bytes > 0 || (client->flags & CLIENT_CLOSE_AFTER_REPLY) != 0)
        client_make_dirty(client);
}

void client_protocol_error(struct client *client, const char *text) {
    struct reply reply = {.out = client_out(client), .resp = client->resp};
    char line[512];

    if (logger_writes(client->home->node->logger, LOG_LEVEL_VERBOSE)) {
        client_describe(client, client->home->now_unix_ms, line, sizeof line);
        log_write(client->home->node->logger, LOG_LEVEL_VERBOSE, "%s from client: %s", text, line);
    }
    reply_error(&reply, text);
    shard_stats_error(&client->home->stats, reply.error_code);
    client_close_after_reply(client);
}

/* ---- The rest ---- */

bool client_set_text(struct config_text_owned *text, struct slice value) {
    for (size_t i = 0; i < value.len; i++) { /* printable, no blanks: CLIENT LIST stays parseable */
        if (value.data[i] < '!' || value.data[i] > '~') return false;
    }
    mem_free(text->data);
    *text = (struct config_text_owned){0};
    if (value.len == 0) return true;
    text->data = mem_must(value.len + 1);
    memcpy(text->data, value.data, value.len);
    text->data[value.len] = '\0';
    text->len = value.len;
    return true;
}

void client_reset(struct client *client) {
    const uint32_t kept = CLIENT_UNIX_SOCKET | CLIENT_IS_READY | CLIENT_IS_DIRTY |
                          CLIENT_IS_SENDING | CLIENT_IS_PAUSED | CLIENT_CLOSE_AFTER_REPLY |
                          CLIENT_HUNG_UP | CLIENT_CLOSING | CLIENT_SOCK_CLOSED;

    if ((client->flags & CLIENT_MONITOR) != 0) monitor_leave(client);
    client->flags &= kept;
    if (client->home->config->requirepass.len == 0) client->flags |= CLIENT_AUTHENTICATED;
    client->db = 0;
    client->resp = 2;
    client_set_text(&client->name, slice_of("", 0));
}

size_t client_memory_bytes(const struct client *client) {
    size_t bytes = sizeof *client + client->out.memory_bytes + client->sending.memory_bytes;

    bytes += client->inbuf != NULL ? sizeof(struct inbuf) + client->inbuf->capacity
                                   : client->in_len;
    bytes += client->pending_count * sizeof(struct request);
    return bytes + client->name.len + client->lib_name.len + client->lib_version.len;
}
