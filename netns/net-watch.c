/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Links of cells come and go all the time, and each has its route: so what is new is no news, but for addresses and
 * prefixes. A link that was just made is not up yet, either, but nothing in particular has changed of it. */

#include "netns/net-watch.h"

#include <errno.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/strv.h"

#define BUFFER_SIZE (32 * 1024)
#define QUEUE_SIZE (4 * 1024 * 1024)
#define LINKS_MAX 256

struct NetWatch {
        int fd;
};

void net_changes_done(NetChanges *c) {
        (void) strv_free(c->links);
        *c = (NetChanges) {};
}

int net_watch_new(NetWatch **ret) {
        static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                      RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF };
        _cleanup_(net_watch_freep) NetWatch *w = calloc(1, sizeof(*w));
        const struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        int size = QUEUE_SIZE;

        if (!w)
                return -ENOMEM;
        w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        if (w->fd < 0 || bind(w->fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (setsockopt(w->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
                        return -errno;
        (void) setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)); /* else it says ENOBUFS */
        *ret = TAKE_PTR(w);
        return 0;
}

NetWatch *net_watch_free(NetWatch *w) {
        if (w)
                close_fd(w->fd);
        free(w);
        return NULL;
}

int net_watch_fd(const NetWatch *w) {
        return w->fd;
}

static int add_link(NetChanges *c, const char *name) {
        for (size_t i = 0; c->links && c->links[i]; i++)
                if (strcmp(c->links[i], name) == 0)
                        return 0;
        if (strv_length(c->links) >= LINKS_MAX) {
                c->all = true;
                return 0;
        }
        return strv_extend(&c->links, name);
}

static int look_at_link(struct nlmsghdr *h, NetChanges *c) {
        const struct ifinfomsg *info = nlmsg_data(h);
        const struct nlattr *name = nlmsg_find_attr(h, sizeof(*info), IFLA_IFNAME);

        if (!name || nla_len(name) <= 0 || !memchr(nla_data(name), '\0', (size_t) nla_len(name)) ||
            (h->nlmsg_type == RTM_NEWLINK && (info->ifi_flags & IFF_UP || !(info->ifi_change & IFF_UP) ||
                                              info->ifi_change == ~0U)))
                return 0;
        return add_link(c, nla_data(name));
}

/* Of a link that is gone, the name comes with another message. */
static int look_at_address(struct nlmsghdr *h, NetChanges *c) {
        const struct ifaddrmsg *address = nlmsg_data(h);
        char name[IF_NAMESIZE];

        c->addresses = true;
        if (h->nlmsg_type != RTM_DELADDR || !if_indextoname(address->ifa_index, name))
                return 0;
        return add_link(c, name);
}

static void look_at_route(struct nlmsghdr *h, NetChanges *c) {
        const struct rtmsg *route = nlmsg_data(h);

        if (route->rtm_table != RT_TABLE_LOCAL && route->rtm_dst_len != (route->rtm_family == AF_INET ? 32 : 128))
                c->addresses = true;
}

static void look_at_switches(struct nlmsghdr *h, NetChanges *c) {
        const struct nlattr *link = nlmsg_find_attr(h, sizeof(struct netconfmsg), NETCONFA_IFINDEX),
                            *forwarding = nlmsg_find_attr(h, sizeof(struct netconfmsg), NETCONFA_FORWARDING);

        if (link && forwarding && (int32_t) nla_get_u32(link) == NETCONFA_IFINDEX_ALL && nla_get_u32(forwarding) == 0)
                c->forwarding_off = true;
}

static int look(struct nlmsghdr *h, NetChanges *c) {
        switch (h->nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
                return nlmsg_valid_hdr(h, sizeof(struct ifinfomsg)) ? look_at_link(h, c) : 0;
        case RTM_NEWADDR:
        case RTM_DELADDR:
                return nlmsg_valid_hdr(h, sizeof(struct ifaddrmsg)) ? look_at_address(h, c) : 0;
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
                if (nlmsg_valid_hdr(h, sizeof(struct rtmsg)))
                        look_at_route(h, c);
                return 0;
        case RTM_NEWNETCONF:
                if (nlmsg_valid_hdr(h, sizeof(struct netconfmsg)))
                        look_at_switches(h, c);
                return 0;
        default:
                return 0;
        }
}

int net_watch_read(NetWatch *w, NetChanges *ret) {
        static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));

        *ret = (NetChanges) {};
        for (;;) {
                ssize_t n = recv(w->fd, buffer, sizeof(buffer), 0);
                int left = (int) n;

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n < 0) {
                        ret->all = true;
                        return -errno;
                }
                for (struct nlmsghdr *h = (struct nlmsghdr *) buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
                        int r = look(h, ret);

                        if (r < 0) {
                                ret->all = true;
                                return r;
                        }
                }
        }
}
