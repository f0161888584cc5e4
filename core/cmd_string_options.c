/* cmd_string_options.c - the options of SET, GETEX and MSETEX, and what follows from them. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/cmd_string_priv.h"
#include "core/number.h"

static const struct {
    const char *word;
    enum string_condition condition;
} conditions[] = {
    {"nx", CONDITION_NX},     {"xx", CONDITION_XX},       {"ifeq", CONDITION_IFEQ},
    {"ifne", CONDITION_IFNE}, {"ifdeq", CONDITION_IFDEQ}, {"ifdne", CONDITION_IFDNE},
};

static const struct {
    const char *word;
    enum expire_form form;
} expire_forms[] = {
    {"ex", EXPIRE_FORM_EX},
    {"px", EXPIRE_FORM_PX},
    {"exat", EXPIRE_FORM_EXAT},
    {"pxat", EXPIRE_FORM_PXAT},
};

static enum string_condition condition_named(struct slice word) {
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        if (slice_equal_cstr_nocase(word, conditions[i].word)) return conditions[i].condition;
    }
    return CONDITION_NONE;
}

static enum expire_form expire_form_named(struct slice word) {
    for (size_t i = 0; i < ARRAY_COUNT(expire_forms); i++) {
        if (slice_equal_cstr_nocase(word, expire_forms[i].word)) return expire_forms[i].form;
    }
    return EXPIRE_FORM_NONE;
}

/* Reads the option at `i` and moves `i` to its last argument. The same option may stand twice, as
 * in Redis: the last counts; IFEQ and its kind, which came later, stand once. */
static bool option_parse(struct cmd_ctx *ctx, size_t *i, enum string_options_of of,
                         struct string_options *options) {
    struct slice word = ctx->args[*i];
    bool has_next = *i + 1 < ctx->args_count;
    enum expire_form form = expire_form_named(word);
    enum string_condition condition;

    if (form != EXPIRE_FORM_NONE) {
        if (!has_next || options->keep_ttl || options->persist) return false;
        if (options->expire != EXPIRE_FORM_NONE && options->expire != form) return false;
        options->expire = form;
        options->expire_arg = ++*i;
        return true;
    }
    if (of == OPTIONS_OF_GETEX) {
        if (!slice_equal_cstr_nocase(word, "persist")) return false;
        options->persist = true;
        return options->expire == EXPIRE_FORM_NONE;
    }
    if (slice_equal_cstr_nocase(word, "keepttl")) {
        options->keep_ttl = true;
        return options->expire == EXPIRE_FORM_NONE;
    }
    if (of == OPTIONS_OF_SET && slice_equal_cstr_nocase(word, "get")) {
        options->get = true;
        return true;
    }
    condition = condition_named(word);
    if (condition == CONDITION_NX || condition == CONDITION_XX) {
        if (options->condition != CONDITION_NONE && options->condition != condition) return false;
        options->condition = condition;
        return true;
    }
    if (condition == CONDITION_NONE || of != OPTIONS_OF_SET || !has_next) return false;
    if (options->condition != CONDITION_NONE) return false;
    options->condition = condition;
    options->match = ctx->args[++*i];
    return true;
}

bool string_options_parse(struct cmd_ctx *ctx, size_t arg_first, enum string_options_of of,
                          struct string_options *options) {
    *options = (struct string_options){0};
    for (size_t i = arg_first; i < ctx->args_count; i++) {
        if (option_parse(ctx, &i, of, options)) continue;
        reply_syntax_error(ctx->reply);
        return false;
    }
    if ((options->condition == CONDITION_IFDEQ || options->condition == CONDITION_IFDNE) &&
        !string_is_digest(options->match)) {
        reply_error(ctx->reply, "The digest must be exactly 16 hexadecimal characters");
        return false;
    }
    return true;
}

