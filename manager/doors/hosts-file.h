/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* RUNTIME/hosts, if confined.conf wants it (HostsFile=yes): the addresses of live cells in the format of
 * hosts(5), for a name server of the host's to read. */

/* Writes it, a moment later and for all that has changed by then. Without HostsFile=, removes it. */
void hosts_file_update(Manager *m);
void hosts_file_stop(Manager *m);
