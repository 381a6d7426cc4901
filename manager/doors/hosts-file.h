/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* RUNTIME/hosts, if confined.conf wants it (HostsFile=yes): the addresses of live cells in the format of
 * hosts(5), for a name server of the host's to read. */

/* Writes it, and again a moment after cells came or went, once for all of them. Without HostsFile=, removes it. */
void hosts_file_start(Manager *m);
void hosts_file_stop(Manager *m);
