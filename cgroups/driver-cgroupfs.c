/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager owns the tree ROOT in every hierarchy. ROOT/cells/POLICY carries [PolicyResources], below it
 * UID [UserResources] and below that the cell's own group [Resources]; all processes are in the last
 * one. With Scope=policy the cell comes directly below POLICY, and below it a group for each user and
 * one for pid 1.
 *
 * ROOT/reserve/UID/CELL is for logins that find no room for one more task: a place to clean up from. It is
 * outside of all sums, since below any of them it could not help when that one is used up. */

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/strv.h"
#include "cgroups/driver.h"

#define REMOVE_ROOT_TRIES 50 /* of 10 ms */
#define EMPTY_TIMEOUT_USEC (1 * USEC_PER_SEC)
#define KILL_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define REMOVE_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define SWEEP_TIMEOUT_USEC (2 * USEC_PER_SEC)

/* --- names ------------------------------------------------------------------------------- */

static void policy_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s", c->root_group, c->policy->name);
}

static void user_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u", c->root_group, c->policy->name, c->uid);
}

static void cell_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s", c->root_group, c->policy->name, c->id);
        else
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u/%s", c->root_group, c->policy->name,
                                c->uid, c->id);
}

/* Where processes of `uid` are: with Scope=policy each user has a group in the cell's. */
static void leaf_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/%u", c->root_group, c->policy->name,
                                c->id, uid);
        else
                cell_group(c, ret);
}

static void init_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/init", c->root_group, c->policy->name,
                                c->id);
        else
                cell_group(c, ret);
}

static void reserve_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/reserve/%u/%s", c->root_group, uid, c->id);
}

/* --- limits ------------------------------------------------------------------------------ */

static uint64_t policy_ceiling(const DriverCell *c) {
        return c->policy->policy.cpu_quota_permille;
}

static uint64_t cell_ceiling(const DriverCell *c) {
        return c->uid == UID_INVALID ? policy_ceiling(c) :
                                       MIN(policy_ceiling(c), c->policy->user.cpu_quota_permille);
}

static int limit(const DriverCell *c, const char *group, const char *section, const Resources *r,
                 uint64_t ceiling, uint64_t tasks_extra, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(knobs_done) Knobs knobs = {
                .skip_unsupported = c->policy->if_unsupported_warn /* said when it was loaded */
        };
        const Knob *failed = NULL;
        const char *key = "";
        int error;

        error = knobs_translate(c->hierarchies, r, ceiling, tasks_extra, &knobs, &key);
        if (error < 0)
                return driver_fail(what, error, "[%s] %s= can't be enforced on this host", section, key);
        error = group_apply(c->hierarchies, group, &knobs, &failed);
        if (error < 0)
                return driver_fail(what, error, "[%s] %s=: the kernel refused \"%.64s\" for %s", section, failed->key,
                            failed->value ?: "", failed->file);
        return 0;
}

static int make_groups(const DriverCell *c, char what[static DRIVER_WHAT_MAX]) {
        char path[GROUP_PATH_MAX];
        int r;

        init_group(c, path);
        r = group_make(c->hierarchies, path);
        if (r < 0)
                return driver_fail(what, r, "control group %.200s can't be made", path);

        policy_group(c, path);
        r = limit(c, path, "PolicyResources", &c->policy->policy, LIMIT_NONE, c->policy_cells, what);
        if (r < 0)
                return r;
        if (c->uid != UID_INVALID) {
                user_group(c, path);
                r = limit(c, path, "UserResources", &c->policy->user, policy_ceiling(c), c->user_cells, what);
                if (r < 0)
                        return r;
        }
        cell_group(c, path);
        return limit(c, path, "Resources", &c->policy->cell, cell_ceiling(c), 1, what);
}

