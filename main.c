/* Reads the configuration, builds the parts, starts the threads, waits for the end. No logic. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "shards/acceptor.h"
#include "shards/block.h"
#include "shards/clock.h"
#include "shards/node.h"
#include "shards/process.h"
#include "shards/shard.h"
#include "shards/version.h"

struct starter { /* one thread's start */
    struct shard *shard;
    pthread_t thread;
    sem_t opened, go;
    int error;
};

static void *run_thread(void *arg) {
    struct starter *starter = arg;

    starter->error = shard_open_loop(starter->shard);
    sem_post(&starter->opened);
    while (sem_wait(&starter->go) != 0) {} /* interrupted */
    if (starter->error == 0) shard_run(starter->shard);
    return NULL;
}

static void print_usage(void) {
    puts("Usage: slipring-server [/path/to/slipring.conf] [--directive value ...] [-]\n"
         "       slipring-server - (read the configuration from standard input)\n"
         "       slipring-server -v or --version\n"
         "       slipring-server -h or --help\n\n"
         "Examples:\n"
         "       slipring-server (with the defaults, on port 6379)\n"
         "       slipring-server /etc/slipring.conf --port 7777 --shards 4\n"
         "       echo 'maxclients 128' | slipring-server -");
}

static struct config *read_config(int argc, char **argv) {
    struct config *config = config_new_defaults();
    struct config_error error = {0};
    char text[2048];

    if (config_load_args(config, argc - 1, argv + 1, &error) == 0) return config;
    config_error_print(&error, SLIPRING_VERSION, text, sizeof text);
    fputs(text, stderr);
    exit(1);
}

static void open_log(struct logger *logger, const struct config *config) {
    static char syslog_ident[256]; /* the logger borrows it for as long as the process lives */

    snprintf(syslog_ident, sizeof syslog_ident, "%s", config->syslog_ident.data);
    struct logger_options options = {
        .file = config->logfile.data,
        .level = (enum log_level)config->loglevel,
        .role = 'M',
        .to_syslog = config->syslog_enabled,
        .syslog_ident = syslog_ident,
        .syslog_facility = (int)config->syslog_facility,
    };
    if (logger_init(logger, &options) < 0) {
        fprintf(stderr, "Can't open the log file %s\n", config->logfile.data);
        exit(1);
    }
}

static void log_without_effect(void *owner, const char *name, const char *reason) {
    log_write(owner, LOG_LEVEL_NOTICE, "Directive '%s' has no effect: %s", name, reason);
}

