#include "core/cmd.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "core/cmd_families.h"

static void nothing(struct cmd_ctx *ctx) {
    (void)ctx;
}

#define ROW .run = nothing, .group = "test", .since = "1.0.0", .complexity = "O(1)", .summary = "."
static const struct cmd_def test_cmds[] = {
    {.name = "x", ROW, .arity = 1},
    {.name = "box", .group = "test", .since = "1.0.0", .summary = ".", .arity = -2},
    {.name = "box|get",
     ROW,
     .arity = 3,
     .keys = {{.flags = CMD_KEY_RO, .begin_index = 2, .step = 1}},
     .keys_count = 1},
    {.name = "box|x", ROW, .arity = 2},
    {.name = "union",
     ROW,
     .arity = -4,
     .flags = CMD_WRITE | CMD_ADMIN,
     .keys = {{.flags = CMD_KEY_OW | CMD_KEY_UPDATE, .begin_index = 1, .step = 1},
              {.flags = CMD_KEY_RO | CMD_KEY_ACCESS,
               .begin_index = 2,
               .is_keynum = true,
               .keynum_first = 1,
               .step = 1}},
     .keys_count = 2},
    {.name = "evaluate",
     ROW,
     .arity = -3,
     .flags = CMD_NO_MANDATORY_KEYS | CMD_READONLY,
     .categories = CATEGORY_SCRIPTING,
     .keys =
         {{.flags = CMD_KEY_RW, .begin_index = 2, .is_keynum = true, .keynum_first = 1, .step = 1}},
     .keys_count = 1},
    {.name = "xreadlike",
     ROW,
     .arity = -4,
     .keys = {{.flags = CMD_KEY_RO,
               .keyword = "STREAMS",
               .begin_index = 1,
               .last = -1,
               .step = 1,
               .limit = 2}},
     .keys_count = 1},
    {.name = "migratelike",
     ROW,
     .arity = -6,
     .keys = {{.flags = CMD_KEY_RW, .keyword = "KEYS", .begin_index = -2, .last = -1, .step = 1}},
     .keys_count = 1},
    {.name = "a-name-of-more-than-16-bytes", ROW, .arity = 1},
    {.name = "a-name-of-another-middle-bytes", ROW, .arity = 1},
};
static const struct cmd_family test_family = {"test", test_cmds, ARRAY_COUNT(test_cmds)};

static struct cmd_table *table_new(void) {
    const struct cmd_family *families[64] = {&test_family};

    for (size_t i = 0; i < cmd_families_core_count; i++) families[i + 1] = cmd_families_core[i];
    return cmd_table_new(families, cmd_families_core_count + 1);
}

static const struct cmd *find(const struct cmd_table *table, const char *name) {
    return cmd_table_find(table, slice_from_cstr(name));
}

Test(cmd_table, every_command_is_found_in_any_case_and_nothing_else_is) {
    struct cmd_table *table = table_new();

    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd *cmd = cmd_table_at(table, i);
        char name[48];

        cr_assert(eq(sz, cmd->index, i));
        strcpy(name, cmd->fullname);
        if (cmd->parent != NULL) {
            cr_assert(cmd_sub_find(cmd->parent, slice_from_cstr(strchr(name, '|') + 1)) == cmd);
            cr_assert(zero(ptr, (void *)find(table, name)));
            continue;
        }
        cr_assert(find(table, name) == cmd);
        for (char *at = name; *at != '\0'; at += 1 + (i & 1)) *at = (char)toupper(*at);
        cr_assert(find(table, name) == cmd, "%s", name);
        for (char *at = name; *at != '\0'; at++) { /* one byte wrong is another name */
            char was = *at;
            *at = was == 'Q' || was == 'q' ? '#' : 'q';
            cr_assert(find(table, name) != cmd, "%s", name);
            *at = (char)(was ^ 0x80);
            cr_assert(find(table, name) != cmd, "%s", name);
            *at = was;
        }
    }
    cr_assert(zero(ptr, (void *)find(table, "")));
    cr_assert(zero(ptr, (void *)find(table, "ge")));
    cr_assert(zero(ptr, (void *)find(table, "gett")));
    cr_assert(zero(ptr, (void *)find(table, "a-name-of-more-xxan-16-bytes")));
    cr_assert(zero(
        ptr, (void *)find(table, "a name that is longer than any name of a command ever will be")));
    cmd_table_free(table);
}

Test(cmd_table, a_container_leads_to_its_sub_commands) {
    struct cmd_table *table = table_new();
    const struct cmd *parent;
    struct slice args[3] = {SLICE_LITERAL("BOX"), SLICE_LITERAL("Get"), SLICE_LITERAL("k")};

    cr_assert(eq(str, (char *)cmd_table_resolve(table, args, 3, &parent)->fullname, "box|get"));
    cr_assert(parent == find(table, "box"));
    cr_assert(eq(sz, parent->subs_count, 2));
    args[1] = SLICE_LITERAL("set");
    cr_assert(zero(ptr, (void *)cmd_table_resolve(table, args, 3, &parent)));
    cr_assert(parent == find(table, "box"));
    cr_assert(cmd_table_resolve(table, args, 1, &parent) == find(table, "box"));
    args[0] = SLICE_LITERAL("nope");
    cr_assert(zero(ptr, (void *)cmd_table_resolve(table, args, 3, &parent)));
    cr_assert(zero(ptr, (void *)parent));
    args[0] = SLICE_LITERAL("x"); /* the command, not box|x */
    cr_assert(cmd_table_resolve(table, args, 1, &parent) == find(table, "x"));
    cmd_table_free(table);
}

