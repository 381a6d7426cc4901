/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* For a caller that is going to execute a program without a fork, as systemd does for a unit with
 * PAMName=: setns(2) has put its children into the cell's pid namespace, but not itself. Forks. The
 * child returns 0 and goes on as the caller, inside. The parent never returns: as `uid` and `gid` it stands
 * in for the child, as the process that systemd knows, passes signals on to it, and ends as it ends.
 * -EAGAIN and others of fork(2): nothing has happened. */
int stand_in(uid_t uid, gid_t gid);
