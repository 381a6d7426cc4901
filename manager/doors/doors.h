/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* All that lets somebody in, or tells those outside. */

/* Opens the sockets, and keeps the file of hosts from now on. Says itself what is wrong. */
int doors_open(Manager *m);
/* Also if they are open in part. */
void doors_close(Manager *m);
