/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An interface is moved into a cell by one request that renames it, too, and gives it the index by which it is found
 * again. On the way back it gets its name before: a request that moves and then finds the name taken leaves it moved,
 * under the name that it had. When a namespace dies with an
 * interface in it, the kernel brings virtual links to an end with it, and real ones back to the host under some
 * name; with the namespace pinned that does not happen, but the index would tell even then. */

#include "netns/inner-link.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netns/netlink.h"
#include "netns/netns.h"

/* In linux/if_link.h, where ours is newer than the headers. */
#ifndef IPVLAN_F_PRIVATE
#define IPVLAN_F_PRIVATE 0x01
#endif

static int begin(int type, int ifindex, int flags, struct nl_msg **ret) {
        const struct ifinfomsg info = { .ifi_index = ifindex };
        struct nl_msg *m = nlmsg_alloc_simple(type, flags);

        if (!m)
                return -ENOMEM;
        if (nlmsg_append(m, (void *) &info, sizeof(info), NLMSG_ALIGNTO) < 0) {
                nlmsg_free(m);
                return -ENOMEM;
        }
        *ret = m;
        return 0;
}

/* --- macvlan, ipvlan --------------------------------------------------------------------- */

static bool put_kind(struct nl_msg *m, const InnerLink *l) {
        struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO), *data;

        if (!info || nla_put_string(m, IFLA_INFO_KIND, l->ipvlan ? "ipvlan" : "macvlan") < 0)
                return false;
        data = nla_nest_start(m, IFLA_INFO_DATA);
        if (!data)
                return false;
        if (l->ipvlan) {
                if (nla_put_u16(m, IFLA_IPVLAN_MODE, l->l3s ? IPVLAN_MODE_L3S : IPVLAN_MODE_L2) < 0 ||
                    nla_put_u16(m, IFLA_IPVLAN_FLAGS, l->isolated ? IPVLAN_F_PRIVATE : 0) < 0)
                        return false;
        } else if (nla_put_u32(m, IFLA_MACVLAN_MODE, l->isolated ? MACVLAN_MODE_PRIVATE : MACVLAN_MODE_BRIDGE) < 0)
                return false;
        nla_nest_end(m, data);
        nla_nest_end(m, info);
        return true;
}

int inner_link_make(const InnerLink *l) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        int r, parent;

        parent = netlink_open_link(l->parent, &sk);
        if (parent < 0)
                return parent;
        r = begin(RTM_NEWLINK, parent | INNER_INDEX_BIT, NLM_F_CREATE | NLM_F_EXCL, &m);
        if (r < 0)
                return r;
        if (nla_put_string(m, IFLA_IFNAME, l->cell_name) < 0 || nla_put_u32(m, IFLA_LINK, (uint32_t) parent) < 0 ||
            nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t) l->netns_fd) < 0 ||
            (!l->ipvlan && nla_put(m, IFLA_ADDRESS, LINK_MAC_SIZE, l->mac) < 0) || !put_kind(m, l))
                return -ENOMEM;
        return netlink_send(sk, TAKE_PTR(m));
}

/* The link in this namespace that is known by its index; 0: there is none. */
static int find_inner(struct nl_sock *sk) {
        struct nl_cache *links = NULL;
        int r, ifindex = 0;

        r = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);
        if (r < 0)
                return netlink_errno(r);
        for (struct nl_object *o = nl_cache_get_first(links); o && !ifindex; o = nl_cache_get_next(o))
                if (rtnl_link_get_ifindex((struct rtnl_link *) o) & INNER_INDEX_BIT)
                        ifindex = rtnl_link_get_ifindex((struct rtnl_link *) o);
        nl_cache_free(links);
        return ifindex;
}

/* libnl counts the messages of a socket, so what asks has one of its own, and what changes another. */
static int open_both(struct nl_sock **ret_asking, struct nl_sock **ret_changing) {
        int r = netlink_open(ret_asking);

        return r < 0 ? r : netlink_open(ret_changing);
}

static int remove_inside(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *asking = NULL, *sk = NULL;
        int r = open_both(&asking, &sk), ifindex = 0;

        (void) userdata;
        while (r >= 0 && (ifindex = find_inner(asking)) > 0) {
                _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;

                r = begin(RTM_DELLINK, ifindex, 0, &m);
                if (r >= 0)
                        r = netlink_send(sk, TAKE_PTR(m));
                if (r == -ENODEV)
                        r = 0;
        }
        return r < 0 ? r : ifindex;
}

int inner_link_remove(int netns_fd) {
        return netns_call(netns_fd, remove_inside, NULL);
}

