/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* run and shell ask over the login socket, as a PAM login does, and never over the bus. */

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "tools/command.h"
#include "tools/sealed-program.h"
#include "tools/tool.h"

/* Finds a user by name or uid. NULL: there is none. Sets *ret_ambiguous if `text` is the name of one user and the uid
 * of another. */
static const struct passwd *find_user(const char *text, bool *ret_ambiguous) {
        const struct passwd *pw;
        uid_t uid, named;

        *ret_ambiguous = false;
        if (strncmp(text, "user:", 5) == 0)
                return getpwnam(text + 5);
        if (strncmp(text, "uid:", 4) == 0)
                return parse_uid(text + 4, &uid) < 0 ? NULL : getpwuid(uid);
        pw = getpwnam(text);
        if (parse_uid(text, &uid) < 0 || (pw && pw->pw_uid == uid))
                return pw;
        named = pw ? pw->pw_uid : UID_INVALID;
        pw = getpwuid(uid);
        *ret_ambiguous = pw && named != UID_INVALID;
        return pw ?: getpwnam(text);
}

static int fill_user(Command *c, const char *name) {
        gid_t groups[LOGIN_GROUPS_MAX];
        LoginRequest *r = &c->request;
        int n = LOGIN_GROUPS_MAX;
        const struct passwd *pw;
        bool ambiguous;

        pw = find_user(name, &ambiguous);
        if (ambiguous) {
                log_error("\"%s\" is the name of one user and the uid of another: say user:%s or uid:%s", name, name,
                          name);
                return EXIT_FAILED;
        }
        if (!pw) {
                log_error("There is no user \"%s\": see getent passwd", name);
                return EXIT_NO_SUCH;
        }
        if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0) {
                log_error("User %s is in more than %d groups, which confined does not accept; did not run the command",
                          name, LOGIN_GROUPS_MAX);
                return EXIT_FAILED;
        }
        r->uid = pw->pw_uid;
        r->gid = pw->pw_gid;
        r->n_groups = (uint32_t) n;
        for (int i = 0; i < n; i++)
                r->groups[i] = groups[i];
        c->home = *pw->pw_dir ? pw->pw_dir : "/";
        c->shell = *pw->pw_shell ? pw->pw_shell : "/bin/sh";
        return login_set(r->user, sizeof(r->user), pw->pw_name) < 0 ? EXIT_FAILED : 0;
}

static int prepare(const Tool *t, LoginOperation operation, const char *target, Command *ret) {
        const char *tty = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL;
        int error;

        if (geteuid() != 0) {
                log_error("Only root may run commands in cells: use sudo confinectl %s", t->verb->name);
                return EXIT_FAILED;
        }
        error = sealed_program(t->options->argv);
        if (error < 0) {
                (void) log_error_errno(error, "Cannot run from a protected copy of confinectl in memory: %m");
                return EXIT_FAILED;
        }
        *ret = (Command) { .runtime_dir = t->options->runtime_dir };
        login_request_init(&ret->request, operation);
        if (login_set(ret->request.target, sizeof(ret->request.target), target) < 0) {
                log_error("No %s has so long a name: see confinectl %s", operation == LOGIN_RUN ? "policy" : "cell",
                          operation == LOGIN_RUN ? "policies" : "list");
                return EXIT_NO_SUCH;
        }
        (void) login_set(ret->request.service, sizeof(ret->request.service), "confinectl"); /* it fits */
        (void) login_set(ret->request.tty, sizeof(ret->request.tty), tty); /* if it does not fit: only people read it */
        return fill_user(ret, t->options->user ?: "root");
}

int verb_run(Tool *t) {
        Command c;
        int r;

        if (!t->options->policy) {
                log_error("run needs --policy POLICY: see confinectl policies");
                return EXIT_USAGE;
        }
        r = prepare(t, LOGIN_RUN, t->options->policy, &c);
        if (r != 0)
                return r;
        c.argv = t->arguments;
        c.pty = t->options->pty;
        return command_run(&c);
}

int verb_shell(Tool *t) {
        const char *shell = getenv("SHELL");
        char *argv[] = { NULL, NULL };
        Command c;
        int r;

        r = prepare(t, LOGIN_SHELL, t->arguments[0], &c);
        if (r != 0)
                return r;
        argv[0] = (char *) (shell && *shell == '/' ? shell : "/bin/sh");
        c.argv = t->n_arguments > 1 ? t->arguments + 1 : argv;
        c.shell = argv[0];
        c.pty = t->options->pty || (t->n_arguments == 1 && isatty(STDIN_FILENO));
        return command_run(&c);
}
