/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell's id is in the names of its group, its link and its namespace: so of a cell that lives all that has to be left
 * alone can be found, whatever its record says. */

#include "manager/cells/cell-restore.h"

#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/cell-record.h"
#include "netns/link-addresses.h"

#define PIDS_MAX 4096
#define MEMBERS_USEC (2 * USEC_PER_SEC)

static void claim_addresses(Cell *c) {
        if (*c->network_of)
                return;
        if (c->address4.family != AF_UNSPEC && pool_claim(c->host->pool, &c->address4) < 0)
                c->address4 = (IpPrefix) {};
        if (c->address6.family != AF_UNSPEC && pool_claim(c->host->pool, &c->address6) < 0)
                c->address6 = (IpPrefix) {};
}

static Cell *free_unclaimed(Cell *c) {
        c->address4 = c->address6 = (IpPrefix) {};
        return cell_free(c);
}

/* That a process is gone says nothing about us; that we can't look at it does not say that it is gone. */
static int watch_if_there(Cell *c) {
        int r = cell_watch_init(c);

        if (r < 0)
                c->init_source = sd_event_source_disable_unref(c->init_source);
        return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}

int cell_restore(CellHost *host, const char *id, Cell **ret) {
        pid_t recorded;
        Cell *c;
        int r;

        if (strlen(id) >= LOGIN_ID_MAX)
                return -EBADMSG;
        c = cell_alloc(host);
        if (!c)
                return -ENOMEM;
        (void) strcpy(c->id, id);
        r = cell_record_read(c);
        if (r < 0) {
                free_unclaimed(c);
                return r;
        }
        claim_addresses(c);
        recorded = c->init_pid;
        r = c->state == CELL_LIVE && c->init_pid > 0 ? watch_if_there(c) : 0;
        if (r < 0) {
                cell_free(c);
                return r;
        }
        if (c->init_source && c->init_pid != recorded) /* the stored pidfd knew better */
                (void) cell_save(c); /* which is worth a try: that pidfd is not always there */
        *ret = c;
        return 0;
}

/* --- without a record -------------------------------------------------------------------- */

/* The first child of a pid namespace below ours; nobody in it can make another one there. In a cell without one it is
 * root's process of that name. */
static bool is_init(const Cell *c, pid_t pid) {
        _cleanup_(freep) char *status = NULL;
        bool own_pids = cell_namespaces(c) & CLONE_NEWPID;
        unsigned uid, outer, inner, more;
        const char *line;

        if (fd_pid_read(pid, "status", 64 * 1024, &status) < 0)
                return false;
        line = strstr(status, "\nNSpid:");
        if (own_pids)
                return line && sscanf(line, "\nNSpid: %u %u %u", &outer, &inner, &more) == 2 && inner == 1;
        line = strstr(status, "\nUid:");
        return strncmp(status, "Name:\tconfine-init\n", 19) == 0 && line && sscanf(line, "\nUid: %u", &uid) == 1 &&
                uid == 0;
}

static int find_init(Cell *c, const char *group) {
        _cleanup_(freep) pid_t *pids = calloc(PIDS_MAX, sizeof(pid_t));
        ssize_t n;

        if (!pids)
                return -ENOMEM;
        n = group_list_pids(c->host->hierarchies, group, pids, PIDS_MAX);
        c->init_pid = 0;
        c->init_start_time = 0;
        for (ssize_t i = 0; i < n && c->init_pid == 0; i++)
                if (is_init(c, pids[i]))
                        c->init_pid = pids[i];
        return 0;
}

/* So that nobody else gets the ids of its user namespace. */
static void find_ids(Cell *c) {
        _cleanup_(freep) char *map = NULL;
        unsigned first;

        if (cell_namespaces(c) & CLONE_NEWUSER && fd_pid_read(c->init_pid, "uid_map", 4096, &map) >= 0 &&
            sscanf(map, " 0 %u", &first) == 1)
                c->first_id = first;
}

