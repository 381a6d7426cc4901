/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/parse.h"

/* The host's links that belong to cells. All functions work in the network namespace of the
 * calling thread, may block, wait for the kernel at most a few seconds (-ETIMEDOUT; see
 * netlink.h) and need CAP_NET_ADMIN (-EPERM). Names are at most 15 characters of [a-z0-9]
 * (-EINVAL), so that they go into nft syntax and sysctl paths as they are. */

#define LINK_NAME_MAX 15
#define LINK_MAC_SIZE 6

bool link_name_is_valid(const char *name);

/* A routed cell: a veth pair and nothing shared. The host routes the cell's addresses, one by
 * one, to `host_name`; the cell routes everything to its gateways, which live on the gateway
 * holder. Neighbour entries are permanent on both sides, so no ARP and no neighbour discovery
 * takes place and none can be forged; the host's side does not even listen to ARP. */
typedef struct RoutedLink {
        const char *host_name; /* unique for ever: the old end may live for 36 ms after its cell */
        const char *cell_name; /* "eth0" */
        int netns_fd;          /* of the cell; borrowed */

        IpPrefix address4, address6; /* single addresses; family 0: none */
        IpPrefix gateway4, gateway6; /* where there is an address; on the gateway holder already */

        bool repair; /* it may be there: then its host's end alone is configured, and nothing removed on error */
        uint8_t host_mac[LINK_MAC_SIZE], cell_mac[LINK_MAC_SIZE]; /* all zero: from host_name */
        unsigned mtu;                                             /* 0: the kernel's */
} RoutedLink;

/* Makes the link and configures both ends; loopback in the cell comes up too. The host's sysctls
 * for this link: strict reverse path, no redirects, no source routes, no router advertisements.
 * The cell's sysctls stay as its namespace was born with (link.c says why); whoever wants IPv6
 * or router advertisements off in there writes them from inside, through a /proc of the cell's.
 * Enters the cell's namespace and comes back, see netns_call(). Needs CAP_SYS_ADMIN.
 *
 * > 0         index of the host's end
 * -EEXIST     one of the names is taken; retry with another host_name
 * -EINVAL     bad name, netns_fd, address; a gateway is missing or not on the gateway holder
 * -ENOMEM, -ENOBUFS, -EOPNOTSUPP (no veth), -ETIMEDOUT, ...
 * On error neither end remains, except that loopback may stay up. See veth(4), rtnetlink(7). */
int link_make_routed(const RoutedLink *l);

/* The same as port of a bridge, whose index is `bridge`: addresses have their prefix's length, gateways may be
 * missing, neighbours are found by ARP and discovery. The port gives its cell's packets to no other `isolated`
 * one, learns no address, and gets no frame for an address that the bridge doesn't know. What comes from it is
 * for the guard to check, which has to be there before (port-guard.h).
 *
 * As link_make_routed(), and
 * -EXFULL     the bridge has as many ports as it can have, 1023
 * -ENODEV     there is no such bridge any more */
int link_make_port(const RoutedLink *l, int bridge, bool isolated);

/* The locally administered address that a link name stands for. */
void link_derive_mac(const char *host_name, bool cell_side, uint8_t ret[static LINK_MAC_SIZE]);

/* "02:00:5e:10:00:01". -EINVAL. */
int link_parse_mac(const char *text, uint8_t ret[static LINK_MAC_SIZE]);

/* 1: it is there and up; 0: it is down; -ENODEV. */
int link_is_up(const char *name);

/* Removes a link with its routes, addresses and neighbours (a veth with its other end).
 * Takes a grace period of the kernel, 16 ms.
 * 0: it is gone, or was not there. */
int link_remove(const char *name);

/* 1: exists, 0: does not. */
int link_exists(const char *name);

/* Calls f() for every link whose name begins with `prefix`, after the kernel's list has been
 * read, so f() may remove links. A negative return of f() ends the walk and is returned.
 * -EINTR: the list changed all the time while it was read. */
int link_list(const char *prefix, int (*f)(const char *name, int ifindex, void *userdata),
              void *userdata);

/* For requests about links of ours that have another kind of end. */
struct NetlinkBatch;
struct nl_sock;
int link_batch_settings(struct NetlinkBatch *b, int ifindex); /* the host's sysctls, as link_make_routed() has them */
int link_remove_by_index(struct nl_sock *sk, int ifindex);    /* 0 also if it is gone */
