/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process is in a cell if it is in the cell's pid namespace or control group, because no user can leave these. A
 * user can make new namespaces of the other kinds in a cell, but gains no freedom by that. */

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "tools/check.h"

#define NAMED_MAX 20

typedef struct Known {
        uid_t uid;
        Confinement confinement;
        const Policy *policy;
} Known;

typedef struct Scan {
        Check *check;
        int proc_fd;
        Known *known;
        size_t n_known, n_outside, n_inside, n_hidden;
} Scan;

static const Known *know(Scan *s, uid_t uid) {
        Known *grown;

        for (size_t i = 0; i < s->n_known; i++)
                if (s->known[i].uid == uid)
                        return &s->known[i];
        grown = reallocarray(s->known, s->n_known + 1, sizeof(Known));
        if (!grown)
                return NULL;
        s->known = grown;
        grown += s->n_known++;
        grown->uid = uid;
        grown->confinement = check_user(s->check, uid, NULL, &grown->policy);
        return grown;
}

static bool is_leader(const Scan *s, pid_t pid) {
        const json_t *session;
        size_t i;

        json_array_foreach(s->check->sessions, i, session)
                if (json_integer_value(json_object_get(session, "Leader")) == pid)
                        return true;
        return false;
}

static bool is_inside(const Scan *s, const char *pid, ino_t pid_ns) {
        _cleanup_(freep) char *groups = NULL;
        const json_t *cell;
        char path[64];
        size_t i;

        (void) snprintf(path, sizeof(path), "%.20s/cgroup", pid);
        (void) fd_read_file_at(s->proc_fd, path, 64 * 1024, &groups);
        json_array_foreach(s->check->cells, i, cell) {
                const char *id = json_string_value(json_object_get(cell, "Id"));
                const json_t *ns = json_object_get(json_object_get(cell, "Namespaces"), "pid");

                if (ns && (ino_t) json_integer_value(ns) == pid_ns)
                        return true;
                if (groups && id && strstr(groups, id))
                        return true;
        }
        return false;
}

static void read_name(const Scan *s, const char *pid, char ret[static 32]) {
        _cleanup_(freep) char *comm = NULL;
        char path[64];

        (void) snprintf(path, sizeof(path), "%.20s/comm", pid);
        *ret = '\0';
        if (fd_read_file_at(s->proc_fd, path, 31, &comm) > 0)
                (void) snprintf(ret, 32, "%.*s", (int) strcspn(comm, "\n"), comm);
}

static void report(Scan *s, const char *pid, const char *name, const Known *known) {
        const struct passwd *pw = getpwuid(known->uid);
        bool always = known->confinement == CONFINED_ALWAYS;

        s->n_outside++;
        if (s->n_outside > NAMED_MAX)
                s->check->failed = s->check->failed || always;
        else
                check_add(s->check, always ? SEVERITY_ERROR : SEVERITY_WARNING, "processes",
                          always ? "end it; the policy confines the user from the next login on" :
                                   "find out how it started: Service=, TTY= or RemoteHost= may permit it",
                          "process %s (%s) of %s is outside of any cell, although policy %s matches", pid, name,
                          pw ? pw->pw_name : "?", known->policy->name);
}

/* The process that asked for a cell stays outside of its pid namespace, and so does systemd's "(sd-pam)". */
static void look_at(Scan *s, const char *pid) {
        char path[64], name[32];
        const Known *known;
        struct stat st, ns;

        if (fstatat(s->proc_fd, pid, &st, 0) < 0 || st.st_uid == 0)
                return;
        known = know(s, st.st_uid);
        if (!known || known->confinement == CONFINED_NOT)
                return;
        (void) snprintf(path, sizeof(path), "%.20s/ns/pid", pid);
        if (fstatat(s->proc_fd, path, &ns, 0) < 0) {
                s->n_hidden += errno == EACCES || errno == EPERM;
                return; /* or it has exited */
        }
        read_name(s, pid, name);
        if (is_inside(s, pid, ns.st_ino))
                s->n_inside++;
        else if (strcmp(name, "(sd-pam)") != 0 && !is_leader(s, (pid_t) atoi(pid)))
                report(s, pid, name, known);
}

void check_processes(Check *c) {
        _cleanup_(closedirp) DIR *proc = opendir("/proc");
        Scan s = { .check = c, .proc_fd = proc ? dirfd(proc) : -EBADF };
        size_t before = c->n_bad;
        struct dirent *e;

        if (!c->cells || !proc) {
                check_add(c, SEVERITY_WARNING, "processes", "start confined, and check again",
                          "confinectl can't tell which processes are outside of their cells");
                return;
        }
        while ((e = readdir(proc)))
                if (!e->d_name[strspn(e->d_name, "0123456789")])
                        look_at(&s, e->d_name);
        free(s.known);
        if (s.n_outside > NAMED_MAX)
                check_add(c, SEVERITY_WARNING, "processes", "see the ones above",
                          "%zu more processes are outside of any cell", s.n_outside - NAMED_MAX);
        if (s.n_hidden > 0)
                check_add(c, SEVERITY_WARNING, "processes", "run it as root",
                          "confinectl may not look at %zu processes", s.n_hidden);
        check_add_ok(c, "processes", before, "every process of a confined user is in a cell");
}
