/* cmd_command.c - COMMAND: what the table of commands says about itself. */
#include "core/glob.h"
#include "core/mem.h"
#include "shards/cmd_command_docs.h"
#include "shards/families.h"
#include "shards/shard.h"

enum { POSITIONS_INLINE = 64 };

static const struct cmd_table *table_of(const struct cmd_ctx *ctx) {
    return session_of(ctx)->shard->node->cmds;
}

/* Commands that are not sub-commands. */
static size_t top_count(const struct cmd_table *table) {
    size_t count = 0;

    for (size_t i = 0; i < cmd_table_count(table); i++)
        count += cmd_table_at(table, i)->parent == NULL;
    return count;
}

/* "get" or "config|get"; NULL: there is none. */
static const struct cmd *find(const struct cmd_table *table, struct slice name) {
    const char *bar = name.len > 0 ? memchr(name.data, '|', name.len) : NULL;

    if (bar == NULL) return cmd_table_find(table, name);
    size_t len = (size_t)(bar - name.data);
    const struct cmd *container = cmd_table_find(table, slice_of(name.data, len));
    if (container == NULL) return NULL;
    return cmd_sub_find(container, slice_of(bar + 1, name.len - len - 1));
}

/* COMMAND */
static void command_run(struct cmd_ctx *ctx) {
    const struct cmd_table *table = table_of(ctx);

    reply_array(ctx->reply, top_count(table));
    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd *cmd = cmd_table_at(table, i);
        if (cmd->parent == NULL) command_reply_info(ctx->reply, cmd);
    }
}

/* COMMAND COUNT */
static void command_count(struct cmd_ctx *ctx) {
    reply_int(ctx->reply, (int64_t)top_count(table_of(ctx)));
}

/* COMMAND INFO [name ...] */
static void command_info(struct cmd_ctx *ctx) {
    if (ctx->args_count == 2) {
        command_run(ctx);
        return;
    }
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++) {
        const struct cmd *cmd = find(table_of(ctx), ctx->args[i]);

        if (cmd != NULL)
            command_reply_info(ctx->reply, cmd);
        else
            reply_null(ctx->reply);
    }
}

/* COMMAND DOCS [name ...]: what does not exist is left out. */
static void command_docs(struct cmd_ctx *ctx) {
    const struct cmd_table *table = table_of(ctx);
    struct reply_deferred deferred;
    size_t count = 0;

    if (ctx->args_count == 2) {
        reply_map(ctx->reply, top_count(table));
        for (size_t i = 0; i < cmd_table_count(table); i++) {
            const struct cmd *cmd = cmd_table_at(table, i);
            if (cmd->parent == NULL) command_reply_docs(ctx->reply, cmd);
        }
        return;
    }
    deferred = reply_defer(ctx->reply);
    for (size_t i = 2; i < ctx->args_count; i++) {
        const struct cmd *cmd = find(table, ctx->args[i]);

        if (cmd == NULL) continue;
        command_reply_docs(ctx->reply, cmd);
        count++;
    }
    reply_defer_map(ctx->reply, deferred, count);
}

/* ---- COMMAND LIST ---- */

enum filter { FILTER_NONE, FILTER_CATEGORY, FILTER_PATTERN, FILTER_MODULE };

static bool passes(const struct cmd *cmd, enum filter filter, struct slice value,
                   uint32_t categories) {
    switch (filter) {
    case FILTER_NONE: return true;
    case FILTER_CATEGORY: return (cmd->acl_categories & categories) != 0;
    case FILTER_PATTERN: return glob_match(value, slice_from_cstr(cmd->fullname), true);
    case FILTER_MODULE: return false; /* there are no modules */
    }
    return false;
}

/* COMMAND LIST [FILTERBY ACLCAT|PATTERN|MODULE value] */
static void command_list(struct cmd_ctx *ctx) {
    const struct cmd_table *table = table_of(ctx);
    struct slice value = SLICE_LITERAL("");
    enum filter filter = FILTER_NONE;
    uint32_t categories = 0;
    size_t count = 0;

    if (ctx->args_count == 5 && cmd_arg_is(ctx, 2, "filterby")) {
        if (cmd_arg_is(ctx, 3, "aclcat"))
            filter = FILTER_CATEGORY;
        else if (cmd_arg_is(ctx, 3, "pattern"))
            filter = FILTER_PATTERN;
        else if (cmd_arg_is(ctx, 3, "module"))
            filter = FILTER_MODULE;
        value = ctx->args[4];
    }
    if (ctx->args_count > 2 && filter == FILTER_NONE) {
        reply_syntax_error(ctx->reply);
        return;
    }
    for (unsigned bit = 0; cmd_category_name(bit) != NULL; bit++) {
        if (slice_equal_cstr_nocase(value, cmd_category_name(bit)))
            categories |= UINT32_C(1) << bit;
    }
    struct reply_deferred deferred = reply_defer(ctx->reply);
    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd *cmd = cmd_table_at(table, i);

        if (!passes(cmd, filter, value, categories)) continue;
        reply_bulk_cstr(ctx->reply, cmd->fullname);
        count++;
    }
    reply_defer_array(ctx->reply, deferred, count);
}

/* ---- COMMAND GETKEYS ---- */

