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
