/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/queue.h>

#include "manager/daemon/manager.h"
#include "manager/work/listener.h"
#include "manager/work/subject.h"

/* A connection of the login socket, for the two files that serve it. */

typedef struct Connection {
        LoginServer *server;
        LIST_ENTRY(Connection) entry;
        int fd;
        sd_event_source *io_source, *timer_source;
        pid_t pid;
        int pidfd;
        uid_t starter; /* the process's real uid */
        LoginRequest request;
        Subject *subject;
        Session *session;
        Policy *policy; /* borrowed by the session's cell, kept for messages */
        bool offered;
        bool waits_for_cell; /* for another one to be gone */
        uint64_t round;      /* in which it was tried again */
} Connection;

struct LoginServer {
        Manager *manager;
        Listener listener;
        LIST_HEAD(, Connection) connections;
        unsigned n_connections;
        uint64_t round; /* counts cells that are gone */
};

/* Closes it, and ends its session unless that has joined. Returns NULL. */
Connection *connection_free(Connection *c);

/* All fields zero but what a reply begins with. */
void connection_init_reply(LoginReply *reply, LoginVerdict verdict);
/* -errno of sendmsg(2); pidfd and filter may be -EBADF. */
int connection_send_reply(Connection *c, const LoginReply *reply, int pidfd, int filter_fd);
/* What is refused goes away, or is made to. */
void connection_watch_refused(const Connection *c);

/* These answer, and free the connection. */

/* Without a cell. `loud`: the user is told. */
void connection_answer(Connection *c, LoginVerdict verdict, LoginStage stage, bool loud, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
/* The cell can't be had: what OnFailure= of its policy says, if it is the host that fails. A check leaves that to the
 * session. */
void connection_answer_failure(Connection *c, LoginStage stage, int error, const char *message);
/* The cell of its session; then it waits for "joined". */
void connection_offer(Connection *c);
