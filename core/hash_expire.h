#pragma once
/* Fields whose deadline is over leave their hash: in the background, as keys do, whoever looks. */
#include "core/cmd.h"

/* Takes out up to fields_max due fields: effect HDEL, event "hexpired", and with the last field the
 * key goes too, event "del". Returns how many; when fewer than fields_max nothing due is left. The
 * entry must be a hash's, and not be used afterwards. */
size_t hash_reclaim(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry,
                    size_t fields_max);
void hash_count_expired(struct cmd_ctx *ctx, size_t fields_count); /* INFO's expired_subkeys */
