#pragma once
/* A set as a value: integers in an intset while there are few, short members in a listpack while
 * there are few, else a dict; it passes from the one to the other as it grows past the rules,
 * never back by itself.
 *
 * The handle is a value: what an entry holds, on the caller's stack. A change may move the
 * object and change the encoding: set_keep() puts it back into the entry. The owner of the key's
 * slot calls. */
#include "core/dict.h"
#include "core/intset.h"
#include "core/keyspace.h"
#include "core/listpack.h"

struct cmd_settings;

struct set {
    enum value_encoding encoding; /* ENCODING_INTSET, ENCODING_LISTPACK, ENCODING_HASHTABLE */
    void *object;
};

/* Up to where a set is compact, and what the dict of a larger one is made with. */
struct set_rules {
    size_t intset_entries_max, listpack_entries_max, listpack_value_max;
    struct dict_origin dict_origin;
};
struct set_rules set_rules_of(const struct cmd_settings *settings, const struct keyspace *keyspace);

/* Empty, in the form that suits such a first member and so many of them. */
struct set set_new(const struct set_rules *rules, struct slice member, size_t count_expected);
void set_free(struct set *set); /* at once */
struct set set_of(const struct entry *entry); /* its value must be a set */
void set_keep(struct entry *entry, const struct set *set); /* after a change */
/* A compact set beyond the rules becomes what they say: what RDB files and DUMP payloads bring.
 * False: no memory, nothing changed. */
bool set_try_fit(struct set *set, const struct set_rules *rules);
/* So many members are about to be added: a compact set that such a number does not suit becomes
 * a dict at once, whether they are new or not (Redis' rule). False: no memory, nothing changed. */
bool set_try_expect(struct set *set, const struct set_rules *rules, size_t count_expected);
/* An intset, if all members are integers and the rules allow so many. */
void set_to_intset(struct set *set, const struct set_rules *rules);
struct set set_try_copy(const struct set *set); /* object NULL: no memory */

size_t set_count(const struct set *set);
bool set_contains(const struct set *set, struct slice member);

enum set_add_result { SET_NO_MEMORY, SET_SAME, SET_ADDED }; /* NO_MEMORY: members unchanged */
enum set_add_result set_add(struct set *set, const struct set_rules *rules, struct slice member);
/* Puts a member that is not there into a compact set, whatever the rules: what is left of one. */
void set_add_new(struct set *set, struct slice member);
bool set_remove(struct set *set, struct slice member); /* was it there? */

/* All members, for as long as nothing changes: an intset's ascending, a listpack's in order. */
struct set_iter {
    const struct set *set;
    size_t index;
    unsigned char *element;
    struct dict_iter dict_iter;
    char scratch[LISTPACK_SCRATCH_BYTES];
};
void set_iter_init(struct set_iter *iter, const struct set *set); /* keeps the pointer */
/* False: no more. The member is good until the next step. */
bool set_iter_next(struct set_iter *iter, struct slice *member);

/* Any member, evenly chosen by 64 random bits, printed into scratch (LISTPACK_SCRATCH_BYTES) if
 * need be; the set must not be empty. */
struct slice set_random(const struct set *set, uint64_t random, char *scratch);
/* As keyspace_slot_scan(): SSCAN. The compact forms are given whole. */
bool set_scan(const struct set *set, uint32_t *position, size_t budget_count,
              void (*each)(void *owner, struct slice member), void *owner);
