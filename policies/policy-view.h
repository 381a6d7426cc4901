/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* What a cell of `p` sees and may do that is different from the host, for people: calls `add` for each thing, with a
 * word of what becomes of it ("Read-only", "Hidden", "Forbidden", ...), what it is, and the key that says so. % is
 * not expanded. Stops at a negative value of `add` and returns it; -ENOMEM. */
typedef int (*policy_view_add_t)(const char *how, const char *what, const char *key, void *userdata);
int policy_view(const Policy *p, policy_view_add_t add, void *userdata);
