#pragma once
/* The runtime's one home of clocks. Any thread. */
#include "core/base.h"

uint64_t clock_unix_ms(void); /* wall clock */
uint64_t clock_unix_us(void);
uint64_t clock_mono_ns(void);
/* For durations of single commands: the processor's own counter where it is invariant, a few ns
 * a reading, else clock_mono_ns(). Only differences mean something. */
uint64_t clock_ticks(void);
uint64_t clock_ticks_to_ns(uint64_t ticks);
void clock_calibrate(void); /* once, before any thread runs: takes about 10 ms */

/* In a loop that waits for another thread, for a moment. */
static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
