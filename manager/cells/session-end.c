/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/session-end.h"

#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/builder.h"
#include "manager/cells/cell-life.h"
#include "manager/cells/cell-plan.h"
#include "manager/cells/notices.h"
#include "manager/cells/room.h"
#include "manager/cells/session-record.h"

#define RELEASE_TIMEOUT_USEC (10 * USEC_PER_SEC)

static void remove_record(const Session *s) {
        if (unlinkat(s->host->records_fd, s->id, 0) < 0 && errno != ENOENT)
                log_warning_errno(errno, "Cannot remove the record of session %s: %m", s->id);
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

bool session_leader_lives(const Session *s) {
        return !fd_pidfd_has_exited(s->leader_pidfd);
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
        r = session_save(s);
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
        if (attached && session_leader_lives(s)) {
                r = session_release(s);
                if (r < 0)
                        log_warning_errno(r, "Cannot release the leader of session %s: %m", s->id);
        }
        if (r < 0)
                finish(s);
}
