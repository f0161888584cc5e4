/* cmd_hyperloglog_debug.c - looking inside: PFDEBUG, PFSELFTEST. */
#include <math.h>
#include <stdio.h>

#include "core/cmd_families.h"
#include "core/cmd_hyperloglog_priv.h"
#include "core/mem.h"

/* ---- PFDEBUG ---- */

/* A change of form is a change: replicas make it as well. False: the error is written. */
static bool to_dense(struct cmd_ctx *ctx, struct hll_edit *edit, bool *is_converted) {
    enum hll_edited edited = hll_edit_to_dense(ctx, edit);

    *is_converted = edited == EDIT_CHANGED;
    if (edited == EDIT_CHANGED) cmd_changed_silently(ctx);
    if (edited == EDIT_BROKEN) hll_reply_broken(ctx);
    if (edited == EDIT_NO_MEMORY) reply_no_memory(ctx->reply);
    return edited == EDIT_CHANGED || edited == EDIT_UNCHANGED;
}

static void debug_getreg(struct cmd_ctx *ctx, struct hll_edit *edit) {
    bool is_converted;

    if (!to_dense(ctx, edit, &is_converted)) return;
    reply_array(ctx->reply, HLL_REGISTERS_COUNT);
    for (unsigned i = 0; i < HLL_REGISTERS_COUNT; i++)
        reply_int(ctx->reply, hll_dense_get(edit->data, i));
}

static void debug_todense(struct cmd_ctx *ctx, struct hll_edit *edit) {
    bool is_converted;

    if (to_dense(ctx, edit, &is_converted)) reply_int(ctx->reply, is_converted);
}

/* Its runs in words: "z:1" and "Z:1" are zeros, in the short form and the long one, "v:2,1" is one
 * register of 2. */
static void debug_decode(struct cmd_ctx *ctx, struct hll_edit *edit) {
    enum { RUN_TEXT_BYTES_MAX = 16 };
    struct slice value = hll_edit_value(edit);
    struct hll_run run;
    size_t len = 0, at = 0;

    if (hll_is_dense(value.data)) {
        reply_error(ctx->reply, "HLL encoding is not sparse");
        return;
    }
    /* One run takes a byte or more of the value. */
    char *text = mem_try((value.len + 1) * RUN_TEXT_BYTES_MAX);
    if (text == NULL) {
        reply_no_memory(ctx->reply);
        return;
    }
    while (hll_sparse_next(value, &at, &run)) {
        int bytes = run.value > 0
                        ? snprintf(text + len, RUN_TEXT_BYTES_MAX, "v:%u,%u ", run.value, run.len)
                        : snprintf(text + len, RUN_TEXT_BYTES_MAX, "%c:%u ",
                                   run.is_long ? 'Z' : 'z', run.len);
        len += (size_t)bytes;
    }
    if (at < value.len) { /* half a run: Redis takes the other half for zero */
        unsigned half = (unsigned char)value.data[at] & 0x3f;
        len += (size_t)snprintf(text + len, RUN_TEXT_BYTES_MAX, "Z:%u ", (half << 8) + 1);
    }
    reply_bulk(ctx->reply, slice_of(text, len > 0 ? len - 1 : 0));
    mem_free(text);
}

static void debug_encoding(struct cmd_ctx *ctx, struct hll_edit *edit) {
    reply_status(ctx->reply, hll_is_dense(edit->data) ? "dense" : "sparse");
}

static void pfdebug(struct cmd_ctx *ctx) {
    static const struct {
        const char *word;
        void (*run)(struct cmd_ctx *ctx, struct hll_edit *edit);
    } subs[] = {
        {"getreg", debug_getreg},
        {"decode", debug_decode},
        {"encoding", debug_encoding},
        {"todense", debug_todense},
    };
    struct key key = cmd_key(ctx, 2);
    struct entry *entry = cmd_find_write(ctx, &key);
    struct hll_edit edit;

    if (entry == NULL) {
        reply_error(ctx->reply, "The specified key does not exist");
        return;
    }
    if (!hll_is_value(ctx, entry)) return;
    for (size_t i = 0; i < ARRAY_COUNT(subs); i++) {
        if (!cmd_arg_is(ctx, 1, subs[i].word)) continue;
        if (!hll_edit_begin(ctx, &key, entry, &edit)) return;
        subs[i].run(ctx, &edit);
        hll_edit_end(&edit);
        return;
    }
    reply_error_format(ctx->reply, "Unknown PFDEBUG subcommand '%.*s'", (int)ctx->args[1].len,
                       ctx->args[1].data);
}

/* ---- PFSELFTEST ---- */

enum {
    SELFTEST_CYCLES = 50,
    SELFTEST_ELEMENTS = 1000000,
    SELFTEST_SPARSE_BYTES = 3000,
};

static uint64_t selftest_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 32;
}

