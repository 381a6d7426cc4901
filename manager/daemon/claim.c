/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Control groups are locked by their directory, which is the same one in each container that sees the same tree. An
 * attribute of it says whose records tell of the cells in there: another manager would take them for nobody's. */

#include "manager/daemon/claim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "netns/link-owner.h"

#define MARK "trusted.confine.runtime" /* needs CAP_SYS_ADMIN */
#define ATTEMPTS 20
#define PAUSE_NSEC (50 * 1000 * 1000)

int claim_lock(int fd) {
        for (int i = 0; i < ATTEMPTS; i++) {
                if (flock(fd, LOCK_EX | LOCK_NB) >= 0)
                        return 0;
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                (void) nanosleep(&(struct timespec) { .tv_nsec = PAUSE_NSEC }, NULL);
        }
        return -EALREADY;
}

/* The lock counts for the directory that still has the name: a manager that ends removes it. */
static int lock_directory(int root_fd, const char *path) {
        for (int i = 0; i < ATTEMPTS; i++) {
                _cleanup_(close_fdp) int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                struct stat mine, there;
                int r;

                if (fd < 0)
                        return -errno;
                r = claim_lock(fd);
                if (r < 0)
                        return r;
                if (fstat(fd, &mine) >= 0 && fstatat(root_fd, path, &there, AT_SYMLINK_NOFOLLOW) >= 0 &&
                    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
                        return TAKE_FD(fd);
        }
        return -EAGAIN;
}

/* Where there are no such attributes there is no mark. */
static int mark_directory(Manager *m, int fd, const char *runtime_dir) {
        char owner[PATH_MAX];
        ssize_t n = fgetxattr(fd, MARK, owner, sizeof(owner) - 1);

        owner[MAX(n, 0)] = '\0';
        if (n > 0 && strcmp(owner, runtime_dir) != 0 && group_populated(m->hierarchies, m->root_group) > 0)
                return log_error_errno(EALREADY, "Control group %s has live cells of a confined with the runtime directory %s: "
                                       "start it with --runtime-dir=%s, or with an --instance of its own",
                                       m->root_group, owner, owner);
        if (fsetxattr(fd, MARK, runtime_dir, strlen(runtime_dir), 0) < 0)
                log_debug_errno(errno, "Control group %s can't be marked: %m", m->root_group);
        return 0;
}

static int claim_groups(Manager *m) {
        _cleanup_(freep) char *runtime_dir = realpath(m->config.runtime_dir, NULL);

        if (!runtime_dir)
                return log_error_errno(errno, "Cannot resolve %s: %m", m->config.runtime_dir);
        for (size_t i = 0; i < m->hierarchies->n_items; i++) {
                int fd = lock_directory(m->hierarchies->items[i].root_fd, m->root_group), r;

                if (fd == -EALREADY)
                        return log_error_errno(fd, "Another confined runs already with the instance \"%s\": give one of "
                                               "them another name by --instance", m->config.instance);
                if (fd < 0)
                        return log_error_errno(fd, "Cannot lock control group %s: %m", m->root_group);
                m->group_fds[i] = fd;
                r = mark_directory(m, fd, runtime_dir);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* On a host of systemd's the tree is not ours, and what all see is /run. */
static int claim_by_file(Manager *m) {
        char path[128];
        int r;

        (void) snprintf(path, sizeof(path), "/run/lock/confine-%s", m->config.instance);
        m->group_fds[0] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (m->group_fds[0] < 0)
                return log_error_errno(errno, "Cannot open %s: %m", path);
        r = claim_lock(m->group_fds[0]);
        if (r == -EALREADY)
                return log_error_errno(r, "Another confined runs already with the instance \"%s\"", m->config.instance);
        return r < 0 ? log_error_errno(r, "Cannot lock %s: %m", path) : 0;
}

/* Its links' names are those of another instance's: they would remove each other's. */
int claim_check_links(const Manager *m) {
        char owner[LINK_OWNER_MAX];
        int r = link_read_owner(m->gateway_link, owner);

        if (r < 0)
                return log_error_errno(r, "Cannot read whose the link %s is: %m", m->gateway_link);
        if (r > 0 && strcmp(owner, m->config.instance) != 0)
                return log_error_errno(EALREADY, "The names of links of the instances \"%s\" and \"%s\" collide (%s...): "
                                       "choose another name by --instance", m->config.instance, owner, m->link_prefix);
        return 0;
}

int claim_instance(Manager *m) {
        return m->driver->makes_groups ? claim_groups(m) : claim_by_file(m);
}
