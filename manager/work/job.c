/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A job is a fork: no arguments to marshal, nothing to free, and whatever it leaves open goes with it.
 * Its text comes through a pipe, at whose end of file the child is reaped. The table of fds, with some for each
 * cell and session, is shared until the child has copied the few that it needs: copying and closing thousands
 * takes longer than most jobs. Until then the manager holds the child's end of the pipe, too, so the end of a
 * child that dies that early is seen by its pidfd alone. */

#include "manager/work/job.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"
#include "base/parse.h"
#include "manager/work/reap.h"

#define RUNNING_MAX 8
#define QUEUED_MAX 4096
#define KEEP_MAX 15
#define READ_SIZE 2048 /* what most jobs have to say */
#define OVERDUE_USEC (5 * USEC_PER_SEC)

struct Job {
        Jobs *jobs;
        JobSpec spec;
        TAILQ_ENTRY(Job) entry;
        pid_t pid; /* 0: waiting */
        int fd, child_fd; /* the ends of the pipe; the child's until it says that it has its own */
        int pidfd;
        sd_event_source *io_source, *exit_source, *timer_source;
        JobReport *report; /* shared with the child */
        char *text;
        size_t n_read, n_allocated;
};

TAILQ_HEAD(JobList, Job);

struct Jobs {
        sd_event *event;
        int keep_fds[KEEP_MAX + 1]; /* the last place is the job's own pipe */
        size_t n_keep_fds;
        struct JobList waiting, running;
        unsigned n_waiting, n_running;
        bool exclusive; /* an exclusive job runs */
        bool one_for_each_user;
        bool (*make_room)(void *userdata);
        void *userdata;
};

struct JobText {
        FILE *f;
};

static void start_waiting(Jobs *j);

void job_write_text(JobText *t, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vfprintf(t->f, format, ap);
        va_end(ap);
}

static void run_child(Job *job, int fd, pid_t parent) __attribute__((noreturn));

static void run_child(Job *job, int fd, pid_t parent) {
        Jobs *j = job->jobs;
        char *text = NULL;
        size_t size = 0;
        JobText t;
        sigset_t none;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) /* died before that */
                _exit(1);
        (void) prctl(PR_SET_NAME, JOB_PROCESS_NAME);
        log_set_sink(NULL); /* its socket is among those that are closed */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        j->keep_fds[j->n_keep_fds] = fd;
        fd_close_all_but(j->keep_fds, j->n_keep_fds + 1);
        if (fd_write_all(fd, "", 1) < 0)
                _exit(1);

        t.f = memstream_open(&text, &size);
        if (!t.f)
                _exit(1);
        job->spec.run(job->spec.userdata, job->report, &t);
        text = memstream_finish(t.f, &text);
        if (!text)
                _exit(1);
        if (size > JOB_TEXT_MAX) { /* a part of it would mean something else */
                job->report->error = -E2BIG;
                text[size = 0] = '\0';
        }
        _exit(fd_write_all(fd, text, size + 1) < 0); /* the NUL says that it was all */
}

static void end_report(sd_event *event, void *userdata) {
        JobReport *report = userdata;

        if (report->pid > 0) { /* a child not reaped yet: the number can't be anybody else's */
                (void) kill(report->pid, SIGKILL);
                (void) reap_later(event, report->pid, NULL, NULL);
        }
        (void) munmap(report, sizeof(*report));
}

/* One that hangs in the kernel is left to the loop; until it is gone it may leave something behind. */
static void end_child(Jobs *j, pid_t pid, JobReport *report) {
        (void) kill(pid, SIGKILL);
        if (reap_later(j->event, pid, end_report, report) < 0)
                end_report(j->event, report);
}

static void job_free(Job *job) {
        Jobs *j = job->jobs;

        if (job->pid > 0) {
                TAILQ_REMOVE(&j->running, job, entry);
                j->n_running--;
                if (job->spec.exclusive)
                        j->exclusive = false;
                end_child(j, job->pid, job->report);
        } else {
                TAILQ_REMOVE(&j->waiting, job, entry);
                j->n_waiting--;
        }
        sd_event_source_disable_unref(job->io_source);
        sd_event_source_disable_unref(job->exit_source);
        sd_event_source_disable_unref(job->timer_source);
        close_fd(job->fd);
        close_fd(job->child_fd);
        close_fd(job->pidfd);
        free(job->text);
        free(job);
}

static void finish(Job *job, int error) {
        _cleanup_(freep) char *text = TAKE_PTR(job->text);
        JobReport report = {};
        JobSpec spec = job->spec;
        Jobs *j = job->jobs;

        if (error < 0) {
                report.error = error;
                (void) snprintf(report.what, sizeof(report.what), "%s", spec.name);
        } else
                report = *job->report;
        if (report.error >= 0)
                job->report->pid = 0; /* it is the caller's now */
        else
                report.pid = 0;
        job_free(job);
        spec.done(&report, error >= 0 ? text + 1 : "", spec.userdata);
        start_waiting(j);
}

