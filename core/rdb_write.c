#include "core/rdb_write.h"

#include <liblzf/lzf.h>

#include "core/mem.h"
#include "core/number.h"

enum {
    ROOM_BYTES_MIN = 256,
    DRAIN_BYTES = 64 * 1024, /* handed on when so much has gathered */
    LEN_BYTES_MAX = 9,
    NUMBER_TEXT_BYTES_MAX = 11, /* of a number that fits into 32 bits */
    COMPRESS_BYTES_MIN = 21,
    COMPRESS_GAIN_MIN = 4, /* shorter by so much, or it is not worth it */
};

bool rdb_drain_nowhere(void *owner, struct slice bytes) {
    (void)owner;
    (void)bytes;
    return true;
}

void rdb_writer_deinit(struct rdb_writer *writer) {
    mem_free(writer->data);
    writer->data = NULL;
    writer->len = writer->capacity = 0;
}

void rdb_writer_flush(struct rdb_writer *writer) {
    if (writer->is_failed || writer->drain == NULL || writer->len == 0) return;
    if (!writer->drain(writer->owner, slice_of(writer->data, writer->len))) {
        writer->is_failed = true;
        return;
    }
    writer->drained_bytes += writer->len;
    writer->len = 0;
}

/* Where so many bytes may be written. NULL: failed. */
static char *room(struct rdb_writer *writer, size_t bytes) {
    if (SL_UNLIKELY(writer->is_failed)) return NULL;
    if (writer->len >= DRAIN_BYTES) {
        rdb_writer_flush(writer);
        if (writer->is_failed) return NULL;
    }
    if (SL_UNLIKELY(bytes > writer->capacity - writer->len)) {
        size_t capacity = writer->capacity + writer->capacity / 2;
        char *data = NULL;

        if (bytes < SIZE_MAX / 4) {
            if (capacity < writer->len + bytes) capacity = writer->len + bytes + ROOM_BYTES_MIN;
            data = mem_try_realloc(writer->data, capacity);
        }
        if (data == NULL) {
            writer->is_failed = true;
            return NULL;
        }
        writer->data = data;
        writer->capacity = capacity;
    }
    return writer->data + writer->len;
}

void rdb_write_bytes(struct rdb_writer *writer, struct slice bytes) {
    char *dst = room(writer, bytes.len);

    if (dst == NULL || bytes.len == 0) return;
    memcpy(dst, bytes.data, bytes.len);
    writer->len += bytes.len;
}

void rdb_write_byte(struct rdb_writer *writer, uint8_t byte) {
    char *dst = room(writer, 1);

    if (dst == NULL) return;
    *dst = (char)byte;
    writer->len++;
}

static size_t print_len(unsigned char dst[static LEN_BYTES_MAX], uint64_t len) {
    if (len < 1u << 6) {
        dst[0] = (unsigned char)len;
        return 1;
    }
    if (len < 1u << 14) {
        dst[0] = (unsigned char)(RDB_LEN_14BIT << 6 | len >> 8);
        dst[1] = (unsigned char)len;
        return 2;
    }
    size_t bytes = len <= UINT32_MAX ? 4 : 8;
    dst[0] = bytes == 4 ? RDB_LEN_32BIT : RDB_LEN_64BIT;
    for (size_t i = 0; i < bytes; i++) dst[1 + i] = (unsigned char)(len >> (8 * (bytes - 1 - i)));
    return 1 + bytes;
}

void rdb_write_len(struct rdb_writer *writer, uint64_t len) {
    unsigned char text[LEN_BYTES_MAX];
    size_t bytes = print_len(text, len);

    rdb_write_bytes(writer, slice_of((const char *)text, bytes));
}

static bool write_number(struct rdb_writer *writer, int64_t value) {
    unsigned char text[5];
    size_t bytes;
    uint8_t encoding;

    if (value >= INT8_MIN && value <= INT8_MAX) {
        encoding = RDB_ENCODED_INT8;
        bytes = 1;
    } else if (value >= INT16_MIN && value <= INT16_MAX) {
        encoding = RDB_ENCODED_INT16;
        bytes = 2;
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        encoding = RDB_ENCODED_INT32;
        bytes = 4;
    } else {
        return false;
    }
    text[0] = (unsigned char)(RDB_LEN_ENCODED << 6 | encoding);
    for (size_t i = 0; i < bytes; i++)
        text[1 + i] = (unsigned char)((uint64_t)value >> (8 * i)); /* little-endian */
    rdb_write_bytes(writer, slice_of((const char *)text, 1 + bytes));
    return true;
}

/* Behind room for the longest header first, then moved to where the header really ends. */
static bool write_compressed(struct rdb_writer *writer, struct slice text) {
    enum { HEADER_BYTES_MAX = 1 + 2 * LEN_BYTES_MAX };
    unsigned char header[HEADER_BYTES_MAX];

    if (text.len > UINT32_MAX / 2) return false;
    char *dst = room(writer, HEADER_BYTES_MAX + text.len);
    if (dst == NULL) return false;
    unsigned bytes = lzf_compress(text.data, (unsigned)text.len, dst + HEADER_BYTES_MAX,
                                  (unsigned)(text.len - COMPRESS_GAIN_MIN));
    if (bytes == 0) return false;
    size_t at = 0;
    header[at++] = RDB_LEN_ENCODED << 6 | RDB_ENCODED_LZF;
    at += print_len(header + at, bytes);
    at += print_len(header + at, text.len);
    memmove(dst + at, dst + HEADER_BYTES_MAX, bytes);
    memcpy(dst, header, at);
    writer->len += at + bytes;
    return true;
}

void rdb_write_string(struct rdb_writer *writer, struct slice text) {
    int64_t value;

    if (text.len <= NUMBER_TEXT_BYTES_MAX && number_parse_int64(text, &value) &&
        write_number(writer, value))
        return;
    if (writer->compresses && text.len >= COMPRESS_BYTES_MIN && write_compressed(writer, text))
        return;
    rdb_write_len(writer, text.len);
    rdb_write_bytes(writer, text);
}

void rdb_write_integer(struct rdb_writer *writer, int64_t value) {
    char text[NUMBER_INT64_BYTES_MAX];

    if (write_number(writer, value)) return;
    size_t len = number_print_int64(text, value);
    rdb_write_len(writer, len);
    rdb_write_bytes(writer, slice_of(text, len));
}

void rdb_write_uint64(struct rdb_writer *writer, uint64_t value) {
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(value >> (8 * i));
    rdb_write_bytes(writer, slice_of((const char *)bytes, sizeof bytes));
}

void rdb_write_double(struct rdb_writer *writer, double value) {
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    rdb_write_uint64(writer, word);
}
