#pragma once
/* For cmd_set*.c alone. */
#include "core/cmd.h"
#include "core/set.h"

/* The key's set as it is now. False: WRONGTYPE is written. set->object NULL: no such key. */
bool set_find_read(struct cmd_ctx *ctx, const struct key *key, struct set *set);
/* A member came out of the set: back into the entry, or the key goes if it was the last. */
void set_keep_or_delete(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                        const struct set *set);
