/* stream.c - entries in nodes.
 *
 * A node is a listpack. It begins with a master entry, whose id stands in the index, and whose
 * field names entries of the same fields do not repeat:
 *
 *     master:  live count | deleted count | fields count | field ... | 0
 *     entry:   flags | ms less the master's | seq less the master's | value ... | elements count     same fields
 *              flags | ms | seq | pairs count | field | value ... | elements count                   others
 *
 * The last number says how many elements the entry has before it, for walking backwards; the
 * master's 0 ends such a walk. What is deleted is only marked, until nothing else is left in its
 * node.
 *
 * S1  A node's master id is the id of its first entry; ids rise through a node and from node to
 *     node.
 * S2  length is the sum of the nodes' live counts. A node without live entries is only left by a
 *     trim by id inside a node whose last entries were deleted before (as in Redis).
 * S3  first_id is the id of the first live entry, 0-0 without one; last_id is never below an
 *     entry's.
 * S4  The last node has room ahead; a node that is full is given back what it does not need. */
#include "core/stream.h"

#include "core/listpack.h"
#include "core/mem.h"
#include "core/stream_group.h"

enum {
    FLAG_DELETED = 1,
    FLAG_SAME_FIELDS = 2,
    ENTRY_FIXED_ELEMENTS = 3, /* flags, ms, seq */
    MASTER_FIXED_ELEMENTS = 4,
    NODE_ROOM_BYTES_MIN = 64,
    NODE_ROOM_BYTES_MAX = 4096,
};
#define STREAM_MAGIC UINT64_C(0x73747265616d3137)

struct stream *stream_new(void) {
    struct stream *stream = mem_must_zero(sizeof *stream);

    stream->magic = STREAM_MAGIC;
    return stream;
}

/* ---- Numbers in a node ---- */

static inline int64_t integer_at(const unsigned char *element) {
    struct slice text;
    int64_t value;

    if (SL_LIKELY(element[0] < 0x80)) return element[0];
    bool is_integer = listpack_get_integer(element, &value, &text);
    SL_ASSERT(is_integer);
    return value;
}

struct node_counts {
    int64_t live, deleted, fields;
    unsigned char *field; /* the master's first, or its final 0 */
};

static inline struct node_counts node_counts(const unsigned char *listpack) {
    const unsigned char *element = listpack_first(listpack);
    struct node_counts counts;

    counts.live = integer_at(element);
    element = listpack_next(listpack, element);
    counts.deleted = integer_at(element);
    element = listpack_next(listpack, element);
    counts.fields = integer_at(element);
    counts.field = listpack_next(listpack, element);
    return counts;
}

/* The first entry, or NULL. */
static unsigned char *first_entry(const unsigned char *listpack, const struct node_counts *counts) {
    unsigned char *element = counts->field;

    for (int64_t i = 0; i < counts->fields; i++) element = listpack_next(listpack, element);
    return listpack_next(listpack, element);
}

static unsigned char *set_counts(unsigned char *listpack, int64_t live, int64_t deleted) {
    unsigned char *element = listpack_first(listpack);

    listpack = listpack_replace_integer(listpack, &element, live);
    element = listpack_next(listpack, element);
    return listpack_replace_integer(listpack, &element, deleted);
}

/* What an entry says; the flags' element is its address. */
struct entry_head {
    int64_t flags, pairs;
    struct stream_id id;
    unsigned char *data; /* the first value (same fields) or field */
};

static inline struct entry_head entry_head(const unsigned char *listpack, struct stream_id master,
                                           int64_t master_fields, const unsigned char *entry) {
    struct entry_head head;
    const unsigned char *element = entry;

    head.flags = integer_at(element);
    element = listpack_next(listpack, element);
    head.id.ms = master.ms + (uint64_t)integer_at(element);
    element = listpack_next(listpack, element);
    head.id.seq = master.seq + (uint64_t)integer_at(element);
    element = listpack_next(listpack, element);
    head.pairs = master_fields;
    if (!(head.flags & FLAG_SAME_FIELDS)) {
        head.pairs = integer_at(element);
        element = listpack_next(listpack, element);
    }
    head.data = (unsigned char *)(uintptr_t)element;
    return head;
}

