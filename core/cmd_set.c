/* cmd_set.c - one set at a time: SADD, SREM, SISMEMBER, SMISMEMBER, SCARD, SMEMBERS, SMOVE, SSCAN. */
#include "core/cmd_families.h"
#include "core/cmd_scan_args.h"
#include "core/cmd_set_priv.h"

bool set_find_read(struct cmd_ctx *ctx, const struct key *key, struct set *set) {
    struct entry *entry;

    set->object = NULL;
    if (!cmd_find_read_as(ctx, key, VALUE_SET, &entry)) return false;
    if (entry != NULL) *set = set_of(entry);
    return true;
}

void set_keep_or_delete(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                        const struct set *set) {
    set_keep(entry, set);
    if (set_count(set) == 0) cmd_delete_empty(ctx, key, entry);
}

/* ---- SADD ---- */

/* Adds the arguments from 2 on; *added_count: how many were new. Returns where it ended:
 * args_count, or the one for which there was no memory. */
static size_t add_arguments(struct cmd_ctx *ctx, struct set *set, const struct set_rules *rules,
                            size_t *added_count) {
    *added_count = 0;
    for (size_t i = 2; i < ctx->args_count; i++) {
        enum set_add_result result = set_add(set, rules, ctx->args[i]);
        if (SL_UNLIKELY(result == SET_NO_MEMORY)) return i;
        *added_count += result == SET_ADDED;
    }
    return ctx->args_count;
}

static void sadd(struct cmd_ctx *ctx) {
    struct set_rules rules = set_rules_of(ctx->settings, ctx->keyspace);
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    struct set set;
    size_t added_count, end = 2;

    if (!cmd_find_write_as(ctx, &key, VALUE_SET, &entry)) return;
    set = entry != NULL ? set_of(entry) : set_new(&rules, ctx->args[2], ctx->args_count - 2);
    if (entry != NULL && SL_UNLIKELY(!set_try_expect(&set, &rules, ctx->args_count - 2)))
        added_count = 0;
    else
        end = add_arguments(ctx, &set, &rules, &added_count);
    if (entry != NULL) {
        set_keep(entry, &set);
    } else if (added_count == 0 ||
               cmd_add_object(ctx, &key, VALUE_SET, set.encoding, set.object) == NULL) {
        set_free(&set);
        if (added_count == 0) reply_no_memory(ctx->reply);
        return;
    }
    if (added_count > 0) cmd_changed(ctx, EVENT_SET, "sadd", ctx->db, key.name);
    if (added_count > 1) cmd_changed_more(ctx, added_count - 1);
    if (SL_LIKELY(end == ctx->args_count)) {
        reply_int(ctx->reply, (int64_t)added_count);
        return;
    }
    if (added_count > 0) cmd_effect(ctx, ctx->args, end); /* those that came in */
    reply_no_memory(ctx->reply);
}

/* ---- SREM, SMOVE ---- */

static void srem(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    size_t removed_count = 0;

    if (!cmd_find_write_as(ctx, &key, VALUE_SET, &entry)) return;
    if (entry != NULL) {
        struct set set = set_of(entry);
        for (size_t i = 2; i < ctx->args_count && set_count(&set) > 0; i++)
            removed_count += set_remove(&set, ctx->args[i]);
        if (removed_count > 0) cmd_changed(ctx, EVENT_SET, "srem", ctx->db, key.name);
        if (removed_count > 1) cmd_changed_more(ctx, removed_count - 1);
        set_keep_or_delete(ctx, &key, entry, &set);
    }
    reply_int(ctx->reply, (int64_t)removed_count);
}

/* Puts the member into the target set, made if need be; that it is new is the caller's to tell,
 * for the member leaves its source first. False: no memory, the error is written. */
