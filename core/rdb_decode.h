#pragma once
/* A value out of RDB files and DUMP payloads, of any version Redis has had since 2.4. The bytes
 * may be anything: what is not a sound value is refused, whole. */
#include "core/cmd.h"
#include "core/rdb_read.h"

enum rdb_result {
    RDB_OK,
    RDB_BAD,
    RDB_NO_MEMORY,
    RDB_EMPTY, /* a collection without elements: no key */
};

/* The caller owns it until rdb_value_put(), and frees it otherwise. */
struct rdb_value {
    enum value_type type;
    enum value_encoding encoding; /* of objects */
    void *object; /* not of strings */
    struct rdb_string string;
};

struct rdb_decode_env {
    const struct cmd_settings *settings; /* thresholds: how the value is stored */
    struct dict_origin origin;
    uint16_t version; /* of the file or payload: Valkey gives some types another meaning */
};

/* Reads a value of that type; the reader is behind it then. */
enum rdb_result rdb_decode_value(struct rdb_reader *reader, uint8_t type,
                                 const struct rdb_decode_env *env, struct rdb_value *value);
void rdb_value_deinit(struct rdb_value *value);
/* Puts it under the key in place of whatever was there, and takes it. NULL: no memory, nothing
 * changed, the value is still the caller's. */
struct entry *rdb_value_put(struct rdb_value *value, struct keyspace *keyspace, unsigned db,
                            const struct key *key, struct entry *entry_old,
                            uint64_t expire_at_unix_ms, uint32_t access);
