/* Whole slots: growth, scan, deadlines, flush, swap, garbage. The random comparison with a plain
 * map is in test_keyspace_model.c. */
#include "core/keyspace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mem.h"

static const uint64_t START = 1700000000000;

static struct slice name_of(char *buffer, const char *tag, size_t number) {
    return slice_of(buffer, (size_t)sprintf(buffer, "{%s}%zu", tag, number));
}

static uint64_t random_next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = (*state ^ (*state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct fixture {
    struct store *store;
    struct keyspace *keyspace;
    unsigned slot; /* of tag t */
    uint64_t sooner_unix_ms; /* what the hook said last */
    unsigned sooner_count;
};

static void deadline_sooner(void *owner, unsigned slot, uint64_t deadline_unix_ms) {
    struct fixture *fixture = owner;
    cr_assert(slot == fixture->slot);
    fixture->sooner_unix_ms = deadline_unix_ms;
    fixture->sooner_count++;
}

static void fixture_init(struct fixture *fixture, uint64_t hash_mask) {
    *fixture = (struct fixture){.store = store_new(16, 99, START),
                                .slot = key_slot(SLICE_LITERAL("t"))};
    struct keyspace_hooks hooks = {.deadline_sooner = deadline_sooner, .owner = fixture};
    store_weaken_hash(fixture->store, hash_mask);
    fixture->keyspace = keyspace_new(fixture->store, &hooks);
}

static void fixture_deinit(struct fixture *fixture) {
    keyspace_free(fixture->keyspace);
    store_free(fixture->store);
}

static struct entry *put(struct fixture *fixture, unsigned db, size_t number, uint64_t expire_at) {
    char buffer[64];
    struct key key = key_make(fixture->store, name_of(buffer, "t", number));
    struct entry *old = keyspace_find(fixture->keyspace, db, &key);
    struct entry *entry = keyspace_put_integer(fixture->keyspace, db, &key, old, (int64_t)number,
                                               expire_at, 0);
    cr_assert(entry != NULL);
    return entry;
}

static struct entry *find(struct fixture *fixture, unsigned db, size_t number) {
    char buffer[64];
    struct key key = key_make(fixture->store, name_of(buffer, "t", number));
    keyspace_prefetch_bucket(fixture->keyspace, db, &key);
    keyspace_prefetch_entry(fixture->keyspace, db, &key);
    return keyspace_find(fixture->keyspace, db, &key);
}

static void delete (struct fixture *fixture, unsigned db, size_t number) {
    char buffer[64];
    struct key key = key_make(fixture->store, name_of(buffer, "t", number));
    keyspace_delete(fixture->keyspace, db, &key, keyspace_find(fixture->keyspace, db, &key));
}

static size_t number_of(struct entry *entry) {
    int64_t number = -1;
    cr_assert(entry_integer(entry, &number));
    return (size_t)number;
}

static void mark(void *owner, struct entry *entry) {
    ((uint8_t *)owner)[number_of(entry)] = 1;
}

/* All bits, few bits at the top (splits never end), at the bottom (all in one bucket), none. */
static const uint64_t masks[] = {UINT64_MAX,
                                 0xffff000000000000,
                                 0xfff0000000000000,
                                 0xf000000000000000,
                                 0x00000000ffffffff,
                                 0x0000ffffff000000,
                                 0};

Test(keyspace, a_slot_grows_and_shrinks_and_leaves_no_memory_behind_whatever_the_hashes) {
    for (size_t i = 0; i < ARRAY_COUNT(masks); i++) {
        size_t keys_count = masks[i] == UINT64_MAX ? 30000 : 3000;
        struct fixture fixture;
        fixture_init(&fixture, masks[i]);
        size_t used_bytes = mem_used_bytes();
        for (size_t j = 0; j < keys_count; j++) {
            put(&fixture, 0, j, j % 7 == 0 ? START + 1000 + j : EXPIRE_NONE);
            if (j % 997 == 0) keyspace_slot_check(fixture.keyspace, fixture.slot);
        }
        keyspace_slot_check(fixture.keyspace, fixture.slot);
        for (size_t j = 0; j < keys_count; j++) cr_assert(number_of(find(&fixture, 0, j)) == j);
        for (size_t j = keys_count; j < keys_count * 2; j++)
            cr_assert(find(&fixture, 0, j) == NULL);
        for (size_t j = 0; j < keys_count; j++) {
            size_t number = (j * 7919) % keys_count; /* not in the order they came */
            delete (&fixture, 0, number);
            cr_assert(find(&fixture, 0, number) == NULL);
            if (j % 997 == 0) keyspace_slot_check(fixture.keyspace, fixture.slot);
        }
        cr_assert(eq(sz, mem_used_bytes(), used_bytes));
        cr_assert(eq(sz, store_slot_keys_count(fixture.store, fixture.slot, 0), 0));
        fixture_deinit(&fixture);
    }
}

Test(keyspace, a_million_keys_of_one_hash_tag_are_kept_scanned_and_given_back) {
    enum { KEYS_COUNT = 1000000 };
    uint8_t *seen = calloc(KEYS_COUNT, 1);
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    size_t used_bytes = mem_used_bytes();

    for (size_t i = 0; i < KEYS_COUNT; i++)
        put(&fixture, 0, i, i % 2 ? START + 1000 + i % 5000 : EXPIRE_NONE);
    keyspace_slot_check(fixture.keyspace, fixture.slot);
    uint32_t position = 0;
    while (keyspace_slot_scan(fixture.keyspace, fixture.slot, 0, &position, 1000, mark, seen)) {}
    for (size_t i = 0; i < KEYS_COUNT; i++) cr_assert(seen[i]);
    for (size_t i = 0; i < KEYS_COUNT; i++) delete (&fixture, 0, i);
    cr_assert(eq(sz, mem_used_bytes(), used_bytes));
    fixture_deinit(&fixture);
    free(seen);
}

Test(keyspace, churn_at_one_size_does_not_wear_the_table_out) {
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    for (size_t i = 0; i < 500; i++) put(&fixture, 0, i, EXPIRE_NONE);
    for (size_t i = 0; i < 100000; i++) {
        delete (&fixture, 0, i);
        put(&fixture, 0, i + 500, i % 3 ? EXPIRE_NONE : START + 10000 + i);
        if (i % 5000 == 0) keyspace_slot_check(fixture.keyspace, fixture.slot);
    }
    keyspace_slot_check(fixture.keyspace, fixture.slot);
    fixture_deinit(&fixture);
}

Test(keyspace, a_scan_sees_every_key_that_stays_while_others_come_and_go) {
    enum { STAYING_COUNT = 700, ALL_COUNT = 6000 };
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint8_t seen[ALL_COUNT] = {0};
        uint8_t there[ALL_COUNT] = {0};
        uint64_t random = seed;
        uint32_t position = 0;
        struct fixture fixture;
        fixture_init(&fixture, masks[seed % ARRAY_COUNT(masks)]);
        for (size_t i = 0; i < STAYING_COUNT; i++) put(&fixture, 0, i, EXPIRE_NONE);
        bool more = true;
        for (size_t round = 0; more; round++) {
            cr_assert(lt(sz, round, 100000));
            more = keyspace_slot_scan(fixture.keyspace, fixture.slot, 0, &position, 1 + random % 20,
                                      mark, seen);
            bool growing = (round / (3 + seed % 9)) % 2 == 0;
            for (size_t i = 0; i < 400; i++) {
                size_t number = STAYING_COUNT + random_next(&random) % (ALL_COUNT - STAYING_COUNT);
                if (there[number] == growing) continue;
                if (growing)
                    put(&fixture, 0, number, EXPIRE_NONE);
                else
                    delete (&fixture, 0, number);
                there[number] = growing;
            }
        }
        for (size_t i = 0; i < STAYING_COUNT; i++)
            cr_assert(seen[i], "seed %zu key %zu", (size_t)seed, i);
        fixture_deinit(&fixture);
    }
}

Test(keyspace, a_scan_of_a_quiet_slot_sees_each_key_once_and_keeps_its_budget) {
    enum { KEYS_COUNT = 5000 };
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    for (size_t i = 0; i < KEYS_COUNT; i++) put(&fixture, 0, i, EXPIRE_NONE);
    size_t steps_count = 0;
    uint32_t position = 0;
    uint8_t seen[KEYS_COUNT] = {0};
    bool more = true;
    for (; more; steps_count++) {
        uint8_t now[KEYS_COUNT] = {0};
        more = keyspace_slot_scan(fixture.keyspace, fixture.slot, 0, &position, 10, mark, now);
        size_t now_count = 0;
        for (size_t i = 0; i < KEYS_COUNT; i++) {
            cr_assert(not(seen[i] && now[i]));
            seen[i] |= now[i];
            now_count += now[i];
        }
        cr_assert(lt(sz, now_count, 10 + 32)); /* a bucket more at most */
        if (more) cr_assert(ge(sz, now_count, 10));
    }
    cr_assert(ge(sz, steps_count, KEYS_COUNT / 42));
    for (size_t i = 0; i < KEYS_COUNT; i++) cr_assert(seen[i]);
    fixture_deinit(&fixture);
}

Test(keyspace, a_scan_of_nothing_ends_at_once_from_any_position) {
    struct fixture fixture;
    uint32_t position = 12345;
    fixture_init(&fixture, UINT64_MAX);
    cr_assert(
        not(keyspace_slot_scan(fixture.keyspace, fixture.slot, 0, &position, 10, mark, NULL)));
    position = UINT32_MAX;
    cr_assert(
        not(keyspace_slot_scan(fixture.keyspace, fixture.slot, 5, &position, 10, mark, NULL)));
    fixture_deinit(&fixture);
}

Test(keyspace, random_choice_is_even) {
    enum { KEYS_COUNT = 2000, ROUNDS_COUNT = 200000 };
    static unsigned counts[KEYS_COUNT];
    uint64_t random = 4;
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    cr_assert(keyspace_slot_random(fixture.keyspace, fixture.slot, 0, 1) == NULL);
    cr_assert(keyspace_slot_random(fixture.keyspace, fixture.slot, 3, 1) == NULL);
    for (size_t i = 0; i < KEYS_COUNT; i++) put(&fixture, 0, i, EXPIRE_NONE);
    for (size_t i = 0; i < ROUNDS_COUNT; i++) {
        counts[number_of(
            keyspace_slot_random(fixture.keyspace, fixture.slot, 0, random_next(&random)))]++;
    }
    for (size_t i = 0; i < KEYS_COUNT; i++)
        cr_assert(counts[i] > 40 && counts[i] < 170); /* 100 expected */
    fixture_deinit(&fixture);
}

Test(keyspace, what_is_due_is_found_all_of_it_and_nothing_else) {
    enum { KEYS_COUNT = 20000, SPAN_MS = 60000, MAX = 16 };
    struct fixture fixture;
    uint64_t random = 11;
    static uint64_t expire_at[KEYS_COUNT];
    size_t left_count = 0;

    fixture_init(&fixture, UINT64_MAX);
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        expire_at[i] = i % 4 == 0 ? EXPIRE_NONE : START + 1 + random_next(&random) % SPAN_MS;
        left_count += expire_at[i] != EXPIRE_NONE;
        put(&fixture, i % 3, i, expire_at[i]);
    }
    uint64_t now = START;
    while (left_count > 0) {
        struct entry *entries[MAX];
        unsigned dbs[MAX];
        size_t count;
        /* As the runtime does: sleep until the alarm. */
        uint64_t deadline = store_slot_deadline_unix_ms(fixture.store, fixture.slot);
        cr_assert(deadline != UINT64_MAX);
        cr_assert(deadline <= START + SPAN_MS + 16);
        if (deadline > now) now = deadline;
        do {
            count = keyspace_slot_expired(fixture.keyspace, fixture.slot, now, entries, dbs, MAX);
            for (size_t i = 0; i < count; i++) {
                size_t number = number_of(entries[i]);
                cr_assert(expire_at[number] != EXPIRE_NONE);
                cr_assert(expire_at[number] <= now);
                cr_assert(expire_at[number] + 16 >= now); /* not forgotten until now */
                cr_assert(dbs[i] == number % 3);
                expire_at[number] = EXPIRE_NONE;
                delete (&fixture, dbs[i], number);
                left_count--;
            }
        } while (count == MAX);
        keyspace_slot_check(fixture.keyspace, fixture.slot);
    }
    cr_assert(store_slot_deadline_unix_ms(fixture.store, fixture.slot) == UINT64_MAX);
    for (unsigned db = 0; db < 3; db++)
        cr_assert(keyspace_expires_count(fixture.keyspace, db) == 0);
    cr_assert(keyspace_keys_count(fixture.keyspace, 0) > 0);
    fixture_deinit(&fixture);
}

