#pragma once
/* The table of directives: one line each, from which struct config's fields, the identifiers and
 * the rows of config_table.c all come. Being used several times is why it is a macro.
 *
 * Each line: field, name, alias or NULL, flags, then what its kind needs, then WORKS or the name of
 * the reason why it does nothing here (the sentences stand in config_table.c).
 *     BOOL      default                   yes or no
 *     INT       lowest, highest, default  plain, or MEMORY (units), PERCENT (kept negative), OCTAL
 *     ENUM      names, default            with MULTI: a set of bits
 *     TEXT      default                   EMPTY_IS_NONE: CONFIG REWRITE writes no empty one
 *     SPECIAL                             its field and functions are written by hand
 * Flags: IMMUTABLE (not by CONFIG SET), PROTECTED (only as enable-protected-configs says),
 * SENSITIVE (kept out of logs), HIDDEN (no pattern of CONFIG GET finds it), MULTI (takes several
 * arguments), REFUSED (any value but the default stops the start: to ignore it would lose data or
 * leave a door open).
 *
 * Two differences from redis-server: the default of `save` is empty, as there are no snapshots yet,
 * and what does not fit into a signed 64-bit integer is out of range. */
/* clang-format off */
#define CONFIG_DIRECTIVES(BOOL, INT, ENUM, TEXT, SPECIAL)                                      \
    /* Shards: slipring's own */                                                                  \
    SPECIAL(shards, "shards", NULL, IMMUTABLE, WORKS)                                             \
    ENUM(io_backend, "io-backend", NULL, IMMUTABLE, io_backend_names, CONFIG_IO_BACKEND_AUTO,     \
        WORKS)                                                                                    \
    BOOL(lend_sleeping_shards, "lend-sleeping-shards", NULL, 0, true, WORKS)                      \
    BOOL(pin_shards, "pin-shards", NULL, IMMUTABLE, true, WORKS)                                  \
    /* Network */                                                                                 \
    SPECIAL(bind, "bind", NULL, MULTI, WORKS)                                                     \
    INT(port, "port", NULL, 0, 0, 65535, 6379, WORKS)                                             \
    BOOL(protected_mode, "protected-mode", NULL, 0, true, WORKS)                                  \
    INT(tcp_backlog, "tcp-backlog", NULL, IMMUTABLE, 0, INT32_MAX, 511, WORKS)                    \
    INT(tcp_keepalive, "tcp-keepalive", NULL, 0, 0, INT32_MAX, 300, WORKS)                        \
    INT(timeout, "timeout", NULL, 0, 0, INT32_MAX, 0, WORKS)                                      \
    TEXT(unixsocket, "unixsocket", NULL, IMMUTABLE | EMPTY_IS_NONE, "", WORKS)                    \
    INT(unixsocketperm, "unixsocketperm", NULL, IMMUTABLE | OCTAL, 0, 0777, 0, WORKS)             \
    INT(maxclients, "maxclients", NULL, 0, 1, UINT32_MAX, 10000, WORKS)                           \
    INT(proto_max_bulk_len, "proto-max-bulk-len", NULL, MEMORY, MB, INT64_MAX, 512 * MB, WORKS)   \
    INT(client_query_buffer_limit, "client-query-buffer-limit", NULL, MEMORY, MB, INT64_MAX,      \
        1024 * MB, WORKS)                                                                         \
    SPECIAL(client_output_buffer_limit, "client-output-buffer-limit", NULL, MULTI, WORKS)         \
    TEXT(bind_source_addr, "bind-source-addr", NULL, EMPTY_IS_NONE, "", NO_REPLICATION)           \
    INT(socket_mark_id, "socket-mark-id", NULL, IMMUTABLE, 0, UINT32_MAX, 0, NO_MARKS)            \
    INT(maxmemory_clients, "maxmemory-clients", NULL, MEMORY | PERCENT, -100, INT64_MAX, 0,       \
        NO_CLIENT_EVICTION)                                                                       \
    /* Process */                                                                                 \
    BOOL(daemonize, "daemonize", NULL, IMMUTABLE, false, WORKS)                                   \
    ENUM(supervised, "supervised", NULL, IMMUTABLE, supervised_names, CONFIG_SUPERVISED_NO,       \
        WORKS)                                                                                    \
    TEXT(pidfile, "pidfile", NULL, IMMUTABLE | EMPTY_IS_NONE, "", WORKS)                          \
    SPECIAL(dir, "dir", NULL, PROTECTED, WORKS)                                                   \
    TEXT(server_cpulist, "server_cpulist", NULL, IMMUTABLE | EMPTY_IS_NONE, "", WORKS)            \
    ENUM(oom_score_adj, "oom-score-adj", NULL, 0, oom_score_names, CONFIG_OOM_SCORE_NO, WORKS)    \
    SPECIAL(oom_score_adj_values, "oom-score-adj-values", NULL, MULTI, WORKS)                     \
    BOOL(disable_thp, "disable-thp", NULL, IMMUTABLE, true, WORKS)                                \
    BOOL(crash_log_enabled, "crash-log-enabled", NULL, 0, true, WORKS)                            \
    TEXT(bio_cpulist, "bio_cpulist", NULL, IMMUTABLE | EMPTY_IS_NONE, "", NO_CHILDREN)            \
    TEXT(aof_rewrite_cpulist, "aof_rewrite_cpulist", NULL, IMMUTABLE | EMPTY_IS_NONE, "",         \
        NO_CHILDREN)                                                                              \
    TEXT(bgsave_cpulist, "bgsave_cpulist", NULL, IMMUTABLE | EMPTY_IS_NONE, "", NO_CHILDREN)      \
    INT(io_threads, "io-threads", NULL, IMMUTABLE, 1, 128, 1, NO_IO_THREADS)                      \
    BOOL(io_threads_do_reads, "io-threads-do-reads", NULL, IMMUTABLE, false, NO_IO_THREADS)       \
    BOOL(set_proc_title, "set-proc-title", NULL, IMMUTABLE, true, NO_TITLE)                       \
    TEXT(proc_title_template, "proc-title-template", NULL, 0,                                     \
        "{title} {listen-addr} {server-mode}", NO_TITLE)                                          \
    BOOL(always_show_logo, "always-show-logo", NULL, IMMUTABLE, false, NO_LOGO)                   \
    BOOL(crash_memcheck_enabled, "crash-memcheck-enabled", NULL, 0, true, NO_MEMCHECK)            \
    BOOL(use_exit_on_panic, "use-exit-on-panic", NULL, HIDDEN, false, NO_TEST_HOOK)               \
    INT(watchdog_period, "watchdog-period", NULL, HIDDEN, 0, INT32_MAX, 0, NO_TEST_HOOK)          \
    TEXT(ignore_warnings, "ignore-warnings", NULL, 0, "", NO_WARNINGS)                            \
    TEXT(locale_collate, "locale-collate", NULL, 0, "", NO_LOCALE)                                \
    BOOL(jemalloc_bg_thread, "jemalloc-bg-thread", NULL, 0, true, NO_JEMALLOC)                    \
    INT(shutdown_timeout, "shutdown-timeout", NULL, 0, 0, INT32_MAX, 10, NO_REPLICATION)          \
    ENUM(shutdown_on_sigint, "shutdown-on-sigint", NULL, MULTI, shutdown_names,                   \
        CONFIG_SHUTDOWN_DEFAULT, NO_SAVE_ON_SIGNAL)                                               \
    ENUM(shutdown_on_sigterm, "shutdown-on-sigterm", NULL, MULTI, shutdown_names,                 \
        CONFIG_SHUTDOWN_DEFAULT, NO_SAVE_ON_SIGNAL)                                               \
    /* Log, slow log, latency */                                                                  \
    ENUM(loglevel, "loglevel", NULL, 0, log_level_names, CONFIG_LOG_NOTICE, WORKS)                \
    TEXT(logfile, "logfile", NULL, IMMUTABLE, "", WORKS)                                          \
    BOOL(syslog_enabled, "syslog-enabled", NULL, IMMUTABLE, false, WORKS)                         \
    TEXT(syslog_ident, "syslog-ident", NULL, IMMUTABLE, "redis", WORKS)                           \
    ENUM(syslog_facility, "syslog-facility", NULL, IMMUTABLE, syslog_facility_names,              \
        LOG_LOCAL0, WORKS)                                                                        \
    INT(slowlog_log_slower_than, "slowlog-log-slower-than", NULL, 0, -1, INT64_MAX, 10000,        \
        WORKS)                                                                                    \
    INT(slowlog_max_len, "slowlog-max-len", NULL, 0, 0, INT64_MAX, 128, WORKS)                    \
    INT(latency_monitor_threshold, "latency-monitor-threshold", NULL, 0, 0, INT64_MAX, 0, WORKS)  \
    BOOL(latency_tracking, "latency-tracking", NULL, 0, true, WORKS)                              \
    SPECIAL(latency_tracking_info_percentiles, "latency-tracking-info-percentiles", NULL,         \
        MULTI, WORKS)                                                                             \
    /* Security */                                                                                \
    TEXT(requirepass, "requirepass", NULL, SENSITIVE | EMPTY_IS_NONE, "", WORKS)                  \
    ENUM(enable_protected_configs, "enable-protected-configs", NULL, IMMUTABLE,                   \
        permission_names, CONFIG_PERMISSION_NO, WORKS)                                            \
    ENUM(enable_debug_command, "enable-debug-command", NULL, IMMUTABLE, permission_names,         \
        CONFIG_PERMISSION_NO, WORKS)                                                              \
    ENUM(enable_module_command, "enable-module-command", NULL, IMMUTABLE, permission_names,       \
        CONFIG_PERMISSION_NO, NO_MODULES)                                                         \
    TEXT(aclfile, "aclfile", NULL, IMMUTABLE | REFUSED, "", NO_ACL)                               \
    INT(acllog_max_len, "acllog-max-len", NULL, 0, 0, INT64_MAX, 128, NO_ACL)                     \
    ENUM(acl_pubsub_default, "acl-pubsub-default", NULL, 0, acl_pubsub_names, 0, NO_ACL)          \
    ENUM(sanitize_dump_payload, "sanitize-dump-payload", NULL, 0, sanitize_names, 0,                \
         ALWAYS_SANITIZES)                                                                          \
    /* Keys and memory */                                                                         \
    INT(databases, "databases", NULL, IMMUTABLE, 1, INT32_MAX, 16, WORKS)                         \
    INT(hz, "hz", NULL, 0, 0, INT32_MAX, 10, OWN_PACE)                                            \
    BOOL(dynamic_hz, "dynamic-hz", NULL, 0, true, OWN_PACE)                                       \
    BOOL(lazyfree_lazy_eviction, "lazyfree-lazy-eviction", NULL, 0, false, ALWAYS_LAZY)           \
    BOOL(lazyfree_lazy_expire, "lazyfree-lazy-expire", NULL, 0, false, ALWAYS_LAZY)               \
    BOOL(lazyfree_lazy_server_del, "lazyfree-lazy-server-del", NULL, 0, false, ALWAYS_LAZY)       \
    BOOL(lazyfree_lazy_user_del, "lazyfree-lazy-user-del", NULL, 0, false, ALWAYS_LAZY)           \
    BOOL(lazyfree_lazy_user_flush, "lazyfree-lazy-user-flush", NULL, 0, false, ALWAYS_LAZY)       \
    INT(maxmemory, "maxmemory", NULL, MEMORY, 0, INT64_MAX, 0, NO_EVICTION)                       \
    ENUM(maxmemory_policy, "maxmemory-policy", NULL, 0, eviction_names, CONFIG_EVICTION_NONE,     \
        NO_EVICTION)                                                                              \
    INT(maxmemory_samples, "maxmemory-samples", NULL, 0, 1, INT32_MAX, 5, NO_EVICTION)            \
    INT(maxmemory_eviction_tenacity, "maxmemory-eviction-tenacity", NULL, 0, 0, 100, 10,          \
        NO_EVICTION)                                                                              \
    INT(lfu_log_factor, "lfu-log-factor", NULL, 0, 0, INT32_MAX, 10, NO_EVICTION)                 \
    INT(lfu_decay_time, "lfu-decay-time", NULL, 0, 0, INT32_MAX, 1, NO_EVICTION)                  \
    INT(active_expire_effort, "active-expire-effort", NULL, 0, 1, 10, 1, NO_SAMPLING)             \
    BOOL(activerehashing, "activerehashing", NULL, 0, true, ALWAYS_REHASHES)                      \
    BOOL(activedefrag, "activedefrag", NULL, 0, false, NO_DEFRAG)                                 \
    INT(active_defrag_cycle_min, "active-defrag-cycle-min", NULL, 0, 1, 99, 1, NO_DEFRAG)         \
    INT(active_defrag_cycle_max, "active-defrag-cycle-max", NULL, 0, 1, 99, 25, NO_DEFRAG)        \
    INT(active_defrag_threshold_lower, "active-defrag-threshold-lower", NULL, 0, 0, 1000, 10,     \
        NO_DEFRAG)                                                                                \
    INT(active_defrag_threshold_upper, "active-defrag-threshold-upper", NULL, 0, 0, 1000,         \
        100, NO_DEFRAG)                                                                           \
    INT(active_defrag_ignore_bytes, "active-defrag-ignore-bytes", NULL, MEMORY, 1, INT64_MAX,     \
        100 * MB, NO_DEFRAG)                                                                      \
    INT(active_defrag_max_scan_fields, "active-defrag-max-scan-fields", NULL, 0, 1,               \
        INT64_MAX, 1000, NO_DEFRAG)                                                               \
    SPECIAL(notify_keyspace_events, "notify-keyspace-events", NULL, 0, NO_NOTIFICATIONS)          \
    INT(tracking_table_max_keys, "tracking-table-max-keys", NULL, 0, 0, INT64_MAX, 1000000,       \
        NO_TRACKING)                                                                              \
    INT(busy_reply_threshold, "busy-reply-threshold", "lua-time-limit", 0, 0, INT64_MAX,          \
        5000, NO_SCRIPTS)                                                                         \
    /* Encodings of collections */                                                  \
    INT(list_max_listpack_size, "list-max-listpack-size", "list-max-ziplist-size", 0,             \
        INT32_MIN, INT32_MAX, -2, WORKS)                                                        \
    INT(list_compress_depth, "list-compress-depth", NULL, 0, 0, INT32_MAX, 0, WORKS)            \
    INT(hash_max_listpack_entries, "hash-max-listpack-entries", "hash-max-ziplist-entries",       \
        0, 0, INT64_MAX, 512, WORKS)                                                            \
    INT(hash_max_listpack_value, "hash-max-listpack-value", "hash-max-ziplist-value", MEMORY,     \
        0, INT64_MAX, 64, WORKS)                                                                \
    INT(set_max_intset_entries, "set-max-intset-entries", NULL, 0, 0, INT64_MAX, 512, WORKS)    \
    INT(set_max_listpack_entries, "set-max-listpack-entries", NULL, 0, 0, INT64_MAX, 128,         \
        WORKS)                                                                                  \
    INT(set_max_listpack_value, "set-max-listpack-value", NULL, 0, 0, INT64_MAX, 64, WORKS)     \
    INT(zset_max_listpack_entries, "zset-max-listpack-entries", "zset-max-ziplist-entries",       \
        0, 0, INT64_MAX, 128, WORKS)                                                            \
    INT(zset_max_listpack_value, "zset-max-listpack-value", "zset-max-ziplist-value", MEMORY,     \
        0, INT64_MAX, 64, WORKS)                                                                \
    INT(stream_node_max_bytes, "stream-node-max-bytes", NULL, MEMORY, 0, INT64_MAX, 4096,         \
        WORKS)                                                                                  \
    INT(stream_node_max_entries, "stream-node-max-entries", NULL, 0, 0, INT64_MAX, 100, WORKS)  \
    INT(hll_sparse_max_bytes, "hll-sparse-max-bytes", NULL, MEMORY, 0, INT64_MAX, 3000, WORKS)  \
    /* Persistence */                                                                             \
    SPECIAL(save, "save", NULL, MULTI | REFUSED, NO_SNAPSHOTS)                                    \
    BOOL(rdbchecksum, "rdbchecksum", NULL, IMMUTABLE, true, NO_PERSISTENCE)                       \
    BOOL(rdbcompression, "rdbcompression", NULL, 0, true, NO_PERSISTENCE)                         \
    BOOL(rdb_del_sync_files, "rdb-del-sync-files", NULL, 0, false, NO_PERSISTENCE)                \
    BOOL(stop_writes_on_bgsave_error, "stop-writes-on-bgsave-error", NULL, 0, true,               \
        NO_PERSISTENCE)                                                                           \
    BOOL(aof_rewrite_incremental_fsync, "aof-rewrite-incremental-fsync", NULL, 0, true,           \
        NO_PERSISTENCE)                                                                           \
    BOOL(no_appendfsync_on_rewrite, "no-appendfsync-on-rewrite", NULL, 0, false, NO_PERSISTENCE)  \
    BOOL(rdb_save_incremental_fsync, "rdb-save-incremental-fsync", NULL, 0, true,                 \
        NO_PERSISTENCE)                                                                           \
    BOOL(aof_load_truncated, "aof-load-truncated", NULL, 0, true, NO_PERSISTENCE)                 \
    BOOL(aof_use_rdb_preamble, "aof-use-rdb-preamble", NULL, 0, true, NO_PERSISTENCE)             \
    BOOL(aof_timestamp_enabled, "aof-timestamp-enabled", NULL, 0, false, NO_PERSISTENCE)          \
    BOOL(appendonly, "appendonly", NULL, REFUSED, false, NO_PERSISTENCE)                          \
    BOOL(aof_disable_auto_gc, "aof-disable-auto-gc", NULL, HIDDEN, false, NO_PERSISTENCE)         \
    TEXT(dbfilename, "dbfilename", NULL, PROTECTED, "dump.rdb", NO_PERSISTENCE)                   \
    TEXT(appendfilename, "appendfilename", NULL, IMMUTABLE, "appendonly.aof", NO_PERSISTENCE)     \
    TEXT(appenddirname, "appenddirname", NULL, IMMUTABLE, "appendonlydir", NO_PERSISTENCE)        \
    ENUM(appendfsync, "appendfsync", NULL, 0, fsync_names, 0, NO_PERSISTENCE)                     \
    INT(auto_aof_rewrite_percentage, "auto-aof-rewrite-percentage", NULL, 0, 0, INT32_MAX,        \
        100, NO_PERSISTENCE)                                                                      \
    INT(rdb_key_save_delay, "rdb-key-save-delay", NULL, HIDDEN, INT32_MIN, INT32_MAX, 0,          \
        NO_PERSISTENCE)                                                                           \
    INT(key_load_delay, "key-load-delay", NULL, HIDDEN, INT32_MIN, INT32_MAX, 0, NO_PERSISTENCE)  \
    INT(auto_aof_rewrite_min_size, "auto-aof-rewrite-min-size", NULL, MEMORY, 0, INT64_MAX,       \
        64 * MB, NO_PERSISTENCE)                                                                  \
    INT(loading_process_events_interval_bytes, "loading-process-events-interval-bytes", NULL,     \
        HIDDEN, 1024, INT32_MAX, 2 * MB, NO_PERSISTENCE)                                          \
    /* Replication */                                                                             \
    SPECIAL(replicaof, "replicaof", "slaveof", IMMUTABLE | MULTI | REFUSED, NO_REPLICATION)       \
    BOOL(repl_disable_tcp_nodelay, "repl-disable-tcp-nodelay", NULL, 0, false, NO_REPLICATION)    \
    BOOL(repl_diskless_sync, "repl-diskless-sync", NULL, 0, true, NO_REPLICATION)                 \
    BOOL(replica_lazy_flush, "replica-lazy-flush", "slave-lazy-flush", 0, false, NO_REPLICATION)  \
    BOOL(replica_serve_stale_data, "replica-serve-stale-data", "slave-serve-stale-data", 0,       \
        true, NO_REPLICATION)                                                                     \
    BOOL(replica_read_only, "replica-read-only", "slave-read-only", 0, true, NO_REPLICATION)      \
    BOOL(replica_ignore_maxmemory, "replica-ignore-maxmemory", "slave-ignore-maxmemory", 0,       \
        true, NO_REPLICATION)                                                                     \
    BOOL(replica_announced, "replica-announced", NULL, 0, true, NO_REPLICATION)                   \
    BOOL(replica_ignore_disk_write_errors, "replica-ignore-disk-write-errors", NULL, 0,           \
        false, NO_REPLICATION)                                                                    \
    TEXT(replica_announce_ip, "replica-announce-ip", "slave-announce-ip", EMPTY_IS_NONE, "",      \
        NO_REPLICATION)                                                                           \
    TEXT(masteruser, "masteruser", NULL, SENSITIVE | EMPTY_IS_NONE, "", NO_REPLICATION)           \
    TEXT(masterauth, "masterauth", NULL, SENSITIVE | EMPTY_IS_NONE, "", NO_REPLICATION)           \
    ENUM(repl_diskless_load, "repl-diskless-load", NULL, 0, diskless_load_names, 0,               \
        NO_REPLICATION)                                                                           \
    ENUM(propagation_error_behavior, "propagation-error-behavior", NULL, 0,                       \
        propagation_names, 0, NO_REPLICATION)                                                     \
    INT(replica_priority, "replica-priority", "slave-priority", 0, 0, INT32_MAX, 100,             \
        NO_REPLICATION)                                                                           \
    INT(repl_diskless_sync_delay, "repl-diskless-sync-delay", NULL, 0, 0, INT32_MAX, 5,           \
        NO_REPLICATION)                                                                           \
    INT(replica_announce_port, "replica-announce-port", "slave-announce-port", 0, 0, 65535,       \
        0, NO_REPLICATION)                                                                        \
    INT(repl_timeout, "repl-timeout", NULL, 0, 1, INT32_MAX, 60, NO_REPLICATION)                  \
    INT(repl_ping_replica_period, "repl-ping-replica-period", "repl-ping-slave-period", 0, 1,     \
        INT32_MAX, 10, NO_REPLICATION)                                                            \
    INT(min_replicas_to_write, "min-replicas-to-write", "min-slaves-to-write", 0, 0,              \
        INT32_MAX, 0, NO_REPLICATION)                                                             \
    INT(min_replicas_max_lag, "min-replicas-max-lag", "min-slaves-max-lag", 0, 0, INT32_MAX,      \
        10, NO_REPLICATION)                                                                       \
    INT(repl_diskless_sync_max_replicas, "repl-diskless-sync-max-replicas", NULL, 0, 0,           \
        INT32_MAX, 0, NO_REPLICATION)                                                             \
    INT(repl_backlog_size, "repl-backlog-size", NULL, MEMORY, 1, INT64_MAX, MB, NO_REPLICATION)   \
    INT(repl_backlog_ttl, "repl-backlog-ttl", NULL, 0, 0, INT64_MAX, 3600, NO_REPLICATION)        \
    /* Cluster */                                                                                 \
    BOOL(cluster_require_full_coverage, "cluster-require-full-coverage", NULL, 0, true,           \
        NO_CLUSTER)                                                                               \
    BOOL(cluster_replica_no_failover, "cluster-replica-no-failover",                              \
        "cluster-slave-no-failover", 0, false, NO_CLUSTER)                                        \
    BOOL(cluster_enabled, "cluster-enabled", NULL, IMMUTABLE | REFUSED, false, NO_CLUSTER)        \
    BOOL(cluster_allow_reads_when_down, "cluster-allow-reads-when-down", NULL, 0, false,          \
        NO_CLUSTER)                                                                               \
    BOOL(cluster_allow_pubsubshard_when_down, "cluster-allow-pubsubshard-when-down", NULL, 0,     \
        true, NO_CLUSTER)                                                                         \
    BOOL(cluster_allow_replica_migration, "cluster-allow-replica-migration", NULL, 0, true,       \
        NO_CLUSTER)                                                                               \
    TEXT(cluster_announce_ip, "cluster-announce-ip", NULL, EMPTY_IS_NONE, "", NO_CLUSTER)         \
    TEXT(cluster_config_file, "cluster-config-file", NULL, IMMUTABLE, "nodes.conf", NO_CLUSTER)   \
    TEXT(cluster_announce_hostname, "cluster-announce-hostname", NULL, EMPTY_IS_NONE, "",         \
        NO_CLUSTER)                                                                               \
    TEXT(cluster_announce_human_nodename, "cluster-announce-human-nodename", NULL,                \
        EMPTY_IS_NONE, "", NO_CLUSTER)                                                            \
    ENUM(cluster_preferred_endpoint_type, "cluster-preferred-endpoint-type", NULL, 0,             \
        endpoint_names, 0, NO_CLUSTER)                                                            \
    INT(cluster_replica_validity_factor, "cluster-replica-validity-factor",                       \
        "cluster-slave-validity-factor", 0, 0, INT32_MAX, 10, NO_CLUSTER)                         \
    INT(cluster_migration_barrier, "cluster-migration-barrier", NULL, 0, 0, INT32_MAX, 1,         \
        NO_CLUSTER)                                                                               \
    INT(cluster_port, "cluster-port", NULL, IMMUTABLE, 0, 65535, 0, NO_CLUSTER)                   \
    INT(cluster_announce_bus_port, "cluster-announce-bus-port", NULL, 0, 0, 65535, 0,             \
        NO_CLUSTER)                                                                               \
    INT(cluster_announce_port, "cluster-announce-port", NULL, 0, 0, 65535, 0, NO_CLUSTER)         \
    INT(cluster_announce_tls_port, "cluster-announce-tls-port", NULL, 0, 0, 65535, 0,             \
        NO_CLUSTER)                                                                               \
    INT(cluster_node_timeout, "cluster-node-timeout", NULL, 0, 0, INT64_MAX, 15000, NO_CLUSTER)   \
    INT(cluster_ping_interval, "cluster-ping-interval", NULL, HIDDEN, 0, INT64_MAX, 0,            \
        NO_CLUSTER)                                                                               \
    INT(cluster_link_sendbuf_limit, "cluster-link-sendbuf-limit", NULL, MEMORY, 0, INT64_MAX,     \
        0, NO_CLUSTER)                                                                            \
    /* TLS */                                                                                     \
    INT(tls_port, "tls-port", NULL, REFUSED, 0, 65535, 0, NO_TLS)                                 \
    INT(tls_session_cache_size, "tls-session-cache-size", NULL, 0, 0, INT32_MAX, 20480, NO_TLS)   \
    INT(tls_session_cache_timeout, "tls-session-cache-timeout", NULL, 0, 0, INT32_MAX, 300,       \
        NO_TLS)                                                                                   \
    BOOL(tls_cluster, "tls-cluster", NULL, 0, false, NO_TLS)                                      \
    BOOL(tls_replication, "tls-replication", NULL, 0, false, NO_TLS)                              \
    ENUM(tls_auth_clients, "tls-auth-clients", NULL, 0, tls_auth_names, 1, NO_TLS)                \
    BOOL(tls_prefer_server_ciphers, "tls-prefer-server-ciphers", NULL, 0, false, NO_TLS)          \
    BOOL(tls_session_caching, "tls-session-caching", NULL, 0, true, NO_TLS)                       \
    TEXT(tls_cert_file, "tls-cert-file", NULL, EMPTY_IS_NONE, "", NO_TLS)                         \
    TEXT(tls_key_file, "tls-key-file", NULL, EMPTY_IS_NONE, "", NO_TLS)                           \
    TEXT(tls_key_file_pass, "tls-key-file-pass", NULL, EMPTY_IS_NONE, "", NO_TLS)                 \
    TEXT(tls_client_cert_file, "tls-client-cert-file", NULL, EMPTY_IS_NONE, "", NO_TLS)           \
    TEXT(tls_client_key_file, "tls-client-key-file", NULL, EMPTY_IS_NONE, "", NO_TLS)             \
    TEXT(tls_client_key_file_pass, "tls-client-key-file-pass", NULL, EMPTY_IS_NONE, "", NO_TLS)   \
    TEXT(tls_dh_params_file, "tls-dh-params-file", NULL, EMPTY_IS_NONE, "", NO_TLS)               \
    TEXT(tls_ca_cert_file, "tls-ca-cert-file", NULL, EMPTY_IS_NONE, "", NO_TLS)                   \
    TEXT(tls_ca_cert_dir, "tls-ca-cert-dir", NULL, EMPTY_IS_NONE, "", NO_TLS)                     \
    TEXT(tls_protocols, "tls-protocols", NULL, EMPTY_IS_NONE, "", NO_TLS)                         \
    TEXT(tls_ciphers, "tls-ciphers", NULL, EMPTY_IS_NONE, "", NO_TLS)                             \
    TEXT(tls_ciphersuites, "tls-ciphersuites", NULL, EMPTY_IS_NONE, "", NO_TLS)
/* clang-format on */
