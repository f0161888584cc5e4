/* cmd_acl.c - ACL, as far as there is something to tell: one user, `default`, who may do
 * everything. */
#include <sys/random.h>

#include "core/mem.h"
#include "shards/families.h"
#include "shards/sha.h"
#include "shards/shard.h"
#include "shards/text.h"

enum {
    GENPASS_BITS_DEFAULT = 256,
    GENPASS_BITS_MAX = 4096,
    PASSWORD_HEX_BYTES = 2 * SHA256_BYTES + 1,
    QUOTED_BYTES_MAX = 128
};

/* The hash of requirepass. False: there is no password. */
static bool password_hash(const struct cmd_ctx *ctx, char hex[static PASSWORD_HEX_BYTES]) {
    const struct config_text *password = &session_of(ctx)->shard->config->requirepass;
    uint8_t digest[SHA256_BYTES];

    if (password->len == 0) return false;
    sha256(slice_of(password->data, password->len), digest);
    sha_hex(digest, SHA256_BYTES, hex);
    return true;
}

/* ACL WHOAMI */
static void acl_whoami(struct cmd_ctx *ctx) {
    reply_bulk_cstr(ctx->reply, "default");
}

/* ACL USERS */
static void acl_users(struct cmd_ctx *ctx) {
    reply_array(ctx->reply, 1);
    reply_bulk_cstr(ctx->reply, "default");
}

/* ACL LIST */
static void acl_list(struct cmd_ctx *ctx) {
    struct text text = {0};
    char hex[PASSWORD_HEX_BYTES];

    if (password_hash(ctx, hex))
        text_print(&text, "user default on #%s ~* &* +@all", hex);
    else
        text_print(&text, "user default on nopass ~* &* +@all");
    reply_array(ctx->reply, 1);
    reply_bulk(ctx->reply, text_slice(&text));
    text_free(&text);
}

/* ACL GETUSER name */
static void acl_getuser(struct cmd_ctx *ctx) {
    char hex[PASSWORD_HEX_BYTES];
    bool has_password = password_hash(ctx, hex);

    if (!slice_equal(ctx->args[2], SLICE_LITERAL("default"))) {
        reply_null(ctx->reply);
        return;
    }
    reply_map(ctx->reply, 6);
    reply_bulk_cstr(ctx->reply, "flags");
    reply_set(ctx->reply, has_password ? 1 : 2);
    reply_bulk_cstr(ctx->reply, "on");
    if (!has_password) reply_bulk_cstr(ctx->reply, "nopass");
    reply_bulk_cstr(ctx->reply, "passwords");
    reply_array(ctx->reply, has_password ? 1 : 0);
    if (has_password) reply_bulk_cstr(ctx->reply, hex);
    reply_bulk_cstr(ctx->reply, "commands");
    reply_bulk_cstr(ctx->reply, "+@all");
    reply_bulk_cstr(ctx->reply, "keys");
    reply_bulk_cstr(ctx->reply, "~*");
    reply_bulk_cstr(ctx->reply, "channels");
    reply_bulk_cstr(ctx->reply, "&*");
    reply_bulk_cstr(ctx->reply, "selectors");
    reply_array(ctx->reply, 0);
}

static void cat_commands(struct cmd_ctx *ctx, unsigned category) {
    const struct cmd_table *table = session_of(ctx)->shard->node->cmds;
    struct reply_deferred deferred = reply_defer(ctx->reply);
    size_t count = 0;

    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd *cmd = cmd_table_at(table, i);

        if (!(cmd->acl_categories >> category & 1)) continue;
        reply_bulk_cstr(ctx->reply, cmd->fullname);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, count);
}

/* ACL CAT [category] */
static void acl_cat(struct cmd_ctx *ctx) {
    unsigned count = 0;

    if (ctx->args_count > 3) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    while (cmd_category_name(count) != NULL) count++;
    if (ctx->args_count == 2) {
        reply_array(ctx->reply, count);
        for (unsigned i = 0; i < count; i++) reply_bulk_cstr(ctx->reply, cmd_category_name(i));
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!cmd_arg_is(ctx, 2, cmd_category_name(i))) continue;
        cat_commands(ctx, i);
        return;
    }
    reply_error_format(
        ctx->reply, "Unknown category '%.*s'",
        (int)(ctx->args[2].len < QUOTED_BYTES_MAX ? ctx->args[2].len : QUOTED_BYTES_MAX),
        ctx->args[2].data);
}

