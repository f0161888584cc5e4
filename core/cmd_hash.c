/* cmd_hash.c - hashes field by field: HSET and its kind, HGET and its kind, HDEL. */
#include "core/cmd_families.h"
#include "core/cmd_hash_priv.h"
#include "core/hash_expire.h"

/* ---- Writing ---- */

/* Some fields went in, then the memory was gone: what is there is told as if it had been asked for. */
static void set_some(struct cmd_ctx *ctx, struct hash_edit *edit, size_t args_done) {
    if (args_done == 2) {
        if (edit->entry == NULL)
            hash_free(edit->hash);
        else
            (void)hash_edit_end(ctx, edit);
    } else if (hash_edit_end(ctx, edit)) {
        cmd_changed(ctx, EVENT_HASH, "hset", ctx->db, edit->key.name);
        cmd_effect(ctx, ctx->args, args_done);
    }
    reply_no_memory(ctx->reply);
}

/* The count of fields added, or -1: an error is written. */
static int64_t set_all(struct cmd_ctx *ctx) {
    size_t pairs_count = ctx->args_count / 2 - 1;
    struct hash_edit edit;
    int64_t added = 0;

    if (ctx->args_count % 2 != 0) {
        cmd_reply_arity_error(ctx);
        return -1;
    }
    if (!hash_edit_begin(ctx, &edit)) return -1;
    hash_edit_make(&edit);
    /* As Redis 7.2: so many are expected to be too many, even if some are the same. */
    if (SL_UNLIKELY(pairs_count > edit.limits.entries_max) &&
        !hash_to_dict(&edit.hash, edit.origin)) {
        set_some(ctx, &edit, 2);
        return -1;
    }
    for (size_t i = 2; i < ctx->args_count; i += 2) {
        enum hash_set_result result = hash_edit_set(ctx, &edit, ctx->args[i], ctx->args[i + 1],
                                                    EXPIRE_NONE);
        if (SL_UNLIKELY(result == HASH_SET_NO_MEMORY)) {
            set_some(ctx, &edit, i);
            return -1;
        }
        added += result == HASH_SET_ADDED;
    }
    if (!hash_edit_end(ctx, &edit)) return -1;
    cmd_changed(ctx, EVENT_HASH, "hset", ctx->db, edit.key.name);
    if (pairs_count > 1) cmd_changed_more(ctx, pairs_count - 1);
    return added;
}

static void hset(struct cmd_ctx *ctx) {
    int64_t added = set_all(ctx);
    if (added >= 0) reply_int(ctx->reply, added);
}

static void hmset(struct cmd_ctx *ctx) {
    if (set_all(ctx) >= 0) reply_ok(ctx->reply);
}

static void hsetnx(struct cmd_ctx *ctx) {
    struct hash_edit edit;
    struct hash_field field;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (edit.entry != NULL && hash_find(edit.hash, 0, ctx->args[2], &field)) {
        if (hash_find(edit.hash, ctx->now_unix_ms, ctx->args[2], &field)) {
            reply_int(ctx->reply, 0);
            return;
        }
        hash_say_expired(ctx, edit.key.name, ctx->args[2]);
    }
    hash_edit_make(&edit);
    if (hash_edit_set(ctx, &edit, ctx->args[2], ctx->args[3], EXPIRE_NONE) == HASH_SET_NO_MEMORY) {
        set_some(ctx, &edit, 2);
        return;
    }
    if (!hash_edit_end(ctx, &edit)) return;
    cmd_changed(ctx, EVENT_HASH, "hset", ctx->db, edit.key.name);
    reply_int(ctx->reply, 1);
}

static void hdel(struct cmd_ctx *ctx) {
    struct hash_edit edit;
    int64_t removed = 0;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (edit.entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    for (size_t i = 2; i < ctx->args_count && hash_count(edit.hash) > 0; i++) {
        switch (hash_remove(&edit.hash, ctx->now_unix_ms, ctx->args[i])) {
        case HASH_REMOVED:
            cmd_changed_silently(ctx);
            removed++;
            break;
        case HASH_REMOVED_DUE: hash_say_expired(ctx, edit.key.name, ctx->args[i]); break;
        case HASH_REMOVE_NONE: break;
        }
    }
    if (removed > 0) cmd_event(ctx, EVENT_HASH, "hdel", ctx->db, edit.key.name);
    hash_edit_end_maybe_empty(ctx, &edit);
    reply_int(ctx->reply, removed);
}

/* ---- Reading ---- */

/* The hash under the first key. False: a reply is written, `empty` or an error. */
static bool find(struct cmd_ctx *ctx, struct hash *hash, void (*empty)(struct reply *reply)) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return false;
    if (entry == NULL) {
        empty(ctx->reply);
        return false;
    }
    *hash = hash_of(entry);
    return true;
}

