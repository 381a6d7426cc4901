/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/cell.h"

/* What a new manager takes over of the one before. */

/* Takes over a recorded cell after a restart of the manager. *ret is live if its pid 1 is, else it must
 * be ended by the caller. -EBADMSG: the record is unusable; -ESTALE: it is of another boot; -errno of reading it. Of
 * -ENOMEM, -EMFILE and -ENFILE the record is not the cause. */
int cell_restore(CellHost *host, const char *id, Cell **ret);

/* The same for one whose record is unusable, and of which the control groups say that it lives, in `group`: takes what the
 * record does say, and from the kernel what it doesn't. `policy` (NULL: there is none) is that of its name, `uid` whose it is.
 * *ret is live, but without init_source if its pid 1 can't be found. -ENOMEM, -EMFILE, -ENFILE. */
int cell_salvage(CellHost *host, const char *id, const char *group, const char *policy_name, Policy *policy, uid_t uid,
                 Cell **ret);

/* If there are processes in a cell that nobody's session is known to be in, keeps it until they are gone. */
int cell_keep_unattended(Cell *c);