/* ACL DRYRUN user command [arg ...]: who may do everything may do this. */
static void acl_dryrun(struct cmd_ctx *ctx) {
    const struct slice *args = ctx->args + 3;
    size_t args_count = ctx->args_count - 3;
    const struct cmd *parent;

    if (!slice_equal(ctx->args[2], SLICE_LITERAL("default"))) {
        reply_error_format(ctx->reply, "User '%.*s' not found", (int)ctx->args[2].len,
                           ctx->args[2].data);
        return;
    }
    const struct cmd *cmd = cmd_table_resolve(session_of(ctx)->shard->node->cmds, args, args_count,
                                              &parent);
    if (cmd == NULL) {
        reply_error_format(ctx->reply, "Command '%.*s' not found", (int)args[0].len, args[0].data);
    } else if (!cmd_arity_is_ok(cmd, args_count)) {
        reply_error_format(ctx->reply, "wrong number of arguments for '%s' command", cmd->fullname);
    } else {
        reply_ok(ctx->reply);
    }
}

/* ACL LOG [count|RESET]: the default user may do everything, and wrong passwords are not kept yet. */
static void acl_log(struct cmd_ctx *ctx) {
    int64_t count;

    if (ctx->args_count > 3) {
        cmd_reply_subcommand_error(ctx);
    } else if (ctx->args_count == 3 && cmd_arg_is(ctx, 2, "reset")) {
        reply_ok(ctx->reply);
    } else if (ctx->args_count == 2 || cmd_arg_int64(ctx, 2, &count, NULL)) {
        reply_array(ctx->reply, 0);
    }
}

/* ACL GENPASS [bits] */
static void acl_genpass(struct cmd_ctx *ctx) {
    int64_t bits = GENPASS_BITS_DEFAULT;
    uint8_t bytes[GENPASS_BITS_MAX / 8];
    char hex[2 * sizeof bytes + 1];

    if (ctx->args_count > 3) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (ctx->args_count == 3) {
        if (!cmd_arg_int64(ctx, 2, &bits, NULL)) return;
        if (bits <= 0 || bits > GENPASS_BITS_MAX) {
            reply_error(ctx->reply, "ACL GENPASS argument must be the number of bits for the "
                                    "output password, a positive number up to 4096");
            return;
        }
    }
    size_t digits_count = (size_t)(bits + 3) / 4, bytes_count = (digits_count + 1) / 2;
    /* tidy: allow getrandom, a password must not come from the shard's own generator */
    if (getrandom(bytes, bytes_count, 0) != (ssize_t)bytes_count) {
        reply_error(ctx->reply, "no random numbers to be had");
        return;
    }
    sha_hex(bytes, bytes_count, hex);
    reply_bulk(ctx->reply, slice_of(hex, digits_count));
}

/* ACL SETUSER name [rule ...] */
static void acl_setuser(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "users beside the default one are not built yet");
}

/* ACL DELUSER name [name ...]: there is nobody who could go. */
static void acl_deluser(struct cmd_ctx *ctx) {
    for (size_t i = 2; i < ctx->args_count; i++) {
        if (!slice_equal(ctx->args[i], SLICE_LITERAL("default"))) continue;
        reply_error(ctx->reply, "The 'default' user cannot be removed");
        return;
    }
    reply_int(ctx->reply, 0);
}

/* ACL LOAD, SAVE: `aclfile` is refused at the start, so there is none. */
static void acl_no_file(struct cmd_ctx *ctx) {
    reply_error(ctx->reply,
                "This Redis instance is not configured to use an ACL file. You may want to specify "
                "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you "
                "have a Redis configuration file set) in order to store users in the Redis "
                "configuration.");
}

