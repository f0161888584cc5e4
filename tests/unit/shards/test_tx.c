/* Transactions over several shards, by hand: one thread plays all shards, so that each order of
 * events can be had. What threads make of it by themselves: test_tx_threads.c. */
#include "shards/tx.h"

#include "tests/unit/shards/node_world.h"

static char text[WORLD_TEXT_BYTES];

/* ---- The plain cases ---- */

Test(tx, a_command_over_free_shards_needs_no_reservation) {
    struct world world;
    world_init(&world, 4, true);
    struct client *client = world_client(world.shards[0]);

    cr_assert_str_eq(world_ask(&world, client, text, "MSET %s 1 %s 2 %s 3", world.keys[0][0],
                               world.keys[1][0], world.keys[3][0]),
                     "+OK\r\n");
    cr_assert_str_eq(world_ask(&world, client, text, "MGET %s %s %s", world.keys[3][0],
                               world.keys[1][0], world.keys[2][0]),
                     "*3\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n");
    cr_assert(eq(u64, stat_read(&world.shards[0]->stats.tx_direct), 2));
    cr_assert(eq(u64, stat_read(&world.shards[0]->stats.tx_reserved), 0));
    world_client_free(client);
    world_deinit(&world);
}

Test(tx, a_command_over_a_busy_shard_runs_when_it_is_free) {
    struct world world;
    world_init(&world, 3, true);
    struct client *client = world_client(world.shards[0]);

    world_hold(world.shards[2]);
    world_sendf(client, "MSET %s 1 %s 2", world.keys[0][0], world.keys[2][0]);
    world_turn(world.shards[0]);
    world_turn(world.shards[1]);
    cr_assert_str_eq(world_replies(client, text), "");
    cr_assert(eq(u32, world.shards[0]->reserved_slots_count, 1)); /* granted here, waits there */
    cr_assert(eq(u64, stat_read(&world.shards[0]->stats.tx_reserved), 1));
    world_unhold(world.shards[2]);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n");
    cr_assert_str_eq(
        world_ask(&world, client, text, "MGET %s %s", world.keys[0][0], world.keys[2][0]),
        "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    world_client_free(client);
    world_deinit(&world);
}

Test(tx, without_lending_all_the_same_comes_to_pass) {
    struct world world;
    world_init(&world, 3, false);
    struct client *client = world_client(world.shards[0]);

    cr_assert_str_eq(world_ask(&world, client, text, "MSET %s 1 %s 2 %s 3", world.keys[0][0],
                               world.keys[1][0], world.keys[2][0]),
                     "+OK\r\n");
    cr_assert_str_eq(world_ask(&world, client, text, "GET %s\nGET %s\nGET %s", world.keys[2][0],
                               world.keys[0][0], world.keys[1][0]),
                     "$1\r\n3\r\n$1\r\n1\r\n$1\r\n2\r\n");
    cr_assert_str_eq(world_ask(&world, client, text, "DEL %s %s %s", world.keys[0][0],
                               world.keys[1][0], world.keys[2][1]),
                     ":2\r\n");
    cr_assert(eq(u64, stat_read(&world.shards[0]->stats.tx_direct), 0));
    world_client_free(client);
    world_deinit(&world);
}

/* ---- The queue of a slot ---- */

/* Reserves keys[0][0]: a transaction over shards 0 and 2 has run on shard 2, whose messages are
 * not on their way yet. */
static void reserve_first_key(struct world *world, struct client *client) {
    world_hold(world->shards[2]);
    world_sendf(client, "MSET %s held %s held", world->keys[0][0], world->keys[2][7]);
    world_turn(client->home);
    /* grants, runs; the release for shard 0 stays in shard 2's chain */
    world_unhold(world->shards[2]);
    cr_assert(eq(u32, world->shards[0]->reserved_slots_count, 1));
}

Test(tx, requests_for_a_reserved_slot_wait_in_the_order_they_came) {
    struct world world;
    world_init(&world, 3, true);
    struct client *owner = world_client(world.shards[0]), *clients[6];
    const char *key = world.keys[0][0];

    reserve_first_key(&world, owner);
    for (unsigned i = 0; i < ARRAY_COUNT(clients); i++) { /* some at home, some from a neighbour */
        clients[i] = world_client(world.shards[i % 2]);
        world_sendf(clients[i], "APPEND %s %u", key, i);
        world_turn(clients[i]->home);
        cr_assert_str_eq(world_replies(clients[i], text), "");
    }
    world_settle(&world);
    cr_assert_str_eq(world_replies(owner, text), "+OK\r\n");
    for (unsigned i = 0; i < ARRAY_COUNT(clients); i++) {
        char expected[16];
        (void)snprintf(expected, sizeof expected, ":%u\r\n", 5 + i);
        cr_assert_str_eq(world_replies(clients[i], text), expected);
        world_client_free(clients[i]);
    }
    cr_assert_str_eq(world_ask(&world, owner, text, "GET %s", key), "$10\r\nheld012345\r\n");
    world_client_free(owner);
    world_deinit(&world);
}

Test(tx, other_slots_go_on_while_one_is_reserved) {
    struct world world;
    world_init(&world, 3, true);
    struct client *owner = world_client(world.shards[0]), *local = world_client(world.shards[0]),
                  *remote = world_client(world.shards[1]);

    reserve_first_key(&world, owner);
    world_sendf(local, "SET %s a", world.keys[0][1]);
    world_sendf(remote, "GET %s", world.keys[0][2]);
    world_turn(world.shards[0]);
    world_turn(world.shards[1]);
    cr_assert_str_eq(world_replies(local, text), "+OK\r\n");
    cr_assert_str_eq(world_replies(remote, text), "$-1\r\n");
    cr_assert(eq(u32, world.shards[0]->reserved_slots_count, 1));
    world_settle(&world);
    world_client_free(owner);
    world_client_free(local);
    world_client_free(remote);
    world_deinit(&world);
}

Test(tx, replies_of_a_pipeline_stay_in_order_when_its_middle_waits) {
    struct world world;
    world_init(&world, 3, true);
    struct client *owner = world_client(world.shards[0]), *client = world_client(world.shards[1]);

    reserve_first_key(&world, owner);
    world_sendf(client, "SET %s a\nGET %s\nGET %s\nPING", world.keys[0][1], world.keys[0][0],
                world.keys[0][1]);
    world_turn(world.shards[1]);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n$4\r\nheld\r\n$1\r\na\r\n+PONG\r\n");
    world_client_free(owner);
    world_client_free(client);
    world_deinit(&world);
}

/* A command of several keys goes to their one shard by message, and must wait there for one of
 * its slots. What the same connection asks next of another of its slots, which is free, must not
 * overtake it. */
Test(tx, a_pipeline_sees_its_own_write_of_several_keys) {
    for (int is_delayed = 0; is_delayed < 2; is_delayed++) {
        struct world world;
        world_init(&world, 3, true);
        struct client *owner = world_client(world.shards[0]),
                      *client = world_client(world.shards[1]);
        const char *reserved = world.keys[0][0], *other = world.keys[0][1];

        reserve_first_key(&world, owner);
        world_hold(world.shards[0]);
        world_sendf(client, "MSET %s 1 %s 2\nGET %s", reserved, other, other);
        world_turn(world.shards[1]); /* by message: shard 0 is busy */
        if (is_delayed) world_turn(world.shards[1]);
        world_unhold(world.shards[0]);
        world_settle(&world);
        cr_assert_str_eq(world_replies(client, text), "+OK\r\n$1\r\n2\r\n");
        world_client_free(owner);
        world_client_free(client);
        world_deinit(&world);
    }
}

/* 256 chains wait in the queue, one more in our own hands, and the token is free before its
 * holder has looked. */
Test(tx, what_did_not_fit_into_the_queue_still_comes_first) {
    struct world world;
    world_init(&world, 2, true);
    struct client *client = world_client(world.shards[0]);
    const char *key = world.keys[1][0];

    world_hold(world.shards[1]);
    for (unsigned i = 0; i < SPSC_SLOTS_COUNT; i++) {
        world_sendf(client, "APPEND %s x", key);
        world_turn(world.shards[0]);
    }
    world_sendf(client, "SET %s last", key);
    world_turn(world.shards[0]);
    cr_assert(world.shards[0]->slot_out_mask == 2, "the queue is full");
    world.shards[1]->tokens_held = 0; /* the first half of token_release() */
    atomic_store(&world.shards[1]->token, 0);
    world_sendf(client, "GET %s", key);
    world_turn(world.shards[0]);
    world_settle(&world);
    const char *replies = world_replies(client, text);
    cr_assert_str_eq(replies + strlen(replies) - strlen("+OK\r\n$4\r\nlast\r\n"),
                     "+OK\r\n$4\r\nlast\r\n");
    world_client_free(client);
    world_deinit(&world);
}

/* ---- The order of the log ---- */

/* Two transactions want the same two slots; whichever shard looks at the log first, the first
 * one comes first on both. */
Test(tx, transactions_are_granted_in_the_order_of_the_log) {
    for (unsigned order = 0; order < 4; order++) {
        struct world world;
        world_init(&world, 4, true);
        struct client *first = world_client(world.shards[2]),
                      *second = world_client(world.shards[3]);
        const char *a = world.keys[0][0], *b = world.keys[1][0];

        world_hold(world.shards[0]);
        world_hold(world.shards[1]);
        world_sendf(first, "MSET %s first %s first", a, b);
        world_sendf(second, "MSET %s second %s second", b, a);
        if (order < 2) {
            world_turn(world.shards[2]);
            world_turn(world.shards[3]);
        } else {
            world_turn(world.shards[3]);
            world_turn(world.shards[2]);
        }
        world_unhold(world.shards[order % 2]);
        cr_assert_str_eq(world_replies(first, text), "");
        cr_assert(eq(u32, world.shards[order % 2]->reserved_slots_count, 1));
        world_unhold(world.shards[1 - order % 2]);
        world_settle(&world);
        cr_assert_str_eq(world_replies(first, text), "+OK\r\n");
        cr_assert_str_eq(world_replies(second, text), "+OK\r\n");
        cr_assert_str_eq(world_ask(&world, first, text, "MGET %s %s", a, b),
                         order < 2 ? "*2\r\n$6\r\nsecond\r\n$6\r\nsecond\r\n"
                                   : "*2\r\n$5\r\nfirst\r\n$5\r\nfirst\r\n");
        world_client_free(first);
        world_client_free(second);
        world_deinit(&world);
    }
}

Test(tx, transactions_that_share_no_slot_do_not_wait_for_each_other) {
    struct world world;
    world_init(&world, 4, true);
    struct client *stuck = world_client(world.shards[0]), *free_one = world_client(world.shards[0]);

    world_hold(world.shards[3]);
    world_hold(world.shards[1]);
    world_sendf(stuck, "MSET %s 1 %s 1", world.keys[0][0], world.keys[3][0]);
    world_sendf(free_one, "MSET %s 2 %s 2", world.keys[0][1], world.keys[1][0]);
    world_turn(world.shards[0]);
    world_unhold(world.shards[1]);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned shard = 0; shard < 3; shard++) world_turn(world.shards[shard]);
    }
    cr_assert_str_eq(world_replies(free_one, text), "+OK\r\n");
    cr_assert_str_eq(world_replies(stuck, text), "");
    world_unhold(world.shards[3]);
    world_settle(&world);
    cr_assert_str_eq(world_replies(stuck, text), "+OK\r\n");
    world_client_free(stuck);
    world_client_free(free_one);
    world_deinit(&world);
}

