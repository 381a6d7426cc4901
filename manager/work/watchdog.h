/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "manager/work/job.h"
#include "manager/work/listener.h"

/* Tells the service manager that we are well, as long as that is so: that the loop turns is not enough,
 * `logins` must be served and jobs come to their ends. Does nothing without WatchdogSec=, then *ret is NULL. Both have to be
 * there for as long as it is. -errno. */
typedef struct Watchdog Watchdog;
int watchdog_new(sd_event *event, Jobs *jobs, Listener *logins, Watchdog **ret);
Watchdog *watchdog_free(Watchdog *w); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Watchdog *, watchdog_free);
