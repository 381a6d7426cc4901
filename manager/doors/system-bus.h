/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/doors/peer.h"

/* The objects of peer.h on the system bus, as org.confine1: there when the bus is, at once or later,
 * and again when it comes back. Who calls is asked of the bus, and remembered; those whom access.h does
 * not let do a thing may be let by polkit, if they are outside of any cell. */
typedef struct SystemBus SystemBus;

/* Never waits for the bus, nor fails for lack of it. -ENOMEM, -errno of the event loop. */
int system_bus_new(Manager *m, BusServer *server, SystemBus **ret);
SystemBus *system_bus_free(SystemBus *s); /* takes NULL, returns NULL */

/* Sends a signal of the manager to those who may see what belongs to `owner` and have made a call before:
 * to each one of them, since whoever wants to could listen to a broadcast. Takes NULL. */
void system_bus_announce(SystemBus *s, uid_t owner, const char *member, const char *types, ...);
