/* cmd_command_docs.c - a command's row as COMMAND INFO and COMMAND DOCS tell it, in Redis'
 * shapes and order. */
#include "shards/cmd_command_docs.h"

#include <stdio.h>

static void pair(struct reply *reply, const char *name, const char *text) {
    reply_bulk_cstr(reply, name);
    reply_bulk_cstr(reply, text);
}

static void pair_int(struct reply *reply, const char *name, int64_t value) {
    reply_bulk_cstr(reply, name);
    reply_int(reply, value);
}

/* ---- COMMAND INFO ---- */

struct flag_name {
    uint32_t flag;
    const char *name;
};

static void reply_flags(struct reply *reply, uint32_t flags, const struct flag_name *names,
                        size_t names_count) {
    size_t count = 0;

    for (size_t i = 0; i < names_count; i++) count += (flags & names[i].flag) != 0;
    reply_set(reply, count);
    for (size_t i = 0; i < names_count; i++) {
        if (flags & names[i].flag) reply_status(reply, names[i].name);
    }
}

static void reply_cmd_flags(struct reply *reply, const struct cmd *cmd) {
    static const struct flag_name names[] = {
        {CMD_WRITE, "write"},
        {CMD_READONLY, "readonly"},
        {CMD_DENYOOM, "denyoom"},
        {CMD_ADMIN, "admin"},
        {CMD_PUBSUB, "pubsub"},
        {CMD_NOSCRIPT, "noscript"},
        {CMD_BLOCKING, "blocking"},
        {CMD_LOADING, "loading"},
        {CMD_STALE, "stale"},
        {CMD_SKIP_MONITOR, "skip_monitor"},
        {CMD_SKIP_SLOWLOG, "skip_slowlog"},
        {CMD_ASKING, "asking"},
        {CMD_FAST, "fast"},
        {CMD_NO_AUTH, "no_auth"},
        {CMD_MAY_REPLICATE, "may_replicate"},
        {CMD_NO_MANDATORY_KEYS, "no_mandatory_keys"},
        {CMD_NO_ASYNC_LOADING, "no_async_loading"},
        {CMD_NO_MULTI, "no_multi"},
        {CMD_MOVABLEKEYS, "movablekeys"},
        {CMD_ALLOW_BUSY, "allow_busy"},
        {CMD_TOUCHES_ARBITRARY_KEYS, "touches_arbitrary_keys"},
    };
    uint32_t flags = cmd->def->flags;

    if (cmd->def->keys_count > 0 && !cmd->keys_are_simple) flags |= CMD_MOVABLEKEYS;
    reply_flags(reply, flags, names, ARRAY_COUNT(names));
}

void command_reply_key_flags(struct reply *reply, uint16_t flags) {
    static const struct flag_name names[] = {
        {CMD_KEY_RO, "RO"},
        {CMD_KEY_RW, "RW"},
        {CMD_KEY_OW, "OW"},
        {CMD_KEY_RM, "RM"},
        {CMD_KEY_ACCESS, "access"},
        {CMD_KEY_UPDATE, "update"},
        {CMD_KEY_INSERT, "insert"},
        {CMD_KEY_DELETE, "delete"},
        {CMD_KEY_NOT_KEY, "not_key"},
        {CMD_KEY_INCOMPLETE, "incomplete"},
        {CMD_KEY_VARIABLE_FLAGS, "variable_flags"},
    };

    reply_flags(reply, flags, names, ARRAY_COUNT(names));
}

static void reply_categories(struct reply *reply, const struct cmd *cmd) {
    reply_set(reply, (size_t)__builtin_popcount(cmd->acl_categories));
    for (unsigned bit = 0; cmd_category_name(bit) != NULL; bit++) {
        char name[32];

        if (!(cmd->acl_categories >> bit & 1)) continue;
        snprintf(name, sizeof name, "@%s", cmd_category_name(bit));
        reply_status(reply, name);
    }
}

static void reply_tips(struct reply *reply, const char *const *tips) {
    size_t count = 0;

    while (tips != NULL && tips[count] != NULL) count++;
    reply_set(reply, count);
    for (size_t i = 0; i < count; i++) reply_bulk_cstr(reply, tips[i]);
}

static void reply_key_spec(struct reply *reply, const struct cmd_key_spec *spec) {
    reply_map(reply, spec->notes != NULL ? 4 : 3);
    if (spec->notes != NULL) pair(reply, "notes", spec->notes);
    reply_bulk_cstr(reply, "flags");
    command_reply_key_flags(reply, spec->flags);

    if (spec->is_unknown) {
        static const char *const parts[] = {"begin_search", "find_keys"};

        for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
            reply_bulk_cstr(reply, parts[i]);
            reply_map(reply, 2);
            pair(reply, "type", "unknown");
            reply_bulk_cstr(reply, "spec");
            reply_map(reply, 0);
        }
        return;
    }
    reply_bulk_cstr(reply, "begin_search");
    reply_map(reply, 2);
    pair(reply, "type", spec->keyword != NULL ? "keyword" : "index");
    reply_bulk_cstr(reply, "spec");
    if (spec->keyword != NULL) {
        reply_map(reply, 2);
        pair(reply, "keyword", spec->keyword);
        pair_int(reply, "startfrom", spec->begin_index);
    } else {
        reply_map(reply, 1);
        pair_int(reply, "index", spec->begin_index);
    }

    reply_bulk_cstr(reply, "find_keys");
    reply_map(reply, 2);
    pair(reply, "type", spec->is_keynum ? "keynum" : "range");
    reply_bulk_cstr(reply, "spec");
    reply_map(reply, 3);
    if (spec->is_keynum) {
        pair_int(reply, "keynumidx", spec->keynum_index);
        pair_int(reply, "firstkey", spec->keynum_first);
        pair_int(reply, "keystep", spec->step);
    } else {
        pair_int(reply, "lastkey", spec->last);
        pair_int(reply, "keystep", spec->step);
        pair_int(reply, "limit", spec->limit);
    }
}

