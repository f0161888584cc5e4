/* cmd_latency.c - LATENCY: slow events and how long commands took. Events are gathered from the
 * threads and merged; histograms are read where they are. */
#include <inttypes.h>
#include <stdio.h>

#include "core/mem.h"
#include "shards/families.h"
#include "shards/gather.h"
#include "shards/latency.h"
#include "shards/slowlog.h"
#include "shards/text.h"

/* ---- Events ---- */

/* One gather for all sub-commands that show events: they differ in what they write. */
struct events_state {
    void (*write)(struct cmd_ctx *ctx, struct latency_events *events);
};

static bool events_each(struct gather *gather, struct shard *shard) {
    memcpy(gather_part(gather, shard->index), shard->latency_events, sizeof(struct latency_events));
    return false;
}

static void events_done(struct gather *gather, struct cmd_ctx *ctx) {
    struct latency_events *all = gather_part(gather, 0);

    for (unsigned i = 1; i < gather->shards_count; i++)
        latency_events_merge(all, gather_part(gather, i));
    ((struct events_state *)gather->state)->write(ctx, all);
}

static void with_events(struct cmd_ctx *ctx,
                        void (*write)(struct cmd_ctx *ctx, struct latency_events *events)) {
    static const struct gather_ops ops = {.each = events_each,
                                          .done = events_done,
                                          .state_bytes = sizeof(struct events_state),
                                          .state_bytes_per_shard = sizeof(struct latency_events)};
    struct gather *gather = gather_prepare(ctx, &ops);

    ((struct events_state *)gather->state)->write = write;
    gather_go(gather);
}

static void write_latest(struct cmd_ctx *ctx, struct latency_events *events) {
    struct reply_deferred deferred = reply_defer(ctx->reply);
    size_t count = 0;

    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        const struct latency_event *event = &events->events[i];
        if (event->name[0] == '\0') continue;
        const struct latency_sample *last = latency_event_sample(event, event->count - 1);

        reply_array(ctx->reply, 4);
        reply_bulk_cstr(ctx->reply, event->name);
        reply_int(ctx->reply, (int64_t)last->unix_seconds);
        reply_int(ctx->reply, (int64_t)last->ms);
        reply_int(ctx->reply, (int64_t)event->ms_max);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, count);
}

/* LATENCY LATEST */
static void latency_cmd_latest(struct cmd_ctx *ctx) {
    with_events(ctx, write_latest);
}

static void write_history(struct cmd_ctx *ctx, struct latency_events *events) {
    const struct latency_event *event = latency_events_find(events, ctx->args[2]);
    size_t count = event != NULL ? event->count : 0;

    reply_array(ctx->reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct latency_sample *sample = latency_event_sample(event, i);

        reply_array(ctx->reply, 2);
        reply_int(ctx->reply, (int64_t)sample->unix_seconds);
        reply_int(ctx->reply, (int64_t)sample->ms);
    }
}

/* LATENCY HISTORY event */
static void latency_cmd_history(struct cmd_ctx *ctx) {
    with_events(ctx, write_history);
}

/* A column per sample, oldest first, four levels high; then how long ago it was, written downwards. */
static void draw(struct text *text, const struct latency_event *event, uint64_t now_seconds) {
    enum { ROWS = 4, LABEL_ROWS = 4 };
    char labels[LATENCY_SAMPLES_MAX][LABEL_ROWS + 1];
    uint64_t ms_min = UINT64_MAX, ms_max = 0;

    for (size_t i = 0; i < event->count; i++) {
        const struct latency_sample *sample = latency_event_sample(event, i);
        uint64_t age = now_seconds > sample->unix_seconds ? now_seconds - sample->unix_seconds : 0;
        const char *unit = age < 60 ? "s" : age < 3600 ? "m" : age < 86400 ? "h" : "d";
        uint64_t amount = age < 60      ? age
                          : age < 3600  ? age / 60
                          : age < 86400 ? age / 3600
                                        : age / 86400;

        if (sample->ms < ms_min) ms_min = sample->ms;
        if (sample->ms > ms_max) ms_max = sample->ms;
        snprintf(labels[i], sizeof labels[i], "%" PRIu64 "%s", amount % 1000, unit);
    }
    text_print(text,
               "%s - high %" PRIu64 " ms, low %" PRIu64 " ms (all time high %" PRIu64 " ms)\n",
               event->name, ms_max, ms_min, event->ms_max);
    for (size_t i = 0; i < 80; i++) text_append(text, "-", 1);
    text_append(text, "\n", 1);
    for (unsigned row = ROWS; row-- > 0;) {
        for (size_t i = 0; i < event->count; i++) {
            uint64_t span = ms_max - ms_min + 1;
            uint64_t level = (latency_event_sample(event, i)->ms - ms_min) * ROWS / span;

            text_append(text, level > row ? "|" : level == row ? "#" : " ", 1);
        }
        text_append(text, "\n", 1);
    }
    text_append(text, "\n", 1);
    for (unsigned row = 0; row < LABEL_ROWS; row++) {
        for (size_t i = 0; i < event->count; i++)
            text_append(text, row < strlen(labels[i]) ? &labels[i][row] : " ", 1);
        text_append(text, "\n", 1);
    }
}

