#pragma once
/* One thread tells another something: a queue of message pointers with exactly one writer and
 * one reader, no lock and no waiting. Picture and invariants: spsc.c. */
#include <stdalign.h>
#include <stdatomic.h>

#include "core/base.h"

/* Embedded first thing in whatever travels. A message may drag a chain of others behind it
 * (next), so that a batch is one push. What a message points at is the reader's once taken. */
struct msg {
    struct msg *next;
    uint8_t kind; /* enum msg_kind, shards/messages.h */
};

enum { SPSC_SLOTS_COUNT = 256 };

struct spsc {
    alignas(64) _Atomic uint32_t head; /* the reader's */
    uint32_t tail_seen; /* the reader's copy of tail */
    alignas(64) _Atomic uint32_t tail; /* the writer's */
    uint32_t head_seen; /* the writer's copy of head */
    alignas(64) struct msg *slots[SPSC_SLOTS_COUNT];
};

void spsc_init(struct spsc *queue);
/* Writer only. False: full, nothing was pushed; the caller keeps the message and tries again later. */
bool spsc_push(struct spsc *queue, struct msg *chain);
/* Reader only. NULL: empty. */
struct msg *spsc_pop(struct spsc *queue);
