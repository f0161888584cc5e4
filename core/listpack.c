/* listpack.c - small collections in one allocation.
 *
 * An element begins with its encoding and ends with its own length (of encoding and data) in 7-bit
 * groups, most significant first when read backwards, so that both directions can be walked:
 *
 *     0xxxxxxx                     0..127
 *     10llllll bytes               a string of up to 63 bytes
 *     110xxxxx xxxxxxxx            13-bit signed integer
 *     1110llll llllllll bytes      a string of up to 4095 bytes
 *     11110000 4 bytes, bytes      a longer string
 *     11110001 .. 11110100         16, 24, 32, 64-bit signed integers, little-endian
 *     11111111                     the end
 *
 * L1  The header's bytes are exact. Its count is exact up to 65534; 65535 says "count them".
 * L2  The allocation may have room behind the end: mem_usable_bytes() knows. */
#include "core/listpack.h"

#include "core/mem.h"
#include "core/number.h"

enum {
    END = 0xff,
    COUNT_UNKNOWN = 0xffff,
    INT16 = 0xf1,
    INT24 = 0xf2,
    INT32 = 0xf3,
    INT64 = 0xf4,
    STRING32 = 0xf0,
    ENCODED_INTEGER_BYTES_MAX = 9,
    BACKLEN_BYTES_MAX = 5,
};

/* ---- The header ---- */

static uint32_t load32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store32(unsigned char *at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (8 * i));
}

size_t listpack_bytes(const unsigned char *listpack) {
    return load32(listpack);
}

static uint32_t header_count(const unsigned char *listpack) {
    return (uint32_t)listpack[4] | (uint32_t)listpack[5] << 8;
}

static void header_set_count(unsigned char *listpack, size_t count) {
    if (count >= COUNT_UNKNOWN) count = COUNT_UNKNOWN;
    listpack[4] = (unsigned char)count;
    listpack[5] = (unsigned char)(count >> 8);
}

static void header_count_add(unsigned char *listpack, int64_t delta) {
    uint32_t count = header_count(listpack);
    if (count != COUNT_UNKNOWN) header_set_count(listpack, (size_t)((int64_t)count + delta));
}

unsigned char *listpack_new(size_t room_bytes) {
    unsigned char *listpack = mem_must(LISTPACK_HEADER_BYTES + 1 + room_bytes);

    store32(listpack, LISTPACK_HEADER_BYTES + 1);
    header_set_count(listpack, 0);
    listpack[LISTPACK_HEADER_BYTES] = END;
    return listpack;
}

void listpack_free(unsigned char *listpack) {
    mem_free(listpack);
}

unsigned char *listpack_try_copy(const unsigned char *listpack) {
    size_t bytes = listpack_bytes(listpack);
    unsigned char *copy = mem_try(bytes);

    if (copy != NULL) memcpy(copy, listpack, bytes);
    return copy;
}

unsigned char *listpack_shrink(unsigned char *listpack) {
    return mem_must_realloc(listpack, listpack_bytes(listpack));
}

/* ---- Elements ---- */

/* Bytes of encoding and data; not of the end's mark. */
static inline size_t body_bytes(const unsigned char *element) {
    unsigned char first = element[0];

    if (first < 0x80) return 1;
    if (first < 0xc0) return 1 + (size_t)(first & 0x3f);
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 2 + ((size_t)(first & 0x0f) << 8 | element[1]);
    switch (first) {
    case STRING32: return 5 + (size_t)load32(element + 1);
    case INT16: return 3;
    case INT24: return 4;
    case INT32: return 5;
    case INT64: return 9;
    default: return 0;
    }
}

static inline size_t backlen_bytes(size_t body) {
    if (body < 1u << 7) return 1;
    if (body < 1u << 14) return 2;
    if (body < 1u << 21) return 3;
    return body < 1u << 28 ? 4 : 5;
}

static inline size_t element_bytes(const unsigned char *element) {
    size_t body = body_bytes(element);
    return body + backlen_bytes(body);
}

static void backlen_store(unsigned char *at, size_t body) {
    size_t count = backlen_bytes(body);

    for (size_t i = count; i-- > 0;) {
        at[i] = (unsigned char)((body & 0x7f) | (i == 0 ? 0 : 0x80));
        body >>= 7;
    }
}

/* The length that ends just before `end`; *count: in how many bytes it stands. */
static inline size_t backlen_load(const unsigned char *end, size_t *count) {
    size_t body = 0;

    for (unsigned i = 0; i < BACKLEN_BYTES_MAX; i++) {
        unsigned char byte = end[-1 - (int)i];
        body |= (size_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *count = i + 1;
            return body;
        }
    }
    *count = 0;
    return 0;
}

