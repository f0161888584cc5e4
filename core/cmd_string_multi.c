/* cmd_string_multi.c - many strings at once: MGET, MSET, MSETNX, MSETEX.
 * All slots are the handler's when it runs, so nothing here is in between. The keys are taken in
 * batches whose look-ups overlap in memory (cmd_keys_load). */
#include <limits.h>

#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"

static void mget(struct cmd_ctx *ctx) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count;

    reply_array(ctx->reply, ctx->args_count - 1);
    for (size_t at = 1; at < ctx->args_count; at += count) {
        count = cmd_keys_load(ctx, at, ctx->args_count, 1, keys);
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = cmd_find_read(ctx, &keys[i]);

            if (entry == NULL || SL_UNLIKELY(entry_type(entry) != VALUE_STRING))
                reply_null(ctx->reply);
            else
                string_reply(ctx->reply, entry);
        }
    }
}

/* What a batch of SETs has in common. */
struct set_many {
    size_t arg_first, arg_end; /* key, value, key, value, ... */
    uint64_t expire_at_unix_ms;
    bool keep_ttl;
    bool each_effect; /* one SET per key, not the command verbatim */
};

/* Sets the keys one after the other. Returns how many were set; fewer than all when there is no
 * memory. */
static size_t set_many(struct cmd_ctx *ctx, const struct set_many *many) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count, done = 0;

    for (size_t at = many->arg_first; at < many->arg_end; at += 2 * count) {
        count = cmd_keys_load(ctx, at, many->arg_end, 2, keys);
        for (size_t i = 0; i < count; i++, done++) {
            struct entry *entry = cmd_find_write(ctx, &keys[i]);
            struct slice value = ctx->args[at + 2 * i + 1];
            uint64_t deadline = many->expire_at_unix_ms;

            if (many->keep_ttl && entry != NULL) deadline = entry_expire_at_unix_ms(entry);
            if (!string_put(ctx, &keys[i], entry, value, STRING_ENCODED, deadline)) return done;
            cmd_changed(ctx, EVENT_STRING, "set", ctx->db, keys[i].name);
            if (many->expire_at_unix_ms != EXPIRE_NONE)
                cmd_event(ctx, EVENT_GENERIC, "expire", ctx->db, keys[i].name);
            if (many->each_effect)
                string_effect_set(ctx, keys[i].name, value, many->expire_at_unix_ms,
                                  many->keep_ttl);
        }
    }
    return done;
}

/* Some keys were set when memory ran out: the log must get those, and only those. */
static void set_many_failed(struct cmd_ctx *ctx, const struct set_many *many, size_t done) {
    for (size_t i = 0; !many->each_effect && i < done; i++) {
        const struct slice *pair = &ctx->args[many->arg_first + 2 * i];

        string_effect_set(ctx, pair[0], pair[1], many->expire_at_unix_ms, many->keep_ttl);
    }
    reply_no_memory(ctx->reply);
}

/* Is there a key among them that exists, or one that does not? */
static bool is_any(struct cmd_ctx *ctx, const struct set_many *many, bool that_exists) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count;

    for (size_t at = many->arg_first; at < many->arg_end; at += 2 * count) {
        count = cmd_keys_load(ctx, at, many->arg_end, 2, keys);
        for (size_t i = 0; i < count; i++) {
            if ((cmd_find_write(ctx, &keys[i]) != NULL) == that_exists) return true;
        }
    }
    return false;
}

static void mset(struct cmd_ctx *ctx) {
    struct set_many many = {.arg_first = 1, .arg_end = ctx->args_count};
    size_t done;

    if (ctx->args_count % 2 == 0) {
        cmd_reply_arity_error(ctx);
        return;
    }
    done = set_many(ctx, &many);
    if (SL_LIKELY(done == ctx->args_count / 2))
        reply_ok(ctx->reply);
    else
        set_many_failed(ctx, &many, done);
}

static void msetnx(struct cmd_ctx *ctx) {
    struct set_many many = {.arg_first = 1, .arg_end = ctx->args_count};
    size_t done;

    if (ctx->args_count % 2 == 0) {
        cmd_reply_arity_error(ctx);
        return;
    }
    if (is_any(ctx, &many, true)) {
        reply_int(ctx->reply, 0);
        return;
    }
    done = set_many(ctx, &many);
    if (SL_LIKELY(done == ctx->args_count / 2))
        reply_int(ctx->reply, 1);
    else
        set_many_failed(ctx, &many, done);
}

