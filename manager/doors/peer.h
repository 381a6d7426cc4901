/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/queue.h>
#include <systemd/sd-bus.h>

#include "manager/daemon/manager.h"

/* Who speaks to the objects over D-Bus: a client of our socket, or the system bus, for all who call by it. */

typedef struct Peer {
        struct Manager *manager;
        struct BusServer *server;
        LIST_ENTRY(Peer) entry;
        sd_bus *bus;
        uid_t uid;
        pid_t pid; /* 0 on the system bus, where uid is that of the message being answered */
        sd_event_source *input_source;
        size_t n_input; /* bytes since its last message, at least */
        bool heard; /* it has sent a message: from now on it gets signals */
} Peer;

/* Root inside of a cell (by sudo, say) is not the host's administrator: it counts as the cell's owner, and
 * where a cell has none, or is root's, as nobody; so it does where `pidfd` doesn't prove that the process lives whose
 * number that is. */
uid_t peer_effective_uid(Manager *m, uid_t uid, pid_t pid, int pidfd);

/* Closes a connection, whatever could be added to it. Returns NULL. */
sd_bus *peer_close_bus(sd_bus *bus);

/* The vtables, for each connection. */
int peer_attach_objects(Peer *p);
int manager_bus_attach(Peer *p);
int cell_bus_attach(Peer *p);
int session_bus_attach(Peer *p);
