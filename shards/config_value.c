/* config_value.c - one directive's value from text and to text. The reasons of refusal are Redis'
 * own words: clients and test suites compare them. */
#include "core/number.h"
#include "shards/config_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void config_reason(struct config_error *error, const char *format, ...) {
    va_list values;
    va_start(values, format);
    (void)vsnprintf(error->reason, sizeof error->reason, format, values); /* cut to fit */
    va_end(values);
}

/* --- numbers --- */

static bool parse_octal(const struct config_text *text, int64_t *number) {
    char *end = NULL;
    *number = strtoll(text->data, &end, 8);
    return *end == '\0' && *number != INT64_MAX && *number != INT64_MIN;
}

static bool parse_int(const struct config_row *row, const struct config_text *text, int64_t *number,
                      struct config_error *error) {
    struct slice slice = config_text_slice(text);
    uint64_t bytes = 0;

    if (row->flags & MEMORY) {
        size_t digits = strspn(text->data, "0123456789");
        struct slice unit = slice_of(slice.data + digits, slice.len - digits);
        if (number_parse_memory(slice, &bytes) && bytes <= INT64_MAX) {
            *number = (int64_t)bytes;
            return true;
        }
        if (number_parse_memory(unit, &bytes)) { /* well formed, but too much */
            config_reason(error, "argument must be between %" PRId64 " and %" PRId64 " inclusive",
                          row->lowest, row->highest);
            return false;
        }
    }
    if ((row->flags & PERCENT) && slice.len > 1 && slice.data[slice.len - 1] == '%' &&
        number_parse_int64(slice_of(slice.data, slice.len - 1), number) && *number >= 0) {
        *number = -*number;
        return true;
    }
    if ((row->flags & OCTAL) && parse_octal(text, number)) return true;
    if (!(row->flags & (MEMORY | OCTAL)) && number_parse_int64(slice, number)) return true;

    config_reason(error, "%s",
                  row->flags & PERCENT  ? "argument must be a memory or percent value"
                  : row->flags & MEMORY ? "argument must be a memory value"
                  : row->flags & OCTAL  ? "argument couldn't be parsed as an octal number"
                                        : "argument couldn't be parsed into an integer");
    return false;
}

static bool set_int(const struct config_row *row, const struct config_text *text, char *field,
                    struct config_error *error) {
    int64_t number = 0;

    if (!parse_int(row, text, &number, error)) return false;
    if ((row->flags & PERCENT) && number < 0) {
        if (number < row->lowest) {
            config_reason(error, "percentage argument must be less or equal to %" PRId64,
                          -row->lowest);
            return false;
        }
    } else if (number < row->lowest || number > row->highest) {
        if (row->flags & OCTAL) {
            config_reason(error, "argument must be between %" PRIo64 " and %" PRIo64 " inclusive",
                          (uint64_t)row->lowest, (uint64_t)row->highest);
        } else {
            config_reason(error, "argument must be between %" PRId64 " and %" PRId64 " inclusive",
                          row->lowest, row->highest);
        }
        return false;
    }
    memcpy(field, &number, sizeof number);
    return true;
}

static void print_int(const struct config_row *row, int64_t number, struct config_buf *buf) {
    if ((row->flags & PERCENT) && number < 0) {
        config_buf_print(buf, "%" PRId64 "%%", -number);
    } else if (row->flags & OCTAL) {
        config_buf_print(buf, "%" PRIo64, (uint64_t)number);
    } else {
        config_buf_print(buf, "%" PRId64, number);
    }
}

/* --- names --- */

static bool set_enum(const struct config_row *row, const struct config_args *args, char *field,
                     struct config_error *error) {
    const struct config_names *names = row->names;
    bool known = args->count == 1 || (args->count > 1 && (row->flags & MULTI));
    int value = 0;

    for (size_t i = 0; known && i < args->count; i++) {
        size_t n = 0;
        struct slice arg = config_text_slice(&args->items[i]);
        while (n < names->count && !slice_equal_cstr_nocase(arg, names->items[n].name)) n++;
        known = n < names->count;
        if (known) value |= names->items[n].value;
    }
    if (!known) {
        struct config_buf list = {0};
        for (size_t n = 0; n < names->count; n++) {
            config_buf_print(&list, "%s%s", n == 0 ? "" : ", ", names->items[n].name);
        }
        config_reason(error, "argument(s) must be one of the following: %s", list.data);
        config_buf_free(&list);
        return false;
    }
    if ((row->id == CONFIG_ID_shutdown_on_sigint || row->id == CONFIG_ID_shutdown_on_sigterm) &&
        (value & CONFIG_SHUTDOWN_SAVE) && (value & CONFIG_SHUTDOWN_NOSAVE)) {
        config_reason(error, "shutdown options SAVE and NOSAVE can't be used simultaneously");
        return false;
    }
    memcpy(field, &value, sizeof value);
    return true;
}

