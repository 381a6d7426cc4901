/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/parse.h"

/* The kernel's table of connections. Its entries outlive the link whose packets made them: whoever gets the address
 * next would inherit the flows of the cell before, and what has been let through once stays let through. */

/* Forgets every flow that one of the single addresses has begun or answers, so that what was translated (masqueraded,
 * published) is found by the side that is the cell's; those of no family count for nothing. The caller has made sure that
 * no new ones come. Works in the network namespace of the calling thread, blocks, and needs CAP_NET_ADMIN; the kernel walks
 * its table, 3 ms for each 262144 buckets, whatever is in there, but for an empty one.
 *
 * 0            done
 * -EINVAL      no single address
 * -EOPNOTSUPP  the kernel can't be asked (nf_conntrack_netlink is missing)
 * -ETIMEDOUT   no answer in time (netlink.h)
 * -EPERM, -ENOMEM, ... */
int conntrack_forget(const IpPrefix *addresses, size_t n_addresses);
