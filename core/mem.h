#pragma once
/* The one home of allocation (mimalloc underneath; the sanitizer builds use their own malloc).
 * Any thread may allocate, and any other thread may free. Each thread counts what it allocated
 * and freed; the sum over all threads is `used_memory`. */
#include "core/base.h"

/* For sizes the code bounds: never NULL, out of memory ends the process with a message. */
void *mem_must(size_t bytes);
void *mem_must_zero(size_t bytes);
void *mem_must_realloc(void *ptr, size_t bytes);
/* For sizes a client chooses: NULL when the memory is not there. */
void *mem_try(size_t bytes);
void *mem_try_realloc(void *ptr, size_t bytes); /* on NULL the old block is untouched */
/* Aligned to `alignment`, a power of two; freed with mem_free. Never NULL. */
void *mem_must_aligned(size_t bytes, size_t alignment);
void mem_free(void *ptr); /* NULL is fine */

/* Bytes really usable behind a pointer: at least what was asked for. */
size_t mem_usable_bytes(const void *ptr);
/* Bytes allocated and not yet freed, over all threads. O(threads), any thread. */
size_t mem_used_bytes(void);
/* The highest mem_used_bytes() seen by mem_peak_update(), which a timer calls. */
size_t mem_peak_bytes(void);
void mem_peak_update(void);
/* Hands free pages back to the system: MEMORY PURGE. Calling thread's heap only. */
void mem_purge(void);

#ifdef SLIPRING_DEBUG
/* For tests: the nth mem_try or mem_try_realloc of this thread from now on fails, once; 0: none. */
void mem_try_fail_at(uint64_t nth);
#endif