Test(tx, a_command_over_the_world_excludes_everything) {
    struct world world;
    world_init(&world, 4, true);
    struct client *flusher = world_client(world.shards[3]), *clients[3];

    cr_assert_str_eq(world_ask(&world, flusher, text, "MSET %s old %s old %s old", world.keys[0][0],
                               world.keys[1][0], world.keys[2][0]),
                     "+OK\r\n");
    /* it stays ungranted here, while the others are reserved to the last slot */
    world_hold(world.shards[2]);
    world_send(flusher, "FLUSHALL");
    world_turn(world.shards[3]);
    for (unsigned i = 0; i < 4; i++) {
        if (i != 2) cr_assert(eq(u32, world.shards[i]->reserved_slots_count, SLOTS_COUNT / 4));
    }
    for (unsigned i = 0; i < 3; i++) clients[i] = world_client(world.shards[i == 2 ? 3 : i]);
    world_sendf(clients[0], "EXISTS %s", world.keys[0][0]); /* in its own shard */
    /* over two */
    world_sendf(clients[1], "MSET %s new %s new", world.keys[0][1], world.keys[1][1]);
    /* where it is not granted yet: by message */
    world_sendf(clients[2], "GET %s", world.keys[2][0]);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            if (i != 2) world_turn(world.shards[i]);
        }
    }
    for (unsigned i = 0; i < 3; i++) cr_assert_str_eq(world_replies(clients[i], text), "");
    world_unhold(world.shards[2]);
    world_settle(&world);
    cr_assert_str_eq(world_replies(flusher, text), "+OK\r\n");
    cr_assert_str_eq(world_replies(clients[0], text), ":0\r\n");
    /* behind the flush: it is not lost */
    cr_assert_str_eq(world_replies(clients[1], text), "+OK\r\n");
    /* before or behind: both were asked at the same time */
    (void)world_replies(clients[2], text);
    cr_assert_str_eq(world_ask(&world, flusher, text, "EXISTS %s %s %s %s", world.keys[0][0],
                               world.keys[1][0], world.keys[0][1], world.keys[1][1]),
                     ":2\r\n");
    for (unsigned i = 0; i < 3; i++) world_client_free(clients[i]);
    world_client_free(flusher);
    world_deinit(&world);
}

