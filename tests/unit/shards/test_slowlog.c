#include "shards/slowlog.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "shards/client.h"
#include "shards/redact.h"
#include "shards/slowlog_list.h"

static void push(struct slowlog *slowlog, uint64_t id, const struct slice *args, size_t count) {
    slowlog_push(slowlog, id, 1000, 20, NULL, args, count);
}

static bool is(struct slice text, const char *wanted) {
    return slice_equal(text, slice_from_cstr(wanted));
}

Test(slowlog, the_newest_comes_first_and_the_oldest_is_forgotten) {
    struct slowlog *slowlog = slowlog_new();
    struct slice args[] = {SLICE_LITERAL("get"), SLICE_LITERAL("k")};
    for (uint64_t id = 0; id < 5; id++) push(slowlog, id, args, 2);
    slowlog_trim(slowlog, 3);
    cr_assert(eq(sz, slowlog->count, 3));
    cr_assert(eq(u64, slowlog->newest->entry.id, 4));
    cr_assert(eq(u64, slowlog->oldest->entry.id, 2));
    slowlog_reset(slowlog);
    cr_assert(eq(sz, slowlog->count, 0));
    cr_assert(slowlog->newest == NULL);
    cr_assert(slowlog->oldest == NULL);
    slowlog_free(slowlog);
}

Test(slowlog, long_arguments_are_cut_and_say_so) {
    struct slowlog *slowlog = slowlog_new();
    char long_arg[200];
    memset(long_arg, 'x', sizeof long_arg);
    struct slice args[] = {SLICE_LITERAL("set"), slice_of(long_arg, 128),
                           slice_of(long_arg, sizeof long_arg)};
    push(slowlog, 1, args, 3);
    const struct slowlog_entry *entry = &slowlog->newest->entry;
    cr_assert(eq(sz, entry->args[1].len, 128));
    cr_assert(eq(sz, entry->args[2].len, 128 + strlen("... (72 more bytes)")));
    cr_assert(memcmp(entry->args[2].data + 128, "... (72 more bytes)", 19) == 0);
    slowlog_free(slowlog);
}

Test(slowlog, many_arguments_end_with_how_many_more) {
    struct slowlog *slowlog = slowlog_new();
    struct slice args[40];
    for (size_t i = 0; i < 40; i++) args[i] = SLICE_LITERAL("del");
    push(slowlog, 1, args, 32);
    cr_assert(eq(sz, slowlog->newest->entry.args_count, 32));
    cr_assert(is(slowlog->newest->entry.args[31], "del"));
    push(slowlog, 2, args, 40);
    cr_assert(eq(sz, slowlog->newest->entry.args_count, 32));
    cr_assert(is(slowlog->newest->entry.args[31], "... (9 more arguments)"));
    slowlog_free(slowlog);
}

Test(slowlog, an_entry_names_its_client) {
    struct slowlog *slowlog = slowlog_new();
    struct client client = {.address_peer = "127.0.0.1:1234", .name = {(char *)"worker", 6}};
    struct slice args[] = {SLICE_LITERAL("ping")};
    slowlog_push(slowlog, 1, 1000, 20, &client, args, 1);
    cr_assert(eq(str, slowlog->newest->entry.client_address, "127.0.0.1:1234"));
    cr_assert(eq(str, slowlog->newest->entry.client_name, "worker"));
    slowlog_free(slowlog);
}

Test(slowlog, secrets_do_not_get_in) {
    struct slowlog *slowlog = slowlog_new();
    struct slice args[] = {SLICE_LITERAL("AUTH"), SLICE_LITERAL("joe"), SLICE_LITERAL("secret")};
    push(slowlog, 1, args, 3);
    cr_assert(is(slowlog->newest->entry.args[1], "(redacted)"));
    cr_assert(is(slowlog->newest->entry.args[2], "(redacted)"));
    slowlog_free(slowlog);
}

Test(redact, hello_hides_user_and_password_alone) {
    struct slice args[] = {
        SLICE_LITERAL("hello"), SLICE_LITERAL("3"),       SLICE_LITERAL("SETNAME"),
        SLICE_LITERAL("auth"),  SLICE_LITERAL("AUTH"),    SLICE_LITERAL("joe"),
        SLICE_LITERAL("auth"),  SLICE_LITERAL("SETNAME"), SLICE_LITERAL("me")};
    const bool wanted[] = {false, false, false, false, false, true, true, false, false};
    for (size_t i = 0; i < ARRAY_COUNT(args); i++)
        cr_assert(eq(int, redact_arg(args, ARRAY_COUNT(args), i), wanted[i]));
}

Test(redact, config_set_hides_values_of_secret_directives) {
    struct slice args[] = {SLICE_LITERAL("config"),      SLICE_LITERAL("set"),
                           SLICE_LITERAL("timeout"),     SLICE_LITERAL("5"),
                           SLICE_LITERAL("requirepass"), SLICE_LITERAL("x")};
    cr_assert(not(redact_arg(args, 6, 3)));
    cr_assert(not(redact_arg(args, 6, 4)));
    cr_assert(redact_arg(args, 6, 5));
    args[1] = SLICE_LITERAL("get");
    cr_assert(not(redact_arg(args, 6, 5)));
}
