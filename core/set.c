/* set.c - one set in its three forms.
 *
 *     intset ──► listpack ──► dict        a member that is no integer, while both are small
 *        └──────────────────► dict        too many integers, or a member too long
 *
 * Redis 7.2's rules: an intset grows to set-max-intset-entries, beyond which it becomes a dict.
 * When a text comes it becomes a listpack if that stays within set-max-listpack-entries and
 * -value, else a dict. */
#include "core/set.h"

#include "core/cmd.h"
#include "core/mem.h"
#include "core/number.h"

#define INTSET_ENTRIES_LIMIT ((size_t)1 << 30) /* Redis' own bound on the directive */

struct set_rules set_rules_of(const struct cmd_settings *settings,
                              const struct keyspace *keyspace) {
    size_t intset_max = settings->set_max_intset_entries;

    return (struct set_rules){
        .intset_entries_max = intset_max < INTSET_ENTRIES_LIMIT ? intset_max : INTSET_ENTRIES_LIMIT,
        .listpack_entries_max = settings->set_max_listpack_entries,
        .listpack_value_max = settings->set_max_listpack_value,
        .dict_origin = keyspace_dict_origin(keyspace)};
}

static bool as_integer(struct slice member, int64_t *value) {
    return member.len <= NUMBER_INT64_BYTES_MAX && number_parse_int64(member, value);
}

struct set set_new(const struct set_rules *rules, struct slice member, size_t count_expected) {
    int64_t value;

    if (as_integer(member, &value) && count_expected <= rules->intset_entries_max)
        return (struct set){ENCODING_INTSET, intset_new()};
    if (count_expected <= rules->listpack_entries_max)
        return (struct set){ENCODING_LISTPACK, listpack_new(0)};
    return (struct set){ENCODING_HASHTABLE, dict_new(rules->dict_origin)};
}

void set_free(struct set *set) {
    if (set->object != NULL) object_kind_of(set->encoding)->free(set->object);
    set->object = NULL;
}

struct set set_of(const struct entry *entry) {
    SL_ASSERT(entry_type(entry) == VALUE_SET);
    return (struct set){entry_encoding(entry), entry_object(entry)};
}

void set_keep(struct entry *entry, const struct set *set) {
    entry_set_object(entry, set->encoding, set->object);
}

struct set set_try_copy(const struct set *set) {
    return (struct set){set->encoding, object_kind_of(set->encoding)->try_copy(set->object)};
}

size_t set_count(const struct set *set) {
    if (set->encoding == ENCODING_INTSET) return intset_count(set->object);
    return set->encoding == ENCODING_LISTPACK ? listpack_count(set->object)
                                              : dict_count(set->object);
}

bool set_contains(const struct set *set, struct slice member) {
    int64_t value;

    if (set->encoding == ENCODING_INTSET)
        return as_integer(member, &value) && intset_contains(set->object, value);
    if (set->encoding == ENCODING_LISTPACK)
        return listpack_find(set->object, listpack_first(set->object), member, 0) != NULL;
    struct key key = dict_key(set->object, member);
    return dict_find(set->object, &key) != NULL;
}

/* ---- From one form to another ---- */

/* False: no memory, nothing changed. */
static bool to_dict(struct set *set, const struct set_rules *rules) {
    struct dict *dict = dict_new(rules->dict_origin);
    struct set_iter iter;
    struct slice member;

    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) {
        struct key key = dict_key(dict, member);
        if (dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE) == NULL) {
            dict_free(dict);
            return false;
        }
    }
    set_free(set);
    *set = (struct set){ENCODING_HASHTABLE, dict};
    return true;
}

static void intset_to_listpack(struct set *set) {
    struct intset *intset = set->object;
    unsigned char *listpack = listpack_new(0);

    for (size_t i = 0; i < intset_count(intset); i++)
        listpack = listpack_append_integer(listpack, intset_at(intset, i));
    intset_free(intset);
    *set = (struct set){ENCODING_LISTPACK, listpack};
}

bool set_try_fit(struct set *set, const struct set_rules *rules) {
    size_t count = set_count(set), len_max = 0;
    struct set_iter iter;
    struct slice member;

    if (set->encoding == ENCODING_HASHTABLE) return true;
    if (set->encoding == ENCODING_INTSET)
        return count <= rules->intset_entries_max || to_dict(set, rules);
    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) len_max = member.len > len_max ? member.len : len_max;
    if (count <= rules->listpack_entries_max && len_max <= rules->listpack_value_max) return true;
    return to_dict(set, rules);
}

bool set_try_expect(struct set *set, const struct set_rules *rules, size_t count_expected) {
    size_t entries_max = set->encoding == ENCODING_INTSET ? rules->intset_entries_max
                                                          : rules->listpack_entries_max;

    if (set->encoding == ENCODING_HASHTABLE || count_expected <= entries_max) return true;
    return to_dict(set, rules);
}

void set_to_intset(struct set *set, const struct set_rules *rules) {
    struct intset *intset;
    struct set_iter iter;
    struct slice member;
    int64_t value;
    bool added;

    if (set->encoding == ENCODING_INTSET || set_count(set) > rules->intset_entries_max) return;
    intset = intset_new();
    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) {
        if (!as_integer(member, &value)) {
            intset_free(intset);
            return;
        }
        intset = intset_add(intset, value, &added);
    }
    set_free(set);
    *set = (struct set){ENCODING_INTSET, intset};
}

/* ---- Changes ---- */

static enum set_add_result add_to_dict(struct dict *dict, struct slice member) {
    struct key key = dict_key(dict, member);

    if (dict_find(dict, &key) != NULL) return SET_SAME;
    if (dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE) == NULL) return SET_NO_MEMORY;
    return SET_ADDED;
}

