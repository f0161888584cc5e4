/* hash.c - a hash as a value over its two encodings. */
#include "core/hash.h"

#include "core/mem.h"

struct hash hash_new(void) {
    return (struct hash){ENCODING_LISTPACK, listpack_new(0)};
}
