#include "core/keyspace.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* The definition, bit by bit. */
static uint16_t crc16_bitwise(const unsigned char *data, size_t len) {
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned)data[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
            crc &= 0xffff;
        }
    }
    return (uint16_t)crc;
}

Test(key, the_published_check_value_gives_its_slot) {
    cr_assert(eq(int, key_slot(SLICE_LITERAL("123456789")), 0x31c3));
    cr_assert(eq(int, key_slot(SLICE_LITERAL("foo")), 12182));
    cr_assert(eq(int, key_slot(SLICE_LITERAL("")), 0));
}

Test(key, slots_of_all_lengths_and_bytes_follow_the_definition) {
    unsigned char name[600];
    uint32_t state = 42;

    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof name; i++) {
            state = state * 1664525u + 1013904223u;
            name[i] = (unsigned char)(state >> 24);
            if (name[i] == '{') name[i] = 0;
        }
        for (size_t len = 0; len < sizeof name; len += 1 + len / 20) {
            int expected = crc16_bitwise(name, len) & (SLOTS_COUNT - 1);
            cr_assert(eq(int, key_slot(slice_of((char *)name, len)), expected));
        }
    }
    /* Every byte at every place of a word: all rows of the table. */
    for (size_t at = 0; at < 16; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            unsigned char word[16] = {0};
            word[at] = (unsigned char)byte;
            int expected = crc16_bitwise(word, 16) & (SLOTS_COUNT - 1);
            if (byte != '{') cr_assert(eq(int, key_slot(slice_of((char *)word, 16)), expected));
        }
    }
}

Test(key, only_what_stands_in_the_first_braces_counts_if_it_is_anything) {
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"{user1000}.following", "user1000"},
        {"foo{}{bar}", "foo{}{bar}"},
        {"foo{{bar}}zap", "{bar"},
        {"foo{bar}{zap}", "bar"},
        {"foo{bar", "foo{bar"},
        {"foo}bar{x", "foo}bar{x"},
        {"}{a}", "a"},
        {"{a}", "a"},
        {"{}", "{}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t len = strlen(cases[i].part);
        int expected = crc16_bitwise((const unsigned char *)cases[i].part, len) & (SLOTS_COUNT - 1);
        cr_assert(eq(int, key_slot(slice_from_cstr(cases[i].name)), expected), "%s", cases[i].name);
    }
}

Test(key, the_hash_depends_on_the_whole_name_and_on_the_seed) {
    struct store *one = store_new(1, 1, 0);
    struct store *two = store_new(1, 2, 0);
    struct key a = key_make(one, SLICE_LITERAL("{t}a"));
    struct key b = key_make(one, SLICE_LITERAL("{t}b"));

    cr_assert(eq(int, a.slot, b.slot));
    cr_assert(a.hash != b.hash);
    cr_assert(a.hash != key_make(two, a.name).hash);
    cr_assert(a.hash == key_make(one, SLICE_LITERAL("{t}a")).hash);
    store_free(one);
    store_free(two);
}
