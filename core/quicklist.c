/* quicklist.c - a chain of listpacks.
 *
 *     head                                                      tail
 *     +--------+    +--------+    +---------+    +--------+    +--------+
 *     | room|lp| -> | lp     | -> | lzf(lp) | -> | blob   | -> |lp |room|
 *     +--------+    +--------+    +---------+    +--------+    +--------+
 *
 * A node's listpack lies somewhere in an allocation of its own: `gap` bytes are free before it
 * and the rest behind it, so that both ends of a list are pushed and popped without moving what
 * is there. Only the two outer nodes have much of it: one that becomes an inner node is cut to
 * size. Where nodes are split and merged follows Redis, because OBJECT ENCODING shows whether
 * one node is left.
 *
 * Q1  No node is empty; the counts of the nodes sum up to the list's.
 * Q2  A packed node: gap + listpack_bytes <= room.
 * Q3  At most one compressed node is open at a time (`opened`); it is compressed again when the
 *     next one is opened. A node may be compressed wherever it stands: everything but counts
 *     goes through open_node(). So a change of the compress depth needs no pass over all lists.
 * Q4  A node of one large element is a blob: replies and copies refer to it. */
#include "core/quicklist.h"

#include <liblzf/lzf.h>

#include "core/listpack.h"
#include "core/listpack_reply.h"
#include "core/mem.h"

enum {
    BYTES_WITH_COUNT_MAX = 8192, /* also where the rules limit the count of elements alone */
    ELEMENT_OVERHEAD = 8, /* what an element may take beside its text */
    COMPRESS_BYTES_MIN = 48, /* not worth trying below */
    COMPRESS_SAVED_MIN = 8,
    ROOM_FIRST = 128,
    REPLACED_BYTES_MAX = 1 << 20, /* replacing may take a node so far over its limit */
};

enum node_form { NODE_PACKED, NODE_LARGE, NODE_COMPRESSED };

struct compressed {
    uint32_t bytes, raw_bytes;
    unsigned char data[];
};

struct quicklist_node {
    struct quicklist_node *prev, *next;
    union {
        unsigned char *listpack;
        struct blob *blob;
        struct compressed *compressed;
    };
    uint32_t count;
    uint32_t gap, room; /* NODE_PACKED; room: the allocation's bytes */
    enum node_form form;
};

struct quicklist {
    struct quicklist_node *head, *tail;
    size_t count, nodes_count;
    struct quicklist_node *opened;
};

/* ---- The rules ---- */

static size_t bytes_limit(const struct quicklist_rules *rules) {
    if (rules->node_limit >= 0) return BYTES_WITH_COUNT_MAX;
    int64_t level = rules->node_limit < -5 ? 5 : -rules->node_limit;
    return (size_t)2048 << level;
}

bool quicklist_node_fits(const struct quicklist_rules *rules, size_t bytes, size_t count) {
    if (bytes > bytes_limit(rules)) return false;
    return rules->node_limit < 0 ||
           count <= (rules->node_limit == 0 ? 1 : (size_t)rules->node_limit);
}

bool quicklist_is_large(const struct quicklist_rules *rules, size_t len) {
    if (rules->plain_min_bytes != 0) return len >= rules->plain_min_bytes;
    return len > bytes_limit(rules);
}

/* ---- A node's memory ---- */

static struct quicklist_node *node_new(void) {
    return mem_must_zero(sizeof(struct quicklist_node));
}

static void node_free(struct quicklist_node *node) {
    switch (node->form) {
    case NODE_PACKED: mem_free(node->listpack - node->gap); break;
    case NODE_LARGE: blob_release(node->blob); break;
    case NODE_COMPRESSED: mem_free(node->compressed); break;
    }
    mem_free(node);
}

static size_t node_bytes(const struct quicklist_node *node) {
    switch (node->form) {
    case NODE_PACKED: return listpack_bytes(node->listpack);
    case NODE_LARGE: return node->blob->len;
    case NODE_COMPRESSED: break;
    }
    return node->compressed->raw_bytes;
}

