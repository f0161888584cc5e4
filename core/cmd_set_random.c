/* cmd_set_random.c - members by chance: SPOP, SRANDMEMBER. */
#include <limits.h>

#include "core/cmd_families.h"
#include "core/cmd_set_priv.h"
#include "core/random_bits.h"

enum {
    POP_BATCH = 128, /* members in one effect */
    POP_MOST_SHARE =
        5, /* a dict of which less than one in so many stays is made anew: Redis' bound */
};
/* SRANDMEMBER with a negative count answers as many as were asked for, however few there are. */
#define REPEATS_MAX (UINT64_C(1) << 26)

/* ---- SPOP ---- */

/* What was popped, on its way to the effect: SREM key member ..., some at a time. */
struct popped {
    struct cmd_ctx *ctx;
    size_t count;
    struct slice effect[2 + POP_BATCH];
    struct entry *items[POP_BATCH]; /* whose names are in the effect, or NULL */
    char scratch[POP_BATCH][LISTPACK_SCRATCH_BYTES];
};

static void popped_init(struct popped *popped, struct cmd_ctx *ctx) {
    popped->ctx = ctx;
    popped->count = 0;
    popped->effect[0] = SLICE_LITERAL("SREM");
    popped->effect[1] = ctx->args[1];
}

static void popped_flush(struct popped *popped) {
    if (popped->count == 0) return;
    cmd_effect(popped->ctx, popped->effect, 2 + popped->count);
    for (size_t i = 0; i < popped->count; i++) {
        if (popped->items[i] != NULL) dict_item_free(popped->items[i]);
    }
    popped->count = 0;
}

/* The member lies in an item that is out of its dict, or somewhere until the flush, or is the
 * iterator's print of an integer. */
static void popped_add(struct popped *popped, struct slice member, struct entry *item,
                       bool is_printed) {
    size_t i = popped->count++;

    reply_bulk(popped->ctx->reply, member);
    if (is_printed) {
        SL_ASSERT(member.len <= LISTPACK_SCRATCH_BYTES);
        memcpy(popped->scratch[i], member.data, member.len);
        member.data = popped->scratch[i];
    }
    popped->effect[2 + i] = member;
    popped->items[i] = item;
    if (popped->count == POP_BATCH) popped_flush(popped);
}

/* In one go over the members: those that stay go to a new object of the same form. */
static void pop_from_compact(struct cmd_ctx *ctx, struct set *set, size_t count, uint64_t *random) {
    struct set rest = {set->encoding, NULL};
    size_t left = set_count(set);
    struct popped popped;
    struct set_iter iter;
    struct slice member;

    SL_ASSERT(set->encoding != ENCODING_HASHTABLE);
    popped_init(&popped, ctx);
    rest.object = rest.encoding == ENCODING_INTSET ? (void *)intset_new() : listpack_new(0);
    set_iter_init(&iter, set);
    for (; set_iter_next(&iter, &member); left--) {
        if (random_bits_below(random, left) < count) {
            popped_add(&popped, member, NULL, member.data == iter.scratch);
            count--;
        } else {
            set_add_new(&rest, member);
        }
    }
    popped_flush(&popped);
    set_free(set);
    *set = rest;
}

static void pop_from_dict(struct cmd_ctx *ctx, struct dict *dict, size_t count, uint64_t *random) {
    struct popped popped;

    popped_init(&popped, ctx);
    for (size_t i = 0; i < count; i++) {
        struct entry *item = dict_random(dict, random_bits_next(random));
        struct key key = dict_key(dict, dict_item_name(item));
        dict_take(dict, &key, item);
        popped_add(&popped, key.name, item, false);
    }
    popped_flush(&popped);
}

/* Few stay: those are chosen, into a set of their own, and all others given away. False: no
 * memory for that, nothing happened. */
