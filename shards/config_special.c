/* config_special.c - the directives whose value is more than a number, a name or a text. */
#include "core/mem.h"
#include "core/number.h"
#include "shards/config_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const class_names[CONFIG_CLIENT_CLASSES] = {
    [CONFIG_CLIENT_NORMAL] = "normal",
    [CONFIG_CLIENT_REPLICA] = "slave", /* what CONFIG GET has always printed */
    [CONFIG_CLIENT_PUBSUB] = "pubsub",
};

/* Bit i stands for the i-th letter; 'A' for all before 'n'. */
static const char event_letters[] = "g$lshzxetdnKEm";
enum { EVENTS_ALL = (1 << 10) - 1, EVENTS_NEW = 1 << 10, EVENTS_CLASSES = (1 << 11) - 1 };

void config_special_init(struct config *config) {
    char path[PATH_MAX];

    config->bind = (struct config_addresses){.count = 2, .items = {"*", "-::*"}};
    config->client_output_buffer_limit[CONFIG_CLIENT_REPLICA] = (struct config_output_limit){
        256 << 20, 64 << 20, 60};
    config->client_output_buffer_limit[CONFIG_CLIENT_PUBSUB] = (struct config_output_limit){
        32 << 20, 8 << 20, 60};
    config->latency_tracking_info_percentiles = (struct config_percentiles){
        .count = 3, .items = {50, 99, 99.9}};
    config->oom_score_adj_values[0] = 0;
    config->oom_score_adj_values[1] = 200;
    config->oom_score_adj_values[2] = 800;
    config->dir = config_text_new(slice_from_cstr(getcwd(path, sizeof path) != NULL ? path : "/"));
}

/* As strtoll() reads it, but to the end. */
static bool parse_c_integer(const struct config_text *text, int64_t *number) {
    char *end = NULL;
    *number = strtoll(text->data, &end, 10);
    return end == text->data + text->len;
}

static bool is_single_empty(const struct config_args *args) {
    return args->count == 1 && args->items[0].len == 0;
}

static bool copy_address(char dst[static CONFIG_ADDRESS_BYTES_MAX], const struct config_text *text,
                         struct config_error *error) {
    bool valid = text->len > 0 && text->len < CONFIG_ADDRESS_BYTES_MAX;
    for (size_t i = 0; valid && i < text->len; i++) valid = (unsigned char)text->data[i] > ' ';
    if (!valid) {
        config_reason(error, "Address is not valid or too long");
        return false;
    }
    memcpy(dst, text->data, text->len + 1);
    return true;
}

static bool set_bind(struct config_addresses *bind, const struct config_args *args,
                     struct config_error *error) {
    if (args->count > CONFIG_ADDRESSES_MAX) {
        config_reason(error, "Too many bind addresses specified.");
        return false;
    }
    bind->count = 0;
    if (is_single_empty(args)) return true;
    for (size_t i = 0; i < args->count; i++) {
        if (!copy_address(bind->items[i], &args->items[i], error)) return false;
        bind->count++;
    }
    return true;
}

/* A file may have several lines, which add up; CONFIG SET starts from nothing (config_access.c). */
static bool set_save(struct config_save_points *save, const struct config_args *args,
                     struct config_error *error) {
    if (is_single_empty(args)) {
        save->count = 0;
        return true;
    }
    bool valid = args->count % 2 == 0 &&
                 args->count / 2 <= (size_t)CONFIG_SAVE_POINTS_MAX - save->count;
    for (size_t i = 0; valid && i < args->count; i += 2) {
        int64_t seconds = 0, changes = 0;
        valid = parse_c_integer(&args->items[i], &seconds) && seconds >= 1 &&
                parse_c_integer(&args->items[i + 1], &changes) && changes >= 0;
        if (!valid) break;
        save->items[save->count].seconds = seconds;
        save->items[save->count++].changes = changes;
    }
    if (!valid) config_reason(error, "Invalid save parameters");
    return valid;
}

static int find_class(struct slice name) {
    if (slice_equal_cstr_nocase(name, "replica")) return CONFIG_CLIENT_REPLICA;
    for (int i = 0; i < CONFIG_CLIENT_CLASSES; i++) {
        if (slice_equal_cstr_nocase(name, class_names[i])) return i;
    }
    return -1;
}

