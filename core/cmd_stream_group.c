/* cmd_stream_group.c - consumer groups: XGROUP, XACK, XPENDING. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"

/* ---- XGROUP ---- */

static void reply_no_group(struct cmd_ctx *ctx, struct slice group, struct slice key) {
    reply_error_format(ctx->reply, "-NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                       (int)group.len, group.data, (int)key.len, key.data);
}

enum { CREATE_ARGS_MAX = 8, SETID_ARGS_MAX = 7 };

struct group_options {
    bool make_stream;
    int64_t entries_read;
};

static bool parse_group(struct cmd_ctx *ctx, bool is_create, struct group_options *options) {
    *options = (struct group_options){.entries_read = STREAM_ENTRIES_READ_UNKNOWN};
    for (size_t i = 5; i < ctx->args_count; i++) {
        if (is_create && cmd_arg_is(ctx, i, "mkstream")) {
            options->make_stream = true;
        } else if (cmd_arg_is(ctx, i, "entriesread") && i + 1 < ctx->args_count) {
            if (!cmd_arg_int64(ctx, ++i, &options->entries_read, NULL)) return false;
            if (options->entries_read < 0 && options->entries_read != STREAM_ENTRIES_READ_UNKNOWN) {
                reply_error(ctx->reply, "value for ENTRIESREAD must be positive or -1");
                return false;
            }
        } else {
            cmd_reply_subcommand_error(ctx);
            return false;
        }
    }
    return true;
}

static bool find_stream(struct cmd_ctx *ctx, const struct key *key, bool may_be_missing,
                        struct stream **stream) {
    if (!stream_find_write(ctx, key, stream)) return false;
    if (*stream != NULL || may_be_missing) return true;
    reply_error(ctx->reply, "The XGROUP subcommand requires the key to exist. Note that for CREATE "
                            "you may want to use the MKSTREAM option to create an empty stream "
                            "automatically.");
    return false;
}

/* The group of the third argument in the stream of the second. */
static bool find_group(struct cmd_ctx *ctx, const struct key *key, struct stream **stream,
                       struct stream_group **group) {
    if (!find_stream(ctx, key, false, stream)) return false;
    *group = stream_group_find(*stream, ctx->args[3]);
    if (*group != NULL) return true;
    reply_no_group(ctx, ctx->args[3], key->name);
    return false;
}

static bool arg_last_id(struct cmd_ctx *ctx, const struct stream *stream, enum stream_id_form form,
                        struct stream_id *id) {
    if (!slice_equal(ctx->args[4], SLICE_LITERAL("$"))) return stream_arg_id(ctx, 4, form, id);
    *id = stream != NULL ? stream->last_id : STREAM_ID_MIN;
    return true;
}

static void xgroup_create(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 2);
    struct group_options options;
    struct stream *stream;
    struct stream_id id;

    if (!parse_group(ctx, true, &options)) return;
    if (!find_stream(ctx, &key, options.make_stream, &stream)) return;
    if (ctx->args_count > CREATE_ARGS_MAX) { /* options may be repeated, but only so far */
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (!arg_last_id(ctx, stream, STREAM_ID_STRICT, &id)) return;
    if (stream == NULL) {
        stream = stream_new();
        if (cmd_add_object(ctx, &key, VALUE_STREAM, ENCODING_STREAM, stream) == NULL) {
            stream_free(stream);
            return;
        }
    }
    if (stream_group_add(stream, ctx->args[3], id, options.entries_read) == NULL) {
        reply_error(ctx->reply, "-BUSYGROUP Consumer Group name already exists");
        return;
    }
    stream_changed(ctx, "xgroup-create", &key);
    reply_ok(ctx->reply);
}

static void xgroup_setid(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 2);
    struct group_options options;
    struct stream *stream;
    struct stream_group *group;
    struct stream_id id;

    if (!parse_group(ctx, false, &options)) return;
    if (!find_group(ctx, &key, &stream, &group)) return;
    if (ctx->args_count > SETID_ARGS_MAX) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (!arg_last_id(ctx, stream, STREAM_ID_WITH_EDGES, &id)) return;
    group->last_id = id;
    group->entries_read = options.entries_read;
    stream_changed(ctx, "xgroup-setid", &key);
    reply_ok(ctx->reply);
}

