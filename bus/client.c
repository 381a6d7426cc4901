/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The socket is connected here and not by sd-bus, so that an absent manager is an errno of connect(2),
 * and no character of the path needs escaping. sd-bus authenticates lazily and waits for that on a
 * deadline of its own; here it is driven until it is done, on ours. */

#include "bus/client.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "bus/login.h"

static int connect_socket(const char *path) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        _cleanup_(close_fdp) int fd = -EBADF;

        if (login_set(sa.sun_path, sizeof(sa.sun_path), path) < 0)
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno; /* its backlog is full: it doesn't accept */
        return TAKE_FD(fd);
}

static int wait_until_ready(sd_bus *bus, uint64_t timeout_usec) {
        uint64_t deadline = login_now_usec() + timeout_usec;

        while (sd_bus_is_ready(bus) == 0) {
                uint64_t now = login_now_usec();
                int r;

                if (now >= deadline)
                        return -ETIMEDOUT;
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, deadline - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return sd_bus_is_open(bus) > 0 ? 0 : -ECONNRESET;
}

int client_connect(const char *path, uint64_t timeout_usec, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int fd, r;

        fd = connect_socket(path);
        if (fd < 0)
                return fd;
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        r = sd_bus_set_method_call_timeout(bus, timeout_usec);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = wait_until_ready(bus, timeout_usec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

int client_call(sd_bus *bus, const char *path, const char *interface, const char *member,
                sd_bus_error *error, sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, NULL, path, interface, member);
        if (r >= 0 && types) {
                va_list ap;

                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
        }
        return r < 0 ? r : sd_bus_call(bus, m, 0, error, ret_reply);
}

int client_is_gone(int error) {
        static const int gone[] = { ENOENT, ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE, ESHUTDOWN };

        for (size_t i = 0; i < ELEMENTSOF(gone); i++)
                if (error == -gone[i])
                        return 1;
        return 0;
}
