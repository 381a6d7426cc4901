/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/placement.h"

/* What outlives the manager of a placement, in /run/confine/placements. */

int placement_save(const Placement *p); /* -errno of writing it */

/* Into a placement that has its unit alone. -ENOENT, -EBADMSG: unusable; -ESTALE: of another boot; -ENOMEM. */
int placement_record_read(Placement *p);

/* Does one let pass what the other doesn't? */
bool placement_reach_differs(const Policy *a, const Policy *b);
