#pragma once
/* What the files of the stream commands share. */
#include "core/cmd.h"
#include "core/stream.h"
#include "core/stream_group.h"

/* ---- Ids ---- */
enum { STREAM_ID_BYTES_MAX = 41 }; /* two 64-bit numbers and a dash */
size_t stream_print_id(char dst[static STREAM_ID_BYTES_MAX], struct stream_id id);
void stream_reply_id(struct cmd_ctx *ctx, struct stream_id id);
/* A text like 5-1, 5 (the rest is seq_missing), - and +. seq_given not NULL: 5-* too, which
 * makes it false. */
enum stream_id_form { STREAM_ID_STRICT, STREAM_ID_WITH_EDGES }; /* are - and + ids? */
bool stream_parse_id(struct slice text, enum stream_id_form form, uint64_t seq_missing,
                     bool *seq_given, struct stream_id *id);
/* The same of an argument. False: the error is written. */
bool stream_arg_id(struct cmd_ctx *ctx, size_t index, enum stream_id_form form,
                   struct stream_id *id);
/* One end of an interval, "(" before it excludes it. */
bool stream_arg_first(struct cmd_ctx *ctx, size_t index, struct stream_id *id);
bool stream_arg_last(struct cmd_ctx *ctx, size_t index, struct stream_id *id);
/* Strict ids at arg_first and behind, all or none. Freed with stream_ids_free(). False: the
 * error is written. */
struct stream_ids {
    struct stream_id few[8];
    struct stream_id *at; /* few or allocated */
};
bool stream_args_ids(struct cmd_ctx *ctx, size_t arg_first, size_t count, struct stream_ids *ids);
void stream_ids_free(struct stream_ids *ids);

/* ---- Entries ---- */
/* Writes the entries of a range as an array. count_max 0: all. */
void stream_reply_range(struct cmd_ctx *ctx, const struct stream *stream, struct stream_id first,
                        struct stream_id last, uint64_t count_max, bool is_backward);
/* One entry, without an array around it. False: it is not there, nothing is written. */
bool stream_reply_entry(struct cmd_ctx *ctx, const struct stream *stream, struct stream_id id);
/* The entry that the iterator just gave. */
void stream_reply_found(struct cmd_ctx *ctx, struct stream_iter *iter, struct stream_id id,
                        size_t pairs_count);

/* ---- Keys ---- */
/* *stream NULL: there is no such key. False: WRONGTYPE is written. */
bool stream_find_read(struct cmd_ctx *ctx, const struct key *key, struct stream **stream);
bool stream_find_write(struct cmd_ctx *ctx, const struct key *key, struct stream **stream);
void stream_changed(struct cmd_ctx *ctx, const char *event, const struct key *key);
/* Its limits out of the settings. */
struct stream_limits stream_limits(const struct cmd_ctx *ctx);

/* ---- Groups ---- */
/* The consumer, made if need be (with its event). */
struct stream_consumer *stream_find_or_add_consumer(struct cmd_ctx *ctx, const struct key *key,
                                                    struct stream_group *group, struct slice name);
/* The effects of a delivery, and of a group that went on. */
void stream_effect_claim(struct cmd_ctx *ctx, struct slice key, const struct stream_group *group,
                         struct stream_id id, const struct stream_pending *pending);
void stream_effect_group_id(struct cmd_ctx *ctx, struct slice key,
                            const struct stream_group *group);
void stream_effect_consumer(struct cmd_ctx *ctx, struct slice key, const struct stream_group *group,
                            struct slice consumer);
