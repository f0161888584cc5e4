#include "net/resp_parse.h"

#include <limits.h>
#include <stdio.h>

#include "core/mem.h"

enum {
    UNAUTHENTICATED_ARGS_MAX = 10,
    UNAUTHENTICATED_BULK_MAX = 16384,
};

void resp_parser_init(struct resp_parser *parser) {
    *parser = (struct resp_parser){.bulk_len = -1, .args_capacity = RESP_ARGS_INLINE};
    parser->args = parser->args_inline;
}

void resp_parser_shrink(struct resp_parser *parser) {
    mem_free(parser->args);
    parser->args = parser->args_inline;
    parser->args_capacity = RESP_ARGS_INLINE;
}

void resp_parser_deinit(struct resp_parser *parser) {
    if (parser->args != parser->args_inline) mem_free(parser->args);
    parser->args = parser->args_inline;
    parser->args_capacity = RESP_ARGS_INLINE;
}

size_t resp_parser_bytes_needed(const struct resp_parser *parser) {
    if (!parser->has_header || parser->bulk_len < 0) return parser->pos + 1;
    return parser->pos + (size_t)parser->bulk_len + 2;
}

static void args_push(struct resp_parser *parser, size_t offset, size_t len) {
    if (SL_UNLIKELY(parser->args_count == parser->args_capacity)) {
        uint32_t capacity = parser->args_capacity * 2;
        bool was_inline = parser->args == parser->args_inline;
        struct resp_arg *args = was_inline
                                    ? mem_must(capacity * sizeof *args)
                                    : mem_must_realloc(parser->args, capacity * sizeof *args);
        if (was_inline) memcpy(args, parser->args_inline, sizeof parser->args_inline);
        parser->args = args;
        parser->args_capacity = capacity;
    }
    parser->args[parser->args_count++] = (struct resp_arg){offset, len};
}

/* As C's strchr on Redis' side: a zero byte hides what is behind it. */
static const char *find_before_zero(const char *data, char wanted, size_t len) {
    const char *found = memchr(data, wanted, len);
    if (found == NULL || memchr(data, '\0', (size_t)(found - data)) != NULL) return NULL;
    return found;
}

/* The position behind the line's CR and one more byte; 0: not whole. */
static size_t line_end(const char *data, size_t pos, size_t len) {
    const char *carriage = find_before_zero(data + pos, '\r', len - pos);
    if (carriage == NULL || (size_t)(carriage - data) + 1 >= len) return 0;
    return (size_t)(carriage - data) + 2;
}

/* A decimal number up to CR LF, as Redis' string2ll takes it: no sign but '-', no leading zeros,
 * nothing around it. Returns the position behind the LF, 0 when the line is not whole. */
static size_t parse_number_line(const char *data, size_t pos, size_t len, bool *is_ok,
                                int64_t *value) {
    size_t start = pos;
    uint64_t number = 0;
    bool is_negative = pos < len && data[pos] == '-';

    if (is_negative) pos++;
    size_t digits_start = pos;
    while (pos < len && data[pos] >= '0' && data[pos] <= '9' && pos - digits_start < 19) {
        number = number * 10 + (uint64_t)(data[pos++] - '0');
    }
    size_t digits_count = pos - digits_start;
    bool is_sane = digits_count > 0 &&
                   !(data[digits_start] == '0' && (digits_count > 1 || is_negative)) &&
                   number <= (uint64_t)INT64_MAX + (is_negative ? 1 : 0);

    /* The line ends at its CR, whatever is before it. */
    if (!(pos < len && data[pos] == '\r')) {
        pos = line_end(data, start, len);
        if (pos == 0) return 0;
        pos -= 2;
        is_sane = false;
    }
    if (pos + 1 >= len) return 0;
    *is_ok = is_sane;
    *value = (int64_t)(is_negative ? 0 - number : number);
    return pos + 2;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f';
}