static void reply_zero(struct reply *reply) {
    reply_int(reply, 0);
}

static void reply_empty_array(struct reply *reply) {
    reply_array(reply, 0);
}

static void reply_empty_map(struct reply *reply) {
    reply_map(reply, 0);
}

static void hget(struct cmd_ctx *ctx) {
    struct hash hash;
    struct hash_field field;

    if (!find(ctx, &hash, reply_null)) return;
    if (hash_find(hash, ctx->now_unix_ms, ctx->args[2], &field))
        hash_reply_value(ctx->reply, &field);
    else
        reply_null(ctx->reply);
}

static void hmget(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct hash_field field;
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return;
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++) {
        if (entry != NULL && hash_find(hash_of(entry), ctx->now_unix_ms, ctx->args[i], &field))
            hash_reply_value(ctx->reply, &field);
        else
            reply_null(ctx->reply);
    }
}

static void hstrlen(struct cmd_ctx *ctx) {
    struct hash hash;
    struct hash_field field;

    if (!find(ctx, &hash, reply_zero)) return;
    bool is_there = hash_find(hash, ctx->now_unix_ms, ctx->args[2], &field);
    reply_int(ctx->reply, is_there ? (int64_t)field.value.len : 0);
}

static void hexists(struct cmd_ctx *ctx) {
    struct hash hash;
    struct hash_field field;

    if (!find(ctx, &hash, reply_zero)) return;
    reply_int(ctx->reply, hash_find(hash, ctx->now_unix_ms, ctx->args[2], &field));
}

/* O(1) as in Redis: a field that is due and not yet taken out is counted. */
static void hlen(struct cmd_ctx *ctx) {
    struct hash hash;

    if (find(ctx, &hash, reply_zero)) reply_int(ctx->reply, (int64_t)hash_count(hash));
}

static void reply_all(struct cmd_ctx *ctx, struct hash hash, bool names, bool values) {
    struct hash_iter iter;
    struct hash_field field;

    hash_iter_init(&iter, hash, ctx->now_unix_ms);
    while (hash_iter_next(&iter, &field)) {
        if (names) reply_bulk(ctx->reply, field.name);
        if (values) hash_reply_value(ctx->reply, &field);
    }
}

static void hgetall(struct cmd_ctx *ctx) {
    struct hash hash;

    if (!find(ctx, &hash, reply_empty_map)) return;
    reply_map(ctx->reply, hash_live_count(hash, ctx->now_unix_ms));
    reply_all(ctx, hash, true, true);
}

static void hkeys(struct cmd_ctx *ctx) {
    struct hash hash;

    if (!find(ctx, &hash, reply_empty_array)) return;
    reply_array(ctx->reply, hash_live_count(hash, ctx->now_unix_ms));
    reply_all(ctx, hash, true, false);
}

static void hvals(struct cmd_ctx *ctx) {
    struct hash hash;

    if (!find(ctx, &hash, reply_empty_array)) return;
    reply_array(ctx->reply, hash_live_count(hash, ctx->now_unix_ms));
    reply_all(ctx, hash, false, true);
}

/* ---- Rows ---- */
/* clang-format off */

#define SYNTAX_KEY {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
#define SYNTAX_FIELD {.name = "field", .type = ARG_STRING}
static const struct cmd_arg syntax_key[] = {SYNTAX_KEY};
static const struct cmd_arg syntax_field[] = {SYNTAX_KEY, SYNTAX_FIELD};
static const struct cmd_arg syntax_fields[] = {
    SYNTAX_KEY, {.name = "field", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg pair[] = {SYNTAX_FIELD, {.name = "value", .type = ARG_STRING}};
static const struct cmd_arg syntax_pairs[] = {
    SYNTAX_KEY,
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = pair,
     .args_count = ARRAY_COUNT(pair)},
};
static const struct cmd_arg hsetnx_syntax[] = {
    SYNTAX_KEY, SYNTAX_FIELD, {.name = "value", .type = ARG_STRING},
};
static const char *const hset_history[] = {"4.0.0", "Several fields at once.", NULL};
static const char *const hdel_history[] = {"2.4.0", "Several fields at once.", NULL};
static const char *const tips_order[] = {"nondeterministic_output_order", NULL};

#define HASH_WRITE .categories = CATEGORY_HASH, .group = "hash", \
    .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE)
