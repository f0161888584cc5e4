#pragma once
/* The families of commands that this room brings; main.c hands them to cmd_table_new() with those
 * of the rooms above. */
#include "core/cmd.h"

extern const struct cmd_family cmd_family_string, cmd_family_string_range,
    cmd_family_string_counter, cmd_family_string_multi, cmd_family_string_compare,
    cmd_family_string_lcs, cmd_family_string_increx;
extern const struct cmd_family cmd_family_generic, cmd_family_expire, cmd_family_rename,
    cmd_family_object, cmd_family_flush, cmd_family_dump;
extern const struct cmd_family cmd_family_bitmap, cmd_family_bitop, cmd_family_bitfield;

/* All of the above. */
extern const struct cmd_family *const cmd_families_core[];
extern const size_t cmd_families_core_count;
