/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/placement-record.h"

/* The parts of a placement on the host: its pinned namespace, its link, what the firewall knows of it. */

#define PLACEMENT_NETNS_DIR "netns" /* of the runtime directory; as generator/unit-file.h */

/* As the firewall knows it; borrows. */
struct FirewallCell;
void placement_describe(const Placement *p, struct FirewallCell *ret);

/* Jobs, with the placement as userdata. The first makes what is missing; the second removes all, unless a process is in the
 * namespace: then report->flags has PLACEMENT_IN_USE. */
#define PLACEMENT_IN_USE 1U
void placement_run_make(void *userdata, JobReport *report, JobText *text);
void placement_run_remove(void *userdata, JobReport *report, JobText *text);

/* By the sweep's job: takes away pinned namespaces that it does not know and nobody is in. Returns how many. */
unsigned placements_sweep(const Placements *all, bool (*is_known)(const char *unit, void *userdata), void *userdata);
