/* Bytes from outside that are said to be a listpack or an intset: refused, or as good as our own. */
#include "core/intset.h"
#include "core/listpack.h"
#include "core/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ELEMENTS_MAX = 1000 }; /* finding each of them is quadratic */

static void walk(const unsigned char *listpack) {
    char scratch[LISTPACK_SCRATCH_BYTES];
    const unsigned char *last = NULL;
    size_t count = 0;

    for (unsigned char *element = listpack_first(listpack); element != NULL;
         element = listpack_next(listpack, element)) {
        struct slice text = listpack_get(element, scratch);
        if (last != NULL) SL_ASSERT(listpack_prev(listpack, element) == last);
        if (count < ELEMENTS_MAX) SL_ASSERT(listpack_at(listpack, (int64_t)count) == element);
        SL_ASSERT(text.len == 0 || text.data != NULL);
        last = element;
        count++;
    }
    SL_ASSERT(listpack_last(listpack) == last);
    SL_ASSERT(listpack_count(listpack) == count);
}

static void change(unsigned char *listpack) {
    unsigned char *element = listpack_at(listpack, (int64_t)(listpack_count(listpack) / 2));
    size_t count = listpack_count(listpack);

    if (element != NULL) {
        listpack = listpack_replace(listpack, &element, SLICE_LITERAL("another text"));
        SL_ASSERT(listpack_equals(element, SLICE_LITERAL("another text")));
        listpack = listpack_insert_integer(listpack, element, INT64_MIN, &element);
        listpack = listpack_remove(listpack, &element, 1);
    }
    listpack = listpack_prepend(listpack, SLICE_LITERAL("-1"));
    listpack = listpack_append(listpack, SLICE_LITERAL(""));
    SL_ASSERT(listpack_count(listpack) == count + 2);
    SL_ASSERT(listpack_is_valid(listpack, listpack_bytes(listpack)));
    listpack = listpack_remove_range(listpack, 0, count + 2);
    SL_ASSERT(listpack_count(listpack) == 0);
    listpack_free(listpack);
}

static void try_intset(struct slice bytes) {
    struct intset *intset = intset_try_from_bytes(bytes);
    bool changed;

    if (intset == NULL) return;
    SL_ASSERT(intset_bytes(intset) == bytes.len);
    for (size_t i = 0; i < intset_count(intset); i++)
        SL_ASSERT(intset_contains(intset, intset_at(intset, i)));
    intset = intset_add(intset, INT64_MAX, &changed);
    intset = intset_remove(intset, intset_at(intset, 0), &changed);
    SL_ASSERT(changed);
    intset_free(intset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_intset(slice_of((const char *)data, size));
    if (!listpack_is_valid(data, size)) return 0;
    walk(data);
    unsigned char *copy = listpack_try_copy(data);
    if (copy != NULL) change(copy);
    return 0;
}
