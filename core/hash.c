/* hash.c - a hash as a value over its two encodings.
 *
 * H1  A listpack holds pairs, no name twice, and no deadlines: the first deadline makes a dict
 *     of it. A dict never becomes a listpack again.
 * H2  A due field stays where it is until something takes it out, but no call that is told the time
 *     shows it. */
#include "core/hash.h"

#include "core/mem.h"

enum {
    RANDOM_TRIES_MAX = 64, /* before a dict that seems full of due fields is walked through */
    DEADLINE_SLACK_MS = 16, /* dict_deadline_unix_ms() may be so much late */
};

struct hash hash_new(void) {
    return (struct hash){ENCODING_LISTPACK, listpack_new(0)};
}

void hash_free(struct hash hash) {
    object_kind_of(hash.encoding)->free(hash.object);
}

static inline bool is_listpack(struct hash hash) {
    SL_DEBUG_ASSERT(hash.encoding == ENCODING_LISTPACK || hash.encoding == ENCODING_HASHTABLE);
    return hash.encoding == ENCODING_LISTPACK;
}

size_t hash_count(struct hash hash) {
    return is_listpack(hash) ? listpack_count(hash.object) / 2 : dict_count(hash.object);
}

static inline bool is_due(uint64_t expire_at_unix_ms, uint64_t now_unix_ms) {
    return SL_UNLIKELY(expire_at_unix_ms != EXPIRE_NONE) && expire_at_unix_ms <= now_unix_ms;
}

/* ---- Reading ---- */

static void read_pair(const unsigned char *listpack, const unsigned char *name,
                      struct hash_field *field) {
    const unsigned char *value = listpack_next(listpack, name);

    SL_ASSERT(value != NULL); /* H1 */
    field->value = listpack_get(value, field->value_scratch);
    field->blob = NULL;
    field->expire_at_unix_ms = EXPIRE_NONE;
}

static void read_item(const struct entry *item, struct hash_field *field) {
    field->value = dict_item_value(item);
    field->blob = dict_item_blob(item);
    field->expire_at_unix_ms = dict_item_expire_at_unix_ms(item);
}

static unsigned char *find_name(const unsigned char *listpack, struct slice name) {
    return listpack_find(listpack, listpack_first(listpack), name, 1);
}

bool hash_find(struct hash hash, uint64_t now_unix_ms, struct slice name,
               struct hash_field *field) {
    field->name = name;
    if (is_listpack(hash)) {
        const unsigned char *element = find_name(hash.object, name);
        if (element == NULL) return false;
        read_pair(hash.object, element, field);
        return true;
    }
    struct key key = dict_key(hash.object, name);
    const struct entry *item = dict_find(hash.object, &key);
    if (item == NULL || is_due(dict_item_expire_at_unix_ms(item), now_unix_ms)) return false;
    read_item(item, field);
    return true;
}

void hash_iter_init(struct hash_iter *iter, struct hash hash, uint64_t now_unix_ms) {
    iter->hash = hash;
    iter->now_unix_ms = now_unix_ms;
    if (is_listpack(hash))
        iter->element = listpack_first(hash.object);
    else
        dict_iter_init(&iter->dict_iter, hash.object);
}

bool hash_iter_next(struct hash_iter *iter, struct hash_field *field) {
    const struct entry *item;

    if (is_listpack(iter->hash)) {
        unsigned char *listpack = iter->hash.object;
        unsigned char *name = iter->element;

        if (name == NULL) return false;
        unsigned char *value = listpack_next(listpack, name);
        SL_ASSERT(value != NULL); /* H1 */
        field->name = listpack_get(name, field->name_scratch);
        field->value = listpack_get(value, field->value_scratch);
        field->blob = NULL;
        field->expire_at_unix_ms = EXPIRE_NONE;
        iter->element = listpack_next(listpack, value);
        return true;
    }
    do {
        item = dict_iter_next(&iter->dict_iter);
        if (item == NULL) return false;
    } while (is_due(dict_item_expire_at_unix_ms(item), iter->now_unix_ms));
    field->name = dict_item_name(item);
    read_item(item, field);
    return true;
}

bool hash_random(struct hash hash, uint64_t now_unix_ms, uint64_t random,
                 struct hash_field *field) {
    size_t count = hash_count(hash);

    if (count == 0) return false;
    if (is_listpack(hash)) {
        __extension__ unsigned __int128 product = (unsigned __int128)random * count;
        unsigned char *name = listpack_at(hash.object, 2 * (int64_t)(product >> 64));
        SL_ASSERT(name != NULL);
        field->name = listpack_get(name, field->name_scratch);
        read_pair(hash.object, name, field);
        return true;
    }
    for (unsigned i = 0; i < RANDOM_TRIES_MAX; i++) {
        const struct entry *item = dict_random(hash.object, random);
        if (!is_due(dict_item_expire_at_unix_ms(item), now_unix_ms)) {
            field->name = dict_item_name(item);
            read_item(item, field);
            return true;
        }
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    }
    struct hash_iter iter;
    hash_iter_init(&iter, hash, now_unix_ms);
    return hash_iter_next(&iter, field);
}

size_t hash_live_count(struct hash hash, uint64_t now_unix_ms) {
    size_t count = hash_count(hash);
    uint64_t deadline_unix_ms = hash_deadline_unix_ms(hash);
    struct dict_iter iter;

    if (deadline_unix_ms == EXPIRE_NONE || deadline_unix_ms > now_unix_ms + DEADLINE_SLACK_MS)
        return count;
    dict_iter_init(&iter, hash.object);
    for (const struct entry *item; (item = dict_iter_next(&iter)) != NULL;)
        count -= is_due(dict_item_expire_at_unix_ms(item), now_unix_ms);
    return count;
}

