/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cgroups/slices.h"

#include <string.h>

#include "base/fd.h"

/* --- names ------------------------------------------------------------------------------- */

void slices_user(uid_t uid, char ret[static UNIT_NAME_LENGTH_MAX]) {
        (void) snprintf(ret, UNIT_NAME_LENGTH_MAX, "user-%u.slice", uid);
}

void slices_own_scope(const DriverCell *c, const char *id, char ret[static UNIT_NAME_LENGTH_MAX]) {
        (void) snprintf(ret, UNIT_NAME_LENGTH_MAX, "%s-%s.scope", c->root_group, id);
}

void slices_own(const DriverCell *c, const char *suffix, char ret[static UNIT_NAME_LENGTH_MAX]) {
        (void) snprintf(ret, UNIT_NAME_LENGTH_MAX, "%s%s.slice", c->root_group, suffix);
}

bool slices_unit_of_group(const char *group, char ret[static UNIT_NAME_LENGTH_MAX]) {
        for (const char *p = group; *p;) {
                size_t n = strcspn(p, "/");

                if (n > 6 && n < UNIT_NAME_LENGTH_MAX &&
                    (strncmp(p + n - 6, ".scope", 6) == 0 || (n > 8 && strncmp(p + n - 8, ".service", 8) == 0))) {
                        (void) snprintf(ret, UNIT_NAME_LENGTH_MAX, "%.*s", (int) n, p);
                        return true;
                }
                p += n;
                p += *p == '/';
        }
        return false;
}

bool slices_group_of_lines(const char *lines, char ret[static GROUP_PATH_MAX]) {
        const char *line = strncmp(lines, "0::/", 4) == 0 ? lines : strstr(lines, "\n0::/");
        size_t n;

        if (!line)
                return false;
        line += strcspn(line, "/") + 1;
        n = strcspn(line, "\n");
        if (n >= GROUP_PATH_MAX)
                return false;
        (void) snprintf(ret, GROUP_PATH_MAX, "%.*s", (int) n, line);
        return true;
}

int slices_group_of_pid(pid_t pid, char ret[static GROUP_PATH_MAX]) {
        _cleanup_(freep) char *lines = NULL;
        int r;

        r = fd_pid_read(pid, "cgroup", 64 * 1024, &lines);
        if (r < 0)
                return r;
        return slices_group_of_lines(lines, ret) ? 0 : -EXDEV;
}

/* --- searching --------------------------------------------------------------------------- */

typedef struct Locating {
        const DriverCell *host;
        char *group;
        uid_t *uid;
        bool found;
} Locating;

static bool locate_at(Locating *l, const char *slice) {
        char unit[UNIT_NAME_LENGTH_MAX], group[GROUP_PATH_MAX];

        slices_own_scope(l->host, l->host->id, unit);
        if (snprintf(group, sizeof(group), "%s/%s", slice, unit) >= (int) sizeof(group) ||
            group_populated(l->host->hierarchies, group) <= 0)
                return false;
        (void) strcpy(l->group, group);
        return l->found = true;
}

static int locate_below_user(const char *name, void *userdata) {
        Locating *l = userdata;
        char slice[UNIT_NAME_LENGTH_MAX];
        unsigned uid;

        if (l->found || sscanf(name, "user-%u.slice", &uid) != 1)
                return 0;
        (void) snprintf(slice, sizeof(slice), "user.slice/user-%u.slice", uid);
        if (locate_at(l, slice))
                *l->uid = uid;
        return 0;
}

int slices_locate(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
                  char ret_policy[static DRIVER_POLICY_MAX], uid_t *ret_uid) {
        Locating l = { .host = host, .group = ret_group, .uid = ret_uid };
        char slice[UNIT_NAME_LENGTH_MAX];
        int r;

        *ret_policy = '\0';
        *ret_uid = (uid_t) -1;
        slices_own(host, "", slice);
        if (locate_at(&l, slice))
                return 1;
        r = group_for_each_child(host->hierarchies, "user.slice", locate_below_user, &l);
        return r < 0 ? r : l.found;
}
