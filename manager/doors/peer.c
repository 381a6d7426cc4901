/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/peer.h"

#include "bus/contract.h"
#include "manager/cells/table.h"

/* What fails to be added for want of memory may leave nodes of its path without anything in them, and libsystemd asserts
 * that there are none when the bus is freed: they go with something else that is there, and is taken away again. If there
 * is no memory for that either, the bus is better kept. */
sd_bus *peer_close_bus(sd_bus *bus) {
        static const char *const paths[] = { "/org/freedesktop/DBus", BUS_PATH, BUS_CELL_PATH, BUS_SESSION_PATH };

        if (!bus)
                return NULL;
        (void) sd_bus_detach_event(bus);
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                sd_bus_slot *slot;

                if (sd_bus_add_object_manager(bus, &slot, paths[i]) < 0) {
                        sd_bus_close(bus);
                        return NULL;
                }
                sd_bus_slot_unref(slot);
        }
        return sd_bus_close_unref(bus);
}

uid_t peer_effective_uid(Manager *m, uid_t uid, pid_t pid, int pidfd) {
        Cell *c;
        int r;

        if (uid != 0)
                return uid;
        r = table_find_cell_of(&m->cell_host, pid, pidfd, &c);
        return r == 0 ? 0 : r > 0 && c->uid != 0 ? c->uid : UID_INVALID;
}

int peer_attach_objects(Peer *p) {
        int r;

        r = manager_bus_attach(p);
        if (r >= 0)
                r = cell_bus_attach(p);
        if (r >= 0)
                r = session_bus_attach(p);
        if (r >= 0)
                r = sd_bus_add_object_manager(p->bus, NULL, BUS_PATH);
        return r;
}
