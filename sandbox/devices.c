/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The nodes are the host's own, mounted one by one: so an fd that somebody brings along and the name inside are
 * the same file, for ttyname(3). Only ptmx is made: the kernel looks for "pts" in the directory that it was made in,
 * and not where it is mounted. */

#include "sandbox/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/mounts.h"

#define DEV_PART "dev"

static int make_file(int dir_fd, const char *name) {
        return mknodat(dir_fd, name, S_IFREG | 0600, 0) < 0 ? -errno : 0;
}

static int put_at(int mount_fd, int dir_fd, const char *name) {
        _cleanup_(close_fdp) int target_fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        return target_fd < 0 ? -errno : mount_put_fd(mount_fd, target_fd);
}

static int add_links(int dev_fd) {
        static const struct {
                const char *name, *target;
        } links[] = {
                { "fd", "/proc/self/fd" },
                { "stdin", "/proc/self/fd/0" },
                { "stdout", "/proc/self/fd/1" },
                { "stderr", "/proc/self/fd/2" },
        };

        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
                        return -errno;
        return 0;
}

static int add_directories(int dev_fd) {
        static const char *const names[] = { "pts", "shm", "mqueue", "net" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (mkdirat(dev_fd, names[i], 0755) < 0)
                        return -errno;
        return 0;
}

/* Where even root may make no nodes, a host has that link as well. */
static int add_ptmx(int dev_fd) {
        if (mknodat(dev_fd, "ptmx", S_IFCHR | 0666, makedev(5, 2)) >= 0)
                return fchmodat(dev_fd, "ptmx", 0666, 0) < 0 ? -errno : 0;
        if (errno != EPERM)
                return -errno;
        return symlinkat("pts/ptmx", dev_fd, "ptmx") < 0 ? -errno : 0;
}

/* What is covered is mounted still, and can be copied. */
static int add_nodes(int dev_fd, int host_fd) {
        static const char *const names[] = { "null", "zero", "full", "random", "urandom", "tty" };
        _cleanup_(close_fdp) int pts = mount_copy(host_fd, "pts", false);
        int r = pts < 0 ? pts : put_at(pts, dev_fd, "pts");

        for (size_t i = 0; i < ELEMENTSOF(names) && r >= 0; i++) {
                _cleanup_(close_fdp) int node = mount_copy(host_fd, names[i], false);

                r = node < 0 ? node : make_file(dev_fd, names[i]);
                if (r >= 0)
                        r = put_at(node, dev_fd, names[i]);
        }
        return r;
}

static int open_dir(int dir_fd, const char *path) {
        int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int devices_setup(int host_dev_fd, int tmpfs_fd) {
        _cleanup_(close_fdp) int part = -EBADF, dev_fd = -EBADF;
        _cleanup_(close_fdp) int host_fd = host_dev_fd < 0 ? open_dir(AT_FDCWD, "/dev") : open_dir(host_dev_fd, ".");
        int r;

        if (host_fd < 0)
                return host_fd;
        if (mkdirat(tmpfs_fd, DEV_PART, 0755) < 0)
                return -errno;
        part = mount_copy(tmpfs_fd, DEV_PART, false);
        r = part < 0 ? part : mount_set(part, MOUNT_NO_SUID | MOUNT_NO_EXEC, MOUNT_NO_DEV, false);
        if (r >= 0)
                r = mount_put(part, "/dev");
        if (r >= 0)
                r = dev_fd = open_dir(part, ".");
        if (r >= 0)
                r = add_directories(dev_fd);
        if (r >= 0)
                r = add_links(dev_fd);
        if (r >= 0)
                r = add_ptmx(dev_fd);
        return r < 0 ? r : add_nodes(dev_fd, host_fd);
}

int devices_add_tty(int node_fd, const char *name) {
        _cleanup_(close_fdp) int dev_fd = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        int r;

        if (dev_fd < 0)
                return -errno;
        r = make_file(dev_fd, name);
        if (r == -EEXIST && fstatat(dev_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISCHR(st.st_mode))
                return 0;
        return r < 0 && r != -EEXIST ? r : put_at(node_fd, dev_fd, name);
}
