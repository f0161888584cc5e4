/* cmd_set_algebra.c - several sets: SINTER, SINTERCARD, SUNION, SDIFF and their STORE forms. */
#include "core/cmd_families.h"
#include "core/cmd_set_priv.h"
#include "core/mem.h"

/* The sets of a call. Most have a few. */
struct operands {
    struct set *sets; /* object NULL: no such key */
    size_t count, missing_count;
    struct set inline_sets[8];
};

static void operands_deinit(struct operands *operands) {
    if (operands->sets != operands->inline_sets) mem_free(operands->sets);
}

/* The keys at arg_first and on. False: the error is written, and there is nothing to deinit. */
static bool operands_init(struct cmd_ctx *ctx, struct operands *operands, size_t arg_first,
                          size_t count) {
    operands->count = count;
    operands->missing_count = 0;
    operands->sets = count <= ARRAY_COUNT(operands->inline_sets)
                         ? operands->inline_sets
                         : mem_must(count * sizeof *operands->sets);
    for (size_t i = 0; i < count; i++) {
        struct key key = cmd_key(ctx, arg_first + i);
        if (!set_find_read(ctx, &key, &operands->sets[i])) {
            operands_deinit(operands);
            return false;
        }
        operands->missing_count += operands->sets[i].object == NULL;
    }
    return true;
}

/* ---- Where members go: to the client, or into a set that will be stored ---- */

struct result {
    struct cmd_ctx *ctx;
    bool is_stored;
    struct reply_deferred deferred;
    size_t count;
    struct set_rules rules;
    struct set set; /* as far as it is collected */
    bool is_full; /* there was no memory */
};

/* What is collected begins as an intset, which every other form can follow. */
static void result_init(struct result *result, struct cmd_ctx *ctx, bool is_stored) {
    *result = (struct result){.ctx = ctx,
                              .is_stored = is_stored,
                              .rules = set_rules_of(ctx->settings, ctx->keyspace),
                              .set = {ENCODING_INTSET, NULL}};
    if (!is_stored) result->deferred = reply_defer(ctx->reply);
}

/* False: it was there, or there is no memory. */
static bool result_collect(struct result *result, struct slice member) {
    if (result->set.object == NULL) result->set.object = intset_new();
    enum set_add_result added = set_add(&result->set, &result->rules, member);
    result->is_full = result->is_full || added == SET_NO_MEMORY;
    return added == SET_ADDED;
}

/* A member that comes once. */
static void result_add(struct result *result, struct slice member) {
    if (result->is_stored) {
        result_collect(result, member);
        return;
    }
    reply_bulk(result->ctx->reply, member);
    result->count++;
}

/* The target is replaced, or goes when the result is empty. */
static void result_store(struct result *result, const char *event) {
    struct cmd_ctx *ctx = result->ctx;
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_write(ctx, &key);

    if (result->set.object == NULL || set_count(&result->set) == 0) {
        set_free(&result->set);
        if (entry != NULL) {
            cmd_delete(ctx, ctx->db, &key, entry);
            cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key.name);
        }
        reply_int(ctx->reply, 0);
        return;
    }
    size_t count = set_count(&result->set);
    if (!cmd_store_object(ctx, &key, VALUE_SET, result->set.encoding, result->set.object)) return;
    cmd_changed(ctx, EVENT_SET, event, ctx->db, key.name);
    reply_int(ctx->reply, (int64_t)count);
}

static void result_finish(struct result *result, const char *event) {
    if (result->is_full) {
        set_free(&result->set);
        if (!result->is_stored) outbuf_truncate(result->ctx->reply->out, result->deferred.mark);
        reply_no_memory(result->ctx->reply);
    } else if (result->is_stored) {
        result_store(result, event);
    } else {
        reply_defer_set(result->ctx->reply, result->deferred, result->count);
    }
}

/* ---- Intersection ---- */

/* The smallest comes first; the others' order does not matter to what is found. */
static void smallest_first(struct operands *operands) {
    for (size_t i = 1; i < operands->count; i++) {
        if (set_count(&operands->sets[i]) >= set_count(&operands->sets[0])) continue;
        struct set smaller = operands->sets[i];
        operands->sets[i] = operands->sets[0];
        operands->sets[0] = smaller;
    }
}

static bool is_in_all_others(const struct operands *operands, struct slice member) {
    for (size_t i = 1; i < operands->count; i++) {
        if (operands->sets[i].object == operands->sets[0].object) continue;
        if (!set_contains(&operands->sets[i], member)) return false;
    }
    return true;
}

