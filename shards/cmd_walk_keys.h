#pragma once
/* Walking over keys: what several commands need. */
#include "shards/shard.h"

bool walk_is_expired(const struct entry *entry, uint64_t now_unix_ms);
/* Over all threads' handles; what has expired but is still there counts. */
int64_t walk_keys_count(const struct node *node, unsigned db);

void keys_run(struct cmd_ctx *ctx);
void randomkey_run(struct cmd_ctx *ctx);
