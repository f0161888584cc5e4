/* cmd_flush.c - whole databases: FLUSHDB, FLUSHALL, SWAPDB.
 * They run on every slot at once. Emptying a slot only unhooks its tables, O(1); what was in them
 * is the handle's garbage and is freed in slices afterwards, with SYNC as with ASYNC: no client
 * waits for the freeing. */
#include "core/cmd_families.h"

static bool mode_parse(struct cmd_ctx *ctx) {
    if (ctx->args_count == 1) return true;
    if (ctx->args_count == 2 && (cmd_arg_is(ctx, 1, "async") || cmd_arg_is(ctx, 1, "sync")))
        return true;
    reply_syntax_error(ctx->reply);
    return false;
}

/* How many keys there were. */
static size_t flush(struct cmd_ctx *ctx, unsigned db, const char *event) {
    size_t keys_count = 0;

    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++)
        keys_count += keyspace_slot_flush(ctx->keyspace, slot, db);
    cmd_event(ctx, EVENT_DATABASE, event, db, slice_of(NULL, 0));
    return keys_count;
}

/* Logged even when there was nothing to delete, as Redis does. */
static void changed(struct cmd_ctx *ctx, size_t keys_count) {
    cmd_changed_silently(ctx);
    if (keys_count > 1) cmd_changed_more(ctx, keys_count - 1);
    reply_ok(ctx->reply);
}

static void flushdb(struct cmd_ctx *ctx) {
    if (!mode_parse(ctx)) return;
    changed(ctx, flush(ctx, ctx->db, "flushdb"));
}

static void flushall(struct cmd_ctx *ctx) {
    size_t keys_count = 0;

    if (!mode_parse(ctx)) return;
    for (unsigned db = 0; db < ctx->settings->databases_count; db++)
        keys_count += flush(ctx, db, "flushall");
    changed(ctx, keys_count);
}

static void swapdb(struct cmd_ctx *ctx) {
    unsigned db_a, db_b;
    int64_t number;

    /* Both must be numbers before either is looked at. */
    if (!cmd_arg_int64_range(ctx, 1, INT32_MIN, INT32_MAX, &number, "invalid first DB index"))
        return;
    if (!cmd_arg_int64_range(ctx, 2, INT32_MIN, INT32_MAX, &number, "invalid second DB index"))
        return;
    if (!cmd_arg_db(ctx, 1, &db_a, NULL) || !cmd_arg_db(ctx, 2, &db_b, NULL)) return;
    for (unsigned slot = 0; db_a != db_b && slot < SLOTS_COUNT; slot++)
        keyspace_slot_swap_databases(ctx->keyspace, slot, db_a, db_b);
    cmd_event(ctx, EVENT_DATABASE, "swapdb", db_a, slice_of(NULL, 0));
    cmd_event(ctx, EVENT_DATABASE, "swapdb", db_b, slice_of(NULL, 0));
    changed(ctx, 1);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg flush_modes[] = {
    {.name = "async", .type = ARG_PURE_TOKEN, .token = "ASYNC", .since = "4.0.0"},
    {.name = "sync", .type = ARG_PURE_TOKEN, .token = "SYNC", .since = "6.2.0"},
};
static const struct cmd_arg flush_syntax[] = {
    {.name = "flush-type", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = flush_modes,
     .args_count = ARRAY_COUNT(flush_modes)},
};
static const struct cmd_arg swapdb_syntax[] = {
    {.name = "index1", .type = ARG_INTEGER},
    {.name = "index2", .type = ARG_INTEGER},
};
static const char *const flush_history[] = {"4.0.0", "`ASYNC`.", "6.2.0", "`SYNC`.", NULL};
static const char *const flush_tips[] = {"request_policy:all_shards",
                                         "response_policy:all_succeeded", NULL};

static const struct cmd_def flush_cmds[] = {
    {.name = "flushdb", .run = flushdb, .arity = -1, .flags = CMD_WRITE | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS, .scope = SCOPE_WORLD,
     .group = "server", .since = "1.0.0",
     .complexity = "O(1) for the client; the N keys are freed afterwards, in slices.",
     .summary = "Deletes all keys of the current database.",
     .history = flush_history, .tips = flush_tips, CMD_SYNTAX(flush_syntax)},
    {.name = "flushall", .run = flushall, .arity = -1, .flags = CMD_WRITE | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS, .scope = SCOPE_WORLD,
     .group = "server", .since = "1.0.0",
     .complexity = "O(1) for the client; the N keys are freed afterwards, in slices.",
     .summary = "Deletes all keys of all databases.",
     .history = flush_history, .tips = flush_tips, CMD_SYNTAX(flush_syntax)},
    {.name = "swapdb", .run = swapdb, .arity = 3,
     .flags = CMD_WRITE | CMD_FAST | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS, .scope = SCOPE_WORLD,
     .group = "server", .since = "4.0.0",
     .complexity = "O(1), and O(N) where N is the number of clients that watch keys of both.",
     .summary = "Lets two databases change places.", CMD_SYNTAX(swapdb_syntax)},
};
const struct cmd_family cmd_family_flush = {"server", flush_cmds, ARRAY_COUNT(flush_cmds)};
/* clang-format on */
