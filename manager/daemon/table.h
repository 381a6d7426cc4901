/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

Cell *manager_find_cell(Manager *m, const char *id);
Session *manager_find_session(Manager *m, const char *id);
/* The cell that a process is in, by its control group or its namespaces. 1: *ret is set; 0: none; -ENOLINK:
 * a cell of ours that is not known, or is ending; -ESRCH: the process of `pidfd` doesn't live any more, and the number
 * may be another's, or can't be seen. */
int manager_find_cell_of(Manager *m, pid_t pid, int pidfd, Cell **ret);
/* Sessions of a user under a policy, for MaxSessions=. */
unsigned manager_count_sessions(const Manager *m, const char *policy, uid_t uid);
/* Does a policy, a cell or a service need anything of the host's side of the network? */
bool manager_needs_network(const Manager *m);
