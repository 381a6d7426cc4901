/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"
#include "policies/policy.h"

typedef struct PolicySet PolicySet;

/* Loads *.ini of the directories, highest priority first (the same file name in an earlier one
 * replaces; a link to /dev/null, or an empty file, masks), each with its drop-ins NAME.ini.d/
 * *.ini in name order over all directories, Extends= resolved (a loop is an error), and checks
 * every policy, also with `check_host` (may be NULL: then nothing about the host is checked), which
 * adds to `diags` what this host can't enforce (errors, or warnings if the policy says
 * IfUnsupported=warn). A directory that does not exist is empty.
 *
 * A file with errors is left out, or, if `previous` (may be NULL) has its policy, replaced by that
 * last good version, marked stale. A policy that extends a broken one is broken too.
 *
 * 0: *ret is set, whatever `diags` holds. -ENOMEM, -EMFILE and the like: nothing loaded. */
typedef void (*policy_check_host_t)(const Policy *p, PolicyDiags *diags, void *userdata);

int policy_set_load(char *const *directories, bool trust, const PolicySet *previous,
                    policy_check_host_t check_host, void *userdata, PolicyDiags *diags,
                    PolicySet **ret);
PolicySet *policy_set_free(PolicySet *s); /* takes NULL, returns NULL */
DEFINE_CLEANUP(PolicySet *, policy_set_free);

/* In the order of their file names, which is the order of matching. */
size_t policy_set_size(const PolicySet *s);
Policy *policy_set_get(const PolicySet *s, size_t i); /* borrowed */
Policy *policy_set_find(const PolicySet *s, const char *name); /* borrowed; NULL: none */

/* All group names that [Match] sections use, each once, borrowed: for the resolver. */
char *const *policy_set_group_names(const PolicySet *s);

/* Services that Unit= of a refused file names, which has no last good version; borrowed. Only what could be
 * read of it: nothing of a file that is not trusted. */
char *const *policy_set_broken_units(const PolicySet *s);
/* The first policy whose Unit= has this service, borrowed; NULL: none. */
Policy *policy_set_pick_unit(const PolicySet *s, const char *unit);

/* The first policy whose [Match] matches, borrowed; NULL: none. Policies without [Match] never
 * match. `on_skip` (may be NULL) is told about each one tried before and why it did not match. */
typedef void (*policy_skip_t)(const Policy *p, const char *why, void *userdata);
Policy *policy_set_pick(const PolicySet *s, const MatchSubject *subject, policy_skip_t on_skip,
                        void *userdata);
