/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* After setns(2) into the pid namespace /proc is the cell's, where this process does not exist; what
 * is verified afterwards is therefore opened before: the directory /proc/self/ns of the host's proc
 * still resolves through its fd. The control group is verified before the join, because its path is
 * only meaningful from the namespace that the manager named it in. */

#include "bus/join.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "bus/process.h"

static int count_threads(void) {
        struct stat st;

        /* one subdirectory for each thread, beside . and .. */
        if (stat("/proc/self/task", &st) < 0)
                return -errno;
        return (int) st.st_nlink - 2;
}

/* Is there a hierarchy where this process is in `group`? The manager has put it there in all that count. */
static int verify_group(const char *group) {
        char text[8192], *save = NULL;
        _cleanup_(close_fdp) int fd = -EBADF;
        bool found = false;
        size_t n = 0;
        ssize_t k;

        if (!*group)
                return 0;
        fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        while (n + 1 < sizeof(text) && (k = read(fd, text + n, sizeof(text) - n - 1)) > 0)
                n += (size_t) k;
        text[n] = '\0';

        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                const char *path = strchr(line, ':');

                path = path ? strchr(path + 1, ':') : NULL;
                if (path && path[1] == '/' && strcmp(path + 2, group) == 0)
                        found = true;
        }
        return found ? 0 : -EXDEV;
}

static int verify_namespaces(int ns_fd, const LoginReply *reply) {
        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                const char *name = i == LOGIN_NS_PID ? "pid_for_children" : i == LOGIN_NS_TIME ? "time_for_children" :
                        login_namespaces[i].name;
                struct stat st;

                if (reply->inodes[i] == 0)
                        continue;
                if (fstatat(ns_fd, name, &st, 0) < 0)
                        return -errno;
                if (st.st_ino != reply->inodes[i])
                        return -EXDEV;
        }
        return 0;
}

/* A descriptor of the host that leaks into the cell is a way out: CVE-2024-21626. Of the first three, those that lead
 * anywhere are replaced. */
static int close_ways_out(void) {
        for (int fd = 0; fd < 3; fd++) {
                _cleanup_(close_fdp) int null_fd = -EBADF;
                int flags = fcntl(fd, F_GETFL);
                struct stat st;

                if (flags < 0 || fstat(fd, &st) < 0 || !(S_ISDIR(st.st_mode) || flags & O_PATH))
                        continue;
                null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (null_fd < 0 || dup2(null_fd, fd) < 0)
                        return -errno;
        }
        return fd_cloexec_from(3);
}

