/* list.c - one listpack or a quicklist.
 *
 * When it changes form is Redis' rule, as OBJECT ENCODING shows it: a listpack becomes a
 * quicklist when what is about to be added (bytes counted without their encoding) takes it over
 * what one node may hold; a quicklist of one node becomes a listpack again when it has fallen to
 * half of that, so that a list on the border does not go back and forth. */
#include "core/list.h"

#include "core/cmd.h"
#include "core/listpack_reply.h"

struct quicklist_rules list_rules_of(const struct cmd_settings *settings) {
    return (struct quicklist_rules){.node_limit = settings->list_max_listpack_size,
                                    .compress_depth = settings->list_compress_depth,
                                    .plain_min_bytes = settings->list_plain_min_bytes};
}

struct list list_new(void) {
    return (struct list){ENCODING_LISTPACK, listpack_new(0)};
}

void list_free(struct list *list) {
    object_kind_of(list->encoding)->free(list->object);
    list->object = NULL;
}

struct list list_of(const struct entry *entry) {
    struct list list = {entry_encoding(entry), entry_object(entry)};

    SL_ASSERT(entry_type(entry) == VALUE_LIST);
    return list;
}

void list_keep(struct entry *entry, const struct list *list) {
    entry_set_object(entry, list->encoding, list->object);
}

static inline bool is_small(const struct list *list) {
    SL_DEBUG_ASSERT(list->encoding == ENCODING_LISTPACK || list->encoding == ENCODING_QUICKLIST);
    return list->encoding == ENCODING_LISTPACK;
}

size_t list_count(const struct list *list) {
    return is_small(list) ? listpack_count(list->object) : quicklist_count(list->object);
}

/* ---- Walking ---- */

void list_iter_init(struct list_iter *iter, const struct list *list, enum list_end from) {
    list_iter_init_at(iter, list, from, from == LIST_HEAD ? 0 : -1);
}

void list_iter_init_at(struct list_iter *iter, const struct list *list, enum list_end from,
                       int64_t index) {
    iter->list = list;
    iter->from = from;
    iter->is_started = false;
    if (is_small(list))
        iter->pos = (struct quicklist_pos){.element = listpack_at(list->object, index)};
    else
        iter->pos = quicklist_at(list->object, index);
}

static bool has_element(const struct list_iter *iter) {
    return is_small(iter->list) ? iter->pos.element != NULL : iter->pos.node != NULL;
}

bool list_iter_step(struct list_iter *iter) {
    const struct list *list = iter->list;

    if (!has_element(iter)) return false;
    if (!iter->is_started) {
        iter->is_started = true;
        return true;
    }
    if (is_small(list)) {
        unsigned char *element = iter->pos.element;
        iter->pos.element = iter->from == LIST_HEAD ? listpack_next(list->object, element)
                                                    : listpack_prev(list->object, element);
    } else if (iter->from == LIST_HEAD) {
        quicklist_next(list->object, &iter->pos);
    } else {
        quicklist_prev(list->object, &iter->pos);
    }
    return has_element(iter);
}

struct slice list_iter_text(struct list_iter *iter) {
    SL_DEBUG_ASSERT(has_element(iter));
    if (is_small(iter->list)) return listpack_get(iter->pos.element, iter->scratch);
    return quicklist_get(&iter->pos, iter->scratch);
}

bool list_iter_equals(const struct list_iter *iter, struct slice text) {
    if (is_small(iter->list)) return listpack_equals(iter->pos.element, text);
    return quicklist_equals(&iter->pos, text);
}

bool list_iter_next(struct list_iter *iter, struct slice *text) {
    if (!list_iter_step(iter)) return false;
    *text = list_iter_text(iter);
    return true;
}

bool list_at(const struct list *list, int64_t index, struct slice *text, char *scratch) {
    if (is_small(list)) {
        unsigned char *element = listpack_at(list->object, index);
        if (element == NULL) return false;
        *text = listpack_get(element, scratch);
        return true;
    }
    struct quicklist_pos pos = quicklist_at(list->object, index);
    if (pos.node == NULL) return false;
    *text = quicklist_get(&pos, scratch);
    return true;
}

void list_reply_at(const struct list *list, struct reply *reply, int64_t index) {
    if (is_small(list)) {
        unsigned char *element = listpack_at(list->object, index);
        SL_ASSERT(element != NULL);
        listpack_reply(element, reply);
        return;
    }
    struct quicklist_pos pos = quicklist_at(list->object, index);
    SL_ASSERT(pos.node != NULL);
    quicklist_reply(&pos, reply);
}

