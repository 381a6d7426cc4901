/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"
#include "policies/policy-keys.h"

/* The parts of policy_check(). */

typedef struct PolicyCheck {
        const Policy *policy;
        PolicyDiags *diags;
} PolicyCheck;

/* Where a key is set. */
const PolicySource *policy_source_of(const Policy *p, const PolicyKey *key);

/* Adds an error, or a warning, at the line of a key. */
void policy_complain(PolicyCheck *c, bool warning, const PolicyKey *key, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

void policy_check_filesystem(PolicyCheck *c);
void policy_check_process(PolicyCheck *c);
