/* plain_runner.c - runs Criterion's tests without Criterion's runner. Criterion starts each test
 * in a worker that it maps itself (boxfort), which ThreadSanitizer does not survive. The `tsan`
 * build links this file into each unit test instead: it finds the tests where Criterion's macros
 * left them, runs each in a forked child, and stands in for the few functions of the library
 * through which a test reports. `unit_x NAME` runs only tests whose name contains NAME. */
#include "core/base.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMEOUT_S = 240 };

extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

static const struct criterion_test *running;
static void *running_param;
static _Atomic bool failed;

static const struct criterion_test_extra_data *suite_data(const char *name) {
    for (struct criterion_suite **at = __start_cr_sts; at != NULL && at < __stop_cr_sts; at++) {
        if (*at != NULL && strcmp((*at)->name, name) == 0) return (*at)->data;
    }
    return NULL;
}

/* --- what Criterion's macros call --- */

void criterion_internal_test_setup(void) {
    const struct criterion_test_extra_data *suite = suite_data(running->category);
    if (suite != NULL && suite->init != NULL) suite->init();
    if (running->data->init != NULL) running->data->init();
}

void criterion_internal_test_main(void (*run)(void)) {
    if (running->data->kind_ == CR_TEST_PARAMETERIZED) {
        ((void (*)(void *))run)(running_param);
    } else {
        run();
    }
}

void criterion_internal_test_teardown(void) {
    const struct criterion_test_extra_data *suite = suite_data(running->category);
    if (running->data->fini != NULL) running->data->fini();
    if (suite != NULL && suite->fini != NULL) suite->fini();
}

void cri_assert_node_send(const char *file, size_t line, struct cri_assert_node *node) {
    fprintf(stderr, "%s:%zu: assertion failed: %s %s\n", file, line,
            node->repr != NULL ? node->repr : "", node->message != NULL ? node->message : "");
    for (size_t i = 0; i < node->nchild; i++) {
        const struct cri_assert_node *child = &node->children[i];
        if (!child->pass) fprintf(stderr, "    %s\n", child->repr != NULL ? child->repr : "");
    }
    failed = true;
}

void criterion_abort_test(void) {
    fflush(NULL);
    _exit(1);
}

void criterion_continue_test(void) {}

void criterion_test_die(const char *message, ...) {
    va_list args;
    va_start(args, message);
    vfprintf(stderr, message, args);
    va_end(args);
    criterion_abort_test();
}

void criterion_skip_test(const char *message, ...) {
    (void)message;
    fflush(NULL);
    _exit(running->data->exit_code);
}

/* --- the runner --- */

static bool ended_as_declared(const struct criterion_test *test, int status) {
    const struct criterion_test_extra_data *suite = suite_data(test->category);
    int signal_expected = test->data->signal;
    int exit_expected = test->data->exit_code;

    if (suite != NULL && signal_expected == 0) signal_expected = suite->signal;
    if (suite != NULL && exit_expected == 0) exit_expected = suite->exit_code;
    if (signal_expected != 0) return WIFSIGNALED(status) && WTERMSIG(status) == signal_expected;
    return WIFEXITED(status) && WEXITSTATUS(status) == exit_expected;
}

static bool run_test(const struct criterion_test *test, void *param) {
    int status;

    fflush(NULL);
    pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) {
        running = test;
        running_param = param;
        alarm(TIMEOUT_S);
        test->test();
        exit(failed ? 1 : 0);
    }
    if (waitpid(child, &status, 0) != child) return false;
    bool passed = ended_as_declared(test, status);
    printf("%s %s::%s\n", passed ? "[pass]" : "[FAIL]", test->category, test->name);
    return passed;
}

int main(int argc, char **argv) {
    unsigned failed_count = 0, run_count = 0;

    for (struct criterion_test **at = __start_cr_tst; at < __stop_cr_tst; at++) {
        const struct criterion_test *test = *at;
        if (test == NULL || test->data->disabled) continue;
        if (argc > 1 && argv[1][0] != '-' && strstr(test->name, argv[1]) == NULL) continue;
        if (test->data->kind_ != CR_TEST_PARAMETERIZED) {
            run_count++;
            failed_count += !run_test(test, NULL);
            continue;
        }
        struct criterion_test_params params = test->data->param_();
        for (size_t i = 0; i < params.length; i++) {
            run_count++;
            failed_count += !run_test(test, (char *)params.params + i * params.size);
        }
        if (params.cleanup != NULL) params.cleanup(&params);
    }
    printf("%u tests, %u failed\n", run_count, failed_count);
    return failed_count == 0 && run_count > 0 ? 0 : 1;
}
