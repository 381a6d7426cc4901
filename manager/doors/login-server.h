/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"
#include "manager/work/listener.h"

/* The login socket's end in the manager: reads requests of root's processes, decides, and answers. Each
 * connection has one deadline, and there are only so many. */

/* Serves a listening socket, which only root can connect to, and owns it unless it fails. */
int login_server_new(Manager *m, int fd, LoginServer **ret);
LoginServer *login_server_free(LoginServer *l);

int login_server_replace(LoginServer *l, int fd); /* as listener_replace() */

Listener *login_server_listener(LoginServer *l); /* keeps belonging to it */

/* A session of a connection is in its control group, or is not going to be. */
void login_server_session_ready(LoginServer *l, Session *s, const JobReport *report);
/* It is gone before it was joined. */
void login_server_session_removed(LoginServer *l, Session *s);

/* A cell is gone, and with it its addresses: whose login waits for one is tried again. `l` may be NULL. */
void login_server_cell_gone(LoginServer *l);

/* Ends a session that nobody is known to have joined, whatever OnFailure= says, unless "joined" has come meanwhile.
 * s->connection is set. */
void login_server_refuse(Session *s, const char *message);
