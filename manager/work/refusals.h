/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

/* Login programs whose session was refused. Most exit at once; sshd keeps the connection, for forwarding that it then
 * denies, and with it a process of the user's that is in no cell. What is left of one after a grace is ended: children
 * that run as the user, and for root, whom sshd serves without one, sshd's own process. */

typedef struct Refusals Refusals;

Refusals *refusals_new(sd_event *event); /* NULL: out of memory */
Refusals *refusals_free(Refusals *r);    /* takes NULL, returns NULL */

/* `pidfd` is borrowed. What can't be watched is logged. */
void refusals_add(Refusals *r, pid_t pid, int pidfd, uid_t uid, const char *service);
