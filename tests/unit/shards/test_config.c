#include "shards/config.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- helpers --- */

static struct config_error error;

static int load(struct config *config, const char *text) {
    return config_load_text(config, "test.conf", slice_from_cstr(text), false, &error);
}

static void keep_value(void *owner, struct slice name, struct slice value) {
    (void)name;
    (void)snprintf(owner, 1024, "%.*s", (int)value.len, value.data);
}

/* The value of one directive as CONFIG GET prints it; "(none)" when there is no such directive. */
static const char *get(const struct config *config, const char *name) {
    static char value[1024];
    struct slice pattern = slice_from_cstr(name);
    strcpy(value, "(none)");
    config_get(config, &pattern, 1, keep_value, value);
    return value;
}

static const char *set(struct config *config, const char *name, const char *value) {
    struct slice pair[] = {slice_from_cstr(name), slice_from_cstr(value)};
    return config_set(config, pair, 1, true, &error) == CONFIG_SET_OK ? "OK" : error.reason;
}

struct temp {
    char dir[64];
    char path[128];
};

static struct temp temp_new(const char *text) {
    struct temp temp = {.dir = "/tmp/test_config.XXXXXX"};
    cr_assert(mkdtemp(temp.dir) != NULL);
    (void)snprintf(temp.path, sizeof temp.path, "%s/slipring.conf", temp.dir);
    FILE *file = fopen(temp.path, "w");
    fputs(text, file);
    fclose(file);
    return temp;
}

static void temp_add(const struct temp *temp, const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", temp->dir, name);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static const char *temp_read(const struct temp *temp) {
    static char text[8192];
    FILE *file = fopen(temp->path, "r");
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

static void temp_free(const struct temp *temp) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", temp->dir);
    cr_assert(system(command) == 0);
}

static int load_args(struct config *config, int argc, const char *const *argv) {
    return config_load_args(config, argc, (char *const *)(uintptr_t)argv, &error);
}
#define LOAD_ARGS(config, ...) \
    load_args(config, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
              (const char *[]){__VA_ARGS__})

/* --- values --- */

