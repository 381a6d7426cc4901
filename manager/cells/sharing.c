/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/sharing.h"

#include <string.h>

#include "manager/cells/cell-life.h"

void sharing_end(const CellTable *t, const Cell *owner) {
        for (Cell *c = t->cells; c; c = c->hh.next)
                if (strcmp(c->network_of, owner->id) == 0)
                        cell_end(c, "the cell whose network it shares has ended");
}

void sharing_list_interfaces(const CellTable *t, const Policy *policy, char *text, size_t size) {
        size_t n = 0;

        *text = '\0';
        for (char **name = policy->interfaces; name && *name && n < size; name++) {
                const Cell *c = policy->network_mode == NETWORK_INTERFACE ? table_find_lent(t, *name) : NULL;
                int k = c ? snprintf(text + n, size - n, "%s%s is %s a cell", n ? ", " : "", *name,
                                     c->state == CELL_ENDING ? "just coming back from" : "in") :
                            snprintf(text + n, size - n, "%sthere is no %s", n ? ", " : "", *name);

                n += (size_t) MAX(k, 0);
        }
}
