#pragma once
/* What the files of the string commands share. For cmd_string*.c alone. */
#include "core/cmd.h"

/* The options behind the value of SET, MSETEX and GETEX. */
enum string_condition {
    CONDITION_NONE,
    CONDITION_NX,
    CONDITION_XX,
    CONDITION_IFEQ,
    CONDITION_IFNE,
    CONDITION_IFDEQ,
    CONDITION_IFDNE,
};
enum expire_form {
    EXPIRE_FORM_NONE,
    EXPIRE_FORM_EX,
    EXPIRE_FORM_PX,
    EXPIRE_FORM_EXAT,
    EXPIRE_FORM_PXAT,
};
struct string_options {
    enum string_condition condition;
    enum expire_form expire;
    size_t expire_arg; /* where the time is */
    struct slice match; /* of IFEQ and its kind */
    bool get, keep_ttl, persist;
};
/* What a command lets its clients say. */
enum string_options_of { OPTIONS_OF_SET, OPTIONS_OF_GETEX, OPTIONS_OF_MSETEX };

/* Reads the arguments from arg_first on. False: the error is written. */
bool string_options_parse(struct cmd_ctx *ctx, size_t arg_first, enum string_options_of of,
                          struct string_options *options);
/* The deadline that a time argument means. False: the error is written. */
bool string_expire_at(struct cmd_ctx *ctx, size_t arg, enum expire_form form,
                      uint64_t *expire_at_unix_ms);
/* XXH3 of 64 bits in hexadecimal, most significant digit first. */
enum { STRING_DIGEST_BYTES = 16 };
bool string_is_digest(struct slice text);
void string_digest_print(struct slice value, char dst[static STRING_DIGEST_BYTES]);
/* Does a live string satisfy IFEQ, IFNE, IFDEQ or IFDNE? */
bool string_condition_holds(const struct entry *entry, enum string_condition condition,
                            struct slice match);

/* The value as a bulk string; a large one goes by reference. */
static inline void string_reply(struct reply *reply, const struct entry *entry) {
    struct blob *blob = entry_blob(entry);
    char scratch[ENTRY_SCRATCH_BYTES];

    if (SL_UNLIKELY(blob != NULL))
        reply_bulk_blob(reply, blob, 0, blob->len);
    else
        reply_bulk(reply, entry_string(entry, scratch));
}

/* Puts a string under a key as SET does, with the "new" event where there was none. Keeps an LFU
 * counter. False: no memory. */
bool string_put(struct cmd_ctx *ctx, const struct key *key, struct entry *entry_old,
                struct slice value, enum string_form form, uint64_t expire_at_unix_ms);
bool string_put_integer(struct cmd_ctx *ctx, const struct key *key, struct entry *entry_old,
                        int64_t value, uint64_t expire_at_unix_ms);

/* SET key value [PXAT deadline | KEEPTTL] as the effect. */
void string_effect_set(struct cmd_ctx *ctx, struct slice key, struct slice value,
                       uint64_t expire_at_unix_ms, bool keep_ttl);

/* The number under a key; a missing key is 0. False: the error is written. */
bool string_read_int64(struct cmd_ctx *ctx, const struct entry *entry, int64_t *value);
bool string_read_long_double(struct cmd_ctx *ctx, const struct entry *entry, long double *value);
