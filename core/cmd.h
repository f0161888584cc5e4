#pragma once
/* A command is declared once, as a struct cmd_def in the file of its family; everything follows
 * from that row: dispatch, arity errors, routing to shards, ACL categories, COMMAND
 * INFO/DOCS/GETKEYS, the manual. This header is what a handler sees of the world: its arguments,
 * the keys, the clock of this command, the reply. */
#include "core/base.h"
#include "core/keyspace.h"
#include "core/reply.h"

struct cmd_ctx;
typedef void cmd_run(struct cmd_ctx *ctx);

/* COMMAND INFO's names in lower case */
enum cmd_flag {
    CMD_WRITE = 1 << 0,
    CMD_READONLY = 1 << 1,
    CMD_DENYOOM = 1 << 2,
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7,
    CMD_STALE = 1 << 8,
    CMD_SKIP_MONITOR = 1 << 9,
    CMD_SKIP_SLOWLOG = 1 << 10,
    CMD_ASKING = 1 << 11,
    CMD_FAST = 1 << 12,
    CMD_NO_AUTH = 1 << 13,
    CMD_MAY_REPLICATE = 1 << 14,
    CMD_SENTINEL = 1 << 15,
    CMD_ONLY_SENTINEL = 1 << 16,
    CMD_NO_MANDATORY_KEYS = 1 << 17,
    CMD_PROTECTED = 1 << 18, /* not shown: refused by enable-debug-command and its kind */
    CMD_NO_ASYNC_LOADING = 1 << 19,
    CMD_NO_MULTI = 1 << 20,
    CMD_MOVABLEKEYS = 1 << 21,
    CMD_ALLOW_BUSY = 1 << 22,
    CMD_TOUCHES_ARBITRARY_KEYS = 1 << 23,
    /* not shown: never run on another thread's lent token (long by nature) */
    CMD_SLOW_EXECUTION = 1 << 24,
};

/* ACL categories beyond those that follow from the flags (@write @read @admin @dangerous @fast
 * @slow @pubsub @blocking, by Redis' rule). */
enum cmd_category {
    CATEGORY_KEYSPACE = 1 << 0,
    CATEGORY_STRING = 1 << 1,
    CATEGORY_BITMAP = 1 << 2,
    CATEGORY_HASH = 1 << 3,
    CATEGORY_LIST = 1 << 4,
    CATEGORY_SET = 1 << 5,
    CATEGORY_SORTEDSET = 1 << 6,
    CATEGORY_STREAM = 1 << 7,
    CATEGORY_HYPERLOGLOG = 1 << 8,
    CATEGORY_GEO = 1 << 9,
    CATEGORY_CONNECTION = 1 << 10,
    CATEGORY_TRANSACTION = 1 << 11,
    CATEGORY_SCRIPTING = 1 << 12,
    CATEGORY_DANGEROUS = 1 << 13,
};

/* Where a command runs (architecture, section 5). */
enum cmd_scope {
    /* on the slots of its keys: local when one shard owns them all, else reserved and borrowed */
    SCOPE_KEYS,
    /* on the connection's own thread; it touches no slot. It may start a gather and answer later */
    SCOPE_CONN,
    /* on the shard of one slot that .route_slot computes (SCAN); it may walk all slots of that
     * shard that are not reserved */
    SCOPE_SLOT,
    SCOPE_WORLD, /* on every slot at once (FLUSHALL, SWAPDB) */
};

enum cmd_key_flag {
    CMD_KEY_RO = 1 << 0,
    CMD_KEY_RW = 1 << 1,
    CMD_KEY_OW = 1 << 2,
    CMD_KEY_RM = 1 << 3,
    CMD_KEY_ACCESS = 1 << 4,
    CMD_KEY_UPDATE = 1 << 5,
    CMD_KEY_INSERT = 1 << 6,
    CMD_KEY_DELETE = 1 << 7,
    CMD_KEY_NOT_KEY = 1 << 8,
    CMD_KEY_INCOMPLETE = 1 << 9,
    CMD_KEY_VARIABLE_FLAGS = 1 << 10,
};

/* A key specification as Redis 7 has it
 * (https://redis.io/docs/latest/develop/reference/key-specs/). begin: an index, or the argument
 * after `keyword` searched from `begin_index` (negative: from the end). Then either a range
 * (last, relative to the first key or negative from the end; step; limit) or a count of keys. */
