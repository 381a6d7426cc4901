/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "manager/doors/bus-server.h"

/* What `confinectl net` asks of a cell: methods of cell-bus.c's vtable, and the job of one. */

/* JSON, for the report's text: interface, addresses, routes, rules with counters. `userdata`: BusCall. */
void cell_net_run_status(void *userdata, JobReport *report, JobText *text);
int cell_net_reply_status(sd_bus_message *m, const JobReport *report, BusCall *call);

/* TestNetwork(s protocol, s address, u port): b, and for each policy that has a say
 * (s direction, s policy, b allowed, s key, s rule, s file, u line, s why). */
int cell_net_test(sd_bus_message *m, const Peer *p, const Cell *c, sd_bus_error *error);
