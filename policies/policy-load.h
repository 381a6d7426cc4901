/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"
#include "policies/policy-set.h"

/* Loads *.ini of the directories, highest priority first (the same file name in an earlier one
 * replaces; a link to /dev/null, or an empty file, masks), each with its drop-ins NAME.ini.d/
 * *.ini in name order over all directories, Extends= resolved (a loop is an error), and checks
 * every policy, also with `check_host` (may be NULL: then nothing about the host is checked), which
 * adds to `diags` what this host can't enforce (errors, or warnings if the policy says
 * IfUnsupported=warn). A directory that does not exist is empty.
 *
 * A file with errors is replaced by the last good version of its policy, marked stale, if `previous` (may be NULL) has
 * it. Else the policy is refused: policy_set_pick() still finds it for whom its [Match] names, or, where that can't be
 * read (an error in the section, a file or directory that is not trusted, a mistyped section), for everybody who comes
 * so far; an untrusted directory is such a policy before all others. A policy that extends a broken one is
 * broken too.
 *
 * 0: *ret is set, whatever `diags` holds. -ENOMEM, -EMFILE and the like: nothing loaded. */
typedef void (*policy_check_host_t)(const Policy *p, PolicyDiags *diags, void *userdata);

int policy_set_load(char *const *directories, bool trust, const PolicySet *previous,
                    policy_check_host_t check_host, void *userdata, PolicyDiags *diags,
                    PolicySet **ret);
