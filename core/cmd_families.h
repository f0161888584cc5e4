#pragma once
/* The families of commands that this room brings; main.c hands them to cmd_table_new() with those
 * of the rooms above. */
#include "core/cmd.h"

/* clang-format off */
extern const struct cmd_family cmd_family_string;
extern const struct cmd_family cmd_family_string_range;
extern const struct cmd_family cmd_family_string_counter;
extern const struct cmd_family cmd_family_string_increx;
extern const struct cmd_family cmd_family_string_multi;
extern const struct cmd_family cmd_family_string_compare;
extern const struct cmd_family cmd_family_string_lcs;
extern const struct cmd_family cmd_family_list, cmd_family_list_range, cmd_family_list_move;
extern const struct cmd_family cmd_family_generic;
extern const struct cmd_family cmd_family_expire;
extern const struct cmd_family cmd_family_rename;
extern const struct cmd_family cmd_family_object;
extern const struct cmd_family cmd_family_flush;
extern const struct cmd_family cmd_family_dump;
extern const struct cmd_family cmd_family_bitmap;
extern const struct cmd_family cmd_family_bitop;
extern const struct cmd_family cmd_family_bitfield;
extern const struct cmd_family cmd_family_set;
extern const struct cmd_family cmd_family_set_random;
extern const struct cmd_family cmd_family_set_algebra;
extern const struct cmd_family cmd_family_hash;
extern const struct cmd_family cmd_family_hash_counter;
extern const struct cmd_family cmd_family_hash_walk;
extern const struct cmd_family cmd_family_hash_expire;
extern const struct cmd_family cmd_family_hash_setex;
extern const struct cmd_family cmd_family_stream;
extern const struct cmd_family cmd_family_stream_add;
extern const struct cmd_family cmd_family_stream_read;
extern const struct cmd_family cmd_family_stream_group;
extern const struct cmd_family cmd_family_stream_claim;
extern const struct cmd_family cmd_family_stream_info;
extern const struct cmd_family cmd_family_stream_delex;
/* clang-format on */
extern const struct cmd_family cmd_family_zset, cmd_family_zset_range, cmd_family_zset_pop,
    cmd_family_zset_combine, cmd_family_zset_scan;

extern const struct cmd_family cmd_family_hyperloglog;
extern const struct cmd_family cmd_family_hyperloglog_debug;
extern const struct cmd_family cmd_family_geo;
extern const struct cmd_family cmd_family_geo_search;
extern const struct cmd_family cmd_family_sort;

/* All of the above. */
extern const struct cmd_family *const cmd_families_core[];
extern const size_t cmd_families_core_count;