static void node_set_listpack(struct quicklist_node *node, unsigned char *listpack) {
    node->listpack = listpack;
    node->form = NODE_PACKED;
    node->gap = 0;
    node->room = (uint32_t)mem_usable_bytes(listpack);
    node->count = (uint32_t)listpack_count(listpack);
}

/* Moves the listpack inside its allocation. */
static void node_slide(struct quicklist_node *node, size_t gap) {
    unsigned char *base = node->listpack - node->gap;

    if (gap == node->gap) return;
    memmove(base + gap, node->listpack, listpack_bytes(node->listpack));
    node->listpack = base + gap;
    node->gap = (uint32_t)gap;
}

/* Into another allocation. */
static void node_move(struct quicklist_node *node, size_t room, size_t gap) {
    size_t bytes = listpack_bytes(node->listpack);
    unsigned char *base = mem_must(room);

    SL_DEBUG_ASSERT(gap + bytes <= room);
    memcpy(base + gap, node->listpack, bytes);
    mem_free(node->listpack - node->gap);
    node->listpack = base + gap;
    node->gap = (uint32_t)gap;
    node->room = (uint32_t)room;
}

/* The node is an outer one no more, nothing will be pushed to it soon. */
static void node_cut(struct quicklist_node *node) {
    if (node->form != NODE_PACKED) return;
    size_t bytes = listpack_bytes(node->listpack);
    if (node->room - bytes > bytes / 16) node_move(node, bytes, 0);
}

/* ---- Compression ---- */

static void node_compress(struct quicklist_node *node) {
    if (node->form != NODE_PACKED) return;
    size_t bytes = listpack_bytes(node->listpack);
    if (bytes < COMPRESS_BYTES_MIN) return;
    struct compressed *compressed = mem_must(sizeof *compressed + bytes);
    unsigned len = lzf_compress(node->listpack, (unsigned)bytes, compressed->data,
                                (unsigned)(bytes - COMPRESS_SAVED_MIN));
    if (len == 0) { /* does not get smaller */
        mem_free(compressed);
        return;
    }
    compressed = mem_must_realloc(compressed, sizeof *compressed + len);
    compressed->bytes = len;
    compressed->raw_bytes = (uint32_t)bytes;
    mem_free(node->listpack - node->gap);
    node->compressed = compressed;
    node->form = NODE_COMPRESSED;
}

static void node_decompress(struct quicklist_node *node) {
    if (node->form != NODE_COMPRESSED) return;
    struct compressed *compressed = node->compressed;
    unsigned char *listpack = mem_must(compressed->raw_bytes);
    unsigned len = lzf_decompress(compressed->data, compressed->bytes, listpack,
                                  compressed->raw_bytes);
    SL_ASSERT(len == compressed->raw_bytes);
    mem_free(compressed);
    node_set_listpack(node, listpack);
}

static void open_compressed(const struct quicklist *list_read, struct quicklist_node *node) {
    struct quicklist *list = (struct quicklist *)(uintptr_t)list_read; /* contents stay the same */

    if (list->opened != NULL) node_compress(list->opened);
    node_decompress(node);
    list->opened = node;
}

static inline void open_node(const struct quicklist *list, struct quicklist_node *node) {
    if (SL_UNLIKELY(node->form == NODE_COMPRESSED)) open_compressed(list, node);
}

/* For the functions of listpack.c, which want the allocation's start. After them
 * node_set_listpack(). */
static unsigned char *node_plain_listpack(const struct quicklist *list,
                                          struct quicklist_node *node) {
    open_node(list, node);
    SL_ASSERT(node->form == NODE_PACKED);
    node_slide(node, 0);
    return node->listpack;
}

/* A node that has come to be by splitting or merging: to be compressed when another one is opened. */
static void note_opened(struct quicklist *list, const struct quicklist_rules *rules,
                        struct quicklist_node *node) {
    if (rules->compress_depth == 0 || list->opened == node) return;
    if (list->opened != NULL) node_compress(list->opened);
    list->opened = node;
}

static void node_keep_open(struct quicklist *list, struct quicklist_node *node) {
    if (list->opened == node) list->opened = NULL;
    node_decompress(node);
}

/* The chain around `node` (or NULL) has changed: the outer nodes are open, and the first ones
 * behind them and the node itself are compressed. */
