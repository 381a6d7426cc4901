/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a bridge is ours is written nowhere but on the bridge: a MAC that is derived from the owner and the
 * name. So a later manager knows it, and one that somebody made anew under the same name is not taken for ours. */

#include "netns/bridge.h"

#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>

#include "netns/address.h"
#include "netns/link.h"
#include "netns/netlink.h"

/* By a socket of its own: libnl counts messages, and is told of none that went out in a batch. */
static int get_link(const char *name, struct rtnl_link **ret) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex = netlink_open_link(name, &sk);

        if (ifindex < 0)
                return ifindex;
        r = rtnl_link_get_kernel(sk, ifindex, NULL, ret);
        return r < 0 ? netlink_errno(r) : ifindex;
}

static int derive_mac(const char *owner, const char *name, uint8_t ret[static LINK_MAC_SIZE]) {
        char text[128];

        if ((size_t) snprintf(text, sizeof(text), "%s/%s", owner, name) >= sizeof(text))
                return -EINVAL;
        link_derive_mac(text, false, ret);
        return 0;
}

/* 1: ours, 0: another bridge. */
static int is_ours(struct rtnl_link *link, const char *owner, const char *name) {
        struct nl_addr *a = rtnl_link_get_addr(link);
        const char *type = rtnl_link_get_type(link);
        uint8_t mac[LINK_MAC_SIZE];
        int r = derive_mac(owner, name, mac);

        if (r < 0)
                return r;
        if (!type || strcmp(type, "bridge") != 0)
                return -EMEDIUMTYPE;
        return a && nl_addr_get_len(a) == LINK_MAC_SIZE &&
                memcmp(nl_addr_get_binary_addr(a), mac, LINK_MAC_SIZE) == 0;
}

int bridge_find(const char *owner, const char *name) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        int r, ifindex;

        ifindex = get_link(name, &link);
        if (ifindex < 0)
                return ifindex == -ENOENT ? -ENODEV : ifindex;
        r = is_ours(link, owner, name);
        return r < 0 ? r : r > 0 ? -ENOTUNIQ : ifindex;
}

/* Snooping of multicast would ask for reports from link-local addresses, which cells have none of. */
static int add_options(NetlinkBatch *b, int ifindex) {
        const struct ifinfomsg info = { .ifi_index = ifindex };
        struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWLINK, 0);
        struct nlattr *linkinfo, *data;

        if (!m)
                return -ENOMEM;
        if (nlmsg_append(m, (void *) &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
            !(linkinfo = nla_nest_start(m, IFLA_LINKINFO)) || nla_put_string(m, IFLA_INFO_KIND, "bridge") < 0 ||
            !(data = nla_nest_start(m, IFLA_INFO_DATA)) || nla_put_u8(m, IFLA_BR_MCAST_SNOOPING, 0) < 0 ||
            nla_put_u32(m, IFLA_BR_FORWARD_DELAY, 0) < 0 || nla_put_u32(m, IFLA_BR_STP_STATE, 0) < 0) {
                nlmsg_free(m);
                return -ENOMEM;
        }
        nla_nest_end(m, data);
        nla_nest_end(m, linkinfo);
        return netlink_batch_add(b, 0, m);
}

static int create(struct nl_sock *sk, const char *owner, const char *name) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
        _cleanup_(nl_addr_putp) struct nl_addr *mac = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        uint8_t bytes[LINK_MAC_SIZE];
        int r = derive_mac(owner, name, bytes);

        if (r < 0)
                return r;
        mac = nl_addr_build(AF_LLC, bytes, LINK_MAC_SIZE);
        if (!link || !mac)
                return -ENOMEM;
        rtnl_link_set_name(link, name);
        rtnl_link_set_addr(link, mac);
        r = rtnl_link_set_type(link, "bridge");
        if (r < 0)
                return netlink_errno(r);
        r = netlink_batch_add_link(&b, link, NLM_F_CREATE | NLM_F_EXCL);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

static int add_addresses(struct nl_sock *sk, int ifindex, const IpPrefix *addresses, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(netlink_batch_done) NetlinkBatch b = {};
                int r = address_batch_local(&b, ifindex, addresses + i, NLM_F_EXCL);

                if (r >= 0)
                        r = netlink_batch_send(&b, sk);
                if (r < 0 && r != -EEXIST)
                        return r;
        }
        return 0;
}

static int bring_up(struct nl_sock *sk, int ifindex) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        if (!link)
                return -ENOMEM;
        rtnl_link_set_ifindex(link, ifindex);
        rtnl_link_set_flags(link, IFF_UP);
        r = add_options(&b, ifindex);
        if (r < 0)
                return r;
        r = netlink_batch_add_link(&b, link, 0);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

int bridge_ensure(const char *owner, const char *name, const IpPrefix *addresses, size_t n_addresses) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        int r, ifindex;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        r = create(sk, owner, name);
        if (r < 0 && r != -EEXIST)
                return r;
        ifindex = get_link(name, &link);
        if (ifindex < 0)
                return ifindex;
        if (is_ours(link, owner, name) <= 0)
                return -EEXIST;
        r = bring_up(sk, ifindex);
        if (r >= 0)
                r = add_addresses(sk, ifindex, addresses, n_addresses);
        return r < 0 ? r : ifindex;
}

typedef struct PortCount {
        int bridge;
        unsigned n;
} PortCount;

static void count_port(struct nl_object *o, void *userdata) {
        PortCount *c = userdata;

        c->n += rtnl_link_get_master((struct rtnl_link *) o) == c->bridge;
}

int bridge_release(const char *owner, const char *name) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        struct nl_cache *links = NULL;
        PortCount count = {};
        int r;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        count.bridge = get_link(name, &link);
        if (count.bridge == -ENODEV)
                return 1;
        if (count.bridge < 0)
                return count.bridge;
        if (is_ours(link, owner, name) <= 0)
                return 0;
        r = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);
        if (r < 0)
                return netlink_errno(r);
        nl_cache_foreach(links, count_port, &count);
        nl_cache_free(links);
        if (count.n > 0)
                return 0;
        r = rtnl_link_delete(sk, link);
        r = netlink_errno(r);
        return r < 0 && r != -ENODEV ? r : 1;
}
