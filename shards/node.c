#include "shards/node.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/cmd_families.h"
#include "core/mem.h"
#include "shards/block.h"
#include "shards/families.h"
#include "shards/random.h"
#include "shards/shard.h"

static const struct cmd_family *const families_shards[] = {
    &cmd_family_acl,        &cmd_family_client,  &cmd_family_command, &cmd_family_config,
    &cmd_family_connection, &cmd_family_debug,   &cmd_family_info,    &cmd_family_latency,
    &cmd_family_memory,     &cmd_family_monitor, &cmd_family_server,  &cmd_family_slowlog,
    &cmd_family_walk,
};

static struct cmd_table *make_commands(void) {
    const struct cmd_family *families[64];
    size_t count = 0;

    SL_ASSERT(cmd_families_core_count + ARRAY_COUNT(families_shards) <= ARRAY_COUNT(families));
    for (size_t i = 0; i < cmd_families_core_count; i++) families[count++] = cmd_families_core[i];
    for (size_t i = 0; i < ARRAY_COUNT(families_shards); i++)
        families[count++] = families_shards[i];
    return cmd_table_new(families, count);
}

/* Contiguous ranges, as a cluster of as many nodes would have them. */
static void place_slots(struct node *node) {
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) {
        node->slot_shard[slot] = (uint8_t)(slot * node->shards_count / SLOTS_COUNT);
    }
}

struct node *node_new(struct config *config, struct logger *logger, const char *executable) {
    struct node *node = mem_must_aligned(sizeof *node, 64);
    unsigned char id[RUN_ID_BYTES / 2];
    uint64_t hash_seed;

    memset(node, 0, sizeof *node);
    random_fill(id, sizeof id);
    random_fill(&hash_seed, sizeof hash_seed);
    for (size_t i = 0; i < sizeof id; i++) snprintf(node->run_id + 2 * i, 3, "%02x", id[i]);
    node->started_unix_ms = clock_unix_ms();
    node->started_mono_ns = clock_mono_ns();
    node->pid = (int)getpid();
    node->logger = logger;
    snprintf(node->executable, sizeof node->executable, "%s", executable);
    node->shards_count = config->shards > 0 ? (unsigned)config->shards : topology_shards_auto();
    SL_ASSERT(node->shards_count >= 1 && node->shards_count <= SHARDS_MAX);
    place_slots(node);
    atomic_store_explicit(&node->config, config, memory_order_relaxed);
    atomic_store_explicit(&node->client_id_next, 1, memory_order_relaxed);
    atomic_store_explicit(&node->active_expire, true, memory_order_relaxed);
    node->store = store_new((unsigned)config->databases, hash_seed, node->started_unix_ms);
    node->cmds = make_commands();
    for (unsigned i = 0; i < node->shards_count; i++) node->shards[i] = shard_new(node, i);
    return node;
}

void node_free(struct node *node) {
    block_forget_all(node);
    for (unsigned i = 0; i < node->shards_count; i++) shard_free(node->shards[i]);
    store_free(node->store);
    cmd_table_free(node->cmds);
    config_free((struct config *)atomic_load_explicit(&node->config, memory_order_relaxed));
    mem_free(node);
}

int node_rename_commands(struct node *node) {
    const struct config *config = atomic_load_explicit(&node->config, memory_order_relaxed);

    for (size_t i = 0; i < config->renames_count; i++) {
        const struct config_rename *rename = &config->renames[i];
        int err = cmd_table_rename(node->cmds, slice_of(rename->from.data, rename->from.len),
                                   slice_of(rename->to.data, rename->to.len));
        if (err == 0) continue;
        log_write(node->logger, LOG_LEVEL_WARNING, "rename-command %s %s: %s", rename->from.data,
                  rename->to.data,
                  err == -ENOENT ? "No such command in rename-command"
                                 : "Target command name already exists");
        return err;
    }
    return 0;
}

void node_stop(struct node *node) {
    atomic_store_explicit(&node->stop_state, NODE_STOPPING, memory_order_seq_cst);
    for (unsigned i = 0; i < node->shards_count; i++) {
        if (node->shards[i]->loop != NULL) loop_doorbell_from_thread(node->shards[i]->loop);
    }
    if (node->stopped != NULL) node->stopped();
}
