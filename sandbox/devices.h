/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PrivateDevices=: a /dev with nothing in it that leads to hardware. */

/* Puts it at /dev: null, zero, full, random, urandom, tty, ptmx, the host's pts (a login's terminal is one of
 * them, and has to have the same name inside), places for shm and mqueue, and the links to /proc/self/fd. The
 * host's is the mount `host_dev_fd`, or (-EBADF) at /dev; `tmpfs_fd` is the cell's tmpfs; both are mounted somewhere.
 * -errno of the first call that failed. */
int devices_setup(int host_dev_fd, int tmpfs_fd);

/* Adds the terminal that somebody logs in at to the private /dev that the calling process sees; `node_fd` is a
 * copy of the host's node as a mount, `name` what it is called below /dev ("tty1"). 0 also if it is there. */
int devices_add_tty(int node_fd, const char *name);
