/* cmd_debug.c - DEBUG: what test-suites use. Redis has no rows for its sub-commands, and so have
 * we not. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/glob.h"
#include "core/mem.h"
#include "core/number.h"
#include "shards/cmd_debug_priv.h"
#include "shards/config_apply.h"
#include "shards/families.h"
#include "shards/gather.h"

enum { MATCH_BYTES_MAX = 1 << 20, NUMBER_BYTES_MAX = 64 };

/* Reads a number as C does: what is none is 0, as in Redis. */
static double loose_number(struct slice text) {
    char copy[NUMBER_BYTES_MAX];
    size_t len = text.len < sizeof copy ? text.len : sizeof copy - 1;

    memcpy(copy, text.data, len);
    copy[len] = '\0';
    return strtod(copy, NULL);
}

/* DEBUG SLEEP seconds: this shard's thread stands still, as the whole of Redis would; tests rely
 * on it. */
static void debug_sleep(struct cmd_ctx *ctx) {
    double seconds = loose_number(ctx->args[2]);

    if (seconds > 0 && seconds < 1e9) {
        struct timespec left = {.tv_sec = (time_t)seconds,
                                .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

        while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
    }
    reply_ok(ctx->reply);
}

static bool settings_each(struct gather *gather, struct shard *shard) {
    (void)gather;
    shard_settings_from_config(shard);
    return false;
}

static void settings_done(struct gather *gather, struct cmd_ctx *ctx) {
    (void)gather;
    reply_ok(ctx->reply);
}

/* Every shard takes over what was set. */
static const struct gather_ops settings_ops = {.each = settings_each, .done = settings_done};

/* DEBUG SET-ACTIVE-EXPIRE 0|1 */
static void debug_set_active_expire(struct cmd_ctx *ctx) {
    atomic_store(&session_of(ctx)->shard->node->active_expire, loose_number(ctx->args[2]) != 0);
    gather_start(ctx, &settings_ops);
}

/* DEBUG QUICKLIST-PACKED-THRESHOLD size: from so many bytes on an element of a list has a node
 * of its own; 0: as usual. */
static void debug_quicklist_packed_threshold(struct cmd_ctx *ctx) {
    const uint64_t max = (UINT64_C(1) << 32) - (UINT64_C(1) << 20);
    uint64_t bytes;

    if (!number_parse_memory(ctx->args[2], &bytes) || bytes > max) {
        reply_error(ctx->reply,
                    "argument must be a memory value bigger than 1 and smaller than 4gb");
        return;
    }
    atomic_store(&session_of(ctx)->shard->node->list_plain_min_bytes, (size_t)bytes);
    gather_start(ctx, &settings_ops);
}

/* DEBUG STRINGMATCH-LEN length pattern: is a text of so many 'a' matched? */
static void debug_stringmatch_len(struct cmd_ctx *ctx) {
    int64_t len;

    if (!cmd_arg_int64_range(ctx, 2, 0, MATCH_BYTES_MAX, &len, NULL)) return;
    char *text = mem_must((size_t)len + 1);
    memset(text, 'a', (size_t)len);
    reply_int(ctx->reply, glob_match(ctx->args[3], slice_of(text, (size_t)len), false));
    mem_free(text);
}

/* DEBUG LOG message */
static void debug_log(struct cmd_ctx *ctx) {
    log_write(session_of(ctx)->shard->node->logger, LOG_LEVEL_WARNING, "DEBUG LOG: %.*s",
              (int)ctx->args[2].len, ctx->args[2].data);
    reply_ok(ctx->reply);
}

/* DEBUG ERROR text: the text alone is the error, code and all. */
static void debug_error(struct cmd_ctx *ctx) {
    size_t len = ctx->args[2].len;
    char *text = mem_must(len + 1);

    text[0] = '-';
    memcpy(text + 1, ctx->args[2].data, len);
    reply_error_slice(ctx->reply, slice_of(text, len + 1));
    mem_free(text);
}

/* ---- DEBUG PROTOCOL: a sample of each type of reply ---- */

static void protocol_bignum(struct reply *reply) {
    static const char digits[] = "1234567999999999999999999999999999999";

    if (reply->resp < 3) {
        reply_bulk_cstr(reply, digits);
        return;
    }
    outbuf_append(reply->out, "(", 1);
    outbuf_append(reply->out, digits, sizeof digits - 1);
    outbuf_append(reply->out, "\r\n", 2);
}

static void protocol_attribute(struct reply *reply) {
    if (reply->resp >= 3) {
        reply_attribute(reply, 1);
        reply_bulk_cstr(reply, "key-popularity");
        reply_array(reply, 2);
        reply_bulk_cstr(reply, "key:123");
        reply_int(reply, 90);
    }
    reply_bulk_cstr(reply, "Some real reply following the attribute");
}

static void protocol_push(struct reply *reply) {
    if (reply->resp < 3) {
        reply_error(reply, "RESP2 is not supported by this command");
        return;
    }
    reply_push(reply, 2);
    reply_bulk_cstr(reply, "server-cpu-usage");
    reply_int(reply, 42);
    reply_bulk_cstr(reply, "Some real reply following the push reply");
}

static void protocol_map(struct reply *reply) {
    reply_map(reply, 3);
    for (int i = 0; i < 3; i++) {
        reply_int(reply, i);
        reply_bool(reply, i == 1);
    }
}

/* DEBUG PROTOCOL type */
static void debug_protocol(struct cmd_ctx *ctx) {
    struct reply *reply = ctx->reply;
    bool is_set = cmd_arg_is(ctx, 2, "set");

    if (cmd_arg_is(ctx, 2, "string")) {
        reply_bulk_cstr(reply, "Hello World");
    } else if (cmd_arg_is(ctx, 2, "integer")) {
        reply_int(reply, 12345);
    } else if (cmd_arg_is(ctx, 2, "double")) {
        reply_double(reply, 3.141);
    } else if (cmd_arg_is(ctx, 2, "null")) {
        reply_null(reply);
    } else if (is_set || cmd_arg_is(ctx, 2, "array")) {
        if (is_set)
            reply_set(reply, 3);
        else
            reply_array(reply, 3);
        for (int i = 0; i < 3; i++) reply_int(reply, i);
    } else if (cmd_arg_is(ctx, 2, "map")) {
        protocol_map(reply);
    } else if (cmd_arg_is(ctx, 2, "attrib")) {
        protocol_attribute(reply);
    } else if (cmd_arg_is(ctx, 2, "push")) {
        protocol_push(reply);
    } else if (cmd_arg_is(ctx, 2, "verbatim")) {
        reply_verbatim(reply, "txt", SLICE_LITERAL("This is a verbatim\nstring"));
    } else if (cmd_arg_is(ctx, 2, "true")) {
        reply_bool(reply, true);
    } else if (cmd_arg_is(ctx, 2, "false")) {
        reply_bool(reply, false);
    } else if (cmd_arg_is(ctx, 2, "bignum")) {
        protocol_bignum(reply);
    } else {
        reply_error(reply, "Wrong protocol type name. Please use one of the following: "
                           "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|"
                           "true|false");
    }
}

/* ---- What is not there ---- */

static void debug_no_persistence(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "snapshots and the append only file are not built yet");
}

