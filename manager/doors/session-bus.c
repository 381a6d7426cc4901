/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stddef.h>

#include "base/fd.h"
#include "manager/cells/cell-life.h"
#include "manager/doors/bus-object.h"

BUS_OBJECT_GETTER(get_array, const char, text, "s", text); /* the characters are in the Session itself */
BUS_OBJECT_GETTER(get_cell, Cell *const, c, "s", (*c)->id);
BUS_OBJECT_GETTER(get_policy, Cell *const, c, "s", (*c)->policy->name);
BUS_OBJECT_GETTER(get_state, const SessionState, state, "s", session_state_to_string(*state));
BUS_OBJECT_GETTER(get_flag, const bool, flag, "b", (int) *flag);

/* The cell goes on, if others are in it: what is known to be of this session are its leader's
 * children. In a cell of all users (Scope=policy) what others have left may run when this is the last session. */
static int method_terminate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const Peer *p = bus_object_peer(m);
        Session *s = userdata;
        Cell *c = s->cell;

        (void) error;
        if (c->n_sessions == 1 && cell_bus_may_see(p, c))
                cell_end(c, "its only session was terminated");
        else if (s->leader_pidfd >= 0)
                (void) fd_pidfd_send_signal(s->leader_pidfd, SIGTERM);
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable session_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_array, offsetof(Session, id), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Cell", "s", get_cell, offsetof(Session, cell), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", get_policy, offsetof(Session, cell), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("User", "s", NULL, offsetof(Session, user), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", NULL, offsetof(Session, uid), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Service", "s", NULL, offsetof(Session, service), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TTY", "s", NULL, offsetof(Session, tty), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RemoteHost", "s", NULL, offsetof(Session, remote_host), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, offsetof(Session, state), 0),
        SD_BUS_PROPERTY("Since", "t", NULL, offsetof(Session, since_usec), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Leader", "u", NULL, offsetof(Session, leader), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("InReserve", "b", get_flag, offsetof(Session, in_reserve), 0),
        SD_BUS_METHOD("Terminate", NULL, NULL, method_terminate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int session_bus_attach(Peer *p) {
        int r;

        r = bus_object_add_vtable(p, BUS_OBJECT_SESSION, session_vtable, bus_object_find);
        if (r >= 0)
                r = bus_object_add_enumerator(p, BUS_OBJECT_SESSION);
        return r;
}