Test(config, defaults_are_those_of_redis) {
    struct config *config = config_new_defaults();
    cr_assert(eq(i64, config->port, 6379));
    cr_assert(eq(i64, config->databases, 16));
    cr_assert(eq(i64, config->proto_max_bulk_len, 512 << 20));
    cr_assert(config->protected_mode);
    cr_assert_str_eq(get(config, "bind"), "* -::*");
    cr_assert_str_eq(get(config, "save"), ""); /* unlike redis-server's: there are no snapshots */
    cr_assert_str_eq(get(config, "client-output-buffer-limit"),
                     "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
    cr_assert_str_eq(get(config, "latency-tracking-info-percentiles"), "50 99 99.9");
    cr_assert_str_eq(get(config, "oom-score-adj-values"), "0 200 800");
    cr_assert_str_eq(get(config, "shutdown-on-sigterm"), "default");
    cr_assert_str_eq(get(config, "shards"), "auto");
    cr_assert_str_eq(get(config, "unixsocketperm"), "0");
    config_free(config);
}

Test(config, every_kind_of_value_is_read_and_printed_back) {
    const struct {
        const char *line, *name, *printed;
    } cases[] = {
        {"port 7000", "port", "7000"},
        {"PORT 7000", "port", "7000"},
        {"maxmemory 2gb", "maxmemory", "2147483648"},
        {"maxmemory 2G", "maxmemory", "2000000000"},
        {"maxmemory-clients 5%", "maxmemory-clients", "5%"},
        {"unixsocketperm 700", "unixsocketperm", "700"},
        {"loglevel VERBOSE", "loglevel", "verbose"},
        {"oom-score-adj relative", "oom-score-adj", "yes"},
        {"shutdown-on-sigterm nosave force", "shutdown-on-sigterm", "nosave force"},
        {"requirepass \"a \\x41\\n'\"", "requirepass", "a A\n'"},
        {"requirepass 'it\\'s'", "requirepass", "it's"},
        {"bind 127.0.0.1 -::1", "bind", "127.0.0.1 -::1"},
        {"bind \"127.0.0.1 ::1\"", "bind", "127.0.0.1 ::1"},
        {"bind \"\"", "bind", ""},
        {"client-output-buffer-limit replica 1gb 512mb 30", "client-output-buffer-limit",
         "normal 0 0 0 slave 1073741824 536870912 30 pubsub 33554432 8388608 60"},
        {"notify-keyspace-events KEA", "notify-keyspace-events", "AKE"},
        {"notify-keyspace-events Exm", "notify-keyspace-events", "xEm"},
        {"save 900 1\nsave 300 10", "save", "900 1 300 10"},
        {"save \"900 1 300 10\"", "save", "900 1 300 10"},
        {"save 900 1\nsave \"\"", "save", ""},
        {"latency-tracking-info-percentiles 50 99.99", "latency-tracking-info-percentiles",
         "50 99.99"},
        {"latency-tracking-info-percentiles \"\"", "latency-tracking-info-percentiles", ""},
        {"replicaof no one", "replicaof", ""},
        {"slave-priority 7", "replica-priority", "7"},
        {"hash-max-ziplist-entries 3", "hash-max-listpack-entries", "3"},
        {"hz 100000", "hz", "500"},
        {"shards 8", "shards", "8"},
        {"io-backend epoll", "io-backend", "epoll"},
        {"dir /", "dir", "/"},
        {"   port\t7000   # not a comment here", "port", NULL},
        {"# port 1\n\n\r\nport 7000\r\n", "port", "7000"},
        {"lua-replicate-commands yes", "port", "6379"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct config *config = config_new_defaults();
        int err = load(config, cases[i].line);
        if (cases[i].printed == NULL) {
            cr_assert(err < 0, "%s", cases[i].line);
        } else {
            cr_assert(err == 0, "%s: %s", cases[i].line, error.reason);
            cr_assert_str_eq(get(config, cases[i].name), cases[i].printed);
        }
        config_free(config);
    }
}

Test(config, a_bad_line_is_named_with_its_number_and_reason) {
    const struct {
        const char *line, *reason;
    } cases[] = {
        {"port abc", "argument couldn't be parsed into an integer"},
        {"port 65536", "argument must be between 0 and 65535 inclusive"},
        {"port", "wrong number of arguments"},
        {"port 1 2", "wrong number of arguments"},
        {"port \"1", "Unbalanced quotes in configuration line"},
        {"port \"1\"2", "Unbalanced quotes in configuration line"},
        {"bind '1 2", "Unbalanced quotes in configuration line"},
        {"nonsense 1", "Bad directive or wrong number of arguments"},
        {"rename-command GET", "Bad directive or wrong number of arguments"},
        {"protected-mode on", "argument must be 'yes' or 'no'"},
        {"maxmemory 1tb", "argument must be a memory value"},
        {"maxmemory 17179869184gb", "argument must be between 0 and 9223372036854775807 inclusive"},
        {"unixsocketperm 888", "argument couldn't be parsed as an octal number"},
        {"unixsocketperm 1000", "argument must be between 0 and 777 inclusive"},
        {"maxmemory-clients 101%", "percentage argument must be less or equal to 100"},
        {"appendfilename a/b", "appendfilename can't be a path, just a filename"},
        {"appenddirname \"\"", "appenddirname can't be empty"},
        {"dir /nowhere/at/all", "No such file or directory"},
        {"shards 65", "argument must be 'auto' or between 1 and 64 inclusive"},
        {"sentinel monitor x", "sentinel directive while not in sentinel mode"},
        {"replicaof host 99999", "Invalid master port"},
        {"foo.bar", "Module config specified without value"},
        {"include other.conf", "include is not possible here"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct config *config = config_new_defaults();
        char text[256];
        (void)snprintf(text, sizeof text, "timeout 5\n\n  %s  \nport 1", cases[i].line);
        cr_assert(load(config, text) < 0, "%s", cases[i].line);
        cr_assert_str_eq(error.reason, cases[i].reason);
        cr_assert(eq(uint, error.line_number, 3));
        cr_assert_str_eq(error.line, cases[i].line);
        cr_assert_str_eq(error.file, "test.conf");
        config_free(config);
    }
}

Test(config, the_fatal_error_reads_as_redis_prints_it) {
    struct config *config = config_new_defaults();
    char text[2048];
    cr_assert(load(config, "port x") < 0);
    config_error_print(&error, "0.1", text, sizeof text);
    cr_assert_str_eq(text, "\n*** FATAL CONFIG FILE ERROR (slipring 0.1) ***\n"
                           "Reading the configuration file, at line 1 of test.conf\n"
                           ">>> 'port x'\n"
                           "argument couldn't be parsed into an integer\n");
    config_error_print(&error, "0.1", text, 10); /* cut, not overrun */
    cr_assert(eq(sz, strlen(text), 9));
    config_free(config);
}

/* --- files and arguments --- */

Test(config, arguments_win_over_the_file) {
    struct temp temp = temp_new("port 7000\ntimeout 5\n");
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, temp.path, "--port", "7001", "--loglevel verbose", "--bind",
                        "127.0.0.1", "::1", "--requirepass", "a b\"c") == 0);
    cr_assert(eq(i64, config->port, 7001));
    cr_assert(eq(i64, config->timeout, 5));
    cr_assert(eq(int, config->loglevel, CONFIG_LOG_VERBOSE));
    cr_assert_str_eq(get(config, "bind"), "127.0.0.1 ::1");
    cr_assert_str_eq(config->requirepass.data, "a b\"c");
    cr_assert_str_eq(config->config_file.data, temp.path);
    config_free(config);
    temp_free(&temp);
}

Test(config, save_alone_means_no_save_points_and_values_may_begin_with_dashes) {
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, "--save", "--port", "7002", "--requirepass", "--x--") == 0);
    cr_assert(eq(i64, config->port, 7002));
    cr_assert_str_eq(config->requirepass.data, "--x--");
    cr_assert(eq(sz, config->config_file.len, 0));
    cr_assert(LOAD_ARGS(config, "--port", "7003", "--save") == 0);
    cr_assert(LOAD_ARGS(config, "--port") < 0);
    cr_assert_str_eq(error.reason, "wrong number of arguments");
    cr_assert_str_eq(error.file, "the command line");
    config_free(config);
}

