/* cmd_connection.c - what a connection says about itself: who it is, which protocol, which
 * database. */
#include "core/mem.h"
#include "core/number.h"
#include "shards/families.h"
#include "shards/shard.h"
#include "shards/version.h"

static const char wrong_password[] =
    "-WRONGPASS invalid username-password pair or user is disabled.";

/* PING [message] */
static void ping_run(struct cmd_ctx *ctx) {
    if (ctx->args_count > 2) {
        reply_error(ctx->reply, "wrong number of arguments for 'ping' command");
    } else if (ctx->args_count == 2) {
        reply_bulk(ctx->reply, ctx->args[1]);
    } else {
        reply_status(ctx->reply, "PONG");
    }
}

/* ECHO message */
static void echo_run(struct cmd_ctx *ctx) {
    reply_bulk(ctx->reply, ctx->args[1]);
}

/* SELECT index */
static void select_run(struct cmd_ctx *ctx) {
    unsigned db;

    if (!cmd_arg_db(ctx, 1, &db, NULL)) return;
    session_of(ctx)->client->db = (uint16_t)db;
    reply_ok(ctx->reply);
}

/* QUIT */
static void quit_run(struct cmd_ctx *ctx) {
    reply_ok(ctx->reply);
    client_close_after_reply(session_of(ctx)->client);
}

/* ---- Who is it ---- */

/* Takes as long for every wrong password of the same length. */
static bool password_is(const struct config_text *wanted, struct slice given) {
    unsigned char difference = wanted->len != given.len;

    for (size_t i = 0; i < given.len; i++) {
        size_t at = wanted->len > 0 ? i % wanted->len : 0; /* data ends with a zero byte */
        difference |= (unsigned char)(wanted->data[at] ^ given.data[i]);
    }
    return difference == 0;
}

static bool authenticate(struct cmd_ctx *ctx, struct slice user, struct slice password) {
    const struct session *session = session_of(ctx);
    const struct config_text *wanted = &session->shard->config->requirepass;

    if (!slice_equal(user, SLICE_LITERAL("default")) ||
        (wanted->len > 0 && !password_is(wanted, password))) {
        reply_error(ctx->reply, wrong_password);
        return false;
    }
    session->client->flags |= CLIENT_AUTHENTICATED;
    session->client->user = "default";
    return true;
}

/* AUTH [user] password */
static void auth_run(struct cmd_ctx *ctx) {
    if (ctx->args_count > 3) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (ctx->args_count == 2 && session_of(ctx)->shard->config->requirepass.len == 0) {
        reply_error(ctx->reply,
                    "AUTH <password> called without any password configured for the default user. "
                    "Are you sure your configuration is correct?");
        return;
    }
    struct slice user = ctx->args_count == 3 ? ctx->args[1] : SLICE_LITERAL("default");
    if (authenticate(ctx, user, ctx->args[ctx->args_count - 1])) reply_ok(ctx->reply);
}

/* ---- HELLO ---- */

struct hello {
    int64_t resp; /* 0: as it is */
    const struct slice *auth, *name; /* into the arguments, or NULL */
};

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    }
    return true;
}

/* False: the error is written. */
static bool hello_parse(struct cmd_ctx *ctx, struct hello *hello) {
    size_t i = 1;

    if (ctx->args_count > 1) {
        if (!cmd_arg_int64(ctx, 1, &hello->resp,
                           "Protocol version is not an integer or out of range"))
            return false;
        if (hello->resp < 2 || hello->resp > 3) {
            reply_error(ctx->reply, "-NOPROTO unsupported protocol version");
            return false;
        }
    }
    for (i = 2; i < ctx->args_count; i++) {
        size_t more = ctx->args_count - i - 1;

        if (cmd_arg_is(ctx, i, "auth") && more >= 2) {
            hello->auth = &ctx->args[i + 1];
            i += 2;
        } else if (cmd_arg_is(ctx, i, "setname") && more >= 1) {
            hello->name = &ctx->args[++i];
            if (is_printable(*hello->name)) continue;
            reply_error(ctx->reply,
                        "Client names cannot contain spaces, newlines or special characters.");
            return false;
        } else {
            reply_error_format(ctx->reply, "Syntax error in HELLO option '%.*s'",
                               (int)ctx->args[i].len, ctx->args[i].data);
            return false;
        }
    }
    return true;
}