#define HASH_READ .categories = CATEGORY_HASH, .group = "hash", \
    .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS)
#define HASH_LOOK .categories = CATEGORY_HASH, .group = "hash", .keys = CMD_KEYS_ONE(CMD_KEY_RO)

static const struct cmd_def hash_cmds[] = {
    {.name = "hset", .run = hset, .arity = -4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     HASH_WRITE, .since = "2.0.0",
     .complexity = "O(1) for each pair of field and value.",
     .summary = "Sets fields of a hash and says how many are new.", .history = hset_history,
     CMD_SYNTAX(syntax_pairs)},
    {.name = "hmset", .run = hmset, .arity = -4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     HASH_WRITE, .since = "2.0.0", .deprecated_since = "4.0.0",
     .replaced_by = "`HSET` with several pairs of field and value",
     .complexity = "O(N) where N is the number of fields.",
     .summary = "Sets fields of a hash.", CMD_SYNTAX(syntax_pairs)},
    {.name = "hsetnx", .run = hsetnx, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_HASH, .group = "hash",
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT), .since = "2.0.0", .complexity = "O(1)",
     .summary = "Sets a field of a hash unless it is there.", CMD_SYNTAX(hsetnx_syntax)},
    {.name = "hget", .run = hget, .arity = 3, .flags = CMD_READONLY | CMD_FAST, HASH_READ,
     .since = "2.0.0", .complexity = "O(1)", .summary = "Gives back a field's value.",
     CMD_SYNTAX(syntax_field)},
    {.name = "hmget", .run = hmget, .arity = -3, .flags = CMD_READONLY | CMD_FAST, HASH_READ,
     .since = "2.0.0", .complexity = "O(N) where N is the number of fields asked for.",
     .summary = "Gives back the values of fields.", CMD_SYNTAX(syntax_fields)},
    {.name = "hgetall", .run = hgetall, .arity = 2, .flags = CMD_READONLY, HASH_READ,
     .since = "2.0.0", .complexity = "O(N) where N is the size of the hash.",
     .summary = "Gives back all fields and values.", .tips = tips_order, CMD_SYNTAX(syntax_key)},
    {.name = "hkeys", .run = hkeys, .arity = 2, .flags = CMD_READONLY, HASH_READ,
     .since = "2.0.0", .complexity = "O(N) where N is the size of the hash.",
     .summary = "Gives back the names of all fields.", .tips = tips_order, CMD_SYNTAX(syntax_key)},
    {.name = "hvals", .run = hvals, .arity = 2, .flags = CMD_READONLY, HASH_READ,
     .since = "2.0.0", .complexity = "O(N) where N is the size of the hash.",
     .summary = "Gives back the values of all fields.", .tips = tips_order, CMD_SYNTAX(syntax_key)},
    {.name = "hlen", .run = hlen, .arity = 2, .flags = CMD_READONLY | CMD_FAST, HASH_LOOK,
     .since = "2.0.0", .complexity = "O(1)", .summary = "Counts the fields of a hash.",
     CMD_SYNTAX(syntax_key)},
    {.name = "hstrlen", .run = hstrlen, .arity = 3, .flags = CMD_READONLY | CMD_FAST, HASH_LOOK,
     .since = "3.2.0", .complexity = "O(1)", .summary = "Says how long a field's value is.",
     CMD_SYNTAX(syntax_field)},
    {.name = "hexists", .run = hexists, .arity = 3, .flags = CMD_READONLY | CMD_FAST, HASH_LOOK,
     .since = "2.0.0", .complexity = "O(1)", .summary = "Says whether a hash has a field.",
     CMD_SYNTAX(syntax_field)},
    {.name = "hdel", .run = hdel, .arity = -3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_HASH, .group = "hash",
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields to take out.",
     .summary = "Takes fields out of a hash and says how many there were.",
     .history = hdel_history, CMD_SYNTAX(syntax_fields)},
};
const struct cmd_family cmd_family_hash = {"hash", hash_cmds, ARRAY_COUNT(hash_cmds)};
/* clang-format on */