static int make_reserve(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        _cleanup_(knobs_done) Knobs knobs = {};
        char user[GROUP_PATH_MAX];
        Resources small;
        int r;

        reserve_group(c, uid, ret);
        r = group_make(c->hierarchies, ret);
        if (r < 0)
                return r;

        driver_reserve_limits(c, &small);
        (void) snprintf(user, sizeof(user), "%s/reserve/%u", c->root_group, uid);
        r = knobs_translate(c->hierarchies, &small, LIMIT_NONE, 0, &knobs, NULL);
        if (r >= 0)
                r = group_apply(c->hierarchies, user, &knobs, NULL);
        if (r < 0)
                return r;
        /* and who may open which device holds there, too */
        if (c->policy->cell.device_policy != DEVICE_POLICY_AUTO || c->policy->cell.n_device_allow > 0) {
                Knobs devices = { .devices = &c->policy->cell };

                return group_apply(c->hierarchies, ret, &devices, NULL);
        }
        return 0;
}

static int change_limits(const DriverCell *c, const Resources *to, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(knobs_done) Knobs forward = {}, backward = {};
        const Knob *failed = NULL;
        char group[GROUP_PATH_MAX];
        const char *key = "";
        int r;

        cell_group(c, group);
        r = knobs_translate_change(c->hierarchies, &c->policy->cell, to, cell_ceiling(c), 1, &forward, &key);
        if (r < 0)
                return driver_fail(what, r, r == -ENODEV ? "%s=: no such block device" :
                                                    "%s= can't be enforced on this host", key);
        r = group_apply(c->hierarchies, group, &forward, &failed);
        if (r >= 0)
                return 0;
        (void) driver_fail(what, r, "%s=: the kernel refused \"%.64s\" for %s%s", failed->key, failed->value ?: "",
                    failed->file, r == -EBUSY ? " (the cell uses more than that now)" : "");
        if (knobs_translate_change(c->hierarchies, to, &c->policy->cell, cell_ceiling(c), 1, &backward, &key) >= 0)
                (void) group_apply(c->hierarchies, group, &backward, NULL);
        return r;
}

/* --- members ----------------------------------------------------------------------------- */

/* Goes into the v1 groups itself, so that the child is born in them, and lets it be born into v2's. */
static int enter(const DriverCell *c, bool reserve, int *ret_unified_fd) {
        char group[GROUP_PATH_MAX];
        int r, fd;

        *ret_unified_fd = -EBADF;
        if (reserve) {
                if (c->uid == UID_INVALID)
                        return -EAGAIN;
                r = make_reserve(c, c->uid, group);
                if (r < 0)
                        return r;
        } else
                init_group(c, group);
        r = group_attach(c->hierarchies, group, 1, 0);
        if (r < 0)
                return r;
        fd = group_open_unified(c->hierarchies, group);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        *ret_unified_fd = fd;
        return 0;
}

static int choose_group(const DriverCell *c, const DriverLeader *l, bool *ret_reserve, char ret[static GROUP_PATH_MAX],
                        char what[static DRIVER_WHAT_MAX]) {
        int r;

        *ret_reserve = false;
        leaf_group(c, l->uid, ret);
        if (c->uid == UID_INVALID) {
                r = group_make(c->hierarchies, ret);
                if (r < 0)
                        return driver_fail(what, r, "control group %.150s can't be made", ret);
                r = limit(c, ret, "UserResources", &c->policy->user,
                          MIN(policy_ceiling(c), c->policy->cell.cpu_quota_permille), 0, what);
                if (r < 0)
                        return r;
        }
        if (driver_has_room(c, l, ret))
                return 0;
        r = make_reserve(c, l->uid, ret);
        if (r < 0)
                return driver_fail(what, r, "the cell is full and its reserve can't be made");
        *ret_reserve = true;
        return driver_check_reserve(c, l, ret, what);
}

static int verify_attached(const DriverCell *c, const DriverLeader *l, const char *group) {
        _cleanup_(freep) char *lines = NULL;
        int r;

        r = fd_pid_read(l->pid, "cgroup", 64 * 1024, &lines);
        if (r < 0)
                return r;
        if (!driver_leader_lives(l))
                return -ESRCH;
        return group_lines_match(c->hierarchies, lines, group) ? 0 : -EXDEV;
}

