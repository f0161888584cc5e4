#pragma once
/* A list as a value: one listpack while it is small, else a quicklist; it passes from the one to
 * the other as it grows past the rules, and back when it has shrunk to half of them.
 *
 * The handle is a value: what an entry holds, on the caller's stack. A change may move the
 * object and change the encoding: list_keep() puts it back into the entry. The owner of the
 * key's slot calls. */
#include "core/keyspace.h"
#include "core/listpack.h"
#include "core/quicklist.h"

struct cmd_settings;

struct list {
    enum value_encoding encoding; /* ENCODING_LISTPACK, ENCODING_QUICKLIST */
    void *object;
};
enum list_end { LIST_HEAD, LIST_TAIL };

struct quicklist_rules list_rules_of(const struct cmd_settings *settings);

struct list list_new(void); /* empty: a listpack */
void list_free(struct list *list); /* at once */
struct list list_of(const struct entry *entry); /* its value must be a list */
void list_keep(struct entry *entry, const struct list *list); /* after a change */
size_t list_count(const struct list *list);

/* ---- Elements in order, for as long as nothing changes ---- */
struct list_iter {
    const struct list *list;
    enum list_end from; /* LIST_HEAD: walks towards the tail */
    bool is_started;
    /* of a listpack only the element; the current one, after list_iter_next() */
    struct quicklist_pos pos;
    char scratch[LISTPACK_SCRATCH_BYTES];
};
void list_iter_init(struct list_iter *iter, const struct list *list, enum list_end from);
/* From an index on (negative: from the end). */
void list_iter_init_at(struct list_iter *iter, const struct list *list, enum list_end from,
                       int64_t index);
/* To the next element. False: no more. */
bool list_iter_step(struct list_iter *iter);
struct slice
list_iter_text(struct list_iter *iter); /* of the current one; good until the next step */
bool list_iter_equals(const struct list_iter *iter, struct slice text);
/* Both: false: no more. */
bool list_iter_next(struct list_iter *iter, struct slice *text);

/* The element at an index (negative: from the end), in scratch (LISTPACK_SCRATCH_BYTES) if it is
 * an integer. */
bool list_at(const struct list *list, int64_t index, struct slice *text, char *scratch);
/* As bulk strings: the one at the index; or count of them from the index on, towards the end or
 * (is_backward) the head. All of them must be there. */
void list_reply_at(const struct list *list, struct reply *reply, int64_t index);
void list_reply_range(const struct list *list, struct reply *reply, size_t index, size_t count,
                      bool is_backward);

/* ---- Changes ---- */
/* To be called before so many elements of so many bytes in sum are added: a small list that will
 * not be small any more becomes a quicklist at once. list_push() alone never converts. */
void list_grow(struct list *list, const struct quicklist_rules *rules, size_t added_bytes,
               size_t added_count);
/* After a removal or replacement: a quicklist that has become small is a listpack again. */
void list_shrink(struct list *list, const struct quicklist_rules *rules);
/* After a list was built (from a file, by SORT): whichever form the rules say. */
void list_fit(struct list *list, const struct quicklist_rules *rules);

/* Each: false: no memory, nothing has changed. */
bool list_push(struct list *list, const struct quicklist_rules *rules, enum list_end end,
               struct slice text); /* after list_grow() */
bool list_add(struct list *list, const struct quicklist_rules *rules, enum list_end end,
              struct slice text); /* list_grow() and list_push(): to build a list one by one */
/* Beside the iterator's current element, after list_grow(); the iterator is not good any more. */
bool list_insert(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter,
                 bool is_after, struct slice text);
bool list_replace(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter,
                  struct slice text);
/* Takes out the current element: the next list_iter_step() goes to the one behind it in the
 * iterator's way. */
void list_remove(struct list *list, const struct quicklist_rules *rules, struct list_iter *iter);
/* The element at that end, which must be there. */
void list_remove_end(struct list *list, const struct quicklist_rules *rules, enum list_end end);
/* Up to count elements from an index on (negative: from the end). */
void list_remove_range(struct list *list, const struct quicklist_rules *rules, int64_t index,
                       size_t count);
