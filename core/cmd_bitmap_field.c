/* cmd_bitmap_field.c - integers of any width inside a string: BITFIELD, BITFIELD_RO.
 * The arguments are read twice: once to see that all of them are right and how far they write, and
 * once to do what they say. That way nothing needs room of its own. */
#include "core/bitmap.h"
#include "core/cmd_bitmap_priv.h"
#include "core/cmd_families.h"
#include "core/number.h"

enum field_verb { FIELD_GET, FIELD_SET, FIELD_INCRBY };
enum field_overflow { OVERFLOW_WRAP, OVERFLOW_SAT, OVERFLOW_FAIL };

struct field_op {
    enum field_verb verb;
    bool is_signed;
    unsigned bits;
    uint64_t offset;
    int64_t operand; /* SET's value, INCRBY's increment */
};

/* ---- Arguments ---- */

static bool type_parse(struct cmd_ctx *ctx, size_t index, struct field_op *op) {
    struct slice text = ctx->args[index];
    int64_t bits = 0;

    if (text.len > 1 && (text.data[0] == 'i' || text.data[0] == 'u') &&
        number_parse_int64(slice_of(text.data + 1, text.len - 1), &bits)) {
        op->is_signed = text.data[0] == 'i';
        if (bits >= 1 && bits <= (op->is_signed ? 64 : 63)) {
            op->bits = (unsigned)bits;
            return true;
        }
    }
    reply_error(ctx->reply, "Invalid bitfield type. Use something like i16 u8. Note that u64 is "
                            "not supported but i64 is.");
    return false;
}

static bool overflow_parse(struct cmd_ctx *ctx, size_t index, enum field_overflow *overflow) {
    if (cmd_arg_is(ctx, index, "wrap")) {
        *overflow = OVERFLOW_WRAP;
    } else if (cmd_arg_is(ctx, index, "sat")) {
        *overflow = OVERFLOW_SAT;
    } else if (cmd_arg_is(ctx, index, "fail")) {
        *overflow = OVERFLOW_FAIL;
    } else {
        reply_error(ctx->reply, "Invalid OVERFLOW type specified");
        return false;
    }
    return true;
}

enum parsed { PARSED_OP, PARSED_END, PARSED_ERROR };

/* Reads from argument *at on up to the next operation, over OVERFLOW on the way. */
static enum parsed op_parse(struct cmd_ctx *ctx, size_t *at, struct field_op *op,
                            enum field_overflow *overflow) {
    for (; *at < ctx->args_count; *at += 2) {
        size_t more = ctx->args_count - *at - 1;

        if (cmd_arg_is(ctx, *at, "get") && more >= 2) {
            op->verb = FIELD_GET;
        } else if (cmd_arg_is(ctx, *at, "set") && more >= 3) {
            op->verb = FIELD_SET;
        } else if (cmd_arg_is(ctx, *at, "incrby") && more >= 3) {
            op->verb = FIELD_INCRBY;
        } else if (cmd_arg_is(ctx, *at, "overflow") && more >= 1) {
            if (!overflow_parse(ctx, *at + 1, overflow)) return PARSED_ERROR;
            continue;
        } else {
            reply_syntax_error(ctx->reply);
            return PARSED_ERROR;
        }
        if (!type_parse(ctx, *at + 1, op)) return PARSED_ERROR;
        if (!bitmap_arg_offset(ctx, *at + 2, op->bits, &op->offset)) return PARSED_ERROR;
        if (op->verb != FIELD_GET && !cmd_arg_int64(ctx, *at + 3, &op->operand, NULL))
            return PARSED_ERROR;
        *at += op->verb == FIELD_GET ? 3 : 4;
        return PARSED_OP;
    }
    return PARSED_END;
}

/* ---- Operations ---- */

static int64_t sign_extend(uint64_t value, unsigned bits) {
    unsigned shift = 64 - bits;

    return (int64_t)(value << shift) >> shift;
}

static int64_t field_get(const struct field_op *op, struct slice value) {
    uint64_t field = bitmap_field_get(value.data, value.len, op->offset, op->bits);

    return op->is_signed ? sign_extend(field, op->bits) : (int64_t)field;
}

/* What SET or INCRBY makes of a field; false: it does not fit and is to be left alone. Exactly
 * computed first, in more bits than anything here can need. SET takes its value for unsigned
 * when the field is: -1 is too large then, not too small. */
