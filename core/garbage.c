/* garbage.c - freeing by and by. A stack of things half freed: a directory puts its next child on
 * top and comes back to itself when that is gone, so there are never more items of one table than
 * it has levels. */
#include "core/garbage.h"

#include "core/mem.h"
#include "core/object.h"

struct garbage_item {
    struct garbage_item *below;
    uint64_t ref; /* segment or directory; 0: */
    struct blob *blob; /* a blob; NULL: */
    const struct object_kind *kind; /* an object */
    void *object;
    size_t next; /* what of the ref is freed already: words or refs */
};

void garbage_init(struct garbage *garbage) {
    garbage->top = NULL;
    atomic_init(&garbage->count, 0);
}

size_t garbage_count(const struct garbage *garbage) {
    return atomic_load_explicit(&garbage->count, memory_order_relaxed);
}

static void count_add(struct garbage *garbage, size_t delta) {
    atomic_store_explicit(&garbage->count, garbage_count(garbage) + delta, memory_order_relaxed);
}

static void push(struct garbage *garbage, uint64_t ref, struct blob *blob) {
    struct garbage_item *item = mem_must(sizeof *item);
    *item = (struct garbage_item){.below = garbage->top, .ref = ref, .blob = blob};
    garbage->top = item;
}

void garbage_add_table(struct garbage *garbage, const struct table *table) {
    if (table->ref == 0) return;
    push(garbage, table->ref, NULL);
    count_add(garbage, table->info.keys_count);
}

void garbage_add_blob(struct garbage *garbage, struct blob *blob) {
    push(garbage, 0, blob);
    count_add(garbage, 1);
}

void garbage_add_object(struct garbage *garbage, enum value_encoding encoding, void *object) {
    const struct object_kind *kind = object_kind_of(encoding);
    struct table table;

    if (kind->free_step == NULL || kind->weight(object) <= OBJECT_WEIGHT_AT_ONCE) {
        kind->free(object);
        return;
    }
    push(garbage, 0, NULL);
    garbage->top->kind = kind;
    garbage->top->object = object;
    count_add(garbage, 1);
    while (kind->take_table != NULL && kind->take_table(object, &table))
        garbage_add_table(garbage, &table);
}

/* An entry of a flushed table, whose object may itself be large. */
static void free_entry(struct garbage *garbage, struct entry *entry) {
    if (SL_UNLIKELY(entry->storage == STORAGE_OBJECT)) {
        garbage_add_object(garbage, entry_encoding(entry), entry_object(entry));
        mem_free(entry);
        return;
    }
    entry_free(entry);
}

/* Returns what is left of the budget; done when all words are gone. */
static size_t segment_step(struct garbage *garbage, struct garbage_item *item, size_t budget_count,
                           bool *done) {
    struct segment segment = segment_of_ref(item->ref);
    size_t words_count = (size_t)segment.buckets_count * BUCKET_WORDS;
    size_t freed_count = 0;

    while (item->next < words_count && freed_count < budget_count && garbage->top == item) {
        if (item->next + 8 < words_count)
            __builtin_prefetch(word_entry(segment.words[item->next + 8]));
        struct entry *entry = word_entry(segment.words[item->next++]);
        if (entry == NULL) continue;
        free_entry(garbage, entry);
        freed_count++;
    }
    count_add(garbage, -freed_count);
    *done = item->next == words_count && garbage->top == item;
    if (*done) segment_free(segment);
    return budget_count - freed_count;
}

bool garbage_step(struct garbage *garbage, size_t budget_count) {
    while (garbage->top != NULL && budget_count > 0) {
        struct garbage_item *item = garbage->top;
        bool done = true;

        if (item->kind != NULL) {
            done = !item->kind->free_step(item->object, &budget_count);
            if (done) count_add(garbage, (size_t)-1);
        } else if (item->ref == 0) {
            blob_release(item->blob);
            count_add(garbage, (size_t)-1);
            budget_count--;
        } else if (item->ref & REF_DIRECTORY) {
            struct directory *directory = ref_address(item->ref);
            if (item->next < (size_t)1 << directory->bits) {
                uint64_t child = directory->refs[item->next];
                item->next += (size_t)1 << (directory->bits - (child & REF_DEPTH_MASK));
                if (ref_address(child) == NULL) continue;
                push(garbage, child, NULL);
                budget_count--;
                continue;
            }
            mem_free(directory);
        } else {
            budget_count = segment_step(garbage, item, budget_count, &done);
        }
        if (!done) continue; /* the budget is spent, or something came on top */
        SL_ASSERT(garbage->top == item);
        garbage->top = item->below;
        mem_free(item);
    }
    return garbage->top != NULL;
}
