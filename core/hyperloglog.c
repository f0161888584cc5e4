/* hyperloglog.c - the bytes of a HyperLogLog, and what they say.
 *
 *     0      4          5        8                     16
 *     +------+----------+--------+---------------------+----------------------
 *     | HYLL | 0 dense  | unused | count, little end   | registers
 *     |      | 1 sparse |        | first; top bit: old |
 *     +------+----------+--------+---------------------+----------------------
 *
 * An element's hash names one of 16384 registers with its low 14 bits; the register keeps the
 * longest run of zeros seen above them, the one that ends it counted in. Dense: 6 bits a
 * register, the first in the low bits of the first byte. Sparse: runs of equal registers, one
 * after the other:
 *     00llllll           l + 1 zeros
 *     01llllll llllllll  l + 1 zeros
 *     1vvvvvll           l + 1 registers of v + 1
 *
 * H1  A value that says it is dense has exactly HLL_DENSE_BYTES.
 * H2  The runs of a sparse value make HLL_REGISTERS_COUNT together. Only readers that go through
 *     all of it find out; until then nothing relies on it.
 * The bytes that hll_sparse_set() leaves are Redis' to the last one: which runs it splits and which
 * neighbours it joins is part of the format, since DUMP and GET show them. The estimator is Otmar
 * Ertl's (arXiv:1702.01284), in the same order of operations, so that counts agree as well. */
#include "core/hyperloglog.h"

#include <math.h>

enum {
    ENCODING_AT = 4,
    COUNT_AT = 8,
    IS_DENSE = 0,
    IS_SPARSE = 1,
    INDEX_BITS = 14,
    HASH_BITS_LEFT = 64 - INDEX_BITS,
    REGISTER_MAX = 63,
    ZEROS_SHORT_MAX = 64,
    RUN_VALUE_MAX = 32,
    RUN_LEN_MAX = 4,
    JOIN_SCAN_MAX = 5,
    GROUP_REGISTERS = 8, /* of a dense value: in 6 bytes */
    GROUP_BYTES = 6,
};
_Static_assert(HLL_DENSE_BYTES == 12304, "Redis' own length");

static unsigned byte_at(const char *data, size_t at) {
    return (unsigned char)data[at];
}