static void intersect(struct cmd_ctx *ctx, size_t arg_first, bool is_stored) {
    struct operands operands;
    struct result result;
    struct set_iter iter;
    struct slice member;

    if (!operands_init(ctx, &operands, arg_first, ctx->args_count - arg_first)) return;
    result_init(&result, ctx, is_stored);
    if (operands.missing_count == 0) {
        smallest_first(&operands);
        /* Redis' way to the encoding of the result: a listpack first unless only integers can come. */
        if (is_stored && operands.sets[0].encoding != ENCODING_INTSET)
            result.set = (struct set){ENCODING_LISTPACK, listpack_new(0)};
        set_iter_init(&iter, &operands.sets[0]);
        while (set_iter_next(&iter, &member)) {
            if (is_in_all_others(&operands, member)) result_add(&result, member);
        }
        if (result.set.object != NULL) set_to_intset(&result.set, &result.rules);
    }
    operands_deinit(&operands);
    result_finish(&result, "sinterstore");
}

static void sinter(struct cmd_ctx *ctx) {
    intersect(ctx, 1, false);
}

static void sinterstore(struct cmd_ctx *ctx) {
    intersect(ctx, 2, true);
}

/* False: the error is written. */
static bool sintercard_parse(struct cmd_ctx *ctx, size_t *keys_count, size_t *limit) {
    int64_t count, value = 0;

    if (!cmd_arg_int64(ctx, 1, &count, "numkeys should be greater than 0")) return false;
    if (count <= 0) {
        reply_error(ctx->reply, "numkeys should be greater than 0");
        return false;
    }
    if ((uint64_t)count > ctx->args_count - 2) {
        reply_error(ctx->reply, "Number of keys can't be greater than number of args");
        return false;
    }
    for (size_t i = 2 + (size_t)count; i < ctx->args_count; i++) {
        if (!cmd_arg_is(ctx, i, "limit") || i + 1 == ctx->args_count) {
            reply_syntax_error(ctx->reply);
            return false;
        }
        if (!cmd_arg_int64(ctx, ++i, &value, "LIMIT can't be negative")) return false;
        if (value < 0) {
            reply_error(ctx->reply, "LIMIT can't be negative");
            return false;
        }
    }
    *keys_count = (size_t)count;
    *limit = value == 0 ? SIZE_MAX : (size_t)value;
    return true;
}

static void sintercard(struct cmd_ctx *ctx) {
    struct operands operands;
    struct set_iter iter;
    struct slice member;
    size_t keys_count, limit, count = 0;

    if (!sintercard_parse(ctx, &keys_count, &limit)) return;
    if (!operands_init(ctx, &operands, 2, keys_count)) return;
    if (operands.missing_count == 0) {
        smallest_first(&operands);
        set_iter_init(&iter, &operands.sets[0]);
        while (count < limit && set_iter_next(&iter, &member))
            count += is_in_all_others(&operands, member);
    }
    operands_deinit(&operands);
    reply_int(ctx->reply, (int64_t)count);
}

/* ---- Union ---- */

static void unite(struct cmd_ctx *ctx, size_t arg_first, bool is_stored) {
    struct operands operands;
    struct result result;
    struct set_iter iter;
    struct slice member;

    if (!operands_init(ctx, &operands, arg_first, ctx->args_count - arg_first)) return;
    result_init(&result, ctx, is_stored);
    for (size_t i = 0; i < operands.count; i++) {
        if (operands.sets[i].object == NULL) continue;
        set_iter_init(&iter, &operands.sets[i]);
        while (set_iter_next(&iter, &member)) {
            if (!result_collect(&result, member) || is_stored) continue;
            reply_bulk(ctx->reply, member);
            result.count++;
        }
    }
    operands_deinit(&operands);
    if (!is_stored && !result.is_full) set_free(&result.set);
    result_finish(&result, "sunionstore");
}

static void sunion(struct cmd_ctx *ctx) {
    unite(ctx, 1, false);
}

static void sunionstore(struct cmd_ctx *ctx) {
    unite(ctx, 2, true);
}

/* ---- Difference ---- */

/* A member that is to go is then found early. */
static void largest_of_others_first(struct operands *operands) {
    for (size_t i = 2; i < operands->count; i++) {
        struct set *largest = &operands->sets[1], set = operands->sets[i];
        if (set.object == NULL) continue;
        if (largest->object != NULL && set_count(&set) <= set_count(largest)) continue;
        operands->sets[i] = *largest;
        *largest = set;
    }
}

static bool is_in_any_other(const struct operands *operands, struct slice member) {
    for (size_t i = 1; i < operands->count; i++) {
        if (operands->sets[i].object == NULL) continue;
        if (operands->sets[i].object == operands->sets[0].object) return true;
        if (set_contains(&operands->sets[i], member)) return true;
    }
    return false;
}

/* Looking up each member of the first set costs less than taking all others out of a copy of it?
 * Redis' estimate: the encoding of the result depends on the way, too. */
static bool is_lookup_cheaper(const struct operands *operands) {
    size_t first_count = set_count(&operands->sets[0]), lookup_work = 0, copy_work = 0;

    for (size_t i = 0; i < operands->count; i++) {
        if (operands->sets[i].object == NULL) continue;
        lookup_work += first_count;
        copy_work += set_count(&operands->sets[i]);
    }
    /* A look-up ends at the first set that has the member: half of them on average. */
    return lookup_work / 2 <= copy_work;
}

