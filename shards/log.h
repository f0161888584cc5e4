#pragma once
/* The log: one line per message, in Redis' format, to standard output or a file, and to syslog.
 *     <pid>:<role> 21 Nov 2026 09:15:02.123 * Ready to accept connections
 *
 * A logger is a value, set up once before the threads start. Afterwards any thread may write at the
 * same time, without a lock: each line is one write() to a descriptor opened with O_APPEND. The
 * level may be changed while others write. Lines are cut at LOG_LINE_BYTES_MAX, and line breaks
 * inside a message become spaces, so that no client can forge a line. */
#include "core/base.h"

#include <stdatomic.h>

enum { LOG_LINE_BYTES_MAX = 1024 };

/* The numbers are those of enum config_log_level. */
enum log_level {
    LOG_LEVEL_DEBUG, /* '.' */
    LOG_LEVEL_VERBOSE, /* '-' */
    LOG_LEVEL_NOTICE, /* '*' */
    LOG_LEVEL_WARNING, /* '#' */
    LOG_LEVEL_NOTHING, /* as a threshold: not a line */
};

struct logger_options {
    const char *file; /* empty or NULL: standard output */
    enum log_level level;
    char role; /* 'M' primary, 'S' replica */
    bool to_syslog;
    const char *syslog_ident; /* borrowed until logger_deinit */
    int syslog_facility; /* LOG_LOCAL0 ... */
};

struct logger {
    int fd;
    bool owns_fd, to_syslog;
    int pid;
    _Atomic int level;
    _Atomic int role;
    _Atomic int utc_offset_seconds;
};

/* 0 or a negative errno when the file cannot be opened; the logger then writes to standard output.
 * After daemonizing, call logger_pid_changed(). */
int logger_init(struct logger *logger, const struct logger_options *options);
void logger_deinit(struct logger *logger);
void logger_set_level(struct logger *logger, enum log_level level);
void logger_set_role(struct logger *logger, char role);
void logger_pid_changed(struct logger *logger);
/* Looks up the offset from UTC again, for summer time: an hourly timer calls it. */
void logger_update_timezone(struct logger *logger);

/* Would a line of this level be written? For messages that are dear to put together. */
static inline bool logger_writes(const struct logger *logger, enum log_level level) {
    return (int)level >= atomic_load_explicit(&logger->level, memory_order_relaxed);
}
void log_write(const struct logger *logger, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Without formatting and without syslog: async-signal-safe, for the crash report. */
void log_write_raw(const struct logger *logger, enum log_level level, struct slice message);
