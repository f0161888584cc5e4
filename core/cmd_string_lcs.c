/* cmd_string_lcs.c - LCS: the longest common subsequence of two strings.
 *
 * The usual table: lengths[i][j] is the length for the first i bytes of a and the first j bytes of
 * b. Walking back from its last corner gives the subsequence and the matching ranges, from the
 * end. When two ways are equally long, the walk drops a byte of b: Redis' choice, which decides
 * which of several subsequences is answered.
 *
 * The work is a.len * b.len. The table may not be larger than proto-max-bulk-len, as in Redis, and
 * that also bounds the time: 134 million cells at the default. Only LEN needs no table, two rows
 * do; the limit is the same. */
#include "core/cmd_families.h"
#include "core/cmd_string_priv.h"
#include "core/mem.h"

struct lcs_options {
    bool want_indexes, want_len, with_match_len;
    int64_t match_len_min;
};

struct lcs {
    struct slice a, b;
    uint32_t *lengths; /* a.len + 1 rows of b.len + 1; two rows when only the length is wanted */
    bool is_whole;
};

static bool options_parse(struct cmd_ctx *ctx, struct lcs_options *options) {
    *options = (struct lcs_options){0};
    for (size_t i = 3; i < ctx->args_count; i++) {
        if (cmd_arg_is(ctx, i, "idx")) {
            options->want_indexes = true;
        } else if (cmd_arg_is(ctx, i, "len")) {
            options->want_len = true;
        } else if (cmd_arg_is(ctx, i, "withmatchlen")) {
            options->with_match_len = true;
        } else if (cmd_arg_is(ctx, i, "minmatchlen") && i + 1 < ctx->args_count) {
            if (!cmd_arg_int64(ctx, ++i, &options->match_len_min, NULL)) return false;
        } else {
            reply_syntax_error(ctx->reply);
            return false;
        }
    }
    if (options->want_indexes && options->want_len) {
        reply_error(ctx->reply, "If you want both the length and indexes, please just use IDX.");
        return false;
    }
    return true;
}

static inline uint32_t *row(const struct lcs *lcs, size_t i) {
    return lcs->lengths + (lcs->is_whole ? i : i % 2) * (lcs->b.len + 1);
}

/* Room for the table. False: the error is written. */
static bool lengths_allocate(struct cmd_ctx *ctx, struct lcs *lcs) {
    size_t rows = lcs->a.len + 1, columns = lcs->b.len + 1, cells, bytes;

    if (rows >= UINT32_MAX || columns >= UINT32_MAX) {
        reply_error(ctx->reply, "String too long for LCS");
        return false;
    }
    if (__builtin_mul_overflow(rows, columns, &cells) ||
        __builtin_mul_overflow(cells, sizeof *lcs->lengths, &bytes) ||
        bytes > ctx->settings->proto_max_bulk_len) {
        reply_error(ctx->reply, "Insufficient memory, transient memory for LCS exceeds "
                                "proto-max-bulk-len");
        return false;
    }
    lcs->lengths = mem_try(lcs->is_whole ? bytes : 2 * columns * sizeof *lcs->lengths);
    if (lcs->lengths == NULL) {
        reply_error(ctx->reply, "Insufficient memory, failed allocating transient memory for LCS");
        return false;
    }
    return true;
}

static void lengths_compute(const struct lcs *lcs) {
    memset(row(lcs, 0), 0, (lcs->b.len + 1) * sizeof *lcs->lengths);
    for (size_t i = 1; i <= lcs->a.len; i++) {
        const uint32_t *above = row(lcs, i - 1);
        uint32_t *here = row(lcs, i), left = 0;
        char a = lcs->a.data[i - 1];

        here[0] = 0;
        for (size_t j = 1; j <= lcs->b.len; j++) {
            if (a == lcs->b.data[j - 1])
                left = above[j - 1] + 1;
            else if (above[j] > left)
                left = above[j];
            here[j] = left;
        }
    }
}

/* One run of equal bytes: a[a_end - len, a_end) and b[b_end - len, b_end). */
struct lcs_match {
    size_t a_end, b_end, len;
};

/* The next run, walking back from (*i, *j). False: there is none. */
static bool match_next(const struct lcs *lcs, size_t *i, size_t *j, struct lcs_match *match) {
    while (*i > 0 && *j > 0) {
        if (lcs->a.data[*i - 1] != lcs->b.data[*j - 1]) {
            if (row(lcs, *i - 1)[*j] > row(lcs, *i)[*j - 1])
                --*i;
            else
                --*j;
            continue;
        }
        *match = (struct lcs_match){.a_end = *i, .b_end = *j};
        while (*i > 0 && *j > 0 && lcs->a.data[*i - 1] == lcs->b.data[*j - 1]) {
            --*i;
            --*j;
            match->len++;
        }
        return true;
    }
    return false;
}