Test(config, a_file_that_is_not_there_is_fatal) {
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, "/nowhere/x.conf") < 0);
    cr_assert_str_eq(error.reason, "Fatal error, can't open config file '/nowhere/x.conf': No such "
                                   "file or directory");
    config_free(config);
}

Test(config, includes_may_be_patterns_that_match_nothing) {
    struct temp temp = temp_new("");
    char main_text[256], path[256];
    (void)snprintf(main_text, sizeof main_text,
                   "include %s/none*.conf\ninclude %s/part-*.conf\ntimeout 9\n", temp.dir,
                   temp.dir);
    temp_add(&temp, "slipring.conf", main_text);
    temp_add(&temp, "part-1.conf", "port 7001\ntimeout 1");
    temp_add(&temp, "part-2.conf", "databases 2");
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, temp.path) == 0, "%s", error.reason);
    cr_assert(eq(i64, config->port, 7001));
    cr_assert(eq(i64, config->timeout, 9));
    cr_assert(eq(i64, config->databases, 2));

    temp_add(&temp, "part-2.conf", "# nothing\ndatabases x"); /* the inner file is named */
    cr_assert(LOAD_ARGS(config, temp.path) < 0);
    (void)snprintf(path, sizeof path, "%s/part-2.conf", temp.dir);
    cr_assert_str_eq(error.file, path);
    cr_assert(eq(uint, error.line_number, 2));

    (void)snprintf(main_text, sizeof main_text, "include %s/gone.conf\n", temp.dir);
    temp_add(&temp, "slipring.conf", main_text);
    cr_assert(LOAD_ARGS(config, temp.path) < 0);
    cr_assert(eq(uint, error.line_number, 1));
    (void)snprintf(main_text, sizeof main_text, "include %s\n", temp.path); /* itself */
    temp_add(&temp, "slipring.conf", main_text);
    cr_assert(LOAD_ARGS(config, temp.path) < 0);
    cr_assert(strstr(error.reason, "deeper than 16 files") != NULL);
    config_free(config);
    temp_free(&temp);
}