Test(cmd_table, a_renamed_command_answers_to_its_new_name_alone) {
    struct cmd_table *table = table_new();
    const struct cmd *get = find(table, "get");

    cr_assert(eq(int, cmd_table_rename(table, SLICE_LITERAL("nope"), SLICE_LITERAL("a")), -ENOENT));
    cr_assert(
        eq(int, cmd_table_rename(table, SLICE_LITERAL("get"), SLICE_LITERAL("SET")), -EEXIST));
    cr_assert(eq(int, cmd_table_rename(table, SLICE_LITERAL("get"), SLICE_LITERAL("Fetch-It")), 0));
    cr_assert(zero(ptr, (void *)find(table, "get")));
    cr_assert(find(table, "fetch-it") == get);
    cr_assert(eq(int, cmd_table_rename(table, SLICE_LITERAL("flushall"), SLICE_LITERAL("")), 0));
    cr_assert(zero(ptr, (void *)find(table, "flushall")));
    for (size_t i = 0; i < cmd_table_count(table);
         i++) { /* taking names out must not hide others */
        const struct cmd *cmd = cmd_table_at(table, i);
        if (cmd->parent != NULL || cmd == get || strcmp(cmd->fullname, "flushall") == 0) continue;
        cr_assert(find(table, cmd->fullname) == cmd);
    }
    cmd_table_free(table);
}

Test(cmd_table, every_name_can_be_taken_out_without_losing_another) {
    struct cmd_table *table = table_new();

    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd *cmd = cmd_table_at(table, i);
        if (cmd->parent != NULL) continue;
        cr_assert(
            zero(int, cmd_table_rename(table, slice_from_cstr(cmd->fullname), SLICE_LITERAL(""))));
        for (size_t j = 0; j < cmd_table_count(table); j++) {
            const struct cmd *other = cmd_table_at(table, j);
            if (other->parent == NULL)
                cr_assert(eq(int, find(table, other->fullname) != NULL, j > i));
        }
    }
    cmd_table_free(table);
}

Test(cmd_table, arity_is_exact_or_a_minimum) {
    struct cmd_table *table = table_new();

    cr_assert(cmd_arity_is_ok(find(table, "get"), 2));
    cr_assert(not(cmd_arity_is_ok(find(table, "get"), 3)));
    cr_assert(not(cmd_arity_is_ok(find(table, "set"), 2)));
    cr_assert(cmd_arity_is_ok(find(table, "set"), 30));
    cmd_table_free(table);
}

