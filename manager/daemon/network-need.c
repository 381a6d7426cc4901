/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/network-need.h"

bool network_is_needed(const Manager *m) {
        for (size_t i = 0; i < policy_set_size(m->policies); i++)
                if ((policy_set_get(m->policies, i)->network_mode == NETWORK_ROUTED ||
                     policy_set_get(m->policies, i)->network_mode == NETWORK_BRIDGE) &&
                    policy_set_get(m->policies, i)->n_pools > 0)
                        return true;
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (*c->link)
                        return true;
        for (const Placement *p = m->placements.items; p; p = p->hh.next)
                if (*p->link)
                        return true;
        return false;
}
