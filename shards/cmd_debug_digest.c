/* cmd_debug_digest.c - DEBUG DIGEST and DIGEST-VALUE: Redis' own signatures, so that two servers
 * can be compared. A key's digest mixes its name, type, value and whether it expires; a
 * database's is the exclusive or of its keys', so the order of the walk does not matter and
 * shards add theirs up. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/hash.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/number.h"
#include "core/set.h"
#include "core/stream.h"
#include "core/zset.h"
#include "shards/cmd_debug_priv.h"
#include "shards/cmd_walk_keys.h"
#include "shards/gather.h"
#include "shards/sha.h"

enum { DIGEST_ENTRIES_PER_TURN = 500, DIGEST_SLOTS_PER_TURN = 1024 };

struct digest {
    uint8_t bytes[SHA1_BYTES];
};

static void digest_xor(struct digest *digest, const struct digest *other) {
    for (size_t i = 0; i < SHA1_BYTES; i++) digest->bytes[i] ^= other->bytes[i];
}

/* Commutative: any order of texts gives the same. */
static void digest_add(struct digest *digest, struct slice text) {
    struct digest hash;

    sha1(text, hash.bytes);
    digest_xor(digest, &hash);
}

/* Not commutative. */
static void digest_mix(struct digest *digest, struct slice text) {
    digest_add(digest, text);
    struct digest before = *digest;
    sha1(slice_of((const char *)before.bytes, SHA1_BYTES), digest->bytes);
}

static void digest_mix_number(struct digest *digest, uint32_t number) {
    uint32_t big_endian = htonl(number);

    digest_mix(digest, slice_of((const char *)&big_endian, sizeof big_endian));
}

/* ---- One value of each type: an order that means something is mixed, one that does not is
 * added ---- */

static void digest_pair(struct digest *digest, struct slice name, struct slice value,
                        bool has_deadline) {
    struct digest pair = {0};

    digest_mix(&pair, name);
    digest_mix(&pair, value);
    if (has_deadline) digest_add(&pair, SLICE_LITERAL("!!hexpire!!"));
    digest_add(digest, slice_of((const char *)pair.bytes, SHA1_BYTES));
}

static void digest_list(struct digest *digest, const struct entry *entry) {
    struct list list = list_of(entry);
    struct list_iter iter;
    struct slice text;

    list_iter_init(&iter, &list, LIST_HEAD);
    while (list_iter_next(&iter, &text)) digest_mix(digest, text);
}

static void digest_set(struct digest *digest, const struct entry *entry) {
    struct set set = set_of(entry);
    struct set_iter iter;
    struct slice member;

    set_iter_init(&iter, &set);
    while (set_iter_next(&iter, &member)) digest_add(digest, member);
}

static void digest_zset(struct digest *digest, const struct entry *entry) {
    struct zset zset = zset_of(entry);
    char score[NUMBER_DOUBLE_BYTES_MAX];
    struct zset_cursor cursor;
    struct zset_item item;

    zset_walk(&cursor, &zset, zset_span_all(&zset), false);
    while (zset_walk_next(&cursor, &item))
        digest_pair(digest, item.member, slice_of(score, number_print_double_17(score, item.score)),
                    false);
}

static void digest_hash(struct digest *digest, const struct entry *entry, uint64_t now_unix_ms) {
    struct hash_field field;
    struct hash_iter iter;

    hash_iter_init(&iter, hash_of(entry), now_unix_ms);
    while (hash_iter_next(&iter, &field))
        digest_pair(digest, field.name, field.value, field.expire_at_unix_ms != EXPIRE_NONE);
}

static void digest_stream(struct digest *digest, const struct entry *entry) {
    char field_scratch[LISTPACK_SCRATCH_BYTES], value_scratch[LISTPACK_SCRATCH_BYTES], text[48];
    struct stream_iter iter;
    struct slice field, value;
    struct stream_id id;
    size_t pairs_count;

    stream_iter_init(&iter, entry_object(entry), STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_iter_next(&iter, &id, &pairs_count)) {
        int len = snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, id.ms, id.seq);

        digest_mix(digest, slice_of(text, (size_t)len));
        for (; pairs_count > 0; pairs_count--) {
            stream_iter_pair(&iter, &field, &value, field_scratch, value_scratch);
            digest_mix(digest, field);
            digest_mix(digest, value);
        }
    }
}

static void digest_value(struct digest *digest, const struct entry *entry, uint64_t now_unix_ms) {
    char scratch[ENTRY_SCRATCH_BYTES];

    digest_mix_number(digest, (uint32_t)entry_type(entry));
    switch (entry_type(entry)) {
    case VALUE_STRING: digest_mix(digest, entry_string(entry, scratch)); break;
    case VALUE_LIST: digest_list(digest, entry); break;
    case VALUE_SET: digest_set(digest, entry); break;
    case VALUE_ZSET: digest_zset(digest, entry); break;
    case VALUE_HASH: digest_hash(digest, entry, now_unix_ms); break;
    case VALUE_STREAM: digest_stream(digest, entry); break;
    }
    if (entry_expire_at_unix_ms(entry) != EXPIRE_NONE)
        digest_add(digest, SLICE_LITERAL("!!expire!!"));
}

