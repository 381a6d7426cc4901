/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks at the host itself and reads policies from their files, so most checks work without a running manager. Only
 * the manager knows which cells are live. */

#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "bus/contract.h"
#include "policies/policy-load.h"
#include "tools/check.h"
#include "tools/find.h"
#include "tools/host-net.h"
#include "tools/policy-dirs.h"
#include "tools/text.h"

static const char *const severities[] = { "ok", "warning", "error" };

void check_add(Check *c, Severity severity, const char *area, const char *action, const char *format, ...) {
        _cleanup_(freep) char *what = NULL, *clean = NULL;
        json_t *finding;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&what, format, ap);
        va_end(ap);
        if (n < 0)
                what = NULL;
        clean = what ? text_escape(what) : NULL;
        finding = clean ? json_pack("{s:s, s:s, s:s, s:s}", "Severity", severities[severity], "Area", area, "What",
                                    clean, "Do", action ?: "") : NULL;
        c->out_of_memory = json_array_append_new(c->findings, finding) < 0 || c->out_of_memory;
        c->failed = c->failed || severity == SEVERITY_ERROR;
        c->n_bad += severity != SEVERITY_OK;
}

void check_add_ok(Check *c, const char *area, size_t before, const char *what) {
        if (c->n_bad == before)
                check_add(c, SEVERITY_OK, area, NULL, "%s", what);
}

/* --- users whom policies confine --------------------------------------------------------- */

static bool is_in_force(const Policy *p) {
        return p->has_match && !policy_is_for_units(p) && p->mode == POLICY_ENFORCE;
}

const Policy *check_any_login_policy(const Check *c) {
        for (size_t i = 0; i < policy_set_size(c->policies); i++)
                if (is_in_force(policy_set_get(c->policies, i)))
                        return policy_set_get(c->policies, i);
        return NULL;
}

/* Whether [Match] matches without Service= (unless `service`), and without TTY= and RemoteHost= (unless `others`). The
 * copy borrows all pointers of the policy. */
static bool matches_without(const Policy *p, const MatchSubject *subject, bool service, bool others) {
        Policy narrowed = *p;

        if (!service)
                narrowed.match[MATCH_SERVICE] = (MatchList) {};
        if (!others)
                narrowed.match[MATCH_TTY] = narrowed.match[MATCH_REMOTE_HOST] = (MatchList) {};
        return policy_match(&narrowed, subject, NULL) > 0;
}

const Policy *check_policy_for_service(const Check *c, const char *service) {
        const MatchSubject subject = { .service = service };

        for (size_t i = 0; i < policy_set_size(c->policies); i++) {
                const Policy *p = policy_set_get(c->policies, i);
                Policy narrowed = *p;

                if (!is_in_force(p))
                        continue;
                for (MatchField f = 0; f < _MATCH_FIELD_MAX; f++)
                        if (f != MATCH_SERVICE)
                                narrowed.match[f] = (MatchList) {};
                if (policy_match(&narrowed, &subject, NULL) > 0)
                        return p;
        }
        return NULL;
}

#define GROUPS_MAX 1024

static GroupName *resolve_groups(const Check *c, size_t *ret_n) {
        char *const *names = policy_set_group_names(c->policies);
        GroupName *groups = calloc(strv_length(names) + 1, sizeof(GroupName));

        *ret_n = 0;
        for (size_t i = 0; groups && names && names[i]; i++) {
                const struct group *g = getgrnam(names[i]);

                if (g)
                        groups[(*ret_n)++] = (GroupName) { names[i], g->gr_gid };
        }
        return groups;
}

static int resolve_aliases(const Check *c, uid_t uid, char ***ret) {
        char *const *names = policy_set_user_names(c->policies);
        int r = 0;

        for (size_t i = 0; names && names[i] && r >= 0; i++) {
                const struct passwd *pw = getpwnam(names[i]);

                if (pw && pw->pw_uid == uid)
                        r = strv_extend(ret, names[i]);
        }
        return r;
}

