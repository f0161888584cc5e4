#pragma once
/* What the files of the hash commands share. For cmd_hash*.c and hash_expire.c alone. */
#include "core/cmd.h"
#include "core/hash.h"

static inline struct hash_limits hash_limits_of(const struct cmd_ctx *ctx) {
    return (struct hash_limits){ctx->settings->hash_max_listpack_entries,
                                ctx->settings->hash_max_listpack_value};
}

/* A hash under a key while a command changes it. */
struct hash_edit {
    struct key key;
    struct entry *entry; /* NULL: there is no key yet */
    struct hash hash; /* when there is an entry, or hash_edit_make() was called */
    uint64_t deadline_unix_ms; /* as it was before */
    struct dict_origin origin;
    struct hash_limits limits;
};
/* Looks the first key up. False: WRONGTYPE is written. */
bool hash_edit_begin(struct cmd_ctx *ctx, struct hash_edit *edit);
void hash_edit_make(struct hash_edit *edit); /* an empty hash where there is no key */
enum hash_set_result hash_edit_set(struct cmd_ctx *ctx, struct hash_edit *edit, struct slice name,
                                   struct slice value, uint64_t expire_at_unix_ms);
/* Puts back what has changed: the new key, the object's new address, its deadline. False: no
 * memory for a new key, the error is written. A hash that is empty is not for this:
 * hash_edit_end_maybe_empty(). */
bool hash_edit_end(struct cmd_ctx *ctx, struct hash_edit *edit);
/* After removals: deletes a key whose hash is empty, with its event. True: it is gone. */
bool hash_edit_end_maybe_empty(struct cmd_ctx *ctx, struct hash_edit *edit);

/* Says that a due field is gone before the command gives it a new life, or takes it out: effect
 * HDEL, event "hexpired". */
void hash_say_expired(struct cmd_ctx *ctx, struct slice key, struct slice name);
/* The fields that a command has changed, for its effect: kept only when somebody listens. */
struct hash_changed {
    struct slice *fields; /* or NULL */
    size_t count;
};
void hash_changed_init(const struct cmd_ctx *ctx, struct hash_changed *changed, size_t count_max);
void hash_changed_add(struct hash_changed *changed, struct slice name);
/* The effect `head` (NULL: HDEL key) [FIELDS count] fields, and the list is freed. */
void hash_changed_emit(struct cmd_ctx *ctx, struct hash_changed *changed, const struct slice *head,
                       size_t head_count);

static inline void hash_reply_value(struct reply *reply, const struct hash_field *field) {
    if (SL_UNLIKELY(field->blob != NULL))
        reply_bulk_blob(reply, field->blob, 0, field->blob->len);
    else
        reply_bulk(reply, field->value);
}

/* FIELDS n field ... from args[at] on, to the end. False: the error is written. */
bool hash_fields_parse(struct cmd_ctx *ctx, size_t at, const char *count_text,
                       const struct slice **fields, size_t *fields_count);
/* The deadline a time argument means, by the rules of field deadlines. False: the error is written. */
bool hash_arg_deadline(struct cmd_ctx *ctx, size_t arg, bool is_seconds, bool is_absolute,
                       uint64_t *expire_at_unix_ms);
/* EX, PX, EXAT or PXAT? */
bool hash_arg_is_time(const struct cmd_ctx *ctx, size_t arg, bool *is_seconds, bool *is_absolute);