static void subtract_from_copy(const struct operands *operands, struct result *result) {
    struct set_iter iter;
    struct slice member;

    set_iter_init(&iter, &operands->sets[0]);
    while (!result->is_full && set_iter_next(&iter, &member)) result_collect(result, member);
    if (result->is_full) return;
    for (size_t i = 1; i < operands->count && set_count(&result->set) > 0; i++) {
        if (operands->sets[i].object == NULL) continue;
        set_iter_init(&iter, &operands->sets[i]);
        while (set_iter_next(&iter, &member)) set_remove(&result->set, member);
    }
    if (result->is_stored) return;
    set_iter_init(&iter, &result->set);
    while (set_iter_next(&iter, &member)) result_add(result, member);
    set_free(&result->set);
}

static void subtract(struct cmd_ctx *ctx, size_t arg_first, bool is_stored) {
    struct operands operands;
    struct result result;
    struct set_iter iter;
    struct slice member;

    if (!operands_init(ctx, &operands, arg_first, ctx->args_count - arg_first)) return;
    result_init(&result, ctx, is_stored);
    if (operands.sets[0].object != NULL && is_lookup_cheaper(&operands)) {
        largest_of_others_first(&operands);
        set_iter_init(&iter, &operands.sets[0]);
        while (set_iter_next(&iter, &member)) {
            if (!is_in_any_other(&operands, member)) result_add(&result, member);
        }
    } else if (operands.sets[0].object != NULL) {
        subtract_from_copy(&operands, &result);
    }
    operands_deinit(&operands);
    result_finish(&result, "sdiffstore");
}

static void sdiff(struct cmd_ctx *ctx) {
    subtract(ctx, 1, false);
}

static void sdiffstore(struct cmd_ctx *ctx) {
    subtract(ctx, 2, true);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg keys_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg store_syntax[] = {
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 2, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg sintercard_syntax[] = {
    {.name = "numkeys", .type = ARG_INTEGER},
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1, .flags = ARG_MULTIPLE},
    {.name = "limit", .type = ARG_INTEGER, .token = "LIMIT", .flags = ARG_OPTIONAL},
};
static const char *const tips_unordered[] = {"nondeterministic_output_order", NULL};

#define ALGEBRA_ROW .arity = -2, .flags = CMD_READONLY | CMD_SLOW_EXECUTION, \
    .categories = CATEGORY_SET, .keys = CMD_KEYS_ALL(CMD_KEY_RO | CMD_KEY_ACCESS, 1), \
    .group = "set", .since = "1.0.0", .tips = tips_unordered, CMD_SYNTAX(keys_syntax)
#define STORE_ROW(target_flags) .arity = -3, \
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_SLOW_EXECUTION, .categories = CATEGORY_SET, \
    .keys = {{.flags = (target_flags), .begin_index = 1, .step = 1}, \
             {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 2, .last = -1, .step = 1}}, \
    .keys_count = 2, .group = "set", .since = "1.0.0", CMD_SYNTAX(store_syntax)

static const struct cmd_def set_algebra_cmds[] = {
    {.name = "sinter", .run = sinter, ALGEBRA_ROW,
     .complexity = "O(N*M), N being the members of the smallest set and M the number of sets.",
     .summary = "Lists the members that all sets have."},
    {.name = "sinterstore", .run = sinterstore, STORE_ROW(CMD_KEY_RW | CMD_KEY_UPDATE),
     .complexity = "O(N*M), N being the members of the smallest set and M the number of sets.",
     .summary = "Stores the members that all sets have."},
    {.name = "sintercard", .run = sintercard, .arity = -3,
     .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION, .categories = CATEGORY_SET,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 1, .is_keynum = true,
               .keynum_index = 0, .keynum_first = 1, .step = 1}},
     .keys_count = 1, .group = "set", .since = "7.0.0",
     .complexity = "O(N*M), N being the members of the smallest set and M the number of sets.",
     .summary = "Counts the members that all sets have, up to a limit.",
     CMD_SYNTAX(sintercard_syntax)},
    {.name = "sunion", .run = sunion, ALGEBRA_ROW,
     .complexity = "O(N), N being the members of all sets.",
     .summary = "Lists the members that any of the sets has."},
    {.name = "sunionstore", .run = sunionstore, STORE_ROW(CMD_KEY_OW | CMD_KEY_UPDATE),
     .complexity = "O(N), N being the members of all sets.",
     .summary = "Stores the members that any of the sets has."},
    {.name = "sdiff", .run = sdiff, ALGEBRA_ROW,
     .complexity = "O(N), N being the members of all sets.",
     .summary = "Lists the members of the first set that no other has."},
    {.name = "sdiffstore", .run = sdiffstore, STORE_ROW(CMD_KEY_OW | CMD_KEY_UPDATE),
     .complexity = "O(N), N being the members of all sets.",
     .summary = "Stores the members of the first set that no other has."},
};
const struct cmd_family cmd_family_set_algebra = {"set", set_algebra_cmds,
                                                  ARRAY_COUNT(set_algebra_cmds)};
/* clang-format on */
