/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/reload.h"

#include "manager/cells/placement.h"
#include "manager/daemon/network.h"
#include "manager/daemon/policies.h"

int manager_reload(Manager *m) {
        int r = policies_load(m);

        if (r < 0)
                return r;
        policies_register_pools(m);
        m->firewall_wanted += placements_update(&m->placements);
        network_prepare(m);
        placements_start(&m->placements);
        return r;
}
