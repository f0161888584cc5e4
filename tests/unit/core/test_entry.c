/* One key with its value: encodings, in place and not, deadlines, long keys, no memory. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "core/keyspace.h"
#include "core/mem.h"

struct fixture {
    struct store *store;
    struct keyspace *keyspace;
    struct key key;
    struct entry *entry;
};

static struct fixture fixture_new(struct slice name) {
    struct fixture fixture = {.store = store_new(2, 7, 1000000)};
    fixture.keyspace = keyspace_new(fixture.store, NULL);
    fixture.key = key_make(fixture.store, name);
    return fixture;
}

static void fixture_free(struct fixture *fixture) {
    keyspace_slot_check(fixture->keyspace, fixture->key.slot);
    keyspace_free(fixture->keyspace);
    store_free(fixture->store);
}

static void put(struct fixture *fixture, struct slice value, enum string_form form,
                uint64_t expire_at) {
    fixture->entry = keyspace_put_string(fixture->keyspace, 0, &fixture->key, fixture->entry, value,
                                         form, expire_at, 0xabcdef);
    cr_assert(fixture->entry != NULL);
}

static bool holds(struct fixture *fixture, struct slice value, uint64_t expire_at) {
    char scratch[ENTRY_SCRATCH_BYTES];
    struct entry *entry = keyspace_find(fixture->keyspace, 0, &fixture->key);
    return entry == fixture->entry && slice_equal(entry_string(entry, scratch), value) &&
           entry_string_len(entry) == value.len &&
           slice_equal(entry_key(entry), fixture->key.name) &&
           entry_expire_at_unix_ms(entry) == expire_at && entry_type(entry) == VALUE_STRING;
}

static struct slice filled(char *buffer, size_t len, char byte) {
    memset(buffer, byte, len);
    return slice_of(buffer, len);
}

Test(entry, encodings_are_those_of_redis) {
    static const struct {
        const char *text;
        enum string_form form;
        enum value_encoding encoding;
    } cases[] = {
        {"123", STRING_ENCODED, ENCODING_INT},
        {"-9223372036854775808", STRING_ENCODED, ENCODING_INT},
        {"9223372036854775808", STRING_ENCODED, ENCODING_EMBSTR},
        {"0123", STRING_ENCODED, ENCODING_EMBSTR},
        {"", STRING_ENCODED, ENCODING_EMBSTR},
        {"123", STRING_PLAIN, ENCODING_EMBSTR},
        {"123", STRING_RAW, ENCODING_RAW},
        {"12345678901234567890123456789012345678901234", STRING_ENCODED, ENCODING_EMBSTR},
        {"123456789012345678901234567890123456789012345", STRING_ENCODED, ENCODING_RAW},
        {"123456789012345678901234567890123456789012345", STRING_PLAIN, ENCODING_RAW},
    };
    struct fixture fixture = fixture_new(SLICE_LITERAL("key"));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t integer;
        put(&fixture, slice_from_cstr(cases[i].text), cases[i].form, EXPIRE_NONE);
        cr_assert(holds(&fixture, slice_from_cstr(cases[i].text), EXPIRE_NONE));
        cr_assert(entry_encoding(fixture.entry) == cases[i].encoding, "%s", cases[i].text);
        cr_assert(entry_integer(fixture.entry, &integer) == (cases[i].encoding == ENCODING_INT));
        cr_assert(eq(u32, entry_access(fixture.entry), 0xabcdef));
    }
    fixture_free(&fixture);
}

Test(entry, every_size_over_every_size_with_and_without_deadline_is_read_back) {
    static const size_t lens[] = {0,   1,   8,   15,  16,   31,   32,   44,   45,   64,
                                  100, 128, 200, 500, 1000, 1024, 1025, 3000, 70000};
    static char text_a[70000], text_b[70000];
    struct fixture fixture = fixture_new(SLICE_LITERAL("some:key"));

    for (size_t i = 0; i < ARRAY_COUNT(lens) * ARRAY_COUNT(lens) * 4; i++) {
        struct slice a = filled(text_a, lens[i / 4 % ARRAY_COUNT(lens)], 'a');
        struct slice b = filled(text_b, lens[i / 4 / ARRAY_COUNT(lens)], 'b');
        uint64_t expire_a = i & 1 ? 2000000 : EXPIRE_NONE;
        uint64_t expire_b = i & 2 ? 3000000 : EXPIRE_NONE;
        put(&fixture, a, STRING_ENCODED, expire_a);
        cr_assert(holds(&fixture, a, expire_a));
        put(&fixture, b, STRING_ENCODED, expire_b);
        cr_assert(holds(&fixture, b, expire_b));
        fixture.entry = keyspace_set_expire(fixture.keyspace, 0, &fixture.key, fixture.entry,
                                            expire_a);
        cr_assert(holds(&fixture, b, expire_a));
        bool is_large = entry_blob(fixture.entry) != NULL;
        cr_assert(is_large == (b.len > 1024));
        cr_assert(entry_memory_bytes(fixture.entry, 0) > b.len + 16);
        keyspace_slot_check(fixture.keyspace, fixture.key.slot);
        cr_assert(keyspace_expires_count(fixture.keyspace, 0) == (expire_a != EXPIRE_NONE));
        cr_assert(keyspace_keys_count(fixture.keyspace, 0) == 1);
    }
    fixture_free(&fixture);
}

Test(entry, an_overwrite_of_the_same_size_happens_in_place) {
    struct fixture fixture = fixture_new(SLICE_LITERAL("some:key"));
    put(&fixture, SLICE_LITERAL("abcdefgh"), STRING_ENCODED, EXPIRE_NONE);
    struct entry *before = fixture.entry;
    put(&fixture, SLICE_LITERAL("ABCDEFGH"), STRING_ENCODED, EXPIRE_NONE);
    cr_assert(fixture.entry == before);
    cr_assert(holds(&fixture, SLICE_LITERAL("ABCDEFGH"), EXPIRE_NONE));
    fixture_free(&fixture);
}

Test(entry, keys_of_all_lengths_are_kept_apart) {
    static const size_t lens[] = {0, 1, 7, 8, 9, 16, 254, 255, 256, 257, 1000, 100000};
    static char name[100000];
    struct fixture fixture = fixture_new(SLICE_LITERAL(""));

    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
            fixture.key = key_make(fixture.store, filled(name, lens[i], 'k'));
            fixture.entry = keyspace_find(fixture.keyspace, 0, &fixture.key);
            bool found = fixture.entry != NULL;
            cr_assert(found == (pass > 0));
            put(&fixture, SLICE_LITERAL("value"), STRING_ENCODED,
                pass == 1 ? 5000000 : EXPIRE_NONE);
            cr_assert(holds(&fixture, SLICE_LITERAL("value"), pass == 1 ? 5000000 : EXPIRE_NONE));
        }
    }
    cr_assert(keyspace_keys_count(fixture.keyspace, 0) == (int64_t)ARRAY_COUNT(lens));
    fixture_free(&fixture);
}

Test(entry, integers_change_in_place) {
    struct fixture fixture = fixture_new(SLICE_LITERAL("n"));
    int64_t integer = 0;

    fixture.entry = keyspace_put_integer(fixture.keyspace, 0, &fixture.key, NULL, 41, EXPIRE_NONE,
                                         0);
    entry_set_integer(fixture.entry, INT64_MIN);
    cr_assert(entry_integer(fixture.entry, &integer));
    cr_assert(integer == INT64_MIN);
    cr_assert(holds(&fixture, SLICE_LITERAL("-9223372036854775808"), EXPIRE_NONE));
    fixture_free(&fixture);
}

Test(entry, reserve_makes_any_string_raw_and_zero_filled_from_its_old_end) {
    static const size_t lens[] = {0, 3, 20, 44, 45, 700, 1024, 1025, 5000};
    static char text[5000], expected[300000];

    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        struct fixture fixture = fixture_new(SLICE_LITERAL("some:key"));
        put(&fixture, filled(text, lens[i], '7'), STRING_ENCODED, 2000000);
        memset(expected, 0, sizeof expected);
        size_t len = entry_string_len(fixture.entry);
        memset(expected, '7', len);
        for (size_t wanted = 0; wanted < sizeof expected; wanted += 1 + wanted / 3) {
            char *data = keyspace_string_reserve(fixture.keyspace, 0, &fixture.key, &fixture.entry,
                                                 wanted);
            cr_assert(data != NULL);
            if (wanted > len) {
                data[wanted - 1] = 'x';
                expected[wanted - 1] = 'x';
                len = wanted;
            }
            cr_assert(holds(&fixture, slice_of(expected, len), 2000000));
            cr_assert(entry_encoding(fixture.entry) == ENCODING_RAW);
        }
        fixture_free(&fixture);
    }
}

Test(entry, appending_byte_by_byte_moves_the_entry_rarely) {
    struct fixture fixture = fixture_new(SLICE_LITERAL("log"));
    size_t moved_count = 0;

    put(&fixture, SLICE_LITERAL(""), STRING_RAW, EXPIRE_NONE);
    for (size_t len = 1; len <= 3000; len++) {
        struct entry *before = fixture.entry;
        keyspace_string_reserve(fixture.keyspace, 0, &fixture.key, &fixture.entry,
                                len)[len - 1] = 'a';
        moved_count += fixture.entry != before;
    }
    cr_assert(lt(sz, moved_count, 16));
    fixture_free(&fixture);
}

Test(entry, a_shared_blob_is_never_written) {
    static char text[5000];
    struct fixture fixture = fixture_new(SLICE_LITERAL("{t}a"));
    struct key key_b = key_make(fixture.store, SLICE_LITERAL("{t}b"));

    put(&fixture, filled(text, sizeof text, 'a'), STRING_ENCODED, EXPIRE_NONE);
    struct blob *pinned = blob_retain(entry_blob(fixture.entry)); /* a reply on its way */
    struct entry *copy = keyspace_copy(fixture.keyspace, fixture.entry, 0, &key_b);
    cr_assert(entry_blob(copy) == pinned);
    char *data = keyspace_string_reserve(fixture.keyspace, 0, &fixture.key, &fixture.entry, 5000);
    memset(data, 'z', 5000);
    data = keyspace_string_reserve(fixture.keyspace, 0, &key_b, &copy, 6000);
    memset(data, 'y', 6000);
    cr_assert(entry_blob(copy) != pinned);
    cr_assert(not(blob_is_shared(pinned)));
    cr_assert(eq(sz, pinned->len, 5000));
    cr_assert(memcmp(pinned->data, text, 5000) == 0);
    blob_release(pinned);
    fixture_free(&fixture);
}

