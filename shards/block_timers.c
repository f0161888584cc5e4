/* block_timers.c - a binary min-heap of deadlines.
 * I1  heap[i]->position_plus_one == i + 1 for every i < count; 0 in every timer that is not armed.
 * I2  deadline(heap[parent(i)]) <= deadline(heap[i]). */
#include "shards/block_timers.h"

#include "core/mem.h"

enum { CAPACITY_MIN = 64 };

void block_timers_init(struct block_timers *timers) {
    *timers = (struct block_timers){0};
}

void block_timers_deinit(struct block_timers *timers) {
    mem_free(timers->heap);
    *timers = (struct block_timers){0};
}

static void place(struct block_timers *timers, uint32_t position, struct block_timer *timer) {
    timers->heap[position] = timer;
    timer->position_plus_one = position + 1;
}

static void sift_up(struct block_timers *timers, uint32_t position) {
    struct block_timer *timer = timers->heap[position];

    while (position > 0) {
        uint32_t parent = (position - 1) / 2;
        if (timers->heap[parent]->deadline_unix_ms <= timer->deadline_unix_ms) break;
        place(timers, position, timers->heap[parent]);
        position = parent;
    }
    place(timers, position, timer);
}

static void sift_down(struct block_timers *timers, uint32_t position) {
    struct block_timer *timer = timers->heap[position];

    for (;;) {
        uint32_t child = position * 2 + 1;
        if (child >= timers->count) break;
        if (child + 1 < timers->count &&
            timers->heap[child + 1]->deadline_unix_ms < timers->heap[child]->deadline_unix_ms)
            child++;
        if (timer->deadline_unix_ms <= timers->heap[child]->deadline_unix_ms) break;
        place(timers, position, timers->heap[child]);
        position = child;
    }
    place(timers, position, timer);
}

void block_timers_arm(struct block_timers *timers, struct block_timer *timer,
                      uint64_t deadline_unix_ms) {
    SL_ASSERT(timer->position_plus_one == 0);
    if (timers->count == timers->capacity) {
        uint32_t capacity = timers->capacity == 0 ? CAPACITY_MIN : timers->capacity * 2;
        struct block_timer **heap = mem_must(capacity * sizeof(struct block_timer *));
        if (timers->count > 0)
            memcpy(heap, timers->heap, timers->count * sizeof(struct block_timer *));
        mem_free(timers->heap);
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timer->deadline_unix_ms = deadline_unix_ms;
    timers->heap[timers->count++] = timer;
    sift_up(timers, timers->count - 1);
}

void block_timers_disarm(struct block_timers *timers, struct block_timer *timer) {
    if (timer->position_plus_one == 0) return;

    uint32_t position = timer->position_plus_one - 1;
    SL_ASSERT(position < timers->count && timers->heap[position] == timer);
    timer->position_plus_one = 0;
    struct block_timer *last = timers->heap[--timers->count];
    if (last == timer) return;
    place(timers, position, last);
    sift_up(timers, position);
    sift_down(timers, last->position_plus_one - 1);
}

struct block_timer *block_timers_take_due(struct block_timers *timers, uint64_t now_unix_ms) {
    if (block_timers_next_unix_ms(timers) > now_unix_ms) return NULL;
    struct block_timer *timer = timers->heap[0];
    block_timers_disarm(timers, timer);
    return timer;
}

void block_timers_check(const struct block_timers *timers) {
    for (uint32_t i = 0; i < timers->count; i++) {
        SL_ASSERT(timers->heap[i]->position_plus_one == i + 1); /* I1 */
        SL_ASSERT(i == 0 || timers->heap[(i - 1) / 2]->deadline_unix_ms <=
                                timers->heap[i]->deadline_unix_ms); /* I2 */
    }
}
