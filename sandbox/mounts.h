/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's mount API by file descriptors: a mount is made and set up before it appears anywhere, and it is
 * put where an fd says, not a name. All return 0 or an fd, or -errno; needs CAP_SYS_ADMIN. See open_tree(2),
 * move_mount(2), mount_setattr(2), fsopen(2); Linux 5.12. */

typedef struct FsOption {
        const char *key, *value; /* value NULL: a flag */
} FsOption;

#define MOUNT_READ_ONLY 0x01U /* as MOUNT_ATTR_* in linux/mount.h */
#define MOUNT_NO_SUID 0x02U
#define MOUNT_NO_DEV 0x04U
#define MOUNT_NO_EXEC 0x08U

/* A new file system as a mount that is nowhere yet. */
int mount_new(const char *type, const FsOption *options, size_t n_options, unsigned attributes);
/* A copy of the mount that `path` below `dir_fd` ("": dir_fd itself) is on, from there down; `recursive`: with all
 * mounts below. */
int mount_copy(int dir_fd, const char *path, bool recursive);
int mount_set(int mount_fd, unsigned attributes, unsigned clear, bool recursive);
/* Makes it appear at a path, found by path_open() (base/path.h), whose errors it has, too: no link on the way that
 * anybody but root can have put there ... */
int mount_put(int mount_fd, const char *target);
/* ... or at what an O_PATH fd is open on. */
int mount_put_fd(int mount_fd, int target_fd);
/* Takes it from where it is, with what is mounted inside of it. Changes the working directory to "/". */
int mount_detach(int mount_fd);
/* All mounts get those of the host that come later, and give none away. */
int mount_make_slave(void);
/* Makes the directory of `root_fd`, the root of a mount, the root of this process and its mount namespace. */
int mount_become_root(int root_fd);
