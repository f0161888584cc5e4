/* cmd_dump.c - DUMP and RESTORE: a value as bytes that other servers understand, and back. The
 * payload says the oldest version that can hold the value, so that Redis 7.0 can restore what it
 * knows. */
#include "core/cmd_families.h"
#include "core/crc64.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/rdb_decode.h"
#include "core/rdb_encode.h"

enum { CRC_BYTES = 8 };

/* DUMP key -> the payload, or null. */
static void dump(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (entry == NULL) {
        reply_null(ctx->reply);
        return;
    }
    struct rdb_writer writer = {.version = rdb_encode_version(entry, RDB_VERSION_7_0),
                                .compresses = true};
    const char version[2] = {(char)writer.version, (char)(writer.version >> 8)};
    rdb_encode_value(&writer, entry);
    rdb_write_bytes(&writer, slice_of(version, sizeof version));
    rdb_write_uint64(&writer, crc64(0, slice_of(writer.data, writer.len)));
    if (writer.is_failed)
        reply_no_memory(ctx->reply);
    else
        reply_bulk(ctx->reply, slice_of(writer.data, writer.len));
    rdb_writer_deinit(&writer);
}

/* ---- RESTORE ---- */

struct restore_options {
    bool replace, is_absolute;
    int64_t idle_seconds, frequency; /* -1: not said */
};

