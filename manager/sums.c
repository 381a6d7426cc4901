/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/sums.h"

#include <string.h>

#define NUMBERS_MAX (UINT16_MAX + 1)

static uint32_t find_tree(const Manager *m, const char *policy) {
        uint32_t tree = 1;
        bool taken;

        for (const Cell *c = m->cells; c; c = c->hh.next)
                if (c->place.tree && strcmp(c->policy->name, policy) == 0)
                        return c->place.tree;
        do {
                taken = false;
                for (const Cell *c = m->cells; c && !taken; c = c->hh.next)
                        taken = c->place.tree == tree;
        } while (taken && ++tree);
        return tree;
}

static int take_free(bool taken[static NUMBERS_MAX], uint16_t *ret) {
        for (unsigned i = SHAPING_FIRST; i < NUMBERS_MAX; i++)
                if (!taken[i]) {
                        taken[i] = true;
                        *ret = (uint16_t) i;
                        return 0;
                }
        return -ENOSPC;
}

int sums_choose(const Manager *m, const Policy *policy, uid_t uid, ShapingPlace *ret) {
        bool taken[NUMBERS_MAX] = {};
        ShapingPlace place = {};
        int r = 0;

        *ret = place;
        if (!policy_shares_bandwidth(policy))
                return 0;
        place.tree = find_tree(m, policy->name);
        for (const Cell *c = m->cells; c; c = c->hh.next) {
                if (c->place.tree != place.tree)
                        continue;
                taken[c->place.user] = taken[c->place.cell] = true;
                if (c->uid == uid)
                        place.user = c->place.user;
        }
        if (!place.user)
                r = take_free(taken, &place.user);
        if (r >= 0)
                r = take_free(taken, &place.cell);
        if (r >= 0)
                *ret = place;
        return r;
}
