/* Values as bytes and back: every type and encoding around its thresholds, bytes that are no value,
 * no memory. */
#include "core/mem.h"
#include "core/rdb_decode.h"
#include "core/rdb_encode.h"
#include "tests/unit/core/cmd_world.h"

static struct world *world;

static void set_up(void) {
    world = world_new();
    world->settings.list_max_listpack_size = 8;
    world->settings.list_plain_min_bytes = 400;
    world->settings.hash_max_listpack_entries = 8;
    world->settings.hash_max_listpack_value = 20;
    world->settings.set_max_intset_entries = 16;
    world->settings.set_max_listpack_entries = 8;
    world->settings.set_max_listpack_value = 20;
    world->settings.zset_max_listpack_entries = 8;
    world->settings.zset_max_listpack_value = 20;
    world->settings.stream_node_max_bytes = 4096;
    world->settings.stream_node_max_entries = 5;
    world->settings.hll_sparse_max_bytes = 300;
}

static void tear_down(void) {
    world_free(world);
}

TestSuite(rdb, .init = set_up, .fini = tear_down, .timeout = 120);

/* ---- Values ---- */

enum kind {
    KIND_STRING,
    KIND_INT,
    KIND_LIST,
    KIND_HASH,
    KIND_HASH_DEADLINES,
    KIND_SET,
    KIND_INTSET,
    KIND_ZSET,
    KIND_STREAM,
    KIND_STREAM_GROUPS,
    KIND_HLL,
    KINDS_COUNT
};

static void make(enum kind kind, const char *key, size_t count, int width) {
    char name[32], text[1024];

    RUN("DEL", key);
    if (kind == KIND_INT) {
        sprintf(text, "%lld", (long long)(count * count * count) * (width % 2 == 0 ? 7919 : -7919));
        RUN("SET", key, text);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sprintf(name, "%zu", i * i * i * i);
        sprintf(text, "%0*zu", width, i);
        if (width > 0) text[0] = "abc"[i % 3];
        switch (kind) {
        case KIND_STRING: RUN("APPEND", key, text); break;
        case KIND_LIST: RUN(i % 3 == 0 ? "LPUSH" : "RPUSH", key, i % 4 == 0 ? name : text); break;
        case KIND_HASH_DEADLINES:
        case KIND_HASH: RUN("HSET", key, name, text); break;
        case KIND_SET: RUN("SADD", key, text); break;
        case KIND_INTSET: RUN("SADD", key, name); break;
        case KIND_ZSET:
            RUN("ZADD", key, i % 7 == 0 ? "-inf" : i % 5 == 0 ? "0.1" : name, text);
            break;
        case KIND_STREAM_GROUPS:
        case KIND_STREAM:
            sprintf(name, "%zu-%zu", i / 3 + 1, i % 3);
            RUN("XADD", key, name, i % 4 == 0 ? "g" : "f", text);
            if (i % 6 == 5) RUN("XDEL", key, name);
            break;
        case KIND_HLL: RUN("PFADD", key, text); break;
        case KIND_INT:
        case KINDS_COUNT: break;
        }
        if (kind == KIND_HASH_DEADLINES && i % 2 == 0) {
            sprintf(text, "%zu", 1000 + i);
            RUN("HPEXPIRE", key, text, "FIELDS", "1", name);
        }
    }
    if (kind != KIND_STREAM_GROUPS) return;
    RUN("XGROUP", "CREATE", key, "g1", "0", "MKSTREAM");
    RUN("XGROUP", "CREATE", key, "g2", "$");
    RUN("XREADGROUP", "GROUP", "g1", "alice", "COUNT", "3", "STREAMS", key, ">");
    RUN("XREADGROUP", "GROUP", "g1", "bob", "COUNT", "2", "STREAMS", key, ">");
    RUN("XGROUP", "CREATECONSUMER", key, "g2", "carol");
}

static struct entry *entry_of(const char *name) {
    struct key key = key_make(world->store, slice_from_cstr(name));
    return keyspace_find(world->keyspace, 0, &key);
}

