/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A record is believed only if its process still is the one that it names: pid, start time and boot. */

#include "manager/daemon/takeover.h"

#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/adjust.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-restore.h"
#include "manager/cells/session-end.h"
#include "manager/cells/session-life.h"
#include "manager/cells/table.h"
#include "manager/daemon/traffic.h"
#include "manager/work/fd-store.h"
#include "manager/work/state.h"

static void set_aside(Manager *m, int dir_fd, const char *kind, const char *name, int error) {
        char aside[512];

        (void) snprintf(aside, sizeof(aside), "broken/%s-%.200s", kind, name);
        if (error == -ESTALE) {
                log_info("Record %s %s is of another boot, removing it", kind, name);
                (void) unlinkat(dir_fd, name, 0);
                return;
        }
        log_warning_errno(error, "Record %s %s is unusable (%m), setting it aside as %s/%s", kind, name,
                          m->config.runtime_dir, aside);
        if (fd_mkdir_parents_at(m->runtime_fd, "broken", 0700) < 0 ||
            renameat(dir_fd, name, m->runtime_fd, aside) < 0)
                (void) unlinkat(dir_fd, name, 0);
}

/* The record is not to blame. */
static bool is_shortage(int error) {
        return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* Of a cell whose record can't be read nothing is touched while there are processes in it. 1: *ret is set; 0: there are
 * none. */
static int salvage_cell(Manager *m, const char *id, int error, Cell **ret) {
        char group[GROUP_PATH_MAX], policy[DRIVER_POLICY_MAX];
        const DriverCell host = { .hierarchies = m->hierarchies, .state_fd = m->driver_fd, .root_group = m->root_group,
                                  .id = id };
        uid_t uid;
        int r;

        if (strlen(id) >= LOGIN_ID_MAX)
                return 0;
        r = m->driver->locate(&host, group, policy, &uid);
        if (r <= 0)
                return is_shortage(r) ? r : 0;
        r = cell_salvage(&m->cell_host, id, group, policy, policy_set_find(m->policies, policy), uid, ret);
        if (r < 0)
                return r;
        log_error_errno(error, "The record of cell %s is unusable (%m), but there are processes in %s: keeping them "
                        "running as they are, with policy %s, until they end or are terminated", id, group,
                        (*ret)->policy->name);
        return 1;
}

static int restore_cell(const char *name, void *userdata) {
        Manager *m = userdata;
        Cell *c;
        int r, error;

        r = error = cell_restore(&m->cell_host, name, &c);
        if (is_shortage(error))
                return r;
        if (error < 0)
                r = salvage_cell(m, name, error, &c);
        if (r < 0)
                return r;
        if (error < 0 && r == 0) {
                set_aside(m, m->cells_fd, "cell", name, error);
                return 0;
        }
        HASH_ADD_STR(m->table.cells, id, c);
        if (!hash_has(c)) {
                cell_free(c);
                return -ENOMEM;
        }
        r = traffic_join(m, c);
        if (r < 0)
                return r;
        if (m->shares && c->state == CELL_LIVE && c->uid != UID_INVALID)
                return shares_add(m->shares, c->policy, c->uid, true);
        return 0;
}

static int restore_session(const char *name, void *userdata) {
        Manager *m = userdata;
        Session *s;
        int r;

        r = session_restore(&m->session_host, name, &m->table, &s);
        if (is_shortage(r))
                return r;
        if (r == -ESRCH || r == -ENOENT) {
                (void) unlinkat(m->sessions_fd, name, 0);
                return 0;
        }
        if (r == -ESTALE) {
                set_aside(m, m->sessions_fd, "session", name, r);
                return 0;
        }
        if (r < 0) {
                log_warning_errno(r, "Record session %s is unusable: %m", name);
                return strv_extend(&m->lost_sessions, name);
        }
        HASH_ADD_STR(m->table.sessions, id, s);
        if (!hash_has(s)) {
                session_free(s);
                return -ENOMEM;
        }
        return m->shares ? shares_add(m->shares, s->cell->policy, s->uid, true) : 0;
}

static bool shares_live_network(Manager *m, const Cell *c) {
        const Cell *owner = table_find_cell(&m->table, c->network_of);

        return owner && owner->state == CELL_LIVE && owner->init_source;
}

void takeover_set_lost_aside(Manager *m) {
        if (!m->lost_sessions)
                return;
        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->unattended)
                        return;
        for (char **name = m->lost_sessions; *name; name++)
                set_aside(m, m->sessions_fd, "session", *name, -EBADMSG);
        m->lost_sessions = strv_free(m->lost_sessions);
}

void takeover_settle(Manager *m) {
        Session *s, *next_session;
        Cell *c, *next_cell;
        unsigned n_cells = 0, n_sessions = 0;

        HASH_ITER(hh, m->table.sessions, s, next_session)
                if (s->state != SESSION_LIVE)
                        session_end(s);
                else
                        n_sessions++;
        HASH_ITER(hh, m->table.cells, c, next_cell) {
                bool live = c->state == CELL_LIVE && (c->init_source || c->obscure);

                if (live && *c->network_of && !shares_live_network(m, c)) {
                        cell_end(c, "the cell whose network it shares is gone");
                        continue;
                }
                if (live && c->n_sessions == 0 && m->lost_sessions) {
                        int r = cell_keep_unattended(c);

                        if (r < 0)
                                log_warning_errno(r, "Cannot watch what is in cell %s: %m", c->id);
                }
                if (live) {
                        n_cells++;
                        fd_store_add(m->fd_store, c->id, c->init_pidfd);
                        cell_session_left(c); /* ends it, or lets it linger, if nobody is in it */
                        adjust_resume(m->adjusts, c);
                        continue;
                }
                cell_end_remains(c);
        }
        takeover_set_lost_aside(m);
        if (n_cells > 0)
                log_info("Took over %u live cells with %u sessions", n_cells, n_sessions);
}

int takeover_read(Manager *m) {
        int r = record_for_each(m->cells_fd, restore_cell, m);

        return r < 0 ? r : record_for_each(m->sessions_fd, restore_session, m);
}
