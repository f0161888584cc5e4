/* cmd_expire.c - how long keys live: EXPIRE and its kind, TTL and its kind, PERSIST. */
#include "core/cmd_families.h"
#include "core/number.h"

enum expire_unit { UNIT_MS = 1, UNIT_SECONDS = 1000 };

struct expire_options {
    bool nx, xx, gt, lt;
};

static bool options_parse(struct cmd_ctx *ctx, struct expire_options *options) {
    *options = (struct expire_options){0};
    for (size_t i = 3; i < ctx->args_count; i++) {
        if (cmd_arg_is(ctx, i, "nx")) {
            options->nx = true;
        } else if (cmd_arg_is(ctx, i, "xx")) {
            options->xx = true;
        } else if (cmd_arg_is(ctx, i, "gt")) {
            options->gt = true;
        } else if (cmd_arg_is(ctx, i, "lt")) {
            options->lt = true;
        } else {
            struct slice word = ctx->args[i];
            int len = word.len < 1024 ? (int)word.len : 1024;

            reply_error_format(ctx->reply, "Unsupported option %.*s", len, word.data);
            return false;
        }
    }
    if (options->nx && (options->xx || options->gt || options->lt)) {
        reply_error(ctx->reply, "NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if (options->gt && options->lt) {
        reply_error(ctx->reply, "GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

/* A key without a deadline lives for ever: that is what GT and LT compare with. */
static bool options_hold(const struct expire_options *options, uint64_t deadline_now,
                         int64_t deadline_new) {
    bool has_deadline = deadline_now != EXPIRE_NONE;

    if (options->nx && has_deadline) return false;
    if (options->xx && !has_deadline) return false;
    if (options->gt && (!has_deadline || deadline_new <= (int64_t)deadline_now)) return false;
    if (options->lt && has_deadline && deadline_new >= (int64_t)deadline_now) return false;
    return true;
}

static void expire_in_the_past(struct cmd_ctx *ctx, const struct key *key, struct entry *entry) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

    cmd_delete(ctx, ctx->db, key, entry);
    cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
}

static void expire_at(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                      uint64_t expire_at_unix_ms) {
    struct slice effect[3] = {SLICE_LITERAL("PEXPIREAT"), key->name};
    char number[NUMBER_INT64_BYTES_MAX];

    keyspace_set_expire(ctx->keyspace, ctx->db, key, entry, expire_at_unix_ms);
    cmd_changed(ctx, EVENT_GENERIC, "expire", ctx->db, key->name);
    effect[2] = slice_of(number, number_print_uint64(number, expire_at_unix_ms));
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
}

/* `base_unix_ms`: what the argument is relative to; 0 for the AT forms. */
static void expire_generic(struct cmd_ctx *ctx, enum expire_unit unit, uint64_t base_unix_ms) {
    struct expire_options options;
    struct entry *entry;
    struct key key;
    int64_t when;

    if (!options_parse(ctx, &options)) return;
    if (!cmd_arg_int64(ctx, 2, &when, NULL)) return;
    if (__builtin_mul_overflow(when, (int64_t)unit, &when) ||
        __builtin_add_overflow(when, (int64_t)base_unix_ms, &when)) {
        cmd_reply_expire_error(ctx);
        return;
    }
    key = cmd_key(ctx, 1);
    entry = cmd_find_write(ctx, &key);
    if (entry == NULL || !options_hold(&options, entry_expire_at_unix_ms(entry), when)) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (when <= (int64_t)ctx->now_unix_ms)
        expire_in_the_past(ctx, &key, entry);
    else
        expire_at(ctx, &key, entry, (uint64_t)when);
    reply_int(ctx->reply, 1);
}

static void expire(struct cmd_ctx *ctx) {
    expire_generic(ctx, UNIT_SECONDS, ctx->now_unix_ms);
}

static void pexpire(struct cmd_ctx *ctx) {
    expire_generic(ctx, UNIT_MS, ctx->now_unix_ms);
}

static void expireat(struct cmd_ctx *ctx) {
    expire_generic(ctx, UNIT_SECONDS, 0);
}

static void pexpireat(struct cmd_ctx *ctx) {
    expire_generic(ctx, UNIT_MS, 0);
}

/* ---- Asking ---- */

/* -2: no such key; -1: no deadline; else milliseconds, from now or since the epoch, rounded to the
 * unit. */
static void ttl_generic(struct cmd_ctx *ctx, enum expire_unit unit, bool is_absolute) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_untouched(ctx, &key);
    uint64_t time_ms;

    if (entry == NULL) {
        reply_int(ctx->reply, -2);
        return;
    }
    time_ms = entry_expire_at_unix_ms(entry);
    if (time_ms == EXPIRE_NONE) {
        reply_int(ctx->reply, -1);
        return;
    }
    if (!is_absolute) time_ms = time_ms > ctx->now_unix_ms ? time_ms - ctx->now_unix_ms : 0;
    reply_int(ctx->reply, (int64_t)((time_ms + unit / 2) / unit));
}

static void ttl(struct cmd_ctx *ctx) {
    ttl_generic(ctx, UNIT_SECONDS, false);
}

static void pttl(struct cmd_ctx *ctx) {
    ttl_generic(ctx, UNIT_MS, false);
}

static void expiretime(struct cmd_ctx *ctx) {
    ttl_generic(ctx, UNIT_SECONDS, true);
}

static void pexpiretime(struct cmd_ctx *ctx) {
    ttl_generic(ctx, UNIT_MS, true);
}

static void persist(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (entry == NULL || entry_expire_at_unix_ms(entry) == EXPIRE_NONE) {
        reply_int(ctx->reply, 0);
        return;
    }
    keyspace_set_expire(ctx->keyspace, ctx->db, &key, entry, EXPIRE_NONE);
    cmd_changed(ctx, EVENT_GENERIC, "persist", ctx->db, key.name);
    reply_int(ctx->reply, 1);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg syntax_key[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg conditions[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX"},
    {.name = "gt", .type = ARG_PURE_TOKEN, .token = "GT"},
    {.name = "lt", .type = ARG_PURE_TOKEN, .token = "LT"},
};
#define SYNTAX_EXPIRE(time_name, time_type) { \
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}, \
    {.name = (time_name), .type = (time_type)}, \
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .since = "7.0.0", \
     .args = conditions, .args_count = ARRAY_COUNT(conditions)}, \
}
static const struct cmd_arg expire_syntax[] = SYNTAX_EXPIRE("seconds", ARG_INTEGER);
static const struct cmd_arg pexpire_syntax[] = SYNTAX_EXPIRE("milliseconds", ARG_INTEGER);
static const struct cmd_arg expireat_syntax[] = SYNTAX_EXPIRE("unix-time-seconds", ARG_UNIX_TIME);
static const struct cmd_arg pexpireat_syntax[] =
    SYNTAX_EXPIRE("unix-time-milliseconds", ARG_UNIX_TIME);
static const char *const expire_history[] = {"7.0.0", "`NX`, `XX`, `GT` and `LT`.", NULL};
static const char *const ttl_history[] = {"2.8.0", "The reply -2.", NULL};
static const char *const tips_nondeterministic[] = {"nondeterministic_output", NULL};

#define EXPIRE_ROW .arity = -3, .flags = CMD_WRITE | CMD_FAST, .categories = CATEGORY_KEYSPACE, \
    .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE), .group = "generic", .complexity = "O(1)", \
    .history = expire_history
