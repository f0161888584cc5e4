/* cmd_generic.c - keys whatever they hold: DEL, UNLINK, EXISTS, TOUCH, TYPE. */
#include "core/cmd_families.h"

/* Freeing something large is the handle's garbage, in slices: DEL and UNLINK are one. */
static void del(struct cmd_ctx *ctx) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count;
    int64_t deleted = 0;

    for (size_t at = 1; at < ctx->args_count; at += count) {
        count = cmd_keys_load(ctx, at, ctx->args_count, 1, keys);
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = cmd_find_write(ctx, &keys[i]);

            if (entry == NULL) continue;
            cmd_delete(ctx, ctx->db, &keys[i], entry);
            cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, keys[i].name);
            deleted++;
        }
    }
    reply_int(ctx->reply, deleted);
}

static void count_found(struct cmd_ctx *ctx,
                        struct entry *(*find)(struct cmd_ctx *ctx, const struct key *key)) {
    struct key keys[CMD_KEYS_BATCH];
    size_t count;
    int64_t found = 0;

    for (size_t at = 1; at < ctx->args_count; at += count) {
        count = cmd_keys_load(ctx, at, ctx->args_count, 1, keys);
        for (size_t i = 0; i < count; i++) found += find(ctx, &keys[i]) != NULL;
    }
    reply_int(ctx->reply, found);
}

static void exists(struct cmd_ctx *ctx) {
    count_found(ctx, cmd_find_untouched);
}

/* Touching is what TOUCH is for: CLIENT NO-TOUCH does not hold it back. */
static void touch(struct cmd_ctx *ctx) {
    bool no_touch = ctx->no_touch;

    ctx->no_touch = false;
    count_found(ctx, cmd_find_read);
    ctx->no_touch = no_touch;
}

static void type(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_untouched(ctx, &key);

    reply_status(ctx->reply, entry != NULL ? cmd_type_name(entry_type(entry)) : "none");
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg syntax_key[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg syntax_keys[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
};
static const char *const tips_sum[] = {"request_policy:multi_shard", "response_policy:agg_sum",
                                       NULL};
static const char *const exists_history[] = {"3.0.3", "Several keys at once.", NULL};

static const struct cmd_def generic_cmds[] = {
    {.name = "del", .run = del, .arity = -2, .flags = CMD_WRITE,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ALL(CMD_KEY_RM | CMD_KEY_DELETE, 1),
     .group = "generic", .since = "1.0.0", .complexity = "O(N) where N is the number of keys.",
     .summary = "Deletes keys and says how many there were.", .tips = tips_sum,
     CMD_SYNTAX(syntax_keys)},
    {.name = "unlink", .run = del, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ALL(CMD_KEY_RM | CMD_KEY_DELETE, 1),
     .group = "generic", .since = "4.0.0",
     .complexity = "O(1) for each key; what it held is freed later, in slices.",
     .summary = "Deletes keys and says how many there were. As DEL.", .tips = tips_sum,
     CMD_SYNTAX(syntax_keys)},
    {.name = "exists", .run = exists, .arity = -2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ALL(CMD_KEY_RO, 1),
     .group = "generic", .since = "1.0.0", .complexity = "O(N) where N is the number of keys.",
     .summary = "Counts the keys that exist; one named twice counts twice.", .tips = tips_sum,
     .history = exists_history, CMD_SYNTAX(syntax_keys)},
    {.name = "touch", .run = touch, .arity = -2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ALL(CMD_KEY_RO, 1),
     .group = "generic", .since = "3.2.1", .complexity = "O(N) where N is the number of keys.",
     .summary = "Marks keys as just used and says how many exist.", .tips = tips_sum,
     CMD_SYNTAX(syntax_keys)},
    {.name = "type", .run = type, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_KEYSPACE, .keys = CMD_KEYS_ONE(CMD_KEY_RO),
     .group = "generic", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Says what kind of value a key holds.", CMD_SYNTAX(syntax_key)},
};
const struct cmd_family cmd_family_generic = {"generic", generic_cmds, ARRAY_COUNT(generic_cmds)};
/* clang-format on */