static void compress_around(struct quicklist *list, const struct quicklist_rules *rules,
                            struct quicklist_node *node) {
    struct quicklist_node *front = list->head, *back = list->tail;

    if (rules->compress_depth == 0) return;
    if (list->nodes_count <= 2 * (size_t)rules->compress_depth) node = NULL;
    for (unsigned i = 0; i < rules->compress_depth; i++) {
        if (front == NULL) return;
        node_keep_open(list, front);
        node_keep_open(list, back);
        if (front == node || back == node) node = NULL;
        if (front == back || front->next == back) return;
        front = front->next;
        back = back->prev;
    }
    if (node != NULL && node != list->opened) node_compress(node);
    if (front != list->opened) node_compress(front);
    if (back != list->opened) node_compress(back);
}

/* ---- The chain ---- */

/* Puts a node in after `prev`; NULL: as the first. */
static void link_node(struct quicklist *list, struct quicklist_node *node,
                      struct quicklist_node *prev) {
    struct quicklist_node *next = prev != NULL ? prev->next : list->head;

    node->prev = prev;
    node->next = next;
    if (prev != NULL)
        prev->next = node;
    else
        list->head = node;
    if (next != NULL)
        next->prev = node;
    else
        list->tail = node;
    list->nodes_count++;
    list->count += node->count;
    if (prev != NULL && prev->prev != NULL) node_cut(prev);
    if (next != NULL && next->next != NULL) node_cut(next);
}

static void unlink_node(struct quicklist *list, struct quicklist_node *node) {
    if (node->prev != NULL)
        node->prev->next = node->next;
    else
        list->head = node->next;
    if (node->next != NULL)
        node->next->prev = node->prev;
    else
        list->tail = node->prev;
    if (list->opened == node) list->opened = NULL;
    list->nodes_count--;
    list->count -= node->count;
    node_free(node);
}

/* A node of this one element, not yet in the chain. NULL: no memory. */
static struct quicklist_node *node_of(const struct quicklist_rules *rules, struct slice text,
                                      bool is_for_head) {
    struct quicklist_node *node;

    if (quicklist_is_large(rules, text.len)) {
        struct blob *blob = blob_try_new(text.len, text.len);
        if (blob == NULL) return NULL;
        if (text.len > 0) memcpy(blob->data, text.data, text.len);
        node = node_new();
        node->form = NODE_LARGE;
        node->blob = blob;
        node->count = 1;
        return node;
    }
    node = node_new();
    node_set_listpack(
        node, listpack_append(listpack_new(text.len + ELEMENT_OVERHEAD + ROOM_FIRST), text));
    if (is_for_head) node_slide(node, node->room - listpack_bytes(node->listpack));
    return node;
}

static bool node_takes(const struct quicklist_rules *rules, const struct quicklist_node *node,
                       struct slice text) {
    return node != NULL && node->form != NODE_LARGE && !quicklist_is_large(rules, text.len) &&
           quicklist_node_fits(rules, node_bytes(node) + text.len + ELEMENT_OVERHEAD,
                               (size_t)node->count + 1);
}

/* ---- At the ends of a node ---- */

/* Makes room for at least need_bytes on one side, and for more to come. */
static void node_make_room(const struct quicklist *list, struct quicklist_node *node, bool is_front,
                           size_t need_bytes) {
    size_t bytes = listpack_bytes(node->listpack), slack = node->room - bytes;
    bool is_alone = list->head == list->tail;

    if (slack >= need_bytes * 2 && slack >= bytes / 2) { /* there is room, on the other side */
        node_slide(node, is_alone ? slack / 2 : is_front ? slack : 0);
        return;
    }
    size_t room = bytes * 2;
    if (room > BYTES_WITH_COUNT_MAX) {
        room = bytes + bytes / 4;
        if (room < BYTES_WITH_COUNT_MAX) room = BYTES_WITH_COUNT_MAX;
    }
    if (room < bytes + need_bytes) room = bytes + need_bytes;
    node_move(node, room, is_front ? room - bytes : 0);
}

