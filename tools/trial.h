/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define TRIAL_MESSAGE_MAX 512

/* A login on trial: a child of this process opens a real PAM session, as a login program does, and forks a process as the
 * user, which does nothing until the end. What is to be seen of both, is seen from outside. */
typedef struct Trial {
        pid_t program; /* the login program's */
        pid_t user;    /* the user's process, as this process's pid namespace numbers it; 0: the login was refused */
        int fd;
        char stage[32];                  /* "account", "session": what refused it */
        char message[TRIAL_MESSAGE_MAX]; /* what PAM, or a module, said of that */
} Trial;

typedef struct TrialLogin {
        const char *user, *service, *tty, *remote_host; /* "" : none */
        uid_t uid;
        gid_t gid;
} TrialLogin;

/* Opens the session. Must be root. -ETIMEDOUT: a module hangs; then all is ended. -EPROTO: the login program ended without a
 * word; -errno. On success trial_end() is owed, also when the login was refused. See pam(3). */
int trial_begin(const TrialLogin *login, Trial *ret);
/* Ends the user's process, closes the session and waits for it. -ETIMEDOUT: it was killed. */
int trial_end(Trial *t);
