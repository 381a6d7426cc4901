/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* Network namespaces by descriptor. */

/* Opens the network namespace of the process behind `pidfd`. Needs PIDFD_GET_NET_NAMESPACE
 * (kernel 6.11); before that it goes through /proc and checks afterwards that the pid was still
 * the same process.
 *
 * >= 0        the fd, close-on-exec
 * -ESRCH      the process has exited
 * -EACCES     no right to look at it (ptrace(2), PTRACE_MODE_READ)
 * See pidfd_open(2), namespaces(7). */
int netns_open_pidfd(int pidfd);

/* A pin is a mount, and has to be where systemd sees it, even if this process was put into a mount namespace of its
 * own: enters that of the host's pid 1. Needs CAP_SYS_ADMIN and CAP_SYS_CHROOT. -errno of stat(2), open(2), setns(2). */
int netns_enter_host_mounts(void);

/* Makes a network namespace that lives as long as it is bound to the file `path`, which is made; the
 * calling thread comes back to its own, or aborts. Needs CAP_SYS_ADMIN.
 * -EEXIST: there is one already; -errno: nothing is left. See namespaces(7). */
int netns_pin(const char *path);

/* The same with a namespace that is there already. */
int netns_pin_fd(const char *path, int netns_fd);

/* >= 0: an fd of the namespace that is pinned at `path`; -ENOENT: none, whether there is a file or not. */
int netns_open_pinned(const char *path);

/* Takes the pin away; processes in it, and fds of it, still keep the namespace. 0 also if there was none. */
int netns_unpin(const char *path);

/* 1: a process that this one sees in /proc is in the pinned namespace; 0: none. */
int netns_is_used(const char *path);

/* Runs f(userdata) with the calling thread inside the namespace `netns_fd`, then comes back.
 * /proc/sys/net shows the reader's namespace, so f() reaches the namespace's sysctls through the
 * host's /proc. A process that can't come back would do the host's work inside of a cell: it
 * aborts, which is why this is for short-lived children.
 *
 * What f() returned, or
 * -EINVAL     no network namespace
 * -EPERM      CAP_SYS_ADMIN is missing
 * -errno      of opening the own namespace; f() was not called
 * See setns(2). */
int netns_call(int netns_fd, int (*f)(void *userdata), void *userdata);
