/* cmd_hash_setex.c - HSETEX: fields with their values and deadline in one. */
#include "core/cmd_families.h"
#include "core/cmd_hash_priv.h"
#include "core/mem.h"
#include "core/number.h"

enum { WORD_SHOWN_MAX = 1024 };

struct setex {
    bool fnx, fxx, keep_ttl, expires;
    uint64_t expire_at_unix_ms;
    const struct slice *pairs;
    size_t pairs_count;
};

/* FIELDS at args[at]: it is the last option, and all behind the count are pairs. */
static bool parse_fields(struct cmd_ctx *ctx, size_t at, struct setex *setex) {
    int64_t count;

    if (at + 3 >= ctx->args_count) { /* not even one pair */
        cmd_reply_arity_error(ctx);
        return false;
    }
    if (!cmd_arg_int64_range(ctx, at + 1, 1, INT32_MAX, &count, "invalid number of fields"))
        return false;
    if ((uint64_t)count * 2 != ctx->args_count - at - 2) {
        cmd_reply_arity_error(ctx);
        return false;
    }
    setex->pairs = ctx->args + at + 2;
    setex->pairs_count = (size_t)count;
    return true;
}

static void reply_unknown(struct cmd_ctx *ctx, struct slice word) {
    const char *nul = word.len > 0 ? memchr(word.data, '\0', word.len) : NULL;
    size_t len = nul != NULL ? (size_t)(nul - word.data) : word.len;

    if (len > WORD_SHOWN_MAX) len = WORD_SHOWN_MAX;
    reply_error_format(ctx->reply, "unknown argument: %.*s", (int)len, word.data);
}

static bool parse(struct cmd_ctx *ctx, struct setex *setex) {
    bool is_seconds, is_absolute;

    *setex = (struct setex){0};
    for (size_t i = 2; i < ctx->args_count; i++) {
        bool is_fnx = cmd_arg_is(ctx, i, "fnx");

        if (is_fnx || cmd_arg_is(ctx, i, "fxx")) {
            if (setex->fnx || setex->fxx) {
                reply_error(ctx->reply, "Only one of FXX or FNX arguments can be specified");
                return false;
            }
            setex->fnx = is_fnx;
            setex->fxx = !is_fnx;
            continue;
        }
        bool is_time = hash_arg_is_time(ctx, i, &is_seconds, &is_absolute);
        if (is_time || cmd_arg_is(ctx, i, "keepttl")) {
            if (setex->expires || setex->keep_ttl) {
                reply_error(ctx->reply, "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments "
                                        "can be specified");
                return false;
            }
            setex->expires = is_time;
            setex->keep_ttl = !is_time;
            if (!is_time) continue;
            if (++i == ctx->args_count) break;
            if (!hash_arg_deadline(ctx, i, is_seconds, is_absolute, &setex->expire_at_unix_ms))
                return false;
            continue;
        }
        if (cmd_arg_is(ctx, i, "fields")) return parse_fields(ctx, i, setex);
        reply_unknown(ctx, ctx->args[i]);
        return false;
    }
    cmd_reply_arity_error(ctx);
    return false;
}

static bool condition_holds(const struct cmd_ctx *ctx, const struct hash_edit *edit,
                            const struct setex *setex) {
    struct hash_field field;

    if (!setex->fnx && !setex->fxx) return true;
    if (edit->entry == NULL) return setex->fnx;
    for (size_t i = 0; i < setex->pairs_count; i++) {
        bool is_there = hash_find(edit->hash, ctx->now_unix_ms, setex->pairs[2 * i], &field);
        if (is_there != setex->fxx) return false;
    }
    return true;
}

/* A deadline that is over: the fields would be gone at once, so they go. */
static void set_in_the_past(struct cmd_ctx *ctx, struct hash_edit *edit,
                            const struct setex *setex) {
    struct hash_changed changed;

    if (edit->entry == NULL) return;
    hash_changed_init(ctx, &changed, setex->pairs_count);
    for (size_t i = 0; i < setex->pairs_count; i++) {
        struct slice name = setex->pairs[2 * i];
        if (hash_remove(&edit->hash, ctx->now_unix_ms, name) == HASH_REMOVE_NONE) continue;
        hash_changed_add(&changed, name);
        cmd_changed_silently(ctx);
    }
    if (changed.count > 0) {
        cmd_event(ctx, EVENT_HASH, "hset", ctx->db, edit->key.name);
        cmd_event(ctx, EVENT_HASH, "hdel", ctx->db, edit->key.name);
    }
    hash_edit_end_maybe_empty(ctx, edit);
    hash_changed_emit(ctx, &changed, NULL, 0);
}

