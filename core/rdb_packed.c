/* rdb_packed.c
 *     ziplist: | bytes 4 | last element at 4 | elements 2 | element ... | 0xff |
 *              element: length of the one before (1 byte, or 0xfe and 4), encoding, data
 *     zipmap:  | fields 1 | length, field, length, room behind 1, value, that room ... | 0xff |
 *              length: 1 byte, or 0xfe and 4
 * All numbers little-endian, but for ziplists' lengths of strings.
 * Specifications: the comments of Redis' src/ziplist.c and src/zipmap.c. */
#include "core/rdb_packed.h"

#include "core/listpack.h"
#include "core/number.h"

enum {
    ZIPLIST_HEADER_BYTES = 10,
    ZIPLIST_COUNT_UNKNOWN = 0xffff,
    ZIPMAP_COUNT_UNKNOWN = 0xfe,
    LEN_IS_LONG = 0xfe,
    THE_END = 0xff,
    ZIP_INT16 = 0xc0,
    ZIP_INT32 = 0xd0,
    ZIP_INT64 = 0xe0,
    ZIP_INT24 = 0xf0,
    ZIP_INT8 = 0xfe,
    ZIP_SMALL_MIN = 0xf1, /* the number itself, plus one: 0 to 12 */
    ZIP_SMALL_MAX = 0xfd,
};