static void node_push_front(const struct quicklist *list, struct quicklist_node *node,
                            struct slice text) {
    unsigned char *listpack = listpack_prepend_before(node->listpack, text, node->gap);

    if (SL_UNLIKELY(listpack == NULL)) {
        node_make_room(list, node, true, listpack_element_bytes(text));
        listpack = listpack_prepend_before(node->listpack, text, node->gap);
        SL_ASSERT(listpack != NULL);
    }
    node->gap -= (uint32_t)(node->listpack - listpack);
    node->listpack = listpack;
    node->count++;
}

static void node_push_back(const struct quicklist *list, struct quicklist_node *node,
                           struct slice text) {
    size_t room = node->room - node->gap - listpack_bytes(node->listpack);

    if (SL_UNLIKELY(!listpack_append_behind(node->listpack, text, room))) {
        node_make_room(list, node, false, listpack_element_bytes(text));
        room = node->room - node->gap - listpack_bytes(node->listpack);
        bool done = listpack_append_behind(node->listpack, text, room);
        SL_ASSERT(done);
    }
    node->count++;
}

static void node_drop_front(struct quicklist_node *node) {
    unsigned char *listpack = listpack_drop_first(node->listpack);

    node->gap += (uint32_t)(listpack - node->listpack);
    node->listpack = listpack;
    node->count--;
}

/* ---- Making and freeing ---- */

struct quicklist *quicklist_new(void) {
    return mem_must_zero(sizeof(struct quicklist));
}

static bool free_step(void *object, size_t *budget_count) {
    struct quicklist *list = object;

    while (list->head != NULL) {
        if (*budget_count == 0) return true;
        unlink_node(list, list->head);
        --*budget_count;
    }
    mem_free(list);
    return false;
}

void quicklist_free(struct quicklist *list) {
    size_t budget_count = SIZE_MAX;

    free_step(list, &budget_count);
}

size_t quicklist_count(const struct quicklist *list) {
    return list->count;
}

size_t quicklist_nodes_count(const struct quicklist *list) {
    return list->nodes_count;
}

/* ---- Positions ---- */

static struct quicklist_pos pos_in(const struct quicklist *list, struct quicklist_node *node,
                                   int64_t offset) {
    struct quicklist_pos pos = {.node = node};

    if (node == NULL) return pos;
    if (node->form == NODE_LARGE) return pos;
    open_node(list, node);
    pos.offset = (size_t)(offset < 0 ? offset + node->count : offset);
    pos.element = listpack_at(node->listpack, (int64_t)pos.offset);
    SL_ASSERT(pos.element != NULL);
    return pos;
}

struct quicklist_pos quicklist_first(const struct quicklist *list) {
    return pos_in(list, list->head, 0);
}

struct quicklist_pos quicklist_last(const struct quicklist *list) {
    return pos_in(list, list->tail, -1);
}

struct quicklist_pos quicklist_at(const struct quicklist *list, int64_t index) {
    struct quicklist_node *node;
    size_t left;

    if (index < 0) index += (int64_t)list->count;
    if (index < 0 || (uint64_t)index >= list->count) return (struct quicklist_pos){0};
    left = (size_t)index;
    if (left < list->count / 2) {
        for (node = list->head; left >= node->count; node = node->next) left -= node->count;
        return pos_in(list, node, (int64_t)left);
    }
    left = list->count - 1 - left; /* elements behind it */
    for (node = list->tail; left >= node->count; node = node->prev) left -= node->count;
    return pos_in(list, node, (int64_t)(node->count - 1 - left));
}

void quicklist_next(const struct quicklist *list, struct quicklist_pos *pos) {
    SL_DEBUG_ASSERT(pos->node != NULL);
    if (pos->element != NULL) {
        unsigned char *element = listpack_next(pos->node->listpack, pos->element);
        if (element != NULL) {
            pos->element = element;
            pos->offset++;
            return;
        }
    }
    *pos = pos_in(list, pos->node->next, 0);
}

void quicklist_prev(const struct quicklist *list, struct quicklist_pos *pos) {
    SL_DEBUG_ASSERT(pos->node != NULL);
    if (pos->element != NULL && pos->offset > 0) {
        pos->element = listpack_prev(pos->node->listpack, pos->element);
        pos->offset--;
        return;
    }
    *pos = pos_in(list, pos->node->prev, -1);
}

