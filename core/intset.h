#pragma once
/* A small sorted set of integers in one allocation: Redis' intset, byte for byte (RDB files hold
 * it): encoding 4 (bytes per element: 2, 4 or 8), length 4, then the elements, all little-endian.
 * A change may move it: the callers keep what comes back. The owner of the key's slot calls. */
#include "core/object.h"

extern const struct object_kind intset_object_kind;

struct intset;
struct intset *intset_new(void); /* never NULL, as all here: thresholds bound the size */
void intset_free(struct intset *intset);
size_t intset_count(const struct intset *intset);
size_t intset_bytes(const struct intset *intset); /* what a file holds */
bool intset_contains(const struct intset *intset, int64_t value);
struct intset *intset_add(struct intset *intset, int64_t value, bool *added);
struct intset *intset_remove(struct intset *intset, int64_t value, bool *removed);
int64_t intset_at(const struct intset *intset, size_t index); /* ascending; index < count */
struct intset *intset_try_copy(const struct intset *intset);
/* From outside: are they an intset, sorted, without duplicates, exactly that long? */
bool intset_bytes_are_sound(struct slice bytes);
/* NULL when they are not, or there is no memory. */
struct intset *intset_try_from_bytes(struct slice bytes);
