/* Lists against an array of texts, whatever nodes they are made of. */
#include "core/quicklist.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>

#include "core/list.h"
#include "core/mem.h"

/* ---- The model ---- */

enum { MODEL_MAX = 4096 };
struct model {
    char *texts[MODEL_MAX];
    size_t lens[MODEL_MAX];
    size_t count;
};

static void model_insert(struct model *model, size_t at, struct slice text) {
    for (size_t i = model->count; i > at; i--) {
        model->texts[i] = model->texts[i - 1];
        model->lens[i] = model->lens[i - 1];
    }
    model->texts[at] = malloc(text.len + 1);
    memcpy(model->texts[at], text.data, text.len);
    model->lens[at] = text.len;
    model->count++;
}

static void model_remove(struct model *model, size_t at, size_t count) {
    for (size_t i = at; i < at + count; i++) free(model->texts[i]);
    for (size_t i = at; i + count < model->count; i++) {
        model->texts[i] = model->texts[i + count];
        model->lens[i] = model->lens[i + count];
    }
    model->count -= count;
}

static struct slice model_at(const struct model *model, size_t at) {
    return slice_of(model->texts[at], model->lens[at]);
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static char text_bytes[70000];

/* Mostly short; integers; now and then one that needs a node of its own. */
static struct slice random_text(uint64_t *state) {
    uint64_t kind = random_next(state) % 100;
    size_t len;

    if (kind < 30)
        return slice_of(text_bytes,
                        (size_t)sprintf(text_bytes, "%d", (int)(random_next(state) % 9000) - 2000));
    if (kind < 80)
        len = random_next(state) % 40;
    else if (kind < 96)
        len = random_next(state) % 900;
    else if (kind < 98)
        len = 3900 + random_next(state) % 400;
    else
        len = 8100 + random_next(state) % 200;
    for (size_t i = 0; i < len; i++) text_bytes[i] = (char)('a' + (i * 7 + kind) % 5);
    return slice_of(text_bytes, len);
}

static void assert_same(const struct list *list, const struct model *model) {
    struct list_iter iter;
    struct slice text;
    size_t at = 0;

    if (list->encoding == ENCODING_QUICKLIST) quicklist_check(list->object);
    cr_assert(eq(sz, list_count(list), model->count));
    list_iter_init(&iter, list, LIST_HEAD);
    while (list_iter_next(&iter, &text)) {
        cr_assert(slice_equal(text, model_at(model, at)), "element %zu", at);
        at++;
    }
    cr_assert(eq(sz, at, model->count));
    list_iter_init(&iter, list, LIST_TAIL);
    while (list_iter_next(&iter, &text)) {
        at--;
        cr_assert(slice_equal(text, model_at(model, at)), "element %zu from behind", at);
    }
    cr_assert(eq(sz, at, 0));
    if (list->encoding == ENCODING_QUICKLIST) quicklist_check(list->object);
}

/* What list_reply_range() writes is what the model says. */
static void assert_range(const struct list *list, const struct model *model, uint64_t *state) {
    struct outbuf out;
    struct reply reply = {.out = &out, .resp = 2};
    bool is_backward = random_next(state) % 4 == 0;

    if (model->count == 0) return;
    size_t at = random_next(state) % model->count;
    size_t count = random_next(state) % ((is_backward ? at + 1 : model->count - at) + 1);
    outbuf_init(&out);
    list_reply_range(list, &reply, at, count, is_backward);
    char *flat = malloc(out.bytes + 1);
    size_t flat_bytes = 0, bytes;
    struct iovec iov[4096];
    size_t iov_count = outbuf_iov(&out, iov, 4096, &bytes);
    for (size_t i = 0; i < iov_count; i++) {
        memcpy(flat + flat_bytes, iov[i].iov_base, iov[i].iov_len);
        flat_bytes += iov[i].iov_len;
    }
    cr_assert(eq(sz, flat_bytes, out.bytes));
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice want = model_at(model, is_backward ? at - i : at + i);
        char head[32];
        int head_len = sprintf(head, "$%zu\r\n", want.len);
        cr_assert(memcmp(flat + seen, head, (size_t)head_len) == 0, "header %zu", i);
        seen += (size_t)head_len;
        cr_assert(memcmp(flat + seen, want.data, want.len) == 0, "text %zu", i);
        seen += want.len;
        cr_assert(memcmp(flat + seen, "\r\n", 2) == 0);
        seen += 2;
    }
    cr_assert(eq(sz, seen, flat_bytes));
    free(flat);
    outbuf_clear(&out);
}

