/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

typedef struct Sockets Sockets;

/* Opens the login socket and the bus, by descriptors that were passed or by their paths, and serves them. Whoever removes
 * such a path, or puts another socket there, is undone; not where a service manager made it, which is said loudly. Says
 * what is wrong. */
int sockets_open(Manager *m);
/* Stops watching; takes NULL, returns NULL. */
Sockets *sockets_free(Sockets *s);