void list_reply_range(const struct list *list, struct reply *reply, size_t index, size_t count,
                      bool is_backward) {
    if (count == 0) return;
    if (!is_small(list)) {
        quicklist_reply_range(list->object, reply, index, count, is_backward);
        return;
    }
    unsigned char *element = listpack_at(list->object, (int64_t)index);
    SL_ASSERT(element != NULL);
    listpack_reply_run(list->object, element, reply, count, is_backward);
}

/* ---- From one form to the other ---- */

void list_grow(struct list *list, const struct quicklist_rules *rules, size_t added_bytes,
               size_t added_count) {
    if (!is_small(list)) return;
    unsigned char *listpack = list->object;
    if (quicklist_node_fits(rules, listpack_bytes(listpack) + added_bytes,
                            listpack_count(listpack) + added_count))
        return;
    struct quicklist *quicklist = quicklist_new();
    quicklist_append_listpack(quicklist, rules, listpack);
    *list = (struct list){ENCODING_QUICKLIST, quicklist};
}

/* A quicklist of one node whose sizes, `times` over, are within the rules becomes that node. */
static void become_small(struct list *list, const struct quicklist_rules *rules, size_t times) {
    if (is_small(list)) return;
    const unsigned char *listpack = quicklist_only_listpack(list->object);
    if (listpack == NULL) return;
    /* Where the count is the limit, Redis does not look at the bytes here. */
    size_t bytes = rules->node_limit < 0 ? listpack_bytes(listpack) * times : 0;
    if (!quicklist_node_fits(rules, bytes, listpack_count(listpack) * times)) return;
    *list = (struct list){ENCODING_LISTPACK, quicklist_take_listpack(list->object)};
}

void list_shrink(struct list *list, const struct quicklist_rules *rules) {
    become_small(list, rules, 2);
}

void list_fit(struct list *list, const struct quicklist_rules *rules) {
    if (is_small(list))
        list_grow(list, rules, 0, 0);
    else
        become_small(list, rules, 1);
}

/* ---- Changes ---- */

bool list_push(struct list *list, const struct quicklist_rules *rules, enum list_end end,
               struct slice text) {
    if (!is_small(list))
        return quicklist_push(list->object, rules,
                              end == LIST_HEAD ? QUICKLIST_HEAD : QUICKLIST_TAIL, text);
    list->object = end == LIST_HEAD ? listpack_prepend(list->object, text)
                                    : listpack_append(list->object, text);
    return true;
}

bool list_add(struct list *list, const struct quicklist_rules *rules, enum list_end end,
              struct slice text) {
    list_grow(list, rules, text.len, 1);
    return list_push(list, rules, end, text);
}

bool list_insert(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter,
                 bool is_after, struct slice text) {
    SL_ASSERT(iter->list == list && has_element(iter));
    if (!is_small(list)) return quicklist_insert(list->object, rules, iter->pos, is_after, text);
    unsigned char *element = iter->pos.element;
    if (is_after) element = listpack_next(list->object, element); /* NULL: at the end */
    list->object = listpack_insert(list->object, element, text, NULL);
    return true;
}

bool list_replace(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter,
                  struct slice text) {
    SL_ASSERT(iter->list == list && has_element(iter));
    if (!is_small(list)) return quicklist_replace(list->object, rules, iter->pos, text);
    list->object = listpack_replace(list->object, &iter->pos.element, text);
    return true;
}

void list_remove(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter) {
    bool is_backward = iter->from == LIST_TAIL;

    SL_ASSERT(iter->list == list && has_element(iter));
    iter->is_started = false; /* the next step stays on what is then current */
    if (!is_small(list)) {
        quicklist_remove(list->object, rules, &iter->pos, is_backward);
        return;
    }
    unsigned char *element = iter->pos.element;
    list->object = listpack_remove(list->object, &element, 1);
    if (is_backward)
        element = element == NULL ? listpack_last(list->object)
                                  : listpack_prev(list->object, element);
    iter->pos.element = element;
}

void list_remove_end(struct list *list, const struct quicklist_rules *rules, enum list_end end) {
    if (is_small(list))
        list->object = listpack_remove_range(list->object, end == LIST_HEAD ? 0 : -1, 1);
    else
        quicklist_remove_end(list->object, rules,
                             end == LIST_HEAD ? QUICKLIST_HEAD : QUICKLIST_TAIL);
}

void list_remove_range(struct list *list, const struct quicklist_rules *rules, int64_t index,
                       size_t count) {
    if (count == 0) return;
    if (is_small(list))
        list->object = listpack_remove_range(list->object, index, count);
    else
        quicklist_remove_range(list->object, rules, index, count);
}
