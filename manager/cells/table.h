/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* All cells and sessions, and what is found by looking at all of them. */

typedef struct CellTable {
        Cell *cells;       /* uthash, by id */
        Session *sessions; /* uthash, by id */
} CellTable;

/* NULL: there is none. */
Cell *table_find_cell(const CellTable *t, const char *id);
Session *table_find_session(const CellTable *t, const char *id);

/* The cell that a process is in, by its control group or its namespaces. 1: *ret is set; 0: none; -ENOLINK:
 * a cell of ours that is not known, or is ending; -ESRCH: the process of `pidfd` doesn't live any more, and the number
 * may be another's, or can't be seen. */
int table_find_cell_of(const CellHost *host, pid_t pid, int pidfd, Cell **ret);

/* Sessions of a user under a policy, for MaxSessions=. */
unsigned table_count_sessions(const CellTable *t, const char *policy, uid_t uid);
/* How many cells there are of this user under this policy, and of the policy; one that is being made counts as one. */
void table_count_cells(const CellTable *t, const char *policy, uid_t uid, unsigned *ret_user, unsigned *ret_policy);

/* The live cell of `policy` whose network one of this user's would share; with Scope=policy there the user does not matter.
 * NULL: none. */
Cell *table_find_owner(const CellTable *t, const char *policy, uid_t uid);
/* The cell that an interface of the host's is lent to; NULL: none. */
const Cell *table_find_lent(const CellTable *t, const char *device);
/* Is a user in the cell, or is it the user's? A session that is closing counts if `closing` says so. */
bool table_has_user(const Cell *c, uid_t uid, bool closing);
