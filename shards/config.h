#pragma once
/* The configuration: every directive of Redis 7.2's redis.conf and slipring's own, as one plain
 * value.
 *
 * No globals, no threads: the runtime publishes immutable snapshots. To change one, clone it, call
 * config_set() on the clone, apply what config_each_changed() names, publish the clone. Reading a
 * field is reading a struct member. What exists, with its default, range and whether it does
 * anything here, stands in one place: config_table.h.
 *
 * Any thread may call anything on a value of its own. Loading and rewriting block on the disk. */
#include "core/base.h"
#include "shards/config_table.h"

/* An owned string. `data` is never NULL and always ends with a zero byte that `len` does not count.
 */
struct config_text {
    char *data;
    size_t len;
};

enum {
    CONFIG_ADDRESSES_MAX = 16,
    CONFIG_ADDRESS_BYTES_MAX = 256,
    CONFIG_SAVE_POINTS_MAX = 64,
    CONFIG_PERCENTILES_MAX = 64,
    CONFIG_SHARDS_MAX = 64,
    CONFIG_INCLUDE_DEPTH_MAX = 16,
    CONFIG_FILE_BYTES_MAX = 16 << 20,
};

enum config_log_level {
    CONFIG_LOG_DEBUG,
    CONFIG_LOG_VERBOSE,
    CONFIG_LOG_NOTICE,
    CONFIG_LOG_WARNING,
    CONFIG_LOG_NOTHING,
};
enum config_supervised {
    CONFIG_SUPERVISED_NO,
    CONFIG_SUPERVISED_AUTO,
    CONFIG_SUPERVISED_SYSTEMD,
    CONFIG_SUPERVISED_UPSTART,
};
enum config_permission {
    CONFIG_PERMISSION_NO,
    CONFIG_PERMISSION_YES,
    CONFIG_PERMISSION_LOCAL,
};
enum config_oom_score {
    CONFIG_OOM_SCORE_NO,
    CONFIG_OOM_SCORE_RELATIVE,
    CONFIG_OOM_SCORE_ABSOLUTE,
};
enum config_io_backend {
    CONFIG_IO_BACKEND_AUTO,
    CONFIG_IO_BACKEND_IO_URING,
    CONFIG_IO_BACKEND_EPOLL,
};
enum config_eviction {
    CONFIG_EVICTION_NONE,
    CONFIG_EVICTION_VOLATILE_LRU,
    CONFIG_EVICTION_VOLATILE_LFU,
    CONFIG_EVICTION_VOLATILE_RANDOM,
    CONFIG_EVICTION_VOLATILE_TTL,
    CONFIG_EVICTION_ALLKEYS_LRU,
    CONFIG_EVICTION_ALLKEYS_LFU,
    CONFIG_EVICTION_ALLKEYS_RANDOM,
};
/* shutdown-on-sigterm and -sigint: bits */
enum config_shutdown {
    CONFIG_SHUTDOWN_DEFAULT = 0,
    CONFIG_SHUTDOWN_SAVE = 1,
    CONFIG_SHUTDOWN_NOSAVE = 2,
    CONFIG_SHUTDOWN_NOW = 4,
    CONFIG_SHUTDOWN_FORCE = 8,
};
enum config_client_class {
    CONFIG_CLIENT_NORMAL,
    CONFIG_CLIENT_REPLICA,
    CONFIG_CLIENT_PUBSUB,
    CONFIG_CLIENT_CLASSES,
};

struct config_addresses {
    size_t count;
    char items[CONFIG_ADDRESSES_MAX][CONFIG_ADDRESS_BYTES_MAX]; /* may begin with '-': optional */
};
struct config_save_points {
    size_t count;
    struct {
        int64_t seconds, changes;
    } items[CONFIG_SAVE_POINTS_MAX];
};
struct config_output_limit { /* 0: no limit */
    uint64_t hard_bytes, soft_bytes;
    int64_t soft_seconds;
};
struct config_percentiles {
    size_t count;
    double items[CONFIG_PERCENTILES_MAX];
};
struct config_primary { /* replicaof; an empty host: none */
    char host[CONFIG_ADDRESS_BYTES_MAX];
    int port;
};
struct config_rename { /* rename-command, in file order; an empty `to` removes the command */
    struct config_text from, to;
};

#define CONFIG_FIELD_BOOL(field, ...) bool field;
#define CONFIG_FIELD_INT(field, ...) int64_t field;
#define CONFIG_FIELD_ENUM(field, ...) int field;
#define CONFIG_FIELD_TEXT(field, ...) struct config_text field;
#define CONFIG_FIELD_SPECIAL(field, ...) /* by hand, below */

