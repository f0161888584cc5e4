/* cmd_hash_edit.c - what all commands that change a hash do before and after, and what those about
 * deadlines of fields read. */
#include "core/cmd_hash_priv.h"
#include "core/hash_expire.h"
#include "core/mem.h"
#include "core/number.h"

/* Redis 8's limit of a field's deadline: 2^46 - 1. */
#define FIELD_DEADLINE_MS_MAX ((INT64_C(1) << 46) - 1)

bool hash_edit_begin(struct cmd_ctx *ctx, struct hash_edit *edit) {
    edit->key = cmd_key(ctx, 1);
    edit->origin = keyspace_dict_origin(ctx->keyspace);
    edit->limits = hash_limits_of(ctx);
    edit->deadline_unix_ms = EXPIRE_NONE;
    if (!cmd_find_write_as(ctx, &edit->key, VALUE_HASH, &edit->entry)) return false;
    if (edit->entry == NULL) return true;
    edit->hash = hash_of(edit->entry);
    edit->deadline_unix_ms = hash_deadline_unix_ms(edit->hash);
    return true;
}

void hash_edit_make(struct hash_edit *edit) {
    if (edit->entry == NULL) edit->hash = hash_new();
}

enum hash_set_result hash_edit_set(struct cmd_ctx *ctx, struct hash_edit *edit, struct slice name,
                                   struct slice value, uint64_t expire_at_unix_ms) {
    return hash_set(&edit->hash, edit->origin, &edit->limits, ctx->now_unix_ms, name, value,
                    expire_at_unix_ms);
}

static void put_back(struct cmd_ctx *ctx, struct hash_edit *edit) {
    /* Always: a dict may lie where the listpack lay before it moved. */
    entry_set_object(edit->entry, edit->hash.encoding, edit->hash.object);
    if (hash_deadline_unix_ms(edit->hash) != edit->deadline_unix_ms)
        keyspace_object_deadline_changed(ctx->keyspace, ctx->db, &edit->key, edit->entry);
}

bool hash_edit_end(struct cmd_ctx *ctx, struct hash_edit *edit) {
    if (edit->entry != NULL) {
        put_back(ctx, edit);
        return true;
    }
    edit->entry = cmd_add_object(ctx, &edit->key, VALUE_HASH, edit->hash.encoding,
                                 edit->hash.object);
    if (edit->entry == NULL) hash_free(edit->hash);
    return edit->entry != NULL;
}

bool hash_edit_end_maybe_empty(struct cmd_ctx *ctx, struct hash_edit *edit) {
    SL_ASSERT(edit->entry != NULL);
    put_back(ctx, edit);
    if (hash_count(edit->hash) > 0) return false;
    cmd_delete_empty(ctx, &edit->key, edit->entry);
    return true;
}

/* ---- Effects ---- */

void hash_say_expired(struct cmd_ctx *ctx, struct slice key, struct slice name) {
    if (ctx->effects != NULL) {
        struct slice args[3] = {SLICE_LITERAL("HDEL"), key, name};
        ctx->effects->emit(ctx->effects->owner, ctx->db, args, ARRAY_COUNT(args));
    }
    hash_count_expired(ctx, 1);
    cmd_event(ctx, EVENT_HASH, "hexpired", ctx->db, key);
}

void hash_changed_init(const struct cmd_ctx *ctx, struct hash_changed *changed, size_t count_max) {
    *changed = (struct hash_changed){0};
    if (ctx->effects != NULL) changed->fields = mem_must(count_max * sizeof *changed->fields);
}

void hash_changed_add(struct hash_changed *changed, struct slice name) {
    if (changed->fields != NULL) changed->fields[changed->count] = name;
    changed->count++;
}

void hash_changed_emit(struct cmd_ctx *ctx, struct hash_changed *changed, const struct slice *head,
                       size_t head_count) {
    struct slice hdel[2] = {SLICE_LITERAL("HDEL"), ctx->args[1]};
    bool is_hdel = head == NULL;
    char number[NUMBER_INT64_BYTES_MAX];

    if (changed->count == 0 || changed->fields == NULL) {
        if (changed->count > 0) cmd_effect_none(ctx); /* nobody listens */
        mem_free(changed->fields);
        return;
    }
    if (is_hdel) {
        head = hdel;
        head_count = ARRAY_COUNT(hdel);
    }
    struct slice *args = mem_must((head_count + 2 + changed->count) * sizeof *args);
    size_t count = head_count;
    memcpy(args, head, head_count * sizeof *args);
    if (!is_hdel) {
        args[count++] = SLICE_LITERAL("FIELDS");
        args[count++] = slice_of(number, number_print_uint64(number, changed->count));
    }
    memcpy(args + count, changed->fields, changed->count * sizeof *args);
    cmd_effect(ctx, args, count + changed->count);
    mem_free(args);
    mem_free(changed->fields);
}

/* ---- Arguments ---- */

bool hash_fields_parse(struct cmd_ctx *ctx, size_t at, const char *count_text,
                       const struct slice **fields, size_t *fields_count) {
    int64_t count;

    if (!cmd_arg_is(ctx, at, "fields")) {
        reply_error(ctx->reply,
                    "Mandatory argument FIELDS is missing or not at the right position");
        return false;
    }
    if (at + 1 >= ctx->args_count) {
        reply_error(ctx->reply, "The `numfields` parameter must match the number of arguments");
        return false;
    }
    if (!cmd_arg_int64_range(ctx, at + 1, 1, INT64_MAX, &count, count_text)) return false;
    if ((uint64_t)count != ctx->args_count - at - 2) {
        reply_error(ctx->reply, "The `numfields` parameter must match the number of arguments");
        return false;
    }
    *fields = ctx->args + at + 2;
    *fields_count = (size_t)count;
    return true;
}

bool hash_arg_deadline(struct cmd_ctx *ctx, size_t arg, bool is_seconds, bool is_absolute,
                       uint64_t *expire_at_unix_ms) {
    int64_t base_ms = is_absolute ? 0 : (int64_t)ctx->now_unix_ms;
    int64_t time_ms;

    if (!cmd_arg_int64(ctx, arg, &time_ms, NULL)) return false;
    if (time_ms < 0) {
        reply_error(ctx->reply, "invalid expire time, must be >= 0");
        return false;
    }
    if ((is_seconds && __builtin_mul_overflow(time_ms, 1000, &time_ms)) ||
        time_ms > FIELD_DEADLINE_MS_MAX - base_ms) {
        cmd_reply_expire_error(ctx);
        return false;
    }
    *expire_at_unix_ms = (uint64_t)(time_ms + base_ms);
    return true;
}

bool hash_arg_is_time(const struct cmd_ctx *ctx, size_t arg, bool *is_seconds, bool *is_absolute) {
    static const struct {
        const char *word;
        bool is_seconds, is_absolute;
    } words[] = {
        {"ex", true, false}, {"px", false, false}, {"exat", true, true}, {"pxat", false, true}};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!cmd_arg_is(ctx, arg, words[i].word)) continue;
        *is_seconds = words[i].is_seconds;
        *is_absolute = words[i].is_absolute;
        return true;
    }
    return false;
}
