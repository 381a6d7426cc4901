/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parse.h"

/* What the firewall of netns/firewall.h is made of. */

#define FIREWALL_TABLE_MAX 31

typedef struct FirewallConfig {
        const char *table;           /* "confine" */
        const char *link_prefix;     /* links of cells begin with this, no others do */
        const IpPrefix *gateways;    /* the addresses on the gateway holder */
        size_t n_gateways;
        bool guard_ipv4, guard_ipv6; /* drop what is forwarded between links that are not cells':
                                      * for a host that forwards only because we made it */
} FirewallConfig;

/* How much traffic cells may have together, both ways: an object of the table, which cells name. */
typedef struct FirewallVolume {
        const char *name;    /* [A-Za-z0-9_.-]+, beginning with a letter, at most FIREWALL_VOLUME_MAX; NULL: none */
        uint64_t max_bytes;  /* what is beyond is refused; FIREWALL_COUNT_ONLY */
        uint64_t used_bytes; /* to begin with; one that is there goes on from where it is */
} FirewallVolume;
#define FIREWALL_VOLUME_MAX 96
#define FIREWALL_COUNT_ONLY ((uint64_t) INT64_MAX)

typedef struct FirewallCell FirewallCell;

struct FirewallCell {
        const char *link;            /* host's end; NULL: it is elsewhere, and only its addresses and `port` count */
        IpPrefix address4, address6; /* family 0: none */
        const char *port;            /* on a bridge: its link, whose MAC tells what was not routed; NULL: none */
        bool masquerade;
        const IpPrefix *dns;         /* servers on the host's own addresses; others need nothing */
        size_t n_dns;
        const struct PolicyPort *ports; /* of the host that lead to the cell; no two cells have one in common */
        size_t n_ports;
        FirewallVolume user_volume, policy_volume;
        const struct Policy *policy; /* whose chains decide; NULL: the world, nothing else */
};
