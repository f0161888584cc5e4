/* cmd_info_memory.c - INFO memory. The allocator's own figures (active, resident) are those of
 * the process: mimalloc gives none that would say more. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "shards/cmd_info_parts.h"

size_t info_resident_bytes(void) {
    char line[128];
    unsigned long long pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0) return 0;
    ssize_t len = read(fd, line, sizeof line - 1);
    close(fd);
    if (len <= 0) return 0;
    line[len] = '\0';
    const char *space = strchr(line, ' ');
    if (space != NULL) pages = strtoull(space + 1, NULL, 10);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t info_clients_bytes(const struct info *info) {
    size_t bytes = 0;

    for (unsigned i = 0; i < info->node->shards_count; i++) bytes += info->parts[i].clients_bytes;
    return bytes;
}

size_t info_overhead_bytes(const struct info *info) {
    return (size_t)atomic_load(&info->node->sampler.startup_bytes) + info_clients_bytes(info);
}

static void print_amount(const struct info *info, const char *field, size_t bytes) {
    char human[TEXT_HUMAN_BYTES_MAX];

    text_human_bytes(human, bytes);
    text_print(info->text, "%s:%zu\r\n%s_human:%s\r\n", field, bytes, field, human);
}

static void print_policy(void *owner, struct slice name, struct slice value) {
    (void)name;
    text_print(owner, "maxmemory_policy:%.*s\r\n", (int)value.len, value.data);
}

static double ratio(size_t a, size_t b) {
    return b > 0 ? (double)a / (double)b : 0;
}

void info_memory(const struct info *info) {
    struct text *text = info->text;
    struct slice policy = SLICE_LITERAL("maxmemory-policy");
    size_t used = mem_used_bytes(), peak = mem_peak_bytes(), resident = info_resident_bytes();
    size_t startup = (size_t)atomic_load(&info->node->sampler.startup_bytes);
    size_t overhead = info_overhead_bytes(info), garbage = 0;
    size_t system = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);

    if (peak < used) peak = used;
    if (overhead > used) overhead = used;
    size_t dataset = used - overhead, net = used > startup ? used - startup : 0;
    for (unsigned i = 0; i < info->node->shards_count; i++)
        garbage += keyspace_garbage_count(info->node->shards[i]->keyspace);

    print_amount(info, "used_memory", used);
    print_amount(info, "used_memory_rss", resident);
    print_amount(info, "used_memory_peak", peak);
    text_print(text,
               "used_memory_peak_perc:%.2f%%\r\nused_memory_overhead:%zu\r\n"
               "used_memory_startup:%zu\r\nused_memory_dataset:%zu\r\n"
               "used_memory_dataset_perc:%.2f%%\r\nallocator_allocated:%zu\r\n"
               "allocator_active:%zu\r\nallocator_resident:%zu\r\n",
               ratio(used, peak) * 100, overhead, startup, dataset, ratio(dataset, net) * 100, used,
               resident, resident);
    print_amount(info, "total_system_memory", system);
    text_print(text,
               "used_memory_lua:0\r\nused_memory_vm_eval:0\r\nused_memory_lua_human:0B\r\n"
               "used_memory_scripts_eval:0\r\nnumber_of_cached_scripts:0\r\nnumber_of_functions:0"
               "\r\nnumber_of_libraries:0\r\nused_memory_vm_functions:0\r\nused_memory_vm_total:0"
               "\r\nused_memory_vm_total_human:0B\r\nused_memory_functions:0\r\n"
               "used_memory_scripts:0\r\nused_memory_scripts_human:0B\r\n");
    print_amount(info, "maxmemory", (size_t)info->config->maxmemory);
    config_get(info->config, &policy, 1, print_policy, text);
    int64_t unused_bytes = (int64_t)resident - (int64_t)used;
    text_print(text,
               "allocator_frag_ratio:%.2f\r\nallocator_frag_bytes:%" PRId64
               "\r\nallocator_rss_ratio:1.00\r\nallocator_rss_bytes:0\r\nrss_overhead_ratio:1.00"
               "\r\nrss_overhead_bytes:0\r\nmem_fragmentation_ratio:%.2f\r\n"
               "mem_fragmentation_bytes:%" PRId64 "\r\n",
               ratio(resident, used), unused_bytes, ratio(resident, used), unused_bytes);
    text_print(text,
               "mem_not_counted_for_evict:0\r\nmem_replication_backlog:0\r\n"
               "mem_total_replication_buffers:0\r\nmem_clients_slaves:0\r\nmem_clients_normal:%zu"
               "\r\nmem_cluster_links:0\r\nmem_aof_buffer:0\r\nmem_allocator:mimalloc\r\n"
               "active_defrag_running:0\r\nlazyfree_pending_objects:%zu\r\nlazyfreed_objects:0\r\n",
               info_clients_bytes(info), garbage);
}
