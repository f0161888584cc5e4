#pragma once
/* What the keyspace must know of a value that is not a string: how it is freed, copied, measured.
 * One row per encoding; each data structure brings its own, object.c lists them. The same encoding
 * serves several types: a listpack is freed in the same way whatever it stands for.
 *
 * Objects have no locks: the owner of the key's slot calls. What is out of the keyspace may be
 * freed by the thread whose garbage it is in. */
#include "core/keyspace.h"
#include "core/table.h"

enum { OBJECT_WEIGHT_AT_ONCE = 64 }; /* heavier ones are freed in slices: garbage.h */

struct object_kind {
    /* About how many allocations it has. O(1). */
    size_t (*weight)(const void *object);
    void (*free)(void *object); /* all of it, at once */
    /* For those that can be heavy, else NULL: frees about *budget_count allocations and takes them
     * off the budget. False: the object is gone. */
    bool (*free_step)(void *object, size_t *budget_count);
    /* The tables among its parts, one for each call, left empty in the object: the garbage frees
     * them before it calls free_step. False: there is none (any more). May be NULL. */
    bool (*take_table)(void *object, struct table *table);
    void *(*try_copy)(const void *object); /* NULL: no memory */
    /* Bytes it takes; looks at samples_count parts of it (0: at all) and extrapolates. */
    size_t (*memory_bytes)(const void *object, size_t samples_count);
    /* The earliest deadline inside it or EXPIRE_NONE, O(1); a lower bound. NULL: it has none. */
    uint64_t (*deadline_unix_ms)(const void *object);
};

/* encoding >= ENCODING_LISTPACK. */
const struct object_kind *object_kind_of(enum value_encoding encoding);
