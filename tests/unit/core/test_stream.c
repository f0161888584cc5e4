/* Streams against a plain array of what was added. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/listpack.h"
#include "core/mem.h"
#include "core/stream.h"
#include "core/stream_group.h"

enum { MODEL_MAX = 4096 };

struct model_entry {
    struct stream_id id;
    char value[24];
    bool is_live, is_other; /* other fields than the usual */
};
struct model {
    struct model_entry entries[MODEL_MAX];
    size_t count;
    uint64_t length;
};

static uint64_t state;
static uint64_t next_random(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

static void add(struct stream *stream, struct model *model, const struct stream_limits *limits) {
    struct model_entry *entry = &model->entries[model->count++];
    uint64_t step = next_random() % 3;

    entry->id = stream->last_id;
    if (step == 0)
        entry->id = (struct stream_id){entry->id.ms + 1 + next_random() % 1000, next_random() % 9};
    else
        entry->id.seq += step;
    entry->is_live = true;
    entry->is_other = next_random() % 4 == 0;
    int len = snprintf(entry->value, sizeof entry->value, next_random() % 2 ? "%llu" : "v%llu",
                       (unsigned long long)next_random());
    struct slice args[4] = {SLICE_LITERAL("f"), slice_of(entry->value, (size_t)len),
                            entry->is_other ? SLICE_LITERAL("other") : SLICE_LITERAL("g"),
                            SLICE_LITERAL("12")};
    cr_assert(stream_add(stream, limits, entry->id, args, 2) == STREAM_ADD_OK);
    cr_assert(stream_add(stream, limits, entry->id, args, 2) == STREAM_ADD_ID_TOO_SMALL);
    model->length++;
}

static void compare_range(const struct stream *stream, const struct model *model,
                          struct stream_id first, struct stream_id last, bool is_backward) {
    char field_scratch[LISTPACK_SCRATCH_BYTES], value_scratch[LISTPACK_SCRATCH_BYTES];
    struct stream_iter iter;
    struct stream_id id;
    size_t pairs_count;

    stream_iter_init(&iter, stream, first, last, is_backward);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_entry *entry = &model->entries[is_backward ? model->count - 1 - i : i];
        struct slice field, value;
        if (!entry->is_live || stream_id_compare(entry->id, first) < 0 ||
            stream_id_compare(entry->id, last) > 0)
            continue;
        cr_assert(stream_iter_next(&iter, &id, &pairs_count));
        cr_assert(stream_id_equal(id, entry->id));
        cr_assert(pairs_count == 2);
        stream_iter_pair(&iter, &field, &value, field_scratch, value_scratch);
        cr_assert(slice_equal(field, SLICE_LITERAL("f")));
        cr_assert(slice_equal(value, slice_from_cstr(entry->value)));
        stream_iter_pair(&iter, &field, &value, field_scratch, value_scratch);
        cr_assert(
            slice_equal(field, entry->is_other ? SLICE_LITERAL("other") : SLICE_LITERAL("g")));
        cr_assert(slice_equal(value, SLICE_LITERAL("12")));
    }
    cr_assert(not(stream_iter_next(&iter, &id, &pairs_count)));
}

static struct stream_id some_id(const struct model *model) {
    struct stream_id id = model->entries[next_random() % model->count].id;
    if (next_random() % 4 == 0) stream_id_increment(&id);
    return id;
}

static void trim(struct stream *stream, struct model *model) {
    struct stream_trim trim = {.by = next_random() % 2 ? STREAM_TRIM_MAXLEN : STREAM_TRIM_MINID,
                               .is_approximate = next_random() % 2};
    trim.entries_max = stream->length - stream->length / 8;
    trim.id_min = model->entries[next_random() % model->count / 4].id;
    uint64_t trimmed_count = stream_trim(stream, &trim);
    for (size_t i = 0; trimmed_count > 0; i++) {
        trimmed_count -= model->entries[i].is_live;
        model->length -= model->entries[i].is_live;
        model->entries[i].is_live = false;
    }
    if (trim.is_approximate) return;
    if (trim.by == STREAM_TRIM_MAXLEN) {
        cr_assert(stream->length <= trim.entries_max);
    } else {
        cr_assert(stream->length == 0 || stream_id_compare(stream->first_id, trim.id_min) >= 0);
    }
}

