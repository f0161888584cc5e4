/* cmd_stream.c - reading and thinning out streams: XLEN, XRANGE, XREVRANGE, XDEL, XSETID; and what
 * the stream commands have in common. */
#include "core/cmd_families.h"
#include "core/cmd_stream_priv.h"
#include "core/listpack.h"
#include "core/mem.h"
#include "core/number.h"

enum { ID_TEXT_BYTES_MAX = 127 };

/* ---- Ids ---- */

size_t stream_print_id(char dst[static STREAM_ID_BYTES_MAX], struct stream_id id) {
    size_t len = number_print_uint64(dst, id.ms);

    dst[len++] = '-';
    if (SL_LIKELY(id.seq < 10))
        dst[len++] = (char)('0' + id.seq);
    else
        len += number_print_uint64(dst + len, id.seq);
    return len;
}

void stream_reply_id(struct cmd_ctx *ctx, struct stream_id id) {
    char text[STREAM_ID_BYTES_MAX];

    reply_bulk(ctx->reply, slice_of(text, stream_print_id(text, id)));
}

/* As Redis reads it: spaces, a plus and zeros may come before the digits. */
static bool parse_uint64(struct slice text, uint64_t *value) {
    uint64_t number = 0;
    size_t i = 0;

    while (i < text.len && (text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r')))
        i++;
    if (i < text.len && text.data[i] == '+') i++;
    if (i == text.len) return false;
    for (; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *value = number;
    return true;
}

bool stream_parse_id(struct slice text, enum stream_id_form form, uint64_t seq_missing,
                     bool *seq_given, struct stream_id *id) {
    struct stream_id parsed = {0, seq_missing};

    if (text.len > ID_TEXT_BYTES_MAX) return false;
    if (seq_given != NULL) *seq_given = true;
    if (text.len == 1 && (text.data[0] == '-' || text.data[0] == '+')) {
        if (form == STREAM_ID_STRICT) return false;
        *id = text.data[0] == '-' ? STREAM_ID_MIN : STREAM_ID_MAX;
        return true;
    }
    const char *dash = text.len > 0 ? memchr(text.data, '-', text.len) : NULL;
    size_t ms_len = dash != NULL ? (size_t)(dash - text.data) : text.len;
    if (!parse_uint64(slice_of(text.data, ms_len), &parsed.ms)) return false;
    if (dash != NULL) {
        struct slice seq = slice_of(dash + 1, text.len - ms_len - 1);
        if (seq_given != NULL && seq.len == 1 && seq.data[0] == '*') {
            *seq_given = false;
            parsed.seq = 0;
        } else if (!parse_uint64(seq, &parsed.seq)) {
            return false;
        }
    }
    *id = parsed;
    return true;
}

static void reply_bad_id(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "Invalid stream ID specified as stream command argument");
}

bool stream_arg_id(struct cmd_ctx *ctx, size_t index, enum stream_id_form form,
                   struct stream_id *id) {
    if (SL_LIKELY(stream_parse_id(ctx->args[index], form, 0, NULL, id))) return true;
    reply_bad_id(ctx);
    return false;
}

static bool arg_interval(struct cmd_ctx *ctx, size_t index, uint64_t seq_missing,
                         struct stream_id *id, bool *is_excluded) {
    struct slice text = ctx->args[index];
    enum stream_id_form form = STREAM_ID_WITH_EDGES;

    *is_excluded = text.len > 1 && text.data[0] == '(';
    if (*is_excluded) {
        text = slice_of(text.data + 1, text.len - 1);
        form = STREAM_ID_STRICT;
    }
    if (stream_parse_id(text, form, seq_missing, NULL, id)) return true;
    reply_bad_id(ctx);
    return false;
}

bool stream_arg_first(struct cmd_ctx *ctx, size_t index, struct stream_id *id) {
    bool is_excluded;

    if (!arg_interval(ctx, index, 0, id, &is_excluded)) return false;
    if (!is_excluded || stream_id_increment(id)) return true;
    reply_error(ctx->reply, "invalid start ID for the interval");
    return false;
}

bool stream_arg_last(struct cmd_ctx *ctx, size_t index, struct stream_id *id) {
    bool is_excluded;

    if (!arg_interval(ctx, index, UINT64_MAX, id, &is_excluded)) return false;
    if (!is_excluded || stream_id_decrement(id)) return true;
    reply_error(ctx->reply, "invalid end ID for the interval");
    return false;
}

bool stream_args_ids(struct cmd_ctx *ctx, size_t arg_first, size_t count, struct stream_ids *ids) {
    SL_ASSERT(arg_first + count <= ctx->args_count);
    ids->at = count <= ARRAY_COUNT(ids->few) ? ids->few : mem_must(count * sizeof *ids->at);
    for (size_t i = 0; i < count; i++) {
        if (stream_arg_id(ctx, arg_first + i, STREAM_ID_STRICT, &ids->at[i])) continue;
        stream_ids_free(ids);
        return false;
    }
    return true;
}

void stream_ids_free(struct stream_ids *ids) {
    if (ids->at != ids->few) mem_free(ids->at);
    ids->at = NULL;
}

/* ---- Entries ---- */

void stream_reply_found(struct cmd_ctx *ctx, struct stream_iter *iter, struct stream_id id,
                        size_t pairs_count) {
    char field_scratch[LISTPACK_SCRATCH_BYTES], value_scratch[LISTPACK_SCRATCH_BYTES];
    struct slice field, value;

    reply_array(ctx->reply, 2);
    stream_reply_id(ctx, id);
    reply_array(ctx->reply, 2 * pairs_count);
    for (size_t i = 0; i < pairs_count; i++) {
        stream_iter_pair(iter, &field, &value, field_scratch, value_scratch);
        reply_bulk(ctx->reply, field);
        reply_bulk(ctx->reply, value);
    }
}

void stream_reply_range(struct cmd_ctx *ctx, const struct stream *stream, struct stream_id first,
                        struct stream_id last, uint64_t count_max, bool is_backward) {
    struct stream_iter iter;
    struct stream_id id;
    size_t pairs_count, count = 0;

    struct reply_deferred deferred = reply_defer(ctx->reply);
    stream_iter_init(&iter, stream, first, last, is_backward);
    while ((count_max == 0 || count < count_max) && stream_iter_next(&iter, &id, &pairs_count)) {
        stream_reply_found(ctx, &iter, id, pairs_count);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, count);
}

bool stream_reply_entry(struct cmd_ctx *ctx, const struct stream *stream, struct stream_id id) {
    struct stream_iter iter;
    size_t pairs_count;

    stream_iter_init(&iter, stream, id, id, false);
    if (!stream_iter_next(&iter, &id, &pairs_count)) return false;
    stream_reply_found(ctx, &iter, id, pairs_count);
    return true;
}

/* ---- Keys ---- */

bool stream_find_read(struct cmd_ctx *ctx, const struct key *key, struct stream **stream) {
    struct entry *entry;

    if (!cmd_find_read_as(ctx, key, VALUE_STREAM, &entry)) return false;
    *stream = entry != NULL ? entry_object(entry) : NULL;
    return true;
}

bool stream_find_write(struct cmd_ctx *ctx, const struct key *key, struct stream **stream) {
    struct entry *entry;

    if (!cmd_find_write_as(ctx, key, VALUE_STREAM, &entry)) return false;
    *stream = entry != NULL ? entry_object(entry) : NULL;
    return true;
}

void stream_changed(struct cmd_ctx *ctx, const char *event, const struct key *key) {
    cmd_changed(ctx, EVENT_STREAM, event, ctx->db, key->name);
}

struct stream_limits stream_limits(const struct cmd_ctx *ctx) {
    return (struct stream_limits){ctx->settings->stream_node_max_bytes,
                                  ctx->settings->stream_node_max_entries};
}

/* ---- Groups ---- */

struct stream_consumer *stream_find_or_add_consumer(struct cmd_ctx *ctx, const struct key *key,
                                                    struct stream_group *group, struct slice name) {
    struct stream_consumer *consumer = stream_consumer_find(group, name);

    if (consumer != NULL) return consumer;
    consumer = stream_consumer_add(group, name, ctx->now_unix_ms);
    stream_changed(ctx, "xgroup-createconsumer", key);
    return consumer;
}

void stream_effect_claim(struct cmd_ctx *ctx, struct slice key, const struct stream_group *group,
                         struct stream_id id, const struct stream_pending *pending) {
    char id_text[STREAM_ID_BYTES_MAX], last_text[STREAM_ID_BYTES_MAX];
    char time_text[NUMBER_INT64_BYTES_MAX], count_text[NUMBER_INT64_BYTES_MAX];

    if (ctx->effects == NULL) {
        cmd_effect_none(ctx);
        return;
    }
    struct slice args[] = {
        SLICE_LITERAL("XCLAIM"),
        key,
        stream_group_name(group),
        stream_consumer_name(pending->consumer),
        SLICE_LITERAL("0"),
        slice_of(id_text, stream_print_id(id_text, id)),
        SLICE_LITERAL("TIME"),
        slice_of(time_text, number_print_uint64(time_text, pending->delivered_at_unix_ms)),
        SLICE_LITERAL("RETRYCOUNT"),
        slice_of(count_text, number_print_uint64(count_text, pending->deliveries_count)),
        SLICE_LITERAL("FORCE"),
        SLICE_LITERAL("JUSTID"),
        SLICE_LITERAL("LASTID"),
        slice_of(last_text, stream_print_id(last_text, group->last_id)),
    };
    cmd_effect(ctx, args, ARRAY_COUNT(args));
}

void stream_effect_group_id(struct cmd_ctx *ctx, struct slice key,
                            const struct stream_group *group) {
    char last_text[STREAM_ID_BYTES_MAX], read_text[NUMBER_INT64_BYTES_MAX];
    struct slice args[] = {
        SLICE_LITERAL("XGROUP"),
        SLICE_LITERAL("SETID"),
        key,
        stream_group_name(group),
        slice_of(last_text, stream_print_id(last_text, group->last_id)),
        SLICE_LITERAL("ENTRIESREAD"),
        slice_of(read_text, number_print_int64(read_text, group->entries_read)),
    };
    cmd_effect(ctx, args, ARRAY_COUNT(args));
}

void stream_effect_consumer(struct cmd_ctx *ctx, struct slice key, const struct stream_group *group,
                            struct slice consumer) {
    struct slice args[] = {
        SLICE_LITERAL("XGROUP"),
        SLICE_LITERAL("CREATECONSUMER"),
        key,
        stream_group_name(group),
        consumer,
    };
    cmd_effect(ctx, args, ARRAY_COUNT(args));
}

/* ---- Commands ---- */

static void xlen(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct stream *stream;

    if (!stream_find_read(ctx, &key, &stream)) return;
    reply_int(ctx->reply, stream != NULL ? (int64_t)stream->length : 0);
}

static void range(struct cmd_ctx *ctx, bool is_backward) {
    struct key key = cmd_key(ctx, 1);
    struct stream_id first, last;
    struct stream *stream;
    int64_t count = -1;

    if (!stream_arg_first(ctx, is_backward ? 3 : 2, &first)) return;
    if (!stream_arg_last(ctx, is_backward ? 2 : 3, &last)) return;
    for (size_t i = 4; i < ctx->args_count; i += 2) {
        if (!cmd_arg_is(ctx, i, "count") || i + 1 == ctx->args_count) {
            reply_syntax_error(ctx->reply);
            return;
        }
        if (!cmd_arg_int64(ctx, i + 1, &count, NULL)) return;
        if (count < 0) count = 0;
    }
    if (!stream_find_read(ctx, &key, &stream)) return;
    if (stream == NULL)
        reply_array(ctx->reply, 0);
    else if (count == 0)
        reply_null_array(ctx->reply);
    else
        stream_reply_range(ctx, stream, first, last, count < 0 ? 0 : (uint64_t)count, is_backward);
}

static void xrange(struct cmd_ctx *ctx) {
    range(ctx, false);
}

static void xrevrange(struct cmd_ctx *ctx) {
    range(ctx, true);
}

static void xdel(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct stream *stream;
    struct stream_ids ids;
    size_t count = ctx->args_count - 2;
    int64_t deleted_count = 0;

    if (!stream_find_write(ctx, &key, &stream)) return;
    if (stream == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (!stream_args_ids(ctx, 2, count, &ids)) return;
    for (size_t i = 0; i < count; i++) {
        if (!stream_delete(stream, ids.at[i])) continue;
        if (stream_id_compare(ids.at[i], stream->max_deleted_id) > 0)
            stream->max_deleted_id = ids.at[i];
        deleted_count++;
    }
    stream_ids_free(&ids);
    if (deleted_count > 0) stream_changed(ctx, "xdel", &key);
    reply_int(ctx->reply, deleted_count);
}

struct setid_options {
    struct stream_id id, max_deleted_id;
    int64_t entries_added; /* -1: not given */
};

static bool parse_setid(struct cmd_ctx *ctx, struct setid_options *options) {
    options->entries_added = -1;
    options->max_deleted_id = STREAM_ID_MIN;
    if (!stream_arg_id(ctx, 2, STREAM_ID_STRICT, &options->id)) return false;
    for (size_t i = 3; i < ctx->args_count; i += 2) {
        bool has_value = i + 1 < ctx->args_count;
        if (cmd_arg_is(ctx, i, "entriesadded") && has_value) {
            if (!cmd_arg_int64(ctx, i + 1, &options->entries_added, NULL)) return false;
            if (options->entries_added < 0) {
                reply_error(ctx->reply, "entries_added must be positive");
                return false;
            }
        } else if (cmd_arg_is(ctx, i, "maxdeletedid") && has_value) {
            if (!stream_arg_id(ctx, i + 1, STREAM_ID_STRICT, &options->max_deleted_id))
                return false;
            if (stream_id_compare(options->id, options->max_deleted_id) < 0) {
                reply_error(ctx->reply, "The ID specified in XSETID is smaller than the provided "
                                        "max_deleted_entry_id");
                return false;
            }
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

static void xsetid(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct setid_options options;
    struct stream *stream;
    struct stream_id top;

    if (!parse_setid(ctx, &options) || !stream_find_write(ctx, &key, &stream)) return;
    if (stream == NULL) {
        reply_error(ctx->reply, "no such key");
        return;
    }
    if (stream_id_compare(options.id, stream->max_deleted_id) < 0) {
        reply_error(ctx->reply,
                    "The ID specified in XSETID is smaller than current max_deleted_entry_id");
        return;
    }
    if (stream_edge_id(stream, true, &top)) {
        if (stream_id_compare(options.id, top) < 0) {
            reply_error(ctx->reply,
                        "The ID specified in XSETID is smaller than the target stream top item");
            return;
        }
        if (options.entries_added != -1 && stream->length > (uint64_t)options.entries_added) {
            reply_error(ctx->reply, "The entries_added specified in XSETID is smaller than the "
                                    "target stream length");
            return;
        }
    }
    stream->last_id = options.id;
    if (options.entries_added != -1) stream->entries_added = (uint64_t)options.entries_added;
    if (!stream_id_is_zero(options.max_deleted_id)) stream->max_deleted_id = options.max_deleted_id;
    stream_changed(ctx, "xsetid", &key);
    reply_ok(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg xlen_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg xrange_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "start", .type = ARG_STRING},
    {.name = "end", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};
static const char *const xrange_history[] = {"6.2.0", "An end of the range may be excluded.", NULL};
static const struct cmd_arg xrevrange_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "end", .type = ARG_STRING},
    {.name = "start", .type = ARG_STRING},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};
static const char *const xrevrange_history[] = {"6.2.0", "An end of the range may be excluded.", NULL};
static const struct cmd_arg xdel_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "ID", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg xsetid_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "last-id", .type = ARG_STRING},
    {.name = "entries-added", .type = ARG_INTEGER, .token = "ENTRIESADDED", .since = "7.0.0", .flags = ARG_OPTIONAL},
    {.name = "max-deleted-id", .type = ARG_STRING, .token = "MAXDELETEDID", .since = "7.0.0", .flags = ARG_OPTIONAL},
};
static const char *const xsetid_history[] = {"7.0.0", "`ENTRIESADDED` and `MAXDELETEDID`.", NULL};

static const struct cmd_def stream_cmds[] = {
    {.name = "xlen", .run = xlen, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RO),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Says how many entries a stream has.",
     CMD_SYNTAX(xlen_syntax)},
    {.name = "xrange", .run = xrange, .arity = -4, .flags = CMD_READONLY,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)+M) with N the entries of the stream and M those returned.",
     .summary = "Gives back the entries between two ids.",
     .history = xrange_history, CMD_SYNTAX(xrange_syntax)},
    {.name = "xrevrange", .run = xrevrange, .arity = -4, .flags = CMD_READONLY,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)+M) with N the entries of the stream and M those returned.",
     .summary = "Gives back the entries between two ids, the last one first.",
     .history = xrevrange_history, CMD_SYNTAX(xrevrange_syntax)},
    {.name = "xdel", .run = xdel, .arity = -3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(log(N)) for each entry.",
     .summary = "Deletes entries of a stream.",
     CMD_SYNTAX(xdel_syntax)},
    {.name = "xsetid", .run = xsetid, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_STREAM, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "stream", .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Sets the highest id that a stream has given out (for replication).",
     .history = xsetid_history, CMD_SYNTAX(xsetid_syntax)},
};
const struct cmd_family cmd_family_stream = {"stream", stream_cmds, ARRAY_COUNT(stream_cmds)};
/* clang-format on */
