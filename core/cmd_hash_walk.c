/* cmd_hash_walk.c - fields by chance, and all of them in portions: HRANDFIELD, HSCAN. */
#include "core/cmd_families.h"
#include "core/cmd_hash_priv.h"
#include "core/cmd_scan_args.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/random_bits.h"

/* A field more than once may be asked for without an end: what no client can want is refused. */
#define RANDOM_REPEATS_MAX (INT64_C(1) << 28)

/* ---- HRANDFIELD ---- */

struct random_walk {
    struct cmd_ctx *ctx;
    struct hash hash;
    uint64_t random;
    bool with_values;
};

static void announce(const struct random_walk *walk, size_t count) {
    bool is_flat = walk->with_values && walk->ctx->reply->resp == 2;
    reply_array(walk->ctx->reply, is_flat ? count * 2 : count);
}

static void reply_field(const struct random_walk *walk, const struct hash_field *field) {
    struct reply *reply = walk->ctx->reply;

    if (walk->with_values && reply->resp > 2) reply_array(reply, 2);
    reply_bulk(reply, field->name);
    if (walk->with_values) hash_reply_value(reply, field);
}

static void reply_repeated(struct random_walk *walk, size_t count) {
    struct hash_field field;

    announce(walk, count);
    for (size_t i = 0; i < count; i++) {
        bool found = hash_random(walk->hash, walk->ctx->now_unix_ms,
                                 random_bits_next(&walk->random), &field);
        SL_ASSERT(found); /* there are live ones: the caller has looked */
        reply_field(walk, &field);
    }
}

/* `count` of `live_count`, each with the same chance, in one pass. */
static void reply_by_pass(struct random_walk *walk, size_t count, size_t live_count) {
    struct hash_iter iter;
    struct hash_field field;

    announce(walk, count);
    hash_iter_init(&iter, walk->hash, walk->ctx->now_unix_ms);
    while (count > 0 && hash_iter_next(&iter, &field)) {
        if (random_bits_below(&walk->random, live_count--) >= count) continue;
        reply_field(walk, &field);
        count--;
    }
    SL_ASSERT(count == 0);
}

/* A few of many: tried until they are different. A name's address says which field it is. False: no
 * memory to remember them. */
static bool reply_by_trying(struct random_walk *walk, size_t count) {
    size_t places_count = 8;
    struct hash_field field;

    while (places_count < count * 2) places_count *= 2;
    const char **seen = mem_try(places_count * sizeof *seen);
    if (seen == NULL) return false;
    memset(seen, 0, places_count * sizeof *seen);
    announce(walk, count);
    while (count > 0) {
        bool found = hash_random(walk->hash, walk->ctx->now_unix_ms,
                                 random_bits_next(&walk->random), &field);
        SL_ASSERT(found);
        size_t at = (size_t)((uintptr_t)field.name.data * UINT64_C(0x9e3779b97f4a7c15) >> 20);
        while (seen[at & (places_count - 1)] != NULL &&
               seen[at & (places_count - 1)] != field.name.data)
            at++;
        if (seen[at & (places_count - 1)] != NULL) continue;
        seen[at & (places_count - 1)] = field.name.data;
        reply_field(walk, &field);
        count--;
    }
    mem_free(seen);
    return true;
}

static void hrandfield_count(struct cmd_ctx *ctx, int64_t wanted, bool with_values) {
    struct random_walk walk = {.ctx = ctx, .random = ctx->random_bits, .with_values = with_values};
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return;
    if (entry != NULL) walk.hash = hash_of(entry);
    size_t live_count = entry == NULL ? 0 : hash_live_count(walk.hash, ctx->now_unix_ms);
    if (live_count == 0 || wanted == 0) {
        reply_array(ctx->reply, 0);
        return;
    }
    if (wanted < 0) {
        if (wanted < -RANDOM_REPEATS_MAX)
            reply_no_memory(ctx->reply);
        else
            reply_repeated(&walk, (size_t)-wanted);
        return;
    }
    size_t count = (uint64_t)wanted < live_count ? (size_t)wanted : live_count;
    /* Trying pays when most tries hit something new that is not due. */
    if (walk.hash.encoding == ENCODING_HASHTABLE && count < live_count / 4 &&
        live_count > hash_count(walk.hash) / 2 && reply_by_trying(&walk, count))
        return;
    reply_by_pass(&walk, count, live_count);
}

static void hrandfield(struct cmd_ctx *ctx) {
    struct hash_field field;
    struct entry *entry;
    int64_t wanted;

    if (ctx->args_count > 2) {
        bool with_values = cmd_arg_is(ctx, 3, "withvalues");
        if (!cmd_arg_int64_range(ctx, 2, -INT64_MAX, INT64_MAX, &wanted, NULL)) return;
        if (ctx->args_count > 4 || (ctx->args_count == 4 && !with_values)) {
            reply_syntax_error(ctx->reply);
            return;
        }
        if (with_values && (wanted < -INT64_MAX / 2 || wanted > INT64_MAX / 2)) {
            reply_error(ctx->reply, "value is out of range");
            return;
        }
        hrandfield_count(ctx, wanted, with_values);
        return;
    }
    struct key key = cmd_key(ctx, 1);
    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return;
    uint64_t random = ctx->random_bits;
    if (entry != NULL &&
        hash_random(hash_of(entry), ctx->now_unix_ms, random_bits_next(&random), &field))
        reply_bulk(ctx->reply, field.name);
    else
        reply_null(ctx->reply);
}