static uint64_t load64(const char *data, size_t len) {
    uint64_t word = 0;

    memcpy(&word, data, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static void store64(char *data, uint64_t word, size_t len) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(data, &word, len);
}

/* ---- Header ---- */

void hll_init(char dst[static HLL_NEW_BYTES]) {
    memset(dst, 0, HLL_NEW_BYTES);
    memcpy(dst, "HYLL", 4);
    dst[ENCODING_AT] = IS_SPARSE;
    dst[HLL_HEADER_BYTES] = 0x7f; /* one run of all zeros */
    dst[HLL_HEADER_BYTES + 1] = (char)0xff;
}

bool hll_is_one(struct slice value) {
    if (value.len < HLL_HEADER_BYTES || memcmp(value.data, "HYLL", 4) != 0) return false;
    if (value.data[ENCODING_AT] == IS_DENSE) return value.len == HLL_DENSE_BYTES;
    return value.data[ENCODING_AT] == IS_SPARSE;
}

bool hll_is_dense(const char *value) {
    return value[ENCODING_AT] == IS_DENSE;
}

bool hll_cached(const char *value, uint64_t *count) {
    *count = load64(value + COUNT_AT, 8);
    return *count >> 63 == 0;
}

void hll_cache(char *value, uint64_t count) {
    store64(value + COUNT_AT, count, 8);
}

void hll_cache_drop(char *value) {
    value[COUNT_AT + 7] = (char)(value[COUNT_AT + 7] | 0x80);
}

/* ---- Elements ---- */

/* MurmurHash64A with the seed that all values in this format have in common. */
static uint64_t murmur(struct slice element) {
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    uint64_t hash = UINT64_C(0xadc83b19) ^ (uint64_t)element.len * m;
    const char *data = element.data;
    size_t left = element.len;

    for (; left >= 8; left -= 8, data += 8) {
        uint64_t word = load64(data, 8) * m;
        word = (word ^ word >> 47) * m;
        hash = (hash ^ word) * m;
    }
    if (left > 0) hash = (hash ^ load64(data, left)) * m;
    hash = (hash ^ hash >> 47) * m;
    return hash ^ hash >> 47;
}

struct hll_hit hll_hit_of(struct slice element) {
    uint64_t hash = murmur(element);
    uint64_t rest = hash >> INDEX_BITS | UINT64_C(1) << HASH_BITS_LEFT; /* it ends somewhere */

    return (struct hll_hit){.reg = hash & (HLL_REGISTERS_COUNT - 1),
                            .value = (unsigned)__builtin_ctzll(rest) + 1};
}

/* ---- Dense ---- */

static uint64_t load_group(const char *value, size_t group) {
    return load64(value + HLL_HEADER_BYTES + group * GROUP_BYTES, GROUP_BYTES);
}

unsigned hll_dense_get(const char *value, unsigned reg) {
    SL_DEBUG_ASSERT(reg < HLL_REGISTERS_COUNT);
    return load_group(value, reg / GROUP_REGISTERS) >> reg % GROUP_REGISTERS * 6 & REGISTER_MAX;
}

bool hll_dense_set(char *value, struct hll_hit hit) {
    size_t group = hit.reg / GROUP_REGISTERS;
    unsigned shift = hit.reg % GROUP_REGISTERS * 6;
    uint64_t word = load_group(value, group);

    SL_DEBUG_ASSERT(hit.reg < HLL_REGISTERS_COUNT && hit.value <= REGISTER_MAX);
    if ((word >> shift & REGISTER_MAX) >= hit.value) return false;
    word = (word & ~((uint64_t)REGISTER_MAX << shift)) | (uint64_t)hit.value << shift;
    store64(value + HLL_HEADER_BYTES + group * GROUP_BYTES, word, GROUP_BYTES);
    return true;
}

void hll_dense_write(char *value, const uint8_t registers[static HLL_REGISTERS_COUNT]) {
    value[ENCODING_AT] = IS_DENSE;
    for (size_t group = 0; group < HLL_REGISTERS_COUNT / GROUP_REGISTERS; group++) {
        uint64_t word = 0;
        for (unsigned i = 0; i < GROUP_REGISTERS; i++)
            word |= (uint64_t)(registers[group * GROUP_REGISTERS + i] & REGISTER_MAX) << 6 * i;
        store64(value + HLL_HEADER_BYTES + group * GROUP_BYTES, word, GROUP_BYTES);
    }
}

/* ---- Sparse ---- */

static bool is_zeros_long(unsigned byte) {
    return (byte & 0xc0) == 0x40;
}

static bool is_valued(unsigned byte) {
    return (byte & 0x80) != 0;
}

static unsigned valued_value(unsigned byte) {
    return (byte >> 2 & 0x1f) + 1;
}

static unsigned valued_len(unsigned byte) {
    return (byte & 3) + 1;
}

static char valued_make(unsigned value, unsigned len) {
    return (char)(unsigned char)(0x80 | (value - 1) << 2 | (len - 1));
}

bool hll_sparse_next(struct slice value, size_t *at, struct hll_run *run) {
    if (*at < HLL_HEADER_BYTES) *at = HLL_HEADER_BYTES;
    if (*at >= value.len) return false;
    unsigned byte = byte_at(value.data, *at);
    if (is_valued(byte)) {
        *run = (struct hll_run){.len = valued_len(byte), .value = valued_value(byte)};
    } else if (!is_zeros_long(byte)) {
        *run = (struct hll_run){.len = (byte & 0x3f) + 1};
    } else {
        if (value.len - *at < 2) return false;
        run->value = 0;
        run->is_long = true;
        run->len = ((byte & 0x3f) << 8 | byte_at(value.data, *at + 1)) + 1;
        ++*at;
    }
    ++*at;
    return true;
}

/* So many zeros, none for 0. Returns the bytes written. */
static size_t zeros_make(char *dst, unsigned len) {
    if (len == 0) return 0;
    len--;
    if (len < ZEROS_SHORT_MAX) {
        dst[0] = (char)len;
        return 1;
    }
    dst[0] = (char)(0x40 | len >> 8);
    dst[1] = (char)(unsigned char)(len & 0xff);
    return 2;
}

/* The runs that stand in for `run`, which begins at register `first`, once the hit is in it. */
static size_t split(char dst[static 5], const struct hll_run *run, unsigned first,
                    struct hll_hit hit) {
    unsigned before = hit.reg - first, after = run->len - before - 1;
    size_t len = 0;

    if (run->value == 0) {
        len = zeros_make(dst, before);
        dst[len++] = valued_make(hit.value, 1);
        return len + zeros_make(dst + len, after);
    }
    if (before > 0) dst[len++] = valued_make(run->value, before);
    dst[len++] = valued_make(hit.value, 1);
    if (after > 0) dst[len++] = valued_make(run->value, after);
    return len;
}

/* Neighbours of the same value become one run, where that is allowed to be so long: a few runs from
 * `at` on. Returns the new length. */
static size_t join_from(char *value, size_t len, size_t at) {
    for (int scanned = 0; scanned < JOIN_SCAN_MAX && at < len; scanned++) {
        unsigned byte = byte_at(value, at);

        if (is_zeros_long(byte)) {
            at += 2;
            continue;
        }
        if (is_valued(byte) && at + 1 < len && is_valued(byte_at(value, at + 1)) &&
            valued_value(byte) == valued_value(byte_at(value, at + 1))) {
            unsigned joined = valued_len(byte) + valued_len(byte_at(value, at + 1));
            if (joined <= RUN_LEN_MAX) {
                value[at + 1] = valued_make(valued_value(byte), joined);
                memmove(value + at, value + at + 1, len - at - 1);
                len--;
                continue; /* it may go with the next one, too */
            }
        }
        at++;
    }
    return len;
}

enum hll_set hll_sparse_set(char *value, size_t *len, size_t len_max, struct hll_hit hit) {
    size_t at = 0, run_at = HLL_HEADER_BYTES, before_at = HLL_HEADER_BYTES;
    struct hll_run run;
    unsigned first = 0;
    char runs[5];

    SL_ASSERT(hit.reg < HLL_REGISTERS_COUNT && hit.value > 0);
    if (hit.value > RUN_VALUE_MAX) return HLL_TOO_LARGE;
    for (;;) { /* to the run with this register */
        size_t next_at = at < HLL_HEADER_BYTES ? (size_t)HLL_HEADER_BYTES : at;
        if (!hll_sparse_next(slice_of(value, *len), &at, &run)) return HLL_BROKEN;
        if (first > 0) before_at = run_at;
        run_at = next_at;
        if (hit.reg - first < run.len) break;
        first += run.len;
    }
    if (run.value >= hit.value) return HLL_UNCHANGED;

    size_t runs_len = split(runs, &run, first, hit), old_len = at - run_at;
    if (runs_len > old_len && *len + (runs_len - old_len) > len_max) return HLL_TOO_LARGE;
    memmove(value + run_at + runs_len, value + at, *len - at);
    memcpy(value + run_at, runs, runs_len);
    *len = *len - old_len + runs_len;
    *len = join_from(value, *len, before_at);
    hll_cache_drop(value);
    return HLL_CHANGED;
}

/* ---- All registers ---- */

static void merge_dense(uint8_t *restrict registers, const char *value) {
    for (size_t group = 0; group < HLL_REGISTERS_COUNT / GROUP_REGISTERS; group++) {
        uint64_t word = load_group(value, group);
        uint8_t *to = registers + group * GROUP_REGISTERS;
        for (unsigned i = 0; i < GROUP_REGISTERS; i++) {
            uint8_t have = word >> 6 * i & REGISTER_MAX;
            to[i] = to[i] > have ? to[i] : have;
        }
    }
}

bool hll_merge(uint8_t registers[static HLL_REGISTERS_COUNT], struct slice value) {
    size_t at = 0, reg = 0;
    struct hll_run run;

    if (hll_is_dense(value.data)) {
        merge_dense(registers, value.data);
        return true;
    }
    for (; hll_sparse_next(value, &at, &run); reg += run.len) {
        if (run.len > HLL_REGISTERS_COUNT - reg) return false;
        if (run.value == 0) continue;
        for (size_t i = reg; i < reg + run.len; i++)
            if (run.value > registers[i]) registers[i] = (uint8_t)run.value;
    }
    return reg == HLL_REGISTERS_COUNT && at >= value.len;
}

/* ---- The estimate ---- */

static double sigma(double x) {
    double z = x, z_before, y = 1;

    if (x == 1.0) return (double)INFINITY;
    do {
        x *= x;
        z_before = z;
        z += x * y;
        y += y;
    } while (z_before != z);
    return z;
}

static double tau(double x) {
    double z = 1 - x, z_before, y = 1;

    if (x == 0.0 || x == 1.0) return 0.0;
    do {
        x = sqrt(x);
        z_before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z_before != z);
    return z / 3;
}

/* From how many registers have which value. */
static uint64_t estimate(const uint32_t counts[static REGISTER_MAX + 1]) {
    const double alpha_inf = 0.721347520444481703680, m = HLL_REGISTERS_COUNT;
    double z = m * tau((m - counts[HASH_BITS_LEFT + 1]) / m);

    for (int i = HASH_BITS_LEFT; i >= 1; i--) {
        z += counts[i];
        z *= 0.5;
    }
    z += m * sigma(counts[0] / m);
    double count = alpha_inf * m * m / z;
    /* Registers that no elements can have led to. */
    if (!(count < 9223372036854775807.0)) return UINT64_C(1) << 63;
    return (uint64_t)llround(count);
}

uint64_t hll_count_registers(const uint8_t registers[static HLL_REGISTERS_COUNT]) {
    uint32_t counts[2][REGISTER_MAX + 1] = {{0}};

    /* Two tables: equal neighbours do not wait for each other. */
    for (size_t i = 0; i < HLL_REGISTERS_COUNT; i += 2) {
        counts[0][registers[i] & REGISTER_MAX]++;
        counts[1][registers[i + 1] & REGISTER_MAX]++;
    }
    for (size_t i = 0; i <= REGISTER_MAX; i++) counts[0][i] += counts[1][i];
    return estimate(counts[0]);
}

bool hll_count(struct slice value, uint64_t *count) {
    uint32_t counts[REGISTER_MAX + 1] = {0};
    size_t at = 0, reg = 0;
    struct hll_run run;

    if (hll_is_dense(value.data)) {
        uint8_t registers[HLL_REGISTERS_COUNT] = {0};
        merge_dense(registers, value.data);
        *count = hll_count_registers(registers);
        return true;
    }
    for (; hll_sparse_next(value, &at, &run); reg += run.len) {
        if (run.len > HLL_REGISTERS_COUNT - reg) return false;
        counts[run.value] += run.len;
    }
    if (reg != HLL_REGISTERS_COUNT || at < value.len) return false;
    *count = estimate(counts);
    return true;
}
