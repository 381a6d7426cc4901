/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sandbox/second-mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "sandbox/mounts.h"

#define CONFIGFS_MAGIC 0x62656570
#define MQUEUE_MAGIC 0x19800202

static bool is_of_kernel(const SecondMounts *s, const char *type, long *ret_magic) {
        const struct {
                const char *type;
                long magic;
                bool covered;
        } table[] = {
                { "proc", PROC_SUPER_MAGIC, true },
                { "sysfs", SYSFS_MAGIC, true },
                { "cgroup", CGROUP_SUPER_MAGIC, true },
                { "cgroup2", CGROUP2_SUPER_MAGIC, true },
                { "debugfs", DEBUGFS_MAGIC, true },
                { "tracefs", TRACEFS_MAGIC, true },
                { "securityfs", SECURITYFS_MAGIC, true },
                { "configfs", CONFIGFS_MAGIC, true },
                { "bpf", BPF_FS_MAGIC, true },
                { "efivarfs", EFIVARFS_MAGIC, true },
                { "pstore", PSTOREFS_MAGIC, true },
                { "binfmt_misc", BINFMTFS_MAGIC, true },
                { "devtmpfs", TMPFS_MAGIC, s->devices },
                { "devpts", DEVPTS_SUPER_MAGIC, s->devices },
                { "mqueue", MQUEUE_MAGIC, s->queues },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcmp(type, table[i].type) == 0) {
                        *ret_magic = table[i].magic;
                        return table[i].covered;
                }
        return false;
}

static bool is_own(const SecondMounts *s, const char *path) {
        static const char *const roots[] = { "/proc", "/sys", "/dev" };

        for (size_t i = 0; i < ELEMENTSOF(roots); i++)
                if (strcmp(path, roots[i]) == 0 || path_is_above(roots[i], path))
                        return true;
        for (const char *const *own = s->own; *own; own++)
                if (strcmp(path, *own) == 0)
                        return true;
        return view_binds(s->view, path);
}

/* Unless something else lies over it already. */
static int cover(const SecondMounts *s, const char *path, long magic) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF, empty = -EBADF;
        struct statfs fs;

        if (root_fd < 0)
                return -errno;
        fd = path_reopen(root_fd, path);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type != magic)
                return 0;
        empty = view_copy_empty(s->parts, fd);
        return empty < 0 ? empty : mount_put_fd(empty, fd);
}

int second_mounts_cover(const SecondMounts *s, const char **ret_what) {
        static char line[4 * 3 * PATH_MAX]; /* two paths, each byte as "\040", and options */
        int fd = openat(s->self_fd, "mounts", O_RDONLY | O_CLOEXEC), r = 0;
        struct mntent entry;
        FILE *f;

        *ret_what = "the list of mounts";
        if (fd < 0)
                return -errno;
        f = fdopen(fd, "r");
        if (!f) {
                close_fd(fd);
                return -ENOMEM;
        }
        while (r >= 0 && getmntent_r(f, &entry, line, sizeof(line))) {
                static char what[PATH_MAX + 64];
                long magic;

                if (!is_of_kernel(s, entry.mnt_type, &magic) || is_own(s, entry.mnt_dir))
                        continue;
                (void) snprintf(what, sizeof(what), "%s on %s", entry.mnt_type, entry.mnt_dir);
                *ret_what = what;
                r = cover(s, entry.mnt_dir, magic);
        }
        (void) fclose(f);
        return r;
}
