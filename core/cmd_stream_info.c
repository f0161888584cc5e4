/* cmd_stream_info.c - XINFO. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"

enum { FULL_COUNT_DEFAULT = 10 };

static bool find_stream(struct cmd_ctx *ctx, struct stream **stream) {
    struct key key = cmd_key(ctx, 2);

    if (!stream_find_read(ctx, &key, stream)) return false;
    if (*stream != NULL) return true;
    reply_error(ctx->reply, "no such key");
    return false;
}

static void reply_field_int(struct cmd_ctx *ctx, const char *name, int64_t value) {
    reply_bulk_cstr(ctx->reply, name);
    reply_int(ctx->reply, value);
}

static void reply_field_id(struct cmd_ctx *ctx, const char *name, struct stream_id id) {
    reply_bulk_cstr(ctx->reply, name);
    stream_reply_id(ctx, id);
}

static void reply_field_name(struct cmd_ctx *ctx, struct slice name) {
    reply_bulk_cstr(ctx->reply, "name");
    reply_bulk(ctx->reply, name);
}

static void reply_progress(struct cmd_ctx *ctx, const struct stream *stream,
                           const struct stream_group *group) {
    int64_t lag;

    reply_bulk_cstr(ctx->reply, "entries-read");
    if (group->entries_read != STREAM_ENTRIES_READ_UNKNOWN)
        reply_int(ctx->reply, group->entries_read);
    else
        reply_null(ctx->reply);
    reply_bulk_cstr(ctx->reply, "lag");
    if (stream_group_lag(stream, group, &lag))
        reply_int(ctx->reply, lag);
    else
        reply_null(ctx->reply);
}

/* ---- XINFO STREAM ---- */

/* Pending entries, up to count_max (0: all), with the consumers' names or without. */
static void reply_pendings(struct cmd_ctx *ctx, const struct stream_index *pendings,
                           bool with_consumer, uint64_t count_max) {
    struct stream_index_pos pos = {0, 0};
    size_t count = pendings->items_count;

    if (count_max > 0 && count > count_max) count = (size_t)count_max;
    reply_bulk_cstr(ctx->reply, "pending");
    reply_array(ctx->reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct stream_index_item *item = stream_index_at(pendings, pos);
        const struct stream_pending *pending = item->value;
        reply_array(ctx->reply, with_consumer ? 4 : 3);
        stream_reply_id(ctx, item->id);
        if (with_consumer) reply_bulk(ctx->reply, stream_consumer_name(pending->consumer));
        reply_int(ctx->reply, (int64_t)pending->delivered_at_unix_ms);
        reply_int(ctx->reply, (int64_t)pending->deliveries_count);
        pos = stream_index_next(pendings, pos);
    }
}

static void reply_group_full(struct cmd_ctx *ctx, const struct stream *stream,
                             const struct stream_group *group, uint64_t count_max) {
    reply_map(ctx->reply, 7);
    reply_field_name(ctx, stream_group_name(group));
    reply_field_id(ctx, "last-delivered-id", group->last_id);
    reply_progress(ctx, stream, group);
    reply_field_int(ctx, "pel-count", (int64_t)group->pending.items_count);
    reply_pendings(ctx, &group->pending, true, count_max);
    reply_bulk_cstr(ctx->reply, "consumers");
    reply_array(ctx->reply, group->consumers_count);
    for (size_t i = 0; i < group->consumers_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        reply_map(ctx->reply, 5);
        reply_field_name(ctx, stream_consumer_name(consumer));
        reply_field_int(ctx, "seen-time", consumer->seen_at_unix_ms);
        reply_field_int(ctx, "active-time", consumer->active_at_unix_ms);
        reply_field_int(ctx, "pel-count", (int64_t)consumer->pending.items_count);
        reply_pendings(ctx, &consumer->pending, false, count_max);
    }
}

static void reply_edge_entry(struct cmd_ctx *ctx, const struct stream *stream, const char *name,
                             bool is_last) {
    struct stream_id id;

    reply_bulk_cstr(ctx->reply, name);
    if (stream_edge_id(stream, is_last, &id))
        stream_reply_entry(ctx, stream, id);
    else
        reply_null(ctx->reply);
}

static void reply_stream(struct cmd_ctx *ctx, const struct stream *stream, bool is_full,
                         uint64_t count_max) {
    reply_map(ctx->reply, is_full ? 9 : 10);
    reply_field_int(ctx, "length", (int64_t)stream->length);
    reply_field_int(ctx, "radix-tree-keys", (int64_t)stream->nodes.items_count);
    /* Redis' tree has a node more than keys, at least. */
    reply_field_int(ctx, "radix-tree-nodes", (int64_t)stream->nodes.items_count + 1);
    reply_field_id(ctx, "last-generated-id", stream->last_id);
    reply_field_id(ctx, "max-deleted-entry-id", stream->max_deleted_id);
    reply_field_int(ctx, "entries-added", (int64_t)stream->entries_added);
    reply_field_id(ctx, "recorded-first-entry-id", stream->first_id);
    if (!is_full) {
        reply_field_int(ctx, "groups", (int64_t)stream->groups_count);
        reply_edge_entry(ctx, stream, "first-entry", false);
        reply_edge_entry(ctx, stream, "last-entry", true);
        return;
    }
    reply_bulk_cstr(ctx->reply, "entries");
    stream_reply_range(ctx, stream, STREAM_ID_MIN, STREAM_ID_MAX, count_max, false);
    reply_bulk_cstr(ctx->reply, "groups");
    reply_array(ctx->reply, stream->groups_count);
    for (size_t i = 0; i < stream->groups_count; i++)
        reply_group_full(ctx, stream, stream->groups[i], count_max);
}

