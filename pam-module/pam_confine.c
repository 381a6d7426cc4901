/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The entry points. This code runs as root inside sshd, login, su, sudo and cron. It uses only libc and
 * libpam, makes no thread, changes no signal or umask, and has one deadline for everything that waits.
 * The table in pam_confine(8) lists the result for each case. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <syslog.h>
#include <unistd.h>

#include "bus/join.h"
#include "pam-module/args.h"
#include "pam-module/stand-in.h"

#define STATE_NAME "confine-session"
#define CLOSE_TIMEOUT_USEC 300000

/* The result of the first open_session; a second call (the stack of su - includes that of su) returns it again. */
typedef struct State {
        pid_t owner; /* because login and su also call the cleanup in their child */
        bool confined;
        int result;
} State;

static void free_state(pam_handle_t *pamh, void *data, int status) {
        (void) pamh, (void) status;
        free(data); /* nothing else to do, because the manager watches the process */
}

static const State *get_state(pam_handle_t *pamh) {
        const void *data = NULL;

        if (pam_get_data(pamh, STATE_NAME, &data) != PAM_SUCCESS || !data)
                return NULL;
        return ((const State *) data)->owner == getpid() ? data : NULL;
}

/* Remembers and returns the result. */
static int set_state(pam_handle_t *pamh, bool confined, int result) {
        State *state = malloc(sizeof(*state));

        if (!state)
                return PAM_BUF_ERR;
        *state = (State) { .owner = getpid(), .confined = confined, .result = result };
        if (pam_set_data(pamh, STATE_NAME, state, free_state) != PAM_SUCCESS) {
                free(state);
                return PAM_BUF_ERR;
        }
        return result;
}

static const char *get_item(pam_handle_t *pamh, int item) {
        const void *value = NULL;

        return pam_get_item(pamh, item, &value) == PAM_SUCCESS && value ? value : "";
}

static void tell_user(pam_handle_t *pamh, const ModuleArgs *args, int flags, const char *text) {
        if (!args->quiet && !(flags & PAM_SILENT))
                (void) pam_error(pamh, "confine: %s", text);
}

/* Does all name look-ups, because they must come before the join. */
static int fill_request(pam_handle_t *pamh, LoginOperation operation, LoginRequest *request) {
        const char *user = get_item(pamh, PAM_USER);
        gid_t groups[LOGIN_GROUPS_MAX];
        int n = LOGIN_GROUPS_MAX;
        struct passwd *pw;

        login_request_init(request, operation);
        pw = *user ? pam_modutil_getpwnam(pamh, user) : NULL;
        if (!pw)
                return -ENOENT;
        if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
                return -E2BIG;
        request->uid = pw->pw_uid;
        request->gid = pw->pw_gid;
        request->n_groups = (uint32_t) n;
        for (int i = 0; i < n; i++)
                request->groups[i] = groups[i];
        if (login_set(request->user, sizeof(request->user), pw->pw_name) < 0 ||
            login_set(request->service, sizeof(request->service), get_item(pamh, PAM_SERVICE)) < 0 ||
            login_set(request->tty, sizeof(request->tty), get_item(pamh, PAM_TTY)) < 0 ||
            login_set(request->remote_host, sizeof(request->remote_host), get_item(pamh, PAM_RHOST)) < 0)
                return -ENAMETOOLONG;
        return 0;
}

/* Whether the login is on a local console, which nobody reaches from another host. */
static bool is_local_tty(const LoginRequest *request) {
        const char *tty = request->tty;

        if (strncmp(tty, "/dev/", 5) == 0)
                tty += 5;
        return !*request->remote_host &&
                (strcmp(tty, "console") == 0 ||
                 (strncmp(tty, "tty", 3) == 0 && ((tty[3] >= '0' && tty[3] <= '9') ||
                                                  (tty[3] == 'S' && tty[4] >= '0' && tty[4] <= '9'))));
}

static bool in_group(pam_handle_t *pamh, const LoginRequest *request, const char *name) {
        struct group *gr = pam_modutil_getgrnam(pamh, name);

        if (!gr)
                return false;
        if (gr->gr_gid == request->gid)
                return true;
        for (uint32_t i = 0; i < request->n_groups; i++)
                if (request->groups[i] == gr->gr_gid)
                        return true;
        return false;
}

