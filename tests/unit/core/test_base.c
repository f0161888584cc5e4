#include "core/base.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

Test(base, slices_compare_all_their_bytes_also_behind_a_nul) {
    struct slice a = slice_of("ab\0cd", 5);

    cr_assert(slice_equal(a, slice_of("ab\0cd", 5)));
    cr_assert(not(slice_equal(a, slice_of("ab\0ce", 5))));
    cr_assert(not(slice_equal(a, slice_of("ab\0cd", 4))));
    cr_assert(slice_equal_nocase(a, slice_of("AB\0Cd", 5)));
    cr_assert(not(slice_equal_nocase(a, slice_of("AB\0Ce", 5))));
}

Test(base, empty_slices_are_equal_whatever_they_point_at) {
    struct slice nothing = {NULL, 0};

    cr_assert(slice_equal(nothing, slice_of("x", 0)));
    cr_assert(slice_equal_nocase(nothing, slice_of("x", 0)));
    cr_assert(slice_equal_cstr_nocase(nothing, ""));
    cr_assert(not(slice_equal_cstr_nocase(nothing, "x")));
}

Test(base, only_the_26_ascii_letters_fold) {
    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            char a = (char)first, b = (char)second;
            bool letters = (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
            bool expected = first == second || (letters && (first ^ second) == 0x20);
            cr_assert(slice_equal_nocase(slice_of(&a, 1), slice_of(&b, 1)) == expected, "%d %d",
                      first, second);
        }
    }
}

Test(base, the_locale_does_not_change_what_folds) {
    setlocale(LC_ALL, "tr_TR.UTF-8"); /* where I and i are different letters, if it is there */
    cr_assert(slice_equal_nocase(SLICE_LITERAL("INFO"), SLICE_LITERAL("info")));
    setlocale(LC_ALL, "C");
}

Test(base, a_c_string_equals_only_a_slice_of_its_own_length) {
    cr_assert(slice_equal_cstr_nocase(SLICE_LITERAL("GeT"), "get"));
    cr_assert(not(slice_equal_cstr_nocase(SLICE_LITERAL("GET"), "getex")));
    cr_assert(not(slice_equal_cstr_nocase(SLICE_LITERAL("GETEX"), "get")));
    cr_assert(not(slice_equal_cstr_nocase(slice_of("get\0ex", 6), "get")));
}

Test(base, container_of_finds_the_object_around_a_member) {
    struct outer {
        int first;
        int member;
    } outer;

    struct outer *found = CONTAINER_OF(&outer.member, struct outer, member);
    cr_assert(found == &outer);
}

/* Runs assert_fail in a child and hands back what it printed. */
static int assertion_output(char *output, size_t output_bytes) {
    int ends[2], status;

    cr_assert(pipe(ends) == 0);
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        assert_fail("fish < chips", "menu.c", 42);
    }
    close(ends[1]);
    size_t len = 0;
    for (;;) {
        ssize_t got = read(ends[0], output + len, output_bytes - 1 - len);
        if (got <= 0) break;
        len += (size_t)got;
    }
    output[len] = '\0';
    close(ends[0]);
    cr_assert(waitpid(child, &status, 0) == child);
    return status;
}

Test(base, a_failed_assertion_says_what_and_where_and_aborts) {
    static char output[65536];
    int status = assertion_output(output, sizeof output);

    cr_assert(eq(int, status & 0x7f, SIGABRT)); /* ended by it, core dumped or not */
    cr_assert(strstr(output, "assertion failed: fish < chips at menu.c:42") != NULL, "%s", output);
    cr_assert(strstr(output, "__libc_start_main") != NULL, "no backtrace: %s", output);
}
