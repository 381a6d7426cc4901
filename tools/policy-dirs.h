/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tools/verbs.h"

/* The directories of policies, highest priority first, as the manager has them; `first` (may be NULL) is
 * one before them all. -ENOMEM. */
int policy_dirs(const Options *o, const char *first, char ***ret);
