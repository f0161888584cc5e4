#pragma once
/* The bytes of RDB files and DUMP payloads on their way in (core/rdb_write.h is the way out).
 * They may be anything: a reader never goes past its end, and what it allocates is bounded by
 * what it was given. False means bad bytes (or no memory: is_out_of_memory); the reader is of no
 * more use then. */
#include "core/rdb.h"

struct rdb_reader {
    const unsigned char *at, *end;
    bool is_out_of_memory;
};
static inline struct rdb_reader rdb_reader_of(struct slice bytes) {
    const unsigned char *at = (const unsigned char *)bytes.data;
    return (struct rdb_reader){.at = at, .end = at + bytes.len};
}
static inline size_t rdb_reader_left(const struct rdb_reader *reader) {
    return (size_t)(reader->end - reader->at);
}

/* A string; text lies in what was read, in scratch or in owned: do not move the struct. */
struct rdb_string {
    struct slice text;
    char *owned; /* or NULL */
    char scratch[24];
};
bool rdb_read_string(struct rdb_reader *reader, struct rdb_string *string);
void rdb_string_deinit(struct rdb_string *string); /* of one that was read */

bool rdb_read_bytes(struct rdb_reader *reader, size_t count, struct slice *bytes);
bool rdb_read_byte(struct rdb_reader *reader, uint8_t *byte);
bool rdb_read_len(struct rdb_reader *reader, uint64_t *len);
/* A count of things that take at least so many bytes each: refused if they cannot all be there. */
bool rdb_read_count(struct rdb_reader *reader, size_t bytes_each_min, uint64_t *count);
bool rdb_read_uint64(struct rdb_reader *reader, uint64_t *value);
bool rdb_read_double(struct rdb_reader *reader, double *value);
/* A score of the oldest kind: text behind its length in one byte, 253 to 255: nan, inf, -inf. */
bool rdb_read_double_text(struct rdb_reader *reader, double *value);
