/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything that can block is a job; what remains here is tables and decisions. At a start the order is:
 * lock, control groups, policies, records of before, and then one sweep for whatever is on the
 * host under our names but in no record. */

#include "manager/daemon/manager.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/adjust.h"
#include "manager/cells/lending.h"
#include "manager/cells/lingering.h"
#include "manager/cells/placement.h"
#include "manager/cells/sharing.h"
#include "manager/daemon/damage.h"
#include "manager/daemon/host.h"
#include "manager/daemon/network.h"
#include "manager/daemon/policies.h"
#include "manager/daemon/sweep.h"
#include "manager/daemon/takeover.h"
#include "manager/daemon/traffic.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/hosts-file.h"
#include "manager/doors/login-server.h"
#include "manager/doors/sockets.h"
#include "manager/lent/filters.h"
#include "manager/work/event.h"
#include "manager/work/fd-store.h"
#include "manager/work/refusals.h"

#define NETWORK_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define CELLS_OF_USER_MAX 512
#define PEAK_MIN 64 /* sessions and cells; for fewer it is not worth it */

/* --- tables ------------------------------------------------------------------------------ */

Cell *manager_find_cell(Manager *m, const char *id) {
        Cell *c;

        HASH_FIND_STR(m->cells, id, c);
        return c;
}

Session *manager_find_session(Manager *m, const char *id) {
        Session *s;

        HASH_FIND_STR(m->sessions, id, s);
        return s;
}

unsigned manager_count_sessions(const Manager *m, const char *policy, uid_t uid) {
        unsigned n = 0;

        for (const Session *s = m->sessions; s; s = s->hh.next)
                n += s->uid == uid && s->state != SESSION_CLOSING && strcmp(s->cell->policy->name, policy) == 0 &&
                        !session_is_user_manager(s);
        return n;
}

static void count_cells(const char *policy, uid_t uid, unsigned *ret_user, unsigned *ret_policy, void *userdata) {
        const Manager *m = userdata;

        *ret_user = *ret_policy = 0;
        for (const Cell *c = m->cells; c; c = c->hh.next) {
                if (strcmp(c->policy->name, policy) != 0)
                        continue;
                (*ret_policy)++;
                *ret_user += c->uid == uid;
        }
        *ret_user += *ret_user == 0;
        *ret_policy += *ret_policy == 0;
}

static int choose_ids(const char *user, uid_t uid, uid_t *ret_first, void *userdata) {
        return lending_choose_ids(userdata, user, uid, ret_first);
}

static int prepare_cell(Cell *c, void *userdata) {
        int r = lending_choose_place(userdata, c->policy, c->uid, &c->place);

        return r < 0 ? r : traffic_join(userdata, c);
}

static void describe_volumes(const Cell *c, FirewallVolume *ret_user, FirewallVolume *ret_policy, void *userdata) {
        traffic_describe(userdata, c->policy, c->uid, ret_user, ret_policy);
}

/* What all other cells ask of a user as a whole, where one group holds everything of his. */
static bool limit_by_others(uid_t uid, const char *except_cell, Resources *limits, void *userdata) {
        const Manager *m = userdata;
        bool any = false;

        for (const Cell *c = m->cells; c; c = c->hh.next) {
                const Session *s;
                bool his = c->uid == uid;

                LIST_FOREACH(s, &c->sessions, entry)
                        his = his || s->uid == uid;
                if (!his || c->removed || strcmp(c->id, except_cell) == 0)
                        continue;
                any = true;
                policy_tighten_user(c->policy, &c->policy->cell, limits);
        }
        if (m->shares)
                shares_get(m->shares, uid, limits);
        return any;
}

/* A user's share of a policy's sums ends with the last of what he has there. */
static void drop_share(Manager *m, const char *policy, uid_t uid) {
        if (!m->shares || uid == UID_INVALID)
                return;
        for (const Cell *c = m->cells; c; c = c->hh.next) {
                const Session *s;
                bool his = c->uid == uid;

                if (c->state == CELL_ENDING || strcmp(c->policy->name, policy) != 0)
                        continue;
                LIST_FOREACH(s, &c->sessions, entry)
                        his = his || (s->uid == uid && s->state != SESSION_CLOSING);
                if (his)
                        return;
        }
        shares_remove(m->shares, policy, uid);
}

