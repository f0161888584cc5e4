/* Random operations on a keyspace and on a plain array, compared. A seed that fails is printed;
 * MODEL_SEED=n runs that one, MODEL_SEEDS=n so many. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/keyspace.h"
#include "core/mem.h"

enum { DATABASES = 3, NAMES_MAX = 3000, TEXT_MAX = 4096, DUE_MAX = 8 };
static const uint64_t START = 1700000000000;

struct expected { /* len bytes of `fill`, then `zeros` zero bytes; or an integer */
    bool there, is_integer;
    char fill;
    size_t len, zeros;
    int64_t integer;
    uint64_t expire_at;
    uint32_t access;
    enum value_encoding encoding;
};

struct model {
    uint64_t seed, random, now;
    size_t names_count;
    const char *name_format;
    size_t len_max;
    struct store *store;
    struct keyspace *keyspace;
    uint64_t alarm[SLOTS_COUNT]; /* as the hook and our own look at the slot left it */
    struct expected keys[DATABASES][NAMES_MAX];
};

static const char *const formats[] = {"{a}%zu", "{a}a rather longer name, to be moved about %zu",
                                      "{%2$zu}%1$zu"};
static const uint64_t masks[] = {UINT64_MAX,         UINT64_MAX,         0xfff0000000000000,
                                 0xf0000000000000ff, 0x00000000ffffffff, 0};