/* The entry after this one, or NULL. */
static unsigned char *entry_after(const unsigned char *listpack, const struct entry_head *head) {
    unsigned char *element = head->data;
    int64_t elements = head->flags & FLAG_SAME_FIELDS ? head->pairs : 2 * head->pairs;

    for (; elements > 0; elements--) element = listpack_next(listpack, element);
    return listpack_next(listpack, element); /* over the elements count */
}

/* The entry that ends before `end` (NULL: the listpack's end), or NULL at the master. */
static unsigned char *entry_before(const unsigned char *listpack, const unsigned char *end) {
    unsigned char *element = end != NULL ? listpack_prev(listpack, end) : listpack_last(listpack);
    int64_t elements = integer_at(element);

    if (elements == 0) return NULL;
    for (; elements > 0; elements--) element = listpack_prev(listpack, element);
    return element;
}

/* ---- Adding ---- */

/* A full node, without its room. An allocator may keep the block when it is told to shrink it by
 * less than half. */
static void *shrunk(unsigned char *listpack) {
    size_t bytes = listpack_bytes(listpack), usable_bytes = mem_usable_bytes(listpack);

    if (usable_bytes - bytes <= bytes / 8) return listpack;
    unsigned char *copy = listpack_try_copy(listpack);
    if (copy == NULL) return listpack;
    listpack_free(listpack);
    return copy;
}

static bool is_full(const struct stream_limits *limits, const unsigned char *listpack,
                    const struct node_counts *counts, size_t text_bytes) {
    size_t bytes_max = limits->node_bytes_max;

    if (bytes_max == 0 || bytes_max > STREAM_NODE_BYTES_MAX) bytes_max = STREAM_NODE_BYTES_MAX;
    if (listpack_bytes(listpack) + text_bytes >= bytes_max) return true;
    return limits->node_entries_max > 0 &&
           (uint64_t)(counts->live + counts->deleted) >= limits->node_entries_max;
}

static bool has_fields(const unsigned char *listpack, const struct node_counts *counts,
                       const struct slice *args, size_t pairs_count) {
    const unsigned char *field = counts->field;

    if ((uint64_t)counts->fields != pairs_count) return false;
    for (size_t i = 0; i < pairs_count; i++) {
        if (!listpack_equals(field, args[2 * i])) return false;
        field = listpack_next(listpack, field);
    }
    return true;
}

static unsigned char *write_master(unsigned char *at, const struct slice *args,
                                   size_t pairs_count) {
    at = listpack_write_integer(at, 1);
    at = listpack_write_integer(at, 0);
    at = listpack_write_integer(at, (int64_t)pairs_count);
    for (size_t i = 0; i < pairs_count; i++) at = listpack_write(at, args[2 * i]);
    return listpack_write_integer(at, 0);
}

static size_t clamp(size_t value, size_t min, size_t max) {
    return value < min ? min : value > max ? max : value;
}

