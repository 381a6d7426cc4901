/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The child reports by a pipe that is close-on-exec: end of file means that confine-init runs, a
 * record says what failed. */

#include "cells/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"

typedef struct Failure {
        int error;
        const char *what; /* the child is a copy of us: its static strings are ours */
} Failure;

static int prepare(const AnchorSpec *spec, const char **ret_what) {
        if (spec->namespaces & CLONE_NEWCGROUP) {
                *ret_what = "cgroup namespace";
                if (unshare(CLONE_NEWCGROUP) < 0)
                        return -errno;
        }
        if (spec->hostname && spec->namespaces & CLONE_NEWUTS) {
                *ret_what = "host name";
                if (sethostname(spec->hostname, strlen(spec->hostname)) < 0)
                        return -errno;
        }
        if (spec->namespaces & CLONE_NEWNS)
                return filesystem_setup(spec->filesystem, ret_what);
        *ret_what = "chdir";
        return chdir("/") < 0 ? -errno : 0;
}

static void run_child(const AnchorSpec *spec, int report_fd) __attribute__((noreturn));

static void run_child(const AnchorSpec *spec, int report_fd) {
        static char *const argv[] = { (char *) "confine-init", NULL };
        static char *const envp[] = { NULL };
        Failure f = {};

        (void) prctl(PR_SET_PDEATHSIG, 0);
        (void) setsid();
        f.error = prepare(spec, &f.what);
        if (f.error >= 0) {
                (void) syscall(SYS_execveat, spec->init_fd, "", argv, envp, AT_EMPTY_PATH);
                f = (Failure) { -errno, "execution of confine-init" };
        }
        if (write(report_fd, &f, sizeof(f)) < 0)
                _exit(2);
        _exit(1);
}

static int wait_report(int fd, uint64_t timeout_usec, const char **ret_what) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        Failure f;
        ssize_t n;
        int r;

        do
                r = poll(&p, 1, (int) (timeout_usec / 1000));
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (r == 0) {
                *ret_what = "start of confine-init";
                return -ETIMEDOUT;
        }
        n = read(fd, &f, sizeof(f));
        if (n == 0)
                return 0;
        if (n != sizeof(f)) {
                *ret_what = "start of confine-init";
                return -EIO;
        }
        *ret_what = f.what;
        return f.error;
}

static pid_t clone_child(const AnchorSpec *spec, int *ret_pidfd) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | (spec->namespaces & ~(unsigned) CLONE_NEWCGROUP),
                .pidfd = (uint64_t) (uintptr_t) ret_pidfd,
                .exit_signal = SIGCHLD,
        };

        if (spec->sibling) {
                args.flags |= CLONE_PARENT;
                args.exit_signal = 0; /* clone(2): taken from the caller */
        }
        if (spec->unified_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) spec->unified_fd;
        }
        return (pid_t) syscall(SYS_clone3, &args, sizeof(args)); /* needs CAP_SYS_ADMIN */
}

int anchor_start(const AnchorSpec *spec, uint64_t timeout_usec, pid_t *ret_pid, int *ret_pidfd,
                 const char **ret_what) {
        _cleanup_(close_fdp) int pidfd = -EBADF, read_fd = -EBADF, write_fd = -EBADF;
        int fds[2], r;
        pid_t pid;

        *ret_what = "pipe";
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];

        /* Needs CAP_SYS_RESOURCE, which not every container has; the tiny pid 1 is no likely victim anyway. */
        *ret_what = "protection from the OOM killer";
        r = fd_write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
        if (r < 0 && r != -EACCES && r != -EPERM)
                return r;

        *ret_what = "namespaces";
        pid = clone_child(spec, &pidfd);
        if (pid < 0)
                return -errno;
        if (pid == 0)
                run_child(spec, write_fd);
        write_fd = close_fd(write_fd);

        r = wait_report(read_fd, timeout_usec, ret_what);
        if (r < 0) {
                (void) fd_pidfd_send_signal(pidfd, SIGKILL);
                if (!spec->sibling)
                        (void) waitpid(pid, NULL, 0);
                return r;
        }
        *ret_pid = pid;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}
