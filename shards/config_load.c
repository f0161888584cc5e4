/* config_load.c - files, standard input and the command line.
 *
 * The command line is turned into lines of configuration ("--port 7000" becomes `port "7000"`), so
 * that there is one grammar, and is read last. Every text is read line by line; the first bad line
 * stops the load and is named in the error. A loader exists for one load only: it remembers where
 * the directives stood whose value may have to be refused once everything is read (`appendonly yes`
 * in a file may be taken back by the command line). */
#include "core/mem.h"
#include "shards/config_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

struct loader {
    struct config *config;
    struct config_error *error;
    bool may_include;
    unsigned include_depth;
    struct config_error *refusable[CONFIG_IDS_COUNT]; /* where they stood last; NULL: nowhere */
    bool default_user_has_hash; /* `user default on #...`: then requirepass must be there, too */
};

/* Accepted and forgotten: Redis does the same. All take one argument. */
static const char *const forgotten[] = {"list-max-ziplist-entries", "list-max-ziplist-value",
                                        "lua-replicate-commands"};

static int load_text(struct loader *loader, const char *name, struct slice text);

static void locate(struct config_error *error, const char *file, unsigned line_number,
                   struct slice line) {
    (void)snprintf(error->file, sizeof error->file, "%s", file);
    error->line_number = line_number;
    (void)snprintf(error->line, sizeof error->line, "%.*s", (int)(line.len < 500 ? line.len : 500),
                   line.len > 0 ? line.data : "");
}

/* --- reading --- */

/* Appends the file to `contents`; the last byte is a newline then. 0 or a negative errno. */
static int read_fd(int fd, struct config_buf *contents) {
    char chunk[16384];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        if (contents->len + (size_t)got > CONFIG_FILE_BYTES_MAX) return -EFBIG;
        config_buf_append(contents, chunk, (size_t)got);
    }
    return 0;
}

static int read_file(const char *path, struct config_buf *contents) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int err = read_fd(fd, contents);
    close(fd);
    return err;
}

static int load_file(struct loader *loader, const char *path) {
    struct config_buf contents = {0};

    int err = read_file(path, &contents);
    if (err < 0) {
        config_reason(loader->error, "Fatal error, can't open config file '%s': %s", path,
                      strerror(-err));
    } else {
        err = load_text(loader, path, config_buf_slice(&contents));
    }
    config_buf_free(&contents);
    return err < 0 ? -1 : 0;
}

/* A pattern may match nothing: an empty conf.d is no error. A plain name must be there. */
static int load_include(struct loader *loader, const struct config_text *path) {
    struct config_buf full = {0};
    glob_t found = {0};
    int err = 0;

    if (!loader->may_include) {
        config_reason(loader->error, "include is not possible here");
        return -1;
    }
    if (loader->include_depth == CONFIG_INCLUDE_DEPTH_MAX) {
        config_reason(loader->error, "include goes deeper than %d files: does one include itself?",
                      CONFIG_INCLUDE_DEPTH_MAX);
        return -1;
    }
    loader->include_depth++;
    if (path->len > 0 && path->data[0] != '/') {
        config_buf_append(&full, loader->config->dir.data, loader->config->dir.len);
        config_buf_append(&full, "/", 1);
    }
    config_buf_append(&full, path->data, path->len);
    if (strpbrk(path->data, "*?[") == NULL) {
        err = load_file(loader, full.data);
    } else if (glob(full.data, 0, NULL, &found) == 0) {
        for (size_t i = 0; err == 0 && i < found.gl_pathc; i++) {
            err = load_file(loader, found.gl_pathv[i]);
        }
        globfree(&found);
    }
    config_buf_free(&full);
    loader->include_depth--;
    return err;
}

/* --- lines --- */

static void add_rename(struct config *config, const struct config_args *words) {
    size_t count = config->renames_count + 1;
    config->renames = mem_must_realloc(config->renames, count * sizeof config->renames[0]);
    config->renames[count - 1] = (struct config_rename){
        .from = config_text_new(config_text_slice(&words->items[1])),
        .to = config_text_new(config_text_slice(&words->items[2])),
    };
    config->renames_count = count;
}

