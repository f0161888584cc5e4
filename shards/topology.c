/* topology.c - how many shards this machine is for, and on which processors. Facts:
 * sched_getaffinity(2); cgroup v2 cpu.max and v1 cpu.cfs_quota_us (kernel documentation,
 * admin-guide/cgroup-v2). */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "shards/node.h"

/* The whole processors a CPU quota is worth, at least 1; 0: no quota. */
static unsigned quota_processors(void) {
    long quota_us = -1, period_us = 100000;
    char word[32];

    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file != NULL) {
        if (fscanf(file, "%31s %ld", word, &period_us) == 2 && strcmp(word, "max") != 0)
            quota_us = strtol(word, NULL, 10);
        fclose(file);
    } else {
        file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re");
        if (file != NULL) {
            if (fscanf(file, "%ld", &quota_us) != 1) quota_us = -1;
            fclose(file);
        }
        file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
        if (file != NULL) {
            if (fscanf(file, "%ld", &period_us) != 1) period_us = 100000;
            fclose(file);
        }
    }
    if (quota_us <= 0 || period_us <= 0) return 0;
    return quota_us < period_us ? 1 : (unsigned)(quota_us / period_us);
}

unsigned topology_shards_auto(void) {
    cpu_set_t mask;
    unsigned count = 1;

    if (sched_getaffinity(0, sizeof mask, &mask) == 0) count = (unsigned)CPU_COUNT(&mask);
    unsigned quota = quota_processors();
    if (quota > 0 && quota < count) count = quota;
    if (count > SHARDS_MAX) count = SHARDS_MAX;
    return count < 1 ? 1 : count;
}

int topology_processor(unsigned index) {
    cpu_set_t mask;

    if (sched_getaffinity(0, sizeof mask, &mask) != 0) return -1;
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (CPU_ISSET((size_t)processor, &mask) && index-- == 0) return processor;
    }
    return -1;
}
