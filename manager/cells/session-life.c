/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session lives as long as its leader, the process that called PAM, which is watched by pidfd. */

#include "manager/cells/session-life.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/notices.h"
#include "manager/cells/room.h"
#include "manager/cells/session-end.h"
#include "manager/cells/session-record.h"
#include "manager/cells/session-user.h"
#include "manager/work/event.h"
#include "manager/work/state.h"
#include "manager/work/user-process.h"

#define ATTACH_TIMEOUT_USEC (10 * USEC_PER_SEC)

static int on_leader_exit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        session_end(userdata);
        return 0;
}

/* --- opening ----------------------------------------------------------------------------- */

void session_joined(Session *s) {
        int r;

        s->connection = NULL;
        if (s->state == SESSION_CLOSING) /* it has exited since, and that was heard first */
                return;
        s->state = SESSION_LIVE;
        s->joined_usec = login_now_usec();
        r = session_save(s);
        if (r < 0)
                log_warning_errno(r, "Cannot record session %s: %m", s->id);
        event_send(EVENT_SESSION_NEW, LOG_INFO, session_about(s), "Session %s of %s (%s%s%s) is in cell %s%s", s->id,
                   s->user, s->service, *s->remote_host ? " from " : "", s->remote_host, s->cell->id,
                   s->in_reserve ? ", in its reserve: TasksMax= is reached" : "");
        r = session_user_watch(s);
        if (r < 0)
                log_warning_errno(r, "The login program of session %s is not protected from what its cell does: %m", s->id);
}

static void on_attached(const JobReport *report, const char *text, void *userdata) {
        Session *s = userdata;
        JobReport outcome = *report;

        s->job = NULL;
        if (report->error == -EAGAIN && room_wait(s)) {
                s->state = SESSION_WAITING;
                return;
        }
        s->in_reserve = report->flags & BUILDER_IN_RESERVE;
        s->state = SESSION_OFFERED;
        if (outcome.error >= 0) {
                s->group = strdup(text);
                if (!s->group)
                        outcome.error = -ENOMEM;
        }
        notices_post(s->cell->host->notices, NOTICE_SESSION_READY, s->cell, s, &outcome);
}

static void run_attach(void *userdata, JobReport *report, JobText *text) {
        const Session *s = userdata;
        CellPlan cell;
        LeaderPlan plan;

        leader_plan(s, &cell, &plan);
        builder_attach(&plan, report, text);
}

int session_attach(Session *s) {
        const JobSpec spec = {
                .name = "put a login into its cell",
                .uid = s->uid,
                .passes = !s->cell->host->driver->user_in_one_group,
                .timeout_usec = ATTACH_TIMEOUT_USEC,
                .run = run_attach,
                .done = on_attached,
                .userdata = s,
        };
        int r;

        if (s->cell->state != CELL_LIVE)
                return -ESRCH;
        s->state = SESSION_ATTACHING;
        r = session_save(s);
        if (r >= 0)
                r = job_start(s->cell->host->jobs, &spec, &s->job);
        if (r < 0)
                s->state = SESSION_WAITING;
        return r;
}

static int watch_leader(Session *s) {
        unsigned long long start;
        int r;

        if (s->leader_pidfd < 0) {
                s->leader_pidfd = fd_pidfd_open(s->leader);
                if (s->leader_pidfd >= 0)
                        s->leader_pidfd = fd_move_high(s->leader_pidfd);
                if (s->leader_pidfd < 0)
                        return s->leader_pidfd;
        }
        r = fd_pid_start_time(s->leader, &start);
        if (r < 0)
                return r;
        if (s->leader_start_time != 0 && s->leader_start_time != start)
                return -ESRCH;
        s->leader_start_time = start;
        if (!session_leader_lives(s)) /* so the number above was its own */
                return -ESRCH;
        return sd_event_add_io(s->cell->host->event, &s->leader_source, s->leader_pidfd, EPOLLIN,
                               on_leader_exit, s);
}

static void join_list(Session *s, Cell *cell) {
        s->cell = cell;
        LIST_INSERT_HEAD(&cell->sessions, s, entry);
        cell->n_sessions++;
        cell_session_joined(cell, s);
}

static int copy_info(Session *s, const SessionInfo *info) {
        s->since_usec = record_now_usec();
        s->uid = info->uid;
        s->executes = info->executes;
        s->leader = info->leader;
        s->leader_pidfd = fcntl(info->leader_pidfd, F_DUPFD_CLOEXEC, 3);
        if (s->leader_pidfd < 0)
                return -errno;
        s->leader_pidfd = fd_move_high(s->leader_pidfd);
        s->user = escape_text(info->user ?: "");
        s->service = escape_text(info->service ?: "");
        s->tty = escape_text(info->tty ?: "");
        s->remote_host = escape_text(info->remote_host ?: "");
        return s->user && s->service && s->tty && s->remote_host ? 0 : -ENOMEM;
}

int session_new(SessionHost *host, Cell *cell, const SessionInfo *info, Session **ret) {
        Session *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->host = host;
        s->leader_pidfd = s->user_process.pidfd = -EBADF;
        r = copy_info(s, info);
        if (r >= 0)
                r = record_choose_id('s', s->id);
        if (r >= 0) {
                join_list(s, cell);
                r = watch_leader(s);
        }
        if (r >= 0)
                r = fd_pid_read(s->leader, "cgroup", 64 * 1024, &s->home);
        if (r >= 0)
                r = session_save(s);
        if (r < 0) {
                session_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

int session_restore(SessionHost *host, const char *id, const CellTable *table, Session **ret) {
        _cleanup_(freep) char *cell_id = NULL;
        Session *s;
        Cell *cell;
        int r;

        if (strlen(id) >= LOGIN_ID_MAX)
                return -EBADMSG;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->host = host;
        s->leader_pidfd = s->user_process.pidfd = -EBADF;
        (void) strcpy(s->id, id);
        r = session_record_read(s, &cell_id);
        if (r >= 0) {
                cell = table_find_cell(table, cell_id);
                if (cell)
                        join_list(s, cell);
                else
                        r = -ENOENT;
        }
        if (r >= 0)
                r = watch_leader(s);
        if (r >= 0 && s->state == SESSION_LIVE)
                r = session_user_watch(s);
        if (r < 0) {
                session_free(s);
                return r;
        }
        *ret = s;
        return 0;
}
