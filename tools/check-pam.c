/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stack does not show whether its program opens sessions. We assume so if the stack has session lines, except for
 * services that we know not to. */

#include <string.h>

#include "tools/check.h"
#include "tools/pam-stack.h"

#define MODULE "pam_confine"

static bool is_one_of(const char *name, const char *const *list) {
        for (; *list; list++)
                if (strcmp(*list, name) == 0)
                        return true;
        return false;
}

/* Names parts of other stacks, and programs that never open a session, or only when root runs them for itself. */
static bool opens_no_session(const char *service) {
        static const char *const names[] = {
                "chfn", "chsh", "passwd", "chpasswd", "newusers", "chage", "useradd", "userdel", "usermod",
                "groupadd", "groupdel", "groupmod", "groupmems", "polkit-1", "vlock", "other", "config-util",
                "system-auth", "password-auth", "postlogin", "fingerprint-auth", "smartcard-auth",
                "system-auth-ac", "password-auth-ac", "postlogin-ac", "runuser", "runuser-l", NULL,
        };

        return is_one_of(service, names) || strncmp(service, "common-", 7) == 0;
}

static bool is_sudo(const char *service) {
        return strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0;
}

static void check_missing(Check *c, const char *service) {
        const Policy *p = check_policy_for_service(c, service), *any = check_any_login_policy(c);

        if (p)
                check_add(c, SEVERITY_ERROR, "pam",
                          is_sudo(service) ? "add \"session required pam_confine.so\" as its first session line" :
                                             "add \"session required pam_confine.so\" as its last session line",
                          "%s opens sessions without " MODULE ": users whom policy %s matches get in unconfined",
                          service, p->name);
        else if (any)
                check_add(c, SEVERITY_WARNING, "pam",
                          "add the module, and the service to Service= of the policy; or keep users from the service",
                          "%s opens sessions without " MODULE ", and no policy has it in Service=: it is a way around "
                          "policy %s", service, any->name);
        else
                check_add(c, SEVERITY_WARNING, "pam", "add \"session required pam_confine.so\"",
                          "%s opens sessions without " MODULE, service);
}

/* Checks the module's own line. */
static void check_line(Check *c, const char *service, const PamLine *l) {
        if (strcmp(l->control, "required") != 0 && strcmp(l->control, "requisite") != 0)
                check_add(c, SEVERITY_ERROR, "pam", "write \"required\" instead",
                          "%s: %s:%u: with \"%s\" a refused login gets in", service, l->file, l->line, l->control);
        if (l->may_be_absent)
                check_add(c, SEVERITY_ERROR, "pam", "write \"session\" without the minus",
                          "%s: %s:%u: with \"-session\" logins are unconfined if the module is missing", service,
                          l->file, l->line);
        if (strstr(l->arguments, "onerr=succeed"))
                check_add(c, SEVERITY_WARNING, "pam", "remove onerr=succeed",
                          "%s: %s:%u: with onerr=succeed logins are unconfined while confined does not answer",
                          service, l->file, l->line);
}

/* Checks a line before the module. */
static void check_before(Check *c, const char *service, const PamLine *l) {
        static const char *const harmless[] = { "pam_env", "pam_permit", NULL };

        if (strcmp(l->control, "sufficient") == 0)
                check_add(c, SEVERITY_ERROR, "pam", "put " MODULE " before this line",
                          "%s: %s:%u: when %s is satisfied, PAM does not call " MODULE, service, l->file, l->line,
                          l->module);
        else if (is_sudo(service) && !is_one_of(l->module, harmless))
                check_add(c, SEVERITY_ERROR, "pam", "make " MODULE " the first session line of sudo",
                          "%s: %s:%u: if %s returns PAM_SESSION_ERR, sudo goes on without calling " MODULE, service,
                          l->file, l->line, l->module);
}

/* Checks a line after the module. */
static void check_behind(Check *c, const char *service, const PamLine *l) {
        static const char *const of_host[] = { "pam_systemd", "pam_elogind", "pam_loginuid", "pam_limits",
                                               "pam_mkhomedir", "pam_oddjob_mkhomedir", "pam_namespace",
                                               "pam_mount", NULL };

        if (!is_sudo(service) && is_one_of(l->module, of_host))
                check_add(c, SEVERITY_ERROR, "pam", "put " MODULE " after this line",
                          "%s: %s:%u: %s needs the host, but " MODULE " has already entered the cell", service, l->file,
                          l->line, l->module);
}

static void check_service(Check *c, const char *service, const PamStack *s) {
        size_t first = s->n_lines, n = 0;

        for (size_t i = 0; i < s->n_lines; i++)
                if (strcmp(s->lines[i].module, MODULE) == 0) {
                        first = MIN(first, i);
                        n++;
                        check_line(c, service, &s->lines[i]);
                }
        if (n == 0) {
                check_missing(c, service);
                return;
        }
        if (n > 1)
                check_add(c, SEVERITY_WARNING, "pam", "remove all lines but one",
                          "%s has " MODULE " %zu times, counting the files that it includes", service, n);
        for (size_t i = 0; i < s->n_lines; i++)
                if (i < first)
                        check_before(c, service, &s->lines[i]);
                else if (i > first)
                        check_behind(c, service, &s->lines[i]);
}

static bool has_module(const PamStack *s) {
        for (size_t i = 0; i < s->n_lines; i++)
                if (strcmp(s->lines[i].module, MODULE) == 0)
                        return true;
        return false;
}

/* Only for sshd, because no other login program goes on after PAM has refused the session. */
static void check_account(Check *c, char *const *dirs, const char *service) {
        _cleanup_(pam_stack_done) PamStack stack = {};

        if (pam_stack_read(dirs, service, "account", &stack) >= 0 && !has_module(&stack))
                check_add(c, SEVERITY_WARNING, "pam", "add \"account required pam_confine.so\" as its last account line",
                          "%s keeps the connection of a refused login for some seconds, because its account part has "
                          "no " MODULE, service);
}

void check_pam(Check *c, char *const *dirs) {
        _cleanup_(strv_freep) char **services = NULL;
        size_t before = c->n_bad;

        if (pam_stack_list(dirs, &services) < 0 || !services) {
                check_add(c, SEVERITY_ERROR, "pam", "install PAM", "there is no PAM stack in %s", dirs[0]);
                return;
        }
        for (size_t i = 0; services[i]; i++) {
                _cleanup_(pam_stack_done) PamStack stack = {};
                int r;

                if (opens_no_session(services[i]))
                        continue;
                r = pam_stack_read(dirs, services[i], "session", &stack);
                if (r < 0)
                        check_add(c, SEVERITY_WARNING, "pam", "look at the files that it includes",
                                  "%s: confinectl can't read its stack: %s", services[i], strerror(-r));
                else if (stack.n_lines > 0)
                        check_service(c, services[i], &stack);
                if (r >= 0 && has_module(&stack) && strcmp(services[i], "sshd") == 0)
                        check_account(c, dirs, services[i]);
        }
        check_add_ok(c, "pam", before, "every stack that opens sessions has " MODULE " in the right place");
}