static void xinfo_stream(struct cmd_ctx *ctx) {
    struct stream *stream;
    int64_t count = FULL_COUNT_DEFAULT;
    size_t options_count = ctx->args_count - 3;

    if (!find_stream(ctx, &stream)) return;
    bool is_full = options_count > 0;
    if (is_full) {
        if ((options_count != 1 && options_count != 3) || !cmd_arg_is(ctx, 3, "full") ||
            (options_count == 3 && !cmd_arg_is(ctx, 4, "count"))) {
            cmd_reply_subcommand_error(ctx);
            return;
        }
        if (options_count == 3 && !cmd_arg_int64(ctx, 5, &count, NULL)) return;
        if (count < 0) count = FULL_COUNT_DEFAULT;
    }
    reply_stream(ctx, stream, is_full, (uint64_t)count);
}

/* ---- XINFO GROUPS, CONSUMERS ---- */

static void xinfo_groups(struct cmd_ctx *ctx) {
    struct stream *stream;

    if (!find_stream(ctx, &stream)) return;
    reply_array(ctx->reply, stream->groups_count);
    for (size_t i = 0; i < stream->groups_count; i++) {
        const struct stream_group *group = stream->groups[i];
        reply_map(ctx->reply, 6);
        reply_field_name(ctx, stream_group_name(group));
        reply_field_int(ctx, "consumers", (int64_t)group->consumers_count);
        reply_field_int(ctx, "pending", (int64_t)group->pending.items_count);
        reply_field_id(ctx, "last-delivered-id", group->last_id);
        reply_progress(ctx, stream, group);
    }
}

static void xinfo_consumers(struct cmd_ctx *ctx) {
    struct stream *stream;
    struct slice key = ctx->args[2], name = ctx->args[3];
    int64_t now = (int64_t)ctx->now_unix_ms;

    if (!find_stream(ctx, &stream)) return;
    const struct stream_group *group = stream_group_find(stream, name);
    if (group == NULL) {
        reply_error_format(ctx->reply, "-NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                           (int)name.len, name.data, (int)key.len, key.data);
        return;
    }
    reply_array(ctx->reply, group->consumers_count);
    for (size_t i = 0; i < group->consumers_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        int64_t idle_ms = now - consumer->seen_at_unix_ms;
        int64_t inactive_ms = now - consumer->active_at_unix_ms;

        reply_map(ctx->reply, 4);
        reply_field_name(ctx, stream_consumer_name(consumer));
        reply_field_int(ctx, "pending", (int64_t)consumer->pending.items_count);
        reply_field_int(ctx, "idle", idle_ms > 0 ? idle_ms : 0);
        reply_field_int(ctx, "inactive", consumer->active_at_unix_ms == -1 ? -1 : inactive_ms);
    }
}

static void xinfo_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "CONSUMERS <key> <groupname>",
        "    Show the consumers of a group.",
        "GROUPS <key>",
        "    Show the consumer groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show what there is to know of a stream.",
        NULL,
    };
    cmd_reply_help(ctx, lines);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xinfo_consumers_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
};
static const char *const xinfo_consumers_history[] = {"7.2.0", "The field `inactive`.", NULL};
static const char *const xinfo_consumers_tips[] = {"nondeterministic_output", NULL};
static const struct cmd_arg xinfo_groups_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const char *const xinfo_groups_history[] = {"7.0.0", "The fields `entries-read` and `lag`.", NULL};
static const struct cmd_arg xinfo_stream_syntax_full_block[] = {
    {.name = "full", .type = ARG_PURE_TOKEN, .token = "FULL"},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg xinfo_stream_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "full-block", .type = ARG_BLOCK,
     .flags = ARG_OPTIONAL, .args = xinfo_stream_syntax_full_block, .args_count = ARRAY_COUNT(xinfo_stream_syntax_full_block)},
};
static const char *const xinfo_stream_history[] = {"6.0.0", "`FULL`.", "7.0.0", "The fields `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.", "7.2.0", "The field `active-time`; `seen-time` follows every attempt.", NULL};

static const struct cmd_def info_cmds[] = {
    {.name = "xinfo", .arity = -2,
     .group = "stream", .since = "5.0.0",
     .complexity = "Depends on the sub-command.",
     .summary = "Container of the commands that look into a stream."},
    {.name = "xinfo|consumers", .run = xinfo_consumers, .arity = 4, .flags = CMD_READONLY,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the consumers.",
     .summary = "Shows the consumers of a group.",
     .history = xinfo_consumers_history, .tips = xinfo_consumers_tips, CMD_SYNTAX(xinfo_consumers_syntax)},
    {.name = "xinfo|groups", .run = xinfo_groups, .arity = 3, .flags = CMD_READONLY,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the groups.",
     .summary = "Shows the consumer groups of a stream.",
     .history = xinfo_groups_history, CMD_SYNTAX(xinfo_groups_syntax)},
    {.name = "xinfo|help", .run = xinfo_help, .arity = 2, .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_STREAM, .scope = SCOPE_CONN,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
    {.name = "xinfo|stream", .run = xinfo_stream, .arity = -3, .flags = CMD_READONLY,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1), with FULL O(N) with N what is shown.",
     .summary = "Shows what there is to know of a stream.",
     .history = xinfo_stream_history, CMD_SYNTAX(xinfo_stream_syntax)},
};
const struct cmd_family cmd_family_stream_info = {"stream", info_cmds, ARRAY_COUNT(info_cmds)};
/* clang-format on */
