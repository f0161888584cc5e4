#pragma once
/* MONITOR: every command, shown to the clients that asked for it, whatever shard they are on. */
#include "shards/shard.h"

/* After a command of `client` on its own thread; only when node->monitors_count > 0: it costs a
 * message to each shard. */
void monitor_feed(struct shard *shard, const struct client *client, const struct cmd *cmd,
                  const struct slice *args, size_t args_count);
/* The client is one no more (it closes, or RESET). Does nothing if it was none. */
void monitor_leave(struct client *client);
