/* Hashes as values against a plain array: both encodings and the way between them, deadlines
 * under a clock that moves. */
#include "core/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

static const struct dict_origin ORIGIN = {.hash_seed = 77, .base_unix_ms = 1700000000000};
enum { NAMES_MAX = 200, VALUE_BYTES = 80, STEPS = 4000 };

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct model_field {
    bool is_there;
    char value[VALUE_BYTES + 1];
    uint64_t expire_at_unix_ms;
};

struct model {
    uint64_t state, now_unix_ms;
    size_t names_count;
    struct hash hash;
    struct hash_limits limits;
    struct model_field fields[NAMES_MAX];
};

static struct slice name_of(char *buffer, size_t number) { /* every third is an integer */
    return slice_of(buffer, (size_t)sprintf(buffer, number % 3 == 0 ? "%zu" : "f%zu", number));
}

static size_t number_of(struct slice name) {
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)name.len, name.data);
    return strtoul(text + (text[0] == 'f'), NULL, 10);
}

static bool is_live(const struct model *model, size_t number) {
    const struct model_field *field = &model->fields[number];
    return field->is_there && (field->expire_at_unix_ms == EXPIRE_NONE ||
                               field->expire_at_unix_ms > model->now_unix_ms);
}

static void make_value(struct model *model, char *value) {
    uint64_t random = random_next(&model->state);
    size_t len = random % 10 == 0 ? model->limits.value_bytes_max + random / 10 % 3 : 5;

    if (random % 3 == 0) {
        sprintf(value, "%d", (int)(random % 100000) - 50000);
        return;
    }
    memset(value, (char)('a' + random / 30 % 26), len);
    value[len] = '\0';
}

static void check_field(const struct model *model, size_t number) {
    char name[32];
    struct hash_field field;
    bool found = hash_find(model->hash, model->now_unix_ms, name_of(name, number), &field);

    cr_assert(found == is_live(model, number), "field %zu", number);
    if (!found) return;
    cr_assert(slice_equal(field.value, slice_from_cstr(model->fields[number].value)));
    cr_assert(field.expire_at_unix_ms == model->fields[number].expire_at_unix_ms);
}

static void check_all(const struct model *model) {
    size_t count = 0, live_count = 0, expires_count = 0, seen = 0;
    struct hash_iter iter;
    struct hash_field field;

    for (size_t i = 0; i < model->names_count; i++) {
        check_field(model, i);
        count += model->fields[i].is_there;
        live_count += is_live(model, i);
        expires_count += model->fields[i].is_there &&
                         model->fields[i].expire_at_unix_ms != EXPIRE_NONE;
    }
    cr_assert(hash_count(model->hash) == count);
    cr_assert(hash_live_count(model->hash, model->now_unix_ms) == live_count);
    cr_assert(hash_expires_count(model->hash) == expires_count);
    hash_iter_init(&iter, model->hash, model->now_unix_ms);
    while (hash_iter_next(&iter, &field)) {
        size_t number = number_of(field.name);
        cr_assert(is_live(model, number));
        cr_assert(slice_equal(field.value, slice_from_cstr(model->fields[number].value)));
        seen++;
    }
    cr_assert(seen == live_count);
    if (model->hash.encoding == ENCODING_HASHTABLE) dict_check(model->hash.object);
}

static uint64_t some_deadline(struct model *model) {
    return model->now_unix_ms + 1 + random_next(&model->state) % 2000;
}

static void step(struct model *model) {
    uint64_t random = random_next(&model->state);
    size_t number = random / 100 % model->names_count;
    struct model_field *it = &model->fields[number];
    char name_text[32];
    struct slice name = name_of(name_text, number);

    model->now_unix_ms += random % 7;
    bool was_live = is_live(model, number);
    if (random % 100 < 45) {
        uint64_t deadline = random % 100 < 3 ? some_deadline(model) : EXPIRE_NONE;
        make_value(model, it->value);
        enum hash_set_result result = hash_set(&model->hash, ORIGIN, &model->limits,
                                               model->now_unix_ms, name, slice_from_cstr(it->value),
                                               deadline);
        cr_assert(result == (was_live ? HASH_SET_REPLACED : HASH_SET_ADDED));
        it->is_there = true;
        it->expire_at_unix_ms = deadline;
    } else if (random % 100 < 75) {
        enum hash_remove_result result = hash_remove(&model->hash, model->now_unix_ms, name);
        cr_assert(result == (was_live       ? HASH_REMOVED
                             : it->is_there ? HASH_REMOVED_DUE
                                            : HASH_REMOVE_NONE));
        it->is_there = false;
    } else if (random % 100 < 80 && was_live) {
        uint64_t deadline = random % 2 == 0 ? some_deadline(model) : EXPIRE_NONE;
        if (hash_count(model->hash) % 8 != 0 && model->hash.encoding == ENCODING_LISTPACK)
            deadline = EXPIRE_NONE; /* stay a listpack for a while */
        cr_assert(hash_set_expire(&model->hash, ORIGIN, name, deadline));
        it->expire_at_unix_ms = deadline;
    } else {
        struct hash_field field;
        bool found = hash_random(model->hash, model->now_unix_ms, random_next(&model->state),
                                 &field);
        cr_assert(found == (hash_live_count(model->hash, model->now_unix_ms) > 0));
        if (found) cr_assert(is_live(model, number_of(field.name)));
    }
    check_field(model, number);
}

