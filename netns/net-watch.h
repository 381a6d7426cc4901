/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

/* Notices what anybody does to the host's links, addresses, routes and forwarding switches: the kernel tells of each
 * change, by route netlink. It does not say who made it. */

typedef struct NetWatch NetWatch;

typedef struct NetChanges {
        bool addresses;      /* of the host, or routes that are not to a single address */
        bool forwarding_off; /* of all links, in one of the families */
        bool all;            /* too much to keep up with: anything may be different */
        char **links;        /* that are gone, were set down, or have lost an address; each once */
} NetChanges;

void net_changes_done(NetChanges *c); /* leaves it zeroed */

int net_watch_new(NetWatch **ret); /* for the network namespace of the calling thread; -errno of making the socket */
NetWatch *net_watch_free(NetWatch *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(NetWatch *, net_watch_free);

int net_watch_fd(const NetWatch *w); /* readable: call net_watch_read() */

/* Reads what there is, into `ret` in every case. -ENOMEM; -errno of recv(2): `all` is set then. */
int net_watch_read(NetWatch *w, NetChanges *ret);
