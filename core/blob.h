#pragma once
/* A large string on its own: reference counted, so that a reply can send it from where it lies
 * while the key is overwritten or deleted. With more than one reference it is read-only; whoever
 * wants to change it then makes a copy. References may be taken and dropped on any thread (atomic);
 * contents are changed only by the owner of the slot, and only while it holds the one reference. */
#include <stdatomic.h>

#include "core/base.h"

struct blob {
    _Atomic uint32_t refs_count;
    size_t len;
    size_t capacity; /* bytes behind data, not counting the NUL that is always there for safety */
    char data[];
};

struct blob *blob_try_new(size_t len, size_t capacity); /* contents undefined; NULL: no memory */
struct blob *blob_retain(struct blob *blob);
void blob_release(struct blob *blob); /* the last one frees */
/* Room for `capacity` bytes; the contents stay, the blob may move. It must not be shared. NULL: no
 * memory, the blob is as it was. */
struct blob *blob_try_grow(struct blob *blob, size_t capacity);
static inline bool blob_is_shared(struct blob *blob) {
    return atomic_load_explicit(&blob->refs_count, memory_order_acquire) > 1;
}
