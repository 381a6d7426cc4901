/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

typedef struct OpenInfo {
        const MatchSubject *subject;
        pid_t leader;
        int leader_pidfd; /* borrowed */
        bool executes;    /* it is not going to fork */
        struct Connection *connection;
} OpenInfo;

/* Would a session be refused now, as far as it can be told without trying? Errors and message as
 * manager_open_session(). */
int manager_admits(Manager *m, const Policy *policy, const MatchSubject *subject, char **ret_message);
/* Opens a session in a cell of `policy`: in the live one of its scope, or a new one. Its further way
 * comes by NOTICE_SESSION_READY.
 * -EUSERS: MaxSessions=, or too many cells; -EAGAIN: a cell is ending for it, once more when it is gone; else what cell_new() and session_new() return; *ret_message (may be NULL on
 * -ENOMEM) then says it in words and is to be freed. */
int manager_open_session(Manager *m, Policy *policy, const OpenInfo *info, Session **ret,
                         char **ret_message);
/* The same in a given live cell. */
int manager_open_session_in(Manager *m, Cell *cell, const OpenInfo *info, Session **ret, char **ret_message);
