/* cmd_bitmap.c - strings as rows of bits: SETBIT, GETBIT, BITCOUNT, BITPOS. */
#include "core/bitmap.h"
#include "core/cmd_bitmap_priv.h"
#include "core/cmd_families.h"
#include "core/number.h"

bool bitmap_arg_offset(struct cmd_ctx *ctx, size_t index, unsigned unit_bits, uint64_t *offset) {
    struct slice text = ctx->args[index];
    bool is_counted = unit_bits > 0 && text.len > 0 && text.data[0] == '#';
    int64_t number;

    if (is_counted) text = slice_of(text.data + 1, text.len - 1);
    if (!number_parse_int64(text, &number) ||
        (is_counted && __builtin_mul_overflow(number, (int64_t)unit_bits, &number)) || number < 0 ||
        (uint64_t)number >> 3 >= ctx->settings->proto_max_bulk_len) {
        reply_error(ctx->reply, "bit offset is not an integer or out of range");
        return false;
    }
    *offset = (uint64_t)number;
    return true;
}

/* A new key with that many zero bytes. */
static char *make_zeros(struct cmd_ctx *ctx, const struct key *key, size_t len) {
    struct entry *entry = keyspace_put_string(ctx->keyspace, ctx->db, key, NULL, SLICE_LITERAL(""),
                                              STRING_RAW, EXPIRE_NONE, cmd_access_now(ctx));
    char *data = NULL;

    if (entry != NULL) {
        data = keyspace_string_reserve(ctx->keyspace, ctx->db, key, &entry, len);
        if (data == NULL) cmd_delete(ctx, ctx->db, key, entry);
    }
    if (data == NULL) {
        reply_no_memory(ctx->reply);
        return NULL;
    }
    cmd_event(ctx, EVENT_NEW, "new", ctx->db, key->name);
    return data;
}

char *bitmap_writable(struct cmd_ctx *ctx, const struct key *key, size_t len, bool *is_grown) {
    struct entry *entry;

    if (!cmd_find_write_as(ctx, key, VALUE_STRING, &entry)) return NULL;
    if (entry == NULL) {
        *is_grown = true;
        return make_zeros(ctx, key, len);
    }
    *is_grown = entry_string_len(entry) < len;
    char *data = keyspace_string_reserve(ctx->keyspace, ctx->db, key, &entry, len);
    if (data == NULL) reply_no_memory(ctx->reply);
    return data;
}

static void setbit(struct cmd_ctx *ctx) {
    static const char error[] = "bit is not an integer or out of range";
    uint64_t offset;
    int64_t bit;
    bool is_grown;

    if (!bitmap_arg_offset(ctx, 2, 0, &offset)) return;
    if (!cmd_arg_int64_range(ctx, 3, 0, 1, &bit, error)) return;
    struct key key = cmd_key(ctx, 1);
    char *data = bitmap_writable(ctx, &key, (size_t)(offset >> 3) + 1, &is_grown);
    if (data == NULL) return;
    bool bit_old = bitmap_get(data, offset);
    if (is_grown || bit_old != (bit == 1)) {
        bitmap_set(data, offset, bit == 1);
        cmd_changed(ctx, EVENT_STRING, "setbit", ctx->db, key.name);
    }
    reply_int(ctx->reply, bit_old);
}

static void getbit(struct cmd_ctx *ctx) {
    char scratch[ENTRY_SCRATCH_BYTES];
    struct entry *entry;
    uint64_t offset;

    if (!bitmap_arg_offset(ctx, 2, 0, &offset)) return;
    struct key key = cmd_key(ctx, 1);
    if (!cmd_find_read_as(ctx, &key, VALUE_STRING, &entry)) return;
    struct slice value = entry != NULL ? entry_string(entry, scratch) : SLICE_LITERAL("");
    reply_int(ctx->reply, offset >> 3 < value.len && bitmap_get(value.data, offset));
}

/* ---- Ranges ---- */

