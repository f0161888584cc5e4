/* cmd_walk_keys.c - KEYS and RANDOMKEY: every shard looks at its own slots, some per turn; a
 * slot that a transaction has reserved is waited for. */
#include "shards/cmd_walk_keys.h"
#include "core/glob.h"
#include "core/mem.h"
#include "shards/gather.h"

enum {
    KEYS_SLOTS_PER_TURN = 256,
    KEYS_ENTRIES_PER_TURN = 2048,
    RANDOM_SLOTS_PER_TURN = 4096,
    RANDOM_PROBES = 64,
    RANDOM_SLOT_TRIES = 512,
    RANDOM_TRIES = 16, /* for an entry that has not expired */
};

/* ---- KEYS ---- */

struct keys_part {
    unsigned slot;
    uint32_t position; /* in the slot */
    size_t found_count;
    struct outbuf out; /* the names as bulk strings: the answer takes the chunks over */
};

struct keys_owner {
    struct keys_part *part;
    struct reply reply;
    struct slice pattern;
    uint64_t now_unix_ms;
    bool is_all;
};

static void keys_entry(void *arg, struct entry *entry) {
    struct keys_owner *owner = arg;
    struct slice name = entry_key(entry);

    if (!owner->is_all && !glob_match(owner->pattern, name, false)) return;
    if (walk_is_expired(entry, owner->now_unix_ms)) return;
    reply_bulk(&owner->reply, name);
    owner->part->found_count++;
}

static bool keys_each(struct gather *gather, struct shard *shard) {
    struct keys_part *part = gather_part(gather, shard->index);
    const struct node *node = shard->node;
    struct slice pattern = gather->args[1];
    struct keys_owner owner = {.part = part,
                               .reply = {.out = &part->out, .resp = 2},
                               .pattern = pattern,
                               .now_unix_ms = shard->now_unix_ms,
                               .is_all = slice_equal(pattern, SLICE_LITERAL("*"))};
    size_t entries_count = 0;

    for (unsigned looked = 0; part->slot < SLOTS_COUNT; part->slot++, part->position = 0) {
        if (node->slot_shard[part->slot] != shard->index) continue;
        if (++looked > KEYS_SLOTS_PER_TURN || entries_count >= KEYS_ENTRIES_PER_TURN) return true;
        /* a transaction has it */
        if (store_slot_owner_data(node->store, part->slot) != NULL) return true;
        size_t keys_count = store_slot_keys_count(node->store, part->slot, gather->db);
        if (keys_count == 0) continue;
        if (keyspace_slot_scan(shard->keyspace, part->slot, gather->db, &part->position,
                               KEYS_ENTRIES_PER_TURN, keys_entry, &owner))
            return true;
        entries_count += keys_count;
    }
    return false;
}

static void keys_done(struct gather *gather, struct cmd_ctx *ctx) {
    size_t count = 0;

    for (unsigned i = 0; i < gather->shards_count; i++)
        count += ((struct keys_part *)gather_part(gather, i))->found_count;
    reply_array(ctx->reply, count);
    for (unsigned i = 0; i < gather->shards_count; i++)
        outbuf_append_chain(ctx->reply->out, &((struct keys_part *)gather_part(gather, i))->out);
}

static void keys_free(struct gather *gather) {
    for (unsigned i = 0; i < gather->shards_count; i++)
        outbuf_clear(&((struct keys_part *)gather_part(gather, i))->out);
}

/* KEYS pattern */
void keys_run(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = keys_each,
                                          .done = keys_done,
                                          .free_state = keys_free,
                                          .state_bytes_per_shard = sizeof(struct keys_part),
                                          .needs_token = true};

    gather_start(ctx, &ops);
}

/* ---- RANDOMKEY ---- Each shard offers one of its keys and says how many it has; the answer is
 * drawn from the offers by these weights. A well filled shard probes some slots and estimates;
 * one with few keys counts all its slots. */

struct random_part {
    bool is_walking;
    unsigned slot; /* next one to count */
    unsigned slot_chosen;
    double weight; /* keys here, 0: none */
    char *name;
    size_t name_len;
};

static bool take_entry(struct random_part *part, struct shard *shard, unsigned slot, unsigned db) {
    /* lent meanwhile */
    if (slot >= SLOTS_COUNT || store_slot_owner_data(shard->node->store, slot) != NULL)
        return false;
    for (unsigned try = 0; try < RANDOM_TRIES; try++) {
        struct entry *entry = keyspace_slot_random(shard->keyspace, slot, db, shard_random(shard));
        if (entry == NULL) return false;
        if (walk_is_expired(entry, shard->now_unix_ms)) continue;
        struct slice name = entry_key(entry);

        part->name = mem_must(name.len + 1);
        memcpy(part->name, name.data, name.len);
        part->name_len = name.len;
        return true;
    }
    return false;
}

