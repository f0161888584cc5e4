/* cmd_server.c - small commands about the server as a whole, and those of features that a server
 * without replicas and cluster still answers. */
#include <stdio.h>

#include "shards/families.h"
#include "shards/shard.h"
#include "shards/version.h"

/* TIME */
static void time_run(struct cmd_ctx *ctx) {
    uint64_t now_us = clock_unix_us();

    reply_array(ctx->reply, 2);
    reply_bulk_int(ctx->reply, (int64_t)(now_us / 1000000));
    reply_bulk_int(ctx->reply, (int64_t)(now_us % 1000000));
}

/* DBSIZE: each thread's handle has a part of the count, and a single one may be negative. */
static void dbsize_run(struct cmd_ctx *ctx) {
    const struct node *node = session_of(ctx)->shard->node;
    int64_t count = 0;

    for (unsigned i = 0; i < node->shards_count; i++)
        count += keyspace_keys_count(node->shards[i]->keyspace, ctx->db);
    reply_int(ctx->reply, count > 0 ? count : 0);
}

/* SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. No answer: the connection closes with the rest. */
static void shutdown_run(struct cmd_ctx *ctx) {
    struct node *node = session_of(ctx)->shard->node;
    bool saves = false, saves_not = false, is_abort = false, is_forced = false;

    for (size_t i = 1; i < ctx->args_count; i++) {
        if (cmd_arg_is(ctx, i, "nosave")) {
            saves_not = true;
        } else if (cmd_arg_is(ctx, i, "save")) {
            saves = true;
        } else if (cmd_arg_is(ctx, i, "force")) {
            is_forced = true;
        } else if (cmd_arg_is(ctx, i, "abort")) {
            is_abort = true;
        } else if (!cmd_arg_is(ctx, i, "now")) { /* there is no replica to wait for: always now */
            reply_syntax_error(ctx->reply);
            return;
        }
    }
    if ((is_abort && ctx->args_count > 2) || (saves && saves_not)) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (is_abort) {
        reply_error(ctx->reply, "No shutdown in progress.");
        return;
    }
    if (saves && !is_forced) {
        log_write(node->logger, LOG_LEVEL_WARNING,
                  "SHUTDOWN SAVE refused: snapshots are not built yet");
        reply_error(ctx->reply, "Errors trying to SHUTDOWN. Check logs.");
        return;
    }
    log_write(node->logger, LOG_LEVEL_WARNING, "User requested shutdown...");
    node_stop(node);
}

/* LOLWUT [VERSION version [arg ...]] */
static void lolwut_run(struct cmd_ctx *ctx) {
    static const char ring[] = "          . - ~ ~ - .\n"
                               "      . '   _     _   ' .\n"
                               "    /    .'   '-'   '.    \\\n"
                               "   |    (  o   o   o  )    |    every slot has one owner,\n"
                               "   |    (  o   o   o  )    |    and the ring slips on\n"
                               "    \\    '.   .-.   .'    /\n"
                               "      ' .   ~     ~   . '\n"
                               "          ' - _ _ - '\n\n";
    char text[sizeof ring + 128];
    int64_t version;

    if (ctx->args_count >= 3 && cmd_arg_is(ctx, 1, "version") &&
        !cmd_arg_int64(ctx, 2, &version, NULL))
        return;
    int len = snprintf(text, sizeof text, "%sRedis ver. %s, slipring ver. %s\n", ring,
                       SLIPRING_REDIS_VERSION, SLIPRING_VERSION);
    SL_ASSERT(len > 0 && (size_t)len < sizeof text);
    reply_verbatim(ctx->reply, "txt", slice_of(text, (size_t)len));
}

/* ---- Replication and cluster, seen from a server that has neither ---- */

/* ROLE */
static void role_run(struct cmd_ctx *ctx) {
    reply_array(ctx->reply, 3);
    reply_bulk_cstr(ctx->reply, "master");
    reply_int(ctx->reply, 0);
    reply_array(ctx->reply, 0);
}

/* WAIT replicas ms */
static void wait_run(struct cmd_ctx *ctx) {
    int64_t replicas_count, timeout_ms;

    if (!cmd_arg_int64(ctx, 1, &replicas_count, NULL)) return;
    if (!cmd_arg_int64(ctx, 2, &timeout_ms, "timeout is not an integer or out of range")) return;
    if (timeout_ms < 0) {
        reply_error(ctx->reply, "timeout is negative");
    } else if (replicas_count <= 0) {
        reply_int(ctx->reply, 0);
    } else {
        reply_error(ctx->reply, "waiting for replicas is not built yet");
    }
}

