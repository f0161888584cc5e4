/* Blocked clients, one thread playing all shards: who is served by what, in which order, and
 * what ends a wait. Threads: test_block_threads.c. */
#include "tests/unit/shards/block_world.h"

enum { CLIENTS_MAX = 8 };

struct fixture {
    struct world world;
    struct client *clients[CLIENTS_MAX]; /* the n-th on shard n % shards_count */
    char text[WORLD_TEXT_BYTES];
};

static struct fixture *fixture_new(unsigned shards_count, bool may_lend) {
    struct fixture *fixture = mem_must_zero(sizeof *fixture);

    block_world_init(&fixture->world, shards_count, may_lend);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        fixture->clients[i] = world_client(fixture->world.shards[i % shards_count]);
    return fixture;
}

static void fixture_free(struct fixture *fixture) {
    for (unsigned i = 0; i < CLIENTS_MAX; i++) world_client_free(fixture->clients[i]);
    block_world_deinit(&fixture->world);
    mem_free(fixture);
}

/* Sent and settled; whatever it answers stays where it is. */
__attribute__((format(printf, 3, 4))) static void send(struct fixture *fixture, unsigned client,
                                                       const char *format, ...) {
    char lines[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(lines, sizeof lines, format, args);
    va_end(args);
    world_send(fixture->clients[client], lines);
    world_settle(&fixture->world);
}

static const char *replies(struct fixture *fixture, unsigned client) {
    return world_replies(fixture->clients[client], fixture->text);
}

static void expect_popped(struct fixture *fixture, unsigned client, const char *key, char element) {
    char expected[128];
    (void)snprintf(expected, sizeof expected, "*2\r\n$%zu\r\n%s\r\n$1\r\n%c\r\n", strlen(key), key,
                   element);
    cr_assert_str_eq(replies(fixture, client), expected);
    cr_assert(eq(int, (int)fixture->clients[client]->block, CLIENT_RUNNING));
}

static void expect_blocked(struct fixture *fixture, unsigned client) {
    cr_assert_str_eq(replies(fixture, client), "");
    cr_assert(eq(int, (int)fixture->clients[client]->block, CLIENT_WAITS_BLOCKED));
}

static const struct topology {
    unsigned shards_count;
    bool may_lend;
} topologies[] = {{1, true}, {4, true}, {4, false}};
#define EACH_TOPOLOGY(f) \
    for (size_t topology = 0; topology < ARRAY_COUNT(topologies); topology++) \
        for (struct fixture *f = \
                 fixture_new(topologies[topology].shards_count, topologies[topology].may_lend); \
             f != NULL; fixture_free(f), f = NULL)
/* The n-th key; neighbours lie on different shards. */
static const char *key_name(const struct fixture *fixture, unsigned n) {
    unsigned count = fixture->world.node->shards_count;
    return fixture->world.keys[n % count][n / count];
}
#define KEY(f, n) key_name(f, n)

Test(block, what_is_there_is_taken_at_once) {
    EACH_TOPOLOGY(f) {
        send(f, 0, "tpush %s ab", KEY(f, 1));
        cr_assert_str_eq(replies(f, 0), ":2\r\n");
        send(f, 1, "tpop %s %s 0\ntpop %s 0\nPING", KEY(f, 0), KEY(f, 1), KEY(f, 1));
        char expected[256];
        (void)snprintf(expected, sizeof expected,
                       "*2\r\n$%zu\r\n%s\r\n$1\r\na\r\n*2\r\n$%zu\r\n%s\r\n$1\r\nb\r\n+PONG\r\n",
                       strlen(KEY(f, 1)), KEY(f, 1), strlen(KEY(f, 1)), KEY(f, 1));
        cr_assert_str_eq(replies(f, 1), expected);
        cr_assert(eq(u32, atomic_load(&f->world.node->blocked_count), 0));
    }
}

Test(block, a_push_serves_in_the_order_of_arrival_before_anything_else) {
    EACH_TOPOLOGY(f) {
        for (unsigned i = 1; i <= 4; i++) {
            send(f, i, "tpop %s 0\nPING", KEY(f, 0));
            expect_blocked(f, i);
        }
        cr_assert(eq(u32, atomic_load(&f->world.node->blocked_count), 4));
        cr_assert(eq(u32, atomic_load(&f->world.node->blocking_keys_count), 1));
        send(f, 0, "tpush %s abc\nEXISTS %s", KEY(f, 0), KEY(f, 0));
        cr_assert_str_eq(replies(f, 0), ":3\r\n:0\r\n");
        for (unsigned i = 1; i <= 3; i++) {
            char expected[128];
            (void)snprintf(expected, sizeof expected, "*2\r\n$%zu\r\n%s\r\n$1\r\n%c\r\n+PONG\r\n",
                           strlen(KEY(f, 0)), KEY(f, 0), (char)('a' + i - 1));
            cr_assert_str_eq(replies(f, i), expected);
        }
        expect_blocked(f, 4);
        send(f, 0, "tpush %s d", KEY(f, 0));
        cr_assert_str_eq(replies(f, 0), ":1\r\n");
        cr_assert(strstr(replies(f, 4), "$1\r\nd\r\n+PONG\r\n") != NULL);
    }
}

Test(block, a_client_that_waits_for_several_keys_is_served_by_one) {
    EACH_TOPOLOGY(f) {
        send(f, 1, "tpop %s %s %s %s 0", KEY(f, 0), KEY(f, 1), KEY(f, 2), KEY(f, 1));
        expect_blocked(f, 1);
        cr_assert(eq(u32, atomic_load(&f->world.node->blocking_keys_count), 3));
        send(f, 2, "tpop %s 0", KEY(f, 2));
        send(f, 0, "tpush %s x", KEY(f, 2));
        expect_popped(f, 1, KEY(f, 2), 'x');
        cr_assert(eq(u32, atomic_load(&f->world.node->blocking_keys_count), 1));
        send(f, 0, "tpush %s y\ntpush %s z\ntpush %s w", KEY(f, 0), KEY(f, 2), KEY(f, 1));
        expect_popped(f, 2, KEY(f, 2), 'z');
        cr_assert_str_eq(replies(f, 1), "");
        send(f, 3, "GET %s\nGET %s", KEY(f, 0), KEY(f, 1));
        cr_assert_str_eq(replies(f, 3), "$1\r\ny\r\n$1\r\nw\r\n");
        (void)replies(f, 0);
    }
}

Test(block, one_that_finds_the_wrong_type_keeps_its_place) {
    EACH_TOPOLOGY(f) {
        send(f, 1, "tpop %s 0", KEY(f, 0));
        send(f, 2, "tpop %s 0", KEY(f, 0));
        send(f, 0, "SET %s !\nDEL %s", KEY(f, 0), KEY(f, 0));
        expect_blocked(f, 1);
        expect_blocked(f, 2);
        send(f, 0, "tpush %s ab", KEY(f, 0));
        expect_popped(f, 1, KEY(f, 0), 'a');
        expect_popped(f, 2, KEY(f, 0), 'b');
        (void)replies(f, 0);
    }
}

Test(block, a_move_serves_who_waits_for_its_target_and_so_on) {
    EACH_TOPOLOGY(f) {
        for (unsigned i = 0; i < 4; i++) { /* in the least helpful order */
            send(f, 4 - i, "tmove %s %s 0", KEY(f, 3 - i), KEY(f, 4 - i));
            expect_blocked(f, 4 - i);
        }
        send(f, 5, "tpop %s 0", KEY(f, 4));
        send(f, 0, "tpush %s x", KEY(f, 0));
        cr_assert_str_eq(replies(f, 0), ":1\r\n");
        for (unsigned i = 1; i <= 4; i++) cr_assert_str_eq(replies(f, i), "$1\r\nx\r\n");
        expect_popped(f, 5, KEY(f, 4), 'x');
    }
}

Test(block, behind_a_move_its_key_goes_on_to_the_next_waiter) {
    EACH_TOPOLOGY(f) {
        send(f, 1, "tmove %s %s 0", KEY(f, 0), KEY(f, 1));
        send(f, 2, "tpop %s 0", KEY(f, 0));
        send(f, 3, "tmove %s %s 0", KEY(f, 0), KEY(f, 0));
        send(f, 0, "tpush %s abc", KEY(f, 0));
        cr_assert_str_eq(replies(f, 1), "$1\r\na\r\n");
        expect_popped(f, 2, KEY(f, 0), 'b');
        cr_assert_str_eq(replies(f, 3), "$1\r\nc\r\n");
        send(f, 4, "GET %s\nGET %s", KEY(f, 0), KEY(f, 1));
        cr_assert_str_eq(replies(f, 4), "$1\r\nc\r\n$1\r\na\r\n");
        (void)replies(f, 0);
    }
}

Test(block, when_the_time_is_up_it_is_told_so) {
    EACH_TOPOLOGY(f) {
        uint64_t now = clock_unix_ms();
        send(f, 1, "tpop %s %s %llu\nPING", KEY(f, 0), KEY(f, 1), (unsigned long long)now + 60000);
        send(f, 2, "tmove %s %s %llu", KEY(f, 0), KEY(f, 1), (unsigned long long)now + 60001);
        for (unsigned late_ms = 0; late_ms < 3; late_ms++) {
            for (unsigned i = 1; i <= 2; i++) {
                struct shard *shard = f->clients[i]->home;
                shard->now_unix_ms = now + 59999 + late_ms;
                block_home_timeouts(shard);
                cr_assert(eq(int, f->clients[i]->waiter == NULL, late_ms >= i), "client %u, %u ms",
                          i, late_ms);
            }
        }
        world_settle(&f->world);
        cr_assert_str_eq(replies(f, 1), "*-1\r\n+PONG\r\n");
        cr_assert_str_eq(replies(f, 2), "$-1\r\n");
        send(f, 0, "tpush %s x\nGET %s", KEY(f, 0), KEY(f, 0));
        cr_assert_str_eq(replies(f, 0), ":1\r\n$1\r\nx\r\n");
    }
}

Test(block, a_flush_a_swap_and_a_deletion_are_noticed) {
    EACH_TOPOLOGY(f) {
        send(f, 0, "SET %s a\nSET %s a\nSET %s a", KEY(f, 0), KEY(f, 1), KEY(f, 2));
        send(f, 1, "twatch %s 0", KEY(f, 0));
        send(f, 2, "twatch %s 0", KEY(f, 1));
        send(f, 3, "twatch %s 0", KEY(f, 2));
        send(f, 4, "tpop %s 0", KEY(f, 3));
        cr_assert(eq(u32, atomic_load(&f->world.node->blocking_keys_on_nokey_count), 3));
        send(f, 0, "DEL %s %s", KEY(f, 0), KEY(f, 3));
        cr_assert_str_eq(replies(f, 1), "+gone\r\n");
        expect_blocked(f, 2);
        send(f, 0, "RENAME %s other", KEY(f, 1));
        cr_assert_str_eq(replies(f, 2), "+gone\r\n");
        send(f, 0, "FLUSHDB");
        cr_assert_str_eq(replies(f, 3), "+gone\r\n");
        expect_blocked(f, 4);
        send(f, 0, "SELECT 5\ntpush %s q\nSWAPDB 0 5\nSELECT 0", KEY(f, 3));
        expect_popped(f, 4, KEY(f, 3), 'q');
        (void)replies(f, 0);
    }
}

Test(block, an_empty_name_is_a_key_like_others) {
    EACH_TOPOLOGY(f) {
        static const char pop[] = "*3\r\n$4\r\ntpop\r\n$0\r\n\r\n$1\r\n0\r\n",
                          push[] = "*3\r\n$5\r\ntpush\r\n$0\r\n\r\n$1\r\nx\r\n";
        world_send_bytes(f->clients[1], pop, sizeof pop - 1);
        world_settle(&f->world);
        send(f, 2, "tpop %s 0", KEY(f, 1));
        world_send_bytes(f->clients[0], push, sizeof push - 1);
        world_settle(&f->world);
        expect_popped(f, 1, "", 'x');
        expect_blocked(f, 2);
        send(f, 0, "tpush %s x", KEY(f, 1));
        expect_popped(f, 2, KEY(f, 1), 'x');
        (void)replies(f, 0);
    }
}

Test(block, a_closed_client_takes_nothing) {
    EACH_TOPOLOGY(f) {
        send(f, 1, "tpop %s %s 0", KEY(f, 0), KEY(f, 1));
        send(f, 2, "tpop %s 0", KEY(f, 1));
        f->clients[1]->flags |= CLIENT_CLOSING; /* as client_close() does, less the socket */
        block_home_end(f->clients[1]->home, f->clients[1]->waiter, BLOCK_END_CLOSED);
        world_settle(&f->world);
        send(f, 0, "tpush %s x", KEY(f, 1));
        expect_popped(f, 2, KEY(f, 1), 'x');
        cr_assert_str_eq(replies(f, 1), "");
        (void)replies(f, 0);
    }
}

#ifdef SLIPRING_DEBUG /* only then can an allocation be told to fail */
Test(block, without_memory_it_is_refused_and_waits_for_nothing) {
    EACH_TOPOLOGY(f) {
        for (unsigned nth = 1; nth <= 3; nth++) { /* the waiter, the slot's table, the key */
            if (f->world.node->shards_count > 1) break; /* which thread runs it is not known */
            mem_try_fail_at(nth);
            send(f, 1, "tpop %s 0", KEY(f, 0));
            mem_try_fail_at(0);
            cr_assert(strstr(replies(f, 1), "OOM") != NULL, "nth %u", nth);
            cr_assert(eq(u32, atomic_load(&f->world.node->blocking_keys_count), 0));
        }
    }
}
#endif

Test(block, unblock_answers_whether_it_did) {
    EACH_TOPOLOGY(f) {
        send(f, 1, "tpop %s 0", KEY(f, 0));
        send(f, 2, "tpop %s 0", KEY(f, 0));
        /* These clients stand in no shard's list: done as CLIENT UNBLOCK does it. */
        cr_assert(block_home_try_end(f->clients[1]->home, f->clients[1]->waiter, BLOCK_END_ERROR));
        cr_assert(
            block_home_try_end(f->clients[2]->home, f->clients[2]->waiter, BLOCK_END_TIMEOUT));
        world_settle(&f->world);
        cr_assert_str_eq(replies(f, 1), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
        cr_assert_str_eq(replies(f, 2), "*-1\r\n");
        send(f, 1, "CLIENT UNBLOCK 12345");
        cr_assert_str_eq(replies(f, 1), ":0\r\n");
    }
}
