/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int open_dir(void) {
        int fd = open(NETNS_NAMES_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int netns_name_remove(const char *name) {
        _cleanup_(close_fdp) int fd = open_dir();
        struct stat st;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISLNK(st.st_mode))
                return 0; /* somebody else's */
        return unlinkat(fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int netns_name_set(const char *name, pid_t pid) {
        _cleanup_(close_fdp) int fd = -EBADF;
        char target[64];
        int r;

        if (mkdir(NETNS_NAMES_DIR, 0711) < 0 && errno != EEXIST)
                return -errno;
        r = netns_name_remove(name);
        if (r < 0)
                return r;
        fd = open_dir();
        if (fd < 0)
                return fd;
        if (fchmod(fd, 0711) < 0) /* who has cells is for root alone; of ip(8), it can be listed by everybody */
                return -errno;
        (void) snprintf(target, sizeof(target), "/proc/%d/ns/net", (int) pid);
        return symlinkat(target, fd, name) < 0 ? -errno : 0;
}

unsigned netns_name_sweep(const char *prefix, bool (*is_known)(const char *name, void *userdata), void *userdata) {
        _cleanup_(closedirp) DIR *d = opendir(NETNS_NAMES_DIR);
        struct dirent *e;
        unsigned n = 0;

        while (d && (e = readdir(d)))
                if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && e->d_type == DT_LNK &&
                    !is_known(e->d_name, userdata))
                        n += netns_name_remove(e->d_name) >= 0;
        return n;
}