static bool pop_most_from_dict(struct cmd_ctx *ctx, struct set *set, const struct set_rules *rules,
                               size_t stay_count, uint64_t *random) {
    struct set rest = {ENCODING_LISTPACK, listpack_new(0)};
    uint64_t random_again = *random;
    size_t stay = stay_count, left = set_count(set);
    struct popped popped;
    struct set_iter iter;
    struct slice member;

    set_iter_init(&iter, set);
    for (; stay > 0 && set_iter_next(&iter, &member); left--) {
        if (random_bits_below(random, left) >= stay) continue;
        if (set_add(&rest, rules, member) == SET_NO_MEMORY) {
            set_free(&rest);
            return false;
        }
        stay--;
    }
    /* The same dice once more say which the others are. */
    stay = stay_count;
    left = set_count(set);
    popped_init(&popped, ctx);
    set_iter_init(&iter, set);
    for (; set_iter_next(&iter, &member); left--) {
        if (stay > 0 && random_bits_below(&random_again, left) < stay)
            stay--;
        else
            popped_add(&popped, member, NULL, false);
    }
    popped_flush(&popped);
    set_free(set);
    *set = rest;
    return true;
}

/* Fewer than all. */
static void pop_some(struct cmd_ctx *ctx, struct set *set, size_t count, uint64_t *random) {
    struct set_rules rules = set_rules_of(ctx->settings, ctx->keyspace);
    size_t stay_count = set_count(set) - count;

    if (set->encoding != ENCODING_HASHTABLE)
        pop_from_compact(ctx, set, count, random);
    else if (stay_count > count / POP_MOST_SHARE ||
             !pop_most_from_dict(ctx, set, &rules, stay_count, random))
        pop_from_dict(ctx, set->object, count, random);
}

/* Answers and takes out one member; its effect is SREM. */
static void pop_one(struct cmd_ctx *ctx, struct set *set, uint64_t *random) {
    char scratch[LISTPACK_SCRATCH_BYTES];

    if (set->encoding == ENCODING_HASHTABLE) {
        pop_from_dict(ctx, set->object, 1, random);
        return;
    }
    struct slice member = set_random(set, random_bits_next(random), scratch);
    struct slice effect[3] = {SLICE_LITERAL("SREM"), ctx->args[1], member};
    reply_bulk(ctx->reply, member);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    bool was_there = set_remove(set, member);
    SL_ASSERT(was_there);
}

static void pop_all(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                    const struct set *set) {
    struct slice effect[2] = {SLICE_LITERAL("DEL"), key->name};
    struct set_iter iter;
    struct slice member;

    reply_set(ctx->reply, set_count(set));
    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) reply_bulk(ctx->reply, member);
    cmd_changed(ctx, EVENT_SET, "spop", ctx->db, key->name);
    cmd_effect(ctx, effect, ARRAY_COUNT(effect));
    cmd_delete_empty(ctx, key, entry);
}

static void spop(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    uint64_t random = ctx->random_bits;
    bool has_count = ctx->args_count > 2;
    int64_t count = 1;
    struct entry *entry;

    if (ctx->args_count > 3) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (has_count) {
        const char *text = "value is out of range, must be positive";
        if (!cmd_arg_int64_range(ctx, 2, 0, LONG_MAX, &count, text)) return;
    }
    if (!cmd_find_write_as(ctx, &key, VALUE_SET, &entry)) return;
    if (entry == NULL || count == 0) {
        if (has_count)
            reply_set(ctx->reply, 0);
        else
            reply_null(ctx->reply);
        return;
    }
    struct set set = set_of(entry);
    if (has_count && (uint64_t)count >= set_count(&set)) {
        pop_all(ctx, &key, entry, &set);
        return;
    }
    if (has_count) {
        reply_set(ctx->reply, (size_t)count);
        pop_some(ctx, &set, (size_t)count, &random);
    } else {
        pop_one(ctx, &set, &random);
    }
    cmd_changed(ctx, EVENT_SET, "spop", ctx->db, key.name);
    if (count > 1) cmd_changed_more(ctx, (size_t)count - 1);
    set_keep_or_delete(ctx, &key, entry, &set);
}

/* ---- SRANDMEMBER ---- */

/* Each member stays with the chance of what is still wanted to what is still to come: every choice
 * of `count` members is equally likely, and none is copied. */
static void reply_selection(struct cmd_ctx *ctx, const struct set *set, size_t count,
                            uint64_t *random) {
    size_t left = set_count(set);
    struct set_iter iter;
    struct slice member;

    set_iter_init(&iter, set);
    for (; count > 0 && set_iter_next(&iter, &member); left--) {
        if (random_bits_below(random, left) >= count) continue;
        reply_bulk(ctx->reply, member);
        count--;
    }
}