/* The line that Redis' CONFIG REWRITE leaves for the default user who may do everything says
 * nothing that requirepass does not say. Any other user is more than we can do. */
static bool is_plain_default_user(const struct config_args *words, bool *has_hash) {
    static const char *const known[] = {"on",          "nopass", "sanitize-payload",
                                        "~*",          "&*",     "allkeys",
                                        "allchannels", "+@all",  "allcommands"};

    if (!slice_equal_cstr_nocase(config_text_slice(&words->items[1]), "default")) return false;
    *has_hash = false;
    for (size_t i = 2; i < words->count; i++) {
        struct slice word = config_text_slice(&words->items[i]);
        size_t k = 0;
        while (k < ARRAY_COUNT(known) && !slice_equal_cstr_nocase(word, known[k])) k++;
        bool is_hash = word.len == 65 && word.data[0] == '#';
        if (k == ARRAY_COUNT(known) && !is_hash) return false;
        *has_hash |= is_hash;
    }
    return words->count > 2;
}

/* What only files know. */
static int load_other(struct loader *loader, const struct config_args *words) {
    struct slice name = config_text_slice(&words->items[0]);
    struct config_error *error = loader->error;

    for (size_t i = 0; i < ARRAY_COUNT(forgotten); i++) {
        if (words->count == 2 && slice_equal_cstr_nocase(name, forgotten[i])) return 0;
    }
    if (slice_equal_cstr_nocase(name, "include") && words->count == 2) {
        return load_include(loader, &words->items[1]);
    }
    if (slice_equal_cstr_nocase(name, "rename-command") && words->count == 3) {
        add_rename(loader->config, words);
        return 0;
    }
    bool is_user = slice_equal_cstr_nocase(name, "user") && words->count >= 2;
    if (is_user && is_plain_default_user(words, &loader->default_user_has_hash)) return 0;
    if (is_user) {
        config_reason(error,
                      "'user' is refused: users beside the default one are not built yet, and "
                      "ignoring it would leave the door open. Use requirepass.");
    } else if (slice_equal_cstr_nocase(name, "loadmodule") && words->count >= 2) {
        config_reason(error, "'loadmodule' is refused: slipring has no modules, and its commands "
                             "would be missing.");
    } else if (memchr(name.data, '.', name.len) != NULL) {
        config_reason(error, words->count < 2
                                 ? "Module config specified without value"
                                 : "Module configuration is refused: slipring has no modules.");
    } else if (slice_equal_cstr_nocase(name, "sentinel")) {
        config_reason(error, "sentinel directive while not in sentinel mode");
    } else {
        config_reason(error, "Bad directive or wrong number of arguments");
    }
    return -1;
}

static int load_directive(struct loader *loader, const struct config_row *row,
                          const struct config_args *words) {
    struct config_args args = {.items = words->items + 1, .count = words->count - 1};

    if (!(row->flags & MULTI) || args.count != 1 || args.items[0].len == 0) {
        return config_value_set(loader->config, row, &args, loader->error) ? 0 : -1;
    }
    struct config_args split; /* --save "900 1 300 10": one argument that is several */
    if (!config_split(config_text_slice(&args.items[0]), &split)) {
        config_reason(loader->error, "Unbalanced quotes in configuration line");
        return -1;
    }
    bool set = config_value_set(loader->config, row, &split, loader->error);
    config_args_free(&split);
    return set ? 0 : -1;
}

static void remember_refusable(struct loader *loader, const struct config_row *row,
                               const char *file, unsigned line_number, struct slice line) {
    struct config_error **place = &loader->refusable[row->id];
    if (*place == NULL) *place = mem_must_zero(sizeof **place);
    locate(*place, file, line_number, line);
}

