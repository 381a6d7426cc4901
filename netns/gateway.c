/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/gateway.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/route/link.h>

#include "netns/address.h"
#include "netns/link.h"
#include "netns/netlink.h"

static bool is_single(const IpPrefix *a) {
        return (a->family == AF_INET && a->length == 32) || (a->family == AF_INET6 && a->length == 128);
}

/* The kernel sets the interface up only by a later request: address generation comes first. */
static int create_holder(struct nl_sock *sk, const char *name, const char *kind) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        link = rtnl_link_alloc();
        if (!link)
                return -ENOMEM;
        rtnl_link_set_name(link, name);
        r = rtnl_link_set_type(link, kind);
        if (r < 0)
                return netlink_errno(r);
        r = netlink_batch_add_link(&b, link, NLM_F_CREATE | NLM_F_EXCL);
        if (r < 0)
                return r;
        return netlink_batch_send(&b, sk);
}

/* 1: made, 0: was there. */
static int make_holder(struct nl_sock *sk, const char *name) {
        int r;

        r = create_holder(sk, name, "dummy");
        if (r == -EOPNOTSUPP)
                r = create_holder(sk, name, "bridge");
        if (r == -EEXIST)
                return 0;
        return r < 0 ? r : 1;
}

static int bring_up_holder(struct nl_sock *sk, int ifindex) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        r = link_batch_settings(&b, ifindex);
        if (r >= 0)
                r = netlink_batch_add_flags(&b, ifindex, IFF_UP);
        if (r < 0)
                return r;
        return netlink_batch_send(&b, sk);
}

/* One batch each: there may be more addresses than a batch takes, and one that is there is no
 * error. */
static int add_holder_address(struct nl_sock *sk, int ifindex, const IpPrefix *address) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        int r;

        r = address_batch_local(&b, ifindex, address, NLM_F_EXCL);
        if (r < 0)
                return r;
        r = netlink_batch_send(&b, sk);
        return r == -EEXIST ? 0 : r < 0 ? r : 1;
}

static int configure_holder(struct nl_sock *sk, int ifindex, const IpPrefix *addresses, size_t n) {
        int r, made = 0;

        r = bring_up_holder(sk, ifindex);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = add_holder_address(sk, ifindex, addresses + i);
                made = made || r > 0;
        }
        return r < 0 ? r : made;
}

int gateway_ensure(const char *name, const IpPrefix *addresses, size_t n_addresses) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, made, ifindex;

        if (!link_name_is_valid(name))
                return -EINVAL;
        for (size_t i = 0; i < n_addresses; i++)
                if (!is_single(addresses + i))
                        return -EINVAL;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        made = make_holder(sk, name);
        if (made < 0)
                return made;
        ifindex = netlink_link_index(sk, name);
        if (ifindex < 0)
                return ifindex;

        r = configure_holder(sk, ifindex, addresses, n_addresses);
        if (r < 0 && made > 0)
                (void) link_remove_by_index(sk, ifindex); /* the first error is the one to tell */
        return r < 0 ? r : made > 0 || r > 0;
}

int gateway_drop(const char *name, const IpPrefix *addresses, size_t n_addresses) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex = netlink_open_link(name, &sk);

        if (ifindex < 0)
                return ifindex == -ENODEV ? 0 : ifindex;
        for (size_t i = 0; i < n_addresses; i++) {
                _cleanup_(netlink_batch_done) NetlinkBatch b = {};

                r = address_batch_drop(&b, ifindex, addresses + i);
                if (r >= 0)
                        r = netlink_batch_send(&b, sk);
                if (r < 0 && r != -EADDRNOTAVAIL)
                        return r;
        }
        return 0;
}