static void print_enum(const struct config_row *row, int value, struct config_buf *buf) {
    const struct config_names *names = row->names;
    const char *separator = "";

    for (size_t n = 0; n < names->count; n++) {
        if (names->items[n].value != value) continue;
        config_buf_print(buf, "%s", names->items[n].name);
        return;
    }
    SL_ASSERT(row->flags & MULTI); /* several bits */
    for (size_t n = 0; n < names->count; n++) {
        if ((value & names->items[n].value) == 0) continue;
        config_buf_print(buf, "%s%s", separator, names->items[n].name);
        separator = " ";
    }
}

/* --- texts --- */

static bool is_host_name(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '.') return false;
    }
    return true;
}

static bool check_text(const struct config_row *row, struct slice text,
                       struct config_error *error) {
    bool is_aof = row->id == CONFIG_ID_appendfilename || row->id == CONFIG_ID_appenddirname;

    if (is_aof && text.len == 0) {
        config_reason(error, "%s can't be empty", row->name);
        return false;
    }
    if ((is_aof || row->id == CONFIG_ID_dbfilename) && text.len > 0 &&
        (memchr(text.data, '/', text.len) || memchr(text.data, '\\', text.len))) {
        config_reason(error, "%s can't be a path, just a %s", row->name,
                      row->id == CONFIG_ID_appenddirname ? "dirname" : "filename");
        return false;
    }
    if (row->id == CONFIG_ID_cluster_announce_hostname) {
        if (text.len >= 256) {
            config_reason(error, "Hostnames must be less than 256 characters");
            return false;
        }
        if (!is_host_name(text)) {
            config_reason(error,
                          "Hostnames may only contain alphanumeric characters, hyphens or dots");
            return false;
        }
    }
    return true;
}

/* --- any --- */

bool config_value_set(struct config *config, const struct config_row *row,
                      const struct config_args *args, struct config_error *error) {
    char *field = (char *)config + row->offset;

    if (!(row->flags & MULTI) && args->count != 1) {
        config_reason(error, "wrong number of arguments");
        return false;
    }
    switch (row->kind) {
    case CONFIG_BOOL: {
        struct slice arg = config_text_slice(&args->items[0]);
        bool yes = slice_equal_cstr_nocase(arg, "yes");
        if (!yes && !slice_equal_cstr_nocase(arg, "no")) {
            config_reason(error, "argument must be 'yes' or 'no'");
            return false;
        }
        memcpy(field, &yes, sizeof yes);
        return true;
    }
    case CONFIG_INT: return set_int(row, &args->items[0], field, error);
    case CONFIG_ENUM: return set_enum(row, args, field, error);
    case CONFIG_TEXT: {
        struct slice text = config_text_slice(&args->items[0]);
        if (!check_text(row, text, error)) return false;
        config_text_set((struct config_text *)(void *)field, text);
        return true;
    }
    case CONFIG_SPECIAL: return config_special_set(config, row->id, args, error);
    }
    SL_ASSERT(false);
    return false;
}

void config_value_print(const struct config *config, const struct config_row *row,
                        struct config_buf *buf) {
    const char *field = (const char *)config + row->offset;
    bool yes = false;
    int value = 0;
    int64_t number = 0;
    struct config_text text;

    switch (row->kind) {
    case CONFIG_BOOL:
        memcpy(&yes, field, sizeof yes);
        config_buf_print(buf, "%s", yes ? "yes" : "no");
        return;
    case CONFIG_INT:
        memcpy(&number, field, sizeof number);
        print_int(row, number, buf);
        return;
    case CONFIG_ENUM:
        memcpy(&value, field, sizeof value);
        print_enum(row, value, buf);
        return;
    case CONFIG_TEXT:
        memcpy(&text, field, sizeof text);
        config_buf_append(buf, text.data, text.len);
        return;
    case CONFIG_SPECIAL: config_special_print(config, row->id, buf); return;
    }
    SL_ASSERT(false);
}

bool config_value_equal(const struct config *a, const struct config *b,
                        const struct config_row *row) {
    struct config_buf text_a = {0}, text_b = {0};

    config_value_print(a, row, &text_a);
    config_value_print(b, row, &text_b);
    bool equal = slice_equal(config_buf_slice(&text_a), config_buf_slice(&text_b));
    config_buf_free(&text_a);
    config_buf_free(&text_b);
    return equal;
}
