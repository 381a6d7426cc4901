/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/cell-end.h"

#include <net/if.h>
#include <sys/socket.h>

#include "netns/address.h"
#include "netns/netlink.h"
#include "netns/netns.h"

static int add_family(NetlinkBatch *b, int ifindex, const CellEnd *e, const IpPrefix *address,
                      const IpPrefix *gateway) {
        const IpPrefix anywhere = { .family = address->family };
        bool has_gateway = gateway->family != AF_UNSPEC;
        int r;

        if (address->family == AF_UNSPEC)
                return 0;
        r = address_batch_local(b, ifindex, address, NLM_F_EXCL);
        if (r < 0 || (!has_gateway && !e->routed_by_host))
                return r;
        r = e->gateway_mac && has_gateway ? address_batch_neighbour(b, ifindex, gateway, e->gateway_mac) : 0;
        if (r < 0)
                return r;
        return address_batch_route(b, ifindex, &anywhere, has_gateway ? gateway : NULL, NULL);
}

#ifndef IFF_NOARP
#define IFF_NOARP 0x80
#endif

static int add_settings(NetlinkBatch *b, int ifindex) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();

        if (!link)
                return -ENOMEM;
        rtnl_link_set_ifindex(link, ifindex);
        netlink_no_generation(link);
        return netlink_batch_add_link(b, link, 0);
}

/* Who knows its only neighbour needs no ARP. And without, no group of its address is joined and reported: the
 * neighbour that such a report goes to counts in the kernel's one table for all namespaces, from which the host's
 * true neighbours have to go when there are too many. */
static int configure(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        const CellEnd *e = userdata;
        int r, ifindex = netlink_open_link(e->name, &sk);

        if (ifindex < 0)
                return ifindex;

        r = netlink_batch_add_flags(&b, 1, IFF_UP); /* loopback is number 1 in every namespace since 3.5 */
        if (r >= 0)
                r = add_settings(&b, ifindex);
        if (r >= 0)
                r = netlink_batch_add_flags(&b, ifindex, IFF_UP | (e->gateway_mac ? IFF_NOARP : 0));
        if (r >= 0)
                r = add_family(&b, ifindex, e, &e->address4, &e->gateway4);
        if (r >= 0)
                r = add_family(&b, ifindex, e, &e->address6, &e->gateway6);
        if (r < 0)
                return r;
        return netlink_batch_send(&b, sk);
}

static int bring_up_loopback(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r = netlink_open(&sk);

        (void) userdata;
        if (r >= 0)
                r = netlink_batch_add_flags(&b, 1, IFF_UP);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

int cell_end_loopback(int netns_fd) {
        return netns_call(netns_fd, bring_up_loopback, NULL);
}

int cell_end_configure(const CellEnd *e) {
        CellEnd copy = *e;

        return netns_call(e->netns_fd, configure, &copy);
}
