/* dict.c - the keyspace's table once more, for the members of one collection.
 *
 * D1  deadline_min is at most every item's deadline, but for those that dict_due() has handed out:
 *     they are as good as removed. The table's own minimum cannot be raised like that, it is at most
 *     those of its parts. */
#include "core/dict.h"

#include "core/entry.h"
#include "core/garbage.h"
#include "core/mem.h"

struct dict {
    struct table table;
    struct table_hash hash;
    uint64_t base_unix_ms;
    uint32_t deadline_min; /* in cells: D1 */
};

struct dict *dict_new(struct dict_origin origin) {
    struct dict *dict = mem_must(sizeof *dict);

    *dict = (struct dict){.hash = {.seed = origin.hash_seed, .mask = UINT64_MAX},
                          .base_unix_ms = origin.base_unix_ms,
                          .deadline_min = DEADLINE_MIN_NONE};
    table_init(&dict->table, 0);
    return dict;
}

void dict_free(struct dict *dict) {
    struct garbage garbage;

    if (dict == NULL) return;
    garbage_init(&garbage);
    garbage_add_table(&garbage, &dict->table);
    while (garbage_step(&garbage, SIZE_MAX)) {}
    mem_free(dict);
}

size_t dict_count(const struct dict *dict) {
    return dict->table.info.keys_count;
}

struct key dict_key(const struct dict *dict, struct slice name) {
    return (struct key){.name = name, .hash = table_hash_key(dict->hash, name)};
}

struct entry *dict_find(const struct dict *dict, const struct key *key) {
    return table_find(&dict->table, key);
}

void dict_prefetch(const struct dict *dict, const struct key *key) {
    uint64_t hash_level = key->hash;
    struct segment segment = table_segment(&dict->table, &hash_level);

    if (segment.words == NULL) return;
    uint32_t bucket = tag_home(hash_tag(hash_level), segment.depth, segment.buckets_count);
    __builtin_prefetch(segment.words + (size_t)bucket * BUCKET_WORDS);
}

/* ---- Changes ---- */

static uint32_t cell_of(const struct dict *dict, const struct entry *item) {
    return deadline_cell(dict->base_unix_ms, entry_expire_at(item));
}

static void note_deadline(struct dict *dict, const struct entry *item) {
    uint32_t cell = cell_of(dict, item);
    if (cell != DEADLINE_NONE && cell < dict->deadline_min) dict->deadline_min = cell;
}

/* False: no memory; a blob is made for a long value. */
static bool value_make(struct entry_value *value, struct slice bytes) {
    *value = (struct entry_value){.storage = STORAGE_EMBSTR, .data = bytes.data, .len = bytes.len};
    if (bytes.len <= ENTRY_INLINE_MAX) return true;
    value->storage = STORAGE_BLOB;
    value->blob = blob_try_new(bytes.len, bytes.len);
    if (value->blob == NULL) return false;
    memcpy(value->blob->data, bytes.data, bytes.len);
    return true;
}

/* Takes the value's blob unless NULL comes back. */
static struct entry *add(struct dict *dict, const struct key *key, const struct entry_value *value,
                         uint64_t expire_at_unix_ms) {
    struct entry *item = entry_try_new(key->name, expire_at_unix_ms, VALUE_STRING, value, 0, 0);

    if (item == NULL) return NULL;
    if (!table_insert(&dict->table, dict->hash, key->hash, item, cell_of(dict, item))) {
        mem_free(item);
        return NULL;
    }
    note_deadline(dict, item);
    return item;
}

struct entry *dict_try_add(struct dict *dict, const struct key *key, struct slice bytes,
                           uint64_t expire_at_unix_ms) {
    struct entry_value value;

    if (!value_make(&value, bytes)) return NULL;
    struct entry *item = add(dict, key, &value, expire_at_unix_ms);
    if (item == NULL && value.blob != NULL) blob_release(value.blob);
    return item;
}

struct entry *dict_try_add_word(struct dict *dict, const struct key *key, uint64_t word) {
    struct entry_value value = {.storage = STORAGE_INT, .integer = (int64_t)word};
    return add(dict, key, &value, EXPIRE_NONE);
}

