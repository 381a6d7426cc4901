/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "cgroups/driver.h"
#include "manager/work/job.h"
#include "policies/policy.h"

/* Sums over everybody under a policy, on hosts where no control group holds them all (Driver.shares_sums):
 * each user has a share of the sum as a limit of his own, and the shares move to where they are used.
 *
 * What is not used is divided evenly, with one part kept for whoever comes next; so the shares never add up
 * to more than the sum. A user who needs more than his share waits until the next look, SHARES_LOOK_USEC
 * at most, while others have some left. Nobody's share is cut below what he uses. Everybody gets at least
 * a floor, even when nothing is left: by so much a sum can be exceeded. */

#define SHARES_LOOK_USEC USEC_PER_SEC
#define SHARES_FLOOR_MEMORY_BYTES (UINT64_C(16) << 20)
#define SHARES_FLOOR_TASKS UINT64_C(16)
#define SHARES_FLOOR_CPU_PERMILLE UINT64_C(50)

typedef struct Shares Shares;

/* `limit` runs in a job: puts the user's limits in force anew, as shares_get() has them. Returns < 0 with
 * `what` failed. */
typedef int (*shares_limit_t)(uid_t uid, const char *policy, char what[static DRIVER_WHAT_MAX], void *userdata);
int shares_new(sd_event *event, Jobs *jobs, const Hierarchies *hierarchies, shares_limit_t limit, void *userdata,
               Shares **ret);
Shares *shares_free(Shares *s); /* takes NULL, returns NULL */

/* A user has come to a policy (again, or one without sums: no change), or is gone from it. `restored`: he was
 * there before the manager, and what is in force is his share. -ENOMEM. */
int shares_add(Shares *s, const Policy *policy, uid_t uid, bool restored);
void shares_remove(Shares *s, const char *policy, uid_t uid);
/* Tightens `limits` by all of a user's shares. */
void shares_get(const Shares *s, uid_t uid, Resources *limits);

/* Pure: what each of `n` users should get of `total`, who use `usage[]`. */
void shares_divide(uint64_t total, uint64_t floor, size_t n, const uint64_t *usage, uint64_t *ret);
