/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/verbs.h"

/* The directories of policies in the manager's order, highest priority first. `first`, if not NULL, comes before them
 * all. -ENOMEM. */
int policy_dirs(const Options *o, const char *first, char ***ret);