/* Takes the value's blob, if it is not the item's own, unless NULL comes back. */
static struct entry *set(struct dict *dict, const struct key *key, struct entry *item,
                         const struct entry_value *value, uint64_t expire_at_unix_ms) {
    bool expires = expire_at_unix_ms != EXPIRE_NONE;
    struct blob *blob_old = entry_blob(item);
    struct entry *item_new = item;

    if (entry_room_suits(item, entry_bytes_for(key->name.len, expires, value))) {
        entry_overwrite(item, expire_at_unix_ms, VALUE_STRING, value, 0);
    } else {
        item_new = entry_try_new(key->name, expire_at_unix_ms, VALUE_STRING, value, 0, 0);
        if (item_new == NULL) return NULL;
    }
    table_replace(&dict->table, key->hash, item, item_new, cell_of(dict, item_new));
    note_deadline(dict, item_new);
    if (blob_old != NULL && blob_old != value->blob) blob_release(blob_old);
    if (item_new != item) mem_free(item);
    return item_new;
}

struct entry *dict_try_set(struct dict *dict, const struct key *key, struct entry *item,
                           struct slice bytes, uint64_t expire_at_unix_ms) {
    struct entry_value value;

    if (!value_make(&value, bytes)) return NULL;
    struct entry *item_new = set(dict, key, item, &value, expire_at_unix_ms);
    if (item_new == NULL && value.blob != NULL) blob_release(value.blob);
    return item_new;
}

struct entry *dict_try_set_expire(struct dict *dict, const struct key *key, struct entry *item,
                                  uint64_t expire_at_unix_ms) {
    bool expires = expire_at_unix_ms != EXPIRE_NONE;
    bool did_expire = entry_expire_at(item) != EXPIRE_NONE;
    struct entry_value value = entry_value_of(item);
    struct entry *item_new = item;

    if (expires == did_expire ||
        entry_room_suits(item, entry_bytes_for(key->name.len, expires, &value))) {
        if (!expires && !did_expire) return item;
        entry_overwrite_expire(item, expire_at_unix_ms);
    } else {
        item_new = entry_try_new(key->name, expire_at_unix_ms, VALUE_STRING, &value, 0, 0);
        if (item_new == NULL) return NULL;
    }
    table_replace(&dict->table, key->hash, item, item_new, cell_of(dict, item_new));
    note_deadline(dict, item_new);
    if (item_new != item) mem_free(item); /* its blob has moved along */
    return item_new;
}

void dict_take(struct dict *dict, const struct key *key, struct entry *item) {
    table_remove(&dict->table, dict->hash, key->hash, item);
}

void dict_item_free(struct entry *item) {
    entry_free(item);
}

void dict_remove(struct dict *dict, const struct key *key, struct entry *item) {
    dict_take(dict, key, item);
    dict_item_free(item);
}

/* ---- An item ---- */

struct slice dict_item_name(const struct entry *item) {
    return entry_name(item);
}

struct slice dict_item_value(const struct entry *item) {
    struct entry_value value = entry_value_of(item);

    SL_DEBUG_ASSERT(value.storage == STORAGE_EMBSTR || value.storage == STORAGE_BLOB);
    if (value.storage == STORAGE_BLOB) return slice_of(value.blob->data, value.blob->len);
    return slice_of(value.data, value.len);
}

struct blob *dict_item_blob(const struct entry *item) {
    return entry_blob(item);
}

uint64_t dict_item_word(const struct entry *item) {
    SL_DEBUG_ASSERT(item->storage == STORAGE_INT);
    return (uint64_t)entry_value_of(item).integer;
}

void dict_item_set_word(struct entry *item, uint64_t word) {
    entry_set_integer(item, (int64_t)word);
}

uint64_t dict_item_expire_at_unix_ms(const struct entry *item) {
    return entry_expire_at(item);
}

/* ---- All of them ---- */

void dict_iter_init(struct dict_iter *iter, const struct dict *dict) {
    table_iter_init(&iter->table_iter, &dict->table);
}

struct entry *dict_iter_next(struct dict_iter *iter) {
    return table_iter_next(&iter->table_iter);
}

bool dict_scan(const struct dict *dict, uint32_t *position, size_t budget_count,
               void (*each)(void *owner, struct entry *item), void *owner) {
    return table_scan(&dict->table, position, budget_count, each, owner);
}

struct entry *dict_random(const struct dict *dict, uint64_t random) {
    return table_random(&dict->table, random);
}

