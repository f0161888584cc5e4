#pragma once
/* Room for a reply that is written before its turn, or for those that come behind one: an outbuf
 * whose first chunk is part of the struct, so that most replies need no allocation, on whatever
 * thread they are made. */
#include "core/outbuf.h"

enum { REPLY_SLOT_BYTES = 192 };

struct reply_slot {
    struct outbuf out;
    struct outbuf_chunk first;
    char bytes[REPLY_SLOT_BYTES]; /* first.data */
};
_Static_assert(offsetof(struct reply_slot, bytes) ==
                   offsetof(struct reply_slot, first) + sizeof(struct outbuf_chunk),
               "the bytes lie behind their chunk");

static inline void reply_slot_init(struct reply_slot *slot) {
    slot->first = (struct outbuf_chunk){.capacity = REPLY_SLOT_BYTES};
    slot->out = (struct outbuf){.head = &slot->first, .tail = &slot->first};
}

/* Moves the reply to the end of `to`; the slot is to be initialised before it is used again. */
static inline void reply_slot_move(struct reply_slot *slot, struct outbuf *to) {
    SL_DEBUG_ASSERT(slot->out.head == &slot->first);
    outbuf_append(to, slot->first.data, slot->first.len);
    if (SL_LIKELY(slot->first.next == NULL)) return;
    slot->out.head = slot->first.next; /* what did not fit goes over whole */
    slot->out.bytes -= slot->first.len;
    outbuf_append_chain(to, &slot->out);
}

/* Drops a reply that was not moved. */
static inline void reply_slot_discard(struct reply_slot *slot) {
    slot->out.head = slot->first.next; /* the first chunk is not the outbuf's to free */
    if (slot->out.head == NULL) slot->out.tail = NULL;
    outbuf_clear(&slot->out);
}
