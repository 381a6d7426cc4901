/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection: read the request, who is it (by the socket, not by what it says), is it inside already,
 * which policy, open a session, reply, wait for "joined". Until that comes, closing the connection takes
 * everything back. */

#include "manager/doors/login-server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/session-end.h"
#include "manager/cells/session-life.h"
#include "manager/daemon/open.h"
#include "manager/daemon/policies.h"
#include "manager/cells/table.h"
#include "manager/doors/bus-server.h"
#include "manager/doors/login-connection.h"
#include "manager/lent/terms.h"

#define CONNECTIONS_MAX 4096
#define CONNECTIONS_OF_USER_MAX 512 /* of one who started the login programs: su, sudo */
#define REQUEST_TIMEOUT_USEC (2 * USEC_PER_SEC)
#define ANSWER_TIMEOUT_USEC (60 * USEC_PER_SEC)

Connection *connection_free(Connection *c) {
        Session *s = c->session;

        LIST_REMOVE(c, entry);
        c->server->n_connections--;
        sd_event_source_disable_unref(c->io_source);
        sd_event_source_disable_unref(c->timer_source);
        subject_free(c->subject);
        policy_unref(c->policy);
        close_fd(c->fd);
        close_fd(c->pidfd);
        free(c);
        if (s) { /* never joined */
                s->connection = NULL;
                session_end(s);
        }
        return NULL;
}

static void take_joined(Connection *c) {
        Session *s = c->session;

        c->session = NULL;
        session_joined(s);
        notices_post(&c->server->manager->notices, NOTICE_SESSION_LIVE, s->cell, s, NULL);
        connection_free(c);
}

/* A login that says "joined" goes on: either it is heard, or the caller is told that it can't be said any more. */
static void withdraw(Connection *c) {
        char byte = 0;

        (void) shutdown(c->fd, SHUT_RD);
        if (c->offered && c->session && recv(c->fd, &byte, 1, MSG_DONTWAIT) == 1 && byte == LOGIN_JOINED)
                take_joined(c);
        else
                connection_free(c);
}

/* --- sessions get there, or not --------------------------------------------------------------- */

static void on_session_ready(Session *s, const JobReport *report) {
        Connection *c = s->connection;
        char message[LOGIN_MESSAGE_MAX];

        if (!c) { /* went away meanwhile */
                session_end(s);
                return;
        }
        if (report->error >= 0) {
                connection_offer(c);
                return;
        }
        if (report->error == -EAGAIN && report->stage == LOGIN_STAGE_CGROUP) {
                connection_answer(c, LOGIN_REFUSED, report->stage, true, "policy %s: %s", s->cell->policy->name, report->what);
                return;
        }
        (void) snprintf(message, sizeof(message), "policy %s: %s: %s", s->cell->policy->name, report->what,
                        strerror(-report->error));
        connection_answer_failure(c, report->stage, report->error, message); /* ends the session, too */
}

static void on_session_removed(Session *s) {
        Connection *c = s->connection;

        c->session = NULL;
        s->connection = NULL;
        if (c->offered)
                connection_free(c);
        else
                connection_answer(c, LOGIN_FAILED, LOGIN_STAGE_OTHER, true, "the cell has ended, log in again");
}

/* Ends a session that nobody is known to have joined, whatever OnFailure= says, unless "joined" has come meanwhile. */
static void refuse(Session *s, const char *message) {
        Connection *c = s->connection;

        if (c->offered)
                withdraw(c);
        else
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true, "%s", message);
}

/* Logins that are under way would hang where they are, each within a call of its login program. */
static void on_cell_freezes(Cell *c) {
        Session *s, *next;

        for (s = LIST_FIRST(&c->sessions); s; s = next) {
                next = LIST_NEXT(s, entry);
                if (s->connection)
                        refuse(s, "the cell is frozen by the administrator");
        }
}

static void on_notice(const Notice *n, void *userdata) {
        (void) userdata;
        if (n->kind == NOTICE_SESSION_READY)
                on_session_ready(n->session, n->report);
        else if (n->kind == NOTICE_SESSION_REMOVED && n->session->connection)
                on_session_removed(n->session);
        else if (n->kind == NOTICE_CELL_FREEZES)
                on_cell_freezes(n->cell);
}

/* Is it what systemd starts a unit as, with PAMName=: a process that opens a session and then executes what
 * was asked for, without a fork? It still is systemd itself, or, since version 255, its helper. */