/* In a job. Any cell that the user is in has the policy and the rest of what the driver needs. */
static int limit_user(uid_t uid, const char *policy, char what[static DRIVER_WHAT_MAX], void *userdata) {
        Manager *m = userdata;

        for (Cell *c = m->cells; c; c = c->hh.next) {
                CellPlan plan;

                if (c->state == CELL_ENDING || strcmp(c->policy->name, policy) != 0 ||
                    (c->uid != uid && c->uid != UID_INVALID))
                        continue;
                cell_plan(c, &plan);
                return m->driver->limit_user(&plan.cell, uid, what);
        }
        return 0;
}

/* Each namespace is of one cell alone, but for networks that others share, so these come last; what root of a cell has
 * unshared again is told by the others. */
static int find_by_namespaces(Manager *m, pid_t pid, Cell **ret) {
        uint64_t inodes[_LOGIN_NS_MAX] = {};
        bool foreign = false;

        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                char path[64];
                struct stat st;

                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, login_namespaces[i].name);
                if (stat(path, &st) >= 0)
                        inodes[i] = st.st_ino;
                (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", login_namespaces[i].name);
                if (stat(path, &st) < 0) /* a kernel without them */
                        continue;
                if (inodes[i] == 0) /* a thread group's first thread has none left once it has ended before the others */
                        return -ESRCH;
                foreign = foreign || st.st_ino != inodes[i];
        }
        *ret = NULL;
        if (!foreign) /* mostly, and then there is no need to look at each cell */
                return 0;
        for (Cell *c = m->cells; c; c = c->hh.next)
                for (int i = 0; i < _LOGIN_NS_MAX; i++)
                        if (i != LOGIN_NS_NET && c->inodes[i] != 0 && c->inodes[i] == inodes[i]) {
                                *ret = c;
                                return 0;
                        }
        for (Cell *c = m->cells; c && !*ret; c = c->hh.next)
                if (!*c->network_of && c->inodes[LOGIN_NS_NET] != 0 && c->inodes[LOGIN_NS_NET] == inodes[LOGIN_NS_NET])
                        *ret = c;
        return 0;
}

/* The group of a session's own, or one below it. */
static Cell *find_by_session_group(Manager *m, const char *lines) {
        for (const Session *s = m->sessions; s; s = s->hh.next) {
                _cleanup_(freep) char *below = NULL;

                if (s->group && group_lines_find(lines, s->group, &below) > 0)
                        return s->cell;
        }
        return NULL;
}

static int find_by_pid(Manager *m, pid_t pid, Cell **ret) {
        _cleanup_(freep) char *lines = NULL, *id = NULL;
        char path[64];
        Cell *c = NULL;
        ssize_t n;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        n = fd_read_file_at(AT_FDCWD, path, 64 * 1024, &lines);
        if (n < 0)
                return n == -ENOENT ? -ESRCH : (int) n;
        r = m->driver->find(m->root_group, lines, &id);
        if (r < 0)
                return r;
        if (r > 0)
                c = manager_find_cell(m, id);
        else {
                r = find_by_namespaces(m, pid, &c);
                if (r >= 0 && !c)
                        c = find_by_session_group(m, lines);
                if (!c)
                        return MIN(r, 0);
        }
        if (!c || c->state != CELL_LIVE)
                return -ENOLINK;
        *ret = c;
        return 1;
}

/* What is read of a number is believed if the process that had it lives afterwards. */
int manager_find_cell_of(Manager *m, pid_t pid, int pidfd, Cell **ret) {
        int r = find_by_pid(m, pid, ret);

        return fd_pid_is_exiting(pid, pidfd) ? -ESRCH : r;
}

/* The live or coming cell that a new session of this user shares: of the same number, and the same name. A cell that
 * lingers may be that of one who had the number before. */
static Cell *find_shared_cell(Manager *m, const Policy *policy, const MatchSubject *subject) {
        _cleanup_(freep) char *user = escape_text(subject->user);

        if (policy->scope == CELL_SCOPE_SESSION)
                return NULL;
        for (Cell *c = m->cells; c; c = c->hh.next)
                if (c->state != CELL_ENDING && !c->end_wanted && !c->obscure && strcmp(c->policy->name, policy->name) == 0 &&
                    c->policy->scope == policy->scope &&
                    (policy->scope == CELL_SCOPE_POLICY ||
                     (c->uid == subject->uid && c->user && user && strcmp(c->user, user) == 0)))
                        return c;
        return NULL;
}

