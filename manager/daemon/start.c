/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything that can block is a job; what remains here is tables and decisions. At a start the order is:
 * lock, control groups, policies, records of before, and then one sweep for whatever is on the
 * host under our names but in no record. */

#include "manager/daemon/start.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/adjust.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/lending.h"
#include "manager/cells/lingering.h"
#include "manager/cells/placement.h"
#include "manager/cells/session-life.h"
#include "manager/cells/sharing.h"
#include "manager/daemon/host.h"
#include "manager/daemon/network.h"
#include "manager/daemon/policies.h"
#include "manager/daemon/reload.h"
#include "manager/daemon/sweep.h"
#include "manager/daemon/takeover.h"
#include "manager/daemon/traffic.h"
#include "manager/lent/filters.h"
#include "manager/work/event.h"
#include "manager/work/fd-store.h"
#include "manager/work/refusals.h"

#define NETWORK_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define PEAK_MIN 64 /* sessions and cells; for fewer it is not worth it */

static int join_volumes(Cell *c, void *userdata) {
        return traffic_join(userdata, c);
}

static void describe_volumes(const Cell *c, FirewallVolume *ret_user, FirewallVolume *ret_policy, void *userdata) {
        traffic_describe(userdata, c->policy, c->uid, ret_user, ret_policy);
}

/* In a job. Any cell that the user is in has the policy and the rest of what the driver needs. */
static int limit_user(uid_t uid, const char *policy, char what[static DRIVER_WHAT_MAX], void *userdata) {
        Manager *m = userdata;

        for (Cell *c = m->table.cells; c; c = c->hh.next) {
                CellPlan plan;

                if (c->state == CELL_ENDING || strcmp(c->policy->name, policy) != 0 ||
                    (c->uid != uid && c->uid != UID_INVALID))
                        continue;
                cell_plan(c, &plan);
                return m->driver->limit_user(&plan.cell, uid, what);
        }
        return 0;
}

/* --- events of cells and sessions -------------------------------------------------------- */

static void attach(Session *s) {
        JobReport report = { .error = session_attach(s) };

        (void) strcpy(report.what, "the login can't be put into its cell");
        if (report.error < 0)
                notices_post(s->cell->host->notices, NOTICE_SESSION_READY, s->cell, s, &report);
}

static void attach_waiting(Cell *c) {
        Session *s, *next;

        for (s = LIST_FIRST(&c->sessions); s; s = next) {
                next = LIST_NEXT(s, entry);
                if (s->state == SESSION_WAITING)
                        attach(s);
        }
}

static void fail_waiting(Cell *c, const JobReport *report) {
        Session *s, *next;

        for (s = LIST_FIRST(&c->sessions); s; s = next) {
                next = LIST_NEXT(s, entry);
                if (s->state == SESSION_WAITING)
                        notices_post(c->host->notices, NOTICE_SESSION_READY, c, s, report);
        }
}

/* What a burst of logins took would else stay with us, and be copied for each job. */
static void give_memory_back(Manager *m) {
        unsigned n = HASH_COUNT(m->table.sessions) + HASH_COUNT(m->table.cells);

        m->peak = MAX(m->peak, n);
        if (m->peak < PEAK_MIN || n > m->peak / 4)
                return;
        (void) malloc_trim(0);
        m->peak = n;
}

static void on_cell_gone(Manager *m, Cell *c) {
        c->filter = filter_release(c->filter);
        if (hash_has(c))
                HASH_DEL(m->table.cells, c);
        takeover_set_lost_aside(m);
        give_memory_back(m);
}

static void on_session_removed(Manager *m, Session *s) {
        lending_drop_share(m->shares, &m->table, s->cell->policy->name, s->uid);
        give_memory_back(m);
        if (hash_has(s))
                HASH_DEL(m->table.sessions, s);
}

