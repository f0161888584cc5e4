/* rdb_decode_hash.c - hashes: plain, packed, and with deadlines of fields, which came to be
 * written in four ways by Redis and one by Valkey. A field whose deadline has passed is read as
 * any other: it then goes as those of live keys do. */
#include "core/hash.h"
#include "core/number.h"
#include "core/rdb_decode_priv.h"

struct loader {
    struct hash hash;
    struct hash_limits limits;
    struct dict_origin origin;
};

static enum rdb_result add(struct loader *loader, struct slice name, struct slice value,
                           uint64_t expire_at_unix_ms) {
    switch (hash_set(&loader->hash, loader->origin, &loader->limits, 0, name, value,
                     expire_at_unix_ms)) {
    case HASH_SET_ADDED: return RDB_OK;
    case HASH_SET_REPLACED: return RDB_BAD;
    case HASH_SET_NO_MEMORY: return RDB_NO_MEMORY;
    }
    return RDB_BAD;
}

/* Redis' and ours go up to 2^46 and 2^63; what is beyond is no deadline of anybody's. */
static bool deadline_is_fine(uint64_t expire_at_unix_ms) {
    return expire_at_unix_ms <= INT64_MAX;
}

/* ---- Field by field ---- */

enum field_form { FIELD_PLAIN, FIELD_RELATIVE, FIELD_ABSOLUTE, FIELD_VALKEY };

/* The deadline that stands before the field. */
static bool read_deadline_before(struct rdb_reader *reader, enum field_form form, uint64_t base,
                                 uint64_t *expire_at_unix_ms) {
    uint64_t word;

    if (form != FIELD_RELATIVE && form != FIELD_ABSOLUTE) return true;
    if (!rdb_read_len(reader, &word)) return false;
    if (word != 0 && form == FIELD_RELATIVE && __builtin_add_overflow(word - 1, base, &word))
        return false;
    *expire_at_unix_ms = word;
    return deadline_is_fine(word);
}

/* Valkey's stands behind the value, -1 for none. */
static bool read_deadline_behind(struct rdb_reader *reader, enum field_form form,
                                 uint64_t *expire_at_unix_ms) {
    if (form != FIELD_VALKEY) return true;
    if (!rdb_read_uint64(reader, expire_at_unix_ms)) return false;
    if (*expire_at_unix_ms == UINT64_MAX) *expire_at_unix_ms = EXPIRE_NONE;
    return deadline_is_fine(*expire_at_unix_ms);
}

static enum rdb_result decode_fields(struct rdb_reader *reader, enum field_form form, uint64_t base,
                                     struct loader *loader) {
    enum rdb_result result = RDB_OK;
    uint64_t count;

    if (!rdb_read_count(reader, 2, &count)) return RDB_BAD;
    if (count == 0) return RDB_EMPTY;
    for (uint64_t i = 0; i < count && result == RDB_OK; i++) {
        uint64_t expire_at_unix_ms = EXPIRE_NONE;
        struct rdb_string name, field_value;

        if (!read_deadline_before(reader, form, base, &expire_at_unix_ms)) return RDB_BAD;
        if (!rdb_read_string(reader, &name)) return rdb_bad(reader);
        if (!rdb_read_string(reader, &field_value)) {
            rdb_string_deinit(&name);
            return rdb_bad(reader);
        }
        result = read_deadline_behind(reader, form, &expire_at_unix_ms)
                     ? add(loader, name.text, field_value.text, expire_at_unix_ms)
                     : RDB_BAD;
        rdb_string_deinit(&name);
        rdb_string_deinit(&field_value);
    }
    return result;
}

/* ---- Packed ---- */

/* The scratch that a text may lie in is overwritten by the next step. */
struct kept {
    struct slice text;
    char scratch[24];
};

static bool next_kept(struct rdb_packed *packed, struct kept *kept) {
    if (rdb_packed_next(packed, &kept->text) != RDB_PACKED_ELEMENT) return false;
    if (kept->text.data == packed->scratch) {
        memcpy(kept->scratch, packed->scratch, sizeof kept->scratch);
        kept->text.data = kept->scratch;
    }
    return true;
}

