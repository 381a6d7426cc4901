/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where systemd is pid 1 the tree is its own. All of a user's processes are below user-UID.slice: logind
 * puts a login into session-N.scope, the user's service manager is user@UID.service, and what comes
 * without logind (cron, at, su, sudo) gets a scope from us there. So
 *
 *   [UserResources], and with Scope=user [Resources]    are limits of user-UID.slice
 *   [Resources] with Scope=session                      of the session's scope, and of user@UID.service
 *   pid 1 of a cell                                     is in a scope of ours in that slice
 *
 * and there is no unit that several users' slices are in, but nobody else's: sums over a policy are shared
 * out, a part to each user's slice (manager/lent/shares.h). When several policies have cells of one user, the
 * slice has the strictest of their limits.
 *
 * A login program stays in its scope, since logind ends a session whose scope is empty; from the OOM killer
 * it is protected by its score. The reserve is a scope in ROOT-reserve.slice. */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/driver.h"
#include "cgroups/slices.h"
#include "cgroups/unit.h"

#define EMPTY_TIMEOUT_USEC (1 * USEC_PER_SEC)
#define GONE_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define LEADER_OOM_SCORE "-900"
/* in a user's slice and not the user's own: the manager of his services, and who watches it */
#define USER_MANAGER_TASKS 3

/* --- limits ------------------------------------------------------------------------------ */

/* What the user's slice is to hold: what this cell asks, with `own` for its [Resources], and all others. */
static bool user_limits(const DriverCell *c, uid_t uid, const Resources *own, Resources *ret) {
        resources_init(ret);
        if (own)
                policy_tighten_user(c->policy, own, ret);
        return c->others(uid, c->id, ret, c->userdata) || own;
}

/* `own` NULL: the cell asks for nothing any more. */
static int limit_user(const DriverCell *c, sd_bus *bus, uid_t uid, const Resources *own,
                      char what[static DRIVER_WHAT_MAX]) {
        char unit[UNIT_NAME_LENGTH_MAX];
        Resources limits; /* borrows */

        slices_user(uid, unit);
        if (!user_limits(c, uid, own, &limits))
                return unit_restore(bus, c->state_fd, unit, what);
        return unit_set_limits(bus, c->state_fd, unit, "", &limits, NULL, c->user_cells + USER_MANAGER_TASKS, what);
}

/* Of a unit that has one session alone. */
static int limit_session_unit(const DriverCell *c, sd_bus *bus, const char *unit, const Resources *to,
                              const Resources *before, char what[static DRIVER_WHAT_MAX]) {
        bool transient = strcmp(unit + strlen(unit) - 6, ".scope") == 0;

        return unit_set_limits(bus, transient ? -EBADF : c->state_fd, unit, c->id, to, before, 1, what);
}

static int relimit_user(const DriverCell *c, uid_t uid, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = unit_bus_open(&bus, what);
        return r < 0 ? r : limit_user(c, bus, uid, &c->policy->cell, what);
}

static int make(const DriverCell *c, char what[static DRIVER_WHAT_MAX]) {
        /* with Scope=policy each user's come with a session of his */
        return c->uid == UID_INVALID ? 0 : relimit_user(c, c->uid, what);
}

typedef struct Unsupported {
        const char *key;
        char *what; /* DRIVER_WHAT_MAX */
} Unsupported;

static void on_unsupported(const char *key, const char *reason, void *userdata) {
        const Unsupported *u = userdata;

        if (strcmp(key, u->key) == 0)
                (void) driver_fail(u->what, 0, "%s=: %s", key, reason);
}

/* Limits that stay as they are may be such as IfUnsupported=warn has let pass. systemd takes a device that is not there,
 * and leaves it out. */
static int check_change(const DriverCell *c, const Resources *to, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(knobs_done) Knobs knobs = {};
        Unsupported u = { .what = what };
        int r;

        r = knobs_translate_change(c->hierarchies, &c->policy->cell, to, LIMIT_NONE, 0, &knobs, &u.key);
        if (r != -EOPNOTSUPP)
                return r == -ENOMEM ? r : 0;
        knobs_check(c->hierarchies, to, on_unsupported, &u);
        return r;
}

