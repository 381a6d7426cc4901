/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/cell-plan.h"

#include "base/strv.h"
#include "manager/cells/room.h"
#include "manager/lent/shares.h"

/* Without memory the list is left empty: then a cell without namespaces looks empty, too. */
static char *const *list_groups(Cell *c) {
        const Session *s;

        c->groups = strv_free(c->groups);
        LIST_FOREACH(s, &c->sessions, entry)
                if (s->group && strv_extend(&c->groups, s->group) < 0)
                        break;
        return c->groups;
}

/* They are for sums of tasks. With thousands of cells the counting can be felt. */
static bool needs_counts(const Cell *c) {
        const Policy *p = c->policy;

        return c->host->driver->shares_sums ||
               (c->state == CELL_MAKING && (p->user.tasks_max != LIMIT_NONE || p->policy.tasks_max != LIMIT_NONE));
}

void cell_describe(const Cell *c, FirewallCell *ret) {
        if (c->policy->network_mode != NETWORK_ROUTED) {
                *ret = (FirewallCell) { .port = *c->link ? c->link : NULL };
                if (!*c->network_of) {
                        ret->address4 = c->address4;
                        ret->address6 = c->address6;
                }
                return;
        }
        *ret = (FirewallCell) {
                .link = c->link,
                .address4 = c->address4,
                .address6 = c->address6,
                .masquerade = c->policy->masquerade,
                .dns = c->resolver.servers,
                .n_dns = c->resolver.n_servers,
                .ports = c->policy->ports,
                .n_ports = c->policy->n_ports,
                .policy = c->policy,
        };
        c->host->volumes(c, &ret->user_volume, &ret->policy_volume, c->host->userdata);
}

bool cell_limit_by_others(uid_t uid, const char *except_cell, Resources *limits, void *userdata) {
        const CellHost *h = userdata;
        bool any = false;

        for (const Cell *c = h->all->cells; c; c = c->hh.next) {
                if (c->removed || strcmp(c->id, except_cell) == 0 || !table_has_user(c, uid, true))
                        continue;
                any = true;
                policy_tighten_user(c->policy, &c->policy->cell, limits);
        }
        if (h->shares)
                shares_get(h->shares, uid, limits);
        return any;
}

void cell_plan(Cell *c, CellPlan *ret) {
        const CellHost *h = c->host;

        *ret = (CellPlan) {
                .driver = h->driver,
                .cell = {
                        .hierarchies = h->hierarchies,
                        .state_fd = h->driver_fd,
                        .root_group = h->root_group,
                        .id = c->id,
                        .policy = c->policy,
                        .uid = c->uid,
                        .groups = list_groups(c),
                        .pid_inode = c->inodes[LOGIN_NS_PID],
                        .frozen = c->frozen || c->adjusting == ADJUST_FREEZE || c->adjusting == ADJUST_THAW,
                        .others = cell_limit_by_others,
                        .userdata = (void *) h,
                },
                .namespaces = cell_namespaces(c),
                .hostname = c->hostname,
                .filesystem = &c->filesystem,
                .state_dir = h->state_dir,
                .user = c->user,
                .first_id = c->first_id,
                .init_fd = h->init_fd,
                .table = h->table,
                .link = c->link,
                .link_prefix = h->link_prefix,
                .place = c->place,
                .slow_bits = c->slowed ? c->policy->traffic_rate_bits : LIMIT_NONE,
                .netns_name = c->netns_name,
                .resolv_conf = c->resolver.text,
                .address4 = c->address4,
                .address6 = c->address6,
                .gateway4 = c->gateway4,
                .gateway6 = c->gateway6,
                .shares_network = *c->network_of,
                .runtime_dir = h->runtime_dir,
                .device = c->device,
                .device_state = c->device_state,
                .network_pid = c->network_pid,
                .network_inode = c->network_inode,
        };
        cell_describe(c, &ret->firewall);
        ret->restarts_user_volume = c->restarts_user_volume;
        ret->restarts_policy_volume = c->restarts_policy_volume;
        if (needs_counts(c))
                table_count_cells(h->all, c->policy->name, c->uid, &ret->cell.user_cells, &ret->cell.policy_cells);
}

void leader_plan(const Session *s, CellPlan *ret_cell, LeaderPlan *ret) {
        cell_plan(s->cell, ret_cell);
        *ret = (LeaderPlan) {
                .plan = ret_cell,
                .tty = s->tty,
                .init_pid = s->cell->init_pid,
                .mnt_inode = s->cell->inodes[LOGIN_NS_MNT],
                .leader = { .session = s->id, .uid = s->uid, .pid = s->leader,
                            .start_time = s->leader_start_time, .home = s->home, .executes = s->executes,
                            .tasks_promised = room_promised(s) },
        };
}