static bool is_exempt(pam_handle_t *pamh, const ModuleArgs *args, const LoginRequest *request) {
        return args->exempt_group && in_group(pamh, request, args->exempt_group);
}

/* The reason to let a user in although the manager did not answer; NULL: none. */
static const char *exemption(pam_handle_t *pamh, const ModuleArgs *args, const LoginRequest *request) {
        if (args->on_error_succeed)
                return "onerr=succeed";
        if (request->uid == 0 && is_local_tty(request))
                return "root on a local terminal";
        return is_exempt(pamh, args, request) ? "exempt_group" : NULL;
}

/* Lets a user in without a cell. Only the session part logs it and tells the user, so that this happens once. */
static int admit_unconfined(pam_handle_t *pamh, const ModuleArgs *args, int flags, const LoginRequest *request,
                            const char *because, const char *why) {
        if (request->operation == LOGIN_CHECK)
                return PAM_SUCCESS;
        pam_syslog(pamh, LOG_WARNING, "%s: letting %s in UNCONFINED (%s)", because, request->user, why);
        tell_user(pamh, args, flags, "not available, this session is not confined");
        return PAM_SUCCESS;
}

static int answer_absent(pam_handle_t *pamh, const ModuleArgs *args, int flags, const LoginRequest *request, int error) {
        const char *why = exemption(pamh, args, request);

        if (why)
                return admit_unconfined(pamh, args, flags, request, "The manager did not answer", why);
        pam_syslog(pamh, LOG_ERR, "The manager did not answer (%s), refusing the login of %s; check that confined "
                   "runs, see pam_confine(8)", strerror(-error), request->user);
        tell_user(pamh, args, flags, "not available");
        return PAM_SYSTEM_ERR;
}

static int answer_no_policy(pam_handle_t *pamh, const ModuleArgs *args, int flags, const LoginRequest *request,
                            const LoginReply *reply) {
        if (is_exempt(pamh, args, request))
                return admit_unconfined(pamh, args, flags, request, reply->message, "exempt_group");
        pam_syslog(pamh, LOG_ERR, "Refusing the login of %s: %s", request->user, reply->message);
        tell_user(pamh, args, flags, "the policy for you has an error, tell the administrator");
        return PAM_PERM_DENIED;
}

static int answer_unable(pam_handle_t *pamh, const ModuleArgs *args, int flags, const LoginRequest *request, int error) {
        pam_syslog(pamh, LOG_ERR, "Refusing the login of %s: %s", request->user, error == -ETIMEDOUT ?
                   "the manager is too busy to answer in time" : error == -EBUSY ?
                   "the login program has several threads, so it can't join a cell" : strerror(-error));
        tell_user(pamh, args, flags, error == -ETIMEDOUT ? "too many logins wait, try again later" :
                  "this login program can't ask for a cell, maybe because of limits on its process");
        return PAM_SYSTEM_ERR;
}

static bool set_environment(pam_handle_t *pamh, const LoginProcess *process) {
        for (const char *v = process->environment; *v; v += strlen(v) + 1)
                if (pam_putenv(pamh, v) != PAM_SUCCESS)
                        return false;
        return true;
}

/* The login program has joined the cell: does what else the policy wants of it. */
static int answer_confined(pam_handle_t *pamh, const LoginRequest *request, const LoginReply *reply) {
        int r;

        pam_syslog(pamh, LOG_INFO, "Session %s of %s is in cell %s (policy %s)", reply->session, request->user,
                   reply->cell, reply->policy);
        if (!set_environment(pamh, &reply->process)) {
                pam_syslog(pamh, LOG_ERR, "Cannot set Environment= of policy %s, refusing the login of %s",
                           reply->policy, request->user);
                return PAM_BUF_ERR;
        }
        r = reply->executes && reply->inodes[LOGIN_NS_PID] ? stand_in(request->uid, request->gid) : 0;
        if (r < 0) {
                pam_syslog(pamh, LOG_ERR, "Cannot fork into cell %s (%s), refusing the login of %s", reply->cell,
                           strerror(-r), request->user);
                return PAM_SYSTEM_ERR;
        }
        return PAM_SUCCESS;
}