/* ACL HELP */
static void acl_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {"CAT [<category>]",
                                        "    List all categories, or the commands of one.",
                                        "DELUSER <username> [<username> ...]",
                                        "    Remove users.",
                                        "DRYRUN <username> <command> [<arg> ...]",
                                        "    Tell whether the user may run the command.",
                                        "GENPASS [<bits>]",
                                        "    Make a password.",
                                        "GETUSER <username>",
                                        "    Give the rules of a user.",
                                        "LIST",
                                        "    List the rules of all users.",
                                        "LOAD",
                                        "    Read the ACL file again.",
                                        "LOG [<count> | RESET]",
                                        "    List what was denied.",
                                        "SAVE",
                                        "    Write the ACL file.",
                                        "SETUSER <username> <rule> [<rule> ...]",
                                        "    Make a user or change its rules (not built yet).",
                                        "USERS",
                                        "    List the names of all users.",
                                        "WHOAMI",
                                        "    Give the user of this connection.",
                                        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const struct cmd_arg acl_cat_syntax[] = {
    {.name = "categoryname", .type = ARG_STRING, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg acl_getuser_syntax[] = {
    {.name = "username", .type = ARG_STRING},
};
static const struct cmd_arg acl_genpass_syntax[] = {
    {.name = "bits", .type = ARG_INTEGER, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg acl_dryrun_syntax[] = {
    {.name = "username", .type = ARG_STRING},
    {.name = "command", .type = ARG_STRING},
    {.name = "arg", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg acl_log_syntax_operation[] = {
    {.name = "count", .type = ARG_INTEGER},
    {.name = "reset", .type = ARG_PURE_TOKEN, .token = "RESET"},
};
static const struct cmd_arg acl_log_syntax[] = {
    {.name = "operation",
     .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL,
     .args = acl_log_syntax_operation,
     .args_count = ARRAY_COUNT(acl_log_syntax_operation)},
};
static const struct cmd_arg acl_setuser_syntax[] = {
    {.name = "username", .type = ARG_STRING},
    {.name = "rule", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg acl_deluser_syntax[] = {
    {.name = "username", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};

static const struct cmd_def acl_cmds[] = {
    {.name = "acl",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "Depends on the sub-command",
     .summary = "Users and what they may do: groups its sub-commands."},
    {.name = "acl|whoami",
     .run = acl_whoami,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Gives the user's name of this connection."},
    {.name = "acl|users",
     .run = acl_users,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N users",
     .summary = "Lists the names of all users."},
    {.name = "acl|list",
     .run = acl_list,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N users",
     .summary = "Lists the rules of all users, as an ACL file has them."},
    {.name = "acl|cat",
     .run = acl_cat,
     .arity = -2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Lists the categories of commands, or the commands of one.",
     CMD_SYNTAX(acl_cat_syntax)},
    {.name = "acl|getuser",
     .run = acl_getuser,
     .arity = 3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N rules of the user",
     .summary = "Gives the rules of one user.",
     CMD_SYNTAX(acl_getuser_syntax)},
    {.name = "acl|genpass",
     .run = acl_genpass,
     .arity = -2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Makes a password that is hard to guess.",
     CMD_SYNTAX(acl_genpass_syntax)},
    {.name = "acl|dryrun",
     .run = acl_dryrun,
     .arity = -4,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a user may run a command, without running it.",
     CMD_SYNTAX(acl_dryrun_syntax)},
    {.name = "acl|log",
     .run = acl_log,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N entries shown",
     .summary = "Lists what was denied lately.",
     CMD_SYNTAX(acl_log_syntax)},
    {.name = "acl|setuser",
     .run = acl_setuser,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N rules given",
     .summary = "Makes a user or changes its rules.",
     CMD_SYNTAX(acl_setuser_syntax)},
    {.name = "acl|deluser",
     .run = acl_deluser,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1) amortized",
     .summary = "Removes users.",
     CMD_SYNTAX(acl_deluser_syntax)},
    {.name = "acl|load",
     .run = acl_no_file,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N users",
     .summary = "Reads the ACL file again."},
    {.name = "acl|save",
     .run = acl_no_file,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N), N users",
     .summary = "Writes the ACL file."},
    {.name = "acl|help",
     .run = acl_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_acl = {"acl", acl_cmds, ARRAY_COUNT(acl_cmds)};
