#include "core/object.h"
#include "core/rdb_decode_priv.h"

static enum rdb_result decode_string(struct rdb_reader *reader, struct rdb_value *value) {
    return rdb_read_string(reader, &value->string) ? RDB_OK : rdb_bad(reader);
}

enum rdb_result rdb_decode_value(struct rdb_reader *reader, uint8_t type,
                                 const struct rdb_decode_env *env, struct rdb_value *value) {
    *value = (struct rdb_value){.type = VALUE_STRING};
    switch (type) {
    case RDB_TYPE_STRING: return decode_string(reader, value);
    case RDB_TYPE_SET:
    case RDB_TYPE_SET_INTSET:
    case RDB_TYPE_SET_LISTPACK: return rdb_decode_set(reader, type, env, value);
    case RDB_TYPE_ZSET:
    case RDB_TYPE_ZSET_2:
    case RDB_TYPE_ZSET_ZIPLIST:
    case RDB_TYPE_ZSET_LISTPACK: return rdb_decode_zset(reader, type, env, value);
    case RDB_TYPE_HASH:
    case RDB_TYPE_HASH_ZIPMAP:
    case RDB_TYPE_HASH_ZIPLIST:
    case RDB_TYPE_HASH_LISTPACK:
    case RDB_TYPE_HASH_DEADLINES_PRE:
    case RDB_TYPE_HASH_LISTPACK_DEADLINES_PRE:
    case RDB_TYPE_HASH_DEADLINES:
    case RDB_TYPE_HASH_LISTPACK_DEADLINES: return rdb_decode_hash(reader, type, env, value);
    case RDB_TYPE_LIST:
    case RDB_TYPE_LIST_ZIPLIST:
    case RDB_TYPE_LIST_QUICKLIST:
    case RDB_TYPE_LIST_QUICKLIST_2: return rdb_decode_list(reader, type, env, value);
    case RDB_TYPE_STREAM_LISTPACKS:
    case RDB_TYPE_STREAM_LISTPACKS_2:
    case RDB_TYPE_STREAM_LISTPACKS_3: return rdb_decode_stream(reader, type, env, value);
    default: return RDB_BAD;
    }
}

void rdb_value_deinit(struct rdb_value *value) {
    if (value->type == VALUE_STRING)
        rdb_string_deinit(&value->string);
    else if (value->object != NULL)
        object_kind_of(value->encoding)->free(value->object);
    value->object = NULL;
}

struct entry *rdb_value_put(struct rdb_value *value, struct keyspace *keyspace, unsigned db,
                            const struct key *key, struct entry *entry_old,
                            uint64_t expire_at_unix_ms, uint32_t access) {
    struct entry *entry;

    if (value->type == VALUE_STRING) {
        entry = keyspace_put_string(keyspace, db, key, entry_old, value->string.text,
                                    STRING_ENCODED, expire_at_unix_ms, access);
        if (entry != NULL) rdb_string_deinit(&value->string);
    } else {
        entry = keyspace_put_object(keyspace, db, key, entry_old, value->type, value->encoding,
                                    value->object, expire_at_unix_ms, access);
    }
    if (entry != NULL) value->object = NULL;
    return entry;
}
