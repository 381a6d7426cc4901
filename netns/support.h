/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* Why this kernel can't do what a key of [Network] asks for, *ret_key, or NULL: it can, or there is no knowing
 * without being root. Asks the kernel itself, by a child of this process in a network namespace of its own, which takes some
 * milliseconds when it is first asked for what not every kernel has. */
const char *netns_refuses(const Policy *p, const char **ret_key);
