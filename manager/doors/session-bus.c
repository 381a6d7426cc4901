/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "bus/contract.h"
#include "manager/daemon/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-server.h"

char *session_bus_path(const Session *s) {
        char *path = NULL;

        return sd_bus_path_encode(BUS_SESSION_PATH, s->id, &path) < 0 ? NULL : path;
}

static int find_session(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                        sd_bus_error *error) {
        _cleanup_(freep) char *id = NULL;
        Peer *p = userdata;
        Session *s;

        (void) bus, (void) interface, (void) error;
        if (sd_bus_path_decode(path, BUS_SESSION_PATH, &id) <= 0)
                return 0;
        s = manager_find_session(p->manager, id);
        if (!s || !session_bus_may_see(p, s))
                return 0;
        *ret = s;
        return 1;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error) {
        _cleanup_(strv_freep) char **paths = NULL;
        Peer *p = userdata;

        (void) bus, (void) prefix, (void) error;
        for (Session *s = p->manager->sessions; s; s = s->hh.next) {
                _cleanup_(freep) char *path = NULL;

                if (!session_bus_may_see(p, s))
                        continue;
                path = session_bus_path(s);
                if (!path || strv_extend(&paths, path) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(paths);
        return 0;
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Session *s = userdata;
        const struct {
                const char *name, *value;
        } texts[] = {
                { "Id", s->id }, { "Cell", s->cell->id }, { "Policy", s->cell->policy->name },
                { "User", s->user }, { "Service", s->service }, { "TTY", s->tty },
                { "RemoteHost", s->remote_host }, { "State", session_state_to_string(s->state) },
        };

        (void) bus, (void) path, (void) interface, (void) error;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (strcmp(property, texts[i].name) == 0)
                        return sd_bus_message_append(reply, "s", texts[i].value);
        return -ENOENT;
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Session *s = userdata;

        (void) bus, (void) path, (void) interface, (void) error;
        if (strcmp(property, "UID") == 0)
                return sd_bus_message_append(reply, "u", (uint32_t) s->uid);
        if (strcmp(property, "Leader") == 0)
                return sd_bus_message_append(reply, "u", (uint32_t) s->leader);
        return sd_bus_message_append(reply, "t", s->since_usec);
}

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Session *s = userdata;

        (void) bus, (void) path, (void) interface, (void) property, (void) error;
        return sd_bus_message_append(reply, "b", s->in_reserve);
}

/* The cell goes on, if others are in it: what is known to be of this session are its leader's
 * children. In a cell of all users (Scope=policy) what others have left may run when this is the last session. */
static int method_terminate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const Peer *p = sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(m)));
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
        SD_BUS_PROPERTY("Id", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Cell", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("User", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("UID", "u", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Service", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TTY", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RemoteHost", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_text, 0, 0),
        SD_BUS_PROPERTY("Since", "t", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Leader", "u", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("InReserve", "b", get_flag, 0, 0),
        SD_BUS_METHOD("Terminate", NULL, NULL, method_terminate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int session_bus_attach(Peer *p) {
        int r;

        r = sd_bus_add_fallback_vtable(p->bus, NULL, BUS_SESSION_PATH, BUS_SESSION_INTERFACE, session_vtable,
                                       find_session, p);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(p->bus, NULL, BUS_SESSION_PATH, enumerate, p);
        return r;
}
