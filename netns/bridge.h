/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "base/parse.h"

/* Bridges that cells are ports of: one that somebody else made, or one of ours, which is known by its MAC and
 * goes with its last port. All functions work in the network namespace of the calling thread and need
 * CAP_NET_ADMIN; see link.h for the rest. Making a port and releasing the bridge exclude each other: the
 * caller holds a lock meanwhile. */

/* > 0: the index of the bridge `name` of somebody else.
 * -ENODEV: there is no such link; -ENOTUNIQ: it is one of ours; -EMEDIUMTYPE: it is no bridge. */
int bridge_find(const char *owner, const char *name);

/* Makes the bridge `name` of `owner` (who we are among other instances), or takes the one that is there, with
 * these addresses, each with the length of its network.
 * > 0: its index; -EEXIST: there is a link of that name that is not ours. */
int bridge_ensure(const char *owner, const char *name, const IpPrefix *addresses, size_t n_addresses);

/* Removes the bridge if it is ours and has no port. 1: it is gone, or was not there; 0: it stays. */
int bridge_release(const char *owner, const char *name);
