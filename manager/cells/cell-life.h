/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* The life of a cell. Nothing else changes its state, but for cell_restore(), which takes it from the record. */

/* Makes a cell for a subject; it is recorded on disk before anything of it exists. Its events come by
 * host->notices from the loop.
 *
 * 0        *ret is in state making
 * -ENOSPC  the pool has no address left; -EADDRINUSE: a fixed address is taken
 * -ENODEV  no interface of Interface= is there and free
 * -ENOLINK the cell whose network it is to share is not live
 * -EINVAL  Hostname= expands to no valid name for this user; -EILSEQ: so does a path of [Filesystem]
 * -ERANGE  no ids are left for a user namespace
 * -EBUSY   too many jobs wait; -errno of writing the record; -ENOMEM */
int cell_new(CellHost *host, Policy *policy, const MatchSubject *subject, Cell **ret);

void cell_end(Cell *c, const char *reason);
/* The same for one that cell_restore() has found not live, whatever the manager before had done of it already. */
void cell_end_remains(Cell *c);
/* The last session has left: ends the cell at once, or LingerSec= later. */
void cell_session_left(Cell *c);
void cell_session_joined(Cell *c, const Session *s);

/* Watches pid 1. -ESRCH: it is gone, and the number may be another process's; -EMFILE and others. */
int cell_watch_init(Cell *c);
