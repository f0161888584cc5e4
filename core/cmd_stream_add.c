/* cmd_stream_add.c - what lets a stream grow and keeps it short: XADD, XTRIM. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"
#include "core/mem.h"
#include "core/number.h"

enum {
    TRIM_NODES_MAX = 100, /* of an approximate trim without a LIMIT */
    TRIM_LIMIT_DEFAULT = 10000,
    TRIM_LIMIT_MAX = 1000000,
};

struct add_options {
    struct stream_trim trim;
    size_t trim_arg; /* the count or id; 0: none. Before it stands = or ~, if given */
    size_t limit_arg; /* the word LIMIT; 0: none */
    size_t id_arg; /* XADD */
    struct stream_id id;
    bool id_given, seq_given, no_make;
};

/* MAXLEN or MINID at *index, which ends at its value. */
static bool parse_trim(struct cmd_ctx *ctx, struct add_options *options, size_t *index,
                       enum stream_trim_by by) {
    size_t i = *index, left = ctx->args_count - 1 - i;

    if (options->trim.by != STREAM_TRIM_NONE) {
        reply_error(ctx->reply, "syntax error, MAXLEN and MINID options at the same time are not "
                                "compatible");
        return false;
    }
    options->trim.is_approximate = false;
    if (left >= 2 && slice_equal(ctx->args[i + 1], SLICE_LITERAL("~"))) {
        options->trim.is_approximate = true;
        i++;
    } else if (left >= 2 && slice_equal(ctx->args[i + 1], SLICE_LITERAL("="))) {
        i++;
    }
    i++;
    if (by == STREAM_TRIM_MAXLEN) {
        int64_t entries_max;
        if (!cmd_arg_int64(ctx, i, &entries_max, NULL)) return false;
        if (entries_max < 0) {
            reply_error(ctx->reply, "The MAXLEN argument must be >= 0.");
            return false;
        }
        options->trim.entries_max = (uint64_t)entries_max;
    } else if (!stream_arg_id(ctx, i, STREAM_ID_STRICT, &options->trim.id_min)) {
        return false;
    }
    options->trim.by = by;
    options->trim_arg = i;
    *index = i;
    return true;
}

static uint64_t default_limit(const struct cmd_ctx *ctx) {
    size_t entries_max = ctx->settings->stream_node_max_entries;

    if (entries_max == 0) return TRIM_LIMIT_DEFAULT;
    return entries_max > TRIM_LIMIT_MAX / TRIM_NODES_MAX ? TRIM_LIMIT_MAX
                                                         : TRIM_NODES_MAX * entries_max;
}

static bool check_limit(struct cmd_ctx *ctx, struct add_options *options) {
    if (options->trim.limit > 0 && options->trim.by == STREAM_TRIM_NONE) {
        reply_error(ctx->reply, "syntax error, LIMIT cannot be used without specifying a trimming "
                                "strategy");
        return false;
    }
    if (options->limit_arg > 0 && !options->trim.is_approximate) {
        reply_error(ctx->reply, "syntax error, LIMIT cannot be used without the special ~ option");
        return false;
    }
    if (options->limit_arg == 0 && options->trim.is_approximate)
        options->trim.limit = default_limit(ctx);
    return true;
}

