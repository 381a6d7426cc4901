/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each file system is made and configured before it appears anywhere. Targets are paths that only root can change;
 * those of [Filesystem], which may be others, are view.c's. Few superblocks are made for a cell, because each
 * counts against every memory control group: one tmpfs serves /tmp, /var/tmp, /dev, /dev/shm, hosts, resolv.conf
 * and what is empty through bind mounts. */

#include "sandbox/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "sandbox/devices.h"
#include "sandbox/mounts.h"
#include "sandbox/second-mounts.h"
#include "sandbox/view.h"

#define RESTRICTED (MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC)
#define INODES_PER_BYTES 4096 /* of a tmpfs: as many files as it has pages, */
#define INODES_MIN 1024       /* but some */

/* Lays a read-only copy of a mount point's subtree over itself; absent is fine. */
static int make_read_only(const char *path) {
        _cleanup_(close_fdp) int fd = mount_copy(AT_FDCWD, path, false);
        int r = fd < 0 ? fd : mount_set(fd, MOUNT_READ_ONLY, 0, false);

        if (r >= 0)
                r = mount_put(fd, path);
        return r == -ENOENT ? 0 : r;
}

/* `ret_fd` is the mount, which stays. */
static int setup_proc(const FilesystemSpec *spec, int *ret_fd) {
        /* what root of the cell must not write: the host's kernel has no second copy of it */
        static const char *const knobs[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
                                             "/proc/fs", "/proc/acpi", "/proc/scsi" };
        static const char *const hide[] = {
                [PROTECT_PROC_NOACCESS] = "noaccess",
                [PROTECT_PROC_INVISIBLE] = "invisible",
                [PROTECT_PROC_PTRACEABLE] = "ptraceable",
        };
        ProtectProc protect = spec->policy->protect_proc;
        FsOption options[2];
        size_t n = 0;
        int fd, r;

        if (spec->hide_pids && protect == PROTECT_PROC_DEFAULT)
                protect = PROTECT_PROC_INVISIBLE;
        if (protect != PROTECT_PROC_DEFAULT)
                options[n++] = (FsOption) { "hidepid", hide[protect] };
        if (spec->policy->proc_subset_pid)
                options[n++] = (FsOption) { "subset", "pid" };
        fd = mount_new("proc", options, n, RESTRICTED);
        if (fd < 0)
                return fd;
        r = mount_put(fd, "/proc");
        for (size_t i = 0; i < ELEMENTSOF(knobs) && r >= 0; i++)
                r = make_read_only(knobs[i]);
        *ret_fd = fd;
        return r;
}

/* A copy of the mount at `path`, or of what is below there, read-only or writable again. */
static int copy_mount(const char *path, bool read_only) {
        _cleanup_(close_fdp) int fd = mount_copy(AT_FDCWD, path, false);
        int r = fd < 0 ? fd : mount_set(fd, read_only ? MOUNT_READ_ONLY | RESTRICTED : 0,
                                        read_only ? 0 : MOUNT_READ_ONLY, false);

        return r < 0 ? r : TAKE_FD(fd);
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
                if (fds[i] < 0)
                        return fds[i];
        }
        return 0;
}

static int put_cgroups(const FilesystemSpec *spec, const int *fds) {
        _cleanup_(close_fdp) int layout = -EBADF, own = -EBADF;
        int r = 0;

        for (size_t i = 0; i < spec->n_cgroups && r >= 0; i++)
                r = mount_put(fds[i], spec->cgroups[i]);
        if (r >= 0 && spec->cgroup_layout) {
                layout = open(spec->cgroup_layout, O_PATH | O_CLOEXEC);
                r = layout < 0 ? -errno : mount_set(layout, MOUNT_READ_ONLY, 0, false);
        }
        if (r < 0 || !spec->cgroup_own)
                return r;
        own = copy_mount(spec->cgroup_own, false);
        return own < 0 ? own : mount_put(own, spec->cgroup_own);
}

/* What of the host is needed after RootDirectory= was entered. */
typedef struct HostMounts {
        int cgroups[FILESYSTEM_CGROUPS_MAX], layout, sys, dev, tmp, var_tmp;
        int self; /* in the host's /proc */
} HostMounts;

