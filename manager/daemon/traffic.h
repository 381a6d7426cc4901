/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

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

/* Of one volume; borrows. */
typedef struct TrafficStatus {
        const char *policy, *user; /* user: escaped; NULL: of all */
        uid_t uid;                 /* UID_INVALID: of all */
        uint64_t used_bytes;
        TrafficLimit limit;
        int64_t begin; /* of its period, in seconds since 1970 */
        bool slow;     /* what happens then: it is slowed down, not refused */
        bool used_up;
} TrafficStatus;
/* The volume after that one, or the first (NULL); NULL: there is no other one, and *ret is untouched. */
const Volume *traffic_next(const Manager *m, const Volume *after, TrafficStatus *ret);
