/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Which cell has the network that another one shares, and which cells have interfaces of the host's. */

/* As CellHost wants it; with Scope=policy on the other side the user does not matter. `manager` is one. */
Cell *sharing_find_owner(const char *policy, uid_t uid, void *manager);
bool sharing_is_lent(const char *device, void *manager);

/* Cells that share the network of one that ends have none any more: ends them. */
void sharing_end(Manager *m, const Cell *owner);

/* Where the interfaces of a policy are: "eth1 is in cell c..., there is no eth2". */
void sharing_list_interfaces(const Manager *m, const Policy *policy, char *text, size_t size);
