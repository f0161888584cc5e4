/* cmd_client.c - CLIENT: what a connection asks or sets about itself, PAUSE, and the rows of the
 * whole family. CLIENT LIST and CLIENT KILL, which ask all shards, have files of their own. */
#include "core/number.h"
#include "shards/cmd_client_priv.h"
#include "shards/families.h"
#include "shards/runtime.h"

enum { DESCRIBE_BYTES_MAX = 8192 };

static struct client *self(struct cmd_ctx *ctx) {
    return session_of(ctx)->client;
}

/* CLIENT ID */
static void client_id(struct cmd_ctx *ctx) {
    reply_int(ctx->reply, (int64_t)self(ctx)->id);
}

/* CLIENT INFO */
static void client_info(struct cmd_ctx *ctx) {
    char line[DESCRIBE_BYTES_MAX];
    size_t len = client_describe(self(ctx), ctx->now_unix_ms, line, sizeof line - 1);

    line[len++] = '\n';
    reply_verbatim(ctx->reply, "txt", slice_of(line, len));
}

/* ---- Names ---- */

/* CLIENT SETNAME name */
static void client_setname(struct cmd_ctx *ctx) {
    if (client_set_text(&self(ctx)->name, ctx->args[2]))
        reply_ok(ctx->reply);
    else
        reply_error(ctx->reply,
                    "Client names cannot contain spaces, newlines or special characters.");
}

/* CLIENT GETNAME */
static void client_getname(struct cmd_ctx *ctx) {
    const struct client *client = self(ctx);

    if (client->name.len > 0)
        reply_bulk(ctx->reply, slice_of(client->name.data, client->name.len));
    else
        reply_null(ctx->reply);
}

/* CLIENT SETINFO LIB-NAME|LIB-VER value */
static void client_setinfo(struct cmd_ctx *ctx) {
    struct client *client = self(ctx);
    bool is_name = cmd_arg_is(ctx, 2, "lib-name");

    if (!is_name && !cmd_arg_is(ctx, 2, "lib-ver")) {
        reply_error_format(ctx->reply, "Unrecognized option '%.*s'", (int)ctx->args[2].len,
                           ctx->args[2].data);
    } else if (client_set_text(is_name ? &client->lib_name : &client->lib_version, ctx->args[3])) {
        reply_ok(ctx->reply);
    } else {
        reply_error_format(ctx->reply,
                           "%.*s cannot contain spaces, newlines or special characters.",
                           (int)ctx->args[2].len, ctx->args[2].data); /* as it was sent */
    }
}

/* ---- Switches ---- */

static void switch_flag(struct cmd_ctx *ctx, uint32_t flag) {
    struct client *client = self(ctx);

    if (cmd_arg_is(ctx, 2, "on")) {
        client->flags |= flag;
    } else if (cmd_arg_is(ctx, 2, "off")) {
        client->flags &= ~flag;
    } else {
        reply_syntax_error(ctx->reply);
        return;
    }
    reply_ok(ctx->reply);
}

/* CLIENT NO-EVICT ON|OFF */
static void client_no_evict(struct cmd_ctx *ctx) {
    switch_flag(ctx, CLIENT_NO_EVICT);
}

/* CLIENT NO-TOUCH ON|OFF */
static void client_no_touch(struct cmd_ctx *ctx) {
    switch_flag(ctx, CLIENT_NO_TOUCH);
}

/* CLIENT REPLY ON|OFF|SKIP. Of the three only ON is answered; dispatch keeps the replies back. */
static void client_reply(struct cmd_ctx *ctx) {
    struct client *client = self(ctx);

    if (cmd_arg_is(ctx, 2, "on")) {
        client->flags &= ~(uint32_t)(CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT);
        reply_ok(ctx->reply);
    } else if (cmd_arg_is(ctx, 2, "off")) {
        client->flags |= CLIENT_REPLY_OFF;
    } else if (cmd_arg_is(ctx, 2, "skip")) {
        if (!(client->flags & CLIENT_REPLY_OFF)) client->flags |= CLIENT_REPLY_SKIP_NEXT;
    } else {
        reply_syntax_error(ctx->reply);
    }
}

/* CLIENT CAPA capability [capability ...]: what we do not know is fine by definition. */
static void client_capa(struct cmd_ctx *ctx) {
    reply_ok(ctx->reply);
}

