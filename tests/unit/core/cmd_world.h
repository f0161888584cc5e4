#pragma once
/* A world for one command at a time: a store with one handle, a clock that stands, a recorder for
 * effects and events. For the tests of command handlers: world_run("SET", "k", "v") answers the
 * raw reply. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "core/cmd_families.h"

enum { WORLD_TEXT_BYTES = 1 << 16, WORLD_ARGS_MAX = 64 };
static const uint64_t WORLD_START_UNIX_MS = 1700000000000;

struct world {
    struct cmd_table *table;
    struct store *store;
    struct keyspace *keyspace;
    struct cmd_settings settings;
    struct cmd_counters counters;
    uint64_t now_unix_ms;
    unsigned db;
    uint8_t resp;
    bool no_touch;
    bool can_block; /* else cmd_block() answers as in a transaction */
    uint32_t wake_arg; /* for the next commands: they run as if that key had woken them */
    /* Of the last command. */
    char blocked[256]; /* "1 2 all @deadline": the keys it waits for; empty: it does not */
    char reply[WORLD_TEXT_BYTES];
    char effects[WORLD_TEXT_BYTES]; /* "SET k v;DEL k;" */
    char events[WORLD_TEXT_BYTES]; /* "new:k set:k " */
    bool is_changed, is_effect_emitted;
};

static void world_emit(void *owner, unsigned db, const struct slice *args, size_t args_count) {
    struct world *world = owner;
    size_t at = strlen(world->effects);

    if (db != world->db) at += (size_t)sprintf(world->effects + at, "[%u]", db);
    for (size_t i = 0; i < args_count; i++)
        at += (size_t)sprintf(world->effects + at, "%s%.*s", i > 0 ? " " : "", (int)args[i].len,
                              args[i].data);
    sprintf(world->effects + at, ";");
}

static void world_notify(void *owner, enum event_class event_class, const char *event, unsigned db,
                         struct slice key) {
    struct world *world = owner;
    size_t at = strlen(world->events);

    (void)event_class;
    sprintf(world->events + at, "%s%s:%.*s", at > 0 ? " " : "", event, (int)key.len, key.data);
    if (db != world->db) sprintf(world->events + strlen(world->events), "@%u", db);
}

static void world_block(void *owner, struct cmd_ctx *ctx, const struct cmd_block *block) {
    struct world *world = owner;
    size_t at = 0;

    (void)ctx;
    for (size_t i = 0; i < block->keys_count; i++)
        at += (size_t)sprintf(world->blocked + at, "%s%u", i > 0 ? " " : "", block->keys[i]);
    if (block->needs_all_keys) at += (size_t)sprintf(world->blocked + at, " all");
    if (block->deadline_unix_ms != 0)
        sprintf(world->blocked + at, " @%llu",
                (unsigned long long)(block->deadline_unix_ms - world->now_unix_ms));
}

static struct world *world_new(void) {
    struct world *world = calloc(1, sizeof *world);

    world->table = cmd_table_new(cmd_families_core, cmd_families_core_count);
    world->now_unix_ms = WORLD_START_UNIX_MS;
    world->store = store_new(16, 42, world->now_unix_ms);
    world->keyspace = keyspace_new(world->store, NULL);
    world->settings = (struct cmd_settings){.proto_max_bulk_len = 512 << 20,
                                            .databases_count = 16,
                                            .lfu_log_factor = 10,
                                            .lfu_decay_minutes = 1,
                                            .active_expire = true};
    world->resp = 2;
    return world;
}

static void world_free(struct world *world) {
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) keyspace_slot_check(world->keyspace, slot);
    while (keyspace_garbage_step(world->keyspace, 1000)) continue;
    keyspace_free(world->keyspace);
    store_free(world->store);
    cmd_table_free(world->table);
    free(world);
}

/* The bytes of an outbuf as text; the outbuf is empty then. */
static size_t world_drain(struct outbuf *out, char *text, size_t text_bytes) {
    struct iovec iov[256];
    size_t bytes, len = 0, count = outbuf_iov(out, iov, 256, &bytes);

    cr_assert(eq(sz, bytes, out->bytes));
    cr_assert(lt(sz, bytes, text_bytes));
    for (size_t i = 0; i < count; i++) {
        memcpy(text + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    text[len] = '\0';
    outbuf_clear(out);
    return len;
}

/* Runs what the arguments say as dispatch would, effects of a plain command included. */
static const char *world_run_slices(struct world *world, const struct slice *args, size_t count) {
    static const struct effect_sink no_effects;
    struct effect_sink effects = no_effects;
    struct event_sink events = {world_notify, world};
    const struct block_sink blocking = {.block = world_block, .owner = world};
    struct cmd_key_pos positions[WORLD_ARGS_MAX];
    struct outbuf out;
    struct reply reply = {.out = &out, .resp = world->resp};
    const struct cmd *parent, *cmd = cmd_table_resolve(world->table, args, count, &parent);

    effects.emit = world_emit;
    effects.owner = world;
    outbuf_init(&out);
    cr_assert(cmd != NULL, "no such command");
    cr_assert(cmd_arity_is_ok(cmd, count), "arity");
    struct cmd_ctx ctx = {.cmd = cmd,
                          .args = args,
                          .args_count = count,
                          .keyspace = world->keyspace,
                          .db = world->db,
                          .now_unix_ms = world->now_unix_ms,
                          .reply = &reply,
                          .settings = &world->settings,
                          .counters = &world->counters,
                          .effects = &effects,
                          .events = &events,
                          .random_bits = 7,
                          .blocking = world->can_block ? &blocking : NULL,
                          .wake_arg = world->wake_arg,
                          .no_touch = world->no_touch};
    if (cmd_keys(cmd, args, count, positions, WORLD_ARGS_MAX) > 0)
        ctx.key_first = key_make(world->store, args[positions[0].index]);
    world->effects[0] = world->events[0] = world->blocked[0] = '\0';
    cmd->def->run(&ctx);
    if (ctx.is_changed && !ctx.is_effect_emitted) world_emit(world, world->db, args, count);
    world->is_changed = ctx.is_changed;
    world->is_effect_emitted = ctx.is_effect_emitted;
    world_drain(&out, world->reply, sizeof world->reply);
    return world->reply;
}

static const char *world_run_text(struct world *world, ...) {
    struct slice args[WORLD_ARGS_MAX];
    size_t count = 0;
    va_list list;

    va_start(list, world);
    for (const char *text; (text = va_arg(list, const char *)) != NULL;)
        args[count++] = slice_from_cstr(text);
    va_end(list);
    return world_run_slices(world, args, count);
}
#define RUN(...) world_run_text(world, __VA_ARGS__, NULL)
#define EXPECT(expected, ...) cr_expect(eq(str, (char *)RUN(__VA_ARGS__), (char *)(expected)))
#define EXPECT_EFFECTS(expected) cr_expect(eq(str, (char *)world->effects, (char *)(expected)))
#define EXPECT_EVENTS(expected) cr_expect(eq(str, (char *)world->events, (char *)(expected)))
#define EXPECT_BLOCKED(expected) cr_expect(eq(str, (char *)world->blocked, (char *)(expected)))