static void reply_digest(struct reply *reply, const struct digest *digest) {
    char text[2 * SHA1_BYTES + 1];

    sha_hex(digest->bytes, SHA1_BYTES, text);
    reply_status(reply, text);
}

/* ---- DIGEST ---- */

struct digest_db {
    struct digest digest;
    bool has_keys;
};
struct digest_part {
    struct digest_db *dbs;
    unsigned db, slot;
    uint32_t position;
};
struct digest_owner {
    struct digest_db *db;
    uint64_t now_unix_ms;
};

static void digest_entry(void *arg, struct entry *entry) {
    struct digest_owner *owner = arg;
    struct digest digest = {0};

    if (walk_is_expired(entry, owner->now_unix_ms)) return;
    digest_mix(&digest, entry_key(entry));
    digest_value(&digest, entry, owner->now_unix_ms);
    digest_add(&owner->db->digest, slice_of((const char *)digest.bytes, SHA1_BYTES));
    owner->db->has_keys = true;
}

static bool digest_each(struct gather *gather, struct shard *shard) {
    struct digest_part *part = gather_part(gather, shard->index);
    const struct node *node = shard->node;
    unsigned dbs_count = store_databases_count(node->store), looked = 0;
    size_t entries_count = 0;

    if (part->dbs == NULL) part->dbs = mem_must_zero(dbs_count * sizeof *part->dbs);
    for (; part->db < dbs_count; part->db++, part->slot = 0) {
        if (walk_keys_count(node, part->db) <= 0) continue;
        for (; part->slot < SLOTS_COUNT; part->slot++, part->position = 0) {
            struct digest_owner owner = {&part->dbs[part->db], shard->now_unix_ms};

            if (node->slot_shard[part->slot] != shard->index) continue;
            if (++looked > DIGEST_SLOTS_PER_TURN || entries_count >= DIGEST_ENTRIES_PER_TURN)
                return true;
            if (store_slot_owner_data(node->store, part->slot) != NULL) return true;
            size_t keys_count = store_slot_keys_count(node->store, part->slot, part->db);
            if (keys_count == 0) continue;
            if (keyspace_slot_scan(shard->keyspace, part->slot, part->db, &part->position,
                                   DIGEST_ENTRIES_PER_TURN, digest_entry, &owner))
                return true;
            entries_count += keys_count;
        }
    }
    return false;
}

static void digest_done(struct gather *gather, struct cmd_ctx *ctx) {
    unsigned dbs_count = store_databases_count(session_of(ctx)->shard->node->store);
    struct digest all = {0};

    for (unsigned db = 0; db < dbs_count; db++) {
        struct digest sum = {0};
        bool has_keys = false;

        for (unsigned i = 0; i < gather->shards_count; i++) {
            const struct digest_part *part = gather_part(gather, i);
            has_keys |= part->dbs[db].has_keys;
            digest_xor(&sum, &part->dbs[db].digest);
        }
        if (!has_keys) continue;
        digest_mix_number(&all, db);
        digest_xor(&all, &sum);
    }
    reply_digest(ctx->reply, &all);
}

static void digest_free(struct gather *gather) {
    for (unsigned i = 0; i < gather->shards_count; i++)
        mem_free(((struct digest_part *)gather_part(gather, i))->dbs);
}

/* DEBUG DIGEST */
void debug_digest(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = digest_each,
                                          .done = digest_done,
                                          .free_state = digest_free,
                                          .state_bytes_per_shard = sizeof(struct digest_part),
                                          .needs_token = true};

    gather_start(ctx, &ops);
}

/* ---- DIGEST-VALUE ---- */

struct values_state {
    struct digest *digests; /* one per key: its owner writes */
};
struct values_part {
    size_t next;
};

static bool values_each(struct gather *gather, struct shard *shard) {
    struct values_state *state = gather->state;
    struct values_part *part = gather_part(gather, shard->index);

    for (; part->next + 2 < gather->args_count; part->next++) {
        struct key key = key_make(shard->node->store, gather->args[part->next + 2]);

        if (shard->node->slot_shard[key.slot] != shard->index) continue;
        if (store_slot_owner_data(shard->node->store, key.slot) != NULL) return true;
        struct entry *entry = keyspace_find(shard->keyspace, gather->db, &key);
        if (entry == NULL || walk_is_expired(entry, shard->now_unix_ms)) continue;
        digest_value(&state->digests[part->next], entry, shard->now_unix_ms);
    }
    return false;
}

static void values_done(struct gather *gather, struct cmd_ctx *ctx) {
    const struct values_state *state = gather->state;

    reply_array(ctx->reply, ctx->args_count - 2);
    for (size_t i = 0; i + 2 < ctx->args_count; i++) reply_digest(ctx->reply, &state->digests[i]);
}

static void values_free(struct gather *gather) {
    mem_free(((struct values_state *)gather->state)->digests);
}

/* DEBUG DIGEST-VALUE key [key ...] */
void debug_digest_value(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = values_each,
                                          .done = values_done,
                                          .free_state = values_free,
                                          .state_bytes = sizeof(struct values_state),
                                          .state_bytes_per_shard = sizeof(struct values_part),
                                          .needs_token = true};
    struct gather *gather = gather_prepare(ctx, &ops);

    ((struct values_state *)gather->state)->digests = mem_must_zero((ctx->args_count - 1) *
                                                                    sizeof(struct digest));
    gather_go(gather);
}
