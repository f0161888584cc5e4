/* cmd_hash_expire.c - how long fields live: HEXPIRE and its kind, HTTL and its kind, HPERSIST. */
#include "core/cmd_families.h"
#include "core/cmd_hash_priv.h"
#include "core/number.h"

static const char expire_count_text[] = "Parameter `numFields` should be greater than 0";
static const char count_text[] = "Number of fields must be a positive integer";

enum { FIELD_NONE = -2, FIELD_UNCHANGED = 0, FIELD_SET = 1, FIELD_DELETED = 2 };
enum condition { CONDITION_NONE, CONDITION_NX, CONDITION_XX, CONDITION_GT, CONDITION_LT };

static enum condition condition_named(const struct cmd_ctx *ctx, size_t arg) {
    if (cmd_arg_is(ctx, arg, "nx")) return CONDITION_NX;
    if (cmd_arg_is(ctx, arg, "xx")) return CONDITION_XX;
    if (cmd_arg_is(ctx, arg, "gt")) return CONDITION_GT;
    if (cmd_arg_is(ctx, arg, "lt")) return CONDITION_LT;
    return CONDITION_NONE;
}

/* A field without a deadline lives for ever: that is what GT and LT compare with. */
static bool condition_holds(enum condition condition, uint64_t deadline_now,
                            uint64_t deadline_new) {
    bool has_deadline = deadline_now != EXPIRE_NONE;

    switch (condition) {
    case CONDITION_NONE: return true;
    case CONDITION_NX: return !has_deadline;
    case CONDITION_XX: return has_deadline;
    case CONDITION_GT: return has_deadline && deadline_new > deadline_now;
    case CONDITION_LT: return !has_deadline || deadline_new < deadline_now;
    }
    SL_ASSERT(false);
    return false;
}

/* What a command that changes deadlines says at its end. */
static void finish(struct cmd_ctx *ctx, struct hash_edit *edit, struct hash_changed *changed,
                   uint64_t expire_at_unix_ms, bool is_past) {
    struct slice head[3] = {SLICE_LITERAL("HPEXPIREAT"), edit->key.name};
    char number[NUMBER_INT64_BYTES_MAX];

    if (changed->count > 0) {
        for (size_t i = 1; i < changed->count; i++) cmd_changed_silently(ctx);
        cmd_changed(ctx, EVENT_HASH, is_past ? "hdel" : "hexpire", ctx->db, edit->key.name);
    }
    hash_edit_end_maybe_empty(ctx, edit);
    head[2] = slice_of(number, number_print_uint64(number, expire_at_unix_ms));
    hash_changed_emit(ctx, changed, is_past ? NULL : head, ARRAY_COUNT(head));
}

/* One field. False: no memory. */
static bool expire_field(const struct cmd_ctx *ctx, struct hash_edit *edit, struct slice name,
                         enum condition condition, uint64_t expire_at_unix_ms, int64_t *result) {
    struct hash_field field;

    *result = FIELD_NONE;
    if (!hash_find(edit->hash, ctx->now_unix_ms, name, &field)) return true;
    *result = FIELD_UNCHANGED;
    if (!condition_holds(condition, field.expire_at_unix_ms, expire_at_unix_ms)) return true;
    if (expire_at_unix_ms <= ctx->now_unix_ms) {
        hash_remove(&edit->hash, ctx->now_unix_ms, name);
        *result = FIELD_DELETED;
        return true;
    }
    *result = FIELD_SET;
    return hash_set_expire(&edit->hash, edit->origin, name, expire_at_unix_ms);
}

static void hexpire_generic(struct cmd_ctx *ctx, bool is_seconds, bool is_absolute) {
    enum condition condition;
    struct hash_edit edit;
    struct hash_changed changed;
    const struct slice *fields;
    size_t fields_count;
    uint64_t expire_at_unix_ms;
    bool is_full = false;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (!hash_arg_deadline(ctx, 2, is_seconds, is_absolute, &expire_at_unix_ms)) return;
    condition = condition_named(ctx, 3);
    if (!hash_fields_parse(ctx, condition == CONDITION_NONE ? 3 : 4, expire_count_text, &fields,
                           &fields_count))
        return;
    struct outbuf_mark mark = outbuf_mark(ctx->reply->out);
    reply_array(ctx->reply, fields_count);
    if (edit.entry == NULL) {
        for (size_t i = 0; i < fields_count; i++) reply_int(ctx->reply, FIELD_NONE);
        return;
    }
    hash_changed_init(ctx, &changed, fields_count);
    for (size_t i = 0; i < fields_count && !is_full; i++) {
        int64_t result;
        is_full = !expire_field(ctx, &edit, fields[i], condition, expire_at_unix_ms, &result);
        if (is_full) break;
        if (result > FIELD_UNCHANGED) hash_changed_add(&changed, fields[i]);
        reply_int(ctx->reply, result);
    }
    finish(ctx, &edit, &changed, expire_at_unix_ms, expire_at_unix_ms <= ctx->now_unix_ms);
    if (!is_full) return;
    outbuf_truncate(ctx->reply->out, mark);
    reply_no_memory(ctx->reply);
}

