#include "tests/unit/shards/node_world.h"

static char text[WORLD_TEXT_BYTES];
static struct world world;
static struct client *client;

static void setup(void) {
    world_init(&world, 2, true);
    client = world_client(world.shards[0]);
}

static void teardown(void) {
    world_client_free(client);
    world_deinit(&world);
}

TestSuite(cmd_client, .init = setup, .fini = teardown);

#define EXPECT(wanted, ...) cr_expect_str_eq(world_ask(&world, client, text, __VA_ARGS__), wanted)

Test(cmd_client, tracking_tells_mistakes_before_it_says_that_it_is_not_there) {
    EXPECT("-ERR syntax error\r\n", "CLIENT TRACKING maybe");
    EXPECT("-ERR syntax error\r\n", "CLIENT TRACKING on nosuch");
    EXPECT("-ERR syntax error\r\n", "CLIENT TRACKING on bcast prefix");
    EXPECT("-ERR syntax error\r\n", "CLIENT TRACKING maybe optin optout");
    EXPECT("-ERR PREFIX option requires BCAST mode to be enabled\r\n",
           "CLIENT TRACKING on prefix a");
    EXPECT("-ERR OPTIN and OPTOUT are not compatible with BCAST\r\n",
           "CLIENT TRACKING on bcast optin");
    EXPECT("-ERR You can't specify both OPTIN mode and OPTOUT mode\r\n",
           "CLIENT TRACKING on optin optout");
    EXPECT("-ERR value is not an integer or out of range\r\n", "CLIENT TRACKING on redirect x");
    EXPECT("-ERR A client can only redirect to a single other client\r\n",
           "CLIENT TRACKING on redirect 1 redirect 2");
    EXPECT("-ERR client side caching is not built yet\r\n",
           "CLIENT TRACKING on bcast prefix a noloop");
    EXPECT("+OK\r\n", "CLIENT TRACKING off noloop");
}

Test(cmd_client, setinfo_names_the_attribute_as_it_was_sent) {
    world_send_bytes(client, "CLIENT SETINFO Lib-Name 'a b'\r\n", 31);
    world_settle(&world);
    cr_expect_str_eq(world_replies(client, text),
                     "-ERR Lib-Name cannot contain spaces, newlines or special characters.\r\n");
    EXPECT("+OK\r\n", "CLIENT SETINFO lib-ver 1.2");
    EXPECT("-ERR Unrecognized option 'lib'\r\n", "CLIENT SETINFO lib 1.2");
}

Test(cmd_client, unblock_wants_no_more_than_a_reason) {
    EXPECT(":0\r\n", "CLIENT UNBLOCK 7 timeout");
    EXPECT("-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n", "CLIENT UNBLOCK 7 nosuch");
    EXPECT(
        "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.\r\n",
        "CLIENT UNBLOCK x ERROR ERROR");
}

Test(cmd_client, select_tells_a_number_from_a_database) {
    EXPECT("-ERR DB index is out of range\r\n", "SELECT 2147483647");
    EXPECT("-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
           "SELECT 2147483648");
    EXPECT("-ERR value is not an integer or out of range\r\n", "SELECT x");
    EXPECT("+OK\r\n", "SELECT 15");
    cr_expect(eq(uint, client->db, 15));
}
