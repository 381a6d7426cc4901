/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/login-connection.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "manager/doors/bus-server.h"
#include "manager/lent/filters.h"
#include "manager/lent/terms.h"
#include "manager/work/event.h"
#include "manager/work/refusals.h"

void connection_init_reply(LoginReply *reply, LoginVerdict verdict) {
        memset(reply, 0, sizeof(*reply));
        reply->magic = LOGIN_MAGIC;
        reply->version = LOGIN_VERSION;
        reply->verdict = verdict;
}

/* A caller of the version before gets no filter: it would not know what to do with it. */
int connection_send_reply(Connection *c, const LoginReply *reply, int pidfd, int filter_fd) {
        bool before = c->request.version == LOGIN_VERSION_BEFORE;
        const int fds[] = { pidfd, filter_fd };
        size_t n_fds = pidfd < 0 ? 0 : before || filter_fd < 0 ? 1 : 2;
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(fds))];
        } control = {};
        LoginReply1 reply1;
        struct iovec iov = { .iov_base = (void *) reply, .iov_len = sizeof(*reply) };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (before) {
                login_reply_to_1(reply, &reply1);
                iov = (struct iovec) { &reply1, sizeof(reply1) };
        }
        if (n_fds > 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
                memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
                m.msg_control = &control;
                m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        }
        return sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* What is refused goes away, or is made to. */
void connection_watch_refused(const Connection *c) {
        if (c->request.operation == LOGIN_OPEN)
                refusals_add(c->server->manager->refusals, c->pid, c->pidfd, c->request.uid, c->request.service);
}

/* Answers without a cell, and closes. */
void connection_answer(Connection *c, LoginVerdict verdict, LoginStage stage, bool loud, const char *format, ...) {
        const char *policy = c->policy ? c->policy->name : NULL;
        LoginReply reply;
        va_list ap;
        int r;

        connection_init_reply(&reply, verdict);
        reply.stage = stage;
        reply.loud = loud;
        va_start(ap, format);
        (void) vsnprintf(reply.message, sizeof(reply.message), format, ap);
        va_end(ap);

        if (verdict == LOGIN_REFUSED || verdict == LOGIN_FAILED || verdict == LOGIN_NO_POLICY) {
                c->server->manager->n_denied++;
                event_login(EVENT_DENIED, LOG_NOTICE, &c->request, policy, verdict == LOGIN_FAILED ? "failed" : "denied",
                            "Refused %s (%s): %s", c->request.user, c->request.service, reply.message);
                bus_server_announce_denied(c->server->manager->bus, c->request.uid, c->request.user,
                                           c->request.service, reply.message);
                if (verdict != LOGIN_NO_POLICY) /* who may be exempt */
                        connection_watch_refused(c);
        } else if (verdict == LOGIN_UNCONFINED) /* loud: by OnFailure=allow */
                event_login(loud ? EVENT_UNCONFINED : NULL, loud ? LOG_WARNING : LOG_INFO, &c->request, policy,
                            "unconfined", "Login of %s (%s) is not confined: %s", c->request.user,
                            c->request.service, reply.message);
        r = connection_send_reply(c, &reply, -EBADF, -EBADF);
        if (r < 0)
                log_debug_errno(r, "Cannot answer process %d: %m", (int) c->pid);
        connection_free(c);
}

/* Does the host fail, or could a user have brought it about: full groups and file systems, an empty pool, many
 * processes, a cell that its owner ends, files below a home? What makes the view of a cell is the latter. */
static bool is_host_failure(LoginStage stage, int error) {
        static const int errors[] = { -ENOSYS, -EOPNOTSUPP, -EPROTONOSUPPORT, -EAFNOSUPPORT, -ENODEV, -EPERM, -EACCES,
                                      -EINVAL, -EIO, -ENOENT };

        if (error == -ENETDOWN || error == -EROFS)
                return true;
        if (stage != LOGIN_STAGE_CGROUP && stage != LOGIN_STAGE_NETWORK)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(errors); i++)
                if (error == errors[i])
                        return true;
        return false;
}

/* The cell can't be had: what OnFailure= of its policy says. A check leaves that to the session. */
void connection_answer_failure(Connection *c, LoginStage stage, int error, const char *message) {
        if (c->policy && c->policy->on_failure_allow && c->request.operation == LOGIN_OPEN &&
            is_host_failure(stage, error))
                connection_answer(c, LOGIN_UNCONFINED, stage, true, "%s; OnFailure=allow lets you in unconfined", message);
        else
                connection_answer(c, LOGIN_FAILED, stage, true, "%s", message);
}

void connection_offer(Connection *c) {
        Manager *m = c->server->manager;
        Session *s = c->session;
        LoginReply reply;
        int r;

        connection_init_reply(&reply, LOGIN_CONFINED);
        r = terms_of(s->cell->policy, subject_match(c->subject), m->cell_host.host_name, &reply.process);
        if (r < 0) {
                connection_answer_failure(c, LOGIN_STAGE_OTHER, r, "Environment= can't be made with the names of this user");
                return;
        }
        reply.process.has_filter = filters_are_for(s->cell->policy);
        if (reply.process.has_filter && !s->cell->filter)
                r = filters_acquire(m->filters, s->cell->policy, &s->cell->filter);
        if (r < 0) {
                log_error_errno(r, "Cannot make the filter of system calls of policy %s: %m", s->cell->policy->name);
                connection_answer_failure(c, LOGIN_STAGE_OTHER, r, "the filter of system calls can't be made");
                return;
        }
        memcpy(reply.inodes, s->cell->inodes, sizeof(reply.inodes));
        reply.executes = s->executes;
        (void) login_set(reply.group, sizeof(reply.group), s->group);
        (void) login_set(reply.cell, sizeof(reply.cell), s->cell->id);
        (void) login_set(reply.session, sizeof(reply.session), s->id);
        (void) login_set(reply.policy, sizeof(reply.policy), s->cell->policy->name);
        if (s->in_reserve)
                (void) login_set(reply.message, sizeof(reply.message),
                                 "your cell is at TasksMax=, this session has little room: clean up");
        c->offered = true;
        r = connection_send_reply(c, &reply, s->cell->init_pidfd, reply.process.has_filter ? filter_fd(s->cell->filter) : -EBADF);
        if (r < 0) {
                log_debug_errno(r, "Cannot answer process %d: %m", (int) c->pid);
                connection_free(c);
        }
}
