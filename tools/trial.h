/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define TRIAL_MESSAGE_MAX 512

/* A trial login: a child of this process opens a real PAM session, as a login program does, and forks a process that
 * becomes the user and waits until trial_end(). The caller looks at both from outside. */
typedef struct Trial {
        pid_t program; /* PID of the child, the login program */
        pid_t user;    /* PID of the user's process in our pid namespace; 0: PAM refused the login */
        int fd;
        char stage[32];                  /* "account", "session": the part of PAM that failed */
        char message[TRIAL_MESSAGE_MAX]; /* the error of a module and of PAM */
} Trial;

typedef struct TrialLogin {
        const char *user, *service, *tty, *remote_host; /* "" : none */
        uid_t uid;
        gid_t gid;
} TrialLogin;

/* Opens the session; the caller must be root. After success the caller has to call trial_end(), even if PAM refused the
 * login. -ETIMEDOUT: a module hangs; -EPROTO: the login program exited without a message; -errno. After an error no
 * process is left. See pam(3). */
int trial_begin(const TrialLogin *login, Trial *ret);
/* Ends the user's process, and waits for the login program to close the session and exit. -ETIMEDOUT: it did not, and
 * we killed it. */
int trial_end(Trial *t);
