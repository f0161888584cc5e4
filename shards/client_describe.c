/* client_describe.c - one line of CLIENT LIST: Redis' fields in Redis' order, and those of later
 * versions at the end. What a slipring client cannot have (subscriptions, MULTI) shows the value
 * of not having it. */
#include <inttypes.h>
#include <stdio.h>

#include "shards/shard.h"

enum { FLAGS_BYTES = 16 };

static void describe_flags(const struct client *client, char dst[static FLAGS_BYTES]) {
    static const struct {
        uint32_t flag;
        char letter;
    } letters[] = {
        {CLIENT_MONITOR, 'O'},     {CLIENT_CLOSE_AFTER_REPLY, 'c'}, {CLIENT_CLOSING, 'A'},
        {CLIENT_UNIX_SOCKET, 'U'}, {CLIENT_NO_EVICT, 'e'},          {CLIENT_NO_TOUCH, 'T'},
    };
    size_t len = 0;

    if (client->waiter != NULL) dst[len++] = 'b';

    for (size_t i = 0; i < ARRAY_COUNT(letters); i++) {
        if (client->flags & letters[i].flag) dst[len++] = letters[i].letter;
    }
    if (len == 0) dst[len++] = 'N';
    dst[len] = '\0';
}

static size_t chunks_count(const struct outbuf *out) {
    size_t count = 0;

    for (const struct outbuf_chunk *chunk = out->head; chunk != NULL; chunk = chunk->next) count++;
    return count;
}

static uint64_t seconds_since(uint64_t since_unix_ms, uint64_t now_unix_ms) {
    return now_unix_ms > since_unix_ms ? (now_unix_ms - since_unix_ms) / 1000 : 0;
}

size_t client_describe(const struct client *client, uint64_t now_unix_ms, char *dst,
                       size_t dst_bytes) {
    const struct outbuf_chunk *first = client->out.head;
    size_t free_bytes = client->inbuf != NULL ? client->inbuf->capacity - client->inbuf->len : 0;
    size_t output_bytes = client->out.memory_bytes + client->sending.memory_bytes;
    size_t chunks = chunks_count(&client->out) + chunks_count(&client->sending);
    bool writes = chunks > 0 || (client->flags & CLIENT_IS_SENDING);
    char flags[FLAGS_BYTES];

    describe_flags(client, flags);
    int len = snprintf(
        dst, dst_bytes,
        "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%.*s age=%" PRIu64 " idle=%" PRIu64
        " flags=%s db=%u sub=0 psub=0 ssub=0 multi=-1 qbuf=%zu qbuf-free=%zu argv-mem=0"
        " multi-mem=0 rbs=%u rbp=%u obl=%zu oll=%zu omem=%zu tot-mem=%zu events=%s cmd=%s user=%s"
        " redir=-1 resp=%u lib-name=%.*s lib-ver=%.*s tot-net-in=%" PRIu64 " tot-net-out=%" PRIu64
        " tot-cmds=%" PRIu64,
        client->id, client->address_peer, client->address_local, client->sock.fd,
        (int)client->name.len, client->name.data != NULL ? client->name.data : "",
        seconds_since(client->created_unix_ms, now_unix_ms),
        seconds_since(client->active_unix_ms, now_unix_ms), flags, client->db, client->in_len,
        free_bytes, first != NULL ? first->capacity : 0, first != NULL ? first->len : 0,
        first != NULL && first->blob == NULL ? (size_t)first->len : 0, chunks, output_bytes,
        client_memory_bytes(client), writes ? "rw" : "r",
        client->last_cmd != NULL ? client->last_cmd->fullname : "NULL",
        client->user != NULL ? client->user : "default", client->resp, (int)client->lib_name.len,
        client->lib_name.data != NULL ? client->lib_name.data : "", (int)client->lib_version.len,
        client->lib_version.data != NULL ? client->lib_version.data : "", client->bytes_in,
        client->bytes_out, client->commands_count);
    SL_ASSERT(len >= 0);
    return (size_t)len < dst_bytes ? (size_t)len : dst_bytes - 1;
}
