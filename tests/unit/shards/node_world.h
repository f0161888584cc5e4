#pragma once
/* A node whose shards have no event loop and no threads of their own: a test plays each shard's
 * thread by its turns, in the order it wants, or gives each a thread. Clients are fed bytes and
 * their replies read where the socket would take them.
 *
 * What only a loop has is missing: nobody sleeps (so no doorbell is rung), nothing is sent. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "core/mem.h"
#include "shards/batch.h"
#include "shards/config_apply.h"
#include "shards/expire.h"
#include "shards/messages.h"
#include "shards/tx.h"

enum {
    WORLD_KEYS_COUNT = 8,
    WORLD_KEY_BYTES = 16,
    WORLD_SHARDS_MAX = 8,
    WORLD_TEXT_BYTES = 64 * 1024
};

struct world {
    struct node *node;
    struct logger logger;
    struct shard **shards; /* the node's */
    /* names by shard, all of different slots */
    char keys[WORLD_SHARDS_MAX][WORLD_KEYS_COUNT][WORLD_KEY_BYTES];
};

static inline void world_find_keys(struct world *world) {
    unsigned found[WORLD_SHARDS_MAX] = {0};
    static _Thread_local bool is_taken[SLOTS_COUNT];

    memset(is_taken, 0, sizeof is_taken);
    for (unsigned number = 0, left = world->node->shards_count * WORLD_KEYS_COUNT; left > 0;
         number++) {
        char name[WORLD_KEY_BYTES];
        (void)snprintf(name, sizeof name, "k%u", number);
        unsigned slot = key_slot(slice_from_cstr(name)),
                 shard_index = world->node->slot_shard[slot];
        if (is_taken[slot] || found[shard_index] == WORLD_KEYS_COUNT) continue;
        is_taken[slot] = true;
        memcpy(world->keys[shard_index][found[shard_index]++], name, sizeof name);
        left--;
    }
}

static inline void world_init(struct world *world, unsigned shards_count, bool may_lend) {
    struct config *config = config_new_defaults();
    struct logger_options options = {.file = "/dev/null", .level = LOG_LEVEL_WARNING, .role = 'M'};

    memset(world, 0, sizeof *world);
    cr_assert(shards_count <= WORLD_SHARDS_MAX);
    cr_assert(eq(int, logger_init(&world->logger, &options), 0));
    config->shards = shards_count;
    config->lend_sleeping_shards = may_lend;
    config->slowlog_log_slower_than = -1;
    world->node = node_new(config, &world->logger, "test");
    world->shards = world->node->shards;
    for (unsigned i = 0; i < shards_count; i++) {
        struct shard *shard = world->shards[i];
        struct keyspace_hooks hooks = {.deadline_sooner = expire_deadline_sooner, .owner = shard};
        shard->keyspace = keyspace_new(world->node->store, &hooks);
        shard_settings_from_config(shard);
        shard->now_unix_ms = clock_unix_ms();
    }
    world_find_keys(world);
}

static inline void world_deinit(struct world *world) {
    for (unsigned i = 0; i < world->node->shards_count; i++) {
        cr_assert(eq(u32, world->shards[i]->reserved_slots_count, 0), "nothing stays reserved");
        cr_assert(eq(u64, world->shards[i]->tokens_held, world->node->shards_count == 1 ? 1 : 0));
        alarms_check(&world->shards[i]->alarms);
        while (keyspace_garbage_count(world->shards[i]->keyspace) > 0) {
            keyspace_garbage_step(world->shards[i]->keyspace, 1000);
        }
    }
    node_free(world->node);
    logger_deinit(&world->logger);
}

/* ---- Turns ---- */

/* In place of sending: replies stay where world_replies() finds them. */
static inline void world_drop_dirty(struct shard *shard) {
    for (struct client *client = shard->dirty_head; client != NULL; client = client->dirty_next) {
        client->flags &= ~(uint32_t)CLIENT_IS_DIRTY;
    }
    shard->dirty_head = shard->dirty_tail = NULL;
}

/* What shard.c does in a turn, less the kernel. */
static inline void world_turn(struct shard *shard) {
    shard->now_unix_ms = clock_unix_ms();
    messages_drain_home(shard);
    if (atomic_load(&shard->slot_inbox) != 0 || atomic_load(&shard->tx_attention)) {
        if (token_acquire(shard, shard)) token_release(shard, shard);
    }
    if (shard->tx_deferred_head != NULL) tx_retry_deferred(shard);
    for (unsigned i = 0; i < 64 && batch_run(shard); i++) messages_flush(shard);
    messages_flush(shard);
    world_drop_dirty(shard);
}

