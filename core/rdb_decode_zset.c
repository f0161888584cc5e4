#include <math.h>

#include "core/number.h"
#include "core/rdb_decode_priv.h"
#include "core/zset.h"

enum { COUNT_EXPECTED_MAX = 1 << 20 }; /* what a header says is believed up to here */

static struct zset_rules rules_of(const struct rdb_decode_env *env) {
    return (struct zset_rules){.listpack_entries_max = env->settings->zset_max_listpack_entries,
                               .listpack_value_max = env->settings->zset_max_listpack_value,
                               .dict_origin = env->origin};
}

/* Members come in any order; each only once. */
static enum rdb_result add(struct zset *zset, const struct zset_rules *rules, struct slice member,
                           double score) {
    if (isnan(score)) return RDB_BAD;
    switch (zset_add(zset, rules, member, &score, 0)) {
    case ZSET_ADDED: return RDB_OK;
    case ZSET_NO_MEMORY: return RDB_NO_MEMORY;
    case ZSET_NAN:
    case ZSET_SKIPPED:
    case ZSET_SAME:
    case ZSET_UPDATED: return RDB_BAD;
    }
    return RDB_BAD;
}

static enum rdb_result decode_plain(struct rdb_reader *reader, bool is_text,
                                    const struct zset_rules *rules, struct zset *zset) {
    enum rdb_result result = RDB_OK;
    struct rdb_string member;
    uint64_t count;
    double score;

    if (!rdb_read_count(reader, is_text ? 2 : 1 + sizeof score, &count)) return RDB_BAD;
    if (count == 0) return RDB_EMPTY;
    *zset = zset_new(rules, count < COUNT_EXPECTED_MAX ? (size_t)count : COUNT_EXPECTED_MAX, 0);
    for (uint64_t i = 0; i < count && result == RDB_OK; i++) {
        if (!rdb_read_string(reader, &member)) return rdb_bad(reader);
        bool is_read = is_text ? rdb_read_double_text(reader, &score)
                               : rdb_read_double(reader, &score);
        result = is_read ? add(zset, rules, member.text, score) : RDB_BAD;
        rdb_string_deinit(&member);
    }
    return result;
}

static enum rdb_result decode_packed(struct slice bytes, enum rdb_packed_kind kind,
                                     const struct zset_rules *rules, struct zset *zset) {
    char scratch[sizeof((struct rdb_packed *)0)->scratch];
    enum rdb_result result = RDB_OK;
    enum rdb_packed_step step;
    struct rdb_packed packed;
    struct slice member, text;
    double score;

    if (!rdb_packed_init(&packed, kind, bytes)) return RDB_BAD;
    *zset = zset_new(rules, 0, 0);
    while (result == RDB_OK && (step = rdb_packed_next(&packed, &member)) != RDB_PACKED_END) {
        if (step == RDB_PACKED_BAD) return RDB_BAD;
        if (member.data == packed.scratch) { /* the score will be printed there */
            memcpy(scratch, packed.scratch, sizeof scratch);
            member.data = scratch;
        }
        if (rdb_packed_next(&packed, &text) != RDB_PACKED_ELEMENT) return RDB_BAD;
        if (!number_parse_double(text, &score)) return RDB_BAD;
        result = add(zset, rules, member, score);
    }
    if (result == RDB_OK && packed.count == 0) return RDB_EMPTY;
    return result;
}

enum rdb_result rdb_decode_zset(struct rdb_reader *reader, uint8_t type,
                                const struct rdb_decode_env *env, struct rdb_value *value) {
    struct zset_rules rules = rules_of(env);
    struct zset zset = {0};
    struct rdb_string bytes;
    enum rdb_result result;

    if (type == RDB_TYPE_ZSET || type == RDB_TYPE_ZSET_2) {
        result = decode_plain(reader, type == RDB_TYPE_ZSET, &rules, &zset);
    } else {
        if (!rdb_read_string(reader, &bytes)) return rdb_bad(reader);
        result = decode_packed(
            bytes.text, type == RDB_TYPE_ZSET_ZIPLIST ? RDB_PACKED_ZIPLIST : RDB_PACKED_LISTPACK,
            &rules, &zset);
        rdb_string_deinit(&bytes);
    }
    if (result != RDB_OK) {
        if (zset.object != NULL) zset_free(&zset);
        return result;
    }
    value->type = VALUE_ZSET;
    value->encoding = zset.encoding;
    value->object = zset.object;
    return RDB_OK;
}