static enum rdb_result decode_packed(struct slice bytes, enum rdb_packed_kind kind,
                                     bool has_deadlines, struct loader *loader) {
    enum rdb_result result = RDB_OK;
    enum rdb_packed_step step;
    struct rdb_packed packed;
    struct kept name, field_value;
    struct slice text;
    int64_t deadline = 0;

    if (!rdb_packed_init(&packed, kind, bytes)) return RDB_BAD;
    while (result == RDB_OK && (step = rdb_packed_next(&packed, &text)) != RDB_PACKED_END) {
        if (step == RDB_PACKED_BAD) return RDB_BAD;
        name.text = text;
        if (text.data == packed.scratch) {
            memcpy(name.scratch, packed.scratch, sizeof name.scratch);
            name.text.data = name.scratch;
        }
        if (!next_kept(&packed, &field_value)) return RDB_BAD;
        if (has_deadlines) {
            if (rdb_packed_next(&packed, &text) != RDB_PACKED_ELEMENT) return RDB_BAD;
            if (!number_parse_int64(text, &deadline) || deadline < 0) return RDB_BAD;
        }
        result = add(loader, name.text, field_value.text, (uint64_t)deadline);
    }
    if (result == RDB_OK && packed.count == 0) return RDB_EMPTY;
    return result;
}

static enum rdb_result decode_blob(struct rdb_reader *reader, enum rdb_packed_kind kind,
                                   bool has_deadlines, struct loader *loader) {
    struct rdb_string bytes;

    if (!rdb_read_string(reader, &bytes)) return rdb_bad(reader);
    enum rdb_result result = decode_packed(bytes.text, kind, has_deadlines, loader);
    rdb_string_deinit(&bytes);
    return result;
}

static enum rdb_result decode(struct rdb_reader *reader, uint8_t type, uint16_t version,
                              struct loader *loader) {
    uint64_t base = 0;

    switch (type) {
    case RDB_TYPE_HASH: return decode_fields(reader, FIELD_PLAIN, 0, loader);
    case RDB_TYPE_HASH_ZIPMAP: return decode_blob(reader, RDB_PACKED_ZIPMAP, false, loader);
    case RDB_TYPE_HASH_ZIPLIST: return decode_blob(reader, RDB_PACKED_ZIPLIST, false, loader);
    case RDB_TYPE_HASH_LISTPACK: return decode_blob(reader, RDB_PACKED_LISTPACK, false, loader);
    case RDB_TYPE_HASH_DEADLINES_PRE:
        return decode_fields(
            reader, version == RDB_VERSION_VALKEY_9 ? FIELD_VALKEY : FIELD_ABSOLUTE, 0, loader);
    case RDB_TYPE_HASH_LISTPACK_DEADLINES_PRE:
        return decode_blob(reader, RDB_PACKED_LISTPACK, true, loader);
    case RDB_TYPE_HASH_DEADLINES:
        if (!rdb_read_uint64(reader, &base)) return RDB_BAD;
        return decode_fields(reader, FIELD_RELATIVE, base, loader);
    case RDB_TYPE_HASH_LISTPACK_DEADLINES: /* the earliest of them is of no use here */
        if (!rdb_read_uint64(reader, &base)) return RDB_BAD;
        return decode_blob(reader, RDB_PACKED_LISTPACK, true, loader);
    default: return RDB_BAD;
    }
}

enum rdb_result rdb_decode_hash(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value) {
    struct loader loader = {.hash = hash_new(),
                            .limits = {.entries_max = env->settings->hash_max_listpack_entries,
                                       .value_bytes_max = env->settings->hash_max_listpack_value},
                            .origin = env->origin};
    enum rdb_result result = decode(reader, type, env->version, &loader);

    if (result != RDB_OK) {
        hash_free(loader.hash);
        return result;
    }
    value->type = VALUE_HASH;
    value->encoding = loader.hash.encoding;
    value->object = loader.hash.object;
    return RDB_OK;
}