static int change(const DriverCell *c, const Resources *to, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char unit[UNIT_NAME_LENGTH_MAX], ignored[DRIVER_WHAT_MAX];
        int r;

        *what = '\0';
        r = check_change(c, to, what);
        if (r >= 0)
                r = unit_bus_open(&bus, what);
        if (r < 0)
                return r;
        if (c->policy->scope == CELL_SCOPE_USER) {
                r = limit_user(c, bus, c->uid, to, what);
                if (r < 0)
                        (void) limit_user(c, bus, c->uid, &c->policy->cell, ignored);
                return r;
        }
        if (c->policy->scope == CELL_SCOPE_POLICY)
                return driver_fail(what, -EOPNOTSUPP, "systemd has no unit for what several users share");
        for (char *const *g = c->groups; g && *g && r >= 0; g++)
                if (slices_unit_of_group(*g, unit))
                        r = limit_session_unit(c, bus, unit, to, &c->policy->cell, what);
        for (char *const *g = c->groups; g && *g && r < 0; g++)
                if (slices_unit_of_group(*g, unit))
                        (void) limit_session_unit(c, bus, unit, &c->policy->cell, to, ignored);
        return r;
}

/* --- members ----------------------------------------------------------------------------- */

/* Starts a scope around the process, in the user's slice or the reserve's. */
static int start_scope(const DriverCell *c, sd_bus *bus, const char *id, uid_t uid, pid_t pid, bool reserve,
                       const Resources *limits, char what[static DRIVER_WHAT_MAX]) {
        char name[UNIT_NAME_LENGTH_MAX], slice[UNIT_NAME_LENGTH_MAX], description[128];
        Resources small; /* borrows */
        const UnitScope scope = {
                .name = name,
                .slice = slice,
                .description = description,
                .pid = pid,
                .limits = reserve ? &small : limits,
                .delegate = *id == 'c',
        };

        driver_reserve_limits(c, &small);
        small.device_policy = c->policy->cell.device_policy;
        small.device_allow = c->policy->cell.device_allow;
        small.n_device_allow = c->policy->cell.n_device_allow;
        slices_own_scope(c, id, name);
        if (reserve)
                slices_own(c, "-reserve", slice);
        else if (uid == UID_INVALID)
                slices_own(c, "", slice);
        else
                slices_user(uid, slice);
        (void) snprintf(description, sizeof(description), *id == 'c' ? "pid 1 of cell %s" : "Session %s in a cell",
                        id);
        return unit_start_scope(bus, &scope, what);
}

static int enter(const DriverCell *c, bool reserve, int *ret_unified_fd) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char what[DRIVER_WHAT_MAX];
        int r;

        *ret_unified_fd = -EBADF; /* the child is born where we are */
        r = unit_bus_open(&bus, what);
        if (r < 0)
                return r;
        if (!reserve)
                return start_scope(c, bus, c->id, c->uid, getpid(), false, NULL, what);
        return c->uid == UID_INVALID ? -EAGAIN : start_scope(c, bus, c->id, c->uid, getpid(), true, NULL, what);
}

/* logind's scope for this login, in which nobody else is yet, or the service that the process is. */
static bool is_own_unit(const DriverCell *c, const DriverLeader *l, const char *group) {
        char prefix[128], unit[UNIT_NAME_LENGTH_MAX];
        pid_t pids[2];

        if (!slices_unit_of_group(group, unit))
                return false;
        if (l->executes && strcmp(unit + strlen(unit) - 8, ".service") == 0)
                return true;
        (void) snprintf(prefix, sizeof(prefix), "user.slice/user-%u.slice/session-", l->uid);
        return strncmp(group, prefix, strlen(prefix)) == 0 &&
                group_list_pids(c->hierarchies, group, pids, ELEMENTSOF(pids)) == 1 && pids[0] == l->pid;
}

/* Most logins into a live cell of their user's are where they belong: of those systemd is asked nothing. */
static int attach_to(const DriverCell *c, const DriverLeader *l, const char *group, bool *ret_reserve,
                     char what[static DRIVER_WHAT_MAX]) {
        const Resources *limits = c->policy->scope == CELL_SCOPE_SESSION ? &c->policy->cell : NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char slice[GROUP_PATH_MAX], unit[UNIT_NAME_LENGTH_MAX];
        bool own = is_own_unit(c, l, group);
        int r;

        (void) snprintf(slice, sizeof(slice), "user.slice/user-%u.slice", l->uid);
        *ret_reserve = !l->executes && !driver_has_room(c, l, own ? group : slice);
        (void) snprintf(slice, sizeof(slice), "%s.slice/%s-reserve.slice", c->root_group, c->root_group);
        r = *ret_reserve ? driver_check_reserve(c, l, slice, what) : 0;
        if (r < 0)
                return r;
        if (own && !*ret_reserve && !limits)
                return 0;
        r = unit_bus_open(&bus, what);
        if (r < 0)
                return r;
        if (*ret_reserve || !own)
                return start_scope(c, bus, l->session, l->uid, l->pid, *ret_reserve, limits, what);
        return slices_unit_of_group(group, unit) ? limit_session_unit(c, bus, unit, limits, NULL, what) : 0;
}

