/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages to the service manager are datagrams that it queues by the hundred. They may be lost: the store
 * is the better of two ways to find a cell's pid 1 again, and the other one, its record, is always there. */

#include "manager/work/fd-store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "bus/login.h"

typedef struct Passed {
        int fd;
        char *name;
} Passed;

struct FdStore {
        Passed *passed;
        size_t n_passed;
        bool active; /* somebody keeps what we send */
};

int fd_store_new(FdStore **ret) {
        _cleanup_(fd_store_freep) FdStore *s = calloc(1, sizeof(*s));
        _cleanup_(strv_freep) char **names = NULL;
        int n;

        if (!s)
                return -ENOMEM;
        s->active = getenv("NOTIFY_SOCKET") != NULL;
        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return n;
        s->passed = calloc((size_t) n + 1, sizeof(*s->passed));
        if (!s->passed)
                return -ENOMEM;
        for (int i = 0; i < n; i++) {
                s->passed[s->n_passed++] = (Passed) { .fd = SD_LISTEN_FDS_START + i, .name = TAKE_PTR(names[i]) };
        }
        names = strv_free(names);
        *ret = TAKE_PTR(s);
        return 0;
}

FdStore *fd_store_free(FdStore *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_passed; i++) {
                close_fd(s->passed[i].fd);
                free(s->passed[i].name);
        }
        free(s->passed);
        free(s);
        return NULL;
}

static Passed *find(FdStore *s, const char *name) {
        for (size_t i = 0; i < s->n_passed; i++)
                if (s->passed[i].fd >= 0 && strcmp(s->passed[i].name, name) == 0)
                        return &s->passed[i];
        return NULL;
}

int fd_store_take_socket(FdStore *s, const char *name, int type, const char *path) {
        Passed *p = find(s, name);
        int flags;

        if (!p)
                return -ENOENT;
        if (sd_is_socket_unix(p->fd, type, 1, path, 0) <= 0)
                return -EINVAL;
        flags = fcntl(p->fd, F_GETFL);
        if (flags < 0 || fcntl(p->fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        return TAKE_FD(p->fd);
}

int fd_store_take_pidfd(FdStore *s, const char *id, pid_t *ret_pid) {
        Passed *p = s ? find(s, id) : NULL;
        int r;

        if (!p)
                return -ENOENT;
        r = fd_pidfd_get_pid(p->fd, ret_pid);
        if (r == -ESRCH)
                return r;
        if (r < 0) {
                log_warning_errno(r, "What is stored for cell %s is no pidfd, going by its record: %m", id);
                return -ENOENT;
        }
        return TAKE_FD(p->fd);
}

void fd_store_drop_rest(FdStore *s) {
        for (size_t i = 0; i < s->n_passed; i++) {
                Passed *p = &s->passed[i];

                if (p->fd < 0)
                        continue;
                log_debug("Nobody wants the descriptor \"%s\" that was passed, closing it", p->name);
                fd_store_remove(s, p->name);
                p->fd = close_fd(p->fd);
        }
}

void fd_store_add(FdStore *s, const char *id, int pidfd) {
        char text[64 + LOGIN_ID_MAX];
        int r;

        if (!s->active || pidfd < 0)
                return;
        for (size_t i = 0; i < s->n_passed; i++) /* taken from there */
                if (strcmp(s->passed[i].name, id) == 0)
                        return;
        (void) snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", id);
        r = sd_pid_notify_with_fds(0, false, text, &pidfd, 1);
        if (r < 0)
                log_debug_errno(r, "Cannot store the pidfd of cell %s: %m", id);
}

void fd_store_remove(FdStore *s, const char *id) {
        if (s->active)
                (void) sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=%s", id); /* it would drop it when full */
}
