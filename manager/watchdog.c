/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Four looks in the time that the service manager allows. A look that finds something stuck sends nothing;
 * so it takes several in a row until it ends us, and one good look between them is enough. */

#include "manager/watchdog.h"

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "manager/login-server.h"

#define LOOKS 4

static const char *what_is_stuck(Manager *m, uint64_t now_usec) {
        if (!login_server_is_served(m->login))
                return "nobody is accepted on the login socket";
        if (!jobs_are_moving(m->jobs, now_usec))
                return "jobs don't end";
        return NULL;
}

static int on_look(sd_event_source *s, uint64_t usec, void *userdata) {
        Manager *m = userdata;
        const char *stuck;
        uint64_t now;
        int r;

        (void) usec; /* when it was due; that may be long ago */
        r = sd_event_now(m->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;
        stuck = what_is_stuck(m, now);
        if (stuck)
                log_warning("Not well, and not telling the watchdog otherwise: %s", stuck);
        else
                (void) sd_notify(false, "WATCHDOG=1"); /* unheard, it ends us */
        r = sd_event_source_set_time_relative(s, m->watchdog_usec / LOOKS);
        if (r >= 0)
                r = sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        return r;
}

int watchdog_start(Manager *m) {
        int r = sd_watchdog_enabled(true, &m->watchdog_usec);

        if (r <= 0)
                return r;
        return sd_event_add_time_relative(m->event, NULL, CLOCK_MONOTONIC, m->watchdog_usec / LOOKS, 0, on_look, m);
}
