/* config_access.c - CONFIG GET, CONFIG SET, and what differs between two configurations. */
#include "core/glob.h"
#include "core/mem.h"
#include "shards/config_priv.h"

#include <stdio.h>

/* --- CONFIG GET --- */

struct getter {
    const struct config *config;
    void (*each)(void *owner, struct slice name, struct slice value);
    void *owner;
    size_t count;
    bool named[CONFIG_IDS_COUNT][2]; /* under its name, under its alias */
};

static void give(struct getter *getter, const struct config_row *row, bool is_alias,
                 struct slice name) {
    struct config_buf value = {0};

    if (getter->named[row->id][is_alias]) return;
    getter->named[row->id][is_alias] = true;
    getter->count++;
    if (getter->each == NULL) return;
    config_value_print(getter->config, row, &value);
    getter->each(getter->owner, name, config_buf_slice(&value));
    config_buf_free(&value);
}

size_t config_get(const struct config *config, const struct slice *patterns, size_t count,
                  void (*each)(void *owner, struct slice name, struct slice value), void *owner) {
    struct getter getter = {.config = config, .each = each, .owner = owner};

    for (size_t p = 0; p < count; p++) {
        struct slice pattern = patterns[p];
        bool is_plain = pattern.len == 0 || (memchr(pattern.data, '*', pattern.len) == NULL &&
                                             memchr(pattern.data, '?', pattern.len) == NULL &&
                                             memchr(pattern.data, '[', pattern.len) == NULL);
        if (is_plain) {
            const char *found = NULL;
            const struct config_row *row = config_find(pattern, &found);
            if (row != NULL) give(&getter, row, found == row->alias, pattern);
            continue;
        }
        for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
            const struct config_row *row = &config_rows[i];
            if (row->flags & HIDDEN) continue;
            struct slice name = slice_from_cstr(row->name);
            if (glob_match(pattern, name, true)) give(&getter, row, false, name);
            if (row->alias == NULL) continue;
            struct slice alias = slice_from_cstr(row->alias);
            if (glob_match(pattern, alias, true)) give(&getter, row, true, alias);
        }
    }
    return getter.count;
}

/* --- CONFIG SET --- */

static enum config_set_result refuse_argument(struct config_error *error, struct slice name,
                                              const char *reason) {
    char whole[sizeof error->reason];
    (void)snprintf(whole, sizeof whole,
                   "CONFIG SET failed (possibly related to argument '%.*s') - %.600s",
                   (int)(name.len < 128 ? name.len : 128), name.data, reason);
    memcpy(error->reason, whole, sizeof whole);
    return CONFIG_SET_REFUSED;
}

static bool is_allowed(const struct config *config, bool client_is_local) {
    return config->enable_protected_configs == CONFIG_PERMISSION_YES ||
           (config->enable_protected_configs == CONFIG_PERMISSION_LOCAL && client_is_local);
}

/* All names first: a bad one anywhere means that nothing is tried. */
static enum config_set_result check_names(const struct config *config, const struct slice *pairs,
                                          size_t pairs_count, bool client_is_local,
                                          struct config_error *error) {
    bool named[CONFIG_IDS_COUNT][2] = {{false}};

    for (size_t i = 0; i < pairs_count; i++) {
        struct slice name = pairs[2 * i];
        const char *found = NULL;
        const struct config_row *row = config_find(name, &found);
        if (row == NULL) {
            config_reason(error, "Unknown option or number of arguments for CONFIG SET - '%.*s'",
                          (int)(name.len < 500 ? name.len : 500), name.len > 0 ? name.data : "");
            return CONFIG_SET_REFUSED;
        }
        if (row->flags & IMMUTABLE) {
            return refuse_argument(error, name, "can't set immutable config");
        }
        if ((row->flags & PROTECTED) && !is_allowed(config, client_is_local)) {
            return refuse_argument(error, name, "can't set protected config");
        }
        bool *seen = &named[row->id][found == row->alias];
        if (*seen) return refuse_argument(error, name, "duplicate parameter");
        *seen = true;
    }
    return CONFIG_SET_OK;
}

static bool set_one(struct config *config, const struct config *defaults,
                    const struct config_row *row, struct slice value, struct config_error *error) {
    struct config_args args = {0};

    if (row->id == CONFIG_ID_save) config->save.count = 0; /* in a file the lines add up */
    if (row->flags & MULTI) {
        config_split_spaces(value, &args);
    } else {
        config_args_append(&args, value);
    }
    bool set = config_value_set(config, row, &args, error);
    config_args_free(&args);
    if (set && (row->flags & REFUSED) && !config_value_equal(config, defaults, row)) {
        config_reason(error, "%s", row->reason); /* as at the start */
        return false;
    }
    return set;
}

enum config_set_result config_set(struct config *config, const struct slice *pairs,
                                  size_t pairs_count, bool client_is_local,
                                  struct config_error *error) {
    *error = (struct config_error){0};
    enum config_set_result result = check_names(config, pairs, pairs_count, client_is_local, error);
    if (result != CONFIG_SET_OK) return result;

    struct config *changed = config_clone(config);
    struct config *defaults = config_new_defaults();
    for (size_t i = 0; i < pairs_count && result == CONFIG_SET_OK; i++) {
        const char *found = NULL;
        const struct config_row *row = config_find(pairs[2 * i], &found);
        SL_ASSERT(row != NULL);
        if (!set_one(changed, defaults, row, pairs[2 * i + 1], error)) {
            char reason[sizeof error->reason];
            memcpy(reason, error->reason, sizeof reason);
            result = refuse_argument(error, slice_from_cstr(found), reason);
        }
    }
    if (result == CONFIG_SET_OK) {
        config_normalize(changed);
        config_swap(config, changed);
    }
    config_free(changed);
    config_free(defaults);
    return result;
}

bool config_is_sensitive(struct slice name) {
    const char *found = NULL;
    const struct config_row *row = config_find(name, &found);
    return row != NULL && (row->flags & SENSITIVE) != 0;
}

/* --- differences --- */

void config_each_changed(const struct config *before, const struct config *after,
                         void (*each)(void *owner, enum config_id id, const char *name),
                         void *owner) {
    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        if (!config_value_equal(before, after, row)) each(owner, row->id, row->name);
    }
}

void config_each_without_effect(const struct config *config,
                                void (*each)(void *owner, const char *name, const char *reason),
                                void *owner) {
    struct config *defaults = config_new_defaults();

    for (size_t i = 0; i < CONFIG_IDS_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->reason == NULL || config_value_equal(config, defaults, row)) continue;
        each(owner, row->name, row->reason);
    }
    config_free(defaults);
}
