#pragma once
/* How each type is read; for rdb_decode*.c. Each fills type, encoding and object of a value that is
 * empty so far, and leaves nothing behind when it fails. */
#include "core/rdb_decode.h"
#include "core/rdb_packed.h"

/* What a failed read means. */
static inline enum rdb_result rdb_bad(const struct rdb_reader *reader) {
    return reader->is_out_of_memory ? RDB_NO_MEMORY : RDB_BAD;
}

enum rdb_result rdb_decode_set(struct rdb_reader *reader, uint8_t type,
                               const struct rdb_decode_env *env, struct rdb_value *value);
enum rdb_result rdb_decode_hash(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value);
enum rdb_result rdb_decode_zset(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value);
enum rdb_result rdb_decode_list(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value);
enum rdb_result rdb_decode_stream(struct rdb_reader *reader, uint8_t type,
                                  const struct rdb_decode_env *env, struct rdb_value *value);