static void reply_subsequence(struct cmd_ctx *ctx, const struct lcs *lcs) {
    size_t i = lcs->a.len, j = lcs->b.len, len = row(lcs, i)[j], at = len;
    char *text = mem_try(len + 1);
    struct lcs_match match;

    if (text == NULL) {
        reply_no_memory(ctx->reply);
        return;
    }
    while (match_next(lcs, &i, &j, &match)) {
        SL_ASSERT(at >= match.len);
        at -= match.len;
        memcpy(text + at, lcs->a.data + match.a_end - match.len, match.len);
    }
    SL_ASSERT(at == 0);
    reply_bulk(ctx->reply, slice_of(text, len));
    mem_free(text);
}

static void reply_range(struct reply *reply, size_t end, size_t len) {
    reply_array(reply, 2);
    reply_int(reply, (int64_t)(end - len));
    reply_int(reply, (int64_t)(end - 1));
}

static void reply_indexes(struct cmd_ctx *ctx, const struct lcs *lcs,
                          const struct lcs_options *options) {
    struct reply *reply = ctx->reply;
    size_t i = lcs->a.len, j = lcs->b.len, count = 0;
    uint32_t len = row(lcs, i)[j];
    struct reply_deferred matches;
    struct lcs_match match;

    reply_map(reply, 2);
    reply_bulk_cstr(reply, "matches");
    matches = reply_defer(reply);
    while (match_next(lcs, &i, &j, &match)) {
        if ((int64_t)match.len < options->match_len_min) continue;
        reply_array(reply, options->with_match_len ? 3 : 2);
        reply_range(reply, match.a_end, match.len);
        reply_range(reply, match.b_end, match.len);
        if (options->with_match_len) reply_int(reply, (int64_t)match.len);
        count++;
    }
    reply_defer_array(reply, matches, count);
    reply_bulk_cstr(reply, "len");
    reply_int(reply, len);
}

static void lcs_run(struct cmd_ctx *ctx) {
    struct key key_a = cmd_key(ctx, 1), key_b = cmd_key(ctx, 2);
    struct entry *entry_a = cmd_find_read(ctx, &key_a), *entry_b = cmd_find_read(ctx, &key_b);
    char scratch_a[ENTRY_SCRATCH_BYTES], scratch_b[ENTRY_SCRATCH_BYTES];
    struct lcs lcs = {.a = SLICE_LITERAL(""), .b = SLICE_LITERAL("")};
    struct lcs_options options;

    if ((entry_a != NULL && entry_type(entry_a) != VALUE_STRING) ||
        (entry_b != NULL && entry_type(entry_b) != VALUE_STRING)) {
        reply_error(ctx->reply, "The specified keys must contain string values");
        return;
    }
    if (!options_parse(ctx, &options)) return;
    if (entry_a != NULL) lcs.a = entry_string(entry_a, scratch_a);
    if (entry_b != NULL) lcs.b = entry_string(entry_b, scratch_b);
    lcs.is_whole = !options.want_len;
    if (!lengths_allocate(ctx, &lcs)) return;
    lengths_compute(&lcs);
    if (options.want_indexes)
        reply_indexes(ctx, &lcs, &options);
    else if (options.want_len)
        reply_int(ctx->reply, row(&lcs, lcs.a.len)[lcs.b.len]);
    else
        reply_subsequence(ctx, &lcs);
    mem_free(lcs.lengths);
}

/* ---- Row ---- */
/* clang-format off */

static const struct cmd_arg lcs_syntax[] = {
    {.name = "key1", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "key2", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "len", .type = ARG_PURE_TOKEN, .token = "LEN", .flags = ARG_OPTIONAL},
    {.name = "idx", .type = ARG_PURE_TOKEN, .token = "IDX", .flags = ARG_OPTIONAL},
    {.name = "min-match-len", .type = ARG_INTEGER, .token = "MINMATCHLEN", .flags = ARG_OPTIONAL},
    {.name = "withmatchlen", .type = ARG_PURE_TOKEN, .token = "WITHMATCHLEN",
     .flags = ARG_OPTIONAL},
};

static const struct cmd_def lcs_cmds[] = {
    {.name = "lcs", .run = lcs_run, .arity = -3, .flags = CMD_READONLY | CMD_SLOW_EXECUTION,
     .categories = CATEGORY_STRING,
     .keys = {{.flags = CMD_KEY_RO | CMD_KEY_ACCESS, .begin_index = 1, .last = 1, .step = 1}},
     .keys_count = 1, .group = "string", .since = "7.0.0",
     .complexity = "O(N*M) where N and M are the lengths of the two strings.",
     .summary = "Finds the longest common subsequence of two strings.", CMD_SYNTAX(lcs_syntax)},
};
const struct cmd_family cmd_family_string_lcs = {"string", lcs_cmds, ARRAY_COUNT(lcs_cmds)};
/* clang-format on */
