/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A routed link is made in three steps: create the pair, its peer born inside of the cell (moving
 * it there later would cost a grace period of 15 ms); configure the cell's end in one batch; configure
 * the host's end in one batch, which finds a carrier then: without one the host's kernel walks all of its IPv6
 * routes twice more. The pair is created by itself because the kernel goes on
 * after an error within a batch: after EEXIST the rest would be done to somebody else's link.
 * Everything that the later steps make hangs on the link, so removing the link undoes them. */

#include "netns/link.h"

#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <netlink/route/link/veth.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "netns/address.h"
#include "netns/cell-end.h"
#include "netns/netlink.h"

#ifndef IFF_NOARP
#define IFF_NOARP 0x80
#endif

#define DUMP_ATTEMPTS_MAX 5

typedef struct Ends {
        const RoutedLink *link;
        uint8_t host_mac[LINK_MAC_SIZE], cell_mac[LINK_MAC_SIZE];
        int bridge; /* the host's end is a port of it; 0: routed */
        bool isolated;
} Ends;

bool link_name_is_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= LINK_NAME_MAX &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == n;
}

void link_derive_mac(const char *host_name, bool cell_side, uint8_t ret[static LINK_MAC_SIZE]) {
        uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        for (const char *s = host_name; *s; s++)
                h = (h ^ (uint8_t) *s) * UINT64_C(0x100000001b3);
        h = (h ^ cell_side) * UINT64_C(0x100000001b3);
        h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd); /* its low bits hardly mix */
        h ^= h >> 33;

        for (size_t i = 0; i < LINK_MAC_SIZE; i++)
                ret[i] = (uint8_t) (h >> (8 * i));
        ret[0] = (uint8_t) ((ret[0] & 0xfcU) | 0x02U); /* unicast, locally administered */
}

int link_parse_mac(const char *text, uint8_t ret[static LINK_MAC_SIZE]) {
        _cleanup_(nl_addr_putp) struct nl_addr *a = NULL;

        if (nl_addr_parse(text, AF_LLC, &a) < 0 || nl_addr_get_len(a) != LINK_MAC_SIZE)
                return -EINVAL;
        memcpy(ret, nl_addr_get_binary_addr(a), LINK_MAC_SIZE);
        return 0;
}

static bool mac_is_set(const uint8_t mac[static LINK_MAC_SIZE]) {
        static const uint8_t zero[LINK_MAC_SIZE];

        return memcmp(mac, zero, sizeof(zero)) != 0;
}

static bool is_single(const IpPrefix *a, int family) {
        return a->family == family && a->length == (family == AF_INET ? 32U : 128U);
}

/* No address, or one with its gateway. */
static bool is_pair(const IpPrefix *address, const IpPrefix *gateway, int family) {
        if (address->family == AF_UNSPEC)
                return true;
        return is_single(address, family) && is_single(gateway, family);
}

static int set_mac(struct rtnl_link *link, const uint8_t mac[static LINK_MAC_SIZE]) {
        _cleanup_(nl_addr_putp) struct nl_addr *a = NULL;

        a = nl_addr_build(AF_LLC, mac, LINK_MAC_SIZE);
        if (!a)
                return -ENOMEM;
        rtnl_link_set_addr(link, a); /* takes a reference */
        return 0;
}

/* One queue each way: the default is one per CPU, which costs memory and time for every cell. */
static int set_birth(struct rtnl_link *link, const char *name,
                     const uint8_t mac[static LINK_MAC_SIZE], unsigned mtu) {
        rtnl_link_set_name(link, name);
        rtnl_link_set_num_tx_queues(link, 1);
        rtnl_link_set_num_rx_queues(link, 1);
        if (mtu > 0)
                rtnl_link_set_mtu(link, mtu);
        return set_mac(link, mac);
}

static int create_pair(struct nl_sock *sk, const Ends *e) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL, *peer = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        const RoutedLink *l = e->link;
        int r;

        link = rtnl_link_veth_alloc();
        if (!link)
                return -ENOMEM;
        peer = rtnl_link_veth_get_peer(link);
        if (!peer)
                return -ENOMEM;

        r = set_birth(link, l->host_name, e->host_mac, l->mtu);
        if (r < 0)
                return r;
        r = set_birth(peer, l->cell_name, e->cell_mac, l->mtu);
        if (r < 0)
                return r;
        rtnl_link_set_ns_fd(peer, l->netns_fd);

        r = netlink_batch_add_link(&b, link, NLM_F_CREATE | NLM_F_EXCL);
        if (r < 0)
                return r;
        return netlink_batch_send(&b, sk); /* needs CAP_NET_ADMIN in both namespaces */
}