static bool field_next(const struct field_op *op, int64_t field, enum field_overflow overflow,
                       int64_t *next) {
    __extension__ typedef __int128 wide;
    wide max = op->is_signed ? ((wide)1 << (op->bits - 1)) - 1 : ((wide)1 << op->bits) - 1;
    wide min = op->is_signed ? -max - 1 : 0;
    wide exact = op->verb == FIELD_INCRBY ? (wide)field + op->operand
                 : op->is_signed          ? (wide)op->operand
                                          : (wide)(uint64_t)op->operand;

    SL_ASSERT(op->verb != FIELD_GET);
    if (exact >= min && exact <= max) {
        *next = (int64_t)exact;
        return true;
    }
    switch (overflow) {
    case OVERFLOW_FAIL: return false;
    case OVERFLOW_SAT:
        /* Redis takes the distance from a SET's value to the maximum in 64 bits: one so low that it
         * wraps goes to the maximum. */
        *next = (int64_t)(exact > max || (op->verb == FIELD_SET && op->is_signed &&
                                          max - exact > INT64_MAX)
                              ? max
                              : min);
        return true;
    case OVERFLOW_WRAP: break;
    }
    uint64_t low = (uint64_t)exact;
    *next = op->is_signed ? sign_extend(low, op->bits) : (int64_t)(low & (uint64_t)max);
    return true;
}

/* Runs one writing operation with its reply. Did the field become another? */
static bool field_write(struct cmd_ctx *ctx, const struct field_op *op, char *data, size_t len,
                        enum field_overflow overflow, bool *is_written) {
    int64_t field = field_get(op, slice_of(data, len)), next;

    *is_written = field_next(op, field, overflow, &next);
    if (!*is_written) {
        reply_null(ctx->reply);
        return false;
    }
    bitmap_field_set(data, op->offset, op->bits, (uint64_t)next);
    reply_int(ctx->reply, op->verb == FIELD_SET ? field : next);
    return field != next;
}

/* The arguments are known to be right. */
static void run_reading(struct cmd_ctx *ctx, struct slice value) {
    enum field_overflow overflow = OVERFLOW_WRAP;
    struct field_op op;

    for (size_t at = 2; op_parse(ctx, &at, &op, &overflow) == PARSED_OP;)
        reply_int(ctx->reply, field_get(&op, value));
}

static void run_writing(struct cmd_ctx *ctx, size_t ops_count, uint64_t bit_last) {
    enum field_overflow overflow = OVERFLOW_WRAP;
    struct key key = cmd_key(ctx, 1);
    struct field_op op;
    size_t len = (size_t)(bit_last >> 3) + 1;
    bool is_grown, is_written, is_changed = false;

    char *data = bitmap_writable(ctx, &key, len, &is_grown);
    if (data == NULL) return;
    if (!is_grown) { /* GET may look farther than what is written */
        struct entry *entry = keyspace_find(ctx->keyspace, ctx->db, &key);
        len = entry_string_len(entry);
    }
    reply_array(ctx->reply, ops_count);
    for (size_t at = 2; op_parse(ctx, &at, &op, &overflow) == PARSED_OP;) {
        if (op.verb == FIELD_GET) {
            reply_int(ctx->reply, field_get(&op, slice_of(data, len)));
            continue;
        }
        if (field_write(ctx, &op, data, len, overflow, &is_written) || (is_grown && is_written)) {
            if (is_changed) cmd_changed_silently(ctx); /* each counts, the event comes once */
            is_changed = true;
        }
    }
    if (is_changed)
        cmd_changed(ctx, EVENT_STRING, "setbit", ctx->db, key.name);
    else if (is_grown)
        /* nothing fitted, but the string is longer: replicas must know */
        cmd_changed_silently(ctx);
}

static void bitfield_any(struct cmd_ctx *ctx, bool is_read_only) {
    enum field_overflow overflow = OVERFLOW_WRAP;
    char scratch[ENTRY_SCRATCH_BYTES];
    size_t ops_count = 0, at = 2;
    uint64_t bit_last = 0;
    struct field_op op;
    bool is_writing = false;
    enum parsed parsed;

    while ((parsed = op_parse(ctx, &at, &op, &overflow)) == PARSED_OP) {
        ops_count++;
        if (op.verb == FIELD_GET) continue;
        is_writing = true;
        if (op.offset + op.bits - 1 > bit_last) bit_last = op.offset + op.bits - 1;
    }
    if (parsed == PARSED_ERROR) return;
    if (is_writing && is_read_only) {
        reply_error(ctx->reply, "BITFIELD_RO only supports the GET subcommand");
        return;
    }
    if (is_writing) {
        run_writing(ctx, ops_count, bit_last);
        return;
    }
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    if (!cmd_find_read_as(ctx, &key, VALUE_STRING, &entry)) return;
    reply_array(ctx->reply, ops_count);
    run_reading(ctx, entry != NULL ? entry_string(entry, scratch) : SLICE_LITERAL(""));
}