Test(stream, is_the_array_of_what_was_added) {
    static const struct stream_limits limits[] = {{0, 0}, {4096, 100}, {100, 0}, {0, 1}, {0, 3}};

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct model *model = calloc(1, sizeof *model);
        struct stream *stream = stream_new();
        state = seed;
        cr_log_info("seed %llu", (unsigned long long)seed);
        for (size_t i = 0; i < 1500; i++) {
            uint64_t what = next_random() % 100;
            if (what < 70 || model->count == 0) {
                add(stream, model, &limits[seed % ARRAY_COUNT(limits)]);
            } else if (what < 97) {
                size_t at = next_random() % model->count;
                cr_assert(stream_delete(stream, model->entries[at].id) ==
                          model->entries[at].is_live);
                model->length -= model->entries[at].is_live;
                model->entries[at].is_live = false;
            } else {
                trim(stream, model);
            }
            cr_assert(stream->length == model->length);
            if (i % 50 == 0) {
                stream_check(stream);
                compare_range(stream, model, some_id(model), some_id(model), i % 100 == 0);
            }
        }
        compare_range(stream, model, STREAM_ID_MIN, STREAM_ID_MAX, false);
        compare_range(stream, model, STREAM_ID_MIN, STREAM_ID_MAX, true);
        struct stream *copy = stream_object_kind.try_copy(stream);
        stream_check(copy);
        compare_range(copy, model, STREAM_ID_MIN, STREAM_ID_MAX, false);
        stream_free(copy);
        size_t budget_count = 3;
        while (stream_object_kind.free_step(stream, &budget_count)) budget_count = 3;
        free(model);
    }
}

Test(stream, loads_its_own_nodes_and_refuses_others) {
    struct stream *stream = stream_new(), *loaded = stream_new();
    struct stream_limits limits = {0, 3};
    struct slice args[2] = {SLICE_LITERAL("f"), SLICE_LITERAL("v")};
    struct stream_index_pos pos = {0, 0};
    struct stream_index_item *node;

    for (uint64_t i = 1; i <= 10; i++)
        cr_assert(stream_add(stream, &limits, (struct stream_id){i, 0}, args, 1) == STREAM_ADD_OK);
    cr_assert(stream_delete(stream, (struct stream_id){2, 0}));
    for (; (node = stream_index_at(&stream->nodes, pos)) != NULL;
         pos = stream_index_next(&stream->nodes, pos)) {
        unsigned char *copy = listpack_try_copy(node->value);
        cr_assert(stream_load_node(loaded, node->id, copy));
        cr_assert(not(stream_load_node(loaded, node->id, copy)), "the same ids again");
    }
    loaded->length = 9;
    loaded->last_id = (struct stream_id){10, 0};
    cr_assert(stream_is_consistent(loaded));
    stream_check(loaded);
    loaded->length = 10;
    cr_assert(not(stream_is_consistent(loaded)));
    unsigned char *other = listpack_append(listpack_new(0), SLICE_LITERAL("no node"));
    cr_assert(not(stream_load_node(loaded, (struct stream_id){99, 0}, other)));
    listpack_free(other);
    stream_free(stream);
    loaded->length = 9;
    stream_free(loaded);
}

#ifdef SLIPRING_DEBUG
Test(stream, an_entry_without_memory_changes_nothing) {
    struct stream *stream = stream_new();
    struct stream_limits limits = {0, 0};
    static char large[10000];
    struct slice args[2] = {SLICE_LITERAL("f"), slice_of(large, sizeof large)};

    for (uint64_t i = 1; i <= 3; i++) {
        mem_try_fail_at(1);
        cr_assert(stream_add(stream, &limits, (struct stream_id){i, 0}, args, 1) ==
                  STREAM_ADD_NO_MEMORY);
        mem_try_fail_at(0);
        cr_assert(stream->length == i - 1);
        stream_check(stream);
        cr_assert(stream_add(stream, &limits, (struct stream_id){i, 0}, args, 1) == STREAM_ADD_OK);
    }
    stream_free(stream);
}
#endif

