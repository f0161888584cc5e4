/* cmd_sort.c - SORT and SORT_RO. The elements of a list, set or sorted set are gathered with
 * what they are sorted by, sorted, then answered or stored. BY and GET patterns with a '*' name
 * keys that nobody knows before the elements are read: such a call has the whole store
 * (needs_world); any other only its own keys.
 *
 * Order: by number or, with ALPHA, bytewise (there is no locale). Equal numbers go by the
 * element's text, so that the result is the same everywhere; equal texts of a BY keep the order
 * they came in. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/cmd_families.h"
#include "core/hash.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/set.h"
#include "core/zset.h"

enum { CHUNK_BYTES_MIN = 4096, NUMBER_TEXT_BYTES = 256 };

struct item {
    struct slice text;
    struct slice by; /* ALPHA BY; data NULL: there is none */
    double score;
    uint32_t index; /* the order they came in */
};
struct chunk {
    struct chunk *next;
    size_t len, room;
    char data[];
};
struct sort {
    struct cmd_ctx *ctx;
    struct slice by; /* data NULL: by the element itself */
    bool is_descending, is_alpha, is_unsorted;
    int64_t limit_start, limit_count;
    size_t gets_count, store_arg; /* 0: not stored */
    struct item *items;
    size_t items_count, start, end; /* what is answered: [start, end) */
    struct chunk *chunks; /* copies of texts that do not stay where they are */
    bool is_out_of_memory, is_not_a_number;
};

/* ---- Arguments ---- */

/* How many arguments behind it are the option's own. */
static size_t option_args_count(struct slice option) {
    if (slice_equal_cstr_nocase(option, "limit")) return 2;
    if (slice_equal_cstr_nocase(option, "by") || slice_equal_cstr_nocase(option, "get") ||
        slice_equal_cstr_nocase(option, "store"))
        return 1;
    return 0;
}

static bool is_pattern(struct slice text) {
    return text.len > 0 && memchr(text.data, '*', text.len) != NULL;
}

static bool sort_needs_world(const struct slice *args, size_t args_count) {
    for (size_t i = 2; i + 1 < args_count; i += 1 + option_args_count(args[i])) {
        if ((slice_equal_cstr_nocase(args[i], "by") || slice_equal_cstr_nocase(args[i], "get")) &&
            is_pattern(args[i + 1]))
            return true;
    }
    return false;
}

/* The key and, of several STOREs, the last one's. */
static int sort_keys(const struct slice *args, size_t args_count, struct cmd_key_pos *positions,
                     size_t positions_max) {
    size_t store_arg = 0;

    for (size_t i = 2; i + 1 < args_count; i += 1 + option_args_count(args[i])) {
        if (slice_equal_cstr_nocase(args[i], "store")) store_arg = i + 1;
    }
    if (positions_max > 0) positions[0] = (struct cmd_key_pos){1, CMD_KEY_RO | CMD_KEY_ACCESS};
    if (store_arg == 0) return 1;
    if (positions_max > 1)
        positions[1] = (struct cmd_key_pos){(uint32_t)store_arg, CMD_KEY_OW | CMD_KEY_UPDATE};
    return 2;
}

