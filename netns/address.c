/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Objects of libnl to requests; nothing is sent here. */

#include "netns/address.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/route/nexthop.h>

static int describe(int ifindex, const IpPrefix *address, struct rtnl_addr **ret) {
        _cleanup_(rtnl_addr_putp) struct rtnl_addr *a = rtnl_addr_alloc();
        _cleanup_(nl_addr_putp) struct nl_addr *local = NULL;
        int r;

        if (!a)
                return -ENOMEM;
        r = netlink_address(address, &local);
        if (r < 0)
                return r;
        rtnl_addr_set_ifindex(a, ifindex);
        r = rtnl_addr_set_local(a, local);
        if (r < 0)
                return netlink_errno(r);
        *ret = TAKE_PTR(a);
        return 0;
}

int address_batch_local(NetlinkBatch *b, int ifindex, const IpPrefix *address, int flags) {
        _cleanup_(rtnl_addr_putp) struct rtnl_addr *a = NULL;
        struct nl_msg *m = NULL;
        int r = describe(ifindex, address, &a);

        if (r < 0)
                return r;
        if (address->family == AF_INET6)
                rtnl_addr_set_flags(a, IFA_F_NODAD);
        r = rtnl_addr_build_add_request(a, NLM_F_CREATE | flags, &m);
        return netlink_batch_add(b, r, m);
}

int address_batch_drop(NetlinkBatch *b, int ifindex, const IpPrefix *address) {
        _cleanup_(rtnl_addr_putp) struct rtnl_addr *a = NULL;
        struct nl_msg *m = NULL;
        int r = describe(ifindex, address, &a);

        if (r < 0)
                return r;
        r = rtnl_addr_build_delete_request(a, 0, &m);
        return netlink_batch_add(b, r, m);
}

int address_batch_neighbour(NetlinkBatch *b, int ifindex, const IpPrefix *address,
                            const uint8_t mac[static ADDRESS_MAC_SIZE]) {
        _cleanup_(rtnl_neigh_putp) struct rtnl_neigh *n = NULL;
        _cleanup_(nl_addr_putp) struct nl_addr *dst = NULL, *lladdr = NULL;
        struct nl_msg *m = NULL;
        int r;

        n = rtnl_neigh_alloc();
        lladdr = nl_addr_build(AF_LLC, mac, ADDRESS_MAC_SIZE);
        if (!n || !lladdr)
                return -ENOMEM;
        r = netlink_address(address, &dst);
        if (r < 0)
                return r;
        rtnl_neigh_set_ifindex(n, ifindex);
        rtnl_neigh_set_state(n, NUD_PERMANENT);
        rtnl_neigh_set_lladdr(n, lladdr);
        r = rtnl_neigh_set_dst(n, dst);
        if (r < 0)
                return netlink_errno(r);

        r = rtnl_neigh_build_add_request(n, NLM_F_CREATE | NLM_F_REPLACE, &m);
        return netlink_batch_add(b, r, m);
}

static int set_nexthop(struct rtnl_route *route, int ifindex, struct nl_addr *gateway) {
        struct rtnl_nexthop *nh;

        nh = rtnl_route_nh_alloc();
        if (!nh)
                return -ENOMEM;
        rtnl_route_nh_set_ifindex(nh, ifindex);
        if (gateway) {
                rtnl_route_nh_set_gateway(nh, gateway);
                rtnl_route_nh_set_flags(nh, RTNH_F_ONLINK);
        }
        rtnl_route_add_nexthop(route, nh); /* owns it from here on */
        return 0;
}

int address_batch_route(NetlinkBatch *b, int ifindex, const IpPrefix *to, const IpPrefix *gateway,
                        const IpPrefix *prefsrc) {
        _cleanup_(nl_addr_putp) struct nl_addr *dst = NULL, *via = NULL, *src = NULL;
        _cleanup_(rtnl_route_putp) struct rtnl_route *route = NULL;
        struct nl_msg *m = NULL;
        int r;

        route = rtnl_route_alloc();
        if (!route)
                return -ENOMEM;
        r = netlink_address(to, &dst);
        if (r >= 0 && gateway)
                r = netlink_address(gateway, &via);
        if (r >= 0 && prefsrc)
                r = netlink_address(prefsrc, &src);
        if (r < 0)
                return r;

        r = rtnl_route_set_dst(route, dst); /* sets the family too */
        if (r >= 0 && src)
                r = rtnl_route_set_pref_src(route, src);
        if (r < 0)
                return netlink_errno(r);
        rtnl_route_set_protocol(route, RTPROT_STATIC);
        rtnl_route_set_scope(route,
                             gateway || to->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
        r = set_nexthop(route, ifindex, via);
        if (r < 0)
                return r;

        r = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &m);
        return netlink_batch_add(b, r, m);
}
