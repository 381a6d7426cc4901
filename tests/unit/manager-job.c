/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "manager/work/job.h"

static const int no_fds[1] = { -1 };

static void run_forever(void *userdata, JobReport *report, JobText *text) {
        (void) userdata, (void) report, (void) text;
        (void) pause();
}

static void run_number(void *userdata, JobReport *report, JobText *text) {
        (void) userdata;
        report->numbers[0] = 7;
        job_write_text(text, "seven");
}

static void on_done(const JobReport *report, const char *text, void *userdata) {
        assert_int_equal(report->error, 0);
        assert_int_equal(report->numbers[0], 7);
        assert_string_equal(text, "seven");
        *(int *) userdata = 1;
}

static void on_timeout(const JobReport *report, const char *text, void *userdata) {
        (void) text;
        assert_int_equal(report->error, -ETIMEDOUT);
        *(int *) userdata = 1;
}

static void run_until_childless(sd_event *event) {
        for (int i = 0; waitid(P_ALL, 0, &(siginfo_t) {}, WEXITED | WNOWAIT | WNOHANG) >= 0; i++) {
                assert_true(i < 100);
                assert_true(sd_event_run(event, USEC_PER_SEC / 10) >= 0);
        }
}

static void test_done(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        int done = 0;
        const JobSpec spec = { .name = "number", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                               .done = on_done, .userdata = &done };

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        assert_int_equal(job_start(jobs, &spec, NULL), 0);
        while (!done)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        assert_int_equal(jobs_count(jobs), 0);
        run_until_childless(event);
        jobs_free(jobs);
        sd_event_unref(event);
}

static void run_much(void *userdata, JobReport *report, JobText *text) {
        (void) report;
        for (size_t left = *(size_t *) userdata; left > 0; left--)
                job_write_text(text, "x");
}

static size_t text_length;
static int text_error;
static void on_much(const JobReport *report, const char *text, void *userdata) {
        text_length = strlen(text);
        text_error = report->error;
        *(size_t *) userdata = 0;
}

/* All of what a job writes comes, or nothing. */
static void test_much_text(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        for (size_t over = 0; over < 2; over++) {
                size_t size = JOB_TEXT_MAX + over;
                const JobSpec spec = { .name = "much", .timeout_usec = 20 * USEC_PER_SEC, .run = run_much,
                                       .done = on_much, .userdata = &size };

                assert_int_equal(job_start(jobs, &spec, NULL), 0);
                while (size > 0)
                        assert_true(sd_event_run(event, UINT64_MAX) >= 0);
                assert_int_equal(text_length, over ? 0 : JOB_TEXT_MAX);
                assert_int_equal(text_error, over ? -E2BIG : 0);
        }
        jobs_free(jobs);
        sd_event_unref(event);
}

static bool left;

static void run_leaving(void *userdata, JobReport *report, JobText *text) {
        struct clone_args args = { .flags = CLONE_PARENT | CLONE_PARENT_SETTID,
                                   .parent_tid = (uint64_t) (uintptr_t) &report->pid };

        (void) text;
        if (syscall(SYS_clone3, &args, sizeof(args)) == 0)
                for ((void) close_range(3, UINT_MAX, 0);;)
                        (void) pause();
        if (*(bool *) userdata)
                report->error = -EIO;
        else
                for (;;)
                        (void) pause();
}

static void on_left(const JobReport *report, const char *text, void *userdata) {
        (void) text;
        assert_int_equal(report->error, *(bool *) userdata ? -EIO : -ETIMEDOUT);
        assert_int_equal(report->pid, 0);
        left = true;
}

