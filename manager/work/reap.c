/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* By the clock. A child source of sd-event takes a descriptor, which a manager that has none left can't have; and it looks
 * once when the child exits, when one that somebody traces is not to be waited for yet. */

#include "manager/work/reap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define LOOK_MIN_USEC (2 * USEC_PER_MSEC) /* most have said their last word, and are about to exit */
#define LOOK_MAX_USEC (1 * USEC_PER_SEC)

typedef struct Child {
        pid_t pid;
        uint64_t wait_usec;
        reaped_t then;
        void *userdata;
} Child;

/* A floating source belongs to the loop, which keeps it also after it has fired, unless it is told that it no longer
 * floats: then nobody holds it. */
static int on_time(sd_event_source *s, uint64_t usec, void *userdata) {
        Child *c = userdata;
        int r;

        (void) usec;
        if (waitpid(c->pid, NULL, WNOHANG) != 0) {
                if (c->then)
                        c->then(sd_event_source_get_event(s), c->userdata);
                return sd_event_source_set_floating(s, false);
        }
        c->wait_usec = MIN(c->wait_usec * 2, LOOK_MAX_USEC);
        r = sd_event_source_set_time_relative(s, c->wait_usec);
        return r < 0 ? r : sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int reap_later(sd_event *event, pid_t pid, reaped_t then, void *userdata) {
        sd_event_source *s;
        Child *c;
        int r;

        if (waitpid(pid, NULL, WNOHANG) != 0) {
                if (then)
                        then(event, userdata);
                return 0;
        }
        c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (Child) { .pid = pid, .wait_usec = LOOK_MIN_USEC, .then = then, .userdata = userdata };
        r = sd_event_add_time_relative(event, &s, CLOCK_MONOTONIC, c->wait_usec, 0, on_time, c);
        if (r < 0) {
                free(c);
                return r;
        }
        (void) sd_event_source_set_destroy_callback(s, free);
        r = sd_event_source_set_floating(s, true);
        sd_event_source_unref(s);
        return r;
}