unsigned char *listpack_first(const unsigned char *listpack) {
    const unsigned char *element = listpack + LISTPACK_HEADER_BYTES;
    return *element == END ? NULL : (unsigned char *)(uintptr_t)element;
}

unsigned char *listpack_next(const unsigned char *listpack, const unsigned char *element) {
    SL_DEBUG_ASSERT(element >= listpack && element < listpack + listpack_bytes(listpack));
    (void)listpack;
    element += element_bytes(element);
    return *element == END ? NULL : (unsigned char *)(uintptr_t)element;
}

unsigned char *listpack_prev(const unsigned char *listpack, const unsigned char *element) {
    size_t count;

    if (element == listpack + LISTPACK_HEADER_BYTES) return NULL;
    size_t body = backlen_load(element, &count);
    SL_ASSERT(count > 0);
    return (unsigned char *)(uintptr_t)(element - count - body);
}

unsigned char *listpack_last(const unsigned char *listpack) {
    return listpack_prev(listpack, listpack + listpack_bytes(listpack) - 1);
}

size_t listpack_count(const unsigned char *listpack) {
    uint32_t count = header_count(listpack);
    if (SL_LIKELY(count != COUNT_UNKNOWN)) return count;

    size_t counted = 0;
    const unsigned char *element = listpack + LISTPACK_HEADER_BYTES;
    for (; *element != END; element += element_bytes(element)) counted++;
    return counted;
}

unsigned char *listpack_at(const unsigned char *listpack, int64_t index) {
    int64_t count = (int64_t)listpack_count(listpack);

    if (index < 0) index += count;
    if (index < 0 || index >= count) return NULL;
    if (index <= count / 2) {
        const unsigned char *element = listpack + LISTPACK_HEADER_BYTES;
        while (index-- > 0) element += element_bytes(element);
        return (unsigned char *)(uintptr_t)element;
    }
    unsigned char *element = listpack_last(listpack);
    for (int64_t steps = count - 1 - index; steps > 0; steps--)
        element = listpack_prev(listpack, element);
    return element;
}

/* ---- What an element says ---- */

static int64_t load_signed(const unsigned char *at, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(value << shift) >> shift;
}

bool listpack_get_integer(const unsigned char *element, int64_t *value, struct slice *text) {
    unsigned char first = element[0];

    if (first < 0x80) {
        *value = first;
        return true;
    }
    if (first < 0xc0) {
        *text = slice_of((const char *)element + 1, first & 0x3f);
        return false;
    }
    if (first < 0xe0) {
        int64_t raw = (int64_t)(first & 0x1f) << 8 | element[1];
        *value = raw >= 1 << 12 ? raw - (1 << 13) : raw;
        return true;
    }
    if (first < 0xf0) {
        *text = slice_of((const char *)element + 2, (size_t)(first & 0x0f) << 8 | element[1]);
        return false;
    }
    switch (first) {
    case STRING32: *text = slice_of((const char *)element + 5, load32(element + 1)); return false;
    case INT16: *value = load_signed(element + 1, 2); return true;
    case INT24: *value = load_signed(element + 1, 3); return true;
    case INT32: *value = load_signed(element + 1, 4); return true;
    case INT64: *value = load_signed(element + 1, 8); return true;
    default: SL_ASSERT(false); return false;
    }
}

struct slice listpack_get(const unsigned char *element, char *scratch) {
    struct slice text;
    int64_t value;

    if (!listpack_get_integer(element, &value, &text)) return text;
    return slice_of(scratch, number_print_int64(scratch, value));
}

/* A text as it would stand in an element: its encoding, and what of its bytes follows. */
struct encoded {
    unsigned char head[ENCODED_INTEGER_BYTES_MAX];
    size_t head_bytes;
    struct slice data;
};