static void on_notice(const Notice *n, void *userdata) {
        Manager *m = userdata;
        Cell *c = n->cell;

        switch (n->kind) {
        case NOTICE_CELL_LIVE:
                fd_store_add(m->fd_store, c->id, c->init_pidfd);
                attach_waiting(c);
                break;
        case NOTICE_CELL_FAILED:
                fail_waiting(c, n->report);
                break;
        case NOTICE_CELL_LINGERS:
                lingering_bound(&m->table, c->uid);
                break;
        case NOTICE_CELL_ENDING:
                fd_store_remove(m->fd_store, c->id);
                lending_drop_share(m->shares, &m->table, c->policy->name, c->uid);
                sharing_end(&m->table, c);
                break;
        case NOTICE_CELL_GONE:
                on_cell_gone(m, c);
                break;
        case NOTICE_LIMITS_KEPT:
                (void) manager_reload(m); /* says itself what is wrong */
                break;
        case NOTICE_FIREWALL_CHANGED:
                m->firewall_wanted++;
                network_prepare(m);
                break;
        case NOTICE_NETWORK_CHANGED:
                network_prepare(m);
                break;
        case NOTICE_NETWORK_DAMAGED:
                network_repair(m);
                break;
        case NOTICE_SESSION_ROOM:
                attach(n->session);
                break;
        case NOTICE_SESSION_REMOVED:
                on_session_removed(m, n->session);
                break;
        case NOTICE_CELL_FREEZES:
        case NOTICE_SESSION_READY:
        case NOTICE_SESSION_LIVE:
                break;
        }
}

/* --- start and stop ---------------------------------------------------------------------- */

static int start_jobs(Manager *m) {
        int keep[HIERARCHIES_MAX + 3], r;
        size_t n = 0;

        for (size_t i = 0; i < m->hierarchies->n_items; i++)
                keep[n++] = m->hierarchies->items[i].root_fd;
        keep[n++] = m->init_fd;
        keep[n++] = m->driver_fd;
        keep[n++] = m->traffic_fd;
        r = jobs_new(m->event, keep, n, m->driver->user_in_one_group, &m->jobs);
        if (r < 0)
                return r;
        if (m->driver->shares_sums)
                r = shares_new(m->event, m->jobs, m->hierarchies, limit_user, m, &m->shares);
        return r;
}

static void fill_hosts(Manager *m) {
        m->cell_host = (CellHost) {
                .event = m->event,
                .jobs = m->jobs,
                .hierarchies = m->hierarchies,
                .driver = m->driver,
                .pool = m->pool,
                .root_group = m->root_group,
                .table = m->firewall_table,
                .link_prefix = m->link_prefix,
                .runtime_dir = m->config.runtime_dir,
                .state_dir = m->config.state_dir,
                .netns_prefix = m->conf.netns_names ? m->config.instance : NULL,
                .fd_store = m->fd_store,
                .notices = &m->notices,
                .init_fd = m->init_fd,
                .records_fd = m->cells_fd,
                .driver_fd = m->driver_fd,
                .all = &m->table,
                .shares = m->shares,
                .first_subid = m->conf.first_subid,
                .last_subid = m->conf.last_subid,
                .join_volumes = join_volumes,
                .volumes = describe_volumes,
                .userdata = m,
        };
        if (gethostname(m->cell_host.host_name, sizeof(m->cell_host.host_name) - 1) < 0)
                (void) strcpy(m->cell_host.host_name, "localhost");
        m->session_host = (SessionHost) { .records_fd = m->sessions_fd };
        m->placements = (Placements) {
                .event = m->event,
                .jobs = m->jobs,
                .pool = m->pool,
                .policies = &m->policies,
                .cells = &m->table,
                .notices = &m->notices,
                .fd = m->placements_fd,
                .runtime_fd = m->runtime_fd,
                .runtime_dir = m->config.runtime_dir,
                .table = m->firewall_table,
                .link_prefix = m->link_prefix,
        };
        notices_subscribe(&m->notices, NOTICE_TABLES, on_notice, m);
}

/* "Ready" means for systemd: now the services may start that come after us. Logins are answered meanwhile; those that need
 * a new cell would wait for the network anyway. */
