/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* What a job has to know of a cell, or of a session's leader, see plan.h. All of it is borrowed. */

void cell_describe(const Cell *c, FirewallCell *ret); /* as the firewall is to know it */
void cell_plan(Cell *c, CellPlan *ret); /* until it is asked again */
/* `ret_cell` is what *ret points to. */
void leader_plan(const Session *s, CellPlan *ret_cell, LeaderPlan *ret);