/* ---- A log that is full ---- */

struct crowd {
    struct client **clients;
    unsigned count;
};

/* Transactions from as many clients, none of which can run: the shards are held. */
static void crowd_send(struct crowd *crowd, struct world *world, struct shard *home,
                       unsigned count) {
    crowd->clients = malloc(count * sizeof(struct client *));
    crowd->count = count;
    for (unsigned i = 0; i < count; i++) {
        crowd->clients[i] = world_client(home);
        world_sendf(crowd->clients[i], "MSET %s %u %s %u", world->keys[0][0], i, world->keys[1][0],
                    i);
        world_turn(home);
    }
}

static void crowd_check_and_free(struct crowd *crowd) {
    for (unsigned i = 0; i < crowd->count; i++) {
        cr_assert_str_eq(world_replies(crowd->clients[i], text), "+OK\r\n", "client %u", i);
        world_client_free(crowd->clients[i]);
    }
    free(crowd->clients);
}

Test(tx, what_does_not_fit_into_the_log_is_put_off_and_not_lost) {
    enum { COUNT = TX_LOG_SLOTS_COUNT + 1000 };
    struct world world;
    struct crowd crowd;
    world_init(&world, 4, true);
    struct client *reader = world_client(world.shards[3]);

    for (unsigned i = 0; i < 4; i++) {
        /* shard 3 has no part in it but does not read the log: it lags */
        if (i != 2) world_hold(world.shards[i]);
    }
    crowd_send(&crowd, &world, world.shards[2], COUNT);
    cr_assert(world.shards[2]->tx_deferred_head != NULL);
    cr_assert(atomic_load(&world.node->tx_log.tail) <= TX_LOG_SLOTS_COUNT);
    world_unhold(world.shards[0]);
    world_unhold(world.shards[1]);
    world_turn(world.shards[2]);
    cr_assert(world.shards[2]->tx_deferred_head != NULL, "shard 3 has not read its entries yet");
    world_unhold(world.shards[3]);
    world_settle(&world);
    cr_assert(world.shards[2]->tx_deferred_head == NULL);
    cr_assert(eq(u64, atomic_load(&world.node->tx_log.tail), COUNT));
    crowd_check_and_free(&crowd);
    char expected[64];
    (void)snprintf(expected, sizeof expected, "*2\r\n$4\r\n%d\r\n$4\r\n%d\r\n", COUNT - 1,
                   COUNT - 1);
    cr_assert_str_eq(
        world_ask(&world, reader, text, "MGET %s %s", world.keys[0][0], world.keys[1][0]),
        expected);
    world_client_free(reader);
    world_deinit(&world);
}

