#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sched.h>

#include "shards/node.h"

/* The affinity mask is the test's own worker's: it is put back nowhere. */
static int processors_allowed(int *processors) {
    cpu_set_t mask;
    int count = 0;
    cr_assert(eq(int, sched_getaffinity(0, sizeof mask, &mask), 0));
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (CPU_ISSET((size_t)processor, &mask)) processors[count++] = processor;
    }
    return count;
}

Test(topology, no_more_shards_than_processors_and_at_least_one) {
    int processors[CPU_SETSIZE];
    int count = processors_allowed(processors);
    cr_assert(topology_shards_auto() >= 1);
    cr_assert(topology_shards_auto() <= SHARDS_MAX);
    cr_assert(topology_shards_auto() <= (unsigned)count);
}

Test(topology, the_nth_processor_is_the_nth_of_the_mask) {
    int processors[CPU_SETSIZE];
    int count = processors_allowed(processors);
    for (int i = 0; i < count; i++)
        cr_assert(eq(int, topology_processor((unsigned)i), processors[i]));
    cr_assert(eq(int, topology_processor((unsigned)count), -1));
    cr_assert(eq(int, topology_processor(100000), -1));
}

Test(topology, a_smaller_mask_makes_fewer_shards) {
    int processors[CPU_SETSIZE];
    int count = processors_allowed(processors);
    cpu_set_t mask;

    CPU_ZERO(&mask);
    CPU_SET((size_t)processors[count - 1], &mask);
    cr_assert(eq(int, sched_setaffinity(0, sizeof mask, &mask), 0));
    cr_assert(eq(uint, topology_shards_auto(), 1));
    cr_assert(eq(int, topology_processor(0), processors[count - 1]));
    cr_assert(eq(int, topology_processor(1), -1));
}