bool string_expire_at(struct cmd_ctx *ctx, size_t arg, enum expire_form form,
                      uint64_t *expire_at_unix_ms) {
    bool is_seconds = form == EXPIRE_FORM_EX || form == EXPIRE_FORM_EXAT;
    bool is_relative = form == EXPIRE_FORM_EX || form == EXPIRE_FORM_PX;
    int64_t time_ms;

    SL_ASSERT(form != EXPIRE_FORM_NONE);
    if (!cmd_arg_int64(ctx, arg, &time_ms, NULL)) return false;
    if (time_ms <= 0 || (is_seconds && __builtin_mul_overflow(time_ms, 1000, &time_ms)) ||
        (is_relative && __builtin_add_overflow(time_ms, (int64_t)ctx->now_unix_ms, &time_ms))) {
        cmd_reply_expire_error(ctx);
        return false;
    }
    *expire_at_unix_ms = (uint64_t)time_ms;
    return true;
}

bool string_is_digest(struct slice text) {
    if (text.len != STRING_DIGEST_BYTES) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return true;
}

void string_digest_print(struct slice value, char dst[static STRING_DIGEST_BYTES]) {
    uint64_t digest = XXH3_64bits(value.data, value.len);

    for (unsigned i = 0; i < STRING_DIGEST_BYTES; i++)
        dst[i] = "0123456789abcdef"[digest >> (60 - 4 * i) & 15];
}

bool string_condition_holds(const struct entry *entry, enum string_condition condition,
                            struct slice match) {
    char scratch[ENTRY_SCRATCH_BYTES], digest[STRING_DIGEST_BYTES];
    struct slice value = entry_string(entry, scratch);

    switch (condition) {
    case CONDITION_IFEQ: return slice_equal(value, match);
    case CONDITION_IFNE: return !slice_equal(value, match);
    case CONDITION_IFDEQ:
    case CONDITION_IFDNE:
        string_digest_print(value, digest);
        return slice_equal_nocase(slice_of(digest, sizeof digest), match) ==
               (condition == CONDITION_IFDEQ);
    case CONDITION_NONE:
    case CONDITION_NX:
    case CONDITION_XX: break;
    }
    SL_ASSERT(false);
    return false;
}

/* ---- Storing ---- */

/* A value that replaces another keeps its key's LFU counter; cmd_find_write() has just counted
 * this use. */
static uint32_t access_for(const struct cmd_ctx *ctx, const struct entry *entry_old) {
    if (SL_UNLIKELY(ctx->settings->lfu_policy) && entry_old != NULL) return entry_access(entry_old);
    return cmd_access_now(ctx);
}

bool string_put(struct cmd_ctx *ctx, const struct key *key, struct entry *entry_old,
                struct slice value, enum string_form form, uint64_t expire_at_unix_ms) {
    if (SL_UNLIKELY(keyspace_put_string(ctx->keyspace, ctx->db, key, entry_old, value, form,
                                        expire_at_unix_ms, access_for(ctx, entry_old)) == NULL))
        return false;
    if (entry_old == NULL) cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    return true;
}

bool string_put_integer(struct cmd_ctx *ctx, const struct key *key, struct entry *entry_old,
                        int64_t value, uint64_t expire_at_unix_ms) {
    if (SL_UNLIKELY(keyspace_put_integer(ctx->keyspace, ctx->db, key, entry_old, value,
                                         expire_at_unix_ms, access_for(ctx, entry_old)) == NULL))
        return false;
    if (entry_old == NULL) cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    return true;
}

void string_effect_set(struct cmd_ctx *ctx, struct slice key, struct slice value,
                       uint64_t expire_at_unix_ms, bool keep_ttl) {
    struct slice args[5] = {SLICE_LITERAL("SET"), key, value};
    char number[NUMBER_INT64_BYTES_MAX];
    size_t count = 3;

    if (SL_LIKELY(ctx->effects == NULL)) {
        cmd_effect_none(ctx);
        return;
    }
    if (keep_ttl) {
        args[count++] = SLICE_LITERAL("KEEPTTL");
    } else if (expire_at_unix_ms != EXPIRE_NONE) {
        args[count++] = SLICE_LITERAL("PXAT");
        args[count++] = slice_of(number, number_print_uint64(number, expire_at_unix_ms));
    }
    cmd_effect(ctx, args, count);
}
