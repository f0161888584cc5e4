/* cmd_hyperloglog.c - PFADD, PFCOUNT, PFMERGE over the bytes of core/hyperloglog.h. */
#include "core/cmd_hyperloglog_priv.h"

#include "core/cmd_families.h"

void hll_reply_broken(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "-INVALIDOBJ Corrupted HLL object detected");
}

bool hll_is_value(struct cmd_ctx *ctx, const struct entry *entry) {
    char scratch[ENTRY_SCRATCH_BYTES];

    if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return false;
    }
    if (hll_is_one(entry_string(entry, scratch))) return true;
    reply_error(ctx->reply, "-WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

/* ---- A value that is being changed ---- */

struct slice hll_edit_value(const struct hll_edit *edit) {
    char scratch[ENTRY_SCRATCH_BYTES]; /* not used: no value is an integer */
    struct slice value = entry_string(edit->entry, scratch);

    return slice_of(value.data, edit->len);
}

bool hll_edit_begin(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                    struct hll_edit *edit) {
    *edit = (struct hll_edit){.key = key, .entry = entry};
    if (entry == NULL) {
        char value[HLL_NEW_BYTES];

        hll_init(value);
        edit->entry = keyspace_put_string(ctx->keyspace, ctx->db, key, NULL,
                                          slice_of(value, sizeof value), STRING_RAW, EXPIRE_NONE,
                                          cmd_access_now(ctx));
        if (edit->entry == NULL) {
            reply_no_memory(ctx->reply);
            return false;
        }
        cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    }
    edit->len = entry_string_len(edit->entry);
    edit->data = keyspace_string_reserve(ctx->keyspace, ctx->db, key, &edit->entry, edit->len);
    if (edit->data != NULL) return true;
    reply_no_memory(ctx->reply);
    return false;
}

void hll_edit_end(struct hll_edit *edit) {
    keyspace_string_truncate(edit->entry, edit->len);
}

enum hll_edited hll_edit_to_dense(struct cmd_ctx *ctx, struct hll_edit *edit) {
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    struct slice value = hll_edit_value(edit);

    if (hll_is_dense(value.data)) return EDIT_UNCHANGED;
    if (!hll_merge(registers, value)) return EDIT_BROKEN;
    /* Of the exact size: it never grows again. */
    struct blob *blob = blob_try_new(HLL_DENSE_BYTES, HLL_DENSE_BYTES);
    if (blob == NULL) return EDIT_NO_MEMORY;
    memcpy(blob->data, value.data, HLL_HEADER_BYTES);
    hll_dense_write(blob->data, registers);
    struct entry *entry = keyspace_put_blob(ctx->keyspace, ctx->db, edit->key, edit->entry, blob,
                                            entry_expire_at_unix_ms(edit->entry),
                                            entry_access(edit->entry));
    if (entry == NULL) {
        blob_release(blob);
        return EDIT_NO_MEMORY;
    }
    edit->entry = entry;
    edit->data = blob->data;
    edit->len = HLL_DENSE_BYTES;
    return EDIT_CHANGED;
}

static enum hll_edited edit_set(struct cmd_ctx *ctx, struct hll_edit *edit, struct hll_hit hit) {
    if (!hll_is_dense(edit->data)) {
        char *data = keyspace_string_reserve(ctx->keyspace, ctx->db, edit->key, &edit->entry,
                                             edit->len + HLL_SPARSE_GROWTH_BYTES);
        if (data == NULL) return EDIT_NO_MEMORY;
        edit->data = data;
        switch (hll_sparse_set(data, &edit->len, ctx->settings->hll_sparse_max_bytes, hit)) {
        case HLL_UNCHANGED: return EDIT_UNCHANGED;
        case HLL_CHANGED: return EDIT_CHANGED;
        case HLL_BROKEN: return EDIT_BROKEN;
        case HLL_TOO_LARGE: break;
        }
        enum hll_edited edited = hll_edit_to_dense(ctx, edit);
        if (edited != EDIT_CHANGED) return edited;
    }
    return hll_dense_set(edit->data, hit) ? EDIT_CHANGED : EDIT_UNCHANGED;
}

/* What was set before it went wrong stays, and is announced: registers only ever grow. */
static void edit_failed(struct cmd_ctx *ctx, enum hll_edited why) {
    SL_ASSERT(why == EDIT_BROKEN || why == EDIT_NO_MEMORY);
    if (why == EDIT_BROKEN)
        hll_reply_broken(ctx);
    else
        reply_no_memory(ctx->reply);
}

/* ---- PFADD ---- */

static void pfadd(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);
    enum hll_edited edited = EDIT_UNCHANGED;
    size_t changes_count = entry == NULL;
    struct hll_edit edit;

    if (entry != NULL && !hll_is_value(ctx, entry)) return;
    if (!hll_edit_begin(ctx, &key, entry, &edit)) return;
    for (size_t i = 2; i < ctx->args_count; i++) {
        edited = edit_set(ctx, &edit, hll_hit_of(ctx->args[i]));
        if (edited == EDIT_BROKEN || edited == EDIT_NO_MEMORY) break;
        changes_count += edited == EDIT_CHANGED;
    }
    hll_edit_end(&edit);
    if (changes_count > 0) {
        hll_cache_drop(edit.data);
        for (size_t i = 1; i < changes_count; i++) cmd_changed_silently(ctx); /* each counts */
        cmd_changed(ctx, EVENT_STRING, "pfadd", ctx->db, key.name);
    }
    if (edited == EDIT_BROKEN || edited == EDIT_NO_MEMORY)
        edit_failed(ctx, edited);
    else
        reply_int(ctx->reply, changes_count > 0);
}