static inline bool world_is_quiet(const struct shard *shard) {
    return shard->ready_head == NULL && shard->tx_deferred_head == NULL &&
           (shard->slot_out_mask | shard->home_out_mask) == 0 &&
           atomic_load(&shard->slot_inbox) == 0 && atomic_load(&shard->home_inbox) == 0 &&
           !atomic_load(&shard->tx_attention);
}

/* Turns of all shards, one after another, until nobody has anything to do. */
static inline void world_settle(struct world *world) {
    bool are_quiet = false;

    for (unsigned round = 0; round < 100000 && !are_quiet; round++) {
        are_quiet = true;
        for (unsigned i = 0; i < world->node->shards_count; i++) world_turn(world->shards[i]);
        for (unsigned i = 0; i < world->node->shards_count; i++)
            are_quiet = are_quiet && world_is_quiet(world->shards[i]);
    }
    cr_assert(are_quiet, "the shards never come to rest");
}

/* A shard's thread is busy with a long command of its own: nobody else gets the token, it looks
 * at no message. */
static inline void world_hold(struct shard *shard) {
    cr_assert(token_acquire(shard, shard));
}
static inline void world_unhold(struct shard *shard) {
    token_release(shard, shard);
}

/* ---- Clients ---- */

static inline struct client *world_client(struct shard *shard) {
    struct client *client = mem_must_zero(sizeof *client);

    client->home = shard;
    client->id = atomic_fetch_add(&shard->node->client_id_next, 1);
    client->flags = CLIENT_AUTHENTICATED;
    client->resp = 2;
    client->user = "default";
    resp_parser_init(&client->parser);
    return client;
}

static inline void world_client_free(struct client *client) {
    cr_assert(client->pending_head == NULL, "a reply is still owed");
    cr_assert(eq(u32, client->refs_count, 0));
    world_drop_dirty(client->home);
    if (client->inbuf != NULL) inbuf_release(client->inbuf);
    outbuf_clear(&client->out);
    resp_parser_deinit(&client->parser);
    mem_free(client);
}

/* Bytes come in; only when all input before was consumed. */
static inline void world_send_bytes(struct client *client, const char *bytes, size_t len) {
    struct inbuf *inbuf = mem_must(sizeof *inbuf + len);

    cr_assert(eq(sz, client->in_len, 0));
    *inbuf = (struct inbuf){.refs_count = 1, .len = len, .capacity = len};
    memcpy(inbuf->data, bytes, len);
    if (client->inbuf != NULL) inbuf_release(client->inbuf);
    client->inbuf = inbuf;
    client->in_data = inbuf->data;
    client->in_len = len;
    client_make_ready(client);
}

/* "SET k v\nGET k": words and lines, sent as multibulk requests in one pipeline. */
static inline void world_send(struct client *client, const char *lines) {
    char *bytes = malloc(strlen(lines) * 12 + 64);
    size_t len = 0;

    while (*lines != '\0') {
        size_t line_len = strcspn(lines, "\n"), words_count = 1;
        for (size_t i = 0; i < line_len; i++) words_count += lines[i] == ' ';
        len += (size_t)sprintf(bytes + len, "*%zu\r\n", words_count);
        for (size_t at = 0; words_count > 0; words_count--) {
            size_t word_len = strcspn(lines + at, " \n");
            len += (size_t)sprintf(bytes + len, "$%zu\r\n%.*s\r\n", word_len, (int)word_len,
                                   lines + at);
            at += word_len + 1;
        }
        lines += line_len + (lines[line_len] == '\n');
    }
    world_send_bytes(client, bytes, len);
    free(bytes);
}
__attribute__((format(printf, 2, 3))) static inline void world_sendf(struct client *client,
                                                                     const char *format, ...) {
    char lines[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(lines, sizeof lines, format, args);
    va_end(args);
    world_send(client, lines);
}

/* The replies since the last call, into `text` of WORLD_TEXT_BYTES. */
static inline const char *world_replies(struct client *client, char *text) {
    size_t len = 0;

    for (struct outbuf_chunk *chunk = client->out.head; chunk != NULL; chunk = chunk->next) {
        cr_assert(chunk->blob == NULL && len + chunk->len < WORLD_TEXT_BYTES);
        memcpy(text + len, chunk->data, chunk->len);
        len += chunk->len;
    }
    text[len] = '\0';
    outbuf_clear(&client->out);
    return text;
}

/* One request, settled, answered. */
__attribute__((format(printf, 4, 5))) static inline const char *
world_ask(struct world *world, struct client *client, char *text, const char *format, ...) {
    char lines[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(lines, sizeof lines, format, args);
    va_end(args);
    world_send(client, lines);
    world_settle(world);
    return world_replies(client, text);
}