static void store_signed(unsigned char *at, int64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) at[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static struct encoded encode_integer(int64_t value) {
    struct encoded encoded = {.head_bytes = 1};
    unsigned char *head = encoded.head;

    if (value >= 0 && value <= 127) {
        head[0] = (unsigned char)value;
    } else if (value >= -4096 && value <= 4095) {
        uint64_t raw = (uint64_t)value & 0x1fff;
        head[0] = (unsigned char)(0xc0 | raw >> 8);
        head[1] = (unsigned char)raw;
        encoded.head_bytes = 2;
    } else {
        unsigned bytes = 8;
        head[0] = INT64;
        if (value >= INT16_MIN && value <= INT16_MAX) {
            head[0] = INT16;
            bytes = 2;
        } else if (value >= -(1 << 23) && value < 1 << 23) {
            head[0] = INT24;
            bytes = 3;
        } else if (value >= INT32_MIN && value <= INT32_MAX) {
            head[0] = INT32;
            bytes = 4;
        }
        store_signed(head + 1, value, bytes);
        encoded.head_bytes = 1 + bytes;
    }
    return encoded;
}

static inline struct encoded encode_text(struct slice text) {
    int64_t value;

    if (text.len <= NUMBER_INT64_BYTES_MAX && text.len > 0 && (unsigned char)text.data[0] <= '9' &&
        number_parse_int64(text, &value))
        return encode_integer(value);
    struct encoded encoded = {.data = text};
    if (text.len < 64) {
        encoded.head[0] = (unsigned char)(0x80 | text.len);
        encoded.head_bytes = 1;
    } else if (text.len < 4096) {
        encoded.head[0] = (unsigned char)(0xe0 | text.len >> 8);
        encoded.head[1] = (unsigned char)text.len;
        encoded.head_bytes = 2;
    } else {
        SL_ASSERT(text.len <= UINT32_MAX);
        encoded.head[0] = STRING32;
        store32(encoded.head + 1, (uint32_t)text.len);
        encoded.head_bytes = 5;
    }
    return encoded;
}

size_t listpack_element_bytes(struct slice text) {
    struct encoded encoded = encode_text(text);
    size_t body = encoded.head_bytes + encoded.data.len;
    return body + backlen_bytes(body);
}

bool listpack_equals(const unsigned char *element, struct slice text) {
    struct slice here;
    int64_t value, wanted;

    if (!listpack_get_integer(element, &value, &here)) return slice_equal(here, text);
    return text.len <= NUMBER_INT64_BYTES_MAX && number_parse_int64(text, &wanted) &&
           wanted == value;
}

unsigned char *listpack_find(const unsigned char *listpack, unsigned char *element,
                             struct slice text, unsigned skip_count) {
    /* Encoded once, then compared byte by byte: the encoding of a value is unique. */
    struct encoded wanted = encode_text(text);
    size_t body = wanted.head_bytes + wanted.data.len;

    SL_DEBUG_ASSERT(listpack != NULL);
    (void)listpack;
    if (element == NULL) return NULL;
    while (*element != END) {
        size_t bytes = body_bytes(element);
        if (bytes == body && element[0] == wanted.head[0] &&
            memcmp(element, wanted.head, wanted.head_bytes) == 0 &&
            (wanted.data.len == 0 ||
             memcmp(element + wanted.head_bytes, wanted.data.data, wanted.data.len) == 0))
            return element;
        element += bytes + backlen_bytes(bytes);
        for (unsigned i = 0; i < skip_count && *element != END; i++)
            element += element_bytes(element);
    }
    return NULL;
}

/* ---- Changes ---- */

/* Makes room for new_bytes where old_bytes are at *at, moving what is behind; updates the
 * header's bytes. */
static unsigned char *make_room(unsigned char *listpack, unsigned char **at, size_t old_bytes,
                                size_t new_bytes) {
    size_t total_bytes = listpack_bytes(listpack);
    size_t offset = (size_t)(*at - listpack);
    size_t total_new_bytes = total_bytes - old_bytes + new_bytes;

    SL_ASSERT(total_new_bytes <= UINT32_MAX);
    if (total_new_bytes > total_bytes && mem_usable_bytes(listpack) < total_new_bytes)
        listpack = mem_must_realloc(listpack, total_new_bytes);
    *at = listpack + offset;
    if (new_bytes != old_bytes)
        memmove(*at + new_bytes, *at + old_bytes, total_bytes - offset - old_bytes);
    store32(listpack, (uint32_t)total_new_bytes);
    return listpack;
}

static void put_at(unsigned char *to, const struct encoded *encoded, size_t body) {
    memcpy(to, encoded->head, encoded->head_bytes);
    if (encoded->data.len > 0)
        memcpy(to + encoded->head_bytes, encoded->data.data, encoded->data.len);
    backlen_store(to + body, body);
}

/* Puts the encoded in place of old_bytes at *at; *at: where it stands now. */
static unsigned char *put(unsigned char *listpack, unsigned char **at, size_t old_bytes,
                          const struct encoded *encoded) {
    size_t body = encoded->head_bytes + encoded->data.len;
    size_t bytes = body + backlen_bytes(body);

    listpack = make_room(listpack, at, old_bytes, bytes);
    put_at(*at, encoded, body);
    return listpack;
}

static unsigned char *insert(unsigned char *listpack, unsigned char *element,
                             const struct encoded *encoded, unsigned char **inserted) {
    if (element == NULL) element = listpack + listpack_bytes(listpack) - 1;
    listpack = put(listpack, &element, 0, encoded);
    header_count_add(listpack, 1);
    if (inserted != NULL) *inserted = element;
    return listpack;
}

unsigned char *listpack_insert(unsigned char *listpack, unsigned char *element, struct slice text,
                               unsigned char **inserted) {
    struct encoded encoded = encode_text(text);
    return insert(listpack, element, &encoded, inserted);
}

unsigned char *listpack_insert_integer(unsigned char *listpack, unsigned char *element,
                                       int64_t value, unsigned char **inserted) {
    struct encoded encoded = encode_integer(value);
    return insert(listpack, element, &encoded, inserted);
}

unsigned char *listpack_append(unsigned char *listpack, struct slice text) {
    return listpack_insert(listpack, NULL, text, NULL);
}

unsigned char *listpack_append_integer(unsigned char *listpack, int64_t value) {
    return listpack_insert_integer(listpack, NULL, value, NULL);
}

unsigned char *listpack_prepend(unsigned char *listpack, struct slice text) {
    return listpack_insert(listpack, listpack_first(listpack), text, NULL);
}

unsigned char *listpack_replace(unsigned char *listpack, unsigned char **element,
                                struct slice text) {
    struct encoded encoded = encode_text(text);
    return put(listpack, element, element_bytes(*element), &encoded);
}

unsigned char *listpack_replace_integer(unsigned char *listpack, unsigned char **element,
                                        int64_t value) {
    struct encoded encoded = encode_integer(value);
    return put(listpack, element, element_bytes(*element), &encoded);
}

unsigned char *listpack_remove(unsigned char *listpack, unsigned char **element, size_t count) {
    unsigned char *end = *element;
    size_t removed_count = 0;

    for (; removed_count < count && *end != END; removed_count++) end += element_bytes(end);
    listpack = make_room(listpack, element, (size_t)(end - *element), 0);
    header_count_add(listpack, -(int64_t)removed_count);
    /* Much room behind is given back; a little is kept for what comes next. */
    size_t bytes = listpack_bytes(listpack);
    if (mem_usable_bytes(listpack) > 2 * bytes + 64) {
        size_t offset = (size_t)(*element - listpack);
        listpack = listpack_shrink(listpack);
        *element = listpack + offset;
    }
    if (**element == END) *element = NULL;
    return listpack;
}

unsigned char *listpack_remove_range(unsigned char *listpack, int64_t index, size_t count) {
    unsigned char *element = listpack_at(listpack, index);

    if (element == NULL || count == 0) return listpack;
    return listpack_remove(listpack, &element, count);
}

unsigned char *listpack_append_all(unsigned char *listpack, const unsigned char *from) {
    size_t body = listpack_bytes(from) - LISTPACK_HEADER_BYTES - 1;
    size_t count = listpack_count(listpack) + listpack_count(from);
    unsigned char *end = listpack + listpack_bytes(listpack) - 1;

    listpack = make_room(listpack, &end, 0, body);
    memcpy(end, from + LISTPACK_HEADER_BYTES, body);
    header_set_count(listpack, count);
    return listpack;
}

/* room_bytes: how large the allocation should become if it has to move and that is more than
 * needed. */
unsigned char *listpack_try_reserve(unsigned char *listpack, size_t bytes, size_t room_bytes,
                                    unsigned char **end) {
    size_t total_bytes = listpack_bytes(listpack);
    size_t needed_bytes = total_bytes + bytes;

    if (mem_usable_bytes(listpack) < needed_bytes) {
        listpack = mem_try_realloc(listpack, needed_bytes > room_bytes ? needed_bytes : room_bytes);
        if (listpack == NULL) return NULL;
    }
    *end = listpack + total_bytes - 1;
    return listpack;
}

static inline unsigned char *write_encoded(unsigned char *at, const struct encoded *encoded) {
    size_t body = encoded->head_bytes + encoded->data.len;

    memcpy(at, encoded->head,
           ENCODED_INTEGER_BYTES_MAX); /* a fixed size is one move; the rest is written over */
    if (encoded->data.len > 0)
        memcpy(at + encoded->head_bytes, encoded->data.data, encoded->data.len);
    at += body;
    if (SL_LIKELY(body < 1u << 7)) {
        *at = (unsigned char)body;
        return at + 1;
    }
    backlen_store(at, body);
    return at + backlen_bytes(body);
}

unsigned char *listpack_write(unsigned char *at, struct slice text) {
    struct encoded encoded = encode_text(text);
    return write_encoded(at, &encoded);
}

unsigned char *listpack_write_integer(unsigned char *at, int64_t value) {
    if (value >= 0 && value <= 127) {
        at[0] = (unsigned char)value;
        at[1] = 1;
        return at + 2;
    }
    struct encoded encoded = encode_integer(value);
    return write_encoded(at, &encoded);
}

void listpack_wrote(unsigned char *listpack, unsigned char *end, size_t count) {
    *end = END;
    SL_ASSERT((size_t)(end + 1 - listpack) <= UINT32_MAX);
    store32(listpack, (uint32_t)(end + 1 - listpack));
    header_count_add(listpack, (int64_t)count);
}

/* ---- In place ---- */

unsigned char *listpack_prepend_before(unsigned char *listpack, struct slice text,
                                       size_t room_bytes) {
    struct encoded encoded = encode_text(text);
    size_t body = encoded.head_bytes + encoded.data.len, bytes = body + backlen_bytes(body);

    if (bytes > room_bytes) return NULL;
    unsigned char *moved = listpack - bytes;
    memmove(moved, listpack, LISTPACK_HEADER_BYTES);
    store32(moved, (uint32_t)(listpack_bytes(moved) + bytes));
    header_count_add(moved, 1);
    put_at(moved + LISTPACK_HEADER_BYTES, &encoded, body);
    return moved;
}

bool listpack_append_behind(unsigned char *listpack, struct slice text, size_t room_bytes) {
    struct encoded encoded = encode_text(text);
    size_t body = encoded.head_bytes + encoded.data.len, bytes = body + backlen_bytes(body);
    size_t total_bytes = listpack_bytes(listpack);

    if (bytes > room_bytes) return false;
    put_at(listpack + total_bytes - 1, &encoded, body);
    listpack[total_bytes - 1 + bytes] = END;
    store32(listpack, (uint32_t)(total_bytes + bytes));
    header_count_add(listpack, 1);
    return true;
}

unsigned char *listpack_drop_first(unsigned char *listpack) {
    SL_ASSERT(listpack[LISTPACK_HEADER_BYTES] != END);
    size_t bytes = element_bytes(listpack + LISTPACK_HEADER_BYTES);
    unsigned char *moved = listpack + bytes;
    memmove(moved, listpack, LISTPACK_HEADER_BYTES);
    store32(moved, (uint32_t)(listpack_bytes(moved) - bytes));
    header_count_add(moved, -1);
    return moved;
}

void listpack_drop_last(unsigned char *listpack) {
    unsigned char *last = listpack_last(listpack);

    SL_ASSERT(last != NULL);
    *last = END;
    store32(listpack, (uint32_t)(last - listpack) + 1);
    header_count_add(listpack, -1);
}

/* ---- From outside ---- */

/* The whole element at `at` lies before `end`, and its two lengths agree: its bytes; else 0. */
static size_t checked_bytes(const unsigned char *at, const unsigned char *end) {
    size_t left = (size_t)(end - at);
    unsigned char first = at[0];
    size_t head = first < 0xe0 ? 1 : first < 0xf0 ? 2 : first == STRING32 ? 5 : 1;
    size_t stored_count;

    if (left < head || first > INT64) return 0;
    size_t body = body_bytes(at);
    if (body == 0 || body > left || backlen_bytes(body) > left - body) return 0;
    size_t bytes = body + backlen_bytes(body);
    unsigned char backlen[BACKLEN_BYTES_MAX];
    stored_count = backlen_bytes(body);
    backlen_store(backlen, body);
    return memcmp(backlen, at + body, stored_count) == 0 ? bytes : 0;
}

bool listpack_is_valid(const unsigned char *bytes, size_t len) {
    size_t count = 0;

    if (len < LISTPACK_HEADER_BYTES + 1 || listpack_bytes(bytes) != len) return false;
    const unsigned char *end = bytes + len - 1;
    if (*end != END) return false;
    for (const unsigned char *at = bytes + LISTPACK_HEADER_BYTES; at < end; count++) {
        size_t element = checked_bytes(at, end);
        if (element == 0) return false;
        at += element;
    }
    uint32_t said = header_count(bytes);
    return said == COUNT_UNKNOWN || said == count;
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    (void)object;
    return 1;
}

static void kind_free(void *object) {
    listpack_free(object);
}

static void *kind_try_copy(const void *object) {
    return listpack_try_copy(object);
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    (void)samples_count;
    return mem_usable_bytes(object);
}

const struct object_kind listpack_object_kind = {.weight = kind_weight,
                                                 .free = kind_free,
                                                 .try_copy = kind_try_copy,
                                                 .memory_bytes = kind_memory_bytes};
