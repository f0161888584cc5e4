/* log.c - putting a line together and writing it in one go.
 * The C library's localtime takes a lock that a crash could find held, so the calendar is computed
 * here from an offset that is looked up now and then. */
#include "shards/log.h"
#include "core/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

int logger_init(struct logger *logger, const struct logger_options *options) {
    int err = 0;

    *logger = (struct logger){.fd = STDOUT_FILENO, .to_syslog = options->to_syslog};
    atomic_init(&logger->level, (int)options->level);
    atomic_init(&logger->role, options->role);
    logger_pid_changed(logger);
    logger_update_timezone(logger);
    if (options->to_syslog) {
        openlog(options->syslog_ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, options->syslog_facility);
    }
    if (options->file != NULL && options->file[0] != '\0') {
        int fd = open(options->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
            err = -errno;
        } else {
            logger->fd = fd;
            logger->owns_fd = true;
        }
    }
    SL_ASSERT(logger->fd >= 0);
    return err;
}

void logger_deinit(struct logger *logger) {
    if (logger->owns_fd) close(logger->fd);
    if (logger->to_syslog) closelog();
    logger->owns_fd = false;
    logger->to_syslog = false;
    logger->fd = STDOUT_FILENO;
}

void logger_set_level(struct logger *logger, enum log_level level) {
    atomic_store_explicit(&logger->level, (int)level, memory_order_relaxed);
}

void logger_set_role(struct logger *logger, char role) {
    atomic_store_explicit(&logger->role, role, memory_order_relaxed);
}

void logger_pid_changed(struct logger *logger) {
    logger->pid = (int)getpid();
}

static struct timespec wall_clock(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now); /* tidy: allow clock_gettime, the log stamps its lines */
    return now;
}

void logger_update_timezone(struct logger *logger) {
    struct timespec now = wall_clock();
    struct tm local = {0};
    if (localtime_r(&now.tv_sec, &local) == NULL) return;
    atomic_store_explicit(&logger->utc_offset_seconds, (int)local.tm_gmtoff, memory_order_relaxed);
}

/* --- one line --- */

static size_t put_digits(char *dst, int64_t value, size_t width) {
    for (size_t i = width; i > 0; i--, value /= 10) dst[i - 1] = (char)('0' + value % 10);
    return width;
}

/* "21 Nov 2026 09:15:02.123". Days to a date: years begin in March here, so that the leap day comes
 * last, and 400 years have 146097 days. */
static size_t put_time(char *dst, struct timespec now, int utc_offset_seconds) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t seconds = (int64_t)now.tv_sec + utc_offset_seconds;
    if (seconds < 0) seconds = 0;
    int64_t days = seconds / 86400 + 719468; /* since the first of March of year 0 */
    int64_t era = days / 146097;
    int64_t day_of_era = days % 146097;
    int64_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
    int64_t year_of_era = (day_of_era - leap_days) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int64_t month = (month_from_march + 2) % 12; /* January is 0 */
    int64_t year = year_of_era + era * 400 + (month < 2 ? 1 : 0);
    size_t len = 0;

    len += put_digits(dst + len, day, 2);
    dst[len++] = ' ';
    memcpy(dst + len, months + 3 * month, 3);
    len += 3;
    dst[len++] = ' ';
    len += put_digits(dst + len, year, 4);
    dst[len++] = ' ';
    len += put_digits(dst + len, seconds / 3600 % 24, 2);
    dst[len++] = ':';
    len += put_digits(dst + len, seconds / 60 % 60, 2);
    dst[len++] = ':';
    len += put_digits(dst + len, seconds % 60, 2);
    dst[len++] = '.';
    return len + put_digits(dst + len, now.tv_nsec / 1000000, 3);
}

/* "<pid>:<role> <time> <level> " */
static size_t put_prefix(char *dst, const struct logger *logger, enum log_level level) {
    size_t len = number_print_int64(dst, logger->pid);

    SL_ASSERT(level < LOG_LEVEL_NOTHING);
    dst[len++] = ':';
    dst[len++] = (char)atomic_load_explicit(&logger->role, memory_order_relaxed);
    dst[len++] = ' ';
    len += put_time(dst + len, wall_clock(),
                    atomic_load_explicit(&logger->utc_offset_seconds, memory_order_relaxed));
    dst[len++] = ' ';
    dst[len++] = ".-*#"[level];
    dst[len++] = ' ';
    return len;
}

/* A full disk must not stop the server: what cannot be written is lost. */
static void write_line(const struct logger *logger, const char *line, size_t len) {
    ssize_t written;
    do {
        written = write(logger->fd, line, len);
    } while (written < 0 && errno == EINTR);
}

static size_t finish_line(char *line, size_t prefix_len, size_t message_len) {
    size_t len = prefix_len + message_len;
    if (len > LOG_LINE_BYTES_MAX - 1) len = LOG_LINE_BYTES_MAX - 1;
    for (size_t i = prefix_len; i < len; i++) {
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    }
    line[len] = '\n';
    return len + 1;
}

void log_write_raw(const struct logger *logger, enum log_level level, struct slice message) {
    char line[LOG_LINE_BYTES_MAX];

    if (!logger_writes(logger, level)) return;
    size_t prefix_len = put_prefix(line, logger, level);
    size_t room = sizeof line - prefix_len - 1;
    size_t len = message.len < room ? message.len : room;
    if (len > 0) memcpy(line + prefix_len, message.data, len);
    write_line(logger, line, finish_line(line, prefix_len, len));
}

void log_write(const struct logger *logger, enum log_level level, const char *format, ...) {
    static const int syslog_levels[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
    char line[LOG_LINE_BYTES_MAX];
    va_list values;

    if (!logger_writes(logger, level)) return;
    size_t prefix_len = put_prefix(line, logger, level);
    va_start(values, format);
    int printed = vsnprintf(line + prefix_len, sizeof line - prefix_len, format, values);
    va_end(values);
    size_t len = finish_line(line, prefix_len, printed < 0 ? 0 : (size_t)printed);
    write_line(logger, line, len);
    if (logger->to_syslog) {
        syslog(syslog_levels[level], "%.*s", (int)(len - prefix_len - 1), line + prefix_len);
    }
}
