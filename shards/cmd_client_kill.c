/* cmd_client_kill.c - CLIENT KILL: each shard closes those of its clients to which all filters
 * apply. The asker itself is closed only once it has its answer. */
#include "core/mem.h"
#include "shards/cmd_client_priv.h"
#include "shards/gather.h"

enum { FIELD_BYTES_MAX = 256 };

struct kill_state {
    bool is_old_form; /* KILL ip:port: answers OK or an error, and may hit the asker */
    bool skips_asker, has_type, has_address, has_local_address;
    enum client_type type;
    int64_t id, age_seconds_min; /* 0: any */
    char address[FIELD_BYTES_MAX], local_address[FIELD_BYTES_MAX];
};

struct kill_part {
    uint64_t killed_count;
    bool hits_asker;
};

static bool is_hit(const struct kill_state *state, const struct client *client,
                   uint64_t now_unix_ms) {
    if (client->flags & CLIENT_CLOSING) return false;
    if (state->has_address && strcmp(client->address_peer, state->address) != 0) return false;
    if (state->has_local_address && strcmp(client->address_local, state->local_address) != 0)
        return false;
    if (state->has_type && client_type_of(client) != state->type) return false;
    if (state->id != 0 && (int64_t)client->id != state->id) return false;
    if (state->age_seconds_min != 0) {
        uint64_t age_ms = now_unix_ms > client->created_unix_ms
                              ? now_unix_ms - client->created_unix_ms
                              : 0;

        if ((int64_t)(age_ms / 1000) < state->age_seconds_min) return false;
    }
    return true;
}

static bool kill_each(struct gather *gather, struct shard *shard) {
    const struct kill_state *state = gather->state;
    struct kill_part *part = gather_part(gather, shard->index);
    struct client *next;

    for (struct client *client = shard->clients; client != NULL; client = next) {
        next = client->next;
        if (!is_hit(state, client, shard->now_unix_ms)) continue;
        if (client->id == gather->client_id) {
            if (state->skips_asker) continue;
            part->hits_asker = true;
        } else {
            client_close(client);
        }
        part->killed_count++;
    }
    return false;
}

static void kill_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct kill_state *state = gather->state;
    struct client *client = session_of(ctx)->client;
    uint64_t killed_count = 0;
    bool hits_asker = false;

    for (unsigned i = 0; i < gather->shards_count; i++) {
        const struct kill_part *part = gather_part(gather, i);

        killed_count += part->killed_count;
        hits_asker |= part->hits_asker;
    }
    if (!state->is_old_form)
        reply_int(ctx->reply, (int64_t)killed_count);
    else if (killed_count > 0)
        reply_ok(ctx->reply);
    else
        reply_error(ctx->reply, "No such client");
    if (hits_asker && client != NULL) client_close_after_reply(client);
}

static const struct gather_ops kill_ops = {.each = kill_each,
                                           .done = kill_done,
                                           .state_bytes = sizeof(struct kill_state),
                                           .state_bytes_per_shard = sizeof(struct kill_part)};

/* An address longer than any that exists hits nobody. */
static void set_field(char dst[static FIELD_BYTES_MAX], struct slice text) {
    size_t len = text.len < FIELD_BYTES_MAX ? text.len : FIELD_BYTES_MAX - 1;

    if (memchr(text.data, '\0', len) != NULL) len = 0;
    memcpy(dst, text.data, len);
    dst[len] = '\0';
}

/* Reads option `index` and its value. False: the error is written. */
static bool parse_filter(struct cmd_ctx *ctx, size_t index, struct kill_state *state) {
    struct slice value = ctx->args[index + 1];

    if (cmd_arg_is(ctx, index, "id")) {
        const char *text = "client-id should be greater than 0";
        return cmd_arg_int64_range(ctx, index + 1, 1, INT64_MAX, &state->id, text);
    }
    if (cmd_arg_is(ctx, index, "maxage")) {
        int64_t seconds;

        if (!cmd_arg_int64(ctx, index + 1, &seconds, "maxage is not an integer or out of range"))
            return false;
        state->age_seconds_min = seconds;
        if (seconds <= 0) reply_error(ctx->reply, "maxage should be greater than 0");
        return seconds > 0;
    }
    if (cmd_arg_is(ctx, index, "type")) {
        state->has_type = true;
        return client_type_parse(ctx, index + 1, &state->type);
    }
    if (cmd_arg_is(ctx, index, "addr")) {
        state->has_address = true;
        set_field(state->address, value);
        return true;
    }
    if (cmd_arg_is(ctx, index, "laddr")) {
        state->has_local_address = true;
        set_field(state->local_address, value);
        return true;
    }
    if (cmd_arg_is(ctx, index, "user")) { /* there is one user, and everybody is it */
        if (slice_equal(value, SLICE_LITERAL("default"))) return true;
        reply_error_format(ctx->reply, "No such user '%.*s'", (int)value.len, value.data);
        return false;
    }
    if (cmd_arg_is(ctx, index, "skipme")) {
        state->skips_asker = cmd_arg_is(ctx, index + 1, "yes");
        if (state->skips_asker || cmd_arg_is(ctx, index + 1, "no")) return true;
    }
    reply_syntax_error(ctx->reply);
    return false;
}

/* CLIENT KILL ip:port | filter value [filter value ...] */
void client_kill(struct cmd_ctx *ctx) {
    struct kill_state state = {.skips_asker = true};

    if (ctx->args_count == 3) {
        state.is_old_form = state.has_address = true;
        state.skips_asker = false;
        set_field(state.address, ctx->args[2]);
    }
    for (size_t i = 2; !state.is_old_form && i < ctx->args_count; i += 2) {
        if (i + 1 == ctx->args_count) {
            reply_syntax_error(ctx->reply);
            return;
        }
        if (!parse_filter(ctx, i, &state)) return;
    }
    struct gather *gather = gather_prepare(ctx, &kill_ops);
    memcpy(gather->state, &state, sizeof state);
    gather_go(gather);
}