Test(stream_index, is_a_sorted_array) {
    enum { IDS = 2000 };
    bool *is_there = calloc(IDS, 1);
    struct stream_index index = {.count = 0};

    state = 7;
    for (size_t i = 0; i < 40000; i++) {
        size_t at = i % 7 < 3 ? i / 8 % IDS : next_random() % IDS;
        bool is_adding = i < 15000 ? next_random() % 4 > 0 : next_random() % 3 == 0;
        struct stream_id id = {at / 3, at % 3};
        if (is_adding && !is_there[at])
            stream_index_insert(&index, id, is_there + at);
        else if (!is_adding)
            cr_assert(is_there[at] == (stream_index_remove(&index, id) != NULL));
        is_there[at] = is_adding;
        if (i % 500 == 0) stream_index_check(&index);
    }
    for (size_t at = 0; at < IDS; at++) {
        struct stream_id id = {at / 3, at % 3};
        struct stream_index_pos pos;
        size_t after = at, before = at;
        cr_assert(is_there[at] == (stream_index_find(&index, id) == is_there + at));
        while (after < IDS && !is_there[after]) after++;
        const struct stream_index_item *item = stream_index_at(&index,
                                                               stream_index_seek(&index, id));
        cr_assert(eq(int, item == NULL, after == IDS));
        cr_assert(item == NULL || item->value == is_there + after);
        while (before > 0 && !is_there[before]) before--;
        cr_assert(stream_index_floor(&index, id, &pos) == is_there[before]);
        if (is_there[before]) cr_assert(stream_index_at(&index, pos)->value == is_there + before);
    }
    stream_index_free(&index);
    free(is_there);
}

Test(stream_group, what_is_pending_has_one_consumer) {
    struct stream *stream = stream_new();
    struct stream_group *group = stream_group_add(stream, SLICE_LITERAL("g"), STREAM_ID_MIN, 0);
    struct stream_consumer *consumers[3];
    bool is_pending[300] = {false};
    size_t count = 0;

    cr_assert(stream_group_add(stream, SLICE_LITERAL("g"), STREAM_ID_MIN, 0) == NULL);
    consumers[0] = stream_consumer_add(group, SLICE_LITERAL("b"), 5);
    consumers[1] = stream_consumer_add(group, SLICE_LITERAL("a"), 5);
    consumers[2] = stream_consumer_add(group, SLICE_LITERAL("ab"), 5);
    state = 3;
    for (size_t i = 0; i < 5000; i++) {
        size_t at = next_random() % ARRAY_COUNT(is_pending);
        struct stream_id id = {at, 1};
        struct stream_consumer *consumer = consumers[next_random() % 3];
        struct stream_pending *pending = stream_pending_find(group, id);
        cr_assert(is_pending[at] == (pending != NULL));
        if (pending == NULL) {
            stream_pending_add(group, id, consumer, 1, 1);
            is_pending[at] = true;
        } else if (next_random() % 2) {
            stream_pending_assign(pending, id, consumer);
        } else {
            cr_assert(stream_pending_remove(group, id));
            is_pending[at] = false;
        }
        if (i % 250 == 0) stream_check(stream);
    }
    for (size_t at = 0; at < ARRAY_COUNT(is_pending); at++) count += is_pending[at];
    cr_assert(group->pending.items_count == count);
    struct stream *copy = stream_object_kind.try_copy(stream);
    stream_check(copy);
    cr_assert(copy->groups[0]->pending.items_count == count);
    for (size_t i = 0; i < 3; i++) count -= stream_consumer_remove(group, consumers[i]);
    cr_assert(count == 0);
    cr_assert(group->pending.items_count == 0);
    stream_group_remove(stream, group);
    stream_free(stream);
    size_t budget_count = 1;
    while (stream_object_kind.free_step(copy, &budget_count)) budget_count = 1;
}
