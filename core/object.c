/* object.c - the list of all kinds of objects. */
#include "core/object.h"

#include "core/dict.h"
#include "core/intset.h"
#include "core/listpack.h"
#include "core/quicklist.h"
#include "core/stream.h"
#include "core/zset_index.h"

static const struct object_kind *const kinds[ENCODINGS_COUNT] = {
    [ENCODING_LISTPACK] = &listpack_object_kind,   [ENCODING_INTSET] = &intset_object_kind,
    [ENCODING_HASHTABLE] = &dict_object_kind,      [ENCODING_QUICKLIST] = &quicklist_object_kind,
    [ENCODING_SKIPLIST] = &zset_index_object_kind, [ENCODING_STREAM] = &stream_object_kind,
};

const struct object_kind *object_kind_of(enum value_encoding encoding) {
    SL_ASSERT(encoding >= ENCODING_LISTPACK && (size_t)encoding < ENCODINGS_COUNT);
    SL_ASSERT(kinds[encoding] != NULL);
    return kinds[encoding];
}
