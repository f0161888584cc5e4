#include "core/rdb_decode.h"

#include "core/object.h"

enum rdb_result rdb_decode_value(struct rdb_reader *reader, uint8_t type,
                                 const struct rdb_decode_env *env, struct rdb_value *value) {
    (void)env;
    *value = (struct rdb_value){.type = VALUE_STRING};
    if (type != RDB_TYPE_STRING) return RDB_BAD;
    if (!rdb_read_string(reader, &value->string))
        return reader->is_out_of_memory ? RDB_NO_MEMORY : RDB_BAD;
    return RDB_OK;
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
