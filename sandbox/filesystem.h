/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policies/policy.h"

/* What a cell sees of the file system: the host's, with what belongs to the cell laid over it. Called
 * in the cell's new mount namespace by its first process. */

#define FILESYSTEM_CGROUPS_MAX 12
#define FILESYSTEM_PERSISTENT_DIR "tmp"

typedef struct FilesystemSpec {
        bool hide_pids;   /* others' processes are invisible in /proc (hidepid=2): a shared cell */
        bool own_pid, own_net, own_ipc; /* which namespaces are the cell's own */
        const PolicyFilesystem *policy; /* expanded */
        bool for_logins;     /* who comes in are login programs, with records of their own to write */
        uid_t uid;           /* whose PrivateTmp=persistent is */
        const char *state_dir; /* that FILESYSTEM_PERSISTENT_DIR is in */
        uint64_t tmp_bytes;  /* for /tmp, /var/tmp and /dev/shm together; 0: a tenth of memory */
        const char *resolv_conf; /* content of /etc/resolv.conf; NULL: the host's */
        const char *hosts;       /* content of /etc/hosts; NULL: the host's */
        const char *cgroups[FILESYSTEM_CGROUPS_MAX]; /* where the host has them mounted: "/sys/fs/cgroup/memory" */
        size_t n_cgroups;
        const char *cgroup_layout; /* the directory of v1's mount points; NULL on v2 alone */
        const char *cgroup_root;   /* the group, below each of the mounts, that is all that the cell sees of them;
                                    * "": everything */
        const char *cgroup_own;    /* a path below a cgroup mount that stays writable for whom it is delegated to;
                                    * NULL: none */
} FilesystemSpec;

/* Makes all mounts of the host slaves, so that later ones of the host appear and none of ours leaves, enters
 * RootDirectory=, then mounts fresh /proc (with /proc/sys and other knobs of the kernel read-only), /sys
 * (read-only), the cgroup tree from cgroup_root down (read-only), /dev/mqueue, one tmpfs that /dev/shm and the
 * private /tmp, /var/tmp and /dev are parts of, and over all that what [Filesystem] says. Leaves the process at "/".
 *
 * -errno of the first call that failed, with *ret_what naming it, in memory that stays. The mounts are not undone:
 * the namespace dies with its first process. See mount_namespaces(7), fsopen(2). */
int filesystem_setup(const FilesystemSpec *spec, const char **ret_what);