static bool parse(struct cmd_ctx *ctx, bool is_add, struct add_options *options) {
    *options = (struct add_options){.seq_given = true};
    size_t i = 2;
    for (; i < ctx->args_count; i++) {
        bool has_value = i + 1 < ctx->args_count;
        struct slice word = ctx->args[i];

        if (is_add && word.len == 1 && word.data[0] == '*') break;
        if (is_add && word.len > 0 && word.data[0] >= '0' && word.data[0] <= '9') {
            /* no option begins with a digit */
        } else if (cmd_arg_is(ctx, i, "maxlen") && has_value) {
            if (!parse_trim(ctx, options, &i, STREAM_TRIM_MAXLEN)) return false;
            continue;
        } else if (cmd_arg_is(ctx, i, "minid") && has_value) {
            if (!parse_trim(ctx, options, &i, STREAM_TRIM_MINID)) return false;
            continue;
        } else if (cmd_arg_is(ctx, i, "limit") && has_value) {
            int64_t limit;
            if (!cmd_arg_int64(ctx, i + 1, &limit, NULL)) return false;
            if (limit < 0) {
                reply_error(ctx->reply, "The LIMIT argument must be >= 0.");
                return false;
            }
            options->trim.limit = (uint64_t)limit;
            options->limit_arg = i++;
            continue;
        } else if (is_add && cmd_arg_is(ctx, i, "nomkstream")) {
            options->no_make = true;
            continue;
        } else if (!is_add) {
            reply_syntax_error(ctx->reply);
            return false;
        }
        options->id_given = true;
        if (stream_parse_id(word, STREAM_ID_STRICT, 0, &options->seq_given, &options->id)) break;
        reply_error(ctx->reply, "Invalid stream ID specified as stream command argument");
        return false;
    }
    options->id_arg = i;
    return check_limit(ctx, options);
}

/* The trim in its exact form, on what the stream is like now: an approximate one depends on the
 * nodes. */
static void effect_exact(struct cmd_ctx *ctx, const struct stream *stream,
                         const struct add_options *options, const struct stream_id *added) {
    char trim_text[STREAM_ID_BYTES_MAX], id_text[STREAM_ID_BYTES_MAX];
    size_t count = 0;

    if (ctx->effects == NULL) {
        cmd_effect_none(ctx);
        return;
    }
    struct slice *args = mem_must(ctx->args_count * sizeof *args);
    for (size_t i = 0; i < ctx->args_count; i++) {
        struct slice arg = ctx->args[i];
        if (i == options->limit_arg && i > 0) {
            i++;
            continue;
        }
        if (added != NULL && i == options->id_arg) {
            arg = slice_of(id_text, stream_print_id(id_text, *added));
        } else if (options->trim.is_approximate && i + 1 == options->trim_arg) {
            arg = SLICE_LITERAL("=");
        } else if (options->trim.is_approximate && i == options->trim_arg) {
            size_t len;
            if (options->trim.by == STREAM_TRIM_MAXLEN) {
                len = number_print_uint64(trim_text, stream->length);
            } else {
                struct stream_id first = STREAM_ID_MAX;
                stream_edge_id(stream, false, &first);
                len = stream_print_id(trim_text, first);
            }
            arg = slice_of(trim_text, len);
        }
        args[count++] = arg;
    }
    cmd_effect(ctx, args, count);
    mem_free(args);
}

/* The id that XADD gives the entry. False: there is none above the last one within what was
 * asked for. */
static bool choose_id(const struct cmd_ctx *ctx, const struct stream *stream,
                      const struct add_options *options, struct stream_id *id) {
    *id = stream->last_id;
    if (!options->id_given) {
        if (ctx->now_unix_ms <= id->ms) return stream_id_increment(id);
        *id = (struct stream_id){ctx->now_unix_ms, 0};
        return true;
    }
    if (!options->seq_given && id->ms == options->id.ms) {
        if (id->seq == UINT64_MAX) return false;
        id->seq++;
        return true;
    }
    *id = options->id;
    return true;
}

static void reply_add_failure(struct cmd_ctx *ctx, enum stream_add_result result) {
    switch (result) {
    case STREAM_ADD_ID_TOO_SMALL:
        reply_error(ctx->reply, "The ID specified in XADD is equal or smaller than the target "
                                "stream top item");
        return;
    case STREAM_ADD_TOO_LARGE:
        reply_error(ctx->reply, "Elements are too large to be stored");
        return;
    case STREAM_ADD_NO_MEMORY: reply_no_memory(ctx->reply); return;
    case STREAM_ADD_OK: break;
    }
    SL_ASSERT(false);
}

