/* cmd_string_range.c - strings by the piece: APPEND, STRLEN, GETRANGE, SUBSTR, SETRANGE. */
#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"

/* May a string be this long? False: the error is written. `added` and `at` are what the client
 * gave. */
static bool length_is_fine(struct cmd_ctx *ctx, size_t at, size_t added) {
    size_t total;

    if (!__builtin_add_overflow(at, added, &total) && total <= ctx->settings->proto_max_bulk_len)
        return true;
    reply_error(ctx->reply, "string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

/* Writes bytes at a position of an existing string and answers its new length. */
static void write_at(struct cmd_ctx *ctx, const struct key *key, struct entry *entry, size_t at,
                     struct slice bytes, const char *event) {
    size_t len = entry_string_len(entry), len_new = at + bytes.len;
    char *data;

    if (len_new < len) len_new = len;
    data = keyspace_string_reserve(ctx->keyspace, ctx->db, key, &entry, len_new);
    if (data == NULL) {
        reply_no_memory(ctx->reply);
        return;
    }
    if (bytes.len > 0) memcpy(data + at, bytes.data, bytes.len);
    cmd_changed(ctx, EVENT_STRING, event, ctx->db, key->name);
    reply_int(ctx->reply, (int64_t)len_new);
}

static void append(struct cmd_ctx *ctx) {
    struct slice value = ctx->args[2];
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (entry == NULL) {
        if (!string_put(ctx, &key, NULL, value, STRING_ENCODED, EXPIRE_NONE)) {
            reply_no_memory(ctx->reply);
            return;
        }
        cmd_changed(ctx, EVENT_STRING, "append", ctx->db, key.name);
        reply_int(ctx->reply, (int64_t)value.len);
        return;
    }
    if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return;
    }
    if (!length_is_fine(ctx, entry_string_len(entry), value.len)) return;
    write_at(ctx, &key, entry, entry_string_len(entry), value, "append");
}

static void strlen_of(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (entry == NULL)
        reply_int(ctx->reply, 0);
    else if (entry_type(entry) != VALUE_STRING)
        reply_wrong_type(ctx->reply);
    else
        reply_int(ctx->reply, (int64_t)entry_string_len(entry));
}

/* Negative positions count from the end; what lies outside is cut. False: nothing is left. */
static bool range_clamp(size_t len, int64_t *start, int64_t *end) {
    int64_t count = (int64_t)len;

    if (*start < 0 && *end < 0 && *start > *end) return false;
    if (*start < 0) *start += count;
    if (*end < 0) *end += count;
    if (*start < 0) *start = 0;
    if (*end < 0) *end = 0;
    if (*end >= count) *end = count - 1;
    return *start <= *end;
}

static void getrange(struct cmd_ctx *ctx) {
    char scratch[ENTRY_SCRATCH_BYTES];
    struct entry *entry;
    struct blob *blob;
    struct slice value;
    struct key key;
    int64_t start, end;

    if (!cmd_arg_int64(ctx, 2, &start, NULL) || !cmd_arg_int64(ctx, 3, &end, NULL)) return;
    key = cmd_key(ctx, 1);
    entry = cmd_find_read(ctx, &key);
    if (entry == NULL) {
        reply_bulk(ctx->reply, SLICE_LITERAL(""));
        return;
    }
    if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return;
    }
    if (!range_clamp(entry_string_len(entry), &start, &end)) {
        reply_bulk(ctx->reply, SLICE_LITERAL(""));
        return;
    }
    blob = entry_blob(entry);
    if (blob != NULL) {
        reply_bulk_blob(ctx->reply, blob, (size_t)start, (size_t)(end - start + 1));
        return;
    }
    value = entry_string(entry, scratch);
    reply_bulk(ctx->reply, slice_of(value.data + start, (size_t)(end - start + 1)));
}

static void setrange(struct cmd_ctx *ctx) {
    struct slice value = ctx->args[3];
    struct entry *entry;
    struct key key;
    int64_t offset;
    bool is_new;

    if (!cmd_arg_int64(ctx, 2, &offset, NULL)) return;
    if (offset < 0) {
        reply_error(ctx->reply, "offset is out of range");
        return;
    }
    key = cmd_key(ctx, 1);
    entry = cmd_find_write(ctx, &key);
    if (entry != NULL && entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return;
    }
    if (value.len == 0) { /* nothing to write: no key is made, no string grows */
        reply_int(ctx->reply, entry != NULL ? (int64_t)entry_string_len(entry) : 0);
        return;
    }
    if (!length_is_fine(ctx, (size_t)offset, value.len)) return;
    is_new = entry == NULL;
    if (is_new) {
        entry = keyspace_put_string(ctx->keyspace, ctx->db, &key, NULL, SLICE_LITERAL(""),
                                    STRING_RAW, EXPIRE_NONE, cmd_access_now(ctx));
        if (entry == NULL) {
            reply_no_memory(ctx->reply);
            return;
        }
        cmd_event(ctx, EVENT_NEW, "new", ctx->db, key.name);
    }
    write_at(ctx, &key, entry, (size_t)offset, value, "setrange");
    if (is_new && !ctx->is_changed) { /* no memory: the empty string must not stay */
        entry = keyspace_find(ctx->keyspace, ctx->db, &key);
        SL_ASSERT(entry != NULL);
        cmd_delete(ctx, ctx->db, &key, entry);
    }
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg append_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg strlen_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg getrange_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "start", .type = ARG_INTEGER},
    {.name = "end", .type = ARG_INTEGER},
};
static const struct cmd_arg setrange_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "value", .type = ARG_STRING},
};

static const struct cmd_def range_cmds[] = {
    {.name = "append", .run = append, .arity = 3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "string", .since = "2.0.0",
     .complexity = "O(1) amortized for short values: a string that grows gets room ahead.",
     .summary = "Writes behind the end of a string, making the key where there is none.",
     CMD_SYNTAX(append_syntax)},
    {.name = "strlen", .run = strlen_of, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RO),
     .group = "string", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Says how many bytes a string has.", CMD_SYNTAX(strlen_syntax)},
    {.name = "getrange", .run = getrange, .arity = 4, .flags = CMD_READONLY,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "string", .since = "2.4.0",
     .complexity = "O(N) where N is the length of the returned piece.",
     .summary = "Gives back a piece of a string.", CMD_SYNTAX(getrange_syntax)},
    {.name = "substr", .run = getrange, .arity = 4, .flags = CMD_READONLY,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "string", .since = "1.0.0",
     .complexity = "O(N) where N is the length of the returned piece.",
     .summary = "Gives back a piece of a string.",
     .deprecated_since = "2.0.0", .replaced_by = "`GETRANGE`", CMD_SYNTAX(getrange_syntax)},
    {.name = "setrange", .run = setrange, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "string", .since = "2.2.0",
     .complexity = "O(1) for short values, otherwise O(M) where M is the length of the value.",
     .summary = "Overwrites a piece of a string, padding it with zero bytes up to the offset.",
     CMD_SYNTAX(setrange_syntax)},
};
const struct cmd_family cmd_family_string_range = {"string", range_cmds, ARRAY_COUNT(range_cmds)};
/* clang-format on */
