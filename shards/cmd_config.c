/* cmd_config.c - CONFIG. GET and REWRITE read this thread's snapshot; SET brings a new one to
 * all threads:
 *
 *   origin   takes node->config_is_changing (while another has it: tries again every turn), clones, changes,
 *            checks, and only then asks the others
 *   each     sets shard->config to the clone and applies it
 *   done     all threads have it: publishes it and frees the old one. If some thread could not listen where
 *            it should, all go back to the old one first, and the clone is freed when the last has. */
#include "core/mem.h"
#include "shards/config_apply.h"
#include "shards/families.h"
#include "shards/gather.h"
#include "shards/runtime.h"

/* ---- SET ---- */

struct set_state { /* the origin's thread writes, before the others are asked */
    bool is_failed, client_is_local;
    const struct config *before;
    struct config *after;
    struct config_error error;
};

struct set_part {
    int error;
};

/* False: another CONFIG SET is under way. */
static bool set_prepare(struct gather *gather) {
    struct node *node = gather->origin->node;
    struct set_state *state = gather->state;
    bool is_changing = false;

    if (!atomic_compare_exchange_strong(&node->config_is_changing, &is_changing, true))
        return false;
    state->before = atomic_load(&node->config);
    state->after = config_clone(state->before);
    bool is_fine = config_set(state->after, gather->args + 2, (gather->args_count - 2) / 2,
                              state->client_is_local, &state->error) == CONFIG_SET_OK;
    if (is_fine && state->after->maxclients > state->before->maxclients)
        is_fine = config_is_possible(node, state->after, state->error.reason,
                                     sizeof state->error.reason);
    if (is_fine) return true;
    config_free(state->after);
    state->after = NULL;
    state->is_failed = true;
    atomic_store(&node->config_is_changing, false);
    return true;
}

static bool set_try(struct shard *shard, void *arg) {
    struct gather *gather = arg;

    SL_ASSERT(shard == gather->origin);
    if (!set_prepare(gather)) return true;
    gather_go(gather);
    return false;
}

static bool set_each(struct gather *gather, struct shard *shard) {
    struct set_state *state = gather->state;
    struct set_part *part = gather_part(gather, shard->index);

    if (state->is_failed) return false;
    shard->config = state->after;
    shard_apply_config(shard, state->before, state->after);
    part->error = shard_apply_listeners(shard, state->before, state->after);
    return false;
}

struct set_back { /* the way back, shared by all threads */
    const struct config *before;
    struct config *after;
    uint64_t failed_mask; /* shards that still listen as before: bit i */
    _Atomic unsigned shards_left;
};
_Static_assert(SHARDS_MAX <= 64, "one bit each");

static void set_back_shard(struct shard *shard, void *arg) {
    struct set_back *back = arg;
    struct node *node = shard->node;

    shard->config = back->before;
    shard_apply_config(shard, back->after, back->before);
    if (!(back->failed_mask >> shard->index & 1))
        shard_apply_listeners(shard, back->after, back->before);
    if (atomic_fetch_sub(&back->shards_left, 1) > 1) return;
    config_free(back->after);
    mem_free(back);
    atomic_store(&node->config_is_changing, false);
}

static void set_back_all(struct shard *shard, const struct set_state *state, uint64_t failed_mask) {
    struct set_back *back = mem_must_zero(sizeof *back);

    back->before = state->before;
    back->after = state->after;
    back->failed_mask = failed_mask;
    atomic_store(&back->shards_left, shard->node->shards_count);
    for (unsigned i = 0; i < shard->node->shards_count; i++)
        shard_call(shard, i, set_back_shard, back);
}

static void set_done(struct gather *gather, struct cmd_ctx *ctx) {
    struct set_state *state = gather->state;
    struct node *node = gather->origin->node;
    uint64_t failed_mask = 0;

    if (state->is_failed) {
        reply_error(ctx->reply, state->error.reason);
        return;
    }
    for (unsigned i = 0; i < gather->shards_count; i++) {
        if (((struct set_part *)gather_part(gather, i))->error != 0)
            failed_mask |= UINT64_C(1) << i;
    }
    if (failed_mask != 0) {
        set_back_all(gather->origin, state, failed_mask);
        reply_error_format(ctx->reply,
                           "CONFIG SET failed (possibly related to argument '%s') - Unable to "
                           "listen on this port. Check server logs.",
                           state->before->port != state->after->port ? "port" : "bind");
        return;
    }
    atomic_store(&node->config, state->after);
    config_free((struct config *)state->before); /* nobody has it any more */
    atomic_store(&node->config_is_changing, false);
    reply_ok(ctx->reply);
}

/* Is the asker on this machine? For enable-protected-configs and its kind. */
static bool is_local(const struct client *client) {
    return (client->flags & CLIENT_UNIX_SOCKET) != 0 ||
           strncmp(client->address_peer, "127.", 4) == 0 ||
           strncmp(client->address_peer, "[::1]", 5) == 0;
}

