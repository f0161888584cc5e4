/* config_table.c - the rows of the table, the names of enumerated values, why things do nothing
 * yet, and the life of a configuration. */
#include "core/mem.h"
#include "shards/config_priv.h"

#include <stdlib.h>
#include <syslog.h>

#define MB ((int64_t)1 << 20)

/* Why a directive has no effect: the second half of "<directive> has no effect here: ...". */
#define WORKS NULL
#define NO_ACL "there are no users beside the default one yet"
#define NO_CHILDREN "slipring has no child processes and no background threads to pin"
#define NO_CLIENT_EVICTION "connections are bounded one by one, not evicted by their sum"
#define NO_CLUSTER "cluster mode is not built yet"
#define NO_DEFRAG "memory is not defragmented in the background"
#define NO_EVICTION "no key is evicted yet: the value is kept, memory is not limited"
#define NO_IO_THREADS "every shard does its own input and output; use shards"
#define NO_JEMALLOC "memory comes from mimalloc"
#define NO_LOCALE "texts are compared byte by byte"
#define NO_LOGO "no logo is printed"
#define NO_MARKS "sockets are not marked"
#define NO_MEMCHECK "memory is not tested after a crash"
#define NO_MODULES "there are no modules"
#define NO_NOTIFICATIONS "keyspace notifications are not built yet"
#define NO_PERSISTENCE "nothing is written to disk yet"
#define NO_REPLICATION "replication is not built yet"
#define ALWAYS_SANITIZES "RESTORE always looks at the whole payload before it takes it"
#define NO_SAMPLING "keys expire by their deadline, without sampling that could try harder"
#define NO_SAVE_ON_SIGNAL "there is nothing to save at the end yet"
#define NO_SCRIPTS "scripts are not built yet"
#define NO_SNAPSHOTS \
    "snapshots are not built yet; the default here is no save points, where redis-server has " \
    "\"3600 1 300 100 60 10000\""
#define NO_TEST_HOOK "it is a hook for redis-server's own tests"
#define NO_TITLE "the process keeps its title"
#define NO_TLS "TLS is not built yet"
#define NO_TRACKING "client side caching is not built yet"
#define NO_WARNINGS "no warning stops the start"
#define ALWAYS_LAZY "tables and large values are always freed in slices, whoever deletes them"
#define OWN_PACE \
    "each shard looks after its clients ten times a second, and after expiry when it is due"
#define ALWAYS_REHASHES "tables grow a step at a time with the work that is done anyway"

/* The order is Redis', as error texts list the names in it. The first name of a value is its text.
 */