static void xgroup_destroy(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 2);
    struct stream *stream;

    if (!find_stream(ctx, &key, false, &stream)) return;
    struct stream_group *group = stream_group_find(stream, ctx->args[3]);
    if (group == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    stream_group_remove(stream, group);
    stream_changed(ctx, "xgroup-destroy", &key);
    reply_int(ctx->reply, 1);
}

static void xgroup_createconsumer(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 2);
    struct stream *stream;
    struct stream_group *group;

    if (!find_group(ctx, &key, &stream, &group)) return;
    if (stream_consumer_find(group, ctx->args[4]) != NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    stream_find_or_add_consumer(ctx, &key, group, ctx->args[4]);
    reply_int(ctx->reply, 1);
}

static void xgroup_delconsumer(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 2);
    struct stream *stream;
    struct stream_group *group;
    size_t pending_count = 0;

    if (!find_group(ctx, &key, &stream, &group)) return;
    struct stream_consumer *consumer = stream_consumer_find(group, ctx->args[4]);
    if (consumer != NULL) {
        pending_count = stream_consumer_remove(group, consumer);
        stream_changed(ctx, "xgroup-delconsumer", &key);
    }
    reply_int(ctx->reply, (int64_t)pending_count);
}

static void xgroup_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Make a consumer group. Options are:",
        "    * MKSTREAM",
        "      Make the stream, empty, if there is none.",
        "    * ENTRIESREAD entries_read",
        "      Say how many entries the group has read (for internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Make a consumer in a group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Take a consumer out of its group.",
        "DESTROY <key> <groupname>",
        "    Remove a group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set up to where a group has read.",
        NULL,
    };
    cmd_reply_help(ctx, lines);
}

/* ---- XACK ---- */