static int enter(int pidfd, const LoginReply *reply) {
        int flags = 0, r;

        for (int i = 0; i < _LOGIN_NS_MAX; i++)
                if (reply->inodes[i] != 0)
                        flags |= login_namespaces[i].flag;
        if (flags == 0)
                return 0;
        /* Cell root must not be able to ptrace us between setns and exec: CVE-2016-9962. */
        if (prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;
        r = close_ways_out();
        if (r < 0)
                return r;
        return setns(pidfd, flags) < 0 ? -errno : 0; /* needs CAP_SYS_ADMIN; Linux 5.8 */
}

/* glibc notices that the root changed at the next look-up, and from then on loads no name service from
 * it; the re-entrant form leaves the caller's static buffers alone. */
static void latch_name_service(void) {
        struct passwd pw, *found;
        char buffer[2048];

        (void) getpwuid_r(0, &pw, buffer, sizeof(buffer), &found);
}

/* Root of the host is nobody in the cell's user namespace: become its root. See user_namespaces(7). */
static int become_root_inside(const LoginReply *reply) {
        if (reply->inodes[LOGIN_NS_USER] == 0)
                return 0;
        return setresgid(0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresuid(0, 0, 0) < 0 ||
                prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

/* Goes to a path without links, if it is a directory; to `same` only, unless NULL. */
static int go_to(const char *path, const struct stat *same) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        struct stat st;

        if (root_fd < 0)
                return -errno;
        fd = fd_open_beneath(root_fd, path[1] ? path + 1 : ".", O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0 || (same && (st.st_dev != same->st_dev || st.st_ino != same->st_ino)))
                return -ESTALE;
        return fchdir(fd) < 0 ? -errno : 0;
}

/* Back to the working directory, by its name, which in here may be something else; and whoever owns a directory above
 * it may exchange it meanwhile for one that is root's. So it has to be the same, or one that the user has access
 * to; else it is "/". */
static int return_to(const char *path, const struct stat *was, const LoginRequest *request) {
        int r;

        if (*path == '/' && go_to(path, was) >= 0)
                return 0;
        (void) setfsgid(request->gid);
        (void) setfsuid(request->uid);
        r = *path == '/' && (uid_t) setfsuid((uid_t) -1) == request->uid ? go_to(path, NULL) : -EACCES;
        (void) setfsuid(geteuid());
        (void) setfsgid(getegid());
        return r < 0 && chdir("/") < 0 ? -errno : 0;
}

/* *ret_what says what failed. */
static int join_confined(int socket_fd, int pidfd, int filter_fd, const LoginRequest *request, const LoginReply *reply,
                         bool seal, const char **ret_what) {
        _cleanup_(close_fdp) int ns_fd = -EBADF;
        struct stat was = {};
        char cwd[4096];
        int r;

        *ret_what = "namespaces";
        ns_fd = open("/proc/self/ns", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (ns_fd < 0)
                return -errno;
        if (!getcwd(cwd, sizeof(cwd)) || stat(".", &was) < 0)
                (void) strcpy(cwd, "/");

        r = enter(pidfd, reply);
        if (r >= 0)
                r = become_root_inside(reply);
        if (r < 0)
                return r;
        latch_name_service();
        *ret_what = "the working directory";
        r = return_to(cwd, &was, request);
        if (r < 0)
                return r;
        *ret_what = "namespaces";
        r = verify_namespaces(ns_fd, reply);
        if (r >= 0)
                r = process_enter(&reply->process, request->uid, request->gid, ret_what);
        if (r >= 0 && seal)
                r = process_seal(&reply->process, filter_fd, ret_what);
        if (r < 0)
                return r;
        *ret_what = "the last word";
        return login_joined(socket_fd);
}

static JoinOutcome outcome_of(uint32_t verdict) {
        switch (verdict) {
        case LOGIN_UNCONFINED:
                return JOIN_UNCONFINED;
        case LOGIN_INSIDE:
                return JOIN_INSIDE;
        case LOGIN_ADMITTED:
                return JOIN_ADMITTED;
        case LOGIN_NO_POLICY:
                return JOIN_NO_POLICY;
        default:
                return JOIN_REFUSED;
        }
}

static JoinOutcome broken(LoginReply *reply, const char *what, int error, int *ret_error) {
        (void) snprintf(reply->message, sizeof(reply->message), "%s", what);
        *ret_error = error;
        return JOIN_BROKEN;
}

/* Did the manager give no answer, or could this process not ask? A user who starts a setuid program decides how many
 * descriptors and how much memory it has; and a burst of logins keeps a manager busy that is there. */
static JoinOutcome outcome_of_error(const JoinOptions *o, int error) {
        switch (-error) {
        case ENOENT:
        case ENOTDIR:
        case EACCES:
        case ECONNREFUSED:
        case ECONNRESET:
        case EPROTO:
        case EPROTOTYPE:
                return JOIN_ABSENT;
        case ETIMEDOUT:
                return login_is_served(o->socket_path) ? JOIN_UNABLE : JOIN_ABSENT;
        default:
                return JOIN_UNABLE;
        }
}

/* JOIN_CONFINED: what comes with it is still to be joined, and *ret_fd waits for the last word. */
static JoinOutcome ask(const JoinOptions *o, const LoginRequest *request, LoginReply *reply, int *ret_fd,
                       int *ret_pidfd, int *ret_filter_fd, int *ret_error) {
        uint64_t left_usec = o->timeout_usec;
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        memset(reply, 0, sizeof(*reply));
        *ret_error = 0;
        fd = login_connect(o->socket_path, &left_usec);
        r = fd < 0 ? fd : login_call(fd, request, &left_usec, reply, ret_pidfd, ret_filter_fd);
        if (r < 0) {
                memset(reply, 0, sizeof(*reply));
                *ret_error = r;
                return outcome_of_error(o, r);
        }
        if (reply->verdict != LOGIN_CONFINED)
                return outcome_of(reply->verdict);
        *ret_fd = TAKE_FD(fd);
        return JOIN_CONFINED;
}

JoinOutcome join_ask(const JoinOptions *o, const LoginRequest *request, LoginReply *reply, int *ret_error) {
        _cleanup_(close_fdp) int fd = -EBADF, pidfd = -EBADF, filter_fd = -EBADF;

        return ask(o, request, reply, &fd, &pidfd, &filter_fd, ret_error);
}

JoinOutcome join_cell(const JoinOptions *o, const LoginRequest *request, LoginReply *reply, int *ret_error) {
        _cleanup_(close_fdp) int fd = -EBADF, pidfd = -EBADF, filter_fd = -EBADF;
        const char *what = "control group";
        JoinOutcome outcome;
        int r;

        memset(reply, 0, sizeof(*reply));
        r = count_threads();
        if (r == 1)
                r = unshare(CLONE_FS) < 0 ? -errno : 0;
        else if (r >= 0)
                r = -EBUSY;
        if (r < 0) {
                *ret_error = r;
                return JOIN_UNABLE;
        }
        outcome = ask(o, request, reply, &fd, &pidfd, &filter_fd, ret_error);
        if (outcome != JOIN_CONFINED)
                return outcome;

        r = verify_group(reply->group); /* the manager takes it back when the socket closes without "joined" */
        if (r >= 0)
                r = process_prepare(&reply->process, &what);
        if (r >= 0)
                r = join_confined(fd, pidfd, filter_fd, request, reply, !o->ret_filter_fd, &what);
        if (r < 0)
                return broken(reply, what, r, ret_error);
        if (o->ret_filter_fd)
                *o->ret_filter_fd = TAKE_FD(filter_fd);
        return JOIN_CONFINED;
}