static void find_network(Cell *c) {
        IpPrefix address4 = {}, address6 = {};

        if (!*c->link)
                (void) snprintf(c->link, sizeof(c->link), "%s%.*s", c->host->link_prefix, 8, c->id + 1);
        if (link_exists(c->link) == 0)
                c->link[0] = '\0';
        else if (link_read_addresses(c->link, &address4, &address6) >= 0) { /* the record may have lost one of them */
                c->address4 = c->address4.family == AF_UNSPEC ? address4 : c->address4;
                c->address6 = c->address6.family == AF_UNSPEC ? address6 : c->address6;
        }
        if (c->host->netns_prefix)
                (void) snprintf(c->netns_name, sizeof(c->netns_name), "%s-%s", c->host->netns_prefix, c->id);
}

static int salvage_policy(Cell *c, const char *name, Policy *policy) {
        if (policy) {
                policy_unref(c->policy);
                c->policy = policy_ref(policy);
                return 0;
        }
        if (!c->policy)
                c->policy = policy_new(*name ? name : "?");
        if (!c->policy)
                return -ENOMEM;
        c->policy->egress_deny = true; /* what it said is not known: nothing may be taken for open */
        c->policy->ingress_allow = false;
        return 0;
}

int cell_salvage(CellHost *host, const char *id, const char *group, const char *policy_name, Policy *policy, uid_t uid,
                 Cell **ret) {
        Cell *c = cell_alloc(host);
        int r;

        if (!c)
                return -ENOMEM;
        (void) strcpy(c->id, id);
        r = cell_record_read(c);
        c->obscure = true;
        c->state = CELL_LIVE;
        c->adjusting = ADJUST_NONE;
        c->uid = uid;
        if (r != -ENOMEM)
                r = salvage_policy(c, policy_name, policy);
        if (r >= 0 && !c->user && uid != UID_INVALID && asprintf(&c->user, "%u", uid) < 0) {
                c->user = NULL;
                r = -ENOMEM;
        }
        if (r < 0) {
                free_unclaimed(c);
                return r;
        }
        find_network(c);
        claim_addresses(c);
        r = find_init(c, group);
        if (r >= 0 && c->init_pid > 0) {
                find_ids(c);
                r = watch_if_there(c);
        }
        if (r < 0) {
                cell_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

/* --- without the records of its sessions ------------------------------------------------------- */

static bool is_member(const Cell *c, pid_t pid) {
        struct stat st;
        char path[64];

        if (pid == c->init_pid)
                return false;
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int) pid);
        return stat(path, &st) >= 0 && st.st_ino == c->inodes[LOGIN_NS_PID];
}

/* Also in groups that are not the cell's: of logins there is no record that would name theirs. */
static bool has_members_by_namespace(const Cell *c) {
        _cleanup_(closedirp) DIR *d = opendir("/proc");
        struct dirent *e;

        while (d && (e = readdir(d)))
                if (isdigit((unsigned char) e->d_name[0]) && is_member(c, (pid_t) strtol(e->d_name, NULL, 10)))
                        return true;
        return false;
}

static bool has_members(Cell *c) {
        pid_t pids[2];
        CellPlan plan;
        ssize_t n;

        if (c->inodes[LOGIN_NS_PID] != 0)
                return has_members_by_namespace(c);
        cell_plan(c, &plan);
        n = plan.driver->list(&plan.cell, pids, ELEMENTSOF(pids));
        return n > (c->init_pid > 0);
}

static int on_members(sd_event_source *source, uint64_t usec, void *userdata) {
        Cell *c = userdata;
        int r;

        (void) usec;
        if (!has_members(c)) {
                c->members_source = sd_event_source_disable_unref(c->members_source);
                c->unattended = false;
                cell_session_left(c);
                return 0;
        }
        r = sd_event_source_set_time_relative(source, MEMBERS_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int cell_keep_unattended(Cell *c) {
        int r;

        if (!has_members(c))
                return 0;
        r = sd_event_add_time_relative(c->host->event, &c->members_source, CLOCK_MONOTONIC, MEMBERS_USEC, 0, on_members, c);
        if (r < 0)
                return r;
        c->unattended = true;
        log_warning("Cell %s has processes, but of its sessions no record can be read: it ends with the last of them", c->id);
        return 0;
}
