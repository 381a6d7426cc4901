/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* A place for a new cell among those that share sums of bandwidth with it (netns/shaping.h); all zero if the
 * policy has none. -ENOSPC: as many cells share them as can. */
int sums_choose(const Manager *m, const Policy *policy, uid_t uid, ShapingPlace *ret);
