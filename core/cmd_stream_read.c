/* cmd_stream_read.c - reading on: XREAD, XREADGROUP.
 *
 * A call looks at all its streams first, so that an error leaves everything as it was, then
 * serves those that have something to give; when none has, it waits. A wake looks at one stream
 * alone. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"
#include "core/mem.h"

enum { TARGETS_FEW = 8 };

struct target { /* one of the streams */
    struct stream *stream; /* NULL: there is no such key */
    struct stream_group *group; /* XREADGROUP */
    struct stream_id after; /* entries above it are wanted */
    bool is_new; /* XREADGROUP: >, what nobody in the group has got yet */
};

struct read_options {
    uint64_t count_max; /* 0: no limit */
    uint64_t deadline_unix_ms;
    size_t first_arg, streams_count; /* keys, then as many ids */
    size_t group_arg; /* the group, then the consumer; 0: XREAD */
    bool may_block, no_ack;
};

static bool parse(struct cmd_ctx *ctx, bool is_group, struct read_options *options) {
    *options = (struct read_options){.count_max = 0};
    for (size_t i = 1; i < ctx->args_count && options->first_arg == 0; i++) {
        size_t left = ctx->args_count - i - 1;

        if (cmd_arg_is(ctx, i, "block") && left > 0) {
            if (!cmd_arg_timeout_ms(ctx, ++i, &options->deadline_unix_ms)) return false;
            options->may_block = true;
        } else if (cmd_arg_is(ctx, i, "count") && left > 0) {
            int64_t count;
            if (!cmd_arg_int64(ctx, ++i, &count, NULL)) return false;
            options->count_max = count > 0 ? (uint64_t)count : 0;
        } else if (cmd_arg_is(ctx, i, "streams") && left > 0) {
            if (left % 2 != 0) {
                reply_error_format(ctx->reply,
                                   "Unbalanced '%s' list of streams: for each stream key an ID or "
                                   "'%c' must be specified.",
                                   ctx->cmd->fullname, is_group ? '>' : '$');
                return false;
            }
            options->first_arg = i + 1;
            options->streams_count = left / 2;
        } else if (cmd_arg_is(ctx, i, "group") && left >= 2) {
            if (!is_group) {
                reply_error(ctx->reply, "The GROUP option is only supported by XREADGROUP. You "
                                        "called XREAD instead.");
                return false;
            }
            options->group_arg = i + 1;
            i += 2;
        } else if (cmd_arg_is(ctx, i, "noack")) {
            if (!is_group) {
                reply_error(ctx->reply, "The NOACK option is only supported by XREADGROUP. You "
                                        "called XREAD instead.");
                return false;
            }
            options->no_ack = true;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    if (options->first_arg == 0) {
        reply_syntax_error(ctx->reply);
        return false;
    }
    if (is_group && options->group_arg == 0) {
        reply_error(ctx->reply, "Missing GROUP option for XREADGROUP");
        return false;
    }
    return true;
}

/* The id of a target; its stream and group are known. False: the error is written. */
static bool parse_target_id(struct cmd_ctx *ctx, size_t arg, bool is_group, struct target *target) {
    struct slice text = ctx->args[arg];
    char word = text.len == 1 ? text.data[0] : '\0';

    if (word == '$' || word == '+') {
        if (is_group) {
            reply_error_format(
                ctx->reply,
                "The %c ID is meaningless in the context of XREADGROUP: you want to "
                "read the history of this consumer by specifying a proper ID, or use "
                "the > ID to get new messages. The %c ID would just return an empty "
                "result set.",
                word, word);
            return false;
        }
        if (target->stream == NULL) return true;
        if (word == '$') {
            target->after = target->stream->last_id;
        } else if (stream_edge_id(target->stream, true, &target->after)) {
            stream_id_decrement(&target->after);
        } else {
            target->after = target->stream->last_id;
        }
        return true;
    }
    if (word == '>') {
        if (!is_group) {
            reply_error(ctx->reply, "The > ID can be specified only when calling XREADGROUP using "
                                    "the GROUP <group> <consumer> option.");
            return false;
        }
        target->is_new = true;
        return true;
    }
    if (!stream_arg_id(ctx, arg, STREAM_ID_STRICT, &target->after)) return false;
    /* To Redis the largest id is > itself. */
    target->is_new = is_group && stream_id_equal(target->after, STREAM_ID_MAX);
    return true;
}

/* False: the error is written. */
static bool find_target(struct cmd_ctx *ctx, const struct read_options *options, size_t key_arg,
                        struct target *target) {
    struct key key = cmd_key(ctx, key_arg);
    bool is_group = options->group_arg > 0;
    struct entry *entry = cmd_find_read(ctx, &key);

    *target = (struct target){.stream = NULL};
    if (entry != NULL && entry_type(entry) != VALUE_STREAM) {
        /* One that waits for entries waits for the key to become a stream again. */
        if (ctx->wake_arg > 0 && !is_group) return true;
        reply_wrong_type(ctx->reply);
        return false;
    }
    if (entry != NULL) target->stream = entry_object(entry);
    if (is_group) {
        struct slice name = ctx->args[options->group_arg];
        if (target->stream != NULL) target->group = stream_group_find(target->stream, name);
        if (target->group == NULL) {
            reply_error_format(ctx->reply,
                               "-NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP "
                               "with GROUP option",
                               (int)key.name.len, key.name.data, (int)name.len, name.data);
            return false;
        }
    }
    return parse_target_id(ctx, key_arg + options->streams_count, is_group, target);
}

/* ---- XREADGROUP's part ---- */

/* The group goes on to the entry. */
static void advance_group(struct stream *stream, struct stream_group *group, struct stream_id id) {
    if (stream_id_compare(id, group->last_id) <= 0) return;
    if (group->entries_read != STREAM_ENTRIES_READ_UNKNOWN &&
        stream_id_compare(group->last_id, stream->first_id) >= 0 &&
        !stream_has_tombstones(stream, group->last_id, STREAM_ID_MAX)) {
        group->entries_read++;
    } else if (stream->entries_added > 0) {
        group->entries_read = stream_entries_read_estimate(stream, id);
    }
    group->last_id = id;
}

/* After XGROUP SETID somebody may have it already. */
static const struct stream_pending *deliver(const struct cmd_ctx *ctx, struct stream_group *group,
                                            struct stream_id id, struct stream_consumer *consumer) {
    struct stream_pending *pending = NULL;
    const struct stream_index_item *last = stream_index_last(&group->pending);

    if (last != NULL && stream_id_compare(id, last->id) <= 0)
        pending = stream_pending_find(group, id);
    if (pending == NULL) return stream_pending_add(group, id, consumer, ctx->now_unix_ms, 1);
    stream_pending_assign(pending, id, consumer);
    pending->delivered_at_unix_ms = ctx->now_unix_ms;
    pending->deliveries_count = 1;
    return pending;
}

static void serve_new(struct cmd_ctx *ctx, const struct read_options *options, struct slice key,
                      struct target *target, struct stream_consumer *consumer) {
    struct stream_group *group = target->group;
    struct stream_iter iter;
    struct stream_id id, first = group->last_id;
    size_t pairs_count, count = 0;

    struct reply_deferred deferred = reply_defer(ctx->reply);
    if (stream_id_increment(&first))
        stream_iter_init(&iter, target->stream, first, STREAM_ID_MAX, false);
    else
        iter.listpack = NULL;
    while ((options->count_max == 0 || count < options->count_max) &&
           stream_iter_next(&iter, &id, &pairs_count)) {
        advance_group(target->stream, group, id);
        stream_reply_found(ctx, &iter, id, pairs_count);
        count++;
        if (options->no_ack) continue;
        const struct stream_pending *pending = deliver(ctx, group, id, consumer);
        consumer->active_at_unix_ms = (int64_t)ctx->now_unix_ms;
        stream_effect_claim(ctx, key, group, id, pending);
    }
    reply_defer_array(ctx->reply, deferred, count);
    /* Also with the claims, which do not say how many entries the group has read. */
    if (count > 0) stream_effect_group_id(ctx, key, group);
}

/* What the consumer has pending already; a deleted entry has no fields any more. */
static void serve_history(struct cmd_ctx *ctx, const struct read_options *options,
                          const struct target *target, struct stream_consumer *consumer) {
    struct stream_id first = target->after;
    size_t count = 0;

    struct reply_deferred deferred = reply_defer(ctx->reply);
    if (stream_id_increment(&first)) {
        struct stream_index_pos pos = stream_index_seek(&consumer->pending, first);
        struct stream_index_item *item;
        for (; (item = stream_index_at(&consumer->pending, pos)) != NULL &&
               (options->count_max == 0 || count < options->count_max);
             pos = stream_index_next(&consumer->pending, pos)) {
            struct stream_pending *pending = item->value;
            if (stream_reply_entry(ctx, target->stream, item->id)) {
                pending->delivered_at_unix_ms = ctx->now_unix_ms;
                pending->deliveries_count++;
            } else {
                reply_array(ctx->reply, 2);
                stream_reply_id(ctx, item->id);
                reply_null_array(ctx->reply);
            }
            count++;
        }
    }
    reply_defer_array(ctx->reply, deferred, count);
}

/* ---- Both ---- */

static void begin_stream(struct cmd_ctx *ctx, struct slice key) {
    if (ctx->reply->resp == 2) reply_array(ctx->reply, 2);
    reply_bulk(ctx->reply, key);
}

static bool has_more(const struct stream *stream, struct stream_id after) {
    struct stream_id top;

    /* The last id is above all entries: that is mostly enough to know. */
    if (stream->length == 0 || stream_id_compare(stream->last_id, after) <= 0) return false;
    return stream_edge_id(stream, true, &top) && stream_id_compare(top, after) > 0;
}

/* Opens the reply before the first stream. */
struct served {
    struct reply_deferred deferred;
    size_t count;
};

static void count_served(struct cmd_ctx *ctx, struct served *served) {
    if (served->count++ == 0) served->deferred = reply_defer(ctx->reply);
}

static void serve_from_group(struct cmd_ctx *ctx, const struct read_options *options,
                             size_t key_arg, struct target *target, struct served *served) {
    struct slice name = ctx->args[options->group_arg + 1];
    struct key key = cmd_key(ctx, key_arg);
    struct stream_consumer *consumer = stream_consumer_find(target->group, name);

    if (consumer == NULL) {
        consumer = stream_find_or_add_consumer(ctx, &key, target->group, name);
        stream_effect_consumer(ctx, key.name, target->group, name);
    }
    consumer->seen_at_unix_ms = (int64_t)ctx->now_unix_ms;
    if (target->is_new && !has_more(target->stream, target->group->last_id)) return;
    count_served(ctx, served);
    begin_stream(ctx, key.name);
    if (target->is_new)
        serve_new(ctx, options, key.name, target, consumer);
    else
        serve_history(ctx, options, target, consumer);
    cmd_changed_silently(ctx);
}

static void serve_alone(struct cmd_ctx *ctx, const struct read_options *options, size_t key_arg,
                        const struct target *target, struct served *served) {
    struct stream_id first = target->after;

    if (!has_more(target->stream, first)) return;
    stream_id_increment(&first);
    count_served(ctx, served);
    begin_stream(ctx, ctx->args[key_arg]);
    stream_reply_range(ctx, target->stream, first, STREAM_ID_MAX, options->count_max, false);
}

static bool serve(struct cmd_ctx *ctx, const struct read_options *options, struct target *targets,
                  size_t first, size_t end) {
    struct served served = {.count = 0};

    for (size_t i = first; i < end; i++) {
        if (targets[i].stream == NULL) continue;
        if (options->group_arg > 0)
            serve_from_group(ctx, options, options->first_arg + i, &targets[i], &served);
        else
            serve_alone(ctx, options, options->first_arg + i, &targets[i], &served);
    }
    if (served.count == 0) return false;
    if (ctx->reply->resp == 2)
        reply_defer_array(ctx->reply, served.deferred, served.count);
    else
        reply_defer_map(ctx->reply, served.deferred, served.count);
    return true;
}

/* Waits for all the keys; $ and + mean what they meant now. */
static void wait_for_entries(struct cmd_ctx *ctx, const struct read_options *options,
                             const struct target *targets) {
    size_t ids_arg = options->first_arg + options->streams_count;
    uint32_t *keys = mem_must(options->streams_count * sizeof *keys);
    struct cmd_block block = {
        .keys = keys,
        .keys_count = options->streams_count,
        .deadline_unix_ms = options->deadline_unix_ms,
        .timeout_reply = BLOCK_TIMEOUT_NULL_ARRAY,
        .wakes_without_key = options->group_arg > 0, /* the group has gone with its key */
    };
    struct slice *args = NULL;
    char(*texts)[STREAM_ID_BYTES_MAX] = NULL;

    for (size_t i = 0; i < options->streams_count; i++)
        keys[i] = (uint32_t)(options->first_arg + i);
    if (ctx->wake_arg == 0 && options->group_arg == 0) {
        args = mem_must(ctx->args_count * sizeof *args);
        texts = mem_must(options->streams_count * sizeof *texts);
        memcpy(args, ctx->args, ctx->args_count * sizeof *args);
        for (size_t i = 0; i < options->streams_count; i++)
            args[ids_arg + i] = slice_of(texts[i], stream_print_id(texts[i], targets[i].after));
        block.args = args;
        block.args_count = ctx->args_count;
    }
    cmd_block(ctx, &block);
    mem_free(texts);
    mem_free(args);
    mem_free(keys);
}

static void read(struct cmd_ctx *ctx, bool is_group) {
    struct read_options options;
    struct target few[TARGETS_FEW], *targets = few;

    if (!parse(ctx, is_group, &options)) return;
    if (is_group) cmd_effect_none(ctx); /* it says what it did by itself */
    if (options.streams_count > ARRAY_COUNT(few))
        targets = mem_must(options.streams_count * sizeof *targets);
    size_t first = 0, end = options.streams_count;
    if (ctx->wake_arg > 0) {
        SL_ASSERT(ctx->wake_arg >= options.first_arg);
        first = ctx->wake_arg - options.first_arg;
        SL_ASSERT(first < end);
        end = first + 1;
    }
    for (size_t i = first; i < end; i++) {
        if (!find_target(ctx, &options, options.first_arg + i, &targets[i])) goto out;
    }
    if (serve(ctx, &options, targets, first, end)) goto out;
    if (options.may_block)
        wait_for_entries(ctx, &options, targets);
    else
        reply_null_array(ctx->reply);
out:
    if (targets != few) mem_free(targets);
}

static void xread(struct cmd_ctx *ctx) {
    read(ctx, false);
}

static void xreadgroup(struct cmd_ctx *ctx) {
    read(ctx, true);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xread_syntax_streams[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "ID", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xread_syntax[] = {
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "BLOCK", .flags = ARG_OPTIONAL},
    {.name = "streams", .type = ARG_BLOCK,
     .token = "STREAMS", .args = xread_syntax_streams, .args_count = ARRAY_COUNT(xread_syntax_streams)},
};
static const struct cmd_arg xreadgroup_syntax_group_block[] = {
    {.name = "group", .type = ARG_STRING},
    {.name = "consumer", .type = ARG_STRING},
};
static const struct cmd_arg xreadgroup_syntax_streams[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "ID", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xreadgroup_syntax[] = {
    {.name = "group-block", .type = ARG_BLOCK,
     .token = "GROUP", .args = xreadgroup_syntax_group_block, .args_count = ARRAY_COUNT(xreadgroup_syntax_group_block)},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "BLOCK", .flags = ARG_OPTIONAL},
    {.name = "noack", .type = ARG_PURE_TOKEN, .token = "NOACK", .flags = ARG_OPTIONAL},
    {.name = "streams", .type = ARG_BLOCK,
     .token = "STREAMS", .args = xreadgroup_syntax_streams, .args_count = ARRAY_COUNT(xreadgroup_syntax_streams)},
};

static const struct cmd_def read_cmds[] = {
    {.name = "xread", .run = xread, .arity = -4, .flags = CMD_BLOCKING | CMD_READONLY | CMD_BLOCKING,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .keyword = "STREAMS", .begin_index = 1, .last = -1, .step = 1, .limit = 2}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)+M) for each stream, with M the entries returned.",
     .summary = "Gives back the entries behind given ids of one or more streams, waiting for them if asked to.",
     CMD_SYNTAX(xread_syntax)},
    {.name = "xreadgroup", .run = xreadgroup, .arity = -7, .flags = CMD_BLOCKING | CMD_WRITE,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .keyword = "STREAMS", .begin_index = 4, .last = -1, .step = 1, .limit = 2}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)+M) for each stream, with M the entries returned.",
     .summary = "Delivers entries to a consumer of a group, waiting for them if asked to; or shows again what it has pending.",
     CMD_SYNTAX(xreadgroup_syntax)},
};
const struct cmd_family cmd_family_stream_read = {"stream", read_cmds, ARRAY_COUNT(read_cmds)};
/* clang-format on */