Test(entry, rename_moves_everything_between_slots_and_databases) {
    static char text[5000];
    static const size_t lens[] = {3, 40, 900, 5000};
    struct fixture fixture = fixture_new(SLICE_LITERAL("from"));
    struct key key_to = key_make(fixture.store, SLICE_LITERAL("a longer name to go to"));

    for (size_t i = 0; i < ARRAY_COUNT(lens); i++) {
        fixture.key = key_make(fixture.store, SLICE_LITERAL("from"));
        fixture.entry = NULL;
        put(&fixture, filled(text, lens[i], '5'), STRING_ENCODED, 2000000);
        enum value_encoding encoding = entry_encoding(fixture.entry);
        struct entry *moved = keyspace_rename(fixture.keyspace, 0, &fixture.key, fixture.entry, 1,
                                              &key_to);
        char scratch[ENTRY_SCRATCH_BYTES];
        cr_assert(keyspace_find(fixture.keyspace, 0, &fixture.key) == NULL);
        cr_assert(keyspace_find(fixture.keyspace, 0, &key_to) == NULL);
        cr_assert(keyspace_find(fixture.keyspace, 1, &key_to) == moved);
        cr_assert(slice_equal(entry_string(moved, scratch), slice_of(text, lens[i])));
        cr_assert(entry_encoding(moved) == encoding);
        cr_assert(entry_expire_at_unix_ms(moved) == 2000000);
        cr_assert(eq(u32, entry_access(moved), 0xabcdef));
        cr_assert(keyspace_keys_count(fixture.keyspace, 0) == 0);
        cr_assert(keyspace_keys_count(fixture.keyspace, 1) == 1);
        cr_assert(keyspace_expires_count(fixture.keyspace, 1) == 1);
        keyspace_slot_check(fixture.keyspace, key_to.slot);
        keyspace_delete(fixture.keyspace, 1, &key_to, moved);
    }
    fixture_free(&fixture);
}