Confinement check_user(const Check *c, uid_t uid, const char *service, const Policy **ret_policy) {
        const struct passwd *pw = uid == 0 ? NULL : getpwuid(uid);
        _cleanup_(freep) GroupName *names = NULL;
        _cleanup_(strv_freep) char **aliases = NULL;
        _cleanup_(freep) char *user = NULL;
        gid_t groups[GROUPS_MAX];
        MatchSubject subject = { .uid = uid, .gid = GID_INVALID, .service = service, .groups = groups };
        int n = GROUPS_MAX;

        *ret_policy = NULL;
        if (!pw)
                return CONFINED_NOT;
        user = strdup(pw->pw_name);
        subject.user = user;
        subject.gid = pw->pw_gid; /* the next look-up overwrites *pw */
        if (resolve_aliases(c, uid, &aliases) < 0)
                return CONFINED_NOT;
        subject.aliases = aliases;
        if (!user || getgrouplist(user, subject.gid, groups, &n) < 0)
                n = 0;
        subject.n_groups = (size_t) n;
        names = resolve_groups(c, &subject.n_names);
        subject.names = names;
        for (size_t i = 0; i < policy_set_size(c->policies) && user && names; i++) {
                const Policy *p = policy_set_get(c->policies, i);
                bool conditional = p->match[MATCH_TTY].n_values > 0 || p->match[MATCH_REMOTE_HOST].n_values > 0 ||
                        (p->match[MATCH_SERVICE].n_values > 0 && !service);

                if (!p->has_match || policy_is_for_units(p) || !matches_without(p, &subject, service != NULL, false))
                        continue;
                if (p->mode == POLICY_OBSERVE && !conditional)
                        break; /* the first policy that matches counts, and this one confines nobody */
                if (p->mode == POLICY_OBSERVE)
                        continue;
                *ret_policy = p;
                return conditional ? CONFINED_SOMETIMES : CONFINED_ALWAYS;
        }
        return CONFINED_NOT;
}

/* --- the verb ---------------------------------------------------------------------------- */

static int load_policies(Check *c) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(strv_freep) char **dirs = NULL;
        size_t before = c->n_bad;
        int r;

        r = policy_dirs(c->tool->options, NULL, &dirs);
        if (r >= 0)
                r = policy_set_load(dirs, false, NULL, NULL, NULL, &diags, &c->policies);
        if (r < 0)
                return tool_fail(r, "Cannot load the policies");
        for (size_t i = 0; i < diags.n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&diags.items[i]);

                if (!diags.items[i].warning)
                        check_add(c, SEVERITY_ERROR, "policies", "correct it; see confinectl verify", "%s", line ?: "");
        }
        if (!check_any_login_policy(c))
                check_add(c, SEVERITY_WARNING, "policies", "write one with [Match]; see confine.policy(5)",
                          "no policy confines logins");
        check_add_ok(c, "policies", before, "no policy has an error");
        return 0;
}

static bool manager_is_there(const Tool *t) {
        _cleanup_(freep) char *path = NULL;

        return asprintf(&path, "%s/bus", t->options->runtime_dir) >= 0 && access(path, F_OK) >= 0;
}

static void check_refused(Check *c) {
        _cleanup_(json_decrefp) json_t *manager = NULL;
        const json_t *name;
        size_t i;

        if (find_properties(c->tool, BUS_PATH, BUS_MANAGER_INTERFACE, &manager) != 0)
                return;
        json_array_foreach(json_object_get(manager, "RefusedPolicies"), i, name)
                check_add(c, SEVERITY_ERROR, "policies", "correct it, then run confinectl reload",
                          "confined refuses policy %s and has no good version of it, so it refuses all users whom the "
                          "policy names, except root",
                          json_string_value(name));
}

