/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session lives as long as its leader, the process that called PAM, which is watched by pidfd. */

#include "manager/cells/session.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "manager/cells/builder.h"
#include "manager/cells/notices.h"
#include "manager/cells/room.h"
#include "manager/cells/session-user.h"
#include "manager/work/event.h"
#include "manager/work/state.h"
#include "manager/work/user-process.h"

#define ATTACH_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define RELEASE_TIMEOUT_USEC (10 * USEC_PER_SEC)

static const char *const state_names[_SESSION_STATE_MAX] = {
        [SESSION_WAITING] = "waiting",   [SESSION_ATTACHING] = "attaching", [SESSION_OFFERED] = "offered",
        [SESSION_LIVE] = "live",         [SESSION_CLOSING] = "closing",
};

const char *session_state_to_string(SessionState s) {
        return s >= 0 && s < _SESSION_STATE_MAX ? state_names[s] : "?";
}

bool session_is_user_manager(const Session *s) {
        return strcmp(s->service, POLICY_SERVICE_USER_MANAGER) == 0;
}

/* --- record ------------------------------------------------------------------------------ */

static int save(const Session *s) {
        Record *r = record_new("Session");

        if (!r)
                return -ENOMEM;
        record_set(r, "BootId", "%s", record_boot_id());
        record_set_kept(r, s->kept); /* what is written of the same key below holds */
        record_set(r, "Cell", "%s", s->cell->id);
        record_set(r, "State", "%s", session_state_to_string(s->state));
        record_set(r, "Uid", "%u", s->uid);
        record_set(r, "User", "%s", s->user);
        record_set(r, "Service", "%s", s->service);
        record_set(r, "TTY", "%s", s->tty);
        record_set(r, "RemoteHost", "%s", s->remote_host);
        record_set(r, "Since", "%" PRIu64, s->since_usec);
        record_set(r, "Leader", "%d", (int) s->leader);
        record_set(r, "LeaderStartTime", "%llu", s->leader_start_time);
        record_set(r, "InReserve", "%d", s->in_reserve);
        record_set(r, "Released", "%d", s->released);
        record_set(r, "Executes", "%d", s->executes);
        record_set(r, "Group", "%s", s->group ?: "");
        record_set(r, "Home", "%s", s->home);
        return record_write(r, s->host->records_fd, s->id);
}

typedef struct Restore {
        Session *session;
        char *cell;
        unsigned leader;
        uint64_t leader_start_time;
} Restore;

static int restore_state(SessionState *field, const char *value) {
        for (int i = 0; i < _SESSION_STATE_MAX; i++)
                if (strcmp(value, state_names[i]) == 0) {
                        *field = (SessionState) i;
                        return 0;
                }
        *field = SESSION_LIVE; /* if its leader does */
        return 1;
}

/* 1: it is none of these, or has a value that this version does not know. */
static int restore_known(Restore *restore, const char *key, const char *value) {
        Session *s = restore->session;
        uint64_t number;
        const struct {
                const char *key;
                char **text;
                uint64_t *number;
                unsigned *id;
                bool *flag;
        } table[] = {
                { "Cell", .text = &restore->cell },
                { "User", .text = &s->user },
                { "Service", .text = &s->service },
                { "TTY", .text = &s->tty },
                { "RemoteHost", .text = &s->remote_host },
                { "Home", .text = &s->home },
                { "Group", .text = &s->group },
                { "Since", .number = &s->since_usec },
                { "LeaderStartTime", .number = &restore->leader_start_time },
                { "Uid", .id = &s->uid },
                { "Leader", .id = &restore->leader },
                { "InReserve", .flag = &s->in_reserve },
                { "Released", .flag = &s->released },
                { "Executes", .flag = &s->executes },
        };

        if (strcmp(key, "BootId") == 0)
                return strcmp(value, record_boot_id()) == 0 ? 0 : -ESTALE;
        if (strcmp(key, "State") == 0)
                return restore_state(&s->state, value);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (strcmp(key, table[i].key) != 0)
                        continue;
                if (table[i].text)
                        return record_restore_text(table[i].text, value);
                if (parse_uint64(value, &number) < 0 || (!table[i].number && number > UINT32_MAX) ||
                    (table[i].flag && number > 1))
                        return -EBADMSG;
                if (table[i].number)
                        *table[i].number = number;
                else if (table[i].id)
                        *table[i].id = (unsigned) number;
                else
                        *table[i].flag = number;
                return 0;
        }
        return 1;
}

static int restore_key(const char *key, const char *value, void *userdata) {
        Restore *restore = userdata;
        char of[64];
        int r;

        r = restore_known(restore, key, value);
        if (r <= 0)
                return r;
        (void) snprintf(of, sizeof(of), "The record of session %s", restore->session->id);
        return record_keep(&restore->session->kept, of, key, value);
}

static void remove_record(const Session *s) {
        if (unlinkat(s->host->records_fd, s->id, 0) < 0 && errno != ENOENT)
                log_warning_errno(errno, "Cannot remove the record of session %s: %m", s->id);
}

/* --- ending ------------------------------------------------------------------------------ */

