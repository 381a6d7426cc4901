/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/placement-record.h"

/* Services of systemd that a policy with Unit= and Mode=routed places: a network namespace for each, pinned at
 * RUNTIME/netns/UNIT, where the drop-in of confine-generator makes systemd look for it, with an interface
 * and addresses as a cell has them. All else of such a policy is done by systemd. */

const char *placement_state_to_string(PlacementState s);

/* Reads the records of before. -ENOMEM. */
int placements_read(Placements *all);
/* Compares the table with the loaded policies: addresses and ports are given and taken here, before
 * network_prepare() makes the firewall of it (true: there is something new for it), */
bool placements_update(Placements *all);
/* and then jobs make and remove what differs on the host. */
void placements_start(Placements *all);
/* Of the ready ones (with `link` not NULL: of the one that has it, which is logged) what is missing is to be made again;
 * placements_start() begins it. False: there are none. */
bool placements_repair(Placements *all, const char *link);
/* Is something still being made? */
bool placements_pending(const Placements *all);
/* Who publishes one of the ports of `policy`, borrowed; NULL: nobody. */
const Placement *placements_find_port(const Placements *all, const Policy *policy, const PolicyPort **ret_port);

bool placements_have(const Placements *all, const char *unit);

/* Forgets all; what is on the host stays. */
void placements_free(Placements *all);
/* Removes the directories; no placement may be left. */
void placements_remove(int runtime_fd);
