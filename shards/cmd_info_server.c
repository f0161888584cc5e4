/* cmd_info_server.c - INFO: the server, its clients, its processor time, its keys, and the idle
 * values of what it does not have yet: tools look at these fields to learn that nothing is going
 * on. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "shards/cmd_info_parts.h"
#include "shards/version.h"

static void print_value(void *owner, struct slice name, struct slice value) {
    (void)name;
    text_append(owner, value.data, value.len);
}

/* "field:" and a directive's value as CONFIG GET has it. */
static void print_directive(const struct info *info, const char *field, const char *directive) {
    struct slice name = slice_from_cstr(directive);

    text_print(info->text, "%s:", field);
    config_get(info->config, &name, 1, print_value, info->text);
    text_append(info->text, "\r\n", 2);
}

static const char *driver_name(const struct node *node) {
    return node->backend == LOOP_BACKEND_URING ? "io_uring" : "epoll";
}

static void print_listeners(const struct info *info) {
    const struct config_addresses *bind = &info->config->bind;
    unsigned count = 0;

    if (info->config->port != 0) {
        text_print(info->text, "listener%u:name=tcp", count++);
        for (size_t i = 0; i < bind->count; i++) text_print(info->text, ",bind=%s", bind->items[i]);
        text_print(info->text, ",port=%" PRId64 "\r\n", info->config->port);
    }
    if (info->config->unixsocket.len > 0)
        text_print(info->text, "listener%u:name=unix,bind=%s\r\n", count,
                   info->config->unixsocket.data);
}