/* --- events of cells and sessions -------------------------------------------------------- */

static void on_session_ready(Session *s, const JobReport *report, void *userdata) {
        Manager *m = userdata;

        login_server_session_ready(m->login, s, report);
}

static void attach_waiting(Cell *c) {
        Session *s, *next;

        for (s = LIST_FIRST(&c->sessions); s; s = next) {
                next = LIST_NEXT(s, entry);
                if (s->state == SESSION_WAITING) {
                        JobReport report = { .error = session_cell_is_live(s) };

                        (void) strcpy(report.what, "the login can't be put into its cell");
                        if (report.error < 0)
                                on_session_ready(s, &report, s->host->userdata);
                }
        }
}

static void fail_waiting(Manager *m, Cell *c, const JobReport *report) {
        Session *s, *next;

        for (s = LIST_FIRST(&c->sessions); s; s = next) {
                next = LIST_NEXT(s, entry);
                if (s->state == SESSION_WAITING)
                        login_server_session_ready(m->login, s, report);
        }
}

/* What a burst of logins took would else stay with us, and be copied for each job. */
static void give_memory_back(Manager *m) {
        unsigned n = HASH_COUNT(m->sessions) + HASH_COUNT(m->cells);

        m->peak = MAX(m->peak, n);
        if (m->peak < PEAK_MIN || n > m->peak / 4)
                return;
        (void) malloc_trim(0);
        m->peak = n;
}

static void on_cell_event(Cell *c, CellEvent event, const JobReport *report, void *userdata) {
        Manager *m = userdata;

        switch (event) {
        case CELL_EVENT_LIVE:
                fd_store_add(m->fd_store, c->id, c->init_pidfd);
                bus_server_announce(m->bus, MANAGER_CELL_NEW, c, NULL);
                if (m->conf.hosts_file)
                        hosts_file_update(m);
                attach_waiting(c);
                break;
        case CELL_EVENT_FAILED:
                fail_waiting(m, c, report);
                break;
        case CELL_EVENT_LINGERS:
                lingering_bound(m, c->uid);
                break;
        case CELL_EVENT_ENDING:
                fd_store_remove(m->fd_store, c->id);
                drop_share(m, c->policy->name, c->uid);
                sharing_end(m, c);
                break;
        case CELL_EVENT_GONE:
                c->filter = filter_release(c->filter);
                bus_server_announce(m->bus, MANAGER_CELL_REMOVED, c, NULL);
                if (hash_has(c))
                        HASH_DEL(m->cells, c);
                takeover_set_lost_aside(m);
                give_memory_back(m);
                if (m->conf.hosts_file)
                        hosts_file_update(m);
                login_server_cell_gone(m->login);
                break;
        }
}

static void on_session_removed(Session *s, void *userdata) {
        Manager *m = userdata;

        if (s->connection)
                login_server_session_removed(m->login, s);
        bus_server_announce(m->bus, MANAGER_SESSION_REMOVED, s->cell, s);
        drop_share(m, s->cell->policy->name, s->uid);
        give_memory_back(m);
        if (hash_has(s))
                HASH_DEL(m->sessions, s);
}

/* --- opening ----------------------------------------------------------------------------- */

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
        HASH_ADD_STR(m->sessions, id, s);
        if (!hash_has(s)) {
                session_end(s);
                return explain(-ENOMEM, ret_message, "policy %s: the session can't be kept: %s", cell->policy->name,
                               strerror(ENOMEM));
        }
        if (cell->state == CELL_LIVE) {
                r = session_cell_is_live(s);
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
        p = placements_find_port(m, policy, &port);
        if (p) {
                log_info("Port %s of policy %s is taken by service %s (policy %s)", policy_port_to_string(port, text),
                         policy->name, p->unit, p->policy->name);
                return explain(-EADDRINUSE, ret_message, "policy %s: port %s of the host is taken", policy->name, text);
        }
        for (const Cell *c = m->cells; c; c = c->hh.next) {
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
                sharing_list_interfaces(m, policy, interfaces, sizeof(interfaces));
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

        for (const Cell *c = m->cells; c; c = c->hh.next)
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
        if ((r == -ENOSPC || r == -EADDRINUSE) && lingering_give_back(m, policy))
                return -EAGAIN;
        if (r < 0)
                return explain_no_cell(m, policy, r, ret_message);
        HASH_ADD_STR(m->cells, id, cell);
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
            manager_count_sessions(m, policy->name, subject->uid) >= policy->max_sessions)
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
                drop_share(m, policy->name, subject->uid);
        return r;
}

