/* cmd_hash_counter.c - fields that are numbers: HINCRBY, HINCRBYFLOAT. Both keep the deadline. */
#include "core/cmd_families.h"
#include "core/cmd_hash_priv.h"
#include "core/number.h"

/* The field to change; false: none, and a due one is announced as gone. */
static bool find(struct cmd_ctx *ctx, const struct hash_edit *edit, struct hash_field *field) {
    if (edit->entry == NULL || !hash_find(edit->hash, 0, ctx->args[2], field)) return false;
    if (field->expire_at_unix_ms == EXPIRE_NONE || field->expire_at_unix_ms > ctx->now_unix_ms)
        return true;
    hash_say_expired(ctx, edit->key.name, ctx->args[2]);
    return false;
}

/* False: the error is written. */
static bool store(struct cmd_ctx *ctx, struct hash_edit *edit, struct slice value,
                  uint64_t expire_at_unix_ms, const char *event) {
    hash_edit_make(edit);
    if (hash_edit_set(ctx, edit, ctx->args[2], value, expire_at_unix_ms) == HASH_SET_NO_MEMORY) {
        if (edit->entry == NULL)
            hash_free(edit->hash);
        else
            (void)hash_edit_end(ctx, edit);
        reply_no_memory(ctx->reply);
        return false;
    }
    if (!hash_edit_end(ctx, edit)) return false;
    cmd_changed(ctx, EVENT_HASH, event, ctx->db, edit->key.name);
    return true;
}

static void hincrby(struct cmd_ctx *ctx) {
    uint64_t deadline = EXPIRE_NONE;
    char text[NUMBER_INT64_BYTES_MAX];
    struct hash_edit edit;
    struct hash_field field;
    int64_t amount, value = 0;

    if (!cmd_arg_int64(ctx, 3, &amount, NULL)) return;
    if (!hash_edit_begin(ctx, &edit)) return;
    if (find(ctx, &edit, &field)) {
        if (!number_parse_int64(field.value, &value)) {
            reply_error(ctx->reply, "hash value is not an integer");
            return;
        }
        deadline = field.expire_at_unix_ms;
    }
    if (__builtin_add_overflow(value, amount, &value)) {
        reply_error(ctx->reply, "increment or decrement would overflow");
        return;
    }
    struct slice sum = slice_of(text, number_print_int64(text, value));
    if (store(ctx, &edit, sum, deadline, "hincrby")) reply_int(ctx->reply, value);
}

static void hincrbyfloat(struct cmd_ctx *ctx) {
    uint64_t deadline = EXPIRE_NONE;
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    struct hash_edit edit;
    struct hash_field field;
    long double amount, value = 0;

    if (!number_parse_long_double(ctx->args[3], &amount)) {
        reply_error(ctx->reply, "value is not a valid float");
        return;
    }
    if (__builtin_isinf(amount)) {
        reply_error(ctx->reply, "value is NaN or Infinity");
        return;
    }
    if (!hash_edit_begin(ctx, &edit)) return;
    if (find(ctx, &edit, &field)) {
        if (!number_parse_long_double(field.value, &value)) {
            reply_error(ctx->reply, "hash value is not a float");
            return;
        }
        deadline = field.expire_at_unix_ms;
    }
    value += amount;
    if (__builtin_isnan(value) || __builtin_isinf(value)) {
        reply_error(ctx->reply, "increment would produce NaN or Infinity");
        return;
    }
    struct slice sum = slice_of(text, number_print_long_double(text, value));
    if (!store(ctx, &edit, sum, deadline, "hincrbyfloat")) return;
    /* The sum, not the addition: another machine's floating point need not agree with ours. */
    if (deadline == EXPIRE_NONE) {
        struct slice effect[] = {SLICE_LITERAL("HSET"), edit.key.name, ctx->args[2], sum};
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    } else {
        struct slice effect[] = {SLICE_LITERAL("HSETEX"),
                                 edit.key.name,
                                 SLICE_LITERAL("KEEPTTL"),
                                 SLICE_LITERAL("FIELDS"),
                                 SLICE_LITERAL("1"),
                                 ctx->args[2],
                                 sum};
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    }
    reply_bulk(ctx->reply, sum);
}

/* ---- Rows ---- */
/* clang-format off */

#define COUNTER_ROW .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, \
    .categories = CATEGORY_HASH, .group = "hash", .complexity = "O(1)", \
    .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE)
static const struct cmd_arg hincrby_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "field", .type = ARG_STRING},
    {.name = "increment", .type = ARG_INTEGER},
};
static const struct cmd_arg hincrbyfloat_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "field", .type = ARG_STRING},
    {.name = "increment", .type = ARG_DOUBLE},
};

static const struct cmd_def counter_cmds[] = {
    {.name = "hincrby", .run = hincrby, COUNTER_ROW, .since = "2.0.0",
     .summary = "Adds to the integer in a field; a missing one counts as 0.",
     CMD_SYNTAX(hincrby_syntax)},
    {.name = "hincrbyfloat", .run = hincrbyfloat, COUNTER_ROW, .since = "2.6.0",
     .summary = "Adds to the floating-point number in a field; a missing one counts as 0.",
     CMD_SYNTAX(hincrbyfloat_syntax)},
};
const struct cmd_family cmd_family_hash_counter = {"hash", counter_cmds,
                                                   ARRAY_COUNT(counter_cmds)};
/* clang-format on */
