/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sandbox/mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

/* glibc 2.36 declares these, but its sys/mount.h can't be included beside linux/mount.h. */
#define UMOUNT_DETACH 2
#define PROPAGATION_SLAVE (1 << 19)

int mount_new(const char *type, const FsOption *options, size_t n_options, unsigned attributes) {
        _cleanup_(close_fdp) int fs = -EBADF;
        int fd;

        fs = (int) syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
        if (fs < 0)
                return -errno;
        (void) syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", type, 0); /* for people */
        for (size_t i = 0; i < n_options; i++)
                if (syscall(SYS_fsconfig, fs, options[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                            options[i].key, options[i].value, 0) < 0)
                        return -errno;
        if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = (int) syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}

int mount_copy(int dir_fd, const char *path, bool recursive) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT;
        int fd;

        flags |= (recursive ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH);
        fd = (int) syscall(SYS_open_tree, dir_fd, path, flags);
        return fd < 0 ? -errno : fd;
}

int mount_set(int mount_fd, unsigned attributes, unsigned clear, bool recursive) {
        struct mount_attr attr = { .attr_set = attributes, .attr_clr = clear };

        return syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
                       sizeof(attr)) < 0 ? -errno : 0;
}

int mount_put(int mount_fd, const char *target) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), target_fd = -EBADF;
        _cleanup_(freep) char *resolved = NULL;
        int r;

        if (root_fd < 0)
                return -errno;
        r = path_open(root_fd, target, &resolved, &target_fd);
        return r < 0 ? r : mount_put_fd(mount_fd, target_fd);
}

int mount_put_fd(int mount_fd, int target_fd) {
        return syscall(SYS_move_mount, mount_fd, "", target_fd, "",
                       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

/* "." is the mount itself, whatever lies over it by name. */
int mount_detach(int mount_fd) {
        if (fchdir(mount_fd) < 0 || syscall(SYS_umount2, ".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
                return -errno;
        return 0;
}

int mount_make_slave(void) {
        struct mount_attr attr = { .propagation = PROPAGATION_SLAVE };

        return syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

/* The old root ends up over the new one, and is taken from there: see pivot_root(2), NOTES. */
int mount_become_root(int root_fd) {
        if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
            syscall(SYS_umount2, ".", UMOUNT_DETACH) < 0 || chdir("/") < 0)
                return -errno;
        return 0;
}
