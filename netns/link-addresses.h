/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/parse.h"

/* The addresses that the host routes to a routed cell's link, one of each family; AF_UNSPEC: none. Reads all of the
 * host's routes. -errno of netlink. */
int link_read_addresses(const char *name, IpPrefix *ret4, IpPrefix *ret6);