static bool set_output_limits(struct config_output_limit *limits, const struct config_args *args,
                              struct config_error *error) {
    if (args->count % 4 != 0) {
        config_reason(error, "Wrong number of arguments in buffer limit configuration.");
        return false;
    }
    for (size_t i = 0; i < args->count; i += 4) {
        struct config_output_limit limit = {0};
        int class = find_class(config_text_slice(&args->items[i]));
        if (class < 0) {
            config_reason(error, "Invalid client class specified in buffer limit configuration.");
            return false;
        }
        if (!number_parse_memory(config_text_slice(&args->items[i + 1]), &limit.hard_bytes) ||
            !number_parse_memory(config_text_slice(&args->items[i + 2]), &limit.soft_bytes) ||
            !parse_c_integer(&args->items[i + 3], &limit.soft_seconds) || limit.soft_seconds < 0) {
            config_reason(error, "Error in hard, soft or soft_seconds setting in buffer limit "
                                 "configuration.");
            return false;
        }
        limits[class] = limit;
    }
    return true;
}

static bool set_percentiles(struct config_percentiles *percentiles, const struct config_args *args,
                            struct config_error *error) {
    percentiles->count = 0;
    if (is_single_empty(args)) return true;
    for (size_t i = 0; i < args->count; i++) {
        double value = 0;
        if (i == CONFIG_PERCENTILES_MAX ||
            !number_parse_double(config_text_slice(&args->items[i]), &value)) {
            config_reason(error, "Invalid latency-tracking-info-percentiles parameters");
            return false;
        }
        if (value < 0 || value > 100) {
            config_reason(error, "latency-tracking-info-percentiles parameters should sit between "
                                 "[0.0,100.0]");
            return false;
        }
        percentiles->items[percentiles->count++] = value;
    }
    return true;
}

static bool set_primary(struct config_primary *primary, const struct config_args *args,
                        struct config_error *error) {
    int64_t port = 0;

    if (args->count != 2) {
        config_reason(error, "wrong number of arguments");
        return false;
    }
    primary->host[0] = '\0';
    if (slice_equal_cstr_nocase(config_text_slice(&args->items[0]), "no") &&
        slice_equal_cstr_nocase(config_text_slice(&args->items[1]), "one")) {
        return true;
    }
    if (!parse_c_integer(&args->items[1], &port) || port < 0 || port > 65535) {
        config_reason(error, "Invalid master port");
        return false;
    }
    primary->port = (int)port;
    return copy_address(primary->host, &args->items[0], error);
}

static bool set_oom_values(int *values, const struct config_args *args,
                           struct config_error *error) {
    if (args->count != 3) {
        config_reason(error, "wrong number of arguments");
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        int64_t value = 0;
        if (!parse_c_integer(&args->items[i], &value) || value < -2000 || value > 2000) {
            config_reason(error, "Invalid oom-score-adj-values, elements must be between -2000 "
                                 "and 2000.");
            return false;
        }
        values[i] = (int)value;
    }
    return true;
}

static bool set_events(unsigned *events, struct slice letters, struct config_error *error) {
    unsigned bits = 0;

    for (size_t i = 0; i < letters.len; i++) {
        const char *letter = letters.data[i] == '\0' ? NULL
                                                     : strchr(event_letters, letters.data[i]);
        if (letters.data[i] == 'A') {
            bits |= EVENTS_ALL;
        } else if (letter != NULL) {
            bits |= 1u << (letter - event_letters);
        } else {
            config_reason(error, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
            return false;
        }
    }
    *events = bits;
    return true;
}

static bool set_shards(int64_t *shards, struct slice text, struct config_error *error) {
    int64_t count = 0;

    if (!slice_equal_cstr_nocase(text, "auto") &&
        (!number_parse_int64(text, &count) || count < 1 || count > CONFIG_SHARDS_MAX)) {
        config_reason(error, "argument must be 'auto' or between 1 and %d inclusive",
                      CONFIG_SHARDS_MAX);
        return false;
    }
    *shards = count;
    return true;
}

/* Relative paths count from the folder configured so far: the effect of Redis' chdir, without it.
 */
static bool set_dir(struct config_text *dir, const struct config_text *value,
                    struct config_error *error) {
    char resolved[PATH_MAX];
    struct config_buf path = {0};
    struct stat info;
    int err = 0;

    if (value->len == 0 || value->data[0] != '/') {
        config_buf_append(&path, dir->data, dir->len);
        config_buf_append(&path, "/", 1);
    }
    config_buf_append(&path, value->data, value->len);
    if (value->len == 0) {
        err = ENOENT;
    } else if (realpath(path.data, resolved) == NULL || stat(resolved, &info) < 0) {
        err = errno;
    } else if (!S_ISDIR(info.st_mode)) {
        err = ENOTDIR;
    } else if (access(resolved, X_OK) < 0) {
        err = errno;
    }
    config_buf_free(&path);
    if (err != 0) {
        config_reason(error, "%s", strerror(err));
        return false;
    }
    config_text_set(dir, slice_from_cstr(resolved));
    return true;
}

bool config_special_set(struct config *config, enum config_id id, const struct config_args *args,
                        struct config_error *error) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* only the special ones of two hundred */
    switch (id) {
    case CONFIG_ID_bind: return set_bind(&config->bind, args, error);
    case CONFIG_ID_save: return set_save(&config->save, args, error);
    case CONFIG_ID_client_output_buffer_limit:
        return set_output_limits(config->client_output_buffer_limit, args, error);
    case CONFIG_ID_latency_tracking_info_percentiles:
        return set_percentiles(&config->latency_tracking_info_percentiles, args, error);
    case CONFIG_ID_replicaof: return set_primary(&config->replicaof, args, error);
    case CONFIG_ID_oom_score_adj_values:
        return set_oom_values(config->oom_score_adj_values, args, error);
    case CONFIG_ID_notify_keyspace_events:
        return set_events(&config->notify_keyspace_events, config_text_slice(&args->items[0]),
                          error);
    case CONFIG_ID_shards:
        return set_shards(&config->shards, config_text_slice(&args->items[0]), error);
    case CONFIG_ID_dir: return set_dir(&config->dir, &args->items[0], error);
    default: break;
    }
#pragma GCC diagnostic pop
    SL_ASSERT(false);
    return false;
}

