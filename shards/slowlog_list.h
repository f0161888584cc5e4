#pragma once
/* The slow log's inside, for slowlog.c, its tests and SLOWLOG GET (cmd_slowlog.c). */
#include "shards/slowlog.h"

struct slowlog_item { /* one allocation with the argument slices and their bytes behind it */
    struct slowlog_entry entry;
    struct slowlog_item *newer, *older;
};
struct slowlog {
    struct slowlog_item *newest, *oldest;
    size_t count;
};
void slowlog_push(struct slowlog *slowlog, uint64_t id, uint64_t unix_seconds, uint64_t duration_us,
                  const struct client *client, const struct slice *args, size_t args_count);
void slowlog_trim(struct slowlog *slowlog, size_t max_count); /* forgets the oldest */
