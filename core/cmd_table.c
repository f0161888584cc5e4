/* cmd_table.c - all commands, found by name.
 *
 * One open-addressing table holds commands and sub-commands: a sub-command's key is its own name
 * and its container. A name is found without walking over it: it is loaded as its first and its
 * last eight bytes (overlapping when it is shorter than 16), both folded to lower case eight bytes
 * at a time. With the length these two words determine every name of up to 16 bytes; only longer
 * ones are compared once more in the middle.
 *
 * I1  A slot is empty (cmd NULL) or holds a name whose probe run from its hash has no empty slot.
 * I2  At most half of the slots are in use.
 * I3  Rows, and so pointers to struct cmd, never move once cmd_table_new() has returned. */
#include <errno.h>

#include "core/cmd.h"
#include "core/mem.h"

enum { NAME_BYTES_MAX = sizeof((struct cmd){0}.fullname) - 1 };

struct name_words {
    uint64_t first, last;
    size_t len;
};

struct name_slot {
    struct name_words words;
    const char *name; /* folded; not NUL-terminated */
    const struct cmd *parent, *cmd;
};

struct cmd_table {
    struct cmd *cmds;
    size_t cmds_count;
    const struct cmd **subs; /* of all containers, one behind the other */
    struct name_slot *slots;
    size_t slots_mask;
    char **renamed; /* names made by cmd_table_rename() */
    size_t renamed_count;
};

/* ---- Names ---- */

static inline uint64_t load_8(const char *data) {
    uint64_t word;

    memcpy(&word, data, sizeof word);
    return word;
}

static inline uint64_t load_4(const char *data) {
    uint32_t word;

    memcpy(&word, data, sizeof word);
    return word;
}

/* A to Z become a to z in each of the eight bytes; bytes over 127 stay. */
static inline uint64_t fold_8(uint64_t word) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low_bits = word & ones * 0x7f;
    uint64_t from_a = low_bits + ones * (0x80 - 'A');
    uint64_t past_z = low_bits + ones * (0x7f - 'Z');
    uint64_t is_upper = (from_a ^ past_z) & ~word & ones * 0x80;

    return word | is_upper >> 2;
}

/* The name must not be empty. */
static inline struct name_words name_words(struct slice name) {
    struct name_words words = {.len = name.len};

    if (name.len >= 8) {
        words.first = fold_8(load_8(name.data));
        words.last = fold_8(load_8(name.data + name.len - 8));
    } else if (name.len >= 4) {
        words.first = fold_8(load_4(name.data) | load_4(name.data + name.len - 4) << 32);
    } else {
        words.first = fold_8((uint64_t)(uint8_t)name.data[0] |
                             (uint64_t)(uint8_t)name.data[name.len / 2] << 8 |
                             (uint64_t)(uint8_t)name.data[name.len - 1] << 16);
    }
    return words;
}

static inline size_t name_hash(const struct name_words *words, const struct cmd *parent) {
    uint64_t hash = words->first * UINT64_C(0x9e3779b97f4a7c15);

    hash ^= hash >> 32;
    hash = (hash + words->last + words->len) * UINT64_C(0xbf58476d1ce4e5b9);
    if (parent != NULL) hash += parent->index * UINT64_C(0x94d049bb133111eb);
    return (size_t)(hash ^ hash >> 29);
}

static inline bool name_is(const struct name_slot *slot, const struct name_words *words,
                           struct slice name) {
    if (slot->words.first != words->first || slot->words.last != words->last ||
        slot->words.len != words->len)
        return false;
    return words->len <= 16 || slice_equal_nocase(slice_of(slot->name, words->len), name);
}

static inline struct name_slot *name_find(const struct cmd_table *table, struct slice name,
                                          const struct cmd *parent) {
    struct name_words words = name_words(name);

    for (size_t i = name_hash(&words, parent) & table->slots_mask;;
         i = (i + 1) & table->slots_mask) {
        struct name_slot *slot = &table->slots[i];

        if (slot->cmd == NULL) return NULL;
        if (slot->parent == parent && name_is(slot, &words, name)) return slot;
    }
}

