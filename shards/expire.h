#pragma once
/* Active expiry: a key is gone within milliseconds of its deadline, whoever looks. */
#include "shards/shard.h"

/* Deletes what is due on this thread's own shard, a bounded piece; takes the token for it. True:
 * more is due now. */
bool expire_step(struct shard *shard);
/* keyspace_hooks.deadline_sooner: a slot's alarm moves nearer. */
/* Sets a slot's alarm, the shard's token held; its thread is woken if it would sleep too long.
 * UINT64_MAX: none. */
void expire_set_alarm(struct shard *thread, struct shard *shard, unsigned slot,
                      uint64_t deadline_unix_ms);
void expire_deadline_sooner(void *owner, unsigned slot, uint64_t deadline_unix_ms);