/* ---- Changing ---- */

bool hash_to_dict(struct hash *hash, struct dict_origin origin) {
    struct hash_iter iter;
    struct hash_field field;

    if (!is_listpack(*hash)) return true;
    struct dict *dict = dict_new(origin);
    hash_iter_init(&iter, *hash, 0);
    while (hash_iter_next(&iter, &field)) {
        struct key key = dict_key(dict, field.name);
        if (dict_try_add(dict, &key, field.value, EXPIRE_NONE) == NULL) {
            dict_free(dict);
            return false;
        }
    }
    listpack_free(hash->object);
    *hash = (struct hash){ENCODING_HASHTABLE, dict};
    return true;
}

/* The one pass over the listpack. False: the pair does not go in, the listpack is as it was. */
static bool set_in_listpack(struct hash *hash, const struct hash_limits *limits, struct slice name,
                            struct slice value, enum hash_set_result *result) {
    unsigned char *listpack = hash->object;

    if (name.len > limits->value_bytes_max || value.len > limits->value_bytes_max) return false;
    if (name.len + value.len > LISTPACK_BYTES_MAX - listpack_bytes(listpack)) return false;
    size_t fields_count = listpack_count(listpack) / 2;
    if (fields_count > limits->entries_max) return false; /* the limit fell: any write notices */
    unsigned char *element = find_name(listpack, name);
    if (element != NULL) {
        element = listpack_next(listpack, element);
        SL_ASSERT(element != NULL); /* H1 */
        hash->object = listpack_replace(listpack, &element, value);
        *result = HASH_SET_REPLACED;
        return true;
    }
    if (fields_count >= limits->entries_max) return false;
    listpack = listpack_append(listpack, name);
    hash->object = listpack_append(listpack, value);
    *result = HASH_SET_ADDED;
    return true;
}

enum hash_set_result hash_set(struct hash *hash, struct dict_origin origin,
                              const struct hash_limits *limits, uint64_t now_unix_ms,
                              struct slice name, struct slice value, uint64_t expire_at_unix_ms) {
    if (is_listpack(*hash)) {
        enum hash_set_result result;
        if (expire_at_unix_ms == EXPIRE_NONE && set_in_listpack(hash, limits, name, value, &result))
            return result;
        if (!hash_to_dict(hash, origin)) return HASH_SET_NO_MEMORY;
    }
    struct dict *dict = hash->object;
    struct key key = dict_key(dict, name);
    struct entry *item = dict_find(dict, &key);
    if (item == NULL) {
        item = dict_try_add(dict, &key, value, expire_at_unix_ms);
        return item != NULL ? HASH_SET_ADDED : HASH_SET_NO_MEMORY;
    }
    bool was_due = is_due(dict_item_expire_at_unix_ms(item), now_unix_ms);
    item = dict_try_set(dict, &key, item, value, expire_at_unix_ms);
    if (item == NULL) return HASH_SET_NO_MEMORY;
    return was_due ? HASH_SET_ADDED : HASH_SET_REPLACED;
}

enum hash_remove_result hash_remove(struct hash *hash, uint64_t now_unix_ms, struct slice name) {
    if (is_listpack(*hash)) {
        unsigned char *element = find_name(hash->object, name);
        if (element == NULL) return HASH_REMOVE_NONE;
        hash->object = listpack_remove(hash->object, &element, 2);
        return HASH_REMOVED;
    }
    struct key key = dict_key(hash->object, name);
    struct entry *item = dict_find(hash->object, &key);
    if (item == NULL) return HASH_REMOVE_NONE;
    bool was_due = is_due(dict_item_expire_at_unix_ms(item), now_unix_ms);
    dict_remove(hash->object, &key, item);
    return was_due ? HASH_REMOVED_DUE : HASH_REMOVED;
}

bool hash_set_expire(struct hash *hash, struct dict_origin origin, struct slice name,
                     uint64_t expire_at_unix_ms) {
    if (is_listpack(*hash)) {
        if (expire_at_unix_ms == EXPIRE_NONE) return true; /* it has none */
        if (!hash_to_dict(hash, origin)) return false;
    }
    struct key key = dict_key(hash->object, name);
    struct entry *item = dict_find(hash->object, &key);
    SL_ASSERT(item != NULL);
    return dict_try_set_expire(hash->object, &key, item, expire_at_unix_ms) != NULL;
}

/* ---- Deadlines ---- */

size_t hash_expires_count(struct hash hash) {
    return is_listpack(hash) ? 0 : dict_expires_count(hash.object);
}

uint64_t hash_deadline_unix_ms(struct hash hash) {
    return is_listpack(hash) ? EXPIRE_NONE : dict_deadline_unix_ms(hash.object);
}

/* ---- From outside ---- */

bool hash_listpack_is_valid(const unsigned char *listpack, struct dict_origin origin) {
    size_t count = listpack_count(listpack);
    char scratch[LISTPACK_SCRATCH_BYTES];
    bool is_valid = count > 0 && count % 2 == 0;

    if (!is_valid) return false;
    struct dict *seen = dict_new(origin); /* comparing all with all takes too long */
    for (unsigned char *name = listpack_first(listpack); name != NULL && is_valid;) {
        struct key key = dict_key(seen, listpack_get(name, scratch));
        is_valid = dict_find(seen, &key) == NULL &&
                   dict_try_add(seen, &key, SLICE_LITERAL(""), EXPIRE_NONE) != NULL;
        name = listpack_next(listpack, listpack_next(listpack, name));
    }
    dict_free(seen);
    return is_valid;
}
