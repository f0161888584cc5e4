#pragma once
/* The members of one large collection by name: a set's, a hash's fields, a sorted set's members. It
 * grows and shrinks in small steps, is scanned by a position that survives both, knows which of its
 * items are due, and is freed in slices: the keyspace's own table (core/table.h) over its own
 * entries. An item is one allocation: 8 bytes, the name, the value, a deadline if it has one.
 *
 * An item pointer is good until the next change to the same item. The owner of the key's slot
 * calls. */
#include "core/keyspace.h"
#include "core/object.h"
#include "core/table.h"

struct dict;
extern const struct object_kind dict_object_kind;

struct dict *dict_new(struct dict_origin origin); /* the caller owns it; never NULL */
void dict_free(struct dict *dict); /* at once; large ones go to the garbage instead (object.h) */
size_t dict_count(const struct dict *dict);

/* A name with its hash, for the calls below. slot is nobody's. */
struct key dict_key(const struct dict *dict, struct slice name);
struct entry *dict_find(const struct dict *dict, const struct key *key); /* NULL: not there */
/* For batches: the bucket now, then the item, then dict_find(). */
void dict_prefetch(const struct dict *dict, const struct key *key);
/* Adds an item that is not there. The value may be empty (a set's), and is copied, as the name.
 * NULL: no memory, nothing changed. */
struct entry *dict_try_add(struct dict *dict, const struct key *key, struct slice value,
                           uint64_t expire_at_unix_ms);
/* The same with eight bytes of the caller's in place of a value: dict_item_word(). */
struct entry *dict_try_add_word(struct dict *dict, const struct key *key, uint64_t word);
/* Another value (not inside the old one) and deadline for an item: it may move. NULL: no memory,
 * nothing changed. */
struct entry *dict_try_set(struct dict *dict, const struct key *key, struct entry *item,
                           struct slice value, uint64_t expire_at_unix_ms);
/* Another deadline (EXPIRE_NONE: none) for an item: it may move. NULL: no memory. */
struct entry *dict_try_set_expire(struct dict *dict, const struct key *key, struct entry *item,
                                  uint64_t expire_at_unix_ms);
void dict_remove(struct dict *dict, const struct key *key, struct entry *item); /* and frees it */
/* Takes it out only: it is the caller's now, who looks at it and frees it. */
void dict_take(struct dict *dict, const struct key *key, struct entry *item);
void dict_item_free(struct entry *item);

/* ---- An item ---- */
struct slice dict_item_name(const struct entry *item);
struct slice dict_item_value(const struct entry *item); /* not of one with a word */
struct blob *dict_item_blob(const struct entry *item); /* of a value over 1024 bytes, or NULL */
uint64_t dict_item_word(const struct entry *item);
void dict_item_set_word(struct entry *item, uint64_t word);
uint64_t dict_item_expire_at_unix_ms(const struct entry *item);

/* ---- All of them ---- */
struct dict_iter {
    struct table_iter table_iter;
};
void dict_iter_init(struct dict_iter *iter, const struct dict *dict);
/* In no particular order, for as long as nothing is added or removed (values may change in place
 * only through dict_item_set_word()). NULL: no more. */
struct entry *dict_iter_next(struct dict_iter *iter);
/* As keyspace_slot_scan(): HSCAN, SSCAN, ZSCAN. */
bool dict_scan(const struct dict *dict, uint32_t *position, size_t budget_count,
               void (*each)(void *owner, struct entry *item), void *owner);
/* Any of them, evenly chosen by 64 random bits; there must be one. */
struct entry *dict_random(const struct dict *dict, uint64_t random);
/* Up to items_max items whose deadline is <= now_unix_ms. The caller removes them (or gives them
 * another deadline) before it asks again. */
size_t dict_due(struct dict *dict, uint64_t now_unix_ms, struct entry **items, size_t items_max);
size_t dict_expires_count(const struct dict *dict); /* items with a deadline */
/* The earliest deadline or a little before or up to 16 ms after it; EXPIRE_NONE: none. O(1). */
uint64_t dict_deadline_unix_ms(const struct dict *dict);
struct dict *dict_try_copy(const struct dict *dict); /* NULL: no memory */
size_t dict_memory_bytes(const struct dict *dict, size_t samples_count); /* 0: looks at all */
void dict_check(const struct dict *dict); /* asserts all invariants; slow */
