/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The job's report is lines: "user NAME UID GID", "member GID", "primary NAME", "group GID NAME". A group
 * that doesn't exist has no line: then nobody is in it. */

#include "manager/subject.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#define RESOLVE_TIMEOUT_USEC (10 * USEC_PER_SEC)

struct Subject {
        MatchSubject match; /* points to the fields below */
        char *user, *group, *service, *tty, *remote_host;
        gid_t *groups;
        GroupName *names;
        char **name_texts;
        bool user_known;

        char *const *wanted; /* of the job that runs */
        Job *job;
        subject_done_t done;
        void *userdata;
};

static void point(Subject *s) {
        s->match.user = s->user;
        s->match.group = s->group;
        s->match.groups = s->groups;
        s->match.names = s->names;
        s->match.service = s->service;
        s->match.tty = s->tty;
        s->match.remote_host = s->remote_host;
}

Subject *subject_new(const char *user, const char *service, const char *tty, const char *remote_host) {
        Subject *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->user = strdup(user ?: "");
        s->service = strdup(service ?: "");
        s->tty = strdup(tty ?: "");
        s->remote_host = strdup(remote_host ?: "");
        if (!s->user || !s->service || !s->tty || !s->remote_host)
                return subject_free(s);
        point(s);
        return s;
}

Subject *subject_new_from_request(const LoginRequest *r) {
        Subject *s = subject_new(r->user, r->service, r->tty, r->remote_host);

        if (!s)
                return NULL;
        s->groups = calloc(r->n_groups + 1, sizeof(gid_t));
        if (!s->groups)
                return subject_free(s);
        for (uint32_t i = 0; i < r->n_groups; i++)
                s->groups[i] = r->groups[i];
        s->match.n_groups = r->n_groups;
        s->match.uid = r->uid;
        s->match.gid = r->gid;
        s->user_known = true;
        point(s);
        return s;
}

Subject *subject_free(Subject *s) {
        if (!s)
                return NULL;
        job_cancel(s->job);
        free(s->user);
        free(s->group);
        free(s->service);
        free(s->tty);
        free(s->remote_host);
        free(s->groups);
        free(s->names);
        strv_free(s->name_texts);
        free(s);
        return NULL;
}

const MatchSubject *subject_match(const Subject *s) {
        return &s->match;
}

/* --- in the job -------------------------------------------------------------------------- */

static int write_user(const char *name, gid_t *ret_gid, JobText *text) {
        static gid_t groups[65536]; /* NGROUPS_MAX */
        int n = ELEMENTSOF(groups);
        struct passwd *pw;
        uid_t uid;

        errno = 0;
        pw = parse_uid(name, &uid) >= 0 ? getpwuid(uid) : getpwnam(name);
        if (!pw)
                return errno != 0 && errno != ENOENT && errno != ESRCH ? -errno : -ENOENT;
        if (strchr(pw->pw_name, ' ') || strchr(pw->pw_name, '\n'))
                return -EINVAL;
        if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
                return -E2BIG;
        *ret_gid = pw->pw_gid;
        job_write_text(text, "user %s %u %u\n", pw->pw_name, pw->pw_uid, pw->pw_gid);
        for (int i = 0; i < n; i++)
                job_write_text(text, "member %u\n", groups[i]);
        return 0;
}

static void run_resolve(void *userdata, JobReport *report, JobText *text) {
        const Subject *s = userdata;
        gid_t gid = s->match.gid;
        struct group *gr;

        if (!s->user_known) {
                report->error = write_user(s->user, &gid, text);
                if (report->error < 0)
                        return;
        }
        gr = getgrgid(gid);
        if (gr && !strchr(gr->gr_name, '\n'))
                job_write_text(text, "primary %s\n", gr->gr_name);
        for (size_t i = 0; s->wanted && s->wanted[i]; i++) {
                errno = 0;
                gr = getgrnam(s->wanted[i]);
                if (gr)
                        job_write_text(text, "group %u %s\n", gr->gr_gid, s->wanted[i]);
                else if (errno != 0 && errno != ENOENT && errno != ESRCH) {
                        report->error = -errno;
                        return;
                }
        }
}

/* --- in the manager ---------------------------------------------------------------------- */

static int add_member(Subject *s, gid_t gid) {
        gid_t *grown = reallocarray(s->groups, s->match.n_groups + 1, sizeof(gid_t));

        if (!grown)
                return -ENOMEM;
        s->groups = grown;
        s->groups[s->match.n_groups++] = gid;
        return 0;
}

static int add_name(Subject *s, const char *name, gid_t gid) {
        GroupName *grown;
        int r;

        r = strv_extend(&s->name_texts, name);
        if (r < 0)
                return r;
        grown = reallocarray(s->names, s->match.n_names + 1, sizeof(GroupName));
        if (!grown)
                return -ENOMEM;
        s->names = grown;
        s->names[s->match.n_names] = (GroupName) { s->name_texts[s->match.n_names], gid };
        s->match.n_names++;
        return 0;
}

static int read_line(Subject *s, const char *line) {
        unsigned a, b;
        char name[512];

        if (sscanf(line, "user %511s %u %u", name, &a, &b) == 3) {
                free(s->user);
                s->user = strdup(name);
                s->match.uid = a;
                s->match.gid = b;
                s->user_known = true;
                return s->user ? 0 : -ENOMEM;
        }
        if (sscanf(line, "member %u", &a) == 1)
                return add_member(s, a);
        if (sscanf(line, "primary %511[^\n]", name) == 1) {
                free(s->group);
                s->group = strdup(name);
                return s->group ? 0 : -ENOMEM;
        }
        if (sscanf(line, "group %u %511[^\n]", &a, name) == 2)
                return add_name(s, name, a);
        return -EBADMSG;
}

static void on_resolved(const JobReport *report, const char *text, void *userdata) {
        Subject *s = userdata;
        int error = report->error;

        s->job = NULL;
        while (*text && error >= 0) {
                error = read_line(s, text);
                text += strcspn(text, "\n");
                text += *text == '\n';
        }
        point(s);
        s->done(s, error, s->userdata);
}

int subject_resolve(Subject *s, Jobs *jobs, char *const *names, bool want_group, subject_done_t done,
                    void *userdata) {
        const JobSpec spec = {
                .name = "look up names",
                .uid = s->match.uid,
                .passes = true,
                .timeout_usec = RESOLVE_TIMEOUT_USEC,
                .run = run_resolve,
                .done = on_resolved,
                .userdata = s,
        };

        if (s->user_known && !want_group && strv_length(names) == 0) {
                done(s, 0, userdata);
                return 0;
        }
        s->wanted = names;
        s->done = done;
        s->userdata = userdata;
        return job_start(jobs, &spec, &s->job);
}
