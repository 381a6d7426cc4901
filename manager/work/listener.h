/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

/* A listening unix socket in the loop that does not spin when the manager is out of descriptors. */
typedef struct Listener {
        int fd;
        sd_event_source *source, *pause_source;
        sd_event_io_handler_t handler;
        void *userdata;
        uint64_t n_accepted, n_seen;
} Listener;

/* Binds `path` (what is there is removed: the caller holds the runtime directory's lock) with `mode`, and
 * returns the socket. -errno of socket(2), bind(2), listen(2); -ENAMETOOLONG. */
int listener_bind(int type, const char *path, mode_t mode);

/* Watches a non-blocking listening socket, and owns it from here, unless it fails. */
int listener_open(Listener *l, sd_event *event, int fd, int64_t priority, sd_event_io_handler_t handler,
                  void *userdata);
void listener_close(Listener *l);

/* Accepts all who wait, and goes on with another socket of the same kind, which it owns unless it fails; then it is as it
 * was. */
int listener_replace(Listener *l, int fd);

/* Accepts one connection, non-blocking and close-on-exec; -errno. When there is no room for one more (EMFILE,
 * ENFILE, ENOMEM) it listens again a moment later; who connects meanwhile waits in the backlog. */
int listener_accept(Listener *l);

/* Who has connected, with a pidfd that the caller closes: from Linux 6.5 on that of the process that did, before of the
 * one that has its number now. -EXDEV: it is in a pid namespace that we don't see; -ESRCH and others: it is gone. */
int listener_get_peer(int fd, struct ucred *ret, int *ret_pidfd);

/* Has somebody been accepted since the last call, or does nobody wait? */
bool listener_is_served(Listener *l);
