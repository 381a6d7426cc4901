/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/parse.h"
#include "netns/netlink.h"

/* Requests for addresses, neighbours and routes, put into a batch (netlink.h). All return 0, or
 * -ENOMEM, -ENOBUFS when the batch is full, -EINVAL for what is no address; what the kernel says
 * comes from netlink_batch_send(). See rtnetlink(7). */

#define ADDRESS_MAC_SIZE 6

/* An address of the link's own. IPv6 ones skip duplicate detection, during which they could not
 * be used. `flags`: NLM_F_EXCL for -EEXIST if it is there. */
int address_batch_local(NetlinkBatch *b, int ifindex, const IpPrefix *address, int flags);
int address_batch_drop(NetlinkBatch *b, int ifindex, const IpPrefix *address);

/* Where a neighbour is, for good: replaces what was learned. */
int address_batch_neighbour(NetlinkBatch *b, int ifindex, const IpPrefix *address,
                            const uint8_t mac[static ADDRESS_MAC_SIZE]);

/* A route to `to`: over `gateway`, which need not be in any prefix of the link (onlink), or
 * directly, with `prefsrc` as the own address to speak from. Either may be NULL. */
int address_batch_route(NetlinkBatch *b, int ifindex, const IpPrefix *to, const IpPrefix *gateway,
                        const IpPrefix *prefsrc);