enum stream_add_result stream_add(struct stream *stream, const struct stream_limits *limits,
                                  struct stream_id id, const struct slice *args,
                                  size_t pairs_count) {
    struct stream_index_item *node = stream_index_last(&stream->nodes);
    unsigned char *listpack = NULL, *end;
    struct node_counts counts = {0};
    struct stream_id master = id;
    size_t text_bytes = 0, room_bytes = NODE_ROOM_BYTES_MIN;

    SL_ASSERT(stream->magic == STREAM_MAGIC);
    if (stream_id_compare(id, stream->last_id) <= 0) return STREAM_ADD_ID_TOO_SMALL;
    for (size_t i = 0; i < 2 * pairs_count; i++) text_bytes += args[i].len;
    if (text_bytes > STREAM_NODE_BYTES_MAX) return STREAM_ADD_TOO_LARGE;
    if (SL_LIKELY(node != NULL)) {
        listpack = node->value;
        counts = node_counts(listpack);
        room_bytes = listpack_bytes(listpack);
        if (is_full(limits, listpack, &counts, text_bytes)) {
            node->value = shrunk(listpack);
            listpack = NULL;
        } else {
            room_bytes *= 2;
        }
    }
    /* Twice what is needed for fields that the master gets as well. */
    size_t bytes = 2 * text_bytes +
                   (3 * pairs_count + ENTRY_FIXED_ELEMENTS + MASTER_FIXED_ELEMENTS + 2) *
                       LISTPACK_ELEMENT_EXTRA_BYTES;
    room_bytes = clamp(room_bytes, NODE_ROOM_BYTES_MIN, NODE_ROOM_BYTES_MAX);
    bool is_new = listpack == NULL, is_same = true;
    size_t elements_count = ENTRY_FIXED_ELEMENTS + pairs_count;
    if (is_new) {
        unsigned char *empty = listpack_new(0);
        listpack = listpack_try_reserve(empty, bytes, room_bytes, &end);
        if (listpack == NULL) {
            listpack_free(empty);
            return STREAM_ADD_NO_MEMORY;
        }
        end = write_master(end, args, pairs_count);
        listpack_wrote(listpack, end, pairs_count + MASTER_FIXED_ELEMENTS);
    } else {
        master = node->id;
        is_same = has_fields(listpack, &counts, args, pairs_count);
        listpack = listpack_try_reserve(listpack, bytes, room_bytes, &end);
        if (listpack == NULL) return STREAM_ADD_NO_MEMORY;
        unsigned char *count = listpack_first(listpack);
        if (SL_LIKELY(counts.live < 127)) {
            *count = (unsigned char)(counts.live + 1); /* one byte, and stays one */
        } else {
            listpack = listpack_replace_integer(listpack, &count, counts.live + 1);
            end = listpack + listpack_bytes(listpack) - 1;
        }
    }
    end = listpack_write_integer(end, is_same ? FLAG_SAME_FIELDS : 0);
    end = listpack_write_integer(end, (int64_t)(id.ms - master.ms));
    end = listpack_write_integer(end, (int64_t)(id.seq - master.seq));
    if (is_same) {
        for (size_t i = 0; i < pairs_count; i++) end = listpack_write(end, args[2 * i + 1]);
    } else {
        elements_count += pairs_count + 1;
        end = listpack_write_integer(end, (int64_t)pairs_count);
        for (size_t i = 0; i < 2 * pairs_count; i++) end = listpack_write(end, args[i]);
    }
    end = listpack_write_integer(end, (int64_t)elements_count);
    listpack_wrote(listpack, end, elements_count + 1);
    if (is_new)
        stream_index_insert(&stream->nodes, id, listpack);
    else
        node->value = listpack;
    if (stream->length++ == 0) stream->first_id = id;
    stream->entries_added++;
    stream->last_id = id;
    return STREAM_ADD_OK;
}

/* ---- Reading ---- */

/* False: there is no node there. */
static bool enter_node(struct stream_iter *iter) {
    struct stream_index_item *item = stream_index_at(&iter->stream->nodes, iter->node);

    iter->listpack = NULL;
    if (item == NULL) return false;
    iter->listpack = item->value;
    iter->node_id = item->id;
    struct node_counts counts = node_counts(iter->listpack);
    iter->fields = counts.field;
    iter->fields_count = (size_t)counts.fields;
    iter->entry = iter->is_backward ? NULL : first_entry(iter->listpack, &counts);
    return true;
}

void stream_iter_init(struct stream_iter *iter, const struct stream *stream, struct stream_id first,
                      struct stream_id last, bool is_backward) {
    *iter = (struct stream_iter){
        .stream = stream, .first = first, .last = last, .is_backward = is_backward};
    SL_ASSERT(stream->magic == STREAM_MAGIC);
    bool has_floor = stream_index_floor(&stream->nodes, is_backward ? last : first, &iter->node);
    if (!has_floor && is_backward) return; /* all is behind the range */
    if (!has_floor) iter->node = (struct stream_index_pos){0, 0};
    enter_node(iter);
}

