/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* Why this host can't do what a key of [Filesystem] or [Process] asks for, *ret_section and *ret_key, or NULL: it
 * can, or there is no knowing without being root. */
const char *cells_refuse(const Policy *p, const char **ret_section, const char **ret_key);
