/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* What a new cell is lent that no other may have, by what all cells have; and what is given back. */

/* Ids for its user namespace: see subids_choose(). -ENOMEM, too. */
int lending_choose_ids(const Manager *m, const char *user, uid_t uid, uid_t *ret_first);
/* Its place among those that share sums of bandwidth: see sums_choose(). -ENOMEM, too. */
int lending_choose_place(const Manager *m, const Policy *policy, uid_t uid, ShapingPlace *ret);

/* A user's share of a policy's sums ends with the last of what they have there. */
void lending_drop_share(Manager *m, const char *policy, uid_t uid);