static void xack(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct stream *stream;
    struct stream_ids ids;
    size_t count = ctx->args_count - 3;
    int64_t acknowledged_count = 0;

    if (!stream_find_read(ctx, &key, &stream)) return;
    struct stream_group *group = stream != NULL ? stream_group_find(stream, ctx->args[2]) : NULL;
    if (group == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (!stream_args_ids(ctx, 3, count, &ids)) return;
    for (size_t i = 0; i < count; i++)
        acknowledged_count += stream_pending_remove(group, ids.at[i]);
    stream_ids_free(&ids);
    if (acknowledged_count > 0) cmd_changed_silently(ctx);
    reply_int(ctx->reply, acknowledged_count);
}

/* ---- XPENDING ---- */

struct pending_options {
    int64_t idle_ms_min, count;
    struct stream_id first, last;
    size_t consumer_arg; /* 0: of all */
};

static bool parse_pending(struct cmd_ctx *ctx, struct pending_options *options) {
    size_t start = 3;

    *options = (struct pending_options){.count = 0};
    if (ctx->args_count == 3) return true;
    if (ctx->args_count < 6 || ctx->args_count > 9) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    if (cmd_arg_is(ctx, 3, "idle")) {
        if (!cmd_arg_int64(ctx, 4, &options->idle_ms_min, NULL)) return false;
        if (ctx->args_count < 8) {
            reply_syntax_error(ctx->reply);
            return false;
        }
        start += 2;
    }
    if (!cmd_arg_int64(ctx, start + 2, &options->count, NULL)) return false;
    if (!stream_arg_first(ctx, start, &options->first)) return false;
    if (!stream_arg_last(ctx, start + 1, &options->last)) return false;
    if (start + 3 < ctx->args_count) options->consumer_arg = start + 3;
    return true;
}

static void reply_pending_summary(struct cmd_ctx *ctx, const struct stream_group *group) {
    size_t count = 0;

    reply_array(ctx->reply, 4);
    reply_int(ctx->reply, (int64_t)group->pending.items_count);
    if (group->pending.items_count == 0) {
        reply_null(ctx->reply);
        reply_null(ctx->reply);
        reply_null_array(ctx->reply);
        return;
    }
    stream_reply_id(ctx, stream_index_first(&group->pending)->id);
    stream_reply_id(ctx, stream_index_last(&group->pending)->id);
    struct reply_deferred deferred = reply_defer(ctx->reply);
    for (size_t i = 0; i < group->consumers_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        if (consumer->pending.items_count == 0) continue;
        reply_array(ctx->reply, 2);
        reply_bulk(ctx->reply, stream_consumer_name(consumer));
        reply_bulk_int(ctx->reply, (int64_t)consumer->pending.items_count);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, count);
}

static void reply_pending_range(struct cmd_ctx *ctx, const struct pending_options *options,
                                const struct stream_index *pendings) {
    struct stream_index_pos pos = stream_index_seek(pendings, options->first);
    struct stream_index_item *item;
    int64_t count = 0;

    struct reply_deferred deferred = reply_defer(ctx->reply);
    for (; count < options->count && (item = stream_index_at(pendings, pos)) != NULL;
         pos = stream_index_next(pendings, pos)) {
        const struct stream_pending *pending = item->value;
        int64_t idle_ms = (int64_t)ctx->now_unix_ms - (int64_t)pending->delivered_at_unix_ms;

        if (stream_id_compare(item->id, options->last) > 0) break;
        if (options->idle_ms_min != 0 && idle_ms < options->idle_ms_min) continue;
        reply_array(ctx->reply, 4);
        stream_reply_id(ctx, item->id);
        reply_bulk(ctx->reply, stream_consumer_name(pending->consumer));
        reply_int(ctx->reply, idle_ms > 0 ? idle_ms : 0);
        reply_int(ctx->reply, (int64_t)pending->deliveries_count);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, (size_t)count);
}

static void xpending(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct slice group_name = ctx->args[2];
    struct pending_options options;
    struct stream *stream;

    if (!parse_pending(ctx, &options) || !stream_find_read(ctx, &key, &stream)) return;
    const struct stream_group *group = stream != NULL ? stream_group_find(stream, group_name)
                                                      : NULL;
    if (group == NULL) {
        reply_error_format(ctx->reply, "-NOGROUP No such key '%.*s' or consumer group '%.*s'",
                           (int)key.name.len, key.name.data, (int)group_name.len, group_name.data);
        return;
    }
    if (ctx->args_count == 3) {
        reply_pending_summary(ctx, group);
        return;
    }
    const struct stream_index *pendings = &group->pending;
    if (options.consumer_arg > 0) {
        const struct stream_consumer *consumer = stream_consumer_find(
            group, ctx->args[options.consumer_arg]);
        if (consumer == NULL) {
            reply_array(ctx->reply, 0);
            return;
        }
        pendings = &consumer->pending;
    }
    reply_pending_range(ctx, &options, pendings);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xack_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "ID", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xpending_syntax_filters[] = {
    {.name = "min-idle-time", .type = ARG_INTEGER, .token = "IDLE", .since = "6.2.0", .flags = ARG_OPTIONAL},
    {.name = "start", .type = ARG_STRING},
    {.name = "end", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER},
    {.name = "consumer", .type = ARG_STRING, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg xpending_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "filters", .type = ARG_BLOCK,
     .flags = ARG_OPTIONAL, .args = xpending_syntax_filters, .args_count = ARRAY_COUNT(xpending_syntax_filters)},
};
static const char *const xpending_history[] = {"6.2.0", "`IDLE`; an end of the range may be excluded.", NULL};
static const char *const xpending_tips[] = {"nondeterministic_output", NULL};
static const struct cmd_arg xgroup_create_syntax_id_selector[] = {
    {.name = "id", .type = ARG_STRING},
    {.name = "new-id", .type = ARG_PURE_TOKEN, .token = "$"},
};
static const struct cmd_arg xgroup_create_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "id-selector", .type = ARG_ONEOF,
     .args = xgroup_create_syntax_id_selector, .args_count = ARRAY_COUNT(xgroup_create_syntax_id_selector)},
    {.name = "mkstream", .type = ARG_PURE_TOKEN, .token = "MKSTREAM", .flags = ARG_OPTIONAL},
    {.name = "entries-read", .type = ARG_INTEGER, .token = "ENTRIESREAD", .flags = ARG_OPTIONAL},
};
static const char *const xgroup_create_history[] = {"7.0.0", "`ENTRIESREAD`.", NULL};
static const struct cmd_arg xgroup_createconsumer_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "consumer", .type = ARG_STRING},
};
static const struct cmd_arg xgroup_delconsumer_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "consumer", .type = ARG_STRING},
};
static const struct cmd_arg xgroup_destroy_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
};
static const struct cmd_arg xgroup_setid_syntax_id_selector[] = {
    {.name = "id", .type = ARG_STRING},
    {.name = "new-id", .type = ARG_PURE_TOKEN, .token = "$"},
};
static const struct cmd_arg xgroup_setid_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "id-selector", .type = ARG_ONEOF,
     .args = xgroup_setid_syntax_id_selector, .args_count = ARRAY_COUNT(xgroup_setid_syntax_id_selector)},
    {.name = "entriesread", .type = ARG_INTEGER,
     .display = "entries-read", .token = "ENTRIESREAD", .flags = ARG_OPTIONAL},
};
static const char *const xgroup_setid_history[] = {"7.0.0", "`ENTRIESREAD`.", NULL};

