#pragma once
/* HyperLogLog: how many different elements there were, within 0.81 %, in 12 KiB or less. The
 * value is a string that clients may read, write and keep: its bytes are Redis' own, and so are
 * the hash and the estimate. Everything here works on those bytes, whatever they are: a client
 * may have made them up. Layout: hyperloglog.c. Any thread. */
#include "core/base.h"

enum {
    HLL_REGISTERS_COUNT = 16384,
    HLL_HEADER_BYTES = 16,
    HLL_DENSE_BYTES = HLL_HEADER_BYTES + HLL_REGISTERS_COUNT * 6 / 8,
    HLL_NEW_BYTES = HLL_HEADER_BYTES + 2,
    HLL_SPARSE_GROWTH_BYTES = 3, /* of one hll_sparse_set() at most */
};

/* The value of a set with no elements. */
void hll_init(char dst[static HLL_NEW_BYTES]);
/* Does it look like one? What all the calls below presume. The inside of a sparse one may still be
 * broken: each call says what it does then. */
bool hll_is_one(struct slice value);
bool hll_is_dense(const char *value);

/* What an element says: this register has at least that value (1 .. 51). */
struct hll_hit {
    unsigned reg;
    unsigned value;
};
struct hll_hit hll_hit_of(struct slice element);

unsigned hll_dense_get(const char *value, unsigned reg);
bool hll_dense_set(char *value, struct hll_hit hit); /* did it change anything? */

enum hll_set {
    HLL_UNCHANGED,
    HLL_CHANGED, /* and what was cached is no longer */
    HLL_TOO_LARGE, /* for the sparse form: nothing has changed, make it dense */
    HLL_BROKEN,
};
/* Sets a register of a sparse value of *len bytes, in place; there must be room for
 * HLL_SPARSE_GROWTH_BYTES more. It may become shorter, too. */
enum hll_set hll_sparse_set(char *value, size_t *len, size_t len_max, struct hll_hit hit);
/* The next run of equal registers of a sparse value; *at is 0 at first. False: the end, or it
 * breaks off. */
struct hll_run {
    unsigned len, value;
    bool is_long; /* zeros in the longer of their two forms */
};
bool hll_sparse_next(struct slice value, size_t *at, struct hll_run *run);

/* Raises each register to what the value has there. False: the value is broken; some may have been
 * raised. */
bool hll_merge(uint8_t registers[static HLL_REGISTERS_COUNT], struct slice value);
/* Writes all registers into a dense value of HLL_DENSE_BYTES, whose header says so afterwards. */
void hll_dense_write(char *value, const uint8_t registers[static HLL_REGISTERS_COUNT]);

/* The estimate. False: the value is broken. */
bool hll_count(struct slice value, uint64_t *count);
uint64_t hll_count_registers(const uint8_t registers[static HLL_REGISTERS_COUNT]);
/* The estimate that was kept in the header, if it still holds. */
bool hll_cached(const char *value, uint64_t *count);
void hll_cache(char *value, uint64_t count);
void hll_cache_drop(char *value);
