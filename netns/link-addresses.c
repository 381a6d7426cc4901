/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/link-addresses.h"

#include <string.h>

#include "netns/netlink.h"

DEFINE_CLEANUP(struct nl_cache *, nl_cache_free);

typedef struct Search {
        int ifindex;
        IpPrefix *v4, *v6;
} Search;

static void visit(struct nl_object *object, void *userdata) {
        struct rtnl_route *route = (struct rtnl_route *) object;
        struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
        struct nl_addr *dst = rtnl_route_get_dst(route);
        Search *s = userdata;
        IpPrefix *ret;
        int family;

        if (!hop || !dst || rtnl_route_nh_get_ifindex(hop) != s->ifindex)
                return;
        family = nl_addr_get_family(dst);
        if (nl_addr_get_prefixlen(dst) != (family == AF_INET ? 32U : 128U) ||
            nl_addr_get_len(dst) != (family == AF_INET ? 4U : 16U))
                return;
        ret = family == AF_INET ? s->v4 : s->v6;
        if (ret->family != AF_UNSPEC ||
            (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((struct in6_addr *) nl_addr_get_binary_addr(dst))))
                return;
        ret->family = family;
        ret->length = family == AF_INET ? 32 : 128;
        memcpy(&ret->address, nl_addr_get_binary_addr(dst), nl_addr_get_len(dst));
}

int link_read_addresses(const char *name, IpPrefix *ret4, IpPrefix *ret6) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(nl_cache_freep) struct nl_cache *routes = NULL;
        Search s = { .v4 = ret4, .v6 = ret6 };
        int r;

        *ret4 = *ret6 = (IpPrefix) {};
        s.ifindex = netlink_open_link(name, &sk);
        if (s.ifindex < 0)
                return s.ifindex;
        r = rtnl_route_alloc_cache(sk, AF_UNSPEC, 0, &routes);
        if (r < 0)
                return netlink_errno(r);
        nl_cache_foreach(routes, visit, &s);
        return 0;
}