static bool move_in(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                    struct slice member, bool *added) {
    struct set_rules rules = set_rules_of(ctx->settings, ctx->keyspace);
    struct set set = entry != NULL ? set_of(entry) : set_new(&rules, member, 1);
    enum set_add_result result = set_add(&set, &rules, member);

    *added = result == SET_ADDED;
    if (entry != NULL) set_keep(entry, &set);
    if (SL_LIKELY(result != SET_NO_MEMORY)) {
        if (entry != NULL) return true;
        if (keyspace_put_object(ctx->keyspace, ctx->db, key, NULL, VALUE_SET, set.encoding,
                                set.object, EXPIRE_NONE, cmd_access_now(ctx)) != NULL)
            return true;
    }
    if (entry == NULL) set_free(&set);
    reply_no_memory(ctx->reply);
    return false;
}

static void smove(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1), key_to = cmd_key(ctx, 2);
    struct slice member = ctx->args[3];
    struct entry *entry, *entry_to;
    bool added;

    entry = cmd_find_write(ctx, &key);
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    if (entry_type(entry) != VALUE_SET) {
        reply_wrong_type(ctx->reply);
        return;
    }
    if (!cmd_find_write_as(ctx, &key_to, VALUE_SET, &entry_to)) return;
    struct set set = set_of(entry);
    bool is_there = set_contains(&set, member);
    if (!is_there || entry == entry_to) {
        reply_int(ctx->reply, is_there);
        return;
    }
    if (!move_in(ctx, &key_to, entry_to, member, &added)) return;
    set_remove(&set, member);
    cmd_changed(ctx, EVENT_SET, "srem", ctx->db, key.name);
    set_keep_or_delete(ctx, &key, entry, &set);
    if (entry_to == NULL) cmd_event(ctx, EVENT_NEW, "new", ctx->db, key_to.name);
    if (added) cmd_changed(ctx, EVENT_SET, "sadd", ctx->db, key_to.name);
    reply_int(ctx->reply, 1);
}

/* ---- Reading ---- */

static void sismember(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct set set;

    if (!set_find_read(ctx, &key, &set)) return;
    reply_int(ctx->reply, set.object != NULL && set_contains(&set, ctx->args[2]));
}

static void smismember(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct set set;

    if (!set_find_read(ctx, &key, &set)) return;
    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 2; i < ctx->args_count; i++)
        reply_int(ctx->reply, set.object != NULL && set_contains(&set, ctx->args[i]));
}

static void scard(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct set set;

    if (!set_find_read(ctx, &key, &set)) return;
    reply_int(ctx->reply, set.object != NULL ? (int64_t)set_count(&set) : 0);
}

static void smembers(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct set_iter iter;
    struct slice member;
    struct set set;

    if (!set_find_read(ctx, &key, &set)) return;
    if (set.object == NULL) {
        reply_set(ctx->reply, 0);
        return;
    }
    reply_set(ctx->reply, set_count(&set));
    set_iter_init(&iter, &set);
    while (set_iter_next(&iter, &member)) reply_bulk(ctx->reply, member);
}

/* ---- SSCAN ---- */

struct sscan {
    struct scan_args args;
    struct outbuf out; /* the members: the cursor that stands before them is known after them */
    struct reply reply;
    size_t replied_count;
};

static void sscan_member(void *owner, struct slice member) {
    struct sscan *scan = owner;

    if (!scan_args_match_name(&scan->args, member)) return;
    reply_bulk(&scan->reply, member);
    scan->replied_count++;
}

