/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/plan.h"
#include "manager/work/job.h"

/* What is done to cells and sessions by jobs: everything here may block and runs in a child of the
 * manager. The plans are borrowed from the manager's memory as it was at the fork. */

#define BUILDER_IN_RESERVE 1U /* JobReport.flags of builder_attach() */

/* Makes a cell: groups with limits, namespaces, interface, firewall. report->pid is its pid 1. On error
 * the parts made so far remain for builder_remove(). */
void builder_make(const CellPlan *c, JobReport *report);

/* Of a live cell: puts back what others have taken of its control groups. Of drivers that have Driver.repair alone. */
void builder_repair_groups(const CellPlan *c, pid_t init_pid, JobReport *report);

/* Removes all of a cell, whatever there is of it; its pid 1 was killed before, if it was known. */
void builder_remove(const CellPlan *c, JobReport *report);

/* Puts a login's process into the cell's control group, or the reserve; verifies that it is there, and
 * writes the group's path to `text`. On error it is back where it was. report->what is then for the user. */
void builder_attach(const LeaderPlan *l, JobReport *report, JobText *text);

/* Its process has forked, or closes the session: see Driver.release. One that has exited is success. */
void builder_release(const LeaderPlan *l, bool closing, JobReport *report);

/* Sets the bandwidth of a live cell as the plan has it. */
void builder_shape(const CellPlan *c, JobReport *report);

/* Changes the limits of a live cell; on error the old ones are in force. */
void builder_change_limits(const CellPlan *c, const Resources *to, JobReport *report);

void builder_freeze(const CellPlan *c, bool freeze, JobReport *report);
/* A signal to all processes of the cell but its pid 1, as far as `sender` may signal them: by kill(2) its real and
 * effective uid. report->numbers[0]: how many got it. -EPERM: there are some, and none for that sender. */
void builder_signal(const CellPlan *c, pid_t init_pid, int sig, uid_t sender, JobReport *report);
