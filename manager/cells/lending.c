/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/lending.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/lent/subids.h"
#include "manager/lent/sums.h"

int lending_choose_ids(const CellTable *t, uint64_t first, uint64_t last, const char *user, uid_t uid,
                       uid_t *ret_first) {
        _cleanup_(freep) SubidsLoan *loans = calloc(HASH_COUNT(t->cells) + 1, sizeof(*loans));
        size_t n = 0;

        if (!loans)
                return -ENOMEM;
        for (const Cell *c = t->cells; c; c = c->hh.next)
                if (c->first_id != 0)
                        loans[n++] = (SubidsLoan) { .uid = c->uid, .first = c->first_id };
        return subids_choose(loans, n, first, last, user, uid, ret_first);
}

int lending_choose_place(const CellTable *t, const Policy *policy, uid_t uid, ShapingPlace *ret) {
        _cleanup_(freep) SumsPlace *taken = calloc(HASH_COUNT(t->cells) + 1, sizeof(*taken));
        size_t n = 0;

        if (!taken)
                return -ENOMEM;
        for (const Cell *c = t->cells; c; c = c->hh.next)
                if (c->place.tree)
                        taken[n++] = (SumsPlace) { .policy = c->policy->name, .uid = c->uid, .place = c->place };
        return sums_choose(taken, n, policy, uid, ret);
}

void lending_drop_share(Shares *shares, const CellTable *t, const char *policy, uid_t uid) {
        if (!shares || uid == UID_INVALID)
                return;
        for (const Cell *c = t->cells; c; c = c->hh.next)
                if (c->state != CELL_ENDING && strcmp(c->policy->name, policy) == 0 && table_has_user(c, uid, false))
                        return;
        shares_remove(shares, policy, uid);
}