static void host_mounts_done(HostMounts *m) {
        close_all(m->cgroups, ELEMENTSOF(m->cgroups));
        close_fd(m->layout);
        close_fd(m->sys);
        close_fd(m->dev);
        close_fd(m->tmp);
        close_fd(m->var_tmp);
        close_fd(m->self);
}

/* A user's own directory, which stays. Nobody but root gets at it by another way than as a mount. */
static int open_persistent(const FilesystemSpec *spec, const char *name) {
        _cleanup_(close_fdp) int fd = -EBADF, dir_fd = -EBADF, state_fd = -EBADF;
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, FILESYSTEM_PERSISTENT_DIR "/%u/%s", spec->uid, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        state_fd = open(spec->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (state_fd < 0)
                return -errno;
        r = fd_mkdir_parents_at(state_fd, path, 0700);
        dir_fd = r < 0 ? r : fd_open_beneath(state_fd, path, O_RDONLY | O_DIRECTORY, 0);
        if (dir_fd < 0)
                return dir_fd;
        if (fchmod(dir_fd, 01777) < 0)
                return -errno;
        fd = mount_copy(dir_fd, "", false);
        r = fd < 0 ? fd : mount_set(fd, MOUNT_NO_SUID | MOUNT_NO_DEV, 0, false);
        return r < 0 ? r : TAKE_FD(fd);
}

static int host_mounts_open(const FilesystemSpec *spec, HostMounts *ret) {
        int r;

        *ret = (HostMounts) { .layout = -EBADF, .sys = -EBADF, .dev = -EBADF, .tmp = -EBADF, .var_tmp = -EBADF,
                              .self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC) };
        for (size_t i = 0; i < ELEMENTSOF(ret->cgroups); i++)
                ret->cgroups[i] = -EBADF;
        r = ret->self < 0 ? -errno : open_cgroups(spec, ret->cgroups);
        if (r >= 0 && spec->own_net && spec->cgroup_layout)
                r = ret->layout = mount_copy(AT_FDCWD, spec->cgroup_layout, false);
        if (r >= 0 && !spec->own_net && spec->policy->root_directory)
                r = ret->sys = mount_copy(AT_FDCWD, "/sys", true);
        if (r >= 0 && ret->sys >= 0)
                r = mount_set(ret->sys, MOUNT_READ_ONLY, 0, true);
        if (r >= 0 && spec->policy->root_directory)
                r = ret->dev = mount_copy(AT_FDCWD, "/dev", true);
        if (r >= 0 && spec->policy->private_tmp == PRIVATE_TMP_PERSISTENT)
                r = ret->tmp = open_persistent(spec, "tmp");
        if (r >= 0 && spec->policy->private_tmp == PRIVATE_TMP_PERSISTENT)
                r = ret->var_tmp = open_persistent(spec, "var-tmp");
        return MIN(r, 0);
}

/* A new /sys shows the cell's own interfaces. It covers the host's cgroup mounts, whose layout (a small
 * tmpfs on hosts with v1) is carried over. */
static int cover_sys(const FilesystemSpec *spec, const HostMounts *host) {
        _cleanup_(close_fdp) int fd = -EBADF;
        int r;

        if (!spec->own_net) {
                if (host->sys >= 0)
                        return mount_put(host->sys, "/sys");
                fd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
                r = fd < 0 ? -errno : mount_set(fd, MOUNT_READ_ONLY, 0, true); /* and what else is mounted in there */
                return r == -EINVAL ? 0 : r; /* no mount */
        }
        fd = mount_new("sysfs", NULL, 0, MOUNT_READ_ONLY | RESTRICTED);
        r = fd < 0 ? fd : mount_put(fd, "/sys");
        return r < 0 || host->layout < 0 ? r : mount_put(host->layout, spec->cgroup_layout);
}

static int part_of(int tmpfs, const char *name, mode_t mode) {
        if (mkdirat(tmpfs, name, 0700) < 0 || fchmodat(tmpfs, name, mode, 0) < 0)
                return -errno;
        return mount_copy(tmpfs, name, false);
}