/* Into the stream, which has no key yet if is_new; then it is gone when this fails. */
static bool add(struct cmd_ctx *ctx, const struct key *key, struct stream *stream, bool is_new,
                const struct add_options *options, struct stream_id *id) {
    struct stream_limits limits = stream_limits(ctx);
    enum stream_add_result result = STREAM_ADD_ID_TOO_SMALL;
    size_t first = options->id_arg + 1;

    if (choose_id(ctx, stream, options, id))
        result = stream_add(stream, &limits, *id, ctx->args + first, (ctx->args_count - first) / 2);
    if (SL_UNLIKELY(result != STREAM_ADD_OK)) {
        if (is_new) stream_free(stream);
        reply_add_failure(ctx, result);
        return false;
    }
    if (!is_new) return true;
    if (cmd_add_object(ctx, key, VALUE_STREAM, ENCODING_STREAM, stream) != NULL) return true;
    stream_free(stream);
    return false;
}

static void xadd(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct add_options options;
    struct stream *stream;
    struct stream_id id;

    if (!parse(ctx, true, &options)) return;
    if (ctx->args_count < options.id_arg + 3 || (ctx->args_count - options.id_arg) % 2 == 0) {
        cmd_reply_arity_error(ctx);
        return;
    }
    if (options.id_given && options.seq_given && stream_id_is_zero(options.id)) {
        reply_error(ctx->reply, "The ID specified in XADD must be greater than 0-0");
        return;
    }
    if (!stream_find_write(ctx, &key, &stream)) return;
    bool is_new = stream == NULL;
    if (is_new) {
        if (options.no_make) {
            reply_null(ctx->reply);
            return;
        }
        stream = stream_new();
    } else if (SL_UNLIKELY(stream_id_equal(stream->last_id, STREAM_ID_MAX))) {
        reply_error(ctx->reply, "The stream has exhausted the last possible ID, unable to add more "
                                "items");
        return;
    }
    if (!add(ctx, &key, stream, is_new, &options, &id)) return;
    stream_reply_id(ctx, id);
    stream_changed(ctx, "xadd", &key);
    if (options.trim.by != STREAM_TRIM_NONE && stream_trim(stream, &options.trim) > 0)
        cmd_event(ctx, EVENT_STREAM, "xtrim", ctx->db, key.name);
    if (!options.id_given || !options.seq_given || options.trim.is_approximate)
        effect_exact(ctx, stream, &options, &id);
}