static void reply_no_cluster(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "This instance has cluster support disabled");
}

/* READONLY, READWRITE, ASKING, CLUSTER ... */
static void readonly_run(struct cmd_ctx *ctx) {
    reply_no_cluster(ctx);
}

static void readwrite_run(struct cmd_ctx *ctx) {
    reply_no_cluster(ctx);
}

static void asking_run(struct cmd_ctx *ctx) {
    reply_no_cluster(ctx);
}

static void cluster_run(struct cmd_ctx *ctx) {
    reply_no_cluster(ctx);
}

/* clang-format off */
static const char *const tips_nondeterministic_output[] = {"nondeterministic_output", NULL};
static const char *const tips_all_shards_agg_sum[] = {"request_policy:all_shards",
                                                      "response_policy:agg_sum", NULL};
static const char *const shutdown_history[] = {"7.0.0", "NOW, FORCE and ABORT.", NULL};
static const struct cmd_arg shutdown_syntax_nosave_save[] = {
    {.name = "nosave", .type = ARG_PURE_TOKEN, .token = "NOSAVE"},
    {.name = "save", .type = ARG_PURE_TOKEN, .token = "SAVE"},
};
static const struct cmd_arg shutdown_syntax[] = {
    {.name = "nosave_save",
     .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL,
     .args = shutdown_syntax_nosave_save,
     .args_count = ARRAY_COUNT(shutdown_syntax_nosave_save)},
    {.name = "now",
     .type = ARG_PURE_TOKEN,
     .token = "NOW",
     .since = "7.0.0",
     .flags = ARG_OPTIONAL},
    {.name = "force",
     .type = ARG_PURE_TOKEN,
     .token = "FORCE",
     .since = "7.0.0",
     .flags = ARG_OPTIONAL},
    {.name = "abort",
     .type = ARG_PURE_TOKEN,
     .token = "ABORT",
     .since = "7.0.0",
     .flags = ARG_OPTIONAL},
};
static const struct cmd_arg lolwut_syntax[] = {
    {.name = "version", .type = ARG_INTEGER, .token = "VERSION", .flags = ARG_OPTIONAL},
};
static const char *const tips_all_shards_agg_min[] = {"request_policy:all_shards",
                                                      "response_policy:agg_min", NULL};
static const struct cmd_arg wait_syntax[] = {
    {.name = "numreplicas", .type = ARG_INTEGER},
    {.name = "timeout", .type = ARG_INTEGER},
};

static const struct cmd_def server_cmds[] = {
    {.name = "time",
     .run = time_run,
     .arity = 1,
     .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.6.0",
     .complexity = "O(1)",
     .summary = "Gives the server's time in seconds and microseconds.",
     .tips = tips_nondeterministic_output},
    {.name = "dbsize",
     .run = dbsize_run,
     .arity = 1,
     .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_KEYSPACE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Counts the keys of the selected database.",
     .tips = tips_all_shards_agg_sum},
    {.name = "shutdown",
     .run = shutdown_run,
     .arity = -1,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_ALLOW_BUSY,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(N) when saving, N keys in all databases; else O(1)",
     .summary = "Ends the server, after saving where that is wanted.",
     .history = shutdown_history,
     CMD_SYNTAX(shutdown_syntax)},
    {.name = "lolwut",
     .run = lolwut_run,
     .arity = -1,
     .flags = CMD_READONLY | CMD_FAST,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Prints a small picture and the version.",
     CMD_SYNTAX(lolwut_syntax)},
    {.name = "role",
     .run = role_run,
     .arity = 1,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
     .categories = CATEGORY_DANGEROUS,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.12",
     .complexity = "O(1)",
     .summary = "Tells the role in replication."},
    {.name = "wait",
     .run = wait_run,
     .arity = 3,
     .flags = CMD_NOSCRIPT,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "generic",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Waits until so many replicas have the writes of this connection.",
     .tips = tips_all_shards_agg_min,
     CMD_SYNTAX(wait_syntax)},
    {.name = "readonly",
     .run = readonly_run,
     .arity = 1,
     .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Lets this connection read from a cluster replica."},
    {.name = "readwrite",
     .run = readwrite_run,
     .arity = 1,
     .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Ends READONLY."},
    {.name = "asking",
     .run = asking_run,
     .arity = 1,
     .flags = CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "O(1)",
     .summary = "Lets the next command in after an -ASK redirect."},
    {.name = "cluster",
     .run = cluster_run,
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "cluster",
     .since = "3.0.0",
     .complexity = "Depends on the sub-command",
     .summary = "The cluster: groups its sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_server = {"server", server_cmds, ARRAY_COUNT(server_cmds)};