static void get_keys(struct cmd_ctx *ctx, bool with_flags) {
    const struct slice *args = ctx->args + 2;
    size_t args_count = ctx->args_count - 2;
    struct cmd_key_pos inline_positions[POSITIONS_INLINE], *positions = inline_positions;
    const struct cmd *parent, *cmd = cmd_table_resolve(table_of(ctx), args, args_count, &parent);

    if (cmd == NULL) {
        reply_error(ctx->reply, "Invalid command specified");
        return;
    }
    if (cmd->def->keys_count == 0) {
        reply_error(ctx->reply, "The command has no key arguments");
        return;
    }
    if (!cmd_arity_is_ok(cmd, args_count)) {
        reply_error(ctx->reply, "Invalid number of arguments specified for command");
        return;
    }
    int count = cmd_keys(cmd, args, args_count, positions, POSITIONS_INLINE);
    if (count > POSITIONS_INLINE) {
        positions = mem_must((size_t)count * sizeof *positions);
        count = cmd_keys(cmd, args, args_count, positions, (size_t)count);
    }
    if (count < 0 || (count == 0 && !(cmd->def->flags & CMD_NO_MANDATORY_KEYS))) {
        reply_error(ctx->reply, "Invalid arguments specified for command");
        return;
    }
    reply_array(ctx->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        if (with_flags) reply_array(ctx->reply, 2);
        reply_bulk(ctx->reply, args[positions[i].index]);
        if (with_flags) command_reply_key_flags(ctx->reply, positions[i].flags);
    }
    if (positions != inline_positions) mem_free(positions);
}

/* COMMAND GETKEYS command [arg ...] */
static void command_getkeys(struct cmd_ctx *ctx) {
    get_keys(ctx, false);
}

/* COMMAND GETKEYSANDFLAGS command [arg ...] */
static void command_getkeysandflags(struct cmd_ctx *ctx) {
    get_keys(ctx, true);
}

/* COMMAND HELP */
static void command_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "(no subcommand)",
        "    Describe all commands.",
        "COUNT",
        "    Count the commands.",
        "DOCS [<command-name> ...]",
        "    Document these commands, or all.",
        "GETKEYS <full-command>",
        "    Tell the keys of a whole command line.",
        "GETKEYSANDFLAGS <full-command>",
        "    Tell the keys of a whole command line and what is done to each.",
        "INFO [<command-name> ...]",
        "    Describe these commands, or all.",
        "LIST [FILTERBY (ACLCAT <category>|PATTERN <pattern>|MODULE <module>)]",
        "    List the names of the commands.",
        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const char *const tips_nondeterministic_output_order[] = {"nondeterministic_output_order",
                                                                 NULL};
static const char *const command_info_history[] = {"7.0.0", "Without a name: all commands.", NULL};
static const struct cmd_arg command_info_syntax[] = {
    {.name = "command-name", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg command_docs_syntax[] = {
    {.name = "command-name", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const struct cmd_arg command_list_syntax_filterby[] = {
    {.name = "module-name", .type = ARG_STRING, .token = "MODULE"},
    {.name = "category", .type = ARG_STRING, .token = "ACLCAT"},
    {.name = "pattern", .type = ARG_PATTERN, .token = "PATTERN"},
};
static const struct cmd_arg command_list_syntax[] = {
    {.name = "filterby",
     .type = ARG_ONEOF,
     .token = "FILTERBY",
     .flags = ARG_OPTIONAL,
     .args = command_list_syntax_filterby,
     .args_count = ARRAY_COUNT(command_list_syntax_filterby)},
};

static const struct cmd_def command_cmds[] = {
    {.name = "command",
     .run = command_run,
     .arity = -1,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N), N commands",
     .summary = "Describes all commands.",
     .tips = tips_nondeterministic_output_order},
    {.name = "command|count",
     .run = command_count,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(1)",
     .summary = "Counts the commands."},
    {.name = "command|info",
     .run = command_info,
     .arity = -2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N), N commands asked for",
     .summary = "Describes the commands named, or all.",
     .tips = tips_nondeterministic_output_order,
     .history = command_info_history,
     CMD_SYNTAX(command_info_syntax)},
    {.name = "command|docs",
     .run = command_docs,
     .arity = -2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N), N commands asked for",
     .summary = "Documents commands.",
     .tips = tips_nondeterministic_output_order,
     CMD_SYNTAX(command_docs_syntax)},
    {.name = "command|getkeys",
     .run = command_getkeys,
     .arity = -4,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "2.8.13",
     .complexity = "O(N), N arguments",
     .summary = "Tells the keys of a whole command line."},
    {.name = "command|getkeysandflags",
     .run = command_getkeysandflags,
     .arity = -4,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N), N arguments",
     .summary = "Tells the keys of a whole command line and what is done to each."},
    {.name = "command|list",
     .run = command_list,
     .arity = -2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "7.0.0",
     .complexity = "O(N), N commands",
     .summary = "Lists the names of the commands.",
     .tips = tips_nondeterministic_output_order,
     CMD_SYNTAX(command_list_syntax)},
    {.name = "command|help",
     .run = command_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_command = {"command", command_cmds, ARRAY_COUNT(command_cmds)};
