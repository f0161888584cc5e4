#include "shards/text.h"

#include <stdio.h>

#include "core/mem.h"

/* Room for `len` bytes and a zero byte behind. */
static char *reserve(struct text *text, size_t len) {
    if (text->capacity - text->len <= len) {
        size_t capacity = text->capacity * 2;

        if (capacity < text->len + len + 1) capacity = text->len + len + 1;
        if (capacity < 256) capacity = 256;
        text->data = mem_must_realloc(text->data, capacity);
        text->capacity = capacity;
    }
    return text->data + text->len;
}

void text_append(struct text *text, const char *data, size_t len) {
    if (len == 0) return;
    memcpy(reserve(text, len), data, len);
    text->len += len;
}

void text_print(struct text *text, const char *format, ...) {
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    char *at = reserve(text, 128);
    size_t room = text->capacity - text->len;
    int len = vsnprintf(at, room, format, args);
    SL_ASSERT(len >= 0);
    if ((size_t)len >= room) {
        at = reserve(text, (size_t)len);
        vsnprintf(at, (size_t)len + 1, format, again);
    }
    text->len += (size_t)len;
    va_end(again);
    va_end(args);
}

void text_append_quoted(struct text *text, struct slice bytes) {
    static const char hex[] = "0123456789abcdef";

    text_append(text, "\"", 1);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        char short_form = 0;

        switch (c) {
        case '\\':
        case '"': short_form = (char)c; break;
        case '\n': short_form = 'n'; break;
        case '\r': short_form = 'r'; break;
        case '\t': short_form = 't'; break;
        case '\a': short_form = 'a'; break;
        case '\b': short_form = 'b'; break;
        default: break;
        }
        if (short_form != 0) {
            text_append(text, (char[2]){'\\', short_form}, 2);
        } else if (c < 0x20 || c > 0x7e) {
            text_append(text, (char[4]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
        } else {
            text_append(text, (const char *)&bytes.data[i], 1);
        }
    }
    text_append(text, "\"", 1);
}

void text_human_bytes(char dst[static TEXT_HUMAN_BYTES_MAX], uint64_t bytes) {
    static const char units[] = "KMGTP";
    double amount = (double)bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(dst, TEXT_HUMAN_BYTES_MAX, "%uB", (unsigned)bytes);
        return;
    }
    for (amount /= 1024; amount >= 1024 && unit < sizeof units - 2; unit++) amount /= 1024;
    snprintf(dst, TEXT_HUMAN_BYTES_MAX, "%.2f%c", amount, units[unit]);
}

void text_free(struct text *text) {
    mem_free(text->data);
    *text = (struct text){0};
}
