/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pam-module/stand-in.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Nothing of the caller is kept: a pipe of systemd's that stays open here would never end. */
static void let_go_of_files(void) {
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; fd < 3; fd++)
                if (null_fd < 0 || dup2(null_fd, fd) < 0)
                        (void) close(fd);
        fd_close_all_but((const int[]) { 0, 1, 2 }, 3);
}

static void drop_privileges(uid_t uid, gid_t gid) {
        /* another process of the user's may not trace it: it is outside of the pid namespace */
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                _exit(EXIT_FAILURE);
        (void) prctl(PR_SET_NAME, "(confine)");
}

/* Ends by the signal that has ended the child, but leaves the core dump to it. */
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

static void end_if_child_has(pid_t child) {
        siginfo_t si = {};

        if (waitid(P_PID, (id_t) child, &si, WEXITED | WNOHANG) < 0)
                _exit(EXIT_FAILURE);
        if (si.si_pid != child)
                return;
        if (si.si_code == CLD_EXITED)
                _exit(si.si_status);
        end_by(si.si_status);
}

/* All signals are blocked: each is taken from the queue, and none is lost. */
static void __attribute__((noreturn)) stand(pid_t child, const sigset_t *all) {
        for (;;) {
                siginfo_t si;
                int sig = sigwaitinfo(all, &si);

                if (sig < 0)
                        continue;
                if (sig == SIGCHLD)
                        end_if_child_has(child);
                else if (si.si_code != SI_KERNEL) /* what the terminal sends, the child has got as well */
                        (void) kill(child, sig);
        }
}

int stand_in(uid_t uid, gid_t gid) {
        sigset_t all, before;
        pid_t child;

        (void) sigfillset(&all);
        if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
                return -errno;
        child = fork();
        if (child < 0) {
                int error = -errno;

                (void) sigprocmask(SIG_SETMASK, &before, NULL);
                return error;
        }
        if (child == 0) {
                (void) sigprocmask(SIG_SETMASK, &before, NULL);
                return 0;
        }
        let_go_of_files();
        drop_privileges(uid, gid);
        /* were it ignored, children would vanish unseen */
        (void) signal(SIGCHLD, SIG_DFL);
        stand(child, &all);
}