static uint64_t next(struct model *model, uint64_t limit) {
    model->random += 0x9e3779b97f4a7c15u;
    uint64_t z = (model->random ^ (model->random >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
}

static void alarm_sooner(void *owner, unsigned slot, uint64_t deadline_unix_ms) {
    struct model *model = owner;
    cr_assert(deadline_unix_ms < model->alarm[slot], "seed %zu", (size_t)model->seed);
    model->alarm[slot] = deadline_unix_ms;
}

static struct key key_of(struct model *model, size_t number, char *buffer) {
    int len = sprintf(buffer, model->name_format, number, number % 5);
    return key_make(model->store, slice_of(buffer, (size_t)len));
}

static struct slice text_of(const struct expected *expected, char *buffer) {
    if (expected->is_integer)
        return slice_of(buffer, (size_t)sprintf(buffer, "%lld", (long long)expected->integer));
    memset(buffer, expected->fill, expected->len);
    memset(buffer + expected->len, 0, expected->zeros);
    return slice_of(buffer, expected->len + expected->zeros);
}

static void compare(struct model *model, unsigned db, size_t number) {
    char name[128], scratch[ENTRY_SCRATCH_BYTES];
    static char text[TEXT_MAX * 4];
    struct key key = key_of(model, number, name);
    const struct expected *expected = &model->keys[db][number];
    struct entry *entry = keyspace_find(model->keyspace, db, &key);
    size_t seed = (size_t)model->seed;

    cr_assert(expected->there == (entry != NULL), "seed %zu db %u key %zu", seed, db, number);
    if (entry == NULL) return;
    cr_assert(slice_equal(entry_key(entry), key.name), "seed %zu", seed);
    cr_assert(slice_equal(entry_string(entry, scratch), text_of(expected, text)), "seed %zu", seed);
    cr_assert(entry_expire_at_unix_ms(entry) == expected->expire_at, "seed %zu", seed);
    cr_assert(entry_access(entry) == expected->access, "seed %zu", seed);
    cr_assert(entry_encoding(entry) == expected->encoding, "seed %zu", seed);
}

static void compare_all(struct model *model) {
    char name[128];
    for (unsigned db = 0; db < DATABASES; db++) {
        int64_t keys_count = 0, expires_count = 0;
        for (size_t i = 0; i < model->names_count; i++) {
            compare(model, db, i);
            keys_count += model->keys[db][i].there;
            expires_count += model->keys[db][i].there &&
                             model->keys[db][i].expire_at != EXPIRE_NONE;
        }
        cr_assert(keyspace_keys_count(model->keyspace, db) == keys_count, "seed %zu",
                  (size_t)model->seed);
        cr_assert(keyspace_expires_count(model->keyspace, db) == expires_count, "seed %zu",
                  (size_t)model->seed);
    }
    for (size_t i = 0; i < 5; i++) {
        keyspace_slot_check(model->keyspace, key_of(model, i, name).slot);
    }
}

static uint64_t random_deadline(struct model *model) {
    return next(model, 2) ? EXPIRE_NONE : model->now + 1 + next(model, 1u << next(model, 20));
}

static void put(struct model *model, unsigned db, size_t number, struct key *key,
                struct entry *entry) {
    struct expected expected = {.there = true,
                                .fill = (char)('a' + next(model, 26)),
                                .access = (uint32_t)next(model, 1 << 24)};
    static char text[TEXT_MAX];
    enum string_form form = (enum string_form)next(model, 3);

    expected.expire_at = random_deadline(model);
    if (next(model, 4) == 0) {
        expected.is_integer = true;
        expected.integer = (int64_t)next(model, UINT64_MAX) >> next(model, 64);
        expected.encoding = ENCODING_INT;
        if (next(model, 2)) {
            entry = keyspace_put_integer(model->keyspace, db, key, entry, expected.integer,
                                         expected.expire_at, expected.access);
        } else {
            entry = keyspace_put_string(model->keyspace, db, key, entry, text_of(&expected, text),
                                        STRING_ENCODED, expected.expire_at, expected.access);
        }
    } else {
        expected.len = next(model, 1 + next(model, model->len_max));
        expected.encoding = form != STRING_RAW && expected.len <= 44 ? ENCODING_EMBSTR
                                                                     : ENCODING_RAW;
        entry = keyspace_put_string(model->keyspace, db, key, entry, text_of(&expected, text), form,
                                    expected.expire_at, expected.access);
    }
    cr_assert(entry != NULL);
    model->keys[db][number] = expected;
}

static void reserve(struct model *model, unsigned db, size_t number, struct key *key,
                    struct entry *entry) {
    struct expected *expected = &model->keys[db][number];
    size_t len_old = entry_string_len(entry);
    size_t len = next(model, model->len_max);
    char *data = keyspace_string_reserve(model->keyspace, db, key, &entry, len);

    cr_assert(data != NULL);
    if (len < len_old) len = len_old;
    cr_assert(eq(sz, entry_string_len(entry), len));
    for (size_t i = len_old; i < len; i++) cr_assert(data[i] == 0);
    expected->is_integer = false;
    expected->encoding = ENCODING_RAW;
    expected->len = len - len / 3;
    expected->zeros = len / 3;
    text_of(expected, data);
}

static void move(struct model *model, unsigned db, size_t number, struct key *key,
                 struct entry *entry) {
    char name[128];
    unsigned db_to = (unsigned)next(model, DATABASES);
    size_t number_to = next(model, model->names_count);
    struct key key_to = key_of(model, number_to, name);

    if (model->keys[db_to][number_to].there) return;
    if (next(model, 2)) {
        cr_assert(keyspace_copy(model->keyspace, entry, db_to, &key_to) != NULL);
        model->keys[db_to][number_to] = model->keys[db][number];
    } else {
        cr_assert(keyspace_rename(model->keyspace, db, key, entry, db_to, &key_to) != NULL);
        model->keys[db_to][number_to] = model->keys[db][number];
        model->keys[db][number].there = false;
    }
}

/* Names end in their number: which key an entry is. */
static size_t number_of(struct entry *entry) {
    struct slice name = entry_key(entry);
    size_t at = name.len;
    while (at > 0 && name.data[at - 1] >= '0' && name.data[at - 1] <= '9') at--;
    return strtoul(strndupa(name.data + at, name.len - at), NULL, 10);
}

static void expire(struct model *model) {
    char name[128];
    model->now += next(model, 1u << next(model, 16));
    for (size_t i = 0; i < 5; i++) {
        unsigned slot = key_of(model, i, name).slot;
        struct entry *entries[DUE_MAX];
        unsigned dbs[DUE_MAX];
        size_t count;
        do {
            count = keyspace_slot_expired(model->keyspace, slot, model->now, entries, dbs, DUE_MAX);
            for (size_t j = 0; j < count; j++) {
                struct expected *expected = &model->keys[dbs[j]][number_of(entries[j])];
                cr_assert(expected->there && expected->expire_at != EXPIRE_NONE ? 1 : 0, "seed %zu",
                          (size_t)model->seed);
                cr_assert(expected->expire_at <= model->now, "seed %zu", (size_t)model->seed);
                expected->there = false;
                struct key key = key_make(
                    model->store,
                    slice_of(memcpy(name, entry_key(entries[j]).data, entry_key(entries[j]).len),
                             entry_key(entries[j]).len));
                keyspace_delete(model->keyspace, dbs[j], &key, entries[j]);
            }
        } while (count == DUE_MAX);
        model->alarm[slot] = store_slot_deadline_unix_ms(model->store, slot);
        cr_assert(model->alarm[slot] > model->now, "seed %zu", (size_t)model->seed);
    }
    for (unsigned db = 0; db < DATABASES; db++) {
        for (size_t i = 0; i < model->names_count; i++) {
            const struct expected *expected = &model->keys[db][i];
            if (!expected->there || expected->expire_at == EXPIRE_NONE) continue;
            cr_assert(expected->expire_at + 16 > model->now, "seed %zu", (size_t)model->seed);
        }
    }
}

static void whole_database(struct model *model) {
    char name[128];
    unsigned db = (unsigned)next(model, DATABASES);
    unsigned other = (unsigned)next(model, DATABASES);
    bool flush = next(model, 3) == 0;

    for (size_t i = 0; i < 5; i++) {
        unsigned slot = key_of(model, i, name).slot;
        bool first = true; /* several of the five may be the same slot */
        for (size_t j = 0; j < i; j++) first &= key_of(model, j, name).slot != slot;
        if (!first) continue;
        if (flush)
            keyspace_slot_flush(model->keyspace, slot, db);
        else
            keyspace_slot_swap_databases(model->keyspace, slot, db, other);
        model->alarm[slot] = store_slot_deadline_unix_ms(model->store, slot);
    }
    for (size_t i = 0; i < model->names_count; i++) {
        struct expected swapped = model->keys[db][i];
        if (flush) {
            model->keys[db][i].there = false;
        } else {
            model->keys[db][i] = model->keys[other][i];
            model->keys[other][i] = swapped;
        }
    }
}

static void step(struct model *model, unsigned writes_percent) {
    char name[128];
    unsigned db = (unsigned)next(model, DATABASES);
    size_t number = next(model, model->names_count);
    struct key key = key_of(model, number, name);
    struct expected *expected = &model->keys[db][number];
    struct entry *entry = keyspace_find(model->keyspace, db, &key);

    cr_assert(expected->there == (entry != NULL), "seed %zu", (size_t)model->seed);
    if (next(model, 2000) == 0)
        whole_database(model);
    else if (next(model, 400) == 0)
        expire(model);
    else if (next(model, 10) == 0)
        keyspace_garbage_step(model->keyspace, 1 + next(model, 20));
    else if (entry == NULL || next(model, 4) == 0) {
        if (next(model, 100) < writes_percent) put(model, db, number, &key, entry);
    } else if (next(model, 100) >= writes_percent) {
        keyspace_delete(model->keyspace, db, &key, entry);
        expected->there = false;
    } else if (next(model, 3) == 0) {
        expected->expire_at = random_deadline(model);
        cr_assert(keyspace_set_expire(model->keyspace, db, &key, entry, expected->expire_at) !=
                  NULL);
    } else if (next(model, 2) == 0) {
        reserve(model, db, number, &key, entry);
    } else {
        move(model, db, number, &key, entry);
    }
}

static void run(uint64_t seed) {
    struct model *model = calloc(1, sizeof *model);
    size_t used_bytes = mem_used_bytes();

    model->seed = model->random = seed;
    model->now = START;
    model->names_count = seed % 3 == 0 ? NAMES_MAX : 20 + next(model, 500);
    model->name_format = formats[next(model, ARRAY_COUNT(formats))];
    model->len_max = seed % 4 == 0 ? TEXT_MAX : 60;
    model->store = store_new(DATABASES, seed, START);
    store_weaken_hash(model->store, masks[next(model, ARRAY_COUNT(masks))]);
    for (size_t i = 0; i < SLOTS_COUNT; i++) model->alarm[i] = UINT64_MAX;
    struct keyspace_hooks hooks = {.deadline_sooner = alarm_sooner, .owner = model};
    model->keyspace = keyspace_new(model->store, &hooks);

    for (size_t phase = 0; phase < 6; phase++) {
        unsigned writes_percent = phase % 2 ? 20 : 90; /* it fills, it empties */
        for (size_t i = 0; i < model->names_count * 4; i++) step(model, writes_percent);
        compare_all(model);
    }
    keyspace_free(model->keyspace);
    store_free(model->store);
    cr_assert(eq(sz, mem_used_bytes(), used_bytes));
    free(model);
}

Test(keyspace_model, random_operations_leave_what_a_plain_map_would_hold) {
    const char *one = getenv("MODEL_SEED");
    const char *count = getenv("MODEL_SEEDS");
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t seeds_count = one != NULL ? 1 : count != NULL ? strtoull(count, NULL, 10) : 60;

    for (uint64_t seed = first; seed < first + seeds_count; seed++) run(seed);
}