static bool is_unit_process(pid_t pid) {
        struct stat own, first;
        char path[64], target[4096];
        const char *name;
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%d/exe", (int) pid);
        if (stat(path, &own) < 0 || sd_booted() <= 0)
                return false;
        if (stat("/proc/1/exe", &first) >= 0 && own.st_dev == first.st_dev && own.st_ino == first.st_ino)
                return true;
        n = readlink(path, target, sizeof(target) - 1);
        target[MAX(n, 0)] = '\0';
        name = strrchr(target, '/');
        return name && strncmp(name, "/systemd-executor", 17) == 0;
}

/* --- decisions --------------------------------------------------------------------------- */

static void open_in(Connection *c, Policy *policy, Cell *cell) {
        Manager *m = c->server->manager;
        _cleanup_(freep) char *message = NULL;
        OpenInfo info = {
                .subject = subject_match(c->subject),
                .leader = c->pid,
                .leader_pidfd = c->pidfd,
                .executes = is_unit_process(c->pid),
                .connection = c,
        };
        Session *session = NULL;
        int r;

        if (policy) {
                policy_unref(c->policy);
                c->policy = policy_ref(policy);
        }
        if (c->request.version == LOGIN_VERSION_BEFORE && terms_are_needed(cell ? cell->policy : policy)) {
                connection_answer_failure(c, LOGIN_STAGE_OTHER, -EPROTO, "the module or tool is of an older release, and can't do what "
                               "[Process] and [Filesystem] ask for (install this one's)");
                return;
        }
        r = cell ? manager_open_session_in(m, cell, &info, &session, &message) :
                   manager_open_session(m, policy, &info, &session, &message);
        c->waits_for_cell = r == -EAGAIN;
        if (c->waits_for_cell)
                return;
        if (r == -EUSERS || (r == -EBUSY && message))
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true, "%s", message ?: "a limit is reached");
        else if (r < 0)
                connection_answer_failure(c, r == -ENETDOWN ? LOGIN_STAGE_NETWORK : LOGIN_STAGE_OTHER, r,
                               message ?: "out of memory");
        else
                c->session = session;
}

/* Nobody is let in by a policy that can't be used. Root has to mend it; who else is exempt the module knows. */
static void answer_refused_policy(Connection *c, const Policy *policy) {
        bool is_root = subject_match(c->subject)->uid == 0;

        if (is_root && c->request.operation == LOGIN_CHECK)
                connection_answer(c, LOGIN_ADMITTED, LOGIN_STAGE_OTHER, false, "%s", "");
        else if (is_root && c->request.operation == LOGIN_OPEN)
                connection_answer(c, LOGIN_UNCONFINED, LOGIN_STAGE_OTHER, true, "policy %s is refused, and root gets in unconfined: %s",
                       policy->name, policy->refused);
        else
                connection_answer(c, LOGIN_NO_POLICY, LOGIN_STAGE_OTHER, true, "policy %s is refused: %s", policy->name, policy->refused);
}

static void decide_open(Connection *c) {
        Policy *policy = policies_pick(c->server->manager, subject_match(c->subject));

        if (policy && policy->refused)
                answer_refused_policy(c, policy);
        else if (!policy)
                connection_answer(c, LOGIN_UNCONFINED, LOGIN_STAGE_OTHER, false, "no policy matches");
        else if (policy->mode == POLICY_OBSERVE)
                connection_answer(c, LOGIN_UNCONFINED, LOGIN_STAGE_OTHER, false,
                       "policy %s matches, but only observes (Mode=observe)", policy->name);
        else
                open_in(c, policy, NULL);
}

/* In the account phase of PAM: a login that is going to be refused is so before anything of it begins. */
static void decide_check(Connection *c) {
        const MatchSubject *subject = subject_match(c->subject);
        _cleanup_(freep) char *message = NULL;
        Policy *policy = policies_pick(c->server->manager, subject);
        int r;

        if (policy && policy->refused) {
                answer_refused_policy(c, policy);
                return;
        }
        if (!policy || policy->mode == POLICY_OBSERVE) {
                connection_answer(c, LOGIN_ADMITTED, LOGIN_STAGE_OTHER, false, "%s", "");
                return;
        }
        c->policy = policy_ref(policy);
        r = manager_admits(c->server->manager, policy, subject, &message);
        if (r == -EUSERS || r == -EBUSY)
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true, "%s", message ?: "a limit is reached");
        else
                connection_answer(c, LOGIN_ADMITTED, LOGIN_STAGE_OTHER, false, "%s", ""); /* the session sees about the rest */
}

static void decide_run(Connection *c) {
        const PolicySet *set = c->server->manager->policies;
        Policy *policy = policy_set_find(set, c->request.target), *refused = policy_set_find_refused(set, c->request.target);

        if (!policy && refused)
                answer_refused_policy(c, refused);
        else if (!policy)
                connection_answer(c, LOGIN_NO_CELL, LOGIN_STAGE_OTHER, false, "there is no policy \"%s\"",
                       c->request.target);
        else
                open_in(c, policy, NULL);
}