static bool iter_next_forward(struct stream_iter *iter, struct entry_head *head) {
    for (;;) {
        while (iter->entry == NULL) {
            iter->node = stream_index_next(&iter->stream->nodes, iter->node);
            if (!enter_node(iter)) return false;
        }
        *head = entry_head(iter->listpack, iter->node_id, (int64_t)iter->fields_count, iter->entry);
        iter->entry = entry_after(iter->listpack, head);
        if (stream_id_compare(head->id, iter->last) > 0) return false;
        if (head->flags & FLAG_DELETED) continue;
        if (stream_id_compare(head->id, iter->first) >= 0) return true;
    }
}

static bool iter_next_backward(struct stream_iter *iter, struct entry_head *head) {
    for (;;) {
        unsigned char *entry = entry_before(iter->listpack, iter->entry);
        if (entry == NULL) {
            if (!stream_index_prev(&iter->stream->nodes, &iter->node) || !enter_node(iter))
                return false;
            continue;
        }
        iter->entry = entry;
        *head = entry_head(iter->listpack, iter->node_id, (int64_t)iter->fields_count, entry);
        if (stream_id_compare(head->id, iter->first) < 0) return false;
        if (head->flags & FLAG_DELETED) continue;
        if (stream_id_compare(head->id, iter->last) <= 0) return true;
    }
}

bool stream_iter_next(struct stream_iter *iter, struct stream_id *id, size_t *pairs_count) {
    struct entry_head head;

    if (iter->listpack == NULL) return false;
    if (!(iter->is_backward ? iter_next_backward(iter, &head) : iter_next_forward(iter, &head))) {
        iter->listpack = NULL;
        return false;
    }
    *id = head.id;
    *pairs_count = (size_t)head.pairs;
    iter->pairs_left = (size_t)head.pairs;
    iter->is_same_fields = (head.flags & FLAG_SAME_FIELDS) != 0;
    iter->field = iter->is_same_fields ? iter->fields : head.data;
    iter->value = iter->is_same_fields ? head.data : NULL;
    return true;
}

void stream_iter_pair(struct stream_iter *iter, struct slice *field, struct slice *value,
                      char *field_scratch, char *value_scratch) {
    SL_ASSERT(iter->pairs_left > 0);
    iter->pairs_left--;
    *field = listpack_get(iter->field, field_scratch);
    if (!iter->is_same_fields) iter->value = listpack_next(iter->listpack, iter->field);
    *value = listpack_get(iter->value, value_scratch);
    if (iter->is_same_fields) {
        iter->field = listpack_next(iter->listpack, iter->field);
        iter->value = listpack_next(iter->listpack, iter->value);
    } else {
        iter->field = listpack_next(iter->listpack, iter->value);
    }
}

bool stream_has(const struct stream *stream, struct stream_id id) {
    struct stream_iter iter;
    size_t pairs_count;

    stream_iter_init(&iter, stream, id, id, false);
    return stream_iter_next(&iter, &id, &pairs_count);
}

bool stream_edge_id(const struct stream *stream, bool is_last, struct stream_id *id) {
    struct stream_iter iter;
    size_t pairs_count;

    if (stream->length == 0) return false;
    stream_iter_init(&iter, stream, STREAM_ID_MIN, STREAM_ID_MAX, is_last);
    return stream_iter_next(&iter, id, &pairs_count);
}

/* ---- Taking away ---- */

static void update_first(struct stream *stream) {
    if (!stream_edge_id(stream, false, &stream->first_id)) stream->first_id = STREAM_ID_MIN;
}

/* Its flags are one byte with the mark as without: nothing moves. */
static void mark_deleted(unsigned char *entry, int64_t flags) {
    SL_ASSERT((flags & ~(int64_t)FLAG_SAME_FIELDS) == 0);
    *entry = (unsigned char)(flags | FLAG_DELETED);
}

