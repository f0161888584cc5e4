/* cmd.c - what all handlers share: keys looked up with their deadlines, changes announced,
 * arguments read. */
#include "core/cmd.h"

#include <limits.h>
#include <stdio.h>

#include "core/number.h"
#include "core/object.h"

/* A counter has one writing thread: no locked instruction is needed. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t n) {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + n, memory_order_relaxed);
}

/* ---- The access clock: 24 bits in each entry ----
 * LRU: seconds, modulo 2^24. LFU: 16 bits of minutes, 8 bits of a counter that grows with the
 * logarithm of the uses and loses one every lfu-decay-time minutes. Redis' own layout and
 * arithmetic. */
enum {
    ACCESS_MASK = 0xffffff,
    LFU_COUNTER_MAX = 255,
    LFU_COUNTER_NEW = 5,
    LFU_MINUTES_MASK = 0xffff,
};

static inline uint32_t lru_clock(const struct cmd_ctx *ctx) {
    return (uint32_t)(ctx->now_unix_ms / 1000) & ACCESS_MASK;
}

static inline uint32_t lfu_minutes(const struct cmd_ctx *ctx) {
    return (uint32_t)(ctx->now_unix_ms / 60000) & LFU_MINUTES_MASK;
}

uint32_t cmd_access_now(const struct cmd_ctx *ctx) {
    if (SL_LIKELY(!ctx->settings->lfu_policy)) return lru_clock(ctx);
    return lfu_minutes(ctx) << 8 | LFU_COUNTER_NEW;
}

uint64_t cmd_access_idle_seconds(const struct cmd_ctx *ctx, uint32_t access) {
    return (lru_clock(ctx) - access) & ACCESS_MASK;
}

unsigned cmd_access_frequency(const struct cmd_ctx *ctx, uint32_t access) {
    unsigned decay = ctx->settings->lfu_decay_minutes, counter = access & LFU_COUNTER_MAX;
    unsigned elapsed = (lfu_minutes(ctx) - (access >> 8)) & LFU_MINUTES_MASK;
    unsigned periods = decay > 0 ? elapsed / decay : 0;

    return periods > counter ? 0 : counter - periods;
}

uint32_t cmd_access_from_idle(const struct cmd_ctx *ctx, uint64_t idle_seconds) {
    if (idle_seconds > ACCESS_MASK / 2) idle_seconds = ACCESS_MASK / 2; /* the clock goes round */
    return (lru_clock(ctx) - (uint32_t)idle_seconds) & ACCESS_MASK;
}

uint32_t cmd_access_from_frequency(const struct cmd_ctx *ctx, unsigned frequency) {
    return lfu_minutes(ctx) << 8 | (frequency & LFU_COUNTER_MAX);
}

/* Grows by one with a chance of 1 / ((counter - 5) * lfu-log-factor + 1). */
static uint32_t lfu_used(struct cmd_ctx *ctx, uint32_t access) {
    unsigned counter = cmd_access_frequency(ctx, access);
    uint64_t over = counter > LFU_COUNTER_NEW ? counter - LFU_COUNTER_NEW : 0;
    uint64_t odds = over * ctx->settings->lfu_log_factor + 1;

    /* A look-up takes its own piece of the randomness: MGET must not throw one die for all its
     * keys. */
    ctx->random_bits = ctx->random_bits * UINT64_C(6364136223846793005) +
                       UINT64_C(1442695040888963407);
    if (counter < LFU_COUNTER_MAX && (ctx->random_bits >> 32) % odds == 0) counter++;
    return lfu_minutes(ctx) << 8 | counter;
}

static inline void touch(struct cmd_ctx *ctx, struct entry *entry) {
    uint32_t access = entry_access(entry), access_new;

    if (SL_UNLIKELY(ctx->no_touch)) return;
    access_new = SL_LIKELY(!ctx->settings->lfu_policy) ? lru_clock(ctx) : lfu_used(ctx, access);
    if (access != access_new) entry_set_access(entry, access_new);
}

/* ---- Keys ---- */

struct key cmd_key(const struct cmd_ctx *ctx, size_t arg_index) {
    struct slice name;

    SL_ASSERT(arg_index < ctx->args_count);
    name = ctx->args[arg_index];
    if (SL_LIKELY(name.data == ctx->key_first.name.data && name.len == ctx->key_first.name.len &&
                  name.data != NULL))
        return ctx->key_first;
    return key_make(keyspace_store(ctx->keyspace), name);
}

static inline bool is_expired(const struct cmd_ctx *ctx, const struct entry *entry) {
    uint64_t expire_at_unix_ms = entry_expire_at_unix_ms(entry);

    return expire_at_unix_ms != EXPIRE_NONE && expire_at_unix_ms <= ctx->now_unix_ms;
}

