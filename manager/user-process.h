/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/session.h"

/* The user's process of a session: the first one that the login program has forked for its user. Helpers of other PAM
 * modules (scripts of update-motd.d, pam_exec) are children of the login program, too, and are born in the cell, but
 * run as root. */

/* Looks among the children of the session's leader for one that was born in the cell's pid namespace and has no uid
 * but the session's. If the leader itself becomes the user's process, it is that.
 *
 * 0        *ret is set; release with user_process_done()
 * -ENOENT  there is none yet
 * -ESRCH   the leader has exited
 * -errno of pidfd_open(2); -ENOMEM */
int user_process_find(const Session *s, UserProcess *ret);
/* The same for a login program that has no session. `pid_inode`: of the pid namespace; 0: any. */
int user_process_find_child(pid_t leader, uid_t uid, uint64_t pid_inode, UserProcess *ret);
void user_process_done(UserProcess *u);
/* Has the process of this number no uid but that? Believe it if a pidfd that was opened before says that it lives. */
bool user_process_is_of(pid_t pid, uid_t uid);

/* Is it in the session's control group (or one below), in every hierarchy, and in the cell's namespaces? It may have
 * unshared some of these since, so that only the host's own are wrong.
 *
 * 0        it is
 * -EXDEV   it isn't; `what` names the hierarchy or namespace
 * -ESRCH   it has exited
 * -ENOMEM, -errno of reading /proc */
#define USER_PROCESS_WHAT_MAX 128
int user_process_verify(const Session *s, const UserProcess *u, char what[static USER_PROCESS_WHAT_MAX]);