static int attach(const DriverCell *c, const DriverLeader *l, bool *ret_reserve,
                  char ret_group[static GROUP_PATH_MAX], char what[static DRIVER_WHAT_MAX]) {
        int r;

        r = choose_group(c, l, ret_reserve, ret_group, what);
        if (r < 0)
                return r;
        r = group_attach(c->hierarchies, ret_group, 0, l->pid);
        if (r >= 0)
                r = verify_attached(c, l, ret_group);
        if (r < 0) {
                if (driver_leader_lives(l))
                        (void) group_attach_lines(c->hierarchies, l->home, l->pid);
                return driver_fail(what, r, "the login's process can't be put into %.150s", ret_group);
        }
        return 0;
}

/* --- repairing ---------------------------------------------------------------------------- */

static bool is_in_reserve(const DriverCell *c, uid_t uid, const char *lines) {
        char group[GROUP_PATH_MAX];

        reserve_group(c, uid, group);
        return group_lines_match(c->hierarchies, lines, group);
}

static bool is_whole(const DriverCell *c, const char *lines) {
        char group[GROUP_PATH_MAX];

        init_group(c, group);
        return group_lines_match(c->hierarchies, lines, group) || (c->uid != UID_INVALID && is_in_reserve(c, c->uid, lines));
}

/* Whose process it is tells the group, where users have groups of their own in the cell's. One that exits meanwhile is
 * no error. */
static int put_back(const DriverCell *c, pid_t pid, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(freep) char *lines = NULL;
        char path[64], group[GROUP_PATH_MAX];
        bool reserve;
        struct stat st;
        uid_t uid;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        if (stat(path, &st) < 0 || fd_read_file_at(AT_FDCWD, path, 64 * 1024, &lines) < 0)
                return 0;
        uid = c->uid == UID_INVALID ? st.st_uid : c->uid;
        leaf_group(c, uid, group);
        if (group_lines_match(c->hierarchies, lines, group) || is_in_reserve(c, uid, lines))
                return 0;
        r = choose_group(c, &(DriverLeader) { .uid = uid }, &reserve, group, what);
        if (r >= 0)
                r = group_attach(c->hierarchies, group, 0, pid);
        return r == -ESRCH ? 0 : r < 0 ? driver_fail(what, r, "process %d can't be put back into %.150s", (int) pid, group) : 0;
}

static int repair(const DriverCell *c, pid_t init_pid, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(closedirp) DIR *proc = opendir("/proc");
        char group[GROUP_PATH_MAX];
        struct dirent *e;
        int r;

        r = proc ? make_groups(c, what) : -errno;
        if (r < 0)
                return r;
        init_group(c, group);
        r = group_attach(c->hierarchies, group, 0, init_pid);
        if (r < 0)
                return driver_fail(what, r, "its pid 1 can't be put back into %.150s", group);
        while (c->pid_inode != 0 && r >= 0 && (e = readdir(proc))) {
                pid_t pid = (pid_t) strtol(e->d_name, NULL, 10); /* 0: no process */

                if (pid > 0 && pid != init_pid && driver_in_pid_namespace(pid, c->pid_inode))
                        r = put_back(c, pid, what);
        }
        return r;
}

/* With a memory bomb in the cell the kernel would kill the login program first, and then nobody would run
 * close_session: it goes back to where it came from. */
static int release(const DriverCell *c, const DriverLeader *l, bool closing) {
        int r;

        (void) closing;
        r = group_attach_lines(c->hierarchies, l->home, l->pid);
        return r == -ESRCH ? 0 : r;
}

typedef struct GroupList {
        const DriverCell *cell;
        char **groups;
} GroupList;