static void bitfield(struct cmd_ctx *ctx) {
    bitfield_any(ctx, false);
}

static void bitfield_ro(struct cmd_ctx *ctx) {
    bitfield_any(ctx, true);
}

/* What a call does to its key: with nothing but GET it only reads. */
static uint16_t bitfield_key_flags(const struct slice *args, size_t args_count) {
    size_t step;

    for (size_t i = 2; i < args_count; i += step) {
        size_t more = args_count - i - 1;

        if (slice_equal_cstr_nocase(args[i], "get") && more >= 2)
            step = 3;
        else if (slice_equal_cstr_nocase(args[i], "overflow") && more >= 1)
            step = 2;
        else
            return CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE;
    }
    return CMD_KEY_RO | CMD_KEY_ACCESS;
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg get_args[] = {
    {.name = "encoding", .type = ARG_STRING},
    {.name = "offset", .type = ARG_INTEGER},
};
static const struct cmd_arg set_args[] = {
    {.name = "encoding", .type = ARG_STRING},
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "value", .type = ARG_INTEGER},
};
static const struct cmd_arg incrby_args[] = {
    {.name = "encoding", .type = ARG_STRING},
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "increment", .type = ARG_INTEGER},
};
static const struct cmd_arg overflow_args[] = {
    {.name = "wrap", .type = ARG_PURE_TOKEN, .token = "WRAP"},
    {.name = "sat", .type = ARG_PURE_TOKEN, .token = "SAT"},
    {.name = "fail", .type = ARG_PURE_TOKEN, .token = "FAIL"},
};
static const struct cmd_arg write_op_args[] = {
    {.name = "set-block", .type = ARG_BLOCK, .token = "SET", .args = set_args,
     .args_count = ARRAY_COUNT(set_args)},
    {.name = "incrby-block", .type = ARG_BLOCK, .token = "INCRBY", .args = incrby_args,
     .args_count = ARRAY_COUNT(incrby_args)},
};
static const struct cmd_arg write_args[] = {
    {.name = "overflow-block", .type = ARG_ONEOF, .token = "OVERFLOW", .flags = ARG_OPTIONAL,
     .args = overflow_args, .args_count = ARRAY_COUNT(overflow_args)},
    {.name = "write-operation", .type = ARG_ONEOF, .args = write_op_args,
     .args_count = ARRAY_COUNT(write_op_args)},
};
static const struct cmd_arg operation_args[] = {
    {.name = "get-block", .type = ARG_BLOCK, .token = "GET", .args = get_args,
     .args_count = ARRAY_COUNT(get_args)},
    {.name = "write", .type = ARG_BLOCK, .args = write_args, .args_count = ARRAY_COUNT(write_args)},
};
static const struct cmd_arg bitfield_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "operation", .type = ARG_ONEOF, .flags = ARG_OPTIONAL | ARG_MULTIPLE,
     .args = operation_args, .args_count = ARRAY_COUNT(operation_args)},
};
static const struct cmd_arg bitfield_ro_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "get-block", .type = ARG_BLOCK, .token = "GET",
     .flags = ARG_OPTIONAL | ARG_MULTIPLE | ARG_MULTIPLE_TOKEN, .args = get_args,
     .args_count = ARRAY_COUNT(get_args)},
};

static const struct cmd_def bitfield_cmds[] = {
    {.name = "bitfield", .run = bitfield, .arity = -2, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_BITMAP, .key_flags = bitfield_key_flags,
     .keys = {{.flags = CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE | CMD_KEY_VARIABLE_FLAGS,
               .begin_index = 1, .last = 0, .step = 1,
               .notes = "This command allows both access and modification of the key"}},
     .keys_count = 1, .group = "bitmap", .since = "3.2.0",
     .complexity = "O(1) for each subcommand specified",
     .summary = "Reads, sets and counts up integers of any width at any bit of a string.",
     CMD_SYNTAX(bitfield_syntax)},
    {.name = "bitfield_ro", .run = bitfield_ro, .arity = -2, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_BITMAP, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "bitmap", .since = "6.0.0", .complexity = "O(1) for each subcommand specified",
     .summary = "Reads integers of any width at any bit of a string.",
     CMD_SYNTAX(bitfield_ro_syntax)},
};
const struct cmd_family cmd_family_bitfield = {"bitmap", bitfield_cmds, ARRAY_COUNT(bitfield_cmds)};
/* clang-format on */
