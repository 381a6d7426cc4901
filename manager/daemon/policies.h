/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* The policies in force. All functions say themselves what is wrong. */

/* Reads the last good versions, for the first load. -errno. */
int policies_read_kept(Manager *m);
/* Loads the files. 0; 1: some had errors, which stand in m->diags; -errno: nothing has changed. */
int policies_load(Manager *m);
/* The first policy that matches, borrowed; NULL: none. */
Policy *policies_pick(Manager *m, const MatchSubject *subject);
/* Prefixes are known to the pool before an address is handed out of any. */
void policies_register_pools(Manager *m);
