/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "netns/shaping.h"
#include "policies/policy.h"

/* A place that somebody has; borrows. */
typedef struct SumsPlace {
        const char *policy;
        uid_t uid;
        ShapingPlace place;
} SumsPlace;

/* A place for somebody new among those that share sums of bandwidth with them (netns/shaping.h), where `taken` are all
 * that have one; all zero if the policy has no such sum. -ENOSPC: as many share them as can. */
int sums_choose(const SumsPlace *taken, size_t n_taken, const Policy *policy, uid_t uid, ShapingPlace *ret);
