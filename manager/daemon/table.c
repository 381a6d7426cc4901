/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/table.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "manager/cells/placement.h"

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
        Cell *c = NULL;
        int r;

        r = fd_pid_read(pid, "cgroup", 64 * 1024, &lines);
        if (r >= 0)
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

bool manager_needs_network(const Manager *m) {
        for (size_t i = 0; i < policy_set_size(m->policies); i++)
                if ((policy_set_get(m->policies, i)->network_mode == NETWORK_ROUTED ||
                     policy_set_get(m->policies, i)->network_mode == NETWORK_BRIDGE) &&
                    policy_set_get(m->policies, i)->n_pools > 0)
                        return true;
        for (const Cell *c = m->cells; c; c = c->hh.next)
                if (*c->link)
                        return true;
        for (const Placement *p = m->placements.items; p; p = p->hh.next)
                if (*p->link)
                        return true;
        return false;
}
