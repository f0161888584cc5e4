#include "shards/cron.h"

#include "core/mem.h"
#include "shards/sampler.h"

enum { CRON_CLIENTS_MIN = 64 };

/* `timeout`, output that nobody reads: each client is looked at about once a second. */
static void look_at_clients(struct shard *shard) {
    uint32_t count = atomic_load_explicit(&shard->clients_count, memory_order_relaxed) / 10;
    uint64_t timeout_ms = (uint64_t)shard->config->timeout * 1000;

    if (count < CRON_CLIENTS_MIN) count = CRON_CLIENTS_MIN;
    struct client *client = shard->cron_client != NULL ? shard->cron_client : shard->clients;
    for (; client != NULL && count > 0; count--) {
        struct client *next = client->next;
        if ((client->flags & CLIENT_CLOSING) == 0) {
            if (timeout_ms > 0 && (client->flags & CLIENT_MONITOR) == 0 &&
                client->block == CLIENT_RUNNING && client->pending_head == NULL &&
                shard->now_unix_ms > client->active_unix_ms + timeout_ms) {
                log_write(shard->node->logger, LOG_LEVEL_VERBOSE, "Closing idle client");
                client_close(client);
            } else if (client->out.bytes > 0) {
                client_make_dirty(client); /* the flush enforces the output limit */
            }
        }
        client = next;
    }
    shard->cron_client = client;
}

void cron_run(struct shard *shard) {
    look_at_clients(shard);
    if (shard->index == 0) {
        sampler_tick(shard->node);
        mem_peak_update();
        if (shard->now_unix_ms / 3600000 != shard->cron_hour)
            logger_update_timezone(shard->node->logger);
    }
    shard->cron_hour = shard->now_unix_ms / 3600000;
}