struct cmd_key_spec {
    uint16_t flags;
    const char *keyword; /* NULL: begin_index is the index itself */
    int8_t begin_index;
    bool is_keynum;
    int8_t last, step, limit; /* range */
    int8_t keynum_index, keynum_first; /* keynum; step as above */
    const char *notes; /* or NULL */
    /* no rule says where its keys are (SORT's): the row's find_keys does, if anything */
    bool is_unknown;
};
enum { CMD_KEY_SPECS_MAX = 3 };

enum cmd_arg_type {
    ARG_STRING,
    ARG_INTEGER,
    ARG_DOUBLE,
    ARG_KEY,
    ARG_PATTERN,
    ARG_UNIX_TIME,
    ARG_PURE_TOKEN,
    ARG_ONEOF,
    ARG_BLOCK
};
enum cmd_arg_flag { ARG_OPTIONAL = 1, ARG_MULTIPLE = 2, ARG_MULTIPLE_TOKEN = 4 };
/* One argument of the syntax, for COMMAND DOCS. */
struct cmd_arg {
    const char *name;
    enum cmd_arg_type type;
    const char *token, *summary, *since, *deprecated_since, *display; /* or NULL */
    int8_t key_spec_plus_one; /* of an ARG_KEY: 1 + which key spec; 0: none */
    uint8_t flags;
    const struct cmd_arg *args; /* sub-arguments of ARG_ONEOF and ARG_BLOCK */
    size_t args_count;
};

struct cmd_key_pos {
    uint32_t index;
    uint16_t flags;
};

struct cmd_def {
    /* lower case; a sub-command is "container|sub" and stands behind its container */
    const char *name;
    cmd_run *run; /* NULL for a container that has only sub-commands */
    int arity; /* counts the name(s); negative: at least */
    uint32_t flags;
    uint32_t categories;
    enum cmd_scope scope;
    struct cmd_key_spec keys[CMD_KEY_SPECS_MAX];
    uint8_t keys_count;
    /* SCOPE_SLOT; -1: no matter where */
    int (*route_slot)(const struct slice *args, size_t args_count);
    /* what CMD_KEY_VARIABLE_FLAGS are in this call, or NULL */
    uint16_t (*key_flags)(const struct slice *args, size_t args_count);
    /* As cmd_keys(), where rules do not suffice; or NULL. */
    int (*find_keys)(const struct slice *args, size_t args_count, struct cmd_key_pos *positions,
                     size_t positions_max);
    /* SCOPE_KEYS: this call touches keys that its arguments do not name, and so runs as if
     * SCOPE_WORLD (SORT BY); or NULL. */
    bool (*needs_world)(const struct slice *args, size_t args_count);
    /* COMMAND DOCS */
    const char *group, *since, *complexity, *summary;
    const char *deprecated_since, *replaced_by;
    const char *const *tips; /* NULL-terminated, or NULL */
    const char *const *history; /* pairs version, text; NULL-terminated, or NULL */
    const struct cmd_arg *syntax;
    size_t syntax_count;
};
#define CMD_KEYS_ONE(key_flags) \
    {{.flags = (key_flags), .begin_index = 1, .last = 0, .step = 1}}, .keys_count = 1
#define CMD_KEYS_ALL(key_flags, key_step) \
    {{.flags = (key_flags), .begin_index = 1, .last = -1, .step = (key_step)}}, .keys_count = 1
#define CMD_SYNTAX(array) .syntax = (array), .syntax_count = ARRAY_COUNT(array)

struct cmd_family {
    const char *name;
    const struct cmd_def *defs;
    size_t defs_count;
};

/* ---- The table of all commands; immutable once made, any thread ---- */
struct cmd { /* a row with what the table adds */
    const struct cmd_def *def;
    uint16_t index; /* 0 .. cmd_table_count - 1: for per-command statistics */
    const struct cmd *parent;
    const struct cmd *const *subs; /* of a container */
    size_t subs_count;
    uint32_t acl_categories; /* bits in the order of cmd_category_name() */
    /* The common case of one range spec with fixed positions, ready for routing: keys at
     * key_first, +step, up to key_last (negative: from the end). 0: no keys. */
    int16_t key_first, key_last, key_step;
    bool keys_are_simple; /* the three fields above say it all */
    char fullname[48]; /* "client|id" */
};
struct cmd_table;
/* asserts that rows are sane */
struct cmd_table *cmd_table_new(const struct cmd_family *const *families, size_t families_count);
void cmd_table_free(struct cmd_table *table);
size_t cmd_table_count(const struct cmd_table *table); /* sub-commands counted */
const struct cmd *cmd_table_at(const struct cmd_table *table, size_t index);
/* By name, any case, renamed commands under their new name (rename-command). The hot path: a few
 * ns. */
