#pragma once
/* The ground everything stands on: slices, assertions, counts. Includes nothing of slipring. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somebody else owns. Binary safe, not NUL-terminated. A copy is two words: pass it by value. */
struct slice {
    const char *data;
    size_t len;
};

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define SL_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define SL_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A string literal as a slice, also in a static initializer. */
#define SLICE_LITERAL(text) ((struct slice){(text), sizeof(text) - 1})

static inline struct slice slice_of(const char *data, size_t len) {
    return (struct slice){data, len};
}

static inline struct slice slice_from_cstr(const char *text) {
    return (struct slice){text, strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII case-insensitive, whatever the locale. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_equal_cstr_nocase(struct slice a, const char *text);

/* Prints what broke and where, with a backtrace, then aborts. Never returns. */
_Noreturn void assert_fail(const char *condition, const char *file, int line);

/* Our bugs, cheap to check, always on. No input from outside may trip one. */
#define SL_ASSERT(condition) ((condition) ? (void)0 : assert_fail(#condition, __FILE__, __LINE__))

/* Our bugs, dear to check: debug and sanitizer builds only. */
#ifdef SLIPRING_DEBUG
#define SL_DEBUG_ASSERT(condition) SL_ASSERT(condition)
#else
#define SL_DEBUG_ASSERT(condition) ((void)sizeof(!(condition)))
#endif
