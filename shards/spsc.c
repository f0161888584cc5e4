/* spsc.c - one shard tells another something. Every ordered pair of threads has its own queues:
 * one writer, one reader, no lock. They carry pointers to chains of messages.
 *     | .. | .. | m7 | m8 | m9 | .. | .. |      SPSC_SLOTS_COUNT = 2^n
 *               ^ head: reader ^ tail: writer
 * I1  head <= tail <= head + SPSC_SLOTS_COUNT. Both only grow (modulo 2^32); the slot is the
 *     index modulo 2^n.
 * I2  Only the writer stores tail, only the reader stores head; never on one cache line. Each
 *     keeps a copy of the other's index and looks again only when the copy says full or empty.
 * I3  A slot is written before tail is released, and read after tail is acquired.
 * I4  A full queue refuses and never waits: two shards waiting for each other would both hang.
 * "The reader" may be one thread after another (whoever holds a shard's token): the hand-over of
 * the token orders their accesses. */
#include "shards/spsc.h"

_Static_assert((SPSC_SLOTS_COUNT & (SPSC_SLOTS_COUNT - 1)) == 0, "a power of two");

void spsc_init(struct spsc *queue) {
    memset(queue, 0, sizeof *queue);
}

bool spsc_push(struct spsc *queue, struct msg *chain) {
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);

    SL_DEBUG_ASSERT(chain != NULL);
    if (tail - queue->head_seen == SPSC_SLOTS_COUNT) {
        queue->head_seen = atomic_load_explicit(&queue->head, memory_order_acquire);
        if (tail - queue->head_seen == SPSC_SLOTS_COUNT) return false;
    }
    queue->slots[tail % SPSC_SLOTS_COUNT] = chain;
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return true;
}

struct msg *spsc_pop(struct spsc *queue) {
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);

    if (head == queue->tail_seen) {
        queue->tail_seen = atomic_load_explicit(&queue->tail, memory_order_acquire);
        if (head == queue->tail_seen) return NULL;
    }
    struct msg *chain = queue->slots[head % SPSC_SLOTS_COUNT];
    atomic_store_explicit(&queue->head, head + 1, memory_order_release);
    return chain;
}
