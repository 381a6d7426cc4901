/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket without its path serves those who are connected and nobody else, and notices nothing. So the path is known by
 * its inode, and the directory is watched; a new socket takes over when who waits at the old one was accepted. */

#include "manager/doors/sockets.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/daemon/host.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/login-server.h"
#include "manager/work/fd-store.h"
#include "manager/work/listener.h"

#define RETRY_USEC (2 * USEC_PER_SEC)

static int serve_bus(Manager *m, int fd) {
        return m->bus ? bus_server_replace(m->bus, fd) : bus_server_new(m, fd, &m->bus);
}

static int serve_login(Manager *m, int fd) {
        return m->login ? login_server_replace(m->login, fd) : login_server_new(m, fd, &m->login);
}

static const struct {
        const char *name;
        int type;
        mode_t mode;
        int (*serve)(Manager *m, int fd);
} table[] = {
        { "bus", SOCK_STREAM, 0666, serve_bus },
        { "login", SOCK_SEQPACKET, 0600, serve_login },
};

struct Sockets {
        Manager *manager;
        sd_event_source *inotify_source, *retry_source;
        struct {
                dev_t dev;
                ino_t ino; /* 0: it was not there */
                bool passed, told;
        } items[ELEMENTSOF(table)];
};

Sockets *sockets_free(Sockets *s) {
        if (!s)
                return NULL;
        sd_event_source_disable_unref(s->inotify_source);
        sd_event_source_disable_unref(s->retry_source);
        free(s);
        return NULL;
}

static void note(Sockets *s, size_t i) {
        struct stat st;

        if (fstatat(s->manager->runtime_fd, table[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                st = (struct stat) {};
        s->items[i].dev = st.st_dev;
        s->items[i].ino = st.st_ino;
}

static bool is_there(const Sockets *s, size_t i) {
        struct stat st;

        return s->items[i].ino != 0 &&
                fstatat(s->manager->runtime_fd, table[i].name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
                st.st_dev == s->items[i].dev && st.st_ino == s->items[i].ino;
}

/* Serves `fd`, or a new one of the path; it belongs to the server then. */
static int serve(Sockets *s, size_t i, const char *path, int fd) {
        int r;

        if (fd < 0)
                fd = listener_bind(table[i].type, path, table[i].mode);
        if (fd < 0)
                return fd;
        note(s, i);
        r = table[i].serve(s->manager, fd);
        if (r < 0)
                close_fd(fd);
        return r;
}

/* False: it is worth another try. */
static bool restore(Sockets *s, size_t i) {
        _cleanup_(freep) char *path = manager_runtime_path(s->manager, table[i].name);
        bool told = s->items[i].told;
        int r;

        if (is_there(s, i)) {
                s->items[i].told = false;
                return true;
        }
        s->items[i].told = true;
        if (s->items[i].passed) {
                if (!told)
                        log_error("Somebody has removed the socket %s/%s, which the service manager had made: nobody gets in "
                                  "by it until it is made again (systemctl restart confined.socket confined-bus.socket)",
                                  s->manager->config.runtime_dir, table[i].name);
                return true;
        }
        r = path ? serve(s, i, path, -EBADF) : -ENOMEM;
        if (r < 0) {
                if (!told)
                        log_error_errno(r, "Somebody has removed the socket %s/%s, and it can't be made again (%m): nobody gets "
                                        "in by it; trying again", s->manager->config.runtime_dir, table[i].name);
                s->items[i].ino = 0;
                return false;
        }
        s->items[i].told = false;
        log_warning("Somebody has removed the socket %s, made it again", path);
        return true;
}

static void look(Sockets *s);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Sockets *s = userdata;

        (void) source, (void) usec;
        s->retry_source = sd_event_source_disable_unref(s->retry_source);
        look(s);
        return 0;
}

static void look(Sockets *s) {
        bool again = false;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                again = !restore(s, i) || again;
        if (!again || s->retry_source)
                return;
        r = sd_event_add_time_relative(s->manager->event, &s->retry_source, CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry, s);
        if (r < 0)
                log_error_errno(r, "Cannot look for the sockets again: %m");
}

static int on_change(sd_event_source *source, const struct inotify_event *e, void *userdata) {
        (void) source, (void) e;
        look(userdata);
        return 0;
}

static int open_one(Sockets *s, size_t i) {
        _cleanup_(freep) char *path = manager_runtime_path(s->manager, table[i].name);
        int fd, r;

        if (!path)
                return -ENOMEM;
        fd = fd_store_take_socket(s->manager->fd_store, table[i].name, table[i].type, path);
        if (fd == -EINVAL)
                log_warning("The socket \"%s\" that was passed is none at %s, ignoring it", table[i].name, path);
        s->items[i].passed = fd >= 0;
        r = serve(s, i, path, fd);
        return r < 0 ? log_error_errno(r, "Cannot serve the socket %s: %m", path) : 0;
}

int sockets_open(Manager *m) {
        Sockets *s = m->sockets = calloc(1, sizeof(*s));
        int r = s ? 0 : -ENOMEM;

        if (s)
                s->manager = m;
        for (size_t i = 0; i < ELEMENTSOF(table) && r >= 0; i++)
                r = open_one(s, i);
        if (r < 0)
                return r;
        m->bus_passed = s->items[0].passed;
        m->login_passed = s->items[1].passed;
        r = sd_event_add_inotify(m->event, &s->inotify_source, m->config.runtime_dir,
                                 IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR, on_change, s);
        if (r < 0)
                log_warning_errno(r, "Cannot watch %s, going on without: %m", m->config.runtime_dir);
        look(s); /* one that was passed may be without its path already */
        return 0;
}