struct slice quicklist_get(const struct quicklist_pos *pos, char *scratch) {
    SL_DEBUG_ASSERT(pos->node != NULL);
    if (pos->element != NULL) return listpack_get(pos->element, scratch);
    return slice_of(pos->node->blob->data, pos->node->blob->len);
}

bool quicklist_equals(const struct quicklist_pos *pos, struct slice text) {
    if (pos->element != NULL) return listpack_equals(pos->element, text);
    return slice_equal(slice_of(pos->node->blob->data, pos->node->blob->len), text);
}

void quicklist_reply(const struct quicklist_pos *pos, struct reply *reply) {
    if (pos->element != NULL)
        listpack_reply(pos->element, reply);
    else
        reply_bulk_blob(reply, pos->node->blob, 0, pos->node->blob->len);
}

void quicklist_reply_range(const struct quicklist *list, struct reply *reply, size_t index,
                           size_t count, bool is_backward) {
    struct quicklist_pos pos = quicklist_at(list, (int64_t)index);

    while (count > 0) {
        struct quicklist_node *node = pos.node;
        SL_ASSERT(node != NULL);
        if (pos.element == NULL) {
            quicklist_reply(&pos, reply);
            count--;
        } else {
            size_t here = is_backward ? pos.offset + 1 : node->count - pos.offset;
            if (here > count) here = count;
            listpack_reply_run(node->listpack, pos.element, reply, here, is_backward);
            count -= here;
        }
        if (count > 0)
            pos = is_backward ? pos_in(list, node->prev, -1) : pos_in(list, node->next, 0);
    }
}

/* ---- Changes ---- */

bool quicklist_push(struct quicklist *list, const struct quicklist_rules *rules,
                    enum quicklist_end end, struct slice text) {
    bool is_head = end == QUICKLIST_HEAD;
    struct quicklist_node *node = is_head ? list->head : list->tail;

    if (SL_LIKELY(node_takes(rules, node, text))) {
        open_node(list, node);
        if (is_head)
            node_push_front(list, node, text);
        else
            node_push_back(list, node, text);
        list->count++;
        return true;
    }
    node = node_of(rules, text, is_head);
    if (node == NULL) return false;
    link_node(list, node, is_head ? NULL : list->tail);
    compress_around(list, rules, is_head ? node->next : node->prev);
    return true;
}

/* Cuts a node in two before the element at `offset`: the second part comes back, linked behind
 * the first. */
static struct quicklist_node *split_node(struct quicklist *list,
                                         const struct quicklist_rules *rules,
                                         struct quicklist_node *node, size_t offset) {
    SL_ASSERT(offset > 0 && offset < node->count);
    open_node(list, node);
    struct quicklist_node *second = node_new();
    unsigned char *listpack = node_plain_listpack(list, node);
    unsigned char *copy = mem_must(listpack_bytes(listpack));
    memcpy(copy, listpack, listpack_bytes(listpack));
    size_t count = node->count;
    node_set_listpack(node, listpack_remove_range(listpack, (int64_t)offset, count - offset));
    list->count -= count - node->count;
    node_set_listpack(second, listpack_remove_range(copy, 0, offset));
    link_node(list, second, node);
    note_opened(list, rules, second);
    return second;
}

/* Joins b, which follows a, into a, if the rules let it. */
static bool try_merge(struct quicklist *list, const struct quicklist_rules *rules,
                      struct quicklist_node *a, struct quicklist_node *b) {
    if (a == NULL || b == NULL || a->form == NODE_LARGE || b->form == NODE_LARGE) return false;
    size_t bytes = node_bytes(a) + node_bytes(b) - LISTPACK_HEADER_BYTES - 1;
    if (!quicklist_node_fits(rules, bytes, (size_t)a->count + b->count)) return false;
    if (list->opened == a || list->opened == b) list->opened = NULL;
    node_decompress(a);
    node_decompress(b);
    uint32_t count = a->count;
    node_set_listpack(a, listpack_append_all(node_plain_listpack(list, a), b->listpack));
    list->count += a->count - count;
    unlink_node(list, b);
    note_opened(list, rules, a);
    return true;
}

