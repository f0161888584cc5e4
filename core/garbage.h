#pragma once
/* What is out of the keyspace but not yet freed: flushed tables, large strings and objects.
 * Private to the keyspace; one thread's, but for garbage_count(). Freed in slices, so that
 * FLUSHALL of 100 million keys stops nobody: garbage_step(). */
#include "core/table.h"

struct garbage_item;
struct garbage {
    struct garbage_item *top;
    _Atomic size_t count; /* keys, blobs, objects; written by the owner, read by anybody */
};

void garbage_init(struct garbage *garbage);
void garbage_add_table(struct garbage *garbage,
                       const struct table *table); /* takes all its memory */
void garbage_add_blob(struct garbage *garbage, struct blob *blob); /* takes the reference */
/* Takes the object; a light one is freed at once. */
void garbage_add_object(struct garbage *garbage, enum value_encoding encoding, void *object);
/* Frees about budget_count keys, blobs, segments or parts of objects. True: more is left. */
bool garbage_step(struct garbage *garbage, size_t budget_count);
size_t garbage_count(const struct garbage *garbage);