static void decide_shell(Connection *c) {
        Cell *cell = table_find_cell(&c->server->manager->table, c->request.target);

        if (!cell || cell->state != CELL_LIVE)
                connection_answer(c, LOGIN_NO_CELL, LOGIN_STAGE_OTHER, false, "there is no live cell \"%s\"",
                       c->request.target);
        else
                open_in(c, NULL, cell);
}

static void decide(Connection *c) {
        switch (c->request.operation) {
        case LOGIN_OPEN:
                decide_open(c);
                break;
        case LOGIN_CHECK:
                decide_check(c);
                break;
        case LOGIN_RUN:
                decide_run(c);
                break;
        default:
                decide_shell(c);
        }
}

static void on_resolved(Subject *s, int error, void *userdata) {
        Connection *c = userdata;

        (void) s;
        if (error < 0)
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true,
                       "the user or group database can't be read (%s)", strerror(-error));
        else
                decide(c);
}

/* The one that waits longest, and was not tried in this round. */
static Connection *next_waiting(LoginServer *l) {
        Connection *c, *oldest = NULL;

        LIST_FOREACH(c, &l->connections, entry) /* new ones are at the head */
                if (c->waits_for_cell && c->round != l->round)
                        oldest = c;
        return oldest;
}

/* A cell is gone, and with it its addresses: whose login waits for one is tried again. */
static void on_notice_after(const Notice *n, void *userdata) {
        LoginServer *l = userdata;
        Connection *c;

        if (n->kind != NOTICE_CELL_GONE)
                return;
        l->round++;
        while ((c = next_waiting(l))) {
                c->round = l->round;
                c->waits_for_cell = false;
                decide(c);
        }
}

/* A hint of pam_sm_close_session(): the sender is the leader of what it closes. */
static void close_sessions_of(Manager *m, pid_t pid) {
        Session *s, *next;

        HASH_ITER(hh, m->table.sessions, s, next)
                if (s->leader == pid && s->state == SESSION_LIVE)
                        session_end(s);
}

static void on_hangup(Connection *c) {
        log_debug("Process %d went away before it had joined", (int) c->pid);
        if (c->offered)
                connection_watch_refused(c);
        connection_free(c);
}

static void handle_request(Connection *c) {
        Manager *m = c->server->manager;
        Cell *cell;
        int r;

        if (fd_pidfd_has_exited(c->pidfd)) { /* somebody else has its connection, and maybe its number */
                on_hangup(c);
                return;
        }
        m->n_logins++;
        if (c->request.operation == LOGIN_CLOSE) {
                close_sessions_of(m, c->pid);
                connection_free(c);
                return;
        }
        r = table_find_cell_of(&m->cell_host, c->pid, c->pidfd, &cell);
        if (r > 0 && (c->request.operation == LOGIN_OPEN || c->request.operation == LOGIN_CHECK)) {
                connection_answer(c, LOGIN_INSIDE, LOGIN_STAGE_OTHER, false, "already in cell %s", cell->id);
                return;
        }
        if (r != 0) {
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true, r > 0 ?
                       "a command can't be started in a cell from within a cell" :
                       r == -ENOLINK ? "the cell that you are in is ending, log in again" :
                       "the manager can't tell in which cell you are");
                return;
        }
        c->subject = subject_new_from_request(&c->request);
        r = c->subject ? subject_resolve(c->subject, m->jobs, m->policies,
                                         policy_set_wants_group(m->policies), on_resolved, c) : -ENOMEM;
        if (r < 0)
                connection_answer(c, LOGIN_REFUSED, LOGIN_STAGE_OTHER, true, "the manager has too much to do (%s)",
                       strerror(-r));
}

/* --- the socket -------------------------------------------------------------------------- */

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Connection *c = userdata;
        char buffer[sizeof(LoginRequest) + 1];
        ssize_t n;
        int r;

        (void) source, (void) events;
        n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT); /* fds that come along are dropped */
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                on_hangup(c);
                return 0;
        }
        if (c->offered && c->session && n == 1 && buffer[0] == LOGIN_JOINED) {
                take_joined(c);
                return 0;
        }
        if (c->request.magic != 0) { /* a second request */
                on_hangup(c);
                return 0;
        }
        memcpy(&c->request, buffer, MIN((size_t) n, sizeof(c->request)));
        r = login_request_check(&c->request, (size_t) n);
        if (r < 0) {
                log_warning_errno(r, "Process %d sent no valid request (%m), closing the connection", (int) c->pid);
                connection_free(c);
                return 0;
        }
        (void) sd_event_source_set_time_relative(c->timer_source, ANSWER_TIMEOUT_USEC);
        handle_request(c);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Connection *c = userdata;

        (void) source, (void) usec;
        log_warning("Process %d used up the time of its login, closing the connection", (int) c->pid);
        withdraw(c);
        return 0;
}

