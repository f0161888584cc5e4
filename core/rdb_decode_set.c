#include "core/listpack.h"
#include "core/rdb_decode_priv.h"
#include "core/set.h"

static struct set_rules rules_of(const struct rdb_decode_env *env) {
    const struct cmd_settings *settings = env->settings;

    return (struct set_rules){.intset_entries_max = settings->set_max_intset_entries,
                              .listpack_entries_max = settings->set_max_listpack_entries,
                              .listpack_value_max = settings->set_max_listpack_value,
                              .dict_origin = env->origin};
}

static enum rdb_result add(struct set *set, const struct set_rules *rules, struct slice member) {
    switch (set_add(set, rules, member)) {
    case SET_ADDED: return RDB_OK;
    case SET_SAME: return RDB_BAD;
    case SET_NO_MEMORY: return RDB_NO_MEMORY;
    }
    return RDB_BAD;
}

/* Member by member. */
static enum rdb_result decode_plain(struct rdb_reader *reader, const struct set_rules *rules,
                                    struct set *set) {
    enum rdb_result result = RDB_OK;
    struct rdb_string member;
    uint64_t count;

    if (!rdb_read_count(reader, 1, &count)) return RDB_BAD;
    if (count == 0) return RDB_EMPTY;
    for (uint64_t i = 0; i < count && result == RDB_OK; i++) {
        if (!rdb_read_string(reader, &member)) return rdb_bad(reader);
        if (set->object == NULL) *set = set_new(rules, member.text, (size_t)count);
        result = add(set, rules, member.text);
        rdb_string_deinit(&member);
    }
    return result;
}

static enum rdb_result decode_intset(struct slice bytes, const struct set_rules *rules,
                                     struct set *set) {
    if (!intset_bytes_are_sound(bytes)) return RDB_BAD;
    struct intset *intset = intset_try_from_bytes(bytes);
    if (intset == NULL) return RDB_NO_MEMORY;
    *set = (struct set){ENCODING_INTSET, intset};
    if (intset_count(intset) == 0) return RDB_EMPTY;
    return set_try_fit(set, rules) ? RDB_OK : RDB_NO_MEMORY;
}

static bool has_duplicates(const unsigned char *listpack) {
    char scratch[LISTPACK_SCRATCH_BYTES];
    unsigned char *element = listpack_first(listpack), *next;

    for (; element != NULL; element = next) {
        next = listpack_next(listpack, element);
        if (listpack_find(listpack, next, listpack_get(element, scratch), 0) != NULL) return true;
    }
    return false;
}

/* A small one is taken as it is, so that a listpack of integers stays one. */
static enum rdb_result decode_listpack(struct slice bytes, const struct set_rules *rules,
                                       struct set *set) {
    const unsigned char *listpack = (const unsigned char *)bytes.data;
    enum rdb_result result = RDB_OK;
    struct rdb_packed packed;
    struct slice member;

    if (!rdb_packed_init(&packed, RDB_PACKED_LISTPACK, bytes)) return RDB_BAD;
    size_t count = listpack_count(listpack);
    if (count == 0) return RDB_EMPTY;
    if (count <= rules->listpack_entries_max) {
        if (has_duplicates(listpack)) return RDB_BAD;
        *set = (struct set){ENCODING_LISTPACK, listpack_try_copy(listpack)};
        return set->object != NULL ? RDB_OK : RDB_NO_MEMORY;
    }
    while (result == RDB_OK && rdb_packed_next(&packed, &member) == RDB_PACKED_ELEMENT) {
        if (set->object == NULL) *set = set_new(rules, member, count);
        result = add(set, rules, member);
    }
    return result;
}

enum rdb_result rdb_decode_set(struct rdb_reader *reader, uint8_t type,
                               const struct rdb_decode_env *env, struct rdb_value *value) {
    struct set_rules rules = rules_of(env);
    struct set set = {0};
    struct rdb_string bytes;
    enum rdb_result result;

    if (type == RDB_TYPE_SET) {
        result = decode_plain(reader, &rules, &set);
    } else {
        if (!rdb_read_string(reader, &bytes)) return rdb_bad(reader);
        result = type == RDB_TYPE_SET_INTSET ? decode_intset(bytes.text, &rules, &set)
                                             : decode_listpack(bytes.text, &rules, &set);
        rdb_string_deinit(&bytes);
    }
    if (result != RDB_OK) {
        if (set.object != NULL) set_free(&set);
        return result;
    }
    value->type = VALUE_SET;
    value->encoding = set.encoding;
    value->object = set.object;
    return RDB_OK;
}
