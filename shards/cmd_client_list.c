/* cmd_client_list.c - CLIENT LIST: every shard describes its clients, a part per turn; then all
 * lines are put in order of their ids. */
#include <stdlib.h>

#include "core/mem.h"
#include "core/number.h"
#include "shards/cmd_client_priv.h"
#include "shards/gather.h"
#include "shards/text.h"

enum { CLIENTS_PER_TURN = 512, LINE_BYTES_MAX = 8192 };

struct list_line {
    uint64_t id;
    size_t offset, len;
    const struct text *text;
};

struct list_state { /* shared, read only */
    bool has_type;
    enum client_type type;
    int64_t *ids; /* NULL: all */
    size_t ids_count;
};

struct list_part { /* one shard's */
    bool is_started;
    uint64_t *ids; /* of the clients to describe, ascending */
    size_t ids_count, ids_done;
    struct list_line *lines;
    size_t lines_count;
    struct text text;
};

static int compare_ids(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;

    return one < two ? -1 : one > two;
}

static int compare_lines(const void *a, const void *b) {
    return compare_ids(&((const struct list_line *)a)->id, &((const struct list_line *)b)->id);
}

/* ---- Types ---- */

bool client_type_parse(struct cmd_ctx *ctx, size_t index, enum client_type *type) {
    static const struct {
        const char *name;
        enum client_type type;
    } names[] = {
        {"normal", CLIENT_TYPE_NORMAL},   {"slave", CLIENT_TYPE_REPLICA},
        {"replica", CLIENT_TYPE_REPLICA}, {"pubsub", CLIENT_TYPE_PUBSUB},
        {"master", CLIENT_TYPE_MASTER},   {"primary", CLIENT_TYPE_MASTER},
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!cmd_arg_is(ctx, index, names[i].name)) continue;
        *type = names[i].type;
        return true;
    }
    reply_error_format(ctx->reply, "Unknown client type '%.*s'", (int)ctx->args[index].len,
                       ctx->args[index].data);
    return false;
}

enum client_type client_type_of(const struct client *client) {
    (void)client;
    return CLIENT_TYPE_NORMAL;
}

/* ---- On each shard ---- */

static bool is_wanted(const struct list_state *state, const struct client *client) {
    if (client->flags & CLIENT_CLOSING) return false;
    if (state->has_type && client_type_of(client) != state->type) return false;
    if (state->ids == NULL) return true;
    for (size_t i = 0; i < state->ids_count; i++) {
        if (state->ids[i] == (int64_t)client->id) return true;
    }
    return false;
}

static void start(const struct list_state *state, struct list_part *part, struct shard *shard) {
    size_t count = 0, capacity = 0;

    for (const struct client *client = shard->clients; client != NULL; client = client->next)
        capacity++;
    part->ids = mem_must((capacity + 1) * sizeof *part->ids);
    part->lines = mem_must((capacity + 1) * sizeof *part->lines);
    for (const struct client *client = shard->clients; client != NULL; client = client->next) {
        if (is_wanted(state, client)) part->ids[count++] = client->id;
    }
    qsort(part->ids, count, sizeof *part->ids, compare_ids);
    part->ids_count = count;
    part->is_started = true;
}

/* Clients may come and go between the turns: the next range of ids, whoever has one of them still. */
static bool list_each(struct gather *gather, struct shard *shard) {
    struct list_part *part = gather_part(gather, shard->index);

    if (!part->is_started) start(gather->state, part, shard);
    if (part->ids_done == part->ids_count) return false;
    size_t end = part->ids_done + CLIENTS_PER_TURN;
    if (end > part->ids_count) end = part->ids_count;
    uint64_t id_min = part->ids[part->ids_done], id_max = part->ids[end - 1];

    for (const struct client *client = shard->clients; client != NULL; client = client->next) {
        char line[LINE_BYTES_MAX];

        if (client->id < id_min || client->id > id_max) continue;
        if (!is_wanted(gather->state, client)) continue;
        size_t len = client_describe(client, shard->now_unix_ms, line, sizeof line - 1);
        line[len++] = '\n';
        SL_ASSERT(part->lines_count < part->ids_count);
        part->lines[part->lines_count++] = (struct list_line){
            .id = client->id, .offset = part->text.len, .len = len};
        text_append(&part->text, line, len);
    }
    part->ids_done = end;
    return end < part->ids_count;
}

/* ---- The answer ---- */

static void list_done(struct gather *gather, struct cmd_ctx *ctx) {
    size_t count = 0;
    struct text all = {0};

    for (unsigned i = 0; i < gather->shards_count; i++)
        count += ((struct list_part *)gather_part(gather, i))->lines_count;
    struct list_line *lines = mem_must((count + 1) * sizeof *lines);
    count = 0;
    for (unsigned i = 0; i < gather->shards_count; i++) {
        struct list_part *part = gather_part(gather, i);

        for (size_t j = 0; j < part->lines_count; j++) {
            lines[count] = part->lines[j];
            lines[count++].text = &part->text;
        }
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++)
        text_append(&all, lines[i].text->data + lines[i].offset, lines[i].len);
    reply_verbatim(ctx->reply, "txt", text_slice(&all));
    text_free(&all);
    mem_free(lines);
}

static void list_free(struct gather *gather) {
    mem_free(((struct list_state *)gather->state)->ids);
    for (unsigned i = 0; i < gather->shards_count; i++) {
        struct list_part *part = gather_part(gather, i);

        mem_free(part->ids);
        mem_free(part->lines);
        text_free(&part->text);
    }
}

static const struct gather_ops list_ops = {.each = list_each,
                                           .done = list_done,
                                           .free_state = list_free,
                                           .state_bytes = sizeof(struct list_state),
                                           .state_bytes_per_shard = sizeof(struct list_part)};

/* CLIENT LIST [TYPE type | ID id [id ...]] */
void client_list(struct cmd_ctx *ctx) {
    struct list_state state = {0};

    if (ctx->args_count == 4 && cmd_arg_is(ctx, 2, "type")) {
        state.has_type = true;
        if (!client_type_parse(ctx, 3, &state.type)) return;
    } else if (ctx->args_count > 3 && cmd_arg_is(ctx, 2, "id")) {
        state.ids_count = ctx->args_count - 3;
        state.ids = mem_must(state.ids_count * sizeof *state.ids);
        for (size_t i = 0; i < state.ids_count; i++) {
            if (cmd_arg_int64(ctx, i + 3, &state.ids[i], "Invalid client ID")) continue;
            mem_free(state.ids);
            return;
        }
    } else if (ctx->args_count != 2) {
        reply_syntax_error(ctx->reply);
        return;
    }
    struct gather *gather = gather_prepare(ctx, &list_ops);
    memcpy(gather->state, &state, sizeof state);
    gather_go(gather);
}