static void hexpire(struct cmd_ctx *ctx) {
    hexpire_generic(ctx, true, false);
}

static void hpexpire(struct cmd_ctx *ctx) {
    hexpire_generic(ctx, false, false);
}

static void hexpireat(struct cmd_ctx *ctx) {
    hexpire_generic(ctx, true, true);
}

static void hpexpireat(struct cmd_ctx *ctx) {
    hexpire_generic(ctx, false, true);
}

/* ---- Asking ---- */

/* -2: no such field; -1: no deadline; else until then or then, seconds rounded up. */
static void httl_generic(struct cmd_ctx *ctx, bool is_seconds, bool is_absolute) {
    uint64_t base_ms = is_absolute ? 0 : ctx->now_unix_ms;
    struct key key = cmd_key(ctx, 1);
    const struct slice *fields;
    size_t fields_count;
    struct hash_field field;
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return;
    if (!hash_fields_parse(ctx, 2, count_text, &fields, &fields_count)) return;
    reply_array(ctx->reply, fields_count);
    for (size_t i = 0; i < fields_count; i++) {
        if (entry == NULL || !hash_find(hash_of(entry), ctx->now_unix_ms, fields[i], &field)) {
            reply_int(ctx->reply, -2);
        } else if (field.expire_at_unix_ms == EXPIRE_NONE) {
            reply_int(ctx->reply, -1);
        } else {
            uint64_t time_ms = field.expire_at_unix_ms - base_ms;
            reply_int(ctx->reply, (int64_t)(is_seconds ? (time_ms + 999) / 1000 : time_ms));
        }
    }
}

static void httl(struct cmd_ctx *ctx) {
    httl_generic(ctx, true, false);
}

static void hpttl(struct cmd_ctx *ctx) {
    httl_generic(ctx, false, false);
}

static void hexpiretime(struct cmd_ctx *ctx) {
    httl_generic(ctx, true, true);
}

static void hpexpiretime(struct cmd_ctx *ctx) {
    httl_generic(ctx, false, true);
}

/* ---- HPERSIST, HGETEX, HGETDEL ---- */

static void persist_finish(struct cmd_ctx *ctx, struct hash_edit *edit,
                           struct hash_changed *changed) {
    struct slice head[2] = {SLICE_LITERAL("HPERSIST"), edit->key.name};

    (void)hash_edit_end(ctx, edit);
    if (changed->count > 0) cmd_changed(ctx, EVENT_HASH, "hpersist", ctx->db, edit->key.name);
    hash_changed_emit(ctx, changed, head, ARRAY_COUNT(head));
}

static void hpersist(struct cmd_ctx *ctx) {
    struct hash_edit edit;
    struct hash_changed changed;
    struct hash_field field;
    const struct slice *fields;
    size_t fields_count;
    bool is_full = false;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (!hash_fields_parse(ctx, 2, count_text, &fields, &fields_count)) return;
    struct outbuf_mark mark = outbuf_mark(ctx->reply->out);
    reply_array(ctx->reply, fields_count);
    if (edit.entry == NULL) {
        for (size_t i = 0; i < fields_count; i++) reply_int(ctx->reply, -2);
        return;
    }
    hash_changed_init(ctx, &changed, fields_count);
    for (size_t i = 0; i < fields_count && !is_full; i++) {
        if (!hash_find(edit.hash, ctx->now_unix_ms, fields[i], &field)) {
            reply_int(ctx->reply, -2);
        } else if (field.expire_at_unix_ms == EXPIRE_NONE) {
            reply_int(ctx->reply, -1);
        } else if (!hash_set_expire(&edit.hash, edit.origin, fields[i], EXPIRE_NONE)) {
            is_full = true;
        } else {
            hash_changed_add(&changed, fields[i]);
            reply_int(ctx->reply, 1);
        }
    }
    persist_finish(ctx, &edit, &changed);
    if (!is_full) return;
    outbuf_truncate(ctx->reply->out, mark);
    reply_no_memory(ctx->reply);
}

enum getex_action { GETEX_NOTHING, GETEX_EXPIRE, GETEX_PERSIST };

