/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/parse.h"

/* The link that has the gateways of all routed cells. In the network namespace of the calling thread, with the errors and
 * the blocking of link.h. */

/* Makes sure that the gateway holder `name` exists, is up and has these addresses; further
 * addresses stay. It is a dummy link, or where the kernel has none an empty bridge: something
 * that has addresses and leads nowhere. One holder serves all cells, because an address that is
 * local on thousands of links makes every lookup of it walk them.
 *
 * 1           something had to be made; 0: all was there
 * -EINVAL     bad name, or no single address
 * On error what this call made is gone again; addresses that it added to a holder which existed
 * stay. */
int gateway_ensure(const char *name, const IpPrefix *addresses, size_t n_addresses);

/* Takes addresses from the holder. 0 also for what is not there. */
int gateway_drop(const char *name, const IpPrefix *addresses, size_t n_addresses);