const struct cmd *cmd_table_find(const struct cmd_table *table, struct slice name);
/* The command that these arguments call, sub-commands resolved; NULL: unknown (then *parent is
 * the container, if that at least is known). */
const struct cmd *cmd_table_resolve(const struct cmd_table *table, const struct slice *args,
                                    size_t args_count, const struct cmd **parent);
/* before any thread runs; empty: removed. -ENOENT, -EEXIST */
int cmd_table_rename(struct cmd_table *table, struct slice name, struct slice name_new);
const struct cmd *cmd_sub_find(const struct cmd *container, struct slice name);
bool cmd_arity_is_ok(const struct cmd *cmd, size_t args_count);
/* Does this call run on all slots at once? */
static inline bool cmd_is_world(const struct cmd *cmd, const struct slice *args,
                                size_t args_count) {
    return cmd->def->scope == SCOPE_WORLD ||
           (cmd->def->needs_world != NULL && cmd->def->needs_world(args, args_count));
}
/* Positions of the keys among the arguments, from the key specs. Returns how many, at most
 * positions_max are written (call again with more room), or -1 when the arguments make no sense
 * (COMMAND GETKEYS' "Invalid arguments specified for command"). */
int cmd_keys(const struct cmd *cmd, const struct slice *args, size_t args_count,
             struct cmd_key_pos *positions, size_t positions_max);
const char *cmd_category_name(unsigned bit); /* "keyspace", "read", ...; NULL past the last */

/* ---- What a handler gets ---- */
/* Settings that commands look at; the runtime fills it from the configuration. */
struct cmd_settings {
    size_t proto_max_bulk_len;
    unsigned databases_count;
    bool lfu_policy; /* maxmemory-policy is an LFU one: access bits are LFU's */
    unsigned lfu_log_factor, lfu_decay_minutes;
    bool active_expire; /* DEBUG SET-ACTIVE-EXPIRE; lazy expiry is always on */
    /* Up to where collections are compact: entries are counts, values are bytes. */
    int64_t list_max_listpack_size; /* > 0: elements; -1 .. -5: 4, 8, 16, 32, 64 KiB */
    unsigned list_compress_depth;
    /* DEBUG QUICKLIST-PACKED-THRESHOLD; 0: as list_max_listpack_size says */
    size_t list_plain_min_bytes;
    size_t hash_max_listpack_entries, hash_max_listpack_value;
    size_t set_max_intset_entries, set_max_listpack_entries, set_max_listpack_value;
    size_t zset_max_listpack_entries, zset_max_listpack_value;
    size_t stream_node_max_bytes, stream_node_max_entries; /* 0: no limit */
    size_t hll_sparse_max_bytes;
};
/* Monotonic counters of one thread; read by any (INFO). */
struct cmd_counters {
    _Atomic uint64_t keyspace_hits, keyspace_misses, expired_keys, expired_subkeys, dirty;
};
/* Where executed writes go (AOF, replicas) and where keyspace events go (notifications, WATCH,
 * client-side caching). Both may be NULL: nobody listens. */
struct effect_sink {
    void (*emit)(void *owner, unsigned db, const struct slice *args, size_t args_count);
    void *owner;
};
enum event_class {
    EVENT_GENERIC,
    EVENT_STRING,
    EVENT_LIST,
    EVENT_SET,
    EVENT_HASH,
    EVENT_ZSET,
    EVENT_STREAM,
    EVENT_EXPIRED,
    EVENT_EVICTED,
    EVENT_NEW,
    EVENT_KEYMISS,
    /* every key of the database, the name is empty: "flushdb", "flushall",
                    * "swapdb" */
    EVENT_DATABASE
};
struct event_sink {
    void (*notify)(void *owner, enum event_class event_class, const char *event, unsigned db,
                   struct slice key);
    void *owner;
};

/* ---- Blocking ---- A handler that has nothing to give yet calls cmd_block() and returns
 * without a reply. It is run again, as a new command with ctx->wake_arg set, each time the key
 * at that argument was changed by somebody (in the order in which the clients came to that key);
 * then it replies, or calls cmd_block() again, which keeps its place. Once it replies, it is
 * served and waits for nothing any more: exactly one wake does that. With wake_arg set it looks
 * at that key alone (its slot may be the only one it has), unless needs_all_keys. A key of a
 * wrong type does not wake it: it blocks again. */
