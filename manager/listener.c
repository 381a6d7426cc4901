/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/listener.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/parse.h"

#define PAUSE_USEC (200 * USEC_PER_MSEC)

void listener_close(Listener *l) {
        l->source = sd_event_source_disable_unref(l->source);
        l->pause_source = sd_event_source_disable_unref(l->pause_source);
        l->fd = close_fd(l->fd);
}

int listener_open(Listener *l, sd_event *event, int type, const char *path, mode_t mode, int64_t priority,
                  sd_event_io_handler_t handler, void *userdata) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        int r;

        *l = (Listener) { .fd = -EBADF };
        if (strlen(path) >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        (void) strcpy(sa.sun_path, path);
        l->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l->fd < 0)
                return -errno;
        (void) unlink(path);
        /* the mode of the inode is the socket's: it is never more open than wanted */
        if (fchmod(l->fd, mode) < 0 || bind(l->fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
            chmod(path, mode) < 0 || listen(l->fd, SOMAXCONN) < 0) {
                r = -errno;
                listener_close(l);
                return r;
        }
        r = sd_event_add_io(event, &l->source, l->fd, EPOLLIN, handler, userdata);
        if (r >= 0)
                r = sd_event_source_set_priority(l->source, priority);
        if (r < 0)
                listener_close(l);
        return r;
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

        if (fd >= 0)
                return fd;
        fd = -errno;
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
                log_warning_errno(fd, "Cannot accept a connection, trying again soon: %m");
                pause_listening(l);
        }
        return fd;
}