static void random_step(struct list *list, struct model *model, const struct quicklist_rules *rules,
                        uint64_t *state) {
    uint64_t kind = random_next(state) % 100;
    struct slice text = random_text(state);
    struct list_iter iter;

    if (model->count > 600 && kind < 60) kind = 90;
    if (kind < 40 || model->count == 0) {
        enum list_end end = random_next(state) % 2 == 0 ? LIST_HEAD : LIST_TAIL;
        cr_assert(list_add(list, rules, end, text));
        model_insert(model, end == LIST_HEAD ? 0 : model->count, text);
        return;
    }
    size_t at = random_next(state) % model->count;
    if (kind < 60) {
        bool is_after = random_next(state) % 2 == 0;
        list_grow(list, rules, text.len, 1);
        list_iter_init_at(&iter, list, LIST_HEAD, (int64_t)at);
        cr_assert(list_iter_step(&iter));
        cr_assert(list_insert(list, rules, &iter, is_after, text));
        model_insert(model, at + is_after, text);
    } else if (kind < 70) {
        list_grow(list, rules, text.len, 1);
        list_iter_init_at(&iter, list, LIST_HEAD, (int64_t)at - (int64_t)model->count);
        cr_assert(list_iter_step(&iter));
        cr_assert(list_replace(list, rules, &iter, text));
        model_remove(model, at, 1);
        model_insert(model, at, text);
        list_shrink(list, rules);
    } else if (kind < 80) { /* some in a row, as LREM does */
        bool is_backward = random_next(state) % 2 == 0;
        list_iter_init_at(&iter, list, is_backward ? LIST_TAIL : LIST_HEAD, (int64_t)at);
        for (int i = 0; i < 3 && list_iter_step(&iter); i++) {
            cr_assert(list_iter_equals(&iter, model_at(model, at)));
            list_remove(list, rules, &iter);
            model_remove(model, at, 1);
            if (is_backward && at-- == 0) break;
            if (!is_backward && at == model->count) break;
        }
        if (model->count > 0) list_shrink(list, rules);
    } else if (kind < 90) {
        bool is_head = random_next(state) % 2 == 0;
        list_remove_end(list, rules, is_head ? LIST_HEAD : LIST_TAIL);
        model_remove(model, is_head ? 0 : model->count - 1, 1);
        if (model->count > 0) list_shrink(list, rules);
    } else if (kind < 94) {
        size_t count = random_next(state) % (model->count - at + 1);
        list_remove_range(
            list, rules,
            random_next(state) % 2 == 0 ? (int64_t)at : (int64_t)at - (int64_t)model->count, count);
        model_remove(model, at, count);
        if (model->count > 0) list_shrink(list, rules);
    } else if (kind < 96) { /* a copy takes its place */
        void *copy = object_kind_of(list->encoding)->try_copy(list->object);
        cr_assert(copy != NULL);
        list_free(list);
        list->object = copy;
    } else {
        assert_range(list, model, state);
    }
}

static void run_model(int64_t node_limit, unsigned depth, size_t steps) {
    struct quicklist_rules rules = {.node_limit = node_limit, .compress_depth = depth};
    static struct model model;
    uint64_t seed = (uint64_t)time(NULL) * 2654435761u + (uint64_t)(node_limit + 10) * 31 + depth;
    uint64_t state = seed | 1;

    printf("seed %llu, limit %lld, depth %u\n", (unsigned long long)seed, (long long)node_limit,
           depth);
    memset(&model, 0, sizeof model);
    struct list list = list_new();
    for (size_t i = 0; i < steps; i++) {
        random_step(&list, &model, &rules, &state);
        if (i % 16 == 0) assert_same(&list, &model);
        if (i % 500 == 499)
            rules.compress_depth = (unsigned)(random_next(&state) % 4) * (depth > 0);
    }
    assert_same(&list, &model);
    list_free(&list);
    model_remove(&model, 0, model.count);
}