/* For a byte more. */
static int grow_text(Job *job) {
        size_t size = job->n_allocated ? 2 * job->n_allocated : READ_SIZE;
        char *grown;

        if (job->n_read < job->n_allocated)
                return 0;
        grown = realloc(job->text, size);
        if (!grown)
                return -ENOMEM;
        job->text = grown;
        job->n_allocated = size;
        return 0;
}

/* 1: there may be more; 0: that was all; -EAGAIN: that was all for now. */
static int read_some(Job *job) {
        ssize_t n;
        int r;

        r = grow_text(job);
        if (r < 0)
                return r;
        n = read(job->fd, job->text + job->n_read, job->n_allocated - job->n_read);
        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        if (n == 0)
                return 0;
        job->child_fd = close_fd(job->child_fd);
        job->n_read += (size_t) n;
        return 1;
}

/* Nothing more is going to come. */
static void take_end(Job *job, int error) {
        if (error >= 0 && (job->n_read < 2 || job->text[job->n_read - 1])) {
                log_warning("Job \"%s\" died without a report", job->spec.name);
                error = -EIO;
        }
        finish(job, error);
}

static int on_readable(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        Job *job = userdata;
        int r;

        (void) s, (void) fd, (void) events;
        r = read_some(job);
        if (r <= 0 && r != -EAGAIN)
                take_end(job, r);
        return 0;
}

/* What it has written is in the pipe; whoever else has the pipe's other end has nothing to add. */
static int on_exit_of_child(sd_event_source *s, int fd, uint32_t events, void *userdata) {
        Job *job = userdata;
        int r;

        (void) s, (void) fd, (void) events;
        job->child_fd = close_fd(job->child_fd);
        while ((r = read_some(job)) > 0)
                ;
        take_end(job, r == -EAGAIN ? 0 : r);
        return 0;
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *userdata) {
        Job *job = userdata;

        (void) s, (void) usec;
        log_warning("Job \"%s\" overran its deadline, killing it", job->spec.name);
        finish(job, -ETIMEDOUT);
        return 0;
}

static pid_t fork_with_files(int *ret_pidfd) {
        return (pid_t) syscall(SYS_clone, SIGCHLD | CLONE_FILES | CLONE_PIDFD, NULL, ret_pidfd, NULL, NULL);
}

/* On error *job is as before, but for sources and a report that free_start() takes away. */
static int fork_child(Job *job, int write_fd) {
        pid_t pid, parent = getpid();
        Jobs *j = job->jobs;
        JobReport *report;
        int r;

        report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (report == MAP_FAILED)
                return -errno;
        job->report = report;
        pid = fork_with_files(&job->pidfd);
        if (pid < 0 && errno == ENOMEM && j->make_room && j->make_room(j->userdata))
                pid = fork_with_files(&job->pidfd);
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run_child(job, write_fd, parent);
        r = sd_event_add_io(j->event, &job->exit_source, job->pidfd, EPOLLIN, on_exit_of_child, job);
        if (r < 0) {
                job->report = NULL;
                end_child(j, pid, report);
                return r;
        }
        job->pid = pid;
        return 0;
}

static void free_start(Job *job) {
        if (job->report)
                (void) munmap(job->report, sizeof(*job->report));
        job->report = NULL;
        job->io_source = sd_event_source_disable_unref(job->io_source);
        job->timer_source = sd_event_source_disable_unref(job->timer_source);
        job->pidfd = close_fd(job->pidfd);
}

static int start_now(Job *job) {
        Jobs *j = job->jobs;
        _cleanup_(close_fdp) int read_fd = -EBADF, write_fd = -EBADF;
        int fds[2], r;

        job->timer_source = sd_event_source_disable_unref(job->timer_source); /* on_start_failed()'s, of a try before */
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];
        r = sd_event_add_io(j->event, &job->io_source, read_fd, EPOLLIN, on_readable, job);
        if (r >= 0)
                r = sd_event_add_time_relative(j->event, &job->timer_source, CLOCK_MONOTONIC,
                                               job->spec.timeout_usec, 0, on_timeout, job);
        if (r >= 0)
                r = fork_child(job, write_fd);
        if (r < 0) {
                free_start(job);
                return r;
        }
        TAILQ_REMOVE(&j->waiting, job, entry);
        j->n_waiting--;
        TAILQ_INSERT_TAIL(&j->running, job, entry);
        j->n_running++;
        if (job->spec.exclusive)
                j->exclusive = true;
        (void) fcntl(read_fd, F_SETFL, O_NONBLOCK);
        job->fd = TAKE_FD(read_fd);
        job->child_fd = TAKE_FD(write_fd);
        return 0;
}