static int attach(const DriverCell *c, const DriverLeader *l, bool *ret_reserve,
                  char ret_group[static GROUP_PATH_MAX], char what[static DRIVER_WHAT_MAX]) {
        int r;

        if (c->uid == UID_INVALID) {
                r = relimit_user(c, l->uid, what);
                if (r < 0)
                        return r;
        }
        if (!slices_group_of_lines(l->home, ret_group))
                return driver_fail(what, -EXDEV, "the login's process is in no group of cgroup v2");
        r = attach_to(c, l, ret_group, ret_reserve, what);
        if (r < 0)
                return r;
        r = slices_group_of_pid(l->pid, ret_group);
        if (r >= 0 && !driver_leader_lives(l))
                r = -ESRCH;
        return r < 0 ? driver_fail(what, r, "the login's process can't be found in its group") : 0;
}

/* It stays where logind wants it. */
static int release(const DriverCell *c, const DriverLeader *l, bool closing) {
        char path[64];
        int r;

        (void) c;
        if (closing)
                return 0;
        (void) snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int) l->pid);
        r = fd_write_file_at(AT_FDCWD, path, LEADER_OOM_SCORE);
        return r == -ENOENT || r == -ESRCH ? 0 : r;
}

/* Login programs and services share their unit with the cell's processes, but not their pid namespace. */
static ssize_t list(const DriverCell *c, pid_t *pids, size_t max) {
        char unit[UNIT_NAME_LENGTH_MAX], group[GROUP_PATH_MAX];
        size_t n = 0, n_members = 0;

        for (char *const *g = c->groups; g && *g; g++) {
                const char *end;
                ssize_t k;

                if (!slices_unit_of_group(*g, unit) || !(end = strstr(*g, unit)))
                        continue;
                (void) snprintf(group, sizeof(group), "%.*s", (int) (end - *g + (ptrdiff_t) strlen(unit)), *g);
                k = group_list_pids(c->hierarchies, group, pids + n, max - n);
                if (k < 0)
                        return k;
                n += (size_t) k;
        }
        for (size_t i = 0; i < n; i++)
                if (c->pid_inode == 0 || driver_in_pid_namespace(pids[i], c->pid_inode))
                        pids[n_members++] = pids[i];
        return (ssize_t) n_members;
}

static void cell_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->policy->scope == CELL_SCOPE_USER)
                (void) snprintf(ret, GROUP_PATH_MAX, "user.slice/user-%u.slice", c->uid);
        else
                (void) snprintf(ret, GROUP_PATH_MAX, "%s", c->groups && c->groups[0] ? c->groups[0] : "");
}

static void add(uint64_t *sum, uint64_t value) {
        if (value != UINT64_MAX)
                *sum = *sum == UINT64_MAX ? value : *sum + value;
}

static int usage(const DriverCell *c, Usage *ret) {
        char group[GROUP_PATH_MAX];
        Usage one;

        if (c->policy->scope == CELL_SCOPE_USER) {
                cell_group(c, group);
                return usage_read(c->hierarchies, group, ret);
        }
        memset(ret, 0xff, sizeof(*ret));
        for (char *const *g = c->groups; g && *g; g++)
                if (usage_read(c->hierarchies, *g, &one) >= 0)
                        for (size_t i = 0; i < sizeof(one) / sizeof(uint64_t); i++)
                                add(&((uint64_t *) ret)[i], ((uint64_t *) &one)[i]);
        return 0;
}

/* A process that is in a user's slice may be on its way into a cell as well as in it: its namespaces tell. */
static int find(const char *root_group, const char *lines, char **ret) {
        (void) root_group, (void) lines, (void) ret;
        return 0;
}

/* As far as it goes; the first error. */
static int freeze_units(const DriverCell *c, sd_bus *bus, bool frozen) {
        char unit[UNIT_NAME_LENGTH_MAX], what[DRIVER_WHAT_MAX];
        int error = 0;

        for (char *const *g = c->groups; g && *g; g++) {
                int r = slices_unit_of_group(*g, unit) ? unit_freeze(bus, unit, frozen, what) : 0;

                error = error < 0 ? error : r;
        }
        return error;
}