static void msetex(struct cmd_ctx *ctx) {
    struct set_many many = {.arg_first = 2, .each_effect = true};
    struct string_options options;
    int64_t keys_count;
    size_t done;

    if (!cmd_arg_int64_range(ctx, 1, 1, INT_MAX, &keys_count,
                             "invalid numkeys value or out of range"))
        return;
    if ((uint64_t)keys_count > (ctx->args_count - 2) / 2) {
        reply_syntax_error(ctx->reply);
        return;
    }
    many.arg_end = 2 + 2 * (size_t)keys_count;
    if (!string_options_parse(ctx, many.arg_end, OPTIONS_OF_MSETEX, &options)) return;
    if (options.expire != EXPIRE_FORM_NONE &&
        !string_expire_at(ctx, options.expire_arg, options.expire, &many.expire_at_unix_ms))
        return;
    many.keep_ttl = options.keep_ttl;
    if ((options.condition == CONDITION_NX && is_any(ctx, &many, true)) ||
        (options.condition == CONDITION_XX && is_any(ctx, &many, false))) {
        reply_int(ctx->reply, 0);
        return;
    }
    done = set_many(ctx, &many);
    if (SL_LIKELY(done == (size_t)keys_count))
        reply_int(ctx->reply, 1);
    else
        set_many_failed(ctx, &many, done);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg mget_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg key_value[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg mset_syntax[] = {
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = key_value,
     .args_count = ARRAY_COUNT(key_value)},
};
static const struct cmd_arg msetex_conditions[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX"},
};
static const struct cmd_arg msetex_expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT"},
    {.name = "keepttl", .type = ARG_PURE_TOKEN, .token = "KEEPTTL"},
};
static const struct cmd_arg msetex_syntax[] = {
    {.name = "numkeys", .type = ARG_INTEGER},
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = key_value,
     .args_count = ARRAY_COUNT(key_value)},
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = msetex_conditions,
     .args_count = ARRAY_COUNT(msetex_conditions)},
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = msetex_expirations,
     .args_count = ARRAY_COUNT(msetex_expirations)},
};
static const char *const mget_tips[] = {"request_policy:multi_shard", NULL};
static const char *const mset_tips[] = {"request_policy:multi_shard",
                                        "response_policy:all_succeeded", NULL};
static const char *const msetnx_tips[] = {"request_policy:multi_shard", "response_policy:agg_min",
                                          NULL};

static const struct cmd_def multi_cmds[] = {
    {.name = "mget", .run = mget, .arity = -2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ALL(CMD_KEY_RO | CMD_KEY_ACCESS, 1),
     .group = "string", .since = "1.0.0", .complexity = "O(N) where N is the number of keys.",
     .summary = "Gives back the strings under all the keys, in one moment.",
     .tips = mget_tips, CMD_SYNTAX(mget_syntax)},
    {.name = "mset", .run = mset, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ALL(CMD_KEY_OW | CMD_KEY_UPDATE, 2),
     .group = "string", .since = "1.0.1", .complexity = "O(N) where N is the number of keys.",
     .summary = "Puts strings under many keys, in one moment.",
     .tips = mset_tips, CMD_SYNTAX(mset_syntax)},
    {.name = "msetnx", .run = msetnx, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ALL(CMD_KEY_OW | CMD_KEY_INSERT, 2),
     .group = "string", .since = "1.0.1", .complexity = "O(N) where N is the number of keys.",
     .summary = "Puts strings under many keys, if none of them exists yet.",
     .tips = msetnx_tips, CMD_SYNTAX(mset_syntax)},
    {.name = "msetex", .run = msetex, .arity = -4,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS, .categories = CATEGORY_STRING,
     .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 1, .is_keynum = true,
               .keynum_index = 0, .keynum_first = 1, .step = 2}},
     .keys_count = 1, .group = "string", .since = "8.4.0",
     .complexity = "O(N) where N is the number of keys.",
     .summary = "Puts strings under many keys with a condition and one deadline for all.",
     .tips = mset_tips, CMD_SYNTAX(msetex_syntax)},
};
const struct cmd_family cmd_family_string_multi = {"string", multi_cmds, ARRAY_COUNT(multi_cmds)};
/* clang-format on */
