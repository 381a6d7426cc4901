/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/doors.h"

#include "manager/doors/bus-server.h"
#include "manager/doors/hosts-file.h"
#include "manager/doors/login-server.h"
#include "manager/doors/sockets.h"

int doors_open(Manager *m) {
        int r = sockets_open(m);

        if (r >= 0)
                hosts_file_start(m);
        return r;
}

void doors_close(Manager *m) {
        hosts_file_stop(m);
        m->sockets = sockets_free(m->sockets);
        m->login = login_server_free(m->login);
        m->bus = bus_server_free(m->bus);
}