static int load_line(struct loader *loader, const char *file, unsigned line_number,
                     struct slice line) {
    struct config_args words;
    const char *found = NULL;
    int err = 0;

    if (!config_split(line, &words)) {
        config_reason(loader->error, "Unbalanced quotes in configuration line");
        return -1;
    }
    if (words.count == 0) return 0;
    const struct config_row *row = config_find(config_text_slice(&words.items[0]), &found);
    if (row == NULL) {
        err = load_other(loader, &words);
    } else {
        err = load_directive(loader, row, &words);
        if (row->flags & REFUSED) remember_refusable(loader, row, file, line_number, line);
    }
    config_args_free(&words);
    return err;
}

static int load_text(struct loader *loader, const char *name, struct slice text) {
    unsigned line_number = 0;
    size_t at = 0;

    while (at < text.len) {
        const char *start = text.data + at;
        const char *newline = memchr(start, '\n', text.len - at);
        size_t len = newline == NULL ? text.len - at : (size_t)(newline - start);
        struct slice line = config_trim(slice_of(start, len), " \t\r\n");

        at += len + 1;
        line_number++;
        if (line.len == 0 || line.data[0] == '#') continue;
        int err = 0;
        if (memchr(line.data, '\0', line.len) != NULL) {
            config_reason(loader->error, "A zero byte in a configuration line");
            err = -1;
        } else {
            err = load_line(loader, name, line_number, line);
        }
        if (err < 0) { /* an included file has named its own line already */
            if (loader->error->line_number == 0) locate(loader->error, name, line_number, line);
            return -1;
        }
    }
    return 0;
}

static void loader_deinit(struct loader *loader) {
    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) mem_free(loader->refusable[i]);
}

int config_load_text(struct config *config, const char *name, struct slice text, bool may_include,
                     struct config_error *error) {
    struct loader loader = {.config = config, .error = error, .may_include = may_include};

    *error = (struct config_error){0};
    int err = load_text(&loader, name, text);
    config_normalize(config);
    loader_deinit(&loader);
    return err;
}

/* --- the command line --- */

/* Is this the name of a directive alone ("--port"), or does its value come with it ("--port 7000")?
 */
static bool is_one_word(const char *arg) {
    struct config_args words;
    bool one = config_split(slice_from_cstr(arg), &words) && words.count == 1;
    config_args_free(&words);
    return one;
}

/* Redis' rules: "--" begins a directive, unless the one before still lacks its value, so that a
 * value may begin with "--" too. `--save` alone means `--save ""`. */
static void arguments_to_text(int argc, char *const argv[], int first, bool *from_stdin,
                              struct config_buf *text) {
    bool has_value = true;

    for (int i = first; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "-") == 0 && (i == 0 || i == argc - 1)) {
            *from_stdin = true;
        } else if (has_value && strncmp(arg, "--", 2) == 0) {
            if (text->len > 0) config_buf_append(text, "\n", 1);
            config_buf_append(text, arg + 2, strlen(arg + 2));
            config_buf_append(text, " ", 1);
            if (!is_one_word(arg)) continue;
            bool is_last = i == argc - 1;
            has_value = false;
            if (strcasecmp(arg, "--save") == 0 && (is_last || strncmp(argv[i + 1], "--", 2) == 0)) {
                config_buf_append(text, "\"\"", 2);
                has_value = true;
            }
        } else {
            config_buf_append_quoted(text, slice_from_cstr(arg));
            config_buf_append(text, " ", 1);
            has_value = true;
        }
    }
}

/* The path is kept absolute, for CONFIG REWRITE after a change of folder. */
static void set_config_file(struct config *config, const char *path) {
    struct config_buf full = {0};
    if (path[0] != '/') {
        config_buf_append(&full, config->dir.data, config->dir.len);
        config_buf_append(&full, "/", 1);
    }
    config_buf_append(&full, path, strlen(path));
    config_text_set(&config->config_file, config_buf_slice(&full));
    config_buf_free(&full);
}

