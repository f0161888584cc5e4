/* tidy: allow clock_gettime, this is the one home of clocks */
#include "shards/clock.h"

#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

/* Set once by clock_calibrate() before the threads start; 0: ticks are ns already. */
static uint64_t ns_per_tick_shifted;
enum { TICK_SHIFT = 24 };

static uint64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_unix_ms(void) {
    return read_ns(CLOCK_REALTIME) / 1000000;
}

uint64_t clock_unix_us(void) {
    return read_ns(CLOCK_REALTIME) / 1000;
}

uint64_t clock_mono_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

#if defined(__x86_64__)
static bool counter_is_invariant(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
}

uint64_t clock_ticks(void) {
    return ns_per_tick_shifted != 0 ? __rdtsc() : clock_mono_ns();
}

void clock_calibrate(void) {
    enum { CALIBRATION_NS = 10000000 };
    if (!counter_is_invariant()) return;
    uint64_t start_ns = clock_mono_ns(), start_ticks = __rdtsc(), end_ns;
    do {
        end_ns = clock_mono_ns();
    } while (end_ns - start_ns < CALIBRATION_NS);
    uint64_t ticks = __rdtsc() - start_ticks;
    if (ticks == 0) return;
    ns_per_tick_shifted = ((end_ns - start_ns) << TICK_SHIFT) / ticks;
}
#else
uint64_t clock_ticks(void) {
    return clock_mono_ns();
}

void clock_calibrate(void) {}
#endif

uint64_t clock_ticks_to_ns(uint64_t ticks) {
    if (ns_per_tick_shifted == 0) return ticks;
    return (uint64_t)(((unsigned __int128)ticks * ns_per_tick_shifted) >> TICK_SHIFT);
}
