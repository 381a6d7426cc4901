/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/work/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#define PAUSE_USEC (200 * USEC_PER_MSEC)

void listener_close(Listener *l) {
        l->source = sd_event_source_disable_unref(l->source);
        l->pause_source = sd_event_source_disable_unref(l->pause_source);
        l->fd = close_fd(l->fd);
}

int listener_bind(int type, const char *path, mode_t mode) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct sockaddr_un sa = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        (void) strcpy(sa.sun_path, path);
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        (void) unlink(path);
        /* the mode of the inode is the socket's: it is never more open than wanted */
        if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int listener_open(Listener *l, sd_event *event, int fd, int64_t priority, sd_event_io_handler_t handler,
                  void *userdata) {
        int r;

        *l = (Listener) { .fd = fd, .handler = handler, .userdata = userdata };
        r = sd_event_add_io(event, &l->source, fd, EPOLLIN, handler, userdata);
        if (r >= 0)
                r = sd_event_source_set_priority(l->source, priority);
        if (r < 0) {
                l->fd = -EBADF;
                listener_close(l);
        }
        return r;
}

int listener_replace(Listener *l, int fd) {
        Listener new;
        int64_t priority;
        int r;

        r = sd_event_source_get_priority(l->source, &priority);
        if (r >= 0)
                r = listener_open(&new, sd_event_source_get_event(l->source), fd, priority, l->handler, l->userdata);
        if (r < 0)
                return r;
        for (struct pollfd p = { .fd = l->fd, .events = POLLIN }; poll(&p, 1, 0) > 0 && !l->pause_source;)
                (void) l->handler(l->source, l->fd, POLLIN, l->userdata);
        listener_close(l);
        *l = new;
        return 0;
}

static int on_pause_over(sd_event_source *s, uint64_t usec, void *userdata) {
        Listener *l = userdata;

        (void) s, (void) usec;
        l->pause_source = sd_event_source_disable_unref(l->pause_source);
        return sd_event_source_set_enabled(l->source, SD_EVENT_ON);
}

static void pause_listening(Listener *l) {
        int r;

        if (l->pause_source)
                return;
        r = sd_event_add_time_relative(sd_event_source_get_event(l->source), &l->pause_source, CLOCK_MONOTONIC,
                                       PAUSE_USEC, 0, on_pause_over, l);
        if (r >= 0)
                (void) sd_event_source_set_enabled(l->source, SD_EVENT_OFF);
}

int listener_accept(Listener *l) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
                l->n_accepted++;
                return fd;
        }
        fd = -errno;
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
                log_warning_errno(fd, "Cannot accept a connection, trying again soon: %m");
                pause_listening(l);
        }
        return fd;
}

bool listener_is_served(Listener *l) {
        struct pollfd p = { .fd = l->fd, .events = POLLIN };
        bool accepted = l->n_accepted != l->n_seen;

        l->n_seen = l->n_accepted;
        return accepted || poll(&p, 1, 0) <= 0;
}

int listener_get_peer(int fd, struct ucred *ret, int *ret_pidfd) {
        socklen_t size = sizeof(*ret);
        int pidfd;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) < 0)
                return -errno;
        if (ret->pid <= 0) /* it is in a pid namespace beside ours */
                return -EXDEV;
        size = sizeof(pidfd);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) {
                if (errno != ENOPROTOOPT)
                        return -errno;
                pidfd = fd_pidfd_open(ret->pid);
                if (pidfd < 0)
                        return pidfd;
        }
        (void) fcntl(pidfd, F_SETFD, FD_CLOEXEC);
        *ret_pidfd = pidfd;
        return 0;
}