/* 0: nobody's but root's, or it can't be told. */
static uid_t real_uid(pid_t pid) {
        uid_t ids[4];

        return fd_pid_uids(pid, ids) < 0 ? 0 : ids[0];
}

static bool has_room(const LoginServer *l, uid_t starter) {
        const Connection *c;
        unsigned n = 0;

        if (l->n_connections >= CONNECTIONS_MAX)
                return false;
        if (starter == 0)
                return true;
        LIST_FOREACH(c, &l->connections, entry)
                n += c->starter == starter;
        return n < CONNECTIONS_OF_USER_MAX;
}

/* Not only closed: to be refused is not to find nobody. The answer waits for the request. */
static void turn_away(int fd, uid_t starter) {
        Connection c = { .fd = fd, .request.version = LOGIN_VERSION };
        LoginReply reply;

        log_debug("Too many logins wait (this one was started by uid %u), refusing it", starter);
        connection_init_reply(&reply, LOGIN_REFUSED);
        reply.loud = true;
        (void) snprintf(reply.message, sizeof(reply.message), "too many logins wait already, try again later");
        (void) connection_send_reply(&c, &reply, -EBADF, -EBADF);
}

static int add_connection(LoginServer *l, int fd, pid_t pid, int pidfd, uid_t starter) {
        sd_event *event = l->manager->event;
        Connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c) {
                close_fd(pidfd);
                return -ENOMEM;
        }
        *c = (Connection) { .server = l, .fd = fd, .pid = pid, .pidfd = pidfd, .starter = starter };
        LIST_INSERT_HEAD(&l->connections, c, entry);
        l->n_connections++;
        r = sd_event_add_io(event, &c->io_source, fd, EPOLLIN, on_connection, c);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &c->timer_source, CLOCK_MONOTONIC, REQUEST_TIMEOUT_USEC, 0,
                                               on_deadline, c);
        if (r < 0) {
                c->fd = -EBADF; /* still the caller's */
                connection_free(c);
        }
        return r;
}

static int accept_one(LoginServer *l, int fd) {
        struct ucred peer;
        int pidfd = -EBADF, r;
        uid_t starter;

        r = listener_get_peer(fd, &peer, &pidfd);
        if (r < 0)
                return r;
        starter = real_uid(peer.pid);
        if (fd_pidfd_has_exited(pidfd)) { /* so the number above was its own */
                close_fd(pidfd);
                return -ESRCH;
        }
        if (peer.uid == 0 && has_room(l, starter))
                return add_connection(l, fd, peer.pid, pidfd, starter);
        close_fd(pidfd);
        if (peer.uid != 0)
                return -EACCES;
        turn_away(fd, starter);
        return -EBUSY;
}

static int on_listening(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        LoginServer *l = userdata;
        int fd, r;

        (void) source, (void) listen_fd, (void) events;
        fd = listener_accept(&l->listener);
        if (fd < 0)
                return 0;
        r = accept_one(l, fd);
        if (r < 0) {
                log_debug_errno(r, "Refused a connection to the login socket: %m");
                close_fd(fd);
        }
        return 0;
}

int login_server_replace(LoginServer *l, int fd) {
        return listener_replace(&l->listener, fd);
}

Listener *login_server_listener(LoginServer *l) {
        return &l->listener;
}

int login_server_new(Manager *m, int fd, LoginServer **ret) {
        LoginServer *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->manager = m;
        LIST_INIT(&l->connections);
        r = listener_open(&l->listener, m->event, fd, SD_EVENT_PRIORITY_NORMAL, on_listening, l);
        if (r < 0) {
                free(l);
                return r;
        }
        notices_subscribe(&m->notices, NOTICE_ANSWER, on_notice, l);
        notices_subscribe(&m->notices, NOTICE_AFTER, on_notice_after, l);
        *ret = l;
        return 0;
}

LoginServer *login_server_free(LoginServer *l) {
        Connection *c;

        if (!l)
                return NULL;
        notices_unsubscribe(&l->manager->notices, l);
        while ((c = LIST_FIRST(&l->connections))) {
                if (c->session)
                        c->session->connection = NULL;
                c->session = NULL; /* a later manager settles it by its record */
                connection_free(c);
        }
        listener_close(&l->listener);
        free(l);
        return NULL;
}