Test(quicklist, behaves_as_an_array_with_nodes_by_bytes) {
    run_model(-1, 0, 4000);
    run_model(-2, 0, 3000);
}
Test(quicklist, behaves_as_an_array_with_nodes_by_count) {
    run_model(1, 0, 1500);
    run_model(3, 0, 3000);
    run_model(128, 0, 2000);
}
Test(quicklist, behaves_as_an_array_while_nodes_are_compressed) {
    run_model(-1, 1, 3000);
    run_model(4, 1, 3000);
    run_model(4, 2, 3000);
}

Test(quicklist, a_million_short_elements_fill_their_nodes) {
    struct quicklist_rules rules = {.node_limit = -2};
    struct quicklist *list = quicklist_new();
    char text[16];
    size_t before = mem_used_bytes();

    for (int i = 0; i < 1000000; i++) {
        int len = sprintf(text, "e%07d", i);
        cr_assert(quicklist_push(list, &rules, i % 2 ? QUICKLIST_TAIL : QUICKLIST_HEAD,
                                 slice_of(text, (size_t)len)));
    }
    quicklist_check(list);
    /* 8 bytes, and 2 around them in a listpack: 1.5 percent more, for nodes and the last bit of
     * each. */
    size_t bytes = mem_used_bytes() - before;
    cr_assert(bytes < 10150000, "%zu", bytes);
    quicklist_free(list);
}

Test(quicklist, is_freed_in_slices) {
    struct quicklist_rules rules = {.node_limit = 1};
    struct quicklist *list = quicklist_new();
    size_t before = mem_used_bytes(), slices_count = 0, budget;

    for (int i = 0; i < 1000; i++)
        quicklist_push(list, &rules, QUICKLIST_TAIL, SLICE_LITERAL("text"));
    cr_assert(eq(sz, quicklist_object_kind.weight(list), 1001));
    do {
        budget = 100;
        slices_count++;
    } while (quicklist_object_kind.free_step(list, &budget));
    cr_assert(ge(sz, slices_count, 10));
    cr_assert(le(sz, mem_used_bytes(), before));
}

#ifdef SLIPRING_DEBUG
Test(quicklist, without_memory_for_a_large_element_nothing_changes) {
    struct quicklist_rules rules = {.node_limit = -2};
    struct quicklist *list = quicklist_new();
    struct slice large = slice_of(text_bytes, 20000);

    for (int i = 0; i < 10; i++)
        quicklist_push(list, &rules, QUICKLIST_TAIL, SLICE_LITERAL("text"));
    mem_try_fail_at(1);
    cr_assert(not(quicklist_push(list, &rules, QUICKLIST_HEAD, large)));
    mem_try_fail_at(1);
    cr_assert(not(quicklist_insert(list, &rules, quicklist_at(list, 4), true, large)));
    mem_try_fail_at(1);
    cr_assert(not(quicklist_replace(list, &rules, quicklist_at(list, 4), large)));
    mem_try_fail_at(0);
    cr_assert(eq(sz, quicklist_count(list), 10));
    cr_assert(eq(sz, quicklist_nodes_count(list), 1));
    cr_assert(quicklist_insert(list, &rules, quicklist_at(list, 4), true, large));
    for (uint64_t nth = 1;; nth++) {
        mem_try_fail_at(nth);
        struct quicklist *copy = quicklist_object_kind.try_copy(list);
        mem_try_fail_at(0);
        if (copy == NULL) continue;
        cr_assert(eq(sz, quicklist_count(copy), 11));
        quicklist_check(copy);
        quicklist_free(copy);
        cr_assert(gt(sz, nth, 3));
        break;
    }
    quicklist_check(list);
    quicklist_free(list);
}
#endif