/* Sub-commands have none of their own: the recursion is one deep. */
void command_reply_info(struct reply *reply, const struct cmd *cmd) {
    const struct cmd_def *def = cmd->def;

    reply_array(reply, 10);
    reply_bulk_cstr(reply, cmd->fullname);
    reply_int(reply, def->arity);
    reply_cmd_flags(reply, cmd);
    reply_int(reply, cmd->key_first);
    reply_int(reply, cmd->key_last);
    reply_int(reply, cmd->key_step);
    reply_categories(reply, cmd);
    reply_tips(reply, def->tips);
    reply_set(reply, def->keys_count);
    for (size_t i = 0; i < def->keys_count; i++) reply_key_spec(reply, &def->keys[i]);
    if (cmd->subs_count > 0)
        reply_array(reply, cmd->subs_count); /* Redis' types, as they are */
    else
        reply_set(reply, 0);
    for (size_t i = 0; i < cmd->subs_count; i++) command_reply_info(reply, cmd->subs[i]);
}

/* ---- COMMAND DOCS ---- */

static void reply_history(struct reply *reply, const char *const *history) {
    size_t count = 0;

    while (history[count] != NULL) count++;
    SL_ASSERT(count % 2 == 0);
    reply_set(reply, count / 2);
    for (size_t i = 0; i < count; i += 2) {
        reply_array(reply, 2);
        reply_bulk_cstr(reply, history[i]);
        reply_bulk_cstr(reply, history[i + 1]);
    }
}

static const char *arg_type_name(enum cmd_arg_type type) {
    switch (type) {
    case ARG_STRING: return "string";
    case ARG_INTEGER: return "integer";
    case ARG_DOUBLE: return "double";
    case ARG_KEY: return "key";
    case ARG_PATTERN: return "pattern";
    case ARG_UNIX_TIME: return "unix-time";
    case ARG_PURE_TOKEN: return "pure-token";
    case ARG_ONEOF: return "oneof";
    case ARG_BLOCK: return "block";
    }
    SL_ASSERT(!"every type has a name");
    return "";
}

static void reply_args(struct reply *reply, const struct cmd_arg *args, size_t args_count);

static void reply_arg(struct reply *reply, const struct cmd_arg *arg) {
    static const struct flag_name names[] = {{ARG_OPTIONAL, "optional"},
                                             {ARG_MULTIPLE, "multiple"},
                                             {ARG_MULTIPLE_TOKEN, "multiple_token"}};
    struct reply_deferred deferred = reply_defer(reply);
    size_t count = 2;

    pair(reply, "name", arg->name);
    pair(reply, "type", arg_type_name(arg->type));
    if (arg->display != NULL) pair(reply, "display_text", arg->display), count++;
    if (arg->key_spec_plus_one > 0)
        pair_int(reply, "key_spec_index", arg->key_spec_plus_one - 1), count++;
    if (arg->token != NULL) pair(reply, "token", arg->token), count++;
    if (arg->summary != NULL) pair(reply, "summary", arg->summary), count++;
    if (arg->since != NULL) pair(reply, "since", arg->since), count++;
    if (arg->deprecated_since != NULL)
        pair(reply, "deprecated_since", arg->deprecated_since), count++;
    if (arg->flags != 0) {
        reply_bulk_cstr(reply, "flags");
        reply_flags(reply, arg->flags, names, ARRAY_COUNT(names));
        count++;
    }
    if (arg->args_count > 0) {
        reply_bulk_cstr(reply, "arguments");
        reply_args(reply, arg->args, arg->args_count);
        count++;
    }
    reply_defer_map(reply, deferred, count);
}

/* As deep as the rows are, which are ours. */
static void reply_args(struct reply *reply, const struct cmd_arg *args, size_t args_count) {
    reply_array(reply, args_count);
    for (size_t i = 0; i < args_count; i++) reply_arg(reply, &args[i]);
}

void command_reply_docs(struct reply *reply, const struct cmd *cmd) {
    const struct cmd_def *def = cmd->def;

    reply_bulk_cstr(reply, cmd->fullname);
    struct reply_deferred deferred = reply_defer(reply);
    size_t count = 3;
    pair(reply, "summary", def->summary);
    pair(reply, "since", def->since);
    pair(reply, "group", def->group);
    if (def->complexity != NULL) pair(reply, "complexity", def->complexity), count++;
    if (def->deprecated_since != NULL) {
        reply_bulk_cstr(reply, "doc_flags");
        reply_set(reply, 1);
        reply_status(reply, "deprecated");
        pair(reply, "deprecated_since", def->deprecated_since);
        count += 2;
    }
    if (def->replaced_by != NULL) pair(reply, "replaced_by", def->replaced_by), count++;
    if (def->history != NULL) {
        reply_bulk_cstr(reply, "history");
        reply_history(reply, def->history);
        count++;
    }
    if (def->syntax_count > 0) {
        reply_bulk_cstr(reply, "arguments");
        reply_args(reply, def->syntax, def->syntax_count);
        count++;
    }
    if (cmd->subs_count > 0) {
        reply_bulk_cstr(reply, "subcommands");
        reply_map(reply, cmd->subs_count);
        for (size_t i = 0; i < cmd->subs_count; i++) command_reply_docs(reply, cmd->subs[i]);
        count++;
    }
    reply_defer_map(reply, deferred, count);
}
