/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens a real session, looks at its processes from outside, and compares them with the manager's answers. */

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "bus/contract.h"
#include "bus/login.h"
#include "tools/check.h"
#include "tools/find.h"
#include "tools/trial.h"
#include "tools/value.h"

#define AREA "try"

/* Asks what `explain` would show: the policy, "" for none, and why the manager refuses it, "" if it does not. */
static int ask_policy(Check *c, const TrialLogin *l, json_t **ret_policy, json_t **ret_refused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *skipped = NULL, *values = NULL;
        int r;

        r = tool_call_manager(c->tool, "Explain", &reply, "ssss", l->user, l->service, l->tty, l->remote_host);
        if (r != 0)
                return r;
        r = value_read(reply, &skipped);
        if (r >= 0)
                r = value_read(reply, ret_policy);
        if (r >= 0)
                r = value_read(reply, &values);
        if (r >= 0)
                r = value_read(reply, ret_refused);
        return r < 0 ? tool_fail(r, "Cannot read the manager's answer") : 0;
}

/* The cell of the session whose login program is `leader`; *ret is NULL without one. */
static int ask_cell(Check *c, pid_t leader, json_t **ret) {
        _cleanup_(json_decrefp) json_t *sessions = NULL, *cells = NULL;
        json_t *s, *cell;
        const char *id = NULL;
        size_t i;
        int r;

        r = find_all(c->tool, BUS_SESSION_INTERFACE, "Since", &sessions);
        if (r == 0)
                r = find_all(c->tool, BUS_CELL_INTERFACE, "Created", &cells);
        if (r != 0)
                return r;
        json_array_foreach(sessions, i, s)
                if (json_integer_value(json_object_get(s, "Leader")) == leader)
                        id = json_string_value(json_object_get(s, "Cell"));
        json_array_foreach(cells, i, cell)
                if (id && strcmp(json_string_value(json_object_get(cell, "Id")) ?: "", id) == 0)
                        *ret = json_incref(cell);
        return 0;
}

static void compare_namespaces(Check *c, const Trial *t, const json_t *cell) {
        const json_t *namespaces = json_object_get(cell, "Namespaces");
        char names[128] = "";
        size_t before = c->n_bad;

        for (int i = 0; i < _LOGIN_NS_MAX; i++) {
                const char *name = login_namespaces[i].name;
                json_int_t wanted = json_integer_value(json_object_get(namespaces, name));
                struct stat st = {};
                char path[64];

                if (wanted == 0)
                        continue;
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) t->user, name);
                if (stat(path, &st) < 0 || (json_int_t) st.st_ino != wanted)
                        check_add(c, SEVERITY_ERROR, AREA, "put pam_confine.so last; see pam_confine(8)",
                                  "the user's process is not in the cell's %s namespace", name);
                (void) snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s", name);
        }
        if (c->n_bad == before)
                check_add(c, SEVERITY_OK, AREA, NULL, "namespaces:%s; all are the cell's", *names ? names : " none");
}

/* Finds the line of /proc/PID/cgroup that begins with `line`, "NUMBER:NAME:" of `head` bytes. Returns the path after
 * it, which ends with its line; NULL: none. */
static const char *find_path(const char *lines, const char *line, size_t head) {
        for (; *lines; lines += strcspn(lines, "\n") + (lines[strcspn(lines, "\n")] == '\n'))
                if (strncmp(lines, line, head) == 0)
                        return lines + head;
        return NULL;
}

static bool is_within(const char *path, const char *group) {
        size_t n = strlen(group);

        return path && *path == '/' && strncmp(path + 1, group, n) == 0 && strchr("/\n", path[1 + n]) != NULL;
}

