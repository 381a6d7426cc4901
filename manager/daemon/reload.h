/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Loads the policies anew. Live cells keep theirs; broken files keep their last good version. Returns
 * 0, or 1 if there were errors (m->diags), which are logged; -errno: nothing has changed. */
int manager_reload(Manager *m);