static int add_reserve(const char *uid, void *userdata) {
        GroupList *l = userdata;
        const Hierarchies *h = l->cell->hierarchies;
        char group[GROUP_PATH_MAX];
        bool exists = false;

        (void) snprintf(group, sizeof(group), "%s/reserve/%.32s/%s", l->cell->root_group, uid, l->cell->id);
        for (size_t i = 0; i < h->n_items && !exists; i++)
                exists = faccessat(h->items[i].root_fd, group, F_OK, 0) >= 0;
        return !exists || strv_has(l->groups, group) ? 0 : strv_extend(&l->groups, group);
}

/* The cell's own, and where its members are for whom it had no room; with Scope=policy that may be any user. */
static int list_groups(const DriverCell *c, char ***ret) {
        GroupList l = { .cell = c };
        char group[GROUP_PATH_MAX];
        int r;

        cell_group(c, group);
        r = strv_extend(&l.groups, group);
        (void) snprintf(group, sizeof(group), "%s/reserve", c->root_group);
        if (r >= 0)
                r = group_for_each_child(c->hierarchies, group, add_reserve, &l);
        if (r < 0)
                strv_free(l.groups);
        else
                *ret = l.groups;
        return r;
}

static int freeze(const DriverCell *c, bool frozen) {
        _cleanup_(strv_freep) char **groups = NULL;
        int r;

        r = list_groups(c, &groups);
        for (char **g = groups; r >= 0 && *g; g++)
                r = group_freeze(c->hierarchies, *g, frozen);
        for (char **g = groups; r < 0 && frozen && g && *g; g++)
                (void) group_freeze(c->hierarchies, *g, false);
        return r;
}

static ssize_t list(const DriverCell *c, pid_t *pids, size_t max) {
        _cleanup_(strv_freep) char **groups = NULL;
        size_t n = 0;
        int r;

        r = list_groups(c, &groups);
        if (r < 0)
                return r;
        for (char **g = groups; *g && n < max; g++) {
                ssize_t k = group_list_pids(c->hierarchies, *g, pids + n, max - n);

                if (k < 0)
                        return k;
                n += (size_t) k;
        }
        return (ssize_t) n;
}

static int usage(const DriverCell *c, Usage *ret) {
        char group[GROUP_PATH_MAX];

        cell_group(c, group);
        return usage_read(c->hierarchies, group, ret);
}

static bool is_cell_id(const char *name) {
        if (name[0] != 'c' || strlen(name) != 13)
                return false;
        for (const char *p = name + 1; *p; p++)
                if (!isxdigit((unsigned char) *p))
                        return false;
        return true;
}

static int find(const char *root_group, const char *lines, char **ret) {
        static const char *const trees[] = { "cells", "reserve" };

        for (size_t i = 0; i < ELEMENTSOF(trees); i++) {
                _cleanup_(freep) char *found = NULL;
                char path[128], *save = NULL;
                int r;

                (void) snprintf(path, sizeof(path), "%s/%s", root_group, trees[i]);
                r = group_lines_find(lines, path, &found);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                for (char *part = strtok_r(found, "/", &save); part; part = strtok_r(NULL, "/", &save))
                        if (is_cell_id(part)) {
                                *ret = strdup(part);
                                return *ret ? 1 : -ENOMEM;
                        }
                *ret = strdup(""); /* below our root, and in no cell: one that is gone */
                return *ret ? 1 : -ENOMEM;
        }
        return 0;
}

typedef struct Locating {
        const DriverCell *host;
        char path[GROUP_PATH_MAX]; /* of what is looked through */
        char *group, *policy;
        uid_t *uid;
        bool found;
} Locating;

static bool locate_at(Locating *l, const char *path) {
        char group[GROUP_PATH_MAX];

        if (snprintf(group, sizeof(group), "%s/%s", path, l->host->id) >= (int) sizeof(group) ||
            group_populated(l->host->hierarchies, group) <= 0)
                return false;
        (void) strcpy(l->group, group);
        l->found = true;
        return true;
}

