#pragma once
/* Consumer groups of a stream: how far a group has read, its consumers, and what was delivered and
 * not acknowledged yet (pending), by group and by consumer. The owner of the key's slot calls. */
#include "core/stream.h"

struct stream_consumer;
struct
    stream_pending { /* a delivery; in its group's and its consumer's index under the entry's id */
    uint64_t delivered_at_unix_ms;
    uint64_t deliveries_count;
    struct stream_consumer *consumer; /* NULL only while RDB loads */
};
struct stream_consumer {
    int64_t seen_at_unix_ms; /* its last attempt of any kind */
    int64_t active_at_unix_ms; /* its last success; -1: none yet */
    struct stream_index pending;
    size_t name_len;
    char name[];
};
enum { STREAM_ENTRIES_READ_UNKNOWN = -1 };
struct stream_group {
    struct stream_id last_id; /* delivered */
    int64_t entries_read; /* of the stream's entries_added, or STREAM_ENTRIES_READ_UNKNOWN */
    struct stream_index pending; /* of all consumers */
    struct stream_consumer **consumers; /* by name */
    size_t consumers_count, consumers_room;
    size_t name_len;
    char name[];
};

static inline struct slice stream_group_name(const struct stream_group *group) {
    return slice_of(group->name, group->name_len);
}
static inline struct slice stream_consumer_name(const struct stream_consumer *consumer) {
    return slice_of(consumer->name, consumer->name_len);
}

/* ---- Groups; NULL: there is none, or (add) there is one already ---- */
struct stream_group *stream_group_find(const struct stream *stream, struct slice name);
struct stream_group *stream_group_add(struct stream *stream, struct slice name,
                                      struct stream_id last_id, int64_t entries_read);
void stream_group_remove(struct stream *stream, struct stream_group *group);

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct slice name);
struct stream_consumer *stream_consumer_add(struct stream_group *group, struct slice name,
                                            uint64_t now_unix_ms);
/* With what it has pending: how many. */
size_t stream_consumer_remove(struct stream_group *group, struct stream_consumer *consumer);

/* ---- Pending entries ---- */
static inline struct stream_pending *stream_pending_find(const struct stream_group *group,
                                                         struct stream_id id) {
    return stream_index_find(&group->pending, id);
}
/* It may not be there yet. consumer NULL: RDB, which calls stream_pending_assign() later. */
struct stream_pending *stream_pending_add(struct stream_group *group, struct stream_id id,
                                          struct stream_consumer *consumer,
                                          uint64_t delivered_at_unix_ms, uint64_t deliveries_count);
/* Gives it to this consumer, whoever had it. */
void stream_pending_assign(struct stream_pending *pending, struct stream_id id,
                           struct stream_consumer *consumer);
bool stream_pending_remove(struct stream_group *group, struct stream_id id); /* was it there? */
/* The same at a place in the group's index. *pos: what came after it. */
void stream_pending_remove_at(struct stream_group *group, struct stream_index_pos *pos);
/* Has each one a consumer? After a load. */
bool stream_group_is_consistent(const struct stream_group *group);

/* Removes the entry from all groups' pending ones: XDELEX DELREF. */
void stream_pending_remove_everywhere(struct stream *stream, struct stream_id id);
/* Has every group read it and acknowledged it? XDELEX ACKED. */
bool stream_is_acknowledged(const struct stream *stream, struct stream_id id);

/* How many entries up to id were ever added, or STREAM_ENTRIES_READ_UNKNOWN when that cannot be
 * told. */
int64_t stream_entries_read_estimate(const struct stream *stream, struct stream_id id);
/* Is there a deleted entry between the two (0-0: from the first, to the last), so that counting
 * goes wrong? */
bool stream_has_tombstones(const struct stream *stream, struct stream_id first,
                           struct stream_id last);
/* Entries the group has not read yet. False: unknown. */
bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag);

/* ---- For stream.c ---- */
/* Frees about *budget_count allocations. True: the groups are gone. */
bool stream_groups_free_step(struct stream *stream, size_t *budget_count);
void stream_groups_copy(struct stream *to, const struct stream *from);
size_t stream_groups_memory_bytes(const struct stream *stream, size_t samples_count);
void stream_groups_check(const struct stream *stream); /* asserts all invariants; slow */
