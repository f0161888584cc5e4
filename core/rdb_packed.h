#pragma once
/* The compact collections that RDB files hold whole, read from front to back: listpacks of
 * today, ziplists and zipmaps of before Redis 7. The bytes may be anything; nothing is read
 * beyond them. */
#include "core/base.h"

enum rdb_packed_kind { RDB_PACKED_LISTPACK, RDB_PACKED_ZIPLIST, RDB_PACKED_ZIPMAP };
enum rdb_packed_step { RDB_PACKED_ELEMENT, RDB_PACKED_END, RDB_PACKED_BAD };

struct rdb_packed {
    enum rdb_packed_kind kind;
    const unsigned char *start, *at, *end; /* end: of the bytes */
    size_t bytes_before; /* of the element before: ziplists say it */
    size_t count, count_said; /* elements so far; as the header says */
    bool is_value; /* zipmaps: a value comes next */
    char scratch[24];
};

/* False: these bytes are none of the kind. A listpack is looked at whole here, others as they
 * are read. */
bool rdb_packed_init(struct rdb_packed *packed, enum rdb_packed_kind kind, struct slice bytes);
/* The text is good until the next step. */
enum rdb_packed_step rdb_packed_next(struct rdb_packed *packed, struct slice *text);