size_t dict_due(struct dict *dict, uint64_t now_unix_ms, struct entry **items, size_t items_max) {
    uint64_t now_cell = now_unix_ms < dict->base_unix_ms
                            ? 0
                            : (now_unix_ms - dict->base_unix_ms) / DEADLINE_CELL_MS;
    struct table_due due = {.now_unix_ms = now_unix_ms,
                            .now_cell = now_cell < DEADLINE_FAR ? (uint32_t)now_cell : DEADLINE_FAR,
                            .entries = items,
                            .count_max = items_max};

    if (dict->table.info.expires_count == 0 || dict->deadline_min > due.now_cell) return 0;
    uint32_t min_left = table_due(&dict->table, &due);
    if (due.count < items_max) dict->deadline_min = min_left; /* D1 */
    return due.count;
}

size_t dict_expires_count(const struct dict *dict) {
    return dict->table.info.expires_count;
}

uint64_t dict_deadline_unix_ms(const struct dict *dict) {
    if (dict->table.info.expires_count == 0 || dict->deadline_min == DEADLINE_MIN_NONE)
        return EXPIRE_NONE;
    return deadline_cell_unix_ms(dict->base_unix_ms, dict->deadline_min);
}

struct dict *dict_try_copy(const struct dict *dict) {
    struct dict_origin origin = {.hash_seed = dict->hash.seed, .base_unix_ms = dict->base_unix_ms};
    struct dict *copy = dict_new(origin);
    struct dict_iter iter;

    dict_iter_init(&iter, dict);
    for (const struct entry *item; (item = dict_iter_next(&iter)) != NULL;) {
        struct key key = dict_key(copy, entry_name(item));
        struct entry_value value = entry_value_of(item);
        if (add(copy, &key, &value, entry_expire_at(item)) == NULL) {
            dict_free(copy);
            return NULL;
        }
        if (value.blob != NULL) blob_retain(value.blob); /* never changed in place */
    }
    return copy;
}

size_t dict_memory_bytes(const struct dict *dict, size_t samples_count) {
    size_t count = dict_count(dict);
    size_t sampled_count = 0;
    size_t bytes = 0;
    struct dict_iter iter;

    if (samples_count == 0) samples_count = count;
    dict_iter_init(&iter, dict);
    for (const struct entry *item; sampled_count < samples_count; sampled_count++) {
        if ((item = dict_iter_next(&iter)) == NULL) break;
        bytes += entry_memory_bytes(item, 0);
    }
    if (sampled_count > 0) bytes = (size_t)((double)bytes / (double)sampled_count * (double)count);
    return mem_usable_bytes(dict) + bytes;
}

static uint32_t check_cell(const void *owner, const struct entry *item) {
    return cell_of(owner, item);
}

void dict_check(const struct dict *dict) {
    struct dict_iter iter;

    dict_iter_init(&iter, dict);
    for (const struct entry *item; (item = dict_iter_next(&iter)) != NULL;) {
        uint32_t cell = cell_of(dict, item);
        SL_ASSERT(cell == DEADLINE_NONE || dict->deadline_min <= cell); /* D1 */
    }
    table_check(&dict->table, dict->hash, TABLE_NO_SLOT, check_cell, dict);
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    return dict_count(object);
}

static void kind_free(void *object) {
    dict_free(object);
}

static bool kind_free_step(void *object, size_t *budget_count) {
    SL_ASSERT(dict_count(object) == 0);
    mem_free(object);
    if (*budget_count > 0) (*budget_count)--;
    return false;
}

static bool kind_take_table(void *object, struct table *table) {
    struct dict *dict = object;

    if (dict->table.ref == 0) return false;
    *table = dict->table;
    table_init(&dict->table, 0);
    return true;
}

static void *kind_try_copy(const void *object) {
    return dict_try_copy(object);
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    return dict_memory_bytes(object, samples_count);
}

static uint64_t kind_deadline_unix_ms(const void *object) {
    return dict_deadline_unix_ms(object);
}

const struct object_kind dict_object_kind = {
    .weight = kind_weight,
    .free = kind_free,
    .free_step = kind_free_step,
    .take_table = kind_take_table,
    .try_copy = kind_try_copy,
    .memory_bytes = kind_memory_bytes,
    .deadline_unix_ms = kind_deadline_unix_ms,
};
