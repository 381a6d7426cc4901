/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manager owns the tree ROOT in every hierarchy. ROOT/cells/POLICY carries [PolicyResources], below it
 * UID [UserResources] and below that the cell's own group [Resources]; all processes are in the last
 * one. With Scope=policy the cell comes directly below POLICY, and below it a group for each user and
 * one for pid 1.
 *
 * ROOT/reserve/UID/CELL is for logins that find no room for one more task: a place to clean up from. It is
 * outside of all sums, since below any of them it could not help when that one is used up. */

#include "cgroups/tree.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"

#define REMOVE_ROOT_TRIES 50 /* of 10 ms */
#define SWEEP_TIMEOUT_USEC (2 * USEC_PER_SEC)

/* --- names ------------------------------------------------------------------------------- */

void tree_policy_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s", c->root_group, c->policy->name);
}

void tree_user_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u", c->root_group, c->policy->name, c->uid);
}

void tree_cell_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s", c->root_group, c->policy->name, c->id);
        else
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%u/%s", c->root_group, c->policy->name,
                                c->uid, c->id);
}

void tree_leaf_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/%u", c->root_group, c->policy->name,
                                c->id, uid);
        else
                tree_cell_group(c, ret);
}

void tree_init_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]) {
        if (c->uid == UID_INVALID)
                (void) snprintf(ret, GROUP_PATH_MAX, "%s/cells/%s/%s/init", c->root_group, c->policy->name,
                                c->id);
        else
                tree_cell_group(c, ret);
}

void tree_reserve_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]) {
        (void) snprintf(ret, GROUP_PATH_MAX, "%s/reserve/%u/%s", c->root_group, uid, c->id);
}

/* --- searching --------------------------------------------------------------------------- */

static bool is_cell_id(const char *name) {
        if (name[0] != 'c' || strlen(name) != 13)
                return false;
        for (const char *p = name + 1; *p; p++)
                if (!isxdigit((unsigned char) *p))
                        return false;
        return true;
}

int tree_find(const char *root_group, const char *lines, char **ret) {
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

int tree_locate(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
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

/* --- sweeping ---------------------------------------------------------------------------- */

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
unsigned tree_sweep(const DriverCell *host, bool (*is_known)(const char *id, void *userdata), void *userdata) {
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

int tree_make_root(const Hierarchies *h, const char *root_group) {
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
void tree_remove_root(const Hierarchies *h, const char *root_group) {
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
