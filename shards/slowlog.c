/* slowlog.c - the commands that took long: one list per thread, newest first. Each thread keeps
 * slowlog-max-len entries; the newest slowlog-max-len over all threads are then among them
 * whatever thread they ran on, and GET and LEN show no more than these. */
#include "shards/slowlog.h"

#include <stdio.h>

#include "core/mem.h"
#include "shards/redact.h"
#include "shards/shard.h"
#include "shards/slowlog_list.h"

enum { ARGS_MAX = 32, ARG_BYTES_MAX = 128, NOTE_BYTES_MAX = 64 };

struct slowlog *slowlog_new(void) {
    return mem_must_zero(sizeof(struct slowlog));
}

void slowlog_free(struct slowlog *slowlog) {
    if (slowlog == NULL) return;
    slowlog_reset(slowlog);
    mem_free(slowlog);
}

void slowlog_reset(struct slowlog *slowlog) {
    slowlog_trim(slowlog, 0);
}

void slowlog_trim(struct slowlog *slowlog, size_t max_count) {
    while (slowlog->count > max_count) {
        struct slowlog_item *oldest = slowlog->oldest;

        slowlog->oldest = oldest->newer;
        if (oldest->newer != NULL)
            oldest->newer->older = NULL;
        else
            slowlog->newest = NULL;
        slowlog->count--;
        mem_free(oldest);
    }
    SL_ASSERT((slowlog->newest == NULL) == (slowlog->count == 0));
}

/* The argument as it is shown, cut. `note` is where the cut one is put together. */
static struct slice shown(const struct slice *args, size_t args_count, size_t index,
                          char note[static ARG_BYTES_MAX + NOTE_BYTES_MAX]) {
    struct slice arg = args[index];
    int len;

    if (args_count > ARGS_MAX && index == ARGS_MAX - 1) {
        len = snprintf(note, NOTE_BYTES_MAX, "... (%zu more arguments)", args_count - ARGS_MAX + 1);
        return slice_of(note, (size_t)len);
    }
    if (redact_arg(args, args_count, index)) return REDACTED;
    if (arg.len <= ARG_BYTES_MAX) return arg;
    memcpy(note, arg.data, ARG_BYTES_MAX);
    len = snprintf(note + ARG_BYTES_MAX, NOTE_BYTES_MAX, "... (%zu more bytes)",
                   arg.len - ARG_BYTES_MAX);
    return slice_of(note, ARG_BYTES_MAX + (size_t)len);
}

static void describe_client(struct slowlog_entry *entry, const struct client *client) {
    if (client == NULL) return;
    snprintf(entry->client_address, sizeof entry->client_address, "%.127s", client->address_peer);
    snprintf(entry->client_name, sizeof entry->client_name, "%.*s",
             (int)(client->name.len < 127 ? client->name.len : 127),
             client->name.data != NULL ? client->name.data : "");
}

void slowlog_push(struct slowlog *slowlog, uint64_t id, uint64_t unix_seconds, uint64_t duration_us,
                  const struct client *client, const struct slice *args, size_t args_count) {
    size_t shown_count = args_count < ARGS_MAX ? args_count : ARGS_MAX, bytes = 0;
    char note[ARG_BYTES_MAX + NOTE_BYTES_MAX];

    for (size_t i = 0; i < shown_count; i++) bytes += shown(args, args_count, i, note).len;
    struct slowlog_item *item = mem_must(sizeof *item + shown_count * sizeof(struct slice) + bytes);
    struct slice *slices = (struct slice *)(void *)(item + 1);
    char *at = (char *)(slices + shown_count);
    *item = (struct slowlog_item){.entry = {.id = id,
                                            .unix_seconds = unix_seconds,
                                            .duration_us = duration_us,
                                            .args = slices,
                                            .args_count = shown_count},
                                  .older = slowlog->newest};
    for (size_t i = 0; i < shown_count; i++) {
        struct slice arg = shown(args, args_count, i, note);

        if (arg.len > 0) memcpy(at, arg.data, arg.len);
        slices[i] = slice_of(at, arg.len);
        at += arg.len;
    }
    describe_client(&item->entry, client);
    if (slowlog->newest != NULL)
        slowlog->newest->newer = item;
    else
        slowlog->oldest = item;
    slowlog->newest = item;
    slowlog->count++;
}

void slowlog_record(struct shard *shard, const struct client *client, const struct slice *args,
                    size_t args_count, uint64_t duration_ns) {
    int64_t max_len = shard->config->slowlog_max_len;

    SL_ASSERT(max_len >= 0);
    slowlog_push(shard->slowlog, atomic_fetch_add(&shard->node->slowlog_id_next, 1),
                 shard->now_unix_ms / 1000, duration_ns / 1000, client, args, args_count);
    slowlog_trim(shard->slowlog, (size_t)max_len);
}
