/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* Which uids and gids of the host those of a cell with a user namespace are: ANCHOR_IDS of them, those that
 * /etc/subuid and /etc/subgid give the user (the same in both), else a range of SubordinateIDs= that no cell has and
 * that those files give to nobody.
 * -ENOSPC: none is left; -errno of reading the files. See subuid(5). */
int subids_choose(const Manager *m, const char *user, uid_t uid, uid_t *ret_first);