/* Puts the part of the tmpfs over `target`, if the host has such a place. */
static int put_part(int tmpfs, const char *name, const char *target) {
        _cleanup_(close_fdp) int fd = -EBADF;

        if (access(target, F_OK) < 0)
                return 0;
        fd = part_of(tmpfs, name, 01777);
        return fd < 0 ? fd : mount_put(fd, target);
}

/* Over a link that leads nowhere (resolv.conf before its service has started), or by a link that a service owns
 * (systemd-resolved's without DNSStubListener=), the link itself is covered. What is not there at all stays so: a
 * mount needs something to be on. */
static int put_over(int mount_fd, const char *target) {
        _cleanup_(close_fdp) int link_fd = -EBADF;
        int r = mount_put(mount_fd, target);

        if (r != -ENOENT && r != -ELOOP)
                return r;
        link_fd = open(target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return link_fd >= 0 ? mount_put_fd(mount_fd, link_fd) : errno == ENOENT ? 0 : -errno;
}

/* Lays a file with this content over `target`. */
static int put_file(int tmpfs, const char *name, const char *content, const char *target) {
        _cleanup_(close_fdp) int file = -EBADF, fd = -EBADF;
        int r;

        file = openat(tmpfs, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (file < 0)
                return -errno;
        r = fchmod(file, 0644) < 0 ? -errno : fd_write_all(file, content, strlen(content));
        if (r < 0)
                return r;
        fd = mount_copy(tmpfs, name, false);
        r = fd < 0 ? fd : mount_set(fd, MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEV, 0, false);
        return r < 0 ? r : put_over(fd, target);
}

static TmpfsQuota tmpfs_quota(const FilesystemSpec *spec) {
        uint64_t bytes = spec->tmp_bytes;
        struct sysinfo si;
        TmpfsQuota q;

        if (bytes == 0)
                bytes = sysinfo(&si) < 0 ? UINT64_C(64) << 20 : (uint64_t) si.totalram * si.mem_unit / 10;
        (void) snprintf(q.size, sizeof(q.size), "%" PRIu64, bytes);
        (void) snprintf(q.inodes, sizeof(q.inodes), "%" PRIu64, MAX(bytes / INODES_PER_BYTES, (uint64_t) INODES_MIN));
        return q;
}

/* Lays parts of the tmpfs `fd` where they belong. */
static int put_parts(const FilesystemSpec *spec, const HostMounts *host, int fd, const char **ret_what) {
        PrivateTmp tmp = spec->policy->private_tmp;
        const struct {
                bool wanted;
                const char *name, *target;
                int own_fd; /* in place of a part */
        } directories[] = {
                { spec->own_ipc, "shm", "/dev/shm", -EBADF },
                { tmp != PRIVATE_TMP_NO, "tmp", "/tmp", host->tmp },
                { tmp != PRIVATE_TMP_NO, "var-tmp", "/var/tmp", host->var_tmp },
        };
        const struct {
                const char *content, *name, *target;
        } files[] = {
                { spec->hosts, "hosts", "/etc/hosts" },
                { spec->resolv_conf, "resolv.conf", "/etc/resolv.conf" },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(directories) && r >= 0; i++) {
                if (!directories[i].wanted)
                        continue;
                *ret_what = directories[i].target;
                r = directories[i].own_fd >= 0 ? mount_put(directories[i].own_fd, directories[i].target) :
                        put_part(fd, directories[i].name, directories[i].target);
        }
        for (size_t i = 0; i < ELEMENTSOF(files) && r >= 0; i++)
                if (files[i].content) {
                        *ret_what = files[i].target;
                        r = put_file(fd, files[i].name, files[i].content, files[i].target);
                }
        return r;
}

/* Before Linux 6.15 only what is mounted somewhere has parts that can be mounted elsewhere: it lies below /proc
 * until all is done. */
static int setup_tmpfs(const TmpfsQuota *quota, int *ret_fd) {
        const FsOption options[] = { { "size", quota->size }, { "nr_inodes", quota->inodes }, { "mode", "0755" } };
        int fd;

        fd = mount_new("tmpfs", options, ELEMENTSOF(options), MOUNT_NO_SUID | MOUNT_NO_DEV);
        if (fd < 0)
                return fd;
        *ret_fd = fd;
        return mount_put(fd, "/proc");
}

/* It takes along what lies over it: /proc is put out of the way for a moment. */
static int uncover_tmpfs(int tmpfs_fd, int proc_fd) {
        int r = mount_put(proc_fd, "/sys");

        if (r >= 0)
                r = mount_detach(tmpfs_fd);
        return r < 0 ? r : mount_put(proc_fd, "/proc");
}

static int setup_mqueue(void) {
        _cleanup_(close_fdp) int fd = -EBADF;

        if (access("/dev/mqueue", F_OK) < 0)
                return 0;
        fd = mount_new("mqueue", NULL, 0, RESTRICTED);
        if (fd < 0)
                return fd == -ENODEV ? 0 : fd; /* a kernel without POSIX queues has none to share */
        return mount_put(fd, "/dev/mqueue");
}

static int apply_view(const FilesystemSpec *spec, const HostMounts *host, View *view, int tmpfs, const TmpfsQuota *quota,
                      const char **ret_what) {
        const char *own[FILESYSTEM_CGROUPS_MAX + 2] = {};
        const ViewParts parts = {
                .tmpfs_fd = tmpfs,
                .empty_dir = "hidden-directory",
                .empty_file = "hidden-file",
                .quota = quota,
        };
        const SecondMounts second = {
                .self_fd = host->self,
                .devices = spec->policy->private_devices,
                .queues = spec->own_ipc,
                .own = own,
                .view = view,
                .parts = &parts,
        };
        int r;

        *ret_what = "a place for what is hidden";
        if (mkdirat(tmpfs, parts.empty_dir, 0) < 0 || mknodat(tmpfs, parts.empty_file, S_IFREG, 0) < 0)
                return -errno;
        r = view_apply(view, &parts, ret_what);
        if (r < 0)
                return r;
        memcpy(own, spec->cgroups, spec->n_cgroups * sizeof(*own));
        own[spec->n_cgroups] = spec->cgroup_own;
        return second_mounts_cover(&second, ret_what);
}

static int setup_all(const FilesystemSpec *spec, View *view, const HostMounts *host, const char **ret_what) {
        _cleanup_(close_fdp) int tmpfs = -EBADF, proc = -EBADF;
        const TmpfsQuota quota = tmpfs_quota(spec);
        int r;

        r = view_enter_root(view, ret_what);
        if (r < 0)
                return r;
        *ret_what = "a tmpfs for the cell";
        r = setup_tmpfs(&quota, &tmpfs);
        if (r < 0)
                return r;
        *ret_what = "/dev";
        r = host->dev >= 0 ? mount_put(host->dev, "/dev") : 0;
        if (r >= 0 && spec->policy->private_devices)
                r = devices_setup(host->dev, tmpfs);
        if (r < 0)
                return r;
        r = put_parts(spec, host, tmpfs, ret_what);
        if (r < 0)
                return r;
        *ret_what = "/sys";
        r = cover_sys(spec, host);
        if (r >= 0)
                r = put_cgroups(spec, host->cgroups);
        if (r < 0)
                return r;
        *ret_what = "/dev/mqueue";
        r = spec->own_ipc ? setup_mqueue() : 0;
        if (r < 0)
                return r;
        *ret_what = "/proc";
        r = setup_proc(spec, &proc); /* late: the steps above use the host's */
        if (r >= 0)
                r = apply_view(spec, host, view, tmpfs, &quota, ret_what);
        if (r < 0)
                return r;
        *ret_what = "/proc";
        r = uncover_tmpfs(tmpfs, proc);
        return r < 0 ? r : chdir("/") < 0 ? -errno : 0;
}

int filesystem_setup(const FilesystemSpec *spec, const char **ret_what) {
        View *view = NULL; /* not freed: ret_what may be in it, and the process executes another program soon */
        HostMounts host;
        int r;

        *ret_what = "propagation of mounts";
        r = mount_make_slave();
        if (r < 0)
                return r;
        r = view_new(spec->policy, spec->for_logins, &view, ret_what);
        if (r < 0)
                return r;
        *ret_what = "the host's control groups";
        r = host_mounts_open(spec, &host);
        if (r >= 0)
                r = setup_all(spec, view, &host, ret_what);
        host_mounts_done(&host);
        return r;
}