/* BYTE or BIT at that argument. False: the error is written. */
static bool unit_parse(struct cmd_ctx *ctx, size_t index, bool *is_bit) {
    *is_bit = cmd_arg_is(ctx, index, "bit");
    if (*is_bit || cmd_arg_is(ctx, index, "byte")) return true;
    reply_syntax_error(ctx->reply);
    return false;
}

/* Positions as the client counts them, negative ones from the end, become the bits first ... last.
 * False: there is nothing between them. */
static bool range_to_bits(size_t len, int64_t start, int64_t end, bool is_bit, uint64_t *first,
                          uint64_t *last) {
    int64_t count = (int64_t)len;

    if (is_bit) count *= 8;
    if (start < 0) start += count;
    if (end < 0) end += count;
    if (start < 0) start = 0;
    if (end < 0) end = 0;
    if (end >= count) end = count - 1;
    if (start > end) return false;
    *first = is_bit ? (uint64_t)start : (uint64_t)start * 8;
    *last = is_bit ? (uint64_t)end : (uint64_t)end * 8 + 7;
    return true;
}

static void bitcount(struct cmd_ctx *ctx) {
    char scratch[ENTRY_SCRATCH_BYTES];
    struct key key = cmd_key(ctx, 1);
    struct entry *entry;
    int64_t start = 0, end = -1;
    uint64_t first, last;
    bool is_bit = false;

    /* The key first: of one that is not there the rest is not looked at. */
    if (!cmd_find_read_as(ctx, &key, VALUE_STRING, &entry)) return;
    if (entry == NULL) {
        reply_int(ctx->reply, 0);
        return;
    }
    struct slice value = entry_string(entry, scratch);
    if (ctx->args_count == 2) {
        reply_int(ctx->reply, (int64_t)bitmap_count(value.data, value.len));
        return;
    }
    if (ctx->args_count != 4 && ctx->args_count != 5) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (!cmd_arg_int64(ctx, 2, &start, NULL) || !cmd_arg_int64(ctx, 3, &end, NULL)) return;
    if (start < 0 && end < 0 && start > end) { /* whatever the unit says */
        reply_int(ctx->reply, 0);
        return;
    }
    if (ctx->args_count == 5 && !unit_parse(ctx, 4, &is_bit)) return;
    if (!range_to_bits(value.len, start, end, is_bit, &first, &last))
        reply_int(ctx->reply, 0);
    else
        reply_int(ctx->reply, (int64_t)bitmap_count_range(value.data, first, last));
}

static void bitpos(struct cmd_ctx *ctx) {
    char scratch[ENTRY_SCRATCH_BYTES];
    int64_t bit, start = 0, end = -1;
    struct entry *entry;
    uint64_t first, last;
    bool is_bit = false;

    if (!cmd_arg_int64(ctx, 2, &bit, NULL)) return;
    if (bit != 0 && bit != 1) {
        reply_error(ctx->reply, "The bit argument must be 1 or 0.");
        return;
    }
    struct key key = cmd_key(ctx, 1);
    if (!cmd_find_read_as(ctx, &key, VALUE_STRING, &entry)) return;
    if (entry == NULL) { /* as an endless row of zeros */
        reply_int(ctx->reply, bit == 1 ? -1 : 0);
        return;
    }
    if (ctx->args_count > 6) {
        reply_syntax_error(ctx->reply);
        return;
    }
    if (ctx->args_count >= 4 && !cmd_arg_int64(ctx, 3, &start, NULL)) return;
    if (ctx->args_count == 6 && !unit_parse(ctx, 5, &is_bit)) return;
    if (ctx->args_count >= 5 && !cmd_arg_int64(ctx, 4, &end, NULL)) return;

    struct slice value = entry_string(entry, scratch);
    if (!range_to_bits(value.len, start, end, is_bit, &first, &last)) {
        reply_int(ctx->reply, -1);
        return;
    }
    uint64_t found = bitmap_find(value.data, first, last, bit == 1);
    if (found != BITMAP_NOT_FOUND)
        reply_int(ctx->reply, (int64_t)found);
    else if (bit == 0 && ctx->args_count < 5)
        reply_int(ctx->reply, (int64_t)last + 1); /* no end was given: zeros follow */
    else
        reply_int(ctx->reply, -1);
}