/* --- policies ---------------------------------------------------------------------------- */

Policy *manager_pick(Manager *m, const MatchSubject *subject) {
        return policy_set_pick(m->policies, subject, NULL, NULL);
}

int manager_reload(Manager *m) {
        int r = policies_load(m);

        if (r < 0)
                return r;
        policies_register_pools(m);
        (void) placements_update(m);
        network_prepare(m);
        placements_start(m);
        return r;
}

/* --- start and stop ---------------------------------------------------------------------- */

char *manager_runtime_path(const Manager *m, const char *name) {
        char *path = NULL;

        return asprintf(&path, "%s/%s", m->config.runtime_dir, name) < 0 ? NULL : path;
}

static bool make_room(void *userdata) {
        Manager *m = userdata;

        return m->bus && bus_server_make_room(m->bus);
}

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
        jobs_set_make_room(m->jobs, make_room, m);
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
                .table = m->table,
                .link_prefix = m->link_prefix,
                .runtime_dir = m->config.runtime_dir,
                .state_dir = m->config.state_dir,
                .find_owner = sharing_find_owner,
                .is_lent = sharing_is_lent,
                .netns_prefix = m->conf.netns_names ? m->config.instance : NULL,
                .fd_store = m->fd_store,
                .init_fd = m->init_fd,
                .records_fd = m->cells_fd,
                .driver_fd = m->driver_fd,
                .count = count_cells,
                .choose_ids = choose_ids,
                .prepare = prepare_cell,
                .volumes = describe_volumes,
                .others = limit_by_others,
                .event_callback = on_cell_event,
                .userdata = m,
        };
        if (gethostname(m->cell_host.host_name, sizeof(m->cell_host.host_name) - 1) < 0)
                (void) strcpy(m->cell_host.host_name, "localhost");
        m->session_host = (SessionHost) {
                .records_fd = m->sessions_fd,
                .ready = on_session_ready,
                .removed = on_session_removed,
                .userdata = m,
        };
}

/* "Ready" means for systemd: now the services may start that come after us. Logins are answered meanwhile; those that need
 * a new cell would wait for the network anyway. */
static int wait_for_network(Manager *m) {
        uint64_t now, end = 0;
        int r = 0;

        while (r >= 0 && (m->network_pending || placements_pending(m))) {
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
        if (r >= 0 && (!(m->filters = filters_new()) || !(m->adjusts = adjusts_new()) ||
                       !(m->refusals = refusals_new(m->event))))
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
        r = sockets_open(m);
        if (r >= 0)
                r = takeover_read(m);
        if (r >= 0)
                r = placements_read(m);
        if (r < 0)
                return r;
        fd_store_drop_rest(m->fd_store);
        policies_register_pools(m);
        (void) placements_update(m);
        sweep_start(m);
        network_watch(m);
        network_prepare(m);
        placements_start(m);
        takeover_settle(m);
        hosts_file_update(m);
        r = wait_for_network(m);
        if (r < 0)
                return log_error_errno(r, "The event loop failed: %m");
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        Session *s, *next_session;
        Cell *c, *next_cell;
        bool idle;

        if (!m)
                return NULL;
        network_unwatch(m);
        hosts_file_stop(m);
        if (m->jobs)
                traffic_stop(m);
        idle = m->jobs && !m->cells && !m->sessions && !m->placements;
        m->sockets = sockets_free(m->sockets);
        m->login = login_server_free(m->login);
        m->bus = bus_server_free(m->bus);
        HASH_ITER(hh, m->sessions, s, next_session) {
                HASH_DEL(m->sessions, s);
                session_free(s);
        }
        HASH_ITER(hh, m->cells, c, next_cell) {
                HASH_DEL(m->cells, c);
                cell_free(c);
        }
        placements_free(m);
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
