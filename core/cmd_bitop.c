/* cmd_bitop.c - BITOP: bitmaps combined into another. */
#include "core/bitmap.h"
#include "core/cmd_families.h"
#include "core/mem.h"

enum { FIRST_SOURCE_ARG = 3, SOURCES_ON_STACK = 16 };

static const struct {
    const char *word, *name;
    enum bitmap_op op;
    size_t sources_min;
} ops[] = {
    {"and", "AND", BITMAP_AND, 1},       {"or", "OR", BITMAP_OR, 1},
    {"xor", "XOR", BITMAP_XOR, 1},       {"not", "NOT", BITMAP_NOT, 1},
    {"diff", "DIFF", BITMAP_DIFF, 2},    {"diff1", "DIFF1", BITMAP_DIFF1, 2},
    {"andor", "ANDOR", BITMAP_ANDOR, 2}, {"one", "ONE", BITMAP_ONE, 1},
};

/* False: the error is written. */
static bool op_parse(struct cmd_ctx *ctx, enum bitmap_op *op) {
    size_t sources_count = ctx->args_count - FIRST_SOURCE_ARG;

    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        if (!cmd_arg_is(ctx, 1, ops[i].word)) continue;
        *op = ops[i].op;
        if (*op == BITMAP_NOT && sources_count != 1) {
            reply_error(ctx->reply, "BITOP NOT must be called with a single source key.");
            return false;
        }
        if (sources_count < ops[i].sources_min) {
            reply_error_format(ctx->reply, "BITOP %s must be called with at least two source keys.",
                               ops[i].name);
            return false;
        }
        return true;
    }
    reply_syntax_error(ctx->reply);
    return false;
}

/* Where the sources lie, and how long the longest is; an absent key is an empty string. Integers
 * have no bytes of their own: they are printed into scratches. False: the error is written. */
static bool sources_load(struct cmd_ctx *ctx, struct slice *sources,
                         char (*scratches)[ENTRY_SCRATCH_BYTES], size_t *len_max) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count;

    *len_max = 0;
    for (size_t at = FIRST_SOURCE_ARG; at < ctx->args_count; at += count) {
        count = cmd_keys_load(ctx, at, ctx->args_count, 1, keys);
        for (size_t i = 0; i < count; i++) {
            size_t n = at + i - FIRST_SOURCE_ARG;
            struct entry *entry;

            if (!cmd_find_read_as(ctx, &keys[i], VALUE_STRING, &entry)) return false;
            sources[n] = entry != NULL ? entry_string(entry, scratches[n]) : SLICE_LITERAL("");
            if (sources[n].len > *len_max) *len_max = sources[n].len;
        }
    }
    return true;
}

/* The result in the target's place; an empty one deletes it. False: no memory. */
static bool store(struct cmd_ctx *ctx, enum bitmap_op op, const struct slice *sources, size_t len) {
    struct key key = cmd_key(ctx, 2);
    struct blob *blob = NULL;

    if (len > 0) {
        blob = blob_try_new(len, len);
        if (blob == NULL) return false;
        bitmap_combine(op, blob->data, len, sources, ctx->args_count - FIRST_SOURCE_ARG);
    }
    /* Only now: the target may be one of the sources. */
    struct entry *entry_old = cmd_find_write(ctx, &key);
    if (len == 0) {
        if (entry_old == NULL) return true;
        cmd_delete(ctx, ctx->db, &key, entry_old);
        cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key.name);
        return true;
    }
    if (keyspace_put_blob(ctx->keyspace, ctx->db, &key, entry_old, blob, EXPIRE_NONE,
                          cmd_access_now(ctx)) == NULL) {
        blob_release(blob);
        return false;
    }
    if (entry_old == NULL) cmd_event(ctx, EVENT_NEW, "new", ctx->db, key.name);
    cmd_changed(ctx, EVENT_STRING, "set", ctx->db, key.name);
    return true;
}

static void bitop(struct cmd_ctx *ctx) {
    size_t count = ctx->args_count - FIRST_SOURCE_ARG, len;
    struct slice sources_few[SOURCES_ON_STACK], *sources = sources_few;
    char scratches_few[SOURCES_ON_STACK][ENTRY_SCRATCH_BYTES];
    char(*scratches)[ENTRY_SCRATCH_BYTES] = scratches_few;
    void *room = NULL;
    enum bitmap_op op;

    if (!op_parse(ctx, &op)) return;
    if (count > SOURCES_ON_STACK) {
        room = mem_try(count * (sizeof *sources + sizeof *scratches));
        if (room == NULL) {
            reply_no_memory(ctx->reply);
            return;
        }
        sources = room;
        scratches = (void *)(sources + count);
    }
    if (sources_load(ctx, sources, scratches, &len)) {
        if (store(ctx, op, sources, len))
            reply_int(ctx->reply, (int64_t)len);
        else
            reply_no_memory(ctx->reply);
    }
    mem_free(room);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg operation_args[] = {
    {.name = "and", .type = ARG_PURE_TOKEN, .token = "AND"},
    {.name = "or", .type = ARG_PURE_TOKEN, .token = "OR"},
    {.name = "xor", .type = ARG_PURE_TOKEN, .token = "XOR"},
    {.name = "not", .type = ARG_PURE_TOKEN, .token = "NOT"},
    {.name = "diff", .type = ARG_PURE_TOKEN, .token = "DIFF", .since = "8.2.0"},
    {.name = "diff1", .type = ARG_PURE_TOKEN, .token = "DIFF1", .since = "8.2.0"},
    {.name = "andor", .type = ARG_PURE_TOKEN, .token = "ANDOR", .since = "8.2.0"},
    {.name = "one", .type = ARG_PURE_TOKEN, .token = "ONE", .since = "8.2.0"},
};
static const struct cmd_arg bitop_syntax[] = {
    {.name = "operation", .type = ARG_ONEOF, .args = operation_args,
     .args_count = ARRAY_COUNT(operation_args)},
    {.name = "destkey", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 2, .flags = ARG_MULTIPLE},
};
static const char *const bitop_history[] = {
    "8.2.0", "Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.", NULL};

static const struct cmd_def bitop_cmds[] = {
    {.name = "bitop", .run = bitop, .arity = -4,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_SLOW_EXECUTION, .categories = CATEGORY_BITMAP,
     .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 2, .last = 0, .step = 1},
              {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 3, .last = -1, .step = 1}},
     .keys_count = 2, .group = "bitmap", .since = "2.6.0", .complexity = "O(N)",
     .history = bitop_history,
     .summary = "Combines strings bit by bit and keeps the result under another key.",
     CMD_SYNTAX(bitop_syntax)},
};
const struct cmd_family cmd_family_bitop = {"bitmap", bitop_cmds, ARRAY_COUNT(bitop_cmds)};
/* clang-format on */
