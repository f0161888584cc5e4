#include "shards/monitor.h"

#include <inttypes.h>

#include "core/mem.h"
#include "shards/families.h"
#include "shards/redact.h"
#include "shards/runtime.h"
#include "shards/text.h"

struct monitor_line { /* on its way to one shard */
    size_t len;
    char data[];
};

static void show(struct shard *shard, void *arg) {
    struct monitor_line *line = arg;

    for (struct client *client = shard->clients; client != NULL; client = client->next) {
        if (!(client->flags & CLIENT_MONITOR) || (client->flags & CLIENT_CLOSING)) continue;
        outbuf_append(client_out(client), line->data, line->len);
        client_make_dirty(client);
    }
    mem_free(line);
}

static void print_line(struct text *text, const struct client *client, const struct slice *args,
                       size_t args_count) {
    uint64_t now_us = clock_unix_us();
    bool is_unix = (client->flags & CLIENT_UNIX_SOCKET) != 0;

    text_print(text, "+%" PRIu64 ".%06u [%u %s%s]", now_us / 1000000, (unsigned)(now_us % 1000000),
               client->db, is_unix ? "unix:" : "",
               is_unix ? client->address_local : client->address_peer);
    for (size_t i = 0; i < args_count; i++) {
        text_append(text, " ", 1);
        text_append_quoted(text, redact_arg(args, args_count, i) ? REDACTED : args[i]);
    }
    text_append(text, "\r\n", 2);
}

void monitor_feed(struct shard *shard, const struct client *client, const struct cmd *cmd,
                  const struct slice *args, size_t args_count) {
    struct text text = {0};

    if (cmd != NULL && (cmd->def->flags & (CMD_SKIP_MONITOR | CMD_ADMIN))) return;
    print_line(&text, client, args, args_count);
    for (unsigned i = 0; i < shard->node->shards_count; i++) {
        struct monitor_line *line = mem_must(sizeof *line + text.len);

        line->len = text.len;
        memcpy(line->data, text.data, text.len);
        shard_call(shard, i, show, line);
    }
    text_free(&text);
}

void monitor_leave(struct client *client) {
    if (!(client->flags & CLIENT_MONITOR)) return;
    client->flags &= ~(uint32_t)CLIENT_MONITOR;
    atomic_fetch_sub(&client->home->node->monitors_count, 1);
}

/* MONITOR */
static void monitor_run(struct cmd_ctx *ctx) {
    struct client *client = session_of(ctx)->client;

    if (!(client->flags & CLIENT_MONITOR)) {
        client->flags |= CLIENT_MONITOR;
        atomic_fetch_add(&client->home->node->monitors_count, 1);
    }
    reply_ok(ctx->reply);
}

/* clang-format off */

static const struct cmd_def monitor_cmds[] = {
    {.name = "monitor",
     .run = monitor_run,
     .arity = 1,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Shows every command as it is processed."},
};
/* clang-format on */

const struct cmd_family cmd_family_monitor = {"monitor", monitor_cmds, ARRAY_COUNT(monitor_cmds)};
