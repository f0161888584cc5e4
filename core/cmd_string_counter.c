/* cmd_string_counter.c - strings that are numbers: INCR, DECR and those by an amount. */
#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"
#include "core/number.h"

bool string_read_int64(struct cmd_ctx *ctx, const struct entry *entry, int64_t *value) {
    char scratch[ENTRY_SCRATCH_BYTES];

    *value = 0;
    if (entry == NULL) return true;
    if (SL_UNLIKELY(entry_type(entry) != VALUE_STRING)) {
        reply_wrong_type(ctx->reply);
        return false;
    }
    if (SL_LIKELY(entry_integer(entry, value))) return true;
    if (number_parse_int64(entry_string(entry, scratch), value)) return true;
    reply_error(ctx->reply, "value is not an integer or out of range");
    return false;
}

static void add(struct cmd_ctx *ctx, int64_t amount) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);
    int64_t value;

    if (!string_read_int64(ctx, entry, &value)) return;
    if (SL_UNLIKELY(__builtin_add_overflow(value, amount, &value))) {
        reply_error(ctx->reply, "increment or decrement would overflow");
        return;
    }
    if (SL_LIKELY(entry != NULL && entry_encoding(entry) == ENCODING_INT)) {
        entry_set_integer(entry, value);
    } else {
        uint64_t deadline = entry != NULL ? entry_expire_at_unix_ms(entry) : EXPIRE_NONE;

        if (!string_put_integer(ctx, &key, entry, value, deadline)) {
            reply_no_memory(ctx->reply);
            return;
        }
    }
    cmd_changed(ctx, EVENT_STRING, "incrby", ctx->db, key.name);
    reply_int(ctx->reply, value);
}

static void incr(struct cmd_ctx *ctx) {
    add(ctx, 1);
}

static void decr(struct cmd_ctx *ctx) {
    add(ctx, -1);
}

static void incrby(struct cmd_ctx *ctx) {
    int64_t amount;

    if (cmd_arg_int64(ctx, 2, &amount, NULL)) add(ctx, amount);
}

static void decrby(struct cmd_ctx *ctx) {
    int64_t amount;

    if (!cmd_arg_int64(ctx, 2, &amount, NULL)) return;
    if (amount == INT64_MIN) { /* it has no negative */
        reply_error(ctx->reply, "decrement would overflow");
        return;
    }
    add(ctx, -amount);
}

bool string_read_long_double(struct cmd_ctx *ctx, const struct entry *entry, long double *value) {
    char scratch[ENTRY_SCRATCH_BYTES];

    *value = 0;
    if (entry == NULL) return true;
    if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return false;
    }
    if (number_parse_long_double(entry_string(entry, scratch), value)) return true;
    reply_error(ctx->reply, "value is not a valid float");
    return false;
}

static void incrbyfloat(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    long double value, amount;
    struct slice sum;

    if (!string_read_long_double(ctx, entry, &value)) return;
    if (!number_parse_long_double(ctx->args[2], &amount)) {
        reply_error(ctx->reply, "value is not a valid float");
        return;
    }
    value += amount;
    if (__builtin_isnan(value) || __builtin_isinf(value)) {
        reply_error(ctx->reply, "increment would produce NaN or Infinity");
        return;
    }
    sum = slice_of(text, number_print_long_double(text, value));
    if (!string_put(ctx, &key, entry, sum, STRING_PLAIN,
                    entry != NULL ? entry_expire_at_unix_ms(entry) : EXPIRE_NONE)) {
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_changed(ctx, EVENT_STRING, "incrbyfloat", ctx->db, key.name);
    /* The sum, not the addition: another machine's floating point need not agree with ours. */
    string_effect_set(ctx, key.name, sum, EXPIRE_NONE, true);
    reply_bulk(ctx->reply, sum);
}

/* ---- Rows ---- */
/* clang-format off */

#define COUNTER_FLAGS .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .categories = CATEGORY_STRING, \
    .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE)

static const struct cmd_arg syntax_key[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg incrby_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "increment", .type = ARG_INTEGER},
};
static const struct cmd_arg decrby_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "decrement", .type = ARG_INTEGER},
};
static const struct cmd_arg incrbyfloat_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "increment", .type = ARG_DOUBLE},
};

static const struct cmd_def counter_cmds[] = {
    {.name = "incr", .run = incr, .arity = 2, COUNTER_FLAGS,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Adds one to the integer under a key; a missing one counts as 0.",
     CMD_SYNTAX(syntax_key)},
    {.name = "decr", .run = decr, .arity = 2, COUNTER_FLAGS,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Takes one from the integer under a key; a missing one counts as 0.",
     CMD_SYNTAX(syntax_key)},
    {.name = "incrby", .run = incrby, .arity = 3, COUNTER_FLAGS,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Adds to the integer under a key; a missing one counts as 0.",
     CMD_SYNTAX(incrby_syntax)},
    {.name = "decrby", .run = decrby, .arity = 3, COUNTER_FLAGS,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Takes from the integer under a key; a missing one counts as 0.",
     CMD_SYNTAX(decrby_syntax)},
    {.name = "incrbyfloat", .run = incrbyfloat, .arity = 3, COUNTER_FLAGS,
     .group = "string", .since = "2.6.0", .complexity = "O(1)",
     .summary = "Adds to the floating-point number under a key; a missing one counts as 0.",
     CMD_SYNTAX(incrbyfloat_syntax)},
};
const struct cmd_family cmd_family_string_counter = {"string", counter_cmds,
                                                     ARRAY_COUNT(counter_cmds)};
/* clang-format on */
