/* cmd_string_increx.c - INCREX (Redis 8.8): count, keep to bounds and set the deadline, in one
 * step. A rate limiter is INCREX key UBOUND 100 EX 60 ENX: the second number answered is 0 when
 * the limit is reached. The answer is always the value and what was really added to it. */
#include <float.h>

#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"
#include "core/number.h"

/* Where an option's value is among the arguments; 0: the option is not there. */
struct increx_options {
    size_t by_int_arg, by_float_arg, lower_arg, upper_arg, expire_arg;
    enum expire_form expire;
    bool saturate, persist, enx;
};

/* What a key's deadline becomes. */
struct increx_deadline {
    uint64_t expire_at_unix_ms;
    bool is_kept, is_set, is_removed; /* one of them */
};

static bool take_value(struct cmd_ctx *ctx, size_t *i, size_t *arg) {
    if (*arg != 0 || *i + 1 >= ctx->args_count) return false;
    *arg = ++*i;
    return true;
}

static bool option_parse(struct cmd_ctx *ctx, size_t *i, struct increx_options *options) {
    static const struct {
        const char *word;
        enum expire_form form;
    } forms[] = {{"ex", EXPIRE_FORM_EX},
                 {"px", EXPIRE_FORM_PX},
                 {"exat", EXPIRE_FORM_EXAT},
                 {"pxat", EXPIRE_FORM_PXAT}};

    if (cmd_arg_is(ctx, *i, "byint")) return take_value(ctx, i, &options->by_int_arg);
    if (cmd_arg_is(ctx, *i, "byfloat")) return take_value(ctx, i, &options->by_float_arg);
    if (cmd_arg_is(ctx, *i, "lbound")) return take_value(ctx, i, &options->lower_arg);
    if (cmd_arg_is(ctx, *i, "ubound")) return take_value(ctx, i, &options->upper_arg);
    if (cmd_arg_is(ctx, *i, "saturate")) return options->saturate = true;
    if (cmd_arg_is(ctx, *i, "persist")) return options->persist = true;
    if (cmd_arg_is(ctx, *i, "enx")) return options->enx = true;
    for (size_t form = 0; form < ARRAY_COUNT(forms); form++) {
        if (!cmd_arg_is(ctx, *i, forms[form].word)) continue;
        options->expire = forms[form].form;
        return take_value(ctx, i, &options->expire_arg);
    }
    return false;
}

static bool options_parse(struct cmd_ctx *ctx, struct increx_options *options) {
    bool is_fine = true;

    *options = (struct increx_options){0};
    for (size_t i = 2; is_fine && i < ctx->args_count; i++)
        is_fine = option_parse(ctx, &i, options);
    if (options->by_int_arg != 0 && options->by_float_arg != 0) is_fine = false;
    if (options->persist && (options->expire_arg != 0 || options->enx)) is_fine = false;
    if (options->enx && options->expire_arg == 0) is_fine = false;
    if (!is_fine) reply_syntax_error(ctx->reply);
    return is_fine;
}

static struct increx_deadline deadline_after(const struct increx_options *options,
                                             const struct entry *entry, uint64_t new_unix_ms) {
    uint64_t old_unix_ms = entry != NULL ? entry_expire_at_unix_ms(entry) : EXPIRE_NONE;

    if (options->persist) return (struct increx_deadline){.is_removed = true};
    if (options->expire_arg == 0 || (options->enx && old_unix_ms != EXPIRE_NONE))
        return (struct increx_deadline){.expire_at_unix_ms = old_unix_ms, .is_kept = true};
    return (struct increx_deadline){.expire_at_unix_ms = new_unix_ms, .is_set = true};
}

/* Announces the new value, and ends the key at once when its new deadline is in the past. */
static void stored(struct cmd_ctx *ctx, const struct key *key, struct slice value,
                   const struct increx_deadline *deadline, const char *event) {
    cmd_changed(ctx, EVENT_STRING, event, ctx->db, key->name);
    if (deadline->is_set && deadline->expire_at_unix_ms <= ctx->now_unix_ms) {
        struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

        cmd_delete(ctx, ctx->db, key, keyspace_find(ctx->keyspace, ctx->db, key));
        cmd_event(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
        return;
    }
    if (deadline->is_set) cmd_event(ctx, EVENT_GENERIC, "expire", ctx->db, key->name);
    if (deadline->is_removed) cmd_event(ctx, EVENT_GENERIC, "persist", ctx->db, key->name);
    string_effect_set(ctx, key->name, value, deadline->expire_at_unix_ms, deadline->is_kept);
}

static void reply_bounds_error(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "LBOUND can't be greater than UBOUND");
}

/* ---- Integers ---- */

static void reply_ints(struct cmd_ctx *ctx, int64_t value, int64_t added) {
    reply_array(ctx->reply, 2);
    reply_int(ctx->reply, value);
    reply_int(ctx->reply, added);
}

