/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* The programs of sandbox/seccomp.h, made once for all cells of a policy. */
typedef struct Filters Filters;
typedef struct Filter Filter;

Filters *filters_new(void); /* NULL: out of memory */
Filters *filters_free(Filters *f); /* with all of them; takes NULL, returns NULL */

/* Does a session under it get a filter? All do, as far as the kernel has such; where it has none, those whose policy
 * wants one are not let in, unless it says IfUnsupported=warn. */
bool filters_are_for(const Policy *p);

/* That of a policy, for a cell, which gives it back with filter_release(). -errno as seccomp_build(). */
int filters_acquire(Filters *f, Policy *p, Filter **ret);
Filter *filter_release(Filter *x); /* takes NULL, returns NULL */
int filter_fd(const Filter *x);    /* keeps belonging to it */