#ifdef SLIPRING_DEBUG
/* Every allocation of every operation fails once. */
enum operation {
    PUT_SMALL,
    PUT_LARGE,
    PUT_NEW,
    RESERVE_SMALL,
    RESERVE_LARGE,
    EXPIRE,
    RENAME,
    COPY,
    OPERATIONS_COUNT
};

static bool try(struct fixture *fixture, enum operation operation, const struct key *other) {
    static char text[5000];
    struct keyspace *keyspace = fixture->keyspace;
    struct slice large = filled(text, sizeof text, 'x');

    switch (operation) {
    case PUT_SMALL:
        return keyspace_put_string(keyspace, 0, &fixture->key, fixture->entry, slice_of(text, 400),
                                   STRING_RAW, 2000000, 0);
    case PUT_LARGE:
        return keyspace_put_string(keyspace, 0, &fixture->key, fixture->entry, large, STRING_RAW,
                                   2000000, 0);
    case PUT_NEW:
        return keyspace_put_string(keyspace, 0, other, NULL, large, STRING_RAW, 2000000, 0);
    case RESERVE_SMALL:
        return keyspace_string_reserve(keyspace, 0, &fixture->key, &fixture->entry, 300);
    case RESERVE_LARGE:
        return keyspace_string_reserve(keyspace, 0, &fixture->key, &fixture->entry, 100000);
    case EXPIRE: return keyspace_set_expire(keyspace, 0, &fixture->key, fixture->entry, 2000000);
    case RENAME: return keyspace_rename(keyspace, 0, &fixture->key, fixture->entry, 1, other);
    case COPY: return keyspace_copy(keyspace, fixture->entry, 1, other);
    case OPERATIONS_COUNT: break;
    }
    return false;
}

