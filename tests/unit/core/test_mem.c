#include "core/mem.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

Test(mem, a_block_counts_while_it_lives_and_not_after) {
    size_t before_bytes = mem_used_bytes();
    void *ptr = mem_must(1000);
    size_t usable_bytes = mem_usable_bytes(ptr);

    cr_assert(ge(sz, usable_bytes, 1000));
    cr_assert(eq(sz, mem_used_bytes() - before_bytes, usable_bytes));
    mem_free(ptr);
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
}

Test(mem, all_usable_bytes_may_be_written) {
    for (size_t bytes = 0; bytes < 5000; bytes += 7) {
        void *ptr = mem_must(bytes);
        memset(ptr, 0xa5, mem_usable_bytes(ptr));
        mem_free(ptr);
    }
}

Test(mem, freeing_null_does_nothing) {
    size_t before_bytes = mem_used_bytes();
    mem_free(NULL);
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
}

Test(mem, zero_bytes_are_a_block_of_its_own) {
    void *a = mem_must(0), *b = mem_try(0);
    cr_assert(a != NULL && b != NULL && a != b);
    mem_free(a);
    mem_free(b);
}

Test(mem, zeroed_memory_is_zero_also_when_it_was_used_before) {
    for (int round = 0; round < 100; round++) {
        unsigned char *ptr = mem_must_zero(333);
        for (size_t i = 0; i < 333; i++) cr_assert(ptr[i] == 0);
        memset(ptr, 0xff, 333);
        mem_free(ptr);
    }
}

Test(mem, growing_and_shrinking_keeps_the_contents_and_the_count) {
    size_t before_bytes = mem_used_bytes();
    unsigned char *ptr = mem_must_realloc(NULL, 1);
    size_t size = 1;

    ptr[0] = 0;
    for (size_t bytes = 3; bytes < 3000000; bytes = bytes * 3 / 2) {
        ptr = mem_must_realloc(ptr, bytes);
        for (size_t i = size; i < bytes; i++) ptr[i] = (unsigned char)(i % 251);
        size = bytes;
        cr_assert(eq(sz, mem_used_bytes() - before_bytes, mem_usable_bytes(ptr)));
    }
    ptr = mem_try_realloc(ptr, 500);
    for (size_t i = 0; i < 500; i++) cr_assert(ptr[i] == i % 251);
    cr_assert(eq(sz, mem_used_bytes() - before_bytes, mem_usable_bytes(ptr)));
    mem_free(ptr);
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
}

Test(mem, aligned_blocks_are_aligned_and_counted) {
    size_t before_bytes = mem_used_bytes();

    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        void *blocks[8];
        for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) {
            blocks[i] = mem_must_aligned(24 + i * 100, alignment);
            cr_assert(0 == (uintptr_t)blocks[i] % alignment);
            memset(blocks[i], 1, mem_usable_bytes(blocks[i]));
        }
        for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) mem_free(blocks[i]);
    }
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
}

Test(mem, a_size_nobody_has_is_refused_and_the_old_block_untouched) {
    char *ptr = mem_must(16);
    size_t before_bytes = mem_used_bytes();

    memcpy(ptr, "still here", 11);
    cr_assert(mem_try(SIZE_MAX) == NULL);
    cr_assert(mem_try((size_t)1 << 62) == NULL);
    cr_assert(mem_try_realloc(ptr, (size_t)1 << 62) == NULL);
    cr_assert(strcmp(ptr, "still here") == 0);
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
    mem_free(ptr);
}

Test(mem, memory_that_must_be_there_and_is_not_ends_the_process, .signal = SIGABRT) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    abort(); /* the sanitizer's allocator ends the process itself, its own way */
#endif
    mem_must((size_t)1 << 62);
}

struct hand_over {
    void *blocks[1000];
    size_t seen_bytes;
};

static void *allocate_blocks(void *arg) {
    struct hand_over *hand_over = arg;
    for (size_t i = 0; i < 1000; i++) hand_over->blocks[i] = mem_must(i);
    hand_over->seen_bytes = mem_used_bytes();
    return NULL;
}