int link_batch_settings(NetlinkBatch *b, int ifindex) {
        static const struct {
                unsigned id, value;
        } host_conf[] = {
                { IPV4_DEVCONF_RP_FILTER, 1 }, /* strict; the larger of this and conf.all counts */
                { IPV4_DEVCONF_ACCEPT_REDIRECTS, 0 },
                { IPV4_DEVCONF_SEND_REDIRECTS, 0 },
                { IPV4_DEVCONF_SECURE_REDIRECTS, 0 },
                { IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, 0 },
                { IPV4_DEVCONF_ROUTE_LOCALNET, 0 },
                { IPV4_DEVCONF_ACCEPT_LOCAL, 0 },
                { IPV4_DEVCONF_PROXY_ARP, 0 },
        };
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;

        link = rtnl_link_alloc();
        if (!link)
                return -ENOMEM;
        rtnl_link_set_ifindex(link, ifindex);
        for (size_t i = 0; i < ELEMENTSOF(host_conf); i++)
                if (rtnl_link_inet_set_conf(link, host_conf[i].id, host_conf[i].value) < 0)
                        return -ENOMEM;
        netlink_no_generation(link);
        return netlink_batch_add_link(b, link, 0);
}

/* What netlink can't set. One write, and never one in the cell's namespace through this /proc:
 * each namespace gets its own dentries for the same names below /proc/sys/net, in one hash chain,
 * and at 500 cells the walk along it had made a write four times as dear, on the host too. The
 * cell needs none: no address of its is detected or generated, and only this host could advertise
 * a router to it. Failure costs a second line of defence: without IPv6, or with a read-only
 * /proc, there is no file, and what comes from a cell is checked by nftables. */
static void set_host_sysctl(const char *link, bool uses_ipv6) {
        char path[128];
        int r;

        (void) snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", link,
                        uses_ipv6 ? "accept_ra" : "disable_ipv6");
        r = fd_write_file_at(AT_FDCWD, path, uses_ipv6 ? "0" : "1");
        if (r < 0)
                (void) log_debug_errno(r, "Cannot write %s, ignoring: %m", path);
}

/* The host's half of one family: where the cell's address is, from which address the host speaks
 * to it (without RTA_PREFSRC the kernel walks every link to find one), and its MAC. */
static int add_host_family(NetlinkBatch *b, int ifindex, const Ends *e, const IpPrefix *address,
                           const IpPrefix *gateway) {
        int r;

        if (address->family == AF_UNSPEC)
                return 0;
        r = address_batch_neighbour(b, ifindex, address, e->cell_mac);
        if (r < 0)
                return r;
        return address_batch_route(b, ifindex, address, NULL, gateway);
}

/* libnl knows some flags of ports, but not how to isolate one. A port learns no address, since the guard
 * says which one it has, and gets nothing but what is for it. */
static int add_port_flags(NetlinkBatch *b, int ifindex, bool isolated) {
        const struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = ifindex };
        const struct {
                int id;
                uint8_t value;
        } flags[] = {
                { IFLA_BRPORT_ISOLATED, isolated }, { IFLA_BRPORT_GUARD, 1 },        { IFLA_BRPORT_PROTECT, 1 },
                { IFLA_BRPORT_LEARNING, 0 },        { IFLA_BRPORT_UNICAST_FLOOD, 0 },
        };
        struct nl_msg *m = nlmsg_alloc_simple(RTM_SETLINK, 0);
        struct nlattr *nest;
        bool full;

        if (!m)
                return -ENOMEM;
        full = nlmsg_append(m, (void *) &info, sizeof(info), NLMSG_ALIGNTO) < 0;
        nest = nla_nest_start(m, IFLA_PROTINFO | NLA_F_NESTED);
        for (size_t i = 0; nest && i < ELEMENTSOF(flags); i++)
                full = nla_put_u8(m, flags[i].id, flags[i].value) < 0 || full;
        if (!nest || full) {
                nlmsg_free(m);
                return -ENOMEM;
        }
        nla_nest_end(m, nest);
        return netlink_batch_add(b, 0, m);
}

/* The only way to a port that learns nothing and is not flooded. */
static int add_forwarding_entry(NetlinkBatch *b, int ifindex, const uint8_t mac[static LINK_MAC_SIZE]) {
        const struct ndmsg entry = {
                .ndm_family = AF_BRIDGE,
                .ndm_ifindex = ifindex,
                .ndm_state = NUD_NOARP,
                .ndm_flags = NTF_MASTER,
        };
        struct nl_msg *m = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);

        if (!m)
                return -ENOMEM;
        if (nlmsg_append(m, (void *) &entry, sizeof(entry), NLMSG_ALIGNTO) < 0 ||
            nla_put(m, NDA_LLADDR, LINK_MAC_SIZE, mac) < 0) {
                nlmsg_free(m);
                return -ENOMEM;
        }
        return netlink_batch_add(b, 0, m);
}

