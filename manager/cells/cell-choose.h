/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/cell.h"

/* Chooses all that a new cell has of the network, into it; errors as cell_new(). */
int cell_choose_network(Cell *c, const MatchSubject *subject);