bool stream_delete(struct stream *stream, struct stream_id id) {
    struct stream_index_pos pos;

    SL_ASSERT(stream->magic == STREAM_MAGIC);
    if (!stream_index_floor(&stream->nodes, id, &pos)) return false;
    struct stream_index_item *node = stream_index_at(&stream->nodes, pos);
    unsigned char *listpack = node->value;
    struct node_counts counts = node_counts(listpack);
    unsigned char *entry = first_entry(listpack, &counts);
    while (entry != NULL) {
        struct entry_head head = entry_head(listpack, node->id, counts.fields, entry);
        int order = stream_id_compare(head.id, id);
        if (order > 0) return false;
        if (order < 0) {
            entry = entry_after(listpack, &head);
            continue;
        }
        if (head.flags & FLAG_DELETED) return false;
        mark_deleted(entry, head.flags);
        break;
    }
    if (entry == NULL) return false;
    stream->length--;
    if (counts.live == 1) {
        listpack_free(listpack);
        stream_index_remove_at(&stream->nodes, &pos);
    } else {
        node->value = set_counts(listpack, counts.live - 1, counts.deleted + 1);
    }
    if (stream_id_equal(id, stream->first_id)) update_first(stream);
    return true;
}

/* Goes the whole node? */
static bool is_before_trim(const struct stream *stream, const struct stream_trim *trim,
                           const struct stream_index_item *node, const struct node_counts *counts) {
    if (trim->by == STREAM_TRIM_MAXLEN)
        return stream->length - (uint64_t)counts->live >= trim->entries_max;
    const unsigned char *entry = entry_before(node->value, NULL);
    if (entry == NULL) return true;
    struct entry_head head = entry_head(node->value, node->id, counts->fields, entry);
    return stream_id_compare(head.id, trim->id_min) < 0;
}

/* Marks the first entries of the node, which is not trimmed whole. */
static uint64_t trim_inside(struct stream *stream, const struct stream_trim *trim,
                            struct stream_index_item *node, const struct node_counts *counts) {
    unsigned char *listpack = node->value, *entry = first_entry(listpack, counts);
    int64_t deleted_count = 0;

    while (entry != NULL) {
        struct entry_head head = entry_head(listpack, node->id, counts->fields, entry);
        if (trim->by == STREAM_TRIM_MAXLEN ? stream->length <= trim->entries_max
                                           : stream_id_compare(head.id, trim->id_min) >= 0)
            break;
        if (!(head.flags & FLAG_DELETED)) {
            mark_deleted(entry, head.flags);
            deleted_count++;
            stream->length--;
        }
        entry = entry_after(listpack, &head);
    }
    node->value = set_counts(listpack, counts->live - deleted_count,
                             counts->deleted + deleted_count);
    return (uint64_t)deleted_count;
}

uint64_t stream_trim(struct stream *stream, const struct stream_trim *trim) {
    uint64_t deleted_count = 0;
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *node;

    SL_ASSERT(stream->magic == STREAM_MAGIC);
    if (trim->by == STREAM_TRIM_NONE) return 0;
    while ((node = stream_index_at(&stream->nodes, pos)) != NULL) {
        if (trim->by == STREAM_TRIM_MAXLEN && stream->length <= trim->entries_max) break;
        struct node_counts counts = node_counts(node->value);
        if (trim->limit > 0 && deleted_count + (uint64_t)counts.live > trim->limit) break;
        if (!is_before_trim(stream, trim, node, &counts)) {
            if (!trim->is_approximate) deleted_count += trim_inside(stream, trim, node, &counts);
            break;
        }
        listpack_free(node->value);
        stream_index_remove_at(&stream->nodes, &pos);
        stream->length -= (uint64_t)counts.live;
        deleted_count += (uint64_t)counts.live;
    }
    if (deleted_count > 0) update_first(stream);
    return deleted_count;
}

/* ---- From RDB ---- */

/* A number at *element, which moves on. False: something else is there. */
static bool take_integer(const unsigned char *listpack, unsigned char **element, int64_t *value) {
    struct slice text;

    if (*element == NULL || !listpack_get_integer(*element, value, &text)) return false;
    *element = listpack_next(listpack, *element);
    return true;
}

static bool take_elements(const unsigned char *listpack, unsigned char **element, int64_t count) {
    for (; count > 0 && *element != NULL; count--) *element = listpack_next(listpack, *element);
    return count == 0;
}

