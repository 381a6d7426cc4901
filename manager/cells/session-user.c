/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login program that forks once for its user (sshd, su, login, sudo) is released when the user's process is there:
 * with a memory bomb in the cell the kernel would kill it first, and then nobody would run close_session. Others are
 * not, because what they fork later must be born inside. Of every session the user's process is verified to be in the
 * cell; and should the login program fork another one after its release, that is outside, and the session ends. */

#include "manager/cells/session-user.h"

#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/room.h"
#include "manager/cells/session-end.h"
#include "manager/cells/strays.h"
#include "manager/work/event.h"
#include "manager/work/user-process.h"

#define LOOK_MIN_USEC (5 * USEC_PER_MSEC)
#define LOOK_MAX_USEC (1 * USEC_PER_SEC)
#define IDLE_LOOK_MAX_USEC (60 * USEC_PER_SEC) /* nothing depends on it */
#define RELEASE_AFTER_USEC (250 * USEC_PER_MSEC)
#define EXPEL_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* A login program that forks once for its user. That of root is not known from the helpers of PAM modules, which are
 * root's as well; only our own tool has none. */
static bool can_be_released(const Session *s) {
        static const char *const services[] = { "sshd", "su", "su-l", "login", "remote", "sudo", "sudo-i",
                                                "runuser", "runuser-l" };

        if (strcmp(s->service, "confinectl") == 0)
                return true;
        if (s->uid == 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                if (strcmp(s->service, services[i]) == 0)
                        return true;
        return false;
}

/* If the leader itself becomes the user's process, it is that. Errors as user_process_find_child(). */
static int find_user_process(Session *s) {
        uint64_t inode = s->cell->inodes[LOGIN_NS_PID];

        return s->executes && inode == 0 ? user_process_take(s->leader, &s->user_process) :
                                           user_process_find_child(s->leader, s->uid, inode, &s->user_process);
}

static int look_after(Session *s, uint64_t usec, sd_event_time_handler_t handler) {
        s->user_source = sd_event_source_disable_unref(s->user_source);
        return sd_event_add_time_relative(s->cell->host->event, &s->user_source, CLOCK_MONOTONIC, usec, 0, handler, s);
}

static void run_expel(void *userdata, JobReport *report, JobText *text) {
        const Session *s = userdata;
        CellPlan cell;

        (void) text;
        cell_plan(s->cell, &cell);
        builder_expel(&cell, s->cell->init_pid, report);
}

static void on_expelled(const JobReport *report, const char *text, void *userdata) {
        Session *s = userdata;

        (void) text;
        s->job = NULL;
        if (report->error < 0) { /* nobody can say who is outside: so nobody stays */
                log_error_errno(report->error, "Session %s: %s: %m; ending cell %s", s->id, report->what, s->cell->id);
                cell_end(s->cell, "a process of it is outside of its limits, and can't be found");
                return;
        }
        log_notice("Killed %" PRIu64 " processes that were outside of the limits of cell %s", report->numbers[0],
                   s->cell->id);
        session_end(s);
}

/* The user's process is not where it has to be. Whatever else the leader has forked there is killed with it. */
static void expel(Session *s, const UserProcess *u, const char *what) {
        const JobSpec spec = {
                .name = "kill what is outside of a cell",
                .uid = s->uid,
                .timeout_usec = EXPEL_TIMEOUT_USEC,
                .run = run_expel,
                .done = on_expelled,
                .userdata = s,
        };
        int r = -ESRCH;

        event_send(EVENT_OUTSIDE, LOG_ERR, session_about(s),
                   "Session %s of %s (%s): process %d is outside of cell %s: %s; ending the session", s->id, s->user, s->service,
                   (int) u->pid, s->cell->id, what);
        (void) fd_pidfd_send_signal(u->pidfd, SIGKILL);
        (void) fd_pidfd_send_signal(s->leader_pidfd, SIGTERM);
        if (s->cell->n_sessions > 1 && s->cell->inodes[LOGIN_NS_PID] != 0)
                r = job_start(s->cell->host->jobs, &spec, &s->job);
        if (r < 0)
                cell_end(s->cell, "a process of its session is outside of its limits");
}

static int on_user_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* What has exited was a helper, if the leader forks another one. */
static int look_again(Session *s) {
        user_process_done(&s->user_process);
        s->wait_usec = LOOK_MIN_USEC;
        return look_after(s, 0, on_user_timer);
}

static int on_user_exit(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Session *s = userdata;
        int r;

        (void) source, (void) fd, (void) events;
        r = look_again(s);
        if (r < 0)
                log_warning_errno(r, "Session %s can't be watched any more: %m", s->id);
        return 0;
}

static int watch_user_exit(Session *s) {
        s->user_source = sd_event_source_disable_unref(s->user_source);
        return sd_event_add_io(s->cell->host->event, &s->user_source, s->user_process.pidfd, EPOLLIN, on_user_exit, s);
}

/* A helper that a PAM module runs as the user has had its time to end. */
static int on_release_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Session *s = userdata;
        int r;

        (void) source, (void) usec;
        if (fd_pid_is_exiting(s->user_process.pid, s->user_process.pidfd))
                r = look_again(s);
        else {
                r = watch_user_exit(s);
                if (r >= 0)
                        r = session_release(s);
        }
        if (r < 0)
                log_warning_errno(r, "The login program of session %s is not protected from what its cell does: %m", s->id);
        return 0;
}

/* Found and verified: what is it good for? */
static int accept_user_process(Session *s) {
        bool release = can_be_released(s);

        room_settled(s);
        if (release && !s->released)
                return look_after(s, RELEASE_AFTER_USEC, on_release_timer);
        if (s->released && s->cell->host->driver->moves_leaders_out)
                return watch_user_exit(s);
        user_process_done(&s->user_process);
        s->user_source = sd_event_source_disable_unref(s->user_source);
        return 0;
}

static int on_user_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        char what[USER_PROCESS_WHAT_MAX] = "";
        Session *s = userdata;
        int r;

        (void) source, (void) usec;
        r = find_user_process(s);
        if (r >= 0)
                r = user_process_verify(&s->user_process, s->cell->host->hierarchies, s->group, s->cell->inodes,
                                        what);
        if (r == -EXDEV) {
                s->user_source = sd_event_source_disable_unref(s->user_source);
                expel(s, &s->user_process, what);
                return 0;
        }
        if (r >= 0)
                r = accept_user_process(s);
        else { /* not there yet, or gone already */
                user_process_done(&s->user_process);
                r = look_after(s, s->wait_usec, on_user_timer);
                s->wait_usec = MIN(s->wait_usec * 2, can_be_released(s) ? LOOK_MAX_USEC : IDLE_LOOK_MAX_USEC);
        }
        if (r < 0)
                log_warning_errno(r, "Session %s can't be watched any more: %m", s->id);
        return 0;
}

int session_user_watch(Session *s) {
        s->wait_usec = LOOK_MIN_USEC;
        return look_after(s, s->wait_usec, on_user_timer);
}
