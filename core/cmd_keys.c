/* cmd_keys.c - which arguments of a call are keys: routing, ACL and COMMAND GETKEYS ask.
 * The rules are Redis' key specifications, and so are the refusals. */
#include "core/cmd.h"
#include "core/number.h"

/* Where a specification's keys begin; 0: its keyword is not among the arguments. */
static size_t spec_begin(const struct cmd_key_spec *spec, const struct slice *args,
                         size_t args_count) {
    size_t from;

    if (spec->keyword == NULL) return (size_t)spec->begin_index;
    if (spec->begin_index > 0) {
        for (size_t i = (size_t)spec->begin_index; i + 1 < args_count; i++) {
            if (slice_equal_cstr_nocase(args[i], spec->keyword)) return i + 1;
        }
        return 0;
    }
    from = (size_t)-spec->begin_index;
    if (from >= args_count) return 0;
    for (size_t i = args_count - from; i > 0; i--) {
        if (slice_equal_cstr_nocase(args[i], spec->keyword)) return i + 1;
    }
    return 0;
}

/* Sets the first key and the last. False: the arguments make no sense. */
static bool spec_range(const struct cmd_key_spec *spec, const struct slice *args, size_t args_count,
                       bool is_none_fine, int64_t *first, int64_t *last) {
    int64_t count = (int64_t)args_count, keys_count;

    if (!spec->is_keynum) {
        if (spec->last >= 0)
            *last = *first + spec->last;
        else if (spec->limit <= 1)
            *last = count + spec->last;
        else
            *last = *first + (count - *first) / spec->limit + spec->last;
    } else {
        int64_t at = *first + spec->keynum_index;

        if (at >= count) return false;
        if (!number_parse_int64(args[at], &keys_count)) return false;
        if (keys_count < 0 || keys_count >= count) return false;
        *first += spec->keynum_first;
        *last = *first + (keys_count - 1) * spec->step;
        if (keys_count == 0) return is_none_fine;
    }
    return *last < count && *last >= *first && *first < count;
}

int cmd_keys(const struct cmd *cmd, const struct slice *args, size_t args_count,
             struct cmd_key_pos *positions, size_t positions_max) {
    const struct cmd_def *def = cmd->def;
    bool is_none_fine = (def->flags & CMD_NO_MANDATORY_KEYS) != 0;
    size_t found = 0;

    if (def->find_keys != NULL) return def->find_keys(args, args_count, positions, positions_max);
    for (size_t i = 0; i < def->keys_count; i++) {
        const struct cmd_key_spec *spec = &def->keys[i];
        int64_t first = (int64_t)spec_begin(spec, args, args_count), last = 0;
        uint16_t flags = spec->flags;

        if ((spec->flags & CMD_KEY_NOT_KEY) || spec->is_unknown) continue;
        if (first == 0) continue;
        if (!spec_range(spec, args, args_count, is_none_fine, &first, &last)) return -1;
        if ((flags & CMD_KEY_VARIABLE_FLAGS) && def->key_flags != NULL)
            flags = def->key_flags(args, args_count);
        for (int64_t at = first; at <= last; at += spec->step, found++) {
            if (found >= positions_max) continue;
            positions[found] = (struct cmd_key_pos){.index = (uint32_t)at, .flags = flags};
        }
    }
    SL_ASSERT(found <= args_count * CMD_KEY_SPECS_MAX);
    return (int)found;
}
