#include "shards/config_apply.h"

#include <stdio.h>
#include <sys/resource.h>

#include "shards/acceptor.h"
#include "shards/slowlog_list.h"

enum {
    FILES_RESERVED = 32, /* as Redis: log, persistence, replication ... */
    FILES_PER_SHARD = 24, /* ring, listening sockets, doorbell */
};

void shard_settings_from_config(struct shard *shard) {
    const struct config *config = shard->config;
    int policy = config->maxmemory_policy;

    shard->settings = (struct cmd_settings){
        .proto_max_bulk_len = (size_t)config->proto_max_bulk_len,
        .databases_count = (unsigned)config->databases,
        .lfu_policy = policy == CONFIG_EVICTION_ALLKEYS_LFU ||
                      policy == CONFIG_EVICTION_VOLATILE_LFU,
        .lfu_log_factor = (unsigned)config->lfu_log_factor,
        .lfu_decay_minutes = (unsigned)config->lfu_decay_time,
        .active_expire = atomic_load(&shard->node->active_expire),
        .list_max_listpack_size = config->list_max_listpack_size,
        .list_plain_min_bytes = atomic_load(&shard->node->list_plain_min_bytes),
        .list_compress_depth = (unsigned)config->list_compress_depth,
        .hash_max_listpack_entries = (size_t)config->hash_max_listpack_entries,
        .hash_max_listpack_value = (size_t)config->hash_max_listpack_value,
        .set_max_intset_entries = (size_t)config->set_max_intset_entries,
        .set_max_listpack_entries = (size_t)config->set_max_listpack_entries,
        .set_max_listpack_value = (size_t)config->set_max_listpack_value,
        .zset_max_listpack_entries = (size_t)config->zset_max_listpack_entries,
        .zset_max_listpack_value = (size_t)config->zset_max_listpack_value,
        .stream_node_max_bytes = (size_t)config->stream_node_max_bytes,
        .stream_node_max_entries = (size_t)config->stream_node_max_entries,
        .hll_sparse_max_bytes = (size_t)config->hll_sparse_max_bytes,
    };
}

struct changes {
    bool has_listener, has_log_level;
};

static void note_change(void *owner, enum config_id id, const char *name) {
    struct changes *changes = owner;

    (void)name;
    if (id == CONFIG_ID_port || id == CONFIG_ID_bind) changes->has_listener = true;
    if (id == CONFIG_ID_loglevel) changes->has_log_level = true;
}

void shard_apply_config(struct shard *shard, const struct config *before,
                        const struct config *after) {
    struct changes changes = {0};

    SL_ASSERT(shard->config == after);
    config_each_changed(before, after, note_change, &changes);
    shard_settings_from_config(shard);
    slowlog_trim(shard->slowlog, (size_t)after->slowlog_max_len);
    if (changes.has_log_level && shard->index == 0)
        logger_set_level(shard->node->logger, (enum log_level)after->loglevel);
}

int shard_apply_listeners(struct shard *shard, const struct config *before,
                          const struct config *after) {
    struct changes changes = {0};

    SL_ASSERT(shard->config == after);
    config_each_changed(before, after, note_change, &changes);
    return changes.has_listener ? acceptor_reconfigure(shard) : 0;
}

/* Raises the soft limit of open files to `wanted`, and the hard one where we may. Returns what
 * it is then. */
static uint64_t files_limit_raise(uint64_t wanted) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return wanted; /* cannot tell: accept() will */
    if (limit.rlim_cur >= wanted) return limit.rlim_cur;
    struct rlimit raised = {.rlim_cur = wanted,
                            .rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return limit.rlim_max;
    return limit.rlim_cur;
}

bool config_is_possible(const struct node *node, const struct config *config, char *reason,
                        size_t reason_bytes) {
    uint64_t reserved = FILES_RESERVED + (uint64_t)node->shards_count * FILES_PER_SHARD;
    uint64_t files = files_limit_raise((uint64_t)config->maxclients + reserved);

    if (files >= (uint64_t)config->maxclients + reserved) return true;
    snprintf(reason, reason_bytes,
             "CONFIG SET failed (possibly related to argument 'maxclients') - The operating system "
             "is not able to handle the specified number of clients, try with %lld",
             files > reserved ? (long long)(files - reserved) : 0LL);
    return false;
}