/* The field was just answered. False: no memory. */
static bool getex_field(const struct cmd_ctx *ctx, struct hash_edit *edit, struct slice name,
                        uint64_t deadline_now, enum getex_action action, uint64_t expire_at_unix_ms,
                        struct hash_changed *changed) {
    if (action == GETEX_NOTHING || (action == GETEX_PERSIST && deadline_now == EXPIRE_NONE))
        return true;
    if (action == GETEX_EXPIRE && expire_at_unix_ms <= ctx->now_unix_ms) {
        hash_remove(&edit->hash, ctx->now_unix_ms, name);
    } else if (!hash_set_expire(&edit->hash, edit->origin, name,
                                action == GETEX_EXPIRE ? expire_at_unix_ms : EXPIRE_NONE)) {
        return false;
    }
    hash_changed_add(changed, name);
    return true;
}

static void hgetex(struct cmd_ctx *ctx) {
    enum getex_action action = GETEX_NOTHING;
    bool is_seconds, is_absolute, is_full = false;
    uint64_t expire_at_unix_ms = EXPIRE_NONE;
    struct hash_edit edit;
    struct hash_changed changed;
    struct hash_field field;
    const struct slice *fields;
    size_t fields_count, at = 2;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (hash_arg_is_time(ctx, 2, &is_seconds, &is_absolute)) {
        action = GETEX_EXPIRE;
        if (!hash_arg_deadline(ctx, 3, is_seconds, is_absolute, &expire_at_unix_ms)) return;
        at = 4;
    } else if (cmd_arg_is(ctx, 2, "persist")) {
        action = GETEX_PERSIST;
        at = 3;
    }
    if (!hash_fields_parse(ctx, at, count_text, &fields, &fields_count)) return;
    struct outbuf_mark mark = outbuf_mark(ctx->reply->out);
    reply_array(ctx->reply, fields_count);
    if (edit.entry == NULL) {
        for (size_t i = 0; i < fields_count; i++) reply_null(ctx->reply);
        return;
    }
    hash_changed_init(ctx, &changed, fields_count);
    for (size_t i = 0; i < fields_count && !is_full; i++) {
        if (!hash_find(edit.hash, ctx->now_unix_ms, fields[i], &field)) {
            reply_null(ctx->reply);
            continue;
        }
        hash_reply_value(ctx->reply, &field);
        is_full = !getex_field(ctx, &edit, fields[i], field.expire_at_unix_ms, action,
                               expire_at_unix_ms, &changed);
    }
    if (action == GETEX_EXPIRE)
        finish(ctx, &edit, &changed, expire_at_unix_ms, expire_at_unix_ms <= ctx->now_unix_ms);
    else
        persist_finish(ctx, &edit, &changed);
    if (!is_full) return;
    outbuf_truncate(ctx->reply->out, mark);
    reply_no_memory(ctx->reply);
}

static void hgetdel(struct cmd_ctx *ctx) {
    struct hash_edit edit;
    struct hash_changed changed;
    struct hash_field field;
    const struct slice *fields;
    size_t fields_count;

    if (!hash_edit_begin(ctx, &edit)) return;
    if (!hash_fields_parse(ctx, 2, count_text, &fields, &fields_count)) return;
    reply_array(ctx->reply, fields_count);
    if (edit.entry == NULL) {
        for (size_t i = 0; i < fields_count; i++) reply_null(ctx->reply);
        return;
    }
    hash_changed_init(ctx, &changed, fields_count);
    for (size_t i = 0; i < fields_count; i++) {
        if (!hash_find(edit.hash, ctx->now_unix_ms, fields[i], &field)) {
            reply_null(ctx->reply);
            continue;
        }
        hash_reply_value(ctx->reply, &field);
        hash_remove(&edit.hash, ctx->now_unix_ms, fields[i]);
        hash_changed_add(&changed, fields[i]);
    }
    finish(ctx, &edit, &changed, EXPIRE_NONE, true);
}

/* ---- Rows ---- */
/* clang-format off */

