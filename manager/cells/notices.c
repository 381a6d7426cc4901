/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/notices.h"

#include <assert.h>

void notices_subscribe(Notices *n, NoticePhase phase, notice_handler_t handler, void *userdata) {
        assert(n->n < NOTICES_SUBSCRIBERS_MAX); /* they are as many as there are calls of this */
        n->subscribers[n->n].phase = phase;
        n->subscribers[n->n].handler = handler;
        n->subscribers[n->n++].userdata = userdata;
}

void notices_unsubscribe(Notices *n, const void *userdata) {
        size_t kept = 0;

        for (size_t i = 0; i < n->n; i++)
                if (n->subscribers[i].userdata != userdata)
                        n->subscribers[kept++] = n->subscribers[i];
        n->n = kept;
}

void notices_post(const Notices *n, NoticeKind kind, struct Cell *cell, struct Session *session, const JobReport *report) {
        const Notice notice = { .kind = kind, .cell = cell, .session = session, .report = report };

        for (NoticePhase phase = 0; phase < _NOTICE_PHASE_MAX; phase++)
                for (size_t i = 0; i < n->n; i++)
                        if (n->subscribers[i].phase == phase)
                                n->subscribers[i].handler(&notice, n->subscribers[i].userdata);
}