static int answer(pam_handle_t *pamh, const ModuleArgs *args, int flags, const LoginRequest *request,
                  JoinOutcome outcome, const LoginReply *reply, int error) {
        switch (outcome) {
        case JOIN_CONFINED:
                return answer_confined(pamh, request, reply);
        case JOIN_ADMITTED:
                return PAM_SUCCESS;
        case JOIN_UNCONFINED:
                if (request->operation == LOGIN_CHECK)
                        return PAM_SUCCESS;
                pam_syslog(pamh, reply->loud ? LOG_WARNING : LOG_INFO, "Session of %s is not confined: %s",
                           request->user, reply->message);
                if (reply->loud)
                        tell_user(pamh, args, flags, reply->message);
                return PAM_SUCCESS;
        case JOIN_INSIDE:
                if (args->debug)
                        pam_syslog(pamh, LOG_DEBUG, "Session of %s stays in its present cell",
                                   request->user);
                return PAM_SUCCESS;
        case JOIN_REFUSED:
                pam_syslog(pamh, LOG_NOTICE, "Refusing the login of %s: %s", request->user, reply->message);
                tell_user(pamh, args, flags, reply->message);
                return PAM_PERM_DENIED;
        case JOIN_NO_POLICY:
                return answer_no_policy(pamh, args, flags, request, reply);
        case JOIN_BROKEN:
                pam_syslog(pamh, LOG_ERR, "Cannot join cell %s (%s: %s), refusing the login of %s",
                           reply->cell, reply->message, strerror(-error), request->user);
                tell_user(pamh, args, flags, "cannot enter the cell");
                return PAM_SYSTEM_ERR;
        case JOIN_ABSENT:
                return answer_absent(pamh, args, flags, request, error);
        case JOIN_UNABLE:
        default:
                return answer_unable(pamh, args, flags, request, error);
        }
}

static bool describe_user(pam_handle_t *pamh, const ModuleArgs *args, int flags, LoginOperation operation,
                          LoginRequest *ret) {
        int r = fill_request(pamh, operation, ret);

        if (r >= 0)
                return true;
        pam_syslog(pamh, LOG_ERR, "Cannot look up user %s and the user's groups (%s), refusing the login",
                   get_item(pamh, PAM_USER), strerror(-r));
        tell_user(pamh, args, flags, "cannot look up the user");
        return false;
}

/* sshd keeps the connection if the session part refuses a login, but denies the login if the account part does. So this
 * part refuses the same users as the session part, which still decides in the end. It asks the manager only about users
 * from another host, because screen lockers, polkit and chsh use the account part as well, and open no session. */
int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        LoginRequest request;
        LoginReply reply;
        ModuleArgs args;
        JoinOutcome outcome;
        int error;

        module_args_parse(pamh, argc, argv, &args);
        if (!*get_item(pamh, PAM_RHOST))
                return PAM_SUCCESS;
        if (!describe_user(pamh, &args, flags, LOGIN_CHECK, &request))
                return PAM_SYSTEM_ERR;
        outcome = join_ask(&(JoinOptions) { .socket_path = args.socket_path, .timeout_usec = args.timeout_usec },
                           &request, &reply, &error);
        return answer(pamh, &args, flags, &request, outcome, &reply, error);
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const State *state = get_state(pamh);
        LoginRequest request;
        LoginReply reply;
        ModuleArgs args;
        JoinOutcome outcome;
        int error;

        if (state)
                return state->result;
        module_args_parse(pamh, argc, argv, &args);
        if (!describe_user(pamh, &args, flags, LOGIN_OPEN, &request))
                return PAM_SYSTEM_ERR;
        outcome = join_cell(&(JoinOptions) { .socket_path = args.socket_path, .timeout_usec = args.timeout_usec },
                            &request, &reply, &error);
        return set_state(pamh, outcome == JOIN_CONFINED,
                         answer(pamh, &args, flags, &request, outcome, &reply, error));
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const State *state = get_state(pamh);
        uint64_t left_usec = CLOSE_TIMEOUT_USEC;
        LoginRequest request;
        ModuleArgs args;
        int fd;

        (void) flags;
        if (!state || !state->confined)
                return PAM_SUCCESS;
        module_args_parse(pamh, argc, argv, &args);

        /* Only a hint, because the manager sees when this process exits. */
        login_request_init(&request, LOGIN_CLOSE);
        fd = login_connect(args.socket_path, &left_usec);
        if (fd >= 0) {
                (void) send(fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
                (void) close(fd);
        }
        return PAM_SUCCESS;
}