#define SYNTAX_KEY {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
static const struct cmd_arg fields_block[] = {
    {.name = "numfields", .type = ARG_INTEGER},
    {.name = "field", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
#define SYNTAX_FIELDS {.name = "fields", .type = ARG_BLOCK, .token = "FIELDS", \
    .args = fields_block, .args_count = ARRAY_COUNT(fields_block)}
static const struct cmd_arg conditions[] = {
    {.name = "nx", .type = ARG_PURE_TOKEN, .token = "NX"},
    {.name = "xx", .type = ARG_PURE_TOKEN, .token = "XX"},
    {.name = "gt", .type = ARG_PURE_TOKEN, .token = "GT"},
    {.name = "lt", .type = ARG_PURE_TOKEN, .token = "LT"},
};
#define SYNTAX_EXPIRE(time_name, time_type) { \
    SYNTAX_KEY, {.name = (time_name), .type = (time_type)}, \
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, \
     .args = conditions, .args_count = ARRAY_COUNT(conditions)}, \
    SYNTAX_FIELDS, \
}
static const struct cmd_arg hexpire_syntax[] = SYNTAX_EXPIRE("seconds", ARG_INTEGER);
static const struct cmd_arg hpexpire_syntax[] = SYNTAX_EXPIRE("milliseconds", ARG_INTEGER);
static const struct cmd_arg hexpireat_syntax[] = SYNTAX_EXPIRE("unix-time-seconds", ARG_UNIX_TIME);
static const struct cmd_arg hpexpireat_syntax[] =
    SYNTAX_EXPIRE("unix-time-milliseconds", ARG_UNIX_TIME);
static const struct cmd_arg fields_syntax[] = {SYNTAX_KEY, SYNTAX_FIELDS};
static const struct cmd_arg expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT"},
    {.name = "persist", .type = ARG_PURE_TOKEN, .token = "PERSIST"},
};
static const struct cmd_arg hgetex_syntax[] = {
    SYNTAX_KEY,
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = expirations,
     .args_count = ARRAY_COUNT(expirations)},
    SYNTAX_FIELDS,
};
static const char *const tips_nondeterministic[] = {"nondeterministic_output", NULL};

#define FIELD_ROW .categories = CATEGORY_HASH, .group = "hash", \
    .complexity = "O(N) where N is the number of fields named."
#define HEXPIRE_ROW .arity = -6, .flags = CMD_WRITE | CMD_FAST, FIELD_ROW, .since = "7.4.0", \
    .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE)
#define HTTL_ROW .arity = -5, .flags = CMD_READONLY | CMD_FAST, FIELD_ROW, .since = "7.4.0", \
    .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), CMD_SYNTAX(fields_syntax)

static const struct cmd_def expire_cmds[] = {
    {.name = "hexpire", .run = hexpire, HEXPIRE_ROW,
     .summary = "Gives fields some seconds to live.", CMD_SYNTAX(hexpire_syntax)},
    {.name = "hpexpire", .run = hpexpire, HEXPIRE_ROW,
     .summary = "Gives fields some milliseconds to live.", CMD_SYNTAX(hpexpire_syntax)},
    {.name = "hexpireat", .run = hexpireat, HEXPIRE_ROW,
     .summary = "Lets fields end at a Unix time in seconds.", CMD_SYNTAX(hexpireat_syntax)},
    {.name = "hpexpireat", .run = hpexpireat, HEXPIRE_ROW,
     .summary = "Lets fields end at a Unix time in milliseconds.", CMD_SYNTAX(hpexpireat_syntax)},
    {.name = "httl", .run = httl, HTTL_ROW, .tips = tips_nondeterministic,
     .summary = "Says how many seconds fields still live."},
    {.name = "hpttl", .run = hpttl, HTTL_ROW, .tips = tips_nondeterministic,
     .summary = "Says how many milliseconds fields still live."},
    {.name = "hexpiretime", .run = hexpiretime, HTTL_ROW,
     .summary = "Says at which Unix time in seconds fields end."},
    {.name = "hpexpiretime", .run = hpexpiretime, HTTL_ROW,
     .summary = "Says at which Unix time in milliseconds fields end."},
    {.name = "hpersist", .run = hpersist, .arity = -5, .flags = CMD_WRITE | CMD_FAST, FIELD_ROW,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE), .since = "7.4.0",
     .summary = "Lets fields live for ever.", CMD_SYNTAX(fields_syntax)},
    {.name = "hgetex", .run = hgetex, .arity = -5, .flags = CMD_WRITE | CMD_FAST, FIELD_ROW,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE, .begin_index = 1, .step = 1,
               .notes = "RW and UPDATE because it changes the TTL"}}, .keys_count = 1,
     .since = "8.0.0", .summary = "Gives back fields' values and may change how long they live.",
     CMD_SYNTAX(hgetex_syntax)},
    {.name = "hgetdel", .run = hgetdel, .arity = -5, .flags = CMD_WRITE | CMD_FAST, FIELD_ROW,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE), .since = "8.0.0",
     .summary = "Gives back fields' values and takes the fields out.", CMD_SYNTAX(fields_syntax)},
};
const struct cmd_family cmd_family_hash_expire = {"hash", expire_cmds, ARRAY_COUNT(expire_cmds)};
/* clang-format on */
