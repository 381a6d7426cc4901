/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "bus/login.h"
#include "cgroups/group.h"

/* The user's process of a session: the first one that the login program has forked for its user. Helpers of other PAM
 * modules (scripts of update-motd.d, pam_exec) are children of the login program, too, and are born in the cell, but
 * run as root. */

typedef struct UserProcess {
        pid_t pid;
        int pidfd; /* -EBADF: none */
} UserProcess;

/* Looks among the children of `leader`, the login program, for one that was born in the pid namespace of this inode (0: in any)
 * and has no uid but `uid`.
 *
 * 0        *ret is set; release with user_process_done()
 * -ENOENT  there is none yet
 * -ESRCH   the leader has exited
 * -errno of pidfd_open(2); -ENOMEM */
int user_process_find_child(pid_t leader, uid_t uid, uint64_t pid_inode, UserProcess *ret);
/* Takes a process that is known to be the user's: a leader that becomes it. -ESRCH and others of pidfd_open(2). */
int user_process_take(pid_t pid, UserProcess *ret);
void user_process_done(UserProcess *u);
/* Has the process of this number no uid but that? Believe it if a pidfd that was opened before says that it lives. */
bool user_process_is_of(pid_t pid, uid_t uid);

/* Is it in the control group `group` (or one below; NULL: anywhere), in every hierarchy, and in the namespaces with these
 * inodes (0: any)? It may have unshared some of these since, so that only the host's own are wrong.
 *
 * 0        it is
 * -EXDEV   it isn't; `what` names the hierarchy or namespace
 * -ESRCH   it has exited
 * -ENOMEM, -errno of reading /proc */
#define USER_PROCESS_WHAT_MAX 128
int user_process_verify(const UserProcess *u, const Hierarchies *hierarchies, const char *group,
                        const uint64_t inodes[static _LOGIN_NS_MAX], char what[static USER_PROCESS_WHAT_MAX]);
