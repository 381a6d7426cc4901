/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/lent/sums.h"

#include <string.h>

#define NUMBERS_MAX (UINT16_MAX + 1)

static uint32_t find_tree(const SumsPlace *taken, size_t n_taken, const char *policy) {
        uint32_t tree = 1;
        bool is_taken;

        for (size_t i = 0; i < n_taken; i++)
                if (strcmp(taken[i].policy, policy) == 0)
                        return taken[i].place.tree;
        do {
                is_taken = false;
                for (size_t i = 0; i < n_taken && !is_taken; i++)
                        is_taken = taken[i].place.tree == tree;
        } while (is_taken && ++tree);
        return tree;
}

static int take_free(bool numbers[static NUMBERS_MAX], uint16_t *ret) {
        for (unsigned i = SHAPING_FIRST; i < NUMBERS_MAX; i++)
                if (!numbers[i]) {
                        numbers[i] = true;
                        *ret = (uint16_t) i;
                        return 0;
                }
        return -ENOSPC;
}

int sums_choose(const SumsPlace *taken, size_t n_taken, const Policy *policy, uid_t uid, ShapingPlace *ret) {
        bool numbers[NUMBERS_MAX] = {};
        ShapingPlace place = {};
        int r = 0;

        *ret = place;
        if (!policy_shares_bandwidth(policy))
                return 0;
        place.tree = find_tree(taken, n_taken, policy->name);
        for (size_t i = 0; i < n_taken; i++) {
                const ShapingPlace *other = &taken[i].place;

                if (other->tree != place.tree)
                        continue;
                numbers[other->user] = numbers[other->cell] = true;
                if (taken[i].uid == uid)
                        place.user = other->user;
        }
        if (!place.user)
                r = take_free(numbers, &place.user);
        if (r >= 0)
                r = take_free(numbers, &place.cell);
        if (r >= 0)
                *ret = place;
        return r;
}