static unsigned count_running(const Jobs *j, uid_t uid) {
        const Job *job;
        unsigned n = 0;

        TAILQ_FOREACH(job, &j->running, entry)
                n += job->spec.uid == uid;
        return n;
}

/* A place more than those that a user has must be free, besides the one that is taken. So nobody has more than half of
 * all, two more than three quarters, and so on: who has none finds one, whatever hangs in the others. */
static bool may_run(const Jobs *j, const Job *job, unsigned n_running) {
        if (j->one_for_each_user && job->spec.uid != UID_INVALID)
                return n_running == 0;
        return n_running < RUNNING_MAX - j->n_running;
}

/* Of the jobs that may run, the oldest of a user who has fewest running; or NULL. An exclusive one passes those that may
 * not run; those that came after it wait, also while it runs. */
static Job *pick_next(Jobs *j) {
        unsigned fewest = UINT_MAX;
        Job *job, *best = NULL;

        TAILQ_FOREACH(job, &j->waiting, entry) {
                unsigned n;

                if (job->spec.exclusive && !j->exclusive)
                        return best ?: job;
                if (j->exclusive && !job->spec.passes)
                        continue;
                n = count_running(j, job->spec.uid);
                if (n >= fewest || !may_run(j, job, n))
                        continue;
                best = job;
                fewest = n;
                if (n == 0)
                        break;
        }
        return best;
}

/* A job that can't even be started is reported from the loop, not from within job_start(). */
static int on_start_failed(sd_event_source *s, uint64_t usec, void *userdata) {
        (void) s, (void) usec;
        finish(userdata, -EAGAIN);
        return 0;
}

static void start_waiting(Jobs *j) {
        while (j->n_running < RUNNING_MAX && j->n_waiting > 0) {
                Job *job = pick_next(j);
                int r;

                if (!job)
                        return; /* again when one of those that run is done */
                r = start_now(job);
                if (r >= 0)
                        continue;
                log_error_errno(r, "Cannot start job \"%s\": %m", job->spec.name);
                if (j->n_running > 0)
                        return; /* again when one of those is done */
                r = sd_event_add_time_relative(j->event, &job->timer_source, CLOCK_MONOTONIC, 0, 0,
                                               on_start_failed, job);
                if (r < 0)
                        log_error_errno(r, "Cannot report that job \"%s\" failed: %m", job->spec.name);
                return;
        }
}

int jobs_new(sd_event *event, const int *keep_fds, size_t n_keep_fds, bool one_for_each_user, Jobs **ret) {
        Jobs *j;

        if (n_keep_fds > KEEP_MAX)
                return -E2BIG;
        j = calloc(1, sizeof(*j));
        if (!j)
                return -ENOMEM;
        j->event = sd_event_ref(event);
        memcpy(j->keep_fds, keep_fds, n_keep_fds * sizeof(int));
        j->n_keep_fds = n_keep_fds;
        j->one_for_each_user = one_for_each_user;
        TAILQ_INIT(&j->waiting);
        TAILQ_INIT(&j->running);
        *ret = j;
        return 0;
}

void jobs_set_make_room(Jobs *j, bool (*call)(void *userdata), void *userdata) {
        j->make_room = call;
        j->userdata = userdata;
}

Jobs *jobs_free(Jobs *j) {
        Job *job;

        if (!j)
                return NULL;
        while ((job = TAILQ_FIRST(&j->waiting)))
                job_free(job);
        while ((job = TAILQ_FIRST(&j->running)))
                job_free(job);
        sd_event_unref(j->event);
        free(j);
        return NULL;
}

int job_start(Jobs *j, const JobSpec *spec, Job **ret) {
        Job *job;

        if (j->n_waiting >= QUEUED_MAX)
                return -EBUSY;
        job = calloc(1, sizeof(*job));
        if (!job)
                return -ENOMEM;
        *job = (Job) { .jobs = j, .spec = *spec, .fd = -EBADF, .child_fd = -EBADF, .pidfd = -EBADF };
        TAILQ_INSERT_TAIL(&j->waiting, job, entry);
        j->n_waiting++;
        if (ret)
                *ret = job;
        start_waiting(j);
        return 0;
}

Job *job_cancel(Job *job) {
        Jobs *j;

        if (!job)
                return NULL;
        j = job->jobs;
        job_free(job);
        start_waiting(j);
        return NULL;
}

unsigned jobs_count(const Jobs *j) {
        return j->n_waiting + j->n_running;
}

bool jobs_are_moving(const Jobs *j, uint64_t now_usec) {
        uint64_t deadline;
        const Job *job;

        if (j->n_waiting > 0 && j->n_running == 0 && !TAILQ_FIRST(&j->waiting)->timer_source)
                return false;
        TAILQ_FOREACH(job, &j->running, entry)
                if (sd_event_source_get_time(job->timer_source, &deadline) < 0 || now_usec > deadline + OVERDUE_USEC)
                        return false;
        return true;
}
