/* cmd_rename.c - keys that go elsewhere: RENAME, RENAMENX, COPY, MOVE.
 * Whatever slots and databases are concerned, all are the handler's while it runs. */
#include "core/cmd_families.h"

/* The target was deleted and the new entry found no memory: what happened is told, and logged as
 * it is. */
static void target_lost(struct cmd_ctx *ctx, unsigned db, const struct key *key) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

    cmd_changed(ctx, EVENT_GENERIC, "del", db, key->name);
    if (db == ctx->db) {
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
        return;
    }
    cmd_effect_none(ctx);
    if (ctx->effects != NULL)
        ctx->effects->emit(ctx->effects->owner, db, effect, ARRAY_COUNT(effect));
}

static void rename_generic(struct cmd_ctx *ctx, bool nx) {
    struct key key = cmd_key(ctx, 1), key_to = cmd_key(ctx, 2);
    struct entry *entry = cmd_find_write(ctx, &key), *entry_to;

    if (entry == NULL) {
        reply_error(ctx->reply, "no such key");
        return;
    }
    if (slice_equal(key.name, key_to.name)) {
        if (nx)
            reply_int(ctx->reply, 0);
        else
            reply_ok(ctx->reply);
        return;
    }
    entry_to = cmd_find_write(ctx, &key_to);
    if (entry_to != NULL && nx) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (entry_to != NULL) cmd_delete(ctx, ctx->db, &key_to, entry_to);
    if (keyspace_rename(ctx->keyspace, ctx->db, &key, entry, ctx->db, &key_to) == NULL) {
        if (entry_to != NULL) target_lost(ctx, ctx->db, &key_to);
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_event(ctx, EVENT_NEW, "new", ctx->db, key_to.name);
    cmd_changed(ctx, EVENT_GENERIC, "rename_from", ctx->db, key.name);
    cmd_event(ctx, EVENT_GENERIC, "rename_to", ctx->db, key_to.name);
    if (nx)
        reply_int(ctx->reply, 1);
    else
        reply_ok(ctx->reply);
}

static void rename_run(struct cmd_ctx *ctx) {
    rename_generic(ctx, false);
}

static void renamenx(struct cmd_ctx *ctx) {
    rename_generic(ctx, true);
}

/* ---- COPY ---- */

static bool copy_parse(struct cmd_ctx *ctx, unsigned *db_to, bool *replace) {
    *db_to = ctx->db;
    *replace = false;
    for (size_t i = 3; i < ctx->args_count; i++) {
        if (cmd_arg_is(ctx, i, "replace")) {
            *replace = true;
        } else if (cmd_arg_is(ctx, i, "db") && i + 1 < ctx->args_count) {
            if (!cmd_arg_db(ctx, ++i, db_to, NULL)) return false;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

static void copy(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1), key_to = cmd_key(ctx, 2);
    struct entry *entry, *entry_to;
    unsigned db_to;
    bool replace;

    if (!copy_parse(ctx, &db_to, &replace)) return;
    if (db_to == ctx->db && slice_equal(key.name, key_to.name)) {
        reply_error(ctx->reply, "source and destination objects are the same");
        return;
    }
    entry = cmd_find_read(ctx, &key);
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    entry_to = cmd_find_write_in(ctx, db_to, &key_to);
    if (entry_to != NULL && !replace) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (entry_to != NULL) cmd_delete(ctx, db_to, &key_to, entry_to);
    if (keyspace_copy(ctx->keyspace, entry, db_to, &key_to) == NULL) {
        if (entry_to != NULL) target_lost(ctx, db_to, &key_to);
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_event(ctx, EVENT_NEW, "new", db_to, key_to.name);
    cmd_changed(ctx, EVENT_GENERIC, "copy_to", db_to, key_to.name);
    reply_int(ctx->reply, 1);
}

/* ---- MOVE ---- */

static void move(struct cmd_ctx *ctx) {
    struct key key;
    struct entry *entry;
    unsigned db_to;

    if (!cmd_arg_db(ctx, 2, &db_to, NULL)) return;
    if (db_to == ctx->db) {
        reply_error(ctx->reply, "source and destination objects are the same");
        return;
    }
    key = cmd_key(ctx, 1);
    entry = cmd_find_write(ctx, &key);
    if (entry == NULL || cmd_find_write_in(ctx, db_to, &key) != NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (keyspace_rename(ctx->keyspace, ctx->db, &key, entry, db_to, &key) == NULL) {
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_event(ctx, EVENT_NEW, "new", db_to, key.name);
    cmd_changed(ctx, EVENT_GENERIC, "move_from", ctx->db, key.name);
    cmd_event(ctx, EVENT_GENERIC, "move_to", db_to, key.name);
    reply_int(ctx->reply, 1);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg rename_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "newkey", .type = ARG_KEY, .key_spec_plus_one = 2},
};
static const struct cmd_arg copy_syntax[] = {
    {.name = "source", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 2},
    {.name = "destination-db", .type = ARG_INTEGER, .token = "DB", .flags = ARG_OPTIONAL},
    {.name = "replace", .type = ARG_PURE_TOKEN, .token = "REPLACE", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg move_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "db", .type = ARG_INTEGER},
};
static const char *const renamenx_history[] = {
    "3.2.0", "No error when both names are the same.", NULL};

#define KEYS_FROM_TO(from_flags, to_flags) \
    {{.flags = (from_flags), .begin_index = 1, .last = 0, .step = 1}, \
     {.flags = (to_flags), .begin_index = 2, .last = 0, .step = 1}}, \
    .keys_count = 2

static const struct cmd_def rename_cmds[] = {
    {.name = "rename", .run = rename_run, .arity = 3, .flags = CMD_WRITE,
     .categories = CATEGORY_KEYSPACE,
     .keys = KEYS_FROM_TO(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE,
                          CMD_KEY_OW | CMD_KEY_UPDATE),
     .group = "generic", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Gives a key another name, over whatever had it.", CMD_SYNTAX(rename_syntax)},
    {.name = "renamenx", .run = renamenx, .arity = 3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = KEYS_FROM_TO(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE,
                          CMD_KEY_OW | CMD_KEY_INSERT),
     .group = "generic", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Gives a key another name that is still free.",
     .history = renamenx_history, CMD_SYNTAX(rename_syntax)},
    {.name = "copy", .run = copy, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_KEYSPACE,
     .keys = KEYS_FROM_TO(CMD_KEY_RO | CMD_KEY_ACCESS, CMD_KEY_OW | CMD_KEY_UPDATE),
     .group = "generic", .since = "6.2.0",
     .complexity = "O(1) for strings, O(N) where N is the number of elements for the rest.",
     .summary = "Puts a copy of a key's value under another name or database.",
     CMD_SYNTAX(copy_syntax)},
    {.name = "move", .run = move, .arity = 3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_KEYSPACE,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE),
     .group = "generic", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Takes a key into another database, where its name is still free.",
     CMD_SYNTAX(move_syntax)},
};
const struct cmd_family cmd_family_rename = {"generic", rename_cmds, ARRAY_COUNT(rename_cmds)};
/* clang-format on */
