#pragma once
/* Running one command: the context, the clock around it, statistics. */
#include "shards/shard.h"

struct exec_call {
    const struct cmd *cmd;
    const struct slice *args;
    size_t args_count;
    uint16_t db;
    uint8_t resp;
    bool no_touch;
    struct key key_first;
    struct client *client; /* NULL: somebody else's */
    struct outbuf *out;
    struct block_run *blocking; /* NULL: it may not block */
    uint32_t wake_arg; /* ctx->wake_arg */
};
/* Starts the clock for the calls that follow: each command's time runs from the end of the one
 * before, so that one reading serves two. */
void exec_clock_start(struct shard *thread);
/* Runs it on this thread; what it touches is this thread's now (tokens, reservations). Returns
 * how long it took, in ns. */
uint64_t exec_call(struct shard *thread, const struct exec_call *call);

/* A request for a shard whose token this thread holds: runs it, or queues it behind a reservation. */
void exec_request(struct shard *thread, struct request *request);
/* Runs it now whatever is reserved (its own transaction's slots), and sends the answer home. */
void exec_request_now(struct shard *thread, struct request *request);
/* The answer is home: its connection gets it. Frees the request. */
void exec_request_completed(struct shard *thread, struct request *request);

/* A request for this command of the client's, pinned to the client's input, appended to the
 * replies it is owed. */
struct request *request_new(struct shard *thread, struct client *client, const struct cmd *cmd,
                            const struct slice *args, size_t args_count,
                            const struct key *key_first);
void request_free(struct shard *thread, struct request *request);

/* After a command of a local client, wherever it ran: slow log, latency events. */
void exec_finished_slowly(struct shard *thread, struct client *client, const struct cmd *cmd,
                          const struct slice *args, size_t args_count, uint64_t duration_ns);
static inline void exec_finished(struct shard *thread, struct client *client, const struct cmd *cmd,
                                 const struct slice *args, size_t args_count,
                                 uint64_t duration_ns) {
    const struct config *config = thread->config;
    /* slowlog-log-slower-than -1: more than any. */
    bool is_slow = duration_ns >= (uint64_t)config->slowlog_log_slower_than * 1000 ||
                   (config->latency_monitor_threshold > 0 &&
                    duration_ns >= (uint64_t)config->latency_monitor_threshold * 1000000);
    if (SL_UNLIKELY(is_slow))
        exec_finished_slowly(thread, client, cmd, args, args_count, duration_ns);
}