static void increx_int(struct cmd_ctx *ctx, const struct increx_options *options,
                       const struct key *key, struct entry *entry, uint64_t expire_at_unix_ms) {
    int64_t value, amount = 1, lower = INT64_MIN, upper = INT64_MAX, sum, added;
    struct increx_deadline deadline;
    char text[NUMBER_INT64_BYTES_MAX];
    bool is_over;

    if (options->by_int_arg != 0 && !cmd_arg_int64(ctx, options->by_int_arg, &amount, NULL)) return;
    if (options->lower_arg != 0 && !cmd_arg_int64(ctx, options->lower_arg, &lower, NULL)) return;
    if (options->upper_arg != 0 && !cmd_arg_int64(ctx, options->upper_arg, &upper, NULL)) return;
    if (lower > upper) {
        reply_bounds_error(ctx);
        return;
    }
    if (!string_read_int64(ctx, entry, &value)) return;
    is_over = __builtin_add_overflow(value, amount, &sum);
    if (is_over || sum > upper || sum < lower) {
        if (!options->saturate) {
            reply_ints(ctx, value, 0);
            return;
        }
        sum = is_over ? (amount > 0 ? upper : lower) : sum > upper ? upper : lower;
    }
    if (__builtin_sub_overflow(sum, value, &added)) {
        reply_error(ctx->reply, "increment or decrement would overflow");
        return;
    }
    deadline = deadline_after(options, entry, expire_at_unix_ms);
    if (!string_put_integer(ctx, key, entry, sum, deadline.expire_at_unix_ms)) {
        reply_no_memory(ctx->reply);
        return;
    }
    stored(ctx, key, slice_of(text, number_print_int64(text, sum)), &deadline, "incrby");
    reply_ints(ctx, sum, added);
}

/* ---- Floats ---- */

static bool arg_long_double(struct cmd_ctx *ctx, size_t arg, long double *value) {
    if (arg == 0 || number_parse_long_double(ctx->args[arg], value)) return true;
    reply_error(ctx->reply, "value is not a valid float");
    return false;
}

/* A double in RESP3, its text in RESP2. */
static void reply_float(struct cmd_ctx *ctx, long double value) {
    if (ctx->reply->resp >= 3)
        reply_double(ctx->reply, (double)value);
    else
        reply_human_double(ctx->reply, value);
}

static void increx_float(struct cmd_ctx *ctx, const struct increx_options *options,
                         const struct key *key, struct entry *entry, uint64_t expire_at_unix_ms) {
    long double value, amount = 0, lower = -LDBL_MAX, upper = LDBL_MAX, sum;
    char text[NUMBER_LONG_DOUBLE_BYTES_MAX];
    struct increx_deadline deadline;
    struct slice printed;

    if (!arg_long_double(ctx, options->by_float_arg, &amount) ||
        !arg_long_double(ctx, options->lower_arg, &lower) ||
        !arg_long_double(ctx, options->upper_arg, &upper))
        return;
    if (lower > upper) {
        reply_bounds_error(ctx);
        return;
    }
    if (!string_read_long_double(ctx, entry, &value)) return;
    sum = value + amount;
    if (__builtin_isnan(sum)) {
        reply_error(ctx->reply, "increment would produce NaN or Infinity");
        return;
    }
    if (sum > upper || sum < lower) {
        if (!options->saturate) {
            reply_array(ctx->reply, 2);
            reply_float(ctx, value);
            reply_float(ctx, 0);
            return;
        }
        sum = sum > upper ? upper : lower;
    }
    if (__builtin_isinf(sum) || __builtin_isinf(sum - value)) {
        reply_error(ctx->reply, "increment would produce NaN or Infinity");
        return;
    }
    printed = slice_of(text, number_print_long_double(text, sum));
    deadline = deadline_after(options, entry, expire_at_unix_ms);
    if (!string_put(ctx, key, entry, printed, STRING_PLAIN, deadline.expire_at_unix_ms)) {
        reply_no_memory(ctx->reply);
        return;
    }
    stored(ctx, key, printed, &deadline, "incrbyfloat");
    reply_array(ctx->reply, 2);
    reply_float(ctx, sum);
    reply_float(ctx, sum - value);
}

static void increx(struct cmd_ctx *ctx) {
    uint64_t expire_at_unix_ms = EXPIRE_NONE;
    struct increx_options options;
    struct entry *entry;
    struct key key;

    if (!options_parse(ctx, &options)) return;
    if (options.expire_arg != 0 &&
        !string_expire_at(ctx, options.expire_arg, options.expire, &expire_at_unix_ms))
        return;
    key = cmd_key(ctx, 1);
    entry = cmd_find_write(ctx, &key);
    if (options.by_float_arg != 0)
        increx_float(ctx, &options, &key, entry, expire_at_unix_ms);
    else
        increx_int(ctx, &options, &key, entry, expire_at_unix_ms);
}

/* ---- Row ---- */
/* clang-format off */

static const struct cmd_arg increments[] = {
    {.name = "float", .type = ARG_DOUBLE, .token = "BYFLOAT"},
    {.name = "integer", .type = ARG_INTEGER, .token = "BYINT"},
};
static const struct cmd_arg expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT"},
    {.name = "persist", .type = ARG_PURE_TOKEN, .token = "PERSIST"},
};
static const struct cmd_arg increx_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "increment", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = increments,
     .args_count = ARRAY_COUNT(increments)},
    {.name = "saturate", .type = ARG_PURE_TOKEN, .token = "SATURATE", .flags = ARG_OPTIONAL,
     .summary = "Go as far as the bound instead of not at all."},
    {.name = "lowerbound", .type = ARG_STRING, .token = "LBOUND", .flags = ARG_OPTIONAL},
    {.name = "upperbound", .type = ARG_STRING, .token = "UBOUND", .flags = ARG_OPTIONAL},
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = expirations,
     .args_count = ARRAY_COUNT(expirations)},
    {.name = "enx", .type = ARG_PURE_TOKEN, .token = "ENX", .flags = ARG_OPTIONAL,
     .summary = "Set the deadline only where there is none."},
};

static const struct cmd_def increx_cmds[] = {
    {.name = "increx", .run = increx, .arity = -2, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_STRING,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE),
     .group = "string", .since = "8.8.0", .complexity = "O(1)",
     .summary = "Adds to the number under a key within bounds, and sets how long it lives.",
     CMD_SYNTAX(increx_syntax)},
};
const struct cmd_family cmd_family_string_increx = {"string", increx_cmds,
                                                    ARRAY_COUNT(increx_cmds)};
/* clang-format on */
