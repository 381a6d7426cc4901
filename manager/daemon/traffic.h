/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "manager/doors/bus-server.h"

/* TrafficMax=: what users, and policies as a whole, have used of their volume. The firewall counts and refuses;
 * here the numbers are read every two seconds and kept in STATE-DIR/traffic, over cells, restarts and boots. */

/* Reads what is kept, before there are jobs, which need m->traffic_fd. -errno of opening the directory, logged. */
int traffic_open(Manager *m);
void traffic_stop(Manager *m); /* saves once more; blocks a little */

/* The cell is about to be made, or was taken over: its volumes exist from now on, and the cell knows whether
 * they are used up. -ENOMEM. */
int traffic_join(Manager *m, Cell *c);

/* The volumes of a cell for the firewall; borrows. */
void traffic_describe(const Manager *m, const Policy *policy, uid_t uid, FirewallVolume *ret_user,
                      FirewallVolume *ret_policy);

/* In a job that is about to make the firewall anew: takes the counts over that are there. */
void traffic_read_counts(const Manager *m);

/* ListTraffic(): a(ssuttsxsb) policy, user ("": all), uid, used, maximum, period, its beginning in seconds since
 * 1970, what happens then, whether it does; what the peer may see of it. */
int traffic_reply_list(sd_bus_message *m, const Peer *p);
