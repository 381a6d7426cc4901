/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell for a login: the one that is there, or a new one; and the session in it. */

#include "manager/daemon/open.h"

#include <stdarg.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/lending.h"
#include "manager/cells/lingering.h"
#include "manager/cells/placement.h"
#include "manager/cells/session-end.h"
#include "manager/cells/session-life.h"
#include "manager/cells/sharing.h"
#include "manager/daemon/damage.h"
#include "manager/cells/table.h"

#define CELLS_OF_USER_MAX 512

/* The live or coming cell that a new session of this user shares: of the same number, and the same name. A cell that
 * lingers may be that of one who had the number before. */
static Cell *find_shared_cell(Manager *m, const Policy *policy, const MatchSubject *subject) {
        _cleanup_(freep) char *user = escape_text(subject->user);

        if (policy->scope == CELL_SCOPE_SESSION)
                return NULL;
        for (Cell *c = m->table.cells; c; c = c->hh.next)
                if (c->state != CELL_ENDING && !c->end_wanted && !c->obscure && strcmp(c->policy->name, policy->name) == 0 &&
                    c->policy->scope == policy->scope &&
                    (policy->scope == CELL_SCOPE_POLICY ||
                     (c->uid == subject->uid && c->user && user && strcmp(c->user, user) == 0)))
                        return c;
        return NULL;
}

