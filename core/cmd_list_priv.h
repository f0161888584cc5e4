#pragma once
/* What the files of the list commands share. */
#include "core/cmd.h"
#include "core/list.h"

/* *entry NULL and the list untouched: no key. False: WRONGTYPE is written. */
bool list_find_read(struct cmd_ctx *ctx, const struct key *key, struct list *list);
bool list_find_write(struct cmd_ctx *ctx, const struct key *key, struct entry **entry,
                     struct list *list);
/* Adds elements, all or none, to the list (entry NULL: a new key) and announces it. The new
 * count; 0: no memory, the error is written. */
size_t list_push_all(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                     enum list_end end, const struct slice *texts, size_t texts_count);
/* After so many elements were taken from an end: keeps the list or deletes the empty key, with the
 * events. With a count of 0 it was half of a move, whose other half has counted as the change. */
void list_popped(struct cmd_ctx *ctx, const struct key *key, struct entry *entry, struct list *list,
                 enum list_end end, size_t popped_count);
/* Takes up to count elements (at least one is there) from an end, answers them as an array. How
 * many. */
size_t list_pop_array(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                      struct list *list, enum list_end end, int64_t count);
