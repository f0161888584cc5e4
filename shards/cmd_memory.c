/* cmd_memory.c - MEMORY: INFO memory's figures in other shapes, and PURGE. */
#include <inttypes.h>
#include <stdio.h>

#include "core/cmd_object.h"
#include "core/mem.h"
#include "shards/cmd_info_parts.h"
#include "shards/families.h"
#include "shards/gather.h"

enum {
    /* A key's share of its table, on average (core/segment.c): one word at a load of some 0.8,
     * half a word for a deadline. */
    TABLE_BYTES_PER_KEY = 10,
    TABLE_BYTES_PER_DEADLINE = 5,
    SMALL_BYTES = 5 << 20, /* less than that is too little to judge */
};

/* MEMORY USAGE key [SAMPLES count] */
static void memory_usage(struct cmd_ctx *ctx) {
    memory_usage_reply(ctx);
}

/* ---- STATS ---- */

static bool clients_each(struct gather *gather, struct shard *shard) {
    struct info_part *part = gather_part(gather, shard->index);

    for (const struct client *client = shard->clients; client != NULL; client = client->next)
        part->clients_bytes += client_memory_bytes(client);
    return false;
}

static void pair(struct reply *reply, const char *name, size_t value) {
    reply_bulk_cstr(reply, name);
    reply_int(reply, (int64_t)value);
}

static void pair_double(struct reply *reply, const char *name, double value) {
    reply_bulk_cstr(reply, name);
    reply_double(reply, value);
}

static double ratio(size_t a, size_t b) {
    return b > 0 ? (double)a / (double)b : 0;
}

/* "db.0" and its kind; returns how many. */
static size_t reply_databases(struct reply *reply, const struct node *node, int64_t *keys_count) {
    size_t count = 0;

    for (unsigned db = 0; db < store_databases_count(node->store); db++) {
        size_t keys = (size_t)info_keys_count(node, db);
        char name[32];

        if (keys == 0) continue;
        *keys_count += (int64_t)keys;
        snprintf(name, sizeof name, "db.%u", db);
        reply_bulk_cstr(reply, name);
        reply_map(reply, 3);
        pair(reply, "overhead.hashtable.main", keys * TABLE_BYTES_PER_KEY);
        pair(reply, "overhead.hashtable.expires",
             (size_t)info_expires_count(node, db) * TABLE_BYTES_PER_DEADLINE);
        pair(reply, "overhead.hashtable.slot-to-keys", 0);
        count++;
    }
    return count;
}

static void stats_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct node *node = session_of(ctx)->shard->node;
    struct info info = {.node = node, .parts = gather_part(gather, 0)};
    struct reply *reply = ctx->reply;
    size_t used = mem_used_bytes(), peak = mem_peak_bytes(), resident = info_resident_bytes();
    size_t startup = (size_t)atomic_load(&node->sampler.startup_bytes);
    size_t overhead = info_overhead_bytes(&info), pairs_count = 27;
    int64_t keys_count = 0;

    if (peak < used) peak = used;
    if (overhead > used) overhead = used;
    size_t net = used > startup ? used - startup : 0;

    struct reply_deferred deferred = reply_defer(reply);
    pair(reply, "peak.allocated", peak);
    pair(reply, "total.allocated", used);
    pair(reply, "startup.allocated", startup);
    pair(reply, "replication.backlog", 0);
    pair(reply, "clients.slaves", 0);
    pair(reply, "clients.normal", info_clients_bytes(&info));
    pair(reply, "cluster.links", 0);
    pair(reply, "aof.buffer", 0);
    pair(reply, "lua.caches", 0);
    pair(reply, "functions.caches", 0);
    pairs_count += reply_databases(reply, node, &keys_count);
    pair(reply, "overhead.total", overhead);
    pair(reply, "keys.count", (size_t)keys_count);
    pair(reply, "keys.bytes-per-key", keys_count > 0 ? net / (size_t)keys_count : 0);
    pair(reply, "dataset.bytes", used - overhead);
    pair_double(reply, "dataset.percentage", ratio(used - overhead, net) * 100);
    pair_double(reply, "peak.percentage", ratio(used, peak) * 100);
    pair(reply, "allocator.allocated", used);
    pair(reply, "allocator.active", resident);
    pair(reply, "allocator.resident", resident);
    pair_double(reply, "allocator-fragmentation.ratio", ratio(resident, used));
    pair(reply, "allocator-fragmentation.bytes", resident - used);
    pair_double(reply, "allocator-rss.ratio", 1);
    pair(reply, "allocator-rss.bytes", 0);
    pair_double(reply, "rss-overhead.ratio", 1);
    pair(reply, "rss-overhead.bytes", 0);
    pair_double(reply, "fragmentation", ratio(resident, used));
    pair(reply, "fragmentation.bytes", resident - used);
    reply_defer_map(reply, deferred, pairs_count);
}

