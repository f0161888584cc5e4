#pragma once
/* A large sorted set: its members by name (core/dict.h) and in order (core/zset_tree.h). An item
 * of the dict holds the score as its word; the tree points at the item. What zset.c makes of
 * large sets; other files go through core/zset.h. The owner of the key's slot calls. */
#include "core/dict.h"
#include "core/object.h"
#include "core/zset_tree.h"

struct zset_index;
extern const struct object_kind zset_index_object_kind;

struct zset_index *zset_index_new(struct dict_origin origin); /* the caller owns it; never NULL */
void zset_index_free(struct zset_index *index); /* at once */
size_t zset_index_count(const struct zset_index *index);

struct key zset_index_key(const struct zset_index *index, struct slice member);
struct entry *zset_index_find(const struct zset_index *index, const struct key *key); /* or NULL */
double zset_index_score(const struct entry *item);
/* Starts fetching what adding this will need. */
void zset_index_prefetch(const struct zset_index *index, const struct key *key);
/* A member that is not there. NULL: no memory, nothing changed. */
struct entry *zset_index_try_add(struct zset_index *index, const struct key *key, double score);
void zset_index_set_score(struct zset_index *index, struct entry *item, double score);
void zset_index_remove(struct zset_index *index, const struct key *key, struct entry *item);
void zset_index_remove_span(struct zset_index *index, size_t first, size_t count);

const struct zset_tree *zset_index_tree(const struct zset_index *index); /* for ranks and places */
bool zset_index_scan(const struct zset_index *index, uint32_t *position, size_t budget_count,
                     void (*each)(void *owner, struct entry *item), void *owner);
struct zset_index *zset_index_try_copy(const struct zset_index *index); /* NULL: no memory */
void zset_index_check(const struct zset_index *index); /* asserts all invariants; slow */