static int wait_for_network(Manager *m) {
        uint64_t now, end = 0;
        int r = 0;

        while (r >= 0 && (m->network_pending || placements_pending(&m->placements))) {
                r = sd_event_now(m->event, CLOCK_MONOTONIC, &now);
                if (r < 0)
                        return r;
                if (end == 0)
                        end = now + NETWORK_TIMEOUT_USEC;
                if (now >= end) {
                        log_warning("The network, or that of services, is not ready yet, going on without");
                        return 0;
                }
                r = sd_event_run(m->event, end - now);
        }
        return r;
}

int manager_new(const ManagerConfig *config, Manager **ret) {
        _cleanup_(manager_freep) Manager *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        *m = (Manager) { .config = *config, .runtime_fd = -EBADF, .policy_store.fd = -EBADF, .lock_fd = -EBADF, .cells_fd = -EBADF,
                         .sessions_fd = -EBADF, .driver_fd = -EBADF, .placements_fd = -EBADF, .traffic_fd = -EBADF,
                         .init_fd = -EBADF, .firewall_wanted = 1 };
        for (size_t i = 0; i < ELEMENTSOF(m->group_fds); i++)
                m->group_fds[i] = -EBADF;
        r = sd_event_new(&m->event);
        if (r >= 0)
                r = fd_store_new(&m->fd_store);
        if (r >= 0 && (!(m->filters = filters_new()) || !(m->refusals = refusals_new(m->event)) ||
                       !(m->adjusts = adjusts_new(&m->table, &m->policies, m->config.config_dir, &m->notices))))
                r = -ENOMEM;
        if (r >= 0)
                r = host_open(m);
        if (r >= 0)
                r = traffic_open(m);
        if (r >= 0)
                r = start_jobs(m);
        if (r < 0)
                return r;
        fill_hosts(m);

        r = policies_read_kept(m);
        if (r >= 0)
                r = policies_load(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int manager_start(Manager *m) {
        int r;

        r = takeover_read(m);
        if (r >= 0)
                r = placements_read(&m->placements);
        if (r < 0)
                return r;
        fd_store_drop_rest(m->fd_store);
        policies_register_pools(m);
        m->firewall_wanted += placements_update(&m->placements);
        sweep_start(m);
        network_watch(m);
        network_prepare(m);
        placements_start(&m->placements);
        takeover_settle(m);
        r = wait_for_network(m);
        return r < 0 ? log_error_errno(r, "The event loop failed: %m") : 0;
}

Manager *manager_free(Manager *m) {
        Session *s, *next_session;
        Cell *c, *next_cell;
        bool idle;

        if (!m)
                return NULL;
        network_unwatch(m);
        if (m->jobs)
                traffic_stop(m);
        idle = m->jobs && !m->table.cells && !m->table.sessions && !m->placements.items;
        HASH_ITER(hh, m->table.sessions, s, next_session) {
                HASH_DEL(m->table.sessions, s);
                session_free(s);
        }
        HASH_ITER(hh, m->table.cells, c, next_cell) {
                HASH_DEL(m->table.cells, c);
                cell_free(c);
        }
        placements_free(&m->placements);
        m->shares = shares_free(m->shares);
        m->jobs = jobs_free(m->jobs);
        adjusts_free(m->adjusts);
        refusals_free(m->refusals);
        if (idle)
                host_remove(m);
        policy_set_free(m->policies);
        policy_store_done(&m->policy_store);
        policy_diags_done(&m->diags);
        free(m->trouble);
        strv_free(m->overlaps);
        strv_free(m->policy_dirs);
        strv_free(m->lost_sessions);
        pool_free(m->pool);
        hierarchies_free(m->hierarchies);
        fd_store_free(m->fd_store);
        filters_free(m->filters);
        close_fd(m->init_fd);
        close_fd(m->cells_fd);
        close_fd(m->sessions_fd);
        close_fd(m->placements_fd);
        close_fd(m->driver_fd);
        for (size_t i = 0; i < ELEMENTSOF(m->group_fds); i++)
                close_fd(m->group_fds[i]);
        close_fd(m->lock_fd);
        close_fd(m->runtime_fd);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}
