/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/login.h"
#include "policies/policy.h"

/* What [Process] of a policy is for one session. -EINVAL: Environment= can't be expanded for this user, or is longer
 * than what a reply holds; -ENOMEM. The filter is not in it, and said not to be. */
int terms_of(const Policy *p, const MatchSubject *subject, const char *host, LoginProcess *ret);
/* Is there anything in it that a caller has to know how to do? */
bool terms_are_needed(const Policy *p);
