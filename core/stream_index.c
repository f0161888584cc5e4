/* stream_index.c - a sorted array in chunks.
 *
 *     chunks   | .. | c0 | c1 | c2 | c3 | .. | .. |    first = 1, count = 4
 *                     [1-0 2-0 .. 9-0] [9-5 ..] ...
 *
 * Nearly everything happens at the two ends: what is new comes last, what is trimmed or
 * acknowledged is mostly the oldest. In the middle a change moves at most one chunk's items and,
 * when a chunk comes or goes, the pointers to the chunks. A radix tree, as Redis has it here,
 * takes twice the memory per pending entry.
 *
 * I1  No chunk is empty; ids rise strictly within and across chunks.
 * I2  A chunk starts small and doubles; two neighbours are joined when both fit into half a
 *     chunk, so that ids taken out at random leave at least a quarter of each full-sized pair in
 *     use. */
#include "core/stream_index.h"

#include "core/mem.h"

enum {
    CHUNK_ITEMS_MAX = 128,
    CHUNK_ITEMS_MIN = 2,
    CHUNKS_MIN = 4,
};

struct stream_index_chunk {
    uint32_t count, room;
    struct stream_index_item items[];
};

bool stream_id_increment(struct stream_id *id) {
    if (id->seq != UINT64_MAX) {
        id->seq++;
        return true;
    }
    if (id->ms == UINT64_MAX) return false;
    id->ms++;
    id->seq = 0;
    return true;
}

bool stream_id_decrement(struct stream_id *id) {
    if (id->seq != 0) {
        id->seq--;
        return true;
    }
    if (id->ms == 0) return false;
    id->ms--;
    id->seq = UINT64_MAX;
    return true;
}

static inline struct stream_index_chunk *chunk_at(const struct stream_index *index, uint32_t i) {
    SL_DEBUG_ASSERT(i < index->count);
    return index->chunks[index->first + i];
}

static size_t chunk_bytes(uint32_t room) {
    return sizeof(struct stream_index_chunk) + room * sizeof(struct stream_index_item);
}

void stream_index_free(struct stream_index *index) {
    for (uint32_t i = 0; i < index->count; i++) mem_free(chunk_at(index, i));
    mem_free(index->chunks);
    *index = (struct stream_index){.count = 0};
}

/* ---- Finding ---- */

