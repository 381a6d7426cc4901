/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cell's own procfs has just its processes, whatever group they are in, and shows their groups to us as the
 * host names them. A directory of procfs is a pidfd: what was judged by it is killed by it. */

#include "manager/cells/strays.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "manager/cells/builder-inner.h"

#define ROUNDS_MAX 64

/* 1: it was outside, and is killed. */
static int judge(const CellPlan *c, int proc_fd, const char *name) {
        _cleanup_(close_fdp) int fd = -EBADF;
        _cleanup_(freep) char *lines = NULL, *id = NULL;
        int r;

        fd = openat(proc_fd, name, O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fd_read_file_at(fd, "cgroup", 64 * 1024, &lines) < 0)
                return 0; /* it has exited */
        r = c->driver->find(c->cell.root_group, lines, &id);
        if (r != 0)
                return r < 0 ? r : 0;
        return fd_pidfd_send_signal(fd, SIGKILL) < 0 ? 0 : 1;
}

static int one_round(const CellPlan *c, pid_t init_pid) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *e;
        char path[64];
        int n = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/root/proc", (int) init_pid);
        d = opendir(path);
        if (!d)
                return errno == ENOENT ? -ESRCH : -errno;
        while ((e = readdir(d))) {
                int r;

                if (!isdigit((unsigned char) *e->d_name) || strcmp(e->d_name, "1") == 0)
                        continue;
                r = judge(c, dirfd(d), e->d_name);
                if (r < 0)
                        return r;
                n += r;
        }
        return n;
}

void builder_expel(const CellPlan *c, pid_t init_pid, JobReport *report) {
        int r = -EAGAIN;

        for (int i = 0; i < ROUNDS_MAX && r == -EAGAIN; i++) {
                r = one_round(c, init_pid);
                if (r <= 0)
                        break;
                report->numbers[0] += (uint64_t) r;
                (void) nanosleep(&(struct timespec) { .tv_nsec = 2000000 }, NULL); /* let them die */
                r = -EAGAIN;
        }
        if (r < 0)
                builder_fail(report, LOGIN_STAGE_CGROUP, r, "what is outside of the cell's groups can't be killed");
}
