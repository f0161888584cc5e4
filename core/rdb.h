#pragma once
/* What Redis' RDB format calls things: https://rdb.fnordig.de/file_format.html and src/rdb.h of
 * Redis. A DUMP payload is a type byte, the value, a version in two bytes, a CRC64 of all before
 * in eight.
 *
 * A length: 00xxxxxx six bits, 01xxxxxx fourteen, 0x80 thirty-two, 0x81 sixty-four (big-endian
 * all); 11xxxxxx in a string's place: a number in 1, 2 or 4 bytes, or a compressed string. */
#include "core/base.h"

enum rdb_version {
    RDB_VERSION_7_0 = 10, /* Redis 7.0: listpacks, quicklist 2, streams 2 */
    RDB_VERSION_7_2 = 11, /* Redis 7.2, Valkey 7 and 8: sets as listpacks, streams 3 */
    RDB_VERSION_8_0 = 12, /* Redis 7.4 and 8: deadlines of hash fields */
    RDB_VERSION_VALKEY_9 = 80, /* as 11, and its own deadlines of hash fields */
};

enum rdb_type {
    RDB_TYPE_STRING = 0,
    RDB_TYPE_LIST = 1,
    RDB_TYPE_SET = 2,
    RDB_TYPE_ZSET = 3, /* scores as text */
    RDB_TYPE_HASH = 4,
    RDB_TYPE_ZSET_2 = 5,
    RDB_TYPE_HASH_ZIPMAP = 9,
    RDB_TYPE_LIST_ZIPLIST = 10,
    RDB_TYPE_SET_INTSET = 11,
    RDB_TYPE_ZSET_ZIPLIST = 12,
    RDB_TYPE_HASH_ZIPLIST = 13,
    RDB_TYPE_LIST_QUICKLIST = 14, /* of ziplists */
    RDB_TYPE_STREAM_LISTPACKS = 15,
    RDB_TYPE_HASH_LISTPACK = 16,
    RDB_TYPE_ZSET_LISTPACK = 17,
    RDB_TYPE_LIST_QUICKLIST_2 = 18, /* of listpacks and large elements */
    RDB_TYPE_STREAM_LISTPACKS_2 = 19, /* entries added and read, the largest deleted id */
    RDB_TYPE_SET_LISTPACK = 20,
    RDB_TYPE_STREAM_LISTPACKS_3 = 21, /* when a consumer was active */
    RDB_TYPE_HASH_DEADLINES_PRE = 22, /* of Redis 7.4's release candidates; Valkey 9: its own */
    RDB_TYPE_HASH_LISTPACK_DEADLINES_PRE = 23,
    RDB_TYPE_HASH_DEADLINES = 24, /* the earliest, then each less that plus one, 0: none */
    RDB_TYPE_HASH_LISTPACK_DEADLINES = 25, /* field, value, deadline */
};

enum {
    RDB_LEN_6BIT = 0,
    RDB_LEN_14BIT = 1,
    RDB_LEN_ENCODED = 3,
    RDB_LEN_32BIT = 0x80,
    RDB_LEN_64BIT = 0x81,
    RDB_ENCODED_INT8 = 0,
    RDB_ENCODED_INT16 = 1,
    RDB_ENCODED_INT32 = 2,
    RDB_ENCODED_LZF = 3,
    RDB_NODE_PLAIN = 1, /* of a quicklist 2: one large element */
    RDB_NODE_PACKED = 2,
    RDB_FOOTER_BYTES = 10, /* version and CRC of a DUMP payload */
};
