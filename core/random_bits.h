#pragma once
/* More random bits out of the 64 that a command is given (ctx->random_bits): splitmix64
 * (https://prng.di.unimi.it/splitmix64.c). For choices, not for secrets. The state is the caller's. */
#include "core/base.h"

static inline uint64_t random_bits_next(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (*state ^ (*state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* One of 0 .. end - 1, evenly; end > 0. */
static inline uint64_t random_bits_below(uint64_t *state, uint64_t end) {
    __extension__ unsigned __int128 product = (unsigned __int128)random_bits_next(state) * end;
    return (uint64_t)(product >> 64);
}