static void write_graph(struct cmd_ctx *ctx, struct latency_events *events) {
    const struct latency_event *event = latency_events_find(events, ctx->args[2]);
    struct text text = {0};

    if (event == NULL) {
        reply_error_format(ctx->reply, "No samples available for event '%.*s'",
                           (int)ctx->args[2].len, ctx->args[2].data);
        return;
    }
    draw(&text, event, ctx->now_unix_ms / 1000);
    reply_verbatim(ctx->reply, "txt", text_slice(&text));
    text_free(&text);
}

/* LATENCY GRAPH event */
static void latency_cmd_graph(struct cmd_ctx *ctx) {
    with_events(ctx, write_graph);
}

static void write_doctor(struct cmd_ctx *ctx, struct latency_events *events) {
    struct text text = {0};
    size_t count = 0;

    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++) {
        const struct latency_event *event = &events->events[i];
        uint64_t sum = 0;

        if (event->name[0] == '\0') continue;
        for (size_t j = 0; j < event->count; j++) sum += latency_event_sample(event, j)->ms;
        text_print(&text,
                   "%zu. %s: %zu slow seconds, mean %" PRIu64 " ms, worst ever %" PRIu64 " ms.\n",
                   ++count, event->name, event->count, sum / event->count, event->ms_max);
    }
    if (session_of(ctx)->shard->config->latency_monitor_threshold == 0) {
        text_print(&text, "Latency monitoring is off. CONFIG SET latency-monitor-threshold "
                          "<milliseconds> turns it on.\n");
    } else if (count == 0) {
        text_print(&text, "No event was slower than latency-monitor-threshold.\n");
    } else {
        text_print(&text, "SLOWLOG GET shows slow commands, LATENCY HISTOGRAM how long each "
                          "command takes, INFO shards which shard is busy.\n");
    }
    reply_verbatim(ctx->reply, "txt", text_slice(&text));
    text_free(&text);
}

/* LATENCY DOCTOR */
static void latency_cmd_doctor(struct cmd_ctx *ctx) {
    with_events(ctx, write_doctor);
}

/* ---- RESET: an event that several threads had counts once ---- */

struct reset_part {
    bool is_reset[LATENCY_EVENTS_MAX];
    char names[LATENCY_EVENTS_MAX][LATENCY_NAME_BYTES_MAX];
};

static bool reset_each(struct gather *gather, struct shard *shard) {
    struct reset_part *part = gather_part(gather, shard->index);
    struct latency_events *events = shard->latency_events;

    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++)
        memcpy(part->names[i], events->events[i].name, LATENCY_NAME_BYTES_MAX);
    latency_events_reset(events, gather->args + 2, gather->args_count - 2);
    for (size_t i = 0; i < LATENCY_EVENTS_MAX; i++)
        part->is_reset[i] = part->names[i][0] != '\0' && events->events[i].name[0] == '\0';
    return false;
}

static void reset_done(struct gather *gather, struct cmd_ctx *ctx) {
    struct latency_events *seen = latency_events_new();
    int64_t count = 0;

    for (unsigned i = 0; i < gather->shards_count; i++) {
        const struct reset_part *part = gather_part(gather, i);

        for (size_t j = 0; j < LATENCY_EVENTS_MAX; j++) {
            if (!part->is_reset[j]) continue;
            if (latency_events_find(seen, slice_from_cstr(part->names[j])) != NULL) continue;
            count += latency_events_add(seen, part->names[j], 1, 1);
        }
    }
    latency_events_free(seen);
    reply_int(ctx->reply, count);
}

/* LATENCY RESET [event ...] */
static void latency_cmd_reset(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {
        .each = reset_each, .done = reset_done, .state_bytes_per_shard = sizeof(struct reset_part)};

    gather_start(ctx, &ops);
}

/* ---- HISTOGRAM ---- */

/* Cumulative counts at powers of two microseconds, from the first that has any to the one that
 * has all. */
static bool reply_histogram(struct cmd_ctx *ctx, const struct cmd *cmd) {
    const struct node *node = session_of(ctx)->shard->node;
    uint64_t sum[HISTOGRAM_BUCKETS] = {0}, total = 0, seen = 0, seen_before = 0, bound_us = 1;
    unsigned bucket = 0;
    size_t pairs_count = 0;

    for (unsigned i = 0; i < node->shards_count; i++) {
        const struct histogram *histogram = atomic_load(
            &node->shards[i]->stats.cmds[cmd->index].histogram);
        if (histogram != NULL) histogram_add(sum, histogram);
    }
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) total += sum[i];
    if (total == 0) return false;

    reply_bulk_cstr(ctx->reply, cmd->fullname);
    reply_map(ctx->reply, 2);
    reply_bulk_cstr(ctx->reply, "calls");
    reply_int(ctx->reply, (int64_t)total);
    reply_bulk_cstr(ctx->reply, "histogram_usec");
    struct reply_deferred deferred = reply_defer(ctx->reply);
    for (; seen < total; bound_us *= 2) {
        while (bucket < HISTOGRAM_BUCKETS &&
               (histogram_bucket_upper_ns(bucket) <= bound_us * 1000 + bound_us * 1000 / 16 ||
                bound_us > (UINT64_C(1) << 40)))
            seen += sum[bucket++];
        if (seen == seen_before) continue;
        seen_before = seen;
        reply_int(ctx->reply, (int64_t)bound_us);
        reply_int(ctx->reply, (int64_t)seen);
        pairs_count++;
    }
    reply_defer_map(ctx->reply, deferred, pairs_count);
    return true;
}

