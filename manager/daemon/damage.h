/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* What others do to the host's side of the network is noticed, repaired where that can be, and shown where it can't:
 * forwarding switched off, gateways' addresses or their link gone, links of cells or bridges down or gone; and addresses
 * or routes of the host that come to overlap with a pool. The firewall is looked after by network.h. */

void damage_watch(Manager *m);
void damage_unwatch(Manager *m);

/* In the job that prepares the network: repairs live cells' ends on the host, `all` of them or those that were noticed
 * or are not up; a line of text for each. */
void damage_repair_cells(const Manager *m, bool all, JobText *text);
/* Afterwards, with these lines: logs them, and keeps in cell->trouble what could not be repaired. */
void damage_note(Manager *m, const char *lines);

/* At once, by what was read of these; for policies that were just loaded. */
struct HostNet;
void damage_note_overlaps(Manager *m, const struct HostNet *net);
/* With what the pool of a policy overlaps since it was loaded, borrowed; NULL: nothing. */
const char *damage_overlap(const Manager *m, const Policy *p);
