/* cmd_stream_delex.c - deleting with a say about the groups' pending entries: XDELEX, XACKDEL. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"

enum reference_policy {
    KEEP_REFERENCES, /* what is pending stays pending */
    DELETE_REFERENCES, /* in all groups */
    ONLY_ACKNOWLEDGED, /* delete what every group has read and acknowledged, nothing else */
};
enum { NOT_FOUND = -1, DELETED = 1, STILL_REFERENCED = 2 };

struct delete_options {
    enum reference_policy policy;
    size_t ids_arg, ids_count;
};

static bool parse(struct cmd_ctx *ctx, size_t index, struct delete_options *options) {
    bool has_policy = false;

    *options = (struct delete_options){.policy = KEEP_REFERENCES};
    for (size_t i = index; i < ctx->args_count; i++) {
        bool is_keep = cmd_arg_is(ctx, i, "keepref"), is_delete = cmd_arg_is(ctx, i, "delref");

        if ((is_keep || is_delete || cmd_arg_is(ctx, i, "acked")) && !has_policy) {
            options->policy = is_keep     ? KEEP_REFERENCES
                              : is_delete ? DELETE_REFERENCES
                                          : ONLY_ACKNOWLEDGED;
            has_policy = true;
        } else if (cmd_arg_is(ctx, i, "ids") && i + 1 < ctx->args_count && options->ids_arg == 0) {
            int64_t count;
            if (!cmd_arg_int64_range(ctx, i + 1, 1, INT64_MAX, &count,
                                     "Number of IDs must be a positive integer"))
                return false;
            if ((uint64_t)count > ctx->args_count - (i + 2)) {
                reply_error(ctx->reply,
                            "The `numids` parameter must match the number of arguments");
                return false;
            }
            options->ids_arg = i + 2;
            options->ids_count = (size_t)count;
            i += 1 + options->ids_count;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    if (options->ids_arg > 0) return true;
    reply_syntax_error(ctx->reply);
    return false;
}

static int64_t delete_entry(struct stream *stream, enum reference_policy policy,
                            struct stream_id id) {
    if (policy == DELETE_REFERENCES) stream_pending_remove_everywhere(stream, id);
    if (policy == ONLY_ACKNOWLEDGED && !stream_is_acknowledged(stream, id))
        return stream_has(stream, id) ? STILL_REFERENCED : NOT_FOUND;
    if (!stream_delete(stream, id)) return NOT_FOUND;
    if (stream_id_compare(id, stream->max_deleted_id) > 0) stream->max_deleted_id = id;
    return DELETED;
}

static void reply_all_not_found(struct cmd_ctx *ctx, size_t count) {
    reply_array(ctx->reply, count);
    for (size_t i = 0; i < count; i++) reply_int(ctx->reply, NOT_FOUND);
}

static void xdelex(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct delete_options options;
    struct stream *stream;
    struct stream_ids ids;
    bool is_changed = false, is_deleted = false;

    if (!parse(ctx, 2, &options)) return;
    if (!stream_find_write(ctx, &key, &stream)) return;
    if (!stream_args_ids(ctx, options.ids_arg, options.ids_count, &ids)) return;
    if (stream == NULL) {
        reply_all_not_found(ctx, options.ids_count);
    } else {
        reply_array(ctx->reply, options.ids_count);
        for (size_t i = 0; i < options.ids_count; i++) {
            int64_t result = delete_entry(stream, options.policy, ids.at[i]);
            is_deleted |= result == DELETED;
            /* References go even where the entry has gone before. */
            is_changed |= result == DELETED || options.policy == DELETE_REFERENCES;
            reply_int(ctx->reply, result);
        }
    }
    stream_ids_free(&ids);
    if (is_deleted)
        stream_changed(ctx, "xdel", &key);
    else if (is_changed)
        cmd_changed_silently(ctx);
}

static void xackdel(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct delete_options options;
    struct stream *stream;
    struct stream_ids ids;
    bool is_changed = false, is_deleted = false;

    if (!parse(ctx, 3, &options)) return;
    if (!stream_find_write(ctx, &key, &stream)) return;
    if (!stream_args_ids(ctx, options.ids_arg, options.ids_count, &ids)) return;
    struct stream_group *group = stream != NULL ? stream_group_find(stream, ctx->args[2]) : NULL;
    if (group == NULL) {
        reply_all_not_found(ctx, options.ids_count);
    } else {
        reply_array(ctx->reply, options.ids_count);
        for (size_t i = 0; i < options.ids_count; i++) {
            if (!stream_pending_remove(group, ids.at[i])) {
                reply_int(ctx->reply, NOT_FOUND);
                continue;
            }
            is_changed = true;
            /* It was pending and is acknowledged now, whether there was still an entry or not. */
            int64_t result = delete_entry(stream, options.policy, ids.at[i]);
            is_deleted |= result == DELETED;
            reply_int(ctx->reply, result == NOT_FOUND ? DELETED : result);
        }
    }
    stream_ids_free(&ids);
    if (is_deleted)
        stream_changed(ctx, "xdel", &key);
    else if (is_changed)
        cmd_changed_silently(ctx);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xdelex_syntax_condition[] = {
    {.name = "keepref", .type = ARG_PURE_TOKEN, .token = "KEEPREF"},
    {.name = "delref", .type = ARG_PURE_TOKEN, .token = "DELREF"},
    {.name = "acked", .type = ARG_PURE_TOKEN, .token = "ACKED"},
};
static const struct cmd_arg xdelex_syntax_ids[] = {
    {.name = "numids", .type = ARG_INTEGER},
    {.name = "id", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xdelex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "condition", .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL, .args = xdelex_syntax_condition, .args_count = ARRAY_COUNT(xdelex_syntax_condition)},
    {.name = "ids", .type = ARG_BLOCK,
     .token = "IDS", .args = xdelex_syntax_ids, .args_count = ARRAY_COUNT(xdelex_syntax_ids)},
};
static const struct cmd_arg xackdel_syntax_condition[] = {
    {.name = "keepref", .type = ARG_PURE_TOKEN, .token = "KEEPREF"},
    {.name = "delref", .type = ARG_PURE_TOKEN, .token = "DELREF"},
    {.name = "acked", .type = ARG_PURE_TOKEN, .token = "ACKED"},
};
static const struct cmd_arg xackdel_syntax_ids[] = {
    {.name = "numids", .type = ARG_INTEGER},
    {.name = "id", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xackdel_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "condition", .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL, .args = xackdel_syntax_condition, .args_count = ARRAY_COUNT(xackdel_syntax_condition)},
    {.name = "ids", .type = ARG_BLOCK,
     .token = "IDS", .args = xackdel_syntax_ids, .args_count = ARRAY_COUNT(xackdel_syntax_ids)},
};

static const struct cmd_def delex_cmds[] = {
    {.name = "xdelex", .run = xdelex, .arity = -5, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "stream", .since = "8.2.0",
     .complexity = "O(log(N)+G) for each id, with G the groups.",
     .summary = "Deletes entries, with a say about what is pending.",
     CMD_SYNTAX(xdelex_syntax)},
    {.name = "xackdel", .run = xackdel, .arity = -6, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "stream", .since = "8.2.0",
     .complexity = "O(log(N)+G) for each id, with G the groups.",
     .summary = "Acknowledges entries of a group and deletes them.",
     CMD_SYNTAX(xackdel_syntax)},
};
const struct cmd_family cmd_family_stream_delex = {"stream", delex_cmds, ARRAY_COUNT(delex_cmds)};
/* clang-format on */
