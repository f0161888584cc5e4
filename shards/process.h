#pragma once
/* The process around the threads: daemon, limits, pid file, service manager, last words. Called
 * by main() alone, before the threads start or after they have ended. */
#include "shards/config.h"
#include "shards/log.h"

/* Goes into the background, as Redis does: fork, setsid, standard descriptors to /dev/null. */
int process_daemonize(void);
/* Raises the limit of open files for maxclients; lowers config->maxclients when that is refused,
 * with Redis' log lines. */
void process_raise_files_limit(struct config *config, const struct logger *logger,
                               unsigned extra_files);
/* oom-score-adj, disable-thp, server_cpulist; warnings about memory overcommit and huge pages. */
void process_apply(const struct config *config, const struct logger *logger);
void process_pid_file_write(const struct config *config, const struct logger *logger);
void process_pid_file_remove(const struct config *config);
/* Notes whether `supervised` wants the service manager told; then process_notify() tells it
 * (sd_notify protocol). */
void process_find_manager(const struct config *config);
void process_notify(const char *state);
/* crash-log-enabled: signal, address and backtrace go to the log before the process dies of it. */
void process_install_crash_report(const struct logger *logger);
