/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* Which name servers a cell with a network of its own asks, and by which resolv.conf(5). */

#define RESOLVER_SERVERS_MAX 3

typedef struct Resolver {
        IpPrefix servers[RESOLVER_SERVERS_MAX]; /* for the firewall to let through */
        size_t n_servers;
        char *text; /* of the cell's resolv.conf; NULL: the host's will do */
} Resolver;

void resolver_done(Resolver *r);

/* What DNS= and Domains= say, and else what the host's resolv.conf at `path` says; its servers at loopback
 * addresses are stubs that a cell can't reach, and those in the file `upstream` are taken for them.
 * 0; -ENOMEM. A file that can't be read has no servers. */
int resolver_choose(const Policy *p, const char *path, const char *upstream, Resolver *ret);

#define RESOLVER_PATH "/etc/resolv.conf"
#define RESOLVER_UPSTREAM_PATH "/run/systemd/resolve/resolv.conf" /* systemd-resolved(8) */
