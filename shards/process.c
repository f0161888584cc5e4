#include "shards/process.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int process_daemonize(void) {
    pid_t pid = fork();

    if (pid < 0) return -errno;
    if (pid > 0) _exit(0);
    if (setsid() < 0) return -errno;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return -errno;
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO) close(fd);
    return 0;
}

void process_raise_files_limit(struct config *config, const struct logger *logger,
                               unsigned extra_files) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->maxclients + extra_files;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_write(logger, LOG_LEVEL_WARNING, "Unable to obtain the current NOFILE limit (%s)",
                  strerror(errno));
        return;
    }
    if (limit.rlim_cur >= wanted) return;
    rlim_t before = limit.rlim_cur;
    struct rlimit raised = {.rlim_cur = wanted,
                            .rlim_max = wanted > limit.rlim_max ? wanted : limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        raised = (struct rlimit){.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max,
                                 .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) != 0) raised.rlim_cur = before;
    }
    if (raised.rlim_cur >= wanted) {
        log_write(logger, LOG_LEVEL_NOTICE,
                  "Increased maximum number of open files to %llu (it was originally set to %llu).",
                  (unsigned long long)wanted, (unsigned long long)before);
        return;
    }
    if (raised.rlim_cur <= extra_files) {
        log_write(logger, LOG_LEVEL_WARNING,
                  "Your current 'ulimit -n' of %llu is not enough for the server to start. Please "
                  "increase your open file "
                  "limit to at least %llu. Exiting.",
                  (unsigned long long)raised.rlim_cur, (unsigned long long)wanted);
        exit(1);
    }
    config->maxclients = (int64_t)(raised.rlim_cur - extra_files);
    log_write(logger, LOG_LEVEL_WARNING,
              "You requested maxclients requiring at least %llu max file descriptors. Current "
              "maximum open files is %llu. "
              "maxclients has been reduced to %lld to compensate for low ulimit.",
              (unsigned long long)wanted, (unsigned long long)raised.rlim_cur,
              (long long)config->maxclients);
}

static bool write_text_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    bool is_ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && is_ok;
}

static void adjust_oom_score(const struct config *config, const struct logger *logger) {
    char text[32];
    int value = config->oom_score_adj_values[0], before = 0;

    if (config->oom_score_adj == CONFIG_OOM_SCORE_NO) return;
    FILE *file = fopen("/proc/self/oom_score_adj", "re");
    if (file != NULL) {
        if (fscanf(file, "%d", &before) != 1) before = 0;
        fclose(file);
    }
    if (config->oom_score_adj == CONFIG_OOM_SCORE_RELATIVE) value += before;
    if (value > 1000) value = 1000;
    if (value < -1000) value = -1000;
    snprintf(text, sizeof text, "%d\n", value);
    if (!write_text_file("/proc/self/oom_score_adj", text)) {
        log_write(logger, LOG_LEVEL_WARNING, "Unable to write oom_score_adj: %s", strerror(errno));
    }
}

/* "0,2,4-7,8-15:2": processors, ranges, ranges with a step. False: not a list. */
static bool parse_processors(const char *text, cpu_set_t *mask) {
    CPU_ZERO(mask);
    while (*text != '\0') {
        char *end;
        long first = strtol(text, &end, 10), last = first, step = 1;
        if (end == text || first < 0 || first >= CPU_SETSIZE) return false;
        if (*end == '-') {
            text = end + 1;
            last = strtol(text, &end, 10);
            if (end == text || last < first || last >= CPU_SETSIZE) return false;
            if (*end == ':') {
                text = end + 1;
                step = strtol(text, &end, 10);
                if (end == text || step < 1) return false;
            }
        }
        for (long processor = first; processor <= last; processor += step)
            CPU_SET((size_t)processor, mask);
        if (*end == ',') end++;
        text = end;
    }
    return CPU_COUNT(mask) > 0;
}

static void warn_about_memory(const struct logger *logger) {
    int overcommit = 1;
    FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");

    if (file == NULL) return;
    if (fscanf(file, "%d", &overcommit) == 1 && overcommit == 2) {
        log_write(logger, LOG_LEVEL_WARNING,
                  "WARNING vm.overcommit_memory is 2: allocations fail when the commit limit is "
                  "reached, even with free memory.");
    }
    fclose(file);
}

void process_apply(const struct config *config, const struct logger *logger) {
    cpu_set_t mask;

    adjust_oom_score(config, logger);
    if (config->disable_thp && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
        log_write(logger, LOG_LEVEL_WARNING,
                  "Transparent huge pages cannot be turned off for this process: %s",
                  strerror(errno));
    }
    if (config->server_cpulist.len > 0) {
        if (!parse_processors(config->server_cpulist.data, &mask) ||
            sched_setaffinity(0, sizeof mask, &mask) != 0) {
            log_write(logger, LOG_LEVEL_WARNING, "server_cpulist %s cannot be applied",
                      config->server_cpulist.data);
        }
    }
    warn_about_memory(logger);
}

void process_pid_file_write(const struct config *config, const struct logger *logger) {
    char text[32];
    const char *path = config->pidfile.data;

    if (config->pidfile.len == 0) {
        if (!config->daemonize) return;
        path = "/var/run/redis.pid"; /* Redis' own default */
    }
    snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (!write_text_file(path, text)) {
        log_write(logger, LOG_LEVEL_WARNING, "Failed to write PID file: %s", strerror(errno));
    }
}

void process_pid_file_remove(const struct config *config) {
    if (config->pidfile.len > 0) {
        unlink(config->pidfile.data);
    } else if (config->daemonize) {
        unlink("/var/run/redis.pid");
    }
}

static bool has_manager; /* main thread only */

void process_find_manager(const struct config *config) {
    has_manager = config->supervised == CONFIG_SUPERVISED_SYSTEMD ||
                  config->supervised == CONFIG_SUPERVISED_AUTO;
}

void process_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!has_manager) return;
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof address.sun_path)
        return;
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)ignored;
    close(fd);
}

/* ---- Last words ---- */

static const struct logger *crash_logger; /* a signal handler has no other way to it */

static void on_crash(int signal_number, siginfo_t *info, void *context) {
    enum { FRAMES_MAX = 64 };
    void *frames[FRAMES_MAX];
    char line[160];
    static volatile sig_atomic_t is_reporting;

    (void)context;
    if (is_reporting) _exit(128 + signal_number);
    is_reporting = 1;
    int len = snprintf(line, sizeof line,
                       "=== BUG REPORT START: crashed by signal %d, address %p, code %d ===",
                       signal_number, info->si_addr, info->si_code);
    log_write_raw(crash_logger, LOG_LEVEL_WARNING, slice_of(line, (size_t)len));
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), crash_logger->fd);
    log_write_raw(crash_logger, LOG_LEVEL_WARNING, SLICE_LITERAL("=== BUG REPORT END ==="));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void process_install_crash_report(const struct logger *logger) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_sigaction = on_crash,
                               .sa_flags = (int)(SA_SIGINFO | SA_NODEFER | SA_RESETHAND)};

    crash_logger = logger;
    void *warm_up[1];
    backtrace(warm_up, 1); /* loads what it needs now, not inside the handler */
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++) sigaction(signals[i], &action, NULL);
}
