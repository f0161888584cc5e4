/* cmd_slowlog.c - SLOWLOG: the threads' lists as one, by id. */
#include <stdlib.h>

#include "core/mem.h"
#include "shards/families.h"
#include "shards/gather.h"
#include "shards/slowlog_list.h"

enum { GET_COUNT_DEFAULT = 10 };

struct get_state {
    size_t count; /* how many the client wants */
};
struct get_part {
    struct slowlog copy; /* our own copies, newest first */
};

/* Copies are made because the thread goes on and forgets its oldest while we answer. */
static bool get_each(struct gather *gather, struct shard *shard) {
    const struct get_state *state = gather->state;
    struct get_part *part = gather_part(gather, shard->index);
    const struct slowlog_item *item = shard->slowlog->newest;
    size_t count = 1;

    if (item == NULL || state->count == 0) return false;
    while (item->older != NULL && count < state->count) {
        item = item->older;
        count++;
    }
    for (; item != NULL; item = item->newer) {
        const struct slowlog_entry *entry = &item->entry;

        slowlog_push(&part->copy, entry->id, entry->unix_seconds, entry->duration_us, NULL,
                     entry->args, entry->args_count);
        struct slowlog_entry *copy = &part->copy.newest->entry;
        memcpy(copy->client_address, entry->client_address, sizeof copy->client_address);
        memcpy(copy->client_name, entry->client_name, sizeof copy->client_name);
    }
    return false;
}

static int compare_newest_first(const void *a, const void *b) {
    const struct slowlog_entry *one = *(const struct slowlog_entry *const *)a;
    const struct slowlog_entry *two = *(const struct slowlog_entry *const *)b;

    return one->id > two->id ? -1 : one->id < two->id;
}

static void reply_entry(struct reply *reply, const struct slowlog_entry *entry) {
    reply_array(reply, 6);
    reply_int(reply, (int64_t)entry->id);
    reply_int(reply, (int64_t)entry->unix_seconds);
    reply_int(reply, (int64_t)entry->duration_us);
    reply_array(reply, entry->args_count);
    for (size_t i = 0; i < entry->args_count; i++) reply_bulk(reply, entry->args[i]);
    reply_bulk_cstr(reply, entry->client_address);
    reply_bulk_cstr(reply, entry->client_name);
}

static void get_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct get_state *state = gather->state;
    size_t count = 0, filled = 0;

    for (unsigned i = 0; i < gather->shards_count; i++)
        count += ((struct get_part *)gather_part(gather, i))->copy.count;
    const struct slowlog_entry **entries = mem_must((count + 1) * sizeof(void *));
    for (unsigned i = 0; i < gather->shards_count; i++) {
        struct get_part *part = gather_part(gather, i);

        for (struct slowlog_item *item = part->copy.newest; item != NULL; item = item->older)
            entries[filled++] = &item->entry;
    }
    SL_ASSERT(filled == count);
    qsort(entries, count, sizeof(void *), compare_newest_first);
    if (count > state->count) count = state->count;
    reply_array(ctx->reply, count);
    for (size_t i = 0; i < count; i++) reply_entry(ctx->reply, entries[i]);
    mem_free(entries);
}

static void get_free(struct gather *gather) {
    for (unsigned i = 0; i < gather->shards_count; i++)
        slowlog_reset(&((struct get_part *)gather_part(gather, i))->copy);
}

static const struct gather_ops get_ops = {.each = get_each,
                                          .done = get_done,
                                          .free_state = get_free,
                                          .state_bytes = sizeof(struct get_state),
                                          .state_bytes_per_shard = sizeof(struct get_part)};

static size_t max_len(const struct cmd_ctx *ctx) {
    return (size_t)session_of(ctx)->shard->config->slowlog_max_len;
}

/* SLOWLOG GET [count] */
static void slowlog_cmd_get(struct cmd_ctx *ctx) {
    int64_t count = GET_COUNT_DEFAULT;
    size_t most = max_len(ctx);

    if (ctx->args_count > 3) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (ctx->args_count == 3 && !cmd_arg_int64_range(ctx, 2, -1, INT64_MAX, &count,
                                                     "count should be greater than or equal to -1"))
        return;
    struct gather *gather = gather_prepare(ctx, &get_ops);
    struct get_state *state = gather->state;
    state->count = count < 0 || (uint64_t)count > most ? most : (size_t)count;
    gather_go(gather);
}

/* ---- LEN and RESET ---- */

static bool len_each(struct gather *gather, struct shard *shard) {
    *(size_t *)gather_part(gather, shard->index) = shard->slowlog->count;
    return false;
}

static void len_done(struct gather *gather, struct cmd_ctx *ctx) {
    size_t count = 0, most = max_len(ctx);

    for (unsigned i = 0; i < gather->shards_count; i++) count += *(size_t *)gather_part(gather, i);
    reply_int(ctx->reply, (int64_t)(count < most ? count : most));
}

/* SLOWLOG LEN */
static void slowlog_cmd_len(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {
        .each = len_each, .done = len_done, .state_bytes_per_shard = sizeof(size_t)};

    gather_start(ctx, &ops);
}

static bool reset_each(struct gather *gather, struct shard *shard) {
    (void)gather;
    slowlog_reset(shard->slowlog);
    return false;
}

static void reset_done(struct gather *gather, struct cmd_ctx *ctx) {
    (void)gather;
    reply_ok(ctx->reply);
}

/* SLOWLOG RESET */
static void slowlog_cmd_reset(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = reset_each, .done = reset_done};

    gather_start(ctx, &ops);
}

/* SLOWLOG HELP */
static void slowlog_cmd_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "GET [<count>]",
        "    Give the last <count> entries (default: 10, -1: all), each with",
        "    id, timestamp, microseconds, arguments, client address, client name.",
        "LEN",
        "    Count the entries.",
        "RESET",
        "    Forget all entries.",
        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const char *const tips_all_nodes_nondeterministic_output[] = {
    "request_policy:all_nodes", "nondeterministic_output", NULL};
static const char *const slowlog_get_history[] = {
    "4.0.0", "Each entry has the client's address and name.", NULL};
static const struct cmd_arg slowlog_get_syntax[] = {
    {.name = "count", .type = ARG_INTEGER, .flags = ARG_OPTIONAL},
};
static const char *const tips_all_nodes_agg_sum_nondeterministic_output[] = {
    "request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output", NULL};
static const char *const tips_all_nodes_all_succeeded[] = {"request_policy:all_nodes",
                                                           "response_policy:all_succeeded", NULL};

static const struct cmd_def slowlog_cmds[] = {
    {.name = "slowlog",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.2.12",
     .complexity = "Depends on the sub-command",
     .summary = "Commands that took long: groups its sub-commands."},
    {.name = "slowlog|get",
     .run = slowlog_cmd_get,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N), N entries returned",
     .summary = "Gives the last slow commands.",
     .tips = tips_all_nodes_nondeterministic_output,
     .history = slowlog_get_history,
     CMD_SYNTAX(slowlog_get_syntax)},
    {.name = "slowlog|len",
     .run = slowlog_cmd_len,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(1)",
     .summary = "Counts the entries of the slow log.",
     .tips = tips_all_nodes_agg_sum_nondeterministic_output},
    {.name = "slowlog|reset",
     .run = slowlog_cmd_reset,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.2.12",
     .complexity = "O(N), N entries",
     .summary = "Empties the slow log.",
     .tips = tips_all_nodes_all_succeeded},
    {.name = "slowlog|help",
     .run = slowlog_cmd_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_slowlog = {"slowlog", slowlog_cmds, ARRAY_COUNT(slowlog_cmds)};