/* A thread tries again to enter what was put off; on the way it does another shard's work, and
 * that makes a new transaction. */
Test(tx, a_transaction_begun_while_one_is_entered_again_is_not_lost) {
    struct world world;
    struct crowd crowd;
    world_init(&world, 4, true);
    struct client *owner = world_client(world.shards[1]), *nested = world_client(world.shards[1]),
                  *reader = world_client(world.shards[1]);
    unsigned count = 0;

    world_hold(world.shards[0]);
    world_hold(world.shards[1]);
    world_hold(world.shards[3]);
    crowd.clients = malloc((TX_LOG_SLOTS_COUNT + 1) * sizeof(struct client *));
    while (world.shards[2]->tx_deferred_head == NULL) { /* until exactly one is put off */
        cr_assert(count <= TX_LOG_SLOTS_COUNT);
        crowd.clients[count] = world_client(world.shards[2]);
        world_sendf(crowd.clients[count], "MSET %s %u %s %u", world.keys[0][0], count,
                    world.keys[1][0], count);
        world_turn(world.shards[2]);
        count++;
    }
    crowd.count = count;
    world_unhold(world.shards[0]);
    world_unhold(world.shards[1]);
    do { /* all but the one put off */
        world_turn(world.shards[0]);
        world_turn(world.shards[1]);
        messages_drain_home(world.shards[2]); /* takes the answers, and tries nothing again */
    } while (!world_is_quiet(world.shards[0]) || !world_is_quiet(world.shards[1]) ||
             world.shards[0]->reserved_slots_count > 0);
    world_unhold(world.shards[3]);

    /* Shard 0's key 1 is reserved by a transaction that cannot go on, */
    world_hold(world.shards[3]);
    world_sendf(owner, "MSET %s held %s held", world.keys[0][1], world.keys[3][0]);
    world_turn(world.shards[1]);
    /* and in shard 0's queue stands a request for it, pushed in the moment before its sender
     * takes the token. */
    world_hold(world.shards[0]);
    world_sendf(nested, "MSET %s nested %s nested", world.keys[0][1], world.keys[0][2]);
    batch_run(world.shards[1]);
    world_unhold(world.shards[0]);
    cr_assert(eq(u64, world.shards[1]->slot_out_mask, 1));
    cr_assert(spsc_push(&world.shards[0]->slot_queues[1], world.shards[1]->slot_out[0].head));
    world.shards[1]->slot_out[0] = (struct msg_chain){0};
    world.shards[1]->slot_out_mask = 0;
    atomic_fetch_or(&world.shards[0]->slot_inbox, 2);

    tx_retry_deferred(world.shards[2]);
    world_unhold(world.shards[3]);
    world_settle(&world);
    cr_assert_str_eq(world_replies(owner, text), "+OK\r\n");
    cr_assert_str_eq(world_replies(nested, text), "+OK\r\n");
    crowd_check_and_free(&crowd);
    cr_assert_str_eq(
        world_ask(&world, reader, text, "MGET %s %s", world.keys[0][1], world.keys[0][2]),
        "*2\r\n$6\r\nnested\r\n$6\r\nnested\r\n");
    world_client_free(owner);
    world_client_free(nested);
    world_client_free(reader);
    world_deinit(&world);
}

