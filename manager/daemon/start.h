/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Prepares everything up to the sockets: takes the lock of the runtime directory, finds the control groups, loads the
 * policies. Says itself what is wrong. -EALREADY: another manager runs. */
int manager_new(const ManagerConfig *config, Manager **ret);
/* With its doors open, where logins wait meanwhile: takes over what a manager before has left, sweeps what nobody owns, and
 * waits a while for the network. Says itself what is wrong. */
int manager_start(Manager *m);
/* Stops; the doors are closed. Live cells go on; without any, everything of the manager's on the host is removed. */
Manager *manager_free(Manager *m);
DEFINE_CLEANUP(Manager *, manager_free);
