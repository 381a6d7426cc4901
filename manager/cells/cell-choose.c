/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a new cell gets of the network, decided before its record is written and anything of it exists. */

#include "manager/cells/cell-choose.h"

#include <sched.h>
#include <string.h>

#include "manager/cells/lending.h"
#include "manager/cells/table.h"
#include "policies/policy.h"

static int choose_address(Cell *c, const IpPrefix *pool, const MatchSubject *subject, IpPrefix *ret) {
        const Policy *p = c->policy;
        int r;

        switch (p->address_mode) {
        case ADDRESS_FIXED:
                for (size_t i = 0; i < p->n_addresses; i++)
                        if (p->addresses[i].family == pool->family) {
                                r = pool_claim(c->host->pool, &p->addresses[i]);
                                if (r >= 0)
                                        *ret = p->addresses[i];
                                return r;
                        }
                return pool_acquire(c->host->pool, pool, ret);
        case ADDRESS_PER_USER:
                return pool_acquire_for_uid(c->host->pool, pool, subject->uid, ret);
        case ADDRESS_DYNAMIC:
        default:
                return pool_acquire(c->host->pool, pool, ret);
        }
}

/* The first that is there and that no cell has. Those on which cells have links of their own are never used up. */
static int choose_device(Cell *c) {
        for (char **name = c->policy->interfaces; name && *name; name++) {
                if (c->policy->network_mode == NETWORK_INTERFACE && table_find_lent(c->host->all, *name))
                        continue;
                if (interface_read(*name, &c->device_state) < 0)
                        continue;
                (void) snprintf(c->device, sizeof(c->device), "%s", *name);
                return 0;
        }
        return -ENODEV;
}

static int choose_owner(Cell *c) {
        const Cell *owner = table_find_owner(c->host->all, c->policy->network_cell, c->uid);

        if (!owner)
                return -ENOLINK;
        (void) strcpy(c->network_of, owner->id);
        c->network_pid = owner->init_pid;
        c->network_inode = owner->inodes[LOGIN_NS_NET];
        c->address4 = owner->address4;
        c->address6 = owner->address6;
        c->gateway4 = owner->gateway4;
        c->gateway6 = owner->gateway6;
        return policy_has_addresses(owner->policy) ?
                resolver_choose(owner->policy, RESOLVER_PATH, RESOLVER_UPSTREAM_PATH, &c->resolver) : 0;
}

int cell_choose_network(Cell *c, const MatchSubject *subject) {
        const Policy *p = c->policy;
        int r;

        if (c->host->netns_prefix && cell_namespaces(c) & CLONE_NEWNET)
                (void) snprintf(c->netns_name, sizeof(c->netns_name), "%s-%s", c->host->netns_prefix, c->id);
        if (p->network_mode == NETWORK_CELL)
                return choose_owner(c);
        if (!policy_has_addresses(p))
                return 0;
        r = policy_has_inner_link(p) ? choose_device(c) : 0;
        if (r < 0)
                return r;
        r = resolver_choose(p, RESOLVER_PATH, RESOLVER_UPSTREAM_PATH, &c->resolver);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p->n_pools; i++) {
                bool v4 = p->pools[i].family == AF_INET;

                r = choose_address(c, &p->pools[i], subject, v4 ? &c->address4 : &c->address6);
                if (r >= 0 && (p->network_mode == NETWORK_ROUTED ||
                               (p->network_mode == NETWORK_BRIDGE && p->n_gateways == 0)))
                        r = pool_gateway(&p->pools[i], v4 ? &c->gateway4 : &c->gateway6);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < p->n_gateways && p->network_mode != NETWORK_ROUTED; i++)
                *(p->gateways[i].family == AF_INET ? &c->gateway4 : &c->gateway6) = p->gateways[i];
        if (policy_has_inner_link(p))
                return 0;
        (void) snprintf(c->link, sizeof(c->link), "%s%.*s", c->host->link_prefix, 8, c->id + 1);
        r = lending_choose_place(c->host->all, p, c->uid, &c->place);
        return r < 0 ? r : c->host->join_volumes(c, c->host->userdata);
}
