/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/hash.h"
#include "manager/cells/builder.h"
#include "manager/cells/table.h"
#include "manager/cells/notices.h"
#include "netns/pool.h"
#include "policies/policy-set.h"

/* One placement, see placement.h, and what outlives the manager of it, in /run/confine/placements. */

typedef enum PlacementState {
        PLACEMENT_MAKING,  /* recorded; what is missing is made by a job. Next: ready, failed, leaving */
        PLACEMENT_READY,
        PLACEMENT_FAILED,  /* `why` says why; tried again later. Next: making, leaving */
        PLACEMENT_LEAVING, /* no policy wants it; goes when nobody is in it any more. Next: freed, making */
        _PLACEMENT_STATE_MAX,
        _PLACEMENT_STATE_INVALID = -EINVAL,
} PlacementState;

typedef struct Placement Placement;

/* What they need of the manager; borrowed. */
typedef struct Placements {
        Placement *items; /* uthash, by unit */
        sd_event *event;
        Jobs *jobs;
        Pool *pool;
        PolicySet *const *policies;
        const CellTable *cells;
        const Notices *notices;
        int fd, runtime_fd;  /* directories of the records, and of all that is the manager's at run time */
        const char *runtime_dir, *table, *link_prefix;
} Placements;

struct Placement {
        UT_hash_handle hh;
        Placements *all;
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

int placement_save(const Placement *p); /* -errno of writing it */

/* Into a placement that has its unit alone. -ENOENT, -EBADMSG: unusable; -ESTALE: of another boot; -ENOMEM. */
int placement_record_read(Placement *p);

/* Does one let pass what the other doesn't? */
bool placement_reach_differs(const Policy *a, const Policy *b);
