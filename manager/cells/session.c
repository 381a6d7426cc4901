/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"

const char *const session_state_names[_SESSION_STATE_MAX] = {
        [SESSION_WAITING] = "waiting",   [SESSION_ATTACHING] = "attaching", [SESSION_OFFERED] = "offered",
        [SESSION_LIVE] = "live",         [SESSION_CLOSING] = "closing",
};

const char *session_state_to_string(SessionState s) {
        return s >= 0 && s < _SESSION_STATE_MAX ? session_state_names[s] : "?";
}

bool session_is_user_manager(const Session *s) {
        return strcmp(s->service, POLICY_SERVICE_USER_MANAGER) == 0;
}

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