static int ask_manager(Check *c) {
        int r;

        if (!manager_is_there(c->tool)) {
                check_add(c, SEVERITY_ERROR, "manager", "start it: systemctl enable --now confined",
                          "confined is not running: PAM refuses logins, or lets them in unconfined");
                return 0;
        }
        r = find_all(c->tool, BUS_CELL_INTERFACE, "Created", &c->cells);
        if (r == 0)
                r = find_all(c->tool, BUS_SESSION_INTERFACE, "Since", &c->sessions);
        if (r == 0)
                check_add(c, SEVERITY_OK, "manager", NULL, "confined runs");
        if (r == 0)
                check_refused(c);
        else
                check_add(c, SEVERITY_ERROR, "manager", "see its log, and restart it", "confined does not answer");
        return 0;
}

static void check_pools(Check *c) {
        _cleanup_(host_net_freep) HostNet *net = NULL;
        size_t before = c->n_bad;
        int r = tool_read_host_net(c->tool, &net);

        if (r < 0)
                check_add(c, SEVERITY_WARNING, "network", "try again", "confinectl can't read the host's addresses: %s",
                          strerror(-r));
        for (size_t i = 0; i < policy_set_size(c->policies) && r >= 0; i++) {
                const Policy *p = policy_set_get(c->policies, i);
                char why[HOST_NET_WHY_MAX];

                if (p->has_match && host_net_overlaps(net, p, why))
                        check_add(c, SEVERITY_ERROR, "network",
                                  "give it a Pool= that overlaps with none of your networks", "policy %s: Pool=%s",
                                  p->name, why);
        }
        check_add_ok(c, "network", before, "no pool overlaps with a network of the host");
}

static int print(Check *c) {
        const json_t *finding;
        size_t i;

        if (c->tool->options->json != JSON_MODE_OFF)
                return tool_print_json(c->tool, c->findings);
        tool_open_pager(c->tool);
        json_array_foreach(c->findings, i, finding) {
                const char *severity = json_string_value(json_object_get(finding, "Severity"));
                const char *action = json_string_value(json_object_get(finding, "Do"));
                bool error = strcmp(severity, "error") == 0;

                if (c->tool->options->quiet && strcmp(severity, "ok") == 0)
                        continue;
                fprintf(c->tool->out, "%s%-8s%s %s: %s%s%s%s\n", error ? TOOL_RED(c->tool) : "", severity,
                        error ? TOOL_PLAIN(c->tool) : "", json_string_value(json_object_get(finding, "Area")),
                        json_string_value(json_object_get(finding, "What")), *action ? " (" : "", action,
                        *action ? ")" : "");
        }
        return 0;
}

int verb_check(Tool *t) {
        static char *pam_dirs[] = { (char *) "/etc/pam.d", (char *) "/usr/lib/pam.d", NULL };
        Check c = { .tool = t, .findings = json_array() };
        const Options *o = t->options;
        int r;

        if (!o->try_user && (o->service || o->tty || o->rhost)) {
                log_error("Options --service, --tty and --rhost need --try: see confinectl check --help");
                json_decref(c.findings);
                return EXIT_USAGE;
        }
        if (o->try_user && geteuid() != 0) {
                log_error("Only root can try a login: use sudo confinectl check --try %s", o->try_user);
                json_decref(c.findings);
                return EXIT_FAILED;
        }
        r = c.findings ? load_policies(&c) : tool_fail(-ENOMEM, "Cannot check the host");

        if (r == 0)
                r = ask_manager(&c);
        if (r == 0) {
                if (geteuid() != 0)
                        check_add(&c, SEVERITY_WARNING, "check", "run it as root",
                                  "as this user confinectl can't see other users' processes and namespaces, or files "
                                  "that only root can read");
                check_host(&c);
                check_pools(&c);
                check_pam(&c, pam_dirs);
                check_ways_round(&c);
                check_processes(&c);
                if (t->options->try_user)
                        check_try(&c, t->options->try_user);
                r = c.out_of_memory ? tool_fail(-ENOMEM, "Cannot check the host") : print(&c);
        }
        json_decref(c.findings);
        json_decref(c.cells);
        json_decref(c.sessions);
        policy_set_free(c.policies);
        return r != 0 ? r : c.failed ? EXIT_FAILED : 0;
}
