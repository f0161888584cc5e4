#pragma once
/* What the files of the HyperLogLog commands share. For cmd_hyperloglog*.c alone. */
#include "core/cmd.h"
#include "core/hyperloglog.h"

/* Is it a HyperLogLog, as far as its header says? False: the error is written. */
bool hll_is_value(struct cmd_ctx *ctx, const struct entry *entry);
void hll_reply_broken(struct cmd_ctx *ctx);

/* A value that is being changed. Its entry may be a few bytes longer than the value, until
 * hll_edit_end(). */
struct hll_edit {
    const struct key *key;
    struct entry *entry;
    char *data;
    size_t len;
};
enum hll_edited { EDIT_UNCHANGED, EDIT_CHANGED, EDIT_BROKEN, EDIT_NO_MEMORY };

/* entry NULL: the key is made. False: the error is written. */
bool hll_edit_begin(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                    struct hll_edit *edit);
enum hll_edited hll_edit_to_dense(struct cmd_ctx *ctx, struct hll_edit *edit);
struct slice hll_edit_value(const struct hll_edit *edit);
void hll_edit_end(struct hll_edit *edit);
