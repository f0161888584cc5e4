#include "core/blob.h"

#include "core/mem.h"

struct blob *blob_try_new(size_t len, size_t capacity) {
    SL_ASSERT(len <= capacity);
    if (capacity > SIZE_MAX - sizeof(struct blob) - 1) return NULL;
    struct blob *blob = mem_try(sizeof *blob + capacity + 1);
    if (blob == NULL) return NULL;
    /* What the allocator gave beyond that is ours as well. */
    size_t usable_bytes = mem_usable_bytes(blob) - sizeof *blob - 1;
    SL_ASSERT(usable_bytes >= capacity);
    atomic_init(&blob->refs_count, 1);
    blob->len = len;
    blob->capacity = usable_bytes;
    blob->data[len] = '\0';
    blob->data[usable_bytes] = '\0';
    return blob;
}

struct blob *blob_retain(struct blob *blob) {
    uint32_t refs_before = atomic_fetch_add_explicit(&blob->refs_count, 1, memory_order_relaxed);
    SL_ASSERT(refs_before >= 1);
    SL_ASSERT(refs_before < UINT32_MAX);
    return blob;
}

void blob_release(struct blob *blob) {
    /* Release: what we read of it happened before whoever frees it. Acquire: all of theirs before
     * our freeing. */
    uint32_t refs_before = atomic_fetch_sub_explicit(&blob->refs_count, 1, memory_order_acq_rel);
    SL_ASSERT(refs_before >= 1);
    if (refs_before == 1) mem_free(blob);
}

struct blob *blob_try_grow(struct blob *blob, size_t capacity) {
    SL_ASSERT(!blob_is_shared(blob));
    SL_ASSERT(capacity >= blob->len);
    if (capacity > SIZE_MAX - sizeof(struct blob) - 1) return NULL;
    struct blob *grown = mem_try_realloc(blob, sizeof *blob + capacity + 1);
    if (grown == NULL) return NULL;
    grown->capacity = mem_usable_bytes(grown) - sizeof *grown - 1;
    grown->data[grown->capacity] = '\0';
    return grown;
}