static void emit(struct cmd_ctx *ctx, const struct setex *setex, size_t pairs_count) {
    char deadline[NUMBER_INT64_BYTES_MAX], number[NUMBER_INT64_BYTES_MAX];
    size_t count = 0;

    if (ctx->effects == NULL) {
        cmd_effect_none(ctx);
        return;
    }
    struct slice *args = mem_must((6 + 2 * pairs_count) * sizeof *args);
    args[count++] = SLICE_LITERAL("HSETEX");
    args[count++] = ctx->args[1];
    if (setex->expires) {
        args[count++] = SLICE_LITERAL("PXAT");
        args[count++] = slice_of(deadline, number_print_uint64(deadline, setex->expire_at_unix_ms));
    } else if (setex->keep_ttl) {
        args[count++] = SLICE_LITERAL("KEEPTTL");
    }
    args[count++] = SLICE_LITERAL("FIELDS");
    args[count++] = slice_of(number, number_print_uint64(number, pairs_count));
    memcpy(args + count, setex->pairs, 2 * pairs_count * sizeof *args);
    cmd_effect(ctx, args, count + 2 * pairs_count);
    mem_free(args);
}

/* One pair. False: no memory. */
static bool set_pair(struct cmd_ctx *ctx, struct hash_edit *edit, const struct setex *setex,
                     const struct slice *pair) {
    uint64_t deadline = setex->expire_at_unix_ms;
    struct hash_field field;

    if (setex->keep_ttl && hash_find(edit->hash, 0, pair[0], &field)) {
        if (field.expire_at_unix_ms == EXPIRE_NONE || field.expire_at_unix_ms > ctx->now_unix_ms)
            deadline = field.expire_at_unix_ms;
        else
            hash_say_expired(ctx, edit->key.name, pair[0]);
    }
    return hash_edit_set(ctx, edit, pair[0], pair[1], deadline) != HASH_SET_NO_MEMORY;
}

static void set_pairs(struct cmd_ctx *ctx, struct hash_edit *edit, const struct setex *setex) {
    size_t done = 0;

    hash_edit_make(edit);
    while (done < setex->pairs_count && set_pair(ctx, edit, setex, setex->pairs + 2 * done)) done++;
    bool is_full = done < setex->pairs_count;
    if (done == 0 && edit->entry == NULL) {
        hash_free(edit->hash);
    } else if (!hash_edit_end(ctx, edit)) {
        return; /* the error is written */
    }
    if (done > 0) {
        cmd_changed(ctx, EVENT_HASH, "hset", ctx->db, edit->key.name);
        if (done > 1) cmd_changed_more(ctx, done - 1);
        if (setex->expires) cmd_event(ctx, EVENT_HASH, "hexpire", ctx->db, edit->key.name);
        emit(ctx, setex, done);
    }
    if (is_full)
        reply_no_memory(ctx->reply);
    else
        reply_int(ctx->reply, 1);
}

static void hsetex(struct cmd_ctx *ctx) {
    struct hash_edit edit;
    struct setex setex;

    if (!parse(ctx, &setex)) return;
    if (!hash_edit_begin(ctx, &edit)) return;
    if (!condition_holds(ctx, &edit, &setex)) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (setex.expires && setex.expire_at_unix_ms <= ctx->now_unix_ms) {
        set_in_the_past(ctx, &edit, &setex);
        reply_int(ctx->reply, 1);
        return;
    }
    set_pairs(ctx, &edit, &setex);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg conditions[] = {
    {.name = "fnx", .type = ARG_PURE_TOKEN, .token = "FNX"},
    {.name = "fxx", .type = ARG_PURE_TOKEN, .token = "FXX"},
};
static const struct cmd_arg expirations[] = {
    {.name = "seconds", .type = ARG_INTEGER, .token = "EX"},
    {.name = "milliseconds", .type = ARG_INTEGER, .token = "PX"},
    {.name = "unix-time-seconds", .type = ARG_UNIX_TIME, .token = "EXAT"},
    {.name = "unix-time-milliseconds", .type = ARG_UNIX_TIME, .token = "PXAT"},
    {.name = "keepttl", .type = ARG_PURE_TOKEN, .token = "KEEPTTL"},
};
static const struct cmd_arg pair[] = {
    {.name = "field", .type = ARG_STRING}, {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg fields[] = {
    {.name = "numfields", .type = ARG_INTEGER},
    {.name = "data", .type = ARG_BLOCK, .flags = ARG_MULTIPLE, .args = pair,
     .args_count = ARRAY_COUNT(pair)},
};
static const struct cmd_arg hsetex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = conditions,
     .args_count = ARRAY_COUNT(conditions)},
    {.name = "expiration", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = expirations,
     .args_count = ARRAY_COUNT(expirations)},
    {.name = "fields", .type = ARG_BLOCK, .token = "FIELDS", .args = fields,
     .args_count = ARRAY_COUNT(fields)},
};

static const struct cmd_def setex_cmds[] = {
    {.name = "hsetex", .run = hsetex, .arity = -6, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_HASH, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_UPDATE),
     .group = "hash", .since = "8.0.0",
     .complexity = "O(N) where N is the number of fields to set.",
     .summary = "Sets fields and how long they live.", CMD_SYNTAX(hsetex_syntax)},
};
const struct cmd_family cmd_family_hash_setex = {"hash", setex_cmds, ARRAY_COUNT(setex_cmds)};
/* clang-format on */
