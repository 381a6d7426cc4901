/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"

/* What a job has to know of a cell, or of a session's leader, see plan.h. All of it is borrowed. */

void cell_describe(const Cell *c, FirewallCell *ret); /* as the firewall is to know it */
void cell_plan(Cell *c, CellPlan *ret); /* until it is asked again */
/* For DriverCell.others, of which userdata is the CellHost: what all other cells ask of a user as a whole, where one group
 * holds everything of theirs. */
bool cell_limit_by_others(uid_t uid, const char *except_cell, Resources *limits, void *userdata);
/* `ret_cell` is what *ret points to. */
void leader_plan(const Session *s, CellPlan *ret_cell, LeaderPlan *ret);
