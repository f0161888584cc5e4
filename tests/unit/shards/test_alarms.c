#include "shards/alarms.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

/* The model: every slot's deadline in an array. */
struct model {
    uint64_t deadline_unix_ms[SLOTS_COUNT];
};

static struct model *model_new(void) {
    struct model *model = malloc(sizeof *model);
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) model->deadline_unix_ms[slot] = UINT64_MAX;
    return model;
}

static uint64_t model_next(const struct model *model, unsigned slots_count) {
    uint64_t next = UINT64_MAX;
    for (unsigned slot = 0; slot < slots_count; slot++) {
        if (model->deadline_unix_ms[slot] < next) next = model->deadline_unix_ms[slot];
    }
    return next;
}

static uint32_t random_next(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void compare(const struct alarms *alarms, const struct model *model, unsigned slots_count,
                    uint32_t seed) {
    uint64_t next = model_next(model, slots_count);

    alarms_check(alarms);
    cr_assert(eq(u64, alarms_next_unix_ms(alarms), next), "seed %u", seed);
    if (next == UINT64_MAX) {
        cr_assert(eq(u32, alarms->count, 0));
    } else {
        cr_assert(eq(u64, model->deadline_unix_ms[alarms_first_slot(alarms)], next), "seed %u",
                  seed);
    }
}

Test(alarms, none_is_set_at_first) {
    struct alarms alarms;
    alarms_init(&alarms);
    cr_assert(eq(u64, alarms_next_unix_ms(&alarms), UINT64_MAX));
    alarms_set(&alarms, 7, UINT64_MAX); /* taking away what is not there */
    cr_assert(eq(u64, alarms_next_unix_ms(&alarms), UINT64_MAX));
    alarms_check(&alarms);
    alarms_deinit(&alarms);
}

Test(alarms, the_earliest_slot_comes_first) {
    struct alarms alarms;
    alarms_init(&alarms);
    alarms_set(&alarms, 5, 300);
    alarms_set(&alarms, 0, 100);
    alarms_set(&alarms, SLOTS_COUNT - 1, 200);
    cr_assert(eq(uint, alarms_first_slot(&alarms), 0));
    alarms_set(&alarms, 0, UINT64_MAX);
    cr_assert(eq(uint, alarms_first_slot(&alarms), SLOTS_COUNT - 1));
    cr_assert(eq(u64, alarms_next_unix_ms(&alarms), 200));
    alarms_set(&alarms, 5, 50); /* sooner */
    cr_assert(eq(uint, alarms_first_slot(&alarms), 5));
    alarms_set(&alarms, 5, 400); /* later */
    cr_assert(eq(uint, alarms_first_slot(&alarms), SLOTS_COUNT - 1));
    alarms_set(&alarms, 5, 0);
    cr_assert(eq(u64, alarms_next_unix_ms(&alarms), 0));
    alarms_check(&alarms);
    alarms_deinit(&alarms);
}

Test(alarms, every_slot_can_have_one) { /* positions are 16 bits, plus one */
    struct alarms alarms;
    alarms_init(&alarms);
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) alarms_set(&alarms, slot, 1000000 - slot);
    alarms_check(&alarms);
    cr_assert(eq(u32, alarms.count, SLOTS_COUNT));
    for (unsigned slot = SLOTS_COUNT; slot-- > 0;) {
        cr_assert(eq(uint, alarms_first_slot(&alarms), slot));
        alarms_set(&alarms, slot, UINT64_MAX);
    }
    cr_assert(eq(u64, alarms_next_unix_ms(&alarms), UINT64_MAX));
    alarms_deinit(&alarms);
}

/* Few slots and few deadlines: many collisions, the heap is checked after each step. */
Test(alarms, any_sequence_agrees_with_a_plain_array) {
    for (uint32_t first_seed = 1; first_seed <= 40; first_seed++) {
        struct alarms alarms;
        struct model *model = model_new();
        uint32_t seed = first_seed;
        unsigned slots_count = 1 + first_seed * 3;
        uint64_t deadlines_count = first_seed % 2 == 0 ? 5 : 1000000;

        alarms_init(&alarms);
        for (int step = 0; step < 3000; step++) {
            unsigned slot = random_next(&seed) % slots_count;
            bool is_removal = random_next(&seed) % 3 == 0;
            uint64_t deadline = is_removal ? UINT64_MAX : random_next(&seed) % deadlines_count;
            alarms_set(&alarms, slot, deadline);
            model->deadline_unix_ms[slot] = deadline;
            compare(&alarms, model, slots_count, first_seed);
        }
        alarms_deinit(&alarms);
        free(model);
    }
}

/* What the expiry does: the first slot is due, its next key is later, or it has none. */
Test(alarms, taking_the_first_again_and_again_goes_up_in_time) {
    struct alarms alarms;
    struct model *model = model_new();
    uint32_t seed = 99;
    uint64_t now_unix_ms = 0, fired_count = 0;

    alarms_init(&alarms);
    for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) {
        model->deadline_unix_ms[slot] = random_next(&seed);
        alarms_set(&alarms, slot, model->deadline_unix_ms[slot]);
    }
    while (alarms_next_unix_ms(&alarms) != UINT64_MAX) {
        unsigned slot = alarms_first_slot(&alarms);
        cr_assert(alarms_next_unix_ms(&alarms) >= now_unix_ms);
        cr_assert(eq(u64, model->deadline_unix_ms[slot], alarms_next_unix_ms(&alarms)));
        now_unix_ms = alarms_next_unix_ms(&alarms);
        bool has_more = random_next(&seed) % 4 != 0;
        model->deadline_unix_ms[slot] = has_more ? now_unix_ms + random_next(&seed) % 100000
                                                 : UINT64_MAX;
        alarms_set(&alarms, slot, model->deadline_unix_ms[slot]);
        if (++fired_count % 4096 == 0) compare(&alarms, model, SLOTS_COUNT, 99);
    }
    cr_assert(fired_count >= SLOTS_COUNT);
    alarms_deinit(&alarms);
    free(model);
}