static const struct cmd_def group_cmds[] = {
    {.name = "xack", .run = xack, .arity = -4, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)) for each id.",
     .summary = "Takes entries out of what a group has pending.",
     CMD_SYNTAX(xack_syntax)},
    {.name = "xpending", .run = xpending, .arity = -3, .flags = CMD_READONLY,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)+M) with M the entries returned; the summary O(C) with C the consumers.",
     .summary = "Shows what a group has pending.",
     .history = xpending_history, .tips = xpending_tips, CMD_SYNTAX(xpending_syntax)},
    {.name = "xgroup", .arity = -2,
     .group = "stream", .since = "5.0.0",
     .complexity = "Depends on the sub-command.",
     .summary = "Container of the commands about consumer groups."},
    {.name = "xgroup|create", .run = xgroup_create, .arity = -5, .flags = CMD_WRITE | CMD_DENYOOM,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_INSERT, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Makes a consumer group.",
     .history = xgroup_create_history, CMD_SYNTAX(xgroup_create_syntax)},
    {.name = "xgroup|createconsumer", .run = xgroup_createconsumer, .arity = 5, .flags = CMD_WRITE | CMD_DENYOOM,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_INSERT, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "6.2.0",
     .complexity = "O(log(N)) with N the consumers.",
     .summary = "Makes a consumer in a group.",
     CMD_SYNTAX(xgroup_createconsumer_syntax)},
    {.name = "xgroup|delconsumer", .run = xgroup_delconsumer, .arity = 5, .flags = CMD_WRITE,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_DELETE, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries it has pending.",
     .summary = "Takes a consumer, with what it has pending, out of its group.",
     CMD_SYNTAX(xgroup_delconsumer_syntax)},
    {.name = "xgroup|destroy", .run = xgroup_destroy, .arity = 4, .flags = CMD_WRITE,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_DELETE, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries it has pending.",
     .summary = "Removes a consumer group.",
     CMD_SYNTAX(xgroup_destroy_syntax)},
    {.name = "xgroup|help", .run = xgroup_help, .arity = 2, .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_STREAM, .scope = SCOPE_CONN,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
    {.name = "xgroup|setid", .run = xgroup_setid, .arity = -5, .flags = CMD_WRITE,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_UPDATE, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Sets up to where a group has read.",
     .history = xgroup_setid_history, CMD_SYNTAX(xgroup_setid_syntax)},
};
const struct cmd_family cmd_family_stream_group = {"stream", group_cmds, ARRAY_COUNT(group_cmds)};
/* clang-format on */