/* ---- Pause ---- */

static void look_again(struct shard *shard, void *arg) {
    (void)shard, (void)arg; /* the turn that this call makes is what is wanted */
}

/* A pause that is there only grows: the later end, the stricter mode. */
static void pause_until(struct node *node, uint64_t end_unix_ms, uint64_t now_unix_ms,
                        bool is_writes_only) {
    uint64_t end_old = atomic_load(&node->pause_until_unix_ms);
    bool is_paused = end_old > now_unix_ms;

    if (is_paused && end_old > end_unix_ms) end_unix_ms = end_old;
    if (is_paused && !atomic_load(&node->pause_is_writes_only)) is_writes_only = false;
    atomic_store(&node->pause_is_writes_only, is_writes_only);
    atomic_store(&node->pause_until_unix_ms, end_unix_ms);
}

/* CLIENT PAUSE ms [WRITE|ALL] */
static void client_pause(struct cmd_ctx *ctx) {
    bool is_writes_only = false;
    int64_t pause_ms;

    if (ctx->args_count > 4) {
        cmd_reply_subcommand_error(ctx);
        return;
    }
    if (ctx->args_count == 4) {
        is_writes_only = cmd_arg_is(ctx, 3, "write");
        if (!is_writes_only && !cmd_arg_is(ctx, 3, "all")) {
            reply_error(ctx->reply, "CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    if (!cmd_arg_int64(ctx, 2, &pause_ms, "timeout is not an integer or out of range")) return;
    if (pause_ms < 0) {
        reply_error(ctx->reply, "timeout is negative");
        return;
    }
    if (pause_ms > INT64_MAX - (int64_t)ctx->now_unix_ms) {
        reply_error(ctx->reply, "timeout is out of range");
        return;
    }
    pause_until(session_of(ctx)->shard->node, ctx->now_unix_ms + (uint64_t)pause_ms,
                ctx->now_unix_ms, is_writes_only);
    reply_ok(ctx->reply);
}

/* CLIENT UNPAUSE */
static void client_unpause(struct cmd_ctx *ctx) {
    struct shard *shard = session_of(ctx)->shard;

    atomic_store(&shard->node->pause_until_unix_ms, 0);
    for (unsigned i = 0; i < shard->node->shards_count; i++) shard_call(shard, i, look_again, NULL);
    reply_ok(ctx->reply);
}

/* ---- Client-side caching, which is not built yet ---- */

/* CLIENT GETREDIR */
static void client_getredir(struct cmd_ctx *ctx) {
    reply_int(ctx->reply, -1);
}

/* CLIENT TRACKINGINFO */
static void client_trackinginfo(struct cmd_ctx *ctx) {
    reply_map(ctx->reply, 3);
    reply_bulk_cstr(ctx->reply, "flags");
    reply_set(ctx->reply, 1);
    reply_bulk_cstr(ctx->reply, "off");
    reply_bulk_cstr(ctx->reply, "redirect");
    reply_int(ctx->reply, -1);
    reply_bulk_cstr(ctx->reply, "prefixes");
    reply_array(ctx->reply, 0);
}

struct tracking_options {
    bool has_redirect, has_prefix, bcast, optin, optout;
};

/* False: the error is written. Whether REDIRECT's client exists is not asked. */
static bool tracking_parse(struct cmd_ctx *ctx, struct tracking_options *options) {
    int64_t id = 0;

    for (size_t i = 3; i < ctx->args_count; i++) {
        bool has_more = i + 1 < ctx->args_count;

        if (cmd_arg_is(ctx, i, "redirect") && has_more) {
            if (options->has_redirect) {
                reply_error(ctx->reply, "A client can only redirect to a single other client");
                return false;
            }
            if (!cmd_arg_int64(ctx, ++i, &id, NULL)) return false;
            options->has_redirect = true;
        } else if (cmd_arg_is(ctx, i, "prefix") && has_more) {
            options->has_prefix = true;
            i++;
        } else if (cmd_arg_is(ctx, i, "bcast")) {
            options->bcast = true;
        } else if (cmd_arg_is(ctx, i, "optin")) {
            options->optin = true;
        } else if (cmd_arg_is(ctx, i, "optout")) {
            options->optout = true;
        } else if (!cmd_arg_is(ctx, i, "noloop")) {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

/* CLIENT TRACKING ON|OFF [REDIRECT id] [BCAST] [PREFIX prefix ...] [OPTIN] [OPTOUT] [NOLOOP].
 * Mistakes are told first and as Redis tells them. */
static void client_tracking(struct cmd_ctx *ctx) {
    struct tracking_options options = {0};

    if (!tracking_parse(ctx, &options)) return;
    if (cmd_arg_is(ctx, 2, "off"))
        reply_ok(ctx->reply);
    else if (!cmd_arg_is(ctx, 2, "on"))
        reply_syntax_error(ctx->reply);
    else if (options.has_prefix && !options.bcast)
        reply_error(ctx->reply, "PREFIX option requires BCAST mode to be enabled");
    else if (options.bcast && (options.optin || options.optout))
        reply_error(ctx->reply, "OPTIN and OPTOUT are not compatible with BCAST");
    else if (options.optin && options.optout)
        reply_error(ctx->reply, "You can't specify both OPTIN mode and OPTOUT mode");
    else
        reply_error(ctx->reply, "client side caching is not built yet");
}

/* CLIENT CACHING YES|NO: the mode it belongs to cannot be on. */
static void client_caching(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "CLIENT CACHING can be called only when the client is in tracking mode "
                            "with OPTIN or OPTOUT mode enabled");
}

/* CLIENT HELP */
static void client_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Track the keys of the next command, or not, in OPTIN and OPTOUT mode.",
        "CAPA <capability> [<capability> ...]",
        "    Say what the client is able to do.",
        "GETNAME",
        "    Give the name of this connection.",
        "GETREDIR",
        "    Give the id of the client that gets the invalidation messages.",
        "ID",
        "    Give the id of this connection.",
        "INFO",
        "    Describe this connection.",
        "KILL <ip:port>",
        "    Close the connection from that address.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Close the connections to which all options apply:",
        "    * ADDR (<ip:port>|<unixsocket>:0)",
        "    * LADDR (<ip:port>|<unixsocket>:0)",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "    * USER <username>",
        "    * ID <client-id>",
        "    * MAXAGE <seconds>",
        "    * SKIPME (YES|NO), default YES: not this connection.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <client-id> [...]]",
        "    Describe connections, one line each.",
        "NO-EVICT (ON|OFF)",
        "    Shield this connection from being closed for memory.",
        "NO-TOUCH (ON|OFF)",
        "    Leave the access clocks of keys alone.",
        "PAUSE <milliseconds> [WRITE|ALL]",
        "    Hold all clients back, or those that write.",
        "REPLY (ON|OFF|SKIP)",
        "    Turn the replies to this connection on or off.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Note the client library's name or version.",
        "SETNAME <name>",
        "    Name this connection.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Turn invalidation messages on or off (not built yet).",
        "TRACKINGINFO",
        "    Describe client side caching of this connection.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    End the wait of a blocked client.",
        "UNPAUSE",
        "    End a pause.",
        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const char *const tips_nondeterministic_output[] = {"nondeterministic_output", NULL};
static const char *const client_list_history[] = {
    "2.8.12", "Each line has an id.",
    "5.0.0",  "TYPE.",
    "6.0.0",  "Each line has a user.",
    "6.2.0",  "argv-mem, tot-mem, laddr, redir; the filter ID.",
    "7.0.0",  "resp, multi-mem, rbs, rbp.",
    "7.0.3",  "ssub.",
    NULL};
static const struct cmd_arg client_list_syntax_client_type[] = {
    {.name = "normal", .type = ARG_PURE_TOKEN, .token = "NORMAL"},
    {.name = "master", .type = ARG_PURE_TOKEN, .token = "MASTER"},
    {.name = "replica", .type = ARG_PURE_TOKEN, .token = "REPLICA"},
    {.name = "pubsub", .type = ARG_PURE_TOKEN, .token = "PUBSUB"},
};
static const struct cmd_arg client_list_syntax[] = {
    {.name = "client-type",
     .type = ARG_ONEOF,
     .token = "TYPE",
     .since = "5.0.0",
     .flags = ARG_OPTIONAL,
     .args = client_list_syntax_client_type,
     .args_count = ARRAY_COUNT(client_list_syntax_client_type)},
    {.name = "client-id",
     .type = ARG_INTEGER,
     .token = "ID",
     .since = "6.2.0",
     .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};
static const char *const client_kill_history[] = {
    "2.8.12", "Filters, among them ID.",
    "3.2.0",  "TYPE knows master.",
    "5.0.0",  "TYPE says replica for slave, which still works.",
    "6.2.0",  "LADDR.",
    "7.4.0",  "MAXAGE.",
    NULL};
static const struct cmd_arg client_kill_syntax_filter_new_format_client_type[] = {
    {.name = "normal", .type = ARG_PURE_TOKEN, .token = "NORMAL"},
    {.name = "master", .type = ARG_PURE_TOKEN, .token = "MASTER", .since = "3.2.0"},
    {.name = "slave", .type = ARG_PURE_TOKEN, .token = "SLAVE"},
    {.name = "replica", .type = ARG_PURE_TOKEN, .token = "REPLICA", .since = "5.0.0"},
    {.name = "pubsub", .type = ARG_PURE_TOKEN, .token = "PUBSUB"},
};
static const struct cmd_arg client_kill_syntax_filter_new_format_skipme[] = {
    {.name = "yes", .type = ARG_PURE_TOKEN, .token = "YES"},
    {.name = "no", .type = ARG_PURE_TOKEN, .token = "NO"},
};
static const struct cmd_arg client_kill_syntax_filter_new_format[] = {
    {.name = "client-id",
     .type = ARG_INTEGER,
     .token = "ID",
     .since = "2.8.12",
     .flags = ARG_OPTIONAL},
    {.name = "client-type",
     .type = ARG_ONEOF,
     .token = "TYPE",
     .since = "2.8.12",
     .flags = ARG_OPTIONAL,
     .args = client_kill_syntax_filter_new_format_client_type,
     .args_count = ARRAY_COUNT(client_kill_syntax_filter_new_format_client_type)},
    {.name = "username", .type = ARG_STRING, .token = "USER", .flags = ARG_OPTIONAL},
    {.name = "addr",
     .type = ARG_STRING,
     .token = "ADDR",
     .display = "ip:port",
     .flags = ARG_OPTIONAL},
    {.name = "laddr",
     .type = ARG_STRING,
     .token = "LADDR",
     .since = "6.2.0",
     .display = "ip:port",
     .flags = ARG_OPTIONAL},
    {.name = "skipme",
     .type = ARG_ONEOF,
     .token = "SKIPME",
     .flags = ARG_OPTIONAL,
     .args = client_kill_syntax_filter_new_format_skipme,
     .args_count = ARRAY_COUNT(client_kill_syntax_filter_new_format_skipme)},
    {.name = "maxage",
     .type = ARG_INTEGER,
     .token = "MAXAGE",
     .since = "7.4.0",
     .flags = ARG_OPTIONAL},
};
static const struct cmd_arg client_kill_syntax_filter[] = {
    {.name = "old-format", .type = ARG_STRING, .deprecated_since = "2.8.12", .display = "ip:port"},
    {.name = "new-format",
     .type = ARG_ONEOF,
     .flags = ARG_MULTIPLE,
     .args = client_kill_syntax_filter_new_format,
     .args_count = ARRAY_COUNT(client_kill_syntax_filter_new_format)},
};
static const struct cmd_arg client_kill_syntax[] = {
    {.name = "filter",
     .type = ARG_ONEOF,
     .args = client_kill_syntax_filter,
     .args_count = ARRAY_COUNT(client_kill_syntax_filter)},
};
static const char *const client_pause_history[] = {"6.2.0", "Modes WRITE and ALL.", NULL};
static const struct cmd_arg client_pause_syntax_mode[] = {
    {.name = "write", .type = ARG_PURE_TOKEN, .token = "WRITE"},
    {.name = "all", .type = ARG_PURE_TOKEN, .token = "ALL"},
};
static const struct cmd_arg client_pause_syntax[] = {
    {.name = "timeout", .type = ARG_INTEGER},
    {.name = "mode",
     .type = ARG_ONEOF,
     .since = "6.2.0",
     .flags = ARG_OPTIONAL,
     .args = client_pause_syntax_mode,
     .args_count = ARRAY_COUNT(client_pause_syntax_mode)},
};
static const struct cmd_arg client_reply_syntax_on_off_skip[] = {
    {.name = "on", .type = ARG_PURE_TOKEN, .token = "ON"},
    {.name = "off", .type = ARG_PURE_TOKEN, .token = "OFF"},
    {.name = "skip", .type = ARG_PURE_TOKEN, .token = "SKIP"},
};
static const struct cmd_arg client_reply_syntax[] = {
    {.name = "on_off_skip",
     .type = ARG_ONEOF,
     .args = client_reply_syntax_on_off_skip,
     .args_count = ARRAY_COUNT(client_reply_syntax_on_off_skip)},
};
static const struct cmd_arg client_no_evict_syntax_enabled[] = {
    {.name = "on", .type = ARG_PURE_TOKEN, .token = "ON"},
    {.name = "off", .type = ARG_PURE_TOKEN, .token = "OFF"},
};
static const struct cmd_arg client_no_evict_syntax[] = {
    {.name = "enabled",
     .type = ARG_ONEOF,
     .args = client_no_evict_syntax_enabled,
     .args_count = ARRAY_COUNT(client_no_evict_syntax_enabled)},
};
static const struct cmd_arg client_no_touch_syntax_enabled[] = {
    {.name = "on", .type = ARG_PURE_TOKEN, .token = "ON"},
    {.name = "off", .type = ARG_PURE_TOKEN, .token = "OFF"},
};
static const struct cmd_arg client_no_touch_syntax[] = {
    {.name = "enabled",
     .type = ARG_ONEOF,
     .args = client_no_touch_syntax_enabled,
     .args_count = ARRAY_COUNT(client_no_touch_syntax_enabled)},
};
static const struct cmd_arg client_setname_syntax[] = {
    {.name = "connection-name", .type = ARG_STRING},
};
static const char *const tips_all_nodes_all_succeeded[] = {"request_policy:all_nodes",
                                                           "response_policy:all_succeeded", NULL};
static const struct cmd_arg client_setinfo_syntax_attr[] = {
    {.name = "libname", .type = ARG_STRING, .token = "LIB-NAME"},
    {.name = "libver", .type = ARG_STRING, .token = "LIB-VER"},
};
static const struct cmd_arg client_setinfo_syntax[] = {
    {.name = "attr",
     .type = ARG_ONEOF,
     .args = client_setinfo_syntax_attr,
     .args_count = ARRAY_COUNT(client_setinfo_syntax_attr)},
};
static const struct cmd_arg client_capa_syntax[] = {
    {.name = "capability", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg client_unblock_syntax_timeout_error[] = {
    {.name = "timeout", .type = ARG_PURE_TOKEN, .token = "TIMEOUT"},
    {.name = "error", .type = ARG_PURE_TOKEN, .token = "ERROR"},
};
static const struct cmd_arg client_unblock_syntax[] = {
    {.name = "client-id", .type = ARG_INTEGER},
    {.name = "timeout_error",
     .type = ARG_ONEOF,
     .flags = ARG_OPTIONAL,
     .args = client_unblock_syntax_timeout_error,
     .args_count = ARRAY_COUNT(client_unblock_syntax_timeout_error)},
};
static const struct cmd_arg client_tracking_syntax_status[] = {
    {.name = "on", .type = ARG_PURE_TOKEN, .token = "ON"},
    {.name = "off", .type = ARG_PURE_TOKEN, .token = "OFF"},
};
static const struct cmd_arg client_tracking_syntax[] = {
    {.name = "status",
     .type = ARG_ONEOF,
     .args = client_tracking_syntax_status,
     .args_count = ARRAY_COUNT(client_tracking_syntax_status)},
    {.name = "client-id", .type = ARG_INTEGER, .token = "REDIRECT", .flags = ARG_OPTIONAL},
    {.name = "prefix",
     .type = ARG_STRING,
     .token = "PREFIX",
     .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN},
    {.name = "bcast", .type = ARG_PURE_TOKEN, .token = "BCAST", .flags = ARG_OPTIONAL},
    {.name = "optin", .type = ARG_PURE_TOKEN, .token = "OPTIN", .flags = ARG_OPTIONAL},
    {.name = "optout", .type = ARG_PURE_TOKEN, .token = "OPTOUT", .flags = ARG_OPTIONAL},
    {.name = "noloop", .type = ARG_PURE_TOKEN, .token = "NOLOOP", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg client_caching_syntax_mode[] = {
    {.name = "yes", .type = ARG_PURE_TOKEN, .token = "YES"},
    {.name = "no", .type = ARG_PURE_TOKEN, .token = "NO"},
};
static const struct cmd_arg client_caching_syntax[] = {
    {.name = "mode",
     .type = ARG_ONEOF,
     .args = client_caching_syntax_mode,
     .args_count = ARRAY_COUNT(client_caching_syntax_mode)},
};

static const struct cmd_def client_cmds[] = {
    {.name = "client",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "Depends on the sub-command",
     .summary = "What concerns connections: groups its sub-commands."},
    {.name = "client|id",
     .run = client_id,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Gives the id of this connection."},
    {.name = "client|info",
     .run = client_info,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes this connection in one line.",
     .tips = tips_nondeterministic_output},
    {.name = "client|list",
     .run = client_list,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "O(N), N connections",
     .summary = "Describes all connections, one line each.",
     .tips = tips_nondeterministic_output,
     .history = client_list_history,
     CMD_SYNTAX(client_list_syntax)},
    {.name = "client|kill",
     .run = client_kill,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.4.0",
     .complexity = "O(N), N connections",
     .summary = "Closes connections, chosen by address or by filters.",
     .history = client_kill_history,
     CMD_SYNTAX(client_kill_syntax)},
    {.name = "client|pause",
     .run = client_pause,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.9.50",
     .complexity = "O(1)",
     .summary = "Holds the commands of clients back for some time.",
     .history = client_pause_history,
     CMD_SYNTAX(client_pause_syntax)},
    {.name = "client|unpause",
     .run = client_unpause,
     .arity = 2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(N), N connections held",
     .summary = "Ends CLIENT PAUSE."},
    {.name = "client|reply",
     .run = client_reply,
     .arity = 3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "Turns replies to this connection on or off.",
     CMD_SYNTAX(client_reply_syntax)},
    {.name = "client|no-evict",
     .run = client_no_evict,
     .arity = 3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Shields this connection from being closed for memory, or not.",
     CMD_SYNTAX(client_no_evict_syntax)},
    {.name = "client|no-touch",
     .run = client_no_touch,
     .arity = 3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary =
         "Lets the commands of this connection leave the access clocks of keys alone, or not.",
     CMD_SYNTAX(client_no_touch_syntax)},
    {.name = "client|setname",
     .run = client_setname,
     .arity = 3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Names this connection.",
     CMD_SYNTAX(client_setname_syntax)},
    {.name = "client|getname",
     .run = client_getname,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "2.6.9",
     .complexity = "O(1)",
     .summary = "Gives the name of this connection."},
    {.name = "client|setinfo",
     .run = client_setinfo,
     .arity = 4,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "7.2.0",
     .complexity = "O(1)",
     .summary = "Notes the client library's name or version with this connection.",
     .tips = tips_all_nodes_all_succeeded,
     CMD_SYNTAX(client_setinfo_syntax)},
    {.name = "client|capa",
     .run = client_capa,
     .arity = -3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_ALLOW_BUSY,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "8.0.0",
     .complexity = "O(1)",
     .summary = "Says what the client is able to do.",
     CMD_SYNTAX(client_capa_syntax)},
    {.name = "client|unblock",
     .run = client_unblock,
     .arity = -3,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(log N), N connections",
     .summary = "Ends the wait of a blocked client from another connection.",
     CMD_SYNTAX(client_unblock_syntax)},
    {.name = "client|getredir",
     .run = client_getredir,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Gives the id of the client that gets this connection's invalidation messages."},
    {.name = "client|trackinginfo",
     .run = client_trackinginfo,
     .arity = 2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Describes client-side caching of this connection."},
    {.name = "client|tracking",
     .run = client_tracking,
     .arity = -3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1); more with some options",
     .summary = "Turns invalidation messages for client-side caches on or off.",
     CMD_SYNTAX(client_tracking_syntax)},
    {.name = "client|caching",
     .run = client_caching,
     .arity = 3,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Says whether the keys of the next command are tracked.",
     CMD_SYNTAX(client_caching_syntax)},
    {.name = "client|help",
     .run = client_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "5.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_client = {"client", client_cmds, ARRAY_COUNT(client_cmds)};