Session *session_free(Session *s) {
        if (!s)
                return NULL;
        job_cancel(s->job);
        sd_event_source_disable_unref(s->leader_source);
        sd_event_source_disable_unref(s->user_source);
        sd_event_source_disable_unref(s->room_source);
        user_process_done(&s->user_process);
        if (s->cell) {
                LIST_REMOVE(s, entry);
                s->cell->n_sessions--;
        }
        close_fd(s->leader_pidfd);
        free(s->user);
        free(s->service);
        free(s->tty);
        free(s->remote_host);
        free(s->home);
        free(s->group);
        strv_free(s->kept);
        free(s);
        return NULL;
}

EventSubject session_about(const Session *s) {
        return (EventSubject) {
                .cell = s->cell->id,
                .policy = s->cell->policy->name,
                .session = s->id,
                .user = s->user,
                .service = s->service,
                .verdict = "confined",
        };
}

static void finish(Session *s) {
        Cell *cell = s->cell;

        remove_record(s);
        event_send(EVENT_SESSION_REMOVED, LOG_INFO, session_about(s), "Session %s of %s (%s) in cell %s has ended",
                   s->id, s->user, s->service, cell->id);
        notices_post(cell->host->notices, NOTICE_SESSION_REMOVED, cell, s, NULL);
        session_free(s);
        room_freed(cell);
        cell_session_left(cell);
}

static bool leader_lives(const Session *s) {
        return !fd_pidfd_has_exited(s->leader_pidfd);
}

/* For a job; borrows. `ret_cell` is what *ret points to. */
static void leader_plan(const Session *s, CellPlan *ret_cell, LeaderPlan *ret) {
        cell_plan(s->cell, ret_cell);
        *ret = (LeaderPlan) {
                .plan = ret_cell,
                .tty = s->tty,
                .init_pid = s->cell->init_pid,
                .mnt_inode = s->cell->inodes[LOGIN_NS_MNT],
                .leader = { .session = s->id, .uid = s->uid, .pid = s->leader,
                            .start_time = s->leader_start_time, .home = s->home, .executes = s->executes,
                            .tasks_promised = room_promised(s) },
        };
}

static void run_release(void *userdata, JobReport *report, JobText *text) {
        const Session *s = userdata;
        CellPlan cell;
        LeaderPlan plan;

        (void) text;
        leader_plan(s, &cell, &plan);
        builder_release(&plan, s->state == SESSION_CLOSING, report);
}

static void on_released(const JobReport *report, const char *text, void *userdata) {
        Session *s = userdata;
        int r;

        (void) text;
        s->job = NULL;
        if (report->error < 0)
                log_warning_errno(report->error, "Session %s: %s: %m", s->id, report->what);
        if (s->state == SESSION_CLOSING) {
                finish(s);
                return;
        }
        s->released = report->error >= 0;
        room_freed(s->cell);
        r = save(s);
        if (r < 0)
                log_warning_errno(r, "Cannot record session %s: %m", s->id);
}

int session_release(Session *s) {
        const JobSpec spec = {
                .name = "release a login program",
                .uid = s->uid,
                .passes = !s->cell->host->driver->user_in_one_group,
                .timeout_usec = RELEASE_TIMEOUT_USEC,
                .run = run_release,
                .done = on_released,
                .userdata = s,
        };

        return job_start(s->cell->host->jobs, &spec, &s->job);
}

void session_end(Session *s) {
        bool attached = s->state >= SESSION_ATTACHING && !s->released;
        int r = -ESRCH;

        if (s->state == SESSION_CLOSING)
                return;
        s->job = job_cancel(s->job);
        s->user_source = sd_event_source_disable_unref(s->user_source);
        s->room_source = sd_event_source_disable_unref(s->room_source);
        s->leader_source = sd_event_source_disable_unref(s->leader_source);
        s->state = SESSION_CLOSING;
        room_settled(s);
        if (attached && leader_lives(s)) {
                r = session_release(s);
                if (r < 0)
                        log_warning_errno(r, "Cannot release the leader of session %s: %m", s->id);
        }
        if (r < 0)
                finish(s);
}

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
        r = save(s);
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

int session_cell_is_live(Session *s) {
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

        s->state = SESSION_ATTACHING;
        r = save(s);
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
        if (!leader_lives(s)) /* so the number above was its own */
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
                r = save(s);
        if (r < 0) {
                session_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

int session_restore(SessionHost *host, const char *id, Cell *(*find)(const char *id, void *userdata), void *userdata,
                    Session **ret) {
        Restore restore = {};
        Session *s;
        Cell *cell;
        int r;

        if (strlen(id) >= LOGIN_ID_MAX)
                return -EBADMSG;
        restore.session = s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->host = host;
        s->leader_pidfd = s->user_process.pidfd = -EBADF;
        (void) strcpy(s->id, id);
        r = record_read(host->records_fd, id, "Session", restore_key, &restore);
        if (r >= 0 && (!restore.cell || !s->user || !s->service || !s->tty || !s->remote_host || !s->home))
                r = -EBADMSG;
        if (r >= 0) {
                cell = find(restore.cell, userdata);
                if (cell)
                        join_list(s, cell);
                else
                        r = -ENOENT;
        }
        free(restore.cell);
        s->leader = (pid_t) restore.leader;
        s->leader_start_time = restore.leader_start_time;
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
