/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policies/policy.h"

/* Policies, in the order of matching. */
typedef struct PolicySet PolicySet;

/* A set of these, in the order of matching; each gets a reference. `broken_units` (may be NULL) are copied. -ENOMEM. */
int policy_set_new(Policy *const *policies, size_t n, char *const *broken_units, PolicySet **ret);
PolicySet *policy_set_free(PolicySet *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(PolicySet *, policy_set_free);

/* Those that can be used, in the order of their file names, which is the order of matching. */
size_t policy_set_size(const PolicySet *s);
Policy *policy_set_get(const PolicySet *s, size_t i); /* borrowed */
Policy *policy_set_find(const PolicySet *s, const char *name); /* borrowed; NULL: none */

/* Those that are refused, likewise. */
size_t policy_set_n_refused(const PolicySet *s);
Policy *policy_set_get_refused(const PolicySet *s, size_t i); /* borrowed */
Policy *policy_set_find_refused(const PolicySet *s, const char *name); /* borrowed; NULL: none */

/* All group names that [Match] sections use, each once, borrowed: for the resolver. */
char *const *policy_set_group_names(const PolicySet *s);
/* The same of users' names. */
char *const *policy_set_user_names(const PolicySet *s);

/* Has any of them a [Match] that needs the name of the primary group? See policy_wants_group(). */
bool policy_set_wants_group(const PolicySet *s);

/* Services that Unit= of a refused file names, which has no last good version; borrowed. Only what could be
 * read of it: nothing of a file that is not trusted. */
char *const *policy_set_broken_units(const PolicySet *s);
/* The first policy whose Unit= has this service, borrowed; NULL: none. */
Policy *policy_set_pick_unit(const PolicySet *s, const char *unit);

/* The first policy whose [Match] matches, borrowed; NULL: none. It may be refused. Policies without [Match] never
 * match. `on_skip` (may be NULL) is told about each one tried before and why it did not match. */
typedef void (*policy_skip_t)(const Policy *p, const char *why, void *userdata);
Policy *policy_set_pick(const PolicySet *s, const MatchSubject *subject, policy_skip_t on_skip,
                        void *userdata);
