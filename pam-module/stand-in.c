/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pam-module/stand-in.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Closes all of the caller's files. If the parent kept a pipe of systemd open, systemd would never see its end. */
static void let_go_of_files(void) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; fd < 3; fd++)
                if (null_fd < 0 || dup2(null_fd, fd) < 0)
                        (void) close(fd);
        fd_close_all_but((const int[]) { 0, 1, 2 }, 3);
}

/* Moves into the control group of the cell's pid 1, whose scope belongs to us. In the unit's group, a user's service
 * manager would find a process that has no PID in its pid namespace, and could not set limits on its own units
 * (cgroup-v2.rst, "No Internal Process Constraint"). */
static void leave_unit(void) {
        char text[1024], path[1100];
        const char *group;
        ssize_t n;
        int fd;

        fd = open("/proc/1/cgroup", O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        (void) close(fd);
        if (n <= 0)
                return;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        group = strncmp(text, "0::", 3) == 0 ? text + 3 : NULL;
        if (!group)
                return;
        (void) snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", group);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0 && write(fd, "0", 1) < 0) /* we can go on in the unit's group */
                (void) 0;
        (void) close(fd);
}

static void drop_privileges(uid_t uid, gid_t gid) {
        /* not dumpable: this process is outside of the cell's pid namespace, so the user must not trace it */
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                _exit(EXIT_FAILURE);
        (void) prctl(PR_SET_NAME, "(confine)");
}

/* Ends this process with the signal that killed the child, but without a second core dump. */
static void __attribute__((noreturn)) end_by(int sig) {
        const struct rlimit none = {};
        sigset_t set;

        (void) setrlimit(RLIMIT_CORE, &none);
        (void) signal(sig, SIG_DFL);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, sig);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
        (void) raise(sig);
        _exit(128 + sig);
}

/* fork(2) fails with ENOMEM in a pid namespace whose pid 1 is dead; see pid_namespaces(7). */
static bool cell_has_ended(void) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(EXIT_SUCCESS);
        if (pid > 0)
                (void) waitpid(pid, NULL, 0);
        return pid < 0 && errno == ENOMEM;
}

/* When its cell ends, a program gets SIGKILL, although it has not failed. So we end with SIGTERM, which systemd counts
 * as a clean exit. */
static void end_if_child_has(pid_t child) {
        siginfo_t si = {};

        if (waitid(P_PID, (id_t) child, &si, WEXITED | WNOHANG) < 0)
                _exit(EXIT_FAILURE);
        if (si.si_pid != child)
                return;
        if (si.si_code == CLD_EXITED)
                _exit(si.si_status);
        end_by(si.si_status == SIGKILL && cell_has_ended() ? SIGTERM : si.si_status);
}

/* All signals are blocked, so sigwaitinfo() takes each from the queue, and none is lost. */
static void __attribute__((noreturn)) stand(pid_t child, const sigset_t *all) {
        for (;;) {
                siginfo_t si;
                int sig = sigwaitinfo(all, &si);

                if (sig < 0)
                        continue;
                if (sig == SIGCHLD)
                        end_if_child_has(child);
                else if (si.si_code != SI_KERNEL) /* the child got the terminal's signals itself */
                        (void) kill(child, sig);
        }
}

int stand_in(uid_t uid, gid_t gid) {
        sigset_t all, before;
        int fds[2], error = 0;
        pid_t child;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &before);
        child = fork();
        if (child <= 0) {
                error = child < 0 ? -errno : 0;
                (void) close(fds[1]);
                if (child == 0) /* waits until the parent has closed the pipe */
                        while (read(fds[0], &(char) { 0 }, 1) < 0 && errno == EINTR)
                                ;
                (void) close(fds[0]);
                (void) sigprocmask(SIG_SETMASK, &before, NULL);
                return error;
        }
        (void) signal(SIGCHLD, SIG_DFL); /* if it is ignored, waitid() can't report the child's status */
        leave_unit();
        let_go_of_files(); /* also closes the pipe, so the child continues */
        drop_privileges(uid, gid);
        stand(child, &all);
}
