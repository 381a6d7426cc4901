/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sandbox/view.h"

/* What a host mounts once more, in a chroot mostly: the same kernel looks out of it as out of its own /proc and /sys,
 * which the cell has others of. */

typedef struct SecondMounts {
        int self_fd; /* the process's directory in /proc: "mounts" is read there */
        bool devices, queues; /* also those with devices, those with POSIX message queues */
        const char *const *own; /* paths of mounts that stay; NULL at the end */
        const View *view; /* applied; what it binds stays, too */
        const ViewParts *parts;
} SecondMounts;

/* Covers all of them but those at or below /proc, /sys and /dev. -errno; *ret_what, static, then says which. See proc(5),
 * "/proc/pid/mounts". */
int second_mounts_cover(const SecondMounts *s, const char **ret_what);
