/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* Which uids and gids of the host those of a cell with a user namespace are: ANCHOR_IDS of them, those that
 * /etc/subuid and /etc/subgid give the user (the same in both), else a range of SubordinateIDs= that no cell has and
 * that those files give to nobody.
 * -ENOSPC: none is left; -errno of reading the files. See subuid(5). */
int subids_choose(const Manager *m, const char *user, uid_t uid, uid_t *ret_first);

typedef struct SubidRange {
        uint64_t first, n;
} SubidRange;

/* In a file of that format: the first range of the user's that ANCHOR_IDS fit in, all of them ids (*own, which is left
 * as it is if it has one), and whether somebody has ids of those from `first` on (*taken becomes true).
 * 0, also without the file; -errno of reading it. */
int subids_look(const char *path, const char *user, uid_t uid, uint64_t first, SubidRange *own, bool *taken);
