/* cmd_string.c - one string read or set: GET, SET and their older siblings. */
#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"
#include "core/number.h"

/* A string to read. False: the reply (null, or the wrong type) is written. */
static bool find_or_reply(struct cmd_ctx *ctx, struct entry *entry) {
    if (entry == NULL) {
        reply_null(ctx->reply);
        return false;
    }
    if (SL_UNLIKELY(entry_type(entry) != VALUE_STRING)) {
        reply_wrong_type(ctx->reply);
        return false;
    }
    return true;
}

static void get(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (find_or_reply(ctx, entry)) string_reply(ctx->reply, entry);
}

/* ---- SET ---- */

/* May SET go on? False: the condition refuses, or cannot be asked. */
enum set_answer { SET_GOES_ON, SET_REFUSED, SET_WRONG_TYPE };
static enum set_answer set_condition(const struct entry *entry,
                                     const struct string_options *options) {
    switch (options->condition) {
    case CONDITION_NONE: return SET_GOES_ON;
    case CONDITION_NX: return entry == NULL ? SET_GOES_ON : SET_REFUSED;
    case CONDITION_XX: return entry != NULL ? SET_GOES_ON : SET_REFUSED;
    case CONDITION_IFEQ:
    case CONDITION_IFDEQ:
        if (entry == NULL) return SET_REFUSED;
        break;
    case CONDITION_IFNE:
    case CONDITION_IFDNE:
        if (entry == NULL) return SET_GOES_ON;
        break;
    }
    if (entry_type(entry) != VALUE_STRING) return SET_WRONG_TYPE;
    return string_condition_holds(entry, options->condition, options->match) ? SET_GOES_ON
                                                                             : SET_REFUSED;
}

/* Stores, tells, and says what the log gets. The reply is the caller's. False: no memory. */
static bool set_store(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                      struct slice value, uint64_t expire_at_unix_ms, bool keep_ttl) {
    uint64_t deadline = expire_at_unix_ms;

    if (keep_ttl && entry != NULL) deadline = entry_expire_at_unix_ms(entry);
    if (!string_put(ctx, key, entry, value, STRING_ENCODED, deadline)) return false;
    cmd_changed(ctx, EVENT_STRING, "set", ctx->db, key->name);
    if (expire_at_unix_ms != EXPIRE_NONE)
        cmd_event(ctx, EVENT_GENERIC, "expire", ctx->db, key->name);
    string_effect_set(ctx, key->name, value, expire_at_unix_ms, keep_ttl);
    return true;
}