void info_server(const struct info *info) {
    const struct node *node = info->node;
    uint64_t uptime_seconds = (info->now_mono_ns - node->started_mono_ns) / 1000000000;
    struct text *text = info->text;
    struct utsname name;

    if (uname(&name) < 0) name = (struct utsname){0};
    text_print(text,
               "redis_version:%s\r\nslipring_version:%s\r\nredis_git_sha1:00000000\r\n"
               "redis_git_dirty:0\r\nredis_build_id:0\r\nredis_mode:standalone\r\n"
               "os:%s %s %s\r\narch_bits:64\r\nmonotonic_clock:POSIX clock_gettime\r\n"
               "multiplexing_api:%s\r\natomicvar_api:c11-builtin\r\ngcc_version:%d.%d.%d\r\n",
               SLIPRING_REDIS_VERSION, SLIPRING_VERSION, name.sysname, name.release, name.machine,
               driver_name(node), __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    text_print(text, "process_id:%d\r\n", node->pid);
    print_directive(info, "process_supervised", "supervised");
    text_print(text,
               "run_id:%s\r\ntcp_port:%" PRId64 "\r\nserver_time_usec:%" PRIu64
               "\r\nuptime_in_seconds:%" PRIu64 "\r\nuptime_in_days:%" PRIu64 "\r\nhz:%" PRId64
               "\r\nconfigured_hz:%" PRId64 "\r\nlru_clock:%" PRIu64 "\r\n",
               node->run_id, info->config->port, clock_unix_us(), uptime_seconds,
               uptime_seconds / 86400, info->config->hz, info->config->hz,
               info->now_unix_ms / 1000 & 0xffffff);
    text_print(text, "executable:%s\r\nconfig_file:%s\r\nio_threads_active:0\r\n", node->executable,
               info->config->config_file.data);
    print_listeners(info);
    text_print(text, "shards:%u\r\nio_driver:%s\r\nio_fallback_reason:%s\r\n", node->shards_count,
               driver_name(node), node->backend_reason);
}

void info_clients(const struct info *info) {
    size_t input_bytes_max = 0, output_bytes_max = 0, timeouts_count = 0;

    for (unsigned i = 0; i < info->node->shards_count; i++) {
        const struct info_part *part = &info->parts[i];

        timeouts_count += part->timeouts_count;
        if (part->input_bytes_max > input_bytes_max) input_bytes_max = part->input_bytes_max;
        if (part->output_bytes_max > output_bytes_max) output_bytes_max = part->output_bytes_max;
    }
    text_print(info->text,
               "connected_clients:%u\r\ncluster_connections:0\r\nmaxclients:%" PRId64
               "\r\nclient_recent_max_input_buffer:%zu\r\nclient_recent_max_output_buffer:%zu\r\n"
               "blocked_clients:%u\r\ntracking_clients:0\r\npubsub_clients:0\r\nwatching_clients:0"
               "\r\nclients_in_timeout_table:%zu\r\ntotal_watched_keys:0\r\n"
               "total_blocking_keys:%u\r\ntotal_blocking_keys_on_nokey:%u\r\n",
               atomic_load(&info->node->clients_count), info->config->maxclients, input_bytes_max,
               output_bytes_max, atomic_load(&info->node->blocked_count), timeouts_count,
               atomic_load(&info->node->blocking_keys_count),
               atomic_load(&info->node->blocking_keys_on_nokey_count));
}

/* ---- What is not there yet ---- */

void info_persistence(const struct info *info) {
    uint64_t dirty = info_sum(info->node, offsetof(struct shard_stats, commands.dirty));

    text_print(info->text,
               "loading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\n"
               "current_cow_size_age:0\r\ncurrent_fork_perc:0.00\r\ncurrent_save_keys_processed:0"
               "\r\ncurrent_save_keys_total:0\r\nrdb_changes_since_last_save:%" PRIu64
               "\r\nrdb_bgsave_in_progress:0\r\nrdb_last_save_time:%" PRIu64
               "\r\nrdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:-1\r\n"
               "rdb_current_bgsave_time_sec:-1\r\nrdb_saves:0\r\nrdb_last_cow_size:0\r\n"
               "rdb_last_load_keys_expired:0\r\nrdb_last_load_keys_loaded:0\r\n",
               dirty, info->node->started_unix_ms / 1000);
    text_print(info->text,
               "aof_enabled:0\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n"
               "aof_last_rewrite_time_sec:-1\r\naof_current_rewrite_time_sec:-1\r\n"
               "aof_last_bgrewrite_status:ok\r\naof_rewrites:0\r\n"
               "aof_rewrites_consecutive_failures:0\r\naof_last_write_status:ok\r\n"
               "aof_last_cow_size:0\r\nmodule_fork_in_progress:0\r\nmodule_fork_last_cow_size:0"
               "\r\n");
}

void info_replication(const struct info *info) {
    text_print(info->text,
               "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n"
               "master_replid:%s\r\nmaster_replid2:%040d\r\nmaster_repl_offset:0\r\n"
               "second_repl_offset:-1\r\nrepl_backlog_active:0\r\nrepl_backlog_size:%" PRId64
               "\r\nrepl_backlog_first_byte_offset:0\r\nrepl_backlog_histlen:0\r\n",
               info->node->run_id, 0, info->config->repl_backlog_size);
}

void info_modules(const struct info *info) {
    (void)info;
}

void info_cluster(const struct info *info) {
    text_print(info->text, "cluster_enabled:0\r\n");
}

/* ---- Processor time ---- */

void info_cpu(const struct info *info) {
    struct rusage self = {0}, children = {0};
    const struct info_part *main_part = &info->parts[0];

    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    text_print(info->text,
               "used_cpu_sys:%ld.%06ld\r\nused_cpu_user:%ld.%06ld\r\n"
               "used_cpu_sys_children:%ld.%06ld\r\nused_cpu_user_children:%ld.%06ld\r\n"
               "used_cpu_sys_main_thread:%" PRIu64 ".%06u\r\n"
               "used_cpu_user_main_thread:%" PRIu64 ".%06u\r\n",
               self.ru_stime.tv_sec, self.ru_stime.tv_usec, self.ru_utime.tv_sec,
               self.ru_utime.tv_usec, children.ru_stime.tv_sec, children.ru_stime.tv_usec,
               children.ru_utime.tv_sec, children.ru_utime.tv_usec, main_part->system_us / 1000000,
               (unsigned)(main_part->system_us % 1000000), main_part->user_us / 1000000,
               (unsigned)(main_part->user_us % 1000000));
}

/* ---- Keys ---- */

/* One handle's part may be negative, and a sum taken while others count may be off for a moment. */
int64_t info_keys_count(const struct node *node, unsigned db) {
    int64_t count = 0;

    for (unsigned i = 0; i < node->shards_count; i++)
        count += keyspace_keys_count(node->shards[i]->keyspace, db);
    return count > 0 ? count : 0;
}

int64_t info_expires_count(const struct node *node, unsigned db) {
    int64_t count = 0;

    for (unsigned i = 0; i < node->shards_count; i++)
        count += keyspace_expires_count(node->shards[i]->keyspace, db);
    return count > 0 ? count : 0;
}

void info_keyspace(const struct info *info) {
    unsigned databases_count = store_databases_count(info->node->store);

    for (unsigned db = 0; db < databases_count; db++) {
        int64_t keys_count = info_keys_count(info->node, db);

        if (keys_count == 0) continue;
        text_print(info->text, "db%u:keys=%" PRId64 ",expires=%" PRId64 ",avg_ttl=0\r\n", db,
                   keys_count, info_expires_count(info->node, db));
    }
}