/* After a split around `center`: its neighbours among themselves, then with it. */
static struct quicklist_node *merge_around(struct quicklist *list,
                                           const struct quicklist_rules *rules,
                                           struct quicklist_node *center) {
    struct quicklist_node *prev = center->prev, *next = center->next;

    if (prev != NULL) try_merge(list, rules, prev->prev, prev);
    if (next != NULL) try_merge(list, rules, next, next->next);
    prev = center->prev;
    if (try_merge(list, rules, prev, center)) center = prev;
    try_merge(list, rules, center, center->next);
    return center;
}

bool quicklist_insert(struct quicklist *list, const struct quicklist_rules *rules,
                      struct quicklist_pos pos, bool is_after, struct slice text) {
    struct quicklist_node *node = pos.node, *made;
    size_t offset = pos.offset + is_after; /* where in the node it comes to stand */

    SL_ASSERT(node != NULL);
    if (node_takes(rules, node, text)) {
        if (offset == 0) {
            node_push_front(list, node, text);
        } else if (offset == node->count) {
            node_push_back(list, node, text);
        } else {
            unsigned char *listpack = node_plain_listpack(list, node);
            unsigned char *element = listpack_at(listpack, (int64_t)offset);
            node_set_listpack(node, listpack_insert(listpack, element, text, NULL));
        }
        list->count++;
        return true;
    }
    bool is_outside = offset == 0 || offset == node->count;
    struct quicklist_node *beside = offset == 0 ? node->prev : node->next;
    if (is_outside && node_takes(rules, beside, text)) {
        open_node(list, beside);
        if (offset == 0)
            node_push_back(list, beside, text);
        else
            node_push_front(list, beside, text);
        list->count++;
        return true;
    }
    if (is_outside || quicklist_is_large(rules, text.len)) {
        made = node_of(rules, text, false);
        if (made == NULL) return false;
        if (is_outside) {
            link_node(list, made, offset == 0 ? node->prev : node);
            compress_around(list, rules, made);
            return true;
        }
        split_node(list, rules, node, offset); /* Redis merges nothing here */
        link_node(list, made, node);
        compress_around(list, rules, NULL);
        return true;
    }
    made = split_node(list, rules, node, offset);
    open_node(list, is_after ? made : node);
    if (is_after)
        node_push_front(list, made, text);
    else
        node_push_back(list, node, text);
    list->count++;
    node = merge_around(list, rules, is_after ? node : made);
    compress_around(list, rules, node);
    return true;
}

bool quicklist_replace(struct quicklist *list, const struct quicklist_rules *rules,
                       struct quicklist_pos pos, struct slice text) {
    struct quicklist_node *node = pos.node, *made;

    SL_ASSERT(node != NULL);
    if (pos.element != NULL && !quicklist_is_large(rules, text.len) &&
        listpack_bytes(node->listpack) + text.len <= REPLACED_BYTES_MAX) {
        unsigned char *listpack = node_plain_listpack(list, node);
        unsigned char *element = listpack_at(listpack, (int64_t)pos.offset);
        node_set_listpack(node, listpack_replace(listpack, &element, text));
        return true;
    }
    if (pos.element == NULL && !quicklist_is_large(rules, text.len)) {
        bool done = quicklist_insert(list, rules, pos, true, text);
        SL_ASSERT(done);
        unlink_node(list, node);
        compress_around(list, rules, NULL);
        return true;
    }
    made = node_of(rules, text, false);
    if (made == NULL) return false;
    if (pos.offset + 1 < node->count) split_node(list, rules, node, pos.offset + 1);
    link_node(list, made, node);
    if (node->count == 1) {
        unlink_node(list, node);
    } else {
        node_set_listpack(node, listpack_remove_range(node_plain_listpack(list, node), -1, 1));
        list->count--;
        merge_around(list, rules, node);
    }
    compress_around(list, rules, NULL);
    return true;
}