static enum set_add_result convert_and_add(struct set *set, const struct set_rules *rules,
                                           struct slice member) {
    if (!to_dict(set, rules)) return SET_NO_MEMORY;
    return add_to_dict(set->object, member);
}

static enum set_add_result add_to_intset(struct set *set, const struct set_rules *rules,
                                         struct slice member) {
    size_t count = intset_count(set->object);
    int64_t value;
    bool added;

    if (as_integer(member, &value)) {
        if (intset_contains(set->object, value)) return SET_SAME;
        if (count >= rules->intset_entries_max) return convert_and_add(set, rules, member);
        set->object = intset_add(set->object, value, &added);
        return SET_ADDED;
    }
    /* The listpack's rule counts the longest member: the integers' are at its ends. */
    size_t len_max = member.len;
    if (count > 0) {
        size_t low = number_int64_bytes(intset_at(set->object, 0));
        size_t high = number_int64_bytes(intset_at(set->object, count - 1));
        if (low > len_max) len_max = low;
        if (high > len_max) len_max = high;
    }
    if (count >= rules->listpack_entries_max || len_max > rules->listpack_value_max ||
        count * LISTPACK_SCRATCH_BYTES + member.len > LISTPACK_BYTES_MAX)
        return convert_and_add(set, rules, member);
    intset_to_listpack(set);
    set->object = listpack_append(set->object, member);
    return SET_ADDED;
}

enum set_add_result set_add(struct set *set, const struct set_rules *rules, struct slice member) {
    if (set->encoding == ENCODING_HASHTABLE) return add_to_dict(set->object, member);
    if (set->encoding == ENCODING_INTSET) return add_to_intset(set, rules, member);
    if (listpack_find(set->object, listpack_first(set->object), member, 0) != NULL) return SET_SAME;
    if (listpack_count(set->object) >= rules->listpack_entries_max ||
        member.len > rules->listpack_value_max ||
        listpack_bytes(set->object) + member.len > LISTPACK_BYTES_MAX)
        return convert_and_add(set, rules, member);
    set->object = listpack_append(set->object, member);
    return SET_ADDED;
}

void set_add_new(struct set *set, struct slice member) {
    int64_t value;
    bool added;

    if (set->encoding == ENCODING_LISTPACK) {
        set->object = listpack_append(set->object, member);
        return;
    }
    SL_ASSERT(set->encoding == ENCODING_INTSET);
    bool is_integer = as_integer(member, &value);
    SL_ASSERT(is_integer);
    set->object = intset_add(set->object, value, &added);
}

bool set_remove(struct set *set, struct slice member) {
    if (set->encoding == ENCODING_HASHTABLE) {
        struct key key = dict_key(set->object, member);
        struct entry *item = dict_find(set->object, &key);
        if (item == NULL) return false;
        dict_remove(set->object, &key, item);
        return true;
    }
    if (set->encoding == ENCODING_INTSET) {
        int64_t value;
        bool removed = false;
        if (as_integer(member, &value)) set->object = intset_remove(set->object, value, &removed);
        return removed;
    }
    unsigned char *element = listpack_find(set->object, listpack_first(set->object), member, 0);
    if (element == NULL) return false;
    set->object = listpack_remove(set->object, &element, 1);
    return true;
}

/* ---- Walking ---- */

void set_iter_init(struct set_iter *iter, const struct set *set) {
    iter->set = set;
    iter->index = 0;
    if (set->encoding == ENCODING_LISTPACK) iter->element = listpack_first(set->object);
    if (set->encoding == ENCODING_HASHTABLE) dict_iter_init(&iter->dict_iter, set->object);
}

bool set_iter_next(struct set_iter *iter, struct slice *member) {
    const struct set *set = iter->set;

    if (set->encoding == ENCODING_HASHTABLE) {
        const struct entry *item = dict_iter_next(&iter->dict_iter);
        if (item == NULL) return false;
        *member = dict_item_name(item);
        return true;
    }
    if (set->encoding == ENCODING_LISTPACK) {
        if (iter->element == NULL) return false;
        *member = listpack_get(iter->element, iter->scratch);
        iter->element = listpack_next(set->object, iter->element);
        return true;
    }
    if (iter->index == intset_count(set->object)) return false;
    int64_t value = intset_at(set->object, iter->index++);
    *member = slice_of(iter->scratch, number_print_int64(iter->scratch, value));
    return true;
}

struct slice set_random(const struct set *set, uint64_t random, char *scratch) {
    size_t count = set_count(set);

    SL_ASSERT(count > 0);
    if (set->encoding == ENCODING_HASHTABLE)
        return dict_item_name(dict_random(set->object, random));
    __extension__ size_t index = (size_t)(((unsigned __int128)random * count) >> 64);
    if (set->encoding == ENCODING_LISTPACK)
        return listpack_get(listpack_at(set->object, (int64_t)index), scratch);
    return slice_of(scratch, number_print_int64(scratch, intset_at(set->object, index)));
}

struct scan_owner {
    void (*each)(void *owner, struct slice member);
    void *owner;
};

static void scan_item(void *owner, struct entry *item) {
    struct scan_owner *scan = owner;
    scan->each(scan->owner, dict_item_name(item));
}

bool set_scan(const struct set *set, uint32_t *position, size_t budget_count,
              void (*each)(void *owner, struct slice member), void *owner) {
    struct scan_owner scan = {each, owner};
    struct set_iter iter;
    struct slice member;

    if (set->encoding == ENCODING_HASHTABLE)
        return dict_scan(set->object, position, budget_count, scan_item, &scan);
    set_iter_init(&iter, set);
    while (set_iter_next(&iter, &member)) each(owner, member);
    *position = 0;
    return false;
}
