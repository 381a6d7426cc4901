/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/cell.h"
#include "manager/work/event.h"
#include "manager/work/user-process.h"

typedef enum SessionState {
        SESSION_WAITING,   /* for its cell; the record exists. Next: attaching, or freed */
        SESSION_ATTACHING, /* a job moves the leader into the control group. Next: offered, or closing */
        SESSION_OFFERED,   /* the reply is out, "joined" is not here yet. Next: live, closing */
        SESSION_LIVE,      /* until the leader exits or says that it has closed. Next: closing */
        SESSION_CLOSING,   /* a job releases the leader, if it still lives. Next: freed */
        _SESSION_STATE_MAX,
        _SESSION_STATE_INVALID = -EINVAL,
} SessionState;

extern const char *const session_state_names[_SESSION_STATE_MAX];
const char *session_state_to_string(SessionState s);

typedef struct SessionHost {
        int records_fd;
} SessionHost;

struct Session {
        UT_hash_handle hh; /* the manager's table, by id */
        SessionHost *host;
        char id[LOGIN_ID_MAX];
        Cell *cell;
        LIST_ENTRY(Session) entry; /* in the cell's list */
        SessionState state;
        uid_t uid;
        char *user, *service, *tty, *remote_host; /* escaped, for people */
        uint64_t since_usec; /* CLOCK_REALTIME, for people */

        pid_t leader;
        unsigned long long leader_start_time;
        int leader_pidfd;
        char *home;  /* text of the leader's /proc/PID/cgroup before */
        char *group; /* the control group that it was put into; NULL: not yet */
        bool executes; /* it becomes what it was started for, without a fork */
        bool in_reserve, released;
        uint64_t joined_usec; /* CLOCK_MONOTONIC */
        bool settled;       /* what it was promised of its cell's TasksMax= it has, or won't take; see room.h */
        bool waits_for_room;
        sd_event_source *room_source;
        uint64_t room_deadline_usec; /* CLOCK_MONOTONIC; 0: it has not waited yet */
        char **kept; /* lines of its record that this version does not know */
        struct Connection *connection; /* of the login server; NULL once live */

        Job *job;
        sd_event_source *leader_source;
        UserProcess user_process;      /* verified to be in the cell; its pidfd -EBADF: not found yet */
        sd_event_source *user_source;  /* the timer of the next look for it, or its end */
        uint64_t wait_usec;            /* until the next look; doubles */
};

/* Is it that of a user's service manager? It comes with the first login and goes with the last: no login. */
bool session_is_user_manager(const Session *s);

/* As what is told of it in the journal names it; borrows. */
EventSubject session_about(const Session *s);

Session *session_free(Session *s); /* leaves all as it is, takes NULL, returns NULL */