/* Takes count elements out of one node, all of them there. */
static void remove_in_node(struct quicklist *list, const struct quicklist_rules *rules,
                           struct quicklist_node *node, size_t offset, size_t count) {
    SL_ASSERT(offset + count <= node->count);
    if (count == node->count) {
        unlink_node(list, node);
        compress_around(list, rules, NULL);
        return;
    }
    open_node(list, node);
    SL_ASSERT(node->form == NODE_PACKED);
    list->count -= count;
    if (count == 1 && offset == 0) {
        node_drop_front(node);
    } else if (count == 1 && offset + 1 == node->count) {
        listpack_drop_last(node->listpack);
        node->count--;
    } else {
        node_set_listpack(
            node, listpack_remove_range(node_plain_listpack(list, node), (int64_t)offset, count));
    }
}

void quicklist_remove(struct quicklist *list, const struct quicklist_rules *rules,
                      struct quicklist_pos *pos, bool is_backward) {
    struct quicklist_node *node = pos->node, *prev, *next;
    size_t offset = pos->offset;

    SL_ASSERT(node != NULL);
    prev = node->prev;
    next = node->next;
    bool is_node_left = node->count > 1;
    remove_in_node(list, rules, node, offset, 1);
    if (is_backward)
        *pos = is_node_left && offset > 0 ? pos_in(list, node, (int64_t)offset - 1)
                                          : pos_in(list, prev, -1);
    else
        *pos = is_node_left && offset < node->count ? pos_in(list, node, (int64_t)offset)
                                                    : pos_in(list, next, 0);
}

void quicklist_remove_end(struct quicklist *list, const struct quicklist_rules *rules,
                          enum quicklist_end end) {
    struct quicklist_node *node = end == QUICKLIST_HEAD ? list->head : list->tail;

    SL_ASSERT(node != NULL);
    remove_in_node(list, rules, node, end == QUICKLIST_HEAD ? 0 : node->count - 1, 1);
}

void quicklist_remove_range(struct quicklist *list, const struct quicklist_rules *rules,
                            int64_t index, size_t count) {
    struct quicklist_node *node;
    size_t offset;

    if (index < 0) index += (int64_t)list->count;
    if (index < 0 || (uint64_t)index >= list->count) return;
    if (count > list->count - (size_t)index) count = list->count - (size_t)index;
    offset = (size_t)index;
    if (offset < list->count / 2) {
        for (node = list->head; offset >= node->count; node = node->next) offset -= node->count;
    } else {
        size_t behind = list->count - 1 - offset;
        for (node = list->tail; behind >= node->count; node = node->prev) behind -= node->count;
        offset = node->count - 1 - behind;
    }
    while (count > 0) {
        struct quicklist_node *next = node->next;
        size_t here = node->count - offset < count ? node->count - offset : count;
        remove_in_node(list, rules, node, offset, here);
        count -= here;
        node = next;
        offset = 0;
    }
}

/* ---- Whole nodes ---- */

void quicklist_append_listpack(struct quicklist *list, const struct quicklist_rules *rules,
                               unsigned char *listpack) {
    if (listpack_first(listpack) == NULL) {
        listpack_free(listpack);
        return;
    }
    struct quicklist_node *node = node_new();
    node_set_listpack(node, listpack);
    link_node(list, node, list->tail);
    compress_around(list, rules, node->prev);
}

const unsigned char *quicklist_only_listpack(const struct quicklist *list) {
    if (list->nodes_count != 1 || list->head->form == NODE_LARGE) return NULL;
    open_node(list, list->head);
    return list->head->listpack;
}

unsigned char *quicklist_take_listpack(struct quicklist *list) {
    struct quicklist_node *node = list->head;

    SL_ASSERT(list->nodes_count == 1);
    open_node(list, node);
    unsigned char *listpack = listpack_shrink(node_plain_listpack(list, node));
    mem_free(node);
    mem_free(list);
    return listpack;
}

bool quicklist_next_node(const struct quicklist *list, struct quicklist_node **node,
                         struct slice *bytes, bool *is_plain) {
    *node = *node == NULL ? list->head : (*node)->next;
    if (*node == NULL) return false;
    *is_plain = (*node)->form == NODE_LARGE;
    if (*is_plain) {
        *bytes = slice_of((*node)->blob->data, (*node)->blob->len);
    } else {
        open_node(list, *node);
        *bytes = slice_of((const char *)(*node)->listpack, listpack_bytes((*node)->listpack));
    }
    return true;
}

