/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The child reports by a pipe that is close-on-exec: end of file means that confine-init runs, a
 * record says what failed. */

#include "sandbox/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define USEC 1000000

typedef struct Failure {
        int error;
        char what[256];
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

/* In a user namespace of its own, as the root of it, once the parent has written who that is: the parent's rights
 * are needed for it. */
static int enter_user_namespace(int report_fd, int go_fd, const char **ret_what) {
        char byte = 'U';

        *ret_what = "user namespace";
        if (unshare(CLONE_NEWUSER) < 0)
                return -errno;
        if (write(report_fd, &byte, 1) != 1 || read(go_fd, &byte, 1) != 1)
                return -EPIPE;
        if (setresgid(0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresuid(0, 0, 0) < 0)
                return -errno;
        return 0;
}

static void run_child(const AnchorSpec *spec, int report_fd, int go_fd) __attribute__((noreturn));

static void run_child(const AnchorSpec *spec, int report_fd, int go_fd) {
        static char *const argv[] = { (char *) "confine-init", NULL };
        static char *const envp[] = { NULL };
        const char *what = "";
        Failure f = {};

        (void) prctl(PR_SET_PDEATHSIG, 0);
        (void) setsid();
        f.error = prepare(spec, &what);
        if (f.error >= 0 && spec->namespaces & CLONE_NEWUSER)
                f.error = enter_user_namespace(report_fd, go_fd, &what);
        if (f.error >= 0) {
                (void) syscall(SYS_execveat, spec->init_fd, "", argv, envp, AT_EMPTY_PATH);
                f.error = -errno;
                what = "execution of confine-init";
        }
        (void) snprintf(f.what, sizeof(f.what), "%s", what);
        if (write(report_fd, &f, sizeof(f)) < 0)
                _exit(2);
        _exit(1);
}

/* What the child has written: a Failure, a byte (it waits to be told who it is), or 0 for nothing. */
static ssize_t wait_report(int fd, uint64_t timeout_usec, Failure *ret) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        ssize_t n;
        int r;

        do
                r = poll(&p, 1, (int) (timeout_usec / 1000));
        while (r < 0 && errno == EINTR);
        if (r <= 0)
                return r < 0 ? -errno : -ETIMEDOUT;
        n = read(fd, ret, sizeof(*ret));
        return n < 0 ? -errno : n;
}

static int map_ids(pid_t pid, uid_t first_id) {
        static const char *const files[] = { "uid_map", "gid_map" };
        char text[64];

        (void) snprintf(text, sizeof(text), "0 %u %u", first_id, ANCHOR_IDS);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                char path[64];
                int r;

                (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, files[i]);
                r = fd_write_file_at(AT_FDCWD, path, text); /* needs CAP_SETUID, CAP_SETGID */
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Until confine-init runs. */
static int see_through(const AnchorSpec *spec, pid_t pid, int read_fd, int go_fd, uint64_t timeout_usec,
                       const char **ret_what) {
        static Failure f; /* for *ret_what */
        ssize_t n = wait_report(read_fd, timeout_usec, &f);

        if (n == 1) {
                int r = map_ids(pid, spec->first_id);

                *ret_what = "ids of the user namespace";
                if (r < 0)
                        return r;
                if (write(go_fd, "G", 1) != 1)
                        return -errno;
                n = wait_report(read_fd, timeout_usec, &f);
        }
        if (n == 0)
                return 0;
        if (n != sizeof(f)) {
                *ret_what = "start of confine-init";
                return n < 0 ? (int) n : -EIO;
        }
        *ret_what = f.what;
        return f.error;
}

/* Nanoseconds are never negative there. */
static long long seconds_of(int64_t usec) {
        return usec / USEC - (usec % USEC < 0);
}

static long long nanoseconds_of(int64_t usec) {
        return (usec % USEC + USEC) % USEC * 1000;
}

/* The children's clocks; this process keeps its own. */
static int set_clocks(const AnchorSpec *spec) {
        char text[128];

        if (unshare(CLONE_NEWTIME) < 0)
                return -errno;
        (void) snprintf(text, sizeof(text), "monotonic %lld %lld\nboottime %lld %lld",
                        seconds_of(spec->monotonic_offset_usec), nanoseconds_of(spec->monotonic_offset_usec),
                        seconds_of(spec->boottime_offset_usec), nanoseconds_of(spec->boottime_offset_usec));
        return fd_write_file_at(AT_FDCWD, "/proc/self/timens_offsets", text);
}

static pid_t clone_child(const AnchorSpec *spec, pid_t *ret_pid, int *ret_pidfd) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_PARENT_SETTID |
                        (spec->namespaces & ~(unsigned) (CLONE_NEWCGROUP | CLONE_NEWUSER | CLONE_NEWTIME)),
                .pidfd = (uint64_t) (uintptr_t) ret_pidfd,
                .parent_tid = (uint64_t) (uintptr_t) ret_pid,
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
        _cleanup_(close_fdp) int pidfd = -EBADF, read_fd = -EBADF, write_fd = -EBADF, go_fd = -EBADF, wait_fd = -EBADF;
        int fds[2], go_fds[2], r;
        pid_t pid;

        *ret_pid = 0;
        *ret_what = "pipe";
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        read_fd = fds[0];
        write_fd = fds[1];
        if (pipe2(go_fds, O_CLOEXEC) < 0)
                return -errno;
        wait_fd = go_fds[0];
        go_fd = go_fds[1];

        if (spec->namespaces & CLONE_NEWTIME) {
                *ret_what = "time namespace";
                r = set_clocks(spec);
                if (r < 0)
                        return r;
        }
        /* Needs CAP_SYS_RESOURCE, which not every container has; the tiny pid 1 is no likely victim anyway. */
        *ret_what = "protection from the OOM killer";
        r = fd_write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
        if (r < 0 && r != -EACCES && r != -EPERM)
                return r;

        *ret_what = "namespaces";
        pid = clone_child(spec, ret_pid, &pidfd);
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                close_fd(read_fd);
                close_fd(go_fd); /* if its parent dies, reading ends */
                run_child(spec, write_fd, wait_fd);
        }
        write_fd = close_fd(write_fd);

        r = see_through(spec, pid, read_fd, go_fd, timeout_usec, ret_what);
        if (r < 0) {
                (void) fd_pidfd_send_signal(pidfd, SIGKILL);
                if (!spec->sibling)
                        (void) waitpid(pid, NULL, 0);
                return r;
        }
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}