/* Of this process, which has one CPU then: a child does not run before we wait. */
static void use_one_cpu(cpu_set_t *ret_before) {
        cpu_set_t one;

        assert_int_equal(sched_getaffinity(0, sizeof(*ret_before), ret_before), 0);
        CPU_ZERO(&one);
        for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
                if (CPU_ISSET(cpu, ret_before))
                        CPU_SET(cpu, &one);
        assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Whether a job fails or is killed: what it has left to us is killed and reaped. */
static void test_left_behind(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;

        (void) state;
        while (wait(NULL) > 0) /* jobs of the tests before, whose loop is no more */
                ;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        for (int fails = 0; fails < 2; fails++) {
                bool b = fails;
                const JobSpec spec = { .name = "leaving", .timeout_usec = (fails ? 20000 : 50) * USEC_PER_MSEC,
                                       .run = run_leaving, .done = on_left, .userdata = &b };

                left = false;
                assert_int_equal(job_start(jobs, &spec, NULL), 0);
                while (!left)
                        assert_true(sd_event_run(event, UINT64_MAX) >= 0);
                run_until_childless(event);
        }
        jobs_free(jobs);
        sd_event_unref(event);
}

/* To watch a child takes a descriptor; without one it is reaped all the same. */
static void test_no_descriptors(void **state) {
        bool fails = false;
        const JobSpec spec = { .name = "leaving", .timeout_usec = 50 * USEC_PER_MSEC, .run = run_leaving, .done = on_left,
                               .userdata = &fails };
        struct rlimit limit, none;
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        cpu_set_t before;

        (void) state;
        use_one_cpu(&before);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        left = false;
        assert_int_equal(job_start(jobs, &spec, NULL), 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = (struct rlimit) { .rlim_max = limit.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        while (!left)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        run_until_childless(event);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
        jobs_free(jobs);
        sd_event_unref(event);
}

static void run_death(void *userdata, JobReport *report, JobText *text) {
        (void) userdata, (void) report, (void) text;
        (void) raise(SIGKILL);
}

static void on_death(const JobReport *report, const char *text, void *userdata) {
        (void) text;
        assert_int_equal(report->error, -EIO);
        *(int *) userdata = 1;
}

static void kill_children(void) {
        char path[64], line[256] = "";
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int) gettid());
        f = fopen(path, "re");
        assert_non_null(f);
        assert_non_null(fgets(line, sizeof(line), f));
        (void) fclose(f);
        for (char *p = line, *end; strtol(p, &end, 10) > 0; p = end)
                assert_int_equal(kill((pid_t) strtol(p, NULL, 10), SIGKILL), 0);
}

/* One that is killed before its first byte, while the manager still has its end of the pipe, or later: it is heard at
 * once. On one CPU the child does not get far before we are done with it. */
static void test_death(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        cpu_set_t before;

        (void) state;
        use_one_cpu(&before);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        for (int early = 0; early < 2; early++) {
                int done = 0;
                const JobSpec spec = { .name = "death", .timeout_usec = 3600 * USEC_PER_SEC, .run = run_death,
                                       .done = on_death, .userdata = &done };

                assert_int_equal(job_start(jobs, &spec, NULL), 0);
                if (early)
                        kill_children();
                while (!done)
                        assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
        }
        run_until_childless(event);
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
        jobs_free(jobs);
        sd_event_unref(event);
}

/* Places that hang are shared, too: whoever comes finds one, as does what is exclusive. */
static void test_fair(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        int hung = 0, done;
        JobSpec hang = { .name = "forever", .timeout_usec = 3600 * USEC_PER_SEC, .run = run_forever,
                         .done = on_timeout, .userdata = &hung };
        JobSpec number = { .name = "number", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                           .done = on_done, .userdata = &done };

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        for (hang.uid = 1001; hang.uid <= 1003; hang.uid++) {
                for (int i = 0; i < 20; i++)
                        assert_int_equal(job_start(jobs, &hang, NULL), 0);
                for (int exclusive = 0; exclusive < 2; exclusive++) {
                        number.exclusive = exclusive;
                        number.uid = 2000;
                        done = 0;
                        assert_int_equal(job_start(jobs, &number, NULL), 0);
                        while (!done)
                                assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
                        assert_int_equal(hung, 0);
                }
        }
        jobs_free(jobs);
        run_until_childless(event);
        sd_event_unref(event);
}

/* What is exclusive holds back all that comes later, but for what has nothing to do with it. */
static void test_passes(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        int hung = 0, passed = 0, held_back = 0;
        const JobSpec hang = { .name = "forever", .timeout_usec = 3600 * USEC_PER_SEC, .run = run_forever,
                               .done = on_timeout, .userdata = &hung, .exclusive = true };
        const JobSpec held = { .name = "number", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                               .done = on_done, .userdata = &held_back, .uid = 1001 };
        const JobSpec pass = { .name = "number", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                               .done = on_done, .userdata = &passed, .uid = 1001, .passes = true };

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        assert_int_equal(job_start(jobs, &hang, NULL), 0);
        assert_int_equal(job_start(jobs, &hang, NULL), 0); /* waits for the first one */
        assert_int_equal(job_start(jobs, &held, NULL), 0);
        assert_int_equal(job_start(jobs, &pass, NULL), 0);
        while (!passed)
                assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
        assert_int_equal(held_back, 0);
        assert_int_equal(hung, 0);
        assert_int_equal(jobs_count(jobs), 3);
        jobs_free(jobs);
        run_until_childless(event);
        sd_event_unref(event);
}

static unsigned n_failed;

static void on_no_start(const JobReport *report, const char *text, void *userdata) {
        (void) text, (void) userdata;
        assert_int_equal(report->error, -EAGAIN);
        n_failed++;
}

/* Each that can't be started is told so once, however often the others make it try. */
static void test_no_start(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        int done = 0, next;
        struct rlimit limit, none;
        const JobSpec first = { .name = "number", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                                .done = on_done, .userdata = &done };
        const JobSpec spec = { .name = "no start", .timeout_usec = 20 * USEC_PER_SEC, .run = run_number,
                               .done = on_no_start };

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        assert_int_equal(job_start(jobs, &first, NULL), 0); /* so the loop has all that it needs */
        while (!done)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        run_until_childless(event);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        next = dup(0);
        close_fd(next);
        none = (struct rlimit) { (rlim_t) next, limit.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        n_failed = 0;
        for (int i = 0; i < 4; i++)
                assert_int_equal(job_start(jobs, &spec, NULL), 0);
        while (n_failed < 4)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        assert_int_equal(sd_event_run(event, 0), 0); /* no timer is left */
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        jobs_free(jobs);
        sd_event_unref(event);
}

/* What the watchdog looks at. */
static void test_moving(void **state) {
        sd_event *event = NULL;
        Jobs *jobs = NULL;
        uint64_t now;
        int done = 0;
        const JobSpec spec = { .name = "forever", .timeout_usec = 10 * USEC_PER_MSEC, .run = run_forever,
                               .done = on_timeout, .userdata = &done };

        (void) state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(jobs_new(event, no_fds, 0, false, &jobs), 0);
        assert_true(sd_event_now(event, CLOCK_MONOTONIC, &now) >= 0);
        assert_true(jobs_are_moving(jobs, now + 3600 * USEC_PER_SEC)); /* none */
        assert_int_equal(job_start(jobs, &spec, NULL), 0);
        assert_true(jobs_are_moving(jobs, now));
        assert_false(jobs_are_moving(jobs, now + 60 * USEC_PER_SEC)); /* nobody has ended it */
        while (!done)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        assert_true(jobs_are_moving(jobs, now + 60 * USEC_PER_SEC));
        jobs_free(jobs);
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_done), cmocka_unit_test(test_much_text),
                                             cmocka_unit_test(test_left_behind), cmocka_unit_test(test_no_descriptors),
                                             cmocka_unit_test(test_death), cmocka_unit_test(test_fair),
                                             cmocka_unit_test(test_passes),
                                             cmocka_unit_test(test_no_start),
                                             cmocka_unit_test(test_moving) };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