void quicklist_check(const struct quicklist *list) {
    size_t count = 0, nodes_count = 0;
    const struct quicklist_node *prev = NULL;
    bool is_opened_there = list->opened == NULL;

    for (const struct quicklist_node *node = list->head; node != NULL; node = node->next) {
        SL_ASSERT(node->prev == prev);
        SL_ASSERT(node->count > 0);
        if (node->form == NODE_LARGE) SL_ASSERT(node->count == 1);
        if (node->form == NODE_PACKED) {
            size_t bytes = listpack_bytes(node->listpack);
            SL_ASSERT(node->gap + bytes <= node->room);
            SL_ASSERT(node->room <= mem_usable_bytes(node->listpack - node->gap));
            SL_ASSERT(listpack_is_valid(node->listpack, bytes));
            SL_ASSERT(listpack_count(node->listpack) == node->count);
        }
        if (node == list->opened) is_opened_there = true;
        count += node->count;
        nodes_count++;
        prev = node;
    }
    SL_ASSERT(list->tail == prev);
    SL_ASSERT(list->count == count);
    SL_ASSERT(list->nodes_count == nodes_count);
    SL_ASSERT(is_opened_there);
}

/* ---- What the keyspace sees ---- */

static size_t kind_weight(const void *object) {
    const struct quicklist *list = object;
    return 1 + list->nodes_count;
}

static void kind_free(void *object) {
    quicklist_free(object);
}

static struct quicklist_node *node_try_copy(const struct quicklist_node *node) {
    struct quicklist_node *copy = mem_try(sizeof *copy);

    if (copy == NULL) return NULL;
    *copy = *node;
    if (node->form == NODE_LARGE) {
        blob_retain(copy->blob);
        return copy;
    }
    const void *from = node->listpack;
    size_t bytes;
    if (node->form == NODE_COMPRESSED) {
        from = node->compressed;
        bytes = sizeof *node->compressed + node->compressed->bytes;
    } else {
        bytes = listpack_bytes(node->listpack);
        copy->gap = 0;
        copy->room = (uint32_t)bytes;
    }
    copy->listpack = mem_try(bytes);
    if (copy->listpack == NULL) {
        mem_free(copy);
        return NULL;
    }
    memcpy(copy->listpack, from, bytes);
    return copy;
}

static void *kind_try_copy(const void *object) {
    const struct quicklist *list = object;
    struct quicklist *copy = mem_try(sizeof *copy);

    if (copy == NULL) return NULL;
    *copy = (struct quicklist){0};
    for (const struct quicklist_node *node = list->head; node != NULL; node = node->next) {
        struct quicklist_node *node_copy = node_try_copy(node);
        if (node_copy == NULL) {
            quicklist_free(copy);
            return NULL;
        }
        link_node(copy, node_copy, copy->tail);
        if (list->opened == node) copy->opened = node_copy;
    }
    return copy;
}

static size_t kind_memory_bytes(const void *object, size_t samples_count) {
    const struct quicklist *list = object;
    size_t bytes = 0, seen_count = 0;

    for (const struct quicklist_node *node = list->head; node != NULL; node = node->next) {
        if (samples_count != 0 && seen_count == samples_count) break;
        bytes += mem_usable_bytes(node);
        switch (node->form) {
        case NODE_PACKED: bytes += mem_usable_bytes(node->listpack - node->gap); break;
        case NODE_LARGE: bytes += mem_usable_bytes(node->blob); break;
        case NODE_COMPRESSED: bytes += mem_usable_bytes(node->compressed); break;
        }
        seen_count++;
    }
    if (seen_count > 0 && seen_count < list->nodes_count)
        bytes = (size_t)((double)bytes / (double)seen_count * (double)list->nodes_count);
    return mem_usable_bytes(list) + bytes;
}

const struct object_kind quicklist_object_kind = {.weight = kind_weight,
                                                  .free = kind_free,
                                                  .free_step = free_step,
                                                  .try_copy = kind_try_copy,
                                                  .memory_bytes = kind_memory_bytes};
