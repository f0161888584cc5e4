#include "core/rdb_encode.h"

uint16_t rdb_encode_version(const struct entry *entry, uint16_t version) {
    (void)entry;
    return version;
}

static void encode_string(struct rdb_writer *writer, const struct entry *entry) {
    char scratch[ENTRY_SCRATCH_BYTES];
    int64_t value;

    rdb_write_byte(writer, RDB_TYPE_STRING);
    if (entry_integer(entry, &value))
        rdb_write_integer(writer, value);
    else
        rdb_write_string(writer, entry_string(entry, scratch));
}

void rdb_encode_value(struct rdb_writer *writer, const struct entry *entry) {
    SL_ASSERT(entry_type(entry) == VALUE_STRING);
    encode_string(writer, entry);
}

uint64_t rdb_encode_bytes(const struct entry *entry, uint16_t version) {
    struct rdb_writer writer = {.version = version, .compresses = true, .drain = rdb_drain_nowhere};

    rdb_encode_value(&writer, entry);
    uint64_t bytes = writer.drained_bytes + writer.len - 1;
    rdb_writer_deinit(&writer);
    return bytes;
}
