/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/link-owner.h"

#include <stdio.h>
#include <string.h>

#include "netns/netlink.h"

#define ALIAS "confine instance "

static int read_alias(struct nl_sock *sk, const char *name, char ret[static LINK_OWNER_MAX]) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        const char *alias;
        int r;

        r = netlink_errno(rtnl_link_get_kernel(sk, 0, name, &link));
        if (r == -ENODEV)
                return 0;
        if (r < 0)
                return r;
        alias = rtnl_link_get_ifalias(link);
        if (!alias || strncmp(alias, ALIAS, strlen(ALIAS)) != 0)
                return 0;
        (void) snprintf(ret, LINK_OWNER_MAX, "%s", alias + strlen(ALIAS));
        return 1;
}

int link_read_owner(const char *name, char ret[static LINK_OWNER_MAX]) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        r = netlink_open(&sk);
        return r < 0 ? r : read_alias(sk, name, ret);
}

int link_set_owner(const char *name, const char *owner) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        char text[LINK_OWNER_MAX + 32], before[LINK_OWNER_MAX];
        int r, ifindex;

        ifindex = netlink_open_link(name, &sk);
        if (ifindex < 0)
                return ifindex;
        r = read_alias(sk, name, before);
        if (r != 0)
                return r < 0 ? r : strcmp(before, owner) == 0 ? 0 : -EADDRINUSE;
        link = rtnl_link_alloc();
        if (!link)
                return -ENOMEM;
        (void) snprintf(text, sizeof(text), ALIAS "%s", owner);
        rtnl_link_set_ifindex(link, ifindex);
        rtnl_link_set_ifalias(link, text);
        r = netlink_batch_add_link(&b, link, 0);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}
