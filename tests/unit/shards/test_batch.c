#include "shards/batch.h"

#include "tests/unit/shards/node_world.h"

static char text[WORLD_TEXT_BYTES];

Test(batch, a_pipeline_of_all_kinds_is_answered_in_its_order) {
    for (unsigned shards_count = 1; shards_count <= 4; shards_count++) {
        struct world world;
        world_init(&world, shards_count, true);
        struct client *client = world_client(world.shards[0]);
        const char *last = world.keys[shards_count - 1][0];

        world_sendf(client, "SET %s 1\nINCR %s\nPING\nNOSUCH\nGET\nMGET %s %s\nDEL %s\nECHO end",
                    last, last, last, world.keys[0][1], last);
        world_settle(&world);
        cr_assert_str_eq(
            world_replies(client, text),
            "+OK\r\n:2\r\n+PONG\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
            "-ERR wrong number of arguments for 'get' "
            "command\r\n*2\r\n$1\r\n2\r\n$-1\r\n:1\r\n$3\r\nend\r\n");
        world_client_free(client);
        world_deinit(&world);
    }
}

Test(batch, more_than_one_batch_of_commands_is_answered_whole) {
    struct world world;
    char lines[16 * 1024] = "", *at = lines;
    world_init(&world, 2, true);
    struct client *client = world_client(world.shards[0]);

    for (int i = 0; i < 700; i++) at += sprintf(at, "APPEND %s x\n", world.keys[i % 2][0]);
    world_send(client, lines);
    world_settle(&world);
    const char *replies = world_replies(client, text);
    for (unsigned i = 0; i < 700; i++) {
        unsigned len = 0;
        int used = 0;
        cr_assert(sscanf(replies, ":%u\r\n%n", &len, &used) == 1);
        cr_assert(eq(uint, len, i / 2 + 1));
        replies += used;
    }
    cr_assert_str_eq(replies, "");
    world_client_free(client);
    world_deinit(&world);
}

Test(batch, a_command_of_more_arguments_than_a_batch_holds_runs_alone) {
    struct world world;
    static char lines[64 * 1024];
    world_init(&world, 2, true);
    struct client *client = world_client(world.shards[0]);

    char *at = lines + sprintf(lines, "PING\nDEL");
    for (int i = 0; i < 2 * BATCH_ARGS_MAX; i++) at += sprintf(at, " name%d", i);
    strcpy(at, "\nPING");
    world_send(client, lines);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+PONG\r\n:0\r\n+PONG\r\n");
    world_client_free(client);
    world_deinit(&world);
}

Test(batch, a_protocol_error_comes_behind_the_replies_before_it) {
    static const char bytes[] =
        "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\n*1\r\n$x\r\n*1\r\n$4\r\nPING\r\n";
    struct world world;
    world_init(&world, 2, true);
    struct client *client = world_client(world.shards[0]);

    world_send_bytes(client, bytes, sizeof bytes - 1);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text),
                     "+PONG\r\n$1\r\na\r\n-ERR Protocol error: invalid bulk length\r\n");
    cr_assert(ne(u32, client->flags & CLIENT_CLOSE_AFTER_REPLY, 0));
    world_client_free(client);
    world_deinit(&world);
}

/* ---- Inline commands are unquoted where they lie: whatever puts one off must find it as it
 * came ---- */

static void send_inline(struct client *client, const char *line) {
    world_send_bytes(client, line, strlen(line));
}

Test(batch, inline_commands_of_a_pipeline_are_answered_in_their_order) {
    struct world world;
    world_init(&world, 2, true);
    struct client *client = world_client(world.shards[0]);

    send_inline(
        client,
        "SET \"a b\" 'it\\'s'\r\nGET \"a b\"\r\n\r\n*1\r\n$4\r\nPING\r\nECHO \"\\x41\\n\"\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n$4\r\nit's\r\n+PONG\r\n$2\r\nA\n\r\n");
    world_client_free(client);
    world_deinit(&world);
}

Test(batch, an_inline_command_that_unquotes_to_a_star_is_still_an_inline_command) {
    struct world world;
    static char lines[32 * 1024];
    world_init(&world, 2, true);
    struct client *first = world_client(world.shards[0]), *client = world_client(world.shards[0]);
    static const char expected[] =
        "-ERR unknown command '*1', with args beginning with: 'x y' 'a' 'b' \r\n+PONG\r\n";

    send_inline(client, "\"*1\" \"x y\" a b\r\nPING\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), expected);

    char *at = lines + sprintf(lines, "DEL"); /* and when it does not fit into the batch */
    for (int i = 0; i < BATCH_ARGS_MAX - 3; i++) at += sprintf(at, " name%d", i);
    world_send(first, lines);
    send_inline(client, "\"*1\" \"x y\" a b\r\nPING\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), expected);
    world_client_free(first);
    world_client_free(client);
    world_deinit(&world);
}

Test(batch, an_inline_command_put_off_by_a_pause_is_run_as_it_came) {
    struct world world;
    world_init(&world, 2, true);
    struct shard *shard = world.shards[0];
    struct client *client = world_client(shard);

    atomic_store(&world.node->pause_until_unix_ms, clock_unix_ms() + 1000000);
    send_inline(client, "SET \"a b\" \"c \\x41 d\"\r\n");
    world_turn(shard);
    cr_assert_str_eq(world_replies(client, text), "");
    cr_assert(shard->paused_head == client);
    atomic_store(&world.node->pause_until_unix_ms, 0); /* what shard.c does at the end of a pause */
    shard->paused_head = NULL;
    client->flags &= ~(uint32_t)CLIENT_IS_PAUSED;
    client_make_ready(client);
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n");
    send_inline(client, "GET \"a b\"\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "$5\r\nc A d\r\n");
    world_client_free(client);
    world_deinit(&world);
}

Test(batch, an_inline_command_that_finds_the_batch_full_is_run_as_it_came) {
    struct world world;
    static char lines[32 * 1024];
    world_init(&world, 2, true);
    struct client *first = world_client(world.shards[0]), *client = world_client(world.shards[0]);

    char *at = lines + sprintf(lines, "DEL");
    for (int i = 0; i < BATCH_ARGS_MAX - 3; i++) at += sprintf(at, " name%d", i);
    world_send(first, lines);
    send_inline(client, "MSET \"a b\" \"c \\x41 d\" e f\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "+OK\r\n");
    send_inline(client, "GET \"a b\"\r\n");
    world_settle(&world);
    cr_assert_str_eq(world_replies(client, text), "$5\r\nc A d\r\n");
    world_client_free(first);
    world_client_free(client);
    world_deinit(&world);
}