/* Is it a node, with ids that rise from above `previous`? *previous: its last id. */
static bool node_is_valid(const unsigned char *listpack, struct stream_id master,
                          struct stream_id *previous, bool has_previous) {
    unsigned char *element = listpack_first(listpack);
    int64_t live, deleted, fields, zero, elements_max = (int64_t)listpack_count(listpack);
    int64_t live_found = 0, deleted_found = 0;

    if (!take_integer(listpack, &element, &live) || !take_integer(listpack, &element, &deleted) ||
        !take_integer(listpack, &element, &fields) || live < 0 || deleted < 0 || fields < 0 ||
        fields > elements_max || !take_elements(listpack, &element, fields) ||
        !take_integer(listpack, &element, &zero) || zero != 0)
        return false;
    while (element != NULL) {
        int64_t flags, ms, seq, elements, pairs, expected = ENTRY_FIXED_ELEMENTS;
        if (!take_integer(listpack, &element, &flags) || !take_integer(listpack, &element, &ms) ||
            !take_integer(listpack, &element, &seq) ||
            (flags & ~(int64_t)(FLAG_DELETED | FLAG_SAME_FIELDS)) != 0)
            return false;
        pairs = fields;
        if (flags & FLAG_SAME_FIELDS) {
            expected += pairs;
        } else {
            if (!take_integer(listpack, &element, &pairs) || pairs < 0 || pairs > elements_max)
                return false;
            expected += 1 + 2 * pairs;
        }
        if (!take_elements(listpack, &element, flags & FLAG_SAME_FIELDS ? pairs : 2 * pairs) ||
            !take_integer(listpack, &element, &elements) || elements != expected)
            return false;
        struct stream_id id = {master.ms + (uint64_t)ms, master.seq + (uint64_t)seq};
        if (stream_id_compare(id, master) < 0) return false;
        if (has_previous && stream_id_compare(id, *previous) <= 0) return false;
        *previous = id;
        has_previous = true;
        if (flags & FLAG_DELETED)
            deleted_found++;
        else
            live_found++;
    }
    return live == live_found && deleted == deleted_found && live + deleted > 0;
}

bool stream_load_node(struct stream *stream, struct stream_id id, unsigned char *listpack) {
    struct stream_index_item *node = stream_index_last(&stream->nodes);
    struct stream_id previous = STREAM_ID_MIN;
    bool has_previous = false;

    if (node != NULL) {
        struct node_counts counts = node_counts(node->value);
        const unsigned char *entry = entry_before(node->value, NULL);
        SL_ASSERT(entry != NULL); /* it was loaded by this function */
        previous = entry_head(node->value, node->id, counts.fields, entry).id;
        has_previous = true;
        if (stream_id_compare(id, previous) <= 0) return false;
    }
    if (!node_is_valid(listpack, id, &previous, has_previous)) return false;
    stream_index_insert(&stream->nodes, id, listpack);
    return true;
}

bool stream_is_consistent(struct stream *stream) {
    uint64_t length = 0;
    struct stream_id id;
    struct stream_index_pos pos = {0, 0};

    for (struct stream_index_item *node; (node = stream_index_at(&stream->nodes, pos)) != NULL;) {
        length += (uint64_t)node_counts(node->value).live;
        pos = stream_index_next(&stream->nodes, pos);
    }
    if (length != stream->length) return false;
    if (length == 0) {
        stream->first_id = STREAM_ID_MIN;
        return true;
    }
    if (!stream_edge_id(stream, true, &id) || stream_id_compare(id, stream->last_id) > 0)
        return false;
    update_first(stream);
    return true;
}

