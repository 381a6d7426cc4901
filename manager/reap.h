/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

/* Lets the loop reap a child of ours whenever it exits. SIGCHLD must be blocked. -ECHILD: no child. */
int reap_later(sd_event *event, pid_t pid);