static int load_stdin(struct loader *loader) {
    struct config_buf contents = {0};

    int err = read_fd(STDIN_FILENO, &contents);
    if (err < 0) {
        config_reason(loader->error, "Can't read the configuration from standard input: %s",
                      strerror(-err));
    } else {
        err = load_text(loader, "standard input", config_buf_slice(&contents));
    }
    config_buf_free(&contents);
    return err < 0 ? -1 : 0;
}

/* After the start nobody could be told. */
static int try_log_file(const struct config *config, struct config_error *error) {
    struct config_buf path = {0};

    if (config->logfile.len == 0) return 0;
    if (config->logfile.data[0] != '/') {
        config_buf_append(&path, config->dir.data, config->dir.len);
        config_buf_append(&path, "/", 1);
    }
    config_buf_append(&path, config->logfile.data, config->logfile.len);
    int fd = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) config_reason(error, "Can't open the log file: %s", strerror(errno));
    config_buf_free(&path);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}

static const struct config_row *find_refused(const struct config *config) {
    struct config *defaults = config_new_defaults();
    const struct config_row *refused = NULL;

    for (size_t i = 0; i < CONFIG_IDS_COUNT && refused == NULL; i++) {
        const struct config_row *row = &config_rows[i];
        if ((row->flags & REFUSED) && !config_value_equal(config, defaults, row)) refused = row;
    }
    config_free(defaults);
    return refused;
}

static void refuse(const struct config_row *row, struct config_error *error) {
    config_reason(error,
                  "'%s' is refused: %s, and to start without what it asks for would be dangerous.",
                  row->name, row->reason);
}

int config_check(const struct config *config, struct config_error *error) {
    *error = (struct config_error){0};
    const struct config_row *row = find_refused(config);
    if (row == NULL) return 0;
    refuse(row, error);
    return -1;
}

int config_load_args(struct config *config, int argc, char *const argv[],
                     struct config_error *error) {
    struct loader loader = {.config = config, .error = error, .may_include = true};
    struct config_buf text = {0};
    bool has_file = argc > 0 && argv[0][0] != '-';
    bool from_stdin = false;
    int err = 0;

    *error = (struct config_error){0};
    arguments_to_text(argc, argv, has_file ? 1 : 0, &from_stdin, &text);
    if (has_file) set_config_file(config, argv[0]);

    if (has_file) err = load_file(&loader, config->config_file.data);
    if (err == 0 && from_stdin) err = load_stdin(&loader);
    if (err == 0) err = load_text(&loader, "the command line", config_buf_slice(&text));
    config_normalize(config);
    if (err == 0) {
        const struct config_row *row = find_refused(config);
        if (row != NULL) {
            if (loader.refusable[row->id] != NULL) *error = *loader.refusable[row->id];
            refuse(row, error);
            err = -1;
        }
    }
    if (err == 0 && loader.default_user_has_hash && config->requirepass.len == 0) {
        config_reason(error, "'user default' has the hash of a password only: users are not built "
                             "yet. Set requirepass, else the door would be open.");
        err = -1;
    }
    if (err == 0) err = try_log_file(config, error);
    config_buf_free(&text);
    loader_deinit(&loader);
    return err;
}

size_t config_error_print(const struct config_error *error, const char *version, char *dst,
                          size_t dst_bytes) {
    char place[sizeof error->line + sizeof error->file + 80] = "";

    SL_ASSERT(dst_bytes > 0);
    if (error->line_number > 0) {
        (void)snprintf(place, sizeof place,
                       "Reading the configuration file, at line %u of %s\n>>> '%s'\n",
                       error->line_number, error->file, error->line);
    }
    int len = snprintf(dst, dst_bytes, "\n*** FATAL CONFIG FILE ERROR (slipring %s) ***\n%s%s\n",
                       version, place, error->reason);
    SL_ASSERT(len > 0);
    return (size_t)len < dst_bytes ? (size_t)len : dst_bytes - 1;
}
