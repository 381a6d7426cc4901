/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/room.h"

#include "bus/login.h"
#include "manager/cells/notices.h"

#define TASKS_OF_LOGIN 3      /* the login program, the user's shell, and what that starts first */
#define WAIT_USEC (2 * USEC_PER_SEC) /* less than the module's timeout */
#define SETTLE_USEC (2 * USEC_PER_SEC)

static bool is_in_and_takes(const Session *s) {
        return s->state == SESSION_OFFERED ||
                (s->state == SESSION_LIVE && !s->settled && login_now_usec() < s->joined_usec + SETTLE_USEC);
}

/* Of those that are not in yet, who came first is first. */
unsigned room_promised(const Session *s) {
        const Session *other;
        bool is_older = false; /* new ones are at the head of the list */
        unsigned n = 0;

        LIST_FOREACH(other, &s->cell->sessions, entry) {
                if (other == s)
                        is_older = true;
                else if (is_in_and_takes(other) || (is_older && other->state == SESSION_ATTACHING))
                        n += TASKS_OF_LOGIN;
        }
        return n;
}

static void try_again(Session *s) {
        s->waits_for_room = false;
        s->room_source = sd_event_source_disable_unref(s->room_source);
        notices_post(s->cell->host->notices, NOTICE_SESSION_ROOM, s->cell, s, NULL);
}

static int on_time_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        try_again(userdata);
        return 0;
}

bool room_wait(Session *s) {
        uint64_t now = login_now_usec();

        if (s->room_deadline_usec == 0)
                s->room_deadline_usec = now + WAIT_USEC;
        if (now >= s->room_deadline_usec || room_promised(s) == 0 ||
            sd_event_add_time_relative(s->cell->host->event, &s->room_source, CLOCK_MONOTONIC,
                                       s->room_deadline_usec - now, 0, on_time_over, s) < 0)
                return false;
        s->waits_for_room = true;
        return true;
}

/* The one that has waited longest is next. */
void room_freed(Cell *c) {
        Session *s, *oldest = NULL;

        if (c->state != CELL_LIVE)
                return;
        LIST_FOREACH(s, &c->sessions, entry)
                if (s->waits_for_room)
                        oldest = s;
        if (oldest)
                try_again(oldest);
}

void room_settled(Session *s) {
        if (s->settled)
                return;
        s->settled = true;
        room_freed(s->cell);
}