Test(config, a_dash_reads_standard_input_between_file_and_arguments) {
    struct temp temp = temp_new("port 1\ntimeout 1\ndatabases 3\n");
    int ends[2];
    cr_assert(pipe(ends) == 0);
    cr_assert(write(ends[1], "port 2\ntimeout 2\n", 17) == 17);
    close(ends[1]);
    int kept = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, temp.path, "--port", "3", "-") == 0, "%s", error.reason);
    dup2(kept, STDIN_FILENO);
    close(kept);
    cr_assert(eq(i64, config->port, 3));
    cr_assert(eq(i64, config->timeout, 2));
    cr_assert(eq(i64, config->databases, 3));
    config_free(config);
    temp_free(&temp);
}

Test(config, what_would_be_dangerous_to_ignore_stops_the_start) {
    const char *dangerous[] = {
        "appendonly yes",    "save 900 1",          "replicaof 10.0.0.1 6379",
        "slaveof a 1",       "cluster-enabled yes", "tls-port 6380",
        "aclfile users.acl", "user x on +@all",     "loadmodule x.so"};
    const char *harmless[] = {"appendonly no", "save \"\"",          "replicaof no one",
                              "tls-port 0",    "cluster-enabled no", "aclfile \"\""};
    for (size_t i = 0; i < ARRAY_COUNT(dangerous); i++) {
        struct temp temp = temp_new(dangerous[i]);
        struct config *config = config_new_defaults();
        cr_assert(LOAD_ARGS(config, temp.path) < 0, "%s", dangerous[i]);
        cr_assert(strstr(error.reason, "is refused") != NULL, "%s", error.reason);
        cr_assert(eq(uint, error.line_number, 1));
        cr_assert_str_eq(error.line, dangerous[i]);
        config_free(config);
        temp_free(&temp);
    }
    for (size_t i = 0; i < ARRAY_COUNT(harmless); i++) {
        struct temp temp = temp_new(harmless[i]);
        struct config *config = config_new_defaults();
        cr_assert(LOAD_ARGS(config, temp.path) == 0, "%s: %s", harmless[i], error.reason);
        config_free(config);
        temp_free(&temp);
    }
}

#define HASH "#c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"
Test(config, the_default_user_as_redis_rewrites_it_is_no_obstacle) {
    const struct {
        const char *text;
        bool loads;
    } cases[] = {
        {"user default on nopass sanitize-payload ~* &* +@all", true},
        {"requirepass \"a b\"\nuser default on " HASH " ~* &* +@all", true},
        {"user default on " HASH " ~* &* +@all", false}, /* the password itself is missing */
        {"user default on nopass ~cache:* +@all", false},
        {"user default off nopass ~* &* +@all", false},
        {"user alice on nopass ~* &* +@all", false},
        {"user default", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct temp temp = temp_new(cases[i].text);
        struct config *config = config_new_defaults();
        bool loads = LOAD_ARGS(config, temp.path) == 0;
        cr_assert(loads == cases[i].loads, "%s", cases[i].text);
        if (cases[i].loads) {
            cr_assert(config_rewrite(config, &error) == 0);
            cr_assert(strstr(temp_read(&temp), "user ") == NULL); /* requirepass says it */
        }
        config_free(config);
        temp_free(&temp);
    }
}

Test(config, the_command_line_can_take_back_what_the_file_asks_for) {
    struct temp temp = temp_new("appendonly yes\nsave 900 1\n");
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, temp.path, "--appendonly", "no", "--save", "") == 0);
    cr_assert(not(config->appendonly));
    cr_assert(config_check(config, &error) == 0);
    config->appendonly = true;
    cr_assert(config_check(config, &error) < 0);
    config_free(config);
    temp_free(&temp);
}

Test(config, a_log_file_that_cannot_be_opened_stops_the_start) {
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, "--logfile", "/nowhere/log") < 0);
    cr_assert_str_eq(error.reason, "Can't open the log file: No such file or directory");
    config_free(config);
}

