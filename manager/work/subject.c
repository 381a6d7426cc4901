/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The job's report is lines: "user NAME UID GID", "member GID", "primary NAME", "group GID NAME", "alias NAME". A
 * group that doesn't exist has no line: then nobody is in it. */

#include "manager/work/subject.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#define RESOLVE_TIMEOUT_USEC (10 * USEC_PER_SEC)

struct Subject {
        MatchSubject match; /* points to the fields below */
        char *user, *group, *service, *tty, *remote_host;
        gid_t *groups;
        GroupName *names;
        char **name_texts, **aliases;
        bool user_known;

        char **wanted_groups, **wanted_users; /* by the job that runs or waits, which policies may not outlive */
        Job *job;
        subject_done_t done;
        void *userdata;
};

static void point(Subject *s) {
        s->match.user = s->user;
        s->match.aliases = s->aliases;
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
        strv_free(s->aliases);
        strv_free(s->wanted_groups);
        strv_free(s->wanted_users);
        free(s);
        return NULL;
}

const MatchSubject *subject_match(const Subject *s) {
        return &s->match;
}

/* --- in the job -------------------------------------------------------------------------- */

static bool name_service_failed(void) {
        return errno != 0 && errno != ENOENT && errno != ESRCH;
}

static int by_name(const char *name, struct passwd **ret) {
        errno = 0;
        *ret = getpwnam(name);
        return *ret ? 0 : name_service_failed() ? -errno : -ENOENT;
}

static int by_number(uid_t uid, struct passwd **ret) {
        errno = 0;
        *ret = getpwuid(uid);
        return *ret ? 0 : name_service_failed() ? -errno : -ENOENT;
}

/* What is the name of one and the number of another means neither. */
static int find_user(const char *text, struct passwd **ret) {
        uid_t uid;
        int r;

        if (strncmp(text, "user:", 5) == 0)
                return by_name(text + 5, ret);
        if (strncmp(text, "uid:", 4) == 0)
                return parse_uid(text + 4, &uid) < 0 ? -ENOENT : by_number(uid, ret);
        r = by_name(text, ret);
        if ((r < 0 && r != -ENOENT) || parse_uid(text, &uid) < 0 || (r >= 0 && (*ret)->pw_uid == uid))
                return r;
        if (r == -ENOENT)
                return by_number(uid, ret);
        r = by_number(uid, ret);
        return r >= 0 ? -ENOTUNIQ : r == -ENOENT ? by_name(text, ret) : r;
}

static int write_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, JobText *text) {
        static gid_t groups[65536]; /* NGROUPS_MAX */
        int n = ELEMENTSOF(groups), r;
        struct passwd *pw = NULL;

        r = find_user(name, &pw);
        if (r < 0)
                return r;
        if (strchr(pw->pw_name, ' ') || strchr(pw->pw_name, '\n'))
                return -EINVAL;
        if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
                return -E2BIG;
        *ret_uid = pw->pw_uid;
        *ret_gid = pw->pw_gid;
        job_write_text(text, "user %s %u %u\n", pw->pw_name, pw->pw_uid, pw->pw_gid);
        for (int i = 0; i < n; i++)
                job_write_text(text, "member %u\n", groups[i]);
        return 0;
}

/* One uid may have several names, and a policy for one of them is for whoever has that uid. Root is let in where a name
 * service fails: it has to mend it. */
static int write_aliases(char *const *names, uid_t uid, JobText *text) {
        for (size_t i = 0; names && names[i]; i++) {
                const struct passwd *pw;

                errno = 0;
                pw = getpwnam(names[i]);
                if (!pw && name_service_failed() && uid != 0)
                        return -errno;
                if (pw && pw->pw_uid == uid && !strchr(names[i], '\n'))
                        job_write_text(text, "alias %s\n", names[i]);
        }
        return 0;
}

static void run_resolve(void *userdata, JobReport *report, JobText *text) {
        const Subject *s = userdata;
        uid_t uid = s->match.uid;
        gid_t gid = s->match.gid;
        struct group *gr;

        if (!s->user_known)
                report->error = write_user(s->user, &uid, &gid, text);
        if (report->error >= 0)
                report->error = write_aliases(s->wanted_users, uid, text);
        if (report->error < 0)
                return;
        gr = getgrgid(gid);
        if (gr && !strchr(gr->gr_name, '\n'))
                job_write_text(text, "primary %s\n", gr->gr_name);
        for (size_t i = 0; s->wanted_groups && s->wanted_groups[i]; i++) {
                errno = 0;
                gr = getgrnam(s->wanted_groups[i]);
                if (gr)
                        job_write_text(text, "group %u %s\n", gr->gr_gid, s->wanted_groups[i]);
                else if (name_service_failed()) {
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
        if (sscanf(line, "alias %511[^\n]", name) == 1)
                return strv_extend(&s->aliases, name);
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

/* A login by the only name that policies use needs no look. */
static int want_names(Subject *s, const PolicySet *policies) {
        char *const *groups = policy_set_group_names(policies), *const *users = policy_set_user_names(policies);

        for (size_t i = 0; groups && groups[i]; i++)
                if (strv_extend(&s->wanted_groups, groups[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; users && users[i]; i++)
                if ((!s->user_known || strcmp(users[i], s->user) != 0) && strv_extend(&s->wanted_users, users[i]) < 0)
                        return -ENOMEM;
        return 0;
}

int subject_resolve(Subject *s, Jobs *jobs, const PolicySet *policies, bool want_group, subject_done_t done,
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

        if (want_names(s, policies) < 0)
                return -ENOMEM;
        if (s->user_known && !want_group && !s->wanted_groups && !s->wanted_users) {
                done(s, 0, userdata);
                return 0;
        }
        s->done = done;
        s->userdata = userdata;
        return job_start(jobs, &spec, &s->job);
}