/* False: the error is written. */
static bool parse(struct sort *sort, bool may_store) {
    struct cmd_ctx *ctx = sort->ctx;

    sort->limit_count = -1;
    for (size_t i = 2; i < ctx->args_count; i++) {
        size_t left_count = ctx->args_count - i - 1;

        if (cmd_arg_is(ctx, i, "asc")) {
            sort->is_descending = false;
        } else if (cmd_arg_is(ctx, i, "desc")) {
            sort->is_descending = true;
        } else if (cmd_arg_is(ctx, i, "alpha")) {
            sort->is_alpha = true;
        } else if (cmd_arg_is(ctx, i, "limit") && left_count >= 2) {
            if (!cmd_arg_int64(ctx, i + 1, &sort->limit_start, NULL) ||
                !cmd_arg_int64(ctx, i + 2, &sort->limit_count, NULL))
                return false;
            i += 2;
        } else if (may_store && cmd_arg_is(ctx, i, "store") && left_count >= 1) {
            sort->store_arg = ++i;
        } else if (cmd_arg_is(ctx, i, "by") && left_count >= 1) {
            sort->by = ctx->args[++i];
            if (!is_pattern(sort->by)) sort->is_unsorted = true;
        } else if (cmd_arg_is(ctx, i, "get") && left_count >= 1) {
            sort->gets_count++;
            i++;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    return true;
}

/* Which of count elements are answered. */
static void set_range(struct sort *sort, size_t count) {
    int64_t all = (int64_t)count, start = sort->limit_start, wanted = sort->limit_count;

    if (start < 0) start = 0;
    if (start > all) start = all;
    if (wanted < 0 || wanted > all - start) wanted = all - start;
    sort->start = (size_t)start;
    sort->end = (size_t)(start + wanted);
}

/* ---- Texts ---- */

static struct slice keep_text(struct sort *sort, struct slice text) {
    struct chunk *chunk = sort->chunks;

    if (chunk == NULL || chunk->room - chunk->len < text.len) {
        size_t room = text.len > CHUNK_BYTES_MIN ? text.len : CHUNK_BYTES_MIN;

        chunk = mem_try(sizeof *chunk + room);
        if (chunk == NULL) {
            sort->is_out_of_memory = true;
            return (struct slice){0};
        }
        *chunk = (struct chunk){.next = sort->chunks, .room = room};
        sort->chunks = chunk;
    }
    char *copy = chunk->data + chunk->len;
    memcpy(copy, text.data, text.len);
    chunk->len += text.len;
    return slice_of(copy, text.len);
}

static void add_item(struct sort *sort, struct slice text, bool is_kept) {
    struct item *item = &sort->items[sort->items_count];

    *item = (struct item){.index = (uint32_t)sort->items_count};
    item->text = is_kept ? text : keep_text(sort, text);
    sort->items_count++;
}

/* ---- What a pattern names ---- */

struct found {
    struct slice text;
    bool is_kept; /* the text stays where it is until the command is over */
    bool is_integer;
    int64_t integer;
    char scratch[ENTRY_SCRATCH_BYTES];
    struct hash_field field;
};

/* Key and field of a pattern: the element in place of the first '*'; a field behind "->". */
static bool find_by_pattern(struct sort *sort, struct slice pattern, struct slice element,
                            struct found *found) {
    struct cmd_ctx *ctx = sort->ctx;
    char name_inline[256], *name = name_inline;
    struct slice field = {0};

    found->is_integer = false;
    found->is_kept = true;
    if (slice_equal(pattern, SLICE_LITERAL("#"))) {
        found->text = element;
        return true;
    }
    const char *star = pattern.len > 0 ? memchr(pattern.data, '*', pattern.len) : NULL;
    if (star == NULL) return false;
    size_t prefix_len = (size_t)(star - pattern.data), tail_len = pattern.len - prefix_len - 1;
    const char *arrow = memmem(star + 1, tail_len, "->", 2);
    if (arrow != NULL && arrow + 2 < pattern.data + pattern.len) {
        field = slice_of(arrow + 2, (size_t)(pattern.data + pattern.len - arrow - 2));
        tail_len = (size_t)(arrow - star - 1);
    }
    size_t name_len = prefix_len + element.len + tail_len;
    if (name_len > sizeof name_inline && (name = mem_try(name_len)) == NULL) {
        sort->is_out_of_memory = true;
        return false;
    }
    memcpy(name, pattern.data, prefix_len);
    memcpy(name + prefix_len, element.data, element.len);
    memcpy(name + prefix_len + element.len, star + 1, tail_len);
    struct key key = key_make(keyspace_store(ctx->keyspace), slice_of(name, name_len));
    struct entry *entry = cmd_find_read(ctx, &key);
    if (name != name_inline) mem_free(name);
    if (entry == NULL) return false;
    if (field.data != NULL) {
        if (entry_type(entry) != VALUE_HASH ||
            !hash_find(hash_of(entry), ctx->now_unix_ms, field, &found->field))
            return false;
        found->text = found->field.value;
        found->is_kept = found->text.data != found->field.value_scratch;
        return true;
    }
    if (entry_type(entry) != VALUE_STRING) return false;
    found->is_integer = entry_integer(entry, &found->integer);
    found->text = entry_string(entry, found->scratch);
    found->is_kept = found->text.data != found->scratch;
    return true;
}

/* As strtod() reads it: spaces before it and no text at all are fine, anything behind it is not. */
static bool parse_score(struct sort *sort, struct slice text, double *score) {
    char copy_inline[NUMBER_TEXT_BYTES], *copy = copy_inline, *end;
    int64_t integer;

    if (number_parse_int64(text, &integer)) {
        *score = (double)integer;
        return true;
    }
    if (text.len >= sizeof copy_inline && (copy = mem_try(text.len + 1)) == NULL) {
        sort->is_out_of_memory = true;
        return false;
    }
    if (text.len > 0) memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    errno = 0;
    *score = strtod(copy, &end);
    bool is_fine = *end == '\0' && errno != ERANGE && !isnan(*score);
    if (copy != copy_inline) mem_free(copy);
    return is_fine;
}

static void weigh(struct sort *sort, struct item *item) {
    struct found found;

    found.text = item->text;
    found.is_kept = true;
    found.is_integer = false;
    if (sort->by.data != NULL && !find_by_pattern(sort, sort->by, item->text, &found)) return;
    if (sort->is_alpha) {
        if (sort->by.data == NULL) return;
        item->by = found.is_kept ? found.text : keep_text(sort, found.text);
        if (item->by.data == NULL) item->by.data = ""; /* empty is not absent */
    } else if (found.is_integer) {
        item->score = (double)found.integer;
    } else if (!parse_score(sort, found.text, &item->score)) {
        sort->is_not_a_number = true;
    }
}

/* ---- Order ---- */

static int compare_texts(struct slice a, struct slice b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_items(const void *left, const void *right, void *arg) {
    const struct item *a = left, *b = right;
    const struct sort *sort = arg;
    int order;

    if (!sort->is_alpha) {
        order = a->score < b->score ? -1 : a->score > b->score;
        if (order == 0) order = compare_texts(a->text, b->text);
    } else if (sort->by.data == NULL) {
        order = compare_texts(a->text, b->text);
    } else if (a->by.data == NULL || b->by.data == NULL) {
        order = (a->by.data != NULL) - (b->by.data != NULL);
    } else {
        order = compare_texts(a->by, b->by);
    }
    if (order == 0) return a->index < b->index ? -1 : a->index > b->index;
    return sort->is_descending ? -order : order;
}

/* ---- Elements ---- */

/* Those of a list or sorted set that stays in its order are only the ones that are answered. */
static size_t count_to_load(struct sort *sort, size_t count, size_t *skip_count) {
    set_range(sort, count);
    *skip_count = 0;
    if (!sort->is_unsorted) return count;
    *skip_count = sort->start;
    sort->end -= sort->start;
    sort->start = 0;
    return sort->end;
}

static void load_list(struct sort *sort, const struct entry *entry) {
    struct list list = list_of(entry);
    size_t skip_count, count = count_to_load(sort, list_count(&list), &skip_count);
    bool is_backward = sort->is_unsorted && sort->is_descending;
    struct list_iter iter;
    struct slice text;

    if (count == 0 || (sort->items = mem_try(count * sizeof *sort->items)) == NULL) {
        sort->is_out_of_memory = count > 0;
        return;
    }
    list_iter_init_at(&iter, &list, is_backward ? LIST_TAIL : LIST_HEAD,
                      is_backward ? -1 - (int64_t)skip_count : (int64_t)skip_count);
    /* A compressed node is open only until the next one is. */
    while (sort->items_count < count && list_iter_next(&iter, &text)) add_item(sort, text, false);
}

static void load_set(struct sort *sort, const struct entry *entry) {
    struct set set = set_of(entry);
    size_t count = set_count(&set);
    struct set_iter iter;
    struct slice text;

    if ((sort->items = mem_try(count * sizeof *sort->items)) == NULL) {
        sort->is_out_of_memory = true;
        return;
    }
    set_range(sort, count);
    set_iter_init(&iter, &set);
    while (set_iter_next(&iter, &text)) add_item(sort, text, text.data != iter.scratch);
}

static void load_zset(struct sort *sort, const struct entry *entry) {
    struct zset zset = zset_of(entry);
    bool is_backward = sort->is_unsorted && sort->is_descending;
    size_t all = zset_count(&zset), skip_count, count = count_to_load(sort, all, &skip_count);
    struct zset_span span = {is_backward ? all - skip_count - count : skip_count, count};
    struct zset_cursor cursor;
    struct zset_item member;

    if (count == 0 || (sort->items = mem_try(count * sizeof *sort->items)) == NULL) {
        sort->is_out_of_memory = count > 0;
        return;
    }
    zset_walk(&cursor, &zset, span, is_backward);
    while (zset_walk_next(&cursor, &member))
        add_item(sort, member.member, member.member.data != cursor.scratch);
}

/* False: the error is written. */
static bool load(struct sort *sort) {
    struct cmd_ctx *ctx = sort->ctx;
    struct key key = cmd_key(ctx, 1);
    struct entry *entry = cmd_find_read(ctx, &key);

    if (entry == NULL) return true;
    enum value_type type = entry_type(entry);
    if (type != VALUE_LIST && type != VALUE_SET && type != VALUE_ZSET) {
        reply_wrong_type(ctx->reply);
        return false;
    }
    /* What a set would give in its own order depends on its form: stored, it must not. */
    if (type == VALUE_SET && sort->is_unsorted && sort->store_arg != 0) {
        sort->is_unsorted = false;
        sort->is_alpha = true;
        sort->by = (struct slice){0};
    }
    if (type == VALUE_LIST)
        load_list(sort, entry);
    else if (type == VALUE_SET)
        load_set(sort, entry);
    else
        load_zset(sort, entry);
    return true;
}

/* ---- Results ---- */

/* Calls `each` with every result; text.data NULL: there is none. */
static void each_result(struct sort *sort,
                        void (*each)(struct sort *sort, void *arg, struct slice text), void *arg) {
    const struct cmd_ctx *ctx = sort->ctx;
    struct found found;

    for (size_t i = sort->start; i < sort->end; i++) {
        struct slice element = sort->items[i].text;

        if (sort->gets_count == 0) each(sort, arg, element);
        for (size_t at = 2; sort->gets_count > 0 && at < ctx->args_count;
             at += 1 + option_args_count(ctx->args[at])) {
            if (!cmd_arg_is(ctx, at, "get")) continue;
            bool is_found = find_by_pattern(sort, ctx->args[at + 1], element, &found);
            if (is_found && found.text.data == NULL) found.text.data = "";
            each(sort, arg, is_found ? found.text : (struct slice){0});
        }
    }
}

static void reply_result(struct sort *sort, void *arg, struct slice text) {
    (void)arg;
    if (text.data == NULL)
        reply_null(sort->ctx->reply);
    else
        reply_bulk(sort->ctx->reply, text);
}

struct stored {
    struct list list;
    struct quicklist_rules rules;
};

static void store_result(struct sort *sort, void *arg, struct slice text) {
    struct stored *stored = arg;

    if (sort->is_out_of_memory) return;
    if (text.data == NULL) text = SLICE_LITERAL("");
    if (!list_add(&stored->list, &stored->rules, LIST_TAIL, text)) sort->is_out_of_memory = true;
}

static void store(struct sort *sort) {
    struct cmd_ctx *ctx = sort->ctx;
    struct key key = cmd_key(ctx, sort->store_arg);
    struct stored stored = {list_new(), list_rules_of(ctx->settings)};

    each_result(sort, store_result, &stored);
    size_t count = list_count(&stored.list);
    if (sort->is_out_of_memory || count == 0) {
        list_free(&stored.list);
        if (sort->is_out_of_memory) {
            reply_no_memory(ctx->reply);
            return;
        }
        struct entry *entry = cmd_find_write(ctx, &key);
        if (entry != NULL) {
            cmd_delete(ctx, ctx->db, &key, entry);
            cmd_changed(ctx, EVENT_GENERIC, "del", ctx->db, key.name);
        }
        reply_int(ctx->reply, 0);
        return;
    }
    list_fit(&stored.list, &stored.rules);
    if (!cmd_store_object(ctx, &key, VALUE_LIST, stored.list.encoding, stored.list.object)) return;
    cmd_changed(ctx, EVENT_LIST, "sortstore", ctx->db, key.name);
    if (count > 1) cmd_changed_more(ctx, count - 1);
    reply_int(ctx->reply, (int64_t)count);
}

static void answer(struct sort *sort) {
    struct reply *reply = sort->ctx->reply;
    size_t count = sort->end - sort->start;

    if (!sort->is_unsorted) {
        for (size_t i = 0; i < sort->items_count; i++) weigh(sort, &sort->items[i]);
        if (sort->items_count > 1 && !sort->is_out_of_memory && !sort->is_not_a_number)
            qsort_r(sort->items, sort->items_count, sizeof *sort->items, compare_items, sort);
    }
    if (sort->is_out_of_memory) {
        reply_no_memory(reply);
    } else if (sort->is_not_a_number) {
        reply_error(reply, "One or more scores can't be converted into double");
    } else if (sort->store_arg != 0) {
        store(sort);
    } else {
        reply_array(reply, count * (sort->gets_count > 0 ? sort->gets_count : 1));
        each_result(sort, reply_result, NULL);
    }
}

static void sort_generic(struct cmd_ctx *ctx, bool may_store) {
    struct sort sort = {.ctx = ctx};
    struct chunk *next;

    if (!parse(&sort, may_store)) return;
    if (load(&sort)) answer(&sort);
    for (struct chunk *chunk = sort.chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        mem_free(chunk);
    }
    mem_free(sort.items);
}

/* SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE key] */
static void sort_run(struct cmd_ctx *ctx) {
    sort_generic(ctx, true);
}

static void sort_ro(struct cmd_ctx *ctx) {
    sort_generic(ctx, false);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg limit_args[] = {
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "count", .type = ARG_INTEGER},
};
static const struct cmd_arg order_args[] = {
    {.name = "asc", .type = ARG_PURE_TOKEN, .token = "ASC"},
    {.name = "desc", .type = ARG_PURE_TOKEN, .token = "DESC"},
};
#define SORT_ARGS \
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1}, \
    {.name = "by-pattern", .type = ARG_PATTERN, .token = "BY", .key_spec_plus_one = 2, .display = "pattern", .flags = ARG_OPTIONAL}, \
    {.name = "limit", .type = ARG_BLOCK, .token = "LIMIT", .flags = ARG_OPTIONAL, \
     .args = limit_args, .args_count = ARRAY_COUNT(limit_args)}, \
    {.name = "get-pattern", .type = ARG_PATTERN, .token = "GET", .key_spec_plus_one = 2, .display = "pattern", \
     .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN}, \
    {.name = "order", .type = ARG_ONEOF, .flags = ARG_OPTIONAL, .args = order_args, .args_count = ARRAY_COUNT(order_args)}, \
    {.name = "sorting", .type = ARG_PURE_TOKEN, .token = "ALPHA", .flags = ARG_OPTIONAL}
static const struct cmd_arg sort_syntax[] = {
    SORT_ARGS,
    {.name = "destination", .type = ARG_KEY, .token = "STORE", .key_spec_plus_one = 3, .flags = ARG_OPTIONAL},
};
static const struct cmd_arg sort_ro_syntax[] = {SORT_ARGS};

#define SORT_COMPLEXITY "O(N*log(N)) where N is the number of elements; O(N) when they are not sorted."
#define SORT_PATTERN_SPEC \
    {.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .is_unknown = true, \
     .notes = "Keys of BY and GET: their names come of the elements that are sorted."}

static const struct cmd_def sort_cmds[] = {
    {.name = "sort", .run = sort_run, .arity = -2,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_SET | CATEGORY_SORTEDSET | CATEGORY_LIST | CATEGORY_DANGEROUS,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 1, .last = 0, .step = 1},
              SORT_PATTERN_SPEC,
              {.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .is_unknown = true,
               .notes = "The key of STORE, which may stand anywhere among the options."}},
     .keys_count = 3, .find_keys = sort_keys, .needs_world = sort_needs_world,
     .group = "generic", .since = "1.0.0", .complexity = SORT_COMPLEXITY,
     .summary = "Gives or stores the elements of a list, set or sorted set in order, or what they stand for.",
     CMD_SYNTAX(sort_syntax)},
    {.name = "sort_ro", .run = sort_ro, .arity = -2,
     .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_SET | CATEGORY_SORTEDSET | CATEGORY_LIST | CATEGORY_DANGEROUS,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 1, .last = 0, .step = 1},
              SORT_PATTERN_SPEC},
     .keys_count = 2, .needs_world = sort_needs_world,
     .group = "generic", .since = "7.0.0", .complexity = SORT_COMPLEXITY,
     .summary = "Gives the elements of a list, set or sorted set in order, or what they stand for.",
     CMD_SYNTAX(sort_ro_syntax)},
};
/* clang-format on */
const struct cmd_family cmd_family_sort = {"sort", sort_cmds, ARRAY_COUNT(sort_cmds)};
