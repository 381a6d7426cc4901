/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thin wrappers over system calls that glibc 2.36 does not wrap, and whole-file reading and
 * writing. Nothing here keeps state. */

#include "base/fd.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

#define KERNEL_PF_EXITING 0x4 /* include/linux/sched.h of the kernel */

int fd_open_beneath(int dir_fd, const char *path, int flags, mode_t mode) {
        bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; /* has O_DIRECTORY in it */
        struct open_how how = {
                .flags = (unsigned) flags | O_CLOEXEC,
                .mode = makes ? mode : 0,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        int fd;

        fd = (int) syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

ssize_t fd_read_all(int fd, size_t max, char **ret) {
        _cleanup_(freep) char *buffer = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                ssize_t n;

                if (allocated - size < 2) {
                        size_t want = allocated ? allocated * 2 : 4096;
                        char *grown;

                        grown = realloc(buffer, want);
                        if (!grown)
                                return -ENOMEM;
                        buffer = grown;
                        allocated = want;
                }

                n = read(fd, buffer + size, allocated - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        buffer[size] = '\0';
        *ret = TAKE_PTR(buffer);
        return (ssize_t) size;
}

ssize_t fd_read_file_at(int dir_fd, const char *path, size_t max, char **ret) {
        _cleanup_(close_fdp) int fd = -EBADF;

        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        return fd_read_all(fd, max, ret);
}

int fd_write_file_at(int dir_fd, const char *path, const char *text) {
        _cleanup_(close_fdp) int fd = -EBADF;
        size_t size = strlen(text);
        ssize_t n;

        fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        n = write(fd, text, size);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

int fd_write_all(int fd, const void *data, size_t size) {
        for (const char *from = data; size > 0;) {
                ssize_t n = write(fd, from, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                from += n;
                size -= (size_t) n;
        }
        return 0;
}

int fd_replace_file_at(int dir_fd, const char *path, const char *text, mode_t mode, bool sync) {
        _cleanup_(freep) char *temporary = NULL;
        _cleanup_(close_fdp) int fd = -EBADF;
        const char *slash = strrchr(path, '/');
        int r;

        if (asprintf(&temporary, "%.*s.%s.tmp", slash ? (int) (slash - path + 1) : 0, path,
                     slash ? slash + 1 : path) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }

        (void) unlinkat(dir_fd, temporary, 0); /* what a killed writer left */
        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return -errno;

        r = fd_write_all(fd, text, strlen(text));
        if (r >= 0 && fchmod(fd, mode) < 0) /* the umask has no say */
                r = -errno;
        if (r >= 0 && sync && fsync(fd) < 0)
                r = -errno;
        if (r >= 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dir_fd, temporary, 0);
        return r;
}

int fd_mkdir_parents_at(int dir_fd, const char *path, mode_t mode) {
        _cleanup_(freep) char *copy = NULL;
        struct stat st;

        copy = strdup(path);
        if (!copy)
                return -ENOMEM;

        for (char *p = copy; *p; p++) {
                if (*p != '/' || p == copy)
                        continue;
                *p = '\0';
                if (mkdirat(dir_fd, copy, mode) < 0 && errno != EEXIST)
                        return -errno;
                *p = '/';
        }
        if (mkdirat(dir_fd, copy, mode) >= 0)
                return 0;
        if (errno != EEXIST || fstatat(dir_fd, copy, &st, 0) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fd_pidfd_open(pid_t pid) {
        int fd = (int) syscall(SYS_pidfd_open, pid, 0);

        return fd < 0 ? -errno : fd;
}

int fd_pidfd_send_signal(int pidfd, int sig) {
        return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

bool fd_pidfd_has_exited(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        return pidfd < 0 || poll(&p, 1, 0) != 0;
}

int fd_pidfd_get_pid(int pidfd, pid_t *ret) {
        _cleanup_(freep) char *info = NULL;
        const char *line;
        char path[64];
        ssize_t n;
        int pid;

        (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
        n = fd_read_file_at(AT_FDCWD, path, 4096, &info);
        if (n < 0)
                return n == -ENOENT ? -EBADF : (int) n;
        line = strstr(info, "\nPid:");
        if (!line || sscanf(line, "\nPid: %d", &pid) != 1)
                return -EBADF;
        if (pid <= 0) /* 0: it is in a pid namespace beside ours */
                return -ESRCH;
        *ret = (pid_t) pid;
        return 0;
}

int fd_pid_read(pid_t pid, const char *name, size_t max, char **ret) {
        char path[96];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, name);
        n = fd_read_file_at(AT_FDCWD, path, max, ret);
        return n == -ENOENT ? -ESRCH : MIN((int) n, 0);
}

/* A number of /proc/PID/stat, by its place in proc(5). */
static int read_stat_field(pid_t pid, int wanted, unsigned long long *ret) {
        _cleanup_(freep) char *stat = NULL;
        char *p;
        int r;

        r = fd_pid_read(pid, "stat", 4096, &stat);
        if (r < 0)
                return r;

        /* The command name, field 2, may hold blanks and parentheses: count from its end. */
        p = strrchr(stat, ')');
        for (int field = 2; p && field < wanted; field++)
                p = strchr(p + 1, ' ');
        if (!p || sscanf(p, " %llu", ret) != 1)
                return -EBADMSG;
        return 0;
}

int fd_pid_start_time(pid_t pid, unsigned long long *ret) {
        return read_stat_field(pid, 22, ret);
}

bool fd_pid_is_exiting(pid_t pid, int pidfd) {
        unsigned long long flags;

        return read_stat_field(pid, 9, &flags) < 0 || (flags & KERNEL_PF_EXITING) || fd_pidfd_has_exited(pidfd);
}

int fd_cloexec_from(int first) {
        return close_range((unsigned) first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static int compare_int(const void *a, const void *b) {
        int x = *(const int *) a, y = *(const int *) b;

        return (x > y) - (x < y);
}

int fd_move_high(int fd) {
        int high = fcntl(fd, F_DUPFD_CLOEXEC, 1024);

        if (high < 0)
                return fd;
        close_fd(fd);
        return high;
}

void fd_close_all_but(const int *keep, size_t n_keep) {
        int sorted[16];
        unsigned next = 3;

        if (n_keep > ELEMENTSOF(sorted))
                n_keep = ELEMENTSOF(sorted);
        for (size_t i = 0; i < n_keep; i++)
                sorted[i] = keep[i];
        qsort(sorted, n_keep, sizeof(int), compare_int);
        /* of a shared table, what is above is not even copied */
        (void) close_range(n_keep > 0 ? (unsigned) MAX(sorted[n_keep - 1] + 1, 3) : 3, ~0U, CLOSE_RANGE_UNSHARE);

        for (size_t i = 0; i < n_keep; i++) {
                if (sorted[i] < (int) next)
                        continue;
                if (sorted[i] > (int) next)
                        (void) close_range(next, (unsigned) sorted[i] - 1, 0);
                next = (unsigned) sorted[i] + 1;
        }
}

int fd_pid_uids(pid_t pid, uid_t ret[static 4]) {
        _cleanup_(freep) char *text = NULL;
        const char *line;
        int r;

        r = fd_pid_read(pid, "status", 64 * 1024, &text);
        if (r < 0)
                return r;
        line = strstr(text, "\nUid:");
        return line && sscanf(line, "\nUid: %u %u %u %u", &ret[0], &ret[1], &ret[2], &ret[3]) == 4 ? 0 : -EIO;
}
