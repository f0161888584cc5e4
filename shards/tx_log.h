#pragma once
/* The one global order in which transactions over several shards ask for their slots (the
 * sequencer). Appending is one fetch-and-add; every shard reads the log at its own pace and
 * queues the reservations that concern it in this order, so two transactions never wait for each
 * other. See tx.c. */
#include <stdalign.h>
#include <stdatomic.h>

#include "core/base.h"

struct tx;

enum { TX_LOG_SLOTS_COUNT = 8192 };

struct tx_log_slot {
    _Atomic uint64_t ticket; /* 1 + the ticket whose entry this is; written last */
    struct tx *tx; /* may be freed already for shards that are not in the mask */
    uint64_t shards_mask;
};

struct tx_log {
    alignas(64) _Atomic uint64_t tail; /* tickets given out */
    alignas(64) struct tx_log_slot slots[TX_LOG_SLOTS_COUNT];
};