Test(keyspace, the_alarm_moves_only_when_a_deadline_comes_nearer) {
    struct fixture fixture;
    struct entry *entries[4];
    unsigned dbs[4];

    fixture_init(&fixture, UINT64_MAX);
    cr_assert(store_slot_deadline_unix_ms(fixture.store, fixture.slot) == UINT64_MAX);
    put(&fixture, 0, 1, START + 5000);
    cr_assert(fixture.sooner_count == 1);
    cr_assert(fixture.sooner_unix_ms >= START + 5000);
    cr_assert(fixture.sooner_unix_ms < START + 5016);
    cr_assert(fixture.sooner_unix_ms == store_slot_deadline_unix_ms(fixture.store, fixture.slot));
    put(&fixture, 0, 2, START + 9000);
    cr_assert(fixture.sooner_count == 1);
    put(&fixture, 7, 3, START + 1000);
    cr_assert(fixture.sooner_count == 2);
    put(&fixture, 7, 3, EXPIRE_NONE); /* the alarm stays, finds nothing and goes */
    cr_assert(fixture.sooner_count == 2);
    cr_assert(
        keyspace_slot_expired(fixture.keyspace, fixture.slot, START + 1016, entries, dbs, 4) == 0);
    uint64_t deadline = store_slot_deadline_unix_ms(fixture.store, fixture.slot);
    cr_assert(deadline >= START + 5000);
    cr_assert(deadline < START + 5016);
    cr_assert(keyspace_slot_expired(fixture.keyspace, fixture.slot, deadline, entries, dbs, 4) ==
              1);
    cr_assert(number_of(entries[0]) == 1);
    keyspace_slot_flush(fixture.keyspace, fixture.slot, 0);
    cr_assert(store_slot_deadline_unix_ms(fixture.store, fixture.slot) == UINT64_MAX);
    fixture_deinit(&fixture);
}

