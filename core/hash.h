#pragma once
/* A hash as a value: fields with their values, a small one in a listpack (field, value, field,
 * value), a larger one in a dict, where alone a field may have a deadline. The handle is passed by
 * value and owns nothing: after a change that takes it by pointer the new encoding and object are
 * the caller's to put back (entry_set_object()).
 *
 * A field whose deadline is over is as if it were not there, for every call that is told the
 * time; until it is taken out (hash_expire.h) it counts in hash_count(). The owner of the key's
 * slot calls. */
#include "core/dict.h"
#include "core/listpack.h"

struct hash {
    enum value_encoding encoding; /* ENCODING_LISTPACK or ENCODING_HASHTABLE */
    void *object;
};
/* Up to where a listpack serves: hash-max-listpack-entries, hash-max-listpack-value. */
struct hash_limits {
    size_t entries_max;
    size_t value_bytes_max;
};
/* What reading a field gives; slices point into the hash or into scratch, and are good until the
 * next change. */
struct hash_field {
    struct slice name;
    struct slice value;
    struct blob *blob; /* of a large value, not retained; or NULL */
    uint64_t expire_at_unix_ms; /* EXPIRE_NONE: none */
    char name_scratch[LISTPACK_SCRATCH_BYTES];
    char value_scratch[LISTPACK_SCRATCH_BYTES];
};

static inline struct hash hash_of(const struct entry *entry) {
    return (struct hash){entry_encoding(entry), entry_object(entry)};
}

struct hash hash_new(void); /* empty, a listpack */
void hash_free(struct hash hash); /* at once */
size_t hash_count(struct hash hash); /* fields, those that are due included */

/* ---- Reading. now_unix_ms 0: fields that are due as well. ---- */
/* False: there is no such field; what of *field is not filled is undefined (name is `name`). */
bool hash_find(struct hash hash, uint64_t now_unix_ms, struct slice name, struct hash_field *field);

struct hash_iter {
    struct hash hash;
    uint64_t now_unix_ms;
    unsigned char *element; /* the next one */
    struct dict_iter dict_iter;
};
/* All fields, a listpack's in order, for as long as nothing changes. */
void hash_iter_init(struct hash_iter *iter, struct hash hash, uint64_t now_unix_ms);
bool hash_iter_next(struct hash_iter *iter, struct hash_field *field); /* false: no more */

/* Any field that is not due, evenly chosen by 64 random bits; false: it found none (in a dict
 * full of due fields it gives up after some tries and takes the first it comes to). */
bool hash_random(struct hash hash, uint64_t now_unix_ms, uint64_t random, struct hash_field *field);
/* How many fields are not due: O(1) unless some have deadlines that may be over, then O(n). */
size_t hash_live_count(struct hash hash, uint64_t now_unix_ms);

/* ---- Changing ---- */
enum hash_set_result { HASH_SET_ADDED, HASH_SET_REPLACED, HASH_SET_NO_MEMORY };
/* Adds the field or gives it another value, which must not point into the hash, and a deadline or,
 * with EXPIRE_NONE, none. A field that is due counts as one to add. NO_MEMORY: contents unchanged. */
enum hash_set_result hash_set(struct hash *hash, struct dict_origin origin,
                              const struct hash_limits *limits, uint64_t now_unix_ms,
                              struct slice name, struct slice value, uint64_t expire_at_unix_ms);
enum hash_remove_result { HASH_REMOVE_NONE, HASH_REMOVED, HASH_REMOVED_DUE };
/* A due field is taken out as well, but was not there for those who ask. */
enum hash_remove_result hash_remove(struct hash *hash, uint64_t now_unix_ms, struct slice name);
/* Another deadline (EXPIRE_NONE: none) for a field that is there. False: no memory. */
bool hash_set_expire(struct hash *hash, struct dict_origin origin, struct slice name,
                     uint64_t expire_at_unix_ms);
/* Makes a listpack a dict; with a dict nothing happens. False: no memory, nothing changed. */
bool hash_to_dict(struct hash *hash, struct dict_origin origin);

/* ---- Deadlines ---- */
size_t hash_expires_count(struct hash hash); /* fields with a deadline, due or not */
uint64_t hash_deadline_unix_ms(struct hash hash); /* as dict_deadline_unix_ms() */

/* Is this listpack (a valid one) one of a hash: some fields, in pairs, none of them twice? For what
 * comes from outside; O(n). */
bool hash_listpack_is_valid(const unsigned char *listpack, struct dict_origin origin);