static void *free_blocks(void *arg) {
    struct hand_over *hand_over = arg;
    for (size_t i = 0; i < 1000; i++) mem_free(hand_over->blocks[i]);
    return NULL;
}

static void in_a_thread(void *(*run)(void *), void *arg) {
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, run, arg) == 0);
    cr_assert(pthread_join(thread, NULL) == 0);
}

Test(mem, what_an_ended_thread_allocated_still_counts_until_another_frees_it) {
    static struct hand_over hand_over;
    size_t before_bytes = mem_used_bytes();

    for (int round = 0; round < 50; round++) {
        in_a_thread(allocate_blocks, &hand_over);
        cr_assert(eq(sz, mem_used_bytes(), hand_over.seen_bytes));
        cr_assert(gt(sz, mem_used_bytes(), before_bytes + 499500 - 1));
        in_a_thread(free_blocks, &hand_over);
        cr_assert(eq(sz, mem_used_bytes(), before_bytes));
    }
}

static pthread_key_t late_key;

static void *leave_a_block_behind(void *arg) {
    (void)arg;
    pthread_setspecific(late_key, mem_must(12345));
    return NULL;
}

/* The counter may be given back before or after this: both must come out right. */
Test(mem, a_block_freed_while_its_thread_ends_is_counted_down) {
    cr_assert(pthread_key_create(&late_key, mem_free) == 0);
    size_t before_bytes = mem_used_bytes();

    for (int round = 0; round < 50; round++) in_a_thread(leave_a_block_behind, NULL);
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
}

enum { RACERS_COUNT = 4, RACE_ROUNDS = 20000, RING_SLOTS = 64 };
static void *_Atomic ring[RING_SLOTS];

/* Everybody puts blocks into a common ring and frees what was there: most are freed by another. */
static void *race(void *arg) {
    unsigned seed = *(unsigned *)arg;
    for (int i = 0; i < RACE_ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        mem_free(atomic_exchange(&ring[seed >> 26], mem_must(seed >> 8 & 1023)));
        if (i % 1000 == 0) mem_peak_update();
    }
    return NULL;
}

Test(mem, the_sum_is_exact_after_threads_freed_each_others_blocks) {
    pthread_t threads[RACERS_COUNT];
    unsigned seeds[RACERS_COUNT];
    size_t before_bytes = mem_used_bytes();

    for (unsigned i = 0; i < RACERS_COUNT; i++) {
        seeds[i] = i * 7919 + 1;
        cr_assert(pthread_create(&threads[i], NULL, race, &seeds[i]) == 0);
    }
    for (unsigned i = 0; i < RACERS_COUNT; i++) cr_assert(pthread_join(threads[i], NULL) == 0);
    for (size_t i = 0; i < RING_SLOTS; i++) mem_free(atomic_load(&ring[i]));
    cr_assert(eq(sz, mem_used_bytes(), before_bytes));
    cr_assert(gt(sz, mem_peak_bytes(), before_bytes));
}

Test(mem, the_peak_stays_when_the_memory_is_gone) {
    void *ptr = mem_must(10000000);

    mem_peak_update();
    mem_free(ptr);
    cr_assert(ge(sz, mem_peak_bytes(), 10000000));
    mem_peak_update();
    cr_assert(ge(sz, mem_peak_bytes(), 10000000));
    mem_purge();
    cr_assert(lt(sz, mem_used_bytes(), 10000000));
}

#ifdef SLIPRING_DEBUG
Test(mem, an_ordered_failure_hits_the_nth_attempt_once) {
    void *ptr = mem_must(10);

    mem_try_fail_at(2);
    void *first = mem_try(10);
    cr_assert(first != NULL);
    cr_assert(mem_try_realloc(ptr, 20) == NULL);
    ptr = mem_try_realloc(ptr, 20);
    cr_assert(ptr != NULL);
    mem_try_fail_at(1);
    mem_try_fail_at(0);
    void *last = mem_try(10);
    cr_assert(last != NULL);
    mem_free(first);
    mem_free(last);
    mem_free(ptr);
}
#endif