/* Every thread inherits the mask; the main thread alone waits for these. */
static void block_signals(sigset_t *awaited) {
    sigemptyset(awaited);
    sigaddset(awaited, SIGTERM);
    sigaddset(awaited, SIGINT);
    sigaddset(awaited, SIGUSR2); /* a shard says: all have been asked to stop (SHUTDOWN) */
    pthread_sigmask(SIG_BLOCK, awaited, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

/* A command stopped the node: the main thread is told as if by a signal. */
static void wake_main(void) {
    kill(getpid(), SIGUSR2);
}

static void start_threads(struct node *node, struct starter *starters) {
    for (unsigned i = 0; i < node->shards_count; i++) {
        starters[i].shard = node->shards[i];
        sem_init(&starters[i].opened, 0, 0);
        sem_init(&starters[i].go, 0, 0);
        int err = pthread_create(&starters[i].thread, NULL, run_thread, &starters[i]);
        if (err != 0) {
            log_write(node->logger, LOG_LEVEL_WARNING, "Cannot start a thread: %s", strerror(err));
            exit(1);
        }
        while (sem_wait(&starters[i].opened) != 0) {
        } /* the first one settles the backend for all */
        if (starters[i].error != 0) exit(1);
    }
    for (unsigned i = 0; i < node->shards_count; i++) sem_post(&starters[i].go);
}

static void wait_for_end(struct node *node, const sigset_t *awaited) {
    while (atomic_load_explicit(&node->stop_state, memory_order_relaxed) == NODE_RUNNING) {
        int signal_number = 0;
        if (sigwait(awaited, &signal_number) != 0 || signal_number == SIGUSR2) continue;
        log_write(node->logger, LOG_LEVEL_WARNING, "Received %s scheduling shutdown...",
                  signal_number == SIGINT ? "SIGINT" : "SIGTERM");
        log_write(node->logger, LOG_LEVEL_WARNING, "User requested shutdown...");
        node_stop(node);
    }
}

/* A table's words carry tags beside the addresses of its keys: LeakSanitizer cannot see through
 * them and would call every key a leak. Without it the process just ends. */
static void free_keys(struct node *node) {
#ifdef SLIPRING_SYSTEM_MALLOC
    for (unsigned i = 0; i < node->shards_count; i++) {
        keyspace_free(node->shards[i]->keyspace);
        node->shards[i]->keyspace = NULL;
    }
    block_forget_all(node);
    store_free(node->store);
    node->store = NULL;
#else
    (void)node;
#endif
}

int main(int argc, char **argv) {
    static struct logger logger;
    struct starter starters[SHARDS_MAX] = {0};
    sigset_t awaited;
    char executable[4096] = "";

    if (argc == 2 && (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--version") == 0)) {
        printf("slipring server v=%s (compatible with Redis %s)\n", SLIPRING_VERSION,
               SLIPRING_REDIS_VERSION);
        return 0;
    }
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
        print_usage();
        return 0;
    }
    if (realpath("/proc/self/exe", executable) == NULL)
        snprintf(executable, sizeof executable, "%s", argv[0]);
    struct config *config = read_config(argc, argv);
    if (config->dir.len > 0 && chdir(config->dir.data) != 0) {
        fprintf(stderr, "Can't chdir to '%s'\n", config->dir.data);
        return 1;
    }
    if (config->daemonize && process_daemonize() < 0) {
        fprintf(stderr, "Can't go into the background\n");
        return 1;
    }
    open_log(&logger, config);
    block_signals(&awaited);
    if (config->crash_log_enabled) process_install_crash_report(&logger);
    clock_calibrate();
    log_write(&logger, LOG_LEVEL_NOTICE,
              "slipring %s (compatible with Redis %s), pid %d, just started", SLIPRING_VERSION,
              SLIPRING_REDIS_VERSION, (int)getpid());
    config_each_without_effect(config, log_without_effect, &logger);
    process_apply(config, &logger);
    process_find_manager(config);
    process_raise_files_limit(config, &logger, 64 + 8 * SHARDS_MAX);

    static struct node *node; /* static: what it holds to the end is no leak */
    node = node_new(config, &logger, executable);
    node->stopped = wake_main;
    if (node_rename_commands(node) < 0) return 1;
    if (acceptor_probe(node->shards[0]) < 0) return 1;
    for (unsigned i = 0; i < node->shards_count; i++) {
        if (acceptor_open(node->shards[i]) < 0) return 1;
    }
    process_pid_file_write(config, &logger);
    int port = (int)config->port; /* from here on CONFIG SET may replace the configuration */
    start_threads(node, starters);
    log_write(&logger, LOG_LEVEL_NOTICE, "%u shard%s, ready to accept connections on port %d",
              node->shards_count, node->shards_count == 1 ? "" : "s", port);
    process_notify("STATUS=Ready to accept connections\nREADY=1\n");

    wait_for_end(node, &awaited);
    for (unsigned i = 0; i < node->shards_count; i++) pthread_join(starters[i].thread, NULL);
    free_keys(node);
    process_notify("STOPPING=1\n");
    process_pid_file_remove(atomic_load_explicit(&node->config, memory_order_relaxed));
    log_write(&logger, LOG_LEVEL_WARNING, "slipring is now ready to exit, bye bye...");
    return 0;
}
