#include "tests/unit/shards/node_world.h"

static char text[WORLD_TEXT_BYTES];
static struct world world;
static struct client *client;

static void setup(void) {
    world_init(&world, 1, true);
    client = world_client(world.shards[0]);
}

static void teardown(void) {
    world_client_free(client);
    world_deinit(&world);
}

TestSuite(cmd_acl, .init = setup, .fini = teardown);

#define EXPECT(wanted, ...) cr_expect_str_eq(world_ask(&world, client, text, __VA_ARGS__), wanted)

Test(cmd_acl, nobody_but_default_can_be_removed_and_default_cannot) {
    EXPECT(":0\r\n", "ACL DELUSER nobody DEFAULT");
    EXPECT("-ERR The 'default' user cannot be removed\r\n", "ACL DELUSER nobody default");
    EXPECT("*1\r\n$7\r\ndefault\r\n", "ACL USERS");
}

Test(cmd_acl, there_is_no_file_to_load_or_save) {
    cr_expect(strstr(world_ask(&world, client, text, "ACL LOAD"),
                     "not configured to use an ACL file") != NULL);
    cr_expect(strstr(world_ask(&world, client, text, "ACL SAVE"),
                     "not configured to use an ACL file") != NULL);
}

Test(cmd_acl, an_unknown_category_is_quoted_up_to_128_bytes) {
    char name[200], wanted[200];

    EXPECT("-ERR Unknown category 'nosuch'\r\n", "ACL CAT nosuch");
    memset(name, 'x', sizeof name);
    (void)snprintf(wanted, sizeof wanted, "-ERR Unknown category '%.*s'\r\n", 128, name);
    EXPECT(wanted, "ACL CAT %.*s", (int)sizeof name, name);
}