/* Nothing passes a port before it is up. */
static int configure_port(struct nl_sock *sk, int ifindex, const Ends *e) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = rtnl_link_alloc();
        int r;

        if (!link)
                return -ENOMEM;
        set_host_sysctl(e->link->host_name, false);
        rtnl_link_set_ifindex(link, ifindex);
        rtnl_link_set_master(link, e->bridge);
        r = link_batch_settings(&b, ifindex);
        if (r >= 0)
                r = netlink_batch_add_link(&b, link, 0);
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        if (r >= 0)
                r = add_port_flags(&b, ifindex, e->isolated);
        if (r >= 0)
                r = add_forwarding_entry(&b, ifindex, e->cell_mac);
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        if (r >= 0)
                r = netlink_batch_add_flags(&b, ifindex, IFF_UP);
        return r < 0 ? r : netlink_batch_send(&b, sk);
}

/* Each link gets a route for multicast, all of them to the same prefix, and every change of a link walks all:
 * nothing here sends any. */
static int remove_multicast_route(struct nl_sock *sk, int ifindex) {
        const struct rtmsg route = { .rtm_family = AF_INET6, .rtm_dst_len = 8, .rtm_table = RT_TABLE_LOCAL };
        const struct in6_addr all = { .s6_addr = { 0xff } };
        uint32_t index = (uint32_t) ifindex;
        struct nl_msg *m = nlmsg_alloc_simple(RTM_DELROUTE, 0);
        int r;

        if (!m)
                return -ENOMEM;
        if (nlmsg_append(m, (void *) &route, sizeof(route), NLMSG_ALIGNTO) < 0 ||
            nla_put(m, RTA_DST, sizeof(all), &all) < 0 || nla_put(m, RTA_OIF, sizeof(index), &index) < 0) {
                nlmsg_free(m);
                return -ENOMEM;
        }
        r = netlink_send(sk, m);
        return r == -ESRCH || r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

static int configure_host(struct nl_sock *sk, int ifindex, const Ends *e) {
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        const RoutedLink *l = e->link;
        int r;

        set_host_sysctl(l->host_name, l->address6.family == AF_INET6);
        r = link_batch_settings(&b, ifindex);
        if (r >= 0)
                r = netlink_batch_add_flags(&b, ifindex, IFF_UP | IFF_NOARP);
        if (r >= 0)
                r = add_host_family(&b, ifindex, e, &l->address4, &l->gateway4);
        if (r >= 0)
                r = add_host_family(&b, ifindex, e, &l->address6, &l->gateway6);
        if (r >= 0)
                r = netlink_batch_send(&b, sk);
        return r < 0 ? r : remove_multicast_route(sk, ifindex);
}

int link_remove_by_index(struct nl_sock *sk, int ifindex) {
        _cleanup_(rtnl_link_putp) struct rtnl_link *link = NULL;
        _cleanup_(netlink_batch_done) NetlinkBatch b = {};
        struct nl_msg *m = NULL;
        int r;

        link = rtnl_link_alloc();
        if (!link)
                return -ENOMEM;
        rtnl_link_set_ifindex(link, ifindex);
        r = rtnl_link_build_delete_request(link, &m);
        r = netlink_batch_add(&b, r, m);
        if (r < 0)
                return r;
        r = netlink_batch_send(&b, sk);
        return r == -ENODEV ? 0 : r;
}

static int configure_routed(struct nl_sock *sk, int ifindex, const Ends *e) {
        const RoutedLink *l = e->link;
        int r;

        r = cell_end_configure(&(CellEnd) {
                .netns_fd = l->netns_fd,
                .name = l->cell_name,
                .address4 = l->address4,
                .address6 = l->address6,
                .gateway4 = l->gateway4,
                .gateway6 = l->gateway6,
                .gateway_mac = e->bridge ? NULL : e->host_mac,
        });
        if (r < 0)
                return r;
        return e->bridge ? configure_port(sk, ifindex, e) : configure_host(sk, ifindex, e);
}

/* Routes that are there are no error. */
static int configure_again(struct nl_sock *sk, int ifindex, const Ends *e) {
        int r = e->bridge ? configure_port(sk, ifindex, e) : configure_host(sk, ifindex, e);

        return r < 0 && r != -EEXIST ? r : ifindex;
}

static int make(const RoutedLink *l, int bridge, bool isolated) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        Ends e = { .link = l, .bridge = bridge, .isolated = isolated };
        int r, ifindex;

        if (!link_name_is_valid(l->host_name) || !link_name_is_valid(l->cell_name) || l->netns_fd < 0)
                return -EINVAL;
        if (mac_is_set(l->host_mac))
                memcpy(e.host_mac, l->host_mac, LINK_MAC_SIZE);
        else
                link_derive_mac(l->host_name, false, e.host_mac);
        if (mac_is_set(l->cell_mac))
                memcpy(e.cell_mac, l->cell_mac, LINK_MAC_SIZE);
        else
                link_derive_mac(l->host_name, true, e.cell_mac);

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        ifindex = l->repair ? netlink_link_index(sk, l->host_name) : -ENODEV;
        if (ifindex >= 0)
                return configure_again(sk, ifindex, &e);
        r = create_pair(sk, &e);
        if (r < 0)
                return r;
        ifindex = netlink_link_index(sk, l->host_name);
        if (ifindex < 0)
                return ifindex; /* somebody removed it already */

        r = configure_routed(sk, ifindex, &e);
        if (r < 0) {
                (void) link_remove_by_index(sk, ifindex); /* the first error is the one to tell */
                return r;
        }
        return ifindex;
}