/* The user's process must be in the cell's group in each hierarchy where the cell's pid 1 is. */
static void compare_groups(Check *c, const Trial *t, const json_t *cell) {
        const char *group = json_string_value(json_object_get(cell, "ControlGroup")) ?: "";
        _cleanup_(freep) char *user = NULL, *init = NULL;
        size_t before = c->n_bad;
        unsigned n = 0;

        if (fd_pid_read(t->user, "cgroup", 64 * 1024, &user) < 0 ||
            fd_pid_read((pid_t) json_integer_value(json_object_get(cell, "InitPID")), "cgroup", 64 * 1024, &init) < 0) {
                check_add(c, SEVERITY_ERROR, AREA, "try again", "the user's process or the cell ended in the meantime");
                return;
        }
        for (const char *line = init; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
                const char *name = strchr(line, ':'), *end = name ? strchr(name + 1, ':') : NULL;

                if (!end || !is_within(end + 1, group))
                        continue;
                n++;
                if (!is_within(find_path(user, line, (size_t) (end + 1 - line)), group))
                        check_add(c, SEVERITY_ERROR, AREA, "see the log of confined",
                                  "the user's process is not in control group %s of %.*s", group,
                                  (int) (end - line), line);
        }
        if (n == 0 && !is_within(find_path(user, "0::", 3), group))
                check_add(c, SEVERITY_ERROR, AREA, "see the log of confined",
                          "the user's process is not in control group %s", group);
        if (c->n_bad == before)
                check_add(c, SEVERITY_OK, AREA, NULL, "control group: %s, in each of %u hierarchies", group, n + (n == 0));
}

static void compare(Check *c, const TrialLogin *l, const Trial *t, const char *policy, const json_t *cell) {
        const char *own = cell ? json_string_value(json_object_get(cell, "Policy")) : NULL;

        if (!own && !*policy)
                check_add(c, SEVERITY_OK, AREA, NULL, "%s (%s) gets in unconfined, because no policy matches", l->user,
                          l->service);
        else if (!own)
                check_add(c, SEVERITY_ERROR, AREA, "see \"pam\" above, PAM's log, and Mode= of the policy",
                          "%s (%s) gets in unconfined, although policy %s matches", l->user, l->service, policy);
        else if (strcmp(own, policy) != 0)
                check_add(c, SEVERITY_ERROR, AREA, "try again, the manager may have just loaded its policies",
                          "%s (%s) is in a cell of policy %s, but explain says that %s", l->user, l->service, own,
                          *policy ? policy : "none");
        else
                check_add(c, SEVERITY_OK, AREA, NULL, "%s (%s) gets into cell %s of policy %s", l->user, l->service,
                          json_string_value(json_object_get(cell, "Id")), own);
        if (cell) {
                compare_namespaces(c, t, cell);
                compare_groups(c, t, cell);
        }
}

static void report_refused(Check *c, const TrialLogin *l, const Trial *t, const char *refused) {
        if (refused && *refused)
                check_add(c, SEVERITY_ERROR, AREA, "correct the policy",
                          "%s (%s) can't log in, because the manager refuses the policy: %s", l->user, l->service,
                          refused);
        else
                check_add(c, SEVERITY_ERROR, AREA, "see the logs of PAM and of confined",
                          "%s (%s) can't log in, because the %s part of PAM failed: %s", l->user, l->service, t->stage,
                          t->message);
}

void check_try(Check *c, const char *user) {
        _cleanup_(json_decrefp) json_t *policy = NULL, *refused = NULL, *cell = NULL;
        const struct passwd *pw = getpwnam(user);
        const Options *o = c->tool->options;
        TrialLogin l = { .user = user, .service = o->service ?: "sshd", .tty = o->tty ?: "", .remote_host = o->rhost ?: "" };
        Trial t;
        int r;

        if (!pw) {
                check_add(c, SEVERITY_ERROR, AREA, "name another user", "there is no user %s", user);
                return;
        }
        l.user = pw->pw_name;
        l.uid = pw->pw_uid;
        l.gid = pw->pw_gid;
        r = ask_policy(c, &l, &policy, &refused) == 0 ? trial_begin(&l, &t) : -ENOLINK;
        if (r == -ENOLINK)
                check_add(c, SEVERITY_ERROR, AREA, "see \"manager\" above",
                          "confinectl can't ask confined which policy applies");
        else if (r < 0)
                check_add(c, SEVERITY_ERROR, AREA, "see /etc/pam.d, and PAM's log",
                          "%s (%s): the login program got no answer from PAM: %s", user, l.service, strerror(-r));
        if (r < 0)
                return;
        if (t.user == 0)
                report_refused(c, &l, &t, json_string_value(refused));
        else if (ask_cell(c, t.program, &cell) == 0)
                compare(c, &l, &t, json_string_value(policy), cell);
        else
                c->failed = true;
        if (trial_end(&t) < 0)
                check_add(c, SEVERITY_ERROR, AREA, "see the modules in the session part of its stack",
                          "%s (%s): the session did not close, so confinectl killed it", user, l.service);
}
