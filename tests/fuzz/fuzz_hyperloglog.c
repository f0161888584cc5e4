/* The input is a value that a client made up, whatever its header: everything that takes one must
 * live with it, and what is counted and merged must agree. A few bytes of it are elements as well. */
#include <stdlib.h>

#include "core/hyperloglog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ELEMENTS = 24 };

static void check_reads(struct slice value) {
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    uint64_t count, cached;
    struct hll_run run;
    size_t at = 0;

    (void)hll_cached(value.data, &cached);
    bool is_counted = hll_count(value, &count);
    bool is_merged = hll_merge(registers, value);
    SL_ASSERT(is_counted == is_merged);
    if (is_merged) SL_ASSERT(hll_count_registers(registers) == count);
    if (!hll_is_dense(value.data)) {
        while (hll_sparse_next(value, &at, &run)) SL_ASSERT(at <= value.len);
    }
}

/* Sparse and dense learn the same from the same elements. */
static void check_sets(char *value, size_t len, const uint8_t *data, size_t size) {
    uint8_t before[HLL_REGISTERS_COUNT] = {0}, after[HLL_REGISTERS_COUNT] = {0};
    bool was_whole = hll_merge(before, slice_of(value, len));
    size_t len_max = len + 8;

    for (size_t i = 0; i < ELEMENTS; i++) {
        struct hll_hit hit = hll_hit_of(slice_of((const char *)data + i % (size - 3), 4));
        if (hll_is_dense(value)) {
            hll_dense_set(value, hit);
            SL_ASSERT(hll_dense_get(value, hit.reg) >= hit.value);
        } else {
            enum hll_set set = hll_sparse_set(value, &len, len_max, hit);
            SL_ASSERT(len <= len_max);
            SL_ASSERT(set != HLL_BROKEN || !was_whole);
            if (set == HLL_TOO_LARGE || set == HLL_BROKEN) continue;
        }
        if (hit.value > before[hit.reg]) before[hit.reg] = (uint8_t)hit.value;
    }
    if (!was_whole) return;
    SL_ASSERT(hll_merge(after, slice_of(value, len)));
    SL_ASSERT(memcmp(before, after, sizeof before) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HLL_HEADER_BYTES) return 0;
    bool is_dense = (data[4] & 1) == 0;
    size_t len = is_dense ? (size_t)HLL_DENSE_BYTES : size;
    char *value = calloc(1, len + 8 + HLL_SPARSE_GROWTH_BYTES); /* foreign memory: no mem_* here */

    SL_ASSERT(value != NULL);
    memcpy(value, data, size < len ? size : len);
    memcpy(value, "HYLL", 4);
    value[4] = is_dense ? 0 : 1;
    SL_ASSERT(hll_is_one(slice_of(value, len)));
    check_reads(slice_of(value, len));
    check_sets(value, len, data, size);
    free(value);
    return 0;
}
