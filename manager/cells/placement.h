/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Services of systemd that a policy with Unit= and Mode=routed places: a network namespace for each, pinned at
 * RUNTIME/netns/UNIT, where the drop-in of confine-generator makes systemd look for it, with an interface
 * and addresses as a cell has them. All else of such a policy is done by systemd. */

typedef enum PlacementState {
        PLACEMENT_MAKING,  /* recorded; what is missing is made by a job. Next: ready, failed, leaving */
        PLACEMENT_READY,
        PLACEMENT_FAILED,  /* `why` says why; tried again later. Next: making, leaving */
        PLACEMENT_LEAVING, /* no policy wants it; goes when nobody is in it any more. Next: freed, making */
        _PLACEMENT_STATE_MAX,
        _PLACEMENT_STATE_INVALID = -EINVAL,
} PlacementState;

const char *placement_state_to_string(PlacementState s);

struct Placement {
        UT_hash_handle hh; /* the manager's table, by unit */
        Manager *manager;
        char *unit;
        Policy *policy; /* as it was when it was made, or as a reload changed it since */
        PlacementState state;
        char why[256]; /* it failed */

        char link[BUILDER_LINK_MAX]; /* "": it has no addresses, for `why` */
        char old_link[BUILDER_LINK_MAX]; /* to be replaced by `link`; "": none */
        IpPrefix address4, address6, gateway4, gateway6;
        IpPrefix old_address4, old_address6; /* of `old_link`, and nobody else's until its flows have ended */
        bool reach_changed; /* flows that began under the former policy are to end */
        Job *job;
        sd_event_source *retry_source;
};

/* As the firewall knows it; borrows. */
struct FirewallCell;
void placement_describe(const Placement *p, struct FirewallCell *ret);

/* Reads the records of before. -ENOMEM. */
int placements_read(Manager *m);
/* Compares the table with the loaded policies: addresses and ports are given and taken here, before
 * network_prepare() makes the firewall of it (true: there is something new for it), */
bool placements_update(Manager *m);
/* and then jobs make and remove what differs on the host. */
void placements_start(Manager *m);
/* Is something still being made? */
bool placements_pending(const Manager *m);
/* Who publishes one of the ports of `policy`, borrowed; NULL: nobody. */
const Placement *placements_find_port(const Manager *m, const Policy *policy, const PolicyPort **ret_port);

/* By the sweep's job: takes away pinned namespaces that it does not know and nobody is in. Returns how many. */
unsigned placements_sweep(const Manager *m, bool (*is_known)(const char *unit, void *userdata), void *userdata);
bool placements_have(const Manager *m, const char *unit);

/* Forgets all; what is on the host stays. */
void placements_free(Manager *m);
/* Removes the directories; no placement may be left. */
void placements_remove(Manager *m);
