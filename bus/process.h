/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/login.h"

/* Does to the calling process what a LoginProcess says, in four steps around setns(2); its children inherit it.
 * Linked into the module, like login.h: libc only, no heap.
 * All return 0 or -errno, with *ret_what (static) naming the key that failed. */

/* Before: what needs the host's /proc and rights over the host. Nice=, OOMScoreAdjust=, Limit...=.
 * -EPERM, -EACCES: the host doesn't let us (CAP_SYS_RESOURCE, CAP_SYS_NICE are missing). */
int process_prepare(const LoginProcess *p, const char **ret_what);

/* After: the keyring, which becomes `uid`'s and `gid`'s, the bounding set, the umask. See keyctl(2),
 * capabilities(7), "Capability bounding set". */
int process_enter(const LoginProcess *p, uid_t uid, gid_t gid, const char **ret_what);

/* Last, when nothing needs to be done any more that it refuses: NoNewPrivileges= and the programs in filter_fd
 * (-EBADF: none), each behind its length in instructions (uint32_t). See seccomp(2); needs CAP_SYS_ADMIN or
 * NoNewPrivileges=. -EBADMSG: the file is none. */
int process_seal(const LoginProcess *p, int filter_fd, const char **ret_what);

/* Becomes a user, whose next program has AmbientCapabilities=; until then the process can still do process_seal(). */
int process_become(const LoginProcess *p, uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups,
                   const char **ret_what);