/* The positions of the keys of a command line, as "1 3"; "invalid" when refused. */
static char *keys_of(const struct cmd_table *table, const char *line) {
    static char text[256];
    char words[256], *save;
    struct slice args[32];
    size_t count = 0;
    struct cmd_key_pos positions[32];
    const struct cmd *parent;

    strcpy(words, line);
    for (char *word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        args[count++] = slice_from_cstr(word);
    int found = cmd_keys(cmd_table_resolve(table, args, count, &parent), args, count, positions,
                         32);
    if (found < 0) return strcpy(text, "invalid");
    text[0] = '\0';
    for (int i = 0; i < found; i++)
        sprintf(text + strlen(text), "%s%u", i > 0 ? " " : "", positions[i].index);
    return text;
}

Test(cmd_table, keys_stand_where_the_key_specifications_say) {
    struct cmd_table *table = table_new();

    cr_expect(eq(str, keys_of(table, "get a"), "1"));
    cr_expect(eq(str, keys_of(table, "mget a b c"), "1 2 3"));
    cr_expect(eq(str, keys_of(table, "mset a 1 b 2"), "1 3"));
    cr_expect(eq(str, keys_of(table, "lcs a b LEN"), "1 2"));
    cr_expect(eq(str, keys_of(table, "copy a b"), "1 2"));
    cr_expect(eq(str, keys_of(table, "flushall"), ""));
    cr_expect(eq(str, keys_of(table, "box get k"), "2"));
    cr_expect(eq(str, keys_of(table, "msetex 2 a 1 b 2 EX 10"), "2 4"));
    cr_expect(eq(str, keys_of(table, "msetex 9 a 1"), "invalid"));
    cr_expect(eq(str, keys_of(table, "msetex 0 a 1"), "invalid"));
    cr_expect(eq(str, keys_of(table, "msetex x a 1"), "invalid"));
    cr_expect(eq(str, keys_of(table, "msetex 99999999999999999999 a 1"), "invalid"));
    cr_expect(eq(str, keys_of(table, "msetex 9223372036854775807 a 1"), "invalid"));
    cr_expect(eq(str, keys_of(table, "union d 2 a b"), "1 3 4"));
    cr_expect(eq(str, keys_of(table, "union d 3 a b"), "invalid"));
    cr_expect(eq(str, keys_of(table, "evaluate s 0"), ""));
    cr_expect(eq(str, keys_of(table, "evaluate s 1 k"), "3"));
    cr_expect(eq(str, keys_of(table, "xreadlike count 2 streams a b 0 1"), "4 5"));
    cr_expect(eq(str, keys_of(table, "xreadlike a b c d"), ""));
    cr_expect(eq(str, keys_of(table, "migratelike h p db keys a b"), "5 6"));
    cmd_table_free(table);
}

Test(cmd_table, set_says_by_its_arguments_what_it_does_to_its_key) {
    struct cmd_table *table = table_new();
    struct slice args[4] = {SLICE_LITERAL("set"), SLICE_LITERAL("k"), SLICE_LITERAL("get"),
                            SLICE_LITERAL("GET")};
    struct cmd_key_pos position;

    cr_assert(eq(int, cmd_keys(find(table, "set"), args, 3, &position, 1), 1));
    cr_assert(eq(u16, position.flags, CMD_KEY_OW | CMD_KEY_UPDATE));
    cr_assert(eq(int, cmd_keys(find(table, "set"), args, 4, &position, 1), 1));
    cr_assert(eq(u16, position.flags, CMD_KEY_RW | CMD_KEY_ACCESS | CMD_KEY_UPDATE));
    cr_assert(eq(int, cmd_keys(find(table, "mget"), args, 4, &position, 1), 3)); /* more than fit */
    cmd_table_free(table);
}

Test(cmd_table, simple_keys_are_ready_for_routing) {
    struct cmd_table *table = table_new();
    const struct cmd *cmd = find(table, "mset");

    cr_assert(cmd->keys_are_simple);
    cr_assert(eq(i16, cmd->key_first, 1));
    cr_assert(eq(i16, cmd->key_last, -1));
    cr_assert(eq(i16, cmd->key_step, 2));
    cmd = find(table, "rename");
    cr_assert(cmd->keys_are_simple);
    cr_assert(eq(i16, cmd->key_last, 2));
    cmd = find(table, "sinterstore"); /* the target, then sources to the end: one run */
    cr_assert(cmd->keys_are_simple);
    cr_assert(eq(i16, cmd->key_first, 1));
    cr_assert(eq(i16, cmd->key_last, -1));
    cr_assert(not(find(table, "union")->keys_are_simple));
    cr_assert(not(find(table, "msetex")->keys_are_simple));
    cr_assert(eq(i16, find(table, "msetex")->key_first, 0));
    cr_assert(find(table, "flushall")->keys_are_simple);
    cr_assert(eq(i16, find(table, "flushall")->key_first, 0));
    cmd_table_free(table);
}

static bool is_in(const struct cmd *cmd, const char *category) {
    for (unsigned bit = 0; cmd_category_name(bit) != NULL; bit++) {
        if (strcmp(cmd_category_name(bit), category) == 0)
            return (cmd->acl_categories >> bit & 1) != 0;
    }
    cr_fatal("no such category");
    return false;
}

Test(cmd_table, categories_follow_from_the_flags_by_redis_rule) {
    struct cmd_table *table = table_new();

    cr_expect(is_in(find(table, "get"), "read"));
    cr_expect(is_in(find(table, "get"), "fast"));
    cr_expect(not(is_in(find(table, "get"), "slow")));
    cr_expect(is_in(find(table, "get"), "string"));
    cr_expect(is_in(find(table, "union"), "admin"));
    cr_expect(is_in(find(table, "union"), "dangerous"));
    cr_expect(is_in(find(table, "union"), "slow"));
    cr_expect(not(is_in(find(table, "evaluate"), "read")));
    cr_expect(is_in(find(table, "flushall"), "dangerous"));
    cr_expect(not(is_in(find(table, "flushall"), "admin")));
    cmd_table_free(table);
}

Test(cmd_table, every_row_of_this_room_says_what_it_is) {
    struct cmd_table *table = cmd_table_new(cmd_families_core, cmd_families_core_count);

    for (size_t i = 0; i < cmd_table_count(table); i++) {
        const struct cmd_def *def = cmd_table_at(table, i)->def;

        cr_expect(def->summary[strlen(def->summary) - 1] == '.', "%s", def->name);
        cr_expect(def->complexity != NULL, "%s", def->name);
        bool is_container = def->run == NULL; /* its sub-commands have the keys */
        cr_expect(is_container || def->scope != SCOPE_KEYS || def->keys_count > 0, "%s", def->name);
        cr_expect(def->arity == 1 || def->arity == -1 || def->syntax_count > 0 ||
                      def->keys_count == 0,
                  "%s", def->name);
        for (size_t j = 0; j < def->syntax_count; j++) {
            if (def->syntax[j].type == ARG_PATTERN) continue; /* SORT's stand for keys */
            cr_expect(eq(int, def->syntax[j].type == ARG_KEY, def->syntax[j].key_spec_plus_one > 0),
                      "%s", def->name);
        }
    }
    cmd_table_free(table);
}
