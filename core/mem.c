/* mem.c - allocation, and the sum of it.
 *
 * `used_memory` must be true and must cost nothing: every request allocates. So each thread counts
 * the usable bytes it took and gave back in a counter of its own, one cache line that no other
 * thread writes, and whoever wants the sum walks the counters.
 *
 *     counters ──► [ thread C: +900 ] ──► [ thread B: -300 ] ──► [ of nobody: +40 ] ──► NULL
 *
 * I1  A counter is written by the one thread that has it (relaxed load, add, relaxed store: no
 *     locked instruction). A single counter may be negative: its thread freed what others made.
 * I2  Counters are never freed and the list only grows at its head, so a reader needs no lock.
 * I3  A thread that ends leaves its counter with the count in it; the next new thread takes it
 *     over and goes on from there. So the sum keeps what ended threads did, and the list is as long
 *     as the most threads that ever lived at once.
 * I4  What is counted for a block when it goes is what was counted when it came: the allocator's
 *     usable size, which does not change while a block lives.
 *
 * The sum is not a snapshot: a block allocated here and freed there while somebody sums may be seen
 * half. It is off by what is in flight at most, and never drifts. A sum below zero is shown as 0.
 *
 * The sanitizer builds keep their own malloc (SLIPRING_SYSTEM_MALLOC), which sees each byte. */
#include "core/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef SLIPRING_SYSTEM_MALLOC
#include <malloc.h>
#else
#include <mimalloc.h>
#endif

/* The allocator by one set of names; the rest of the file does not know which it is. */
#ifdef SLIPRING_SYSTEM_MALLOC

static inline void *raw_alloc(size_t bytes) {
    return malloc(bytes == 0 ? 1 : bytes);
}
static inline void *raw_alloc_zero(size_t bytes) {
    return calloc(1, bytes == 0 ? 1 : bytes);
}
static inline void *raw_realloc(void *ptr, size_t bytes) {
    return realloc(ptr, bytes == 0 ? 1 : bytes);
}
static inline void *raw_alloc_aligned(size_t bytes, size_t alignment) {
    void *ptr = NULL;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    return posix_memalign(&ptr, alignment, bytes == 0 ? 1 : bytes) == 0 ? ptr : NULL;
}
static inline void raw_free(void *ptr) {
    free(ptr);
}
static inline size_t raw_usable_bytes(const void *ptr) {
    return malloc_usable_size((void *)(uintptr_t)ptr);
}
/* The sanitizers' allocators keep what they have; libc's malloc_trim() would walk an arena that
 * was never set up. */
static inline void raw_purge(void) {}

#else

static inline void *raw_alloc(size_t bytes) {
    return mi_malloc(bytes);
}
static inline void *raw_alloc_zero(size_t bytes) {
    return mi_zalloc(bytes);
}
static inline void *raw_realloc(void *ptr, size_t bytes) {
    return mi_realloc(ptr, bytes);
}
static inline void *raw_alloc_aligned(size_t bytes, size_t alignment) {
    return mi_malloc_aligned(bytes, alignment);
}
static inline void raw_free(void *ptr) {
    mi_free(ptr);
}
static inline size_t raw_usable_bytes(const void *ptr) {
    return mi_usable_size(ptr);
}
/* By itself mimalloc gives free memory back with madvise() inside some malloc or free: 1 to 2 ms
 * at a time after a mass deletion, on a thread that others wait for. So it does so only when
 * asked to (MEMORY PURGE). */
__attribute__((constructor)) static void keep_free_memory(void) {
    mi_option_set(mi_option_allow_decommit, 0);
}
static inline void raw_purge(void) {
    mi_option_set(mi_option_allow_decommit, 1);
    mi_collect(true);
    mi_option_set(mi_option_allow_decommit, 0);
}

#endif

enum { CACHE_LINE_BYTES = 64 };

struct counter {
    _Alignas(CACHE_LINE_BYTES) _Atomic int64_t used_bytes; /* I1 */
    struct counter *next; /* set before the counter is published, then constant */
    _Atomic bool taken;
#ifdef SLIPRING_DEBUG
    uint64_t try_fail_countdown; /* the owner's alone; 0: no failure is ordered */
#endif
};
_Static_assert(sizeof(struct counter) == CACHE_LINE_BYTES, "two counters never share a line");

/* tidy: allow state, memory belongs to the process and not to one shard */
static struct counter *_Atomic counters; /* I2 */
static _Atomic size_t peak_bytes; /* tidy: allow state, as above */
static pthread_once_t exit_key_once = PTHREAD_ONCE_INIT; /* tidy: allow state, as above */
static pthread_key_t exit_key; /* tidy: allow state, as above */
static _Thread_local struct counter *own_counter; /* tidy: allow state, as above */

static _Noreturn void out_of_memory(size_t bytes) {
    fprintf(stderr, "slipring: out of memory: %zu bytes could not be allocated\n", bytes);
    abort();
}

/* Runs when a thread ends. A destructor that runs later and still frees something takes a counter
 * anew, and gives it back in the next round of destructors. */
static void counter_give_back(void *ptr) {
    struct counter *counter = ptr;

    own_counter = NULL;
    atomic_store_explicit(&counter->taken, false, memory_order_release); /* I3: the count stays */
}

static void exit_key_make(void) {
    if (pthread_key_create(&exit_key, counter_give_back) != 0) out_of_memory(0);
}

static struct counter *counter_reuse(void) {
    struct counter *counter = atomic_load_explicit(&counters, memory_order_acquire);

