/* cmd_list.c - the ends of a list: LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP, LLEN. */
#include "core/cmd_families.h"
#include "core/cmd_list_priv.h"

bool list_find_read(struct cmd_ctx *ctx, const struct key *key, struct list *list) {
    struct entry *entry;

    list->object = NULL;
    if (!cmd_find_read_as(ctx, key, VALUE_LIST, &entry)) return false;
    if (entry != NULL) *list = list_of(entry);
    return true;
}

bool list_find_write(struct cmd_ctx *ctx, const struct key *key, struct entry **entry,
                     struct list *list) {
    if (!cmd_find_write_as(ctx, key, VALUE_LIST, entry)) return false;
    if (*entry != NULL) *list = list_of(*entry);
    return true;
}

size_t list_push_all(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                     enum list_end end, const struct slice *texts, size_t texts_count) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    struct list list = entry != NULL ? list_of(entry) : list_new();
    size_t added_bytes = 0, pushed_count = 0;

    if (list.encoding == ENCODING_LISTPACK) {
        for (size_t i = 0; i < texts_count; i++) added_bytes += texts[i].len;
        list_grow(&list, &rules, added_bytes, texts_count);
    }
    while (pushed_count < texts_count && list_push(&list, &rules, end, texts[pushed_count]))
        pushed_count++;
    if (SL_UNLIKELY(pushed_count < texts_count)) {
        reply_no_memory(ctx->reply);
        list_remove_range(&list, &rules, end == LIST_HEAD ? 0 : -(int64_t)pushed_count,
                          pushed_count);
        if (entry == NULL)
            list_free(&list);
        else
            list_keep(entry, &list);
        return 0;
    }
    if (entry != NULL) {
        list_keep(entry, &list);
    } else if (cmd_add_object(ctx, key, VALUE_LIST, list.encoding, list.object) == NULL) {
        list_free(&list);
        return 0;
    }
    size_t count = list_count(&list);
    cmd_changed(ctx, EVENT_LIST, end == LIST_HEAD ? "lpush" : "rpush", ctx->db, key->name);
    if (texts_count > 1) cmd_changed_more(ctx, texts_count - 1);
    return count;
}

static void push(struct cmd_ctx *ctx, enum list_end end, bool only_if_there) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;

    if (!cmd_find_write_as(ctx, &key, VALUE_LIST, &entry)) return;
    if (entry == NULL && only_if_there) {
        reply_int(ctx->reply, 0);
        return;
    }
    size_t count = list_push_all(ctx, &key, entry, end, ctx->args + 2, ctx->args_count - 2);
    if (count > 0) reply_int(ctx->reply, (int64_t)count);
}

static void lpush(struct cmd_ctx *ctx) {
    push(ctx, LIST_HEAD, false);
}

static void rpush(struct cmd_ctx *ctx) {
    push(ctx, LIST_TAIL, false);
}

static void lpushx(struct cmd_ctx *ctx) {
    push(ctx, LIST_HEAD, true);
}

static void rpushx(struct cmd_ctx *ctx) {
    push(ctx, LIST_TAIL, true);
}

void list_popped(struct cmd_ctx *ctx, const struct key *key, struct entry *entry, struct list *list,
                 enum list_end end, size_t popped_count) {
    const char *event = end == LIST_HEAD ? "lpop" : "rpop";
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    bool is_empty = list_count(list) == 0;

    if (!is_empty) list_shrink(list, &rules);
    list_keep(entry, list);
    if (popped_count > 0)
        cmd_changed(ctx, EVENT_LIST, event, ctx->db, key->name);
    else
        cmd_event(ctx, EVENT_LIST, event, ctx->db, key->name);
    if (popped_count > 1) cmd_changed_more(ctx, popped_count - 1);
    if (is_empty) cmd_delete_empty(ctx, key, entry);
}

size_t list_pop_array(struct cmd_ctx *ctx, const struct key *key, struct entry *entry,
                      struct list *list, enum list_end end, int64_t count) {
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    size_t there_count = list_count(list);
    size_t popped_count = (uint64_t)count < there_count ? (size_t)count : there_count;
    bool is_tail = end == LIST_TAIL;

    SL_ASSERT(count > 0 && there_count > 0);
    reply_array(ctx->reply, popped_count);
    list_reply_range(list, ctx->reply, is_tail ? there_count - 1 : 0, popped_count, is_tail);
    list_remove_range(list, &rules, is_tail ? -(int64_t)popped_count : 0, popped_count);
    list_popped(ctx, key, entry, list, end, popped_count);
    return popped_count;
}