static inline struct entry *find_live(struct cmd_ctx *ctx, unsigned db, const struct key *key) {
    struct entry *entry = keyspace_find(ctx->keyspace, db, key);

    if (entry == NULL || SL_LIKELY(!is_expired(ctx, entry))) return entry;
    cmd_expire_key(ctx, db, key, entry);
    return NULL;
}

struct entry *cmd_find_read_in(struct cmd_ctx *ctx, unsigned db, const struct key *key) {
    struct entry *entry = find_live(ctx, db, key);

    if (entry == NULL) {
        counter_add(&ctx->counters->keyspace_misses, 1);
        if (SL_UNLIKELY(ctx->events != NULL))
            cmd_event(ctx, EVENT_KEYMISS, "keymiss", db, key->name);
        return NULL;
    }
    counter_add(&ctx->counters->keyspace_hits, 1);
    touch(ctx, entry);
    return entry;
}

struct entry *cmd_find_read(struct cmd_ctx *ctx, const struct key *key) {
    return cmd_find_read_in(ctx, ctx->db, key);
}

struct entry *cmd_find_write_in(struct cmd_ctx *ctx, unsigned db, const struct key *key) {
    struct entry *entry = find_live(ctx, db, key);

    if (entry != NULL) touch(ctx, entry);
    return entry;
}

struct entry *cmd_find_write(struct cmd_ctx *ctx, const struct key *key) {
    return cmd_find_write_in(ctx, ctx->db, key);
}

struct entry *cmd_find_quiet(struct cmd_ctx *ctx, unsigned db, const struct key *key) {
    struct entry *entry = keyspace_find(ctx->keyspace, db, key);

    return entry != NULL && is_expired(ctx, entry) ? NULL : entry;
}

struct entry *cmd_find_untouched(struct cmd_ctx *ctx, const struct key *key) {
    bool no_touch = ctx->no_touch;
    struct entry *entry;

    ctx->no_touch = true;
    entry = cmd_find_read_in(ctx, ctx->db, key);
    ctx->no_touch = no_touch;
    return entry;
}

static bool is_of_type(struct cmd_ctx *ctx, const struct entry *entry, enum value_type type) {
    if (entry == NULL || entry_type(entry) == type) return true;
    reply_wrong_type(ctx->reply);
    return false;
}

bool cmd_find_read_as(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                      struct entry **entry) {
    *entry = cmd_find_read(ctx, key);
    return is_of_type(ctx, *entry, type);
}

bool cmd_find_write_as(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                       struct entry **entry) {
    *entry = cmd_find_write(ctx, key);
    return is_of_type(ctx, *entry, type);
}

struct entry *cmd_add_object(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                             enum value_encoding encoding, void *object) {
    struct entry *entry = keyspace_put_object(ctx->keyspace, ctx->db, key, NULL, type, encoding,
                                              object, EXPIRE_NONE, cmd_access_now(ctx));

    if (entry == NULL) {
        reply_no_memory(ctx->reply);
        return NULL;
    }
    cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    return entry;
}

bool cmd_store_object(struct cmd_ctx *ctx, const struct key *key, enum value_type type,
                      enum value_encoding encoding, void *object) {
    struct entry *entry_old = cmd_find_write(ctx, key);
    struct entry *entry = keyspace_put_object(ctx->keyspace, ctx->db, key, entry_old, type,
                                              encoding, object, EXPIRE_NONE, cmd_access_now(ctx));

    if (entry == NULL) {
        object_kind_of(encoding)->free(object);
        reply_no_memory(ctx->reply);
        return false;
    }
    if (entry_old == NULL) cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    return true;
}

void cmd_delete_empty(struct cmd_ctx *ctx, const struct key *key, struct entry *entry) {
    keyspace_delete(ctx->keyspace, ctx->db, key, entry);
    cmd_event(ctx, EVENT_GENERIC, "del", ctx->db, key->name);
}

size_t cmd_keys_load(const struct cmd_ctx *ctx, size_t arg_first, size_t arg_end, size_t step,
                     struct key keys[static CMD_KEYS_BATCH]) {
    size_t count = 0;

    SL_ASSERT(step > 0);
    SL_ASSERT(arg_end <= ctx->args_count);
    for (size_t i = arg_first; i < arg_end && count < CMD_KEYS_BATCH; i += step)
        keys[count++] = cmd_key(ctx, i);
    if (count < 2) return count;
    for (size_t i = 0; i < count; i++) keyspace_prefetch_bucket(ctx->keyspace, ctx->db, &keys[i]);
    for (size_t i = 0; i < count; i++) keyspace_prefetch_entry(ctx->keyspace, ctx->db, &keys[i]);
    return count;
}