/* Each register keeps what is written, and only that one changes. */
static bool selftest_registers(struct cmd_ctx *ctx, char *value, uint64_t *random) {
    uint8_t registers[HLL_REGISTERS_COUNT];

    for (int cycle = 0; cycle < SELFTEST_CYCLES; cycle++) {
        hll_init(value);
        memset(registers, 0, sizeof registers);
        hll_dense_write(value, registers);
        for (unsigned i = 0; i < HLL_REGISTERS_COUNT; i++) {
            registers[i] = selftest_random(random) & 63;
            hll_dense_set(value, (struct hll_hit){.reg = i, .value = registers[i]});
        }
        for (unsigned i = 0; i < HLL_REGISTERS_COUNT; i++) {
            if (hll_dense_get(value, i) == registers[i]) continue;
            reply_error_format(ctx->reply, "TESTFAILED Register %u should be %u but is %u", i,
                               (unsigned)registers[i], hll_dense_get(value, i));
            return false;
        }
    }
    return true;
}

/* At 1, 10, 100, ... elements: both forms agree, and the estimate is near the truth. */
static bool selftest_checkpoint(struct cmd_ctx *ctx, uint64_t elements, const char *dense,
                                struct slice sparse) {
    uint64_t count, count_sparse;

    hll_count(slice_of(dense, HLL_DENSE_BYTES), &count);
    if (sparse.len == 0 && elements < SELFTEST_SPARSE_BYTES / 2) {
        reply_error(ctx->reply, "TESTFAILED sparse encoding not used");
        return false;
    }
    if (sparse.len > 0 && (!hll_count(sparse, &count_sparse) || count_sparse != count)) {
        reply_error(ctx->reply, "TESTFAILED dense/sparse disagree");
        return false;
    }
    uint64_t off = count > elements ? count - elements : elements - count;
    double off_max = ceil(1.04 / sqrt(HLL_REGISTERS_COUNT) * 6 * (double)elements);
    if ((double)off <= off_max) return true;
    reply_error_format(ctx->reply, "TESTFAILED Too big error. card:%llu abserr:%llu",
                       (unsigned long long)elements, (unsigned long long)off);
    return false;
}

static bool selftest_estimates(struct cmd_ctx *ctx, char *dense, uint64_t *random) {
    uint8_t registers[HLL_REGISTERS_COUNT] = {0};
    char sparse[SELFTEST_SPARSE_BYTES + HLL_SPARSE_GROWTH_BYTES];
    size_t sparse_len = HLL_NEW_BYTES; /* 0: it has become too large */
    uint64_t seed = selftest_random(random) << 32 | selftest_random(random), checkpoint = 1;

    hll_init(dense);
    hll_dense_write(dense, registers);
    hll_init(sparse);
    for (uint64_t i = 1; i <= SELFTEST_ELEMENTS; i++) {
        uint64_t element = i ^ seed;
        struct hll_hit hit = hll_hit_of(slice_of((const char *)&element, sizeof element));

        hll_dense_set(dense, hit);
        if (sparse_len > 0 &&
            hll_sparse_set(sparse, &sparse_len, SELFTEST_SPARSE_BYTES, hit) == HLL_TOO_LARGE)
            sparse_len = 0;
        if (i != checkpoint) continue;
        if (!selftest_checkpoint(ctx, i, dense, slice_of(sparse, sparse_len))) return false;
        checkpoint *= 10;
    }
    return true;
}

static void pfselftest(struct cmd_ctx *ctx) {
    uint64_t random = ctx->random_bits;
    char value[HLL_DENSE_BYTES];

    if (selftest_registers(ctx, value, &random) && selftest_estimates(ctx, value, &random))
        reply_ok(ctx->reply);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg pfdebug_syntax[] = {
    {.name = "subcommand", .type = ARG_STRING},
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
};

static const struct cmd_def hyperloglog_debug_cmds[] = {
    {.name = "pfdebug", .run = pfdebug, .arity = 3,
     .flags = CMD_WRITE | CMD_DENYOOM | CMD_ADMIN | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_HYPERLOGLOG,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS, .begin_index = 2, .last = 0, .step = 1}},
     .keys_count = 1, .group = "hyperloglog", .since = "2.8.9", .complexity = "N/A",
     .summary = "Shows what a HyperLogLog is made of.", CMD_SYNTAX(pfdebug_syntax)},
    {.name = "pfselftest", .run = pfselftest, .arity = 1, .flags = CMD_ADMIN | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_HYPERLOGLOG, .scope = SCOPE_CONN,
     .group = "hyperloglog", .since = "2.8.9", .complexity = "N/A",
     .summary = "Proves that HyperLogLogs count well on this machine."},
};
const struct cmd_family cmd_family_hyperloglog_debug = {"hyperloglog", hyperloglog_debug_cmds, ARRAY_COUNT(hyperloglog_debug_cmds)};
/* clang-format on */
