/* cmd_stream_claim.c - pending entries given to another consumer: XCLAIM, XAUTOCLAIM. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"
#include "core/mem.h"

enum { AUTOCLAIM_COUNT_DEFAULT = 100, AUTOCLAIM_TRIES_PER_ENTRY = 10 };

static void reply_no_group(struct cmd_ctx *ctx) {
    struct slice key = ctx->args[1], group = ctx->args[2];

    reply_error_format(ctx->reply, "-NOGROUP No such key '%.*s' or consumer group '%.*s'",
                       (int)key.len, key.data, (int)group.len, group.data);
}

/* Still with the one who had it, for less than that? */
static bool is_fresh(const struct cmd_ctx *ctx, const struct stream_pending *pending,
                     int64_t idle_ms_min) {
    return idle_ms_min > 0 &&
           (int64_t)ctx->now_unix_ms - (int64_t)pending->delivered_at_unix_ms < idle_ms_min;
}

/* ---- XCLAIM ---- */

struct claim_options {
    int64_t idle_ms_min, deliveries_count; /* -1: not given */
    uint64_t delivered_at_unix_ms;
    struct stream_id last_id;
    size_t ids_count;
    bool force, just_id;
};

static bool parse_claim_options(struct cmd_ctx *ctx, size_t index, struct claim_options *options) {
    int64_t now = (int64_t)ctx->now_unix_ms, delivered_at = -1;

    for (size_t i = index; i < ctx->args_count; i++) {
        bool has_value = i + 1 < ctx->args_count;

        if (cmd_arg_is(ctx, i, "force")) {
            options->force = true;
        } else if (cmd_arg_is(ctx, i, "justid")) {
            options->just_id = true;
        } else if (cmd_arg_is(ctx, i, "idle") && has_value) {
            if (!cmd_arg_int64(ctx, ++i, &delivered_at, "Invalid IDLE option argument for XCLAIM"))
                return false;
            if (__builtin_sub_overflow(now, delivered_at, &delivered_at)) delivered_at = now;
        } else if (cmd_arg_is(ctx, i, "time") && has_value) {
            if (!cmd_arg_int64(ctx, ++i, &delivered_at, "Invalid TIME option argument for XCLAIM"))
                return false;
        } else if (cmd_arg_is(ctx, i, "retrycount") && has_value) {
            if (!cmd_arg_int64(ctx, ++i, &options->deliveries_count,
                               "Invalid RETRYCOUNT option argument for XCLAIM"))
                return false;
        } else if (cmd_arg_is(ctx, i, "lastid") && has_value) {
            if (!stream_arg_id(ctx, ++i, STREAM_ID_STRICT, &options->last_id)) return false;
        } else {
            struct slice word = ctx->args[i];
            reply_error_format(ctx->reply, "Unrecognized XCLAIM option '%.*s'", (int)word.len,
                               word.data);
            return false;
        }
    }
    if (delivered_at < 0 || delivered_at > now) delivered_at = now;
    options->delivered_at_unix_ms = (uint64_t)delivered_at;
    return true;
}

static bool parse_claim(struct cmd_ctx *ctx, struct claim_options *options,
                        struct stream_ids *ids) {
    struct stream_id id;
    size_t end = 5;

    *options = (struct claim_options){.deliveries_count = -1};
    if (!cmd_arg_int64(ctx, 4, &options->idle_ms_min, "Invalid min-idle-time argument for XCLAIM"))
        return false;
    while (end < ctx->args_count && stream_parse_id(ctx->args[end], STREAM_ID_STRICT, 0, NULL, &id))
        end++;
    options->ids_count = end - 5;
    if (!parse_claim_options(ctx, end, options)) return false;
    return stream_args_ids(ctx, 5, options->ids_count, ids);
}

/* One id of XCLAIM. True: it was claimed, and replied. */
static bool claim(struct cmd_ctx *ctx, const struct claim_options *options,
                  const struct stream *stream, struct stream_group *group,
                  struct stream_consumer *consumer, struct stream_id id) {
    struct slice key = ctx->args[1];
    struct stream_pending *pending = stream_pending_find(group, id);

    if (pending == NULL && !options->force) return false;
    if (!stream_has(stream, id)) {
        if (pending == NULL) return false;
        stream_effect_claim(ctx, key, group, id, pending);
        stream_pending_remove(group, id);
        cmd_changed_silently(ctx);
        return false;
    }
    if (pending == NULL) {
        pending = stream_pending_add(group, id, consumer, 0, 1);
    } else {
        if (is_fresh(ctx, pending, options->idle_ms_min)) return false;
        stream_pending_assign(pending, id, consumer);
    }
    pending->delivered_at_unix_ms = options->delivered_at_unix_ms;
    if (options->deliveries_count >= 0)
        pending->deliveries_count = (uint64_t)options->deliveries_count;
    else if (!options->just_id)
        pending->deliveries_count++;
    if (options->just_id)
        stream_reply_id(ctx, id);
    else
        stream_reply_entry(ctx, stream, id);
    consumer->active_at_unix_ms = (int64_t)ctx->now_unix_ms;
    stream_effect_claim(ctx, key, group, id, pending);
    cmd_changed_silently(ctx);
    return true;
}