/* SET key value without an option: the hot path. The effect is the command itself. */
static void set_plain(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (SL_UNLIKELY(!string_put(ctx, &key, entry, ctx->args[2], STRING_ENCODED, EXPIRE_NONE))) {
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_changed(ctx, EVENT_STRING, "set", ctx->db, key.name);
    reply_ok(ctx->reply);
}

static void set(struct cmd_ctx *ctx) {
    struct string_options options;
    uint64_t expire_at_unix_ms = EXPIRE_NONE;
    struct outbuf_mark mark;
    struct entry *entry;
    struct key key;

    if (SL_LIKELY(ctx->args_count == 3)) {
        set_plain(ctx);
        return;
    }
    if (!string_options_parse(ctx, 3, OPTIONS_OF_SET, &options)) return;
    if (options.expire != EXPIRE_FORM_NONE &&
        !string_expire_at(ctx, options.expire_arg, options.expire, &expire_at_unix_ms))
        return;
    key = cmd_key(ctx, 1);
    entry = options.get ? cmd_find_read(ctx, &key) : cmd_find_write(ctx, &key);
    /* With GET the old value is the reply whatever happens; it is written before it is
     * overwritten. */
    mark = outbuf_mark(ctx->reply->out);
    if (options.get && !find_or_reply(ctx, entry)) {
        if (entry != NULL) return;
    } else if (options.get) {
        string_reply(ctx->reply, entry);
    }
    switch (set_condition(entry, &options)) {
    case SET_GOES_ON: break;
    case SET_REFUSED:
        if (!options.get) reply_null(ctx->reply);
        return;
    case SET_WRONG_TYPE: reply_wrong_type(ctx->reply); return;
    }
    if (!set_store(ctx, &key, entry, ctx->args[2], expire_at_unix_ms, options.keep_ttl)) {
        outbuf_truncate(ctx->reply->out, mark);
        reply_no_memory(ctx->reply);
        return;
    }
    if (!options.get) reply_ok(ctx->reply);
}

/* SET with GET reads the key too: what GETKEYSANDFLAGS and ACL see. */
static uint16_t set_key_flags(const struct slice *args, size_t args_count) {
    for (size_t i = 3; i < args_count; i++) {
        if (slice_equal_cstr_nocase(args[i], "get"))
            return CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE;
    }
    return CMD_KEY_OW | CMD_KEY_UPDATE;
}

static void setnx(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (entry != NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (!set_store(ctx, &key, NULL, ctx->args[2], EXPIRE_NONE, false)) {
        reply_no_memory(ctx->reply);
        return;
    }
    reply_int(ctx->reply, 1);
}

static void set_with_expire(struct cmd_ctx *ctx, enum expire_form form) {
    uint64_t expire_at_unix_ms;
    struct key key;

    if (!string_expire_at(ctx, 2, form, &expire_at_unix_ms)) return;
    key = cmd_key(ctx, 1);
    if (!set_store(ctx, &key, cmd_find_write(ctx, &key), ctx->args[3], expire_at_unix_ms, false)) {
        reply_no_memory(ctx->reply);
        return;
    }
    reply_ok(ctx->reply);
}

static void setex(struct cmd_ctx *ctx) {
    set_with_expire(ctx, EXPIRE_FORM_EX);
}

static void psetex(struct cmd_ctx *ctx) {
    set_with_expire(ctx, EXPIRE_FORM_PX);
}

static void getset(struct cmd_ctx *ctx) {
    struct outbuf_mark mark = outbuf_mark(ctx->reply->out);
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (find_or_reply(ctx, entry))
        string_reply(ctx->reply, entry);
    else if (entry != NULL)
        return;
    if (set_store(ctx, &key, entry, ctx->args[2], EXPIRE_NONE, false)) return;
    outbuf_truncate(ctx->reply->out, mark);
    reply_no_memory(ctx->reply);
}

/* ---- Read and change the key's life ---- */

static void delete_with_effect(struct cmd_ctx *ctx, const struct key *key, struct entry *entry) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

    cmd_delete(ctx, ctx->db, key, entry);
    cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
}

static void getdel(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (!find_or_reply(ctx, entry)) return;
    string_reply(ctx->reply, entry); /* before the delete, which frees it */
    delete_with_effect(ctx, &key, entry);
}

static void getex_persist(struct cmd_ctx *ctx, const struct key *key, struct entry *entry) {
    struct slice effect[2] = {SLICE_LITERAL("PERSIST"), key->name};

    if (entry_expire_at_unix_ms(entry) == EXPIRE_NONE) return;
    keyspace_set_expire(ctx->keyspace, ctx->db, key, entry, EXPIRE_NONE);
    cmd_changed(ctx, EVENT_GENERIC, "persist", ctx->db, key->name);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
}

static void getex(struct cmd_ctx *ctx) {
    struct string_options options;
    uint64_t expire_at_unix_ms = EXPIRE_NONE;
    struct entry *entry;
    struct key key;

    if (!string_options_parse(ctx, 2, OPTIONS_OF_GETEX, &options)) return;
    key = cmd_key(ctx, 1);
    entry = cmd_find_read(ctx, &key);
    if (!find_or_reply(ctx, entry)) return;
    if (options.expire != EXPIRE_FORM_NONE &&
        !string_expire_at(ctx, options.expire_arg, options.expire, &expire_at_unix_ms))
        return;
    string_reply(ctx->reply, entry);
    if (options.persist) {
        getex_persist(ctx, &key, entry);
    } else if (options.expire == EXPIRE_FORM_NONE) {
        return;
    } else if (expire_at_unix_ms <= ctx->now_unix_ms) { /* EXAT and PXAT may name the past */
        delete_with_effect(ctx, &key, entry);
    } else {
        char number[NUMBER_INT64_BYTES_MAX];
        struct slice effect[3] = {SLICE_LITERAL("PEXPIREAT"), key.name};

        effect[2] = slice_of(number, number_print_uint64(number, expire_at_unix_ms));
        keyspace_set_expire(ctx->keyspace, ctx->db, &key, entry, expire_at_unix_ms);
        cmd_changed(ctx, EVENT_GENERIC, "expire", ctx->db, key.name);
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    }
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg syntax_key[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg syntax_key_value[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg set_conditions[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX", .since = "2.6.12"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX", .since = "2.6.12"},
    {.name = "ifeq-value", .type = ARG_STRING, .token = "IFEQ", .since = "8.1.0",
     .summary = "Only if the key holds this very value."},
    {.name = "ifne-value", .type = ARG_STRING, .token = "IFNE", .since = "8.4.0",
     .summary = "Only if the key holds another value, or none."},
    {.name = "ifdeq-digest", .type = ARG_STRING, .token = "IFDEQ", .since = "8.4.0",
     .summary = "Only if the value has this digest."},
    {.name = "ifdne-digest", .type = ARG_STRING, .token = "IFDNE", .since = "8.4.0",
     .summary = "Only if the value has another digest, or there is none."},
};
static const struct cmd_arg set_expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX", .since = "2.6.12"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX", .since = "2.6.12"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT", .since = "6.2.0"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT", .since = "6.2.0"},
    {.name = "keepttl", .type = ARG_PURE_TOKEN, .token = "KEEPTTL", .since = "6.0.0"},
};
static const struct cmd_arg set_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "value", .type = ARG_STRING},
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .since = "2.6.12",
     .args = set_conditions, .args_count = ARRAY_COUNT(set_conditions)},
    {.name = "get", .type = ARG_PURE_TOKEN, .token = "GET", .flags = ARG_OPTIONAL,
     .since = "6.2.0"},
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL,
     .args = set_expirations, .args_count = ARRAY_COUNT(set_expirations)},
};
static const char *const set_history[] = {
    "2.6.12", "`EX`, `PX`, `NX` and `XX`.",
    "6.0.0", "`KEEPTTL`.",
    "6.2.0", "`GET`, `EXAT` and `PXAT`.",
    "7.0.0", "`NX` and `GET` may stand together.",
    "8.1.0", "`IFEQ`.",
    "8.4.0", "`IFNE`, `IFDEQ` and `IFDNE`.",
    NULL,
};
static const struct cmd_arg getex_expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT"},
    {.name = "persist", .type = ARG_PURE_TOKEN, .token = "PERSIST"},
};
static const struct cmd_arg getex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL,
     .args = getex_expirations, .args_count = ARRAY_COUNT(getex_expirations)},
};
static const struct cmd_arg setex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "seconds", .type = ARG_INTEGER},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg psetex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "milliseconds", .type = ARG_INTEGER},
    {.name = "value", .type = ARG_STRING},
};