void stream_check(const struct stream *stream) {
    struct stream_index_pos pos = {0, 0};
    struct stream_id previous = STREAM_ID_MIN, first;
    bool has_previous = false;
    uint64_t length = 0;

    SL_ASSERT(stream->magic == STREAM_MAGIC);
    stream_index_check(&stream->nodes);
    for (struct stream_index_item *node; (node = stream_index_at(&stream->nodes, pos)) != NULL;) {
        SL_ASSERT(listpack_is_valid(node->value, listpack_bytes(node->value)));
        SL_ASSERT(node_is_valid(node->value, node->id, &previous, has_previous)); /* S1 */
        has_previous = true;
        length += (uint64_t)node_counts(node->value).live;
        pos = stream_index_next(&stream->nodes, pos);
    }
    SL_ASSERT(length == stream->length); /* S2 */
    SL_ASSERT(!has_previous || stream_id_compare(previous, stream->last_id) <= 0); /* S3 */
    bool has_first = stream_edge_id(stream, false, &first);
    SL_ASSERT(stream_id_equal(has_first ? first : STREAM_ID_MIN, stream->first_id)); /* S3 */
    stream_groups_check(stream);
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    const struct stream *stream = object;
    size_t weight = 1 + stream->nodes.items_count;

    for (size_t i = 0; i < stream->groups_count; i++)
        weight += 1 + stream->groups[i]->consumers_count + stream->groups[i]->pending.items_count;
    return weight;
}

static bool kind_free_step(void *object, size_t *budget_count) {
    struct stream *stream = object;
    struct stream_index_item *node;

    SL_ASSERT(stream->magic == STREAM_MAGIC);
    /* From the end: there the index shrinks without moving anything. */
    while (*budget_count > 0 && (node = stream_index_last(&stream->nodes)) != NULL) {
        listpack_free(node->value);
        stream_index_remove_last(&stream->nodes);
        --*budget_count;
    }
    if (!stream_groups_free_step(stream, budget_count) || *budget_count == 0) return true;
    stream->magic = 0;
    mem_free(stream);
    --*budget_count;
    return false;
}

void stream_free(struct stream *stream) {
    size_t budget_count = SIZE_MAX;

    if (stream == NULL) return;
    bool is_left = kind_free_step(stream, &budget_count);
    SL_ASSERT(!is_left);
}

static void kind_free(void *object) {
    stream_free(object);
}

static void *kind_try_copy(const void *object) {
    const struct stream *stream = object;
    struct stream *copy = stream_new();
    struct stream_index_pos pos = {0, 0};

    copy->length = stream->length;
    copy->entries_added = stream->entries_added;
    copy->last_id = stream->last_id;
    copy->first_id = stream->first_id;
    copy->max_deleted_id = stream->max_deleted_id;
    for (struct stream_index_item *node; (node = stream_index_at(&stream->nodes, pos)) != NULL;) {
        unsigned char *listpack = listpack_try_copy(node->value);
        if (listpack == NULL) {
            stream_free(copy);
            return NULL;
        }
        stream_index_insert(&copy->nodes, node->id, listpack);
        pos = stream_index_next(&stream->nodes, pos);
    }
    stream_groups_copy(copy, stream);
    return copy;
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    const struct stream *stream = object;
    size_t bytes = mem_usable_bytes(stream) + stream_index_memory_bytes(&stream->nodes);
    size_t nodes_count = stream->nodes.items_count, sampled_count = 0, sampled_bytes = 0;
    struct stream_index_pos pos = {0, 0};

    /* The last node has room ahead: it is counted by itself. */
    if (nodes_count > 0) bytes += mem_usable_bytes(stream_index_last(&stream->nodes)->value);
    if (samples_count == 0) samples_count = SIZE_MAX;
    while (sampled_count < samples_count && sampled_count + 1 < nodes_count) {
        sampled_bytes += mem_usable_bytes(stream_index_at(&stream->nodes, pos)->value);
        sampled_count++;
        pos = stream_index_next(&stream->nodes, pos);
    }
    if (sampled_count > 0)
        bytes += (size_t)((double)sampled_bytes / (double)sampled_count *
                          (double)(nodes_count - 1));
    return bytes + stream_groups_memory_bytes(stream, samples_count);
}

const struct object_kind stream_object_kind = {.weight = kind_weight,
                                               .free = kind_free,
                                               .free_step = kind_free_step,
                                               .try_copy = kind_try_copy,
                                               .memory_bytes = kind_memory_bytes};
