/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* The host's side that all routed cells share: gateway addresses, forwarding, the firewall's table. */

/* Brings it up (again, after a reload or a restart) for the loaded policies and the live cells, by an
 * exclusive job; cells that are opened meanwhile wait for it. m->network_ready tells how it went. */
void network_prepare(Manager *m);

/* The same soon, and at most so often: two who undo each other's work would do nothing else. */
void network_repair(Manager *m);

/* Looks after the firewall: what somebody else does to its table is undone. */
void network_watch(Manager *m);
void network_unwatch(Manager *m);

/* Removes all of it and puts the host's forwarding switches back. Blocks; no cell may be left. */
void network_remove(Manager *m);