static int freeze(const DriverCell *c, bool frozen) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char what[DRIVER_WHAT_MAX];
        int r;

        r = unit_bus_open(&bus, what);
        if (r < 0)
                return r;
        r = freeze_units(c, bus, frozen);
        if (r < 0 && frozen)
                (void) freeze_units(c, bus, false);
        return r;
}

/* --- removing ---------------------------------------------------------------------------- */

/* Without a pid namespace nothing has died with pid 1. */
static void kill_members(const DriverCell *c) {
        static pid_t pids[65536];
        ssize_t n = list(c, pids, ELEMENTSOF(pids));

        for (ssize_t i = 0; i < n; i++) {
                _cleanup_(close_fdp) int pidfd = fd_pidfd_open(pids[i]);

                if (pidfd >= 0)
                        (void) fd_pidfd_send_signal(pidfd, 9);
        }
}

/* Until nobody is in the scope of pid 1, in whichever slice it is. */
static bool wait_gone(const DriverCell *c, const char *unit, uint64_t timeout_usec) {
        char groups[3][GROUP_PATH_MAX];

        (void) snprintf(groups[0], GROUP_PATH_MAX, "user.slice/user-%u.slice/%s", c->uid, unit);
        (void) snprintf(groups[1], GROUP_PATH_MAX, "%s.slice/%s", c->root_group, unit);
        (void) snprintf(groups[2], GROUP_PATH_MAX, "%s.slice/%s-reserve.slice/%s", c->root_group, c->root_group,
                        unit);
        for (uint64_t waited = 0; waited < timeout_usec; waited += 5000) {
                bool any = false;

                for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                        any = any || group_populated(c->hierarchies, groups[i]) > 0;
                if (!any)
                        return true;
                (void) nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
        }
        return false;
}

/* pid 1 was killed before, if it was known; who stands in for units' processes ends by itself then, and its
 * unit has not failed. */
static int end_scope(const DriverCell *c, sd_bus *bus, char what[static DRIVER_WHAT_MAX]) {
        char unit[UNIT_NAME_LENGTH_MAX];
        int r;

        slices_own_scope(c, c->id, unit);
        if (wait_gone(c, unit, EMPTY_TIMEOUT_USEC))
                return 0;
        r = unit_kill_scope(bus, unit, what);
        if (r < 0)
                return r;
        return wait_gone(c, unit, GONE_TIMEOUT_USEC) ? 0 :
                driver_fail(what, -EBUSY, "pid 1 of the cell can't be killed");
}

typedef struct Restoration {
        const DriverCell *cell;
        sd_bus *bus;
        char *what;
        int error;
        unsigned n;
        bool (*is_known)(const char *id, void *userdata);
        void *userdata;
} Restoration;

/* Limits of services, like user@UID.service, that this cell's session was. */
static int restore_owned(const char *unit, const char *owner, void *userdata) {
        Restoration *s = userdata;
        int r;

        if (strcmp(owner, s->cell->id) != 0)
                return 0;
        r = unit_restore(s->bus, s->cell->state_fd, unit, s->what);
        if (r < 0)
                s->error = r;
        return 0;
}

/* With Scope=policy any user may have been in the cell. */
static int restore_slice(const char *unit, const char *owner, void *userdata) {
        Restoration *s = userdata;
        unsigned uid;
        int r;

        if (*owner || sscanf(unit, "user-%u.slice", &uid) != 1)
                return 0;
        r = limit_user(s->cell, s->bus, uid, NULL, s->what);
        if (r < 0)
                s->error = r;
        return 0;
}

static int remove_cell(const DriverCell *c, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        Restoration restoration = { .cell = c, .what = what };
        int r;

        r = unit_bus_open(&bus, what);
        if (r < 0)
                return r;
        restoration.bus = bus;
        if (c->frozen) /* login programs, too, are in these units */
                (void) freeze_units(c, bus, false);
        if (!(c->policy->namespaces & CLONE_NEWPID))
                kill_members(c);
        r = end_scope(c, bus, what);
        (void) unit_for_each_limited(c->state_fd, restore_owned, &restoration);
        if (c->uid == UID_INVALID)
                (void) unit_for_each_limited(c->state_fd, restore_slice, &restoration);
        else
                restoration.error = MIN(restoration.error, limit_user(c, bus, c->uid, NULL, what));
        return r < 0 ? r : restoration.error;
}

/* --- what nobody owns -------------------------------------------------------------------- */

