/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* By the fd-based mount API: each file system is made and configured before it appears anywhere. Targets
 * are paths of the host that only root can change. Few superblocks are made for a cell, because each
 * counts against every memory control group: one tmpfs serves /tmp, /var/tmp, /dev/shm,
 * hosts and resolv.conf through bind mounts. */

#include "cells/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include "base/cleanup.h"

/* glibc 2.36 declares these, but its sys/mount.h can't be included beside linux/mount.h. */
static int sys_fsopen(const char *type) {
        return (int) syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static int sys_fsconfig(int fd, unsigned command, const char *key, const char *value) {
        return (int) syscall(SYS_fsconfig, fd, command, key, value, 0);
}

static int sys_fsmount(int fd, unsigned attributes) {
        return (int) syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes);
}

static int sys_move_mount(int fd, const char *target) {
        return (int) syscall(SYS_move_mount, fd, "", AT_FDCWD, target,
                             MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}

static int sys_open_tree(int dir_fd, const char *path) {
        return (int) syscall(SYS_open_tree, dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int sys_mount_setattr(int fd, const char *path, unsigned flags, const struct mount_attr *attr) {
        return (int) syscall(SYS_mount_setattr, fd, path, flags, attr, sizeof(*attr));
}

static int sys_umount_detach(const char *target) {
        return (int) syscall(SYS_umount2, target, 2 /* MNT_DETACH */);
}

typedef struct FsOption {
        const char *key, *value; /* value NULL: a flag */
} FsOption;

/* A new file system as a detached mount; returns its fd. */
static int make_fs(const char *type, const FsOption *options, size_t n_options, unsigned attributes) {
        _cleanup_(close_fdp) int fs = -EBADF;
        int fd;

        fs = sys_fsopen(type);
        if (fs < 0)
                return -errno;
        (void) sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", type);
        for (size_t i = 0; i < n_options; i++)
                if (sys_fsconfig(fs, options[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                                 options[i].key, options[i].value) < 0)
                        return -errno;
        if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
                return -errno;
        fd = sys_fsmount(fs, attributes);
        return fd < 0 ? -errno : fd;
}

static int put(int mount_fd, const char *target) {
        return sys_move_mount(mount_fd, target) < 0 ? -errno : 0;
}

static int make_slave(void) {
        struct mount_attr attr = { .propagation = 1 << 19 /* MS_SLAVE */ };

        return sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr) < 0 ? -errno : 0;
}

/* Lays a read-only copy of a mount point's subtree over itself; absent is fine. */
static int make_read_only(const char *path) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
        _cleanup_(close_fdp) int fd = -EBADF;

        fd = sys_open_tree(AT_FDCWD, path);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
                return -errno;
        return put(fd, path);
}

static int setup_proc(const FilesystemSpec *spec) {
        /* what root of the cell must not write: the host's kernel has no second copy of it */
        static const char *const knobs[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
                                             "/proc/fs", "/proc/acpi", "/proc/scsi" };
        const FsOption hide = { "hidepid", "invisible" };
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        fd = make_fs("proc", &hide, spec->hide_pids ? 1 : 0,
                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fd < 0)
                return fd;
        r = put(fd, "/proc");
        for (size_t i = 0; i < ELEMENTSOF(knobs) && r >= 0; i++)
                r = make_read_only(knobs[i]);
        return r;
}

/* A copy of the mount at `path`, or of what is below there, read-only or writable again. */
static int copy_mount(const char *path, bool read_only) {
        const uint64_t restrictions = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        struct mount_attr attr = { .attr_set = read_only ? restrictions : 0,
                                   .attr_clr = read_only ? 0 : MOUNT_ATTR_RDONLY };
        _cleanup_(close_fdp) int fd = sys_open_tree(AT_FDCWD, path);

        if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static void close_all(int *fds, size_t n) {
        for (size_t i = 0; i < n; i++)
                close_fd(fds[i]);
}

/* What is to lie where the host has its cgroup file systems; before /sys covers those. Copies, never mounts of
 * their own: the kernel compares a new one with all that there are and walks all groups for it, which with 2000
 * cells had made a cell twice as dear. */
static int open_cgroups(const FilesystemSpec *spec, int fds[static FILESYSTEM_CGROUPS_MAX]) {
        for (size_t i = 0; i < spec->n_cgroups; i++) {
                char path[PATH_MAX];

                (void) snprintf(path, sizeof(path), "%s/%s", spec->cgroups[i], spec->cgroup_root);
                fds[i] = copy_mount(path, true);
                if (fds[i] < 0) {
                        close_all(fds, i);
                        return fds[i];
                }
        }
        return 0;
}

static int put_cgroups(const FilesystemSpec *spec, const int *fds) {
        struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
        _cleanup_(close_fdp) int own = -EBADF;

        for (size_t i = 0; i < spec->n_cgroups; i++) {
                int r = put(fds[i], spec->cgroups[i]);

                if (r < 0)
                        return r;
        }
        if (spec->cgroup_layout && sys_mount_setattr(AT_FDCWD, spec->cgroup_layout, 0, &read_only) < 0)
                return -errno;
        if (!spec->cgroup_own)
                return 0;
        own = copy_mount(spec->cgroup_own, false);
        return own < 0 ? own : put(own, spec->cgroup_own);
}

/* A new /sys shows the cell's own interfaces. It covers the host's cgroup mounts, whose layout (a small
 * tmpfs on hosts with v1) is carried over. */
static int cover_sys(const FilesystemSpec *spec) {
        _cleanup_(close_fdp) int fd = -EBADF, layout = -EBADF;
        int r;

        if (!spec->own_net) {
                struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

                return sys_mount_setattr(AT_FDCWD, "/sys", 0, &read_only) < 0 && errno != EINVAL ? -errno : 0;
        }
        if (spec->cgroup_layout) {
                layout = sys_open_tree(AT_FDCWD, spec->cgroup_layout);
                if (layout < 0)
                        return -errno;
        }
        fd = make_fs("sysfs", NULL, 0,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fd < 0)
                return fd;
        r = put(fd, "/sys");
        return r < 0 || layout < 0 ? r : put(layout, spec->cgroup_layout);
}

static int setup_sys(const FilesystemSpec *spec) {
        int fds[FILESYSTEM_CGROUPS_MAX], r;

        r = open_cgroups(spec, fds);
        if (r < 0)
                return r;
        r = cover_sys(spec);
        if (r >= 0)
                r = put_cgroups(spec, fds);
        close_all(fds, spec->n_cgroups);
        return r;
}

static int part_of(int tmpfs, const char *name, mode_t mode) {
        int fd;

        if (mkdirat(tmpfs, name, 0700) < 0 || fchmodat(tmpfs, name, mode, 0) < 0)
                return -errno;
        fd = sys_open_tree(tmpfs, name);
        return fd < 0 ? -errno : fd;
}

/* Puts the part of the tmpfs over `target`, if the host has such a place. */
static int put_part(int tmpfs, const char *name, const char *target) {
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        if (access(target, F_OK) < 0)
                return 0;
        fd = part_of(tmpfs, name, 01777);
        if (fd < 0)
                return fd;
        r = put(fd, target);
        return r;
}

/* Lays a file with this content over `target`. */
/* Over a link that leads nowhere (resolv.conf before its service has started) the link itself is covered. What
 * is not there at all stays so: a mount needs something to be on. */
static int put_over(int mount_fd, const char *target) {
        int r = put(mount_fd, target);

        if (r != -ENOENT)
                return r;
        r = (int) syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
        return r < 0 && errno != ENOENT ? -errno : 0;
}

static int put_file(int tmpfs, const char *name, const char *content, const char *target) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
        _cleanup_(close_fdp) int file = -EBADF, fd = -EBADF;

        file = openat(tmpfs, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (file < 0)
                return -errno;
        if (fchmod(file, 0644) < 0 || write(file, content, strlen(content)) < 0)
                return -errno;
        fd = sys_open_tree(tmpfs, name);
        if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
                return -errno;
        return put_over(fd, target);
}

static uint64_t default_tmp_bytes(void) {
        struct sysinfo si;

        return sysinfo(&si) < 0 ? UINT64_C(64) << 20 : (uint64_t) si.totalram * si.mem_unit / 10;
}

/* Lays parts of the tmpfs `fd` where they belong. */
static int put_parts(const FilesystemSpec *spec, int fd, const char **ret_what) {
        const struct {
                bool wanted;
                const char *name, *target;
        } directories[] = {
                { spec->own_ipc, "shm", "/dev/shm" },
                { spec->private_tmp, "tmp", "/tmp" },
                { spec->private_tmp, "var-tmp", "/var/tmp" },
        };
        const struct {
                const char *content, *name, *target;
        } files[] = {
                { spec->hosts, "hosts", "/etc/hosts" },
                { spec->resolv_conf, "resolv.conf", "/etc/resolv.conf" },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (directories[i].wanted) {
                        *ret_what = directories[i].target;
                        r = put_part(fd, directories[i].name, directories[i].target);
                        if (r < 0)
                                return r;
                }
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (files[i].content) {
                        *ret_what = files[i].target;
                        r = put_file(fd, files[i].name, files[i].content, files[i].target);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int setup_tmpfs(const FilesystemSpec *spec, const char **ret_what) {
        char size[32];
        FsOption options[] = { { "size", size }, { "mode", "0755" } };
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        if (!spec->own_ipc && !spec->private_tmp && !spec->resolv_conf && !spec->hosts)
                return 0;
        *ret_what = "a tmpfs for the cell";
        (void) snprintf(size, sizeof(size), "%llu",
                        (unsigned long long) (spec->tmp_bytes ?: default_tmp_bytes()));
        fd = make_fs("tmpfs", options, ELEMENTSOF(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (fd < 0)
                return fd;
        /* Before Linux 6.15 only what is mounted somewhere has parts that can be mounted elsewhere. */
        r = put(fd, "/proc");
        if (r < 0)
                return r;
        r = put_parts(spec, fd, ret_what);
        if (sys_umount_detach("/proc") < 0 && r >= 0)
                r = -errno;
        return r;
}

static int setup_mqueue(void) {
        _cleanup_(close_fdp) int fd = -EBADF;

        if (access("/dev/mqueue", F_OK) < 0)
                return 0;
        fd = make_fs("mqueue", NULL, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fd < 0)
                return fd == -ENODEV ? 0 : fd; /* a kernel without POSIX queues has none to share */
        return put(fd, "/dev/mqueue");
}

int filesystem_setup(const FilesystemSpec *spec, const char **ret_what) {
        int r;

        *ret_what = "propagation of mounts";
        r = make_slave();
        if (r < 0)
                return r;
        r = setup_tmpfs(spec, ret_what);
        if (r < 0)
                return r;
        *ret_what = "/sys";
        r = setup_sys(spec);
        if (r < 0)
                return r;
        if (spec->own_ipc) {
                *ret_what = "/dev/mqueue";
                r = setup_mqueue();
                if (r < 0)
                        return r;
        }
        if (spec->own_pid) { /* last: the steps above use the host's */
                *ret_what = "/proc";
                r = setup_proc(spec);
                if (r < 0)
                        return r;
        }
        return chdir("/") < 0 ? -errno : 0;
}