static void name_insert(struct cmd_table *table, struct slice name, const struct cmd *parent,
                        const struct cmd *cmd) {
    struct name_words words = name_words(name);
    size_t i = name_hash(&words, parent) & table->slots_mask;

    while (table->slots[i].cmd != NULL) i = (i + 1) & table->slots_mask;
    table->slots[i] = (struct name_slot){
        .words = words, .name = name.data, .parent = parent, .cmd = cmd};
}

/* Takes a name out; those behind it in the same run move up, so that I1 stays. */
static void name_remove(struct cmd_table *table, struct name_slot *slot) {
    size_t mask = table->slots_mask, hole = (size_t)(slot - table->slots);

    for (size_t i = (hole + 1) & mask; table->slots[i].cmd != NULL; i = (i + 1) & mask) {
        size_t home = name_hash(&table->slots[i].words, table->slots[i].parent) & mask;

        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* its home lies behind the hole */
        table->slots[hole] = table->slots[i];
        hole = i;
    }
    table->slots[hole] = (struct name_slot){0};
}

/* ---- ACL categories, in the order in which Redis prints them ---- */

enum { CATEGORY_BITS_COUNT = 21 };
static const struct {
    const char *name;
    uint32_t category; /* enum cmd_category: the row says it */
    uint32_t flags; /* enum cmd_flag: it follows from one of these */
} categories[CATEGORY_BITS_COUNT] = {
    {"keyspace", CATEGORY_KEYSPACE, 0},
    {"read", 0, CMD_READONLY}, /* but not for scripting commands */
    {"write", 0, CMD_WRITE},
    {"set", CATEGORY_SET, 0},
    {"sortedset", CATEGORY_SORTEDSET, 0},
    {"list", CATEGORY_LIST, 0},
    {"hash", CATEGORY_HASH, 0},
    {"string", CATEGORY_STRING, 0},
    {"bitmap", CATEGORY_BITMAP, 0},
    {"hyperloglog", CATEGORY_HYPERLOGLOG, 0},
    {"geo", CATEGORY_GEO, 0},
    {"stream", CATEGORY_STREAM, 0},
    {"pubsub", 0, CMD_PUBSUB},
    {"admin", 0, CMD_ADMIN},
    {"fast", 0, CMD_FAST},
    {"slow", 0, 0}, /* whatever is not fast */
    {"blocking", 0, CMD_BLOCKING},
    {"dangerous", CATEGORY_DANGEROUS, CMD_ADMIN},
    {"connection", CATEGORY_CONNECTION, 0},
    {"transaction", CATEGORY_TRANSACTION, 0},
    {"scripting", CATEGORY_SCRIPTING, 0},
};
enum { CATEGORY_BIT_READ = 1, CATEGORY_BIT_SLOW = 15 };

const char *cmd_category_name(unsigned bit) {
    return bit < CATEGORY_BITS_COUNT ? categories[bit].name : NULL;
}

static uint32_t acl_categories(const struct cmd_def *def) {
    uint32_t bits = 0;

    for (unsigned bit = 0; bit < CATEGORY_BITS_COUNT; bit++) {
        if ((def->categories & categories[bit].category) || (def->flags & categories[bit].flags))
            bits |= UINT32_C(1) << bit;
    }
    if (def->categories & CATEGORY_SCRIPTING) bits &= ~(UINT32_C(1) << CATEGORY_BIT_READ);
    if (!(def->flags & CMD_FAST)) bits |= UINT32_C(1) << CATEGORY_BIT_SLOW;
    return bits;
}

/* ---- Making the table ---- */

static void check_def(const struct cmd_def *def) {
    size_t len = strlen(def->name);

    SL_ASSERT(len > 0);
    SL_ASSERT(len <= NAME_BYTES_MAX);
    SL_ASSERT(def->arity != 0);
    SL_ASSERT(def->keys_count <= CMD_KEY_SPECS_MAX);
    SL_ASSERT(def->group != NULL);
    SL_ASSERT(def->since != NULL);
    SL_ASSERT(def->summary != NULL);
    SL_ASSERT((def->scope == SCOPE_SLOT) == (def->route_slot != NULL));
    SL_ASSERT(!((def->flags & CMD_WRITE) && (def->flags & CMD_READONLY)));
    for (size_t i = 0; i < len; i++) SL_ASSERT(def->name[i] < 'A' || def->name[i] > 'Z');
    for (size_t i = 0; i < def->keys_count; i++) {
        SL_ASSERT(def->keys[i].begin_index != 0 || def->keys[i].is_unknown);
        SL_ASSERT(def->keys[i].step > 0 || def->keys[i].is_unknown);
        SL_ASSERT(def->keys[i].flags != 0);
    }
}

