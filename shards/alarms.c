/* alarms.c - when the next key of this shard expires.
 * A binary min-heap of slot numbers, ordered by deadline_unix_ms[slot].
 * I1  position_plus_one[heap[i]] == i + 1 for every i < count; 0 for every slot that is not in
 *     the heap.
 * I2  deadline(heap[parent(i)]) <= deadline(heap[i]).
 * At most SLOTS_COUNT entries, so 14 levels. */
#include "shards/alarms.h"

#include "core/mem.h"

void alarms_init(struct alarms *alarms) {
    alarms->count = 0;
    alarms->heap = mem_must_zero(SLOTS_COUNT * sizeof *alarms->heap);
    alarms->position_plus_one = mem_must_zero(SLOTS_COUNT * sizeof *alarms->position_plus_one);
    alarms->deadline_unix_ms = mem_must_zero(SLOTS_COUNT * sizeof *alarms->deadline_unix_ms);
}

void alarms_deinit(struct alarms *alarms) {
    mem_free(alarms->heap);
    mem_free(alarms->position_plus_one);
    mem_free(alarms->deadline_unix_ms);
    *alarms = (struct alarms){0};
}

static void place(struct alarms *alarms, uint32_t position, uint16_t slot) {
    alarms->heap[position] = slot;
    alarms->position_plus_one[slot] = (uint16_t)(position + 1);
}

static void sift_up(struct alarms *alarms, uint32_t position) {
    uint16_t slot = alarms->heap[position];
    uint64_t deadline = alarms->deadline_unix_ms[slot];

    while (position > 0) {
        uint32_t parent = (position - 1) / 2;
        if (alarms->deadline_unix_ms[alarms->heap[parent]] <= deadline) break;
        place(alarms, position, alarms->heap[parent]);
        position = parent;
    }
    place(alarms, position, slot);
}

static void sift_down(struct alarms *alarms, uint32_t position) {
    uint16_t slot = alarms->heap[position];
    uint64_t deadline = alarms->deadline_unix_ms[slot];

    for (;;) {
        uint32_t child = position * 2 + 1;
        if (child >= alarms->count) break;
        if (child + 1 < alarms->count && alarms->deadline_unix_ms[alarms->heap[child + 1]] <
                                             alarms->deadline_unix_ms[alarms->heap[child]]) {
            child++;
        }
        if (deadline <= alarms->deadline_unix_ms[alarms->heap[child]]) break;
        place(alarms, position, alarms->heap[child]);
        position = child;
    }
    place(alarms, position, slot);
}

static void remove_slot(struct alarms *alarms, unsigned slot) {
    uint32_t position = alarms->position_plus_one[slot];

    if (position == 0) return;
    position--;
    alarms->position_plus_one[slot] = 0;
    uint16_t last = alarms->heap[--alarms->count];
    if (last == slot) return;
    place(alarms, position, last);
    sift_up(alarms, position);
    sift_down(alarms, alarms->position_plus_one[last] - 1u);
}

void alarms_set(struct alarms *alarms, unsigned slot, uint64_t deadline_unix_ms) {
    SL_ASSERT(slot < SLOTS_COUNT);
    if (deadline_unix_ms == UINT64_MAX) {
        remove_slot(alarms, slot);
        return;
    }
    uint32_t position = alarms->position_plus_one[slot];
    if (position == 0) {
        position = ++alarms->count;
        place(alarms, position - 1, (uint16_t)slot);
    } else if (alarms->deadline_unix_ms[slot] == deadline_unix_ms) {
        return;
    }
    alarms->deadline_unix_ms[slot] = deadline_unix_ms;
    sift_up(alarms, position - 1);
    sift_down(alarms, alarms->position_plus_one[slot] - 1u);
}

uint64_t alarms_next_unix_ms(const struct alarms *alarms) {
    return alarms->count == 0 ? UINT64_MAX : alarms->deadline_unix_ms[alarms->heap[0]];
}

unsigned alarms_first_slot(const struct alarms *alarms) {
    SL_ASSERT(alarms->count > 0);
    return alarms->heap[0];
}

void alarms_check(const struct alarms *alarms) {
    for (uint32_t i = 0; i < alarms->count; i++) {
        SL_ASSERT(alarms->position_plus_one[alarms->heap[i]] == i + 1); /* I1 */
        SL_ASSERT(i == 0 || alarms->deadline_unix_ms[alarms->heap[(i - 1) / 2]] <=
                                alarms->deadline_unix_ms[alarms->heap[i]]); /* I2 */
    }
}
