#pragma once
/* What a thread does when it gets another configuration. Most settings are read from
 * shard->config at every use and need nothing here. */
#include "shards/shard.h"

/* The settings that commands look at (struct cmd_settings), from shard->config. Own thread. */
void shard_settings_from_config(struct shard *shard);
/* shard->config is `after` already. Own thread. */
void shard_apply_config(struct shard *shard, const struct config *before,
                        const struct config *after);
/* The listening sockets, after that. 0, or a negative errno when those that `after` asks for
 * cannot be had: the old ones stay. */
int shard_apply_listeners(struct shard *shard, const struct config *before,
                          const struct config *after);
/* Can the process do what `config` asks for? False: `reason` says why not, for a client. Raises
 * the limit of open files. */
bool config_is_possible(const struct node *node, const struct config *config, char *reason,
                        size_t reason_bytes);