static void xclaim(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct claim_options options;
    struct stream *stream;
    struct stream_ids ids;
    size_t claimed_count = 0;

    if (!stream_find_read(ctx, &key, &stream)) return;
    struct stream_group *group = stream != NULL ? stream_group_find(stream, ctx->args[2]) : NULL;
    if (group == NULL) {
        reply_no_group(ctx);
        return;
    }
    if (!parse_claim(ctx, &options, &ids)) return;
    cmd_effect_none(ctx);
    if (stream_id_compare(options.last_id, group->last_id) > 0) {
        group->last_id = options.last_id;
        stream_effect_group_id(ctx, key.name, group);
        cmd_changed_silently(ctx);
    }
    struct stream_consumer *consumer = stream_consumer_find(group, ctx->args[3]);
    if (consumer == NULL) {
        consumer = stream_find_or_add_consumer(ctx, &key, group, ctx->args[3]);
        stream_effect_consumer(ctx, key.name, group, ctx->args[3]);
    }
    consumer->seen_at_unix_ms = (int64_t)ctx->now_unix_ms;
    struct reply_deferred deferred = reply_defer(ctx->reply);
    for (size_t i = 0; i < options.ids_count; i++)
        claimed_count += claim(ctx, &options, stream, group, consumer, ids.at[i]);
    reply_defer_array(ctx->reply, deferred, claimed_count);
    stream_ids_free(&ids);
}

/* ---- XAUTOCLAIM ---- */

struct autoclaim_options {
    int64_t idle_ms_min, count;
    struct stream_id first;
    bool just_id;
};