/* ---- HSCAN ---- */

struct scan_walk {
    const struct scan_args *args;
    uint64_t now_unix_ms;
    struct reply *reply;
    size_t replied_count;
};

static void scan_field(struct scan_walk *walk, const struct hash_field *field) {
    if (!scan_args_match_name(walk->args, field->name)) return;
    reply_bulk(walk->reply, field->name);
    walk->replied_count++;
    if (walk->args->no_values) return;
    hash_reply_value(walk->reply, field);
    walk->replied_count++;
}

static void scan_item(void *owner, struct entry *item) {
    struct scan_walk *walk = owner;
    uint64_t expire_at_unix_ms = dict_item_expire_at_unix_ms(item);
    struct hash_field field;

    if (expire_at_unix_ms != EXPIRE_NONE && expire_at_unix_ms <= walk->now_unix_ms) return;
    field.name = dict_item_name(item);
    field.value = dict_item_value(item);
    field.blob = dict_item_blob(item);
    scan_field(walk, &field);
}

/* A listpack is given whole, as in Redis; its cursor is 0 at once. */
static uint32_t scan(struct scan_walk *walk, struct hash hash) {
    uint32_t position = (uint32_t)walk->args->cursor;
    struct hash_iter iter;
    struct hash_field field;

    if (hash.encoding == ENCODING_HASHTABLE) {
        if (!scan_cursor_is_ours(walk->args)) return 0;
        return dict_scan(hash.object, &position, (size_t)walk->args->count, scan_item, walk)
                   ? position
                   : 0;
    }
    hash_iter_init(&iter, hash, walk->now_unix_ms);
    while (hash_iter_next(&iter, &field)) scan_field(walk, &field);
    return 0;
}

static void hscan(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct scan_args args;
    struct outbuf out; /* the fields: the cursor that stands before them is known after them */
    struct reply reply = {.out = &out, .resp = ctx->reply->resp};
    struct scan_walk walk = {.args = &args, .now_unix_ms = ctx->now_unix_ms, .reply = &reply};
    struct entry *entry;

    if (!scan_cursor_parse(ctx, 2, &args)) return;
    if (!cmd_find_read_as(ctx, &key, VALUE_HASH, &entry)) return;
    if (entry == NULL) {
        scan_reply_empty(ctx->reply);
        return;
    }
    if (!scan_options_parse(ctx, 3, SCAN_OF_FIELDS, &args)) return;
    outbuf_init(&out);
    uint32_t cursor = scan(&walk, hash_of(entry));
    scan_reply_items(ctx->reply, cursor, walk.replied_count, &out);
}

/* ---- Rows ---- */
/* clang-format off */

#define SYNTAX_KEY {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}
static const struct cmd_arg random_options[] = {
    {.name = "count", .type = ARG_INTEGER},
    {.name = "withvalues", .type = ARG_PURE_TOKEN, .token = "WITHVALUES", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg hrandfield_syntax[] = {
    SYNTAX_KEY,
    {.name = "options", .type = ARG_BLOCK, .flags = ARG_OPTIONAL, .args = random_options,
     .args_count = ARRAY_COUNT(random_options)},
};
static const struct cmd_arg hscan_syntax[] = {
    SYNTAX_KEY,
    {.name = "cursor", .type = ARG_INTEGER},
    {.name = "pattern", .type = ARG_PATTERN, .token = "MATCH", .flags = ARG_OPTIONAL},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
    {.name = "novalues", .type = ARG_PURE_TOKEN, .token = "NOVALUES", .since = "7.4.0",
     .flags = ARG_OPTIONAL},
};
static const char *const tips_chance[] = {"nondeterministic_output", NULL};

static const struct cmd_def walk_cmds[] = {
    {.name = "hrandfield", .run = hrandfield, .arity = -2, .flags = CMD_READONLY,
     .categories = CATEGORY_HASH, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "hash", .since = "6.2.0",
     .complexity = "O(N) where N is the number of fields asked for.",
     .summary = "Gives back fields chosen by chance.", .tips = tips_chance,
     CMD_SYNTAX(hrandfield_syntax)},
    {.name = "hscan", .run = hscan, .arity = -3, .flags = CMD_READONLY,
     .categories = CATEGORY_HASH, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "hash", .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for the whole hash.",
     .summary = "Walks over the fields and values of a hash.", .tips = tips_chance,
     CMD_SYNTAX(hscan_syntax)},
};
const struct cmd_family cmd_family_hash_walk = {"hash", walk_cmds, ARRAY_COUNT(walk_cmds)};
/* clang-format on */