/* HELLO [version [AUTH user password] [SETNAME name]] */
static void hello_run(struct cmd_ctx *ctx) {
    struct client *client = session_of(ctx)->client;
    struct hello hello = {0};

    if (!hello_parse(ctx, &hello)) return;
    if (hello.auth != NULL && !authenticate(ctx, hello.auth[0], hello.auth[1])) return;
    if (!(client->flags & CLIENT_AUTHENTICATED)) {
        reply_error(ctx->reply,
                    "-NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                    "client and select the RESP protocol version at the same time");
        return;
    }
    if (hello.name != NULL) client_set_text(&client->name, *hello.name);
    if (hello.resp != 0) client->resp = ctx->reply->resp = (uint8_t)hello.resp;

    reply_map(ctx->reply, 7);
    reply_bulk_cstr(ctx->reply, "server");
    reply_bulk_cstr(ctx->reply, "redis");
    reply_bulk_cstr(ctx->reply, "version");
    reply_bulk_cstr(ctx->reply, SLIPRING_REDIS_VERSION);
    reply_bulk_cstr(ctx->reply, "proto");
    reply_int(ctx->reply, client->resp);
    reply_bulk_cstr(ctx->reply, "id");
    reply_int(ctx->reply, (int64_t)client->id);
    reply_bulk_cstr(ctx->reply, "mode");
    reply_bulk_cstr(ctx->reply, "standalone");
    reply_bulk_cstr(ctx->reply, "role");
    reply_bulk_cstr(ctx->reply, "master");
    reply_bulk_cstr(ctx->reply, "modules");
    reply_array(ctx->reply, 0);
}

/* RESET */
static void reset_run(struct cmd_ctx *ctx) {
    client_reset(session_of(ctx)->client);
    ctx->reply->resp = session_of(ctx)->client->resp;
    reply_status(ctx->reply, "RESET");
}

/* clang-format off */
static const char *const tips_all_shards_all_succeeded[] = {"request_policy:all_shards",
                                                            "response_policy:all_succeeded", NULL};
static const struct cmd_arg ping_syntax[] = {
    {.name = "message", .type = ARG_STRING, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg echo_syntax[] = {
    {.name = "message", .type = ARG_STRING},
};
static const struct cmd_arg select_syntax[] = {
    {.name = "index", .type = ARG_INTEGER},
};
static const char *const auth_history[] = {"6.0.0", "A user name may come before the password.",
                                           NULL};
static const struct cmd_arg auth_syntax[] = {
    {.name = "username", .type = ARG_STRING, .since = "6.0.0", .flags = ARG_OPTIONAL},
    {.name = "password", .type = ARG_STRING},
};
static const char *const hello_history[] = {
    "6.2.0", "The version may be left out: then only the properties are given.", NULL};
static const struct cmd_arg hello_syntax_arguments_username_password[] = {
    {.name = "username", .type = ARG_STRING},
    {.name = "password", .type = ARG_STRING},
};
static const struct cmd_arg hello_syntax_arguments[] = {
    {.name = "protover", .type = ARG_INTEGER},
    {.name = "username_password",
     .type = ARG_BLOCK,
     .token = "AUTH",
     .flags = ARG_OPTIONAL,
     .args = hello_syntax_arguments_username_password,
     .args_count = ARRAY_COUNT(hello_syntax_arguments_username_password)},
    {.name = "clientname", .type = ARG_STRING, .token = "SETNAME", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg hello_syntax[] = {
    {.name = "arguments",
     .type = ARG_BLOCK,
     .flags = ARG_OPTIONAL,
     .args = hello_syntax_arguments,
     .args_count = ARRAY_COUNT(hello_syntax_arguments)},
};

static const struct cmd_def connection_cmds[] = {
    {.name = "ping",
     .run = ping_run,
     .arity = -1,
     .flags = CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Answers PONG, or the message it was given.",
     .tips = tips_all_shards_all_succeeded,
     CMD_SYNTAX(ping_syntax)},
    {.name = "echo",
     .run = echo_run,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives its argument back.",
     CMD_SYNTAX(echo_syntax)},
    {.name = "select",
     .run = select_run,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Chooses the database of this connection.",
     CMD_SYNTAX(select_syntax)},
    {.name = "quit",
     .run = quit_run,
     .arity = -1,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Closes the connection after the reply."},
    {.name = "auth",
     .run = auth_run,
     .arity = -2,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "1.0.0",
     .complexity = "O(N), N passwords of the user",
     .summary = "Proves who the client is.",
     .history = auth_history,
     CMD_SYNTAX(auth_syntax)},
    {.name = "hello",
     .run = hello_run,
     .arity = -1,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Agrees on the protocol version; may authenticate and name the connection as well.",
     .history = hello_history,
     CMD_SYNTAX(hello_syntax)},
    {.name = "reset",
     .run = reset_run,
     .arity = 1,
     .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
     .categories = CATEGORY_CONNECTION,
     .scope = SCOPE_CONN,
     .group = "connection",
     .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Puts the connection back into the state of a new one."},
};
/* clang-format on */

const struct cmd_family cmd_family_connection = {"connection", connection_cmds,
                                                 ARRAY_COUNT(connection_cmds)};
