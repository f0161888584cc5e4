/* cmd_walk.c - walking over the keys: SCAN, KEYS, RANDOMKEY. None of them reserves a slot.
 *
 * SCAN goes from shard to shard, and on each over the shard's slots in ascending order. A cursor
 * other than 0
 * is   (slot + 1) << 32 | position in the slot   and runs on the shard of its slot. The walk begins with slot
 * 0 on its shard, goes on to the next shard by index, cyclically, and ends before it would begin
 * again.
 * W1  A cursor says all there is to know: it survives whatever happens between two calls.
 * W2  A call stops before a slot that a transaction has reserved, and the next call waits for it
 *     there: what is seen of a slot is never half of a transaction.
 * W3  One call looks at no more than the slots of one shard, most of them empty when there are
 *     few keys, and at some COUNT keys. */
#include "core/cmd_scan_args.h"
#include "core/mem.h"
#include "core/number.h"
#include "shards/cmd_walk_keys.h"
#include "shards/families.h"
#include "shards/shard.h"

enum { CURSOR_POSITION_BITS = 32 };

bool walk_is_expired(const struct entry *entry, uint64_t now_unix_ms) {
    uint64_t expire_at_unix_ms = entry_expire_at_unix_ms(entry);

    return expire_at_unix_ms != EXPIRE_NONE && expire_at_unix_ms <= now_unix_ms;
}

int64_t walk_keys_count(const struct node *node, unsigned db) {
    int64_t count = 0;

    for (unsigned i = 0; i < node->shards_count; i++)
        count += keyspace_keys_count(node->shards[i]->keyspace, db);
    return count;
}

/* ---- SCAN ---- */

static uint64_t cursor_make(unsigned slot, uint32_t position) {
    return (uint64_t)(slot + 1) << CURSOR_POSITION_BITS | position;
}

/* SLOTS_COUNT for a cursor that never was ours: it ends the walk, as such a one does in Redis. */
static unsigned cursor_slot(uint64_t cursor) {
    if (cursor == 0) return 0;
    uint64_t slot_plus_one = cursor >> CURSOR_POSITION_BITS;
    return slot_plus_one >= 1 && slot_plus_one <= SLOTS_COUNT ? (unsigned)slot_plus_one - 1
                                                              : SLOTS_COUNT;
}

/* Where SCAN runs: on the shard of the cursor's slot; -1 when the cursor is none. It reads the
 * number as scan_args_parse() does; what that refuses may run anywhere. */
static int scan_route(const struct slice *args, size_t args_count) {
    uint64_t cursor = 0;

    if (args_count < 2) return -1;
    bool is_negative = args[1].len > 0 && args[1].data[0] == '-';
    bool has_sign = is_negative || (args[1].len > 0 && args[1].data[0] == '+');
    for (size_t i = has_sign ? 1 : 0; i < args[1].len; i++) {
        char c = args[1].data[i];

        if (c < '0' || c > '9') return -1;
        if (__builtin_mul_overflow(cursor, 10, &cursor)) return -1;
        if (__builtin_add_overflow(cursor, (uint64_t)(c - '0'), &cursor)) return -1;
    }
    unsigned slot = cursor_slot(is_negative ? -cursor : cursor);
    return slot < SLOTS_COUNT ? (int)slot : -1;
}

struct scan_owner {
    struct cmd_ctx *ctx;
    const struct scan_args *args;
    size_t found_count;
};

static void scan_entry(void *arg, struct entry *entry) {
    struct scan_owner *owner = arg;
    struct slice name = entry_key(entry);

    if (!scan_args_match(owner->args, name, entry_type(entry))) return;
    if (walk_is_expired(entry, owner->ctx->now_unix_ms)) return;
    reply_bulk(owner->ctx->reply, name);
    owner->found_count++;
}

/* The first slot of the next shard that has any, or SLOTS_COUNT when the walk has come round. */
static unsigned next_shard_slot(const struct node *node, unsigned shard_index) {
    unsigned first = node->slot_shard[0];

    for (unsigned i = 1; i < node->shards_count; i++) {
        unsigned next = (shard_index + i) % node->shards_count;

        if (next == first) return SLOTS_COUNT;
        for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) {
            if (node->slot_shard[slot] == next) return slot;
        }
    }
    return SLOTS_COUNT;
}

/* Walks from *slot and *position; sets them to where to go on. *slot is SLOTS_COUNT at the end
 * of all. */
static void scan_walk(struct cmd_ctx *ctx, struct scan_owner *owner, unsigned *slot,
                      uint32_t *position) {
    const struct node *node = session_of(ctx)->shard->node;
    unsigned shard_index = node->slot_shard[*slot], first = *slot;
    size_t budget = (size_t)owner->args->count, visited = 0;

    for (; *slot < SLOTS_COUNT && visited < budget; *slot += 1, *position = 0) {
        if (node->slot_shard[*slot] != shard_index) continue;
        if (*slot != first && store_slot_owner_data(node->store, *slot) != NULL) return; /* W2 */
        size_t keys_count = store_slot_keys_count(node->store, *slot, ctx->db);
        if (keys_count == 0) continue;
        if (keyspace_slot_scan(ctx->keyspace, *slot, ctx->db, position, budget - visited,
                               scan_entry, owner))
            return;
        visited += keys_count;
    }
    while (*slot < SLOTS_COUNT && node->slot_shard[*slot] != shard_index) *slot += 1;
    if (*slot == SLOTS_COUNT) {
        *slot = next_shard_slot(node, shard_index);
        *position = 0;
    }
}

