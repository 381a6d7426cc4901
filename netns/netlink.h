/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* Route netlink by libnl: sockets with a deadline, errors as errno, several requests in one
 * sendmsg(2). All functions may block, but never longer than NETLINK_TIMEOUT_USEC waiting for
 * an answer; what the kernel does inside of sendmsg(2) (waiting for its own lock) has no bound,
 * so callers that must not stall run in a child process. See netlink(7), rtnetlink(7). */

#define NETLINK_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define NETLINK_BATCH_MAX 16

DEFINE_CLEANUP(struct nl_sock *, nl_socket_free);
DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);
DEFINE_CLEANUP(struct nl_addr *, nl_addr_put);
DEFINE_CLEANUP(struct rtnl_link *, rtnl_link_put);
DEFINE_CLEANUP(struct rtnl_addr *, rtnl_addr_put);
DEFINE_CLEANUP(struct rtnl_route *, rtnl_route_put);
DEFINE_CLEANUP(struct rtnl_neigh *, rtnl_neigh_put);

/* A libnl code of either sign (its 5 means no memory) to a negative errno; 0 stays 0.
 * -EIO: a code that has no better name. */
int netlink_errno(int nl_code);

/* Opens a NETLINK_ROUTE socket in the namespace that the calling thread is in.
 *
 * 0           *ret is set; release with nl_socket_free()
 * -ENOMEM, -EMFILE, -EPROTONOSUPPORT (no netlink), ...
 * On error *ret is untouched. */
int netlink_open(struct nl_sock **ret);
int netlink_open_netfilter(struct nl_sock **ret); /* the same of NETLINK_NETFILTER */

/* Index of the link `name` in the namespace that `sk` was opened in.
 *
 * > 0         the index
 * -ENODEV     no such link
 * -EINVAL     no name of a link
 * See netdevice(7), SIOCGIFINDEX. */
int netlink_link_index(struct nl_sock *sk, const char *name);

/* Both: a socket in *ret, and the index of the link `name`. On error *ret is untouched. */
int netlink_open_link(const char *name, struct nl_sock **ret);

/* One request by itself; takes over `message`, also on error. What netlink_batch_send() returns. */
int netlink_send(struct nl_sock *sk, struct nl_msg *message);

/* Several requests that go out together. Zero-initialise; release with netlink_batch_done(). */
typedef struct NetlinkBatch {
        struct nl_msg *messages[NETLINK_BATCH_MAX];
        size_t n_messages;
} NetlinkBatch;

void netlink_batch_done(NetlinkBatch *b); /* frees the messages; the batch may be used again */

/* Takes over `message`, also on error. `nl_code` is what the rtnl_*_build_*_request() that made
 * it returned, so that a failed build is converted and reported here.
 * -ENOBUFS: the batch is full. */
int netlink_batch_add(NetlinkBatch *b, int nl_code, struct nl_msg *message);
/* The request to make or, without NLM_F_CREATE in `flags`, to change a link. */
int netlink_batch_add_link(NetlinkBatch *b, struct rtnl_link *link, int flags);

/* The request to set flags (IFF_*) of a link. */
int netlink_batch_add_flags(NetlinkBatch *b, int ifindex, unsigned flags);
/* No IPv6 address is made up for the link. That has to be off before the link comes up, and the kernel looks at
 * flags first within one request: so this goes into another one than IFF_UP, before it. */
void netlink_no_generation(struct rtnl_link *link);

/* Sends all messages in one sendmsg(2) and takes one acknowledgement for each. The kernel goes
 * on to the next message after one that failed: what must not happen without its forerunner
 * belongs into another batch, and the caller undoes what was done.
 *
 * 0           every message was carried out
 * -ETIMEDOUT  no answer in time; what was carried out is unknown
 * else        the errno of the first message that failed
 * In every case the batch is empty afterwards. */
int netlink_batch_send(NetlinkBatch *b, struct nl_sock *sk);

/* `address` as libnl wants it, host bits and length included. -ENOMEM. */
int netlink_address(const IpPrefix *address, struct nl_addr **ret);