Test(keyspace, deadlines_in_the_past_and_in_a_thousand_years_are_kept_to) {
    struct fixture fixture;
    struct entry *entries[4];
    unsigned dbs[4];

    fixture_init(&fixture, UINT64_MAX);
    put(&fixture, 0, 1, 1); /* 1970 */
    put(&fixture, 0, 2, START + UINT64_C(1000) * 365 * 86400 * 1000);
    put(&fixture, 0, 3, UINT64_MAX / 4);
    cr_assert(store_slot_deadline_unix_ms(fixture.store, fixture.slot) <= START);
    cr_assert(keyspace_slot_expired(fixture.keyspace, fixture.slot, START, entries, dbs, 4) == 1);
    cr_assert(number_of(entries[0]) == 1);
    delete (&fixture, 0, 1);
    cr_assert(keyspace_slot_expired(fixture.keyspace, fixture.slot, START + 100000, entries, dbs,
                                    4) == 0);
    /* Five years on the far ones are looked at, and stay. */
    uint64_t later = START + UINT64_C(5) * 365 * 86400 * 1000;
    cr_assert(keyspace_slot_expired(fixture.keyspace, fixture.slot, later, entries, dbs, 4) == 0);
    later = START + UINT64_C(1001) * 365 * 86400 * 1000;
    cr_assert(keyspace_slot_expired(fixture.keyspace, fixture.slot, later, entries, dbs, 4) == 1);
    cr_assert(number_of(entries[0]) == 2);
    fixture_deinit(&fixture);
}

