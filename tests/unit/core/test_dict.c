/* Dicts against a plain array: names, values, words, deadlines, scans; and what a dict is to the
 * keyspace: freed in slices, copied, due. */
#include "core/dict.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

static const struct dict_origin ORIGIN = {.hash_seed = 77, .base_unix_ms = 1700000000000};
enum { NAMES_COUNT = 3000, VALUE_BYTES_MAX = 3000 };

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct model_item {
    bool is_there;
    size_t value_len;
    char value_fill;
    uint64_t expire_at_unix_ms;
};

static struct slice name_of(char *buffer, size_t number) {
    return slice_of(buffer, (size_t)sprintf(buffer, "field:%zu", number));
}

static size_t number_of(const struct entry *item) {
    struct slice name = dict_item_name(item);
    size_t number = 0;
    for (size_t i = strlen("field:"); i < name.len; i++)
        number = number * 10 + (size_t)(name.data[i] - '0');
    return number;
}

static struct slice value_of(char *buffer, const struct model_item *item) {
    memset(buffer, item->value_fill, item->value_len);
    return slice_of(buffer, item->value_len);
}

static void check_item(const struct dict *dict, size_t number, const struct model_item *model) {
    char name[64];
    static char value[VALUE_BYTES_MAX];
    struct key key = dict_key(dict, name_of(name, number));
    const struct entry *item = dict_find(dict, &key);

    cr_assert((item != NULL) == model->is_there, "field %zu", number);
    if (item == NULL) return;
    cr_assert(slice_equal(dict_item_value(item), value_of(value, model)));
    cr_assert(dict_item_expire_at_unix_ms(item) == model->expire_at_unix_ms);
    cr_assert((dict_item_blob(item) != NULL) == (model->value_len > 1024));
}

static void check_all(const struct dict *dict, const struct model_item *model) {
    size_t count = 0, expires_count = 0;
    uint64_t deadline_min = EXPIRE_NONE;

    dict_check(dict);
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        check_item(dict, i, &model[i]);
        if (!model[i].is_there) continue;
        count++;
        uint64_t at = model[i].expire_at_unix_ms;
        if (at == EXPIRE_NONE) continue;
        expires_count++;
        if (deadline_min == EXPIRE_NONE || at < deadline_min) deadline_min = at;
    }
    cr_assert(dict_count(dict) == count);
    cr_assert(dict_expires_count(dict) == expires_count);
    cr_assert((dict_deadline_unix_ms(dict) == EXPIRE_NONE) == (deadline_min == EXPIRE_NONE));
    cr_assert(dict_deadline_unix_ms(dict) <= deadline_min + 16);

    struct dict_iter iter;
    size_t seen = 0;
    dict_iter_init(&iter, dict);
    for (const struct entry *item; (item = dict_iter_next(&iter)) != NULL; seen++)
        cr_assert(model[number_of(item)].is_there);
    cr_assert(seen == count);
}

static void one_change(struct dict *dict, struct model_item *model, uint64_t *random,
                       size_t names_count) {
    static char value[VALUE_BYTES_MAX];
    char name[64];
    size_t number = random_next(random) % names_count;
    struct key key = dict_key(dict, name_of(name, number));
    struct entry *item = dict_find(dict, &key);
    struct model_item next = {.is_there = true, .value_fill = (char)('a' + number % 26)};
    uint64_t dice = random_next(random) % 100;

    next.value_len = random_next(random) % (dice < 3 ? VALUE_BYTES_MAX : 40);
    if (random_next(random) % 4 == 0)
        next.expire_at_unix_ms = ORIGIN.base_unix_ms + 1 + random_next(random) % 100000;
    if (item == NULL) {
        cr_assert(dict_try_add(dict, &key, value_of(value, &next), next.expire_at_unix_ms));
    } else if (dice < 40) {
        dict_remove(dict, &key, item);
        next = (struct model_item){0};
    } else if (dice < 60) {
        next.value_len = model[number].value_len;
        next.value_fill = model[number].value_fill;
        cr_assert(dict_try_set_expire(dict, &key, item, next.expire_at_unix_ms));
    } else {
        cr_assert(dict_try_set(dict, &key, item, value_of(value, &next), next.expire_at_unix_ms));
    }
    model[number] = next;
}

Test(dict, holds_what_a_plain_array_holds) {
    uint64_t random = 20261121;
    struct dict *dict = dict_new(ORIGIN);
    struct model_item *model = calloc(NAMES_COUNT, sizeof *model);

    printf("seed %lu\n", (unsigned long)random);
    for (size_t round = 0; round < 60; round++) { /* the universe grows and shrinks: so does it */
        size_t names_count = 1 + random_next(&random) % NAMES_COUNT;
        for (size_t i = 0; i < 1500; i++) one_change(dict, model, &random, names_count);
        check_all(dict, model);
    }
    dict_free(dict);
    free(model);
}