/* what is answered when the time is up */
enum cmd_block_timeout { BLOCK_TIMEOUT_NULL, BLOCK_TIMEOUT_NULL_ARRAY };
struct cmd_block {
    /* what to run again, copied; NULL: the command's own (XREAD: with $ made an id) */
    const struct slice *args;
    size_t args_count;
    /* positions in args of the keys to wait for, in the order of their preference; copied */
    const uint32_t *keys;
    size_t keys_count;
    uint64_t deadline_unix_ms; /* 0: none. Kept from the first call: ignored when wake_arg is set */
    bool needs_all_keys; /* it changes another key as well (BLMOVE): run it on all its slots */
    /* a key that is gone wakes it too: it has an error to answer (XREADGROUP). The others only
     * look at keys that are there */
    bool wakes_without_key;
    enum cmd_block_timeout timeout_reply;
};
struct block_sink {
    void (*block)(void *owner, struct cmd_ctx *ctx, const struct cmd_block *block);
    /* A key was changed, made or deleted. Cheap when nobody waits for it. */
    void (*changed)(void *owner, struct cmd_ctx *ctx, unsigned db, struct slice key);
    /* Any key of the database may have been: EVENT_DATABASE, whose command has all slots. */
    void (*database_changed)(void *owner, struct cmd_ctx *ctx, unsigned db);
    void *owner;
};

struct cmd_ctx {
    const struct cmd *cmd;
    const struct slice *args; /* args[0] is the name */
    size_t args_count;
    struct keyspace *keyspace;
    unsigned db;
    uint64_t now_unix_ms; /* one clock reading per command */
    struct reply *reply;
    const struct cmd_settings *settings;
    struct cmd_counters *counters;
    const struct effect_sink *effects; /* or NULL */
    const struct event_sink *events; /* or NULL */
    /* somebody is blocked on some key; NULL: nobody in the whole node */
    const struct block_sink *waiters;
    /* NULL: it may not block (a transaction, a script): cmd_block() answers as if time were up */
    const struct block_sink *blocking;
    uint32_t wake_arg; /* see cmd_block; 0: the first run */
    uint64_t random_bits; /* seed for this command's own randomness */
    /* the first key, already hashed for routing; key_first.name.data NULL: none */
    struct key key_first;
    bool no_touch; /* CLIENT NO-TOUCH */
    bool is_changed; /* set by cmd_changed() */
    /* the handler emitted its own effect: the caller must not emit the command verbatim */
    bool is_effect_emitted;
    void *session; /* upper rooms' own: the connection and the shard */
};

/* The key at an argument position; the first key costs nothing (routing has hashed it). */
struct key cmd_key(const struct cmd_ctx *ctx, size_t arg_index);
/* Look-up for reading: counts a hit or a miss, touches the access clock, deletes an expired key
 * on the way (with its effect and event). NULL: not there. */
struct entry *cmd_find_read(struct cmd_ctx *ctx, const struct key *key);
struct entry *cmd_find_read_in(struct cmd_ctx *ctx, unsigned db, const struct key *key);
/* Look-up for changing: no hit or miss is counted. */
struct entry *cmd_find_write(struct cmd_ctx *ctx, const struct key *key);
struct entry *cmd_find_write_in(struct cmd_ctx *ctx, unsigned db, const struct key *key);
/* The same without any side effect on counters or access clock, expired keys count as not there
 * (OBJECT, TYPE, DEBUG, EXISTS-like probes). */
struct entry *cmd_find_quiet(struct cmd_ctx *ctx, unsigned db, const struct key *key);
/* As cmd_find_read(), but whatever the client looks at keeps its age (EXISTS, TTL, TYPE). */
struct entry *cmd_find_untouched(struct cmd_ctx *ctx, const struct key *key);
/* As cmd_find_read() and cmd_find_write(), of a value of that type. False: WRONGTYPE is written.
 * *entry NULL: there is none. */
bool cmd_find_read_as(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                      struct entry **entry);
bool cmd_find_write_as(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                       struct entry **entry);
/* A new key with an object and no deadline, event "new"; nothing may be there. NULL: no memory,
 * the error is written, the object still the caller's. */
struct entry *cmd_add_object(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                             enum value_encoding encoding, void *object);
/* A result in the key's place, whatever was there, without a deadline (SUNIONSTORE). The object
 * is taken in any case; false: no memory, the error is written. The event of the command itself
 * is the caller's to announce. */
