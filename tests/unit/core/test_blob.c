#include "core/blob.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>

#include "core/mem.h"

Test(blob, the_last_reference_frees_it_and_no_earlier_one) {
    size_t used_before_bytes = mem_used_bytes();
    struct blob *blob = blob_try_new(3, 10);

    cr_assert(blob != NULL);
    cr_assert(blob->capacity >= 10);
    memcpy(blob->data, "abc", 3);
    cr_assert(not(blob_is_shared(blob)));
    cr_assert(blob_retain(blob) == blob);
    cr_assert(blob_is_shared(blob));
    blob_release(blob);
    cr_assert(not(blob_is_shared(blob)));
    cr_assert(mem_used_bytes() > used_before_bytes);
    cr_assert(memcmp(blob->data, "abc", 3) == 0);
    blob_release(blob);
    cr_assert(eq(sz, mem_used_bytes(), used_before_bytes));
}

Test(blob, a_nul_stands_behind_the_contents_and_behind_the_room) {
    for (size_t len = 0; len < 300; len += 7) {
        struct blob *blob = blob_try_new(len, len);
        cr_assert(blob->data[len] == '\0');
        cr_assert(blob->data[blob->capacity] == '\0');
        blob_release(blob);
    }
}

Test(blob, growing_keeps_the_contents) {
    struct blob *blob = blob_try_new(5, 5);
    memcpy(blob->data, "hello", 5);
    struct blob *grown = blob_try_grow(blob, 100000);
    cr_assert(grown != NULL);
    cr_assert(grown->capacity >= 100000);
    cr_assert(eq(sz, grown->len, 5));
    cr_assert(memcmp(grown->data, "hello", 5) == 0);
    blob_release(grown);
}

Test(blob, absurd_sizes_are_refused_and_change_nothing) {
    cr_assert(blob_try_new(0, SIZE_MAX) == NULL);
    cr_assert(blob_try_new(0, SIZE_MAX - 24) == NULL);
    struct blob *blob = blob_try_new(1, 1);
    cr_assert(blob_try_grow(blob, SIZE_MAX) == NULL);
    cr_assert(eq(sz, blob->len, 1));
    blob_release(blob);
}

static void *take_and_drop(void *ptr) {
    struct blob *blob = ptr;
    for (int i = 0; i < 20000; i++) blob_release(blob_retain(blob));
    blob_release(blob);
    return NULL;
}

Test(blob, references_may_be_dropped_on_any_thread) {
    struct blob *blob = blob_try_new(100, 100);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, take_and_drop, blob_retain(blob));
    }
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_assert(not(blob_is_shared(blob)));
    blob_release(blob);
}