/* ---- Changes ---- */

void cmd_event(struct cmd_ctx *ctx, enum event_class event_class, const char *event, unsigned db,
               struct slice key) {
    if (SL_UNLIKELY(ctx->waiters != NULL) && event_class == EVENT_DATABASE)
        ctx->waiters->database_changed(ctx->waiters->owner, ctx, db);
    else if (SL_UNLIKELY(ctx->waiters != NULL) && event_class != EVENT_KEYMISS)
        ctx->waiters->changed(ctx->waiters->owner, ctx, db, key);
    if (SL_LIKELY(ctx->events == NULL)) return;
    ctx->events->notify(ctx->events->owner, event_class, event, db, key);
}

void cmd_changed_silently(struct cmd_ctx *ctx) {
    counter_add(&ctx->counters->dirty, 1);
    ctx->is_changed = true;
}

void cmd_changed(struct cmd_ctx *ctx, enum event_class event_class, const char *event, unsigned db,
                 struct slice key) {
    cmd_changed_silently(ctx);
    cmd_event(ctx, event_class, event, db, key);
}

void cmd_changed_more(struct cmd_ctx *ctx, size_t more_count) {
    SL_ASSERT(ctx->is_changed);
    counter_add(&ctx->counters->dirty, more_count);
}

void cmd_delete(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry) {
    keyspace_delete(ctx->keyspace, db, key, entry);
}

void cmd_effect(struct cmd_ctx *ctx, const struct slice *args, size_t args_count) {
    SL_ASSERT(args_count > 0);
    ctx->is_effect_emitted = true;
    if (ctx->effects != NULL) ctx->effects->emit(ctx->effects->owner, ctx->db, args, args_count);
}

void cmd_effect_none(struct cmd_ctx *ctx) {
    ctx->is_effect_emitted = true;
}

void cmd_expire_key(struct cmd_ctx *ctx, unsigned db, const struct key *key, struct entry *entry) {
    /* The name may be the entry's own: everything is said before it is freed. It is an effect
     * beside the command's own, so is_effect_emitted stays as it is. */
    if (ctx->effects != NULL) {
        struct slice args[2] = {SLICE_LITERAL("DEL"), key->name};

        ctx->effects->emit(ctx->effects->owner, db, args, ARRAY_COUNT(args));
    }
    cmd_event(ctx, EVENT_EXPIRED, "expired", db, key->name);
    counter_add(&ctx->counters->expired_keys, 1);
    keyspace_delete(ctx->keyspace, db, key, entry);
}

/* ---- Arguments ---- */

static const char not_an_integer[] = "value is not an integer or out of range";

bool cmd_arg_int64(struct cmd_ctx *ctx, size_t index, int64_t *value, const char *text) {
    SL_ASSERT(index < ctx->args_count);
    if (SL_LIKELY(number_parse_int64(ctx->args[index], value))) return true;
    reply_error(ctx->reply, text != NULL ? text : not_an_integer);
    return false;
}

bool cmd_arg_int64_range(struct cmd_ctx *ctx, size_t index, int64_t min, int64_t max,
                         int64_t *value, const char *text) {
    int64_t parsed;

    SL_ASSERT(min <= max);
    if (!cmd_arg_int64(ctx, index, &parsed, text)) return false;
    if (parsed >= min && parsed <= max) {
        *value = parsed;
        return true;
    }
    if (text != NULL) {
        reply_error(ctx->reply, text);
    } else {
        reply_error_format(ctx->reply, "value is out of range, value must between %lld and %lld",
                           (long long)min, (long long)max);
    }
    return false;
}

bool cmd_arg_double(struct cmd_ctx *ctx, size_t index, double *value, const char *text) {
    SL_ASSERT(index < ctx->args_count);
    if (SL_LIKELY(number_parse_double(ctx->args[index], value))) return true;
    reply_error(ctx->reply, text != NULL ? text : "value is not a valid float");
    return false;
}

bool cmd_arg_is(const struct cmd_ctx *ctx, size_t index, const char *word) {
    return index < ctx->args_count && slice_equal_cstr_nocase(ctx->args[index], word);
}

bool cmd_arg_db(struct cmd_ctx *ctx, size_t index, unsigned *db, const char *text) {
    int64_t number;

    if (!cmd_arg_int64_range(ctx, index, INT_MIN, INT_MAX, &number, text)) return false;
    if (number < 0 || number >= ctx->settings->databases_count) {
        reply_error(ctx->reply, "DB index is out of range");
        return false;
    }
    *db = (unsigned)number;
    return true;
}