static int locate_below_user(const char *name, void *userdata) {
        Locating *l = userdata;
        char path[GROUP_PATH_MAX];
        unsigned uid;

        if (!l->found && sscanf(name, "%u", &uid) == 1 &&
            snprintf(path, sizeof(path), "%s/%s", l->path, name) < (int) sizeof(path) && locate_at(l, path))
                *l->uid = uid;
        return 0;
}

static int locate_below_policy(const char *name, void *userdata) {
        Locating *l = userdata;

        if (l->found || snprintf(l->path, sizeof(l->path), "%s/cells/%s", l->host->root_group, name) >=
                                (int) sizeof(l->path))
                return 0;
        *l->uid = (uid_t) -1;
        if (!locate_at(l, l->path))
                (void) group_for_each_child(l->host->hierarchies, l->path, locate_below_user, l);
        if (l->found)
                (void) snprintf(l->policy, DRIVER_POLICY_MAX, "%s", name);
        return 0;
}

static int locate(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
                  char ret_policy[static DRIVER_POLICY_MAX], uid_t *ret_uid) {
        Locating l = { .host = host, .group = ret_group, .policy = ret_policy, .uid = ret_uid };
        char path[GROUP_PATH_MAX];
        int r;

        if (!is_cell_id(host->id))
                return 0;
        (void) snprintf(path, sizeof(path), "%s/cells", host->root_group);
        r = group_for_each_child(host->hierarchies, path, locate_below_policy, &l);
        return r < 0 ? r : l.found;
}

/* --- removing ---------------------------------------------------------------------------- */

static void wait_empty(const DriverCell *c, const char *group, uint64_t timeout_usec) {
        for (uint64_t waited = 0; waited < timeout_usec; waited += 5000) {
                if (group_populated(c->hierarchies, group) <= 0)
                        return;
                (void) nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
        }
}

/* Gives what is in a group time to go by itself (the login programs, whose children were killed), kills
 * what stays, and removes the group. */
static int empty_and_remove(const DriverCell *c, const char *group, char what[static DRIVER_WHAT_MAX]) {
        int r;

        wait_empty(c, group, EMPTY_TIMEOUT_USEC);
        r = group_kill(c->hierarchies, group, KILL_TIMEOUT_USEC);
        if (r < 0)
                return driver_fail(what, r, "processes in %.150s can't be killed", group);
        r = group_remove(c->hierarchies, group, REMOVE_TIMEOUT_USEC);
        if (r < 0)
                return driver_fail(what, r, "control group %.150s can't be removed", group);
        return 0;
}

static int remove_cell(const DriverCell *c, char what[static DRIVER_WHAT_MAX]) {
        _cleanup_(strv_freep) char **groups = NULL;
        char policy[GROUP_PATH_MAX];
        int error;

        error = list_groups(c, &groups);
        if (error < 0)
                return driver_fail(what, error, "its control groups can't be listed");
        for (char **g = groups; *g; g++) {
                int r = empty_and_remove(c, *g, what);

                error = r < 0 ? r : error;
                *strrchr(*g, '/') = '\0'; /* the user's, or the policy's */
                group_remove_if_empty(c->hierarchies, *g);
        }
        policy_group(c, policy);
        group_remove_if_empty(c->hierarchies, policy);
        return error;
}

typedef struct Sweep {
        const Hierarchies *all, *one; /* everywhere, and the hierarchy that is looked through */
        bool (*is_known)(const char *id, void *userdata);
        void *userdata;
        char path[GROUP_PATH_MAX];
        unsigned depth, n_removed, n_children;
} Sweep;

