/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "base/parse.h"
#include "policies/policy.h"

/* The host's own addresses, routes and gateways, with which a pool must have nothing in common: a gateway's address of
 * ours would be taken for the host's, and cells' addresses lead away from its networks. */

typedef struct HostNet HostNet;

/* The links of an instance: "cfXXXX..." of cells, "cgXXXX" with the gateways' addresses. */
#define HOST_NET_PREFIX_MAX 8
void host_net_links(const char *instance, char ret_cells[static HOST_NET_PREFIX_MAX],
                    char ret_gateways[static HOST_NET_PREFIX_MAX]);

/* As it is now, without what belongs to `instance`: of another one it is the host's. Blocks for as long as the kernel
 * takes to list them. -errno of netlink.h. */
int host_net_read(const char *instance, HostNet **ret);
HostNet *host_net_free(HostNet *n); /* takes NULL, returns NULL */
DEFINE_CLEANUP(HostNet *, host_net_free);

#define HOST_NET_WHY_MAX 192
/* Does a pool that the host is the router of (Mode=routed, a bridge of ours) overlap with any of it? `ret_why`, if it
 * does, says with what. The default route is no overlap. */
bool host_net_overlaps(const HostNet *n, const Policy *p, char ret_why[static HOST_NET_WHY_MAX]);