static const struct cmd_def string_cmds[] = {
    {.name = "get", .run = get, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Gives back the string under a key.", CMD_SYNTAX(syntax_key)},
    {.name = "set", .run = set, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE | CMD_KEY_VARIABLE_FLAGS,
               .begin_index = 1, .last = 0, .step = 1,
               .notes = "RW and ACCESS due to the optional `GET` argument"}},
     .keys_count = 1, .key_flags = set_key_flags,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Puts a string under a key, whatever was there.",
     .history = set_history, CMD_SYNTAX(set_syntax)},
    {.name = "setnx", .run = setnx, .arity = 3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_OW | CMD_KEY_INSERT),
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Puts a string under a key that does not exist yet.",
     .deprecated_since = "2.6.12", .replaced_by = "`SET` with the `NX` argument",
     CMD_SYNTAX(syntax_key_value)},
    {.name = "setex", .run = setex, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_OW | CMD_KEY_UPDATE),
     .group = "string", .since = "2.0.0", .complexity = "O(1)",
     .summary = "Puts a string under a key for some seconds.",
     .deprecated_since = "2.6.12", .replaced_by = "`SET` with the `EX` argument",
     CMD_SYNTAX(setex_syntax)},
    {.name = "psetex", .run = psetex, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_OW | CMD_KEY_UPDATE),
     .group = "string", .since = "2.6.0", .complexity = "O(1)",
     .summary = "Puts a string under a key for some milliseconds.",
     .deprecated_since = "2.6.12", .replaced_by = "`SET` with the `PX` argument",
     CMD_SYNTAX(psetex_syntax)},
    {.name = "getset", .run = getset, .arity = 3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_STRING,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE),
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Puts a string under a key and gives back the one before.",
     .deprecated_since = "6.2.0", .replaced_by = "`SET` with the `GET` argument",
     CMD_SYNTAX(syntax_key_value)},
    {.name = "getdel", .run = getdel, .arity = 2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STRING,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE),
     .group = "string", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Gives back a string and deletes its key.", CMD_SYNTAX(syntax_key)},
    {.name = "getex", .run = getex, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STRING,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE, .begin_index = 1, .last = 0,
               .step = 1, .notes = "RW and UPDATE because it changes the TTL"}},
     .keys_count = 1, .group = "string", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Gives back a string and changes how long its key lives.",
     CMD_SYNTAX(getex_syntax)},
};
const struct cmd_family cmd_family_string = {"string", string_cmds, ARRAY_COUNT(string_cmds)};
/* clang-format on */
