#pragma once
/* The slots of one shard by their earliest deadline: a binary heap with positions, so that
 * moving a slot's alarm is O(log slots) and nothing is allocated per key. The holder of the
 * shard's token uses it. */
#include "core/keyspace.h"

struct alarms {
    uint32_t count;
    uint16_t *heap; /* slots */
    uint16_t *position_plus_one; /* [SLOTS_COUNT]; 0: no alarm */
    uint64_t *deadline_unix_ms; /* [SLOTS_COUNT] */
};

void alarms_init(struct alarms *alarms);
void alarms_deinit(struct alarms *alarms);
/* UINT64_MAX: none */
void alarms_set(struct alarms *alarms, unsigned slot, uint64_t deadline_unix_ms);
uint64_t alarms_next_unix_ms(const struct alarms *alarms); /* UINT64_MAX: none */
unsigned alarms_first_slot(const struct alarms *alarms); /* of a heap that is not empty */
void alarms_check(const struct alarms *alarms);