/* ---- PFCOUNT ---- */

/* Raises the registers to those of the keys from arg_first on. False: the error is written. */
static bool merge_keys(struct cmd_ctx *ctx, size_t arg_first,
                       uint8_t registers[static HLL_REGISTERS_COUNT], bool *is_any_dense) {
    char scratch[ENTRY_SCRATCH_BYTES];

    for (size_t i = arg_first; i < ctx->args_count; i++) {
        struct key key = cmd_key(ctx, i);
        struct entry *entry = cmd_find_read(ctx, &key);

        if (entry == NULL) continue;
        if (!hll_is_value(ctx, entry)) return false;
        struct slice value = entry_string(entry, scratch);
        if (hll_is_dense(value.data)) *is_any_dense = true;
        if (hll_merge(registers, value)) continue;
        hll_reply_broken(ctx);
        return false;
    }
    return true;
}

static void pfcount_many(struct cmd_ctx *ctx) {
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    bool is_any_dense;

    if (merge_keys(ctx, 1, registers, &is_any_dense))
        reply_int(ctx->reply, (int64_t)hll_count_registers(registers));
}

/* Of one key the estimate is kept in its value: a change, though what it says stays the same.
 * Replicas get it, so that their bytes stay equal; nobody who watches the key is bothered. */
static void pfcount(struct cmd_ctx *ctx) {
    char scratch[ENTRY_SCRATCH_BYTES];
    uint64_t count;

    if (ctx->args_count > 2) {
        pfcount_many(ctx);
        return;
    }
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (!hll_is_value(ctx, entry)) return;
    struct slice value = entry_string(entry, scratch);
    if (!hll_cached(value.data, &count)) {
        if (!hll_count(value, &count)) {
            hll_reply_broken(ctx);
            return;
        }
        char *data = keyspace_string_reserve(ctx->keyspace, ctx->db, &key, &entry, value.len);
        if (data != NULL) { /* without memory it is not kept, that is all */
            hll_cache(data, count);
            cmd_changed_silently(ctx);
        }
    }
    reply_int(ctx->reply, (int64_t)count);
}

/* ---- PFMERGE ---- */

static void pfmerge(struct cmd_ctx *ctx) {
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    enum hll_edited edited = EDIT_UNCHANGED;
    struct key key = cmd_key(ctx, 1);
    bool is_any_dense = false;
    struct hll_edit edit;

    if (!merge_keys(ctx, 1, registers, &is_any_dense)) return;
    if (!hll_edit_begin(ctx, &key, cmd_find_write(ctx, &key), &edit)) return;
    if (is_any_dense) edited = hll_edit_to_dense(ctx, &edit);
    for (unsigned i = 0; i < HLL_REGISTERS_COUNT && !hll_is_dense(edit.data); i++) {
        if (registers[i] == 0) continue;
        edited = edit_set(ctx, &edit, (struct hll_hit){.reg = i, .value = registers[i]});
        if (edited == EDIT_BROKEN || edited == EDIT_NO_MEMORY) break;
    }
    /* The target is one of the sources: what they have together is what it has. */
    if (hll_is_dense(edit.data)) hll_dense_write(edit.data, registers);
    hll_edit_end(&edit);
    hll_cache_drop(edit.data);
    cmd_changed(ctx, EVENT_STRING, "pfadd", ctx->db, key.name);
    if (edited == EDIT_BROKEN || edited == EDIT_NO_MEMORY)
        edit_failed(ctx, edited);
    else
        reply_ok(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg pfadd_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "element", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg pfcount_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg pfmerge_syntax[] = {
    {.name = "destkey", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "sourcekey", .type = ARG_KEY, .key_spec_plus_one = 2,
     .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};

static const struct cmd_def hyperloglog_cmds[] = {
    {.name = "pfadd", .run = pfadd, .arity = -2, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_HYPERLOGLOG, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "hyperloglog", .since = "2.8.9", .complexity = "O(1) to add every element.",
     .summary = "Counts elements in, making the key where there is none.",
     CMD_SYNTAX(pfadd_syntax)},
    {.name = "pfcount", .run = pfcount, .arity = -2,
     .flags = CMD_READONLY | CMD_MAY_REPLICATE | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS, .begin_index = 1, .last = -1, .step = 1,
               .notes = "RW because it may change the internal representation of the key, and propagate to replicas"}},
     .keys_count = 1, .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
     .summary = "Says about how many different elements were counted in, under one key or several together.",
     CMD_SYNTAX(pfcount_syntax)},
    {.name = "pfmerge", .run = pfmerge, .arity = -2,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_SLOW_EXECUTION, .categories = CATEGORY_HYPERLOGLOG,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_INSERT, .begin_index = 1,
               .last = 0, .step = 1},
              {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = -1, .step = 1}},
     .keys_count = 2, .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(N) to merge N HyperLogLogs, but with high constant times.",
     .summary = "Counts into one key what was counted under others.",
     CMD_SYNTAX(pfmerge_syntax)},
};
const struct cmd_family cmd_family_hyperloglog = {"hyperloglog", hyperloglog_cmds, ARRAY_COUNT(hyperloglog_cmds)};
/* clang-format on */
