/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"

/* The host's switches for routing between links. They are the host's, not ours: they are only
 * turned on when somebody needs them and they are off, and what was changed is told, so that it
 * can be logged, guarded (see firewall.h) and put back.
 *
 * `proc_fd` is a directory fd of a proc(5) mount; the files in it are those of the calling
 * thread's network namespace. See ip-sysctl.rst. */

typedef struct ForwardingChanges {
        bool ipv4, ipv6;  /* was off, is on */
        char **accept_ra; /* links whose accept_ra went from 1 to 2 */
} ForwardingChanges;

void forwarding_changes_done(ForwardingChanges *c); /* leaves it zeroed */

/* Turns forwarding on for the families asked for. A host that forwards IPv6 ignores router
 * advertisements unless accept_ra is 2 and would lose its default route: links that have it at 1
 * and do not forward yet get 2 first. Links that appear later are not looked after.
 *
 * 0           *ret says what was changed; release with forwarding_changes_done()
 * -ENOENT     the kernel has no such family
 * -EROFS, -EACCES  /proc/sys can't be written
 * -ENOMEM
 * On error everything is as it was and *ret is untouched. */
int forwarding_enable(int proc_fd, bool ipv4, bool ipv6, ForwardingChanges *ret);

/* Puts back what was changed. Goes on after an error and returns the first one; links that are
 * gone are no error. */
int forwarding_restore(int proc_fd, const ForwardingChanges *c);
