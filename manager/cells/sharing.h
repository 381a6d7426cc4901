/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/cell.h"

/* Which cell has the network that another one shares, and which cells have interfaces of the host's. */

/* See CellHost; with Scope=policy on the other side the user does not matter. `cells` are the whole table, here and below. */
Cell *sharing_find_owner(Cell *cells, const char *policy, uid_t uid);
bool sharing_is_lent(const Cell *cells, const char *device);

/* Cells that share the network of one that ends have none any more: ends them. */
void sharing_end(Cell *cells, const Cell *owner);

/* Where the interfaces of a policy are: "eth1 is in cell c..., there is no eth2". */
void sharing_list_interfaces(const Cell *cells, const Policy *policy, char *text, size_t size);