static void xtrim(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct add_options options;
    struct stream *stream;

    if (!parse(ctx, false, &options) || !stream_find_write(ctx, &key, &stream)) return;
    uint64_t deleted_count = stream != NULL ? stream_trim(stream, &options.trim) : 0;
    if (deleted_count > 0) {
        stream_changed(ctx, "xtrim", &key);
        if (options.trim.is_approximate) effect_exact(ctx, stream, &options, NULL);
    }
    reply_int(ctx->reply, (int64_t)deleted_count);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xadd_syntax_trim_strategy[] = {
    {.name = "maxlen", .type = ARG_PURE_TOKEN, .token = "MAXLEN"},
    {.name = "minid", .type = ARG_PURE_TOKEN, .token = "MINID", .since = "6.2.0"},
};
static const struct cmd_arg xadd_syntax_trim_operator[] = {
    {.name = "equal", .type = ARG_PURE_TOKEN, .token = "="},
    {.name = "approximately", .type = ARG_PURE_TOKEN, .token = "~"},
};
static const struct cmd_arg xadd_syntax_trim[] = {
    {.name = "strategy", .type = ARG_ONEOF,
     .args = xadd_syntax_trim_strategy, .args_count = ARRAY_COUNT(xadd_syntax_trim_strategy)},
    {.name = "operator", .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL, .args = xadd_syntax_trim_operator, .args_count = ARRAY_COUNT(xadd_syntax_trim_operator)},
    {.name = "threshold", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER, .token = "LIMIT", .since = "6.2.0", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg xadd_syntax_id_selector[] = {
    {.name = "auto-id", .type = ARG_PURE_TOKEN, .token = "*"},
    {.name = "id", .type = ARG_STRING},
};
static const struct cmd_arg xadd_syntax_data[] = {
    {.name = "field", .type = ARG_STRING},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg xadd_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "nomkstream", .type = ARG_PURE_TOKEN, .token = "NOMKSTREAM", .since = "6.2.0", .flags = ARG_OPTIONAL},
    {.name = "trim", .type = ARG_BLOCK,
     .flags = ARG_OPTIONAL, .args = xadd_syntax_trim, .args_count = ARRAY_COUNT(xadd_syntax_trim)},
    {.name = "id-selector", .type = ARG_ONEOF,
     .args = xadd_syntax_id_selector, .args_count = ARRAY_COUNT(xadd_syntax_id_selector)},
    {.name = "data", .type = ARG_BLOCK,
     .flags = ARG_MULTIPLE, .args = xadd_syntax_data, .args_count = ARRAY_COUNT(xadd_syntax_data)},
};
static const char *const xadd_history[] = {"6.2.0", "`NOMKSTREAM`, `MINID` and `LIMIT`.", "7.0.0", "Ids of the form `<ms>-*`.", NULL};
static const char *const xadd_tips[] = {"nondeterministic_output", NULL};
static const struct cmd_arg xtrim_syntax_trim_strategy[] = {
    {.name = "maxlen", .type = ARG_PURE_TOKEN, .token = "MAXLEN"},
    {.name = "minid", .type = ARG_PURE_TOKEN, .token = "MINID", .since = "6.2.0"},
};
static const struct cmd_arg xtrim_syntax_trim_operator[] = {
    {.name = "equal", .type = ARG_PURE_TOKEN, .token = "="},
    {.name = "approximately", .type = ARG_PURE_TOKEN, .token = "~"},
};
static const struct cmd_arg xtrim_syntax_trim[] = {
    {.name = "strategy", .type = ARG_ONEOF,
     .args = xtrim_syntax_trim_strategy, .args_count = ARRAY_COUNT(xtrim_syntax_trim_strategy)},
    {.name = "operator", .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL, .args = xtrim_syntax_trim_operator, .args_count = ARRAY_COUNT(xtrim_syntax_trim_operator)},
    {.name = "threshold", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER, .token = "LIMIT", .since = "6.2.0", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg xtrim_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "trim", .type = ARG_BLOCK, .args = xtrim_syntax_trim, .args_count = ARRAY_COUNT(xtrim_syntax_trim)},
};
static const char *const xtrim_history[] = {"6.2.0", "`MINID` and `LIMIT`.", NULL};
static const char *const xtrim_tips[] = {"nondeterministic_output", NULL};

static const struct cmd_def add_cmds[] = {
    {.name = "xadd", .run = xadd, .arity = -5, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_UPDATE, .begin_index = 1, .last = 0, .step = 1, .notes = "UPDATE instead of INSERT because of the optional trimming feature"}}, .keys_count = 1,
     .categories = CATEGORY_STREAM,
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1) for an entry, O(N) for the N entries that a trim takes away.",
     .summary = "Appends an entry to a stream, making the key where there is none.",
     .history = xadd_history, .tips = xadd_tips, CMD_SYNTAX(xadd_syntax)},
    {.name = "xtrim", .run = xtrim, .arity = -4, .flags = CMD_WRITE,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries that go, a node at a time.",
     .summary = "Deletes the oldest entries of a stream.",
     .history = xtrim_history, .tips = xtrim_tips, CMD_SYNTAX(xtrim_syntax)},
};
const struct cmd_family cmd_family_stream_add = {"stream", add_cmds, ARRAY_COUNT(add_cmds)};
/* clang-format on */