Test(config, renamed_commands_are_kept_in_order) {
    struct config *config = config_new_defaults();
    cr_assert(load(config, "rename-command CONFIG secret\nrename-command FLUSHALL \"\"") == 0);
    struct config *clone = config_clone(config);
    config_free(config);
    cr_assert(eq(sz, clone->renames_count, 2));
    cr_assert_str_eq(clone->renames[0].to.data, "secret");
    cr_assert_str_eq(clone->renames[1].from.data, "FLUSHALL");
    cr_assert(eq(sz, clone->renames[1].to.len, 0));
    config_free(clone);
}

/* --- GET --- */

static void count_up(void *owner, struct slice name, struct slice value) {
    (void)value;
    cr_assert(name.len > 0);
    ++*(size_t *)owner;
}

Test(config, patterns_find_names_and_aliases_once) {
    struct config *config = config_new_defaults();
    struct slice patterns[] = {SLICE_LITERAL("slave-prio*"), SLICE_LITERAL("*-PRIORITY"),
                               SLICE_LITERAL("replica-priority"), SLICE_LITERAL("nothing")};
    size_t count = 0;
    cr_assert(eq(sz, config_get(config, patterns, 4, count_up, &count), 2));
    cr_assert(eq(sz, count, 2));
    cr_assert(eq(sz, config_get(config, patterns, 4, NULL, NULL), 2));
    struct slice all = SLICE_LITERAL("*");
    cr_assert(config_get(config, &all, 1, NULL, NULL) > 190);
    config_free(config);
}

static void keep_name(void *owner, struct slice name, struct slice value) {
    (void)value;
    (void)snprintf(owner, 64, "%.*s", (int)name.len, name.data);
}

Test(config, a_plain_name_comes_back_as_it_was_asked_for) {
    struct config *config = config_new_defaults();
    char name[64] = "";
    struct slice pattern = SLICE_LITERAL("MaxMemory");
    config_get(config, &pattern, 1, keep_name, name);
    cr_assert_str_eq(name, "MaxMemory");
    config_free(config);
}

Test(config, hidden_directives_are_found_by_name_only) {
    struct config *config = config_new_defaults();
    struct slice patterns[] = {SLICE_LITERAL("watchdog*"), SLICE_LITERAL("watchdog-period")};
    cr_assert(eq(sz, config_get(config, patterns, 1, NULL, NULL), 0));
    cr_assert(eq(sz, config_get(config, patterns, 2, NULL, NULL), 1));
    config_free(config);
}

/* --- SET --- */

Test(config, set_answers_in_the_words_of_redis) {
    const struct {
        const char *name, *value, *reply;
    } cases[] = {
        {"timeout", "10", "OK"},
        {"TimeOut", "10", "OK"},
        {"maxmemory", "1gb", "OK"},
        {"save", "", "OK"},
        {"bind", "127.0.0.1 ::1", "OK"},
        {"appendonly", "no", "OK"},
        {"hz", "100000", "OK"},
        {"port", "abc",
         "CONFIG SET failed (possibly related to argument 'port') - argument couldn't be parsed "
         "into "
         "an integer"},
        {"MAXCLIENTS", "x",
         "CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be "
         "parsed into an integer"},
        {"DATABASES", "3",
         "CONFIG SET failed (possibly related to argument 'DATABASES') - can't set immutable "
         "config"},
        {"nosuch", "1", "Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
        {"dir", "/tmp",
         "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"},
        {"loglevel", "bad",
         "CONFIG SET failed (possibly related to argument 'loglevel') - argument(s) must be one of "
         "the following: debug, verbose, notice, warning, nothing"},
        {"save", "900",
         "CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters"},
        {"slave-priority", "-1",
         "CONFIG SET failed (possibly related to argument 'slave-priority') - argument must be "
         "between 0 and 2147483647 inclusive"},
        {"appendonly", "yes",
         "CONFIG SET failed (possibly related to argument 'appendonly') - nothing is written to "
         "disk yet"},
    };
    struct config *config = config_new_defaults();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        cr_assert_str_eq(set(config, cases[i].name, cases[i].value), cases[i].reply);
    }
    cr_assert_str_eq(get(config, "hz"), "500");
    config_free(config);
}

