/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <netlink/netlink.h>
#include <stdint.h>

/* Traffic control of a link, for shaping.h. libnl knows these queueing disciplines too, but neither rates of
 * more than 17 Gbit/s nor the filter, so the requests are put together here. `sk` is from netlink_open().
 *
 * Everything may be repeated with other values. Errors: -ENODEV (no such link), -EOPNOTSUPP or -ENOENT (the
 * kernel lacks what is needed), what netlink_batch_send() says. See rtnetlink(7), tc(8). */

#define TC_RATE_NONE UINT64_MAX

/* The link's only queue lets so many bits pass in a second, whole frames, and keeps 100 ms of them; or takes it
 * away, TC_RATE_NONE. See tc-tbf(8). */
int tc_set_bucket(struct nl_sock *sk, int ifindex, uint64_t bits);

/* The link's queue is a tree of classes 1:1, 1:2, ... A packet goes to the leaf that its priority names,
 * (1 << 16) | number; without one it passes. See tc-htb(8). */
int tc_set_tree(struct nl_sock *sk, int ifindex);

/* Makes or changes a class below `parent`, 0: the topmost. Classes that want more than there is get even parts. */
int tc_set_class(struct nl_sock *sk, int ifindex, uint16_t parent, uint16_t number, uint64_t bits);
/* The class is a leaf, and keeps 100 ms of these bits, of a rate that it can really get. */
int tc_set_leaf(struct nl_sock *sk, int ifindex, uint16_t number, uint64_t bits);
/* 1: it is gone, or was not there; 0: there are others below it. */
int tc_remove_class(struct nl_sock *sk, int ifindex, uint16_t number);

/* What comes in at the link, or is to go out, makes a detour: by `priority`, if it isn't 0, through the queue of
 * the link `detour`, which is of kind ifb, and from there on as if nothing had been. See tc-mirred(8). */
typedef enum TcHook {
        TC_HOOK_IN,
        TC_HOOK_OUT,
} TcHook;
int tc_set_detour(struct nl_sock *sk, int ifindex, TcHook hook, int detour, uint32_t priority);
/* All detours of the link. */
int tc_remove_detours(struct nl_sock *sk, int ifindex);
