/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* What the manager has of the host for as long as it runs. All of it says itself what is wrong. */

/* Names what is made, takes the runtime directory with its lock, reads confined.conf, chooses the driver of the
 * control groups and makes their root. -EALREADY: another manager runs. */
int host_open(Manager *m);
/* Names below the runtime directory; the caller frees. NULL: out of memory. */
char *manager_runtime_path(const Manager *m, const char *name);

/* Takes everything of ours off the host, when nothing is left that needs it. */
void host_remove(Manager *m);