static char unescape(char c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

/* Splits one line into arguments as redis-cli and redis.conf do: blanks separate, "..." with C
 * escapes, '...' with only \' escaped; a closing quote must end the argument. Works in place.
 * False: unbalanced quotes. */
static bool split_line(struct resp_parser *parser, char *data, size_t len) {
    size_t in = 0;

    for (;;) {
        while (in < len && is_blank(data[in])) in++;
        if (in >= len) return true;
        size_t start = in, out = in;
        char quote = 0;
        for (;; in++) {
            if (in >= len) {
                if (quote != 0) return false;
                break;
            }
            char c = data[in];
            if (quote == '"') {
                if (c == '\\' && in + 3 < len && data[in + 1] == 'x' &&
                    hex_digit(data[in + 2]) >= 0 && hex_digit(data[in + 3]) >= 0) {
                    data[out++] = (char)(hex_digit(data[in + 2]) * 16 + hex_digit(data[in + 3]));
                    in += 3;
                } else if (c == '\\' && in + 1 < len) {
                    data[out++] = unescape(data[++in]);
                } else if (c == '"') {
                    if (in + 1 < len && !is_blank(data[in + 1])) return false;
                    in++;
                    break;
                } else {
                    data[out++] = c;
                }
            } else if (quote == '\'') {
                if (c == '\\' && in + 1 < len && data[in + 1] == '\'') {
                    data[out++] = '\'';
                    in++;
                } else if (c == '\'') {
                    if (in + 1 < len && !is_blank(data[in + 1])) return false;
                    in++;
                    break;
                } else {
                    data[out++] = c;
                }
                /* as Redis: those two only between words */
            } else if ((is_blank(c) && c != '\v' && c != '\f') || c == '\0') {
                break;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else {
                data[out++] = c;
            }
        }
        args_push(parser, start, out - start);
        if (in < len && data[in] == '\0') return true;
    }
}

static enum resp_result parse_inline(struct resp_parser *parser, char *data, size_t len,
                                     char *error, size_t error_bytes) {
    const char *newline = find_before_zero(data + parser->pos, '\n', len - parser->pos);

    if (newline == NULL) {
        if (len > RESP_INLINE_BYTES_MAX) {
            snprintf(error, error_bytes, "Protocol error: too big inline request");
            return RESP_ERROR;
        }
        /* What was searched is not searched again; after a zero byte nothing is ever found. */
        const char *zero = memchr(data + parser->pos, '\0', len - parser->pos);
        parser->pos = zero != NULL ? (size_t)(zero - data) : len;
        return RESP_MORE;
    }
    size_t line_len = (size_t)(newline - data);
    parser->pos = line_len + 1;
    if (line_len > 0 && data[line_len - 1] == '\r') line_len--;
    if (!split_line(parser, data, line_len)) {
        snprintf(error, error_bytes, "Protocol error: unbalanced quotes in request");
        return RESP_ERROR;
    }
    if (parser->args_count == 0) return RESP_NOTHING;
    parser->is_whole = true;
    return RESP_COMMAND;
}

/* Reads "*<count>\r\n". RESP_COMMAND here means: go on with the arguments. */
static enum resp_result parse_header(struct resp_parser *parser, const char *data, size_t len,
                                     const struct resp_limits *limits, char *error,
                                     size_t error_bytes) {
    bool is_ok = false;
    int64_t count = 0;
    size_t pos = parse_number_line(data, 1, len, &is_ok, &count);

    if (pos == 0) {
        if (len <= RESP_INLINE_BYTES_MAX) return RESP_MORE;
        snprintf(error, error_bytes, "Protocol error: too big mbulk count string");
        return RESP_ERROR;
    }
    if (!is_ok || count > INT_MAX) {
        snprintf(error, error_bytes, "Protocol error: invalid multibulk length");
        return RESP_ERROR;
    }
    if (count > UNAUTHENTICATED_ARGS_MAX && !limits->is_authenticated) {
        snprintf(error, error_bytes, "Protocol error: unauthenticated multibulk length");
        return RESP_ERROR;
    }
    parser->pos = pos;
    if (count <= 0) return RESP_NOTHING;
    parser->args_left = count;
    parser->has_header = true;
    return RESP_COMMAND;
}

/* Reads "$<len>\r\n" at parser->pos. */
static enum resp_result parse_bulk_header(struct resp_parser *parser, const char *data, size_t len,
                                          const struct resp_limits *limits, char *error,
                                          size_t error_bytes) {
    bool is_ok = false;
    int64_t bulk_len = 0;

    if (parser->pos >= len) return RESP_MORE;
    bool is_bulk = data[parser->pos] == '$';
    size_t pos = is_bulk ? parse_number_line(data, parser->pos + 1, len, &is_ok, &bulk_len)
                         /* Redis waits for the whole line before it complains */
                         : line_end(data, parser->pos, len);
    if (pos == 0) {
        if (len - parser->pos <= RESP_INLINE_BYTES_MAX) return RESP_MORE;
        snprintf(error, error_bytes, "Protocol error: too big bulk count string");
        return RESP_ERROR;
    }
    if (!is_bulk) {
        snprintf(error, error_bytes, "Protocol error: expected '$', got '%c'", data[parser->pos]);
        return RESP_ERROR;
    }
    if (!is_ok || bulk_len < 0 || (uint64_t)bulk_len > limits->bulk_len_max) {
        snprintf(error, error_bytes, "Protocol error: invalid bulk length");
        return RESP_ERROR;
    }
    if (bulk_len > UNAUTHENTICATED_BULK_MAX && !limits->is_authenticated) {
        snprintf(error, error_bytes, "Protocol error: unauthenticated bulk length");
        return RESP_ERROR;
    }
    parser->pos = pos;
    parser->bulk_len = bulk_len;
    return RESP_COMMAND;
}

enum resp_result resp_parse(struct resp_parser *parser, char *data, size_t len,
                            const struct resp_limits *limits, char *error, size_t error_bytes) {
    enum resp_result result;

    if (len == 0) return RESP_MORE;
    if (parser->is_whole) return RESP_COMMAND;
    if (!parser->has_header) {
        if (data[0] != '*') return parse_inline(parser, data, len, error, error_bytes);
        result = parse_header(parser, data, len, limits, error, error_bytes);
        if (result != RESP_COMMAND) return result;
    }
    while (parser->args_left > 0) {
        if (parser->bulk_len < 0) {
            result = parse_bulk_header(parser, data, len, limits, error, error_bytes);
            if (result != RESP_COMMAND) return result;
        }
        size_t bulk_len = (size_t)parser->bulk_len;
        if (len - parser->pos < bulk_len + 2) return RESP_MORE;
        args_push(parser, parser->pos, bulk_len);
        parser->pos += bulk_len + 2; /* the CR LF is taken on trust, as Redis does */
        parser->bulk_len = -1;
        parser->args_left--;
    }
    return RESP_COMMAND;
}
