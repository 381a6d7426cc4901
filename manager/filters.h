/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* The programs of cells/seccomp.h, made once for each policy that is in use. */
typedef struct Filters Filters;

Filters *filters_new(void); /* NULL: out of memory */
Filters *filters_free(Filters *f); /* takes NULL, returns NULL */

/* The fd for a policy, which keeps belonging to the table; those of policies that nobody else has any more are let
 * go. -errno as seccomp_build(). */
int filters_get(Filters *f, Policy *p);
