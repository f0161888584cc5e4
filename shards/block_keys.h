#pragma once
/* Which clients wait for which keys: a table per slot, of the keys that somebody is blocked on,
 * each with its waiters in the order of their arrival. It hangs in the slot and belongs to
 * whoever owns the slot, as the keys do. Nothing is there for a slot nobody waits on. */
#include "core/keyspace.h"

struct node;
struct waiter;
struct block_key;

struct block_node { /* one waiter's place in one key's queue; part of struct waiter */
    struct waiter *waiter;
    struct block_key *key; /* while is_linked */
    struct block_node *prev, *next;
    uint32_t arg; /* where the key stands in the waiter's arguments */
    uint16_t slot; /* the key's */
    bool is_linked;
    bool wakes_without_key;
};

struct block_key {
    struct block_key *bucket_next;
    struct block_key *ready_next; /* in a thread's list of keys to be served */
    struct block_node *head, *tail;
    struct key key; /* the name is a copy behind the struct */
    uint16_t db;
    bool is_busy; /* in a ready list, or being served: it stays although its queue is empty */
    uint32_t without_key_count; /* waiters that a missing key wakes */
};

/* NULL: nobody waits for it. */
struct block_key *block_keys_find(const struct store *store, unsigned db, const struct key *key);
/* Puts the node at the end of the key's queue. False: no memory, nothing changed. */
bool block_keys_join(struct node *node, unsigned db, const struct key *key,
                     struct block_node *waiting);
/* Is the last in the key's queue this waiter already (the same key twice among its arguments)? */
bool block_keys_is_last(const struct store *store, unsigned db, const struct key *key,
                        const struct waiter *waiter);
/* Takes the node out. Its key goes with its last node, unless it is busy. */
void block_keys_leave(struct node *node, struct block_node *waiting);
/* The key is no longer busy: it goes if nobody waits for it. */
void block_keys_let_go(struct node *node, struct block_key *key);
/* All keys of a slot, whose queues are empty, and the table. */
void block_keys_drop_slot(struct node *node, unsigned slot);
/* All keys of a slot, for `each`, which may not take any away. */
void block_keys_each(const struct store *store, unsigned slot,
                     void (*each)(void *owner, struct block_key *key), void *owner);
