#pragma once
/* What the files config_*.c share. Nobody else includes this. */
#include "shards/config.h"

/* --- config_text.c: strings, quoting --- */

struct config_buf { /* a growing text; all zero is empty */
    char *data;
    size_t len, bytes;
};
void config_buf_append(struct config_buf *buf, const char *data, size_t len);
void config_buf_print(struct config_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* In double quotes, as config_split() takes it apart again. */
void config_buf_append_quoted(struct config_buf *buf, struct slice text);
struct slice config_buf_slice(const struct config_buf *buf);
void config_buf_free(struct config_buf *buf);

struct config_text config_text_new(struct slice text);
void config_text_set(struct config_text *text, struct slice value);
struct slice config_text_slice(const struct config_text *text);
void config_text_free(struct config_text *text);

struct config_args {
    struct config_text *items;
    size_t count;
};
void config_args_append(struct config_args *args, struct slice item);
void config_args_free(struct config_args *args);
/* Splits a line as Redis' shell-like syntax has it: blanks separate, "..." with \n \xff escapes,
 * '...' with \' alone. False: quotes that do not end, or end in the middle of a word; `args` is
 * then empty. */
bool config_split(struct slice line, struct config_args *args);
/* A value of CONFIG SET with several arguments: every single space separates, nothing is quoted. */
void config_split_spaces(struct slice value, struct config_args *args);
struct slice config_trim(struct slice text, const char *bytes);

/* --- config_table.c: the rows --- */

enum config_kind { CONFIG_BOOL, CONFIG_INT, CONFIG_ENUM, CONFIG_TEXT, CONFIG_SPECIAL };
enum config_flag {
    IMMUTABLE = 1 << 0,
    PROTECTED = 1 << 1,
    SENSITIVE = 1 << 2,
    HIDDEN = 1 << 3,
    MULTI = 1 << 4,
    REFUSED = 1 << 5,
    MEMORY = 1 << 6,
    PERCENT = 1 << 7,
    OCTAL = 1 << 8,
    EMPTY_IS_NONE = 1 << 9,
};
struct config_name {
    const char *name;
    int value;
};
struct config_names {
    const struct config_name *items;
    size_t count;
};
struct config_row {
    const char *name, *alias; /* no alias: NULL */
    enum config_id id;
    enum config_kind kind;
    unsigned flags;
    size_t offset; /* of the field in struct config */
    int64_t lowest, highest, default_number;
    const char *default_text;
    const struct config_names *names;
    const char *reason; /* why it has no effect; NULL: it works */
};
extern const struct config_row config_rows[CONFIG_IDS_COUNT];
/* `found` is the name or the alias, as the table spells it. NULL: no such directive. */
const struct config_row *config_find(struct slice name, const char **found);
void config_normalize(struct config *config); /* clamps what Redis clamps instead of refusing */
/* Swaps two values whole: how a set that succeeded on a copy is made. */
void config_swap(struct config *a, struct config *b);

/* --- config_value.c: one directive's value from text and to text --- */

/* False: error->reason says why, and the value may be changed partly (callers work on a copy, or
 * give up). */
bool config_value_set(struct config *config, const struct config_row *row,
                      const struct config_args *args, struct config_error *error);
/* As CONFIG GET prints it. */
void config_value_print(const struct config *config, const struct config_row *row,
                        struct config_buf *buf);
bool config_value_equal(const struct config *a, const struct config *b,
                        const struct config_row *row);
/* config_special.c: the same for CONFIG_SPECIAL. */
void config_special_init(struct config *config);
bool config_special_set(struct config *config, enum config_id id, const struct config_args *args,
                        struct config_error *error);
void config_special_print(const struct config *config, enum config_id id, struct config_buf *buf);
void config_print_trimmed_double(struct config_buf *buf, double value);

void config_reason(struct config_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
