/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/plan.h"
#include "manager/work/job.h"

/* Parts of jobs for cells whose interface is in the cell alone (policy_has_inner_link()). A cell's namespace is
 * pinned in the directory BUILDER_PINS_DIR of the runtime directory as long as there is an interface in it: as ID,
 * and with Mode=interface as ID.INTERFACE, so that even who knows nothing else can give that back. */

#define BUILDER_PINS_DIR "links"

void builder_fail(JobReport *report, LoginStage stage, int error, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* `address` with the length of its pool; both are of one family, or there is no address. */
IpPrefix builder_with_length(const IpPrefix *address, const Policy *p);

/* < 0: what it also says in the report; what was made so far is for builder_inner_remove(). */
int builder_inner_make(const CellPlan *c, int netns_fd, JobReport *report);

/* As the guard of the interface knows a cell with Mode=macvlan; borrows. */
struct GuardedLink;
void builder_describe_link(const CellPlan *c, struct GuardedLink *ret);

/* Gives back, or removes, whatever there is of it. */
int builder_inner_remove(const CellPlan *c, JobReport *report);

/* Does so with the pins of cells that `is_known` does not know. Returns how many there were. */
unsigned builder_inner_sweep(const char *runtime_dir, bool (*is_known)(const char *id, void *userdata),
                             void *userdata);
