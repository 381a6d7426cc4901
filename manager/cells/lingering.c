/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/lingering.h"

#include <sys/socket.h>

#include "base/parse.h"
#include "manager/cells/cell-life.h"

#define LINGERING_OF_USER_MAX 8

static bool lingers(const Cell *c) {
        return c->state == CELL_LIVE && c->n_sessions == 0 && c->lingers_since_usec != 0;
}

void lingering_bound(const CellTable *t, uid_t uid) {
        Cell *oldest = NULL;
        unsigned n = 0;

        for (Cell *c = t->cells; c; c = c->hh.next) {
                if (c->uid != uid || !lingers(c))
                        continue;
                n++;
                if (!oldest || c->lingers_since_usec < oldest->lingers_since_usec)
                        oldest = c;
        }
        if (n > LINGERING_OF_USER_MAX && oldest)
                cell_end(oldest, "its user has newer ones that linger");
}

static bool has_address_of(const Cell *c, const Policy *policy) {
        if (*c->network_of)
                return false;
        for (size_t i = 0; i < policy->n_pools; i++)
                if ((c->address4.family != AF_UNSPEC && prefix_contains(&policy->pools[i], &c->address4)) ||
                    (c->address6.family != AF_UNSPEC && prefix_contains(&policy->pools[i], &c->address6)))
                        return true;
        return false;
}

bool lingering_give_back(const CellTable *t, const Policy *policy) {
        Cell *oldest = NULL;
        bool ending = false;

        for (Cell *c = t->cells; c; c = c->hh.next) {
                if (!has_address_of(c, policy))
                        continue;
                ending = ending || c->state == CELL_ENDING;
                if (lingers(c) && (!oldest || c->lingers_since_usec < oldest->lingers_since_usec))
                        oldest = c;
        }
        if (!ending && oldest)
                cell_end(oldest, "its address is needed for a login");
        return ending || oldest;
}