static int sweep_unit(const char *unit, const char *owner, void *userdata) {
        Restoration *s = userdata;
        unsigned uid;
        Resources ignored;

        resources_init(&ignored);
        if (*owner ? s->is_known(owner, s->userdata) :
                     sscanf(unit, "user-%u.slice", &uid) == 1 &&
                             s->cell->others(uid, "", &ignored, s->cell->userdata))
                return 0;
        if (unit_restore(s->bus, s->cell->state_fd, unit, s->what) >= 0)
                s->n++;
        return 0;
}

/* Scopes of ours whose cell is not known any more. Those of sessions are left: without its record nobody
 * can tell a session from another's, and it ends with its processes. */
static unsigned sweep_scopes(sd_bus *bus, const DriverCell *c, Restoration *s) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char pattern[UNIT_NAME_LENGTH_MAX], what[DRIVER_WHAT_MAX];
        const char *unit;
        unsigned n = 0;
        int r;

        slices_own_scope(c, "c*", pattern);
        r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                               "org.freedesktop.systemd1.Manager", "ListUnitsByPatterns", NULL, &reply, "asas", 0, 1,
                               pattern);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
                char id[32];

                r = sd_bus_message_read(reply, "ssssssouso", &unit, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                        NULL, NULL);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                (void) snprintf(id, sizeof(id), "%.13s", unit + strlen(c->root_group) + 1);
                if (r >= 0 && !s->is_known(id, s->userdata) && unit_kill_scope(bus, unit, what) >= 0)
                        n++;
        }
        return n;
}

static unsigned sweep(const DriverCell *c, bool (*is_known)(const char *id, void *userdata), void *userdata) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        char what[DRIVER_WHAT_MAX];
        Restoration s = { .cell = c, .what = what, .is_known = is_known, .userdata = userdata };

        if (unit_bus_open(&bus, what) < 0)
                return 0;
        s.bus = bus;
        s.n = sweep_scopes(bus, c, &s);
        (void) unit_for_each_limited(c->state_fd, sweep_unit, &s);
        return s.n;
}

/* --- the rest ---------------------------------------------------------------------------- */

static int make_root(const Hierarchies *h, const char *root_group) {
        (void) h, (void) root_group;
        return 0;
}

static void remove_root(const Hierarchies *h, const char *root_group) {
        (void) h, (void) root_group;
}

/* user@UID.service is delegated to the user: his service manager makes groups for its units. */
static void delegated(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid != UID_INVALID && c->hierarchies->unified >= 0)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/user.slice/user-%u.slice",
                                c->hierarchies->items[c->hierarchies->unified].mount_path, c->uid);
}

/* What can be shared out over users, and what means the same for each of them as for all. */
static const char *refuses(const Policy *p, const PolicyKey *key) {
        static const size_t possible[] = {
                offsetof(Resources, memory_max_bytes), offsetof(Resources, tasks_max),
                offsetof(Resources, cpu_quota_permille), offsetof(Resources, cpu_quota_period_usec),
                offsetof(Resources, allowed_cpus), offsetof(Resources, allowed_memory_nodes),
                offsetof(Resources, device_policy), offsetof(Resources, device_allow),
        };
        bool of_policy = strcmp(key->section, "PolicyResources") == 0;
        size_t level = of_policy ? offsetof(Policy, policy) : offsetof(Policy, cell);

        if (key->offset == offsetof(Policy, policy.bandwidth_up_bits) ||
            key->offset == offsetof(Policy, policy.bandwidth_down_bits) || key->offset == offsetof(Policy, policy_traffic))
                return NULL; /* the network's, whoever makes the groups */
        if (!of_policy && (strcmp(key->section, "Resources") != 0 || p->scope != CELL_SCOPE_POLICY))
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(possible); i++)
                if (key->offset == level + possible[i])
                        return NULL;
        return "systemd keeps every user in a slice of his own, and none holds all who share this; "
               "there can be MemoryMax=, TasksMax=, CPUQuota=, Allowed...= and Device...=, or [UserResources]";
}

const Driver driver_systemd = {
        .name = "systemd",
        .without_namespaces = CLONE_NEWCGROUP,
        .user_in_one_group = true,
        .make_root = make_root,
        .remove_root = remove_root,
        .make = make,
        .enter = enter,
        .attach = attach,
        .release = release,
        .change = change,
        .shares_sums = true,
        .limit_user = relimit_user,
        .freeze = freeze,
        .remove = remove_cell,
        .sweep = sweep,
        .locate = slices_locate,
        .list = list,
        .group = cell_group,
        .usage = usage,
        .find = find,
        .delegated = delegated,
        .refuses = refuses,
};
