#pragma once
/* When blocked clients have waited long enough: the deadlines of one shard's own clients, a
 * binary heap that grows. The shard's thread alone. Arming and disarming are O(log n); the timer
 * lies in what waits. */
#include "core/base.h"

struct block_timer {
    uint64_t deadline_unix_ms;
    uint32_t position_plus_one; /* in the heap; 0: not armed */
};

struct block_timers {
    struct block_timer **heap;
    uint32_t count, capacity;
};

void block_timers_init(struct block_timers *timers);
void block_timers_deinit(struct block_timers *timers);
void block_timers_arm(struct block_timers *timers, struct block_timer *timer,
                      uint64_t deadline_unix_ms); /* it is not armed */
/* if it is armed */
void block_timers_disarm(struct block_timers *timers, struct block_timer *timer);
/* The one that is due first and not later than now, disarmed; NULL: none. */
struct block_timer *block_timers_take_due(struct block_timers *timers, uint64_t now_unix_ms);
static inline uint64_t block_timers_next_unix_ms(const struct block_timers *timers) {
    return timers->count == 0 ? UINT64_MAX : timers->heap[0]->deadline_unix_ms;
}
void block_timers_check(const struct block_timers *timers);
