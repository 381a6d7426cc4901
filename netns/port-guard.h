/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parse.h"

/* What cells may send that are ports of a bridge, and what cells on bridges of ours may reach. Two nftables
 * tables beside that of firewall.h, whose notes on errors and blocking hold here, too. As there, the rules are
 * few and fixed, and a cell is a handful of elements.
 *
 *   from a port      its own MAC; ARP and IP with its own addresses; neighbour advertisements of them.
 *                    No router advertisements, redirects, DHCP answers, VLAN tags, other protocols.
 *   from a bridge of ours
 *     to the world   yes, up to as many connections as are allowed; masqueraded where asked for
 *     to another     refused, by way of the gateway; directly if its ports are not isolated
 *     to the host    echo requests, and answers
 *   to a bridge of ours: answers, and what the host itself sends */

typedef struct GuardedPort {
        const char *link, *bridge;
        bool own_bridge; /* it is ours, and so is what is routed from it */
        bool masquerade;
        uint64_t max_connections; /* of each family, by a bridge of ours; LIMIT_NONE of policy.h */
        IpPrefix address4, address6; /* single addresses; family 0: none */
} GuardedPort;

/* Makes the tables, or replaces them, with these ports. `table` is that of firewall.h, which must be there:
 * what it drops of others' forwarding is not to hold for bridges of ours. */
int port_guard_setup(const char *table, const char *link_prefix, const GuardedPort *ports, size_t n_ports);
int port_guard_add(const char *table, const GuardedPort *port);
/* `last`: of its bridge, which is gone. 0 also for what is not there. */
int port_guard_remove(const char *table, const GuardedPort *port, bool last);
int port_guard_teardown(const char *table);
