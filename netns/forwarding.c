/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The changes made so far are kept in the result while it grows, so that undoing after an error
 * and restoring later are one function. */

#include "netns/forwarding.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"

#define IPV4_FORWARD "sys/net/ipv4/ip_forward"
#define IPV6_CONF "sys/net/ipv6/conf"
#define IPV6_FORWARD IPV6_CONF "/all/forwarding"

/* A switch's value without its newline. */
static int read_switch(int proc_fd, const char *path, char *ret) {
        _cleanup_(freep) char *text = NULL;
        ssize_t n;

        n = fd_read_file_at(proc_fd, path, 64, &text);
        if (n < 0)
                return (int) n;
        *ret = n == 2 && text[1] == '\n' ? text[0] : '?';
        return 0;
}

static void link_path(const char *link, const char *key, char path[static PATH_MAX]) {
        (void) snprintf(path, PATH_MAX, IPV6_CONF "/%s/%s", link, key);
}

static bool is_link(const struct dirent *entry) {
        static const char *const others[] = { ".", "..", "all", "default", "lo" };

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (strcmp(entry->d_name, others[i]) == 0)
                        return false;
        return true;
}

/* 0 also when the link vanishes meanwhile. */
static int keep_router_of(int proc_fd, const char *link, ForwardingChanges *c) {
        char path[PATH_MAX], accept_ra = '?', forwarding = '?';
        int r;

        link_path(link, "forwarding", path);
        r = read_switch(proc_fd, path, &forwarding);
        if (r >= 0) {
                link_path(link, "accept_ra", path);
                r = read_switch(proc_fd, path, &accept_ra);
        }
        if (r == -ENOENT)
                return 0;
        if (r < 0 || accept_ra != '1' || forwarding != '0')
                return r;

        r = strv_extend(&c->accept_ra, link);
        if (r < 0)
                return r;
        r = fd_write_file_at(proc_fd, path, "2");
        return r == -ENOENT ? 0 : r;
}

static int keep_routers(int proc_fd, ForwardingChanges *c) {
        _cleanup_(closedirp) DIR *dir = NULL;
        int fd;

        fd = openat(proc_fd, IPV6_CONF, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir) {
                int r = -errno;

                (void) close_fd(fd);
                return r;
        }
        for (;;) {
                const struct dirent *entry;
                int r;

                errno = 0;
                entry = readdir(dir);
                if (!entry)
                        return -errno;
                if (!is_link(entry))
                        continue;
                r = keep_router_of(proc_fd, entry->d_name, c);
                if (r < 0)
                        return r;
        }
}

static int enable_ipv6(int proc_fd, ForwardingChanges *c) {
        char value;
        int r;

        r = read_switch(proc_fd, IPV6_FORWARD, &value);
        if (r < 0 || value != '0')
                return r;
        r = keep_routers(proc_fd, c);
        if (r < 0)
                return r;
        r = fd_write_file_at(proc_fd, IPV6_FORWARD, "1");
        if (r < 0)
                return r;
        c->ipv6 = true;
        return 0;
}

static int enable_ipv4(int proc_fd, ForwardingChanges *c) {
        char value;
        int r;

        r = read_switch(proc_fd, IPV4_FORWARD, &value);
        if (r < 0 || value != '0')
                return r;
        r = fd_write_file_at(proc_fd, IPV4_FORWARD, "1");
        if (r < 0)
                return r;
        c->ipv4 = true;
        return 0;
}

void forwarding_changes_done(ForwardingChanges *c) {
        (void) strv_free(c->accept_ra);
        *c = (ForwardingChanges) {};
}

int forwarding_enable(int proc_fd, bool ipv4, bool ipv6, ForwardingChanges *ret) {
        _cleanup_(forwarding_changes_done) ForwardingChanges c = {};
        int r = 0;

        if (ipv4)
                r = enable_ipv4(proc_fd, &c);
        if (r >= 0 && ipv6)
                r = enable_ipv6(proc_fd, &c);
        if (r < 0) {
                (void) forwarding_restore(proc_fd, &c); /* the first error is the one to tell */
                return r;
        }
        *ret = c;
        c = (ForwardingChanges) {};
        return 0;
}

static int put_back(int proc_fd, const char *path, const char *value) {
        int r;

        r = fd_write_file_at(proc_fd, path, value);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return log_debug_errno(r, "Cannot put %s back to %s: %m", path, value);
        return 0;
}

int forwarding_restore(int proc_fd, const ForwardingChanges *c) {
        int r = 0, first = 0;

        if (c->ipv6)
                first = put_back(proc_fd, IPV6_FORWARD, "0");
        for (char **link = c->accept_ra; link && *link; link++) {
                char path[PATH_MAX], value;

                link_path(*link, "accept_ra", path);
                if (read_switch(proc_fd, path, &value) < 0 || value != '2')
                        continue; /* gone, or somebody else's by now */
                r = put_back(proc_fd, path, "1");
                first = first < 0 ? first : r;
        }
        if (c->ipv4) {
                r = put_back(proc_fd, IPV4_FORWARD, "0");
                first = first < 0 ? first : r;
        }
        return first;
}