/* ---- Rows ---- */
/* clang-format off */

static const struct cmd_arg setbit_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "offset", .type = ARG_INTEGER},
    {.name = "value", .type = ARG_INTEGER},
};
static const struct cmd_arg getbit_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "offset", .type = ARG_INTEGER},
};
static const struct cmd_arg unit_args[] = {
    {.name = "byte", .type = ARG_PURE_TOKEN, .token = "BYTE"},
    {.name = "bit", .type = ARG_PURE_TOKEN, .token = "BIT"},
};
static const struct cmd_arg bitcount_range[] = {
    {.name = "start", .type = ARG_INTEGER},
    {.name = "end", .type = ARG_INTEGER},
    {.name = "unit", .type = ARG_ONEOF, .since = "7.0.0", .flags = ARG_OPTIONAL,
     .args = unit_args, .args_count = ARRAY_COUNT(unit_args)},
};
static const struct cmd_arg bitcount_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "range", .type = ARG_BLOCK, .flags = ARG_OPTIONAL,
     .args = bitcount_range, .args_count = ARRAY_COUNT(bitcount_range)},
};
static const struct cmd_arg bitpos_end[] = {
    {.name = "end", .type = ARG_INTEGER},
    {.name = "unit", .type = ARG_ONEOF, .since = "7.0.0", .flags = ARG_OPTIONAL,
     .args = unit_args, .args_count = ARRAY_COUNT(unit_args)},
};
static const struct cmd_arg bitpos_range[] = {
    {.name = "start", .type = ARG_INTEGER},
    {.name = "end-unit-block", .type = ARG_BLOCK, .flags = ARG_OPTIONAL,
     .args = bitpos_end, .args_count = ARRAY_COUNT(bitpos_end)},
};
static const struct cmd_arg bitpos_syntax[] = {
    {.name = "key", .type = ARG_KEY, .key_spec_plus_one = 1},
    {.name = "bit", .type = ARG_INTEGER},
    {.name = "range", .type = ARG_BLOCK, .flags = ARG_OPTIONAL,
     .args = bitpos_range, .args_count = ARRAY_COUNT(bitpos_range)},
};
static const char *const unit_history[] = {"7.0.0", "Added the `BYTE|BIT` option.", NULL};

static const struct cmd_def bitmap_cmds[] = {
    {.name = "setbit", .run = setbit, .arity = 4, .flags = CMD_WRITE | CMD_DENYOOM,
     .categories = CATEGORY_BITMAP,
     .keys = CMD_KEYS_ONE(CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE),
     .group = "bitmap", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Sets or clears one bit of a string and says what it was; the string grows with zeros up to it.",
     CMD_SYNTAX(setbit_syntax)},
    {.name = "getbit", .run = getbit, .arity = 3, .flags = CMD_READONLY | CMD_FAST,
     .categories = CATEGORY_BITMAP, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "bitmap", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Says what one bit of a string is.", CMD_SYNTAX(getbit_syntax)},
    {.name = "bitcount", .run = bitcount, .arity = -2, .flags = CMD_READONLY,
     .categories = CATEGORY_BITMAP, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "bitmap", .since = "2.6.0", .complexity = "O(N)", .history = unit_history,
     .summary = "Counts the bits that are set in a string or a piece of it.",
     CMD_SYNTAX(bitcount_syntax)},
    {.name = "bitpos", .run = bitpos, .arity = -3, .flags = CMD_READONLY,
     .categories = CATEGORY_BITMAP, .keys = CMD_KEYS_ONE(CMD_KEY_RO | CMD_KEY_ACCESS),
     .group = "bitmap", .since = "2.8.7", .complexity = "O(N)", .history = unit_history,
     .summary = "Finds the first set or the first clear bit in a string or a piece of it.",
     CMD_SYNTAX(bitpos_syntax)},
};
const struct cmd_family cmd_family_bitmap = {"bitmap", bitmap_cmds, ARRAY_COUNT(bitmap_cmds)};
/* clang-format on */