static void sscan(struct cmd_ctx *ctx) {
    struct sscan scan = {.reply = {.resp = ctx->reply->resp}};
    struct key key = cmd_key(ctx, 1);
    struct set set;

    if (!scan_cursor_parse(ctx, 2, &scan.args)) return;
    if (!set_find_read(ctx, &key, &set)) return;
    if (set.object == NULL) {
        scan_reply_empty(ctx->reply);
        return;
    }
    if (!scan_options_parse(ctx, 3, SCAN_OF_MEMBERS, &scan.args)) return;
    if (set.encoding == ENCODING_HASHTABLE && !scan_cursor_is_ours(&scan.args)) {
        scan_reply_empty(ctx->reply);
        return;
    }
    uint32_t position = (uint32_t)scan.args.cursor;
    outbuf_init(&scan.out);
    scan.reply.out = &scan.out;
    set_scan(&set, &position, (size_t)scan.args.count, sscan_member, &scan);
    scan_reply_items(ctx->reply, position, scan.replied_count, &scan.out);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg key_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const struct cmd_arg members_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "member", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg member_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "member", .type = ARG_STRING},
};
static const struct cmd_arg smove_syntax[] = {
    {.name = "source", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "destination", .type = ARG_KEY, .key_spec_plus_one = 2},
    {.name = "member", .type = ARG_STRING},
};
static const struct cmd_arg sscan_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "cursor", .type = ARG_INTEGER},
    {.name = "pattern", .type = ARG_PATTERN, .token = "MATCH", .flags = ARG_OPTIONAL},
    {.name = "count", .type = ARG_INTEGER, .token = "COUNT", .flags = ARG_OPTIONAL},
};
static const char *const tips_unordered[] = {"nondeterministic_output_order", NULL};
static const char *const tips_random[] = {"nondeterministic_output", NULL};
static const char *const sadd_history[] = {"2.4.0", "Takes several members.", NULL};

static const struct cmd_def set_cmds[] = {
    {.name = "sadd", .run = sadd, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT), .group = "set",
     .since = "1.0.0", .complexity = "O(1) for each member.",
     .summary = "Adds members to a set, which is made if need be.", .history = sadd_history,
     CMD_SYNTAX(members_syntax)},
    {.name = "srem", .run = srem, .arity = -3, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_DELETE), .group = "set",
     .since = "1.0.0", .complexity = "O(1) for each member.",
     .summary = "Takes members out of a set; the last one takes the key along.",
     .history = sadd_history, CMD_SYNTAX(members_syntax)},
    {.name = "smove", .run = smove, .arity = 4, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_SET,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE, .begin_index = 1, .step = 1},
              {.flags = CMD_KEY_RW | CMD_KEY_INSERT, .begin_index = 2, .step = 1}},
     .keys_count = 2, .group = "set", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Moves a member from one set to another.", CMD_SYNTAX(smove_syntax)},
    {.name = "sismember", .run = sismember, .arity = 3, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO), .group = "set",
     .since = "1.0.0", .complexity = "O(1)", .summary = "Says whether a set has a member.",
     CMD_SYNTAX(member_syntax)},
    {.name = "smismember", .run = smismember, .arity = -3, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "set", .since = "6.2.0", .complexity = "O(1) for each member.",
     .summary = "Says of several members whether a set has them.", CMD_SYNTAX(members_syntax)},
    {.name = "scard", .run = scard, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO), .group = "set",
     .since = "1.0.0", .complexity = "O(1)", .summary = "Counts the members of a set.",
     CMD_SYNTAX(key_syntax)},
    {.name = "smembers", .run = smembers, .arity = 2, .flags = CMD_READONLY,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "set",
     .since = "1.0.0", .complexity = "O(N), N being the members of the set.",
     .summary = "Lists all members of a set.", .tips = tips_unordered, CMD_SYNTAX(key_syntax)},
    {.name = "sscan", .run = sscan, .arity = -3, .flags = CMD_READONLY,
     .categories = CATEGORY_SET, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS), .group = "set",
     .since = "2.8.0", .complexity = "O(1) for each call, O(N) for all members.",
     .summary = "Goes through the members of a set, some with each call.", .tips = tips_random,
     CMD_SYNTAX(sscan_syntax)},
};
const struct cmd_family cmd_family_set = {"set", set_cmds, ARRAY_COUNT(set_cmds)};
/* clang-format on */
