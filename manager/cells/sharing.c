/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/sharing.h"

#include <sched.h>
#include <string.h>

#include "manager/cells/cell-life.h"

Cell *sharing_find_owner(Cell *cells, const char *policy, uid_t uid) {
        for (Cell *c = cells; c; c = c->hh.next)
                if (c->state == CELL_LIVE && strcmp(c->policy->name, policy) == 0 && !*c->network_of &&
                    cell_namespaces(c) & CLONE_NEWNET && c->policy->scope != CELL_SCOPE_SESSION &&
                    (c->policy->scope == CELL_SCOPE_POLICY || c->uid == uid))
                        return c;
        return NULL;
}

static const Cell *find_lent(const Cell *cells, const char *device) {
        for (const Cell *c = cells; c; c = c->hh.next)
                if (!c->removed && c->policy->network_mode == NETWORK_INTERFACE && strcmp(c->device, device) == 0)
                        return c;
        return NULL;
}

bool sharing_is_lent(const Cell *cells, const char *device) {
        return find_lent(cells, device) != NULL;
}

void sharing_end(Cell *cells, const Cell *owner) {
        for (Cell *c = cells; c; c = c->hh.next)
                if (strcmp(c->network_of, owner->id) == 0)
                        cell_end(c, "the cell whose network it shares has ended");
}

void sharing_list_interfaces(const Cell *cells, const Policy *policy, char *text, size_t size) {
        size_t n = 0;

        *text = '\0';
        for (char **name = policy->interfaces; name && *name && n < size; name++) {
                const Cell *c = policy->network_mode == NETWORK_INTERFACE ? find_lent(cells, *name) : NULL;
                int k = c ? snprintf(text + n, size - n, "%s%s is %s a cell", n ? ", " : "", *name,
                                     c->state == CELL_ENDING ? "just coming back from" : "in") :
                            snprintf(text + n, size - n, "%sthere is no %s", n ? ", " : "", *name);

                n += (size_t) MAX(k, 0);
        }
}
