/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/reap.h"

#include <stdbool.h>
#include <sys/wait.h>

/* A floating source belongs to the loop, which keeps it (and its pidfd) also after it has fired, unless it is
 * told that it no longer floats: then nobody holds it. */
static int on_exit(sd_event_source *s, const siginfo_t *si, void *userdata) {
        (void) si, (void) userdata;
        return sd_event_source_set_floating(s, false);
}

int reap_later(sd_event *event, pid_t pid) {
        return sd_event_add_child(event, NULL, pid, WEXITED, on_exit, NULL);
}