Test(config, several_pairs_are_set_together_or_not_at_all) {
    struct config *config = config_new_defaults();
    struct slice bad[] = {SLICE_LITERAL("timeout"),     SLICE_LITERAL("7"),
                          SLICE_LITERAL("requirepass"), SLICE_LITERAL("x"),
                          SLICE_LITERAL("maxmemory"),   SLICE_LITERAL("?")};
    cr_assert(eq(int, config_set(config, bad, 3, false, &error), CONFIG_SET_REFUSED));
    cr_assert(eq(i64, config->timeout, 0));
    cr_assert(eq(sz, config->requirepass.len, 0));
    bad[5] = SLICE_LITERAL("1mb");
    cr_assert(eq(int, config_set(config, bad, 3, false, &error), CONFIG_SET_OK));
    cr_assert(eq(i64, config->timeout, 7));
    cr_assert_str_eq(config->requirepass.data, "x");
    struct slice twice[] = {SLICE_LITERAL("timeout"), SLICE_LITERAL("8"), SLICE_LITERAL("TIMEOUT"),
                            SLICE_LITERAL("9")};
    cr_assert(eq(int, config_set(config, twice, 2, false, &error), CONFIG_SET_REFUSED));
    cr_assert_str_eq(error.reason, "CONFIG SET failed (possibly related to argument 'TIMEOUT') - "
                                   "duplicate parameter");
    cr_assert(eq(i64, config->timeout, 7));
    config_free(config);
}

Test(config, protected_directives_depend_on_where_the_client_sits) {
    struct config *config = config_new_defaults();
    struct slice pair[] = {SLICE_LITERAL("dbfilename"), SLICE_LITERAL("x.rdb")};
    cr_assert(load(config, "enable-protected-configs local") == 0);
    cr_assert(eq(int, config_set(config, pair, 1, false, &error), CONFIG_SET_REFUSED));
    cr_assert(eq(int, config_set(config, pair, 1, true, &error), CONFIG_SET_OK));
    cr_assert_str_eq(config->dbfilename.data, "x.rdb");
    cr_assert(config_is_sensitive(SLICE_LITERAL("RequirePass")));
    cr_assert(not(config_is_sensitive(SLICE_LITERAL("port"))));
    config_free(config);
}

static void keep_changed(void *owner, enum config_id id, const char *name) {
    unsigned *bits = owner;
    if (id == CONFIG_ID_port) *bits |= 1;
    if (id == CONFIG_ID_bind) *bits |= 2;
    if (id != CONFIG_ID_port && id != CONFIG_ID_bind) cr_fatal("%s did not change", name);
}

Test(config, differences_between_two_snapshots_are_named) {
    struct config *before = config_new_defaults();
    struct config *after = config_clone(before);
    unsigned bits = 0;
    config_each_changed(before, after, keep_changed, &bits);
    cr_assert(eq(uint, bits, 0));
    set(after, "port", "1");
    set(after, "bind", "1.2.3.4");
    set(after, "timeout", "0"); /* what it was */
    config_each_changed(before, after, keep_changed, &bits);
    cr_assert(eq(uint, bits, 3));
    config_free(before);
    config_free(after);
}

static void keep_reason(void *owner, const char *name, const char *reason) {
    char *all = owner;
    cr_assert(strlen(reason) > 10);
    strcat(strcat(all, name), " ");
}

Test(config, what_has_no_effect_is_named_when_set) {
    struct config *config = config_new_defaults();
    char names[1024] = "";
    config_each_without_effect(config, keep_reason, names);
    cr_assert_str_eq(names, "");
    cr_assert(load(config, "io-threads 4\nport 1\nmaxmemory 1gb\nrdbchecksum yes") == 0);
    config_each_without_effect(config, keep_reason, names);
    cr_assert_str_eq(names, "io-threads maxmemory ");
    config_free(config);
}

/* --- REWRITE --- */

