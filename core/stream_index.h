#pragma once
/* Things in the order of stream ids: the nodes of a stream, the pending entries of a consumer
 * group. A sorted array in chunks: finding costs O(log n), what comes at the end is appended in
 * O(1) and fills its chunk to the last place, taking from the front is O(1).
 *
 * The owner of the key's slot calls. The values are the caller's. */
#include "core/base.h"

struct stream_id {
    uint64_t ms, seq;
};
#define STREAM_ID_MIN ((struct stream_id){0, 0})
#define STREAM_ID_MAX ((struct stream_id){UINT64_MAX, UINT64_MAX})

/* < 0, 0, > 0. */
static inline int stream_id_compare(struct stream_id a, struct stream_id b) {
    if (a.ms != b.ms) return a.ms < b.ms ? -1 : 1;
    return a.seq < b.seq ? -1 : a.seq > b.seq;
}
static inline bool stream_id_equal(struct stream_id a, struct stream_id b) {
    return a.ms == b.ms && a.seq == b.seq;
}
static inline bool stream_id_is_zero(struct stream_id id) {
    return id.ms == 0 && id.seq == 0;
}
/* The id after or before this one. False: there is none, *id is untouched. */
bool stream_id_increment(struct stream_id *id);
bool stream_id_decrement(struct stream_id *id);

struct stream_index_item {
    struct stream_id id;
    void *value;
};
struct stream_index_chunk;
struct stream_index { /* all zero: empty */
    struct stream_index_chunk **chunks; /* none of them is empty */
    uint32_t first, count, room; /* chunks[first .. first + count) */
    size_t items_count;
};
/* Good until the next change. */
struct stream_index_pos {
    uint32_t chunk, item;
};

void stream_index_free(struct stream_index *index); /* not the values; empty afterwards */
/* The first item with an id >= id; behind the last: stream_index_at() gives NULL. */
struct stream_index_pos stream_index_seek(const struct stream_index *index, struct stream_id id);
/* The last item with an id <= id. False: there is none. */
bool stream_index_floor(const struct stream_index *index, struct stream_id id,
                        struct stream_index_pos *pos);
struct stream_index_item *stream_index_at(const struct stream_index *index,
                                          struct stream_index_pos pos);
struct stream_index_pos stream_index_next(const struct stream_index *index,
                                          struct stream_index_pos pos);
/* False: it was the first. */
bool stream_index_prev(const struct stream_index *index, struct stream_index_pos *pos);
/* NULL: it is empty. */
struct stream_index_item *stream_index_first(const struct stream_index *index);
struct stream_index_item *stream_index_last(const struct stream_index *index);
void *stream_index_find(const struct stream_index *index, struct stream_id id); /* or NULL */
/* The id must not be there yet; the value is not NULL. */
void stream_index_insert(struct stream_index *index, struct stream_id id, void *value);
/* *pos: what came after it. */
void stream_index_remove_at(struct stream_index *index, struct stream_index_pos *pos);
void *stream_index_remove(struct stream_index *index,
                          struct stream_id id); /* what was there, or NULL */
void stream_index_remove_last(struct stream_index *index); /* it may not be empty */
/* Bytes of its own allocations. */
size_t stream_index_memory_bytes(const struct stream_index *index);
void stream_index_check(const struct stream_index *index); /* asserts all invariants; slow */
