/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Four looks in the time that the service manager allows. A look that finds something stuck sends nothing;
 * so it takes several in a row until it ends us, and one good look between them is enough. */

#include "manager/work/watchdog.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"

#define LOOKS 4

struct Watchdog {
        Jobs *jobs;
        Listener *logins;
        uint64_t usec;
        sd_event_source *source;
};

static const char *what_is_stuck(const Watchdog *w, uint64_t now_usec) {
        if (!listener_is_served(w->logins))
                return "nobody is accepted on the login socket";
        if (!jobs_are_moving(w->jobs, now_usec))
                return "jobs don't end";
        return NULL;
}

static int on_look(sd_event_source *s, uint64_t usec, void *userdata) {
        Watchdog *w = userdata;
        const char *stuck;
        uint64_t now;
        int r;

        (void) usec; /* when it was due; that may be long ago */
        r = sd_event_now(sd_event_source_get_event(s), CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;
        stuck = what_is_stuck(w, now);
        if (stuck)
                log_warning("Not well, and not telling the watchdog otherwise: %s", stuck);
        else
                (void) sd_notify(false, "WATCHDOG=1"); /* unheard, it ends us */
        r = sd_event_source_set_time_relative(s, w->usec / LOOKS);
        if (r >= 0)
                r = sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        return r;
}

int watchdog_new(sd_event *event, Jobs *jobs, Listener *logins, Watchdog **ret) {
        Watchdog *w;
        uint64_t usec;
        int r = sd_watchdog_enabled(true, &usec);

        *ret = NULL;
        if (r <= 0)
                return r;
        w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Watchdog) { .jobs = jobs, .logins = logins, .usec = usec };
        r = sd_event_add_time_relative(event, &w->source, CLOCK_MONOTONIC, usec / LOOKS, 0, on_look, w);
        if (r < 0) {
                free(w);
                return r;
        }
        *ret = w;
        return 0;
}

Watchdog *watchdog_free(Watchdog *w) {
        if (w)
                sd_event_source_disable_unref(w->source);
        free(w);
        return NULL;
}
