/* cmd_families.c - the list of this room's command families. */
#include "core/cmd_families.h"

/* clang-format off: one a line */
const struct cmd_family *const cmd_families_core[] = {
    &cmd_family_string, &cmd_family_string_range, &cmd_family_string_counter,
    &cmd_family_string_increx, &cmd_family_string_multi, &cmd_family_string_compare,
    &cmd_family_string_lcs, &cmd_family_generic, &cmd_family_expire,
    &cmd_family_rename, &cmd_family_object, &cmd_family_flush,
    &cmd_family_list, &cmd_family_list_range, &cmd_family_list_move,
    &cmd_family_dump, &cmd_family_bitmap, &cmd_family_bitop,
    &cmd_family_bitfield, &cmd_family_set, &cmd_family_set_random,
    &cmd_family_set_algebra, &cmd_family_zset, &cmd_family_zset_range,
    &cmd_family_zset_pop, &cmd_family_zset_combine, &cmd_family_zset_scan,
    &cmd_family_hash, &cmd_family_hash_counter, &cmd_family_hash_walk,
    &cmd_family_hash_expire, &cmd_family_hash_setex, &cmd_family_hyperloglog,
    &cmd_family_hyperloglog_debug, &cmd_family_stream, &cmd_family_stream_add,
    &cmd_family_stream_read, &cmd_family_stream_group, &cmd_family_stream_claim,
    &cmd_family_stream_info, &cmd_family_stream_delex,
};
/* clang-format on */
const size_t cmd_families_core_count = ARRAY_COUNT(cmd_families_core);