int inner_link_is_supported(bool ipvlan) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        const InnerLink l = { .ipvlan = ipvlan };
        int r = netlink_open(&sk);

        if (r >= 0)
                r = begin(RTM_NEWLINK, 0, NLM_F_CREATE | NLM_F_EXCL, &m);
        if (r < 0 || !put_kind(m, &l))
                return 1;
        return netlink_send(sk, TAKE_PTR(m)) != -EOPNOTSUPP; /* with no parent it is refused in any case, but late */
}

/* --- interfaces of the host -------------------------------------------------------------- */

int interface_read(const char *name, InterfaceState *ret) {
        _cleanup_(close_fdp) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {};
        InterfaceState state = {};

        if (strlen(name) >= sizeof(request.ifr_name))
                return -EINVAL;
        (void) strcpy(request.ifr_name, name);
        if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0)
                return -errno;
        state.mtu = (unsigned) request.ifr_mtu;
        if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
                return -errno;
        state.ifindex = request.ifr_ifindex;
        if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
                return -errno;
        memcpy(state.mac, request.ifr_hwaddr.sa_data, LINK_MAC_SIZE);
        if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        state.up = request.ifr_flags & IFF_UP;
        *ret = state;
        return 0;
}

/* What stands on it, or on the other end of it here. */
static int check_links(struct nl_sock *sk, int ifindex, char ret_why[static INTERFACE_WHY_MAX]) {
        struct nl_cache *links = NULL;
        int r = rtnl_link_alloc_cache(sk, AF_UNSPEC, &links);

        if (r < 0)
                return netlink_errno(r);
        for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
                struct rtnl_link *link = (struct rtnl_link *) o;
                const char *type = rtnl_link_get_type(link) ?: "";

                if (rtnl_link_get_ifindex(link) == ifindex) {
                        if (rtnl_link_get_master(link) > 0)
                                (void) snprintf(ret_why, INTERFACE_WHY_MAX, "it is a port of a bridge or bond");
                        else if (strcmp(type, "bridge") == 0 || strcmp(type, "bond") == 0)
                                (void) snprintf(ret_why, INTERFACE_WHY_MAX, "it is a %s", type);
                } else if (rtnl_link_get_link(link) == ifindex && strcmp(type, "veth") != 0 &&
                           rtnl_link_get_link_netnsid(link, &(int32_t) { 0 }) < 0)
                        (void) snprintf(ret_why, INTERFACE_WHY_MAX, "%s is on top of it", rtnl_link_get_name(link));
        }
        nl_cache_free(links);
        return *ret_why ? -EBUSY : 0;
}

static int check_addresses(struct nl_sock *sk, int ifindex, char ret_why[static INTERFACE_WHY_MAX]) {
        struct nl_cache *addresses = NULL;
        int r = rtnl_addr_alloc_cache(sk, &addresses);

        if (r < 0)
                return netlink_errno(r);
        for (struct nl_object *o = nl_cache_get_first(addresses); o && !*ret_why; o = nl_cache_get_next(o)) {
                struct rtnl_addr *a = (struct rtnl_addr *) o;
                char text[80];

                if (rtnl_addr_get_ifindex(a) == ifindex && rtnl_addr_get_scope(a) < RT_SCOPE_LINK)
                        (void) snprintf(ret_why, INTERFACE_WHY_MAX, "the host has address %s on it",
                                        nl_addr2str(rtnl_addr_get_local(a), text, sizeof(text)));
        }
        nl_cache_free(addresses);
        return *ret_why ? -EBUSY : 0;
}

int interface_check(const char *name, const char *own_prefix, char ret_why[static INTERFACE_WHY_MAX]) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        *ret_why = '\0';
        ifindex = netlink_open_link(name, &sk);
        if (ifindex < 0)
                return ifindex;
        if (strncmp(name, own_prefix, strlen(own_prefix)) == 0) {
                (void) snprintf(ret_why, INTERFACE_WHY_MAX, "it is a link that confine has made");
                return -EBUSY;
        }
        r = check_links(sk, ifindex, ret_why);
        return r < 0 ? r : check_addresses(sk, ifindex, ret_why);
}

/* Moves `ifindex` of this namespace to another one, where it has that name and index (0: as the kernel likes). */
static int move(struct nl_sock *sk, int ifindex, int netns_fd, const char *name, int new_ifindex) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        int r = begin(RTM_NEWLINK, ifindex, 0, &m);

        if (r < 0)
                return r;
        if (nla_put_u32(m, IFLA_NET_NS_FD, (uint32_t) netns_fd) < 0 || nla_put_string(m, IFLA_IFNAME, name) < 0 ||
            (new_ifindex > 0 && nla_put_u32(m, IFLA_NEW_IFINDEX, (uint32_t) new_ifindex) < 0))
                return -ENOMEM;
        return netlink_send(sk, TAKE_PTR(m));
}