static bool options_parse(struct cmd_ctx *ctx, struct restore_options *options) {
    *options = (struct restore_options){.idle_seconds = -1, .frequency = -1};
    for (size_t i = 4; i < ctx->args_count; i++) {
        bool has_more = i + 1 < ctx->args_count;

        if (cmd_arg_is(ctx, i, "replace")) {
            options->replace = true;
        } else if (cmd_arg_is(ctx, i, "absttl")) {
            options->is_absolute = true;
        } else if (cmd_arg_is(ctx, i, "idletime") && has_more && options->frequency == -1) {
            if (!cmd_arg_int64(ctx, ++i, &options->idle_seconds, NULL)) return false;
            if (options->idle_seconds < 0) {
                reply_error(ctx->reply, "Invalid IDLETIME value, must be >= 0");
                return false;
            }
        } else if (cmd_arg_is(ctx, i, "freq") && has_more && options->idle_seconds == -1) {
            if (!cmd_arg_int64(ctx, ++i, &options->frequency, NULL)) return false;
            if (options->frequency < 0 || options->frequency > 255) {
                reply_error(ctx->reply, "Invalid FREQ value, must be >= 0 and <= 255");
                return false;
            }
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

/* The version is one we know, the checksum is right. */
static bool payload_is_sound(struct slice payload, uint16_t *version) {
    uint64_t crc;

    if (payload.len < RDB_FOOTER_BYTES) return false;
    const unsigned char *footer = (const unsigned char *)payload.data + payload.len -
                                  RDB_FOOTER_BYTES;
    *version = (uint16_t)(footer[0] | footer[1] << 8);
    if (*version > RDB_VERSION_8_0 && *version != RDB_VERSION_VALKEY_9) return false;
    memcpy(&crc, footer + 2, sizeof crc);
    return crc64(0, slice_of(payload.data, payload.len - CRC_BYTES)) == crc;
}

/* False: the error is written. */
static bool payload_decode(struct cmd_ctx *ctx, struct rdb_value *value) {
    struct slice payload = ctx->args[3];
    struct rdb_decode_env env = {.settings = ctx->settings,
                                 .origin = keyspace_dict_origin(ctx->keyspace)};
    uint8_t type;

    if (!payload_is_sound(payload, &env.version)) {
        reply_error(ctx->reply, "DUMP payload version or checksum are wrong");
        return false;
    }
    struct rdb_reader reader = rdb_reader_of(
        slice_of(payload.data, payload.len - RDB_FOOTER_BYTES));
    enum rdb_result result = rdb_read_byte(&reader, &type)
                                 ? rdb_decode_value(&reader, type, &env, value)
                                 : RDB_BAD;
    if (result == RDB_NO_MEMORY)
        reply_no_memory(ctx->reply);
    else if (result != RDB_OK)
        reply_error(ctx->reply, "Bad data format");
    return result == RDB_OK;
}

/* The deadline has passed before the key was there: what was there goes. */
static void restore_expired(struct cmd_ctx *ctx, const struct key *key, struct entry *entry_old) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};

    if (entry_old != NULL) {
        cmd_delete(ctx, ctx->db, key, entry_old);
        cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
        cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    }
    reply_ok(ctx->reply);
}

/* What is logged says when, not how long. */
static void effect_absolute(struct cmd_ctx *ctx, uint64_t expire_at_unix_ms) {
    struct slice *effect = mem_must((ctx->args_count + 1) * sizeof *effect);
    char number[NUMBER_INT64_BYTES_MAX];

    memcpy(effect, ctx->args, ctx->args_count * sizeof *effect);
    effect[2] = slice_of(number, number_print_uint64(number, expire_at_unix_ms));
    effect[ctx->args_count] = SLICE_LITERAL("ABSTTL");
    cmd_effect(ctx, effect, ctx->args_count + 1);
    mem_free(effect);
}

static uint32_t access_of(const struct cmd_ctx *ctx, const struct restore_options *options) {
    if (ctx->settings->lfu_policy && options->frequency >= 0)
        return cmd_access_from_frequency(ctx, (unsigned)options->frequency);
    if (!ctx->settings->lfu_policy && options->idle_seconds >= 0)
        return cmd_access_from_idle(ctx, (uint64_t)options->idle_seconds);
    return cmd_access_now(ctx);
}

/* RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] */
static void restore(struct cmd_ctx *ctx) {
    struct restore_options options;
    struct rdb_value value;
    uint64_t expire_at_unix_ms;
    int64_t ttl;

    if (!options_parse(ctx, &options)) return;
    struct key key = cmd_key(ctx, 1);
    struct entry *entry_old = cmd_find_write(ctx, &key);
    if (!options.replace && entry_old != NULL) {
        reply_error(ctx->reply, "-BUSYKEY Target key name already exists.");
        return;
    }
    if (!cmd_arg_int64(ctx, 2, &ttl, NULL)) return;
    if (ttl < 0) {
        reply_error(ctx->reply, "Invalid TTL value, must be >= 0");
        return;
    }
    if (!payload_decode(ctx, &value)) return;
    int64_t when = ttl;
    bool is_too_far = ttl != 0 && !options.is_absolute &&
                      __builtin_add_overflow(ttl, (int64_t)ctx->now_unix_ms, &when);
    if (is_too_far || (when != 0 && when <= (int64_t)ctx->now_unix_ms)) {
        rdb_value_deinit(&value);
        restore_expired(ctx, &key, entry_old);
        return;
    }
    expire_at_unix_ms = when == 0 ? EXPIRE_NONE : (uint64_t)when;
    if (rdb_value_put(&value, ctx->keyspace, ctx->db, &key, entry_old, expire_at_unix_ms,
                      access_of(ctx, &options)) == NULL) {
        rdb_value_deinit(&value);
        reply_no_memory(ctx->reply);
        return;
    }
    cmd_event(ctx, EVENT_NEW, "new", ctx->db, key.name);
    cmd_changed(ctx, EVENT_GENERIC, "restore", ctx->db, key.name);
    if (expire_at_unix_ms != EXPIRE_NONE && !options.is_absolute)
        effect_absolute(ctx, expire_at_unix_ms);
    reply_ok(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg dump_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg restore_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "ttl", .type = ARG_INTEGER},
    {.name = "serialized-value", .type = ARG_STRING},
    {.name = "replace", .type = ARG_PURE_TOKEN, .token = "REPLACE", .since = "3.0.0", .flags = ARG_OPTIONAL},
    {.name = "absttl", .type = ARG_PURE_TOKEN, .token = "ABSTTL", .since = "5.0.0", .flags = ARG_OPTIONAL},
    {.name = "seconds", .type = ARG_INTEGER, .token = "IDLETIME", .since = "5.0.0", .flags = ARG_OPTIONAL},
    {.name = "frequency", .type = ARG_INTEGER, .token = "FREQ", .since = "5.0.0", .flags = ARG_OPTIONAL},
};
static const char *const dump_tips[] = {"nondeterministic_output", NULL};
static const char *const restore_history[] = {
    "3.0.0", "Got REPLACE.", "5.0.0", "Got ABSTTL.", "5.0.0", "Got IDLETIME and FREQ.", NULL};

static const struct cmd_def dump_cmds[] = {
    {.name = "dump", .run = dump, .arity = 2, .flags = CMD_READONLY, .categories = CATEGORY_KEYSPACE,
     .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "generic", .since = "2.6.0",
     .complexity = "O(1) to find the key, O(N*M) to write its N elements of M bytes on average.",
     .summary = "Gives a key's value as bytes that RESTORE takes, here or on another server.",
     .tips = dump_tips, CMD_SYNTAX(dump_syntax)},
    {.name = "restore", .run = restore, .arity = -4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .keys = CMD_KEYS_ONE(CMD_KEY_OW | CMD_KEY_UPDATE),
     .group = "generic", .since = "2.6.0",
     .complexity = "O(1) to make the key, O(N*M) to read its N elements of M bytes on average, O(N*M*log(N)) for a sorted set.",
     .summary = "Makes a key of what DUMP gave.", .history = restore_history, CMD_SYNTAX(restore_syntax)},
};
/* clang-format on */
const struct cmd_family cmd_family_dump = {"dump", dump_cmds, ARRAY_COUNT(dump_cmds)};