static void cmd_init(struct cmd *cmd, const struct cmd_def *def, size_t index) {
    check_def(def);
    *cmd = (struct cmd){
        .def = def, .index = (uint16_t)index, .acl_categories = acl_categories(def)};
    memcpy(cmd->fullname, def->name, strlen(def->name));
    cmd->keys_are_simple = true;
    for (size_t i = 0; i < def->keys_count; i++) {
        const struct cmd_key_spec *spec = &def->keys[i];

        /* Redis' legacy triple describes the first spec, when that is a plain range. */
        bool is_plain = spec->keyword == NULL && !spec->is_keynum && spec->limit <= 1 &&
                        !spec->is_unknown && !(spec->flags & CMD_KEY_NOT_KEY);
        if (i > 0 && cmd->keys_are_simple && is_plain && cmd->key_step == spec->step &&
            cmd->key_last >= 0 && cmd->key_last + cmd->key_step == spec->begin_index) {
            /* One run: RENAME's two, SINTERSTORE's target and sources. */
            cmd->key_last = (int16_t)(spec->last >= 0 ? spec->begin_index + spec->last
                                                      : spec->last);
            continue;
        }
        if (i > 0 || !is_plain) {
            cmd->keys_are_simple = false;
            continue;
        }
        cmd->key_first = spec->begin_index;
        cmd->key_last = (int16_t)(spec->last >= 0 ? spec->begin_index + spec->last : spec->last);
        cmd->key_step = spec->step;
    }
}

/* Which container does "container|sub" belong to? NULL for a command of its own. */
static const struct cmd *find_parent(const struct cmd_table *table, const struct cmd *cmd) {
    const char *bar = strchr(cmd->def->name, '|');
    struct name_slot *slot;

    if (bar == NULL) return NULL;
    SL_ASSERT(bar > cmd->def->name);
    SL_ASSERT(bar[1] != '\0');
    slot = name_find(table, slice_of(cmd->def->name, (size_t)(bar - cmd->def->name)), NULL);
    SL_ASSERT(slot != NULL); /* a sub-command without its container */
    return slot->cmd;
}

static void link_subs(struct cmd_table *table) {
    const struct cmd **at;

    for (size_t i = 0; i < table->cmds_count; i++) {
        struct cmd *cmd = &table->cmds[i];
        struct slice name;

        cmd->parent = find_parent(table, cmd);
        if (cmd->parent == NULL) continue;
        name = slice_from_cstr(strchr(cmd->def->name, '|') + 1);
        SL_ASSERT(name_find(table, name, cmd->parent) == NULL);
        name_insert(table, name, cmd->parent, cmd);
        table->cmds[cmd->parent->index].subs_count++;
    }
    at = table->subs = mem_must((table->cmds_count + 1) * sizeof *table->subs);
    for (size_t i = 0; i < table->cmds_count; i++) {
        struct cmd *container = &table->cmds[i];

        SL_ASSERT(container->def->run != NULL || container->subs_count > 0);
        container->subs = at;
        for (size_t j = 0; container->subs_count > 0 && j < table->cmds_count; j++) {
            if (table->cmds[j].parent == container) *at++ = &table->cmds[j];
        }
        SL_ASSERT((size_t)(at - container->subs) == container->subs_count);
    }
}

struct cmd_table *cmd_table_new(const struct cmd_family *const *families, size_t families_count) {
    struct cmd_table *table = mem_must_zero(sizeof *table);
    size_t slots_count = 16;

