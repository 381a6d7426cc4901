/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "sandbox/filesystem.h"

/* The process that holds a cell's namespaces: its pid 1, confine-init. */

typedef struct AnchorSpec {
        unsigned namespaces; /* CLONE_NEW* */
        int init_fd;         /* confine-init, open for execveat(2) */
        int unified_fd;      /* v2 control group to be born in, or -EBADF */
        const char *hostname; /* NULL: the host's */
        const FilesystemSpec *filesystem; /* used with CLONE_NEWNS */
        uid_t first_id; /* with CLONE_NEWUSER: the host's uid and gid that 0 in the cell is */
        int64_t monotonic_offset_usec, boottime_offset_usec; /* with CLONE_NEWTIME, see time_namespaces(7) */
        bool sibling; /* the new process becomes a child of the caller's parent (CLONE_PARENT) */
} AnchorSpec;

#define ANCHOR_IDS 65536 /* uids and gids of a user namespace */

/* Clones the first process of a new cell, lets it set up its view and execute confine-init, and waits
 * for that for at most `timeout_usec`. The cgroup namespace is rooted at the groups that the process is in
 * by then: the caller has attached itself to those of v1 before. The OOM killer spares it. A user namespace comes
 * last: all others, and what is mounted, belong to the host's, and root of the cell has no rights on them. With
 * CLONE_NEWTIME the caller's later children, too, have the new clock.
 *
 * *ret_pid is the pid in the caller's namespace, set by the kernel before the process runs; 0 if there never was one.
 * With 0 it runs, and *ret_pidfd is its pidfd. On error it is killed; a sibling is for the caller's parent to reap.
 * *ret_what, good until the next call, says what failed:
 * -ETIMEDOUT; -EPERM: CAP_SYS_ADMIN is missing; -ENOSPC: /proc/sys/user/max_*_namespaces;
 * -ERANGE: an offset that would make a clock negative; -EAGAIN: pids.max; else what a step returned. */
int anchor_start(const AnchorSpec *spec, uint64_t timeout_usec, pid_t *ret_pid, int *ret_pidfd,
                 const char **ret_what);
