/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* Keeps what `confinectl set-property` sets: CONFIG_DIR/policies/POLICY.ini.d/50-set-property.ini, a file
 * of ours, with each key that was ever set so; "KEY=" for one that was reset.
 *
 * Adds `assignments` ("KEY=VALUE"), which p has already, each in place of what the file says of its key: of a key that
 * is a list, all that p has, behind a "KEY=" that forgets what other files say. So a second time changes nothing.
 * -errno of reading or writing; the file is then as it was. */
int drop_in_write(const char *config_dir, const Policy *p, char *const *assignments);
