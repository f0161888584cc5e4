/* A value out of any bytes: refused, or sound and the same after another trip through its RDB
 * form. The first two bytes of an input choose thresholds and version; the rest is the type and
 * the value. */
#include "core/mem.h"
#include "core/rdb_decode.h"
#include "core/rdb_encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t versions[] = {RDB_VERSION_7_0, RDB_VERSION_7_2, RDB_VERSION_8_0,
                                    RDB_VERSION_VALKEY_9};

static struct entry *decode(struct slice bytes, const struct rdb_decode_env *env,
                            struct keyspace *keyspace, const struct key *key) {
    struct rdb_reader reader = rdb_reader_of(bytes);
    struct rdb_value value;
    uint8_t type;

    if (!rdb_read_byte(&reader, &type)) return NULL;
    if (rdb_decode_value(&reader, type, env, &value) != RDB_OK) return NULL;
    struct entry *old = keyspace_find(keyspace, 0, key);
    struct entry *entry = rdb_value_put(&value, keyspace, 0, key, old, EXPIRE_NONE, 0);
    SL_ASSERT(entry != NULL);
    return entry;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) return 0;
    const size_t limit = data[0];
    const struct cmd_settings settings = {.list_max_listpack_size = data[0] % 2 == 0 ? -2 : 4,
                                          .hash_max_listpack_entries = limit,
                                          .hash_max_listpack_value = 64,
                                          .set_max_intset_entries = limit,
                                          .set_max_listpack_entries = limit,
                                          .set_max_listpack_value = 64,
                                          .zset_max_listpack_entries = limit,
                                          .zset_max_listpack_value = 64};
    struct store *store = store_new(1, 1, 1);
    struct keyspace *keyspace = keyspace_new(store, NULL);
    struct key key = key_make(store, SLICE_LITERAL("k"));
    struct rdb_decode_env env = {.settings = &settings,
                                 .origin = keyspace_dict_origin(keyspace),
                                 .version = versions[data[1] % ARRAY_COUNT(versions)]};
    struct slice bytes = slice_of((const char *)data + 2, size - 2);
    struct entry *entry = decode(bytes, &env, keyspace, &key);

    if (entry != NULL) {
        struct rdb_writer first = {.version = RDB_VERSION_8_0, .compresses = data[1] % 2 == 0};
        struct rdb_writer second = {.version = RDB_VERSION_8_0, .compresses = data[1] % 2 == 0};

        rdb_encode_value(&first, entry);
        env.version = RDB_VERSION_8_0;
        entry = decode(slice_of(first.data, first.len), &env, keyspace, &key);
        SL_ASSERT(entry != NULL);
        rdb_encode_value(&second, entry);
        if (!first.compresses) SL_ASSERT(first.len == second.len);
        rdb_writer_deinit(&first);
        rdb_writer_deinit(&second);
    }
    while (keyspace_garbage_step(keyspace, 1000)) continue;
    keyspace_free(keyspace);
    store_free(store);
    return 0;
}