Test(keyspace, a_flush_is_immediate_and_its_memory_comes_back_in_slices) {
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    size_t used_bytes = mem_used_bytes();
    for (size_t i = 0; i < 5000; i++) put(&fixture, 0, i, EXPIRE_NONE);
    for (size_t i = 0; i < 300; i++) put(&fixture, 9, i, START + 1000);
    cr_assert(eq(sz, keyspace_slot_flush(fixture.keyspace, fixture.slot, 0), 5000));
    cr_assert(eq(sz, keyspace_slot_flush(fixture.keyspace, fixture.slot, 0), 0));
    cr_assert(find(&fixture, 0, 1) == NULL);
    cr_assert(number_of(find(&fixture, 9, 1)) == 1);
    cr_assert(keyspace_keys_count(fixture.keyspace, 0) == 0);
    cr_assert(keyspace_keys_count(fixture.keyspace, 9) == 300);
    cr_assert(eq(sz, keyspace_garbage_count(fixture.keyspace), 5000));
    put(&fixture, 0, 1, EXPIRE_NONE); /* the slot is usable at once */
    size_t steps_count = 1;
    for (size_t left = 5000; keyspace_garbage_step(fixture.keyspace, 100); steps_count++) {
        size_t now_left = keyspace_garbage_count(fixture.keyspace);
        cr_assert(le(sz, left - now_left, 100));
        left = now_left;
    }
    cr_assert(ge(sz, steps_count, 50));
    cr_assert(eq(sz, keyspace_slot_flush(fixture.keyspace, fixture.slot, 9), 300));
    cr_assert(keyspace_expires_count(fixture.keyspace, 9) == 0);
    delete (&fixture, 0, 1);
    while (keyspace_garbage_step(fixture.keyspace, 1)) {}
    cr_assert(eq(sz, keyspace_garbage_count(fixture.keyspace), 0));
    cr_assert(eq(sz, mem_used_bytes(), used_bytes));
    fixture_deinit(&fixture);
}

