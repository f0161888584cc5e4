#include "shards/log.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct file_log {
    char path[64];
    struct logger logger;
};

static void file_log_init(struct file_log *log, enum log_level level) {
    strcpy(log->path, "/tmp/test_log.XXXXXX");
    int fd = mkstemp(log->path);
    cr_assert(fd >= 0);
    close(fd);
    struct logger_options options = {.file = log->path, .level = level, .role = 'M'};
    cr_assert(logger_init(&log->logger, &options) == 0);
}

static const char *file_log_read(const struct file_log *log) {
    static char text[65536];
    FILE *file = fopen(log->path, "r");
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

static void file_log_deinit(struct file_log *log) {
    logger_deinit(&log->logger);
    unlink(log->path);
}

Test(log, a_line_has_pid_role_time_level_and_message) {
    struct file_log log;
    file_log_init(&log, LOG_LEVEL_DEBUG);
    log_write(&log.logger, LOG_LEVEL_NOTICE, "hello %d", 42);
    int pid = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0, ms = 0, used = 0;
    char role = 0, level = 0, month[4] = "";
    const char *text = file_log_read(&log);
    cr_assert(eq(int,
                 sscanf(text, "%d:%c %2d %3s %4d %2d:%2d:%2d.%3d %c hello 42%n", &pid, &role, &day,
                        month, &year, &hour, &minute, &second, &ms, &level, &used),
                 10));
    cr_assert(eq(int, pid, (int)getpid()));
    cr_assert(eq(chr, role, 'M'));
    cr_assert(eq(chr, level, '*'));
    cr_assert_str_eq(text + used, "\n");

    time_t now = time(NULL); /* the calendar agrees with the C library's */
    struct tm tm;
    char date[32], ours[32];
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%d %b %Y", &tm);
    (void)snprintf(ours, sizeof ours, "%02d %s %04d", day, month, year);
    cr_assert_str_eq(ours, date);
    file_log_deinit(&log);
}

Test(log, levels_below_the_threshold_are_not_written) {
    struct file_log log;
    file_log_init(&log, LOG_LEVEL_NOTICE);
    log_write(&log.logger, LOG_LEVEL_VERBOSE, "no");
    cr_assert_str_eq(file_log_read(&log), "");
    logger_set_level(&log.logger, LOG_LEVEL_VERBOSE);
    logger_set_role(&log.logger, 'S');
    log_write(&log.logger, LOG_LEVEL_VERBOSE, "yes");
    cr_assert(strstr(file_log_read(&log), " - yes\n") != NULL);
    cr_assert(strstr(file_log_read(&log), ":S ") != NULL);
    logger_set_level(&log.logger, LOG_LEVEL_NOTHING);
    log_write(&log.logger, LOG_LEVEL_WARNING, "never");
    log_write_raw(&log.logger, LOG_LEVEL_WARNING, SLICE_LITERAL("never"));
    cr_assert(strstr(file_log_read(&log), "never") == NULL);
    file_log_deinit(&log);
}

Test(log, a_message_cannot_forge_a_second_line) {
    struct file_log log;
    file_log_init(&log, LOG_LEVEL_DEBUG);
    log_write(&log.logger, LOG_LEVEL_WARNING, "name %s", "x\r\n1:M fake");
    log_write_raw(&log.logger, LOG_LEVEL_WARNING, SLICE_LITERAL("raw\nx"));
    cr_assert(strstr(file_log_read(&log), " # name x  1:M fake\n") != NULL);
    cr_assert(strstr(file_log_read(&log), " # raw x\n") != NULL);
    file_log_deinit(&log);
}

Test(log, long_messages_are_cut_and_still_end_the_line) {
    struct file_log log;
    char message[3000];
    file_log_init(&log, LOG_LEVEL_DEBUG);
    memset(message, 'a', sizeof message);
    message[sizeof message - 1] = '\0';
    log_write(&log.logger, LOG_LEVEL_NOTICE, "%s", message);
    log_write_raw(&log.logger, LOG_LEVEL_NOTICE, slice_of(message, sizeof message - 1));
    const char *text = file_log_read(&log);
    cr_assert(eq(sz, strlen(text), 2 * LOG_LINE_BYTES_MAX));
    cr_assert(eq(chr, text[LOG_LINE_BYTES_MAX - 1], '\n'));
    cr_assert(eq(chr, text[2 * LOG_LINE_BYTES_MAX - 1], '\n'));
    file_log_deinit(&log);
}

static void *write_many(void *owner) {
    for (int i = 0; i < 200; i++) log_write(owner, LOG_LEVEL_NOTICE, "abcdefghijklmnopqrstuvwxyz");
    return NULL;
}

Test(log, lines_of_several_threads_do_not_mix) {
    struct file_log log;
    pthread_t threads[3];
    file_log_init(&log, LOG_LEVEL_NOTICE);
    for (size_t i = 0; i < 3; i++) pthread_create(&threads[i], NULL, write_many, &log.logger);
    for (size_t i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    const char *at = file_log_read(&log);
    size_t lines = 0;
    for (; *at != '\0'; lines++) {
        const char *end = strchr(at, '\n');
        cr_assert(end != NULL);
        cr_assert(strncmp(end - 27, " abcdefghijklmnopqrstuvwxyz", 27) == 0);
        at = end + 1;
    }
    cr_assert(eq(sz, lines, 600));
    file_log_deinit(&log);
}

Test(log, a_file_that_cannot_be_opened_is_reported) {
    struct logger logger;
    struct logger_options options = {
        .file = "/nowhere/log", .level = LOG_LEVEL_NOTICE, .role = 'M'};
    cr_assert(logger_init(&logger, &options) < 0);
    logger_deinit(&logger);
}
