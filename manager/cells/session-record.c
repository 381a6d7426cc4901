/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/session-record.h"

#include <string.h>

#include "base/cleanup.h"
#include "manager/work/record-rows.h"

#define ROW(key, kind, field, ...) RECORD_ROW(Session, key, kind, field, __VA_ARGS__)

static const RecordRow rows[] = {
        ROW("State", WORD, state, .words = session_state_names, .n_words = _SESSION_STATE_MAX,
            .unknown = SESSION_LIVE), /* if its leader does */
        ROW("Uid", NUMBER, uid),
        ROW("User", STRING, user),
        ROW("Service", STRING, service),
        ROW("TTY", STRING, tty),
        ROW("RemoteHost", STRING, remote_host),
        ROW("Since", NUMBER, since_usec),
        ROW("Leader", NUMBER, leader),
        ROW("LeaderStartTime", NUMBER, leader_start_time),
        ROW("InReserve", FLAG, in_reserve),
        ROW("Released", FLAG, released),
        ROW("Executes", FLAG, executes),
        ROW("Group", TEXT, group),
        ROW("Home", STRING, home),
};

static const RecordType type = { .section = "Session", .of_this_boot = true, .rows = rows, .n_rows = ELEMENTSOF(rows) };

int session_save(const Session *s) {
        Record *r = record_new_object(&type, s, s->kept);

        if (!r)
                return -ENOMEM;
        record_set(r, "Cell", "%s", s->cell->id);
        return record_write(r, s->host->records_fd, s->id);
}

static int restore_other(const char *key, const char *value, void *userdata) {
        return strcmp(key, "Cell") == 0 ? record_restore_text(userdata, value) : 1;
}

int session_record_read(Session *s, char **ret_cell) {
        _cleanup_(freep) char *cell = NULL;
        int r = record_read_object(s->host->records_fd, s->id, &type, s, &s->kept, restore_other, &cell);

        if (r < 0)
                return r;
        if (!cell || !s->user || !s->service || !s->tty || !s->remote_host || !s->home)
                return -EBADMSG;
        *ret_cell = TAKE_PTR(cell);
        return 0;
}
