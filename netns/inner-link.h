/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netns/link.h"

/* Links that are in a cell alone, and have nothing on the host that could be found or removed there: those that
 * are born inside on an interface of the host's (macvlan, ipvlan), and interfaces of the host's that are lent to
 * a cell. They are known in the cell's namespace by their index, which its root can't change: INNER_INDEX_BIT with
 * the index of the interface that they come from. (Its root can make others with that bit, but not with the same
 * index, and they are only looked at when nothing is known of the cell.) Whoever makes one has pinned the namespace
 * before (netns.h), so that it can be found again whatever dies. All functions work in the network namespace of the calling thread
 * and need CAP_NET_ADMIN there and in the cell's; see link.h for the rest. */

#define INNER_INDEX_BIT 0x40000000

typedef struct InnerLink {
        const char *parent;    /* interface of the host */
        const char *cell_name; /* "eth0" */
        int netns_fd;          /* of the cell; borrowed */
        bool ipvlan, l3s;      /* else macvlan */
        bool isolated;         /* from the others on the parent; with ipvlan that holds for all of these */
        uint8_t mac[LINK_MAC_SIZE]; /* macvlan; an ipvlan has its parent's */
} InnerLink;

/* Makes the link inside of the cell; it is down.
 * 0; -ENODEV: there is no such parent; -EOPNOTSUPP: the kernel has no such links; -EBUSY: the parent is a port of
 * something, or carries links of the other kind; -EINVAL: it can't carry any (loopback). */
int inner_link_make(const InnerLink *l);

/* Removes all such links from the namespace `netns_fd`. 0 also if there is none. */
int inner_link_remove(int netns_fd);

/* What an interface was on the host. */
typedef struct InterfaceState {
        int ifindex;
        unsigned mtu;
        uint8_t mac[LINK_MAC_SIZE];
        bool up;
} InterfaceState;

/* Quick: it waits for nobody. -ENODEV: there is no such interface. */
int interface_read(const char *name, InterfaceState *ret);

#define INTERFACE_WHY_MAX 160
/* May it leave the host? 0; -ENODEV; -EBUSY: the host uses it, and *ret_why says what for. `own_prefix` is that of
 * names of our own links. */
int interface_check(const char *name, const char *own_prefix, char ret_why[static INTERFACE_WHY_MAX]);

/* Moves it into the cell, where it is down and named `cell_name`.
 * -ENODEV; -EINVAL: its kind can't be moved; -EEXIST: there is one of that name inside. */
int interface_lend(const char *name, int netns_fd, const char *cell_name);

/* Moves it back from the namespace `netns_fd`, < 0: which is gone, and makes it what it was; state NULL: that is
 * unknown. It may be there already, in whole or in part, or under the name that the kernel gave it.
 * 0; -ENODEV: it is nowhere; -EEXIST: the host has another one of its name by now, and it stays where it is. */
int interface_take_back(const char *name, int netns_fd, const InterfaceState *state);

/* 1: the kernel can make such links, or there is no knowing; 0: it can't. */
int inner_link_is_supported(bool ipvlan);
