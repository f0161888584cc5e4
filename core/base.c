#include "core/base.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BACKTRACE_FRAMES_MAX = 64 };

static inline unsigned char lower_ascii(char letter) {
    unsigned char byte = (unsigned char)letter;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

bool slice_equal_nocase(struct slice a, struct slice b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower_ascii(a.data[i]) != lower_ascii(b.data[i])) return false;
    }
    return true;
}

/* Compares up to the text's NUL instead of measuring it first: a slice that contains a NUL never
 * equals a C string, and most calls differ in the first letters. */
bool slice_equal_cstr_nocase(struct slice a, const char *text) {
    size_t i = 0;

    for (; i < a.len; i++) {
        if (text[i] == '\0' || lower_ascii(a.data[i]) != lower_ascii(text[i])) return false;
    }
    return text[i] == '\0';
}

/* The heap and stdio's buffers may be what is broken: the message goes to the descriptor, in one
 * write, so that two failing threads do not mix their lines. backtrace() itself may allocate on its
 * first call, so the message is out before. Frames print as binary(+0xoffset) where the symbol is
 * not exported: `addr2line -fie <binary> 0xoffset` names the line. */
_Noreturn void assert_fail(const char *condition, const char *file, int line) {
    char message[512];
    void *frames[BACKTRACE_FRAMES_MAX];

    int len = snprintf(message, sizeof message, "\n=== slipring: assertion failed: %s at %s:%d\n",
                       condition, file, line);
    if (len < 0) len = 0;
    if (len >= (int)sizeof message) len = (int)sizeof message - 1;
    ssize_t written = write(STDERR_FILENO, message, (size_t)len);
    (void)written; /* nobody is left to tell */

    backtrace_symbols_fd(frames, backtrace(frames, BACKTRACE_FRAMES_MAX), STDERR_FILENO);
    abort();
}