    for (size_t i = 0; i < families_count; i++) table->cmds_count += families[i]->defs_count;
    SL_ASSERT(table->cmds_count < UINT16_MAX);
    while (slots_count < 4 * table->cmds_count) slots_count *= 2;
    table->slots_mask = slots_count - 1;
    table->slots = mem_must_zero(slots_count * sizeof *table->slots);
    table->cmds = mem_must_zero((table->cmds_count + 1) * sizeof *table->cmds);

    size_t index = 0;
    for (size_t i = 0; i < families_count; i++) {
        for (size_t j = 0; j < families[i]->defs_count; j++, index++) {
            struct cmd *cmd = &table->cmds[index];
            struct slice name;

            cmd_init(cmd, &families[i]->defs[j], index);
            if (strchr(cmd->def->name, '|') != NULL) continue; /* link_subs() */
            name = slice_from_cstr(cmd->fullname);
            SL_ASSERT(name_find(table, name, NULL) == NULL);
            name_insert(table, name, NULL, cmd);
        }
    }
    link_subs(table);
    return table;
}

void cmd_table_free(struct cmd_table *table) {
    if (table == NULL) return;
    for (size_t i = 0; i < table->renamed_count; i++) mem_free(table->renamed[i]);
    mem_free(table->renamed);
    mem_free(table->subs);
    mem_free(table->slots);
    mem_free(table->cmds);
    mem_free(table);
}

size_t cmd_table_count(const struct cmd_table *table) {
    return table->cmds_count;
}

const struct cmd *cmd_table_at(const struct cmd_table *table, size_t index) {
    SL_ASSERT(index < table->cmds_count);
    return &table->cmds[index];
}

/* ---- Looking up ---- */

const struct cmd *cmd_table_find(const struct cmd_table *table, struct slice name) {
    struct name_slot *slot;

    if (SL_UNLIKELY(name.len == 0 || name.len > NAME_BYTES_MAX)) return NULL;
    slot = name_find(table, name, NULL);
    return slot != NULL ? slot->cmd : NULL;
}

const struct cmd *cmd_table_resolve(const struct cmd_table *table, const struct slice *args,
                                    size_t args_count, const struct cmd **parent) {
    const struct cmd *cmd = args_count > 0 ? cmd_table_find(table, args[0]) : NULL;
    struct name_slot *slot = NULL;

    *parent = NULL;
    if (cmd == NULL || SL_LIKELY(cmd->subs_count == 0)) return cmd;
    *parent = cmd;
    /* The bare container runs by itself when it can (COMMAND); if not, dispatch says what is
     * missing. */
    if (args_count < 2) return cmd;
    if (args[1].len > 0 && args[1].len <= NAME_BYTES_MAX) slot = name_find(table, args[1], cmd);
    return slot != NULL ? slot->cmd : NULL;
}

const struct cmd *cmd_sub_find(const struct cmd *container, struct slice name) {
    for (size_t i = 0; i < container->subs_count; i++) {
        const char *sub_name = strchr(container->subs[i]->def->name, '|') + 1;

        if (slice_equal_cstr_nocase(name, sub_name)) return container->subs[i];
    }
    return NULL;
}

int cmd_table_rename(struct cmd_table *table, struct slice name, struct slice name_new) {
    const struct cmd *cmd = cmd_table_find(table, name);
    char *copy;

    if (cmd == NULL) return -ENOENT;
    if (name_new.len > NAME_BYTES_MAX) return -ENAMETOOLONG;
    if (name_new.len > 0 && cmd_table_find(table, name_new) != NULL) return -EEXIST;
    name_remove(table, name_find(table, name, NULL));
    if (name_new.len == 0) return 0;

    copy = mem_must(name_new.len);
    memcpy(copy, name_new.data, name_new.len);
    table->renamed = mem_must_realloc(table->renamed,
                                      (table->renamed_count + 1) * sizeof *table->renamed);
    table->renamed[table->renamed_count++] = copy;
    name_insert(table, slice_of(copy, name_new.len), NULL, cmd);
    return 0;
}

bool cmd_arity_is_ok(const struct cmd *cmd, size_t args_count) {
    int arity = cmd->def->arity;

    return arity > 0 ? args_count == (size_t)arity : args_count >= (size_t)-arity;
}