int link_make_routed(const RoutedLink *l) {
        if (!is_pair(&l->address4, &l->gateway4, AF_INET) || !is_pair(&l->address6, &l->gateway6, AF_INET6))
                return -EINVAL;
        return make(l, 0, false);
}

int link_make_port(const RoutedLink *l, int bridge, bool isolated) {
        return bridge <= 0 ? -EINVAL : make(l, bridge, isolated);
}

int link_is_up(const char *name) {
        _cleanup_(close_fdp) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {};

        (void) snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        return (request.ifr_flags & IFF_UP) != 0;
}

int link_remove(const char *name) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r, ifindex;

        if (!link_name_is_valid(name))
                return -EINVAL;
        r = netlink_open(&sk);
        if (r < 0)
                return r;
        ifindex = netlink_link_index(sk, name);
        if (ifindex == -ENODEV)
                return 0;
        if (ifindex < 0)
                return ifindex;
        return link_remove_by_index(sk, ifindex);
}

int link_exists(const char *name) {
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        if (!link_name_is_valid(name))
                return -EINVAL;
        r = netlink_open(&sk);
        if (r < 0)
                return r;
        r = netlink_link_index(sk, name);
        return r == -ENODEV ? 0 : r < 0 ? r : 1;
}

typedef struct ListedLink {
        char name[LINK_NAME_MAX + 1];
        int ifindex;
} ListedLink;

typedef struct LinkList {
        const char *prefix;
        ListedLink *links;
        size_t n_links, n_allocated;
        bool out_of_memory;
} LinkList;

static int collect_link(struct nl_msg *m, void *userdata) {
        struct nlmsghdr *h = nlmsg_hdr(m);
        const struct nlattr *name;
        LinkList *list = userdata;
        ListedLink *grown;

        if (h->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(h, sizeof(struct ifinfomsg)))
                return NL_OK;
        name = nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_IFNAME);
        if (!name || strncmp(nla_data(name), list->prefix, strlen(list->prefix)) != 0)
                return NL_OK;

        if (list->n_links == list->n_allocated) {
                size_t want = list->n_allocated ? list->n_allocated * 2 : 64;

                grown = reallocarray(list->links, want, sizeof(*grown));
                if (!grown) {
                        list->out_of_memory = true;
                        return NL_STOP;
                }
                list->links = grown;
                list->n_allocated = want;
        }
        grown = list->links + list->n_links++;
        *grown = (ListedLink) { .ifindex = ((struct ifinfomsg *) nlmsg_data(h))->ifi_index };
        (void) snprintf(grown->name, sizeof(grown->name), "%s", (char *) nla_data(name));
        return NL_OK;
}

static int dump_links(LinkList *list) {
        struct ifinfomsg request = { .ifi_family = AF_UNSPEC };
        _cleanup_(nl_socket_freep) struct nl_sock *sk = NULL;
        int r;

        r = netlink_open(&sk);
        if (r < 0)
                return r;
        list->n_links = 0;
        r = nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, collect_link, list);
        if (r < 0)
                return netlink_errno(r);
        r = nl_send_simple(sk, RTM_GETLINK, NLM_F_DUMP, &request, sizeof(request));
        if (r < 0)
                return netlink_errno(r);
        r = nl_recvmsgs_default(sk);
        if (list->out_of_memory)
                return -ENOMEM;
        r = netlink_errno(r);
        return r == -EAGAIN ? -ETIMEDOUT : r;
}

int link_list(const char *prefix, int (*f)(const char *name, int ifindex, void *userdata),
              void *userdata) {
        LinkList list = { .prefix = prefix };
        _cleanup_(freep) ListedLink *links = NULL;
        int r = -EINTR;

        for (int i = 0; i < DUMP_ATTEMPTS_MAX && r == -EINTR; i++)
                r = dump_links(&list);
        links = list.links;
        if (r < 0)
                return r;

        for (size_t i = 0; i < list.n_links; i++) {
                r = f(links[i].name, links[i].ifindex, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}
