/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/table.h"

#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

Cell *table_find_cell(const CellTable *t, const char *id) {
        Cell *c;

        HASH_FIND_STR(t->cells, id, c);
        return c;
}

Session *table_find_session(const CellTable *t, const char *id) {
        Session *s;

        HASH_FIND_STR(t->sessions, id, s);
        return s;
}

unsigned table_count_sessions(const CellTable *t, const char *policy, uid_t uid) {
        unsigned n = 0;

        for (const Session *s = t->sessions; s; s = s->hh.next)
                n += s->uid == uid && s->state != SESSION_CLOSING && strcmp(s->cell->policy->name, policy) == 0 &&
                        !session_is_user_manager(s);
        return n;
}

/* Each namespace is of one cell alone, but for networks that others share, so these come last; what root of a cell has
 * unshared again is told by the others. */
static int find_by_namespaces(const CellTable *t, pid_t pid, Cell **ret) {
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
        for (Cell *c = t->cells; c; c = c->hh.next)
                for (int i = 0; i < _LOGIN_NS_MAX; i++)
                        if (i != LOGIN_NS_NET && c->inodes[i] != 0 && c->inodes[i] == inodes[i]) {
                                *ret = c;
                                return 0;
                        }
        for (Cell *c = t->cells; c && !*ret; c = c->hh.next)
                if (!*c->network_of && c->inodes[LOGIN_NS_NET] != 0 && c->inodes[LOGIN_NS_NET] == inodes[LOGIN_NS_NET])
                        *ret = c;
        return 0;
}

/* The group of a session's own, or one below it. */
static Cell *find_by_session_group(const CellTable *t, const char *lines) {
        for (const Session *s = t->sessions; s; s = s->hh.next) {
                _cleanup_(freep) char *below = NULL;

                if (s->group && group_lines_find(lines, s->group, &below) > 0)
                        return s->cell;
        }
        return NULL;
}

static int find_by_pid(const CellHost *host, pid_t pid, Cell **ret) {
        _cleanup_(freep) char *lines = NULL, *id = NULL;
        Cell *c = NULL;
        int r;

        r = fd_pid_read(pid, "cgroup", 64 * 1024, &lines);
        if (r >= 0)
                r = host->driver->find(host->root_group, lines, &id);
        if (r < 0)
                return r;
        if (r > 0)
                c = table_find_cell(host->all, id);
        else {
                r = find_by_namespaces(host->all, pid, &c);
                if (r >= 0 && !c)
                        c = find_by_session_group(host->all, lines);
                if (!c)
                        return MIN(r, 0);
        }
        if (!c || c->state != CELL_LIVE)
                return -ENOLINK;
        *ret = c;
        return 1;
}

/* What is read of a number is believed if the process that had it lives afterwards. */
int table_find_cell_of(const CellHost *host, pid_t pid, int pidfd, Cell **ret) {
        int r = find_by_pid(host, pid, ret);

        return fd_pid_is_exiting(pid, pidfd) ? -ESRCH : r;
}

void table_count_cells(const CellTable *t, const char *policy, uid_t uid, unsigned *ret_user, unsigned *ret_policy) {
        *ret_user = *ret_policy = 0;
        for (const Cell *c = t->cells; c; c = c->hh.next) {
                if (strcmp(c->policy->name, policy) != 0)
                        continue;
                (*ret_policy)++;
                *ret_user += c->uid == uid;
        }
        *ret_user += *ret_user == 0;
        *ret_policy += *ret_policy == 0;
}

Cell *table_find_owner(const CellTable *t, const char *policy, uid_t uid) {
        for (Cell *c = t->cells; c; c = c->hh.next)
                if (c->state == CELL_LIVE && strcmp(c->policy->name, policy) == 0 && !*c->network_of &&
                    cell_namespaces(c) & CLONE_NEWNET && c->policy->scope != CELL_SCOPE_SESSION &&
                    (c->policy->scope == CELL_SCOPE_POLICY || c->uid == uid))
                        return c;
        return NULL;
}

const Cell *table_find_lent(const CellTable *t, const char *device) {
        for (const Cell *c = t->cells; c; c = c->hh.next)
                if (!c->removed && c->policy->network_mode == NETWORK_INTERFACE && strcmp(c->device, device) == 0)
                        return c;
        return NULL;
}

bool table_has_user(const Cell *c, uid_t uid, bool closing) {
        const Session *s;

        LIST_FOREACH(s, &c->sessions, entry)
                if (s->uid == uid && (closing || s->state != SESSION_CLOSING))
                        return true;
        return c->uid == uid;
}
