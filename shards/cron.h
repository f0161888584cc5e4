#pragma once
/* What each shard does ten times a second beside its requests, in small pieces. */
#include "shards/shard.h"

enum { CRON_PERIOD_MS = 100 };
void cron_run(struct shard *shard); /* shard->now_unix_ms is fresh */
