/* intset.c - integers in a row, all of one width: the least that fits the largest. A wider one
 * widens them all; they never become narrow again (Redis' rule, which files show).
 *
 *     | width 4 | count 4 | element | element | ...      little-endian, ascending, no two equal */
#include "core/intset.h"

#include "core/mem.h"

struct intset {
    uint32_t width; /* bytes of an element: 2, 4, 8 */
    uint32_t count;
    unsigned char elements[];
};

static unsigned width_of(int64_t value) {
    if (value >= INT16_MIN && value <= INT16_MAX) return 2;
    return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

static int64_t load(const unsigned char *elements, unsigned width, size_t index) {
    const unsigned char *at = elements + index * width;
    int16_t narrow;
    int32_t middle;
    int64_t wide;

    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are copied as they are");
    switch (width) {
    case 2: memcpy(&narrow, at, sizeof narrow); return narrow;
    case 4: memcpy(&middle, at, sizeof middle); return middle;
    default: memcpy(&wide, at, sizeof wide); return wide;
    }
}

static void store(unsigned char *elements, unsigned width, size_t index, int64_t value) {
    memcpy(elements + index * width, &value, width);
}

struct intset *intset_new(void) {
    struct intset *intset = mem_must(sizeof *intset);
    *intset = (struct intset){.width = 2};
    return intset;
}

void intset_free(struct intset *intset) {
    mem_free(intset);
}

size_t intset_count(const struct intset *intset) {
    return intset->count;
}

size_t intset_bytes(const struct intset *intset) {
    return sizeof *intset + (size_t)intset->count * intset->width;
}

int64_t intset_at(const struct intset *intset, size_t index) {
    SL_ASSERT(index < intset->count);
    return load(intset->elements, intset->width, index);
}

/* The first index whose element is not less than the value. */
static size_t lower_bound(const struct intset *intset, int64_t value) {
    size_t low = 0, high = intset->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (load(intset->elements, intset->width, middle) < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool intset_contains(const struct intset *intset, int64_t value) {
    if (width_of(value) > intset->width) return false;
    size_t index = lower_bound(intset, value);
    return index < intset->count && load(intset->elements, intset->width, index) == value;
}

static struct intset *resize(struct intset *intset, size_t bytes) {
    return mem_usable_bytes(intset) >= bytes ? intset : mem_must_realloc(intset, bytes);
}

/* The value is wider than all: it goes to one of the ends. */
static struct intset *widen(struct intset *intset, int64_t value, unsigned width) {
    unsigned width_old = intset->width;
    size_t count = intset->count, shift = value < 0;

    intset = resize(intset, sizeof *intset + (count + 1) * width);
    for (size_t i = count; i-- > 0;)
        store(intset->elements, width, i + shift, load(intset->elements, width_old, i));
    store(intset->elements, width, shift ? 0 : count, value);
    intset->width = width;
    intset->count++;
    return intset;
}

struct intset *intset_add(struct intset *intset, int64_t value, bool *added) {
    unsigned width = width_of(value);

    *added = true;
    if (width > intset->width) return widen(intset, value, width);
    size_t index = lower_bound(intset, value);
    if (index < intset->count && load(intset->elements, intset->width, index) == value) {
        *added = false;
        return intset;
    }
    width = intset->width;
    intset = resize(intset, intset_bytes(intset) + width);
    memmove(intset->elements + (index + 1) * width, intset->elements + index * width,
            (intset->count - index) * width);
    store(intset->elements, width, index, value);
    intset->count++;
    return intset;
}

struct intset *intset_remove(struct intset *intset, int64_t value, bool *removed) {
    size_t width = intset->width, index;

    *removed = intset_contains(intset, value);
    if (!*removed) return intset;
    index = lower_bound(intset, value);
    memmove(intset->elements + index * width, intset->elements + (index + 1) * width,
            (intset->count - index - 1) * width);
    intset->count--;
    size_t bytes = intset_bytes(intset);
    if (mem_usable_bytes(intset) > 2 * bytes + 64) intset = mem_must_realloc(intset, bytes);
    return intset;
}

struct intset *intset_try_copy(const struct intset *intset) {
    struct intset *copy = mem_try(intset_bytes(intset));

    if (copy != NULL) memcpy(copy, intset, intset_bytes(intset));
    return copy;
}

bool intset_bytes_are_sound(struct slice bytes) {
    struct intset head;

    if (bytes.len < sizeof head) return false;
    memcpy(&head, bytes.data, sizeof head);
    if (head.width != 2 && head.width != 4 && head.width != 8) return false;
    if (bytes.len - sizeof head != (uint64_t)head.count * head.width) return false;
    const unsigned char *elements = (const unsigned char *)bytes.data + sizeof head;
    for (size_t i = 1; i < head.count; i++) {
        if (load(elements, head.width, i - 1) >= load(elements, head.width, i)) return false;
    }
    return true;
}

struct intset *intset_try_from_bytes(struct slice bytes) {
    if (!intset_bytes_are_sound(bytes)) return NULL;
    struct intset *intset = mem_try(bytes.len);
    if (intset != NULL) memcpy(intset, bytes.data, bytes.len);
    return intset;
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    (void)object;
    return 1;
}

static void kind_free(void *object) {
    intset_free(object);
}

static void *kind_try_copy(const void *object) {
    return intset_try_copy(object);
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    (void)samples_count;
    return mem_usable_bytes(object);
}

const struct object_kind intset_object_kind = {.weight = kind_weight,
                                               .free = kind_free,
                                               .try_copy = kind_try_copy,
                                               .memory_bytes = kind_memory_bytes};
