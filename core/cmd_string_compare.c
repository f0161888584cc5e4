/* cmd_string_compare.c - strings compared where they lie: DELIFEQ, DELEX, DIGEST. */
#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"

static void delete_and_reply(struct cmd_ctx *ctx, const struct key *key, struct entry *entry) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

    cmd_delete(ctx, ctx->db, key, entry);
    cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    reply_int(ctx->reply, 1);
}

static void delete_if(struct cmd_ctx *ctx, enum string_condition condition, struct slice match) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (entry == NULL) {
        reply_int(ctx->reply, 0);
    } else if (condition == CONDITION_NONE) {
        delete_and_reply(ctx, &key, entry);
    } else if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
    } else if (string_condition_holds(entry, condition, match)) {
        delete_and_reply(ctx, &key, entry);
    } else {
        reply_int(ctx->reply, 0);
    }
}

static void delifeq(struct cmd_ctx *ctx) {
    delete_if(ctx, CONDITION_IFEQ, ctx->args[2]);
}

static void delex(struct cmd_ctx *ctx) {
    struct string_options options = {0};

    if (ctx->args_count != 2 && ctx->args_count != 4) {
        cmd_reply_arity_error(ctx);
        return;
    }
    if (ctx->args_count == 4) {
        if (!string_options_parse(ctx, 2, OPTIONS_OF_SET, &options)) return;
        if (options.match.data == NULL) { /* two words that are options of SET alone */
            reply_syntax_error(ctx->reply);
            return;
        }
    }
    delete_if(ctx, options.condition, options.match);
}

static void digest(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);
    char text[STRING_DIGEST_BYTES], scratch[ENTRY_SCRATCH_BYTES];

    if (entry == NULL) {
        reply_null(ctx->reply);
        return;
    }
    if (entry_type(entry) != VALUE_STRING) {
        reply_wrong_type(ctx->reply);
        return;
    }
    string_digest_print(entry_string(entry, scratch), text);
    reply_bulk(ctx->reply, slice_of(text, sizeof text));
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg digest_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg delifeq_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "value", .type = ARG_STRING},
};
static const struct cmd_arg delex_conditions[] = {
    {.name = "ifeq-value", .type = ARG_STRING, .token = "IFEQ"},
    {.name = "ifne-value", .type = ARG_STRING, .token = "IFNE"},
    {.name = "ifdeq-digest", .type = ARG_STRING, .token = "IFDEQ"},
    {.name = "ifdne-digest", .type = ARG_STRING, .token = "IFDNE"},
};
static const struct cmd_arg delex_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "condition", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = delex_conditions,
     .args_count = ARRAY_COUNT(delex_conditions)},
};

static const struct cmd_def compare_cmds[] = {
    {.name = "delifeq", .run = delifeq, .arity = 3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RM | CMD_KEY_DELETE),
     .group = "string", .since = "9.0.0", .complexity = "O(1)",
     .summary = "Deletes a key if it holds this very string.", CMD_SYNTAX(delifeq_syntax)},
    {.name = "delex", .run = delex, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE),
     .group = "string", .since = "8.4.0",
     .complexity = "O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE where N is the string's "
                   "length.",
     .summary = "Deletes a key if its string, or that string's digest, compares as asked.",
     CMD_SYNTAX(delex_syntax)},
    {.name = "digest", .run = digest, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_STRING, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "string", .since = "8.4.0", .complexity = "O(N) where N is the string's length.",
     .summary = "Gives back the XXH3 digest of a string, in hexadecimal.",
     CMD_SYNTAX(digest_syntax)},
};
const struct cmd_family cmd_family_string_compare = {"string", compare_cmds,
                                                     ARRAY_COUNT(compare_cmds)};
/* clang-format on */
