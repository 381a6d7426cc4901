/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager's own tree in every hierarchy, and what it does with a cell there. See tree.c for which group is where. */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/strv.h"
#include "cgroups/driver.h"
#include "cgroups/tree.h"

#define EMPTY_TIMEOUT_USEC (1 * USEC_PER_SEC)
#define KILL_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define REMOVE_TIMEOUT_USEC (3 * USEC_PER_SEC)

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

        tree_init_group(c, path);
        r = group_make(c->hierarchies, path);
        if (r < 0)
                return driver_fail(what, r, "control group %.200s can't be made", path);

        tree_policy_group(c, path);
        r = limit(c, path, "PolicyResources", &c->policy->policy, LIMIT_NONE, c->policy_cells, what);
        if (r < 0)
                return r;
        if (c->uid != UID_INVALID) {
                tree_user_group(c, path);
                r = limit(c, path, "UserResources", &c->policy->user, policy_ceiling(c), c->user_cells, what);
                if (r < 0)
                        return r;
        }
        tree_cell_group(c, path);
        return limit(c, path, "Resources", &c->policy->cell, cell_ceiling(c), 1, what);
}

static int make_reserve(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        _cleanup_(knobs_done) Knobs knobs = {};
        char user[GROUP_PATH_MAX];
        Resources small;
        int r;

        tree_reserve_group(c, uid, ret);
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

        tree_cell_group(c, group);
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
                tree_init_group(c, group);
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
        tree_leaf_group(c, l->uid, ret);
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

        tree_reserve_group(c, uid, group);
        return group_lines_match(c->hierarchies, lines, group);
}

static bool is_whole(const DriverCell *c, const char *lines) {
        char group[GROUP_PATH_MAX];

        tree_init_group(c, group);
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
        tree_leaf_group(c, uid, group);
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
        tree_init_group(c, group);
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

        tree_cell_group(c, group);
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

        tree_cell_group(c, group);
        return usage_read(c->hierarchies, group, ret);
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
        tree_policy_group(c, policy);
        group_remove_if_empty(c->hierarchies, policy);
        return error;
}

static const char *refuses(const Policy *p, const PolicyKey *key) {
        (void) p, (void) key;
        return NULL;
}

const Driver driver_cgroupfs = {
        .name = "cgroupfs",
        .makes_groups = true,
        .moves_leaders_out = true,
        .make_root = tree_make_root,
        .remove_root = tree_remove_root,
        .make = make_groups,
        .enter = enter,
        .attach = attach,
        .is_whole = is_whole,
        .repair = repair,
        .release = release,
        .change = change_limits,
        .freeze = freeze,
        .remove = remove_cell,
        .sweep = tree_sweep,
        .locate = tree_locate,
        .list = list,
        .group = tree_cell_group,
        .root = tree_init_group,
        .usage = usage,
        .find = tree_find,
        .refuses = refuses,
};
