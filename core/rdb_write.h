#pragma once
/* The bytes that RDB files and DUMP payloads are made of, on their way out: lengths, strings,
 * numbers. They gather in memory; a writer with a drain hands them on from time to time, so that
 * a value of any size needs little room. Once memory or the drain fails, nothing more is
 * written: who uses the bytes looks at is_failed first. One thread's; format: rdb.h. */
#include "core/rdb.h"

struct rdb_writer {
    char *data; /* the heap's; NULL at first */
    size_t len, capacity;
    uint64_t drained_bytes; /* gone before data */
    bool is_failed;
    bool compresses; /* strings over 20 bytes, if that makes them shorter */
    uint16_t version; /* what may be written: RDB_VERSION_... */
    /* May be NULL: all stays in data. False: failed. */
    bool (*drain)(void *owner, struct slice bytes);
    void *owner;
};

/* {.version, .compresses, .drain, .owner} set, the rest zero, is a new writer. */
void rdb_writer_deinit(struct rdb_writer *writer); /* frees data */
void rdb_writer_flush(struct rdb_writer *writer); /* to the drain, if there is one */
/* A drain that only counts: serializedlength. */
bool rdb_drain_nowhere(void *owner, struct slice bytes);

void rdb_write_bytes(struct rdb_writer *writer, struct slice bytes);
void rdb_write_byte(struct rdb_writer *writer, uint8_t byte);
void rdb_write_len(struct rdb_writer *writer, uint64_t len);
/* The shortest of a number, compressed, plain: as Redis. */
void rdb_write_string(struct rdb_writer *writer, struct slice text);
void rdb_write_integer(struct rdb_writer *writer, int64_t value); /* a string that is a number */
void rdb_write_uint64(struct rdb_writer *writer, uint64_t value); /* eight bytes: deadlines */
void rdb_write_double(struct rdb_writer *writer, double value); /* eight bytes */