static size_t reply_histograms(struct cmd_ctx *ctx, struct slice name) {
    const struct cmd_table *table = session_of(ctx)->shard->node->cmds;
    const char *bar = name.len > 0 ? memchr(name.data, '|', name.len) : NULL;
    size_t len = bar != NULL ? (size_t)(bar - name.data) : name.len, count = 0;
    const struct cmd *cmd = cmd_table_find(table, slice_of(name.data, len));

    if (cmd != NULL && bar != NULL) cmd = cmd_sub_find(cmd, slice_of(bar + 1, name.len - len - 1));
    if (cmd == NULL) return 0;
    if (cmd->subs_count == 0) return reply_histogram(ctx, cmd);
    count += reply_histogram(ctx, cmd);
    for (size_t i = 0; i < cmd->subs_count; i++) count += reply_histogram(ctx, cmd->subs[i]);
    return count;
}

/* LATENCY HISTOGRAM [command ...] */
static void latency_cmd_histogram(struct cmd_ctx *ctx) {
    const struct cmd_table *table = session_of(ctx)->shard->node->cmds;
    struct reply_deferred deferred = reply_defer(ctx->reply);
    size_t count = 0;

    for (size_t i = 2; i < ctx->args_count; i++) count += reply_histograms(ctx, ctx->args[i]);
    for (size_t i = 0; ctx->args_count == 2 && i < cmd_table_count(table); i++)
        count += reply_histogram(ctx, cmd_table_at(table, i));
    reply_defer_map(ctx->reply, deferred, count);
}

/* LATENCY HELP */
static void latency_cmd_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "DOCTOR",
        "    Report latency problems in words.",
        "GRAPH <event>",
        "    Draw the samples of an event.",
        "HISTOGRAM [<command> ...]",
        "    Give the cumulative distribution of latencies of these commands, or all.",
        "HISTORY <event>",
        "    Give the samples of an event.",
        "LATEST",
        "    Give the last sample of each event.",
        "RESET [<event> ...]",
        "    Forget the samples of these events, or all.",
        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const char *const tips_nondeterministic_output_all_nodes_special[] = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special", NULL};
static const struct cmd_arg latency_histogram_syntax[] = {
    {.name = "command", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg latency_history_syntax[] = {
    {.name = "event", .type = ARG_STRING},
};
static const char *const tips_all_nodes_all_succeeded[] = {"request_policy:all_nodes",
                                                           "response_policy:all_succeeded", NULL};
static const struct cmd_arg latency_reset_syntax[] = {
    {.name = "event", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg latency_graph_syntax[] = {
    {.name = "event", .type = ARG_STRING},
};

static const struct cmd_def latency_cmds[] = {
    {.name = "latency",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "Depends on the sub-command",
     .summary = "Latency: groups its sub-commands."},
    {.name = "latency|histogram",
     .run = latency_cmd_histogram,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N), N commands with figures",
     .summary = "Gives the cumulative distribution of latencies by command.",
     .tips = tips_nondeterministic_output_all_nodes_special,
     CMD_SYNTAX(latency_histogram_syntax)},
    {.name = "latency|latest",
     .run = latency_cmd_latest,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Gives the last sample of each event.",
     .tips = tips_nondeterministic_output_all_nodes_special},
    {.name = "latency|history",
     .run = latency_cmd_history,
     .arity = 3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Gives the samples of one event.",
     .tips = tips_nondeterministic_output_all_nodes_special,
     CMD_SYNTAX(latency_history_syntax)},
    {.name = "latency|reset",
     .run = latency_cmd_reset,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Forgets the samples of events.",
     .tips = tips_all_nodes_all_succeeded,
     CMD_SYNTAX(latency_reset_syntax)},
    {.name = "latency|doctor",
     .run = latency_cmd_doctor,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Reports latency problems in words.",
     .tips = tips_nondeterministic_output_all_nodes_special},
    {.name = "latency|graph",
     .run = latency_cmd_graph,
     .arity = 3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Draws the latency history of an event.",
     .tips = tips_nondeterministic_output_all_nodes_special,
     CMD_SYNTAX(latency_graph_syntax)},
    {.name = "latency|help",
     .run = latency_cmd_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_latency = {"latency", latency_cmds, ARRAY_COUNT(latency_cmds)};
