/* loop_uring_setup.c - making a ring: what the kernel must have, what it may have, and why it said
 * no.
 *
 * Needed: Linux 6.0 (multishot receive, provided-buffer rings). Used where there: DEFER_TASKRUN
 * (6.1; all kernel work then runs inside our own io_uring_enter), MSG_RING to such rings (6.3),
 * incremental buffers (6.12). Each is asked for at run time. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "net/loop_uring_priv.h"

/* The submission queue is small: its entries stay in the first-level cache, and a full queue is
 * merely submitted early. The completion queue has room for a burst from every socket; overflow is
 * slow but loses nothing (IORING_FEAT_NODROP). */
enum { SQ_ENTRIES = 256, CQ_ENTRIES_MIN = 4096, CQ_ENTRIES_MAX = 32768 };
enum { SLOTS_COUNT_MAX = 65536, PROBE_OPS_COUNT = 64 };

static const unsigned features_needed = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |
                                        IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG |
                                        IORING_FEAT_CQE_SKIP;

/* kernel.io_uring_disabled, or -1 where there is no such switch (before Linux 6.6). */
static int read_disabled_switch(void) {
    FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
    char line[16] = "";

    if (file == NULL) return -1;
    if (fgets(line, sizeof line, file) == NULL) line[0] = '\0';
    fclose(file);
    return line[0] >= '0' && line[0] <= '9' ? atoi(line) : -1;
}

static void explain_setup(int err, char *reason, size_t reason_bytes) {
    const char *hint = "";
    char disabled[64];

    if (err == -EPERM && read_disabled_switch() > 0) {
        snprintf(disabled, sizeof disabled, " (kernel.io_uring_disabled = %d)",
                 read_disabled_switch());
        hint = disabled;
    } else if (err == -EPERM || err == -EACCES) {
        hint = " (forbidden, most often by a container's seccomp profile)";
    } else if (err == -ENOSYS) {
        hint = " (not in this kernel, or hidden by a container)";
    } else if (err == -ENOMEM) {
        hint = " (the limit on locked memory, RLIMIT_MEMLOCK, may be too low)";
    } else if (err == -EINVAL) {
        hint = " (Linux 6.0 or newer is needed)";
    }
    snprintf(reason, reason_bytes, "io_uring_setup: %s%s", strerror(-err), hint);
}

static int open_ring(struct uring *uring, unsigned cq_entries) {
    static const unsigned modes[] = {IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_COOP_TASKRUN};
    int err = -EINVAL;

    if (loop_test_knobs.uring_setup_error != 0) return -loop_test_knobs.uring_setup_error;
    for (size_t i = loop_test_knobs.no_defer_taskrun ? 1 : 0; i < ARRAY_COUNT(modes); i++) {
        struct io_uring_params params = {
            .flags = modes[i] | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_SUBMIT_ALL |
                     IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE,
            .cq_entries = cq_entries,
        };
        err = io_uring_queue_init_params(SQ_ENTRIES, &uring->ring, &params);
        if (err == 0) return 0;
        if (err != -EINVAL) break;
    }
    return err;
}

static bool probe(struct uring *uring, int opcode) {
    size_t bytes = sizeof(struct io_uring_probe) +
                   PROBE_OPS_COUNT * sizeof(struct io_uring_probe_op);
    struct io_uring_probe *answer = mem_must_zero(bytes);
    bool found = io_uring_register_probe(&uring->ring, answer, PROBE_OPS_COUNT) >= 0 &&
                 opcode <= answer->last_op &&
                 (answer->ops[opcode].flags & IO_URING_OP_SUPPORTED) != 0;
    mem_free(answer);
    return found;
}

static void register_slots(struct uring *uring, size_t slots_count) {
    if (loop_test_knobs.no_fixed_files) return;
    if (slots_count > SLOTS_COUNT_MAX) slots_count = SLOTS_COUNT_MAX;
    if (slots_count == 0) return;
    /* Refused when RLIMIT_NOFILE is lower: sockets then go by their descriptors. */
    if (io_uring_register_files_sparse(&uring->ring, (unsigned)slots_count) < 0) return;
    uring->has_fixed_files = true;
    uring->slots_free = mem_must(slots_count * sizeof(uint32_t));
    uring->slots_closing = mem_must(slots_count * sizeof(uint32_t));
    for (size_t i = slots_count; i-- > 0;) {
        uring->slots_free[uring->slots_free_count++] = (uint32_t)i;
    }
}

static void describe(struct uring *uring) {
    snprintf(uring->base.features, sizeof uring->base.features, "io_uring: multishot%s%s%s%s%s",
             (uring->ring.flags & IORING_SETUP_DEFER_TASKRUN) != 0 ? " defer-taskrun" : "",
             uring->has_fixed_files ? " fixed-files" : "",
             uring->has_incremental ? " incremental-buffers" : "",
             uring->has_msg_ring ? " msg-ring" : "", uring->has_sendmsg_zc ? " send-zc" : "");
}

int uring_setup(struct uring *uring, const struct loop_options *options, char *reason,
                size_t reason_bytes) {
    size_t cq_entries = CQ_ENTRIES_MIN;
    while (cq_entries < options->socks_count_max && cq_entries < CQ_ENTRIES_MAX) cq_entries *= 2;

    int err = open_ring(uring, (unsigned)cq_entries);
    if (err < 0) {
        uring->ring.ring_fd = -1;
        explain_setup(err, reason, reason_bytes);
        return err;
    }
    unsigned missing = features_needed & ~uring->ring.features;
    if (missing != 0 || !probe(uring, IORING_OP_SEND_ZC)) { /* as old as multishot receive */
        snprintf(reason, reason_bytes, "io_uring: this kernel's is too old (Linux 6.0 is needed)");
        return -ENOSYS;
    }
    err = uring_bufs_init(uring);
    if (err < 0) {
        snprintf(reason, reason_bytes, "io_uring: buffer ring: %s", strerror(-err));
        return err;
    }
    bool defers = (uring->ring.flags & IORING_SETUP_DEFER_TASKRUN) != 0;
    /* Before 6.1 a send that must not wait could forget how much of it was out. */
    uring->has_lazy = defers && !loop_test_knobs.no_lazy;
    uring->has_sendmsg_zc = probe(uring, IORING_OP_SENDMSG_ZC);
    uring->has_msg_ring = !loop_test_knobs.no_msg_ring && probe(uring, IORING_OP_MSG_RING) &&
                          (uring->ring.features & IORING_FEAT_REG_REG_RING) != 0;
    uring->enter_flags = IORING_ENTER_GETEVENTS;
    if (io_uring_register_ring_fd(&uring->ring) == 1) {
        uring->enter_flags |= IORING_ENTER_REGISTERED_RING;
    }
    register_slots(uring, options->socks_count_max);
    describe(uring);
    return 0;
}

void uring_teardown(struct uring *uring) {
    if (uring->ring.ring_fd >= 0) io_uring_queue_exit(&uring->ring);
    uring_bufs_deinit(uring);
    uring_listeners_free(uring);
    loop_list_deinit(&uring->lazy);
    loop_list_deinit(&uring->lazy_reporting);
    mem_free(uring->slots_free);
    mem_free(uring->slots_closing);
}