static uint32_t uint32_at(const unsigned char *at) {
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static size_t left(const struct rdb_packed *packed) {
    return (size_t)(packed->end - packed->at);
}

bool rdb_packed_init(struct rdb_packed *packed, enum rdb_packed_kind kind, struct slice bytes) {
    const unsigned char *start = (const unsigned char *)bytes.data;

    *packed = (struct rdb_packed){
        .kind = kind, .start = start, .at = start, .end = start + bytes.len};
    switch (kind) {
    case RDB_PACKED_LISTPACK:
        if (!listpack_is_valid(start, bytes.len)) return false;
        packed->at = listpack_first(start);
        return true;
    case RDB_PACKED_ZIPLIST:
        if (bytes.len < ZIPLIST_HEADER_BYTES + 1 || uint32_at(start) != bytes.len) return false;
        packed->count_said = (size_t)(start[8] | start[9] << 8);
        packed->at += ZIPLIST_HEADER_BYTES;
        return true;
    case RDB_PACKED_ZIPMAP:
        if (bytes.len < 2) return false;
        packed->count_said = start[0];
        packed->at++;
        return true;
    }
    return false;
}

static enum rdb_packed_step listpack_step(struct rdb_packed *packed, struct slice *text) {
    if (packed->at == NULL) return RDB_PACKED_END;
    *text = listpack_get(packed->at, packed->scratch);
    packed->at = listpack_next(packed->start, packed->at);
    packed->count++;
    return RDB_PACKED_ELEMENT;
}

/* 0xff where an element could start: it must be the last byte, and the count right. */
static enum rdb_packed_step end_step(const struct rdb_packed *packed, size_t count,
                                     size_t count_unknown) {
    if (left(packed) != 1) return RDB_PACKED_BAD;
    if (packed->count_said < count_unknown && packed->count_said != count) return RDB_PACKED_BAD;
    return RDB_PACKED_END;
}

/* ---- Ziplists ---- */

static enum rdb_packed_step ziplist_integer(struct rdb_packed *packed, unsigned encoding,
                                            struct slice *text) {
    int64_t value;
    size_t bytes;

    switch (encoding) {
    case ZIP_INT8: bytes = 1; break;
    case ZIP_INT16: bytes = 2; break;
    case ZIP_INT24: bytes = 3; break;
    case ZIP_INT32: bytes = 4; break;
    case ZIP_INT64: bytes = 8; break;
    default:
        if (encoding < ZIP_SMALL_MIN || encoding > ZIP_SMALL_MAX) return RDB_PACKED_BAD;
        bytes = 0;
        break;
    }
    if (left(packed) < bytes) return RDB_PACKED_BAD;
    if (bytes == 0) {
        value = (int64_t)encoding - ZIP_SMALL_MIN;
    } else { /* put at the top, so that shifting back spreads the sign */
        uint64_t word = 0;
        for (size_t i = 0; i < bytes; i++) word |= (uint64_t)packed->at[i] << (8 * i);
        value = (int64_t)(word << (64 - 8 * bytes)) >> (64 - 8 * bytes);
    }
    packed->at += bytes;
    *text = slice_of(packed->scratch, number_print_int64(packed->scratch, value));
    return RDB_PACKED_ELEMENT;
}

static enum rdb_packed_step ziplist_string(struct rdb_packed *packed, unsigned encoding,
                                           struct slice *text) {
    size_t len = encoding & 0x3f, more = 0;

    if (encoding >> 6 == 1) more = 1;
    if (encoding >> 6 == 2) more = 4;
    if (left(packed) < more) return RDB_PACKED_BAD;
    if (more == 4) len = 0; /* its six bits mean nothing */
    for (size_t i = 0; i < more; i++) len = len << 8 | *packed->at++;
    if (left(packed) < len) return RDB_PACKED_BAD;
    *text = slice_of((const char *)packed->at, len);
    packed->at += len;
    return RDB_PACKED_ELEMENT;
}

static enum rdb_packed_step ziplist_step(struct rdb_packed *packed, struct slice *text) {
    const unsigned char *element = packed->at;
    size_t bytes_before;

    if (left(packed) == 0) return RDB_PACKED_BAD;
    if (*packed->at == THE_END) return end_step(packed, packed->count, ZIPLIST_COUNT_UNKNOWN);
    bytes_before = *packed->at++;
    if (bytes_before == LEN_IS_LONG) {
        if (left(packed) < 4) return RDB_PACKED_BAD;
        bytes_before = uint32_at(packed->at);
        packed->at += 4;
    }
    if (bytes_before != packed->bytes_before || left(packed) == 0) return RDB_PACKED_BAD;
    unsigned encoding = *packed->at++;
    enum rdb_packed_step step = encoding < ZIP_INT16 ? ziplist_string(packed, encoding, text)
                                                     : ziplist_integer(packed, encoding, text);
    packed->bytes_before = (size_t)(packed->at - element);
    packed->count++;
    return step;
}

/* ---- Zipmaps ---- */

static enum rdb_packed_step zipmap_step(struct rdb_packed *packed, struct slice *text) {
    size_t len, room = 0;

    if (left(packed) == 0) return RDB_PACKED_BAD;
    len = *packed->at;
    if (len == THE_END && !packed->is_value)
        return end_step(packed, packed->count / 2, ZIPMAP_COUNT_UNKNOWN);
    if (len == THE_END) return RDB_PACKED_BAD;
    packed->at++;
    if (len == LEN_IS_LONG) {
        if (left(packed) < 4) return RDB_PACKED_BAD;
        len = uint32_at(packed->at);
        packed->at += 4;
    }
    if (packed->is_value) {
        if (left(packed) == 0) return RDB_PACKED_BAD;
        room = *packed->at++;
    }
    if (left(packed) < len || left(packed) - len < room) return RDB_PACKED_BAD;
    *text = slice_of((const char *)packed->at, len);
    packed->at += len + room;
    packed->is_value = !packed->is_value;
    packed->count++;
    return RDB_PACKED_ELEMENT;
}

enum rdb_packed_step rdb_packed_next(struct rdb_packed *packed, struct slice *text) {
    switch (packed->kind) {
    case RDB_PACKED_LISTPACK: return listpack_step(packed, text);
    case RDB_PACKED_ZIPLIST: return ziplist_step(packed, text);
    case RDB_PACKED_ZIPMAP: return zipmap_step(packed, text);
    }
    return RDB_PACKED_BAD;
}