/* MEMORY STATS */
static void memory_stats(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = clients_each,
                                          .done = stats_done,
                                          .state_bytes_per_shard = sizeof(struct info_part)};

    gather_start(ctx, &ops);
}

/* ---- DOCTOR, MALLOC-STATS ---- */

/* MEMORY DOCTOR */
static void memory_doctor(struct cmd_ctx *ctx) {
    size_t used = mem_used_bytes(), peak = mem_peak_bytes(), resident = info_resident_bytes();
    struct text text = {0};

    if (used < SMALL_BYTES) {
        text_print(&text,
                   "This instance uses very little memory: there is nothing to judge yet.\n");
    } else {
        if (peak > used + used / 2)
            text_print(&text,
                       "The peak was more than 1.5 times what is used now (%zu bytes against "
                       "%zu): the process may hold pages that MEMORY PURGE gives back.\n",
                       peak, used);
        if (resident > used + used / 2)
            text_print(&text,
                       "Resident memory is more than 1.5 times what is used (%zu bytes "
                       "against %zu): fragmentation, or a load that has gone.\n",
                       resident, used);
        if (text.len == 0) text_print(&text, "I found no problem with the memory here.\n");
    }
    reply_verbatim(ctx->reply, "txt", text_slice(&text));
    text_free(&text);
}

/* MEMORY MALLOC-STATS */
static void memory_malloc_stats(struct cmd_ctx *ctx) {
    struct text text = {0};

    text_print(&text, "mimalloc\nallocated: %zu\npeak: %zu\nresident: %zu\n", mem_used_bytes(),
               mem_peak_bytes(), info_resident_bytes());
    reply_verbatim(ctx->reply, "txt", text_slice(&text));
    text_free(&text);
}

/* ---- PURGE: each thread has a heap of its own ---- */

static bool purge_each(struct gather *gather, struct shard *shard) {
    (void)gather, (void)shard;
    mem_purge();
    return false;
}

static void purge_done(struct gather *gather, struct cmd_ctx *ctx) {
    (void)gather;
    reply_ok(ctx->reply);
}

/* MEMORY PURGE */
static void memory_purge(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = purge_each, .done = purge_done};

    gather_start(ctx, &ops);
}

/* MEMORY HELP */
static void memory_help(struct cmd_ctx *ctx) {
    static const char *const lines[] = {"DOCTOR",
                                        "    Report problems with memory.",
                                        "MALLOC-STATS",
                                        "    Give the allocator's figures.",
                                        "PURGE",
                                        "    Give free pages back to the system.",
                                        "STATS",
                                        "    Detail what memory is used for.",
                                        "USAGE <key> [SAMPLES <count>]",
                                        "    Estimate the bytes a key takes.",
                                        NULL};

    cmd_reply_help(ctx, lines);
}

/* clang-format off */
static const struct cmd_arg memory_usage_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER, .token = "SAMPLES", .flags = ARG_OPTIONAL},
};
static const char *const tips_nondeterministic_output_all_shards_special[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special", NULL};
static const char *const tips_all_shards_all_succeeded[] = {"request_policy:all_shards",
                                                            "response_policy:all_succeeded", NULL};

static const struct cmd_def memory_cmds[] = {
    {.name = "memory",
     .arity = -2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on the sub-command",
     .summary = "What memory is used for: groups its sub-commands."},
    {.name = "memory|usage",
     .run = memory_usage,
     .arity = -3,
     .flags = CMD_READONLY,
     .scope = SCOPE_KEYS,
     .keys = {{.flags = CMD_KEY_RO, .begin_index = 2, .last = 0, .step = 1}},
     .keys_count = 1,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(N), N samples",
     .summary = "Estimates the bytes a key takes.",
     CMD_SYNTAX(memory_usage_syntax)},
    {.name = "memory|stats",
     .run = memory_stats,
     .arity = 2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Details what memory is used for.",
     .tips = tips_nondeterministic_output_all_shards_special},
    {.name = "memory|doctor",
     .run = memory_doctor,
     .arity = 2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Reports problems with memory.",
     .tips = tips_nondeterministic_output_all_shards_special},
    {.name = "memory|purge",
     .run = memory_purge,
     .arity = 2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on how much memory is allocated",
     .summary = "Has the allocator give free pages back to the system.",
     .tips = tips_all_shards_all_succeeded},
    {.name = "memory|malloc-stats",
     .run = memory_malloc_stats,
     .arity = 2,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "Depends on how much memory is allocated",
     .summary = "Gives the allocator's own figures.",
     .tips = tips_nondeterministic_output_all_shards_special},
    {.name = "memory|help",
     .run = memory_help,
     .arity = 2,
     .flags = CMD_LOADING | CMD_STALE,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "4.0.0",
     .complexity = "O(1)",
     .summary = "Lists the sub-commands."},
};
/* clang-format on */

const struct cmd_family cmd_family_memory = {"memory", memory_cmds, ARRAY_COUNT(memory_cmds)};