static bool parse_autoclaim(struct cmd_ctx *ctx, struct autoclaim_options *options) {
    const int64_t count_max = INT64_MAX / (int64_t)sizeof(struct stream_id);

    *options = (struct autoclaim_options){.count = AUTOCLAIM_COUNT_DEFAULT};
    if (!cmd_arg_int64(ctx, 4, &options->idle_ms_min,
                       "Invalid min-idle-time argument for XAUTOCLAIM"))
        return false;
    if (!stream_arg_first(ctx, 5, &options->first)) return false;
    for (size_t i = 6; i < ctx->args_count; i++) {
        if (cmd_arg_is(ctx, i, "count") && i + 1 < ctx->args_count) {
            if (!cmd_arg_int64_range(ctx, ++i, 1, count_max, &options->count, "COUNT must be > 0"))
                return false;
        } else if (cmd_arg_is(ctx, i, "justid")) {
            options->just_id = true;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

struct id_list {
    struct stream_id *ids;
    size_t count, room;
};

static void id_list_add(struct id_list *list, struct stream_id id) {
    if (list->count == list->room) {
        list->room = list->room == 0 ? 16 : 2 * list->room;
        list->ids = mem_must_realloc(list->ids, list->room * sizeof *list->ids);
    }
    list->ids[list->count++] = id;
}

/* Claims what is due from the first id on; *cursor: where to go on. What is claimed is not shown
 * yet: the cursor stands before it in the reply. */
static void autoclaim(struct cmd_ctx *ctx, const struct autoclaim_options *options,
                      const struct stream *stream, struct stream_group *group,
                      struct stream_consumer *consumer, struct id_list *claimed,
                      struct id_list *deleted, struct stream_id *cursor) {
    struct stream_index_pos pos = stream_index_seek(&group->pending, options->first);
    struct stream_index_item *item;
    int64_t count = options->count, tries;

    if (__builtin_mul_overflow(count, AUTOCLAIM_TRIES_PER_ENTRY, &tries)) tries = INT64_MAX;
    for (; tries > 0 && count > 0 && (item = stream_index_at(&group->pending, pos)) != NULL;
         tries--) {
        struct stream_pending *pending = item->value;
        struct stream_id id = item->id;

        if (!stream_has(stream, id)) {
            stream_effect_claim(ctx, ctx->args[1], group, id, pending);
            stream_pending_remove_at(group, &pos);
            cmd_changed_silently(ctx);
            id_list_add(deleted, id);
            count--;
            continue;
        }
        pos = stream_index_next(&group->pending, pos);
        if (is_fresh(ctx, pending, options->idle_ms_min)) continue;
        stream_pending_assign(pending, id, consumer);
        pending->delivered_at_unix_ms = ctx->now_unix_ms;
        if (!options->just_id) pending->deliveries_count++;
        id_list_add(claimed, id);
        count--;
        consumer->active_at_unix_ms = (int64_t)ctx->now_unix_ms;
        stream_effect_claim(ctx, ctx->args[1], group, id, pending);
        cmd_changed_silently(ctx);
    }
    item = stream_index_at(&group->pending, pos);
    *cursor = item != NULL ? item->id : STREAM_ID_MIN;
}

static void xautoclaim(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct autoclaim_options options;
    struct stream *stream;
    struct id_list claimed = {NULL}, deleted = {NULL};
    struct stream_id cursor;

    if (!parse_autoclaim(ctx, &options) || !stream_find_read(ctx, &key, &stream)) return;
    struct stream_group *group = stream != NULL ? stream_group_find(stream, ctx->args[2]) : NULL;
    if (group == NULL) {
        reply_no_group(ctx);
        return;
    }
    cmd_effect_none(ctx);
    struct stream_consumer *consumer = stream_consumer_find(group, ctx->args[3]);
    if (consumer == NULL) {
        consumer = stream_find_or_add_consumer(ctx, &key, group, ctx->args[3]);
        stream_effect_consumer(ctx, key.name, group, ctx->args[3]);
    }
    consumer->seen_at_unix_ms = (int64_t)ctx->now_unix_ms;
    autoclaim(ctx, &options, stream, group, consumer, &claimed, &deleted, &cursor);
    reply_array(ctx->reply, 3);
    stream_reply_id(ctx, cursor);
    reply_array(ctx->reply, claimed.count);
    for (size_t i = 0; i < claimed.count; i++) {
        if (options.just_id) {
            stream_reply_id(ctx, claimed.ids[i]);
        } else {
            bool is_there = stream_reply_entry(ctx, stream, claimed.ids[i]);
            SL_ASSERT(is_there);
        }
    }
    reply_array(ctx->reply, deleted.count);
    for (size_t i = 0; i < deleted.count; i++) stream_reply_id(ctx, deleted.ids[i]);
    mem_free(claimed.ids);
    mem_free(deleted.ids);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xclaim_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "consumer", .type = ARG_STRING},
    {.name = "min-idle-time", .type = ARG_STRING},
    {.name = "ID", .type = ARG_STRING, .flags = ARG_MULTIPLE},
    {.name = "ms", .type = ARG_INTEGER, .token = "IDLE", .flags = ARG_OPTIONAL},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "TIME", .flags = ARG_OPTIONAL},
    {.name = "count", .type = ARG_INTEGER, .token = "RETRYCOUNT", .flags = ARG_OPTIONAL},
    {.name = "force", .type = ARG_PURE_TOKEN, .token = "FORCE", .flags = ARG_OPTIONAL},
    {.name = "justid", .type = ARG_PURE_TOKEN, .token = "JUSTID", .flags = ARG_OPTIONAL},
    {.name = "lastid", .type = ARG_STRING, .token = "LASTID", .flags = ARG_OPTIONAL},
};
static const char *const xclaim_tips[] = {"nondeterministic_output", NULL};
static const struct cmd_arg xautoclaim_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "group", .type = ARG_STRING},
    {.name = "consumer", .type = ARG_STRING},
    {.name = "min-idle-time", .type = ARG_STRING},
    {.name = "start", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "justid", .type = ARG_PURE_TOKEN, .token = "JUSTID", .flags = ARG_OPTIONAL},
};
static const char *const xautoclaim_history[] = {"7.0.0", "The reply also names the entries that were pending but are deleted.", NULL};
static const char *const xautoclaim_tips[] = {"nondeterministic_output", NULL};

static const struct cmd_def claim_cmds[] = {
    {.name = "xclaim", .run = xclaim, .arity = -6, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)) for each id.",
     .summary = "Gives pending entries to another consumer.",
     .tips = xclaim_tips, CMD_SYNTAX(xclaim_syntax)},
    {.name = "xautoclaim", .run = xautoclaim, .arity = -6, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "stream", .since = "6.2.0",
     .complexity = "O(log(N)) for each entry looked at, at most ten times COUNT.",
     .summary = "Gives the entries that are pending for long to another consumer.",
     .history = xautoclaim_history, .tips = xautoclaim_tips, CMD_SYNTAX(xautoclaim_syntax)},
};
const struct cmd_family cmd_family_stream_claim = {"stream", claim_cmds, ARRAY_COUNT(claim_cmds)};
/* clang-format on */
