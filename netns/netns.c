/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nothing here keeps state. The way back is opened before the way out is taken. */

#include "netns/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"

#ifndef NSFS_MAGIC /* linux/magic.h */
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef PIDFD_GET_NET_NAMESPACE /* linux/pidfd.h, 6.11 */
#define PIDFD_GET_NET_NAMESPACE _IO(0xFF, 4)
#endif

static int open_through_proc(int pidfd) {
        _cleanup_(close_fdp) int fd = -EBADF;
        char path[64];
        pid_t pid = -1;
        int r;

        r = fd_pidfd_get_pid(pidfd, &pid);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/%i/ns/net", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;

        /* The pid may have been somebody else's by then; a live pidfd says it was not. */
        r = fd_pidfd_send_signal(pidfd, 0);
        if (r < 0)
                return r;
        return TAKE_FD(fd);
}

int netns_open_pidfd(int pidfd) {
        int fd;

        fd = ioctl(pidfd, PIDFD_GET_NET_NAMESPACE, 0); /* close-on-exec at birth */
        if (fd >= 0)
                return fd;
        if (errno != ENOTTY && errno != EINVAL && errno != EOPNOTSUPP)
                return -errno;
        return open_through_proc(pidfd);
}

int netns_enter_host_mounts(void) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct stat own, host;

        if (stat("/proc/self/ns/mnt", &own) < 0 || stat("/proc/1/ns/mnt", &host) < 0)
                return -errno;
        if (own.st_ino == host.st_ino)
                return 0;
        fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
        return fd < 0 || setns(fd, CLONE_NEWNS) < 0 ? -errno : 0; /* needs CAP_SYS_ADMIN, CAP_SYS_CHROOT */
}

static int bind_file(const char *from, const char *path) {
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
        if (fd < 0)
                return -errno;
        if (mount(from, path, NULL, MS_BIND, NULL) >= 0)
                return 0;
        r = -errno;
        (void) unlink(path);
        return r;
}

int netns_pin(const char *path) {
        _cleanup_(close_fdp) int own = -EBADF, pinned = netns_open_pinned(path);
        int r;

        if (pinned >= 0)
                return -EEXIST;
        own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (own < 0)
                return -errno;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        r = bind_file("/proc/thread-self/ns/net", path);
        if (setns(own, CLONE_NEWNET) < 0) {
                (void) log_debug_errno(errno, "Cannot come back to the own network namespace: %m");
                abort();
        }
        return r;
}

int netns_pin_fd(const char *path, int netns_fd) {
        _cleanup_(close_fdp) int pinned = netns_open_pinned(path);
        char from[64];

        if (pinned >= 0)
                return -EEXIST;
        (void) snprintf(from, sizeof(from), "/proc/thread-self/fd/%d", netns_fd);
        return bind_file(from, path);
}

int netns_open_pinned(const char *path) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct statfs st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fstatfs(fd, &st) < 0)
                return -errno;
        return st.f_type == NSFS_MAGIC ? TAKE_FD(fd) : -ENOENT;
}

int netns_unpin(const char *path) {
        while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) >= 0)
                ;
        if (errno != EINVAL && errno != ENOENT)
                return -errno;
        return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int netns_is_used(const char *path) {
        _cleanup_(close_fdp) int fd = netns_open_pinned(path);
        _cleanup_(closedirp) DIR *proc = NULL;
        struct stat pinned;
        struct dirent *e;

        if (fd == -ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &pinned) < 0)
                return fd < 0 ? fd : -errno;
        proc = opendir("/proc");
        if (!proc)
                return -errno;
        while ((e = readdir(proc))) {
                char name[64];
                struct stat st;

                if (e->d_name[strspn(e->d_name, "0123456789")])
                        continue;
                (void) snprintf(name, sizeof(name), "%.20s/ns/net", e->d_name);
                if (fstatat(dirfd(proc), name, &st, 0) >= 0 && st.st_ino == pinned.st_ino &&
                    st.st_dev == pinned.st_dev)
                        return 1;
        }
        return 0;
}

int netns_call(int netns_fd, int (*f)(void *userdata), void *userdata) {
        _cleanup_(close_fdp) int own = -EBADF;
        int r;

        own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (own < 0)
                return -errno;
        if (setns(netns_fd, CLONE_NEWNET) < 0) /* needs CAP_SYS_ADMIN in both */
                return -errno;

        r = f(userdata);

        if (setns(own, CLONE_NEWNET) < 0) {
                (void) log_debug_errno(errno, "Cannot come back to the own network namespace: %m");
                abort();
        }
        return r;
}
