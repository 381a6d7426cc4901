/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"

/* Cells that linger are there at everybody's pleasure: a user has only so many, and they give back what a login needs. */

/* One of this user's begins to linger: ends the oldest beyond the bound. */
void lingering_bound(const CellTable *t, uid_t uid);

/* A cell of this policy can't be made, because no address is free. Ends the cell that has lingered longest with an address of
 * its pools. True: one is about to be free, since that one or another is ending. */
bool lingering_give_back(const CellTable *t, const Policy *policy);
