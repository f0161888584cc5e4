#pragma once
/* What handlers of this room may ask of the shard runtime. All on the calling shard's own thread. */
#include "shards/shard.h"

/* Runs `run(target shard, arg)` on that shard's thread, soon; calls from one shard to one other
 * keep their order. To itself: in its next turn. */
void shard_call(struct shard *from, unsigned to_index, void (*run)(struct shard *shard, void *arg),
                void *arg);
/* Long work in slices: step() once a turn until it returns false. */
void shard_job_add(struct shard *shard, bool (*step)(struct shard *shard, void *arg), void *arg);
/* NULL: not here (any more). */
struct client *shard_client_find(struct shard *shard, uint64_t client_id);
