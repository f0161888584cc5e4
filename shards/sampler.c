#include "shards/sampler.h"

#include "core/mem.h"
#include "shards/shard.h"

static struct loop_stats loops_sum(const struct node *node) {
    struct loop_stats sum = {0}, one;

    for (unsigned i = 0; i < node->shards_count; i++) {
        if (node->shards[i]->loop == NULL) continue; /* not started yet */
        loop_stats_read(node->shards[i]->loop, &one);
        sum.bytes_received += one.bytes_received;
        sum.bytes_sent += one.bytes_sent;
    }
    return sum;
}

uint64_t sampler_bytes_in(const struct node *node) {
    return loops_sum(node).bytes_received - stat_read(&node->sampler.base_bytes_in);
}

uint64_t sampler_bytes_out(const struct node *node) {
    return loops_sum(node).bytes_sent - stat_read(&node->sampler.base_bytes_out);
}

void sampler_reset(struct node *node) {
    struct loop_stats sum = loops_sum(node);

    atomic_store(&node->sampler.base_bytes_in, sum.bytes_received);
    atomic_store(&node->sampler.base_bytes_out, sum.bytes_sent);
    atomic_store(&node->sampler.base_rejected, stat_read(&node->clients_rejected_count));
}

static void rate_tick(struct sampler_rate *rate, uint64_t total, uint64_t elapsed_ns,
                      unsigned tick) {
    /* A reset in between makes the total smaller: then everything since counts. */
    uint64_t added = total >= rate->last_total ? total - rate->last_total : total, sum = 0;

    rate->last_total = total;
    rate->per_second[tick % SAMPLER_TICKS] = (uint64_t)((double)added * 1e9 / (double)elapsed_ns);
    for (unsigned i = 0; i < SAMPLER_TICKS; i++) sum += rate->per_second[i];
    atomic_store_explicit(&rate->mean, sum / SAMPLER_TICKS, memory_order_relaxed);
}

void sampler_tick(struct node *node) {
    struct sampler *sampler = &node->sampler;
    uint64_t now_mono_ns = clock_mono_ns(), commands = 0;
    struct loop_stats loops = loops_sum(node);

    mem_peak_update();
    for (unsigned i = 0; i < node->shards_count; i++)
        commands += stat_read(&node->shards[i]->stats.commands_processed);
    if (sampler->last_mono_ns == 0) {
        atomic_store(&sampler->startup_bytes, mem_used_bytes());
        sampler->commands.last_total = commands;
        sampler->bytes_in.last_total = loops.bytes_received;
        sampler->bytes_out.last_total = loops.bytes_sent;
    } else if (now_mono_ns > sampler->last_mono_ns) {
        uint64_t elapsed_ns = now_mono_ns - sampler->last_mono_ns;

        rate_tick(&sampler->commands, commands, elapsed_ns, sampler->tick);
        rate_tick(&sampler->bytes_in, loops.bytes_received, elapsed_ns, sampler->tick);
        rate_tick(&sampler->bytes_out, loops.bytes_sent, elapsed_ns, sampler->tick);
        sampler->tick++;
    }
    sampler->last_mono_ns = now_mono_ns;
}