Test(config, rewriting_keeps_comments_and_order_and_appends_under_the_marker) {
    struct temp temp = temp_new("# my server\nport 7000\n\n\n\nrename-command A B\n"
                                "slave-priority 5\ntimeout 3\ntimeout 4\nappendfsync always\n");
    struct config *config = config_new_defaults();
    char expected[1024];
    cr_assert(LOAD_ARGS(config, temp.path) == 0, "%s", error.reason);
    set(config, "port", "7001");
    set(config, "maxmemory", "104857600");
    set(config, "requirepass", "a \"b\"");
    cr_assert(chmod(temp.path, 0600) == 0);
    cr_assert(config_rewrite(config, &error) == 0, "%s", error.reason);
    (void)snprintf(expected, sizeof expected,
                   "# my server\nport 7001\n\nrename-command A B\nreplica-priority 5\ntimeout 4\n\n"
                   "appendfsync always\n# Generated by CONFIG REWRITE\ndir \"%s\"\n"
                   "latency-tracking-info-percentiles 50 99 99.9\nrequirepass \"a \\\"b\\\"\"\n"
                   "maxmemory 100mb\nsave \"\"\n",
                   config->dir.data);
    cr_assert_str_eq(temp_read(&temp), expected);
    struct stat info;
    cr_assert(stat(temp.path, &info) == 0 && (info.st_mode & 0777) == 0600);

    cr_assert(config_rewrite(config, &error) == 0); /* nothing new: nothing changes */
    cr_assert_str_eq(temp_read(&temp), expected);
    struct config *again = config_new_defaults();
    cr_assert(LOAD_ARGS(again, temp.path) == 0);
    unsigned bits = 0;
    config_each_changed(config, again, keep_changed, &bits);
    cr_assert(eq(uint, bits, 0));
    config_free(again);

    set(config, "requirepass",
        ""); /* its line becomes empty, others go back to defaults in place */
    set(config, "port", "6379");
    cr_assert(config_rewrite(config, &error) == 0);
    cr_assert(strstr(temp_read(&temp), "requirepass") == NULL);
    cr_assert(strstr(temp_read(&temp), "port 6379\n") != NULL);
    config_free(config);
    temp_free(&temp);
}

Test(config, rewriting_needs_a_file_and_leaves_the_old_one_on_errors) {
    struct config *config = config_new_defaults();
    cr_assert(config_rewrite(config, &error) < 0);
    cr_assert_str_eq(error.reason, "The server is running without a config file");
    struct temp temp = temp_new("port 1\n");
    cr_assert(LOAD_ARGS(config, temp.path) == 0);
    temp_free(&temp); /* the folder is gone */
    cr_assert(config_rewrite(config, &error) < 0);
    cr_assert_str_eq(error.reason, "Rewriting config file: No such file or directory");
    config_free(config);
}

Test(config, odd_lines_survive_as_comments) {
    struct temp temp = temp_new("port 1\n");
    struct config *config = config_new_defaults();
    cr_assert(LOAD_ARGS(config, temp.path) == 0);
    temp_add(&temp, "slipring.conf", "bogus 1\nport \"1\nclient-output-buffer-limit pubsub 0 0 0");
    set(config, "client-output-buffer-limit", "pubsub 1mb 512kb 1 normal 1gb 0 0");
    cr_assert(config_rewrite(config, &error) == 0);
    cr_assert(strncmp(temp_read(&temp),
                      "# ??? bogus 1\n# ??? port \"1\nclient-output-buffer-limit normal 1gb 0 0\n"
                      "# Generated by CONFIG REWRITE\nport 1\n",
                      80) == 0);
    cr_assert(strstr(temp_read(&temp), "client-output-buffer-limit pubsub 1mb 512kb 1\n") != NULL);
    config_free(config);
    temp_free(&temp);
}

Test(config, the_shipped_file_loads_and_says_nothing_but_defaults) {
    const char *places[] = {"slipring.conf", "../slipring.conf", "../../slipring.conf",
                            "../../../slipring.conf"};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        if (access(places[i], R_OK) != 0) continue;
        struct config *config = config_new_defaults();
        char names[1024] = "";
        cr_assert(LOAD_ARGS(config, places[i]) == 0, "%s: %s", error.line, error.reason);
        config_each_without_effect(config, keep_reason, names);
        cr_assert_str_eq(names, "");
        config_free(config);
        return;
    }
    cr_skip_test("slipring.conf is not near");
}