static int set_down(struct nl_sock *sk, int ifindex) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        const struct ifinfomsg info = { .ifi_index = ifindex, .ifi_change = IFF_UP };

        m = nlmsg_alloc_simple(RTM_NEWLINK, 0);
        if (!m || nlmsg_append(m, (void *) &info, sizeof(info), NLMSG_ALIGNTO) < 0)
                return -ENOMEM;
        return netlink_send(sk, TAKE_PTR(m));
}

static int rename_link(struct nl_sock *sk, int ifindex, const char *name) {
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        int r = begin(RTM_NEWLINK, ifindex, 0, &m);

        if (r < 0)
                return r;
        return nla_put_string(m, IFLA_IFNAME, name) < 0 ? -ENOMEM : netlink_send(sk, TAKE_PTR(m));
}

int interface_lend(const char *name, int netns_fd, const char *cell_name) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        ifindex = netlink_open_link(name, &sk);
        if (ifindex < 0)
                return ifindex;
        r = set_down(sk, ifindex); /* else it could not get another name */
        return r < 0 ? r : move(sk, ifindex, netns_fd, cell_name, ifindex | INNER_INDEX_BIT);
}

typedef struct Return {
        const char *name;
        int host_fd, ifindex; /* in the cell; 0: has to be found */
} Return;

/* In the cell's namespace. The name there may be any: its root can change it. 0: there is none to move. */
static int move_back(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *asking = NULL, *sk = NULL;
        const Return *back = userdata;
        int r, ifindex = back->ifindex;

        r = open_both(&asking, &sk);
        if (r < 0)
                return r;
        if (!ifindex)
                ifindex = find_inner(asking);
        if (ifindex <= 0)
                return ifindex;
        r = set_down(sk, ifindex);
        if (r < 0)
                return r == -ENODEV ? 0 : r;
        (void) rename_link(sk, ifindex, back->name); /* if another one in the cell has it, the move does that */
        r = move(sk, ifindex, back->host_fd, back->name, ifindex & ~INNER_INDEX_BIT);
        if (r == -EBUSY) /* somebody has that number by now */
                r = move(sk, ifindex, back->host_fd, back->name, 0);
        return r < 0 ? r : 1;
}

/* 1: it is still there. */
static int look_inside(void *userdata) {
        _cleanup_(nl_socket_freep) struct nl_sock *asking = NULL;
        const Return *back = userdata;
        char name[IF_NAMESIZE];
        int r;

        if (back->ifindex)
                return if_indextoname((unsigned) back->ifindex, name) != NULL;
        r = netlink_open(&asking);
        return r < 0 ? r : MIN(find_inner(asking), 1);
}

/* What the kernel itself has brought back, under whatever name. */
static int name_stranded(const Return *here) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r = netlink_open(&sk);

        if (r >= 0)
                r = set_down(sk, here->ifindex);
        return r < 0 ? r : rename_link(sk, here->ifindex, here->name);
}

static int restore(const char *name, const InterfaceState *state) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        _cleanup_(nlmsg_freep) struct nl_msg *m = NULL;
        InterfaceState now;
        int r, ifindex;

        r = interface_read(name, &now);
        if (r < 0)
                return r;
        ifindex = netlink_open_link(name, &sk);
        if (ifindex < 0)
                return ifindex;
        r = begin(RTM_NEWLINK, ifindex, 0, &m);
        if (r < 0)
                return r;
        if ((now.mtu != state->mtu && nla_put_u32(m, IFLA_MTU, state->mtu) < 0) ||
            (memcmp(now.mac, state->mac, LINK_MAC_SIZE) != 0 &&
             nla_put(m, IFLA_ADDRESS, LINK_MAC_SIZE, state->mac) < 0))
                return -ENOMEM;
        r = netlink_batch_add(&b, 0, TAKE_PTR(m));
        if (r >= 0 && state->up)
                r = netlink_batch_add_flags(&b, ifindex, IFF_UP);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

int interface_take_back(const char *name, int netns_fd, const InterfaceState *state) {
        _cleanup_(close_fdp) int host_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        Return back = { name, host_fd, state ? state->ifindex | INNER_INDEX_BIT : 0 };
        InterfaceState now;
        bool is_taken = interface_read(name, &now) >= 0;
        int r = 0;

        if (host_fd < 0)
                return -errno;
        if (netns_fd >= 0)
                r = netns_call(netns_fd, is_taken ? look_inside : move_back, &back);
        if (r > 0 && is_taken)
                return -EEXIST;
        if (r == 0 && !is_taken)
                r = back.ifindex ? name_stranded(&back) : -ENODEV;
        return r < 0 || !state ? MIN(r, 0) : restore(name, state);
}
