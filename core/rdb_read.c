#include "core/rdb_read.h"

#include <liblzf/lzf.h>
#include <math.h>

#include "core/mem.h"
#include "core/number.h"

/* Three bytes of compressed text give at most 264. */
enum { LZF_RATIO_MAX = 88 };

bool rdb_read_bytes(struct rdb_reader *reader, size_t count, struct slice *bytes) {
    if (count > rdb_reader_left(reader)) return false;
    *bytes = slice_of((const char *)reader->at, count);
    reader->at += count;
    return true;
}

bool rdb_read_byte(struct rdb_reader *reader, uint8_t *byte) {
    if (reader->at == reader->end) return false;
    *byte = *reader->at++;
    return true;
}

static bool read_big_endian(struct rdb_reader *reader, size_t count, uint64_t *value) {
    if (count > rdb_reader_left(reader)) return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) *value = *value << 8 | *reader->at++;
    return true;
}

/* A length, or what encoding follows. */
static bool read_len_or_encoding(struct rdb_reader *reader, uint64_t *len, bool *is_encoding) {
    uint8_t first, second;

    *is_encoding = false;
    if (!rdb_read_byte(reader, &first)) return false;
    switch (first >> 6) {
    case RDB_LEN_6BIT: *len = first; return true;
    case RDB_LEN_14BIT:
        if (!rdb_read_byte(reader, &second)) return false;
        *len = (uint64_t)(first & 0x3f) << 8 | second;
        return true;
    case RDB_LEN_ENCODED:
        *is_encoding = true;
        *len = first & 0x3f;
        return true;
    default: break;
    }
    if (first == RDB_LEN_32BIT) return read_big_endian(reader, 4, len);
    if (first == RDB_LEN_64BIT) return read_big_endian(reader, 8, len);
    return false;
}

bool rdb_read_len(struct rdb_reader *reader, uint64_t *len) {
    bool is_encoding;

    return read_len_or_encoding(reader, len, &is_encoding) && !is_encoding;
}

bool rdb_read_count(struct rdb_reader *reader, size_t bytes_each_min, uint64_t *count) {
    return rdb_read_len(reader, count) && *count <= rdb_reader_left(reader) / bytes_each_min;
}

bool rdb_read_uint64(struct rdb_reader *reader, uint64_t *value) {
    if (rdb_reader_left(reader) < sizeof *value) return false;
    memcpy(value, reader->at, sizeof *value); /* little-endian */
    reader->at += sizeof *value;
    return true;
}

bool rdb_read_double(struct rdb_reader *reader, double *value) {
    uint64_t word;

    if (!rdb_read_uint64(reader, &word)) return false;
    memcpy(value, &word, sizeof word);
    return true;
}

bool rdb_read_double_text(struct rdb_reader *reader, double *value) {
    struct slice text;
    uint8_t len;

    if (!rdb_read_byte(reader, &len)) return false;
    switch (len) {
    case 253: return false; /* not a number: of no use to anybody */
    case 254: *value = INFINITY; return true;
    case 255: *value = -INFINITY; return true;
    default: return rdb_read_bytes(reader, len, &text) && number_parse_double(text, value);
    }
}

/* ---- Strings ---- */

static bool read_number(struct rdb_reader *reader, uint64_t encoding, struct rdb_string *string) {
    size_t bytes_count = (size_t)1 << encoding;
    struct slice bytes;
    int64_t value;

    if (!rdb_read_bytes(reader, bytes_count, &bytes)) return false;
    if (encoding == RDB_ENCODED_INT8) {
        value = (int8_t)bytes.data[0];
    } else if (encoding == RDB_ENCODED_INT16) {
        int16_t number;
        memcpy(&number, bytes.data, sizeof number);
        value = number;
    } else {
        int32_t number;
        memcpy(&number, bytes.data, sizeof number);
        value = number;
    }
    string->text = slice_of(string->scratch, number_print_int64(string->scratch, value));
    return true;
}

static bool read_compressed(struct rdb_reader *reader, struct rdb_string *string) {
    uint64_t bytes_count, len;
    struct slice bytes;

    if (!rdb_read_len(reader, &bytes_count) || !rdb_read_len(reader, &len)) return false;
    if (bytes_count > UINT32_MAX || !rdb_read_bytes(reader, (size_t)bytes_count, &bytes))
        return false;
    if (len == 0 || len > UINT32_MAX || len > bytes_count * LZF_RATIO_MAX) return false;
    char *text = mem_try((size_t)len);
    if (text == NULL) {
        reader->is_out_of_memory = true;
        return false;
    }
    if (lzf_decompress(bytes.data, (unsigned)bytes.len, text, (unsigned)len) != len) {
        mem_free(text);
        return false;
    }
    string->text = slice_of(text, (size_t)len);
    string->owned = text;
    return true;
}

bool rdb_read_string(struct rdb_reader *reader, struct rdb_string *string) {
    uint64_t len;
    bool is_encoding;

    string->owned = NULL;
    if (!read_len_or_encoding(reader, &len, &is_encoding)) return false;
    if (!is_encoding) {
        if (len > rdb_reader_left(reader)) return false;
        return rdb_read_bytes(reader, (size_t)len, &string->text);
    }
    switch (len) {
    case RDB_ENCODED_INT8:
    case RDB_ENCODED_INT16:
    case RDB_ENCODED_INT32: return read_number(reader, len, string);
    case RDB_ENCODED_LZF: return read_compressed(reader, string);
    default: return false;
    }
}

void rdb_string_deinit(struct rdb_string *string) {
    mem_free(string->owned);
    string->owned = NULL;
}
