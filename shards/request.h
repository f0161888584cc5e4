#pragma once
/* A command that could not be answered at once, on its way to the shard that can: forwarded, or
 * waiting for a reserved slot, or part of a transaction. It stands in its connection's FIFO as
 * the place-holder of its reply. The arguments point into the connection's receive memory, which
 * stays pinned until the answer is back: nothing is copied.
 *
 * Made and freed by the connection's home thread; in between it belongs to whoever has it in a
 * queue. */
#include "core/cmd.h"
#include "core/outbuf.h"
#include "shards/reply_slot.h"
#include "shards/spsc.h"

struct client;
struct shard;
struct tx;
struct inbuf;
struct waiter;
struct block_task;
struct loop_buf;

/* Something that waits for a slot, in the order of arrival. The slot's owner word points at the
 * last one, whose next is the first (the holder): one word holds the whole queue. */
struct slot_wait {
    struct slot_wait *next;
    struct tx *tx; /* a transaction's reservation, or */
    /* a single-shard request, which never holds a slot but runs when it is first, or */
    struct request *request;
    struct block_task *task; /* the same of a blocked client's affair */
    uint16_t slot;
};

enum { REQUEST_ARGS_INLINE = 6 };

struct request {
    struct msg msg; /* MSG_REQUEST on the way there, MSG_REPLY on the way back */
    bool is_done;
    uint8_t resp;
    bool no_touch;
    bool has_many_keys; /* on one shard, but on several slots perhaps */
    bool is_discarded; /* CLIENT REPLY OFF or SKIP: the reply goes nowhere */
    uint16_t db;
    uint16_t shard_index; /* whose slots it works on */
    uint32_t args_count;
    const struct cmd *cmd;
    const struct slice *args;
    struct key key_first;
    uint64_t duration_ns;
    struct shard *home;
    struct waiter *waiter; /* it is, or was, blocked */
    struct slice args_inline[REQUEST_ARGS_INLINE];
    struct reply_slot reply;
    /* the home thread's */
    struct request *client_next;
    struct client *client;
    struct loop_buf *pin_buf; /* where the arguments lie: one of the two is pinned */
    struct inbuf *pin_inbuf;
    struct reply_slot after; /* replies of later commands that were ready at once */
    struct slot_wait wait;
};

/* Its memory was another thread's last, and is ours to write or read soon. */
static inline void request_prefetch(const struct request *request) {
    __builtin_prefetch(request, 1);
    __builtin_prefetch(&request->key_first, 1);
    __builtin_prefetch(&request->args_inline, 1);
    __builtin_prefetch(&request->reply, 1);
    __builtin_prefetch(&request->reply.first, 1);
}
