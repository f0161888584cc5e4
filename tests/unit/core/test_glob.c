#include "core/glob.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

static bool matches(const char *pattern, const char *text) {
    return glob_match(slice_from_cstr(pattern), slice_from_cstr(text), false);
}

static bool matches_nocase(const char *pattern, const char *text) {
    return glob_match(slice_from_cstr(pattern), slice_from_cstr(text), true);
}

Test(glob, literals_match_only_themselves) {
    cr_assert(matches("key", "key"));
    cr_assert(not(matches("key", "keys")));
    cr_assert(not(matches("keys", "key")));
    cr_assert(not(matches("key", "Key")));
    cr_assert(matches_nocase("kEy", "KeY"));
}

Test(glob, question_marks_take_exactly_one_byte) {
    cr_assert(matches("h?llo", "hallo"));
    cr_assert(not(matches("h?llo", "hllo")));
    cr_assert(not(matches("?", "")));
    cr_assert(not(matches("?", "ab")));
}

Test(glob, stars_take_any_run) {
    cr_assert(matches("*", "anything"));
    cr_assert(matches("h*llo", "hllo"));
    cr_assert(matches("h*llo", "heeeello"));
    cr_assert(matches("*a*b*", "xxaxxbxx"));
    cr_assert(matches("a***", "a"));
    cr_assert(matches("user:*:name", "user:1:2:name"));
    cr_assert(not(matches("*ab", "aba")));
    cr_assert(not(matches("a*b*c", "abab")));
}

Test(glob, the_empty_text_is_matched_by_the_empty_pattern_alone) {
    cr_assert(matches("", ""));
    cr_assert(not(matches("*", "")));
    cr_assert(not(matches("", "a")));
    cr_assert(glob_match((struct slice){NULL, 0}, (struct slice){NULL, 0}, false));
}

Test(glob, classes_ranges_and_negations) {
    cr_assert(matches("h[ae]llo", "hello"));
    cr_assert(not(matches("h[ae]llo", "hillo")));
    cr_assert(matches("h[^e]llo", "hallo"));
    cr_assert(not(matches("h[^e]llo", "hello")));
    cr_assert(matches("h[a-b]llo", "hbllo"));
    cr_assert(matches("h[b-a]llo", "hallo"));
    cr_assert(not(matches("h[a-b]llo", "hcllo")));
    cr_assert(matches_nocase("[A-C]", "b"));
    cr_assert(matches("[\\]]", "]"));
    cr_assert(matches("[a\\-c]", "-"));
    cr_assert(not(matches("[a\\-c]", "b")));
    cr_assert(not(matches("[]", "a")));
    cr_assert(matches("[^]", "a"));
}

Test(glob, a_class_that_is_not_closed_ends_with_the_pattern) {
    cr_assert(matches("[ab", "a"));
    cr_assert(not(matches("[ab", "c")));
    cr_assert(not(matches("[", "[")));
    cr_assert(matches("[^", "x"));
    cr_assert(not(matches("[ab", "ab")));
}

Test(glob, backslash_takes_the_next_byte_literally) {
    cr_assert(matches("\\*", "*"));
    cr_assert(not(matches("\\*", "a")));
    cr_assert(matches("a\\?b", "a?b"));
    cr_assert(matches("a\\", "a\\"));
    cr_assert(matches("\\a", "a"));
}

Test(glob, zero_bytes_are_bytes_like_others) {
    cr_assert(glob_match(slice_of("a?c", 3), slice_of("a\0c", 3), false));
    cr_assert(not(glob_match(slice_of("a\0d", 3), slice_of("a\0c", 3), false)));
    cr_assert(glob_match(slice_of("*\0", 2), slice_of("ab\0", 3), false));
}

Test(glob, many_stars_cost_no_more_than_a_product) {
    char pattern[2001], text[20000];
    for (size_t i = 0; i < 1000; i++) memcpy(pattern + 2 * i, "*a", 2);
    pattern[2000] = 'b';
    memset(text, 'a', sizeof text);
    cr_assert(not(glob_match(slice_of(pattern, 2001), slice_of(text, sizeof text), false)));
}

/* The definition, spelled out by trying everything: what the matcher must agree with. */
static bool slow_match(const char *p, size_t p_len, const char *t, size_t t_len) {
    if (p_len == 0) return t_len == 0;
    if (p[0] == '*') {
        for (size_t skip = 0; skip <= t_len; skip++) {
            if (slow_match(p + 1, p_len - 1, t + skip, t_len - skip)) return true;
        }
        return false;
    }
    if (t_len == 0) return false;
    return (p[0] == '?' || p[0] == t[0]) && slow_match(p + 1, p_len - 1, t + 1, t_len - 1);
}

Test(glob, agrees_with_trying_everything) {
    unsigned seed = 12345;
    for (int round = 0; round < 200000; round++) {
        char pattern[8], text[8];
        size_t pattern_len = (size_t)rand_r(&seed) % 8, text_len = 1 + (size_t)rand_r(&seed) % 7;
        for (size_t i = 0; i < pattern_len; i++) pattern[i] = "ab*?"[rand_r(&seed) % 4];
        for (size_t i = 0; i < text_len; i++) text[i] = "ab"[rand_r(&seed) % 2];
        cr_assert(slow_match(pattern, pattern_len, text, text_len) ==
                      glob_match(slice_of(pattern, pattern_len), slice_of(text, text_len), false),
                  "pattern '%.*s' text '%.*s'", (int)pattern_len, pattern, (int)text_len, text);
    }
}

Test(glob, plain_names_are_told_from_patterns) {
    cr_assert(not(glob_is_pattern(SLICE_LITERAL("maxmemory-policy"))));
    cr_assert(glob_is_pattern(SLICE_LITERAL("max*")));
    cr_assert(glob_is_pattern(SLICE_LITERAL("a\\b")));
    cr_assert(not(glob_is_pattern(slice_of("a\0b", 3))));
}