static int explain(int error, char **ret_message, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int explain(int error, char **ret_message, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        if (vasprintf(ret_message, format, ap) < 0)
                *ret_message = NULL;
        va_end(ap);
        return error;
}

int manager_open_session_in(Manager *m, Cell *cell, const OpenInfo *info, Session **ret, char **ret_message) {
        const SessionInfo session_info = {
                .uid = info->subject->uid,
                .user = info->subject->user,
                .service = info->subject->service,
                .tty = info->subject->tty,
                .remote_host = info->subject->remote_host,
                .leader = info->leader,
                .leader_pidfd = info->leader_pidfd,
                .executes = info->executes,
        };
        Session *s;
        int r;

        if (!cell_admits(cell))
                return explain(-EBUSY, ret_message, "policy %s: the cell is frozen by the administrator",
                               cell->policy->name);
        if (cell->trouble)
                return explain(-ENETDOWN, ret_message, "policy %s: the cell's network is damaged (%s)", cell->policy->name,
                               cell->trouble);
        r = session_new(&m->session_host, cell, &session_info, &s);
        if (r < 0) {
                cell_session_left(cell); /* a cell made just for it is not needed */
                return explain(r, ret_message, "policy %s: the session can't be recorded: %s",
                               cell->policy->name, strerror(-r));
        }
        HASH_ADD_STR(m->table.sessions, id, s);
        if (!hash_has(s)) {
                session_end(s);
                return explain(-ENOMEM, ret_message, "policy %s: the session can't be kept: %s", cell->policy->name,
                               strerror(ENOMEM));
        }
        if (cell->state == CELL_LIVE) {
                r = session_attach(s);
                if (r < 0) {
                        session_end(s);
                        return explain(r, ret_message, "policy %s: the login can't be put into its cell: %s",
                                       cell->policy->name, strerror(-r));
                }
        }
        s->connection = info->connection;
        *ret = s;
        return 0;
}

/* A port of the host leads to one cell or service. Whose that is, is not for the user, who gets the message. */
static int check_ports(const Manager *m, const Policy *policy, char **ret_message) {
        char text[POLICY_PORT_STRING_MAX];
        const PolicyPort *port;
        const Placement *p;

        if (policy->n_ports == 0)
                return 0;
        p = placements_find_port(&m->placements, policy, &port);
        if (p) {
                log_info("Port %s of policy %s is taken by service %s (policy %s)", policy_port_to_string(port, text),
                         policy->name, p->unit, p->policy->name);
                return explain(-EADDRINUSE, ret_message, "policy %s: port %s of the host is taken", policy->name, text);
        }
        for (const Cell *c = m->table.cells; c; c = c->hh.next) {
                port = policy_ports_collide(policy, c->policy);
                if (port) {
                        log_info("Port %s of policy %s is taken by cell %s (policy %s)", policy_port_to_string(port, text),
                                 policy->name, c->id, c->policy->name);
                        return explain(-EADDRINUSE, ret_message, "policy %s: port %s of the host is taken%s", policy->name,
                                       text, c->state == CELL_ENDING ? " by a cell that is just ending" : "");
                }
        }
        return 0;
}

static int explain_no_cell(const Manager *m, const Policy *policy, int error, char **ret_message) {
        char interfaces[256];

        switch (error) {
        case -ENOSPC:
                return explain(error, ret_message, "policy %s: no address is free in Pool=, or no room in %s", policy->name,
                               m->config.runtime_dir);
        case -EADDRINUSE:
                return explain(error, ret_message, "policy %s: the address of Address= is in use", policy->name);
        case -ENODEV:
                sharing_list_interfaces(&m->table, policy, interfaces, sizeof(interfaces));
                return explain(error, ret_message, "policy %s: no interface of Interface= is free (%s); end a cell "
                               "that has one, or name another", policy->name, interfaces);
        case -ENOLINK:
                return explain(error, ret_message, "policy %s: there is no live cell of policy %s to share the network "
                               "of (Mode=cell:%s); log in there first", policy->name, policy->network_cell,
                               policy->network_cell);
        case -EINVAL:
                return explain(error, ret_message, "policy %s: Hostname= gives no valid host name for this user",
                               policy->name);
        case -EILSEQ:
                return explain(error, ret_message, "policy %s: paths of [Filesystem] can't be made with the names of this "
                               "user", policy->name);
        case -ERANGE:
                return explain(error, ret_message, "policy %s: no ids are free for a user namespace (SubordinateIDs= in "
                               "confined.conf, /etc/subuid)", policy->name);
        case -EBUSY:
                return explain(error, ret_message, "too many logins wait already, try again later");
        default:
                return explain(error, ret_message, "policy %s: no cell can be made: %s", policy->name,
                               strerror(-error));
        }
}

/* What cells of the policy need of the host stands, or is about to. */
static bool network_is_ready(const Manager *m, const Policy *policy) {
        if (policy->network_mode == NETWORK_MACVLAN)
                return m->links_ready;
        return (policy->network_mode != NETWORK_ROUTED && policy->network_mode != NETWORK_BRIDGE) || m->network_ready;
}

/* All of them, whatever their policies: they may linger, or each have a session (Scope=session). */
static unsigned count_cells_of(const Manager *m, uid_t uid) {
        unsigned n = 0;

        for (const Cell *c = m->table.cells; c; c = c->hh.next)
                n += c->uid == uid;
        return n;
}

static int make_cell(Manager *m, Policy *policy, const MatchSubject *subject, Cell **ret, char **ret_message) {
        Cell *cell;
        int r;

        if (count_cells_of(m, subject->uid) >= CELLS_OF_USER_MAX)
                return explain(-EUSERS, ret_message, "you have %u cells already, end some", CELLS_OF_USER_MAX);
        r = check_ports(m, policy, ret_message);
        if (r < 0)
                return r;
        r = cell_new(&m->cell_host, policy, subject, &cell);
        if ((r == -ENOSPC || r == -EADDRINUSE) && lingering_give_back(&m->table, policy))
                return -EAGAIN;
        if (r < 0)
                return explain_no_cell(m, policy, r, ret_message);
        HASH_ADD_STR(m->table.cells, id, cell);
        if (!hash_has(cell)) {
                cell_end(cell, "there is no memory to keep it");
                return explain_no_cell(m, policy, -ENOMEM, ret_message);
        }
        *ret = cell;
        return 0;
}

int manager_admits(Manager *m, const Policy *policy, const MatchSubject *subject, char **ret_message) {
        const Cell *cell = find_shared_cell(m, policy, subject);

        if (strcmp(subject->service, POLICY_SERVICE_USER_MANAGER) != 0 &&
            table_count_sessions(&m->table, policy->name, subject->uid) >= policy->max_sessions)
                return explain(-EUSERS, ret_message, "policy %s: you have %llu of %llu sessions open "
                               "(MaxSessions=), end one first", policy->name,
                               (unsigned long long) policy->max_sessions,
                               (unsigned long long) policy->max_sessions);
        if (cell && !cell_admits(cell))
                return explain(-EBUSY, ret_message, "policy %s: the cell is frozen by the administrator",
                               policy->name);
        if (!cell && !network_is_ready(m, policy))
                return explain(-ENETDOWN, ret_message, "policy %s: the host's side of the network is not "
                               "ready; see the log of confined", policy->name);
        if (cell && cell->trouble)
                return explain(-ENETDOWN, ret_message, "policy %s: the cell's network is damaged (%s)", policy->name,
                               cell->trouble);
        if (!cell && damage_overlap(m, policy))
                return explain(-ENETDOWN, ret_message, "policy %s: Pool=%s", policy->name, damage_overlap(m, policy));
        return 0;
}

int manager_open_session(Manager *m, Policy *policy, const OpenInfo *info, Session **ret, char **ret_message) {
        const MatchSubject *subject = info->subject;
        Cell *cell;
        int r;

        r = manager_admits(m, policy, subject, ret_message);
        if (r < 0)
                return r;
        cell = find_shared_cell(m, policy, subject);
        if (m->shares && shares_add(m->shares, policy, subject->uid, false) < 0)
                return -ENOMEM;
        r = cell ? 0 : make_cell(m, policy, subject, &cell, ret_message);
        if (r >= 0)
                r = manager_open_session_in(m, cell, info, ret, ret_message);
        if (r < 0)
                lending_drop_share(m->shares, &m->table, policy->name, subject->uid);
        return r;
}
