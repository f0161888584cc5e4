#pragma once
/* Requests as clients send them: RESP multibulk ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", the same in
 * RESP2 and RESP3, https://redis.io/docs/latest/develop/reference/protocol-spec/) and inline
 * commands ("GET k\r\n").
 *
 * The parser works in place and keeps its place: given the same bytes with more behind them, at
 * whatever address, it goes on where it stopped, so a command that arrives byte by byte costs
 * linear time. Arguments are offsets into the bytes given. One thread at a time; no clock, no
 * I/O. */
#include "core/base.h"

struct resp_arg {
    size_t offset, len;
};

struct resp_limits {
    size_t bulk_len_max; /* proto-max-bulk-len */
    bool is_authenticated; /* strangers get small limits: 10 arguments of 16 KiB */
};

enum { RESP_ARGS_INLINE = 8, RESP_INLINE_BYTES_MAX = 64 * 1024, RESP_ARGS_KEPT_MAX = 1024 };

struct resp_parser {
    size_t pos; /* next byte to look at, from the command's first byte */
    int64_t args_left; /* bulk strings still to come; meaningful once has_header */
    int64_t bulk_len; /* of the argument being read; -1: its header is still to come */
    bool has_header;
    /* an inline command has been taken apart (in place): the result stays until
     * resp_parser_next() */
    bool is_whole;
    uint32_t args_count, args_capacity;
    struct resp_arg *args; /* args_inline or the heap */
    struct resp_arg args_inline[RESP_ARGS_INLINE];
};

enum resp_result {
    RESP_COMMAND, /* args[0..args_count) is a command, pos its length in bytes */
    RESP_NOTHING, /* pos bytes held no command (an empty line, "*0"): skip them */
    RESP_MORE, /* not whole yet */
    RESP_ERROR, /* *error is Redis' text; the connection is to be closed after it was sent */
};

void resp_parser_init(struct resp_parser *parser);
void resp_parser_deinit(struct resp_parser *parser);
/* `data` is writable: inline commands are unquoted where they lie; until resp_parser_next() the
 * same bytes give the same command again. */
enum resp_result resp_parse(struct resp_parser *parser, char *data, size_t len,
                            const struct resp_limits *limits, char *error, size_t error_bytes);
void resp_parser_shrink(struct resp_parser *parser);
/* After RESP_COMMAND or RESP_NOTHING: ready for the next one. */
static inline void resp_parser_next(struct resp_parser *parser) {
    parser->pos = 0;
    parser->has_header = false;
    parser->is_whole = false;
    parser->args_count = 0;
    parser->bulk_len = -1;
    if (SL_UNLIKELY(parser->args_capacity > RESP_ARGS_KEPT_MAX)) resp_parser_shrink(parser);
}
/* Bytes from the command's start that will be needed at least, as far as is known: to size a
 * buffer once for a large argument. */
size_t resp_parser_bytes_needed(const struct resp_parser *parser);