    for (; counter != NULL; counter = counter->next) {
        bool expected = false;
        if (atomic_load_explicit(&counter->taken, memory_order_relaxed)) continue;
        if (atomic_compare_exchange_strong_explicit(&counter->taken, &expected, true,
                                                    memory_order_acquire, memory_order_relaxed)) {
            return counter;
        }
    }
    return NULL;
}

static struct counter *counter_new(void) {
    struct counter *counter = raw_alloc_aligned(sizeof *counter, CACHE_LINE_BYTES);

    if (counter == NULL) out_of_memory(sizeof *counter);
    memset(counter, 0, sizeof *counter);
    atomic_init(&counter->taken, true);
    counter->next = atomic_load_explicit(&counters, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&counters, &counter->next, counter,
                                                  memory_order_release, memory_order_relaxed)) {}
    return counter;
}

/* Once per thread. */
static __attribute__((noinline, cold)) struct counter *counter_take(void) {
    pthread_once(&exit_key_once, exit_key_make);
    struct counter *counter = counter_reuse();
    if (counter == NULL) counter = counter_new();
#ifdef SLIPRING_DEBUG
    counter->try_fail_countdown = 0;
#endif
    own_counter = counter;
    pthread_setspecific(exit_key, counter); /* on failure the counter is never reused: harmless */
    return counter;
}

static inline struct counter *counter_own(void) {
    struct counter *counter = own_counter;
    return SL_LIKELY(counter != NULL) ? counter : counter_take();
}

static inline void count(int64_t delta_bytes) {
    struct counter *counter = counter_own();
    int64_t used_bytes = atomic_load_explicit(&counter->used_bytes, memory_order_relaxed);
    atomic_store_explicit(&counter->used_bytes, used_bytes + delta_bytes, memory_order_relaxed);
}

static inline void *counted(void *ptr) {
    if (SL_LIKELY(ptr != NULL)) count((int64_t)raw_usable_bytes(ptr));
    return ptr;
}

#ifdef SLIPRING_DEBUG
void mem_try_fail_at(uint64_t nth) {
    counter_own()->try_fail_countdown = nth;
}

static bool failure_is_due(void) {
    struct counter *counter = counter_own();
    return counter->try_fail_countdown > 0 && --counter->try_fail_countdown == 0;
}
#else
static inline bool failure_is_due(void) {
    return false;
}
#endif

/* Sizes with the top bit set are arithmetic gone wrong. The allocators would refuse them too, but
 * the sanitizers' end the process. */
static inline bool size_is_absurd(size_t bytes) {
    return SL_UNLIKELY(bytes > PTRDIFF_MAX);
}

static void *realloc_counted(void *ptr, size_t bytes) {
    int64_t old_bytes = ptr == NULL ? 0 : (int64_t)raw_usable_bytes(ptr);
    void *moved = raw_realloc(ptr, bytes);

    if (SL_LIKELY(moved != NULL)) count((int64_t)raw_usable_bytes(moved) - old_bytes);
    return moved;
}

void *mem_must(size_t bytes) {
    void *ptr = counted(raw_alloc(bytes));
    if (SL_UNLIKELY(ptr == NULL)) out_of_memory(bytes);
    return ptr;
}

void *mem_must_zero(size_t bytes) {
    void *ptr = counted(raw_alloc_zero(bytes));
    if (SL_UNLIKELY(ptr == NULL)) out_of_memory(bytes);
    return ptr;
}

void *mem_must_realloc(void *ptr, size_t bytes) {
    void *moved = realloc_counted(ptr, bytes);
    if (SL_UNLIKELY(moved == NULL)) out_of_memory(bytes);
    return moved;
}

void *mem_must_aligned(size_t bytes, size_t alignment) {
    SL_ASSERT(alignment != 0);
    SL_ASSERT((alignment & (alignment - 1)) == 0);
    void *ptr = counted(raw_alloc_aligned(bytes, alignment));
    if (SL_UNLIKELY(ptr == NULL)) out_of_memory(bytes);
    return ptr;
}

void *mem_try(size_t bytes) {
    if (size_is_absurd(bytes) || failure_is_due()) return NULL;
    return counted(raw_alloc(bytes));
}

void *mem_try_realloc(void *ptr, size_t bytes) {
    if (size_is_absurd(bytes) || failure_is_due()) return NULL;
    return realloc_counted(ptr, bytes);
}

void mem_free(void *ptr) {
    if (ptr == NULL) return;
    count(-(int64_t)raw_usable_bytes(ptr)); /* I4 */
    raw_free(ptr);
}

size_t mem_usable_bytes(const void *ptr) {
    SL_ASSERT(ptr != NULL);
    return raw_usable_bytes(ptr);
}

size_t mem_used_bytes(void) {
    int64_t sum_bytes = 0;
    struct counter *counter = atomic_load_explicit(&counters, memory_order_acquire);

    for (; counter != NULL; counter = counter->next) {
        sum_bytes += atomic_load_explicit(&counter->used_bytes, memory_order_relaxed);
    }
    return sum_bytes > 0 ? (size_t)sum_bytes : 0;
}

size_t mem_peak_bytes(void) {
    return atomic_load_explicit(&peak_bytes, memory_order_relaxed);
}

void mem_peak_update(void) {
    size_t used_bytes = mem_used_bytes();
    size_t seen_bytes = atomic_load_explicit(&peak_bytes, memory_order_relaxed);

    while (used_bytes > seen_bytes &&
           !atomic_compare_exchange_weak_explicit(&peak_bytes, &seen_bytes, used_bytes,
                                                  memory_order_relaxed, memory_order_relaxed)) {}
}

void mem_purge(void) {
    raw_purge();
}
