/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"
#include "manager/lent/shares.h"

/* What a new cell is lent that no other may have, by what all cells have; and what is given back. */

/* Ids for its user namespace, else from `first` to `last`: see subids_choose(). -ENOMEM, too. */
int lending_choose_ids(const CellTable *t, uint64_t first, uint64_t last, const char *user, uid_t uid,
                       uid_t *ret_first);
/* Its place among those that share sums of bandwidth: see sums_choose(). -ENOMEM, too. */
int lending_choose_place(const CellTable *t, const Policy *policy, uid_t uid, ShapingPlace *ret);

/* A user's share of a policy's sums ends with the last of what they have there. `shares` may be NULL. */
void lending_drop_share(Shares *shares, const CellTable *t, const char *policy, uid_t uid);