Test(keyspace, a_large_string_is_freed_by_the_garbage_step) {
    static char text[1000000];
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    struct key key = key_make(fixture.store, SLICE_LITERAL("large"));
    struct entry *entry = keyspace_put_string(fixture.keyspace, 0, &key, NULL,
                                              slice_of(text, sizeof text), STRING_ENCODED,
                                              EXPIRE_NONE, 0);
    keyspace_delete(fixture.keyspace, 0, &key, entry);
    cr_assert(eq(sz, keyspace_garbage_count(fixture.keyspace), 1));
    cr_assert(not(keyspace_garbage_step(fixture.keyspace, 1)));
    cr_assert(eq(sz, keyspace_garbage_count(fixture.keyspace), 0));
    fixture_deinit(&fixture);
}

Test(keyspace, swapped_databases_change_places_with_counts_and_deadlines) {
    struct fixture fixture;
    static const unsigned pairs[][2] = {{0, 5}, {5, 0}, {3, 9}, {5, 9}, {2, 2}, {0, 15}, {7, 8}};
    unsigned home[16]; /* where the keys of database i are now */

    fixture_init(&fixture, UINT64_MAX);
    for (unsigned db = 0; db < 16; db++) home[db] = db;
    for (unsigned db = 0; db < 10; db += 2) { /* 0 2 4 6 8 */
        for (size_t i = 0; i < 10 + db; i++)
            put(&fixture, db, i * 16 + db, i % 2 ? EXPIRE_NONE : START + 100 * (db + 1));
    }
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        keyspace_slot_swap_databases(fixture.keyspace, fixture.slot, pairs[i][0], pairs[i][1]);
        keyspace_slot_check(fixture.keyspace, fixture.slot);
        unsigned swapped = home[pairs[i][0]];
        home[pairs[i][0]] = home[pairs[i][1]];
        home[pairs[i][1]] = swapped;
        for (unsigned db = 0; db < 16; db++) {
            size_t expected = home[db] % 2 == 0 && home[db] < 10 ? 10 + home[db] : 0;
            cr_assert(eq(sz, store_slot_keys_count(fixture.store, fixture.slot, db), expected));
            cr_assert(keyspace_keys_count(fixture.keyspace, db) == (int64_t)expected);
            cr_assert(keyspace_expires_count(fixture.keyspace, db) == (int64_t)(expected + 1) / 2);
            if (expected > 0) cr_assert(number_of(find(&fixture, db, home[db])) == home[db]);
        }
    }
    fixture_deinit(&fixture);
}

Test(keyspace, two_handles_on_one_store_sum_to_what_is_there) {
    struct fixture fixture;
    char buffer[64];
    fixture_init(&fixture, UINT64_MAX);
    struct keyspace *other = keyspace_new(fixture.store, NULL);
    for (size_t i = 0; i < 100; i++) put(&fixture, 0, i, START + 1000);
    for (size_t i = 0; i < 60; i++) {
        struct key key = key_make(fixture.store, name_of(buffer, "t", i));
        keyspace_delete(other, 0, &key, keyspace_find(other, 0, &key));
    }
    cr_assert(keyspace_keys_count(fixture.keyspace, 0) == 100);
    cr_assert(keyspace_keys_count(other, 0) == -60);
    cr_assert(keyspace_expires_count(other, 0) == -60);
    cr_assert(eq(sz, store_slot_keys_count(fixture.store, fixture.slot, 0), 40));
    keyspace_free(other);
    fixture_deinit(&fixture);
}

Test(keyspace, a_slot_keeps_its_owners_word) {
    int word;
    struct fixture fixture;
    fixture_init(&fixture, UINT64_MAX);
    cr_assert(store_slot_owner_data(fixture.store, SLOTS_COUNT - 1) == NULL);
    store_slot_set_owner_data(fixture.store, SLOTS_COUNT - 1, &word);
    cr_assert(store_slot_owner_data(fixture.store, SLOTS_COUNT - 1) == &word);
    cr_assert(store_slot_owner_data(fixture.store, SLOTS_COUNT - 2) == NULL);
    cr_assert(keyspace_store(fixture.keyspace) == fixture.store);
    cr_assert(eq(u32, store_databases_count(fixture.store), 16));
    fixture_deinit(&fixture);
}