#define NAMES(table, ...) \
    static const struct config_name table##_items[] = {__VA_ARGS__}; \
    static const struct config_names table = {table##_items, ARRAY_COUNT(table##_items)}

NAMES(supervised_names, {"upstart", CONFIG_SUPERVISED_UPSTART},
      {"systemd", CONFIG_SUPERVISED_SYSTEMD}, {"auto", CONFIG_SUPERVISED_AUTO},
      {"no", CONFIG_SUPERVISED_NO});
NAMES(syslog_facility_names, {"user", LOG_USER}, {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},
      {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
      {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7});
NAMES(log_level_names, {"debug", CONFIG_LOG_DEBUG}, {"verbose", CONFIG_LOG_VERBOSE},
      {"notice", CONFIG_LOG_NOTICE}, {"warning", CONFIG_LOG_WARNING},
      {"nothing", CONFIG_LOG_NOTHING});
NAMES(eviction_names, {"volatile-lru", CONFIG_EVICTION_VOLATILE_LRU},
      {"volatile-lfu", CONFIG_EVICTION_VOLATILE_LFU},
      {"volatile-random", CONFIG_EVICTION_VOLATILE_RANDOM},
      {"volatile-ttl", CONFIG_EVICTION_VOLATILE_TTL}, {"allkeys-lru", CONFIG_EVICTION_ALLKEYS_LRU},
      {"allkeys-lfu", CONFIG_EVICTION_ALLKEYS_LFU},
      {"allkeys-random", CONFIG_EVICTION_ALLKEYS_RANDOM}, {"noeviction", CONFIG_EVICTION_NONE});
NAMES(oom_score_names, {"no", CONFIG_OOM_SCORE_NO}, {"yes", CONFIG_OOM_SCORE_RELATIVE},
      {"relative", CONFIG_OOM_SCORE_RELATIVE}, {"absolute", CONFIG_OOM_SCORE_ABSOLUTE});
NAMES(permission_names, {"no", CONFIG_PERMISSION_NO}, {"yes", CONFIG_PERMISSION_YES},
      {"local", CONFIG_PERMISSION_LOCAL});
NAMES(shutdown_names, {"default", CONFIG_SHUTDOWN_DEFAULT}, {"save", CONFIG_SHUTDOWN_SAVE},
      {"nosave", CONFIG_SHUTDOWN_NOSAVE}, {"now", CONFIG_SHUTDOWN_NOW},
      {"force", CONFIG_SHUTDOWN_FORCE});
NAMES(io_backend_names, {"auto", CONFIG_IO_BACKEND_AUTO}, {"io_uring", CONFIG_IO_BACKEND_IO_URING},
      {"epoll", CONFIG_IO_BACKEND_EPOLL});
/* Nobody reads these yet: their values are places in the list. */
NAMES(fsync_names, {"everysec", 0}, {"always", 1}, {"no", 2});
NAMES(diskless_load_names, {"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2});
NAMES(tls_auth_names, {"no", 0}, {"yes", 1}, {"optional", 2});
NAMES(acl_pubsub_names, {"allchannels", 1}, {"resetchannels", 0});
NAMES(sanitize_names, {"no", 0}, {"yes", 1}, {"clients", 2});
NAMES(endpoint_names, {"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2});
NAMES(propagation_names, {"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2});

#define ROW_COMMON(field, name_, alias_, flags_, kind_, reason_) \
    .name = (name_), .alias = (alias_), .id = CONFIG_ID_##field, .kind = (kind_), \
    .flags = (flags_), .offset = offsetof(struct config, field), .reason = (reason_)
#define ROW_BOOL(field, name, alias, flags, default_, reason) \
    {ROW_COMMON(field, name, alias, flags, CONFIG_BOOL, reason), .default_number = (default_)},
#define ROW_INT(field, name, alias, flags, lowest_, highest_, default_, reason) \
    {ROW_COMMON(field, name, alias, flags, CONFIG_INT, reason), .lowest = (lowest_), \
     .highest = (highest_), .default_number = (default_)},
#define ROW_ENUM(field, name, alias, flags, names_, default_, reason) \
    {ROW_COMMON(field, name, alias, flags, CONFIG_ENUM, reason), .names = &(names_), \
     .default_number = (default_)},
#define ROW_TEXT(field, name, alias, flags, default_, reason) \
    {ROW_COMMON(field, name, alias, flags, CONFIG_TEXT, reason), .default_text = (default_)},
#define ROW_SPECIAL(field, name, alias, flags, reason) \
    {ROW_COMMON(field, name, alias, flags, CONFIG_SPECIAL, reason)},

const struct config_row config_rows[CONFIG_IDS_COUNT] = {
    CONFIG_DIRECTIVES(ROW_BOOL, ROW_INT, ROW_ENUM, ROW_TEXT, ROW_SPECIAL)};

const struct config_row *config_find(struct slice name, const char **found) {
    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        if (slice_equal_cstr_nocase(name, row->name)) {
            *found = row->name;
            return row;
        }
        if (row->alias != NULL && slice_equal_cstr_nocase(name, row->alias)) {
            *found = row->alias;
            return row;
        }
    }
    return NULL;
}

static struct config_text *text_field(struct config *config, const struct config_row *row) {
    SL_ASSERT(row->kind == CONFIG_TEXT);
    return (struct config_text *)(void *)((char *)config + row->offset);
}

struct config *config_new_defaults(void) {
    struct config *config = mem_must_zero(sizeof *config);

    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        char *field = (char *)config + row->offset;
        int enumerated = (int)row->default_number;
        bool yes = row->default_number != 0;
        switch (row->kind) {
        case CONFIG_BOOL: memcpy(field, &yes, sizeof yes); break;
        case CONFIG_INT: memcpy(field, &row->default_number, sizeof row->default_number); break;
        case CONFIG_ENUM: memcpy(field, &enumerated, sizeof enumerated); break;
        case CONFIG_TEXT:
            *text_field(config, row) = config_text_new(slice_from_cstr(row->default_text));
            break;
        case CONFIG_SPECIAL: break;
        }
        SL_ASSERT(row->id == (enum config_id)i);
    }
    config->config_file = config_text_new(slice_of("", 0));
    config_special_init(config);
    return config;
}

struct config *config_clone(const struct config *config) {
    struct config *clone = mem_must(sizeof *clone);

    memcpy(clone, config, sizeof *clone); /* then everything that is owned gets its own copy */
    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        if (config_rows[i].kind != CONFIG_TEXT) continue;
        struct config_text *text = text_field(clone, &config_rows[i]);
        *text = config_text_new(config_text_slice(text));
    }
    clone->dir = config_text_new(config_text_slice(&config->dir));
    clone->config_file = config_text_new(config_text_slice(&config->config_file));
    clone->renames = NULL;
    if (config->renames_count > 0) {
        clone->renames = mem_must(config->renames_count * sizeof clone->renames[0]);
    }
    for (size_t i = 0; i < config->renames_count; i++) {
        clone->renames[i].from = config_text_new(config_text_slice(&config->renames[i].from));
        clone->renames[i].to = config_text_new(config_text_slice(&config->renames[i].to));
    }
    return clone;
}

void config_free(struct config *config) {
    if (config == NULL) return;
    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        if (config_rows[i].kind == CONFIG_TEXT)
            config_text_free(text_field(config, &config_rows[i]));
    }
    config_text_free(&config->dir);
    config_text_free(&config->config_file);
    for (size_t i = 0; i < config->renames_count; i++) {
        config_text_free(&config->renames[i].from);
        config_text_free(&config->renames[i].to);
    }
    mem_free(config->renames);
    mem_free(config);
}

void config_swap(struct config *a, struct config *b) {
    struct config swap = *a;
    *a = *b;
    *b = swap;
}

void config_normalize(struct config *config) {
    if (config->hz < 1) config->hz = 1;
    if (config->hz > 500) config->hz = 500;
}
