/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* The programs of cells/seccomp.h, made once for each policy that is in use. */
typedef struct Filters Filters;

Filters *filters_new(void); /* NULL: out of memory */
Filters *filters_free(Filters *f); /* takes NULL, returns NULL */

/* Does a session under it get a filter? All do, as far as the kernel has such; where it has none, those whose policy
 * wants one are not let in, unless it says IfUnsupported=warn. */
bool filters_are_for(const Policy *p);

/* The fd for a policy, which keeps belonging to the table; those of policies that nobody else has any more are let
 * go. -errno as seccomp_build(). */
int filters_get(Filters *f, Policy *p);