static void debug_no_replication(struct cmd_ctx *ctx) {
    reply_error(ctx->reply, "replication is not built yet");
}

/* DEBUG HELP */
static void debug_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {
        "DIGEST",
        "    Give a signature of all keys.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Give a signature of the value of each key.",
        "ERROR <text>",
        "    Answer with this error.",
        "LOG <message>",
        "    Write a line to the log.",
        "OBJECT <key>",
        "    Show how the value of a key is stored.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Make keys <prefix>:<number> that do not exist yet.",
        "PROTOCOL "
        "(string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false)",
        "    Answer with a sample of this type.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    Give elements of lists from so many bytes on a node of their own; 0: as usual.",
        "RELOAD",
        "    Send every value through its RDB form and back.",
        "SET-ACTIVE-EXPIRE (0|1)",
        "    Turn the expiry of keys that nobody looks at off or on.",
        "SLEEP <seconds>",
        "    Stop the shard of this connection.",
        "STRINGMATCH-LEN <length> <pattern>",
        "    Match the pattern against so many times 'a'.",
        NULL};

    cmd_reply_help(ctx, lines);
}

/* ---- Dispatch ---- */

static bool is_allowed(const struct cmd_ctx *ctx) {
    const struct session *session = session_of(ctx);
    const struct client *client = session->client;

    switch ((enum config_permission)session->shard->config->enable_debug_command) {
    case CONFIG_PERMISSION_YES: return true;
    case CONFIG_PERMISSION_NO: return false;
    case CONFIG_PERMISSION_LOCAL:
        return (client->flags & CLIENT_UNIX_SOCKET) != 0 ||
               strncmp(client->address_peer, "127.", 4) == 0 ||
               strncmp(client->address_peer, "[::1]", 5) == 0;
    }
    return false;
}

/* DEBUG subcommand [arg ...] */
static void debug_run(struct cmd_ctx *ctx) {
    static const struct {
        const char *name;
        cmd_run *run;
        size_t args_min, args_max; /* the names counted */
    } subs[] = {
        {"help", debug_help, 2, 2},
        {"sleep", debug_sleep, 3, 3},
        {"object", debug_object, 3, 4},
        {"populate", debug_populate, 3, 5},
        {"digest", debug_digest, 2, 2},
        {"digest-value", debug_digest_value, 2, SIZE_MAX},
        {"set-active-expire", debug_set_active_expire, 3, 3},
        {"stringmatch-len", debug_stringmatch_len, 4, 4},
        {"log", debug_log, 3, 3},
        {"error", debug_error, 3, 3},
        {"protocol", debug_protocol, 3, 3},
        {"reload", debug_reload, 2, 2},
        {"loadaof", debug_no_persistence, 2, 2},
        {"change-repl-id", debug_no_replication, 2, 2},
        {"quicklist-packed-threshold", debug_quicklist_packed_threshold, 3, 3},
    };

    if (!is_allowed(ctx)) {
        reply_error(ctx->reply,
                    "DEBUG command not allowed. If the enable-debug-command option is set to "
                    "\"local\", you can run it from a local connection, otherwise you need to set "
                    "this option in the configuration file, and then restart the server.");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(subs); i++) {
        if (!cmd_arg_is(ctx, 1, subs[i].name)) continue;
        if (ctx->args_count < subs[i].args_min || ctx->args_count > subs[i].args_max) break;
        subs[i].run(ctx);
        return;
    }
    cmd_reply_subcommand_error(ctx);
}

/* clang-format off */

static const struct cmd_def debug_cmds[] = {
    {.name = "debug",
     .run = debug_run,
     .arity = -2,
     .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_PROTECTED,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "1.0.0",
     .complexity = "Depends on the sub-command",
     .summary = "Helpers for tests: groups its sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_debug = {"debug", debug_cmds, ARRAY_COUNT(debug_cmds)};
