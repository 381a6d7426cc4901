/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"

/* How a session begins; see session-end.h for how it ends. */

typedef struct SessionInfo {
        uid_t uid;
        const char *user, *service, *tty, *remote_host;
        pid_t leader;
        int leader_pidfd; /* borrowed */
        bool executes;
} SessionInfo;

/* Adds a session to a cell that is being made or live. -ESRCH: the leader has exited; -errno of writing
 * the record; -ENOMEM. */
int session_new(SessionHost *host, Cell *cell, const SessionInfo *info, Session **ret);
/* After a restart. -EBADMSG, -ESTALE as cell_restore(); -ENOENT: no such
 * cell; -ESRCH: the leader has exited. The record is left to the caller. */
int session_restore(SessionHost *host, const char *id, const CellTable *table, Session **ret);

/* Starts to attach the leader to its cell; the outcome comes by NOTICE_SESSION_READY. On error it waits as before.
 * -ESRCH: the cell is not live; -errno of writing the record, and of job_start(). */
int session_attach(Session *s);
void session_joined(Session *s);