static void pop(struct cmd_ctx *ctx, enum list_end end) {
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    struct list list;
    int64_t count = 1;
    bool has_count = ctx->args_count > 2;

    if (ctx->args_count > 3) {
        cmd_reply_arity_error(ctx);
        return;
    }
    if (has_count && !cmd_arg_int64_range(ctx, 2, 0, INT64_MAX, &count,
                                          "value is out of range, must be positive"))
        return;
    if (!list_find_write(ctx, &key, &entry, &list)) return;
    if (entry == NULL) {
        if (has_count)
            reply_null_array(ctx->reply);
        else
            reply_null(ctx->reply);
        return;
    }
    if (has_count) {
        if (count == 0)
            reply_array(ctx->reply, 0);
        else
            list_pop_array(ctx, &key, entry, &list, end, count);
        return;
    }
    struct quicklist_rules rules = list_rules_of(ctx->settings);
    list_reply_at(&list, ctx->reply, end == LIST_HEAD ? 0 : -1);
    list_remove_end(&list, &rules, end);
    list_popped(ctx, &key, entry, &list, end, 1);
}

static void lpop(struct cmd_ctx *ctx) {
    pop(ctx, LIST_HEAD);
}

static void rpop(struct cmd_ctx *ctx) {
    pop(ctx, LIST_TAIL);
}

static void llen(struct cmd_ctx *ctx) {
    struct key key = cmd_key(ctx, 1);
    struct list list;

    if (!list_find_read(ctx, &key, &list)) return;
    reply_int(ctx->reply, list.object != NULL ? (int64_t)list_count(&list) : 0);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg push_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "element", .type = ARG_STRING, .flags = ARG_MULTIPLE},
};
static const struct cmd_arg pop_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "count", .type = ARG_INTEGER, .since = "6.2.0", .flags = ARG_OPTIONAL},
};
static const struct cmd_arg key_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};
static const char *const push_history[] = {"2.4.0", "Takes several elements.", NULL};
static const char *const pushx_history[] = {"4.0.0", "Takes several elements.", NULL};
static const char *const pop_history[] = {"6.2.0", "Takes a `count`.", NULL};

static const struct cmd_def list_cmds[] = {
    {.name = "lpush", .run = lpush, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "list", .since = "1.0.0", .complexity = "O(1) for each element.",
     .summary = "Puts elements before the head of a list, which is made if need be.",
     .history = push_history, CMD_SYNTAX(push_syntax)},
    {.name = "rpush", .run = rpush, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "list", .since = "1.0.0", .complexity = "O(1) for each element.",
     .summary = "Puts elements behind the tail of a list, which is made if need be.",
     .history = push_history, CMD_SYNTAX(push_syntax)},
    {.name = "lpushx", .run = lpushx, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "list", .since = "2.2.0", .complexity = "O(1) for each element.",
     .summary = "Puts elements before the head of a list if there is one.",
     .history = pushx_history, CMD_SYNTAX(push_syntax)},
    {.name = "rpushx", .run = rpushx, .arity = -3, .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_INSERT),
     .group = "list", .since = "2.2.0", .complexity = "O(1) for each element.",
     .summary = "Puts elements behind the tail of a list if there is one.",
     .history = pushx_history, CMD_SYNTAX(push_syntax)},
    {.name = "lpop", .run = lpop, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE),
     .group = "list", .since = "1.0.0", .complexity = "O(N), N being the elements taken.",
     .summary = "Takes elements from the head of a list; the last one takes the key along.",
     .history = pop_history, CMD_SYNTAX(pop_syntax)},
    {.name = "rpop", .run = rpop, .arity = -2, .flags = CMD_WRITE | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_DELETE),
     .group = "list", .since = "1.0.0", .complexity = "O(N), N being the elements taken.",
     .summary = "Takes elements from the tail of a list; the last one takes the key along.",
     .history = pop_history, CMD_SYNTAX(pop_syntax)},
    {.name = "llen", .run = llen, .arity = 2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_LIST, .keys = CMD_KEYS_ONE(CMD_KEY_RO),
     .group = "list", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Counts the elements of a list.", CMD_SYNTAX(key_syntax)},
};
const struct cmd_family cmd_family_list = {"list", list_cmds, ARRAY_COUNT(list_cmds)};
/* clang-format on */
