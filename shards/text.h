#pragma once
/* A growing text: what INFO, CLIENT LIST and their kind are put together in. All zero is empty. */
#include <stdarg.h>

#include "core/base.h"

struct text {
    char *data;
    size_t len, capacity;
};
void text_append(struct text *text, const char *data, size_t len);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In double quotes, with \n, \xff and their kind for what is not printable. */
void text_append_quoted(struct text *text, struct slice bytes);
/* "1.50M": an amount of memory for people, as INFO's *_human fields have it. */
enum { TEXT_HUMAN_BYTES_MAX = 32 };
void text_human_bytes(char dst[static TEXT_HUMAN_BYTES_MAX], uint64_t bytes);
void text_free(struct text *text); /* empty again */
static inline struct slice text_slice(const struct text *text) {
    return slice_of(text->data != NULL ? text->data : "", text->len);
}
