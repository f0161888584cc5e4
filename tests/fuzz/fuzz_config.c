/* A configuration text. Whatever loads must print every directive, and what CONFIG GET prints
 * CONFIG SET must take back without changing anything. */
#include "shards/config.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct echo {
    struct config *config;
};

static void set_again(void *owner, struct slice name, struct slice value) {
    struct echo *echo = owner;
    struct config_error error;
    struct slice pair[2] = {name, value};

    if (config_set(echo->config, pair, 1, true, &error) == CONFIG_SET_OK) return;
    /* Refused for what they are, not for their text. */
    SL_ASSERT(strstr(error.reason, "immutable") != NULL ||
              strstr(error.reason, "protected") != NULL || strstr(error.reason, "yet") != NULL);
}

static void must_not_change(void *owner, enum config_id id, const char *name) {
    (void)owner;
    (void)id;
    fprintf(stderr, "%s changed\n", name);
    SL_ASSERT(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct slice patterns[] = {{"port", 4}, {"*", 1}};
    struct config_error error;
    char printed[4096];

    struct config *config = config_new_defaults();
    if (config_load_text(config, "fuzz", slice_of((const char *)data, size), false, &error) < 0) {
        SL_ASSERT(error.line_number > 0);
        SL_ASSERT(error.reason[0] != '\0');
        (void)config_error_print(&error, "fuzz", printed, sizeof printed);
    } else {
        struct echo echo = {.config = config_clone(config)};
        (void)config_check(config, &error);
        (void)config_get(config, patterns, ARRAY_COUNT(patterns), set_again, &echo);
        config_each_changed(config, echo.config, must_not_change, NULL);
        config_free(echo.config);
    }
    config_free(config);
    return 0;
}
