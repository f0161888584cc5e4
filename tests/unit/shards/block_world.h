#pragma once
/* A node with a family of commands that block, as small as can be: a key's value is a string
 * whose characters are elements.
 *   tpush key chars                        puts them at the end; ":len"
 *   tpop key [key ...] deadline            takes the first of the first key that has some: key and element; the deadline is absolute, in
 *                                          ms, 0 for none
 *   tmove from to deadline                 takes the first of `from`, puts it at the end of `to`: the element. It needs both
 *   twatch key deadline                    "gone" once the key is not there any more
 * An element "!" is of the wrong type for tpop: it waits on. */
#include "core/cmd_families.h"
#include "core/number.h"
#include "shards/block.h"
#include "shards/families.h"
#include "tests/unit/shards/node_world.h"

enum { ELEMENTS_MAX = 4096 };

static inline size_t elements_read(struct cmd_ctx *ctx, const struct key *key, char *elements,
                                   struct entry **entry) {
    char scratch[ENTRY_SCRATCH_BYTES];

    *entry = cmd_find_write(ctx, key);
    if (*entry == NULL) return 0;
    struct slice value = entry_string(*entry, scratch);
    cr_assert(value.len <= ELEMENTS_MAX);
    memcpy(elements, value.data, value.len);
    return value.len;
}

static inline void elements_write(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                                  const char *elements, size_t count) {
    if (count == 0) {
        keyspace_delete(ctx->keyspace, ctx->db, key, entry);
        cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
        return;
    }
    entry = keyspace_put_string(ctx->keyspace, ctx->db, key, entry, slice_of(elements, count),
                                STRING_RAW, EXPIRE_NONE, 0);
    cr_assert(entry != NULL);
    cmd_changed(ctx, EVENT_LIST, "push", ctx->db, key->name);
}

/* False: there is none, or one of the wrong type. */
static inline bool element_take(struct cmd_ctx *ctx, const struct key *key, char *element) {
    char elements[ELEMENTS_MAX];
    struct entry *entry;
    size_t count = elements_read(ctx, key, elements, &entry);

    if (count == 0 || elements[0] == '!') return false;
    *element = elements[0];
    elements_write(ctx, key, entry, elements + 1, count - 1);
    return true;
}

static inline size_t elements_append(struct cmd_ctx *ctx, const struct key *key,
                                     struct slice added) {
    char elements[ELEMENTS_MAX];
    struct entry *entry;
    size_t count = elements_read(ctx, key, elements, &entry);

    cr_assert(count + added.len <= ELEMENTS_MAX);
    memcpy(elements + count, added.data, added.len);
    elements_write(ctx, key, entry, elements, count + added.len);
    return count + added.len;
}

static void tpush_run(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    reply_int(ctx->reply, (int64_t)elements_append(ctx, &key, ctx->args[2]));
}

static uint64_t deadline_arg(struct cmd_ctx *ctx) {
    int64_t deadline = 0;
    cr_assert(number_parse_int64(ctx->args[ctx->args_count - 1], &deadline));
    return (uint64_t)deadline;
}

static void tpop_run(struct cmd_ctx *ctx) {
    uint32_t keys[32], count = 0;
    char element;

    for (uint32_t i = 1; i + 1 < ctx->args_count; i++) {
        keys[count++] = i;
        if (ctx->wake_arg != 0 && ctx->wake_arg != i) continue;
        struct key key = cmd_key(ctx, i);
        if (!element_take(ctx, &key, &element)) continue;
        reply_array(ctx->reply, 2);
        reply_bulk(ctx->reply, key.name);
        reply_bulk(ctx->reply, slice_of(&element, 1));
        return;
    }
    cmd_block(ctx, &(struct cmd_block){.keys = keys,
                                       .keys_count = count,
                                       .deadline_unix_ms = deadline_arg(ctx),
                                       .timeout_reply = BLOCK_TIMEOUT_NULL_ARRAY});
}

static void tmove_run(struct cmd_ctx *ctx) {
    struct key from = cmd_key(ctx, 1), to = cmd_key(ctx, 2);
    char element;

    if (element_take(ctx, &from, &element)) {
        elements_append(ctx, &to, slice_of(&element, 1));
        reply_bulk(ctx->reply, slice_of(&element, 1));
        return;
    }
    cmd_block(ctx, &(struct cmd_block){.keys = (uint32_t[]){1},
                                       .keys_count = 1,
                                       .deadline_unix_ms = deadline_arg(ctx),
                                       .needs_all_keys = true,
                                       .timeout_reply = BLOCK_TIMEOUT_NULL});
}

static void twatch_run(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);

    if (cmd_find_write(ctx, &key) == NULL) {
        reply_status(ctx->reply, "gone");
        return;
    }
    cmd_block(ctx, &(struct cmd_block){.keys = (uint32_t[]){1},
                                       .keys_count = 1,
                                       .deadline_unix_ms = deadline_arg(ctx),
                                       .wakes_without_key = true,
                                       .timeout_reply = BLOCK_TIMEOUT_NULL});
}

/* clang-format off */
static const struct cmd_def block_cmds[] = {
    {.name = "tpush", .run = tpush_run, .arity = 3, .flags = CMD_WRITE, .scope = SCOPE_KEYS, .group = "list", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Puts.", .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT)},
    {.name = "tpop", .run = tpop_run, .arity = -3, .flags = CMD_WRITE | CMD_BLOCKING, .scope = SCOPE_KEYS, .group = "list", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Takes.",
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS, .begin_index = 1, .last = -2, .step = 1}}, .keys_count = 1},
    {.name = "tmove", .run = tmove_run, .arity = 4, .flags = CMD_WRITE | CMD_BLOCKING, .scope = SCOPE_KEYS, .group = "list", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Moves.",
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS, .begin_index = 1, .last = 1, .step = 1}}, .keys_count = 1},
    {.name = "twatch", .run = twatch_run, .arity = 3, .flags = CMD_READONLY | CMD_BLOCKING, .scope = SCOPE_KEYS, .group = "list", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Waits for the end.", .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS)},
};
/* clang-format on */
static const struct cmd_family block_family = {"block", block_cmds, ARRAY_COUNT(block_cmds)};

static inline void block_world_init(struct world *world, unsigned shards_count, bool may_lend) {
    const struct cmd_family *families[64];
    size_t count = 0;

    world_init(world, shards_count, may_lend);
    for (; count < cmd_families_core_count; count++) families[count] = cmd_families_core[count];
    families[count++] = &cmd_family_client;
    families[count++] = &cmd_family_connection;
    families[count++] = &block_family;
    cmd_table_free(world->node->cmds);
    world->node->cmds = cmd_table_new(families, count);
    for (unsigned i = 0; i < shards_count; i++) {
        shard_stats_deinit(&world->shards[i]->stats);
        shard_stats_init(&world->shards[i]->stats, cmd_table_count(world->node->cmds));
    }
}

static inline void block_world_deinit(struct world *world) {
    cr_assert(eq(u32, atomic_load(&world->node->blocked_count), 0), "nobody is left blocked");
    cr_assert(eq(u32, atomic_load(&world->node->blocking_keys_count), 0), "no queue is left");
    cr_assert(eq(u32, atomic_load(&world->node->blocking_keys_on_nokey_count), 0));
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++)
        cr_assert(store_slot_blocked_data(world->node->store, slot) == NULL);
    for (unsigned i = 0; i < world->node->shards_count; i++) {
        block_timers_check(&world->shards[i]->block.timers);
        cr_assert(eq(u32, world->shards[i]->block.timers.count, 0));
    }
    world_deinit(world);
}