Test(entry, without_memory_an_operation_says_so_and_changes_nothing) {
    static const size_t lens[] = {8, 900, 4000};
    static char text[4000];

    for (size_t i = 0; i < ARRAY_COUNT(lens) * OPERATIONS_COUNT; i++) {
        enum operation operation = i % OPERATIONS_COUNT;
        struct slice value = filled(text, lens[i / OPERATIONS_COUNT], 'v');
        for (uint64_t nth = 1;; nth++) {
            size_t used_before_bytes = mem_used_bytes();
            struct fixture fixture = fixture_new(SLICE_LITERAL("{t}key"));
            struct key other = key_make(fixture.store, SLICE_LITERAL("{t}other"));
            put(&fixture, value, STRING_ENCODED, EXPIRE_NONE);
            mem_try_fail_at(nth);
            bool done = try(&fixture, operation, &other);
            mem_try_fail_at(0);
            if (!done) {
                cr_assert(holds(&fixture, value, EXPIRE_NONE));
                cr_assert(keyspace_find(fixture.keyspace, 0, &other) == NULL);
                cr_assert(keyspace_find(fixture.keyspace, 1, &other) == NULL);
                cr_assert(keyspace_keys_count(fixture.keyspace, 0) == 1);
                cr_assert(keyspace_expires_count(fixture.keyspace, 0) == 0);
            }
            keyspace_slot_check(fixture.keyspace, fixture.key.slot);
            keyspace_free(fixture.keyspace);
            store_free(fixture.store);
            cr_assert(eq(sz, mem_used_bytes(), used_before_bytes));
            if (done && nth > 5) break; /* with a second chance (less room ahead) it may succeed */
        }
    }
}
#endif