/* Is `slot`, with keys_count keys, the one to take of all `seen` keys so far? */
static bool is_chosen(struct shard *shard, size_t keys_count, double seen) {
    double draw = (double)(shard_random(shard) >> 11) / (double)(UINT64_C(1) << 53);

    return draw * seen < (double)keys_count;
}

/* A slot of this shard's: evenly chosen, unless it has hardly any. */
static unsigned random_own_slot(struct shard *shard) {
    unsigned slot = 0;

    for (unsigned try = 0; try < RANDOM_SLOT_TRIES; try++) {
        slot = (unsigned)(shard_random(shard) % SLOTS_COUNT);
        if (shard->node->slot_shard[slot] == shard->index) break;
    }
    return slot;
}

/* Looks at a few slots from a random one on. False: they hold too little to say anything. */
static bool probe(struct random_part *part, struct shard *shard, unsigned db) {
    const struct node *node = shard->node;
    unsigned slot = random_own_slot(shard), slot_chosen = SLOTS_COUNT, probed = 0;
    double seen = 0;

    for (unsigned i = 0; i < SLOTS_COUNT && probed < RANDOM_PROBES;
         i++, slot = (slot + 1) % SLOTS_COUNT) {
        if (node->slot_shard[slot] != shard->index) continue;
        probed++;
        if (store_slot_owner_data(node->store, slot) != NULL) continue;
        size_t keys_count = store_slot_keys_count(node->store, slot, db);
        if (keys_count == 0) continue;
        seen += (double)keys_count;
        if (is_chosen(shard, keys_count, seen)) slot_chosen = slot;
    }
    if (seen < RANDOM_PROBES) return false;
    part->weight = seen / probed * SLOTS_COUNT / node->shards_count;
    return take_entry(part, shard, slot_chosen, db);
}

/* All keys of the chosen slot have expired: any other slot will do. */
static void take_anywhere(struct random_part *part, struct shard *shard, unsigned db) {
    for (unsigned i = 0; i < SLOTS_COUNT; i++) {
        unsigned slot = (part->slot_chosen + i) % SLOTS_COUNT;

        if (shard->node->slot_shard[slot] != shard->index) continue;
        if (store_slot_owner_data(shard->node->store, slot) != NULL) continue;
        if (store_slot_keys_count(shard->node->store, slot, db) == 0) continue;
        if (take_entry(part, shard, slot, db)) return;
    }
    part->weight = 0;
}

static bool random_each(struct gather *gather, struct shard *shard) {
    struct random_part *part = gather_part(gather, shard->index);
    const struct node *node = shard->node;

    if (!part->is_walking && probe(part, shard, gather->db)) return false;
    if (!part->is_walking) *part = (struct random_part){.is_walking = true};
    for (unsigned looked = 0; part->slot < SLOTS_COUNT; part->slot++) {
        if (node->slot_shard[part->slot] != shard->index) continue;
        if (++looked > RANDOM_SLOTS_PER_TURN) return true;
        /* a transaction has it */
        if (store_slot_owner_data(node->store, part->slot) != NULL) return true;
        size_t keys_count = store_slot_keys_count(node->store, part->slot, gather->db);
        if (keys_count == 0) continue;
        part->weight += (double)keys_count;
        if (is_chosen(shard, keys_count, part->weight)) part->slot_chosen = part->slot;
    }
    if (part->weight > 0 && !take_entry(part, shard, part->slot_chosen, gather->db))
        take_anywhere(part, shard, gather->db);
    return false;
}

static void random_done(struct gather *gather, struct cmd_ctx *ctx) {
    struct shard *shard = session_of(ctx)->shard;
    const struct random_part *chosen = NULL;
    double seen = 0;

    for (unsigned i = 0; i < gather->shards_count; i++) {
        const struct random_part *part = gather_part(gather, i);
        double draw = (double)(shard_random(shard) >> 11) / (double)(UINT64_C(1) << 53);

        if (part->name == NULL) continue;
        seen += part->weight;
        if (chosen == NULL || draw * seen < part->weight) chosen = part;
    }
    if (chosen != NULL)
        reply_bulk(ctx->reply, slice_of(chosen->name, chosen->name_len));
    else
        reply_null(ctx->reply);
}

static void random_free(struct gather *gather) {
    for (unsigned i = 0; i < gather->shards_count; i++)
        mem_free(((struct random_part *)gather_part(gather, i))->name);
}

/* RANDOMKEY */
void randomkey_run(struct cmd_ctx *ctx) {
    static const struct gather_ops ops = {.each = random_each,
                                          .done = random_done,
                                          .free_state = random_free,
                                          .state_bytes_per_shard = sizeof(struct random_part),
                                          .needs_token = true};

    if (walk_keys_count(session_of(ctx)->shard->node, ctx->db) <= 0)
        reply_null(ctx->reply);
    else
        gather_start(ctx, &ops);
}