Test(dict, gives_out_what_is_due_and_nothing_else) {
    struct dict *dict = dict_new(ORIGIN);
    char name[64];

    for (size_t i = 0; i < 2000; i++) {
        struct key key = dict_key(dict, name_of(name, i));
        dict_try_add(dict, &key, SLICE_LITERAL("v"), ORIGIN.base_unix_ms + 1000 + i);
    }
    uint64_t now = ORIGIN.base_unix_ms + 1000 + 999;
    size_t taken = 0;
    struct entry *items[64];
    for (size_t count; (count = dict_due(dict, now + 16, items, 64)) > 0;) {
        for (size_t i = 0; i < count; i++, taken++) {
            cr_assert(dict_item_expire_at_unix_ms(items[i]) <= now + 16);
            struct key key = dict_key(dict, dict_item_name(items[i]));
            dict_remove(dict, &key, items[i]);
        }
        dict_check(dict);
    }
    cr_assert(taken >= 1000 && taken <= 1017, "%zu", taken);
    cr_assert(dict_count(dict) == 2000 - taken);
    cr_assert(dict_deadline_unix_ms(dict) > now);
    dict_free(dict);
}

Test(dict, a_copy_is_equal_and_apart) {
    struct dict *dict = dict_new(ORIGIN);
    char name[64];
    static char large[2000];

    for (size_t i = 0; i < 500; i++) {
        struct key key = dict_key(dict, name_of(name, i));
        dict_try_add(dict, &key, slice_of(large, i % 7 == 0 ? sizeof large : 5),
                     i % 3 == 0 ? ORIGIN.base_unix_ms + 5000 : EXPIRE_NONE);
    }
    struct dict *copy = dict_try_copy(dict);
    for (size_t i = 0; i < 500; i += 2) {
        struct key key = dict_key(dict, name_of(name, i));
        dict_remove(dict, &key, dict_find(dict, &key));
    }
    dict_check(copy);
    cr_assert(dict_count(copy) == 500 && dict_count(dict) == 250);
    struct key key = dict_key(copy, name_of(name, 0));
    cr_assert(dict_item_value(dict_find(copy, &key)).len == sizeof large);
    dict_free(dict);
    dict_free(copy);
}

static void count_item(void *owner, struct entry *item) {
    unsigned *seen = owner;
    seen[number_of(item)]++;
}

Test(dict, a_scan_misses_nothing_that_stays_while_it_grows_and_shrinks) {
    struct dict *dict = dict_new(ORIGIN);
    unsigned *seen = calloc(20000, sizeof *seen);
    char name[64];
    uint32_t position = 0;
    size_t more = 5000;

    for (size_t i = 0; i < 5000; i++) {
        struct key key = dict_key(dict, name_of(name, i));
        dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE);
    }
    do {
        for (size_t i = 0; i < 20 && more < 20000; i++, more++) {
            struct key key = dict_key(dict, name_of(name, more));
            dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE);
        }
    } while (dict_scan(dict, &position, 10, count_item, seen));
    for (size_t i = 0; i < 5000; i++) cr_assert(seen[i] >= 1, "field %zu was not seen", i);
    dict_free(dict);
    free(seen);
}

Test(dict, words_change_in_place) {
    struct dict *dict = dict_new(ORIGIN);
    struct key key = dict_key(dict, SLICE_LITERAL("member"));
    struct entry *item = dict_try_add_word(dict, &key, 42);

    dict_item_set_word(item, UINT64_MAX);
    cr_assert(dict_find(dict, &key) == item && dict_item_word(item) == UINT64_MAX);
    dict_free(dict);
}

Test(dict, any_member_is_chosen_about_as_often_as_any_other) {
    enum { COUNT = 300, DRAWS = 300000 };
    struct dict *dict = dict_new(ORIGIN);
    unsigned seen[COUNT] = {0};
    uint64_t random = 5;
    char name[64];

    for (size_t i = 0; i < COUNT; i++) {
        struct key key = dict_key(dict, name_of(name, i));
        dict_try_add(dict, &key, slice_of(NULL, 0), EXPIRE_NONE);
    }
    for (size_t i = 0; i < DRAWS; i++) seen[number_of(dict_random(dict, random_next(&random)))]++;
    for (size_t i = 0; i < COUNT; i++)
        cr_assert(seen[i] > 800 && seen[i] < 1200, "field %zu: %u times", i, seen[i]);
    dict_free(dict);
}

