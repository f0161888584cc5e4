#include "core/list.h"
#include "core/rdb_decode_priv.h"

static enum rdb_result add(struct list *list, const struct quicklist_rules *rules,
                           struct slice text) {
    return list_add(list, rules, LIST_TAIL, text) ? RDB_OK : RDB_NO_MEMORY;
}

static enum rdb_result decode_plain(struct rdb_reader *reader, const struct quicklist_rules *rules,
                                    struct list *list) {
    enum rdb_result result = RDB_OK;
    struct rdb_string text;
    uint64_t count;

    if (!rdb_read_count(reader, 1, &count)) return RDB_BAD;
    for (uint64_t i = 0; i < count && result == RDB_OK; i++) {
        if (!rdb_read_string(reader, &text)) return rdb_bad(reader);
        result = add(list, rules, text.text);
        rdb_string_deinit(&text);
    }
    return result;
}

static enum rdb_result add_packed(struct slice bytes, enum rdb_packed_kind kind,
                                  const struct quicklist_rules *rules, struct list *list) {
    enum rdb_result result = RDB_OK;
    enum rdb_packed_step step;
    struct rdb_packed packed;
    struct slice text;

    if (!rdb_packed_init(&packed, kind, bytes)) return RDB_BAD;
    while (result == RDB_OK && (step = rdb_packed_next(&packed, &text)) != RDB_PACKED_END)
        result = step == RDB_PACKED_ELEMENT ? add(list, rules, text) : RDB_BAD;
    return result;
}

/* A listpack becomes a node as it is; an empty one is passed over, as in Redis. */
static enum rdb_result add_listpack(struct slice bytes, const struct quicklist_rules *rules,
                                    struct list *list) {
    const unsigned char *listpack = (const unsigned char *)bytes.data;

    if (!listpack_is_valid(listpack, bytes.len)) return RDB_BAD;
    unsigned char *copy = listpack_try_copy(listpack);
    if (copy == NULL) return RDB_NO_MEMORY;
    quicklist_append_listpack(list->object, rules, copy);
    return RDB_OK;
}

static enum rdb_result decode_node(struct rdb_reader *reader, uint8_t type,
                                   const struct quicklist_rules *rules, struct list *list) {
    uint64_t container = RDB_NODE_PACKED;
    struct rdb_string bytes;
    enum rdb_result result;

    if (type == RDB_TYPE_LIST_QUICKLIST_2 && !rdb_read_len(reader, &container)) return RDB_BAD;
    if (container != RDB_NODE_PACKED && container != RDB_NODE_PLAIN) return RDB_BAD;
    if (!rdb_read_string(reader, &bytes)) return rdb_bad(reader);
    if (bytes.text.len == 0)
        result = RDB_BAD;
    else if (container == RDB_NODE_PLAIN)
        result = add(list, rules, bytes.text);
    else if (type == RDB_TYPE_LIST_QUICKLIST)
        result = add_packed(bytes.text, RDB_PACKED_ZIPLIST, rules, list);
    else
        result = add_listpack(bytes.text, rules, list);
    rdb_string_deinit(&bytes);
    return result;
}

static enum rdb_result decode_nodes(struct rdb_reader *reader, uint8_t type,
                                    const struct quicklist_rules *rules, struct list *list) {
    enum rdb_result result = RDB_OK;
    uint64_t count;

    if (!rdb_read_count(reader, type == RDB_TYPE_LIST_QUICKLIST ? 1 : 2, &count)) return RDB_BAD;
    for (uint64_t i = 0; i < count && result == RDB_OK; i++)
        result = decode_node(reader, type, rules, list);
    return result;
}

enum rdb_result rdb_decode_list(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value) {
    struct quicklist_rules rules = list_rules_of(env->settings);
    /* A chain takes nodes whole; a list that turns out small is a listpack in the end. */
    struct list list = {ENCODING_QUICKLIST, quicklist_new()};
    struct rdb_string bytes;
    enum rdb_result result;

    if (type == RDB_TYPE_LIST) {
        result = decode_plain(reader, &rules, &list);
    } else if (type == RDB_TYPE_LIST_ZIPLIST) {
        if (rdb_read_string(reader, &bytes)) {
            result = add_packed(bytes.text, RDB_PACKED_ZIPLIST, &rules, &list);
            rdb_string_deinit(&bytes);
        } else {
            result = rdb_bad(reader);
        }
    } else {
        result = decode_nodes(reader, type, &rules, &list);
    }
    if (result == RDB_OK && list_count(&list) == 0) result = RDB_EMPTY;
    if (result != RDB_OK) {
        list_free(&list);
        return result;
    }
    list_fit(&list, &rules);
    value->type = VALUE_LIST;
    value->encoding = list.encoding;
    value->object = list.object;
    return RDB_OK;
}