/* A cell's group is known by its name, at whatever depth below ROOT/cells or ROOT/reserve it is. */
static int sweep_group(const char *name, void *userdata) {
        Sweep *parent = userdata, s = *parent;

        parent->n_children++;
        if (snprintf(s.path, sizeof(s.path), "%s/%s", parent->path, name) >= (int) sizeof(s.path))
                return 0;
        if (is_cell_id(name)) {
                if (s.is_known(name, s.userdata))
                        return 0;
                (void) group_kill(s.all, s.path, SWEEP_TIMEOUT_USEC);
                (void) group_remove(s.all, s.path, SWEEP_TIMEOUT_USEC);
                parent->n_removed++;
                parent->n_children--;
                return 0;
        }
        if (s.depth == 0)
                return 0;
        s.depth--;
        s.n_removed = s.n_children = 0;
        (void) group_for_each_child(s.one, s.path, sweep_group, &s);
        parent->n_removed += s.n_removed;
        if (s.n_children == 0)
                group_remove_if_empty(s.one, s.path);
        return 0;
}

/* One hierarchy after the other: what is in all of them is the same in each. */
static unsigned sweep(const DriverCell *host, bool (*is_known)(const char *id, void *userdata), void *userdata) {
        static const char *const trees[] = { "cells", "reserve" };
        Sweep s = { .all = host->hierarchies, .is_known = is_known, .userdata = userdata, .depth = 2 };

        for (size_t k = 0; k < host->hierarchies->n_items; k++) {
                const Hierarchies one = { .items = { host->hierarchies->items[k] }, .n_items = 1, .unified = -ENOENT };

                s.one = &one;
                for (size_t i = 0; i < ELEMENTSOF(trees); i++) {
                        (void) snprintf(s.path, sizeof(s.path), "%s/%s", host->root_group, trees[i]);
                        (void) group_for_each_child(&one, s.path, sweep_group, &s);
                }
        }
        return s.n_removed;
}

/* --- the root ---------------------------------------------------------------------------- */

static int make_root(const Hierarchies *h, const char *root_group) {
        char path[GROUP_PATH_MAX];
        int r;

        for (size_t i = 0; i < h->n_items; i++) /* before Linux 5.11 v1 is not hierarchical by itself */
                if (h->items[i].version == 1 && h->items[i].controllers & 1U << CONTROLLER_MEMORY) {
                        (void) snprintf(path, sizeof(path), "%s/memory.use_hierarchy", root_group);
                        r = group_make(h, root_group);
                        if (r < 0)
                                return r;
                        (void) fd_write_file_at(h->items[i].root_fd, path, "1");
                }
        (void) snprintf(path, sizeof(path), "%s/cells", root_group);
        r = group_make(h, path);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "%s/reserve", root_group);
        return group_make(h, path);
}

static bool has_group(const Hierarchies *h, const char *path) {
        for (size_t i = 0; i < h->n_items; i++)
                if (faccessat(h->items[i].root_fd, path, F_OK, 0) >= 0)
                        return true;
        return false;
}

/* A group that a process has just left can be busy for a moment. */
static void remove_root(const Hierarchies *h, const char *root_group) {
        static const char *const parts[] = { "/cells", "/reserve", "" };

        for (unsigned tries = 0; tries < REMOVE_ROOT_TRIES && has_group(h, root_group); tries++) {
                if (tries > 0)
                        (void) nanosleep(&(struct timespec) { .tv_nsec = 10000000 }, NULL);
                for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                        char path[GROUP_PATH_MAX];

                        (void) snprintf(path, sizeof(path), "%s%s", root_group, parts[i]);
                        group_remove_if_empty(h, path);
                }
        }
}

static const char *refuses(const Policy *p, const char *section, const char *key) {
        (void) p, (void) section, (void) key;
        return NULL;
}

const Driver driver_cgroupfs = {
        .name = "cgroupfs",
        .makes_groups = true,
        .moves_leaders_out = true,
        .make_root = make_root,
        .remove_root = remove_root,
        .make = make_groups,
        .enter = enter,
        .attach = attach,
        .is_whole = is_whole,
        .repair = repair,
        .release = release,
        .change = change_limits,
        .freeze = freeze,
        .remove = remove_cell,
        .sweep = sweep,
        .locate = locate,
        .list = list,
        .group = cell_group,
        .root = init_group,
        .usage = usage,
        .find = find,
        .refuses = refuses,
};