/* CONFIG SET name value [name value ...] */
static void config_cmd_set(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = set_each,
                                          .done = set_done,
                                          .state_bytes = sizeof(struct set_state),
                                          .state_bytes_per_shard = sizeof(struct set_part)};

    if (ctx->args_count % 2 != 0) {
        reply_syntax_error(ctx->reply);
        return;
    }
    struct gather *gather = gather_prepare(ctx, &ops);
    ((struct set_state *)gather->state)->client_is_local = is_local(session_of(ctx)->client);
    if (set_try(session_of(ctx)->shard, gather))
        shard_job_add(session_of(ctx)->shard, set_try, gather);
}

/* ---- GET, REWRITE ---- */

static void reply_pair(void *owner, struct slice name, struct slice value) {
    struct reply *reply = owner;

    reply_bulk(reply, name);
    reply_bulk(reply, value);
}

/* CONFIG GET pattern [pattern ...] */
static void config_cmd_get(struct cmd_ctx *ctx) {
    const struct config *config = session_of(ctx)->shard->config;
    struct reply_deferred deferred = reply_defer(ctx->reply);
    size_t count = config_get(config, ctx->args + 2, ctx->args_count - 2, reply_pair, ctx->reply);

    reply_defer_map(ctx->reply, deferred, count);
}

/* CONFIG REWRITE: waits for the disk, as it does in Redis. */
static void config_cmd_rewrite(struct cmd_ctx *ctx) {
    const struct shard *shard = session_of(ctx)->shard;
    struct config_error error = {0};

    if (shard->config->config_file.len == 0) {
        reply_error(ctx->reply, "The server is running without a config file");
    } else if (config_rewrite(shard->config, &error) < 0) {
        log_write(shard->node->logger, LOG_LEVEL_WARNING, "CONFIG REWRITE failed: %s",
                  error.reason);
        reply_error_format(ctx->reply, "Rewriting config file: %s", error.reason);
    } else {
        log_write(shard->node->logger, LOG_LEVEL_NOTICE, "CONFIG REWRITE executed with success.");
        reply_ok(ctx->reply);
    }
}

/* ---- RESETSTAT ---- */

static bool resetstat_each(struct gather *gather, struct shard *shard) {
    (void)gather;
    shard_stats_reset(&shard->stats, cmd_table_count(shard->node->cmds));
    return false;
}

static void resetstat_done(struct gather *gather, struct cmd_ctx *ctx) {
    struct node *node = gather->origin->node;

    sampler_reset(node);
    reply_ok(ctx->reply);
}

/* CONFIG RESETSTAT */
static void config_cmd_resetstat(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = resetstat_each, .done = resetstat_done};

    gather_start(ctx, &ops);
}

/* CONFIG HELP */
static void config_cmd_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {"GET <pattern> [<pattern> ...]",
                                        "    Give the directives that match, with their values.",
                                        "SET <directive> <value> [<directive> <value> ...]",
                                        "    Change directives, all of them or none.",
                                        "RESETSTAT",
                                        "    Set the statistics of INFO to zero.",
                                        "REWRITE",
                                        "    Write the configuration back to its file.",
                                        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const char *const config_get_history[] = {"7.0.0", "Several patterns at once.", NULL};
static const struct cmd_arg config_get_syntax_parameter[] = {
    {.name = "parameter", .type = ARG_STRING},
};
static const struct cmd_arg config_get_syntax[] = {
    {.name = "parameter",
     .type = ARG_BLOCK,
     .flags = ARG_MULTIPLE,
     .args = config_get_syntax_parameter,
     .args_count = ARRAY_COUNT(config_get_syntax_parameter)},
};
static const char *const tips_all_nodes_all_succeeded[] = {"request_policy:all_nodes",
                                                           "response_policy:all_succeeded", NULL};
static const char *const config_set_history[] = {"7.0.0", "Several pairs at once.", NULL};
static const struct cmd_arg config_set_syntax_parameter_value[] = {
    {.name = "parameter", .type = ARG_STRING},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg config_set_syntax[] = {
    {.name = "parameter_value",
     .type = ARG_BLOCK,
     .flags = ARG_MULTIPLE,
     .args = config_set_syntax_parameter_value,
     .args_count = ARRAY_COUNT(config_set_syntax_parameter_value)},
};

static const struct cmd_def config_cmds[] = {
    {.name = "config",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.0.0",
     .complexity = "Depends on the sub-command",
     .summary = "The configuration: groups its sub-commands."},
    {.name = "config|get",
     .run = config_cmd_get,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N), N directives",
     .summary = "Gives directives that match patterns, with their values.",
     .history = config_get_history,
     CMD_SYNTAX(config_get_syntax)},
    {.name = "config|set",
     .run = config_cmd_set,
     .arity = -4,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(N), N directives",
     .summary = "Changes directives, all of them or none.",
     .tips = tips_all_nodes_all_succeeded,
     .history = config_set_history,
     CMD_SYNTAX(config_set_syntax)},
    {.name = "config|resetstat",
     .run = config_cmd_resetstat,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.0.0",
     .complexity = "O(1)",
     .summary = "Sets the statistics that INFO gives to zero."},
    {.name = "config|rewrite",
     .run = config_cmd_rewrite,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "Writes the configuration in force back to its file."},
    {.name = "config|help",
     .run = config_cmd_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_config = {"config", config_cmds, ARRAY_COUNT(config_cmds)};