static struct rdb_writer encode(const char *name, bool compresses) {
    struct entry *entry = entry_of(name);
    cr_assert(entry != NULL);
    struct rdb_writer writer = {.version = rdb_encode_version(entry, RDB_VERSION_7_0),
                                .compresses = compresses};
    rdb_encode_value(&writer, entry);
    cr_assert(not(writer.is_failed));
    return writer;
}

/* All of the bytes as a value; what it has made is whole, and gone again. */
static enum rdb_result decode(struct slice bytes, uint16_t version, bool keeps) {
    struct rdb_decode_env env = {.settings = &world->settings,
                                 .origin = keyspace_dict_origin(world->keyspace),
                                 .version = version};
    struct rdb_reader reader = rdb_reader_of(bytes);
    struct rdb_value value;
    uint8_t type;

    if (!rdb_read_byte(&reader, &type)) return RDB_BAD;
    enum rdb_result result = rdb_decode_value(&reader, type, &env, &value);
    if (result != RDB_OK) return result;
    struct key key = key_make(world->store, SLICE_LITERAL("{k}copy"));
    struct entry *entry_old = keyspace_find(world->keyspace, 0, &key);
    if (rdb_value_put(&value, world->keyspace, 0, &key, entry_old, EXPIRE_NONE, 0) == NULL) {
        rdb_value_deinit(&value);
        return RDB_NO_MEMORY;
    }
    keyspace_slot_check(world->keyspace, key.slot);
    if (keeps) return RDB_OK;
    /* Whoever reads or changes it finds nothing odd. */
    struct rdb_writer writer = encode("{k}copy", true);
    rdb_writer_deinit(&writer);
    RUN("COPY", "{k}copy", "{k}copy2", "REPLACE");
    RUN("RPOP", "{k}copy");
    RUN("LREM", "{k}copy", "0", "1");
    RUN("HDEL", "{k}copy", "0");
    RUN("SPOP", "{k}copy");
    RUN("ZPOPMIN", "{k}copy");
    RUN("XADD", "{k}copy", "*", "f", "v");
    RUN("XTRIM", "{k}copy", "MAXLEN", "1");
    RUN("XREADGROUP", "GROUP", "g1", "bob", "STREAMS", "{k}copy", "0");
    RUN("APPEND", "{k}copy", "x");
    keyspace_slot_check(world->keyspace, key.slot);
    RUN("DEL", "{k}copy", "{k}copy2");
    while (keyspace_garbage_step(world->keyspace, 1000)) continue;
    return RDB_OK;
}

static const size_t counts[] = {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 40, 300};
static const int widths[] = {3, 19, 20, 21, 63, 64, 65, 500};

Test(rdb, what_is_encoded_is_decoded) {
    for (int kind = 0; kind < KINDS_COUNT; kind++) {
        for (size_t c = 0; c < ARRAY_COUNT(counts); c++) {
            for (size_t w = 0; w < ARRAY_COUNT(widths); w++) {
                for (int compresses = 0; compresses <= 1; compresses++) {
                    make((enum kind)kind, "{k}", counts[c], widths[w]);
                    RUN("DEL", "{k}copy");
                    struct rdb_writer writer = encode("{k}", compresses == 1);
                    cr_assert(
                        eq(int,
                           (int)decode(slice_of(writer.data, writer.len), writer.version, true),
                           (int)RDB_OK),
                        "kind %d, %zu of %d bytes", kind, counts[c], widths[w]);
                    struct entry *one = entry_of("{k}"), *two = entry_of("{k}copy");
                    cr_expect(eq(int, (int)entry_type(one), (int)entry_type(two)));
                    if (kind != KIND_STRING && kind != KIND_HLL)
                        cr_expect(eq(int, (int)entry_encoding(one), (int)entry_encoding(two)),
                                  "kind %d, %zu of %d bytes", kind, counts[c], widths[w]);
                    struct rdb_writer again = encode("{k}copy", compresses == 1);
                    cr_expect(eq(sz, again.len, writer.len), "kind %d, %zu of %d bytes", kind,
                              counts[c], widths[w]);
                    cr_expect(eq(u64, rdb_encode_bytes(one, writer.version),
                                 rdb_encode_bytes(two, writer.version)));
                    /* Tables of hashes come in an order of their own: equal in what is in them. */
                    if (entry_encoding(one) != ENCODING_HASHTABLE)
                        cr_expect(memcmp(again.data, writer.data, writer.len) == 0,
                                  "kind %d, %zu of %d bytes", kind, counts[c], widths[w]);
                    rdb_writer_deinit(&again);
                    rdb_writer_deinit(&writer);
                }
            }
        }
    }
}