/* How many of the chunks begin at or before id. */
static uint32_t chunks_up_to(const struct stream_index *index, struct stream_id id) {
    uint32_t low = 0, high = index->count;

    if (high > 0 && stream_id_compare(chunk_at(index, high - 1)->items[0].id, id) <= 0) return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stream_id_compare(chunk_at(index, middle)->items[0].id, id) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many of the items are below id. */
static uint32_t items_below(const struct stream_index_chunk *chunk, struct stream_id id) {
    uint32_t low = 0, high = chunk->count;

    if (stream_id_compare(chunk->items[high - 1].id, id) < 0) return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stream_id_compare(chunk->items[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct stream_index_pos stream_index_seek(const struct stream_index *index, struct stream_id id) {
    uint32_t chunks = chunks_up_to(index, id);

    if (chunks == 0) return (struct stream_index_pos){0, 0};
    uint32_t item = items_below(chunk_at(index, chunks - 1), id);
    if (item == chunk_at(index, chunks - 1)->count) return (struct stream_index_pos){chunks, 0};
    return (struct stream_index_pos){chunks - 1, item};
}

bool stream_index_floor(const struct stream_index *index, struct stream_id id,
                        struct stream_index_pos *pos) {
    uint32_t chunks = chunks_up_to(index, id);

    if (chunks == 0) return false;
    const struct stream_index_chunk *chunk = chunk_at(index, chunks - 1);
    uint32_t item = items_below(chunk, id);
    if (item == chunk->count || !stream_id_equal(chunk->items[item].id, id)) {
        SL_ASSERT(item > 0); /* the chunk begins at or before id */
        item--;
    }
    *pos = (struct stream_index_pos){chunks - 1, item};
    return true;
}

struct stream_index_item *stream_index_at(const struct stream_index *index,
                                          struct stream_index_pos pos) {
    if (pos.chunk >= index->count) return NULL;
    struct stream_index_chunk *chunk = chunk_at(index, pos.chunk);
    SL_ASSERT(pos.item < chunk->count);
    return &chunk->items[pos.item];
}

struct stream_index_pos stream_index_next(const struct stream_index *index,
                                          struct stream_index_pos pos) {
    SL_ASSERT(pos.chunk < index->count);
    if (++pos.item == chunk_at(index, pos.chunk)->count)
        return (struct stream_index_pos){pos.chunk + 1, 0};
    return pos;
}

bool stream_index_prev(const struct stream_index *index, struct stream_index_pos *pos) {
    if (pos->item > 0) {
        pos->item--;
        return true;
    }
    if (pos->chunk == 0) return false;
    pos->chunk--;
    pos->item = chunk_at(index, pos->chunk)->count - 1;
    return true;
}

struct stream_index_item *stream_index_first(const struct stream_index *index) {
    return index->count == 0 ? NULL : &chunk_at(index, 0)->items[0];
}

struct stream_index_item *stream_index_last(const struct stream_index *index) {
    if (index->count == 0) return NULL;
    struct stream_index_chunk *chunk = chunk_at(index, index->count - 1);
    return &chunk->items[chunk->count - 1];
}

static struct stream_index_item *find(const struct stream_index *index, struct stream_id id,
                                      struct stream_index_pos *pos) {
    *pos = stream_index_seek(index, id);
    struct stream_index_item *item = stream_index_at(index, *pos);
    return item != NULL && stream_id_equal(item->id, id) ? item : NULL;
}

void *stream_index_find(const struct stream_index *index, struct stream_id id) {
    struct stream_index_pos pos;
    struct stream_index_item *item = find(index, id, &pos);
    return item != NULL ? item->value : NULL;
}

/* ---- Changing ---- */

static struct stream_index_chunk *chunk_resize(struct stream_index_chunk *chunk, uint32_t room) {
    uint32_t count = chunk != NULL ? chunk->count : 0;

    SL_ASSERT(room >= count && room <= CHUNK_ITEMS_MAX);
    chunk = mem_must_realloc(chunk, chunk_bytes(room));
    chunk->count = count;
    chunk->room = room;
    return chunk;
}

/* Puts the chunk in before chunks[at]. */
static void put_chunk(struct stream_index *index, uint32_t at, struct stream_index_chunk *chunk) {
    if (index->first + index->count == index->room) {
        if (index->first > index->room / 2) {
            memmove(index->chunks, index->chunks + index->first,
                    index->count * sizeof(struct stream_index_chunk *));
            index->first = 0;
        } else {
            index->room = index->room == 0 ? CHUNKS_MIN : index->room * 2;
            index->chunks = mem_must_realloc(
                index->chunks, (size_t)index->room * sizeof(struct stream_index_chunk *));
        }
    }
    struct stream_index_chunk **place = index->chunks + index->first + at;
    memmove(place + 1, place, (index->count - at) * sizeof(struct stream_index_chunk *));
    *place = chunk;
    index->count++;
}

static void drop_chunk(struct stream_index *index, uint32_t at) {
    struct stream_index_chunk **place = index->chunks + index->first + at;

    mem_free(*place);
    if (at == 0)
        index->first++;
    else
        memmove(place, place + 1, (index->count - at - 1) * sizeof(struct stream_index_chunk *));
    index->count--;
    if (index->count == 0) stream_index_free(index);
}

void stream_index_insert(struct stream_index *index, struct stream_id id, void *value) {
    struct stream_index_item new_item = {id, value};
    uint32_t at = chunks_up_to(index, id);

    SL_ASSERT(value != NULL);
    index->items_count++;
    if (at == 0 && index->count == 0) {
        struct stream_index_chunk *chunk = chunk_resize(NULL, CHUNK_ITEMS_MIN);
        chunk->items[chunk->count++] = new_item;
        put_chunk(index, 0, chunk);
        return;
    }
    if (at > 0) at--;
    struct stream_index_chunk *chunk = chunk_at(index, at);
    uint32_t item = items_below(chunk, id);
    SL_ASSERT(item == chunk->count || !stream_id_equal(chunk->items[item].id, id));
    if (chunk->count == CHUNK_ITEMS_MAX) {
        struct stream_index_chunk *right;
        if (item == chunk->count && at + 1 == index->count) { /* at the very end: leave it full */
            right = chunk_resize(NULL, CHUNK_ITEMS_MAX);
        } else {
            uint32_t left_count = CHUNK_ITEMS_MAX / 2;
            right = chunk_resize(NULL, CHUNK_ITEMS_MAX);
            right->count = CHUNK_ITEMS_MAX - left_count;
            memcpy(right->items, chunk->items + left_count,
                   right->count * sizeof(struct stream_index_item));
            chunk->count = left_count;
        }
        put_chunk(index, at + 1, right);
        if (item > chunk->count || right->count == 0) {
            item -= chunk->count;
            chunk = right;
            at++;
        }
    } else if (chunk->count == chunk->room) {
        uint32_t room = chunk->room * 2 < CHUNK_ITEMS_MAX ? chunk->room * 2 : CHUNK_ITEMS_MAX;
        chunk = chunk_resize(chunk, room);
        index->chunks[index->first + at] = chunk;
    }
    memmove(chunk->items + item + 1, chunk->items + item,
            (chunk->count - item) * sizeof(struct stream_index_item));
    chunk->items[item] = new_item;
    chunk->count++;
}

/* Joins chunks[at] and the one after it when they are sparse. */
static bool join(struct stream_index *index, uint32_t at) {
    struct stream_index_chunk *left = chunk_at(index, at), *right = chunk_at(index, at + 1);

    if (left->count + right->count > CHUNK_ITEMS_MAX / 2) return false;
    if (left->room < left->count + right->count) {
        left = chunk_resize(left, CHUNK_ITEMS_MAX);
        index->chunks[index->first + at] = left;
    }
    memcpy(left->items + left->count, right->items,
           right->count * sizeof(struct stream_index_item));
    left->count += right->count;
    drop_chunk(index, at + 1);
    return true;
}

void stream_index_remove_at(struct stream_index *index, struct stream_index_pos *pos) {
    struct stream_index_chunk *chunk = chunk_at(index, pos->chunk);

    SL_ASSERT(pos->item < chunk->count);
    index->items_count--;
    chunk->count--;
    memmove(chunk->items + pos->item, chunk->items + pos->item + 1,
            (chunk->count - pos->item) * sizeof(struct stream_index_item));
    if (chunk->count == 0) {
        drop_chunk(index, pos->chunk);
        pos->item = 0;
        return;
    }
    if (pos->chunk + 1 < index->count) {
        join(index, pos->chunk);
    } else if (pos->chunk > 0) {
        uint32_t left_count = chunk_at(index, pos->chunk - 1)->count;
        if (join(index, pos->chunk - 1)) {
            pos->chunk--;
            pos->item += left_count;
        }
    }
    if (pos->item == chunk_at(index, pos->chunk)->count)
        *pos = (struct stream_index_pos){pos->chunk + 1, 0};
}

void *stream_index_remove(struct stream_index *index, struct stream_id id) {
    struct stream_index_pos pos;
    struct stream_index_item *item = find(index, id, &pos);

    if (item == NULL) return NULL;
    void *value = item->value;
    stream_index_remove_at(index, &pos);
    return value;
}

void stream_index_remove_last(struct stream_index *index) {
    SL_ASSERT(index->count > 0);
    struct stream_index_chunk *chunk = chunk_at(index, index->count - 1);
    index->items_count--;
    if (--chunk->count == 0) drop_chunk(index, index->count - 1);
}

/* ---- Measuring, checking ---- */

size_t stream_index_memory_bytes(const struct stream_index *index) {
    if (index->count == 0) return 0;
    size_t bytes = mem_usable_bytes(index->chunks);
    if (index->count > 1)
        bytes += (size_t)(index->count - 1) * mem_usable_bytes(chunk_at(index, 0));
    return bytes + mem_usable_bytes(chunk_at(index, index->count - 1));
}

void stream_index_check(const struct stream_index *index) {
    struct stream_id previous = STREAM_ID_MIN;
    size_t items_count = 0;

    SL_ASSERT(index->first + index->count <= index->room);
    for (uint32_t i = 0; i < index->count; i++) {
        const struct stream_index_chunk *chunk = chunk_at(index, i);
        SL_ASSERT(chunk->count > 0 && chunk->count <= chunk->room);
        for (uint32_t k = 0; k < chunk->count; k++) {
            bool is_first = i == 0 && k == 0;
            SL_ASSERT(is_first || stream_id_compare(previous, chunk->items[k].id) < 0); /* I1 */
            SL_ASSERT(chunk->items[k].value != NULL);
            previous = chunk->items[k].id;
        }
        items_count += chunk->count;
    }
    SL_ASSERT(items_count == index->items_count);
}
