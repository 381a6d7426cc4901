/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose a link is, is asked of those alone that have something in common with the pool. */

#include "netns/host-net.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netns/bridge.h"
#include "netns/netlink.h"

struct HostNet {
        char instance[32], cells[HOST_NET_PREFIX_MAX], gateways[HOST_NET_PREFIX_MAX];
        struct nl_cache *addresses, *routes;
};

/* A short tag for names that the kernel keeps short. */
static uint16_t hash_name(const char *name) {
        uint32_t h = 2166136261U; /* FNV-1a */

        for (; *name; name++)
                h = (h ^ (unsigned char) *name) * 16777619U;
        return (uint16_t) (h ^ h >> 16);
}

void host_net_links(const char *instance, char ret_cells[static HOST_NET_PREFIX_MAX],
                    char ret_gateways[static HOST_NET_PREFIX_MAX]) {
        (void) snprintf(ret_cells, HOST_NET_PREFIX_MAX, "cf%04x", hash_name(instance));
        (void) snprintf(ret_gateways, HOST_NET_PREFIX_MAX, "cg%04x", hash_name(instance));
}

int host_net_read(const char *instance, HostNet **ret) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(host_net_freep) HostNet *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        (void) snprintf(n->instance, sizeof(n->instance), "%s", instance);
        host_net_links(instance, n->cells, n->gateways);
        r = netlink_open(&sk);
        if (r < 0)
                return r;
        r = rtnl_addr_alloc_cache(sk, &n->addresses);
        if (r >= 0)
                r = rtnl_route_alloc_cache(sk, AF_UNSPEC, 0, &n->routes);
        if (r < 0)
                return netlink_errno(r);
        *ret = TAKE_PTR(n);
        return 0;
}

HostNet *host_net_free(HostNet *n) {
        if (!n)
                return NULL;
        nl_cache_free(n->addresses); /* takes NULL */
        nl_cache_free(n->routes);
        free(n);
        return NULL;
}

/* One that is gone has taken its addresses and routes along. */
static bool is_own_link(const HostNet *n, int ifindex, char ret_name[static IF_NAMESIZE]) {
        if (!if_indextoname((unsigned) ifindex, ret_name))
                return true;
        return strncmp(ret_name, n->cells, strlen(n->cells)) == 0 || strcmp(ret_name, n->gateways) == 0 ||
                bridge_find(n->instance, ret_name) == -ENOTUNIQ;
}

static bool to_prefix(struct nl_addr *a, IpPrefix *ret) {
        int family = a ? nl_addr_get_family(a) : AF_UNSPEC;

        *ret = (IpPrefix) { .family = family };
        if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(a) > sizeof(ret->address))
                return false;
        ret->length = nl_addr_get_prefixlen(a);
        memcpy(ret->address.bytes, nl_addr_get_binary_addr(a), nl_addr_get_len(a));
        return true;
}

static bool overlap(const IpPrefix *a, const IpPrefix *b) {
        IpPrefix single = a->length < b->length ? *b : *a;

        if (a->family != b->family)
                return false;
        return prefix_contains(a->length < b->length ? a : b, &single);
}

/* Of each link alone, and of groups. */
static bool is_local(const IpPrefix *a) {
        return a->family == AF_INET6 && (a->address.bytes[0] == 0xff ||
                                         (a->address.bytes[0] == 0xfe && (a->address.bytes[1] & 0xc0) == 0x80));
}

/* Halves are how VPNs write a default route, 2000::/3 is all of IPv6 that is given out. */
static bool is_default(const IpPrefix *to) {
        return to->length <= 1 || (to->family == AF_INET6 && to->length <= 3);
}

static bool find_address(const HostNet *n, const IpPrefix *pool, char why[static HOST_NET_WHY_MAX]) {
        for (struct nl_object *o = nl_cache_get_first(n->addresses); o; o = nl_cache_get_next(o)) {
                struct rtnl_addr *address = (struct rtnl_addr *) o;
                char name[IF_NAMESIZE], own[PREFIX_STRING_MAX], text[PREFIX_STRING_MAX];
                IpPrefix a;

                if (!to_prefix(rtnl_addr_get_local(address), &a) || is_local(&a))
                        continue;
                a.length = (unsigned) rtnl_addr_get_prefixlen(address);
                if (!overlap(pool, &a) || is_own_link(n, rtnl_addr_get_ifindex(address), name))
                        continue;
                (void) snprintf(why, HOST_NET_WHY_MAX, "%s overlaps with the host's address %s on %s",
                                prefix_to_string(pool, own), prefix_to_string(&a, text), name);
                return true;
        }
        return false;
}

static bool find_nexthop(const HostNet *n, const IpPrefix *pool, struct rtnl_route *route, const IpPrefix *to,
                         char why[static HOST_NET_WHY_MAX]) {
        bool overlaps = to->family != AF_UNSPEC && !is_default(to) && overlap(pool, to);

        for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
                struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, i);
                char name[IF_NAMESIZE], own[PREFIX_STRING_MAX], text[PREFIX_STRING_MAX];
                IpPrefix via;
                bool leads_in = to_prefix(rtnl_route_nh_get_gateway(hop), &via) && overlap(pool, &via);

                if ((!overlaps && !leads_in) || is_own_link(n, rtnl_route_nh_get_ifindex(hop), name))
                        continue;
                (void) snprintf(why, HOST_NET_WHY_MAX, "%s overlaps with the host's %s %s on %s", prefix_to_string(pool, own),
                                leads_in ? "gateway" : "route to", prefix_to_string(leads_in ? &via : to, text), name);
                return true;
        }
        return false;
}

static bool find_route(const HostNet *n, const IpPrefix *pool, char why[static HOST_NET_WHY_MAX]) {
        for (struct nl_object *o = nl_cache_get_first(n->routes); o; o = nl_cache_get_next(o)) {
                struct rtnl_route *route = (struct rtnl_route *) o;
                IpPrefix to;

                if (rtnl_route_get_type(route) != RTN_UNICAST || rtnl_route_get_table(route) == RT_TABLE_LOCAL ||
                    rtnl_route_get_family(route) != pool->family)
                        continue;
                if (to_prefix(rtnl_route_get_dst(route), &to) && is_local(&to))
                        continue;
                if (find_nexthop(n, pool, route, &to, why))
                        return true;
        }
        return false;
}

bool host_net_overlaps(const HostNet *n, const Policy *p, char ret_why[static HOST_NET_WHY_MAX]) {
        if (p->network_mode != NETWORK_ROUTED && (p->network_mode != NETWORK_BRIDGE || p->n_gateways > 0))
                return false;
        for (size_t i = 0; i < p->n_pools; i++)
                if (find_address(n, &p->pools[i], ret_why) || find_route(n, &p->pools[i], ret_why))
                        return true;
        return false;
}