/* A few of many: drawn, and drawn again when it was drawn before. */
static void reply_draws(struct cmd_ctx *ctx, const struct set *set, size_t count,
                        uint64_t *random) {
    struct dict *drawn = dict_new(keyspace_dict_origin(ctx->keyspace));
    char scratch[LISTPACK_SCRATCH_BYTES];

    while (dict_count(drawn) < count) {
        struct slice member = set_random(set, random_bits_next(random), scratch);
        struct key key = dict_key(drawn, member);
        if (dict_find(drawn, &key) != NULL) continue;
        if (dict_try_add(drawn, &key, slice_of(NULL, 0), EXPIRE_NONE) == NULL) {
            size_t missing = count - dict_count(drawn); /* the length is announced already */
            while (missing-- > 0) reply_null(ctx->reply);
            break;
        }
        reply_bulk(ctx->reply, member);
    }
    dict_free(drawn);
}

static void reply_with_repeats(struct cmd_ctx *ctx, const struct set *set, uint64_t count,
                               uint64_t *random) {
    char scratch[LISTPACK_SCRATCH_BYTES];

    reply_array(ctx->reply, count);
    for (uint64_t i = 0; i < count; i++)
        reply_bulk(ctx->reply, set_random(set, random_bits_next(random), scratch));
}

static void srandmember_count(struct cmd_ctx *ctx, const struct key *key) {
    enum { SELECT_SHARE = 3 }; /* from this share of the members on it pays to go through all */
    uint64_t random = ctx->random_bits;
    struct set set;
    int64_t count;

    if (!cmd_arg_int64_range(ctx, 2, -LONG_MAX, LONG_MAX, &count, NULL)) return;
    if (!set_find_read(ctx, key, &set)) return;
    if (set.object == NULL || count == 0) {
        reply_array(ctx->reply, 0);
        return;
    }
    if (count < 0 && (uint64_t)-count > REPEATS_MAX) {
        reply_error(ctx->reply, "value is out of range");
        return;
    }
    if (count < 0) {
        reply_with_repeats(ctx, &set, (uint64_t)-count, &random);
        return;
    }
    size_t members_count = set_count(&set);
    size_t wanted = (uint64_t)count < members_count ? (size_t)count : members_count;
    reply_array(ctx->reply, wanted);
    if (set.encoding != ENCODING_HASHTABLE || wanted >= members_count / SELECT_SHARE)
        reply_selection(ctx, &set, wanted, &random);
    else
        reply_draws(ctx, &set, wanted, &random);
}

static void srandmember(struct cmd_ctx *ctx) {
    char scratch[LISTPACK_SCRATCH_BYTES];
    struct key key = cmd_key(ctx, 1);
    uint64_t random = ctx->random_bits;
    struct set set;

    if (ctx->args_count > 3) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (ctx->args_count == 3) {
        srandmember_count(ctx, &key);
        return;
    }
    if (!set_find_read(ctx, &key, &set)) return;
    if (set.object == NULL)
        reply_null(ctx->reply);
    else
        reply_bulk(ctx->reply, set_random(&set, random_bits_next(&random), scratch));
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg spop_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER, .since = "3.2.0", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg srandmember_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER, .since = "2.6.0", .flags = ARG_OPTIONAL},
};
static const char *const tips_random[] = {"nondeterministic_output", NULL};
static const char *const spop_history[] = {"3.2.0", "Takes a count.", NULL};
static const char *const srandmember_history[] = {"2.6.0", "Takes a count.", NULL};

static const struct cmd_def set_random_cmds[] = {
    {.name = "spop", .run = spop, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_SET,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE), .group = "set",
     .since = "1.0.0", .complexity = "O(1) for each member.",
     .summary = "Takes members out of a set by chance.", .tips = tips_random,
     .history = spop_history, CMD_SYNTAX(spop_syntax)},
    {.name = "srandmember", .run = srandmember, .arity = -2, .flags = CMD_READONLY,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "set",
     .since = "1.0.0", .complexity = "O(1) for each member.",
     .summary = "Gives members of a set by chance.", .tips = tips_random,
     .history = srandmember_history, CMD_SYNTAX(srandmember_syntax)},
};
const struct cmd_family cmd_family_set_random = {"set", set_random_cmds,
                                                 ARRAY_COUNT(set_random_cmds)};
/* clang-format on */
