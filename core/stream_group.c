/* stream_group.c - who read what of a stream.
 *
 * G1  Groups, and the consumers of a group, are sorted by name (bytes, the shorter first).
 * G2  A pending entry is in its group's index and in its consumer's, under the same id, and the
 *     group owns it.
 * G3  A deleted entry may stay pending: only XACK, XCLAIM, XAUTOCLAIM and XDELEX take it out. */
#include "core/stream_group.h"

#include "core/mem.h"

enum { NAMES_ROOM_MIN = 4 };

static int compare_names(struct slice a, struct slice b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* ---- Sorted arrays of pointers to things with a name ---- */

typedef struct slice name_of(const void *thing);

static struct slice group_name(const void *group) {
    return stream_group_name(group);
}

static struct slice consumer_name(const void *consumer) {
    return stream_consumer_name(consumer);
}

/* Where it is, or belongs. */
static size_t name_place(void *const *things, size_t count, name_of *name_at, struct slice name,
                         bool *is_there) {
    size_t low = 0, high = count;

    *is_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(name_at(things[middle]), name);
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void *put_in(void *things, size_t *count, size_t *room, size_t place, void *thing) {
    if (*count == *room) {
        *room = *room == 0 ? NAMES_ROOM_MIN : 2 * *room;
        things = mem_must_realloc(things, *room * sizeof(void *));
    }
    void **at = (void **)things + place;
    memmove(at + 1, at, (*count - place) * sizeof(void *));
    *at = thing;
    ++*count;
    return things;
}

static void take_out(void *things, size_t *count, size_t place) {
    void **at = (void **)things + place;

    SL_ASSERT(place < *count);
    memmove(at, at + 1, (*count - place - 1) * sizeof(void *));
    --*count;
}

/* ---- Groups ---- */

struct stream_group *stream_group_find(const struct stream *stream, struct slice name) {
    bool is_there;
    size_t place = name_place((void *const *)stream->groups, stream->groups_count, group_name, name,
                              &is_there);

    return is_there ? stream->groups[place] : NULL;
}

struct stream_group *stream_group_add(struct stream *stream, struct slice name,
                                      struct stream_id last_id, int64_t entries_read) {
    bool is_there;
    size_t place = name_place((void *const *)stream->groups, stream->groups_count, group_name, name,
                              &is_there);

    if (is_there) return NULL;
    struct stream_group *group = mem_must_zero(sizeof *group + name.len);
    group->last_id = last_id;
    group->entries_read = entries_read;
    group->name_len = name.len;
    if (name.len > 0) memcpy(group->name, name.data, name.len);
    stream->groups = put_in(stream->groups, &stream->groups_count, &stream->groups_room, place,
                            group);
    return group;
}

static void consumer_free(struct stream_consumer *consumer) {
    stream_index_free(&consumer->pending);
    mem_free(consumer);
}

/* Frees about *budget_count of its allocations. True: it is gone. */
static bool group_free_step(struct stream_group *group, size_t *budget_count) {
    struct stream_index_item *item;

    while (*budget_count > 0 && (item = stream_index_last(&group->pending)) != NULL) {
        mem_free(item->value);
        stream_index_remove_last(&group->pending);
        --*budget_count;
    }
    /* A consumer's index: some 130 pending entries to one allocation. */
    while (*budget_count > 0 && group->consumers_count > 0) {
        struct stream_consumer *consumer = group->consumers[--group->consumers_count];
        size_t weight = 1 + consumer->pending.count;
        consumer_free(consumer);
        *budget_count -= weight < *budget_count ? weight : *budget_count;
    }
    if (*budget_count == 0) return false;
    mem_free(group->consumers);
    mem_free(group);
    --*budget_count;
    return true;
}

void stream_group_remove(struct stream *stream, struct stream_group *group) {
    bool is_there;
    size_t budget_count = SIZE_MAX;
    size_t place = name_place((void *const *)stream->groups, stream->groups_count, group_name,
                              stream_group_name(group), &is_there);

    SL_ASSERT(is_there && stream->groups[place] == group);
    take_out(stream->groups, &stream->groups_count, place);
    bool is_gone = group_free_step(group, &budget_count);
    SL_ASSERT(is_gone);
}

bool stream_groups_free_step(struct stream *stream, size_t *budget_count) {
    while (*budget_count > 0 && stream->groups_count > 0) {
        if (group_free_step(stream->groups[stream->groups_count - 1], budget_count))
            stream->groups_count--;
    }
    if (stream->groups_count > 0) return false;
    mem_free(stream->groups);
    stream->groups = NULL;
    stream->groups_room = 0;
    return true;
}

/* ---- Consumers ---- */

struct stream_consumer *stream_consumer_find(const struct stream_group *group, struct slice name) {
    bool is_there;
    size_t place = name_place((void *const *)group->consumers, group->consumers_count,
                              consumer_name, name, &is_there);

    return is_there ? group->consumers[place] : NULL;
}

struct stream_consumer *stream_consumer_add(struct stream_group *group, struct slice name,
                                            uint64_t now_unix_ms) {
    bool is_there;
    size_t place = name_place((void *const *)group->consumers, group->consumers_count,
                              consumer_name, name, &is_there);

    if (is_there) return NULL;
    struct stream_consumer *consumer = mem_must_zero(sizeof *consumer + name.len);
    consumer->seen_at_unix_ms = (int64_t)now_unix_ms;
    consumer->active_at_unix_ms = -1;
    consumer->name_len = name.len;
    if (name.len > 0) memcpy(consumer->name, name.data, name.len);
    group->consumers = put_in(group->consumers, &group->consumers_count, &group->consumers_room,
                              place, consumer);
    return consumer;
}

size_t stream_consumer_remove(struct stream_group *group, struct stream_consumer *consumer) {
    size_t pending_count = consumer->pending.items_count;
    bool is_there;
    size_t place = name_place((void *const *)group->consumers, group->consumers_count,
                              consumer_name, stream_consumer_name(consumer), &is_there);
    struct stream_index_item *item;

    SL_ASSERT(is_there && group->consumers[place] == consumer);
    while ((item = stream_index_last(&consumer->pending)) != NULL) {
        mem_free(stream_index_remove(&group->pending, item->id));
        stream_index_remove_last(&consumer->pending);
    }
    take_out(group->consumers, &group->consumers_count, place);
    consumer_free(consumer);
    return pending_count;
}

/* ---- Pending entries ---- */

struct stream_pending *stream_pending_add(struct stream_group *group, struct stream_id id,
                                          struct stream_consumer *consumer,
                                          uint64_t delivered_at_unix_ms,
                                          uint64_t deliveries_count) {
    struct stream_pending *pending = mem_must(sizeof *pending);

    *pending = (struct stream_pending){delivered_at_unix_ms, deliveries_count, consumer};
    stream_index_insert(&group->pending, id, pending);
    if (consumer != NULL) stream_index_insert(&consumer->pending, id, pending);
    return pending;
}

void stream_pending_assign(struct stream_pending *pending, struct stream_id id,
                           struct stream_consumer *consumer) {
    if (pending->consumer == consumer) return;
    if (pending->consumer != NULL) {
        void *removed = stream_index_remove(&pending->consumer->pending, id);
        SL_ASSERT(removed == pending); /* G2 */
    }
    stream_index_insert(&consumer->pending, id, pending);
    pending->consumer = consumer;
}

bool stream_pending_remove(struct stream_group *group, struct stream_id id) {
    struct stream_pending *pending = stream_index_remove(&group->pending, id);

    if (pending == NULL) return false;
    void *removed = stream_index_remove(&pending->consumer->pending, id);
    SL_ASSERT(removed == pending); /* G2 */
    mem_free(pending);
    return true;
}

void stream_pending_remove_at(struct stream_group *group, struct stream_index_pos *pos) {
    const struct stream_index_item *item = stream_index_at(&group->pending, *pos);

    SL_ASSERT(item != NULL);
    struct stream_pending *pending = item->value;
    void *removed = stream_index_remove(&pending->consumer->pending, item->id);
    SL_ASSERT(removed == pending); /* G2 */
    mem_free(pending);
    stream_index_remove_at(&group->pending, pos);
}

bool stream_group_is_consistent(const struct stream_group *group) {
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *item;

    for (; (item = stream_index_at(&group->pending, pos)) != NULL;
         pos = stream_index_next(&group->pending, pos)) {
        const struct stream_pending *pending = item->value;
        if (pending->consumer == NULL) return false;
    }
    return true;
}

void stream_pending_remove_everywhere(struct stream *stream, struct stream_id id) {
    for (size_t i = 0; i < stream->groups_count; i++) stream_pending_remove(stream->groups[i], id);
}

bool stream_is_acknowledged(const struct stream *stream, struct stream_id id) {
    for (size_t i = 0; i < stream->groups_count; i++) {
        const struct stream_group *group = stream->groups[i];
        if (stream_id_compare(group->last_id, id) < 0) return false;
        if (stream_pending_find(group, id) != NULL) return false;
    }
    return true;
}

/* ---- How far a group has read ---- */

bool stream_has_tombstones(const struct stream *stream, struct stream_id first,
                           struct stream_id last) {
    struct stream_id deleted = stream->max_deleted_id;

    if (stream->length == 0 || stream_id_is_zero(deleted)) return false;
    return stream_id_compare(first, deleted) <= 0 && stream_id_compare(deleted, last) <= 0;
}

int64_t stream_entries_read_estimate(const struct stream *stream, struct stream_id id) {
    int order = stream_id_compare(id, stream->last_id);

    if (stream->entries_added == 0) return 0;
    if (stream->length == 0 && order <= 0) return (int64_t)stream->entries_added;
    if (!stream_id_is_zero(id) && stream_id_compare(id, stream->max_deleted_id) < 0)
        return STREAM_ENTRIES_READ_UNKNOWN;
    if (order == 0) return (int64_t)stream->entries_added;
    if (order > 0) return STREAM_ENTRIES_READ_UNKNOWN;
    if (stream_id_is_zero(stream->max_deleted_id) ||
        stream_id_compare(stream->max_deleted_id, stream->first_id) < 0) {
        int order_first = stream_id_compare(id, stream->first_id);
        int64_t before_first = (int64_t)(stream->entries_added - stream->length);
        if (order_first < 0) return before_first;
        if (order_first == 0) return before_first + 1;
    }
    return STREAM_ENTRIES_READ_UNKNOWN;
}

bool stream_group_lag(const struct stream *stream, const struct stream_group *group, int64_t *lag) {
    int64_t entries_read = group->entries_read;

    if (stream->entries_added == 0 || stream->length == 0) {
        *lag = 0;
        return true;
    }
    if (stream_id_compare(group->last_id, stream->first_id) < 0 &&
        stream_id_compare(stream->max_deleted_id, stream->first_id) < 0) {
        *lag = (int64_t)stream->length; /* all that is there, and nothing is missing in it */
        return true;
    }
    if (entries_read == STREAM_ENTRIES_READ_UNKNOWN ||
        stream_has_tombstones(stream, group->last_id, STREAM_ID_MAX))
        entries_read = stream_entries_read_estimate(stream, group->last_id);
    if (entries_read == STREAM_ENTRIES_READ_UNKNOWN) return false;
    *lag = (int64_t)stream->entries_added - entries_read;
    return true;
}

/* ---- Copying, measuring, checking ---- */

static void copy_consumer(struct stream_group *to, const struct stream_consumer *from) {
    struct stream_consumer *consumer = stream_consumer_add(to, stream_consumer_name(from), 0);
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *item;

    SL_ASSERT(consumer != NULL);
    consumer->seen_at_unix_ms = from->seen_at_unix_ms;
    consumer->active_at_unix_ms = from->active_at_unix_ms;
    for (; (item = stream_index_at(&from->pending, pos)) != NULL;
         pos = stream_index_next(&from->pending, pos)) {
        struct stream_pending *pending = stream_pending_find(to, item->id);
        SL_ASSERT(pending != NULL); /* G2 */
        stream_pending_assign(pending, item->id, consumer);
    }
}

void stream_groups_copy(struct stream *to, const struct stream *from) {
    for (size_t i = 0; i < from->groups_count; i++) {
        const struct stream_group *group = from->groups[i];
        struct stream_group *copy = stream_group_add(to, stream_group_name(group), group->last_id,
                                                     group->entries_read);
        struct stream_index_pos pos = {0, 0};
        struct stream_index_item *item;

        SL_ASSERT(copy != NULL);
        for (; (item = stream_index_at(&group->pending, pos)) != NULL;
             pos = stream_index_next(&group->pending, pos)) {
            const struct stream_pending *pending = item->value;
            stream_pending_add(copy, item->id, NULL, pending->delivered_at_unix_ms,
                               pending->deliveries_count);
        }
        for (size_t k = 0; k < group->consumers_count; k++)
            copy_consumer(copy, group->consumers[k]);
    }
}

size_t stream_groups_memory_bytes(const struct stream *stream, size_t samples_count) {
    size_t bytes = 0;

    if (stream->groups_count == 0) return 0;
    bytes += mem_usable_bytes(stream->groups);
    for (size_t i = 0; i < stream->groups_count; i++) {
        const struct stream_group *group = stream->groups[i];
        size_t consumers_bytes = 0, sampled_count = 0;

        bytes += mem_usable_bytes(group) + stream_index_memory_bytes(&group->pending);
        if (group->pending.items_count > 0)
            bytes += group->pending.items_count *
                     mem_usable_bytes(stream_index_first(&group->pending)->value);
        if (group->consumers_count == 0) continue;
        for (; sampled_count < group->consumers_count && sampled_count < samples_count;
             sampled_count++) {
            const struct stream_consumer *consumer = group->consumers[sampled_count];
            consumers_bytes += mem_usable_bytes(consumer) +
                               stream_index_memory_bytes(&consumer->pending);
        }
        bytes += mem_usable_bytes(group->consumers) +
                 consumers_bytes / sampled_count * group->consumers_count;
    }
    return bytes;
}

static void check_group(const struct stream_group *group) {
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *item;
    size_t pending_count = 0;

    stream_index_check(&group->pending);
    for (size_t i = 0; i < group->consumers_count; i++) {
        const struct stream_consumer *consumer = group->consumers[i];
        SL_ASSERT(i == 0 || compare_names(stream_consumer_name(group->consumers[i - 1]),
                                          stream_consumer_name(consumer)) < 0); /* G1 */
        stream_index_check(&consumer->pending);
        pending_count += consumer->pending.items_count;
    }
    SL_ASSERT(pending_count == group->pending.items_count); /* G2 */
    for (; (item = stream_index_at(&group->pending, pos)) != NULL;
         pos = stream_index_next(&group->pending, pos)) {
        const struct stream_pending *pending = item->value;
        SL_ASSERT(stream_index_find(&pending->consumer->pending, item->id) == pending); /* G2 */
    }
}

void stream_groups_check(const struct stream *stream) {
    for (size_t i = 0; i < stream->groups_count; i++) {
        SL_ASSERT(i == 0 || compare_names(stream_group_name(stream->groups[i - 1]),
                                          stream_group_name(stream->groups[i])) < 0); /* G1 */
        check_group(stream->groups[i]);
    }
}
