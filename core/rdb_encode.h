#pragma once
/* A value as RDB files and DUMP payloads hold it. The writer's version says what may be used: with
 * RDB_VERSION_7_0 a Redis 7.0 can read it. Nothing of the value changes. */
#include "core/keyspace.h"
#include "core/rdb_write.h"

/* The version without which this value cannot be said in full, at least `version`: only
 * deadlines of hash fields ask for a later one. */
uint16_t rdb_encode_version(const struct entry *entry, uint16_t version);
/* The type byte and the value. */
void rdb_encode_value(struct rdb_writer *writer, const struct entry *entry);
/* How many bytes the value takes, the type byte not counted: DEBUG OBJECT's serializedlength. */
uint64_t rdb_encode_bytes(const struct entry *entry, uint16_t version);
