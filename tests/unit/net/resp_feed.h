#pragma once
/* Feeds bytes to the request parser in pieces and writes down what came out, so that two ways of
 * cutting the same bytes can be compared. Whatever is unparsed lies in a block of exactly its
 * size, at a new address for every piece: a parser that remembers an address or reads too far is
 * caught by AddressSanitizer. For test_resp_parse.c and fuzz_resp.c. */
#include <stdio.h>
#include <stdlib.h>

#include "net/resp_parse.h"

struct resp_feed {
    /* one line a command, arguments in brackets: "[GET][k]\n"; what is not printable as \xhh */
    char *text;
    size_t text_len, text_capacity;
    size_t commands_count;
    size_t rest_bytes; /* unparsed at the end */
    bool has_error;
};

static inline void resp_feed_free(struct resp_feed *feed) {
    free(feed->text);
    *feed = (struct resp_feed){0};
}

static inline void resp_feed_write(struct resp_feed *feed, const char *bytes, size_t len) {
    if (feed->text_len + len + 1 > feed->text_capacity) {
        feed->text_capacity = (feed->text_len + len + 1) * 2;
        feed->text = realloc(feed->text, feed->text_capacity);
        SL_ASSERT(feed->text != NULL);
    }
    if (len > 0) memcpy(feed->text + feed->text_len, bytes, len);
    feed->text_len += len;
    feed->text[feed->text_len] = '\0';
}

static inline void resp_feed_write_argument(struct resp_feed *feed, const char *bytes, size_t len) {
    char escaped[8];

    resp_feed_write(feed, "[", 1);
    for (size_t i = 0; i < len; i++) {
        bool is_plain = bytes[i] >= ' ' && bytes[i] <= '~';
        if (!is_plain) (void)snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)bytes[i]);
        resp_feed_write(feed, is_plain ? &bytes[i] : escaped, is_plain ? 1 : 4);
    }
    resp_feed_write(feed, "]", 1);
}

static inline void resp_feed_write_command(struct resp_feed *feed, const struct resp_parser *parser,
                                           const char *data, size_t len) {
    size_t end = 0;

    SL_ASSERT(parser->pos > 0 && parser->pos <= len);
    SL_ASSERT(parser->args_count > 0);
    for (uint32_t i = 0; i < parser->args_count; i++) {
        const struct resp_arg *arg = &parser->args[i];
        SL_ASSERT(arg->offset >= end); /* in order, and none over another */
        SL_ASSERT(arg->len <= parser->pos && arg->offset <= parser->pos - arg->len);
        end = arg->offset + arg->len;
        resp_feed_write_argument(feed, data + arg->offset, arg->len);
    }
    resp_feed_write(feed, "\n", 1);
    feed->commands_count++;
}

/* A block of exactly `len` bytes with a head and a tail put together; `old` is freed. */
static inline char *resp_feed_block(char *old, const char *head, size_t head_len, const char *tail,
                                    size_t tail_len) {
    char *block = malloc(head_len + tail_len > 0 ? head_len + tail_len : 1);

    SL_ASSERT(block != NULL);
    if (head_len > 0) memcpy(block, head, head_len);
    if (tail_len > 0) memcpy(block + head_len, tail, tail_len);
    free(old);
    return block;
}

/* Parses what the block holds. Returns how many bytes of it are left over. */
static inline size_t resp_feed_block_parse(struct resp_feed *feed, struct resp_parser *parser,
                                           char **block, size_t len, size_t *needed,
                                           const struct resp_limits *limits) {
    char error[128];

    while (len > 0) {
        enum resp_result result = resp_parse(parser, *block, len, limits, error, sizeof error);
        size_t pos = parser->pos;
        switch (result) {
        case RESP_MORE: *needed = resp_parser_bytes_needed(parser); return len;
        case RESP_ERROR:
            feed->has_error = true;
            resp_feed_write(feed, error, strlen(error));
            return len;
        case RESP_COMMAND: resp_feed_write_command(feed, parser, *block, len); break;
        case RESP_NOTHING: SL_ASSERT(pos > 0 && pos <= len); break;
        }
        SL_ASSERT(pos >= *needed); /* it never asks for more than the command turns out to be */
        *needed = 0;
        resp_parser_next(parser);
        len -= pos;
        *block = resp_feed_block(*block, *block + pos, len, NULL, 0);
    }
    return 0;
}

/* piece_bytes() says how large the next piece is (0 counts as 1). Zero `feed` first; free it
 * afterwards. */
static inline void resp_feed_run(struct resp_feed *feed, const char *bytes, size_t len,
                                 const struct resp_limits *limits,
                                 size_t (*piece_bytes)(void *state), void *state) {
    struct resp_parser parser;
    char *block = resp_feed_block(NULL, NULL, 0, NULL, 0);
    size_t block_len = 0, fed = 0, needed = 0;

    resp_parser_init(&parser);
    while (fed < len && !feed->has_error) {
        size_t piece = piece_bytes(state);
        if (piece == 0) piece = 1;
        if (piece > len - fed) piece = len - fed;
        block = resp_feed_block(block, block, block_len, bytes + fed, piece);
        fed += piece;
        block_len = resp_feed_block_parse(feed, &parser, &block, block_len + piece, &needed,
                                          limits);
    }
    feed->rest_bytes = feed->has_error ? 0 : block_len;
    if (feed->text == NULL) resp_feed_write(feed, "", 0);
    resp_parser_deinit(&parser);
    free(block);
}
