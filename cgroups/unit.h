/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "policies/policy.h"

/* Units of systemd, by its D-Bus interface; see org.freedesktop.systemd1(5). All of this waits for answers,
 * at most UNIT_TIMEOUT_USEC for each: jobs call it. Errors of systemd come back as -errno, with its own
 * words in `what` (at least UNIT_WHAT_MAX bytes). */

#define UNIT_TIMEOUT_USEC (5 * UINT64_C(1000000))
#define UNIT_WHAT_MAX 256
#define UNIT_NAME_LENGTH_MAX 256

int unit_bus_open(sd_bus **ret, char what[static UNIT_WHAT_MAX]);

typedef struct UnitScope {
        const char *name, *slice, *description;
        pid_t pid;               /* what it is made around */
        const Resources *limits; /* NULL: none */
        uint64_t tasks_extra;    /* added to TasksMax=, for processes that are not the user's */
        bool delegate;           /* what is in it is ours to manage */
} UnitScope;

/* Makes a transient scope around a process, and waits until it is in it. -ESRCH: the process has exited. */
int unit_start_scope(sd_bus *bus, const UnitScope *scope, char what[static UNIT_WHAT_MAX]);

/* Sets the limits of a unit, until the next boot at most. What `before` (NULL: nothing) sets and `limits`
 * does not, gets back what it was. Of a unit that is more than transient the values that it had are
 * kept in `state_fd` for unit_restore(), with `owner` ("": none); -EBADF: it is transient. */
int unit_set_limits(sd_bus *bus, int state_fd, const char *unit, const char *owner, const Resources *limits,
                    const Resources *before, uint64_t tasks_extra, char what[static UNIT_WHAT_MAX]);
/* Takes back what was set. A unit that nothing was set of: success. */
int unit_restore(sd_bus *bus, int state_fd, const char *unit, char what[static UNIT_WHAT_MAX]);
/* Calls back with each unit in `state_fd` and who owns its limits. */
typedef int (*unit_limited_t)(const char *unit, const char *owner, void *userdata);
int unit_for_each_limited(int state_fd, unit_limited_t callback, void *userdata);

/* -EBUSY or what systemd says; a unit that is not there: success. */
int unit_freeze(sd_bus *bus, const char *unit, bool freeze, char what[static UNIT_WHAT_MAX]);
/* Kills all processes of a scope, which then is gone; one that is not there: success. */
int unit_kill_scope(sd_bus *bus, const char *unit, char what[static UNIT_WHAT_MAX]);