Test(rdb, a_value_cut_short_is_refused) {
    for (int kind = 0; kind < KINDS_COUNT; kind++) {
        for (size_t count = 1; count <= 41; count += 8) {
            make((enum kind)kind, "{k}", count, 21);
            struct rdb_writer writer = encode("{k}", count % 16 == 1);
            for (size_t len = 0; len < writer.len; len++) {
                char *cut = malloc(len + 1); /* a read past the end is seen by the sanitizer */
                cut = realloc(cut, len > 0 ? len : 1);
                memcpy(cut, writer.data, len);
                cr_expect(
                    ne(int, (int)decode(slice_of(cut, len), writer.version, false), (int)RDB_OK),
                    "kind %d, %zu items, %zu of %zu bytes", kind, count, len, writer.len);
                free(cut);
            }
            rdb_writer_deinit(&writer);
        }
    }
}

static uint64_t random_state;
static uint64_t next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

Test(rdb, changed_bytes_are_refused_or_a_sound_value) {
    enum { ROUNDS = 1500 };
    static const unsigned char values[] = {0,    1,    0x3f, 0x40, 0x7f, 0x80,
                                           0x81, 0xc3, 0xf0, 0xfe, 0xff};
    const char *seed_text = getenv("SEED");

    random_state = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 20261121;
    cr_log_info("SEED=%llu", (unsigned long long)random_state);
    for (int kind = 0; kind < KINDS_COUNT; kind++) {
        for (size_t round = 0; round < ROUNDS; round++) {
            make((enum kind)kind, "{k}", 1 + next() % 12, 3 + (int)(next() % 22));
            struct rdb_writer writer = encode("{k}", next() % 2 == 0);
            for (size_t changes = 1 + next() % 3; changes > 0; changes--) {
                /* The beginning holds the lengths: changed more often. */
                size_t at = next() % (next() % 2 == 0 && writer.len > 16 ? 16 : writer.len);
                writer.data[at] = next() % 2 == 0 ? (char)next()
                                                  : (char)values[next() % sizeof values];
            }
            uint16_t version = next() % 8 == 0 ? RDB_VERSION_VALKEY_9 : writer.version;
            char *exact = malloc(writer.len);
            memcpy(exact, writer.data, writer.len);
            decode(slice_of(exact, writer.len), version, false);
            free(exact);
            rdb_writer_deinit(&writer);
        }
    }
}

#ifdef SLIPRING_DEBUG
Test(rdb, without_memory_nothing_is_made_and_nothing_is_lost) {
    for (int kind = 0; kind < KINDS_COUNT; kind++) {
        for (size_t c = 0; c < ARRAY_COUNT(counts) - 1; c++) {
            make((enum kind)kind, "{k}", counts[c], c % 2 == 0 ? 19 : 450);
            struct rdb_writer writer = encode("{k}", true);
            enum rdb_result result = RDB_NO_MEMORY;
            for (uint64_t nth = 1; nth < 500; nth++) {
                RUN("DEL", "{k}copy");
                while (keyspace_garbage_step(world->keyspace, 1000)) continue;
                size_t used_bytes = mem_used_bytes();
                mem_try_fail_at(nth);
                result = decode(slice_of(writer.data, writer.len), writer.version, true);
                mem_try_fail_at(0);
                if (result == RDB_OK) break;
                cr_expect(eq(int, (int)result, (int)RDB_NO_MEMORY), "kind %d, %zu items", kind,
                          counts[c]);
                cr_expect(eq(sz, mem_used_bytes(), used_bytes), "kind %d, %zu items, failure %d",
                          kind, counts[c], (int)nth);
                cr_expect(entry_of("{k}copy") == NULL);
            }
            cr_expect(eq(int, (int)result, (int)RDB_OK), "kind %d, %zu items", kind, counts[c]);
            rdb_writer_deinit(&writer);
        }
    }
}
#endif