void cmd_reply_arity_error(struct cmd_ctx *ctx) {
    reply_error_format(ctx->reply, "wrong number of arguments for '%s' command",
                       ctx->cmd->fullname);
}

void cmd_reply_expire_error(struct cmd_ctx *ctx) {
    reply_error_format(ctx->reply, "invalid expire time in '%s' command", ctx->cmd->fullname);
}

const char *cmd_type_name(enum value_type type) {
    switch (type) {
    case VALUE_STRING: return "string";
    case VALUE_LIST: return "list";
    case VALUE_SET: return "set";
    case VALUE_ZSET: return "zset";
    case VALUE_HASH: return "hash";
    case VALUE_STREAM: return "stream";
    }
    SL_ASSERT(false);
    return "";
}

/* ---- Blocking ---- */

void cmd_block(struct cmd_ctx *ctx, const struct cmd_block *block) {
    SL_ASSERT(block->keys_count > 0);
    if (ctx->blocking != NULL) {
        ctx->blocking->block(ctx->blocking->owner, ctx, block);
    } else if (block->timeout_reply == BLOCK_TIMEOUT_NULL) {
        reply_null(ctx->reply);
    } else {
        reply_null_array(ctx->reply);
    }
}

bool cmd_arg_timeout_seconds(struct cmd_ctx *ctx, size_t index, uint64_t *deadline_unix_ms) {
    long double seconds;

    SL_ASSERT(index < ctx->args_count);
    if (!number_parse_long_double(ctx->args[index], &seconds)) {
        reply_error(ctx->reply, "timeout is not a float or out of range");
        return false;
    }
    long double ms = seconds * 1000;
    if (ms > (long double)INT64_MAX) {
        reply_error(ctx->reply, "timeout is out of range");
        return false;
    }
    if (ms < 0) {
        reply_error(ctx->reply, "timeout is negative");
        return false;
    }
    uint64_t ms_whole = (uint64_t)ms +
                        ((long double)(uint64_t)ms < ms); /* never 0 for a fraction */
    if (ms_whole > (uint64_t)INT64_MAX - ctx->now_unix_ms) {
        reply_error(ctx->reply, "timeout is out of range");
        return false;
    }
    *deadline_unix_ms = ms_whole == 0 ? 0 : ctx->now_unix_ms + ms_whole;
    return true;
}

bool cmd_arg_timeout_ms(struct cmd_ctx *ctx, size_t index, uint64_t *deadline_unix_ms) {
    int64_t ms;

    if (!cmd_arg_int64(ctx, index, &ms, "timeout is not an integer or out of range")) return false;
    if (ms < 0) {
        reply_error(ctx->reply, "timeout is negative");
        return false;
    }
    if ((uint64_t)ms > (uint64_t)INT64_MAX - ctx->now_unix_ms) {
        reply_error(ctx->reply, "timeout is out of range");
        return false;
    }
    *deadline_unix_ms = ms == 0 ? 0 : ctx->now_unix_ms + (uint64_t)ms;
    return true;
}

/* ---- Containers ---- */

/* The container's name in upper case, as a client would type it. */
static void container_name(const struct cmd_ctx *ctx, char *dst, size_t dst_bytes) {
    size_t len = ctx->args[0].len < dst_bytes - 1 ? ctx->args[0].len : dst_bytes - 1;

    for (size_t i = 0; i < len; i++) {
        char c = ctx->args[0].data[i];
        dst[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    dst[len] = '\0';
}

void cmd_reply_subcommand_error(struct cmd_ctx *ctx) {
    struct slice sub = ctx->args_count > 1 ? ctx->args[1] : SLICE_LITERAL("");
    char name[64];

    container_name(ctx, name, sizeof name);
    reply_error_format(ctx->reply,
                       "unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
                       (int)(sub.len < 128 ? sub.len : 128), sub.data, name);
}

void cmd_reply_help(struct cmd_ctx *ctx, const char *const *lines) {
    size_t count = 0;
    char name[64], header[128];

    while (lines[count] != NULL) count++;
    container_name(ctx, name, sizeof name);
    int len = snprintf(header, sizeof header,
                       "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    SL_ASSERT(len > 0 && (size_t)len < sizeof header);
    reply_array(ctx->reply, count + 3);
    reply_status(ctx->reply, header);
    for (size_t i = 0; i < count; i++) reply_status(ctx->reply, lines[i]);
    reply_status(ctx->reply, "HELP");
    reply_status(ctx->reply, "    Prints this help.");
}
