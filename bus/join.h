/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/login.h"

/* Takes the calling process into a cell: asks the manager, joins the namespaces, and verifies by inode
 * that it is where it should be. For pam_confine.so, confinectl run and confinectl shell. */

typedef enum JoinOutcome {
        JOIN_CONFINED,   /* joined and verified */
        JOIN_UNCONFINED, /* nothing was changed; reply->message says why */
        JOIN_INSIDE,     /* already in a cell; nothing was changed */
        JOIN_REFUSED,    /* nothing was changed; reply says why (also LOGIN_NO_CELL, LOGIN_FAILED) */
        JOIN_ADMITTED,   /* LOGIN_CHECK: nothing was changed */
        JOIN_NO_POLICY,  /* refused, but for who is exempt: its policy is refused; reply->message says why */
        JOIN_ABSENT,     /* no answer: reply is empty, *ret_error has the errno; nothing was changed */
        JOIN_UNABLE,     /* this process can't ask, or the manager is busy: as JOIN_ABSENT, but what a user may have
                          * brought about (no descriptors left, several threads, a burst of logins) */
        JOIN_BROKEN,     /* half joined: the process must do no work; *ret_error has the errno, and
                          * reply->message names what failed */
} JoinOutcome;

typedef struct JoinOptions {
        const char *socket_path; /* normally LOGIN_SOCKET_PATH */
        uint64_t timeout_usec;   /* for all that waits for the manager */
        int *ret_filter_fd;      /* not NULL: process_seal() is left to the caller, with this fd (or -EBADF); NULL: it
                                  * is done */
} JoinOptions;

/* Asks only, and changes nothing. For LOGIN_CHECK. */
JoinOutcome join_ask(const JoinOptions *o, const LoginRequest *request, LoginReply *reply, int *ret_error);

/* What is done, in this order: one thread only (-EBUSY as JOIN_UNABLE otherwise: setns(2) on a mount namespace would
 * move all of them), the working directory is remembered, unshare(CLONE_FS), ask, process_prepare(),
 * PR_SET_DUMPABLE off, fds >= 3 close-on-exec, setns(2), with a user namespace its root, a look-up of uid 0 so that
 * glibc notices the new root and loads no name service from it, back to the working directory or else "/",
 * verification, process_enter(), process_seal(), "joined". Of reply->process, environment and ambient capabilities
 * are the caller's to use.
 *
 * On JOIN_CONFINED the process has no fd more than before, but *ret_filter_fd. */
JoinOutcome join_cell(const JoinOptions *o, const LoginRequest *request, LoginReply *reply, int *ret_error);
