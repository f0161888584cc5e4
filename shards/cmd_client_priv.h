#pragma once
/* What the files of the CLIENT family share. */
#include "core/cmd.h"
#include "shards/client.h"

enum client_type {
    CLIENT_TYPE_NORMAL,
    CLIENT_TYPE_REPLICA,
    CLIENT_TYPE_PUBSUB,
    CLIENT_TYPE_MASTER
};
/* False: there is no such type; the error is written. */
bool client_type_parse(struct cmd_ctx *ctx, size_t index, enum client_type *type);
/* Nobody subscribes or replicates yet: every client is a normal one, MONITOR included. */
enum client_type client_type_of(const struct client *client);

void client_list(struct cmd_ctx *ctx);
void client_kill(struct cmd_ctx *ctx);
void client_unblock(struct cmd_ctx *ctx);
