#pragma once
/* A long list: a chain of nodes, each a listpack of a few KiB (core/listpack.h) or one large
 * element on its own. Pushing and popping at both ends is O(1); an index is found by skipping
 * whole nodes by their counts. With a compress depth the nodes that are further from both ends
 * are kept compressed (LZF).
 *
 * An element is named by a position: it is good until the next change of the list, but for the
 * change that is given it, which leaves it as it says. Reading opens a compressed node until
 * another one is opened: two positions in two inner nodes are not good at once when there is a
 * compress depth. The owner of the key's slot calls. Picture and invariants: quicklist.c. */
#include "core/object.h"
#include "core/reply.h"

extern const struct object_kind quicklist_object_kind;

struct quicklist;
struct quicklist_node;

enum quicklist_end { QUICKLIST_HEAD, QUICKLIST_TAIL };
struct quicklist_rules {
    int64_t node_limit; /* list-max-listpack-size: elements, or -1 .. -5: 4 .. 64 KiB */
    unsigned compress_depth; /* this many nodes at each end are never compressed; 0: none is */
    /* elements from so long on have a node of their own; 0: as the limit says */
    size_t plain_min_bytes;
};
/* May a node (or a list that is one listpack) hold so much? */
bool quicklist_node_fits(const struct quicklist_rules *rules, size_t bytes, size_t count);
/* Has an element of that length a node of its own? */
bool quicklist_is_large(const struct quicklist_rules *rules, size_t len);

struct quicklist *quicklist_new(void); /* never NULL */
void quicklist_free(struct quicklist *list);
size_t quicklist_count(const struct quicklist *list);
size_t quicklist_nodes_count(const struct quicklist *list);

/* ---- Positions. node NULL: past the end. ---- */
struct quicklist_pos {
    struct quicklist_node *node;
    unsigned char *element; /* in its listpack; NULL in a node of one large element */
    size_t offset; /* index of the element in its node */
};
struct quicklist_pos quicklist_first(const struct quicklist *list);
struct quicklist_pos quicklist_last(const struct quicklist *list);
struct quicklist_pos quicklist_at(const struct quicklist *list,
                                  int64_t index); /* negative: from the end */
void quicklist_next(const struct quicklist *list, struct quicklist_pos *pos);
void quicklist_prev(const struct quicklist *list, struct quicklist_pos *pos);
/* An integer is printed into scratch (LISTPACK_SCRATCH_BYTES). */
struct slice quicklist_get(const struct quicklist_pos *pos, char *scratch);
bool quicklist_equals(const struct quicklist_pos *pos, struct slice text);
void quicklist_reply(const struct quicklist_pos *pos, struct reply *reply); /* as a bulk string */
/* The bulk strings of `count` elements from an index on, towards the end or (is_backward) the
 * head. All of them must be there. */
void quicklist_reply_range(const struct quicklist *list, struct reply *reply, size_t index,
                           size_t count, bool is_backward);

/* ---- Changes. False: no memory for a large element; nothing has changed. ---- */
bool quicklist_push(struct quicklist *list, const struct quicklist_rules *rules,
                    enum quicklist_end end, struct slice text);
/* Before or after the position, which is not good any more. */
bool quicklist_insert(struct quicklist *list, const struct quicklist_rules *rules,
                      struct quicklist_pos pos, bool is_after, struct slice text);
bool quicklist_replace(struct quicklist *list, const struct quicklist_rules *rules,
                       struct quicklist_pos pos, struct slice text);
/* *pos: the element behind it, or (is_backward) before it. */
void quicklist_remove(struct quicklist *list, const struct quicklist_rules *rules,
                      struct quicklist_pos *pos, bool is_backward);
/* The element at that end; there must be one. */
void quicklist_remove_end(struct quicklist *list, const struct quicklist_rules *rules,
                          enum quicklist_end end);
/* Up to count elements from an index on (negative: from the end). */
void quicklist_remove_range(struct quicklist *list, const struct quicklist_rules *rules,
                            int64_t index, size_t count);

/* ---- Whole nodes ---- */
/* A listpack becomes the last node as it is, and is taken. An empty one is freed. */
void quicklist_append_listpack(struct quicklist *list, const struct quicklist_rules *rules,
                               unsigned char *listpack);
/* The one listpack that the list consists of, NULL when it has more nodes or a large element;
 * and the same taken out, with the list freed. */
const unsigned char *quicklist_only_listpack(const struct quicklist *list);
unsigned char *quicklist_take_listpack(struct quicklist *list);
/* Node by node, for files and payloads: *node NULL at first. False: no more. The bytes are a
 * listpack or (*is_plain) one large element; good until the next step. */
bool quicklist_next_node(const struct quicklist *list, struct quicklist_node **node,
                         struct slice *bytes, bool *is_plain);
void quicklist_check(const struct quicklist *list); /* asserts every invariant; slow */
