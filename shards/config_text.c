/* config_text.c - owned strings and the quoting of configuration lines. */
#include "core/mem.h"
#include "shards/config_priv.h"

#include <stdarg.h>
#include <stdio.h>

/* --- a growing text --- */

static void buf_reserve(struct config_buf *buf, size_t more) {
    if (buf->bytes - buf->len > more) return; /* one byte stays for the zero at the end */
    size_t bytes = buf->bytes < 64 ? 64 : buf->bytes * 2;
    while (bytes - buf->len <= more) bytes *= 2;
    buf->data = mem_must_realloc(buf->data, bytes);
    buf->bytes = bytes;
}

void config_buf_append(struct config_buf *buf, const char *data, size_t len) {
    buf_reserve(buf, len);
    if (len > 0) memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    SL_ASSERT(buf->len < buf->bytes);
}

void config_buf_print(struct config_buf *buf, const char *format, ...) {
    char text[512];
    va_list values;

    va_start(values, format);
    int len = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    SL_ASSERT(len >= 0 && (size_t)len < sizeof text); /* numbers and names of the table */
    config_buf_append(buf, text, (size_t)len);
}

void config_buf_append_quoted(struct config_buf *buf, struct slice text) {
    config_buf_append(buf, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        switch (byte) {
        case '\\':
        case '"': config_buf_print(buf, "\\%c", byte); break;
        case '\n': config_buf_append(buf, "\\n", 2); break;
        case '\r': config_buf_append(buf, "\\r", 2); break;
        case '\t': config_buf_append(buf, "\\t", 2); break;
        case '\a': config_buf_append(buf, "\\a", 2); break;
        case '\b': config_buf_append(buf, "\\b", 2); break;
        default:
            if (byte >= ' ' && byte <= '~') {
                config_buf_append(buf, &byte, 1);
            } else {
                config_buf_print(buf, "\\x%02x", (unsigned)(unsigned char)byte);
            }
        }
    }
    config_buf_append(buf, "\"", 1);
}

struct slice config_buf_slice(const struct config_buf *buf) {
    return buf->data == NULL ? slice_of("", 0) : slice_of(buf->data, buf->len);
}

void config_buf_free(struct config_buf *buf) {
    mem_free(buf->data);
    *buf = (struct config_buf){0};
}

/* --- owned strings --- */

struct config_text config_text_new(struct slice text) {
    struct config_text copy = {.data = mem_must(text.len + 1), .len = text.len};
    if (text.len > 0) memcpy(copy.data, text.data, text.len);
    copy.data[text.len] = '\0';
    return copy;
}

void config_text_set(struct config_text *text, struct slice value) {
    struct config_text copy = config_text_new(value); /* first: the value may lie in the old text */
    mem_free(text->data);
    *text = copy;
}

struct slice config_text_slice(const struct config_text *text) {
    SL_ASSERT(text->data != NULL);
    return slice_of(text->data, text->len);
}

void config_text_free(struct config_text *text) {
    mem_free(text->data);
    *text = (struct config_text){0};
}

void config_args_append(struct config_args *args, struct slice item) {
    /* Grows at each power of two: a line may have many words. */
    if ((args->count & (args->count - 1)) == 0) {
        size_t room = args->count == 0 ? 1 : args->count * 2;
        args->items = mem_must_realloc(args->items, room * sizeof args->items[0]);
    }
    args->items[args->count++] = config_text_new(item);
}

void config_args_free(struct config_args *args) {
    for (size_t i = 0; i < args->count; i++) config_text_free(&args->items[i]);
    mem_free(args->items);
    *args = (struct config_args){0};
}

/* --- splitting --- */

static bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int hex_value(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* `at` is the backslash inside double quotes, not the last byte. Returns how many bytes were taken.
 */
static size_t unescape(const char *at, const char *end, char *byte) {
    if (end - at >= 4 && at[1] == 'x' && hex_value(at[2]) >= 0 && hex_value(at[3]) >= 0) {
        *byte = (char)(hex_value(at[2]) * 16 + hex_value(at[3]));
        return 4;
    }
    switch (at[1]) {
    case 'n': *byte = '\n'; break;
    case 'r': *byte = '\r'; break;
    case 't': *byte = '\t'; break;
    case 'b': *byte = '\b'; break;
    case 'a': *byte = '\a'; break;
    default: *byte = at[1];
    }
    return 2;
}

/* Takes one word, which may begin in the open and go on in quotes. NULL: the quotes are wrong. */
static const char *split_word(const char *at, const char *end, struct config_buf *word) {
    char quote = '\0';

    for (;; at++) {
        if (at == end) return quote == '\0' ? at : NULL;
        if (quote == '\0') {
            if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t' || *at == '\0') return at;
            if (*at == '"' || *at == '\'') {
                quote = *at;
            } else {
                config_buf_append(word, at, 1);
            }
        } else if (*at == quote) {
            at++;
            return at == end || is_blank(*at) ? at : NULL; /* "a"b is not a word */
        } else if (quote == '"' && *at == '\\' && end - at >= 2) {
            char byte = '\0';
            at += unescape(at, end, &byte) - 1;
            config_buf_append(word, &byte, 1);
        } else if (quote == '\'' && *at == '\\' && end - at >= 2 && at[1] == '\'') {
            config_buf_append(word, "'", 1);
            at++;
        } else {
            config_buf_append(word, at, 1);
        }
    }
}

bool config_split(struct slice line, struct config_args *args) {
    struct config_buf word = {0};
    bool balanced = true;

    *args = (struct config_args){0};
    if (line.len == 0) return true;
    const char *at = line.data;
    const char *end = line.data + line.len;
    for (;;) {
        while (at < end && (is_blank(*at) || *at == '\0')) at++;
        if (at == end) break;
        word.len = 0;
        at = split_word(at, end, &word);
        if (at == NULL) {
            balanced = false;
            break;
        }
        config_args_append(args, config_buf_slice(&word));
    }
    config_buf_free(&word);
    if (!balanced) config_args_free(args);
    return balanced;
}

void config_split_spaces(struct slice value, struct config_args *args) {
    *args = (struct config_args){0};
    if (value.len == 0) return;
    const char *at = value.data;
    const char *end = value.data + value.len;
    for (;;) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *stop = space == NULL ? end : space;
        config_args_append(args, slice_of(at, (size_t)(stop - at)));
        if (space == NULL) return;
        at = space + 1;
    }
}

struct slice config_trim(struct slice text, const char *bytes) {
    while (text.len > 0 && text.data[0] != '\0' && strchr(bytes, text.data[0]) != NULL) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && text.data[text.len - 1] != '\0' &&
           strchr(bytes, text.data[text.len - 1]) != NULL) {
        text.len--;
    }
    return text;
}
