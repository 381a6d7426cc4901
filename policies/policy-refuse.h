/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"

/* Makes *p, as far as it could be read, stand for a policy that can't be used: p->refused is the first error of
 * `diags`, and p->matches_all is set if [Match] can't be relied on: an error in that section, one of a file as a whole, or,
 * if there is no [Match], a section whose name is not known. -ENOMEM. */
int policy_refuse(Policy *p, const PolicyDiags *diags);
