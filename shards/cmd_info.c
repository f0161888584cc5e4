/* cmd_info.c - INFO: which sections, and the round over the threads for what only they know. */
#include <sys/resource.h>

#include "shards/cmd_info_parts.h"
#include "shards/families.h"
#include "shards/gather.h"

static const struct {
    const char *name, *title;
    void (*print)(const struct info *info);
    bool is_default; /* else only in `all` and `everything`, or by name */
} sections[] = {
    {"server", "Server", info_server, true},
    {"clients", "Clients", info_clients, true},
    {"memory", "Memory", info_memory, true},
    {"persistence", "Persistence", info_persistence, true},
    {"stats", "Stats", info_stats, true},
    {"replication", "Replication", info_replication, true},
    {"cpu", "CPU", info_cpu, true},
    {"modules", "Modules", info_modules, true},
    {"shards", "Shards", info_shards, false},
    {"commandstats", "Commandstats", info_commandstats, false},
    {"errorstats", "Errorstats", info_errorstats, true},
    {"latencystats", "Latencystats", info_latencystats, false},
    {"cluster", "Cluster", info_cluster, true},
    {"keyspace", "Keyspace", info_keyspace, true},
};
enum { SECTIONS_COUNT = ARRAY_COUNT(sections) };

uint64_t info_sum(const struct node *node, size_t offset) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < node->shards_count; i++) {
        const char *stats = (const char *)&node->shards[i]->stats;
        sum += stat_read((const _Atomic uint64_t *)(const void *)(stats + offset));
    }
    return sum;
}

static uint64_t timeval_us(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static bool info_each(struct gather *gather, struct shard *shard) {
    struct info_part *part = gather_part(gather, shard->index);
    struct rusage usage;

    for (const struct client *client = shard->clients; client != NULL; client = client->next) {
        size_t input_bytes = client->inbuf != NULL ? client->inbuf->capacity : client->in_len;
        size_t output_bytes = client->out.memory_bytes + client->sending.memory_bytes;

        part->clients_bytes += client_memory_bytes(client);
        if (input_bytes > part->input_bytes_max) part->input_bytes_max = input_bytes;
        if (output_bytes > part->output_bytes_max) part->output_bytes_max = output_bytes;
    }
    part->timeouts_count = shard->block.timers.count;
    if (getrusage(RUSAGE_THREAD, &usage) == 0) {
        part->user_us = timeval_us(usage.ru_utime);
        part->system_us = timeval_us(usage.ru_stime);
    }
    return false;
}

/* Which sections do the arguments name? One bit each. */
static uint32_t sections_wanted(const struct slice *args, size_t args_count) {
    uint32_t defaults = 0, all = (UINT32_C(1) << SECTIONS_COUNT) - 1, wanted = 0;

    for (unsigned i = 0; i < SECTIONS_COUNT; i++) defaults |= (uint32_t)sections[i].is_default << i;
    if (args_count == 1) return defaults;
    for (size_t i = 1; i < args_count; i++) {
        if (slice_equal_cstr_nocase(args[i], "default")) wanted |= defaults;
        if (slice_equal_cstr_nocase(args[i], "all")) wanted |= all;
        if (slice_equal_cstr_nocase(args[i], "everything")) wanted |= all;
        for (unsigned j = 0; j < SECTIONS_COUNT; j++) {
            if (slice_equal_cstr_nocase(args[i], sections[j].name)) wanted |= UINT32_C(1) << j;
        }
    }
    return wanted;
}

static void info_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct shard *shard = session_of(ctx)->shard;
    uint32_t wanted = sections_wanted(ctx->args, ctx->args_count);
    struct text text = {0};
    struct info info = {.node = shard->node,
                        .config = shard->config,
                        .parts = gather_part(gather, 0),
                        .now_unix_ms = clock_unix_ms(),
                        .now_mono_ns = clock_mono_ns(),
                        .db = ctx->db,
                        .text = &text};

    for (unsigned i = 0; i < SECTIONS_COUNT; i++) {
        if (!(wanted >> i & 1)) continue;
        text_print(&text, "%s# %s\r\n", text.len > 0 ? "\r\n" : "", sections[i].title);
        sections[i].print(&info);
    }
    reply_verbatim(ctx->reply, "txt", text_slice(&text));
    text_free(&text);
}

/* INFO [section ...] */
static void info_run(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {
        .each = info_each, .done = info_done, .state_bytes_per_shard = sizeof(struct info_part)};

    gather_start(ctx, &ops);
}

/* clang-format off */
static const char *const tips_nondeterministic_output_all_shards_special[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special", NULL};
static const char *const info_history[] = {"7.0.0", "Several sections at once.", NULL};
static const struct cmd_arg info_syntax[] = {
    {.name = "section", .type = ARG_STRING, .flags = ARG_OPTIONAL | ARG_MULTIPLE},
};

static const struct cmd_def info_cmds[] = {
    {.name = "info",
     .run = info_run,
     .arity = -1,
     .flags = CMD_LOADING | CMD_STALE,
     .categories = CATEGORY_DANGEROUS,
     .scope = SCOPE_CONN,
     .group = "server",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells the server's state and statistics.",
     .tips = tips_nondeterministic_output_all_shards_special,
     .history = info_history,
     CMD_SYNTAX(info_syntax)},
};
/* clang-format on */

const struct cmd_family cmd_family_info = {"info", info_cmds, ARRAY_COUNT(info_cmds)};
