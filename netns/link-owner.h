/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "netns/link.h"

/* The instance that a gateway holder serves, and whose are all links with names like its own: it is there before any of
 * these, and as long as they are. It is the link's alias, as ip-link(8) shows it. */

#define LINK_OWNER_MAX 64

/* 1: *ret is set; 0: there is no such link, or it is nobody's; -errno of netlink. */
int link_read_owner(const char *name, char ret[static LINK_OWNER_MAX]);
/* -EADDRINUSE: it is somebody else's. */
int link_set_owner(const char *name, const char *owner);
