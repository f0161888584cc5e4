/* cmd_object.c - what a key is made of: OBJECT, and MEMORY USAGE's answer. Asking neither ages nor
 * refreshes a key. */
#include "core/cmd_object.h"

#include <limits.h>

#include "core/cmd_families.h"

/* False: null is written. */
static bool find_or_null(struct cmd_ctx *ctx, struct entry **entry) {
    struct key key = cmd_key(ctx, 2);

    *entry = cmd_find_quiet(ctx, ctx->db, &key);
    if (*entry == NULL) reply_null(ctx->reply);
    return *entry != NULL;
}

const char *object_encoding_name(enum value_encoding encoding) {
    switch (encoding) {
    case ENCODING_RAW: return "raw";
    case ENCODING_INT: return "int";
    case ENCODING_EMBSTR: return "embstr";
    case ENCODING_LISTPACK: return "listpack";
    case ENCODING_INTSET: return "intset";
    case ENCODING_HASHTABLE: return "hashtable";
    case ENCODING_QUICKLIST: return "quicklist";
    case ENCODING_SKIPLIST: return "skiplist";
    case ENCODING_STREAM: return "stream";
    }
    SL_ASSERT(false);
    return "";
}

static void object_encoding(struct cmd_ctx *ctx) {
    struct entry *entry;

    if (find_or_null(ctx, &entry))
        reply_bulk_cstr(ctx->reply, object_encoding_name(entry_encoding(entry)));
}

/* Nothing is shared here; for the small integers that Redis shares, its answer is given. */
static void object_refcount(struct cmd_ctx *ctx) {
    struct entry *entry;
    int64_t value;

    if (!find_or_null(ctx, &entry)) return;
    if (entry_type(entry) == VALUE_STRING && entry_integer(entry, &value) && value >= 0 &&
        value < 10000)
        reply_int(ctx->reply, INT_MAX);
    else
        reply_int(ctx->reply, 1);
}

static void object_freq(struct cmd_ctx *ctx) {
    struct entry *entry;

    if (!find_or_null(ctx, &entry)) return;
    if (!ctx->settings->lfu_policy) {
        reply_error(ctx->reply,
                    "An LFU maxmemory policy is not selected, access frequency not tracked. "
                    "Please note that when switching between policies at runtime LRU and LFU "
                    "data will take some time to adjust.");
        return;
    }
    reply_int(ctx->reply, cmd_access_frequency(ctx, entry_access(entry)));
}

static void object_idletime(struct cmd_ctx *ctx) {
    struct entry *entry;

    if (!find_or_null(ctx, &entry)) return;
    if (ctx->settings->lfu_policy) {
        reply_error(ctx->reply,
                    "An LFU maxmemory policy is selected, idle time not tracked. Please note "
                    "that when switching between policies at runtime LRU and LFU data will take "
                    "some time to adjust.");
        return;
    }
    reply_int(ctx->reply, (int64_t)cmd_access_idle_seconds(ctx, entry_access(entry)));
}

static void object_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
        NULL,
    };

    cmd_reply_help(ctx, lines);
}

void memory_usage_reply(struct cmd_ctx *ctx) {
    struct entry *entry;
    int64_t samples = 5;

    for (size_t i = 3; i < ctx->args_count; i++) {
        if (!cmd_arg_is(ctx, i, "samples") || i + 1 >= ctx->args_count) {
            reply_syntax_error(ctx->reply);
            return;
        }
        if (!cmd_arg_int64(ctx, ++i, &samples, NULL)) return;
        if (samples < 0) {
            reply_syntax_error(ctx->reply);
            return;
        }
    }
    if (find_or_null(ctx, &entry))
        reply_int(ctx->reply, (int64_t)entry_memory_bytes(entry, (size_t)samples));
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg syntax_key[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const char *const tips_nondeterministic[] = {"nondeterministic_output", NULL};

#define OBJECT_ROW .arity = 3, .flags = CMD_READONLY, .categories = CATEGORY_KEYSPACE, \
    .keys = {{.flags = CMD_KEY_RO, .begin_index = 2, .last = 0, .step = 1}}, .keys_count = 1, \
    .group = "generic", .complexity = "O(1)", .tips = tips_nondeterministic, CMD_SYNTAX(syntax_key)

static const struct cmd_def object_cmds[] = {
    {.name = "object", .arity = -2, .scope = SCOPE_CONN, .group = "generic", .since = "2.2.3",
     .complexity = "Depends on subcommand.", .summary = "Says what a key is made of."},
    {.name = "object|encoding", .run = object_encoding, OBJECT_ROW, .since = "2.2.3",
     .summary = "Says how the value of a key is stored."},
    {.name = "object|freq", .run = object_freq, OBJECT_ROW, .since = "4.0.0",
     .summary = "Says how often a key is used, as the LFU policies count it."},
    {.name = "object|idletime", .run = object_idletime, OBJECT_ROW, .since = "2.2.3",
     .summary = "Says for how many seconds a key has not been used."},
    {.name = "object|refcount", .run = object_refcount, OBJECT_ROW, .since = "2.2.3",
     .summary = "Says how many references the value of a key has."},
    {.name = "object|help", .run = object_help, .arity = 2, .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_KEYSPACE, .scope = SCOPE_CONN, .group = "generic", .since = "6.2.0",
     .complexity = "O(1)", .summary = "Lists the sub-commands."},
};
const struct cmd_family cmd_family_object = {"generic", object_cmds, ARRAY_COUNT(object_cmds)};
/* clang-format on */