#define TTL_ROW .arity = 2, .flags = CMD_READONLY | CMD_FAST, .categories = CATEGORY_KEYSPACE, \
    .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "generic", .complexity = "O(1)", \
    CMD_SYNTAX(syntax_key)

static const struct cmd_def expire_cmds[] = {
    {.name = "expire", .run = expire, EXPIRE_ROW, .since = "1.0.0",
     .summary = "Gives a key some seconds to live.", CMD_SYNTAX(expire_syntax)},
    {.name = "pexpire", .run = pexpire, EXPIRE_ROW, .since = "2.6.0",
     .summary = "Gives a key some milliseconds to live.", CMD_SYNTAX(pexpire_syntax)},
    {.name = "expireat", .run = expireat, EXPIRE_ROW, .since = "1.2.0",
     .summary = "Lets a key end at a Unix time in seconds.", CMD_SYNTAX(expireat_syntax)},
    {.name = "pexpireat", .run = pexpireat, EXPIRE_ROW, .since = "2.6.0",
     .summary = "Lets a key end at a Unix time in milliseconds.", CMD_SYNTAX(pexpireat_syntax)},
    {.name = "ttl", .run = ttl, TTL_ROW, .since = "1.0.0", .history = ttl_history,
     .tips = tips_nondeterministic, .summary = "Says how many seconds a key still lives."},
    {.name = "pttl", .run = pttl, TTL_ROW, .since = "2.6.0", .history = ttl_history,
     .tips = tips_nondeterministic, .summary = "Says how many milliseconds a key still lives."},
    {.name = "expiretime", .run = expiretime, TTL_ROW, .since = "7.0.0",
     .summary = "Says at which Unix time in seconds a key ends."},
    {.name = "pexpiretime", .run = pexpiretime, TTL_ROW, .since = "7.0.0",
     .summary = "Says at which Unix time in milliseconds a key ends."},
    {.name = "persist", .run = persist, .arity = 2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "generic", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Lets a key live for ever.", CMD_SYNTAX(syntax_key)},
};
const struct cmd_family cmd_family_expire = {"generic", expire_cmds, ARRAY_COUNT(expire_cmds)};
/* clang-format on */