struct config {
    CONFIG_DIRECTIVES(CONFIG_FIELD_BOOL, CONFIG_FIELD_INT, CONFIG_FIELD_ENUM, CONFIG_FIELD_TEXT,
                      CONFIG_FIELD_SPECIAL)
    struct config_addresses bind;
    struct config_save_points save;
    struct config_output_limit client_output_buffer_limit[CONFIG_CLIENT_CLASSES];
    struct config_percentiles latency_tracking_info_percentiles;
    struct config_primary replicaof;
    int oom_score_adj_values[3]; /* primary, replica, background child */
    unsigned notify_keyspace_events; /* bit i: the i-th letter of "g$lshzxetdnKEm" */
    int64_t shards; /* 0: auto */
    struct config_text dir; /* absolute; the runtime does the chdir */
    struct config_text config_file; /* absolute; empty: started without one */
    struct config_rename *renames; /* not a directive of CONFIG GET */
    size_t renames_count;
};

/* Names a directive to the code that applies changes: CONFIG_ID_port, CONFIG_ID_bind, ... in lower
 * case, so that it is the field's own name. */
#define CONFIG_ID(field, ...) CONFIG_ID_##field,
enum config_id {
    CONFIG_DIRECTIVES(CONFIG_ID, CONFIG_ID, CONFIG_ID, CONFIG_ID, CONFIG_ID) CONFIG_IDS_COUNT
};

/* What is wrong, for people. `reason` is complete for a reply (without "-ERR "); file and line are
 * set by the loader only. */
struct config_error {
    char file[256]; /* empty: not from a file */
    unsigned line_number; /* from 1; 0: no particular line */
    char line[512];
    char reason[768];
};

struct config *config_new_defaults(void); /* the caller owns it; never NULL */
struct config *config_clone(const struct config *config);
void config_free(struct config *config); /* NULL is fine */

/* `argv` without the program's name: [file] [-] [--directive value ...]; "-" reads standard input.
 * The order of precedence, weakest first: file, standard input, arguments. Also checks that the log
 * file can be opened and that nothing is asked for that would be dangerous to ignore
 * (config_check). 0, or -1 with `error` set; `config` then holds what was read so far. */
int config_load_args(struct config *config, int argc, char *const argv[],
                     struct config_error *error);
/* One text, as if it stood in file `name`. `include` is refused unless `may_include`. Does not
 * check. */
int config_load_text(struct config *config, const char *name, struct slice text, bool may_include,
                     struct config_error *error);
/* Refuses what is not built yet and must not be ignored silently: persistence, replicas, TLS ... */
int config_check(const struct config *config, struct config_error *error);
/* "\n*** FATAL CONFIG FILE ERROR (slipring <version>) ***\n..." as Redis prints it; cut to fit. */
size_t config_error_print(const struct config_error *error, const char *version, char *dst,
                          size_t dst_bytes);

/* CONFIG GET: every directive that one of the patterns names, once, under the name that matched (a
 * plain name as the client spelled it). Returns how many; `each` may be NULL to only count. */
size_t config_get(const struct config *config, const struct slice *patterns, size_t count,
                  void (*each)(void *owner, struct slice name, struct slice value), void *owner);

enum config_set_result { CONFIG_SET_OK, CONFIG_SET_REFUSED };
/* CONFIG SET name value [name value ...]: all of them or none. `client_is_local` decides about
 * protected ones (enable-protected-configs local). Refused: `error->reason` is the reply. */
enum config_set_result config_set(struct config *config, const struct slice *pairs,
                                  size_t pairs_count, bool client_is_local,
                                  struct config_error *error);
/* Must the value that follows this name be kept out of the slow log and MONITOR? */
bool config_is_sensitive(struct slice name);

/* Which directives differ. */
void config_each_changed(const struct config *before, const struct config *after,
                         void (*each)(void *owner, enum config_id id, const char *name),
                         void *owner);
/* Which directives are set to something that does nothing here, and why: a log line each at the
 * start. */
void config_each_without_effect(const struct config *config,
                                void (*each)(void *owner, const char *name, const char *reason),
                                void *owner);

/* CONFIG REWRITE. Comments and order stay; what changed is replaced in place, what is new goes to
 * the end. After a crash the file is the old one or the new one, whole. 0 or -1 with
 * `error->reason`. */
int config_rewrite(const struct config *config, struct config_error *error);
