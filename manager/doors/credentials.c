/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/credentials.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "manager/cells/table.h"
#include "manager/doors/peer.h"
#include "manager/work/user-process.h"

void credentials_done(Credentials *c) {
        close_fd(c->pidfd);
}

static int read_pidfd(sd_bus_message *reply, int *ret) {
        int fd, r;

        r = sd_bus_message_read(reply, "v", "h", &fd);
        if (r < 0)
                return r;
        *ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return *ret < 0 ? -errno : 0;
}

int credentials_read(Credentials *ret, sd_bus_message *reply) {
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                const char *key;

                r = sd_bus_message_read(reply, "s", &key);
                if (r < 0)
                        return r;
                if (strcmp(key, "UnixUserID") == 0)
                        r = sd_bus_message_read(reply, "v", "u", &ret->uid);
                else if (strcmp(key, "ProcessID") == 0)
                        r = sd_bus_message_read(reply, "v", "u", &ret->pid);
                else if (strcmp(key, "ProcessFD") == 0 && ret->pidfd < 0)
                        r = read_pidfd(reply, &ret->pidfd);
                else
                        r = sd_bus_message_skip(reply, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0)
                return r;
        return ret->uid == UID_INVALID || ret->pid == 0 ? -ENXIO : 0;
}

uid_t credentials_judge(const Credentials *c, Manager *m, bool *ret_may_ask) {
        _cleanup_(close_fdp) int opened = -EBADF;
        uid_t uid = UID_INVALID;
        int pidfd = c->pidfd;
        pid_t pid = (pid_t) c->pid;
        Cell *cell;

        *ret_may_ask = false;
        if (pidfd >= 0 && fd_pidfd_get_pid(pidfd, &pid) < 0)
                pid = 0;
        if (c->uid != 0 || pidfd >= 0)
                uid = peer_effective_uid(m, c->uid, pid, pidfd);
        if (c->uid == 0 || pid <= 0) /* polkit takes root for the administrator, wherever it is */
                return uid;
        if (pidfd < 0)
                pidfd = opened = fd_pidfd_open(pid);
        *ret_may_ask = table_find_cell_of(&m->cell_host, pid, pidfd, &cell) == 0 &&
                (c->pidfd >= 0 || (user_process_is_of(pid, c->uid) && !fd_pidfd_has_exited(pidfd)));
        return uid;
}
