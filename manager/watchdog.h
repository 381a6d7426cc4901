/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* Tells the service manager that we are well, as long as that is so: that the loop turns is not enough,
 * logins must be served and jobs come to their ends. Does nothing without WatchdogSec=. -errno. */
int watchdog_start(Manager *m);
