/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/parse.h"

/* The kernel's table of connections. Its entries outlive the link whose packets made them: whoever gets the address
 * next would inherit the flows of the cell before, and what has been let through once stays let through. */

/* Forgets every flow that has the single address `address` at one of its four ends: as source or destination, as it
 * began or as it is answered, so that what was translated (masqueraded, published) is found by either side. The caller
 * has made sure that no new ones come. Works in the network namespace of the calling thread, blocks, and needs
 * CAP_NET_ADMIN; the kernel walks its table once or a few times, whatever is in there.
 *
 * 0            done, also for an address of no family
 * -EINVAL      no single address
 * -EOPNOTSUPP  the kernel can't be asked (nf_conntrack_netlink is missing)
 * -ETIMEDOUT   no answer in time (netlink.h)
 * -EPERM, -ENOMEM, ... */
int conntrack_forget(const IpPrefix *address);
