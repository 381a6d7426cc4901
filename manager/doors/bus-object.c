/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/bus-object.h"

#include "bus/contract.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"

static const struct {
        const char *path, *interface;
} kinds[_BUS_OBJECT_KIND_MAX] = {
        [BUS_OBJECT_CELL] = { BUS_CELL_PATH, BUS_CELL_INTERFACE },
        [BUS_OBJECT_SESSION] = { BUS_SESSION_PATH, BUS_SESSION_INTERFACE },
};

char *bus_object_path(BusObjectKind kind, const char *id) {
        char *path = NULL;

        return sd_bus_path_encode(kinds[kind].path, id, &path) < 0 ? NULL : path;
}

bool cell_bus_may_see(const Peer *p, const Cell *c) {
        return access_may_see(p->uid, c->uid);
}

bool session_bus_may_see(const Peer *p, const Session *s) {
        return access_may_see(p->uid, s->uid);
}

void *bus_object_by_id(const Peer *p, BusObjectKind kind, const char *id) {
        Session *s;
        Cell *c;

        if (kind == BUS_OBJECT_CELL) {
                c = table_find_cell(&p->manager->table, id);
                return c && cell_bus_may_see(p, c) ? c : NULL;
        }
        s = table_find_session(&p->manager->table, id);
        return s && session_bus_may_see(p, s) ? s : NULL;
}

int bus_object_find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret, sd_bus_error *error) {
        (void) bus, (void) interface, (void) error;
        for (BusObjectKind k = 0; k < _BUS_OBJECT_KIND_MAX; k++) {
                _cleanup_(freep) char *id = NULL;

                if (sd_bus_path_decode(path, kinds[k].path, &id) <= 0)
                        continue;
                *ret = bus_object_by_id(userdata, k, id);
                return *ret != NULL;
        }
        return 0;
}

/* --- enumerating ------------------------------------------------------------------------- */

static int add_path(char ***paths, BusObjectKind kind, const char *id) {
        _cleanup_(freep) char *path = bus_object_path(kind, id);

        return path ? strv_extend(paths, path) : -ENOMEM;
}

static int enumerate_cells(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error) {
        _cleanup_(strv_freep) char **paths = NULL;
        const Peer *p = userdata;

        (void) bus, (void) prefix, (void) error;
        for (const Cell *c = p->manager->table.cells; c; c = c->hh.next)
                if (cell_bus_may_see(p, c) && add_path(&paths, BUS_OBJECT_CELL, c->id) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(paths);
        return 0;
}

static int enumerate_sessions(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error) {
        _cleanup_(strv_freep) char **paths = NULL;
        const Peer *p = userdata;

        (void) bus, (void) prefix, (void) error;
        for (const Session *s = p->manager->table.sessions; s; s = s->hh.next)
                if (session_bus_may_see(p, s) && add_path(&paths, BUS_OBJECT_SESSION, s->id) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(paths);
        return 0;
}

/* --- attaching --------------------------------------------------------------------------- */

int bus_object_add_enumerator(Peer *p, BusObjectKind kind) {
        return sd_bus_add_node_enumerator(p->bus, NULL, kinds[kind].path,
                                          kind == BUS_OBJECT_CELL ? enumerate_cells : enumerate_sessions, p);
}

int bus_object_add_vtable(Peer *p, BusObjectKind kind, const sd_bus_vtable *vtable, sd_bus_object_find_t find) {
        return sd_bus_add_fallback_vtable(p->bus, NULL, kinds[kind].path, kinds[kind].interface, vtable, find, p);
}

Peer *bus_object_peer(sd_bus_message *m) {
        return sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(m)));
}
