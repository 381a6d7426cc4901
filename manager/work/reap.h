/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

typedef void (*reaped_t)(sd_event *event, void *userdata);

/* Reaps a child of ours whenever it exits, and calls `then` (or NULL): from within, if it is gone already. Needs no
 * descriptor once a timer of the loop has one. -ENOMEM: it stays, and nothing is called. */
int reap_later(sd_event *event, pid_t pid, reaped_t then, void *userdata);