Test(dict, a_large_one_is_freed_in_slices_by_the_keyspace) {
    struct store *store = store_new(1, 9, ORIGIN.base_unix_ms);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    struct dict *dict = dict_new(keyspace_dict_origin(keyspace));
    struct key key = key_make(store, SLICE_LITERAL("set"));
    char name[64];

    for (size_t i = 0; i < 10000; i++) {
        struct key field = dict_key(dict, name_of(name, i));
        dict_try_add(dict, &field, slice_of(NULL, 0), EXPIRE_NONE);
    }
    size_t before_bytes = mem_used_bytes();
    struct entry *entry = keyspace_put_object(keyspace, 0, &key, NULL, VALUE_SET,
                                              ENCODING_HASHTABLE, dict, EXPIRE_NONE, 0);
    cr_assert(entry_object(entry) == dict && entry_type(entry) == VALUE_SET);
    keyspace_slot_check(keyspace, key.slot);
    keyspace_put_string(keyspace, 0, &key, entry, SLICE_LITERAL("over it"), STRING_ENCODED,
                        EXPIRE_NONE, 0);
    cr_assert(keyspace_garbage_count(keyspace) >= 10000);
    size_t steps = 0;
    while (keyspace_garbage_step(keyspace, 100)) steps++;
    cr_assert(steps > 50 && steps < 400, "%zu steps", steps);
    cr_assert(keyspace_garbage_count(keyspace) == 0);
    cr_assert(mem_used_bytes() < before_bytes - 10000 * 16);
    keyspace_free(keyspace);
    store_free(store);
}

Test(dict, a_flushed_table_gives_its_large_values_to_the_garbage) {
    struct store *store = store_new(1, 9, ORIGIN.base_unix_ms);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    char name[64];
    unsigned slot = key_slot(SLICE_LITERAL("{t}"));

    for (size_t i = 0; i < 50; i++) {
        struct dict *dict = dict_new(keyspace_dict_origin(keyspace));
        for (size_t j = 0; j < (i % 2 == 0 ? 1000u : 3u); j++) {
            struct key field = dict_key(dict, name_of(name, j));
            dict_try_add(dict, &field, slice_of(NULL, 0), EXPIRE_NONE);
        }
        struct key key = key_make(store, slice_of(name, (size_t)sprintf(name, "{t}%zu", i)));
        keyspace_put_object(keyspace, 0, &key, NULL, VALUE_SET, ENCODING_HASHTABLE, dict,
                            EXPIRE_NONE, 0);
    }
    cr_assert(keyspace_slot_flush(keyspace, slot, 0) == 50);
    size_t steps = 0;
    while (keyspace_garbage_step(keyspace, 64)) steps++;
    cr_assert(steps >= 300, "%zu steps", steps);
    cr_assert(keyspace_garbage_count(keyspace) == 0);
    keyspace_free(keyspace);
    store_free(store);
}

Test(dict, the_alarm_of_a_slot_follows_the_earliest_field) {
    struct store *store = store_new(1, 9, ORIGIN.base_unix_ms);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    struct dict *dict = dict_new(keyspace_dict_origin(keyspace));
    struct key key = key_make(store, SLICE_LITERAL("hash"));
    struct key field = dict_key(dict, SLICE_LITERAL("f"));
    uint64_t due = ORIGIN.base_unix_ms + 7777;

    dict_try_add(dict, &field, SLICE_LITERAL("v"), EXPIRE_NONE);
    struct entry *entry = keyspace_put_object(keyspace, 0, &key, NULL, VALUE_HASH,
                                              ENCODING_HASHTABLE, dict, EXPIRE_NONE, 0);
    cr_assert(store_slot_deadline_unix_ms(store, key.slot) == UINT64_MAX);
    dict_try_set_expire(dict, &field, dict_find(dict, &field), due);
    keyspace_object_deadline_changed(keyspace, 0, &key, entry);
    keyspace_slot_check(keyspace, key.slot);
    uint64_t alarm = store_slot_deadline_unix_ms(store, key.slot);
    cr_assert(alarm >= due && alarm < due + 64, "%ld", (long)(alarm - due));

    struct entry *entries[4];
    unsigned dbs[4];
    cr_assert(keyspace_slot_expired(keyspace, key.slot, due - 100, entries, dbs, 4) == 0);
    cr_assert(keyspace_slot_expired(keyspace, key.slot, alarm, entries, dbs, 4) == 1);
    cr_assert(entries[0] == entry);
    dict_remove(dict, &field, dict_find(dict, &field));
    keyspace_object_deadline_changed(keyspace, 0, &key, entry);
    cr_assert(store_slot_deadline_unix_ms(store, key.slot) == UINT64_MAX);
    keyspace_slot_check(keyspace, key.slot);
    keyspace_free(keyspace);
    store_free(store);
}
