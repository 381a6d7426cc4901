/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"

/* Which cell has the network that another one shares, and which cells have interfaces of the host's. */

/* Cells that share the network of one that ends have none any more: ends them. */
void sharing_end(const CellTable *t, const Cell *owner);

/* Where the interfaces of a policy are: "eth1 is in cell c..., there is no eth2". */
void sharing_list_interfaces(const CellTable *t, const Policy *policy, char *text, size_t size);