void config_print_trimmed_double(struct config_buf *buf, double value) {
    char text[64];
    int printed = snprintf(text, sizeof text, "%f", value);

    SL_ASSERT(printed > 0 && (size_t)printed < sizeof text);
    size_t len = (size_t)printed;
    while (text[len - 1] == '0') len--; /* stops at the point at the latest */
    if (text[len - 1] == '.') len--;
    config_buf_append(buf, text, len);
}

static void print_events(unsigned events, struct config_buf *buf) {
    if ((events & EVENTS_ALL) == EVENTS_ALL) {
        config_buf_append(buf, "A", 1);
        events &= ~(unsigned)EVENTS_CLASSES; /* Redis leaves 'n' out behind 'A', too */
    }
    for (size_t i = 0; event_letters[i] != '\0'; i++) {
        if (events & (1u << i)) config_buf_append(buf, &event_letters[i], 1);
    }
}

void config_special_print(const struct config *config, enum config_id id, struct config_buf *buf) {
    const char *separator = "";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* as above */
    switch (id) {
    case CONFIG_ID_bind:
        for (size_t i = 0; i < config->bind.count; i++, separator = " ") {
            config_buf_print(buf, "%s%s", separator, config->bind.items[i]);
        }
        return;
    case CONFIG_ID_save:
        for (size_t i = 0; i < config->save.count; i++, separator = " ") {
            config_buf_print(buf, "%s%" PRId64 " %" PRId64, separator,
                             config->save.items[i].seconds, config->save.items[i].changes);
        }
        return;
    case CONFIG_ID_client_output_buffer_limit:
        for (size_t i = 0; i < CONFIG_CLIENT_CLASSES; i++, separator = " ") {
            const struct config_output_limit *limit = &config->client_output_buffer_limit[i];
            config_buf_print(buf, "%s%s %" PRIu64 " %" PRIu64 " %" PRId64, separator,
                             class_names[i], limit->hard_bytes, limit->soft_bytes,
                             limit->soft_seconds);
        }
        return;
    case CONFIG_ID_latency_tracking_info_percentiles:
        for (size_t i = 0; i < config->latency_tracking_info_percentiles.count; i++) {
            if (i > 0) config_buf_append(buf, " ", 1);
            config_print_trimmed_double(buf, config->latency_tracking_info_percentiles.items[i]);
        }
        return;
    case CONFIG_ID_replicaof:
        if (config->replicaof.host[0] == '\0') return;
        config_buf_print(buf, "%s %d", config->replicaof.host, config->replicaof.port);
        return;
    case CONFIG_ID_oom_score_adj_values:
        for (size_t i = 0; i < 3; i++, separator = " ") {
            config_buf_print(buf, "%s%d", separator, config->oom_score_adj_values[i]);
        }
        return;
    case CONFIG_ID_notify_keyspace_events:
        print_events(config->notify_keyspace_events, buf);
        return;
    case CONFIG_ID_shards:
        if (config->shards == 0) config_buf_print(buf, "auto");
        if (config->shards != 0) config_buf_print(buf, "%" PRId64, config->shards);
        return;
    case CONFIG_ID_dir: config_buf_append(buf, config->dir.data, config->dir.len); return;
    default: break;
    }
#pragma GCC diagnostic pop
    SL_ASSERT(false);
}