/* Puts a short bulk string where nothing else was written yet. */
static void insert_bulk(struct reply *reply, struct reply_deferred deferred, struct slice text) {
    char bulk[1 + NUMBER_INT64_BYTES_MAX + 2 + NUMBER_INT64_BYTES_MAX + 2];
    size_t len = 0;

    SL_ASSERT(text.len <= NUMBER_INT64_BYTES_MAX);
    bulk[len++] = '$';
    len += number_print_uint64(bulk + len, text.len);
    bulk[len++] = '\r', bulk[len++] = '\n';
    memcpy(bulk + len, text.data, text.len);
    len += text.len;
    bulk[len++] = '\r', bulk[len++] = '\n';
    outbuf_insert(reply->out, deferred.mark, bulk, len);
}

/* SCAN cursor [MATCH pattern] [COUNT count] [TYPE type] */
static void scan_run(struct cmd_ctx *ctx) {
    struct scan_args args;
    struct scan_owner owner = {.ctx = ctx, .args = &args};
    char cursor_text[NUMBER_INT64_BYTES_MAX];

    if (!scan_args_parse(ctx, 1, true, &args)) return;
    unsigned slot = cursor_slot(args.cursor);
    uint32_t position = args.cursor != 0 ? (uint32_t)args.cursor : 0;

    reply_array(ctx->reply, 2);
    struct reply_deferred deferred_cursor = reply_defer(ctx->reply);
    struct reply_deferred deferred_keys = reply_defer(ctx->reply);
    if (walk_keys_count(session_of(ctx)->shard->node, ctx->db) == 0) slot = SLOTS_COUNT;
    if (slot < SLOTS_COUNT) scan_walk(ctx, &owner, &slot, &position);
    reply_defer_array(ctx->reply, deferred_keys, owner.found_count);

    uint64_t cursor = slot < SLOTS_COUNT ? cursor_make(slot, position) : 0;
    size_t len = number_print_uint64(cursor_text, cursor);
    insert_bulk(ctx->reply, deferred_cursor, slice_of(cursor_text, len));
}

/* clang-format off */
static const char *const tips_nondeterministic_output_special[] = {"nondeterministic_output",
                                                                   "request_policy:special", NULL};
static const char *const scan_history[] = {"6.0.0", "TYPE.", NULL};
static const struct cmd_arg scan_syntax[] = {
    {.name = "cursor", .type = ARG_INTEGER},
    {.name = "pattern", .type = ARG_PATTERN, .token = "MATCH", .flags = ARG_OPTIONAL},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "type", .type = ARG_STRING, .token = "TYPE", .since = "6.0.0", .flags = ARG_OPTIONAL},
};
static const char *const tips_all_shards_nondeterministic_output_order[] = {
    "request_policy:all_shards", "nondeterministic_output_order", NULL};
static const struct cmd_arg keys_syntax[] = {
    {.name = "pattern", .type = ARG_PATTERN},
};
static const char *const tips_all_shards_nondeterministic_output[] = {
    "request_policy:all_shards", "nondeterministic_output", NULL};

static const struct cmd_def walk_cmds[] = {
    {.name = "scan",
     .run = scan_run,
     .arity = -2,
     .flags = CMD_READONLY | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_KEYSPACE,
     .scope = SCOPE_SLOT,
     .route_slot = scan_route,
     .group = "generic",
     .since = "2.8.0",
     .complexity = "O(1) per call, O(N) in all, N keys",
     .summary = "Walks over the keys step by step.",
     .tips = tips_nondeterministic_output_special,
     .history = scan_history,
     CMD_SYNTAX(scan_syntax)},
    {.name = "keys",
     .run = keys_run,
     .arity = 2,
     .flags = CMD_READONLY,
     .categories = CATEGORY_KEYSPACE | CATEGORY_DANGEROUS,
     .scope = SCOPE_CONN,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N), N keys of the database",
     .summary = "Lists the names that match a pattern.",
     .tips = tips_all_shards_nondeterministic_output_order,
     CMD_SYNTAX(keys_syntax)},
    {.name = "randomkey",
     .run = randomkey_run,
     .arity = 1,
     .flags = CMD_READONLY,
     .categories = CATEGORY_KEYSPACE,
     .scope = SCOPE_CONN,
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Gives some key.",
     .tips = tips_all_shards_nondeterministic_output},
};
/* clang-format on */

const struct cmd_family cmd_family_walk = {"walk", walk_cmds, ARRAY_COUNT(walk_cmds)};