bool cmd_store_object(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                      enum value_encoding encoding, void *object);
/* After its last element went: the key too, with its "del" event (not counted as a further change). */
void cmd_delete_empty(struct cmd_ctx *ctx, const struct key *key, struct entry *entry);
/* The keys at arg_first, arg_first + step, ... before arg_end, hashed, with their buckets and
 * entries on the way into the cache: for commands of many keys. All must be keys of this call:
 * the look-ahead reads their slots, and no others are the handler's. At most CMD_KEYS_BATCH;
 * returns how many there were. */
enum { CMD_KEYS_BATCH = 16 };
size_t cmd_keys_load(const struct cmd_ctx *ctx, size_t arg_first, size_t arg_end, size_t step,
                     struct key keys[static CMD_KEYS_BATCH]);
/* Says that a key was changed: event for listeners, dirty count, is_changed. Call after the change. */
void cmd_changed(struct cmd_ctx *ctx, enum event_class event_class, const char *event, unsigned db,
                 struct slice key);
void cmd_changed_silently(struct cmd_ctx *ctx); /* without the event */
/* cmd_changed() said it of one element; so many more were added or removed: INFO counts
 * elements, as Redis does. */
void cmd_changed_more(struct cmd_ctx *ctx, size_t more_count);
/* A further event of the same change ("new", "expire" after "set", one of MSET's), or one
 * without a change ("keymiss"). */
void cmd_event(struct cmd_ctx *ctx, enum event_class event_class, const char *event, unsigned db,
               struct slice key);
/* without the event */
void cmd_delete(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry);
/* Replaces the verbatim effect by this one (several calls: several effects, joined as one
 * transaction). */
void cmd_effect(struct cmd_ctx *ctx, const struct slice *args, size_t args_count);
void cmd_effect_none(struct cmd_ctx *ctx); /* changed, but nothing needs to be said */
uint32_t cmd_access_now(const struct cmd_ctx *ctx); /* fresh access bits for a new entry */
/* What access bits say, by the policy in force: seconds without a use, or the LFU counter
 * decayed until now. */
uint64_t cmd_access_idle_seconds(const struct cmd_ctx *ctx, uint32_t access);
unsigned cmd_access_frequency(const struct cmd_ctx *ctx, uint32_t access);
/* Access bits of something unused for so long, or so much used (0 to 255): RESTORE. */
uint32_t cmd_access_from_idle(const struct cmd_ctx *ctx, uint64_t idle_seconds);
uint32_t cmd_access_from_frequency(const struct cmd_ctx *ctx, unsigned frequency);
/* See struct cmd_block. The keys are of ctx->db. */
void cmd_block(struct cmd_ctx *ctx, const struct cmd_block *block);
/* A timeout in seconds, also fractions, as BLPOP takes it: the deadline, 0 for none. False: the
 * error is written. */
bool cmd_arg_timeout_seconds(struct cmd_ctx *ctx, size_t index, uint64_t *deadline_unix_ms);
/* XREAD's */
bool cmd_arg_timeout_ms(struct cmd_ctx *ctx, size_t index, uint64_t *deadline_unix_ms);
/* Deletes a key found to be expired: effect DEL, event "expired", counters. Also the active
 * expiry's way. */
void cmd_expire_key(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry);
/* Argument parsing with Redis' error texts; false: the error is written. text NULL: "value is
 * not an integer or out of range". */
bool cmd_arg_int64(struct cmd_ctx *ctx, size_t index, int64_t *value, const char *text);
bool cmd_arg_int64_range(struct cmd_ctx *ctx, size_t index, int64_t min, int64_t max,
                         int64_t *value, const char *text);
/* text NULL: "value is not a valid float". NaN is refused with it. */
bool cmd_arg_double(struct cmd_ctx *ctx, size_t index, double *value, const char *text);
bool cmd_arg_is(const struct cmd_ctx *ctx, size_t index, const char *word); /* case-insensitive */
/* a database's number; text: as above */
bool cmd_arg_db(struct cmd_ctx *ctx, size_t index, unsigned *db, const char *text);
/* "wrong number of arguments for '...' command" */
void cmd_reply_arity_error(struct cmd_ctx *ctx);
void cmd_reply_expire_error(struct cmd_ctx *ctx); /* "invalid expire time in '...' command" */
const char *cmd_type_name(enum value_type type); /* "string", "list", ...: TYPE, SCAN TYPE */
/* "unknown subcommand or wrong number of arguments for '%.128s'. Try %s HELP." */
void cmd_reply_subcommand_error(struct cmd_ctx *ctx);
/* HELP of a container: header and footer lines as Redis prints them around `lines`
 * (NULL-terminated). */
void cmd_reply_help(struct cmd_ctx *ctx, const char *const *lines);