/* ---- Deadlines ---- */

/* The runner holds no token of the shard that the key comes to, and a borrower sets the alarm at
 * the release: the shard's own thread must still learn when to wake. */
Test(tx, a_key_with_a_deadline_that_a_transaction_brings_wakes_its_shard) {
    struct world world;
    world_init(&world, 3, true);
    struct client *client = world_client(world.shards[2]);
    const char *from = world.keys[0][0], *to = world.keys[1][0];

    cr_assert_str_eq(world_ask(&world, client, text, "SET %s v PX 100000", from), "+OK\r\n");
    uint64_t deadline_unix_ms = clock_unix_ms() + 100000;
    world_hold(world.shards[0]);
    world_hold(world.shards[1]);
    world_sendf(client, "RENAME %s %s", from, to);
    world_turn(world.shards[2]);
    world_unhold(world.shards[1]); /* granted here first, */
    world_unhold(world.shards[0]); /* so shard 0 is the runner, */
    messages_flush(world.shards[0]); /* and brings the release itself */
    cr_assert(atomic_load(&world.shards[1]->wake_at_unix_ms) <= deadline_unix_ms + 1000);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n");
    cr_assert(alarms_next_unix_ms(&world.shards[1]->alarms) <= deadline_unix_ms + 1000);
    world_client_free(client);
    world_deinit(&world);
}

/* ---- Which slots ---- */

Test(tx, the_slots_of_a_command_are_sorted_unique_and_know_their_shards) {
    struct world world;
    struct tx_slots slots;
    struct slice args[64] = {SLICE_LITERAL("MGET")};
    char names[63][WORLD_KEY_BYTES];
    const struct cmd *parent;

    world_init(&world, 4, true);
    for (unsigned i = 0; i < 63; i++) { /* each name three times: 21 slots, more than lie inline */
        (void)snprintf(names[i], sizeof names[i], "name%u", i % 21);
        args[1 + i] = slice_from_cstr(names[i]);
    }
    const struct cmd *cmd = cmd_table_resolve(world.node->cmds, args, 64, &parent);
    tx_slots_init(&slots, world.node, cmd, args, 64);
    cr_assert(eq(sz, slots.count, 21));
    uint64_t shards_mask = 0;
    for (size_t i = 0; i < slots.count; i++) {
        if (i > 0) cr_assert(slots.slots[i - 1] < slots.slots[i]);
        shards_mask |= UINT64_C(1) << world.node->slot_shard[slots.slots[i]];
    }
    cr_assert(eq(u64, slots.shards_mask, shards_mask));
    cr_assert(not(slots.is_world));
    tx_slots_deinit(&slots);

    args[0] = SLICE_LITERAL("FLUSHALL");
    cmd = cmd_table_resolve(world.node->cmds, args, 1, &parent);
    tx_slots_init(&slots, world.node, cmd, args, 1);
    cr_assert(eq(sz, slots.count, SLOTS_COUNT));
    cr_assert(eq(u64, slots.shards_mask, 15));
    cr_assert(slots.is_world);
    tx_slots_deinit(&slots);
    world_deinit(&world);
}
