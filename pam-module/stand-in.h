/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* For a caller that will execute a program without a fork, as systemd does for a unit with PAMName=. After setns(2)
 * its children are in the cell's pid namespace, but the caller itself is not. So this function forks.
 *
 * 0        in the child, which continues as the caller, inside the cell
 * -errno   of pipe2(2) or fork(2), for example -EAGAIN; nothing has changed
 *
 * The parent never returns. As `uid` and `gid` it remains the process that systemd knows, passes signals on to the
 * child, and exits with the child's status or signal. */
int stand_in(uid_t uid, gid_t gid);