static void run(uint64_t seed, size_t names_count, size_t entries_max) {
    static struct model model;

    cr_log_info("seed %llu", (unsigned long long)seed);
    model = (struct model){.state = seed,
                           .now_unix_ms = ORIGIN.base_unix_ms,
                           .names_count = names_count,
                           .hash = hash_new(),
                           .limits = {entries_max, 20}};
    size_t steps_in_listpack = 0;
    for (size_t i = 0; i < STEPS; i++) {
        step(&model);
        steps_in_listpack += model.hash.encoding == ENCODING_LISTPACK;
        if (i % 97 == 0) check_all(&model);
        if (i % 500 == 499) { /* a fresh start: a dict stays a dict */
            hash_free(model.hash);
            model.hash = hash_new();
            memset(model.fields, 0, sizeof model.fields);
        }
    }
    cr_assert(steps_in_listpack > 0);
    check_all(&model);
    hash_free(model.hash);
}

Test(hash, does_what_an_array_does_around_its_threshold) {
    for (uint64_t seed = 1; seed <= 8; seed++) run(seed, 12, 8);
}

Test(hash, does_what_an_array_does_when_it_is_large) {
    for (uint64_t seed = 11; seed <= 13; seed++) run(seed, NAMES_MAX, 64);
}

static void set(struct hash *hash, const char *name, const char *value, size_t entries_max,
                enum value_encoding expected) {
    struct hash_limits limits = {entries_max, 8};
    cr_assert(hash_set(hash, ORIGIN, &limits, 0, slice_from_cstr(name), slice_from_cstr(value),
                       EXPIRE_NONE) != HASH_SET_NO_MEMORY);
    cr_assert(hash->encoding == expected, "%s", name);
}

Test(hash, is_a_listpack_up_to_its_limits_and_not_beyond) {
    struct hash hash = hash_new();
    set(&hash, "a", "12345678", 2, ENCODING_LISTPACK);
    set(&hash, "b", "1", 2, ENCODING_LISTPACK);
    set(&hash, "b", "2", 2, ENCODING_LISTPACK);
    set(&hash, "c", "1", 2, ENCODING_HASHTABLE);
    hash_free(hash);
    hash = hash_new();
    set(&hash, "a", "123456789", 2, ENCODING_HASHTABLE);
    hash_free(hash);
    hash = hash_new();
    set(&hash, "123456789", "1", 2, ENCODING_HASHTABLE);
    hash_free(hash);
}

#ifdef SLIPRING_DEBUG /* only then can an allocation be told to fail */
Test(hash, without_memory_is_what_it_was) {
    struct hash_limits limits = {4, 3000};
    char big[2000], name[16];

    memset(big, 'x', sizeof big);
    for (uint64_t nth = 1; nth < 30; nth++) {
        struct hash hash = hash_new();
        for (size_t i = 0; i < 4; i++) {
            int len = sprintf(name, "f%zu", i);
            hash_set(&hash, ORIGIN, &limits, 0, slice_of(name, (size_t)len),
                     slice_of(big, sizeof big), EXPIRE_NONE);
        }
        mem_try_fail_at(nth);
        enum hash_set_result result = hash_set(&hash, ORIGIN, &limits, 0, SLICE_LITERAL("f4"),
                                               slice_of(big, sizeof big), EXPIRE_NONE);
        bool expired = result == HASH_SET_ADDED &&
                       hash_set_expire(&hash, ORIGIN, SLICE_LITERAL("f4"), 5);
        mem_try_fail_at(0);
        struct hash_field field;
        cr_assert(hash_count(hash) == (result == HASH_SET_ADDED ? 5 : 4));
        cr_assert(hash_expires_count(hash) == (expired ? 1 : 0));
        for (size_t i = 0; i < 4; i++) {
            int len = sprintf(name, "f%zu", i);
            cr_assert(hash_find(hash, 0, slice_of(name, (size_t)len), &field));
            cr_assert(field.value.len == sizeof big);
        }
        hash_free(hash);
    }
}
#endif

Test(hash, from_outside_must_be_of_pairs_and_without_repeats) {
    static const struct {
        const char *texts[6];
        bool is_valid;
    } cases[] = {{{"a", "1", "b", "1"}, true},
                 {{"1", "a"}, true},
                 {{"a", "1", "a", "2"}, false},
                 {{"7", "1", "b", "2", "7", "3"}, false},
                 {{"a"}, false},
                 {{NULL}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char *listpack = listpack_new(0);
        for (size_t j = 0; j < 6 && cases[i].texts[j] != NULL; j++)
            listpack = listpack_append(listpack, slice_from_cstr(cases[i].texts[j]));
        cr_assert(hash_listpack_is_valid(listpack, ORIGIN) == cases[i].is_valid, "case %zu", i);
        listpack_free(listpack);
    }
}
