#pragma once
/* What the files of the sorted sets' commands share. */
#include "core/cmd.h"
#include "core/zset.h"

/* A range as arguments say it; false: Redis' error is written. */
bool zset_arg_scores(struct cmd_ctx *ctx, size_t min_index, size_t max_index,
                     struct zset_score_range *range); /* 1.5  (1.5  -inf  +inf */
bool zset_arg_names(struct cmd_ctx *ctx, size_t min_index, size_t max_index,
                    struct zset_lex_range *range); /* [name  (name  -  + */

/* count items follow: a flat array, but in RESP3 one of pairs if there are scores. */
void zset_reply_begin(struct reply *reply, size_t count, bool with_scores);
void zset_reply_item(struct reply *reply, const struct zset_item *item, bool with_scores);

/* A result comes in a key's place (an empty one deletes the key), with its event and its count
 * as the reply. The set is taken. */
void zset_store(struct cmd_ctx *ctx, const struct key *key, struct zset *zset, const char *event);
/* After members were removed: the handle into the entry, or the key away. */
void zset_removed(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                  const struct zset *zset, const char *event, size_t removed_count);
