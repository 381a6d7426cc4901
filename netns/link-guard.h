/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "netns/frame-rules.h"

/* What cells may send that are on an interface of the host's (inner-link.h): by frame-rules.h, as what comes from
 * ports of bridges. It is looked at twice. Inside, at the cell's end: there nothing passes but what is the cell's.
 * Outside, where the interface sends: there a cell is known by its MAC, and what has another one can't be told from
 * what the host sends itself. The table outside is of the family netdev and has the name `table`; its rules are few
 * and fixed, and a cell is a handful of elements. Notes on errors and blocking: firewall.h.
 *
 * Needs the egress hook of nftables, kernel 5.16: -EOPNOTSUPP. */

typedef struct GuardedLink {
        const char *parent; /* interface of the host */
        FrameSource source;
} GuardedLink;

/* Makes the table outside, or replaces it, with these cells; those whose parent is gone are left out. */
int link_guard_setup(const char *table, const GuardedLink *links, size_t n_links);
int link_guard_add(const char *table, const GuardedLink *link);
int link_guard_remove(const char *table, const GuardedLink *link); /* 0 also for what is not there */
int link_guard_teardown(const char *table);

/* In the network namespace `netns_fd`, whose link `name` may be down: pins what it sends, and drops router
 * advertisements and redirects that come in: the cell's routes are given. Needs CAP_NET_ADMIN there. */
int link_guard_inside(const char *table, int netns_fd, const char *name, const FrameSource *source);

/* Has the kernel what this needs? 1: yes, or there is no knowing; 0: no. Leaves a table in the network namespace of the
 * calling thread, which is for throwing away. */
int link_guard_is_supported(void);
